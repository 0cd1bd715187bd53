// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How passes make graph ops: result types come from the ops' own type rules,
// so that no pass computes a shape by hand. Also the questions about constants
// and shapes that several passes ask. All functions are cheap and keep no state
// beyond the module's symbol table.
//
#pragma once

#include "dialects/graph/Graph.h"
#include "mlir/IR/Builders.h"

#include <optional>

namespace wick::graph {

/// The result types of op `name` for `operands` and `attrs`, by its type rule.
/// Fails, without a diagnostic, where the rule does; `why` then tells what.
/// New derived symbols are added to the table of the module around `block`.
llvm::FailureOr<llvm::SmallVector<mlir::Type>> inferResults(mlir::OperationName name, mlir::Block *block,
                                                            mlir::ValueRange operands, mlir::DictionaryAttr attrs,
                                                            std::string *why = nullptr);

/// Creates an Op whose result types its rule gives. The operands must fit:
/// a failing rule is a bug of the caller.
template <class Op>
Op build(mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange operands,
         llvm::ArrayRef<mlir::NamedAttribute> attrs = {}) {
  mlir::OperationName name(Op::getOperationName(), b.getContext());
  auto types = inferResults(name, b.getInsertionBlock(), operands, b.getDictionaryAttr(attrs));
  assert(succeeded(types) && "operands do not fit the op");
  return Op::create(b, loc, mlir::TypeRange(*types), operands, attrs);
}

inline mlir::RankedTensorType tensorType(mlir::Value v) { return mlir::cast<mlir::RankedTensorType>(v.getType()); }
inline int64_t rankOf(mlir::Value v) { return tensorType(v).getRank(); }
inline llvm::SmallVector<mlir::AffineExpr> dimsOf(mlir::Value v) { return dimsOf(v.getType()); }
inline mlir::Type elementOf(mlir::Value v) { return tensorType(v).getElementType(); }

/// Expressions as a map attribute with as many symbols as they use.
mlir::AffineMapAttr mapOf(mlir::MLIRContext *ctx, llvm::ArrayRef<mlir::AffineExpr> exprs);

/// `x` under other dims (of equally many elements); `x` itself where they are
/// its own.
mlir::Value reshapeTo(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> dims);
/// Result dim i is dim perm[i] of `x`; `x` itself for the identity.
mlir::Value transposeBy(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, llvm::ArrayRef<int64_t> perm);
/// A scalar (rank 0) constant of element type `elem`.
mlir::Value scalarConstant(mlir::OpBuilder &b, mlir::Location loc, mlir::Type elem, double value);

/// Whether `v` depends on constants and weights alone and has a static shape:
/// it is evaluated when the package is written and costs nothing in a run.
bool isWeightLike(mlir::Value v);
/// The value that all elements of a constant have; none for weights.
std::optional<double> splatOf(mlir::Value v);
/// Whether all dims of a tensor are 1 (rank 0 included).
bool isSingle(mlir::Value v);

/// How a reshape regroups dims: consecutive runs of `from` and `to` whose
/// products are equal, each as short as possible. Dims of size 1 belong to the
/// run before them, or to the first. None where the runs cannot be proven.
struct DimGroup {
  unsigned fromBegin, fromEnd, toBegin, toEnd;
};
std::optional<llvm::SmallVector<DimGroup>> groupDims(llvm::ArrayRef<mlir::AffineExpr> from,
                                                     llvm::ArrayRef<mlir::AffineExpr> to, mlir::MLIRContext *ctx);

} // namespace wick::graph
