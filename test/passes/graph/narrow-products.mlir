// Products of 8-bit integers multiply numbers of 16 bits; the sums stay i32.
// RUN: wick-opt --wick-narrow-products --cse --wick-check-types %s | FileCheck %s

// A code less its zero point times constant weights.
// CHECK-LABEL: func @matmul
// CHECK-DAG: %[[A:.*]] = wick.cast %arg0 {to = i16} : (tensor<?x8xui8
// CHECK-DAG: %[[Z:.*]] = wick.cast %arg1 {to = i16} : (tensor<ui8>)
// CHECK-DAG: %[[D:.*]] = wick.sub %[[A]], %[[Z]] : {{.*}} -> tensor<?x8xi16
// CHECK-DAG: %[[W:.*]] = wick.cast %{{.*}} {to = i16} : (tensor<8x3xi8>) -> tensor<8x3xi16>
// CHECK: wick.matmul %[[D]], %[[W]] {to = i32} : {{.*}} -> tensor<?x3xi32
#rows = affine_map<()[s0] -> (s0, 8)>
#result = affine_map<()[s0] -> (s0, 3)>
module attributes {wick.symbols = [{kind = "named", name = "n", min = 0 : i64, max = 64 : i64}]} {
func.func @matmul(%a: tensor<?x8xui8, #rows>, %zero: tensor<ui8>) -> tensor<?x3xi32, #result> {
  %x = wick.cast %a {to = i32} : (tensor<?x8xui8, #rows>) -> tensor<?x8xi32, #rows>
  %z = wick.cast %zero {to = i32} : (tensor<ui8>) -> tensor<i32>
  %d = wick.sub %x, %z : (tensor<?x8xi32, #rows>, tensor<i32>) -> tensor<?x8xi32, #rows>
  %w = wick.weight "w" : tensor<8x3xi8>
  %v = wick.cast %w {to = i32} : (tensor<8x3xi8>) -> tensor<8x3xi32>
  %y = wick.matmul %d, %v : (tensor<?x8xi32, #rows>, tensor<8x3xi32>) -> tensor<?x3xi32, #result>
  return %y : tensor<?x3xi32, #result>
}

// Weights with a constant zero point, seen through moves.
// CHECK-LABEL: func @moved_weights
// CHECK: %[[C:.*]] = wick.cast %{{.*}} {to = i16} : (tensor<i32>) -> tensor<i16>
// CHECK: %[[S:.*]] = wick.sub %{{.*}}, %[[C]] : (tensor<3x8xi16>, tensor<i16>) -> tensor<3x8xi16>
// CHECK: %[[T:.*]] = wick.transpose %[[S]] {{.*}} : (tensor<3x8xi16>) -> tensor<8x3xi16>
// CHECK: wick.matmul %{{.*}}, %[[T]] {to = i32}
func.func @moved_weights(%a: tensor<4x8xi8>) -> tensor<4x3xi32> {
  %x = wick.cast %a {to = i32} : (tensor<4x8xi8>) -> tensor<4x8xi32>
  %w = wick.weight "w" : tensor<3x8xui8>
  %v = wick.cast %w {to = i32} : (tensor<3x8xui8>) -> tensor<3x8xi32>
  %z = wick.constant dense<128> : tensor<i32> : tensor<i32>
  %s = wick.sub %v, %z : (tensor<3x8xi32>, tensor<i32>) -> tensor<3x8xi32>
  %t = wick.transpose %s {perm = array<i64: 1, 0>} : (tensor<3x8xi32>) -> tensor<8x3xi32>
  %y = wick.matmul %x, %t : (tensor<4x8xi32>, tensor<8x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// CHECK-LABEL: func @conv
// CHECK: wick.conv %{{.*}}, %{{.*}} {{{.*}}to = i32} : (tensor<1x2x5x5xi16>, tensor<4x2x3x3xi16>) -> tensor<1x4x3x3xi32>
func.func @conv(%a: tensor<1x2x5x5xui8>) -> tensor<1x4x3x3xi32> {
  %x = wick.cast %a {to = i32} : (tensor<1x2x5x5xui8>) -> tensor<1x2x5x5xi32>
  %w = wick.weight "w" : tensor<4x2x3x3xi8>
  %v = wick.cast %w {to = i32} : (tensor<4x2x3x3xi8>) -> tensor<4x2x3x3xi32>
  %y = wick.conv %x, %v {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x2x5x5xi32>, tensor<4x2x3x3xi32>) -> tensor<1x4x3x3xi32>
  return %y : tensor<1x4x3x3xi32>
}

// Numbers that may be larger, an odd inner dim, groups, weights of a run: as they are.
// CHECK-LABEL: func @unknown_range
// CHECK-NOT: i16
// CHECK-LABEL: func @odd
// CHECK-NOT: i16
// CHECK-LABEL: func @groups
// CHECK-NOT: i16
// CHECK-LABEL: func @weights_of_a_run
// CHECK-NOT: i16
func.func @unknown_range(%x: tensor<4x8xi32>) -> tensor<4x3xi32> {
  %w = wick.weight "w" : tensor<8x3xi8>
  %v = wick.cast %w {to = i32} : (tensor<8x3xi8>) -> tensor<8x3xi32>
  %y = wick.matmul %x, %v : (tensor<4x8xi32>, tensor<8x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}
func.func @odd(%a: tensor<4x7xi8>) -> tensor<4x3xi32> {
  %x = wick.cast %a {to = i32} : (tensor<4x7xi8>) -> tensor<4x7xi32>
  %w = wick.weight "w" : tensor<7x3xi8>
  %v = wick.cast %w {to = i32} : (tensor<7x3xi8>) -> tensor<7x3xi32>
  %y = wick.matmul %x, %v : (tensor<4x7xi32>, tensor<7x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}
func.func @groups(%a: tensor<1x4x5x5xui8>) -> tensor<1x4x3x3xi32> {
  %x = wick.cast %a {to = i32} : (tensor<1x4x5x5xui8>) -> tensor<1x4x5x5xi32>
  %w = wick.weight "w" : tensor<4x2x3x3xi8>
  %v = wick.cast %w {to = i32} : (tensor<4x2x3x3xi8>) -> tensor<4x2x3x3xi32>
  %y = wick.conv %x, %v {strides = array<i64: 1, 1>, pads_begin = array<i64: 0, 0>, pads_end = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64} : (tensor<1x4x5x5xi32>, tensor<4x2x3x3xi32>) -> tensor<1x4x3x3xi32>
  return %y : tensor<1x4x3x3xi32>
}
func.func @weights_of_a_run(%a: tensor<4x8xi8>, %w: tensor<8x3xi8>) -> tensor<4x3xi32> {
  %x = wick.cast %a {to = i32} : (tensor<4x8xi8>) -> tensor<4x8xi32>
  %v = wick.cast %w {to = i32} : (tensor<8x3xi8>) -> tensor<8x3xi32>
  %y = wick.matmul %x, %v : (tensor<4x8xi32>, tensor<8x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}
}
