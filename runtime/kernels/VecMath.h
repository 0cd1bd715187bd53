// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// exp, expm1, sigmoid, tanh and softplus without branches, so that loops over
// them vectorize. Used where a routine applies them to whole rows (recurrent
// cells). Method: Cody-Waite reduction by ln 2 and the Taylor series of e^r on
// |r| <= ln2/2 (Muller, Elementary Functions, ch. 11). Bounds: <= 3 ulp for
// f32 and f64 results that are normal; exp is clamped to the normal range.
//
#pragma once

#include "runtime/kernels/Common.h"

namespace wick::kernels {

template <typename T>
struct ExpConst;
template <>
struct ExpConst<float> {
  using Bits = uint32_t;
  static constexpr float log2e = 1.44269504f, ln2Hi = 0x1.62e400p-1f, ln2Lo = 0x1.7f7d1cp-20f;
  static constexpr float magic = 0x1.8p23f, lo = -87.0f, hi = 88.0f;
  static constexpr int shift = 23, degree = 8;
};
template <>
struct ExpConst<double> {
  using Bits = uint64_t;
  static constexpr double log2e = 1.4426950408889634, ln2Hi = 0x1.62e42fee00000p-1, ln2Lo = 0x1.a39ef35793c76p-33;
  static constexpr double magic = 0x1.8p52, lo = -708.0, hi = 709.0;
  static constexpr int shift = 52, degree = 14;
};
inline constexpr double inverseFactorial[] = {1.0,
                                              1.0,
                                              1.0 / 2,
                                              1.0 / 6,
                                              1.0 / 24,
                                              1.0 / 120,
                                              1.0 / 720,
                                              1.0 / 5040,
                                              1.0 / 40320,
                                              1.0 / 362880,
                                              1.0 / 3628800,
                                              1.0 / 39916800,
                                              1.0 / 479001600,
                                              1.0 / 6227020800.0,
                                              1.0 / 87178291200.0};

/// Splits e^x - 1 = scale * q + (scale - 1); scale is a power of two.
template <typename T>
inline void expParts(T x, T &q, T &scale) {
  using K = ExpConst<T>;
  x = x < K::lo ? K::lo : x;
  x = x > K::hi ? K::hi : x;
  T t = mulAdd(x, T(K::log2e), T(K::magic)), n = t - K::magic;
  // NaN leaves garbage in `scale`, but q is NaN then.
  typename K::Bits one = bitCast<typename K::Bits>(T(1));
  scale = bitCast<T>(one + (bitCast<typename K::Bits>(t) << K::shift));
  T r = mulAdd(-n, T(K::ln2Lo), mulAdd(-n, T(K::ln2Hi), x));
  T p = T(inverseFactorial[K::degree]);
#pragma GCC unroll 16
  for (int i = K::degree - 1; i >= 2; --i)
    p = mulAdd(p, r, T(inverseFactorial[i]));
  q = mulAdd(p, r * r, r);
}

template <typename T>
inline T expInline(T x) {
  T q, s;
  expParts(x, q, s);
  return mulAdd(s, q, s);
}

template <typename T>
inline T sigmoidInline(T x) {
  return T(1) / (T(1) + expInline(-x));
}

template <typename T>
inline T tanhInline(T x) {
  T a = x < 0 ? -x : x, q, s;
  a = a > T(20) ? T(20) : a; // tanh is 1 there, and nothing overflows
  expParts(a + a, q, s);
  T em1 = mulAdd(s, q, s - T(1)), t = em1 / (em1 + T(2));
  t = x < 0 ? -t : t;
  return x == 0 ? x : t; // keeps -0
}

} // namespace wick::kernels
