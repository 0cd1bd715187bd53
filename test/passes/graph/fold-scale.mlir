// Constant factors go into weights, constant shifts into one add.
// RUN: wick-opt --wick-fold-scale --wick-check-types %s | FileCheck %s

// Batch normalization after a convolution with bias.
// CHECK-LABEL: func @batch_norm
// CHECK-DAG: %[[W:.*]] = wick.weight "w"
// CHECK-DAG: %[[B:.*]] = wick.weight "b"
// CHECK-DAG: %[[S:.*]] = wick.weight "s"
// CHECK-DAG: %[[D:.*]] = wick.weight "d"
// CHECK-DAG: %[[BS:.*]] = wick.mul %[[B]], %[[S]]
// CHECK-DAG: %[[T:.*]] = wick.reshape %[[S]] {{.*}} -> tensor<8x1x1x1xf32>
// CHECK-DAG: %[[V:.*]] = wick.mul %[[W]], %[[T]]
// CHECK-DAG: %[[C:.*]] = wick.conv %arg0, %[[V]]
// CHECK-DAG: %[[U:.*]] = wick.add %[[BS]], %[[D]]
// CHECK: %[[R:.*]] = wick.add %[[C]], %[[U]]
// CHECK: return %[[R]]
func.func @batch_norm(%x: tensor<1x3x8x8xf32>) -> tensor<1x8x6x6xf32> {
  %w = wick.weight "w" : tensor<8x3x3x3xf32>
  %b = wick.weight "b" : tensor<8x1x1xf32>
  %c = wick.conv %x, %w {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x6x6xf32>
  %a = wick.add %c, %b : (tensor<1x8x6x6xf32>, tensor<8x1x1xf32>) -> tensor<1x8x6x6xf32>
  %s = wick.weight "s" : tensor<8x1x1xf32>
  %d = wick.weight "d" : tensor<8x1x1xf32>
  %m = wick.mul %a, %s : (tensor<1x8x6x6xf32>, tensor<8x1x1xf32>) -> tensor<1x8x6x6xf32>
  %r = wick.add %m, %d : (tensor<1x8x6x6xf32>, tensor<8x1x1xf32>) -> tensor<1x8x6x6xf32>
  return %r : tensor<1x8x6x6xf32>
}

// CHECK-LABEL: func @matmul
// CHECK: %[[V:.*]] = wick.div %{{.*}}, %{{.*}} : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
// CHECK: %[[R:.*]] = wick.matmul %arg0, %[[V]]
// CHECK: return %[[R]]
func.func @matmul(%x: tensor<2x4xf32>) -> tensor<2x8xf32> {
  %w = wick.weight "w" : tensor<4x8xf32>
  %s = wick.weight "s" : tensor<1x8xf32>
  %c = wick.matmul %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %m = wick.div %c, %s : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  return %m : tensor<2x8xf32>
}

// Output channels of a grouped transposed convolution are spread over two dims.
// CHECK-LABEL: func @depthwise_transposed
// CHECK: wick.reshape %{{.*}} -> tensor<6x1x1x2x2xf32>
// CHECK: wick.reshape %{{.*}} -> tensor<6x1x1x1x1xf32>
// CHECK: wick.conv_transpose
// CHECK-NOT: wick.mul
// CHECK: return
func.func @depthwise_transposed(%x: tensor<1x6x4x4xf32>) -> tensor<1x6x8x8xf32> {
  %w = wick.weight "w" : tensor<6x1x2x2xf32>
  %s = wick.weight "s" : tensor<6x1x1xf32>
  %c = wick.conv_transpose %x, %w {strides = array<i64: 2, 2>, pads_begin = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 6 : i64, sizes = affine_map<() -> (8, 8)>} : (tensor<1x6x4x4xf32>, tensor<6x1x2x2xf32>) -> tensor<1x6x8x8xf32>
  %m = wick.mul %s, %c : (tensor<6x1x1xf32>, tensor<1x6x8x8xf32>) -> tensor<1x6x8x8xf32>
  return %m : tensor<1x6x8x8xf32>
}

// Not folded: a second reader; a factor along rows.
// CHECK-LABEL: func @kept
// CHECK: %[[C:.*]] = wick.matmul %arg0, %{{.*}}
// CHECK: %[[M:.*]] = wick.mul %[[C]]
// CHECK: return %[[C]], %[[M]]
func.func @kept(%x: tensor<2x4xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %w = wick.weight "w" : tensor<4x8xf32>
  %s = wick.weight "s" : tensor<8xf32>
  %c = wick.matmul %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %m = wick.mul %c, %s : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %c, %m : tensor<2x8xf32>, tensor<2x8xf32>
}

// CHECK-LABEL: func @rows
// CHECK: wick.matmul
// CHECK-NEXT: wick.mul
func.func @rows(%x: tensor<2x4xf32>) -> tensor<2x8xf32> {
  %w = wick.weight "w" : tensor<4x8xf32>
  %s = wick.weight "s" : tensor<2x1xf32>
  %c = wick.matmul %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %m = wick.mul %c, %s : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  return %m : tensor<2x8xf32>
}
