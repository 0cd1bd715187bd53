// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Larger composites that frontends share, beside those of GraphBuilder: routines with
// their arguments worked out, einsum, recurrences, interpolation. Values may be null
// after an error of the builder, and so are results then. Not thread-safe, as the builder.
//
#ifndef WICK_COMPILER_FRONTEND_COMPOSITES_H
#define WICK_COMPILER_FRONTEND_COMPOSITES_H

#include "compiler/frontend/GraphBuilder.h"

namespace wick::compiler {

//===-- Vectors along a dim ------------------------------------------------===//

/// v [n] with n at dim `axis` of a tensor of `rank`, other dims 1.
mlir::Value alongDim(GraphBuilder &g, mlir::Value v, int64_t axis, int64_t rank);

//===-- Routines (CompositeRoutines.cpp) -----------------------------------===//

/// Running sums or products: `routine` is "cumsum" or "cumprod".
mlir::Value cumulative(GraphBuilder &g, mlir::Value x, int64_t axis, llvm::StringRef routine, bool exclusive = false,
                       bool reverse = false);
/// The k largest or smallest along an axis in order, with their places (i64). Equal
/// values keep their order, NaN counts as the largest.
std::pair<mlir::Value, mlir::Value> topK(GraphBuilder &g, mlir::Value x, int64_t axis, mlir::AffineExpr k,
                                         bool largest);
/// Places of all elements that are not 0: i64 [rank, count], a scalar counts as a vector
/// of one. The count is a new runtime symbol.
mlir::Value nonZero(GraphBuilder &g, mlir::Value x);
/// Slices along `axis` that differ (the whole is flattened before): values, places of
/// first ones [groups], group of each slice [n], counts [groups].
struct UniqueParts {
  mlir::Value values, first, inverse, counts;
};
UniqueParts unique(GraphBuilder &g, mlir::Value x, int64_t axis, bool sorted);
enum class ScatterKind { Set, Add, Mul, Min, Max };
/// out = x, then out[.., indices[i], ..] = updates[i] along an axis, i over indices.
mlir::Value scatterElements(GraphBuilder &g, mlir::Value x, mlir::Value indices, mlir::Value updates, int64_t axis,
                            ScatterKind kind);
/// The same at tuples: indices [.., depth], updates [.., the dims of x behind depth].
mlir::Value scatterNd(GraphBuilder &g, mlir::Value x, mlir::Value indices, mlir::Value updates, ScatterKind kind);
/// mode: 0 nearest, 1 linear, 2 cubic (two dims only); padding: 0 zeros, 1 border, 2 reflection.
mlir::Value gridSample(GraphBuilder &g, mlir::Value x, mlir::Value grid, int64_t mode, int64_t padding,
                       bool alignCorners);
struct RoiAlignParams {
  mlir::AffineExpr height, width;
  int64_t samplingRatio = 0; ///< 0: as many as the size asks for
  double scale = 1;
  bool max = false, halfPixel = true;
};
/// rois f [R, 4], batch i64 [R].
mlir::Value roiAlign(GraphBuilder &g, mlir::Value x, mlir::Value rois, mlir::Value batch, const RoiAlignParams &p);
/// boxes f32 [B, N, 4], scores f32 [B, C, N], the others one element each: i64 [selected, 3]
/// of batch, class, box.
mlir::Value nonMaxSuppression(GraphBuilder &g, mlir::Value boxes, mlir::Value scores, mlir::Value most, mlir::Value iou,
                              mlir::Value least, bool centerPointBox);
struct DftParams {
  mlir::AffineExpr length; ///< of the transform; the input is cut or filled with zeros
  bool inverse = false, onesided = false;
};
/// One axis; the last dim of x is 1 (real) or 2 (complex). Inverse transforms are divided by
/// the length; inverse and onesided gives real numbers.
mlir::Value dft(GraphBuilder &g, mlir::Value x, int64_t axis, const DftParams &p);
/// Sums blocks back into images: x [N, C * taps, L].
struct FoldParams {
  Exprs image, block, positions; ///< positions: places of a block along each dim
  llvm::SmallVector<int64_t> strides, dilations, padsBegin;
};
mlir::Value foldBlocks(GraphBuilder &g, mlir::Value x, const FoldParams &p);

//===-- Convolutions of open weights (CompositeConv.cpp) -------------------===//

/// Weights whose channels or taps only a run knows: windows are gathered by tables of
/// places and multiplied as a matrix. Slower than wick.conv, for any sizes.
struct OpenConv {
  llvm::SmallVector<int64_t> strides, dilations;
  Exprs padsBegin, sizes; ///< sizes: spatial dims of the result
  int64_t groups = 1;
  bool transposed = false; ///< w [C, M / groups, ..taps] instead of [M, C / groups, ..taps]
};
/// x [N, C, ..spatial]; floats or i32. That the weights fit is checked by the run.
mlir::Value convOpen(GraphBuilder &g, mlir::Value x, mlir::Value w, const OpenConv &p);

/// A convolution of two spatial dims that reads x at places which `offset` moves.
struct DeformConvParams {
  llvm::SmallVector<int64_t> strides, dilations, padsBegin, padsEnd; ///< two each
  int64_t groups = 1, offsetGroups = 1;
};
/// x [N, C, H, W], w [M, C / groups, KH, KW], offset [N, offsetGroups * KH * KW * 2, OH, OW] (y before
/// x), mask [N, offsetGroups * KH * KW, OH, OW] or null, bias [M] or null.
mlir::Value deformConv(GraphBuilder &g, mlir::Value x, mlir::Value w, mlir::Value offset, mlir::Value mask,
                       mlir::Value bias, const DeformConvParams &p);

//===-- Einsum (CompositeEinsum.cpp) ---------------------------------------===//

/// Null, with the builder's error, when the equation does not fit the operands.
mlir::Value einsum(GraphBuilder &g, llvm::StringRef equation, llvm::ArrayRef<mlir::Value> operands);

//===-- Interpolation (CompositeResample.cpp) ------------------------------===//

/// How one axis is resized. Names are those of ONNX Resize.
struct ResampleMode {
  std::string mode, coordinate, nearest;
  double cubicA, extrapolation;
  bool excludeOutside, antialias;
};
/// One axis: sizes, and as scalars of f64 the scale, the resized length before it is
/// rounded, and the region of interest.
struct ResampleAxis {
  int64_t axis;
  mlir::AffineExpr in, out;
  mlir::Value scale, length, start, end;
};
/// Floats only but for nearest.
mlir::Value resample(GraphBuilder &g, mlir::Value x, const ResampleMode &m, const ResampleAxis &a);
/// Positions outside the source take the extrapolation value (tf_crop_and_resize).
mlir::Value extrapolate(GraphBuilder &g, mlir::Value y, const ResampleMode &m, const ResampleAxis &a);

//===-- Quantization (CompositeRecurrent.cpp) ------------------------------===//

/// x as u8 by its range, which includes 0, with the scale (f32) and zero point of the
/// whole as scalars: ONNX DynamicQuantizeLinear.
struct DynamicCodes {
  mlir::Value codes, scale, zero;
};
DynamicCodes dynamicQuantize(GraphBuilder &g, mlir::Value x);

//===-- Recurrences (CompositeRecurrent.cpp) -------------------------------===//

enum class RecurrentCell { Lstm, Gru, Rnn };
/// One layer; each direction is one call of a routine (runtime/kernels/Routines.def has
/// its contract; gates are in ONNX's order).
struct Recurrence {
  RecurrentCell cell;
  int64_t gates, hidden, dirs, flags;
  mlir::AffineExpr seq, batch;
  mlir::Type elem;     ///< f32 or f64
  mlir::Value x;       ///< the input product with biases [seq * batch, dirs * gates * hidden]
  mlir::Value seqLens; ///< i64 [batch], or a dummy
  bool hasSeqLens, reverseOnly;
  double clip;
  Exprs activations; ///< (kind, alpha, beta) of f, g, h for each direction
};
/// A direction's operands: `recurrent` [gates * hidden, hidden]; states [batch, hidden],
/// rbh [hidden] and peephole [3 * hidden] may be null.
struct RecurrentParams {
  mlir::Value recurrent, rbh, h0, c0, peephole;
  /// LSTM whose state is quantized at each step: `recurrent` is i8 [hidden, 4 * hidden], and
  /// its columns have scales (f32) and zero points; `bias` is not in x. All [4 * hidden].
  mlir::Value scales, zeros, bias;
};
/// Y [seq, 1, batch, hidden], the last h and, for LSTM, c [batch, hidden].
llvm::SmallVector<mlir::Value> runRecurrence(GraphBuilder &g, const Recurrence &r, const RecurrentParams &p, int64_t d);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_COMPOSITES_H
