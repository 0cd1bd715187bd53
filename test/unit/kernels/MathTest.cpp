// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Holds the elementary functions of runtime/kernels/WickMath.h to the bounds in
// its header, against the long double libm of the host (64-bit significand,
// itself good to about one of its ulps), over ranges drawn uniformly in value
// and in exponent, and to C Annex F's special values against the host's libm.
//
#include "runtime/kernels/WickMath.h"

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

namespace {

struct Random {
  uint64_t state = 88172645463325252ull;
  uint64_t bits() {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
  }
  double unit() { return double(bits() >> 11) * 0x1p-53; }
};

template <typename T>
double ulpError(T got, long double want) {
  if (std::isnan(want))
    return std::isnan(got) ? 0 : INFINITY;
  T rounded = T(want);
  if (std::isinf(rounded) || std::isinf(got))
    return got == rounded ? 0 : INFINITY;
  int e;
  std::frexp(want, &e);
  e = std::max(e, std::numeric_limits<T>::min_exponent);
  return double(std::fabs((long double)got - want) / std::ldexp(1.0L, e - std::numeric_limits<T>::digits));
}

template <typename T, typename F, typename G>
void sweep(const char *name, F ours, G reference, double bound, double lo, double hi, bool byExponent = false) {
  Random random;
  double worst = 0;
  T at = 0;
  for (int i = 0; i < 50000; ++i) {
    T x;
    if (byExponent) { // lo, hi are exponents of two; both signs
      x = T(std::ldexp(1 + random.unit(), int(std::floor(lo + (hi - lo) * random.unit()))));
      x = random.bits() & 1 ? -x : x;
    } else {
      x = T(lo + (hi - lo) * random.unit());
    }
    double e = ulpError<T>(ours(x), reference((long double)x));
    if (!(e <= worst))
      worst = e, at = x;
  }
  EXPECT_LE(worst, bound) << name << " at " << std::hexfloat << at << std::defaultfloat << " = " << at << " ours "
                          << ours(at) << " want " << double(reference((long double)at));
}

#define WICK_SWEEP(NAME, REF, BOUND, LO, HI, ...)                                                                      \
  sweep<double>(#NAME " f64", wick_m_##NAME##_f64, [](long double x) { return REF; }, BOUND, LO, HI, ##__VA_ARGS__);   \
  sweep<float>(#NAME " f32", wick_m_##NAME##_f32, [](long double x) { return REF; }, 0.51, LO, HI, ##__VA_ARGS__);

TEST(Math, Exponentials){WICK_SWEEP(exp, expl(x), 1, -750, 712) WICK_SWEEP(exp, expl(x), 1, -2, 2)
                             WICK_SWEEP(exp, expl(x), 1, -60, 9, true) WICK_SWEEP(exp2, exp2l(x), 1, -1080, 1025)
                                 WICK_SWEEP(exp2, exp2l(x), 1, -3, 3) WICK_SWEEP(expm1, expm1l(x), 1.5, -3, 3)
                                     WICK_SWEEP(expm1, expm1l(x), 1.5, -60, 712)
                                         WICK_SWEEP(expm1, expm1l(x), 1.5, -300, 2, true)}

TEST(Math, Logarithms){
    WICK_SWEEP(log, logl(x), 1, 0, 4) WICK_SWEEP(log, x < 0 ? (long double)NAN : logl(x), 1, -1074, 1023, true)
        WICK_SWEEP(log2, x < 0 ? (long double)NAN : log2l(x), 1, -1074, 1023, true)
            WICK_SWEEP(log2, log2l(x), 1, 0.5, 2)
                WICK_SWEEP(log10, x < 0 ? (long double)NAN : log10l(x), 1, -1074, 1023, true)
                    WICK_SWEEP(log10, log10l(x), 1, 0.5, 2) WICK_SWEEP(log1p, log1pl(x), 1, -0.999, 3)
                        WICK_SWEEP(log1p, x < -1 ? (long double)NAN : log1pl(x), 1, -300, 1000, true)}

TEST(Math, Trigonometry){
    WICK_SWEEP(sin, sinl(x), 1, -10, 10) WICK_SWEEP(sin, sinl(x), 1, -60, 60, true) WICK_SWEEP(cos, cosl(x), 1, -10, 10)
        WICK_SWEEP(cos, cosl(x), 1, -60, 60, true) WICK_SWEEP(tan, tanl(x), 3, -10, 10)
            WICK_SWEEP(tan, tanl(x), 3, -60, 60, true) WICK_SWEEP(asin, asinl(x), 3, -1, 1)
                WICK_SWEEP(acos, acosl(x), 3, -1, 1) WICK_SWEEP(asin, asinl(x), 3, -200, 0, true)
                    WICK_SWEEP(atan, atanl(x), 3, -4, 4) WICK_SWEEP(atan, atanl(x), 3, -300, 300, true)}

TEST(Math, Hyperbolics){
    WICK_SWEEP(sinh, sinhl(x), 3, -3, 3) WICK_SWEEP(sinh, sinhl(x), 3, -715, 715) WICK_SWEEP(cosh, coshl(x), 3, -3, 3)
        WICK_SWEEP(cosh, coshl(x), 3, -715, 715) WICK_SWEEP(tanh, tanhl(x), 3, -3, 3)
            WICK_SWEEP(tanh, tanhl(x), 3, -100, 6, true) WICK_SWEEP(asinh, asinhl(x), 3, -3, 3)
                WICK_SWEEP(asinh, asinhl(x), 3, -100, 1000, true) WICK_SWEEP(acosh, acoshl(x), 3, 1, 5)
                    WICK_SWEEP(acosh, x < 1 ? (long double)NAN : acoshl(x), 3, 0, 1000, true)
                        WICK_SWEEP(atanh, atanhl(x), 3, -1, 1) WICK_SWEEP(atanh, atanhl(x), 3, -100, 0, true)}

TEST(Math, RootsAndErf){WICK_SWEEP(cbrt, cbrtl(x), 1, -10, 10) WICK_SWEEP(cbrt, cbrtl(x), 1, -1074, 1023, true)
                            WICK_SWEEP(rsqrt, 1 / sqrtl(x), 1, 0.1, 10)
                                WICK_SWEEP(rsqrt, x < 0 ? (long double)NAN : 1 / sqrtl(x), 1, -1000, 1000, true)
                                    WICK_SWEEP(erf, erfl(x), 4, -7, 7) WICK_SWEEP(erf, erfl(x), 4, -1000, 3, true)}

/// sinl above 2^63 is not to be trusted everywhere; glibc's double sin is.
TEST(Math, HugeArguments) {
  Random random;
  for (int i = 0; i < 100000; ++i) {
    double x = std::ldexp(1 + random.unit(), int(20 + random.bits() % 1003));
    ASSERT_NEAR(wick_m_sin_f64(x), std::sin(x), 0x1p-52) << x;
    ASSERT_NEAR(wick_m_cos_f64(-x), std::cos(-x), 0x1p-52) << x;
    float f = std::ldexp(1 + float(random.unit()), int(20 + random.bits() % 107));
    ASSERT_EQ(wick_m_sin_f32(f), float(std::sin(double(f)))) << f;
  }
  // The double closest to a multiple of pi/2 (Kahan's example). Its cosine is a
  // literal, from 113-bit arithmetic: glibc is several ulp off here.
  double closest = 6381956970095103.0 * 0x1p797;
  EXPECT_EQ(wick_m_cos_f64(closest), -0x1.14ae72e6ba22fp-61);
  EXPECT_EQ(wick_m_sin_f64(-closest), -wick_m_sin_f64(closest));
  EXPECT_EQ(std::fabs(wick_m_sin_f64(closest)), 1);
  for (double x : {0x1.921fb54442d18p+30, 0x1p1023, DBL_MAX}) {
    EXPECT_LE(ulpError(wick_m_sin_f64(x), (long double)std::sin(x)), 1) << x;
    EXPECT_LE(ulpError(wick_m_cos_f64(x), (long double)std::cos(x)), 1) << x;
  }
}

template <typename T>
void sameSpecial(const char *name, T got, T want, T x, T y) {
  bool same = std::isnan(want) ? std::isnan(got) : got == want && std::signbit(got) == std::signbit(want);
  if (std::isfinite(want) && want != 0) // a value, not a special: libm may round otherwise
    same = std::fabs(got - want) <= 2 * std::fabs(want) * std::numeric_limits<T>::epsilon();
  EXPECT_TRUE(same) << name << "(" << x << ", " << y << ") = " << got << ", want " << want;
}

const double specials[] = {0.0,
                           -0.0,
                           1,
                           -1,
                           2,
                           -2,
                           3,
                           -3,
                           0.5,
                           -0.5,
                           2.5,
                           -2.5,
                           INFINITY,
                           -INFINITY,
                           NAN,
                           DBL_MAX,
                           -DBL_MAX,
                           DBL_MIN,
                           4.9e-324,
                           -4.9e-324,
                           1e300,
                           0x1p53,
                           0x1p53 + 2,
                           9007199254740991.0,
                           -9007199254740991.0,
                           1e-300,
                           709.9,
                           745.2,
                           1024,
                           -1074.5};

TEST(Math, SpecialValues) {
  for (double x : specials) {
#define X(NAME)                                                                                                        \
  sameSpecial<double>(#NAME, wick_m_##NAME##_f64(x), std::NAME(x), x, 0);                                              \
  sameSpecial<float>(#NAME, wick_m_##NAME##_f32(float(x)), std::NAME(float(x)), float(x), 0);
    X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh);
    X(asinh) X(acosh) X(atanh) X(exp) X(exp2) X(expm1) X(log) X(log2) X(log10) X(log1p) X(cbrt);
#undef X
    sameSpecial<double>("rsqrt", wick_m_rsqrt_f64(x), 1 / std::sqrt(x), x, 0);
    for (double y : specials) {
#define X(NAME)                                                                                                        \
  sameSpecial<double>(#NAME, wick_m_##NAME##_f64(x, y), std::NAME(x, y), x, y);                                        \
  sameSpecial<float>(#NAME, wick_m_##NAME##_f32(float(x), float(y)), std::NAME(float(x), float(y)), float(x), float(y));
      X(pow) X(atan2) X(fmod);
#undef X
    }
  }
}

TEST(Math, Pow) {
  Random random;
  double worst = 0, wx = 0, wy = 0, worstF = 0;
  for (int i = 0; i < 50000; ++i) {
    double x = std::ldexp(1 + random.unit(), int(random.bits() % 200) - 100);
    double y = (random.unit() - 0.5) * 2000 / std::max(1.0, std::fabs(std::log2(x)));
    if (i % 3 == 0)
      x = 0.9 + 0.2 * random.unit();
    if (i % 5 == 0)
      y = std::rint(y), x = -x;
    double e = ulpError(wick_m_pow_f64(x, y), powl(x, y));
    if (!(e <= worst))
      worst = e, wx = x, wy = y;
    float fx = float(x), fy = float(y);
    worstF = std::max(worstF, ulpError(wick_m_pow_f32(fx, fy), powl(fx, fy)));
  }
  EXPECT_LE(worst, 1) << wx << " " << wy;
  EXPECT_LE(worstF, 0.51);
  for (int b = -12; b <= 12; ++b) // exact powers come out exact
    for (int e = 0; e <= 14; ++e) {
      double want = 1;
      for (int i = 0; i < e; ++i)
        want *= b;
      EXPECT_EQ(wick_m_pow_f64(b, e), want) << b << " " << e;
    }
  for (int e = -1074; e < 1024; ++e) {
    EXPECT_EQ(wick_m_exp2_f64(e), std::ldexp(1.0, e));
    EXPECT_EQ(wick_m_log2_f64(std::ldexp(1.0, e)), e);
  }
  double ten = 1;
  for (int e = 0; e <= 22; ++e, ten *= 10)
    EXPECT_EQ(wick_m_log10_f64(ten), e);
}

TEST(Math, FmodAndAtan2) {
  Random random;
  for (int i = 0; i < 100000; ++i) {
    double x = std::ldexp(random.unit() - 0.5, int(random.bits() % 2100) - 1060);
    double y = std::ldexp(random.unit() - 0.5, int(random.bits() % 2100) - 1060);
    if (x == 0 || y == 0 || std::isinf(x) || std::isinf(y))
      continue;
    if (i & 1)
      y = std::ldexp(y, std::ilogb(x) - std::ilogb(y) - int(random.bits() % 60));
    if (y == 0)
      continue;
    ASSERT_EQ(wick_m_fmod_f64(x, y), std::fmod(x, y)) << x << " " << y;
    ASSERT_EQ(wick_m_fmod_f32(float(x), float(y)) == std::fmod(float(x), float(y)) || !(float(y) != 0) ||
                  std::isinf(float(x)),
              true);
    double a = std::ldexp(random.unit() - 0.5, int(random.bits() % 600) - 300);
    double b = std::ldexp(random.unit() - 0.5, i & 1 && a != 0 ? std::ilogb(a) : int(random.bits() % 600) - 300);
    ASSERT_LE(ulpError(wick_m_atan2_f64(a, b), atan2l(a, b)), 3) << a << " " << b;
  }
}

} // namespace
