// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decodes the math dialect. Ops whose result is always representable in the
// operand's format (abs, floor, copysign, ...) are not rounded again.
//
#include "compiler/eval/Decode.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wick::compiler;

static std::optional<Opcode> elementaryOp(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::optional<Opcode>>(&op)
      .Case([](math::ExpOp) { return Opcode::ExpF; })
      .Case([](math::Exp2Op) { return Opcode::Exp2F; })
      .Case([](math::ExpM1Op) { return Opcode::ExpM1F; })
      .Case([](math::LogOp) { return Opcode::LogF; })
      .Case([](math::Log2Op) { return Opcode::Log2F; })
      .Case([](math::Log10Op) { return Opcode::Log10F; })
      .Case([](math::Log1pOp) { return Opcode::Log1pF; })
      .Case([](math::SqrtOp) { return Opcode::SqrtF; })
      .Case([](math::RsqrtOp) { return Opcode::RsqrtF; })
      .Case([](math::CbrtOp) { return Opcode::CbrtF; })
      .Case([](math::SinOp) { return Opcode::SinF; })
      .Case([](math::CosOp) { return Opcode::CosF; })
      .Case([](math::TanOp) { return Opcode::TanF; })
      .Case([](math::AsinOp) { return Opcode::AsinF; })
      .Case([](math::AcosOp) { return Opcode::AcosF; })
      .Case([](math::AtanOp) { return Opcode::AtanF; })
      .Case([](math::SinhOp) { return Opcode::SinhF; })
      .Case([](math::CoshOp) { return Opcode::CoshF; })
      .Case([](math::TanhOp) { return Opcode::TanhF; })
      .Case([](math::AsinhOp) { return Opcode::AsinhF; })
      .Case([](math::AcoshOp) { return Opcode::AcoshF; })
      .Case([](math::AtanhOp) { return Opcode::AtanhF; })
      .Case([](math::ErfOp) { return Opcode::ErfF; })
      .Case([](math::ErfcOp) { return Opcode::ErfcF; })
      .Case([](math::PowFOp) { return Opcode::PowF; })
      .Case([](math::Atan2Op) { return Opcode::Atan2F; })
      .Case([](math::FmaOp) { return Opcode::FmaF; })
      .Default([](Operation *) { return std::nullopt; });
}

static std::optional<Opcode> exactOp(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::optional<Opcode>>(&op)
      .Case([](math::AbsFOp) { return Opcode::AbsF; })
      .Case([](math::FloorOp) { return Opcode::FloorF; })
      .Case([](math::CeilOp) { return Opcode::CeilF; })
      .Case([](math::RoundOp) { return Opcode::RoundF; })
      .Case([](math::RoundEvenOp) { return Opcode::RoundEvenF; })
      .Case([](math::TruncOp) { return Opcode::TruncF; })
      .Case([](math::CopySignOp) { return Opcode::CopySignF; })
      .Default([](Operation *) { return std::nullopt; });
}

static std::optional<Opcode> predicateOp(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::optional<Opcode>>(&op)
      .Case([](math::IsNaNOp) { return Opcode::IsNaNF; })
      .Case([](math::IsInfOp) { return Opcode::IsInfF; })
      .Case([](math::IsFiniteOp) { return Opcode::IsFiniteF; })
      .Case([](math::IsNormalOp) { return Opcode::IsNormalF; })
      .Default([](Operation *) { return std::nullopt; });
}

bool Decoder::decodeMath(Operation &op, bool &handled) {
  auto reg = [&](unsigned i) { return i < op.getNumOperands() ? regOf(op.getOperand(i)) : 0; };
  if (std::optional<Opcode> elementary = elementaryOp(op)) {
    emitFloat(op.getResult(0), *elementary, reg(0), reg(1), reg(2));
    return true;
  }
  if (std::optional<Opcode> exact = exactOp(op)) {
    emitFloat(op.getResult(0), *exact, reg(0), reg(1), 0, /*exact=*/true);
    return true;
  }
  if (std::optional<Opcode> predicate = predicateOp(op)) {
    ScalarType type = typeOf(op.getOperand(0));
    emitTo(define(op.getResult(0)), floatOp(*predicate, type), reg(0), 0, 0, int64_t(type.format));
    return true;
  }
  if (auto clamp = dyn_cast<math::ClampFOp>(op)) {
    // max then min, which lets NaN through.
    ScalarType type = typeOf(op.getResult(0));
    uint32_t low = emit(floatOp(Opcode::MaximumF, type), regOf(clamp.getValue()), regOf(clamp.getMin()));
    emitTo(define(op.getResult(0)), floatOp(Opcode::MinimumF, type), low, regOf(clamp.getMax()));
    return true;
  }
  if (isa<math::SincosOp>(op)) {
    emitFloat(op.getResult(0), Opcode::SinF, reg(0));
    emitFloat(op.getResult(1), Opcode::CosF, reg(0));
    return true;
  }
  if (isa<math::FPowIOp>(op)) {
    emitFloat(op.getResult(0), Opcode::FPowIF, reg(0), signedReg(op.getOperand(1)));
    return true;
  }
  if (isa<math::IPowIOp>(op)) {
    emitInt(op.getResult(0), Opcode::IPowI, signedReg(op.getOperand(0)), signedReg(op.getOperand(1)));
    return true;
  }
  if (isa<math::AbsIOp>(op)) {
    emitInt(op.getResult(0), Opcode::AbsI, signedReg(op.getOperand(0)));
    return true;
  }
  if (isa<math::CtPopOp, math::CountLeadingZerosOp, math::CountTrailingZerosOp>(op)) {
    Opcode count = isa<math::CtPopOp>(op)               ? Opcode::CtPop
                   : isa<math::CountLeadingZerosOp>(op) ? Opcode::CtLz
                                                        : Opcode::CtTz;
    emitInt(op.getResult(0), count, unsignedReg(op.getOperand(0)), 0, typeOf(op.getOperand(0)).width);
    return true;
  }
  handled = false;
  return true;
}
