// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions, bit casts and moves over lanes. A float that the integer type
// cannot hold gives what x86 gives, so that folding and generated code agree: the
// most negative int32 (int64 for wide targets), cut to the width.
//
#include "compiler/eval/Lanes.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace wick::compiler;

template <class R, class A, class Fn>
static bool convert(const Inst &inst, Lanes &lanes, Fn fn) {
  R *d = lanes.of<R>(inst.dst);
  const A *a = lanes.of<A>(inst.a);
  // In place, a wider result overwrites operands that are not read yet.
  if (inst.dst == inst.a && sizeof(R) > sizeof(A)) {
    for (unsigned l = lanes.count; l-- > 0;)
      d[l] = fn(a[l]);
    return true;
  }
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = fn(a[l]);
  return true;
}

static int64_t toSigned(double x, unsigned width) {
  if (width <= 32)
    return x > -2147483649.0 && x < 2147483648.0 ? int64_t(x) : std::numeric_limits<int32_t>::min();
  return x >= -0x1p63 && x < 0x1p63 ? int64_t(x) : std::numeric_limits<int64_t>::min();
}

/// Negative values wrap around, as a signed conversion cut to the width does.
static int64_t toUnsigned(double x, unsigned width) {
  if (width == 64 && x >= 0x1p63)
    return x < 0x1p64 ? int64_t(uint64_t(x)) : -1;
  return x >= -0x1p63 && x < 0x1p63 ? int64_t(x) : std::numeric_limits<int64_t>::min();
}

template <class T>
static bool move(const Inst &inst, Lanes &lanes, Mask mask) {
  T *d = lanes.of<T>(inst.dst);
  const T *a = lanes.of<T>(inst.a);
  if (!mask) {
    std::memmove(d, a, sizeof(T) * lanes.count);
    return true;
  }
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = mask[l] ? a[l] : d[l];
  return true;
}

bool wick::compiler::runConversionKernel(const Inst &inst, Lanes &lanes, Mask mask) {
  const auto format = FloatFormat(inst.imm);
  const unsigned width = unsigned(inst.imm);
  // clang-format off
#define CONVERT(Name, R, A, expr) \
  case Opcode::Name: return convert<R, A>(inst, lanes, [=](A x) { return R(expr); });
  switch (inst.op) {
  CONVERT(SIToF, float, int64_t, x)
  CONVERT(SIToD, double, int64_t, x)
  CONVERT(UIToF, float, int64_t, uint64_t(x))
  CONVERT(UIToD, double, int64_t, uint64_t(x))
  CONVERT(FToSI, int64_t, float, toSigned(double(x), width))
  CONVERT(DToSI, int64_t, double, toSigned(x, width))
  CONVERT(FToUI, int64_t, float, toUnsigned(double(x), width))
  CONVERT(DToUI, int64_t, double, toUnsigned(x, width))
  CONVERT(FToD, double, float, x)
  CONVERT(DToF, float, double, x)
  CONVERT(RoundDToFormat, float, double, roundToFormat(x, format))
  CONVERT(BitsOfF, int64_t, float, encodeBits(x, format))
  CONVERT(BitsOfD, int64_t, double, std::bit_cast<int64_t>(x))
  CONVERT(FOfBits, float, int64_t, decodeBits(uint32_t(x), format))
  CONVERT(DOfBits, double, int64_t, std::bit_cast<double>(x))
#undef CONVERT
  // clang-format on
  case Opcode::RoundFToFormat:
    // The two common formats get loops without a branch on the format.
    if (format == FloatFormat::F16)
      return convert<float, float>(inst, lanes, [](float x) { return halfToFloat(floatToHalf(x)); });
    if (format == FloatFormat::BF16)
      return convert<float, float>(inst, lanes, [](float x) { return bf16ToFloat(floatToBf16(x)); });
    return convert<float, float>(inst, lanes, [=](float x) { return roundToFormat(x, format); });
  case Opcode::MovF:
    return move<float>(inst, lanes, mask);
  case Opcode::MovI:
  case Opcode::MovD:
    return move<uint64_t>(inst, lanes, mask);
  default:
    return false;
  }
}
