// Every form of the textual syntax survives printing and parsing.
// RUN: wick-opt %s | wick-opt | FileCheck %s
// RUN: wick-opt --mlir-print-op-generic %s | wick-opt | FileCheck %s

// CHECK: #[[S:.*]] = affine_map<()[s0] -> (s0, 3)>
// CHECK: module attributes {wick.symbols
module attributes {wick.symbols = [{kind = "named", min = 1 : i64, max = 64 : i64, name = "batch"}]} {

// CHECK-LABEL: func @symbols
// CHECK-SAME: (%arg0: tensor<?x3xf32, #[[S]]>)
// CHECK-NEXT: wick.relu %arg0 : (tensor<?x3xf32, #[[S]]>) -> tensor<?x3xf32, #[[S]]>
func.func @symbols(%x: tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>) {
  %0 = wick.relu %x : (tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>) -> tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>
  return
}

// CHECK-LABEL: func @data
// CHECK-NEXT: wick.constant dense<[1, 2]> : tensor<2xi64> : tensor<2xi64>
// CHECK-NEXT: wick.weight "conv.weight" : tensor<64x3x7x7xf32>
// CHECK-NEXT: wick.dims {values = #{{.*}}} : () -> tensor<2xi64>
func.func @data() {
  %0 = wick.constant dense<[1, 2]> : tensor<2xi64> : tensor<2xi64>
  %1 = wick.weight "conv.weight" : tensor<64x3x7x7xf32>
  %2 = wick.dims {values = affine_map<()[s0] -> (s0 * 2, 7)>} : () -> tensor<2xi64>
  return
}

// CHECK-LABEL: func @attributes
// CHECK: wick.leaky_relu %arg0 {alpha = 2.000000e-01 : f64}
// CHECK: wick.gelu %{{.*}} {tanh}
// CHECK: wick.reduce %{{.*}} {axes = array<i64: 1>, kind = 2 : i32}
func.func @attributes(%x: tensor<2x3xf32>) {
  %0 = wick.leaky_relu %x {alpha = 0.2 : f64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = wick.gelu %0 {tanh} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = wick.reduce %1 {kind = 2 : i32, axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  return
}

// CHECK-LABEL: func @control
// CHECK: wick.if %arg0 then {
// CHECK: wick.yield %arg2 : tensor<2xf32>
// CHECK: } else {
// CHECK: } : (tensor<i1>) -> tensor<2xf32>
// CHECK: wick.loop %arg1, %arg0, %arg2 {
// CHECK: } {num_carried = 1 : i64}
// CHECK: wick.size_of %arg1
// CHECK: wick.assert %arg0 {message = "no"}
func.func @control(%c: tensor<i1>, %n: tensor<i64>, %x: tensor<2xf32>) {
  %0 = wick.if %c then {
    wick.yield %x : tensor<2xf32>
  } else {
    %1 = wick.neg %x : (tensor<2xf32>) -> tensor<2xf32>
    wick.yield %1 : tensor<2xf32>
  } : (tensor<i1>) -> tensor<2xf32>
  %2 = wick.loop %n, %c, %x {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<2xf32>):
    wick.yield %go, %a : tensor<i1>, tensor<2xf32>
  } {num_carried = 1 : i64} : (tensor<i64>, tensor<i1>, tensor<2xf32>) -> tensor<2xf32>
  wick.size_of %n {index = 0 : i64, symbol = 0 : i64} : (tensor<i64>) -> ()
  wick.assert %c {message = "no"} : (tensor<i1>) -> ()
  return
}

// CHECK-LABEL: func @group
// CHECK: wick.kernel "loops"(%arg0) {
// CHECK: } {sources = ["Relu_0"]} : (tensor<2xf32>) -> tensor<2xf32>
func.func @group(%x: tensor<2xf32>) {
  %0 = wick.kernel "loops"(%x) {
  ^bb0(%a: tensor<2xf32>):
    %1 = wick.relu %a : (tensor<2xf32>) -> tensor<2xf32>
    wick.yield %1 : tensor<2xf32>
  } {sources = ["Relu_0"]} : (tensor<2xf32>) -> tensor<2xf32>
  return
}
}
