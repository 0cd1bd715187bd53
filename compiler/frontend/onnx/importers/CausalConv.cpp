// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CausalConvWithState: a depthwise convolution over the past, whose last values are
// handed to the next call. With open channels or taps the windows are gathered.
//
#include "compiler/frontend/onnx/NodeImport.h"

using namespace mlir;
namespace wick::compiler {

/// y[b, c, t] = sum over k of x[b, c, t + k] * w[c, 0, k], length positions.
static Value depthwise(NodeImport &n, Value x, Value w, AffineExpr length) {
  GraphBuilder &g = n.g;
  Exprs taps = g.dims(w);
  auto channels = graph::constantOf(taps[0]);
  if (channels && graph::constantOf(taps[1]) && graph::constantOf(taps[2]))
    return g.create<graph::ConvOp>({x, w}, {g.intsAttr("strides", {1}), g.intsAttr("pads_begin", {0}),
                                            g.intsAttr("pads_end", {0}), g.intsAttr("dilations", {1}),
                                            g.intAttr("groups", *channels)});
  g.mustEqual(taps[0], g.dim(x, 1)), g.mustEqual(taps[1], g.expr(1));
  Type elem = g.elem(x), i64 = g.b.getI64Type();
  Type wide = elem.getIntOrFloatBitWidth() < 32 ? Type(g.b.getF32Type()) : elem;
  Value places = g.add(g.unsqueeze(g.iota(i64, length), {1}), g.unsqueeze(g.iota(i64, taps[2]), {0}));
  Value windows = g.castTo(g.gather(x, places, 2), wide);
  Value factors = g.castTo(g.reshape(w, {taps[0], g.expr(1), taps[2]}), wide);
  return g.castTo(g.squeeze(g.reduce(g.mul(windows, factors), graph::ReduceKind::Sum, {3}), {3}), elem);
}

static void importCausalConv(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), w = n.input(1), bias = n.input(2), past = n.input(3);
  if (g.rank(x) != 3 || g.rank(w) != 3 || (bias && g.rank(bias) != 1) || (past && g.rank(past) != 3))
    return n.error("input of rank " + Twine(g.rank(x)) + " and weight of rank " + Twine(g.rank(w)) + ", expected 3");
  AffineExpr length = g.dim(x, 2), kept = g.simplify(g.dim(w, 2) - 1), zero = g.expr(0);
  g.checkEqual(g.dim(w, 0), g.dim(x, 1), "the weights do not fit the channels");
  if (past)
    g.checkEqual(g.dim(past, 2), kept, "past_state must hold one value less than the kernel");
  Value all = past ? g.concat({past, x}, 2) : g.padConstant(x, {zero, zero, kept}, {zero, zero, zero}, 0);
  Value y = depthwise(n, all, w, length);
  if (bias)
    y = g.add(y, g.reshape(bias, {g.dim(bias, 0), g.expr(1)}));
  std::string activation = n.stringAttr("activation", "none");
  if (activation == "silu" || activation == "swish") {
    Type elem = g.elem(x);
    Value f = g.castTo(y, elem.isF64() ? elem : Type(g.b.getF32Type()));
    y = g.castTo(g.mul(f, g.create<graph::SigmoidOp>({f})), elem);
  } else if (activation != "none") {
    return n.error("activation '" + activation + "'");
  }
  n.set(0, y);
  n.set(1, g.slice(all, 2, g.simplify(g.dim(all, 2) - kept), kept));
}

void addCausalConvImporters(ImportTable &t) { t["CausalConvWithState"] = importCausalConv; }

} // namespace wick::compiler
