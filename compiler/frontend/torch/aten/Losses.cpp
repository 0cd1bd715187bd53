// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Losses, for models that end in one. reduction: 0 none, 1 mean, 2 sum.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

static Value reduced(GraphBuilder &g, Value v, int64_t reduction) {
  if (!v || reduction == 0)
    return v;
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, g.rank(v)));
  return g.squeeze(reduction == 1 ? g.reduceMean(v, all) : g.reduce(v, graph::ReduceKind::Sum, all), all);
}
static void mse(AtenCall &c) {
  auto [x, y] = promotedPair(c);
  Value d = c.g.sub(x, y);
  c.give(reduced(c.g, c.g.mul(d, d), c.integer(2, 1)));
}
static void l1(AtenCall &c) {
  auto [x, y] = promotedPair(c);
  c.give(reduced(c.g, c.g.create<graph::AbsOp>({c.g.sub(x, y)}), c.integer(2, 1)));
}
/// Quadratic below beta; huber is that times delta.
template <bool huber>
static void smoothL1(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  double beta = c.number(3, 1);
  Value d = g.create<graph::AbsOp>({g.sub(x, y)});
  if (!d || beta == 0)
    return c.give(reduced(g, d, c.integer(2, 1)));
  Value low = g.mul(g.mul(d, d), huber ? 0.5 : 0.5 / beta), high = g.mul(g.add(d, -0.5 * beta), huber ? beta : 1);
  c.give(reduced(g, g.where(g.create<graph::LessOp>({d, g.scalarLike(d, beta)}), low, high), c.integer(2, 1)));
}
static void binaryCrossEntropy(AtenCall &c) { // self, target, weight, reduction
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  auto log = [&](Value v) { return g.max(g.create<graph::LogOp>({v}), g.scalarLike(v, -100)); };
  Value v = g.create<graph::NegOp>({g.add(g.mul(y, log(x)), g.mul(g.sub(1, y), log(g.sub(1, x))))});
  c.give(reduced(g, c.has(2) ? g.mul(v, c.tensor(2)) : v, c.integer(3, 1)));
}
static void binaryCrossEntropyWithLogits(AtenCall &c) { // self, target, weight, pos_weight, reduction
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  Value soft = g.create<graph::SoftplusOp>({g.create<graph::NegOp>({x})}); // -log sigmoid
  Value by = c.has(3) ? g.add(g.mul(g.add(c.tensor(3), -1), y), 1) : Value();
  Value v = g.add(g.mul(g.sub(1, y), x), by ? g.mul(by, soft) : soft);
  c.give(reduced(g, c.has(2) ? g.mul(v, c.tensor(2)) : v, c.integer(4, 1)));
}

/// Logarithms of probabilities with classes in dim 1 at the targets; weights, classes that
/// do not count. `total` gets what a mean divides by.
static Value nll(AtenCall &c, Value x, Value target, Value weight, int64_t ignore, Value &total) {
  GraphBuilder &g = c.g;
  if (!x || !target)
    return {};
  int64_t axis = g.rank(x) > 1 ? 1 : 0;
  target = g.castTo(target, g.b.getI64Type());
  Value counts = g.create<graph::NotOp>({g.create<graph::EqualOp>({target, g.i64(ignore)})});
  Value at = g.unsqueeze(g.where(counts, target, g.i64(0)), {axis});
  Value v = g.squeeze(g.create<graph::GatherElementsOp>({x, at}, {g.intAttr("axis", axis)}), {axis});
  Value w = g.castTo(counts, g.elem(x));
  if (weight)
    w = g.mul(w, g.gather(weight, g.where(counts, target, g.i64(0)), 0));
  total = w;
  return g.create<graph::NegOp>({g.mul(v, w)});
}
static Value meanBy(GraphBuilder &g, Value v, Value total, int64_t reduction) {
  if (reduction != 1)
    return reduced(g, v, reduction);
  return g.div(reduced(g, v, 2), reduced(g, total, 2));
}
static void nllLoss(AtenCall &c) { // self, target, weight, reduction, ignore_index
  Value total, v = nll(c, c.tensor(0), c.tensor(1), c.tensorOrNull(2), c.wideInteger(4, -100), total);
  c.give(meanBy(c.g, v, total, c.integer(3, 1)));
  if (c.name.contains("forward"))
    c.give(reduced(c.g, total, 2));
}
static void crossEntropy(AtenCall &c) { // self, target, weight, reduction, ignore_index, label_smoothing
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), target = c.tensor(1);
  if (!x || !target)
    return;
  int64_t axis = g.rank(x) > 1 ? 1 : 0;
  if (c.number(5, 0) != 0)
    return c.fail("label smoothing is not supported");
  Value logs = g.logSoftmax(x, axis), weight = c.tensorOrNull(2), total;
  if (isFloat(g.elem(target))) { // probabilities
    Value v = g.mul(logs, target);
    if (weight)
      v = g.mul(v, alongDim(g, weight, axis, g.rank(x)));
    v = g.create<graph::NegOp>({g.squeeze(g.reduce(v, graph::ReduceKind::Sum, {axis}), {axis})});
    return c.give(reduced(g, v, c.integer(3, 1)));
  }
  Value v = nll(c, logs, target, weight, c.wideInteger(4, -100), total);
  c.give(meanBy(g, v, total, c.integer(3, 1)));
}
static void klDiv(AtenCall &c) { // self, target, reduction, log_target
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  if (!x || !y)
    return;
  Value zero = g.scalarLike(y, 0), v;
  if (c.flag(3))
    v = g.mul(g.create<graph::ExpOp>({y}), g.sub(y, x));
  else
    v = g.where(g.create<graph::LessOp>({zero, y}), g.mul(y, g.sub(g.create<graph::LogOp>({y}), x)), zero);
  c.give(reduced(g, v, c.integer(2, 1)));
}

void addLossRows(AtenTable &t) {
  addRows(t, mse, {"mse_loss"}), addRows(t, l1, {"l1_loss"}), addRows(t, smoothL1<false>, {"smooth_l1_loss"});
  addRows(t, smoothL1<true>, {"huber_loss"}), addRows(t, binaryCrossEntropy, {"binary_cross_entropy"});
  addRows(t, binaryCrossEntropyWithLogits, {"binary_cross_entropy_with_logits"});
  addRows(t, nllLoss, {"nll_loss", "nll_loss_nd", "nll_loss2d", "nll_loss_forward", "nll_loss2d_forward"});
  addRows(t, crossEntropy, {"cross_entropy_loss"}), addRows(t, klDiv, {"kl_div"});
}

} // namespace wick::compiler::torch
