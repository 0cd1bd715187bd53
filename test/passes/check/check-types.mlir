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

// -----

func.func @codes(%x: tensor<2xf8E4M3FN>, %i: tensor<1xi64>) -> tensor<1xf8E4M3FN> {
  %0 = wick.gather %x, %i {axis = 0 : i64} : (tensor<2xf8E4M3FN>, tensor<1xi64>) -> tensor<1xf8E4M3FN>
  // expected-error @+1 {{does not compute on elements of 'tensor<1xf8E4M3FN>'}}
  %1 = wick.add %0, %0 : (tensor<1xf8E4M3FN>, tensor<1xf8E4M3FN>) -> tensor<1xf8E4M3FN>
  return %1 : tensor<1xf8E4M3FN>
}

// -----

func.func @widths(%x: tensor<2xf16>) -> tensor<2xi16> {
  %0 = wick.bitcast %x {to = i16} : (tensor<2xf16>) -> tensor<2xi16>
  // expected-error @+1 {{i16 as f8E5M2: elements of 16 and 8 bits}}
  %1 = wick.bitcast %0 {to = f8E5M2} : (tensor<2xi16>) -> tensor<2xf8E5M2>
  return %0 : tensor<2xi16>
}
