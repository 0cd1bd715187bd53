// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LSTM, GRU and RNN over a sequence, the input product being done already.
// Written for one thread and small batches: the state row times R is a sum of
// rows of R, taken eight at a time so that the accumulators are loaded and
// stored once for eight multiply-adds; groups of four batch rows share each
// load of R. Every element sees the same order of operations in all of these
// forms, so results do not depend on how the range was cut.
// Buffers and arguments: Routines.def, "recurrent".
//
#include "runtime/kernels/VecMath.h"
#include "runtime/kernels/WickMath.h"

using namespace wick::kernels;

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
template <typename T>
void addProduct(T *WICK_RESTRICT acc, const T *WICK_RESTRICT h, const T *WICK_RESTRICT r, int64_t ldr, int64_t rows,
                int64_t n) {
  int64_t k = 0;
  for (; k + 8 <= rows; k += 8) {
    const T *WICK_RESTRICT p = r + k * ldr;
    T h0 = h[k], h1 = h[k + 1], h2 = h[k + 2], h3 = h[k + 3];
    T h4 = h[k + 4], h5 = h[k + 5], h6 = h[k + 6], h7 = h[k + 7];
    WICK_VECTORIZE
    for (int64_t j = 0; j < n; ++j) {
      T a = acc[j];
      a = mulAdd(h0, p[j], a);
      a = mulAdd(h1, p[ldr + j], a);
      a = mulAdd(h2, p[2 * ldr + j], a);
      a = mulAdd(h3, p[3 * ldr + j], a);
      a = mulAdd(h4, p[4 * ldr + j], a);
      a = mulAdd(h5, p[5 * ldr + j], a);
      a = mulAdd(h6, p[6 * ldr + j], a);
      a = mulAdd(h7, p[7 * ldr + j], a);
      acc[j] = a;
    }
  }
  for (; k < rows; ++k) {
    const T *WICK_RESTRICT p = r + k * ldr;
    T h0 = h[k];
    WICK_VECTORIZE
    for (int64_t j = 0; j < n; ++j)
      acc[j] = mulAdd(h0, p[j], acc[j]);
  }
}

/// The same for four rows: acc[i] and h[i] lie ldAcc and ldH apart.
template <typename T>
void addProduct4(T *WICK_RESTRICT acc, int64_t ldAcc, const T *WICK_RESTRICT h, int64_t ldH, const T *WICK_RESTRICT r,
                 int64_t ldr, int64_t rows, int64_t n) {
  T *WICK_RESTRICT a0 = acc, *WICK_RESTRICT a1 = acc + ldAcc;
  T *WICK_RESTRICT a2 = acc + 2 * ldAcc, *WICK_RESTRICT a3 = acc + 3 * ldAcc;
  const T *g0 = h, *g1 = h + ldH, *g2 = h + 2 * ldH, *g3 = h + 3 * ldH;
  int64_t k = 0;
  for (; k + 4 <= rows; k += 4) {
    const T *WICK_RESTRICT p = r + k * ldr;
    T w[4][4];
    for (int u = 0; u < 4; ++u)
      w[0][u] = g0[k + u], w[1][u] = g1[k + u], w[2][u] = g2[k + u], w[3][u] = g3[k + u];
    WICK_VECTORIZE
    for (int64_t j = 0; j < n; ++j) {
      T x0 = a0[j], x1 = a1[j], x2 = a2[j], x3 = a3[j];
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) {
        T q = p[u * ldr + j];
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

/// For each active row of a group: acc += h * R.
template <typename T>
void addGroup(T *acc, int64_t ldAcc, const T *h, int64_t ldH, const T *r, int64_t ldr, int64_t rows, int64_t n,
              int64_t group, const bool *active) {
  if (group == 4 && active[0] && active[1] && active[2] && active[3])
    return addProduct4(acc, ldAcc, h, ldH, r, ldr, rows, n);
  for (int64_t i = 0; i < group; ++i)
    if (active[i])
      addProduct(acc + i * ldAcc, h + i * ldH, r, ldr, rows, n);
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

/// Drives a cell over the sequence for groups of up to four batch rows. The cell gives
///   load(i, b)              takes the initial state of batch row b into slot i
///   step(group, active, x)  advances the active slots; x[i] is the row's input product
///   state(i)                the hidden row of slot i
///   store(i, b, any)        writes the last states, zero for a row without steps (as onnxruntime)
template <typename T, typename Cell>
void drive(const Sizes &s, const T *x, const int64_t *seqLens, T *y, int64_t begin, int64_t end, Cell &cell) {
  for (int64_t b = begin; b < end;) {
    int64_t group = end - b >= 4 ? 4 : 1, lengths[4], longest = 0;
    for (int64_t i = 0; i < group; ++i) {
      lengths[i] = s.length(seqLens, b + i);
      longest = maxOf(longest, lengths[i]);
      cell.load(i, b + i);
    }
    for (int64_t step = 0; step < s.seq; ++step) {
      bool active[4] = {false, false, false, false};
      const T *rows[4] = {};
      int64_t times[4] = {};
      for (int64_t i = 0; i < group; ++i) {
        active[i] = step < lengths[i];
        times[i] = active[i] && (s.flags & Reverse) ? lengths[i] - 1 - step : step;
        rows[i] = x + s.xOffset + (times[i] * s.batch + b + i) * s.xRow;
      }
      if (step < longest)
        cell.step(group, active, rows);
      for (int64_t i = 0; i < group; ++i) {
        T *out = y + s.yOffset + times[i] * s.yStep + (b + i) * s.yRow;
        if (active[i])
          copyRow(out, cell.state(i), s.hidden);
        else
          zeroRow(out, s.hidden);
      }
    }
    for (int64_t i = 0; i < group; ++i)
      cell.store(i, b + i, lengths[i] > 0);
    b += group;
  }
}

template <typename T>
struct LstmCell {
  const Sizes &s;
  const T *r, *h0, *c0, *peep;
  T *yh, *yc, *gates, *h, *c;

  void load(int64_t i, int64_t b) {
    copyRow(h + i * s.hidden, h0 + b * s.hidden, s.hidden);
    copyRow(c + i * s.hidden, c0 + b * s.hidden, s.hidden);
  }
  const T *state(int64_t i) const { return h + i * s.hidden; }
  void store(int64_t i, int64_t b, bool any) {
    storeRow(yh + b * s.hidden, h + i * s.hidden, s.hidden, any);
    storeRow(yc + b * s.hidden, c + i * s.hidden, s.hidden, any);
  }
  void addPeephole(T *WICK_RESTRICT gate, const T *WICK_RESTRICT p, const T *WICK_RESTRICT cell) {
    WICK_VECTORIZE
    for (int64_t j = 0; j < s.hidden; ++j)
      gate[j] = mulAdd(p[j], cell[j], gate[j]);
  }
  void step(int64_t group, const bool *active, const T *const *x) {
    int64_t H = s.hidden;
    for (int64_t i = 0; i < group; ++i)
      if (active[i])
        copyRow(gates + i * 4 * H, x[i], 4 * H);
    addGroup(gates, 4 * H, h, H, r, 4 * H, H, 4 * H, group, active);
    bool peepholes = s.flags & HasPeepholes;
    for (int64_t i = 0; i < group; ++i) {
      if (!active[i])
        continue;
      T *WICK_RESTRICT gi = gates + i * 4 * H, *WICK_RESTRICT go = gi + H;
      T *WICK_RESTRICT gf = gi + 2 * H, *WICK_RESTRICT gc = gi + 3 * H;
      T *WICK_RESTRICT ci = c + i * H, *WICK_RESTRICT hi = h + i * H;
      if (peepholes) {
        addPeephole(gi, peep, ci);
        addPeephole(gf, peep + 2 * H, ci);
        activate(s.acts[0], s.clip, gi, H);
        activate(s.acts[0], s.clip, gf, H);
      } else {
        activate(s.acts[0], s.clip, gi, 3 * H);
      }
      activate(s.acts[1], s.clip, gc, H);
      if (s.flags & InputForget)
        for (int64_t j = 0; j < H; ++j)
          gf[j] = T(1) - gi[j];
      WICK_VECTORIZE
      for (int64_t j = 0; j < H; ++j)
        ci[j] = mulAdd(gf[j], ci[j], gi[j] * gc[j]);
      if (peepholes) {
        addPeephole(go, peep + H, ci);
        activate(s.acts[0], s.clip, go, H);
      }
      copyRow(hi, ci, H);
      activate(s.acts[2], 0.0, hi, H);
      WICK_VECTORIZE
      for (int64_t j = 0; j < H; ++j)
        hi[j] *= go[j];
    }
  }
};

template <typename T>
struct GruCell {
  const Sizes &s;
  const T *r, *rbh, *h0;
  T *yh, *gates, *h, *tmp;

  void load(int64_t i, int64_t b) { copyRow(h + i * s.hidden, h0 + b * s.hidden, s.hidden); }
  const T *state(int64_t i) const { return h + i * s.hidden; }
  void store(int64_t i, int64_t b, bool any) { storeRow(yh + b * s.hidden, h + i * s.hidden, s.hidden, any); }

  void step(int64_t group, const bool *active, const T *const *x) {
    int64_t H = s.hidden;
    bool before = s.flags & LinearBeforeReset;
    // Gates z, r, h. With linear_before_reset the third part starts as Rbh and
    // takes its input product after the reset gate.
    for (int64_t i = 0; i < group; ++i)
      if (active[i]) {
        copyRow(gates + i * 3 * H, x[i], before ? 2 * H : 3 * H);
        if (before)
          copyRow(gates + i * 3 * H + 2 * H, rbh, H);
      }
    addGroup(gates, 3 * H, h, H, r, 3 * H, H, before ? 3 * H : 2 * H, group, active);
    for (int64_t i = 0; i < group; ++i) {
      if (!active[i])
        continue;
      T *WICK_RESTRICT gz = gates + i * 3 * H, *WICK_RESTRICT gr = gz + H;
      T *WICK_RESTRICT gh = gz + 2 * H, *WICK_RESTRICT hi = h + i * H, *WICK_RESTRICT t = tmp + i * H;
      activate(s.acts[0], s.clip, gz, 2 * H);
      if (before) {
        const T *WICK_RESTRICT xh = x[i] + 2 * H;
        WICK_VECTORIZE
        for (int64_t j = 0; j < H; ++j)
          gh[j] = mulAdd(gr[j], gh[j], xh[j]);
      } else {
        WICK_VECTORIZE
        for (int64_t j = 0; j < H; ++j)
          t[j] = gr[j] * hi[j];
      }
    }
    if (!before)
      addGroup(gates + 2 * H, 3 * H, tmp, H, r + 2 * H, 3 * H, H, H, group, active);
    for (int64_t i = 0; i < group; ++i) {
      if (!active[i])
        continue;
      T *WICK_RESTRICT gz = gates + i * 3 * H, *WICK_RESTRICT gh = gz + 2 * H;
      T *WICK_RESTRICT hi = h + i * H;
      activate(s.acts[1], s.clip, gh, H);
      WICK_VECTORIZE
      for (int64_t j = 0; j < H; ++j)
        hi[j] = mulAdd(gz[j], hi[j], (T(1) - gz[j]) * gh[j]);
    }
  }
};

template <typename T>
struct RnnCell {
  const Sizes &s;
  const T *r, *h0;
  T *yh, *gates, *h;

  void load(int64_t i, int64_t b) { copyRow(h + i * s.hidden, h0 + b * s.hidden, s.hidden); }
  const T *state(int64_t i) const { return h + i * s.hidden; }
  void store(int64_t i, int64_t b, bool any) { storeRow(yh + b * s.hidden, h + i * s.hidden, s.hidden, any); }
  void step(int64_t group, const bool *active, const T *const *x) {
    int64_t H = s.hidden;
    for (int64_t i = 0; i < group; ++i)
      if (active[i])
        copyRow(gates + i * H, x[i], H);
    addGroup(gates, H, h, H, r, H, H, H, group, active);
    for (int64_t i = 0; i < group; ++i)
      if (active[i]) {
        activate(s.acts[0], s.clip, gates + i * H, H);
        copyRow(h + i * H, gates + i * H, H);
      }
  }
};

template <typename T>
int32_t lstm(WICK_ROUTINE_PARAMS) {
  Sizes s(args);
  T *w = static_cast<T *>(scratch);
  int64_t H = s.hidden;
  auto in = [&](int i) { return static_cast<const T *>(bufs[i]); };
  auto out = [&](int i) { return static_cast<T *>(bufs[i]); };
  LstmCell<T> cell{s, in(1), in(2), in(3), in(4), out(7), out(8), w, w + 16 * H, w + 20 * H};
  drive(s, in(0), static_cast<const int64_t *>(bufs[5]), out(6), begin, end, cell);
  return 0;
}

template <typename T>
int32_t gru(WICK_ROUTINE_PARAMS) {
  Sizes s(args);
  T *w = static_cast<T *>(scratch);
  int64_t H = s.hidden;
  auto in = [&](int i) { return static_cast<const T *>(bufs[i]); };
  auto out = [&](int i) { return static_cast<T *>(bufs[i]); };
  GruCell<T> cell{s, in(1), in(2), in(3), out(6), w, w + 12 * H, w + 16 * H};
  drive(s, in(0), static_cast<const int64_t *>(bufs[4]), out(5), begin, end, cell);
  return 0;
}

template <typename T>
int32_t rnn(WICK_ROUTINE_PARAMS) {
  Sizes s(args);
  T *w = static_cast<T *>(scratch);
  auto in = [&](int i) { return static_cast<const T *>(bufs[i]); };
  auto out = [&](int i) { return static_cast<T *>(bufs[i]); };
  RnnCell<T> cell{s, in(1), in(2), out(5), w, w + 4 * s.hidden};
  drive(s, in(0), static_cast<const int64_t *>(bufs[3]), out(4), begin, end, cell);
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE)                                                                                                \
  WICK_DEFINE_ROUTINE(lstm, SUFFIX, lstm<TYPE>)                                                                        \
  WICK_DEFINE_ROUTINE(gru, SUFFIX, gru<TYPE>)                                                                          \
  WICK_DEFINE_ROUTINE(rnn, SUFFIX, rnn<TYPE>)
WICK_FOR_REAL(X)
#undef X
