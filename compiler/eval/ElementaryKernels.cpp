// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions over lanes, in a file of their own because they are the
// only part that calls the host's math library. Floats go through double, so a
// last-bit difference between libraries is rounded away in all but rare cases;
// doubles take the library's result as it is.
//
#include "compiler/eval/Lanes.h"

#include <cmath>

using namespace wick::compiler;

template <class T, class Fn>
static bool unary(const Inst &inst, Lanes &lanes, Fn fn) {
  T *d = lanes.of<T>(inst.dst);
  const T *a = lanes.of<T>(inst.a);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = T(fn(double(a[l])));
  return true;
}

template <class T, class Fn>
static bool binary(const Inst &inst, Lanes &lanes, Fn fn) {
  T *d = lanes.of<T>(inst.dst);
  const T *a = lanes.of<T>(inst.a), *b = lanes.of<T>(inst.b);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = T(fn(double(a[l]), double(b[l])));
  return true;
}

bool wick::compiler::runElementaryKernel(const Inst &inst, Lanes &lanes) {
  // clang-format off
#define UNARY(Name, expr) \
  case Opcode::Name##F: return unary<float>(inst, lanes, [](double x) { return expr; }); \
  case Opcode::Name##D: return unary<double>(inst, lanes, [](double x) { return expr; });
#define BINARY(Name, expr) \
  case Opcode::Name##F: return binary<float>(inst, lanes, [](double x, double y) { return expr; }); \
  case Opcode::Name##D: return binary<double>(inst, lanes, [](double x, double y) { return expr; });
  switch (inst.op) {
  UNARY(Rsqrt, 1.0 / std::sqrt(x))
  UNARY(Cbrt, std::cbrt(x))
  UNARY(Exp, std::exp(x))
  UNARY(Exp2, std::exp2(x))
  UNARY(ExpM1, std::expm1(x))
  UNARY(Log, std::log(x))
  UNARY(Log2, std::log2(x))
  UNARY(Log10, std::log10(x))
  UNARY(Log1p, std::log1p(x))
  UNARY(Sin, std::sin(x))
  UNARY(Cos, std::cos(x))
  UNARY(Tan, std::tan(x))
  UNARY(Asin, std::asin(x))
  UNARY(Acos, std::acos(x))
  UNARY(Atan, std::atan(x))
  UNARY(Sinh, std::sinh(x))
  UNARY(Cosh, std::cosh(x))
  UNARY(Tanh, std::tanh(x))
  UNARY(Asinh, std::asinh(x))
  UNARY(Acosh, std::acosh(x))
  UNARY(Atanh, std::atanh(x))
  UNARY(Erf, std::erf(x))
  UNARY(Erfc, std::erfc(x))
  BINARY(Pow, std::pow(x, y))
  BINARY(Atan2, std::atan2(x, y))
  default: return false;
  }
#undef UNARY
#undef BINARY
  // clang-format on
}
