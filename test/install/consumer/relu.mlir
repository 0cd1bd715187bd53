// The model that the programs of README.md and docs/embedding.md run.
func.func @main(%x: tensor<1x4xf32> {wick.name = "x"}) -> (tensor<1x4xf32> {wick.name = "y"}) {
  %y = wick.relu %x : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}
