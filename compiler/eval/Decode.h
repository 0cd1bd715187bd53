// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decoder of element functions, private to this folder. Decode.cpp has the
// walk and control flow, DecodeArith.cpp and DecodeMath.cpp the op tables.
//
#ifndef WICK_COMPILER_EVAL_DECODE_H
#define WICK_COMPILER_EVAL_DECODE_H

#include "compiler/eval/Code.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"

#include <map>

namespace wick::compiler {

class Decoder {
public:
  explicit Decoder(std::string &why) : why(why) {}
  bool decodeFunction(mlir::func::FuncOp function);
  Code code;

private:
  // Every decode function returns false with `why` set when it cannot go on.
  bool decodeBlock(mlir::Block &block);
  bool decodeOp(mlir::Operation &op);
  bool decodeLoad(mlir::func::CallOp call);
  bool decodeIf(mlir::scf::IfOp op);
  bool decodeFor(mlir::scf::ForOp op);
  bool decodeWhile(mlir::scf::WhileOp op);
  bool decodeConstant(mlir::Operation &op);
  /// These say in `handled` whether the op is theirs.
  bool decodeArith(mlir::Operation &op, bool &handled);
  bool decodeCast(mlir::Operation &op, bool &handled);
  bool decodeMath(mlir::Operation &op, bool &handled);

  bool fail(const llvm::Twine &reason) {
    why = reason.str();
    return false;
  }
  uint32_t newReg() { return code.numRegs++; }
  uint32_t regOf(mlir::Value value) const { return regs.lookup(value); }
  ScalarType typeOf(mlir::Value value) const { return *scalarTypeOf(value.getType()); }
  uint32_t define(mlir::Value value) { return regs[value] = newReg(); }
  uint32_t emit(Opcode op, uint32_t a, uint32_t b = 0, uint32_t c = 0, int64_t imm = 0);
  void emitTo(uint32_t dst, Opcode op, uint32_t a, uint32_t b = 0, uint32_t c = 0, int64_t imm = 0);
  void emitMove(uint32_t dst, uint32_t src, ScalarType type);
  uint32_t constant(Lane lane, int64_t bits);

  /// Registers of an integer value in the form that an op reads: i1 as 0/-1 for
  /// signed ops, zero-extended for unsigned ones.
  uint32_t signedReg(mlir::Value value);
  uint32_t unsignedReg(mlir::Value value);
  /// Defines `result` by an integer op and brings it back to canonical form.
  void emitInt(mlir::Value result, Opcode op, uint32_t a, uint32_t b = 0, int64_t imm = 0);
  /// Brings a 64-bit integer to the canonical form of `width`, in place.
  void wrap(uint32_t reg, unsigned width);
  /// Defines `result` by a float op; `opF` names the F form, D follows it. Narrow
  /// floats are rounded unless the op is exact.
  void emitFloat(mlir::Value result, Opcode opF, uint32_t a, uint32_t b = 0, uint32_t c = 0, bool exact = false);

  std::string &why;
  llvm::DenseMap<mlir::Value, uint32_t> regs;
  std::map<std::pair<Lane, int64_t>, uint32_t> constants;
  unsigned depth = 0;
};

/// The F or D form of a float opcode.
inline Opcode floatOp(Opcode opF, ScalarType type) { return Opcode(unsigned(opF) + type.isDouble()); }
inline Lane laneOf(ScalarType type) { return !type.isFloat ? Lane::I : type.isDouble() ? Lane::D : Lane::F; }

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_DECODE_H
