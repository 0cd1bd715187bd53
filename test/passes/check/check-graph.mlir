// Every dim is known: a constant, or an expression over described symbols.
// RUN: wick-opt --wick-check-graph --split-input-file --verify-diagnostics %s

module attributes {wick.symbols = [{kind = "named", min = 0 : i64, max = 64 : i64, name = "batch"}]} {
  func.func @good(%x: tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>) {
    %0 = wick.relu %x : (tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>) -> tensor<?x3xf32, affine_map<()[s0] -> (s0, 3)>>
    return
  }
}

// -----

// expected-error @+1 {{symbol s0 has no kind, min and max: {name = "batch"}}}
module attributes {wick.symbols = [{name = "batch"}]} {
  func.func @undescribed_symbol(%x: tensor<?xf32, affine_map<()[s0] -> (s0)>>) {
    return
  }
}

// -----

// expected-error @+1 {{has a dim without an expression}}
func.func @unknown(%x: tensor<?xf32>) {
  return
}

// -----

// expected-error @+1 {{uses symbol s0, which the module does not describe}}
func.func @undescribed(%x: tensor<?xf32, affine_map<()[s0] -> (s0)>>) {
  return
}

// -----

func.func @wrong(%x: tensor<4xf32>) {
  // expected-error @+1 {{differs from its expression}}
  %0 = wick.relu %x : (tensor<4xf32>) -> tensor<4xf32, affine_map<() -> (5)>>
  return
}
