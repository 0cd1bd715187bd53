// Moves and reductions that join or disappear.
// RUN: wick-opt --wick-simplify --wick-check-types %s | FileCheck %s

// CHECK-LABEL: func @slice_of_slice
// CHECK-NEXT: wick.slice %arg0 {sizes = #{{.*}}, starts = #{{.*}}, steps = array<i64: 4>} : (tensor<20xf32>) -> tensor<3xf32>
func.func @slice_of_slice(%x: tensor<20xf32>) -> tensor<3xf32> {
  %a = wick.slice %x {starts = affine_map<() -> (1)>, sizes = affine_map<() -> (8)>, steps = array<i64: 2>} : (tensor<20xf32>) -> tensor<8xf32>
  %b = wick.slice %a {starts = affine_map<() -> (1)>, sizes = affine_map<() -> (3)>, steps = array<i64: 2>} : (tensor<8xf32>) -> tensor<3xf32>
  return %b : tensor<3xf32>
}

// Splitting and concatenating again is nothing.
// CHECK-LABEL: func @split_concat
// CHECK-NEXT: return %arg0
func.func @split_concat(%x: tensor<2x6xf32>) -> tensor<2x6xf32> {
  %a = wick.slice %x {starts = affine_map<() -> (0, 0)>, sizes = affine_map<() -> (2, 2)>, steps = array<i64: 1, 1>} : (tensor<2x6xf32>) -> tensor<2x2xf32>
  %b = wick.slice %x {starts = affine_map<() -> (0, 2)>, sizes = affine_map<() -> (2, 4)>, steps = array<i64: 1, 1>} : (tensor<2x6xf32>) -> tensor<2x4xf32>
  %c = wick.concat %a, %b {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x4xf32>) -> tensor<2x6xf32>
  return %c : tensor<2x6xf32>
}

// CHECK-LABEL: func @slice_of_concat
// CHECK-NEXT: return %arg1
func.func @slice_of_concat(%x: tensor<2x2xf32>, %y: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %c = wick.concat %x, %y {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x4xf32>) -> tensor<2x6xf32>
  %b = wick.slice %c {starts = affine_map<() -> (0, 2)>, sizes = affine_map<() -> (2, 4)>, steps = array<i64: 1, 1>} : (tensor<2x6xf32>) -> tensor<2x4xf32>
  return %b : tensor<2x4xf32>
}

// CHECK-LABEL: func @concat_of_concat
// CHECK-NEXT: wick.concat %arg0, %arg0, %arg0 {axis = 0 : i64}
func.func @concat_of_concat(%x: tensor<2xf32>) -> tensor<6xf32> {
  %a = wick.concat %x, %x {axis = 0 : i64} : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  %b = wick.concat %a, %x {axis = 0 : i64} : (tensor<4xf32>, tensor<2xf32>) -> tensor<6xf32>
  return %b : tensor<6xf32>
}

// CHECK-LABEL: func @reduce_size_one
// CHECK-NEXT: wick.reduce %arg0 {axes = array<i64: 2>, kind = 0 : i32}
// CHECK-NEXT: return
func.func @reduce_size_one(%x: tensor<4x1x5xf32>) -> tensor<4x1x1xf32> {
  %a = wick.reduce %x {kind = 0 : i32, axes = array<i64: 1, 2>} : (tensor<4x1x5xf32>) -> tensor<4x1x1xf32>
  %b = wick.reduce %a {kind = 2 : i32, axes = array<i64: 1>} : (tensor<4x1x1xf32>) -> tensor<4x1x1xf32>
  return %b : tensor<4x1x1xf32>
}

// CHECK-LABEL: func @reduce_of_reshape
// CHECK-NEXT: wick.reduce %arg0 {axes = array<i64: 2, 3>, kind = 0 : i32} : (tensor<?x8x4x4xf32, #{{.*}}>) -> tensor<?x8x1x1xf32, #{{.*}}>
// CHECK-NEXT: return
func.func @reduce_of_reshape(%x: tensor<?x8x4x4xf32, affine_map<()[s0] -> (s0, 8, 4, 4)>>) -> tensor<?x8x1x1xf32, affine_map<()[s0] -> (s0, 8, 1, 1)>> {
  %a = wick.reshape %x {dims = affine_map<()[s0] -> (s0, 8, 16)>} : (tensor<?x8x4x4xf32, affine_map<()[s0] -> (s0, 8, 4, 4)>>) -> tensor<?x8x16xf32, affine_map<()[s0] -> (s0, 8, 16)>>
  %b = wick.reduce %a {kind = 0 : i32, axes = array<i64: 2>} : (tensor<?x8x16xf32, affine_map<()[s0] -> (s0, 8, 16)>>) -> tensor<?x8x1xf32, affine_map<()[s0] -> (s0, 8, 1)>>
  %c = wick.reshape %b {dims = affine_map<()[s0] -> (s0, 8, 1, 1)>} : (tensor<?x8x1xf32, affine_map<()[s0] -> (s0, 8, 1)>>) -> tensor<?x8x1x1xf32, affine_map<()[s0] -> (s0, 8, 1, 1)>>
  return %c : tensor<?x8x1x1xf32, affine_map<()[s0] -> (s0, 8, 1, 1)>>
}

// CHECK-LABEL: func @tile_of_ones
// CHECK-NEXT: wick.mul %arg0, %arg1
func.func @tile_of_ones(%x: tensor<1x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %t = wick.tile %x {repeats = affine_map<() -> (2, 1)>} : (tensor<1x3xf32>) -> tensor<2x3xf32>
  %m = wick.mul %t, %y : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %m : tensor<2x3xf32>
}

// A classifier after channels-last features: the weights take the order.
// CHECK-LABEL: func @flatten
// CHECK-NEXT: %[[W:.*]] = wick.weight "w"
// CHECK: %[[T:.*]] = wick.transpose %{{.*}} {perm = array<i64: 1, 2, 0, 3>} : (tensor<4x2x3x5xf32>) -> tensor<2x3x4x5xf32>
// CHECK: %[[V:.*]] = wick.reshape %[[T]] {{.*}} -> tensor<24x5xf32>
// CHECK: %[[F:.*]] = wick.reshape %arg0 {{.*}} -> tensor<1x24xf32>
// CHECK: wick.matmul %[[F]], %[[V]]
func.func @flatten(%x: tensor<1x2x3x4xf32>) -> tensor<1x5xf32> {
  %w = wick.weight "w" : tensor<24x5xf32>
  %t = wick.transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x2x3x4xf32>) -> tensor<1x4x2x3xf32>
  %f = wick.reshape %t {dims = affine_map<() -> (1, 24)>} : (tensor<1x4x2x3xf32>) -> tensor<1x24xf32>
  %m = wick.matmul %f, %w : (tensor<1x24xf32>, tensor<24x5xf32>) -> tensor<1x5xf32>
  return %m : tensor<1x5xf32>
}

// One part of a projection to heads: slice first, then one transpose.
// CHECK-LABEL: func @heads
// CHECK-NEXT: %[[S:.*]] = wick.slice %arg0 {{.*}} -> tensor<2x5x1x4x6xf32>
// CHECK-NEXT: %[[R:.*]] = wick.reshape %[[S]] {{.*}} -> tensor<2x5x4x6xf32>
// CHECK-NEXT: %[[K:.*]] = wick.transpose %[[R]] {perm = array<i64: 0, 2, 3, 1>}
// CHECK-NEXT: return %[[K]]
func.func @heads(%x: tensor<2x5x3x4x6xf32>) -> tensor<2x4x6x5xf32> {
  %t = wick.transpose %x {perm = array<i64: 2, 0, 3, 1, 4>} : (tensor<2x5x3x4x6xf32>) -> tensor<3x2x4x5x6xf32>
  %s = wick.slice %t {starts = affine_map<() -> (1, 0, 0, 0, 0)>, sizes = affine_map<() -> (1, 2, 4, 5, 6)>, steps = array<i64: 1, 1, 1, 1, 1>} : (tensor<3x2x4x5x6xf32>) -> tensor<1x2x4x5x6xf32>
  %r = wick.reshape %s {dims = affine_map<() -> (2, 4, 5, 6)>} : (tensor<1x2x4x5x6xf32>) -> tensor<2x4x5x6xf32>
  %k = wick.transpose %r {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x6xf32>) -> tensor<2x4x6x5xf32>
  return %k : tensor<2x4x6x5xf32>
}
