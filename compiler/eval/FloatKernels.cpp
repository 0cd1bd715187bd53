// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Float arithmetic over lanes. Built with contraction off, so that a product and
// a sum are two roundings on every host. Elementary functions are in
// ElementaryKernels.cpp.
//
#include "compiler/eval/Lanes.h"

#include <cmath>

using namespace wick::compiler;

template <class T, class Fn>
static bool unary(const Inst &inst, Lanes &lanes, Fn fn) {
  T *d = lanes.of<T>(inst.dst);
  const T *a = lanes.of<T>(inst.a);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = fn(a[l]);
  return true;
}

template <class T, class Fn>
static bool binary(const Inst &inst, Lanes &lanes, Fn fn) {
  T *d = lanes.of<T>(inst.dst);
  const T *a = lanes.of<T>(inst.a), *b = lanes.of<T>(inst.b);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = fn(a[l], b[l]);
  return true;
}

template <class T>
static bool fma(const Inst &inst, Lanes &lanes) {
  T *d = lanes.of<T>(inst.dst);
  const T *a = lanes.of<T>(inst.a), *b = lanes.of<T>(inst.b), *c = lanes.of<T>(inst.c);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = std::fma(a[l], b[l], c[l]);
  return true;
}

template <class T>
static bool select(const Inst &inst, Lanes &lanes) {
  T *d = lanes.of<T>(inst.dst);
  const int64_t *p = lanes.ints(inst.a);
  const T *a = lanes.of<T>(inst.b), *b = lanes.of<T>(inst.c);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = p[l] ? a[l] : b[l];
  return true;
}

template <class T>
static bool compare(const Inst &inst, Lanes &lanes) {
  int64_t *d = lanes.ints(inst.dst);
  const T *a = lanes.of<T>(inst.a), *b = lanes.of<T>(inst.b);
  const bool eq = inst.imm & 1, lt = inst.imm & 2, gt = inst.imm & 4, uno = inst.imm & 8;
  for (unsigned l = 0, n = lanes.count; l < n; ++l) {
    T x = a[l], y = b[l];
    d[l] = (eq & (x == y)) | (lt & (x < y)) | (gt & (x > y)) | (uno & ((x != x) | (y != y)));
  }
  return true;
}

template <class T, class Fn>
static bool predicate(const Inst &inst, Lanes &lanes, Fn fn) {
  int64_t *d = lanes.ints(inst.dst);
  const T *a = lanes.of<T>(inst.a);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = fn(a[l]);
  return true;
}

/// NaN wins; -0 is less than +0.
template <class T>
static T minimum(T x, T y) {
  if (x != x || y != y)
    return x + y;
  return x < y || (x == y && std::signbit(x)) ? x : y;
}
template <class T>
static T maximum(T x, T y) {
  if (x != x || y != y)
    return x + y;
  return x > y || (x == y && std::signbit(y)) ? x : y;
}

/// Half away from zero, by hand: the add-and-truncate trick errs just below 0.5.
template <class T>
static T roundAway(T x) {
  T whole = std::trunc(x);
  return std::fabs(x - whole) >= T(0.5) ? whole + std::copysign(T(1), x) : std::copysign(whole, x);
}

/// Half to even: adding 2^23 (2^52) leaves no bits for a fraction.
template <class T>
static T roundToEven(T x) {
  constexpr T big = sizeof(T) == 4 ? T(0x1p23) : T(0x1p52);
  T magnitude = std::fabs(x);
  T rounded = magnitude < big ? (magnitude + big) - big : magnitude;
  return std::copysign(rounded, x);
}

template <class T>
static T integerPower(T base, int64_t exponent) {
  double result = 1, factor = double(base);
  uint64_t n = exponent < 0 ? -uint64_t(exponent) : uint64_t(exponent);
  for (; n; n >>= 1, factor *= factor)
    if (n & 1)
      result *= factor;
  return T(exponent < 0 ? 1 / result : result);
}

template <class T>
static bool fpowi(const Inst &inst, Lanes &lanes) {
  T *d = lanes.of<T>(inst.dst);
  const T *a = lanes.of<T>(inst.a);
  const int64_t *b = lanes.ints(inst.b);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = integerPower(a[l], b[l]);
  return true;
}

bool wick::compiler::runFloatKernel(const Inst &inst, Lanes &lanes) {
  auto format = FloatFormat(inst.imm);
  // clang-format off
#define BOTH(Name, call) \
  case Opcode::Name##F: { using T = float; return call; } \
  case Opcode::Name##D: { using T = double; return call; }
#define BINARY(Name, expr) BOTH(Name, binary<T>(inst, lanes, [](T x, T y) { return expr; }))
#define UNARY(Name, expr) BOTH(Name, unary<T>(inst, lanes, [](T x) { return expr; }))
#define PREDICATE(Name, expr) BOTH(Name, predicate<T>(inst, lanes, [=](T x) { return expr; }))
  switch (inst.op) {
  BINARY(Add, x + y)
  BINARY(Sub, x - y)
  BINARY(Mul, x * y)
  BINARY(Div, x / y)
  BINARY(Rem, std::fmod(x, y))
  BINARY(Minimum, minimum(x, y))
  BINARY(Maximum, maximum(x, y))
  BINARY(MinNum, x != x ? y : y != y ? x : minimum(x, y))
  BINARY(MaxNum, x != x ? y : y != y ? x : maximum(x, y))
  BINARY(CopySign, std::copysign(x, y))
  UNARY(Neg, -x)
  UNARY(Abs, std::fabs(x))
  UNARY(Floor, std::floor(x))
  UNARY(Ceil, std::ceil(x))
  UNARY(Trunc, std::trunc(x))
  UNARY(Round, roundAway(x))
  UNARY(RoundEven, roundToEven(x))
  UNARY(Sqrt, std::sqrt(x))
  PREDICATE(IsNaN, std::isnan(x))
  PREDICATE(IsInf, std::isinf(x))
  PREDICATE(IsFinite, std::isfinite(x))
  PREDICATE(IsNormal, isNormalIn(double(x), format))
  BOTH(Fma, fma<T>(inst, lanes))
  BOTH(Cmp, compare<T>(inst, lanes))
  BOTH(Select, select<T>(inst, lanes))
  case Opcode::FPowIF: return fpowi<float>(inst, lanes);
  case Opcode::FPowID: return fpowi<double>(inst, lanes);
  default: return false;
  }
#undef BOTH
#undef BINARY
#undef UNARY
#undef PREDICATE
  // clang-format on
}
