// Activations that exporters spell out, in the orders that occur.
// RUN: wick-opt --wick-simplify --wick-check-types %s | FileCheck %s

// x * 0.5 * (1 + erf(x / sqrt 2))
// CHECK-LABEL: func @erf_gelu
// CHECK-NEXT: wick.gelu %arg0 : (tensor<4xf32>)
func.func @erf_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r2 = wick.constant dense<1.41421354> : tensor<f32> : tensor<f32>
  %one = wick.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = wick.constant dense<0.5> : tensor<f32> : tensor<f32>
  %a = wick.div %x, %r2 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = wick.erf %a : (tensor<4xf32>) -> tensor<4xf32>
  %c = wick.add %b, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %d = wick.mul %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %e = wick.mul %d, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %e : tensor<4xf32>
}

// (0.5 * x) * (1 + tanh(0.79788 * (x + 0.044715 * x^3)))
// CHECK-LABEL: func @tanh_gelu
// CHECK-NEXT: wick.gelu %arg0 {tanh}
func.func @tanh_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = wick.constant dense<0.797884583> : tensor<f32> : tensor<f32>
  %k = wick.constant dense<4.471500e-02> : tensor<f32> : tensor<f32>
  %three = wick.constant dense<3.0> : tensor<f32> : tensor<f32>
  %one = wick.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = wick.constant dense<0.5> : tensor<f32> : tensor<f32>
  %p = wick.pow %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %q = wick.mul %k, %p : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %s = wick.add %x, %q : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %u = wick.mul %s, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %t = wick.tanh %u : (tensor<4xf32>) -> tensor<4xf32>
  %v = wick.add %one, %t : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %h = wick.mul %half, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %r = wick.mul %h, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// CHECK-LABEL: func @swish
// CHECK-NEXT: %[[S:.*]] = wick.swish %arg0
// CHECK-NEXT: return %[[S]]
func.func @swish(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = wick.sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  %b = wick.mul %a, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}

// x * clip(x + 3, 0, 6) / 6
// CHECK-LABEL: func @hard_swish
// CHECK-NEXT: wick.hard_swish %arg0
func.func @hard_swish(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = wick.constant dense<0.0> : tensor<f32> : tensor<f32>
  %three = wick.constant dense<3.0> : tensor<f32> : tensor<f32>
  %six = wick.constant dense<6.0> : tensor<f32> : tensor<f32>
  %a = wick.add %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = wick.max %a, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = wick.min %b, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %d = wick.mul %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %e = wick.div %d, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %e : tensor<4xf32>
}

// Other bounds are another function.
// CHECK-LABEL: func @not_hard_swish
// CHECK-NOT: wick.hard_swish
// CHECK: return
func.func @not_hard_swish(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = wick.constant dense<0.0> : tensor<f32> : tensor<f32>
  %two = wick.constant dense<2.0> : tensor<f32> : tensor<f32>
  %six = wick.constant dense<6.0> : tensor<f32> : tensor<f32>
  %a = wick.add %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = wick.max %a, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = wick.min %b, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %d = wick.mul %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %e = wick.div %d, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %e : tensor<4xf32>
}
