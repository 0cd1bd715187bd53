// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What If and the loops share.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_CONTROL_H
#define WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_CONTROL_H

#include "compiler/frontend/onnx/OnnxImporter.h"

namespace wick::compiler {

/// A known boolean or integer scalar.
std::optional<int64_t> decided(GraphBuilder &g, mlir::Value v);

/// wick.if over two branches that are imported into its regions; what they give in
/// common layouts. Empty when a branch gives nothing or the two do not fit; the caller
/// takes back what was made.
std::optional<llvm::SmallVector<Operand>>
emitIf(OnnxImporter &importer, mlir::Value cond,
       llvm::function_ref<std::optional<llvm::SmallVector<Operand>>(int)> branch);

void addLoopImporters(ImportTable &table);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_CONTROL_H
