// Layouts across regions: values from outside, yields and carried values.
// RUN: wick-opt --wick-layout --wick-check-types %s | FileCheck %s
!a = tensor<1x4x8x8xf32>

// Inside of both branches the convolution's result is read as it lies; what they
// yield, and what the loop carries, keeps the graph's order.
// CHECK-LABEL: func @nested
// CHECK: %[[C:.*]] = wick.conv
// CHECK: wick.if
// CHECK-NEXT: wick.transpose %{{.*}} {perm = array<i64: 2, 3, 1, 0>}
// CHECK-NEXT: %[[D:.*]] = wick.conv %[[C]]
// CHECK-NEXT: %[[T:.*]] = wick.transpose %[[D]] {perm = array<i64: 0, 3, 1, 2>}
// CHECK-NEXT: wick.yield %[[T]]
// CHECK: else
// CHECK-NEXT: wick.relu %[[C]]
// CHECK: wick.loop
// CHECK: ^bb0(%{{.*}}, %{{.*}}, %[[S:.*]]: tensor<1x4x8x8xf32>)
// CHECK-NEXT: wick.transpose %[[S]]
// CHECK: wick.add %{{.*}}, %[[C]] : (tensor<1x8x8x4xf32>
func.func @nested(%x: !a, %p: tensor<i1>, %n: tensor<i64>) -> (!a, !a) {
  %w = wick.weight "w" : tensor<4x4x1x1xf32>
  %c = wick.conv %x, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (!a, tensor<4x4x1x1xf32>) -> !a
  %i = wick.if %p then {
    %d = wick.conv %c, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (!a, tensor<4x4x1x1xf32>) -> !a
    wick.yield %d : !a
  } else {
    %e = wick.relu %c : (!a) -> !a
    wick.yield %e : !a
  } : (tensor<i1>) -> !a
  %l = wick.loop %n, %p, %i {
  ^bb0(%k: tensor<i64>, %go: tensor<i1>, %s: !a):
    %d = wick.conv %s, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (!a, tensor<4x4x1x1xf32>) -> !a
    %q = wick.add %d, %c : (!a, !a) -> !a
    wick.yield %go, %q : tensor<i1>, !a
  } {num_carried = 1 : i64} : (tensor<i64>, tensor<i1>, !a) -> !a
  return %i, %l : !a, !a
}
