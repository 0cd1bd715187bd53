// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Symbolic dims. A tensor type whose dims are not all constants carries an
// affine map `()[s0, ...] -> (dim, ...)` as its encoding; symbol k is described
// by entry k of the module attribute `wick.symbols`. Two dims are provably equal
// when their simplified expressions are the same.
//
#pragma once

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>
#include <string>

namespace wick::graph {

/// The dims of a ranked tensor type as expressions over symbols.
llvm::SmallVector<mlir::AffineExpr> dimsOf(mlir::Type type);
mlir::AffineExpr dimOf(mlir::Type type, unsigned dim);

/// A tensor type of the given dims; static when all are constants.
mlir::RankedTensorType tensorOf(mlir::Type elem, llvm::ArrayRef<mlir::AffineExpr> dims);

/// Simplified form of an expression over symbols; canonical enough for
/// equality to be pointer equality in the cases that occur in shapes.
mlir::AffineExpr simplify(mlir::AffineExpr expr);
std::optional<int64_t> constantOf(mlir::AffineExpr expr);
bool isConstant(mlir::AffineExpr expr, int64_t value);
bool provablyEqual(mlir::AffineExpr a, mlir::AffineExpr b);
/// The product of dims (1 for rank 0).
mlir::AffineExpr product(llvm::ArrayRef<mlir::AffineExpr> dims, mlir::MLIRContext *ctx);

/// A symbol's description. Named symbols are dims of the inputs; derived ones
/// are functions of two expressions; runtime ones are read from a tensor by
/// `wick.size_of`.
struct SymbolInfo {
  enum class Kind { Named, Max, Min, Broadcast, Runtime };
  Kind kind = Kind::Named;
  std::string name;                 ///< Named: as in the model
  int64_t min = 0, max = INT64_MAX; ///< inclusive range of values
  mlir::AffineExpr lhs, rhs;        ///< derived: the operands
};

/// The largest dim that a model may be given unless its range says more. Models
/// write "to the end" as 2^31 - 1, 10^9 and the like; a bound below those makes
/// such slices whole again.
constexpr int64_t maxDim = int64_t(1) << 29;

/// The symbol table of a module while it is being built.
class Symbols {
public:
  explicit Symbols(mlir::MLIRContext *ctx) : ctx(ctx) {}
  /// Reads the table of a module (empty when it has none).
  static Symbols of(mlir::ModuleOp module);
  void saveTo(mlir::ModuleOp module) const;

  mlir::AffineExpr named(llvm::StringRef name, int64_t min = 0, int64_t max = maxDim);
  mlir::AffineExpr runtime(int64_t min = 0, int64_t max = maxDim);
  mlir::AffineExpr max(mlir::AffineExpr a, mlir::AffineExpr b);
  mlir::AffineExpr min(mlir::AffineExpr a, mlir::AffineExpr b);
  /// The dim that `a` and `b` broadcast to: b where a is 1, else a.
  mlir::AffineExpr broadcast(mlir::AffineExpr a, mlir::AffineExpr b);

  /// Bounds of an expression by interval arithmetic.
  std::pair<int64_t, int64_t> range(mlir::AffineExpr expr) const;

  llvm::ArrayRef<SymbolInfo> all() const { return infos; }
  const SymbolInfo &operator[](unsigned k) const { return infos[k]; }
  mlir::MLIRContext *context() const { return ctx; }

private:
  mlir::AffineExpr derived(SymbolInfo::Kind kind, mlir::AffineExpr a, mlir::AffineExpr b, int64_t lo, int64_t hi);
  mlir::MLIRContext *ctx;
  llvm::SmallVector<SymbolInfo> infos;
};

} // namespace wick::graph
