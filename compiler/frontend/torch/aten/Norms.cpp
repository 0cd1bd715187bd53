// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Normalizations, decomposed into reductions and scalar ops; the row strategy finds
// them again. 16-bit inputs are normalized in f32.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

/// x * weight + bias in x's type, the parameters at dim 1 or as they are.
static Value affine(GraphBuilder &g, Value x, Value weight, Value bias, bool channels) {
  auto fit = [&](Value v) {
    v = g.castTo(v, g.elem(x));
    return channels && g.rank(x) > 1 ? alongDim(g, v, 0, g.rank(x) - 1) : v;
  };
  if (x && weight)
    x = g.mul(x, fit(weight));
  return x && bias ? g.add(x, fit(bias)) : x;
}

/// x * s + b, where s and b fold with the constants.
static Value batchNormBy(GraphBuilder &g, Value x, Value mean, Value variance, Value weight, Value bias, double eps) {
  Type t = g.elem(x), p = wideOf(g.elem(mean));
  Value s = g.create<graph::RecipOp>({g.create<graph::SqrtOp>({g.add(g.castTo(variance, p), eps)})});
  if (weight)
    s = g.mul(g.castTo(weight, p), s);
  Value shift = g.create<graph::NegOp>({g.mul(g.castTo(mean, p), s)});
  if (bias)
    shift = g.add(g.castTo(bias, p), shift);
  return g.castTo(affine(g, g.castTo(x, p), s, shift, true), t);
}
static SmallVector<int64_t> butChannels(GraphBuilder &g, Value x) {
  SmallVector<int64_t> axes{0};
  for (int64_t i = 2; i < g.rank(x); ++i)
    axes.push_back(i);
  return axes;
}
/// By the batch's own statistics; `mean` and `invStd` [C] on request.
static Value batchNormOwn(GraphBuilder &g, Value x, Value weight, Value bias, double eps, Value *mean = nullptr,
                          Value *invStd = nullptr) {
  Type t = g.elem(x);
  Value m, s, v = g.normalize(g.castTo(x, wideOf(t)), butChannels(g, x), eps, &m, &s);
  if (mean)
    *mean = g.flatten(m);
  if (invStd)
    *invStd = g.flatten(s);
  return g.castTo(affine(g, v, weight, bias, true), t);
}
/// input, weight, bias, running_mean, running_var, training, momentum, eps
static void batchNorm(AtenCall &c) {
  Value x = c.tensor(0), w = c.tensorOrNull(1), b = c.tensorOrNull(2), m = c.tensorOrNull(3), v = c.tensorOrNull(4);
  if (!x)
    return;
  double eps = c.number(7, 1e-5);
  if (c.flag(5) || !m || !v)
    return c.give(batchNormOwn(c.g, x, w, b, eps));
  c.give(batchNormBy(c.g, x, m, v, w, b, eps));
}
/// input, weight, bias, running_mean, running_var, momentum, eps; statistics are empty
static void legitNoTraining(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), m = c.tensor(3), v = c.tensor(4);
  if (!x || !m || !v)
    return;
  c.give(batchNormBy(g, x, m, v, c.tensorOrNull(1), c.tensorOrNull(2), c.number(6)));
  for (int i = 0; i < 2; ++i)
    c.give(g.splat(g.elem(m), {g.expr(0)}, 0));
}
/// input, weight, bias, training, momentum, eps (no_stats)
static void legitNoStats(AtenCall &c) {
  if (c.arg(3).kind != Arg::Kind::Bool)
    return c.fail("training with running statistics is not supported");
  Value m, s;
  if (Value x = c.tensor(0))
    c.give(batchNormOwn(c.g, x, c.tensorOrNull(1), c.tensorOrNull(2), c.number(5), &m, &s));
  c.give(m), c.give(s);
}
/// input, weight, bias, running_mean, running_var, training, momentum, eps -> with statistics
static void nativeBatchNorm(AtenCall &c) {
  batchNorm(c);
  Type f = c.g.b.getF32Type();
  for (int i = 0; i < 2; ++i)
    c.give(c.g.splat(f, {c.g.expr(0)}, 0));
}

/// x of [N, C, ..] normalized over what follows the channels.
static Value instanceNormOf(GraphBuilder &g, Value x, double eps) {
  Type t = g.elem(x);
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, g.rank(x)));
  return g.castTo(g.normalize(g.castTo(x, wideOf(t)), axes, eps), t);
}
/// input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps
static void instanceNorm(AtenCall &c) {
  Value x = c.tensor(0), w = c.tensorOrNull(1), b = c.tensorOrNull(2), m = c.tensorOrNull(3), v = c.tensorOrNull(4);
  if (!x || c.g.rank(x) < 3)
    return c.fail("needs an input of at least three dims");
  double eps = c.number(7, 1e-5);
  if (!c.flag(5, true) && m && v)
    return c.give(batchNormBy(c.g, x, m, v, w, b, eps));
  c.give(affine(c.g, instanceNormOf(c.g, x, eps), w, b, true));
}

static Value groupNormOf(AtenCall &c, Value x, int64_t groups, Value w, Value b, double eps, Value *mean = nullptr,
                         Value *invStd = nullptr) {
  GraphBuilder &g = c.g;
  Exprs d = g.dims(x);
  if (d.size() < 2 || groups < 1)
    return c.fail(Twine(groups) + " groups of an input of rank " + Twine(d.size())), Value();
  AffineExpr inGroup = g.floorDiv(d[1], g.expr(groups)), spatial = g.count(ArrayRef(d).drop_front(2));
  Type t = g.elem(x);
  Value v = g.castTo(g.reshape(x, {d[0], g.expr(groups), g.simplify(inGroup * spatial)}), wideOf(t));
  v = g.reshape(g.castTo(g.normalize(v, {2}, eps, mean, invStd), t), d);
  return affine(g, v, w, b, true);
}
static void groupNorm(AtenCall &c) { // input, groups, weight, bias, eps
  if (Value x = c.tensor(0))
    c.give(groupNormOf(c, x, c.integer(1), c.tensorOrNull(2), c.tensorOrNull(3), c.number(4, 1e-5)));
}
static void nativeGroupNorm(AtenCall &c) { // input, weight, bias, N, C, HxW, groups, eps
  Value m, s;
  if (Value x = c.tensor(0))
    c.give(groupNormOf(c, x, c.integer(6), c.tensorOrNull(1), c.tensorOrNull(2), c.number(7), &m, &s));
  for (Value v : {m, s})
    c.give(v ? c.g.squeeze(v, {2}) : v);
}

static SmallVector<int64_t> lastAxes(GraphBuilder &g, Value x, int64_t dims) {
  return llvm::to_vector(llvm::seq<int64_t>(g.rank(x) - std::min(dims, g.rank(x)), g.rank(x)));
}
static Value layerNorm(GraphBuilder &g, Value x, int64_t dims, Value w, Value b, double eps, Value *mean,
                       Value *invStd) {
  if (!x)
    return x;
  Type t = g.elem(x);
  Value v = g.normalize(g.castTo(x, wideOf(t)), lastAxes(g, x, dims), eps, mean, invStd);
  return g.castTo(affine(g, v, w, b, false), t);
}
Value layerNormOf(AtenCall &c, Value x, int64_t dims, Value w, Value b, double eps) {
  return layerNorm(c.g, x, dims, w, b, eps, nullptr, nullptr);
}
/// input, normalized_shape, weight, bias, eps; the native form gives mean and 1 / std too
static void layerNormRow(AtenCall &c) {
  Value m, s;
  c.give(
      layerNorm(c.g, c.tensor(0), c.sizes(1).size(), c.tensorOrNull(2), c.tensorOrNull(3), c.number(4, 1e-5), &m, &s));
  if (c.name.ends_with("native_layer_norm"))
    c.give(m), c.give(s);
}
static void rmsNorm(AtenCall &c) { // input, normalized_shape, weight, eps (none: that of the dtype)
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  Type t = g.elem(x);
  double eps = t.isF64() ? 2.220446049250313e-16 : 1.1920928955078125e-07;
  Value v = g.rmsNormalize(g.castTo(x, wideOf(t)), lastAxes(g, x, c.sizes(1).size()), c.number(3, eps));
  c.give(g.castTo(affine(g, v, c.tensorOrNull(2), {}, false), t));
}

/// weight_norm: v * (g / norm of v over all dims but `dim`)
static void weightNorm(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value v = c.tensor(0), scale = c.tensor(1);
  if (!v || !scale)
    return;
  int64_t dim = c.integer(2, 0);
  SmallVector<int64_t> axes;
  for (int64_t i = 0; i < g.rank(v); ++i)
    if (i != dim)
      axes.push_back(i);
  Value norm = g.create<graph::SqrtOp>({g.reduce(g.mul(v, v), graph::ReduceKind::Sum, axes)});
  c.give(g.mul(v, g.div(scale, norm)));
  if (c.name.ends_with("interface"))
    c.give(norm);
}

void addNormRows(AtenTable &t) {
  addRows(t, batchNorm, {"batch_norm", "cudnn_batch_norm"});
  addRows(t, nativeBatchNorm, {"native_batch_norm", "_batch_norm_no_update", "_batch_norm_impl_index"});
  addRows(t, legitNoTraining, {"_native_batch_norm_legit_no_training"});
  addRows(t, legitNoStats, {"_native_batch_norm_legit", "_native_batch_norm_legit_functional"});
  addRows(t, instanceNorm, {"instance_norm"});
  addRows(t, groupNorm, {"group_norm"}), addRows(t, nativeGroupNorm, {"native_group_norm"});
  addRows(t, layerNormRow, {"layer_norm", "native_layer_norm"}), addRows(t, rmsNorm, {"rms_norm"});
  addRows(t, weightNorm, {"_weight_norm", "_weight_norm_interface"});
}

} // namespace wick::compiler::torch
