// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Axes that are known at run time only. Sizes become runtime symbols read from small
// integer tensors made here; the number of axes may be open where no rank depends on it.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_AXES_H
#define WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_AXES_H

#include "compiler/frontend/onnx/NodeImport.h"

namespace wick::compiler {

/// `v` as a vector of `length` elements, which it must have: where its length is
/// open, the dim is taken to be that, and a run with another is refused.
mlir::Value ofLength(GraphBuilder &g, mlir::Value v, int64_t length);
/// Operand `k`, a vector whose length decides the rank of result 0: where the length is
/// open and the model declares that rank, a vector of lengthFor(rank) elements.
void closeLength(NodeImport &n, size_t k, llvm::function_ref<int64_t(int64_t)> lengthFor);
/// i64 [rank, k]: 1 where dim d is axes[k], negative axes counted from the end.
mlir::Value axisTable(GraphBuilder &g, mlir::Value axes, int64_t rank);
/// i64 [rank]: 1 for each dim that is among axes.
mlir::Value axisMask(GraphBuilder &g, mlir::Value axes, int64_t rank);
/// `values` [k] moved to the dims that axes names, `otherwise` elsewhere: i64 [rank].
mlir::Value spreadToDims(GraphBuilder &g, mlir::Value axes, mlir::Value values, int64_t rank, mlir::Value otherwise);
/// Number of set entries before each entry of a 0/1 vector of known length.
mlir::Value countBefore(GraphBuilder &g, mlir::Value flags);
/// The `keep` dims whose mask is 0, in order.
std::optional<Exprs> remainingDims(GraphBuilder &g, mlir::Value mask, llvm::ArrayRef<mlir::AffineExpr> dims,
                                   int64_t keep);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_AXES_H
