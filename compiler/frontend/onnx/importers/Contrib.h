// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the importers of com.microsoft share: checks of operands, importers of the
// default domain run in passing, activations by name, and attention as one composition.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_CONTRIB_H
#define WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_CONTRIB_H

#include "compiler/frontend/onnx/NodeImport.h"

namespace wick::compiler::contrib {

/// The library has no schemas of this domain: notes operands that are missing, or that
/// have another rank than wanted (-1: any). Call before anything reads their types.
struct Want {
  size_t operand;
  int64_t rank = -1;
};
bool operandsFit(NodeImport &n, llvm::ArrayRef<Want> wanted);

/// Runs the importer of `op` of the default domain on this node; its output 0, or null.
mlir::Value importAs(NodeImport &n, llvm::StringRef op);

/// `v` through the activation that attribute `activation` names; alpha, beta and gamma are
/// parameters in order, those absent as the op's defaults. `v` itself without the attribute.
mlir::Value activate(NodeImport &n, mlir::Value v, llvm::ArrayRef<float> params);

/// `v` with dim `axis`, which must be `size` at run time, known to be it; a dim that is
/// known to be 1 stays. Without it a dim of another name would have to broadcast.
mlir::Value sized(NodeImport &n, mlir::Value v, int64_t axis, mlir::AffineExpr size);

/// f32 for 16-bit floats, else the type.
mlir::Type wide(GraphBuilder &g, mlir::Type type);

/// [batch, sequence, heads * size] as [batch, heads, sequence, size], and back.
mlir::Value splitHeads(NodeImport &n, mlir::Value x, int64_t heads);
mlir::Value joinHeads(GraphBuilder &g, mlir::Value x);

/// softmax(scale * q k^T + bias) v with q [batch, heads, S, H], k [batch, heads, T, H],
/// v [batch, heads, T, Hv]: the ops of the body of ONNX Attention, with queries scaled alone.
struct Scores {
  double scale = 1, softcap = 0;
  mlir::Value bias;    ///< added; broadcasts to [batch, heads, S, T]; or null
  mlir::Value allowed; ///< bool that broadcasts likewise; false: weight 0; or null
  mlir::Value sink;    ///< logit beside the keys, broadcasts to [batch, heads, S, 1]; or null
};
/// `logits` and `weights`, where given, are set to the values around softmax.
mlir::Value attend(GraphBuilder &g, mlir::Value q, mlir::Value k, mlir::Value v, const Scores &s,
                   mlir::Value *logits = nullptr, mlir::Value *weights = nullptr);

/// The default of attribute `scale`: 1 / sqrt(size).
double scaleOf(NodeImport &n, int64_t size);

/// x [batch, heads, S, size] turned by the angles at positions [batch or 1, S] of the caches
/// [positions, rotated / 2]; elements behind `rotated` stay.
mlir::Value rotate(NodeImport &n, mlir::Value x, mlir::Value positions, mlir::Value cosines, mlir::Value sines,
                   bool interleaved);

/// What Attention, MultiHeadAttention and QAttention add to scores for their mask operand
/// (null: none) of any of its forms, and for `causal` with keys that begin `past` before queries.
mlir::Value maskBias(NodeImport &n, mlir::Value mask, mlir::Type elem, mlir::AffineExpr batch, mlir::AffineExpr queries,
                     mlir::AffineExpr keys, mlir::AffineExpr past, bool causal);

/// Attention behind its projection: qkv [batch, S, sum of sizes]; operands `mask`, `past` and
/// `bias` by number, -1 for those that the op lacks. Sets outputs 0 and 1.
void attendProjected(NodeImport &n, mlir::Value qkv, int mask, int past, int bias);

} // namespace wick::compiler::contrib

#endif // WICK_COMPILER_FRONTEND_ONNX_IMPORTERS_CONTRIB_H
