// What import promises: graph ops on ranked tensors.
// RUN: wick-opt --wick-check-import --split-input-file --verify-diagnostics %s

func.func @good(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = wick.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @foreign(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{is no graph op}}
  %0 = arith.addf %x, %x : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// expected-error @+1 {{no ranked tensor: 'f32'}}
func.func @scalar(%x: f32) {
  return
}
