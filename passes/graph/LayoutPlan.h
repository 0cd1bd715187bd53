// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which ops work on channels-last tensors: the decision part of --wick-layout,
// apart from the rewriting. A tensor of rank r >= 3 has two layouts: as the
// graph has it, or with dim 1 moved to the end.
//
#pragma once

#include "passes/graph/Build.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace wick::graph {

/// What an op asks of an operand when it works channels-last.
enum class Demand {
  Plain,   ///< the operand as the graph has it
  Same,    ///< channels-last too
  Lower,   ///< of lower rank, broadcast: dims of size 1 in front, then as Same
  Weights, ///< weights of a convolution, in their own order
};

/// [0, 2, ..., rank - 1, 1], and its inverse.
llvm::SmallVector<int64_t> toLast(int64_t rank);
llvm::SmallVector<int64_t> fromLast(int64_t rank);
/// The permutation of the transpose that does `perm` between tensors that are
/// stored channels-last or not.
llvm::SmallVector<int64_t> storedPerm(llvm::ArrayRef<int64_t> perm, bool fromIsLast, bool toIsLast);
/// Whether a transpose of these dims moves data (dims of size 1 do not count).
bool movesData(llvm::ArrayRef<mlir::AffineExpr> dims, llvm::ArrayRef<int64_t> perm);

class LayoutPlan {
public:
  /// Chooses layouts for all ops under `root`.
  explicit LayoutPlan(mlir::ModuleOp root);

  bool isLast(mlir::Operation *op) const { return last.contains(op); }
  /// Whether `v` is stored channels-last after the rewrite.
  bool isLast(mlir::Value v) const { return v.getDefiningOp() && last.contains(v.getDefiningOp()); }
  static Demand demandOf(mlir::OpOperand &use);

private:
  llvm::DenseSet<mlir::Operation *> last;
};

} // namespace wick::graph
