// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer instructions over lanes, and the dispatch to the other kernels. All
// arithmetic that may overflow is done unsigned; only a division by zero in a lane
// that takes part is an error.
//
#include "compiler/eval/Lanes.h"

#include <bit>

using namespace wick::compiler;
using U = uint64_t;

template <class Fn>
static void unary(const Inst &inst, Lanes &lanes, Fn fn) {
  int64_t *d = lanes.ints(inst.dst);
  const int64_t *a = lanes.ints(inst.a);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = int64_t(fn(a[l]));
}

template <class Fn>
static void binary(const Inst &inst, Lanes &lanes, Fn fn) {
  int64_t *d = lanes.ints(inst.dst);
  const int64_t *a = lanes.ints(inst.a), *b = lanes.ints(inst.b);
  for (unsigned l = 0, n = lanes.count; l < n; ++l)
    d[l] = int64_t(fn(a[l], b[l]));
}

/// Zero divisors give zero in lanes that do not take part; -1 never reaches the
/// hardware, where the smallest integer would trap.
template <class Fn>
static const char *divide(const Inst &inst, Lanes &lanes, Mask mask, bool isSigned, Fn fn) {
  int64_t *d = lanes.ints(inst.dst);
  const int64_t *a = lanes.ints(inst.a), *b = lanes.ints(inst.b);
  bool remainder = inst.op == Opcode::RemSI;
  for (unsigned l = 0, n = lanes.count; l < n; ++l) {
    int64_t x = a[l], y = b[l];
    if (y == 0) {
      if (!mask || mask[l])
        return "integer division by zero";
      d[l] = 0;
    } else if (isSigned && y == -1) {
      d[l] = remainder ? 0 : int64_t(-U(x));
    } else {
      d[l] = int64_t(fn(x, y));
    }
  }
  return nullptr;
}

static int64_t power(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return base == 1 ? 1 : base == -1 ? ((exponent & 1) ? -1 : 1) : 0;
  U result = 1, factor = U(base);
  for (; exponent; exponent >>= 1, factor *= factor)
    if (exponent & 1)
      result *= factor;
  return int64_t(result);
}

static const char *runDivision(const Inst &inst, Lanes &lanes, Mask mask) {
  switch (inst.op) {
  case Opcode::DivSI:
    return divide(inst, lanes, mask, true, [](int64_t x, int64_t y) { return x / y; });
  case Opcode::RemSI:
    return divide(inst, lanes, mask, true, [](int64_t x, int64_t y) { return x % y; });
  case Opcode::FloorDivSI:
    return divide(inst, lanes, mask, true,
                  [](int64_t x, int64_t y) { return x / y - ((x % y != 0) && ((x < 0) != (y < 0))); });
  case Opcode::CeilDivSI:
    return divide(inst, lanes, mask, true,
                  [](int64_t x, int64_t y) { return x / y + ((x % y != 0) && ((x < 0) == (y < 0))); });
  case Opcode::DivUI:
    return divide(inst, lanes, mask, false, [](U x, U y) { return x / y; });
  case Opcode::RemUI:
    return divide(inst, lanes, mask, false, [](U x, U y) { return x % y; });
  default: // CeilDivUI
    return divide(inst, lanes, mask, false, [](U x, U y) { return x / y + (x % y != 0); });
  }
}

const char *wick::compiler::runKernel(const Inst &inst, Lanes &lanes, Mask mask) {
  const unsigned width = unsigned(inst.imm);
  // clang-format off
#define BINARY(Name, expr) case Opcode::Name: binary(inst, lanes, [=](int64_t x, int64_t y) { return expr; }); return nullptr;
#define UNARY(Name, expr) case Opcode::Name: unary(inst, lanes, [=](int64_t x) { return expr; }); return nullptr;
  switch (inst.op) {
  BINARY(AddI, U(x) + U(y))
  BINARY(SubI, U(x) - U(y))
  BINARY(MulI, U(x) * U(y))
  BINARY(AndI, x & y)
  BINARY(OrI, x | y)
  BINARY(XorI, x ^ y)
  BINARY(ShlI, U(y) >= width ? 0 : U(x) << y)
  BINARY(ShrSI, x >> (U(y) >= width ? 63 : y))
  BINARY(ShrUI, U(y) >= width ? 0 : U(x) >> y)
  BINARY(MinSI, x < y ? x : y)
  BINARY(MaxSI, x > y ? x : y)
  BINARY(MinUI, U(x) < U(y) ? x : y)
  BINARY(MaxUI, U(x) > U(y) ? x : y)
  BINARY(EqI, x == y)
  BINARY(NeI, x != y)
  BINARY(SltI, x < y)
  BINARY(SleI, x <= y)
  BINARY(SgtI, x > y)
  BINARY(SgeI, x >= y)
  BINARY(UltI, U(x) < U(y))
  BINARY(UleI, U(x) <= U(y))
  BINARY(UgtI, U(x) > U(y))
  BINARY(UgeI, U(x) >= U(y))
  BINARY(MulSHigh, int64_t(((__int128)x * y) >> width))
  BINARY(MulUHigh, int64_t(((unsigned __int128)U(x) * U(y)) >> width))
  BINARY(AddUCarry, width == 64 ? U(x) + U(y) < U(x) : (U(x) + U(y)) >> width)
  BINARY(IPowI, power(x, y))
  UNARY(NegI, -U(x))
  UNARY(AbsI, x < 0 ? -U(x) : U(x))
  UNARY(CtPop, std::popcount(U(x)))
  UNARY(CtLz, std::countl_zero(U(x)) - int(64 - width))
  UNARY(CtTz, x == 0 ? int(width) : std::countr_zero(U(x)))
  UNARY(SExt, int64_t(U(x) << (64 - width)) >> (64 - width))
  UNARY(ZExt, U(x) & (~U(0) >> (64 - width)))
#undef BINARY
#undef UNARY
  // clang-format on
  case Opcode::SelectI: {
    int64_t *d = lanes.ints(inst.dst);
    const int64_t *p = lanes.ints(inst.a), *a = lanes.ints(inst.b), *b = lanes.ints(inst.c);
    for (unsigned l = 0, n = lanes.count; l < n; ++l)
      d[l] = p[l] ? a[l] : b[l];
    return nullptr;
  }
  case Opcode::DivSI:
  case Opcode::RemSI:
  case Opcode::FloorDivSI:
  case Opcode::CeilDivSI:
  case Opcode::DivUI:
  case Opcode::RemUI:
  case Opcode::CeilDivUI:
    return runDivision(inst, lanes, mask);
  default:
    break;
  }
  if (runFloatKernel(inst, lanes) || runElementaryKernel(inst, lanes) || runConversionKernel(inst, lanes, mask))
    return nullptr;
  return "internal: instruction without a kernel";
}
