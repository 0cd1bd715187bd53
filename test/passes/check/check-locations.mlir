// Ops without a source name are reported; names may be nested.
// RUN: wick-opt --wick-check-locations --split-input-file --verify-diagnostics %s

func.func @named(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = wick.relu %x : (tensor<2xf32>) -> tensor<2xf32> loc("Relu_0:y")
  %1 = wick.relu %0 : (tensor<2xf32>) -> tensor<2xf32> loc(fused["m.onnx":1:1, "Relu_1:y"("m.onnx":2:2)])
  return %1 : tensor<2xf32>
}

// -----

func.func @unnamed(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{has no source name}}
  %0 = wick.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
