// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pattern sets of --wick-simplify, by what they look at; --wick-layout uses
// those on transposes too.
//
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace wick::graph {

/// Scalar ops: identities, powers, casts, where, expand before elementwise.
void addArithmeticPatterns(mlir::RewritePatternSet &patterns);
/// Activations spelled out by exporters: gelu, swish, hard_swish, mish.
void addActivationPatterns(mlir::RewritePatternSet &patterns);
/// Moves and reductions: reshape, slice, concat, reduce over dims of size 1.
void addMovePatterns(mlir::RewritePatternSet &patterns);
/// Transposes around reshapes and slices, and before products with weights.
void addTransposePatterns(mlir::RewritePatternSet &patterns);

} // namespace wick::graph
