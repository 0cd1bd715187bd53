//===- StructureOps.td - constants, routines, control, groups *- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that carry data into a graph, name routines of runtime/kernels, hold
// regions, or group other ops.
//
//===----------------------------------------------------------------------===//
#ifndef WICK_STRUCTURE_OPS
#define WICK_STRUCTURE_OPS
include "dialects/graph/GraphBase.td"

def Wick_ConstantOp : Wick_Op<"constant", [Pure, ConstantLike]> {
  let summary = "A small tensor held in the IR (up to 4 KB, or a folded result)";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Wick_Tensor:$result);
  let assemblyFormat = "attr-dict $value `:` type($result)";
  let hasFolder = 1;
}
def Wick_WeightOp : Wick_Op<"weight", [Pure]> {
  let summary = "A large tensor by reference: entry `id` of the compilation's weight store";
  let arguments = (ins StrAttr:$id);
  let results = (outs Wick_Tensor:$result);
  let assemblyFormat = "$id attr-dict `:` type($result)";
}
def Wick_RoutineOp : Wick_Op<"routine"> {
  let summary = "A routine of runtime/kernels";
  let description = [{`args` are its integer arguments in order, `units` what its range counts, `scratch` its
    scratch bytes a worker. See runtime/kernels/Routines.def.}];
  let arguments = (ins Variadic<Wick_Tensor>:$operands_, StrAttr:$name, AffineMapAttr:$args, AffineMapAttr:$units, AffineMapAttr:$scratch);
  let results = (outs Variadic<Wick_Tensor>:$results_);
}
def Wick_SizeOfOp : Wick_Op<"size_of"> {
  let summary = "Reads element `index` of an integer tensor on the host and binds it to symbol `symbol`";
  let description = [{Ops whose types use the symbol come after it. A value outside the symbol's range is an error
    that names the source node.}];
  let arguments = (ins Wick_Tensor:$x, I64Attr:$index, I64Attr:$symbol);
}
def Wick_AssertOp : Wick_Op<"assert"> {
  let summary = "Fails the run with `message` unless the boolean scalar is true";
  let arguments = (ins Wick_Tensor:$cond, StrAttr:$message);
}
def Wick_YieldOp : Wick_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let arguments = (ins Variadic<Wick_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}
def Wick_IfOp : Wick_Op<"if", [SingleBlock, NoRegionArguments]> {
  let summary = "One of two regions, by a boolean scalar";
  let arguments = (ins Wick_Tensor:$cond);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let results = (outs Variadic<Wick_Tensor>:$results_);
  let assemblyFormat = "$cond `then` $then_region `else` $else_region attr-dict `:` functional-type($cond, results)";
}
def Wick_LoopOp : Wick_Op<"loop", [SingleBlock]> {
  let summary = "ONNX-style loop: body(iteration, cond, carried...) yields (cond, carried..., scanned...)";
  let description = [{Runs while the condition holds and the iteration is below `trip` (a scalar i64; negative: no
    limit). Scanned values are stacked along a new first dim whose size is symbol `count` (or the static trip count).}];
  let arguments = (ins Wick_Tensor:$trip, Wick_Tensor:$cond, Variadic<Wick_Tensor>:$carried, I64Attr:$num_carried);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<Wick_Tensor>:$results_);
  let assemblyFormat = "$trip `,` $cond (`,` $carried^)? $body attr-dict `:` functional-type(operands, results)";
}
def Wick_KernelOp : Wick_Op<"kernel", [IsolatedFromAbove, SingleBlock]> {
  let summary = "A device-neutral group of ops that becomes one kernel";
  let description = [{`sources` are the source nodes; `why_ends` says why the group does not extend further.}];
  let arguments = (ins Variadic<Wick_Tensor>:$inputs, StrAttr:$strategy, ArrayAttr:$sources);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<Wick_Tensor>:$results_);
  let assemblyFormat = "$strategy `(` $inputs `)` $body attr-dict `:` functional-type($inputs, results)";
}

#endif // WICK_STRUCTURE_OPS
