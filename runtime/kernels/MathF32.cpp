// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The f32 elementary functions. All compute in f64 and round once. The common
// ones (sin, cos, exp, exp2, log, log2, log10, pow) have short forms here: with
// 29 bits to spare they need neither error terms nor long series. The others,
// and every special value, take the f64 function.
//
#include "runtime/kernels/MathInternal.h"

using namespace wick::kernels;
using namespace wick::kernels::math;

#if defined(__clang__)
#pragma clang fp contract(off)
#endif

namespace {

/// e^r 2^k for |r| <= ln2/2 and |k| < 1000; relative error 1e-12.
inline double shortExp(double r, double k) {
  static constexpr double c[] = {1,         1,         1.0 / 2,    1.0 / 6,     1.0 / 24,
                                 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880};
  return polynomial(r, c) * powerOfTwo(int(k));
}

/// log x for a positive normal double; relative error 1e-15.
inline double shortLog(double x) {
  uint64_t u = bitsOf(x) + (0x3ff0000000000000u - 0x3fe6a09e00000000u);
  double k = double(int(u >> 52) - 1023);
  double m = bitCast<double>((u & 0x000fffffffffffffu) + 0x3fe6a09e00000000u);
  static constexpr double c[] = {2, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17};
  double f = m - 1, s = f / (2 + f);
  return fma(k, 0x1.62e42fefa39efp-1, s * polynomial(s * s, c));
}

constexpr float floatInf = __builtin_inff();
inline bool positiveFinite(float x) { return x > 0 && x < floatInf; }

/// sin (quadrant 0) or cos (quadrant 1) of x, |x| < 2^27.
inline double shortSin(double x, int64_t quadrant) {
  static constexpr double sinC[] = {
      1, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800.0};
  static constexpr double cosC[] = {1, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600};
  double n = __builtin_rint(x * 0x1.45f306dc9c883p-1);
  double r = fma(-n, pio2B, fma(-n, pio2A, x)), z = r * r;
  quadrant += int64_t(n);
  double y = quadrant & 1 ? polynomial(z, cosC) : r * polynomial(z, sinC);
  return quadrant & 2 ? -y : y;
}

} // namespace

extern "C" float wick_m_sin_f32(float x) {
  if (!(__builtin_fabsf(x) < 0x1p27f))
    return float(wick_m_sin_f64(x));
  return x == 0 ? x : float(shortSin(x, 0));
}
extern "C" float wick_m_cos_f32(float x) {
  if (!(__builtin_fabsf(x) < 0x1p27f))
    return float(wick_m_cos_f64(x));
  return float(shortSin(x, 1));
}

extern "C" float wick_m_exp_f32(float x) {
  if (!(__builtin_fabsf(x) < 200))
    return float(wick_m_exp_f64(x));
  double k = __builtin_rint(x * 0x1.71547652b82fep+0);
  return float(shortExp(fma(-k, 0x1.62e42fefa39efp-1, x), k));
}
extern "C" float wick_m_exp2_f32(float x) {
  if (!(__builtin_fabsf(x) < 200))
    return float(wick_m_exp2_f64(x));
  double k = __builtin_rint(double(x));
  return float(shortExp((x - k) * 0x1.62e42fefa39efp-1, k));
}

extern "C" float wick_m_log_f32(float x) { return positiveFinite(x) ? float(shortLog(x)) : float(wick_m_log_f64(x)); }
extern "C" float wick_m_log2_f32(float x) {
  return positiveFinite(x) ? float(shortLog(x) * 0x1.71547652b82fep+0) : float(wick_m_log2_f64(x));
}
extern "C" float wick_m_log10_f32(float x) {
  return positiveFinite(x) ? float(shortLog(x) * 0x1.bcb7b1526e50ep-2) : float(wick_m_log10_f64(x));
}

extern "C" float wick_m_pow_f32(float x, float y) {
  if (!positiveFinite(x) || !(__builtin_fabsf(y) < floatInf))
    return float(wick_m_pow_f64(x, y));
  double p = double(y) * shortLog(x);
  p = minOf(maxOf(p, -200.0), 200.0); // beyond f32 in either direction
  double k = __builtin_rint(p * 0x1.71547652b82fep+0);
  return float(shortExp(fma(-k, 0x1.62e42fefa39efp-1, p), k));
}

#define X(NAME)                                                                                                        \
  extern "C" float wick_m_##NAME##_f32(float x) { return float(wick_m_##NAME##_f64(x)); }
X(tan)
X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(expm1) X(log1p) X(cbrt) X(erf) X(rsqrt);
#undef X
#define X(NAME)                                                                                                        \
  extern "C" float wick_m_##NAME##_f32(float x, float y) { return float(wick_m_##NAME##_f64(x, y)); }
X(atan2) X(fmod);
#undef X
