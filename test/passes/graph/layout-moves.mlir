// Layouts through moves: split, concat, pad, resize, squeeze-and-excite, flatten.
// RUN: wick-opt --wick-layout=remarks --wick-check-types --verify-diagnostics %s | FileCheck %s
!a = tensor<1x4x8x8xf32>

// CHECK-LABEL: func @moves
// CHECK: wick.slice %{{.*}} {sizes = #{{.*}}, starts = #{{.*}}, steps = array<i64: 1, 1, 1, 1>} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x2xf32>
// CHECK: wick.concat %{{.*}} {axis = 3 : i64}
// CHECK: wick.upsample %{{.*}} {factors = array<i64: 1, 2, 2, 1>}
// CHECK: wick.pad %{{.*}} -> tensor<1x18x18x6xf32>
// CHECK: wick.reduce %{{.*}} {axes = array<i64: 1, 2>
// CHECK: return
// expected-remark @+1 {{transpose stays}}
func.func @moves(%x: !a) -> tensor<1x6x1x1xf32> {
  %w = wick.weight "w" : tensor<4x4x1x1xf32>
  %zero = wick.constant dense<0.0> : tensor<f32> : tensor<f32>
  %c = wick.conv %x, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (!a, tensor<4x4x1x1xf32>) -> !a
  %s = wick.slice %c {starts = affine_map<() -> (0, 2, 0, 0)>, sizes = affine_map<() -> (1, 2, 8, 8)>, steps = array<i64: 1, 1, 1, 1>} : (!a) -> tensor<1x2x8x8xf32>
  %k = wick.concat %c, %s {axis = 1 : i64} : (!a, tensor<1x2x8x8xf32>) -> tensor<1x6x8x8xf32>
  %u = wick.upsample %k {factors = array<i64: 1, 1, 2, 2>} : (tensor<1x6x8x8xf32>) -> tensor<1x6x16x16xf32>
  %p = wick.pad %u, %zero {low = affine_map<() -> (0, 0, 1, 1)>, high = affine_map<() -> (0, 0, 1, 1)>, mode = 0 : i32} : (tensor<1x6x16x16xf32>, tensor<f32>) -> tensor<1x6x18x18xf32>
  %r = wick.reduce %p {kind = 2 : i32, axes = array<i64: 2, 3>} : (tensor<1x6x18x18xf32>) -> tensor<1x6x1x1xf32>
  return %r : tensor<1x6x1x1xf32>
}

// Squeeze-and-excite: the gate is a convolution of a single position.
// CHECK-LABEL: func @gate
// CHECK: %[[C:.*]] = wick.conv
// CHECK: %[[G:.*]] = wick.reduce %[[C]]
// CHECK: %[[E:.*]] = wick.conv %[[G]]
// CHECK: wick.mul %[[C]], %[[E]] : (tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32>)
// CHECK: wick.transpose
func.func @gate(%x: tensor<1x8x8x4xf32>) -> !a {
  %w = wick.weight "w" : tensor<4x4x1x1xf32>
  %t = wick.transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> !a
  %c = wick.conv %t, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (!a, tensor<4x4x1x1xf32>) -> !a
  %g = wick.reduce %c {kind = 2 : i32, axes = array<i64: 2, 3>} : (!a) -> tensor<1x4x1x1xf32>
  %e = wick.conv %g, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x1x1xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x1xf32>
  // expected-remark @+1 {{transpose stays}}
  %m = wick.mul %c, %e : (!a, tensor<1x4x1x1xf32>) -> !a
  return %m : !a
}

// Positions as a sequence: [N, C, H, W] -> [N, C, HW] -> [N, HW, C] is a view.
// CHECK-LABEL: func @sequence
// CHECK: %[[C:.*]] = wick.conv
// CHECK-NEXT: %[[S:.*]] = wick.reshape %[[C]] {{.*}} : (tensor<1x8x8x4xf32>) -> tensor<1x64x4xf32>
// CHECK-NEXT: return %[[S]]
func.func @sequence(%x: tensor<1x8x8x4xf32>) -> tensor<1x64x4xf32> {
  %w = wick.weight "w" : tensor<4x4x1x1xf32>
  %t = wick.transpose %x {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> !a
  %c = wick.conv %t, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (!a, tensor<4x4x1x1xf32>) -> !a
  %f = wick.reshape %c {dims = affine_map<() -> (1, 4, 64)>} : (!a) -> tensor<1x4x64xf32>
  %u = wick.transpose %f {perm = array<i64: 0, 2, 1>} : (tensor<1x4x64xf32>) -> tensor<1x64x4xf32>
  return %u : tensor<1x64x4xf32>
}
