// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer instructions on shape expressions, and the dispatch. Integers are exact:
// a dim never wraps around. A rule may use the symbols' ranges, never guess.
//
#include "compiler/eval/SymbolicOps.h"

#include "llvm/ADT/Twine.h"

using namespace mlir;
using namespace wick::compiler;
using Kind = SymValue::Kind;

SymValue SymbolicOps::apply(const Inst &inst, const SymValue &a, const SymValue &b, const SymValue &c) {
  const OpInfo &info = infoOf(inst.op);
  auto lacks = [&](unsigned i, const SymValue &value) { return info.operands[i] != Lane::N && !value.isKnown(); };
  if (inst.op == Opcode::SelectI || inst.op == Opcode::SelectF || inst.op == Opcode::SelectD) {
    if (std::optional<int64_t> condition = constantOf(a))
      return *condition ? b : c;
    if (b.kind == Kind::Int && c.kind == Kind::Int && b.expr == c.expr)
      return b;
    return unknown("undecided condition of a select");
  }
  if (lacks(0, a) || lacks(1, b) || lacks(2, c))
    return partlyUnknown(inst, a, b, c);
  if (inst.op == Opcode::MovI || inst.op == Opcode::MovF || inst.op == Opcode::MovD || inst.op == Opcode::FToD ||
      inst.op == Opcode::DToF)
    return a;
  if (info.operands[0] == Lane::I && info.result == Lane::I && (!a.expr || (info.operands[1] != Lane::N && !b.expr)))
    return unknown("bits of a number that is no integer");
  if (info.operands[0] == Lane::I && info.result == Lane::I)
    return intOp(inst, a.expr, b.expr);
  return floatOp(inst, a, b);
}

/// Operands that decide the result whatever the others are.
SymValue SymbolicOps::partlyUnknown(const Inst &inst, const SymValue &a, const SymValue &b, const SymValue &c) {
  auto isValue = [](const SymValue &value, int64_t wanted) {
    std::optional<int64_t> constant = constantOf(value);
    return constant && *constant == wanted;
  };
  if ((inst.op == Opcode::AndI || inst.op == Opcode::MulI) && (isValue(a, 0) || isValue(b, 0)))
    return integer(0);
  if (inst.op == Opcode::OrI && inst.imm == 1 && (isValue(a, 1) || isValue(b, 1)))
    return integer(1);
  return unknown("an operand is not known");
}

SymValue SymbolicOps::divide(Opcode op, AffineExpr a, AffineExpr b) {
  if (math.simplify(b) == math.constant(0))
    return unknown("division by zero");
  AffineExpr exact = math.exactQuotient(a, b);
  bool isRemainder = op == Opcode::RemSI || op == Opcode::RemUI;
  if (exact)
    return isRemainder ? integer(0) : ofInt(exact);
  bool isUp = op == Opcode::CeilDivSI || op == Opcode::CeilDivUI;
  bool anySign = op == Opcode::FloorDivSI || op == Opcode::CeilDivSI;
  if (math.bounds(b).lo < 1)
    return unknown("division by a value that may not be positive");
  if (!anySign && math.bounds(a).lo < 0)
    return unknown("division of a value that may be negative");
  AffineExpr result = isRemainder ? math.mod(a, b) : isUp ? math.ceilDiv(a, b) : math.floorDiv(a, b);
  return ofInt(result);
}

SymValue SymbolicOps::shift(const Inst &inst, AffineExpr a, AffineExpr b) {
  auto amount = dyn_cast<AffineConstantExpr>(b);
  if (!amount || amount.getValue() < 0 || amount.getValue() > 62)
    return unknown("shift by an amount that is not known");
  AffineExpr factor = math.constant(int64_t(1) << amount.getValue());
  if (inst.op == Opcode::ShlI)
    return ofInt(a * factor);
  if (inst.op == Opcode::ShrUI && math.bounds(a).lo < 0)
    return unknown("unsigned shift of a value that may be negative");
  return ofInt(math.floorDiv(a, factor));
}

SymValue SymbolicOps::minMax(bool isMax, const SymValue &a, const SymValue &b) {
  bool isKnown = false;
  Bounds range = difference(a, b, isKnown);
  if (isKnown && range.hi <= 0)
    return isMax ? b : a;
  if (isKnown && range.lo >= 0)
    return isMax ? a : b;
  if (a.kind == Kind::Int && b.kind == Kind::Int && options.undecidedMinMax)
    if (AffineExpr fresh = options.undecidedMinMax(isMax, a.expr, b.expr)) {
      Bounds x = math.bounds(a.expr), y = math.bounds(b.expr);
      auto pick = [&](int64_t p, int64_t q) { return isMax ? std::max(p, q) : std::min(p, q); };
      auto symbol = dyn_cast<AffineSymbolExpr>(fresh);
      if (symbol && symbol.getPosition() >= options.ranges.size())
        math.setRange(symbol.getPosition(), {pick(x.lo, y.lo), pick(x.hi, y.hi)});
      return SymValue::integer(fresh);
    }
  return unknown("undecided min/max");
}

SymValue SymbolicOps::compareInts(Opcode op, AffineExpr a, AffineExpr b) {
  bool isUnsigned = op == Opcode::UltI || op == Opcode::UleI || op == Opcode::UgtI || op == Opcode::UgeI;
  if (isUnsigned && (math.bounds(a).lo < 0 || math.bounds(b).lo < 0))
    return unknown("undecided comparison (unsigned, of a value that may be negative)");
  Bounds range = math.bounds(a - b);
  bool never = range.lo > 0 || range.hi < 0, always = range.lo == 0 && range.hi == 0;
  auto decide = [&](bool yes, bool no) { return yes ? integer(1) : no ? integer(0) : unknown("undecided comparison"); };
  switch (op) {
  case Opcode::EqI:
    return decide(always, never);
  case Opcode::NeI:
    return decide(never, always);
  case Opcode::SltI:
  case Opcode::UltI:
    return decide(range.hi < 0, range.lo >= 0);
  case Opcode::SleI:
  case Opcode::UleI:
    return decide(range.hi <= 0, range.lo > 0);
  case Opcode::SgtI:
  case Opcode::UgtI:
    return decide(range.lo > 0, range.hi <= 0);
  default:
    return decide(range.lo >= 0, range.hi < 0);
  }
}

SymValue SymbolicOps::intOp(const Inst &inst, AffineExpr a, AffineExpr b) {
  switch (inst.op) {
  case Opcode::AddI:
    return ofInt(a + b);
  case Opcode::SubI:
    return ofInt(a - b);
  case Opcode::MulI:
    return ofInt(a * b);
  case Opcode::NegI:
    return ofInt(a * -1);
  case Opcode::SExt:
    return SymValue::integer(a);
  case Opcode::ZExt: {
    Bounds range = math.bounds(a);
    if (range.lo >= 0 && (inst.imm > 1 || range.hi <= 1))
      return SymValue::integer(a);
    return unknown("unsigned view of a value that may be negative");
  }
  case Opcode::AbsI: {
    Bounds range = math.bounds(a);
    if (range.lo >= 0)
      return SymValue::integer(a);
    return range.hi <= 0 ? ofInt(a * -1) : unknown("abs of a value of unknown sign");
  }
  case Opcode::DivSI:
  case Opcode::DivUI:
  case Opcode::RemSI:
  case Opcode::RemUI:
  case Opcode::FloorDivSI:
  case Opcode::CeilDivSI:
  case Opcode::CeilDivUI:
    return divide(inst.op, a, b);
  case Opcode::ShlI:
  case Opcode::ShrSI:
  case Opcode::ShrUI:
    return shift(inst, a, b);
  case Opcode::MinUI:
  case Opcode::MaxUI:
    if (math.bounds(a).lo < 0 || math.bounds(b).lo < 0)
      return unknown("undecided min/max (unsigned, of a value that may be negative)");
    [[fallthrough]];
  case Opcode::MinSI:
  case Opcode::MaxSI:
    return minMax(inst.op == Opcode::MaxSI || inst.op == Opcode::MaxUI, SymValue::integer(a), SymValue::integer(b));
  case Opcode::EqI:
  case Opcode::NeI:
  case Opcode::SltI:
  case Opcode::SleI:
  case Opcode::SgtI:
  case Opcode::SgeI:
  case Opcode::UltI:
  case Opcode::UleI:
  case Opcode::UgtI:
  case Opcode::UgeI:
    return compareInts(inst.op, a, b);
  case Opcode::AndI: {
    // A mask of low ones is a remainder, for negative values too.
    if (isa<AffineConstantExpr>(a))
      std::swap(a, b);
    auto mask = dyn_cast<AffineConstantExpr>(b);
    int64_t bits = mask ? mask.getValue() : -1;
    if (bits >= 0 && bits < INT64_MAX && (bits & (bits + 1)) == 0)
      return ofInt(math.mod(a, math.constant(bits + 1)));
    break;
  }
  case Opcode::IPowI: {
    auto exponent = dyn_cast<AffineConstantExpr>(b);
    if (!exponent || exponent.getValue() < 0 || exponent.getValue() > 8)
      break;
    AffineExpr power = math.constant(1);
    for (int64_t i = 0; i < exponent.getValue(); ++i)
      power = power * a;
    return ofInt(power);
  }
  default:
    break;
  }
  return unknown(Twine("no symbolic form of ") + infoOf(inst.op).name);
}
