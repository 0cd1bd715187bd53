// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sin, cos, tan and their inverses. Arguments are reduced modulo pi/2 to a sum
// of two doubles: by Cody and Waite's method with a three-part pi/2 below 2^27,
// else by Payne and Hanek's (Radian reduction for trigonometric functions,
// 1983) with 192 bits of 2/pi. atan uses the nearest of five table points
// (Muller, Elementary Functions, table-based reduction).
//
#include "runtime/kernels/MathInternal.h"

using namespace wick::kernels;
using namespace wick::kernels::math;

#if defined(__clang__)
#pragma clang fp contract(off)
#endif

namespace {

/// 64 zero bits, then the first 1280 bits of 2/pi.
constexpr uint64_t twoOverPi[] = {
    0,
    0xa2f9836e4e441529u,
    0xfc2757d1f534ddc0u,
    0xdb6295993c439041u,
    0xfe5163abdebbc561u,
    0xb7246e3a424dd2e0u,
    0x06492eea09d1921cu,
    0xfe1deb1cb129a73eu,
    0xe88235f52ebb4484u,
    0xe99c7026b45f7e41u,
    0x3991d639835339f4u,
    0x9c845f8bbdf9283bu,
    0x1ff897ffde05980fu,
    0xef2f118b5a0a6d1fu,
    0x6d367ecf27cb09b7u,
    0x4f463f669e5fea2du,
    0x7527bac7ebe5f17bu,
    0x3d0739f78a5292eau,
    0x6bfb5fb11f8d5d08u,
    0x56033046fc7b6babu,
    0xf0cfbc209af4361du,
};

/// |x| >= 2^27, finite. x = M 2^E; bits of 2/pi above 2^(2-E) only add
/// multiples of four quadrants, so a window of 192 bits is enough.
int reduceLarge(double x, double &hi, double &lo) {
  using Wide = unsigned __int128;
  uint64_t u = bitsOf(x);
  int e = int(u >> 52 & 0x7ff) - 1075, start = e - 2 + 64;
  uint64_t m = (u & 0x000fffffffffffffu) | 0x0010000000000000u;
  const uint64_t *w = twoOverPi + start / 64;
  int shift = start % 64;
  auto word = [&](int i) { return shift ? w[i] << shift | w[i + 1] >> (64 - shift) : w[i]; };
  Wide low = Wide(m) * word(2), mid = Wide(m) * word(1) + uint64_t(low >> 64);
  uint64_t top = m * word(0) + uint64_t(mid >> 64);
  // top:mid:low is x * 2/pi mod 4 with 190 fraction bits.
  int n = int(top >> 62);
  Wide f = (Wide(top) << 64 | uint64_t(mid)) << 2 | uint64_t(low) >> 62;
  bool minus = f >> 127;
  if (minus)
    f = -f, ++n;
  uint64_t high = uint64_t(f >> 64);
  int zeros = high ? __builtin_clzll(high) : 64 + (uint64_t(f) ? __builtin_clzll(uint64_t(f)) : 63);
  f <<= zeros;
  double a = double(int64_t(f >> 75)) * powerOfTwo(75 - 128 - zeros);
  double b = double(int64_t(uint64_t(f >> 12) & 0x7fffffffffffffffu)) * powerOfTwo(12 - 128 - zeros);
  double p = a * pio2A, q = fma(a, pio2A, -p) + (a * pio2B + b * pio2A);
  hi = p + q;
  lo = (p - hi) + q;
  if (minus != bool(u >> 63))
    hi = -hi, lo = -lo;
  return u >> 63 ? -n & 3 : n & 3;
}

/// x = n pi/2 + hi + lo with |hi| <= pi/4 (about); returns n mod 4.
inline int reduce(double x, double &hi, double &lo) {
  if (abs(x) <= 0.785398) {
    hi = x, lo = 0;
    return 0;
  }
  if (abs(x) >= 0x1p27)
    return reduceLarge(x, hi, lo);
  double n = __builtin_rint(x * 0x1.45f306dc9c883p-1);
  double r = fma(-n, pio2A, x); // exact: the top bits cancel
  double w = n * pio2B, wl = fma(n, pio2B, -w);
  hi = r - w;
  // Two-sum: r need not be the larger one near multiples of pi/2.
  double back = hi - r, err = (r - (hi - back)) + (-w - back);
  lo = err - (wl + n * pio2C);
  double sum = hi + lo;
  lo = (hi - sum) + lo;
  hi = sum;
  return int(int64_t(n) & 3);
}

inline double sinKernel(double x, double lo) {
  static constexpr double c[] = {-1.0 / 6,
                                 1.0 / 120,
                                 -1.0 / 5040,
                                 1.0 / 362880,
                                 -1.0 / 39916800,
                                 1.0 / 6227020800.0,
                                 -1.0 / 1307674368000.0,
                                 1.0 / 355687428096000.0};
  double z = x * x;
  return x + (x * z * polynomial(z, c) + lo * (1 - 0.5 * z));
}

inline double cosKernel(double x, double lo) {
  static constexpr double c[] = {1.0 / 24,
                                 -1.0 / 720,
                                 1.0 / 40320,
                                 -1.0 / 3628800,
                                 1.0 / 479001600,
                                 -1.0 / 87178291200.0,
                                 1.0 / 20922789888000.0,
                                 -1.0 / 6402373705728000.0};
  double z = x * x, h = 0.5 * z, w = 1 - h;
  return w + (((1 - w) - h) + (z * z * polynomial(z, c) - x * lo));
}

/// atan(n / d) for 0 <= n <= d, d > 0, both far from overflow and underflow.
double atanRatio(double n, double d) {
  static constexpr double tableHi[] = {0, 0x1.f5b75f92c80ddp-3, 0x1.dac670561bb4fp-2, 0x1.4978fa3269ee1p-1,
                                       0x1.921fb54442d18p-1};
  static constexpr double tableLo[] = {0, 0x1.8ab6e3cf7afbdp-57, 0x1.a2b7f222f65e2p-56, 0x1.2419a87f2a458p-56,
                                       0x1.1a62633145c07p-55};
  static constexpr double series[] = {-1.0 / 3, 1.0 / 5,   -1.0 / 7, 1.0 / 9,   -1.0 / 11,
                                      1.0 / 13, -1.0 / 15, 1.0 / 17, -1.0 / 19, 1.0 / 21};
  double q = n / d, point = __builtin_rint(4 * q);
  int i = int(point);
  if (i == 0) {
    double z = q * q;
    return q + q * z * polynomial(z, series);
  }
  double c = 0.25 * point, t = fma(-c, d, n) / fma(c, n, d), z = t * t;
  return tableHi[i] + (t + (t * z * polynomial(z, series) + tableLo[i]));
}

/// atan2 for n, d >= 0, not both zero.
double atanQuadrant(double n, double d) {
  double big = n > d ? n : d;
  if (big > 0x1p900)
    n *= 0x1p-200, d *= 0x1p-200;
  else if (big < 0x1p-800)
    n *= 0x1p200, d *= 0x1p200;
  return n <= d ? atanRatio(n, d) : pio2A - (atanRatio(d, n) - pio2B);
}

} // namespace

extern "C" double wick_m_sin_f64(double x) {
  if (!(abs(x) < inf))
    return x - x;
  if (abs(x) < 0x1p-27)
    return x;
  double hi, lo;
  int n = reduce(x, hi, lo);
  double r = n & 1 ? cosKernel(hi, lo) : sinKernel(hi, lo);
  return n & 2 ? -r : r;
}

extern "C" double wick_m_cos_f64(double x) {
  if (!(abs(x) < inf))
    return x - x;
  double hi, lo;
  int n = reduce(x, hi, lo);
  double r = n & 1 ? sinKernel(hi, lo) : cosKernel(hi, lo);
  return (n + 1) & 2 ? -r : r;
}

extern "C" double wick_m_tan_f64(double x) {
  if (!(abs(x) < inf))
    return x - x;
  if (abs(x) < 0x1p-27)
    return x;
  double hi, lo;
  int n = reduce(x, hi, lo);
  double s = sinKernel(hi, lo), c = cosKernel(hi, lo);
  return n & 1 ? -c / s : s / c;
}

extern "C" double wick_m_atan_f64(double x) {
  double a = abs(x);
  if (a < 0x1p-27 || isNan(x))
    return x;
  double r = a > 0x1p60 ? pio2A : atanQuadrant(a, 1);
  return x < 0 ? -r : r;
}

extern "C" double wick_m_atan2_f64(double y, double x) {
  if (isNan(x) || isNan(y))
    return x + y;
  double ay = abs(y), ax = abs(x), r;
  bool left = bitsOf(x) >> 63;
  if (ay == 0 || (ax == inf && ay < inf))
    r = 0;
  else if (ax == 0 || (ay == inf && ax < inf))
    r = pio2A;
  else if (ax == inf)
    r = 0.5 * pio2A;
  else
    r = atanQuadrant(ay, ax);
  if (left)
    r = 2 * pio2A - (r - 2 * pio2B);
  return bitsOf(y) >> 63 ? -r : r;
}

extern "C" double wick_m_asin_f64(double x) {
  double a = abs(x);
  if (!(a <= 1))
    return isNan(x) ? x : nan;
  if (a < 0x1p-27)
    return x;
  double r = atanQuadrant(a, __builtin_sqrt((1 - a) * (1 + a)));
  return x < 0 ? -r : r;
}

extern "C" double wick_m_acos_f64(double x) {
  if (!(abs(x) <= 1))
    return isNan(x) ? x : nan;
  return 2 * atanQuadrant(__builtin_sqrt(1 - x), __builtin_sqrt(1 + x));
}
