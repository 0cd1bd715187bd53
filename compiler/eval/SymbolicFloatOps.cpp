// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Float instructions on shape expressions, for arithmetic like floor(float(dim) *
// 0.5): a value is an exact quotient expr / den. Rules hold where the float
// computation is exact, or where its rounding cannot move the result over an
// integer for dims below 2^16 (f32) or 2^40 (f64); otherwise the value is Unknown.
//
#include "compiler/eval/SymbolicOps.h"

#include "llvm/ADT/Twine.h"

#include <bit>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace wick::compiler;
using Kind = SymValue::Kind;

static bool isPowerOfTwo(int64_t value) { return value > 0 && std::has_single_bit(uint64_t(value)); }

SymValue SymbolicOps::ofReal(AffineExpr expr, int64_t den) {
  expr = math.simplify(expr);
  int64_t common = std::gcd(math.content(expr), den);
  if (common > 1) {
    expr = math.exactQuotient(expr, math.constant(common));
    den /= common;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return SymValue::floating(double(constant.getValue()) / double(den));
  return SymValue::real(expr, den);
}

bool SymbolicOps::toRational(const SymValue &value, AffineExpr &num, int64_t &den) {
  if (value.kind == Kind::Int || value.kind == Kind::Real) {
    num = value.expr;
    den = value.kind == Kind::Real ? value.den : 1;
    return true;
  }
  if (value.kind != Kind::Float || !std::isfinite(value.number) || std::fabs(value.number) > 0x1p40)
    return false;
  double scaled = value.number;
  for (den = 1; scaled != std::floor(scaled); scaled *= 2, den *= 2)
    if (den >= (int64_t(1) << 30))
      return false;
  if (std::fabs(scaled) > 0x1p53)
    return false;
  num = math.constant(int64_t(scaled));
  return true;
}

/// Bounds of (a - b) times a positive factor: only their signs mean anything.
Bounds SymbolicOps::difference(const SymValue &a, const SymValue &b, bool &isKnown) {
  AffineExpr x, y;
  int64_t denX, denY;
  isKnown = toRational(a, x, denX) && toRational(b, y, denY);
  return isKnown ? math.bounds(x * denY - y * denX) : Bounds{};
}

SymValue SymbolicOps::scale(const SymValue &a, const SymValue &b, bool isDouble) {
  AffineExpr x, y;
  int64_t denX, denY, den;
  if (!toRational(a, x, denX) || !toRational(b, y, denY) || !isPowerOfTwo(denX) || !isPowerOfTwo(denY) ||
      __builtin_mul_overflow(denX, denY, &den))
    return unknown("product with a scale that is not an exact rational");
  for (AffineExpr side : {x, y})
    if (auto constant = dyn_cast<AffineConstantExpr>(side)) {
      // Odd part of the scale times a dim must fit the mantissa.
      uint64_t odd = uint64_t(constant.getValue());
      if (constant.getValue() < 0)
        odd = 0 - odd;
      odd = odd ? odd >> std::countr_zero(odd) : 0;
      if (odd > (isDouble ? 0x1000u : 0xffu))
        return unknown("product with a scale that is not a short binary fraction");
    }
  return ofReal(x * y, den);
}

SymValue SymbolicOps::quotient(const SymValue &a, const SymValue &b) {
  AffineExpr x, y;
  int64_t denX, denY, den;
  if (!toRational(a, x, denX) || !toRational(b, y, denY))
    return unknown("division by a number that is not an exact rational");
  AffineExpr numerator = x * denY;
  if (auto divisor = dyn_cast<AffineConstantExpr>(y)) {
    // x / c rounded once has the floor and ceil of the exact quotient, as long as
    // x is exact.
    if (divisor.getValue() > 0 && isPowerOfTwo(denX) && !__builtin_mul_overflow(denX, divisor.getValue(), &den))
      return ofReal(numerator, den);
    return unknown("division by a number that is not positive");
  }
  if (AffineExpr exact = math.exactQuotient(numerator, y * denX))
    return ofReal(exact, 1);
  return unknown("division by a dim that does not divide");
}

SymValue SymbolicOps::sum(const SymValue &a, const SymValue &b, int64_t sign) {
  AffineExpr x, y;
  int64_t denX, denY, den;
  if (!toRational(a, x, denX) || !toRational(b, y, denY) || !isPowerOfTwo(denX) || !isPowerOfTwo(denY) ||
      __builtin_mul_overflow(denX, denY, &den))
    return unknown("sum with a number that is not an exact rational");
  return ofReal(x * denY + y * denX * sign, den);
}

SymValue SymbolicOps::round(Opcode op, const SymValue &a) {
  if (a.kind == Kind::Int || a.den == 1)
    return a;
  AffineExpr den = math.constant(a.den);
  switch (op) {
  case Opcode::FloorF:
  case Opcode::FloorD:
    return ofReal(math.floorDiv(a.expr, den), 1);
  case Opcode::CeilF:
  case Opcode::CeilD:
    return ofReal(math.ceilDiv(a.expr, den), 1);
  default:
    break;
  }
  if (math.bounds(a.expr).lo < 0)
    return unknown("rounding of a value that may be negative");
  if (op == Opcode::TruncF || op == Opcode::TruncD)
    return ofReal(math.floorDiv(a.expr, den), 1);
  // Half away from zero; half to even has no ties when the denominator is odd.
  if (op == Opcode::RoundF || op == Opcode::RoundD || a.den % 2 != 0)
    return ofReal(math.floorDiv(a.expr * 2 + a.den, math.constant(2 * a.den)), 1);
  return unknown("rounding half to even of a fraction");
}

SymValue SymbolicOps::toInt(const SymValue &a) {
  if (a.den == 1)
    return ofInt(a.expr);
  if (math.bounds(a.expr).lo < 0)
    return unknown("cast to integer of a value that may be negative");
  return ofInt(math.floorDiv(a.expr, math.constant(a.den)));
}

/// +1 or -1 for a number past every size that the rules here hold for, such as the
/// limits that a saturating cast compares with; else 0.
static int64_t beyondSizes(const SymValue &value) {
  if (value.kind != Kind::Float || !(std::fabs(value.number) > 0x1p40))
    return 0;
  return value.number > 0 ? 1 : -1;
}

SymValue SymbolicOps::compareFloats(const Inst &inst, const SymValue &a, const SymValue &b) {
  bool isKnown = false;
  Bounds range = difference(a, b, isKnown);
  if (int64_t sign = beyondSizes(a) - beyondSizes(b); !isKnown && sign) {
    isKnown = true;
    range = {sign, sign};
  }
  if (!isKnown)
    return unknown("undecided comparison");
  // The outcomes that remain possible: all inside the set, or all outside it.
  int64_t possible = (range.lo <= 0 && range.hi >= 0 ? 1 : 0) | (range.lo < 0 ? 2 : 0) | (range.hi > 0 ? 4 : 0);
  if ((possible & ~inst.imm) == 0)
    return integer(1);
  if ((possible & inst.imm) == 0)
    return integer(0);
  return unknown("undecided comparison");
}

SymValue SymbolicOps::floatOp(const Inst &inst, const SymValue &a, const SymValue &b) {
  const bool isDouble = infoOf(inst.op).result == Lane::D;
  // clang-format off
#define BOTH(Name) case Opcode::Name##F: case Opcode::Name##D
  switch (inst.op) {
  case Opcode::UIToF: case Opcode::UIToD:
    if (math.bounds(a.expr).lo < 0)
      return unknown("unsigned cast of a value that may be negative");
    return ofReal(a.expr, 1);
  case Opcode::SIToF: case Opcode::SIToD: return ofReal(a.expr, 1);
  case Opcode::FToSI: case Opcode::DToSI: case Opcode::FToUI: case Opcode::DToUI: return toInt(a);
  BOTH(Add): return sum(a, b, 1);
  BOTH(Sub): return sum(a, b, -1);
  BOTH(Mul): return scale(a, b, isDouble);
  BOTH(Div): return quotient(a, b);
  BOTH(Neg): return ofReal(a.expr * -1, a.den);
  BOTH(Abs):
    if (math.bounds(a.expr).lo >= 0)
      return a;
    return unknown("abs of a value of unknown sign");
  BOTH(Floor): BOTH(Ceil): BOTH(Trunc): BOTH(Round): BOTH(RoundEven): return round(inst.op, a);
  BOTH(Minimum): BOTH(MinNum): return minMax(false, a, b);
  BOTH(Maximum): BOTH(MaxNum): return minMax(true, a, b);
  BOTH(Cmp): return compareFloats(inst, a, b);
  BOTH(IsNaN): BOTH(IsInf): return integer(0);
  BOTH(IsFinite): return integer(1);
  default: return unknown(Twine("no symbolic form of ") + infoOf(inst.op).name);
  }
#undef BOTH
  // clang-format on
}
