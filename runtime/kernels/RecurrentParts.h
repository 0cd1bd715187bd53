// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the recurrent cells share: their arguments, products of a state with R, and
// activations. Each file that includes this compiles its own copy.
//
#ifndef WICK_RUNTIME_KERNELS_RECURRENTPARTS_H
#define WICK_RUNTIME_KERNELS_RECURRENTPARTS_H

#include "runtime/kernels/VecMath.h"
#include "runtime/kernels/WickMath.h"

namespace wick::kernels {
namespace {

enum Activation : int64_t {
  Sigmoid,
  Tanh,
  Relu,
  Affine,
  LeakyRelu,
  ThresholdedRelu,
  ScaledTanh,
  HardSigmoid,
  Elu,
  Softsign,
  Softplus,
  Identity,
};

enum Flags : int64_t { Reverse = 1, HasSeqLens = 2, HasPeepholes = 4, InputForget = 8, LinearBeforeReset = 8 };

struct Act {
  int64_t kind;
  double alpha, beta;
};

/// The arguments common to the three cells, in the order of Routines.def.
struct Sizes {
  int64_t seq, batch, hidden, flags;
  int64_t xRow, xOffset;        // elements between rows of X, first element
  int64_t yStep, yRow, yOffset; // the same for Y; a row is one batch entry
  double clip;                  // 0: no clipping
  Act acts[3];

  explicit Sizes(const int64_t *a)
      : seq(a[0]), batch(a[1]), hidden(a[2]), flags(a[3]), xRow(a[4]), xOffset(a[5]), yStep(a[6]), yRow(a[7]),
        yOffset(a[8]), clip(argDouble(a[9])) {
    for (int i = 0; i < 3; ++i)
      acts[i] = {a[10 + 3 * i], argDouble(a[11 + 3 * i]), argDouble(a[12 + 3 * i])};
  }
  int64_t length(const int64_t *seqLens, int64_t b) const {
    if (!(flags & HasSeqLens))
      return seq;
    return seqLens[b] < 0 ? 0 : seqLens[b] > seq ? seq : seqLens[b];
  }
};

/// acc[0..n) += sum over k of h[k] * r[k * ldr + 0..n).
template <typename T, typename R>
void addProduct(T *WICK_RESTRICT acc, const T *WICK_RESTRICT h, const R *WICK_RESTRICT r, int64_t ldr, int64_t rows,
                int64_t n) {
  int64_t k = 0;
  for (; k + 8 <= rows; k += 8) {
    const R *WICK_RESTRICT p = r + k * ldr;
    T h0 = h[k], h1 = h[k + 1], h2 = h[k + 2], h3 = h[k + 3];
    T h4 = h[k + 4], h5 = h[k + 5], h6 = h[k + 6], h7 = h[k + 7];
    WICK_VECTORIZE
    for (int64_t j = 0; j < n; ++j) {
      T a = acc[j];
      a = mulAdd(h0, T(p[j]), a);
      a = mulAdd(h1, T(p[ldr + j]), a);
      a = mulAdd(h2, T(p[2 * ldr + j]), a);
      a = mulAdd(h3, T(p[3 * ldr + j]), a);
      a = mulAdd(h4, T(p[4 * ldr + j]), a);
      a = mulAdd(h5, T(p[5 * ldr + j]), a);
      a = mulAdd(h6, T(p[6 * ldr + j]), a);
      a = mulAdd(h7, T(p[7 * ldr + j]), a);
      acc[j] = a;
    }
  }
  for (; k < rows; ++k) {
    const R *WICK_RESTRICT p = r + k * ldr;
    T h0 = h[k];
    WICK_VECTORIZE
    for (int64_t j = 0; j < n; ++j)
      acc[j] = mulAdd(h0, T(p[j]), acc[j]);
  }
}

/// The same for four rows: acc[i] and h[i] lie ldAcc and ldH apart.
template <typename T, typename R>
void addProduct4(T *WICK_RESTRICT acc, int64_t ldAcc, const T *WICK_RESTRICT h, int64_t ldH, const R *WICK_RESTRICT r,
                 int64_t ldr, int64_t rows, int64_t n) {
  T *WICK_RESTRICT a0 = acc, *WICK_RESTRICT a1 = acc + ldAcc;
  T *WICK_RESTRICT a2 = acc + 2 * ldAcc, *WICK_RESTRICT a3 = acc + 3 * ldAcc;
  const T *g0 = h, *g1 = h + ldH, *g2 = h + 2 * ldH, *g3 = h + 3 * ldH;
  int64_t k = 0;
  for (; k + 4 <= rows; k += 4) {
    const R *WICK_RESTRICT p = r + k * ldr;
    T w[4][4];
    for (int u = 0; u < 4; ++u)
      w[0][u] = g0[k + u], w[1][u] = g1[k + u], w[2][u] = g2[k + u], w[3][u] = g3[k + u];
    WICK_VECTORIZE
    for (int64_t j = 0; j < n; ++j) {
      T x0 = a0[j], x1 = a1[j], x2 = a2[j], x3 = a3[j];
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) {
        T q = T(p[u * ldr + j]);
        x0 = mulAdd(w[0][u], q, x0);
        x1 = mulAdd(w[1][u], q, x1);
        x2 = mulAdd(w[2][u], q, x2);
        x3 = mulAdd(w[3][u], q, x3);
      }
      a0[j] = x0, a1[j] = x1, a2[j] = x2, a3[j] = x3;
    }
  }
  if (k < rows)
    for (int i = 0; i < 4; ++i)
      addProduct(acc + i * ldAcc, h + i * ldH + k, r + k * ldr, ldr, rows - k, n);
}

/// v[0..n) = act(clip(v)).
template <typename T>
void activate(const Act &act, double clip, T *WICK_RESTRICT v, int64_t n) {
  T a = T(act.alpha), b = T(act.beta);
  if (clip > 0) {
    T c = T(clip);
    WICK_VECTORIZE
    for (int64_t i = 0; i < n; ++i)
      v[i] = v[i] < -c ? -c : v[i] > c ? c : v[i];
  }
#define WICK_ACT_LOOP(...)                                                                                             \
  {                                                                                                                    \
    WICK_VECTORIZE                                                                                                     \
    for (int64_t i = 0; i < n; ++i) {                                                                                  \
      T x = v[i];                                                                                                      \
      v[i] = __VA_ARGS__;                                                                                              \
    }                                                                                                                  \
    return;                                                                                                            \
  }
  switch (act.kind) {
  case Sigmoid:
    WICK_ACT_LOOP(sigmoidInline(x))
  case Tanh:
    WICK_ACT_LOOP(tanhInline(x))
  case Relu:
    WICK_ACT_LOOP(x < 0 ? T(0) : x)
  case Affine:
    WICK_ACT_LOOP(a * x + b)
  case LeakyRelu:
    WICK_ACT_LOOP(x < 0 ? a * x : x)
  case ThresholdedRelu:
    WICK_ACT_LOOP(x < a ? T(0) : x)
  case ScaledTanh:
    WICK_ACT_LOOP(a * tanhInline(b * x))
  case HardSigmoid:
    WICK_ACT_LOOP(minOf(maxOf(a * x + b, T(0)), T(1)))
  case Elu:
    for (int64_t i = 0; i < n; ++i)
      v[i] = v[i] < 0 ? a * T(wick_m_expm1_f64(v[i])) : v[i];
    return;
  case Softsign:
    WICK_ACT_LOOP(x / (T(1) + (x < 0 ? -x : x)))
  case Softplus: // log(1 + e^x) without overflow
    for (int64_t i = 0; i < n; ++i) {
      T x = v[i];
      v[i] = (x > 0 ? x : T(0)) + T(wick_m_log1p_f64(wick_m_exp_f64(x > 0 ? -x : x)));
    }
    return;
  default:
    return;
  }
#undef WICK_ACT_LOOP
}

template <typename T>
void copyRow(T *WICK_RESTRICT to, const T *WICK_RESTRICT from, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    to[i] = from[i];
}
template <typename T>
void zeroRow(T *to, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    to[i] = T(0);
}
template <typename T>
void storeRow(T *to, const T *from, int64_t n, bool any) {
  any ? copyRow(to, from, n) : zeroRow(to, n);
}

} // namespace
} // namespace wick::kernels

#endif // WICK_RUNTIME_KERNELS_RECURRENTPARTS_H
