// Products of 16-bit floats are those of f32 with rounded results.
// RUN: wick-opt --wick-half-products --cse --wick-check-types %s | FileCheck %s

// CHECK-LABEL: func @matmul
// CHECK-DAG: %[[A:.*]] = wick.cast %arg0 {to = f32} : (tensor<4x8xf16>)
// CHECK-DAG: %[[W:.*]] = wick.cast %{{.*}} {to = f32} : (tensor<8x3xf16>)
// CHECK: %[[S:.*]] = wick.matmul %[[A]], %[[W]] : (tensor<4x8xf32>, tensor<8x3xf32>) -> tensor<4x3xf32>
// CHECK: %[[Y:.*]] = wick.cast %[[S]] {to = f16}
// CHECK: return %[[Y]]
func.func @matmul(%x: tensor<4x8xf16>) -> tensor<4x3xf16> {
  %w = wick.weight "w" : tensor<8x3xf16>
  %y = wick.matmul %x, %w : (tensor<4x8xf16>, tensor<8x3xf16>) -> tensor<4x3xf16>
  return %y : tensor<4x3xf16>
}

// CHECK-LABEL: func @conv
// CHECK: wick.conv %{{.*}}, %{{.*}} {{{.*}}pads_begin = array<i64: 1, 1>{{.*}}} : (tensor<1x2x5x5xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x5x5xf32>
// CHECK: wick.cast %{{.*}} {to = bf16}
func.func @conv(%x: tensor<1x2x5x5xbf16>) -> tensor<1x4x5x5xbf16> {
  %w = wick.weight "w" : tensor<4x2x3x3xbf16>
  %y = wick.conv %x, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 1, 1>, pads_end = array<i64: 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x2x5x5xbf16>, tensor<4x2x3x3xbf16>) -> tensor<1x4x5x5xbf16>
  return %y : tensor<1x4x5x5xbf16>
}

// Other types stay.
// CHECK-LABEL: func @doubles
// CHECK-NOT: wick.cast
func.func @doubles(%x: tensor<4x8xf64>, %w: tensor<8x3xf64>) -> tensor<4x3xf64> {
  %y = wick.matmul %x, %w : (tensor<4x8xf64>, tensor<8x3xf64>) -> tensor<4x3xf64>
  return %y : tensor<4x3xf64>
}
