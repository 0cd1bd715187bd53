// Folds and canonicalizations that the ops bring themselves.
// RUN: wick-opt --canonicalize %s | FileCheck %s

// CHECK-LABEL: func @reshape_of_reshape
// CHECK-NEXT: wick.reshape %arg0 {{.*}} : (tensor<2x6xf32>) -> tensor<3x4xf32>
// CHECK-NEXT: return
func.func @reshape_of_reshape(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
  %0 = wick.reshape %x {dims = affine_map<() -> (12)>} : (tensor<2x6xf32>) -> tensor<12xf32>
  %1 = wick.reshape %0 {dims = affine_map<() -> (3, 4)>} : (tensor<12xf32>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// CHECK-LABEL: func @transpose_pair
// CHECK-NEXT: return %arg0
func.func @transpose_pair(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = wick.transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = wick.transpose %0 {perm = array<i64: 1, 2, 0>} : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func @transpose_of_ones
// CHECK-NEXT: wick.reshape %arg0 {dims = #[[D:.*]]} : (tensor<?x4x1xf32, #{{.*}}>) -> tensor<?x1x4xf32, #[[D]]>
func.func @transpose_of_ones(%x: tensor<?x4x1xf32, affine_map<()[s0] -> (s0, 4, 1)>>) -> tensor<?x1x4xf32, affine_map<()[s0] -> (s0, 1, 4)>> {
  %0 = wick.transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<?x4x1xf32, affine_map<()[s0] -> (s0, 4, 1)>>) -> tensor<?x1x4xf32, affine_map<()[s0] -> (s0, 1, 4)>>
  return %0 : tensor<?x1x4xf32, affine_map<()[s0] -> (s0, 1, 4)>>
}

// CHECK-LABEL: func @nothing_moves
// CHECK-NEXT: return %arg0
func.func @nothing_moves(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = wick.slice %x {starts = affine_map<() -> (0, 0)>, sizes = affine_map<() -> (2, 3)>, steps = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = wick.expand %0 {dims = affine_map<() -> (2, 3)>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = wick.concat %1 {axis = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = wick.transpose %2 {perm = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %3 : tensor<2x3xf32>
}
