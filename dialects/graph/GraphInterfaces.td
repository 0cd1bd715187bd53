//===- GraphInterfaces.td - what families promise ------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interfaces through which passes, folding and code generation see ops.
//
//===----------------------------------------------------------------------===//
#ifndef WICK_GRAPH_INTERFACES
#define WICK_GRAPH_INTERFACES

include "mlir/IR/OpBase.td"

def InferOpInterface : OpInterface<"InferOpInterface"> {
  let cppNamespace = "::wick::graph";
  let description = [{Result types from operand types, attributes and known elements; static, so
    that a builder can ask before the op exists.}];
  let methods = [
    StaticInterfaceMethod<"Append the result types to request.results, or explain in request.error.",
      "::llvm::LogicalResult", "inferTypes", (ins "::wick::graph::InferRequest &":$request)>
  ];
}

def ElementOpInterface : OpInterface<"ElementOpInterface"> {
  let cppNamespace = "::wick::graph";
  let description = [{One result element as a function of its index. The same body is interpreted by
    folding and compiled by the loops, row and epilogue emitters.}];
  let methods = [
    InterfaceMethod<[{Emit the element of result `result` at `index` (i64 values, one a dim). Operands
      are read with e.load(operand, index). In lane mode (e.lanes() > 1) the last index is that of
      lane 0 and the returned value is a vector.}],
      "::mlir::Value", "emitElement",
      (ins "::wick::graph::ElementEmitter &":$e, "unsigned":$result, "::mlir::ArrayRef<::mlir::Value>":$index)>,
    InterfaceMethod<[{Whether lanes along the last result dim read lanes along the last dim of every
      operand they read (or one element for all lanes): the op may be emitted in lane mode.}],
      "bool", "isLanewise", (ins), "", "return false;">
  ];
}

def ScalarOpInterface : OpInterface<"ScalarOpInterface"> {
  let cppNamespace = "::wick::graph";
  let description = [{Family Scalar: elementwise with broadcasting.}];
  let methods = [
    InterfaceMethod<"The body on scalars, or on vectors of equal length.",
      "::mlir::Value", "buildScalar", (ins "::wick::graph::ScalarBuilder &":$s, "::mlir::ValueRange":$args)>
  ];
}

#endif // WICK_GRAPH_INTERFACES
