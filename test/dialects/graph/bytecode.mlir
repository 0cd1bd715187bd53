// Bytecode carries the dialect's version and gives back the same graph.
// RUN: wick-opt --emit-bytecode %s -o %t.mlirbc
// RUN: wick-opt %t.mlirbc | FileCheck %s
// RUN: wick-opt --verify-roundtrip %s -o /dev/null

// CHECK: #[[M:.*]] = affine_map<()[s0] -> (s0 floordiv 2 + 1, 3)>
// CHECK-LABEL: func @graph
// CHECK-SAME: (%arg0: tensor<?x3xf32, #[[M]]>)
// CHECK: wick.weight "w" : tensor<3x5xbf16>
// CHECK: wick.cast %arg0 {to = bf16}
// CHECK: wick.matmul
func.func @graph(%x: tensor<?x3xf32, affine_map<()[s0] -> (s0 floordiv 2 + 1, 3)>>) {
  %w = wick.weight "w" : tensor<3x5xbf16>
  %c = wick.cast %x {to = bf16} : (tensor<?x3xf32, affine_map<()[s0] -> (s0 floordiv 2 + 1, 3)>>) -> tensor<?x3xbf16, affine_map<()[s0] -> (s0 floordiv 2 + 1, 3)>>
  %m = wick.matmul %c, %w : (tensor<?x3xbf16, affine_map<()[s0] -> (s0 floordiv 2 + 1, 3)>>, tensor<3x5xbf16>) -> tensor<?x5xbf16, affine_map<()[s0] -> (s0 floordiv 2 + 1, 5)>>
  return
}
