// Which ops share a kernel, and what a remark says where one ends.
// RUN: wick-opt --wick-fuse-groups=remarks --wick-check-fused --verify-diagnostics %s | FileCheck %s
!r = tensor<4x64xf32>
!h = tensor<2x8x4x16xf32>

// A convolution takes its bias and activation along; weights stay outside.
// CHECK-LABEL: func @conv_bias_relu
// CHECK: %[[W:.*]] = wick.weight "w"
// CHECK: %[[B:.*]] = wick.weight "b"
// CHECK-NEXT: %[[K:.*]] = wick.kernel "contract"(%{{.*}}, %[[W]], %[[B]])
// CHECK: wick.conv
// CHECK: wick.add
// CHECK: wick.relu
// CHECK: wick.yield
// CHECK: return %[[K]]
func.func @conv_bias_relu(%x: tensor<1x8x8x3xf32>) -> tensor<1x8x8x4xf32> {
  %w = wick.weight "w" : tensor<1x1x3x4xf32>
  %b = wick.weight "b" : tensor<4xf32>
  %c = wick.conv %x, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, channels_last} : (tensor<1x8x8x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x8x8x4xf32>
  %a = wick.add %c, %b : (tensor<1x8x8x4xf32>, tensor<4xf32>) -> tensor<1x8x8x4xf32>
  // expected-remark @+1 {{kernel ends here: wick.relu is used outside kernels}}
  %y = wick.relu %a : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  return %y : tensor<1x8x8x4xf32>
}

// A softmax is two reductions over rows and one kernel.
// CHECK-LABEL: func @softmax
// CHECK: wick.kernel "row"
// CHECK-COUNT-2: wick.reduce
// CHECK: wick.div
// CHECK: wick.yield
// CHECK-NOT: wick.kernel
// CHECK: return
func.func @softmax(%x: !r) -> !r {
  %m = wick.reduce %x {kind = 3 : i32, axes = array<i64: 1>} : (!r) -> tensor<4x1xf32>
  %d = wick.sub %x, %m : (!r, tensor<4x1xf32>) -> !r
  %e = wick.exp %d : (!r) -> !r
  %s = wick.reduce %e {kind = 0 : i32, axes = array<i64: 1>} : (!r) -> tensor<4x1xf32>
  // expected-remark @+1 {{wick.div is used outside kernels}}
  %y = wick.div %e, %s : (!r, tensor<4x1xf32>) -> !r
  return %y : !r
}

// A product of run-time matrices reads its operands through transposes and
// stores its result through one.
// CHECK-LABEL: func @heads
// CHECK: wick.kernel "contract"
// CHECK-COUNT-2: wick.transpose
// CHECK: wick.matmul
// CHECK: wick.transpose
// CHECK: wick.yield
// CHECK-NOT: wick.kernel
// CHECK: return
func.func @heads(%q: tensor<2x4x8x16xf32>, %k: tensor<2x4x8x16xf32>) -> tensor<2x4x8x4xf32> {
  %a = wick.transpose %q {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x4x8x16xf32>) -> !h
  %b = wick.transpose %k {perm = array<i64: 0, 2, 3, 1>} : (tensor<2x4x8x16xf32>) -> tensor<2x8x16x4xf32>
  %p = wick.matmul %a, %b : (!h, tensor<2x8x16x4xf32>) -> tensor<2x8x4x4xf32>
  // expected-remark @+1 {{wick.transpose is used outside kernels}}
  %y = wick.transpose %p {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x8x4x4xf32>) -> tensor<2x4x8x4xf32>
  return %y : tensor<2x4x8x4xf32>
}

// A value with users in two groups ends its own, and so does one that feeds a
// contraction.
// CHECK-LABEL: func @two_users
// CHECK: %[[E:.*]] = wick.kernel "loops"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: wick.exp
// CHECK: wick.kernel "contract"(%[[E]])
// CHECK: wick.kernel "loops"(%[[E]])
func.func @two_users(%x: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  // expected-remark @+1 {{wick.exp has users in several groups}}
  %e = wick.exp %x : (tensor<8x8xf32>) -> tensor<8x8xf32>
  // expected-remark @+1 {{wick.matmul is used outside kernels}}
  %p = wick.matmul %e, %e : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  // expected-remark @+1 {{wick.tanh is used outside kernels}}
  %t = wick.tanh %e : (tensor<8x8xf32>) -> tensor<8x8xf32>
  return %p, %t : tensor<8x8xf32>, tensor<8x8xf32>
}
