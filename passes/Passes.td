//===- Passes.td - the pass registry -------------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One record a pass. Record `FoldScale` has flag --wick-fold-scale, lives in
// passes/<group>/FoldScale.cpp and is tested by test/passes/<group>/fold-scale.mlir.
//
//===----------------------------------------------------------------------===//
#ifndef WICK_PASSES
#define WICK_PASSES

include "mlir/Pass/PassBase.td"

//===-- graph: clean-up of captured graphs ----------------------------------===//

def Simplify : Pass<"wick-simplify", "::mlir::ModuleOp"> {
  let summary = "Algebraic and shape clean-up of tensor ops";
  let description = [{
    Removes ops that change nothing, joins chains of moves (reshape, slice,
    concat, cast), replaces powers by products and roots, and recognizes
    activations that exporters spell out. Values stay within normal rounding.

    ```mlir
    %half = wick.constant dense<0.5> : tensor<f32>
    %y = wick.pow %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    // becomes
    %y = wick.sqrt %x : (tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::wick::graph::WickDialect"];
}

def FoldScale : Pass<"wick-fold-scale", "::mlir::ModuleOp"> {
  let summary = "Scale factors and shifts after conv and matmul go into weights and one bias";
  let description = [{
    A per-channel constant factor after a contraction with constant weights
    multiplies the weights instead; constant shifts join into one add. The new
    weights are ops on weights, which are evaluated when a package is written.
    A contraction whose plain result has other uses stays.

    ```mlir
    %c = wick.conv %x, %w {...} : ... -> tensor<1x8x5x5xf32>
    %m = wick.mul %c, %s : (tensor<1x8x5x5xf32>, tensor<8x1x1xf32>) -> ...
    // becomes
    %t = wick.reshape %s {...} : (tensor<8x1x1xf32>) -> tensor<8x1x1x1xf32>
    %v = wick.mul %w, %t : (tensor<8x3x3x3xf32>, tensor<8x1x1x1xf32>) -> ...
    %m = wick.conv %x, %v {...} : ... -> tensor<1x8x5x5xf32>
    ```
  }];
  let dependentDialects = ["::wick::graph::WickDialect"];
}

def NarrowProducts : Pass<"wick-narrow-products", "::mlir::ModuleOp"> {
  let summary = "Products of 8-bit integers multiply 16-bit numbers, not 32-bit ones";
  let description = [{
    A matmul or conv of i32 whose operands are integers of 8 bits, or differences of two,
    takes them as i16 and still sums in i32: half the memory, and two products an
    instruction. The weights must be constant, and the channels or inner dim even.

    ```mlir
    %x = wick.cast %a {to = i32} : (tensor<4x8xui8>) -> tensor<4x8xi32>
    %z = wick.cast %zero {to = i32} : (tensor<ui8>) -> tensor<i32>
    %d = wick.sub %x, %z : (tensor<4x8xi32>, tensor<i32>) -> tensor<4x8xi32>
    %v = wick.cast %w {to = i32} : (tensor<8x3xi8>) -> tensor<8x3xi32>
    %y = wick.matmul %d, %v : (tensor<4x8xi32>, tensor<8x3xi32>) -> tensor<4x3xi32>
    // becomes, with casts to i16
    %y = wick.matmul %d, %v {to = i32} : (tensor<4x8xi16>, tensor<8x3xi16>) -> tensor<4x3xi32>
    ```
  }];
  let dependentDialects = ["::wick::graph::WickDialect"];
}

def HalfProducts : Pass<"wick-half-products", "::mlir::ModuleOp"> {
  let summary = "Products of 16-bit floats are those of f32 with rounded results";
  let description = [{
    matmul and conv of f16 or bf16 compute in f32 and round once. Stated so, they get the kernels of
    f32; constant weights stay in 16 bits there and are widened as they are loaded.

    ```mlir
    %y = wick.matmul %x, %w : (tensor<4x8xf16>, tensor<8x3xf16>) -> tensor<4x3xf16>
    // becomes
    %a = wick.cast %x {to = f32} : (tensor<4x8xf16>) -> tensor<4x8xf32>
    %b = wick.cast %w {to = f32} : (tensor<8x3xf16>) -> tensor<8x3xf32>
    %s = wick.matmul %a, %b : (tensor<4x8xf32>, tensor<8x3xf32>) -> tensor<4x3xf32>
    %y = wick.cast %s {to = f16} : (tensor<4x3xf32>) -> tensor<4x3xf16>
    ```
  }];
  let dependentDialects = ["::wick::graph::WickDialect"];
}

//===-- layout --------------------------------------------------------------===//

def Layout : Pass<"wick-layout", "::mlir::ModuleOp"> {
  let summary = "Convolution and pooling with channels last, and few transposes";
  let description = [{
    conv, conv_transpose and pool (but not arg_max) take channels-last tensors.
    Every op between them that works in either layout gets the one that moves
    the least memory: a minimum cut over the whole function, weighted by bytes.
    Weights become [taps..., C/g, O] by transposes on weights, which cost
    nothing at run time.

    ```mlir
    %y = wick.conv %x, %w {...} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> ...
    %z = wick.relu %y : ...
    // becomes
    %t = wick.transpose %x {perm = array<i64: 0, 2, 3, 1>} : ...
    %v = wick.transpose %w {perm = array<i64: 2, 3, 1, 0>} : ...
    %y = wick.conv %t, %v {..., channels_last} : ...
    %z = wick.relu %y : ...
    %r = wick.transpose %z {perm = array<i64: 0, 3, 1, 2>} : ...
    ```
  }];
  let options = [
    Option<"remarks", "remarks", "bool", "false", "Emit a remark for each transpose that stays">
  ];
  let statistics = [
    Statistic<"transposesLeft", "transposes-left", "Transposes of run-time values after the pass">
  ];
  let dependentDialects = ["::wick::graph::WickDialect"];
}

//===-- fuse ----------------------------------------------------------------===//

def FuseGroups : Pass<"wick-fuse-groups", "::mlir::ModuleOp"> {
  let summary = "outline ops that share a kernel into wick.kernel";
  let description = [{
    ```mlir
    %1 = wick.conv %x, %w ...            %2 = wick.kernel "contract"(%x, %w, %b) {
    %2 = wick.add %1, %b        ->         ...
                                         } {sources = ["Conv_0", "Add_1"]}
    ```
    Groups have one root; every use of a member lies inside its group. Ops on
    weights alone stay outside: they are evaluated when the package is written.
  }];
  let options = [Option<"remarks", "remarks", "bool", "false", "say for each kernel why it does not extend further">,
                 Option<"apart", "apart", "bool", "false", "give every op a kernel of its own">];
}

//===-- lower ---------------------------------------------------------------===//

//===-- cpu -----------------------------------------------------------------===//

//===-- check: contracts of the phases --------------------------------------===//

def CheckLocations : Pass<"wick-check-locations", "::mlir::ModuleOp"> {
  let summary = "Every op carries a source name";
  let description = "Reports each graph op whose location holds no name; the importers name values `node:output`.";
}

def CheckImport : Pass<"wick-check-import", "::mlir::ModuleOp"> {
  let summary = "What import promises: ranked tensors, only graph and func ops";
}

def CheckGraph : Pass<"wick-check-graph", "::mlir::ModuleOp"> {
  let summary = "Every dim is a constant or an expression over known symbols";
  let description = [{A dynamic dim without an expression, or one that uses a symbol missing from
    `wick.symbols`, is reported with its op.}];
}

def CheckFused : Pass<"wick-check-fused", "::mlir::ModuleOp"> {
  let summary = "Every tensor op is in a kernel, a view, a host op or control";
  let description = [{Ops on constants alone are derived weights and may stand outside of kernels too.}];
}

def CheckTypes : Pass<"wick-check-types", "::mlir::ModuleOp"> {
  let summary = "Result types agree with the ops' type rules";
  let description = [{Runs each op's rule on its operands: element types must be the same, dims equal
    unless one of them is no constant.}];
  let dependentDialects = ["::wick::graph::WickDialect"];
}

#endif // WICK_PASSES
