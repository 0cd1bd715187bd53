// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes that convolutions and pools share, with auto_pad resolved.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_WINDOWS_H
#define WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_WINDOWS_H

#include "compiler/frontend/onnx/NodeImport.h"

namespace wick::compiler {

struct Window {
  llvm::SmallVector<int64_t> kernel; ///< empty when some tap count is open
  llvm::SmallVector<int64_t> strides, dilations;
  Exprs padsBegin, padsEnd; ///< may be symbolic with auto_pad
  Exprs sizes;              ///< spatial dims of the result (not for ConvTranspose)
  bool constantPads(llvm::SmallVectorImpl<int64_t> &begin, llvm::SmallVectorImpl<int64_t> &end) const;
};

/// Reads strides, dilations, pads, auto_pad and ceil_mode of a node for `spatial`
/// input dims. Empty after an error has been noted.
std::optional<Window> readWindow(NodeImport &n, llvm::ArrayRef<mlir::AffineExpr> spatial,
                                 llvm::ArrayRef<mlir::AffineExpr> kernel);
/// The taps along each spatial dim of weights [., ., ..taps] for x. Where kernel_shape
/// tells an open dim, that is a fact for the next import. Empty after an error has been noted.
std::optional<Exprs> tapsOf(NodeImport &n, mlir::Value x, mlir::Value w);
/// The convolution of x by w [M, C / group, ..taps] with the node's window; without bias.
mlir::Value convolve(NodeImport &n, mlir::Value x, mlir::Value w);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_WINDOWS_H
