// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decodes the arith dialect. Integer registers hold sign-extended values (i1: 0
// or 1); an op that reads its operands otherwise gets converted copies, and each
// result that may leave its width is wrapped back.
//
#include "compiler/eval/Decode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wick::compiler;

uint32_t Decoder::signedReg(Value value) {
  return typeOf(value).width == 1 ? emit(Opcode::NegI, regOf(value)) : regOf(value);
}

uint32_t Decoder::unsignedReg(Value value) {
  unsigned width = typeOf(value).width;
  return width == 1 || width == 64 ? regOf(value) : emit(Opcode::ZExt, regOf(value), 0, 0, width);
}

void Decoder::wrap(uint32_t reg, unsigned width) {
  if (width != 64)
    emitTo(reg, width == 1 ? Opcode::ZExt : Opcode::SExt, reg, 0, 0, width);
}

void Decoder::emitInt(Value result, Opcode op, uint32_t a, uint32_t b, int64_t imm) {
  uint32_t reg = define(result);
  emitTo(reg, op, a, b, 0, imm);
  wrap(reg, typeOf(result).width);
}

void Decoder::emitFloat(Value result, Opcode opF, uint32_t a, uint32_t b, uint32_t c, bool exact) {
  ScalarType type = typeOf(result);
  uint32_t reg = define(result);
  emitTo(reg, floatOp(opF, type), a, b, c);
  if (type.isNarrowFloat() && !exact)
    emitTo(reg, Opcode::RoundFToFormat, reg, 0, 0, int64_t(type.format));
}

static std::optional<Opcode> signedOp(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::optional<Opcode>>(&op)
      .Case([](arith::AddIOp) { return Opcode::AddI; })
      .Case([](arith::SubIOp) { return Opcode::SubI; })
      .Case([](arith::MulIOp) { return Opcode::MulI; })
      .Case([](arith::DivSIOp) { return Opcode::DivSI; })
      .Case([](arith::RemSIOp) { return Opcode::RemSI; })
      .Case([](arith::FloorDivSIOp) { return Opcode::FloorDivSI; })
      .Case([](arith::CeilDivSIOp) { return Opcode::CeilDivSI; })
      .Case([](arith::MinSIOp) { return Opcode::MinSI; })
      .Case([](arith::MaxSIOp) { return Opcode::MaxSI; })
      .Default([](Operation *) { return std::nullopt; });
}

/// Ops that keep the canonical form whatever it is.
static std::optional<Opcode> bitwiseOp(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::optional<Opcode>>(&op)
      .Case([](arith::AndIOp) { return Opcode::AndI; })
      .Case([](arith::OrIOp) { return Opcode::OrI; })
      .Case([](arith::XOrIOp) { return Opcode::XorI; })
      .Default([](Operation *) { return std::nullopt; });
}

static std::optional<Opcode> unsignedOp(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::optional<Opcode>>(&op)
      .Case([](arith::DivUIOp) { return Opcode::DivUI; })
      .Case([](arith::RemUIOp) { return Opcode::RemUI; })
      .Case([](arith::CeilDivUIOp) { return Opcode::CeilDivUI; })
      .Case([](arith::MinUIOp) { return Opcode::MinUI; })
      .Case([](arith::MaxUIOp) { return Opcode::MaxUI; })
      .Default([](Operation *) { return std::nullopt; });
}

static std::optional<Opcode> floatOpOf(Operation &op, bool &exact) {
  exact = isa<arith::MinimumFOp, arith::MaximumFOp, arith::MinNumFOp, arith::MaxNumFOp, arith::NegFOp>(op);
  return llvm::TypeSwitch<Operation *, std::optional<Opcode>>(&op)
      .Case([](arith::AddFOp) { return Opcode::AddF; })
      .Case([](arith::SubFOp) { return Opcode::SubF; })
      .Case([](arith::MulFOp) { return Opcode::MulF; })
      .Case([](arith::DivFOp) { return Opcode::DivF; })
      .Case([](arith::RemFOp) { return Opcode::RemF; })
      .Case([](arith::NegFOp) { return Opcode::NegF; })
      .Case([](arith::MinimumFOp) { return Opcode::MinimumF; })
      .Case([](arith::MaximumFOp) { return Opcode::MaximumF; })
      .Case([](arith::MinNumFOp) { return Opcode::MinNumF; })
      .Case([](arith::MaxNumFOp) { return Opcode::MaxNumF; })
      .Default([](Operation *) { return std::nullopt; });
}

static Opcode compareOp(arith::CmpIPredicate predicate, bool &isUnsigned) {
  using P = arith::CmpIPredicate;
  isUnsigned = predicate >= P::ult;
  switch (predicate) {
  case P::eq:
    return Opcode::EqI;
  case P::ne:
    return Opcode::NeI;
  case P::slt:
    return Opcode::SltI;
  case P::sle:
    return Opcode::SleI;
  case P::sgt:
    return Opcode::SgtI;
  case P::sge:
    return Opcode::SgeI;
  case P::ult:
    return Opcode::UltI;
  case P::ule:
    return Opcode::UleI;
  case P::ugt:
    return Opcode::UgtI;
  case P::uge:
    return Opcode::UgeI;
  }
  return Opcode::EqI;
}

/// The outcomes for which a float predicate holds: 1 =, 2 <, 4 >, 8 unordered.
static int64_t compareSet(arith::CmpFPredicate predicate) {
  using P = arith::CmpFPredicate;
  switch (predicate) {
  case P::AlwaysFalse:
    return 0;
  case P::OEQ:
    return 1;
  case P::OGT:
    return 4;
  case P::OGE:
    return 5;
  case P::OLT:
    return 2;
  case P::OLE:
    return 3;
  case P::ONE:
    return 6;
  case P::ORD:
    return 7;
  case P::UEQ:
    return 9;
  case P::UGT:
    return 12;
  case P::UGE:
    return 13;
  case P::ULT:
    return 10;
  case P::ULE:
    return 11;
  case P::UNE:
    return 14;
  case P::UNO:
    return 8;
  case P::AlwaysTrue:
    return 15;
  }
  return 0;
}

bool Decoder::decodeArith(Operation &op, bool &handled) {
  auto operand = [&](unsigned i) { return op.getOperand(i); };
  if (std::optional<Opcode> code = bitwiseOp(op)) {
    emitTo(define(op.getResult(0)), *code, regOf(operand(0)), regOf(operand(1)), 0, typeOf(operand(0)).width);
    return true;
  }
  if (std::optional<Opcode> code = signedOp(op)) {
    emitInt(op.getResult(0), *code, signedReg(operand(0)), signedReg(operand(1)));
    return true;
  }
  if (std::optional<Opcode> code = unsignedOp(op)) {
    emitInt(op.getResult(0), *code, unsignedReg(operand(0)), unsignedReg(operand(1)));
    return true;
  }
  bool exact;
  if (std::optional<Opcode> code = floatOpOf(op, exact)) {
    emitFloat(op.getResult(0), *code, regOf(operand(0)), op.getNumOperands() > 1 ? regOf(operand(1)) : 0, 0, exact);
    return true;
  }
  if (isa<arith::ShLIOp, arith::ShRSIOp, arith::ShRUIOp>(op)) {
    bool left = isa<arith::ShLIOp>(op), arithmetic = isa<arith::ShRSIOp>(op);
    emitInt(op.getResult(0),
            left         ? Opcode::ShlI
            : arithmetic ? Opcode::ShrSI
                         : Opcode::ShrUI,
            arithmetic ? signedReg(operand(0)) : unsignedReg(operand(0)), unsignedReg(operand(1)),
            typeOf(operand(0)).width);
    return true;
  }
  if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    bool isUnsigned;
    Opcode code = compareOp(compare.getPredicate(), isUnsigned);
    auto read = [&](Value value) {
      bool asIs = code == Opcode::EqI || code == Opcode::NeI;
      return asIs ? regOf(value) : isUnsigned ? unsignedReg(value) : signedReg(value);
    };
    uint32_t a = read(operand(0)), b = read(operand(1));
    emitTo(define(op.getResult(0)), code, a, b);
    return true;
  }
  if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
    emitTo(define(op.getResult(0)), floatOp(Opcode::CmpF, typeOf(operand(0))), regOf(operand(0)), regOf(operand(1)), 0,
           compareSet(compare.getPredicate()));
    return true;
  }
  if (isa<arith::SelectOp>(op)) {
    ScalarType type = typeOf(op.getResult(0));
    Opcode code = type.isFloat ? floatOp(Opcode::SelectF, type) : Opcode::SelectI;
    emitTo(define(op.getResult(0)), code, regOf(operand(0)), regOf(operand(1)), regOf(operand(2)));
    return true;
  }
  if (isa<arith::AddUIExtendedOp>(op)) {
    unsigned width = typeOf(operand(0)).width;
    uint32_t a = unsignedReg(operand(0)), b = unsignedReg(operand(1));
    emitInt(op.getResult(0), Opcode::AddI, a, b);
    emitTo(define(op.getResult(1)), Opcode::AddUCarry, a, b, 0, width);
    return true;
  }
  if (isa<arith::MulSIExtendedOp, arith::MulUIExtendedOp>(op)) {
    bool isSigned = isa<arith::MulSIExtendedOp>(op);
    uint32_t a = isSigned ? signedReg(operand(0)) : unsignedReg(operand(0));
    uint32_t b = isSigned ? signedReg(operand(1)) : unsignedReg(operand(1));
    emitInt(op.getResult(0), Opcode::MulI, a, b);
    emitInt(op.getResult(1), isSigned ? Opcode::MulSHigh : Opcode::MulUHigh, a, b, typeOf(operand(0)).width);
    return true;
  }
  handled = false;
  return true;
}

bool Decoder::decodeCast(Operation &op, bool &handled) {
  if (op.getNumOperands() != 1 || op.getNumResults() != 1) {
    handled = false;
    return true;
  }
  Value in = op.getOperand(0), out = op.getResult(0);
  ScalarType from = typeOf(in), to = typeOf(out);
  if (isa<arith::ExtSIOp, arith::IndexCastOp>(op)) {
    emitInt(out, Opcode::MovI, signedReg(in));
  } else if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op)) {
    emitInt(out, Opcode::MovI, unsignedReg(in));
  } else if (isa<arith::TruncIOp>(op)) {
    emitInt(out, Opcode::MovI, regOf(in));
  } else if (isa<arith::SIToFPOp, arith::UIToFPOp>(op)) {
    bool isSigned = isa<arith::SIToFPOp>(op);
    uint32_t a = isSigned ? signedReg(in) : unsignedReg(in);
    uint32_t reg = define(out);
    if (to.isNarrowFloat())
      emitTo(reg, Opcode::RoundDToFormat, emit(isSigned ? Opcode::SIToD : Opcode::UIToD, a), 0, 0, int64_t(to.format));
    else
      emitTo(reg, floatOp(isSigned ? Opcode::SIToF : Opcode::UIToF, to), a);
  } else if (isa<arith::FPToSIOp>(op)) {
    emitInt(out, from.isDouble() ? Opcode::DToSI : Opcode::FToSI, regOf(in), 0, to.width);
  } else if (isa<arith::FPToUIOp>(op)) {
    emitInt(out, from.isDouble() ? Opcode::DToUI : Opcode::FToUI, regOf(in), 0, to.width);
  } else if (isa<arith::ExtFOp>(op)) {
    if (to.isDouble() && !from.isDouble())
      emitTo(define(out), Opcode::FToD, regOf(in));
    else
      regs[out] = regOf(in); // narrow floats are floats already
  } else if (isa<arith::TruncFOp>(op)) {
    if (to.isNarrowFloat())
      emitTo(define(out), from.isDouble() ? Opcode::RoundDToFormat : Opcode::RoundFToFormat, regOf(in), 0, 0,
             int64_t(to.format));
    else
      emitTo(define(out), Opcode::DToF, regOf(in));
  } else if (isa<arith::BitcastOp>(op)) {
    if (from.isFloat == to.isFloat && from == to) {
      regs[out] = regOf(in);
      return true;
    }
    uint32_t bits = regOf(in);
    if (from.isFloat)
      bits = from.isDouble() ? emit(Opcode::BitsOfD, bits) : emit(Opcode::BitsOfF, bits, 0, 0, int64_t(from.format));
    if (to.isFloat)
      emitTo(define(out), to.isDouble() ? Opcode::DOfBits : Opcode::FOfBits, bits, 0, 0, int64_t(to.format));
    else
      emitInt(out, Opcode::MovI, bits);
  } else {
    handled = false;
  }
  return true;
}
