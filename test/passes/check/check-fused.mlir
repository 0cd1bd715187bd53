// After fusion only views, constants and what depends on them stand alone.
// RUN: wick-opt --wick-check-fused --split-input-file --verify-diagnostics %s

func.func @good(%x: tensor<2x3xf32>) -> tensor<6xf32> {
  %w = wick.weight "w" : tensor<2x3xf32>
  %s = wick.mul %w, %w : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %k = wick.kernel "loops"(%x, %s) {
  ^bb0(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>):
    %0 = wick.add %a, %b : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    wick.yield %0 : tensor<2x3xf32>
  } {sources = []} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %v = wick.reshape %k {dims = affine_map<() -> (6)>} : (tensor<2x3xf32>) -> tensor<6xf32>
  return %v : tensor<6xf32>
}

// -----

func.func @alone(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{is in no kernel}}
  %0 = wick.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
