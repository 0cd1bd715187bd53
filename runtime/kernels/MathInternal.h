// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pieces of the elementary functions that several files use. All of it relies
// on exact error terms, so these files are built with contraction off and call
// fma where they mean it.
//
#pragma once

#include "runtime/kernels/Common.h"
#include "runtime/kernels/WickMath.h"

#if defined(__clang__)
#pragma clang fp contract(off)
#endif

namespace wick::kernels::math {

inline constexpr double inf = __builtin_inf();
inline constexpr double nan = __builtin_nan("");
inline constexpr double ln2Hi = 0x1.62e42fee00000p-1; // 32 bits: k * ln2Hi is exact
inline constexpr double ln2Lo = 0x1.a39ef35793c76p-33;
inline constexpr double pio2A = 0x1.921fb54442d18p+0; // pi/2 in three doubles
inline constexpr double pio2B = 0x1.1a62633145c07p-54;
inline constexpr double pio2C = -0x1.f1976b7ed8fbcp-110;

inline double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
inline double abs(double x) { return __builtin_fabs(x); }
inline uint64_t bitsOf(double x) { return bitCast<uint64_t>(x); }
inline bool isNan(double x) { return x != x; }

/// 2^k for -1022 <= k <= 1023.
inline double powerOfTwo(int k) { return bitCast<double>(uint64_t(k + 1023) << 52); }

/// x * 2^k for any k that an exponent difference can have.
inline double scaleBy(double x, int k) {
  if (k > 1023)
    return x * 0x1p1023 * powerOfTwo(k - 1023 > 1023 ? 1023 : k - 1023);
  if (k < -1022)
    return x * powerOfTwo(k + 600 < -1022 ? -1022 : k + 600) * 0x1p-600;
  return x * powerOfTwo(k);
}

/// sum over i of c[i] z^i.
template <int N>
inline double polynomial(double z, const double (&c)[N]) {
  double p = c[N - 1];
#pragma GCC unroll 16
  for (int i = N - 2; i >= 0; --i)
    p = fma(p, z, c[i]);
  return p;
}

/// x = k ln2 + hi + lo, |hi| <= ln2/2 (Cody and Waite).
inline int reduceExp(double x, double low, double &hi, double &lo) {
  double k = __builtin_rint(x * 0x1.71547652b82fep+0);
  double r = fma(-k, ln2Hi, x), c = k * ln2Lo;
  double h = r - c, l = ((r - h) - c) + low;
  hi = h + l; // |lo| <= ulp(hi)/2, which the series relies on
  lo = (h - hi) + l;
  return int(k);
}

/// e^(hi + lo) - 1 - hi on |hi| <= ln2/2 by the Taylor series.
inline double expTail(double hi, double lo) {
  static constexpr double c[] = {
      1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,          1.0 / 5040,         1.0 / 40320,
      1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0, 1.0 / 87178291200.0};
  return lo * (1 + hi) + hi * hi * polynomial(hi, c);
}
inline double expm1Kernel(double hi, double lo) { return hi + expTail(hi, lo); }
inline double expKernel(double hi, double lo) {
  double t = 1 + hi;
  return t + (((1 - t) + hi) + expTail(hi, lo));
}

/// e^(x + low) * 2^adjust for |x| < 2000.
inline double expScaled(double x, double low, int adjust) {
  double hi, lo;
  int k = reduceExp(x, low, hi, lo);
  return scaleBy(expKernel(hi, lo), k + adjust);
}

/// log(x) = hi + lo for finite x > 0, relative error below 2^-63. With
/// s = (m-1)/(m+1): log m = 2s + 2/3 s^3 + 2/5 s^5 + ... (atanh series).
inline void logDouble(double x, double &hi, double &lo) {
  int k = 0;
  if (x < 0x1p-1022)
    x *= 0x1p54, k = -54;
  // m in [sqrt(1/2), sqrt(2))
  uint64_t u = bitsOf(x) + (0x3ff0000000000000u - 0x3fe6a09e00000000u);
  k += int(u >> 52) - 1023;
  double m = bitCast<double>((u & 0x000fffffffffffffu) + 0x3fe6a09e00000000u);
  double f = m - 1, dh = 2 + f, dl = (2 - dh) + f;
  double s = f / dh, sl = (fma(-s, dh, f) - s * dl) / dh;
  double zh = s * s, zl = fma(s, s, -zh) + 2 * s * sl;
  double ch = zh * s, cl = fma(zh, s, -ch) + zl * s + zh * sl;
  constexpr double a = 0x1.5555555555555p-1, b = 0x1.5555555555555p-55; // 2/3
  double th = ch * a, tl = fma(ch, a, -th) + (ch * b + cl * a);
  static constexpr double c[] = {2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17,
                                 2.0 / 19, 2.0 / 21, 2.0 / 23, 2.0 / 25, 2.0 / 27, 2.0 / 29};
  double w = ch * zh * polynomial(zh, c);
  double h = 2 * s + th, l = (2 * s - h) + th + ((2 * sl + tl) + w);
  double kh = k * ln2Hi, sum = kh + h;
  double rest = (kh == 0 ? 0 : (kh - sum) + h) + (l + k * ln2Lo);
  hi = sum + rest;
  lo = (sum - hi) + rest;
}

} // namespace wick::kernels::math
