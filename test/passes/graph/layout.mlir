// Channels-last convolutions: borders, broadcasting, weights, other ranks.
// RUN: wick-opt --wick-layout --wick-check-types %s | FileCheck %s

// One transpose on the way in, none on the way out: the pooled result is a vector.
// CHECK-LABEL: func @block
// CHECK: %[[X:.*]] = wick.transpose %arg0 {perm = array<i64: 0, 2, 3, 1>}
// CHECK: %[[W:.*]] = wick.transpose %{{.*}} {perm = array<i64: 2, 3, 1, 0>} : (tensor<4x3x3x3xf32>) -> tensor<3x3x3x4xf32>
// CHECK: %[[C:.*]] = wick.conv %[[X]], %[[W]] {channels_last, {{.*}}} : {{.*}} -> tensor<1x8x8x4xf32>
// CHECK: %[[B:.*]] = wick.reshape %{{.*}} : (tensor<4x1x1xf32>) -> tensor<1x1x1x4xf32>
// CHECK: %[[A:.*]] = wick.add %[[C]], %[[B]]
// CHECK: %[[P:.*]] = wick.pool %[[A]] {channels_last, {{.*}}} : {{.*}} -> tensor<1x4x4x4xf32>
// CHECK: %[[G:.*]] = wick.reduce %[[P]] {axes = array<i64: 1, 2>, {{.*}}} : {{.*}} -> tensor<1x1x1x4xf32>
// CHECK: wick.reshape %[[G]] {{.*}} -> tensor<1x4xf32>
func.func @block(%x: tensor<1x3x8x8xf32>) -> tensor<1x4xf32> {
  %w = wick.weight "w" : tensor<4x3x3x3xf32>
  %b = wick.weight "b" : tensor<4x1x1xf32>
  %c = wick.conv %x, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 1, 1>, pads_end = array<i64: 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
  %a = wick.add %c, %b : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %p = wick.pool %a {kind = 0 : i32, kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, sizes = affine_map<() -> (4, 4)>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  %g = wick.reduce %p {kind = 0 : i32, axes = array<i64: 2, 3>} : (tensor<1x4x4x4xf32>) -> tensor<1x4x1x1xf32>
  %f = wick.reshape %g {dims = affine_map<() -> (1, 4)>} : (tensor<1x4x1x1xf32>) -> tensor<1x4xf32>
  return %f : tensor<1x4xf32>
}

// The activation joins the convolution; the result goes back to its order.
// CHECK-LABEL: func @border
// CHECK: %[[C:.*]] = wick.conv
// CHECK-NEXT: %[[R:.*]] = wick.relu %[[C]] : (tensor<1x8x8x4xf32>)
// CHECK-NEXT: %[[T:.*]] = wick.transpose %[[R]] {perm = array<i64: 0, 3, 1, 2>}
// CHECK-NEXT: return %[[T]]
func.func @border(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = wick.weight "w" : tensor<4x3x1x1xf32>
  %c = wick.conv %x, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %r = wick.relu %c : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return %r : tensor<1x4x8x8xf32>
}

// A model that is channels-last around its convolution loses its transposes.
// CHECK-LABEL: func @cancel
// CHECK-NOT: perm = array<i64: 0, 2, 3, 1>
// CHECK-NOT: perm = array<i64: 0, 3, 1, 2>
// CHECK: %[[C:.*]] = wick.conv %arg0
// CHECK-NEXT: return %[[C]]
func.func @cancel(%x: tensor<1x8x8x3xf32>) -> tensor<1x8x8x4xf32> {
  %w = wick.weight "w" : tensor<4x3x1x1xf32>
  %t = wick.transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x3xf32>) -> tensor<1x3x8x8xf32>
  %c = wick.conv %t, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %u = wick.transpose %c {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  return %u : tensor<1x8x8x4xf32>
}

// One dim of space, symbolic, and a transposed convolution.
// CHECK-LABEL: func @audio
// CHECK: wick.conv %{{.*}} : (tensor<1x?x2xf32, #{{.*}}>, tensor<3x2x4xf32>) -> tensor<1x?x4xf32, #[[L:.*]]>
// CHECK: wick.transpose %{{.*}} {perm = array<i64: 2, 0, 1>} : (tensor<4x5x2xf32>) -> tensor<2x4x5xf32>
// CHECK: wick.conv_transpose %{{.*}} : (tensor<1x?x4xf32, #[[L]]>, tensor<2x4x5xf32>) -> tensor<1x?x5xf32, #{{.*}}>
func.func @audio(%x: tensor<1x2x?xf32, affine_map<()[s0] -> (1, 2, s0)>>) -> tensor<1x5x?xf32, affine_map<()[s0] -> (1, 5, s0 * 2)>> {
  %w = wick.weight "w" : tensor<4x2x3xf32>
  %v = wick.weight "v" : tensor<4x5x2xf32>
  %c = wick.conv %x, %w {strides = array<i64: 1>, pads_begin = array<i64: 1>, pads_end = array<i64: 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x2x?xf32, affine_map<()[s0] -> (1, 2, s0)>>, tensor<4x2x3xf32>) -> tensor<1x4x?xf32, affine_map<()[s0] -> (1, 4, s0)>>
  %d = wick.conv_transpose %c, %v {strides = array<i64: 2>, pads_begin = array<i64: 0>, dilations = array<i64: 1>, groups = 1 : i64, sizes = affine_map<()[s0] -> (s0 * 2)>} : (tensor<1x4x?xf32, affine_map<()[s0] -> (1, 4, s0)>>, tensor<4x5x2xf32>) -> tensor<1x5x?xf32, affine_map<()[s0] -> (1, 5, s0 * 2)>>
  return %d : tensor<1x5x?xf32, affine_map<()[s0] -> (1, 5, s0 * 2)>>
}

// Nothing to gain without convolutions; indices of a maximum pool speak of N, C, H, W.
// CHECK-LABEL: func @untouched
// CHECK-NOT: wick.transpose
// CHECK-NOT: channels_last
// CHECK: return
func.func @untouched(%x: tensor<1x3x8x8xf32>) -> (tensor<1x3x8x8xf32>, tensor<1x3x4x4xi64>) {
  %r = wick.relu %x : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  %p = wick.pool %r {kind = 3 : i32, kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, sizes = affine_map<() -> (4, 4)>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xi64>
  return %r, %p : tensor<1x3x8x8xf32>, tensor<1x3x4x4xi64>
}
