//===- TensorOps.td - families Reduce, Move, Window, Contract *- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops whose elements read several elements or other places of their operands.
// Sizes and offsets are affine maps over the module's symbols: `starts =
// affine_map<()[s0] -> (0, s0 - 1)>`. Bodies are in dialects/graph/ops.
//
//===----------------------------------------------------------------------===//
#ifndef WICK_TENSOR_OPS
#define WICK_TENSOR_OPS
include "dialects/graph/GraphBase.td"

class Wick_LanewiseOp<string mnemonic, list<Trait> traits = []>
    : Wick_ElementOp<mnemonic, [DeclareOpInterfaceMethods<ElementOpInterface, ["isLanewise"]>] # traits>;

//===-- Reduce --------------------------------------------------------------===//
def Wick_ReduceKind : I32EnumAttr<"ReduceKind", "combining function", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Prod", 1, "prod">,
    I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">]> { let cppNamespace = "::wick::graph"; }

def Wick_ReduceOp : Wick_LanewiseOp<"reduce"> {
  let summary = "Reduction over axes, which stay as dims of size 1";
  let description = [{The order of combination is unspecified but the same in every run. Over an empty axis the
    result is the neutral value: 0, 1, -inf or the least integer, +inf or the greatest.}];
  let arguments = (ins Wick_Tensor:$x, Wick_ReduceKind:$kind, DenseI64ArrayAttr:$axes);
  let examples = ["%r = wick.reduce %x {kind = 0 : i32, axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2x1xf32>"];
}
def Wick_ArgReduceOp : Wick_ElementOp<"arg_reduce"> {
  let summary = "Index (i64) of the greatest or least element along an axis, kept as a dim of size 1";
  let description = "The first such index, or the last with `last`; the first NaN wins.";
  let arguments = (ins Wick_Tensor:$x, I64Attr:$axis, UnitAttr:$max, UnitAttr:$last);
}

//===-- Move ----------------------------------------------------------------===//
def Wick_ReshapeOp : Wick_ElementOp<"reshape", [Wick_TakesCodes]> {
  let summary = "The same elements in row-major order under other dims; never moves data";
  let arguments = (ins Wick_Tensor:$x, AffineMapAttr:$dims);
  let hasFolder = 1; let hasCanonicalizer = 1;
}
def Wick_TransposeOp : Wick_LanewiseOp<"transpose", [Wick_TakesCodes]> {
  let summary = "result dim i is operand dim perm[i]";
  let arguments = (ins Wick_Tensor:$x, DenseI64ArrayAttr:$perm);
  let hasFolder = 1; let hasCanonicalizer = 1;
}
def Wick_ExpandOp : Wick_LanewiseOp<"expand", [Wick_TakesCodes]> {
  let summary = "Numpy broadcast to dims";
  let arguments = (ins Wick_Tensor:$x, AffineMapAttr:$dims);
  let hasFolder = 1;
}
def Wick_SliceOp : Wick_LanewiseOp<"slice", [Wick_TakesCodes]> {
  let summary = "result[i] = x[starts + i * steps]; starts lie inside x, steps may be negative";
  let arguments = (ins Wick_Tensor:$x, AffineMapAttr:$starts, AffineMapAttr:$sizes, DenseI64ArrayAttr:$steps);
  let hasFolder = 1;
}
def Wick_PadMode : I32EnumAttr<"PadMode", "what lies outside", [
    I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Edge", 1, "edge">,
    I32EnumAttrCase<"Reflect", 2, "reflect">, I32EnumAttrCase<"Wrap", 3, "wrap">]> { let cppNamespace = "::wick::graph"; }
def Wick_PadOp : Wick_LanewiseOp<"pad", [Wick_TakesCodes]> {
  let summary = "x with `low` elements before and `high` after each dim; negative amounts crop";
  let arguments = (ins Wick_Tensor:$x, Wick_Tensor:$value, AffineMapAttr:$low, AffineMapAttr:$high, Wick_PadMode:$mode);
}
def Wick_ConcatOp : Wick_LanewiseOp<"concat", [Wick_TakesCodes]> {
  let arguments = (ins Variadic<Wick_Tensor>:$xs, I64Attr:$axis);
  let hasFolder = 1;
}
def Wick_GatherOp : Wick_LanewiseOp<"gather", [Wick_TakesCodes]> {
  let summary = "Slices of x along an axis at indices; negative indices count from the end";
  let arguments = (ins Wick_Tensor:$x, Wick_Tensor:$indices, I64Attr:$axis);
}
def Wick_GatherElementsOp : Wick_ElementOp<"gather_elements", [Wick_TakesCodes]> {
  let arguments = (ins Wick_Tensor:$x, Wick_Tensor:$indices, I64Attr:$axis);
}
def Wick_GatherNdOp : Wick_ElementOp<"gather_nd", [Wick_TakesCodes]> {
  let summary = "Slices of x at index tuples (the last dim of indices), after batch_dims common dims";
  let arguments = (ins Wick_Tensor:$x, Wick_Tensor:$indices, DefaultValuedAttr<I64Attr, "0">:$batch_dims);
}
def Wick_TileOp : Wick_ElementOp<"tile", [Wick_TakesCodes]> {
  let summary = "x repeated along each dim";
  let arguments = (ins Wick_Tensor:$x, AffineMapAttr:$repeats);
}
def Wick_UpsampleOp : Wick_LanewiseOp<"upsample", [Wick_TakesCodes]> {
  let summary = "Nearest neighbour by whole factors: result[i] = x[i / factors]";
  let arguments = (ins Wick_Tensor:$x, DenseI64ArrayAttr:$factors);
}
def Wick_ReverseSequenceOp : Wick_ElementOp<"reverse_sequence", [Wick_TakesCodes]> {
  let summary = "Reverses the first lens[b] elements along time_axis";
  let arguments = (ins Wick_Tensor:$x, Wick_Tensor:$lens, I64Attr:$batch_axis, I64Attr:$time_axis);
}
def Wick_IotaOp : Wick_ElementOp<"iota"> {
  let summary = "start + i * delta; start and delta are scalars";
  let arguments = (ins Wick_Tensor:$start, Wick_Tensor:$delta, AffineMapAttr:$dims);
}
def Wick_DimsOp : Wick_ElementOp<"dims"> {
  let summary = "The values of expressions over symbols, as an i64 vector";
  let arguments = (ins AffineMapAttr:$values);
}

//===-- Window --------------------------------------------------------------===//
def Wick_PoolKind : I32EnumAttr<"PoolKind", "pooling function", [
    I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Avg", 1, "avg">,
    I32EnumAttrCase<"SumAbsPow", 2, "sum_abs_pow">, I32EnumAttrCase<"ArgMax", 3, "arg_max">]> { let cppNamespace = "::wick::graph"; }
def Wick_PoolOp : Wick_LanewiseOp<"pool"> {
  let summary = "Sliding window over the spatial dims";
  let description = [{`sizes` are the spatial result dims. `count_pad` makes the average count padded positions (those
    inside x plus pads). sum_abs_pow gives the sum of |x|^p (its root is a separate op), arg_max the flat index of the
    maximum in x with dims N, C, spatial (with `column_major`, in reversed spatial order).}];
  let arguments = (ins Wick_Tensor:$x, Wick_PoolKind:$kind, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                   DenseI64ArrayAttr:$pads_begin, DenseI64ArrayAttr:$pads_end, DenseI64ArrayAttr:$dilations,
                   AffineMapAttr:$sizes, UnitAttr:$count_pad, UnitAttr:$channels_last, UnitAttr:$column_major,
                   DefaultValuedAttr<I64Attr, "2">:$p);
}

//===-- Contract ------------------------------------------------------------===//
def Wick_MatmulOp : Wick_LanewiseOp<"matmul"> {
  let summary = "numpy.matmul of operands of rank >= 2";
  let description = [{`to` is the type of the products and sums, by default that of a.}];
  let arguments = (ins Wick_Tensor:$a, Wick_Tensor:$b, OptionalAttr<TypeAttr>:$to);
}
def Wick_ConvOp : Wick_LanewiseOp<"conv"> {
  let summary = "Convolution (correlation) over the spatial dims";
  let description = [{x is [N, C, spatial...] and w [O, C/groups, taps...]; with channels_last x is [N, spatial..., C]
    and w [taps..., C/groups, O]. The result is laid out as x. `to` as in matmul.}];
  let arguments = (ins Wick_Tensor:$x, Wick_Tensor:$w, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads_begin,
                   DenseI64ArrayAttr:$pads_end, DenseI64ArrayAttr:$dilations, I64Attr:$groups, UnitAttr:$channels_last,
                   OptionalAttr<TypeAttr>:$to);
}
def Wick_ConvTransposeOp : Wick_LanewiseOp<"conv_transpose"> {
  let summary = "Transposed convolution: the gradient of conv with respect to its input";
  let description = [{w is [C, O/groups, taps...]; with channels_last [taps..., C, O/groups]. `sizes` are the spatial
    result dims.}];
  let arguments = (ins Wick_Tensor:$x, Wick_Tensor:$w, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads_begin,
                   DenseI64ArrayAttr:$dilations, I64Attr:$groups, AffineMapAttr:$sizes, UnitAttr:$channels_last);
}

#endif // WICK_TENSOR_OPS
