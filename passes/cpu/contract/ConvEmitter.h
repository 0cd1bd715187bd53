// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Direct convolution, f32 or of integers, on channels-last tensors, 1-D to 3-D, with a fused epilogue:
// input [N, D, H, W, C], output [N, OD, OH, OW, OC], weights packed by packConv (or
// packDepthwise). 2-D passes D = OD = 1 and kernel depth 1, 1-D also H = OH = 1.
//
// A unit is (group, panel group, n, od, oh, block of ow), the last fastest. Padding is
// never materialized: rows of taps outside the input are skipped, and tiles at the
// border take columns outside it from a row of zeros. Results do not depend on how
// units are spread over calls.
//
// A 1 x 1 kernel with stride 1 and no padding is a matmul over N * OD * OH * OW rows:
// use MatmulEmitter (packConv's layout equals packMatmulB's there, one group).
//
#pragma once

#include "passes/cpu/contract/Tile.h"

namespace wick::contract {

/// What is baked into the kernel. Arrays are (depth, height, width).
struct ConvSpec {
  int64_t c, oc, groups = 1;
  int64_t kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1};
  /// False promises that no tap ever falls outside the input.
  bool padded = true;
  /// Pairs of i16: c counts pairs, and there is one group.
  Panels panels = Panels::Floats;

  bool isDepthwise() const { return !arePairs(panels) && groups == c && c > 1 && oc % c == 0; }
  bool isMatmul() const;
};

/// How the work is cut; see units().
struct ConvPlan {
  TileShape tile;         ///< rows: output pixels of one row of the output
  int64_t panelsPerUnit;  ///< panels of a group (depthwise: of all channels) in one unit
  int64_t columnsPerUnit; ///< output columns in one unit
  int64_t staticWidth;    ///< OW if known when compiling, else -1

  /// The formula the schedule must use; `rows` = N * OD * OH:
  /// groupsOrOne * ceil(panels / panelsPerUnit) * rows * ceil(OW / columnsPerUnit), with
  /// panels = ceil(OC / groups / 16), or for depthwise ceil(OC / 16) and one group.
  int64_t units(const ConvSpec &spec, int64_t rows, int64_t ow) const;
};

/// Chooses the cut of either kind; `ow` is -1 if not known when compiling.
ConvPlan planConv(unsigned vectorBytes, const ConvSpec &spec, int64_t ow);

/// i64 values; constants give smaller code.
struct ConvOperands {
  mlir::Value input, weights; ///< !llvm.ptr
  mlir::Value n, in[3], out[3];
  mlir::Value padBefore[3];
  /// base, rowStride (usually OC); `row` in callbacks is the flat output pixel
  /// ((n * OD + od) * OH + oh) * OW + ow, `col` the output channel, batch is null.
  Destination to;
};

/// Emits units [begin, end). Must be called inside a function of a module (a constant
/// row of zeros is added to the module). Depthwise specs take packDepthwise's layout,
/// all others packConv's.
void emitConv(mlir::OpBuilder &b, mlir::Location loc, const ConvSpec &spec, const ConvPlan &plan,
              const ConvOperands &op, mlir::Value begin, mlir::Value end);

} // namespace wick::contract
