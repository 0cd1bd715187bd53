// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each instruction means on shape expressions, for operands that are not all
// numbers. Private to this folder.
//
#ifndef WICK_COMPILER_EVAL_SYMBOLICOPS_H
#define WICK_COMPILER_EVAL_SYMBOLICOPS_H

#include "compiler/eval/Code.h"
#include "compiler/eval/SymbolicMath.h"
#include "compiler/eval/SymbolicValue.h"

namespace wick::compiler {

class SymbolicOps {
public:
  explicit SymbolicOps(const SymbolicOptions &options) : options(options), math(options.context, options.ranges) {}

  /// The result of an instruction; Unknown with `reason` set when there is none.
  SymValue apply(const Inst &inst, const SymValue &a, const SymValue &b, const SymValue &c);
  SymValue integer(int64_t value) const { return SymValue::integer(math.constant(value)); }

  std::string reason; // of the first Unknown since it was last cleared

private:
  SymValue unknown(const llvm::Twine &why) {
    if (reason.empty())
      reason = why.str();
    return {};
  }
  SymValue ofInt(mlir::AffineExpr expr) { return SymValue::integer(math.simplify(expr)); }
  SymValue ofReal(mlir::AffineExpr expr, int64_t den);
  SymValue partlyUnknown(const Inst &inst, const SymValue &a, const SymValue &b, const SymValue &c);
  SymValue intOp(const Inst &inst, mlir::AffineExpr a, mlir::AffineExpr b);
  SymValue divide(Opcode op, mlir::AffineExpr a, mlir::AffineExpr b);
  SymValue shift(const Inst &inst, mlir::AffineExpr a, mlir::AffineExpr b);
  SymValue minMax(bool isMax, const SymValue &a, const SymValue &b);
  SymValue compareInts(Opcode op, mlir::AffineExpr a, mlir::AffineExpr b);
  SymValue floatOp(const Inst &inst, const SymValue &a, const SymValue &b);
  SymValue scale(const SymValue &a, const SymValue &b, bool isDouble);
  SymValue quotient(const SymValue &a, const SymValue &b);
  SymValue sum(const SymValue &a, const SymValue &b, int64_t sign);
  SymValue round(Opcode op, const SymValue &a);
  SymValue toInt(const SymValue &a);
  SymValue compareFloats(const Inst &inst, const SymValue &a, const SymValue &b);
  /// A number as numerator / denominator with a small denominator, or not at all.
  bool toRational(const SymValue &value, mlir::AffineExpr &num, int64_t &den);
  Bounds difference(const SymValue &a, const SymValue &b, bool &isKnown);

  const SymbolicOptions &options;
  ShapeMath math;
};

inline std::optional<int64_t> constantOf(const SymValue &value) {
  if (value.kind == SymValue::Kind::Int)
    if (auto constant = mlir::dyn_cast<mlir::AffineConstantExpr>(value.expr))
      return constant.getValue();
  return std::nullopt;
}
inline bool isNumber(const SymValue &value) {
  return value.kind == SymValue::Kind::Float || constantOf(value).has_value();
}

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_SYMBOLICOPS_H
