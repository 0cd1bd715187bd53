// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of symbolic folding: integers that are affine (or product) expressions
// over the symbols of a model's dims, exact rationals of those, and plain floats.
//
#ifndef WICK_COMPILER_EVAL_SYMBOLICVALUE_H
#define WICK_COMPILER_EVAL_SYMBOLICVALUE_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Types.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <functional>
#include <utility>

namespace wick::compiler {

/// One scalar. Int: `expr`. Real: `expr / den`, den > 0, not constant. Float: a
/// number. Unknown: not expressible (also the default).
struct SymValue {
  enum class Kind : uint8_t { Unknown, Int, Real, Float };
  Kind kind = Kind::Unknown;
  mlir::AffineExpr expr;
  int64_t den = 1;
  double number = 0;

  static SymValue integer(mlir::AffineExpr expr) { return {Kind::Int, expr, 1, 0}; }
  static SymValue real(mlir::AffineExpr expr, int64_t den) { return {Kind::Real, expr, den, 0}; }
  static SymValue floating(double number) { return {Kind::Float, {}, 1, number}; }
  bool isKnown() const { return kind != Kind::Unknown; }
};

/// An input of a symbolic run: either `values` (row-major, one an element) or,
/// when `values` is empty, dense `data` as in TensorView.
struct SymTensor {
  mlir::Type elem;
  llvm::ArrayRef<int64_t> shape;
  llvm::ArrayRef<SymValue> values;
  const void *data = nullptr;
};

struct SymbolicOptions {
  mlir::MLIRContext *context = nullptr;
  /// Inclusive bounds of symbol i; INT64_MIN and INT64_MAX mean no bound, and so
  /// does a symbol past the end.
  llvm::ArrayRef<std::pair<int64_t, int64_t>> ranges;
  /// Asked for a min or max that the ranges do not decide; may return a fresh
  /// symbol that stands for it, or null to refuse.
  std::function<mlir::AffineExpr(bool isMax, mlir::AffineExpr, mlir::AffineExpr)> undecidedMinMax;
  /// Elements that cannot be expressed become Unknown instead of failing the run.
  bool partial = false;
};

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_SYMBOLICVALUE_H
