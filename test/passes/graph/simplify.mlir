// Arithmetic clean-up: identities, powers, casts, broadcasting.
// RUN: wick-opt --wick-simplify --wick-check-types %s | FileCheck %s

// CHECK-LABEL: func @neutral
// CHECK-NEXT: return %arg0
func.func @neutral(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = wick.constant dense<0.0> : tensor<f32> : tensor<f32>
  %1 = wick.constant dense<1.0> : tensor<3xf32> : tensor<3xf32>
  %a = wick.add %0, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = wick.sub %a, %0 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %c = wick.mul %b, %1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %d = wick.div %c, %1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %d : tensor<2x3xf32>
}

// A neutral constant that broadcasts the other operand stays.
// CHECK-LABEL: func @neutral_broadcast
// CHECK: wick.mul
func.func @neutral_broadcast(%x: tensor<1xf32>) -> tensor<3xf32> {
  %1 = wick.constant dense<1.0> : tensor<3xf32> : tensor<3xf32>
  %a = wick.mul %x, %1 : (tensor<1xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %a : tensor<3xf32>
}

// CHECK-LABEL: func @powers
// CHECK-NEXT: %[[S:.*]] = wick.mul %arg0, %arg0
// CHECK-NEXT: %[[R:.*]] = wick.sqrt %[[S]]
// CHECK-NEXT: %[[I:.*]] = wick.recip %[[R]]
// CHECK-NEXT: return %[[I]]
func.func @powers(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = wick.constant dense<2.0> : tensor<f32> : tensor<f32>
  %half = wick.constant dense<0.5> : tensor<f32> : tensor<f32>
  %minus = wick.constant dense<-1.0> : tensor<f32> : tensor<f32>
  %a = wick.pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = wick.pow %a, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = wick.pow %b, %minus : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %c : tensor<4xf32>
}

// 1 / x is a reciprocal, x / 8 an exact product, x / 3 stays.
// CHECK-LABEL: func @quotients
// CHECK-DAG: %[[C:.*]] = wick.constant dense<1.250000e-01>
// CHECK: %[[R:.*]] = wick.recip %arg0
// CHECK: %[[M:.*]] = wick.mul %[[R]], %[[C]]
// CHECK: wick.div %[[M]]
func.func @quotients(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = wick.constant dense<1.0> : tensor<f32> : tensor<f32>
  %eight = wick.constant dense<8.0> : tensor<f32> : tensor<f32>
  %three = wick.constant dense<3.0> : tensor<f32> : tensor<f32>
  %a = wick.div %one, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %b = wick.div %a, %eight : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = wick.div %b, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %c : tensor<4xf32>
}

// CHECK-LABEL: func @casts
// CHECK-NEXT: %[[F:.*]] = wick.cast %arg0 {to = f32} : (tensor<4xi1>) -> tensor<4xf32>
// CHECK-NEXT: %[[N:.*]] = wick.cast %arg1 {to = i8}
// CHECK-NEXT: wick.cast %[[N]] {to = f32}
func.func @casts(%x: tensor<4xi1>, %y: tensor<4xi64>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = wick.cast %x {to = i64} : (tensor<4xi1>) -> tensor<4xi64>
  %b = wick.cast %a {to = f32} : (tensor<4xi64>) -> tensor<4xf32>
  %c = wick.cast %y {to = i8} : (tensor<4xi64>) -> tensor<4xi8>
  %d = wick.cast %c {to = f32} : (tensor<4xi8>) -> tensor<4xf32>
  return %b, %d : tensor<4xf32>, tensor<4xf32>
}

// Codes widen to f32; the two e4m3 have the same digits but not the same least
// number, and a cast to a float of 8 bits makes an infinity the greatest number.
// CHECK-LABEL: func @narrow_casts
// CHECK: wick.cast %arg0 {to = f16} : (tensor<4xf4E2M1FN>)
// CHECK: wick.cast %arg1 {to = f8E4M3FN}
// CHECK: wick.cast %arg2 {to = f32}
func.func @narrow_casts(%x: tensor<4xf4E2M1FN>, %y: tensor<4xf8E4M3FNUZ>, %z: tensor<4xf8E5M2>) -> (tensor<4xf16>, tensor<4xf32>, tensor<4xf8E5M2FNUZ>) {
  %a = wick.cast %x {to = f32} : (tensor<4xf4E2M1FN>) -> tensor<4xf32>
  %b = wick.cast %a {to = f16} : (tensor<4xf32>) -> tensor<4xf16>
  %c = wick.cast %y {to = f8E4M3FN} : (tensor<4xf8E4M3FNUZ>) -> tensor<4xf8E4M3FN>
  %d = wick.cast %c {to = f32} : (tensor<4xf8E4M3FN>) -> tensor<4xf32>
  %e = wick.cast %z {to = f32} : (tensor<4xf8E5M2>) -> tensor<4xf32>
  %f = wick.cast %e {to = f8E5M2FNUZ} : (tensor<4xf32>) -> tensor<4xf8E5M2FNUZ>
  return %b, %d, %f : tensor<4xf16>, tensor<4xf32>, tensor<4xf8E5M2FNUZ>
}

// CHECK-LABEL: func @where_constant
// CHECK-NEXT: return %arg1
func.func @where_constant(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %no = wick.constant dense<false> : tensor<i1> : tensor<i1>
  %a = wick.where %no, %x, %y : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// CHECK-LABEL: func @expand
// CHECK-NEXT: wick.add %arg0, %arg1 : (tensor<1x3xf32>, tensor<2x3xf32>)
func.func @expand(%x: tensor<1x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %e = wick.expand %x {dims = affine_map<() -> (2, 3)>} : (tensor<1x3xf32>) -> tensor<2x3xf32>
  %a = wick.add %e, %y : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %a : tensor<2x3xf32>
}

// CHECK-LABEL: func @negations
// CHECK-NEXT: wick.sub %arg0, %arg1
// CHECK-NEXT: return
func.func @negations(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %a = wick.neg %y : (tensor<4xf32>) -> tensor<4xf32>
  %b = wick.neg %a : (tensor<4xf32>) -> tensor<4xf32>
  %c = wick.neg %b : (tensor<4xf32>) -> tensor<4xf32>
  %d = wick.add %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %d : tensor<4xf32>
}
