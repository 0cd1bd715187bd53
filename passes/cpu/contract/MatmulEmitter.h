// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix product, f32 or of integers, with a fused epilogue:
//   C[b][m, n] = epilogue(sum over k of A[b][m, k] * B[b][k, n])
// A is row-major with a row stride; B is packed in panels [ceil(N/16)][K][16], zero
// filled (WeightPack.h for weights, PackEmitter.h for values). Pairs of i16 take the place
// of floats (Panels): K and the row stride then count pairs.
//
// The work of one matrix is cut into units = row blocks x panel groups, numbered so
// that consecutive units share a panel group, whose B stays in the second cache. Results
// do not depend on how units are spread over calls.
//
#pragma once

#include "passes/cpu/contract/Tile.h"

namespace wick::contract {

/// How a product is cut. The numbers are constants of the kernel; the schedule
/// computes the range from them: see units().
struct MatmulPlan {
  TileShape tile;
  int64_t rowsPerUnit;   ///< multiple of tile.rows
  int64_t panelsPerUnit; ///< multiple of cachePanels; 0: all panels in one unit
  int64_t cachePanels;   ///< panels that all rows of a unit pass before the next ones; 0: all

  /// Units of one matrix for known sizes (the formula the schedule must use):
  /// ceil(M / rowsPerUnit) * (panelsPerUnit ? ceil(ceil(N / 16) / panelsPerUnit) : 1).
  int64_t units(int64_t m, int64_t n) const;
};

/// Chooses the cut; -1 stands for a size not known when compiling.
MatmulPlan planMatmul(unsigned vectorBytes, int64_t m, int64_t n, int64_t k);

/// The operands of one product. Sizes are i64 values; constants among them (arith.constant)
/// give smaller code.
struct MatmulOperands {
  mlir::Value a;          ///< !llvm.ptr
  mlir::Value aRowStride; ///< floats
  mlir::Value packedB;    ///< !llvm.ptr
  mlir::Value m, n, k;
  Destination to;
  Panels panels = Panels::Floats;
};

/// Emits units [begin, end) of `batch` products. `operandsOf(b, loc, batchIndex)` gives
/// the operands of one; its m, n, k must not depend on the index, and unit
/// u belongs to batch u / units. Without a batch pass a function that ignores it.
void emitMatmul(mlir::OpBuilder &b, mlir::Location loc, const MatmulPlan &plan, mlir::Value begin, mlir::Value end,
                mlir::Value m, mlir::Value n, mlir::Value k,
                llvm::function_ref<MatmulOperands(mlir::OpBuilder &, mlir::Location, mlir::Value)> operandsOf);

} // namespace wick::contract
