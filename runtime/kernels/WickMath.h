// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions for code images, which may not import libm. Each
// wick_m_NAME_f64 handles every input (NaN, infinities, signed zeros,
// subnormals) as C's Annex F asks; wick_m_NAME_f32 computes in f64 and
// rounds once, so it is within 0.51 ulp. Bounds in ulp for f64, checked by test/unit/kernels:
//   exp exp2 expm1 log log2 log10 log1p pow cbrt sin cos rsqrt    1
//   tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh     3
//   erf                                                           4
//   fmod                                                          exact
// Results need a fused multiply-add (llvm.fma); every slice has one.
//
#pragma once

// clang-format off
#define WICK_MATH_UNARY(X)                                                                                             \
  X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(exp) X(exp2)       \
  X(expm1) X(log) X(log2) X(log10) X(log1p) X(cbrt) X(erf) X(rsqrt)
#define WICK_MATH_BINARY(X) X(pow) X(atan2) X(fmod)
// clang-format on

extern "C" {
#define X(NAME)                                                                                                        \
  double wick_m_##NAME##_f64(double x);                                                                                \
  float wick_m_##NAME##_f32(float x);
WICK_MATH_UNARY(X)
#undef X
// pow(x, y); atan2(y, x); fmod(x, y): the sign of x, |result| < |y|.
#define X(NAME)                                                                                                        \
  double wick_m_##NAME##_f64(double x, double y);                                                                      \
  float wick_m_##NAME##_f32(float x, float y);
WICK_MATH_BINARY(X)
#undef X
}
