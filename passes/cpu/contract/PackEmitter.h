// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packs a runtime matrix B into the panels that MatmulEmitter reads (QK^T, PV): the
// counterpart of packMatmulB for values.
//
#pragma once

#include "passes/cpu/contract/EmitUtil.h"

namespace wick::contract {

/// One matrix to pack; k and n are i64 values (constants give smaller code).
struct PackOperands {
  mlir::Value source; ///< !llvm.ptr
  mlir::Value stride; ///< floats from one row to the next: rows are k, or n if transposed
  mlir::Value packed; ///< !llvm.ptr, ceil(n/16) * k * 16 floats
};

/// Emits panels [begin, end) of a batch of matrices: unit u is panel u % panels of matrix
/// u / panels, with panels = ceil(n / 16). `transposed`: the source is [n, k], else [k, n].
/// `operandsOf(b, loc, batchIndex)` gives the pointers of one matrix.
void emitPack(mlir::OpBuilder &b, mlir::Location loc, bool transposed, mlir::Value begin, mlir::Value end,
              mlir::Value n, mlir::Value k,
              llvm::function_ref<PackOperands(mlir::OpBuilder &, mlir::Location, mlir::Value)> operandsOf);

} // namespace wick::contract
