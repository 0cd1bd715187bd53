// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// exp, log, pow and what derives from them: expm1, log1p, hyperbolic functions,
// erf, cbrt, rsqrt. Sources of the formulas: Muller et al., Handbook of
// Floating-Point Arithmetic (error-free products and sums, double-double
// logarithm for pow); Kahan, Branch cuts for complex elementary functions
// (asinh, atanh); Abramowitz and Stegun 7.1.5 and 7.1.19 (erf and its derivatives).
//
#include "runtime/kernels/MathInternal.h"

using namespace wick::kernels;
using namespace wick::kernels::math;

#if defined(__clang__)
#pragma clang fp contract(off)
#endif

extern "C" double wick_m_exp_f64(double x) {
  if (!(x < 710))
    return x >= 710 ? inf : x; // NaN stays
  if (x < -746)
    return 0;
  return expScaled(x, 0, 0);
}

extern "C" double wick_m_exp2_f64(double x) {
  if (!(x < 1024))
    return x >= 1024 ? inf : x;
  if (x < -1076)
    return 0;
  double k = __builtin_rint(x), f = x - k;
  double hi = f * 0x1.62e42fefa39efp-1;
  double lo = fma(f, 0x1.62e42fefa39efp-1, -hi) + f * 0x1.abc9e3b39803fp-56;
  return scaleBy(expKernel(hi, lo), int(k));
}

extern "C" double wick_m_expm1_f64(double x) {
  if (isNan(x) || abs(x) < 0x1p-54)
    return x;
  if (x >= 710)
    return inf;
  if (x < -40)
    return -1;
  double hi, lo;
  int k = reduceExp(x, 0, hi, lo);
  double q = expm1Kernel(hi, lo);
  if (k == 0)
    return q;
  if (k > 56)
    return scaleBy(expKernel(hi, lo), k);
  double p = powerOfTwo(k);
  if (k > 53)
    return p * (1 + (q - powerOfTwo(-k)));
  return (p - 1) + p * q; // p - 1 is exact
}

/// Shared refusals of the logarithms; true when `result` is the answer.
static bool logSpecial(double x, double &result) {
  if (x > 0 && x < inf)
    return false;
  result = isNan(x) ? x : x == 0 ? -inf : x < 0 ? nan : inf;
  return true;
}

/// log(x) times the constant a + b.
static double logTimes(double x, double a, double b) {
  double r, hi, lo;
  if (logSpecial(x, r))
    return r;
  logDouble(x, hi, lo);
  double p = hi * a;
  return p + (fma(hi, a, -p) + (hi * b + lo * a));
}

extern "C" double wick_m_log_f64(double x) {
  double r, lo;
  if (!logSpecial(x, r))
    logDouble(x, r, lo);
  return r;
}
extern "C" double wick_m_log2_f64(double x) { return logTimes(x, 0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56); }
extern "C" double wick_m_log10_f64(double x) { return logTimes(x, 0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57); }
extern "C" double wick_m_log1p_f64(double x) {
  double r, hi, lo;
  if (abs(x) < 0x1p-54)
    return x;
  if (x < -1 || !(x < inf))
    return x < -1 ? nan : x;
  if (x == -1)
    return -inf;
  // 1 + x = u + e exactly; log(u + e) = log u + e/u - ...
  double u = 1 + x, e = abs(x) < 1 ? (1 - u) + x : (x - u) + 1;
  logDouble(u, hi, lo);
  r = hi + (lo + e / u);
  return r;
}

extern "C" double wick_m_pow_f64(double x, double y) {
  if (y == 0 || x == 1)
    return 1;
  if (isNan(x) || isNan(y))
    return x + y;
  double ax = abs(x), ay = abs(y);
  bool integer = ay >= 0x1p53 || __builtin_trunc(y) == y;
  bool odd = integer && ay < 0x1p53 && (int64_t(ay) & 1);
  if (ay == inf)
    return ax == 1 ? 1 : (ax > 1) == (y > 0) ? inf : 0;
  bool negative = bitsOf(x) >> 63 && odd;
  if (ax == 0 || ax == inf) {
    double r = (ax == 0) == (y < 0) ? inf : 0;
    return negative ? -r : r;
  }
  if (x < 0 && !integer)
    return nan;
  double hi, lo, r;
  logDouble(ax, hi, lo);
  double p = y * hi;
  if (p > 720)
    r = inf;
  else if (p < -760)
    r = 0;
  else
    r = expScaled(p, fma(y, hi, -p) + y * lo, 0);
  return negative ? -r : r;
}

extern "C" double wick_m_sinh_f64(double x) {
  double a = abs(x), r;
  if (a < 0x1p-27 || !(a < inf))
    return x;
  if (a < 22) {
    double t = wick_m_expm1_f64(a);
    r = a < 1 ? 0.5 * (2 * t - t * t / (t + 1)) : 0.5 * (t + t / (t + 1));
  } else {
    r = a > 711 ? inf : expScaled(a, 0, -1);
  }
  return x < 0 ? -r : r;
}

extern "C" double wick_m_cosh_f64(double x) {
  double a = abs(x);
  if (isNan(x))
    return x;
  if (a > 22)
    return a > 711 ? inf : expScaled(a, 0, -1);
  double e = expScaled(a, 0, 0);
  return 0.5 * e + 0.5 / e;
}

extern "C" double wick_m_tanh_f64(double x) {
  double a = abs(x);
  if (a < 0x1p-28 || isNan(x))
    return x;
  double r = 1;
  if (a < 1) {
    double t = wick_m_expm1_f64(-2 * a);
    r = -t / (t + 2);
  } else if (a < 22) {
    r = 1 - 2 / (wick_m_expm1_f64(2 * a) + 2);
  }
  return x < 0 ? -r : r;
}

extern "C" double wick_m_asinh_f64(double x) {
  double a = abs(x), r;
  if (a < 0x1p-28 || !(a < inf))
    return x;
  if (a > 0x1p28)
    r = wick_m_log_f64(a) + 0x1.62e42fefa39efp-1;
  else
    r = wick_m_log1p_f64(a + a * a / (1 + __builtin_sqrt(fma(a, a, 1))));
  return x < 0 ? -r : r;
}

extern "C" double wick_m_acosh_f64(double x) {
  if (!(x >= 1))
    return isNan(x) ? x : nan;
  if (x > 0x1p28)
    return x == inf ? x : wick_m_log_f64(x) + 0x1.62e42fefa39efp-1;
  double t = x - 1;
  return wick_m_log1p_f64(t + __builtin_sqrt(2 * t + t * t));
}

extern "C" double wick_m_atanh_f64(double x) {
  double a = abs(x);
  if (a < 0x1p-28 || isNan(x))
    return x;
  if (a >= 1)
    return a == 1 ? (x < 0 ? -inf : inf) : nan;
  double t = a + a, r;
  r = a < 0.5 ? 0.5 * wick_m_log1p_f64(t + t * a / (1 - a)) : 0.5 * wick_m_log1p_f64(t / (1 - a));
  return x < 0 ? -r : r;
}

extern "C" double wick_m_cbrt_f64(double x) {
  double a = abs(x), post = 1;
  if (a == 0 || !(a < inf))
    return x;
  if (a < 0x1p-900)
    a *= 0x1p300, post = 0x1p-100;
  else if (a > 0x1p900)
    a *= 0x1p-300, post = 0x1p100;
  if (a < 0x1p-700) // was subnormal or near
    a *= 0x1p300, post *= 0x1p-100;
  // A third of the exponent by integer division, then Halley's iteration.
  double t = bitCast<double>(bitsOf(a) / 3 + 0x2a9f789300000000u);
#pragma GCC unroll 3
  for (int i = 0; i < 3; ++i) {
    double c = t * t * t;
    t = t * ((c + 2 * a) / (2 * c + a));
  }
  double s = t * t, sl = fma(t, t, -s), c = s * t, cl = fma(s, t, -c) + sl * t;
  t = (t - ((c - a) + cl) / (3 * s)) * post;
  return x < 0 ? -t : t;
}

extern "C" double wick_m_rsqrt_f64(double x) {
  double r = 1 / __builtin_sqrt(x);
  if (!(x > 0 && x < inf))
    return r;
  // One Newton step with the exact residual 1 - x r^2.
  double xr = x * r;
  if (!(xr > 0x1p-500 && xr < 0x1p500))
    return r;
  double e = fma(-xr, r, 1) - fma(x, r, -xr) * r;
  return fma(r * 0.5, e, r);
}

extern "C" double wick_m_erf_f64(double x) {
  double a = abs(x), r, z = a * a;
  if (isNan(x) || a < 0x1p-300)
    return isNan(x) ? x : x * 0x1.20dd750429b6dp+0;
  if (a < 0.25) {
    // 2/sqrt(pi) x (1 - z/3 + z^2/(2! 5) - z^3/(3! 7) + ...)
    static constexpr double c[] = {1,           -1.0 / 3,   1.0 / 10,     -1.0 / 42,    1.0 / 216,
                                   -1.0 / 1320, 1.0 / 9360, -1.0 / 75600, 1.0 / 685440, -1.0 / 6894720};
    r = 0x1.20dd750429b6dp+0 * a * polynomial(z, c);
  } else if (a < 6) {
    // erf(c + h) = erf(c) + 2/sqrt(pi) e^(-c^2) sum g[n] h^(n+1) / (n+1), where g
    // is the series of e^(-2ch - h^2): (n+1) g[n+1] = -2c g[n] - 2 g[n-1].
    static constexpr double table[] = {
        0x0.0p+0,
        0x1.0a7ef5c18edd2p-1,
        0x1.af767a741088bp-1,
        0x1.eea5557137ae0p-1,
        0x1.fd9ae142795e3p-1,
        0x1.ffcaa8f4c9beap-1,
        0x1.fffd1ac4135f9p-1,
        0x1.ffffe710d565ep-1,
        0x1.ffffff7b91176p-1,
        0x1.fffffffe4fa30p-1,
        0x1.fffffffffc9e8p-1,
        0x1.fffffffffffbep-1,
        0x1.0000000000000p+0,
    };
    int i = int(__builtin_rint(2 * a));
    double c = 0.5 * i, h = a - c, before = 0, g = 1, power = h, sum = 0;
    for (int n = 0; n < 26; ++n) {
      double step = 1.0 / (n + 1), next = -2 * (c * g + before) * step;
      sum += g * power * step;
      before = g, g = next, power *= h;
    }
    r = table[i] + 0x1.20dd750429b6dp+0 * expScaled(-c * c, 0, 0) * sum;
  } else {
    r = 1;
  }
  return x < 0 ? -r : r;
}

extern "C" double wick_m_fmod_f64(double x, double y) {
  uint64_t sign = bitsOf(x) & 0x8000000000000000u;
  double ax = abs(x), ay = abs(y);
  if (isNan(x) || isNan(y) || ax == inf || ay == 0)
    return isNan(x) ? x : isNan(y) ? y : nan;
  if (ax < ay)
    return x;
  uint64_t ux = bitsOf(ax), uy = bitsOf(ay);
  int ex = int(ux >> 52), ey = int(uy >> 52);
  constexpr uint64_t hidden = uint64_t(1) << 52;
  uint64_t mx = ex ? (ux & (hidden - 1)) | hidden : ux, my = ey ? (uy & (hidden - 1)) | hidden : uy;
  ex += ex == 0, ey += ey == 0;
  // Long division in integers, eleven bits of quotient a step: exact.
  int shift = ex - ey;
  mx %= my;
  while (shift > 0 && mx) {
    int step = shift < 11 ? shift : 11;
    mx = (mx << step) % my;
    shift -= step;
  }
  if (mx == 0)
    return bitCast<double>(sign);
  int lead = __builtin_clzll(mx) - 11;
  int e = ey - lead;
  if (e > 0)
    return bitCast<double>(sign | (uint64_t(e) << 52) | ((mx << lead) & (hidden - 1)));
  return bitCast<double>(sign | (mx << (ey - 1)));
}
