// Result types follow from operands; a dim that is not constant agrees with any.
// RUN: wick-opt --wick-check-types --split-input-file --verify-diagnostics %s

module attributes {wick.symbols = [{kind = "named", min = 0 : i64, max = 64 : i64, name = "n"}]} {
  func.func @good(%x: tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>) -> tensor<4x3xf32> {
    %0 = wick.relu %x : (tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>) -> tensor<4x3xf32>
    return %0 : tensor<4x3xf32>
  }
}

// -----

func.func @dims(%x: tensor<2x3xf32>) -> tensor<3x3xf32> {
  // expected-error @+1 {{has type 'tensor<3x3xf32>', its operands give 'tensor<3x2xf32>'}}
  %0 = wick.transpose %x {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}

// -----

func.func @element(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{its operands give 'tensor<2xi1>'}}
  %0 = wick.equal %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @rule(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{inner dims are 3 and 2}}
  %0 = wick.matmul %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
