// What the parser and the verifiers refuse, and in which words.
// RUN: wick-opt --split-input-file --verify-diagnostics %s

func.func @attribute_missing(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{requires attribute 'perm'}}
  %0 = wick.transpose %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @operand_count(%x: tensor<2xf32>) {
  // expected-error @+1 {{op}}
  %0 = "wick.add"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @unranked(%x: tensor<*xf32>) {
  // expected-error @+1 {{must be ranked tensor of any type values}}
  %0 = wick.relu %x : (tensor<*xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @unknown_op(%x: tensor<2xf32>) {
  // expected-error @+1 {{unregistered operation 'wick.unknown'}}
  %0 = "wick.unknown"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @isolated(%x: tensor<2xf32>) {
  // expected-note @+1 {{required by region isolation constraints}}
  %0 = wick.kernel "loops"(%x) {
  ^bb0(%a: tensor<2xf32>):
    // expected-error @+1 {{using value defined outside the region}}
    %1 = wick.relu %x : (tensor<2xf32>) -> tensor<2xf32>
    wick.yield %1 : tensor<2xf32>
  } {sources = []} : (tensor<2xf32>) -> tensor<2xf32>
  return
}
