// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Normalizations, decomposed into reductions and scalar ops; the row strategy finds
// them again. 16-bit inputs are normalized in f32 (the schemas' stash_type).
//
#include "compiler/frontend/onnx/NodeImport.h"

using namespace mlir;
namespace wick::compiler {

static Type stashType(NodeImport &n, Type elem) {
  bool narrow = isa<FloatType>(elem) && elem.getIntOrFloatBitWidth() < 32;
  return narrow ? Type(n.g.b.getF32Type()) : elem;
}

/// `v` [C] as [C, 1, ...] against a tensor of `rank` with channels in dim 1.
static Value perChannel(GraphBuilder &g, Value v, int64_t rank) {
  if (!v)
    return v;
  if (rank < 2 || g.rank(v) != 1)
    return g.fail("a parameter of rank " + Twine(g.rank(v)) + " for an input of rank " + Twine(rank));
  Exprs shape(rank - 1, g.expr(1));
  shape[0] = g.dim(v, 0);
  return g.reshape(v, shape);
}

static std::optional<SmallVector<int64_t>> axesFrom(NodeImport &n) {
  int64_t rank = n.g.rank(n.input(0));
  auto axis = n.axis(n.intAttr("axis", -1), rank);
  if (!axis)
    return std::nullopt;
  return llvm::to_vector(llvm::seq<int64_t>(*axis, rank));
}

static void importLayerNorm(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), mean, invStd;
  auto axes = axesFrom(n);
  if (!axes)
    return;
  Type elem = g.elem(x);
  Value v = g.normalize(g.castTo(x, stashType(n, elem)), *axes, n.floatAttr("epsilon", 1e-5f), &mean, &invStd);
  v = g.mul(g.castTo(v, elem), n.input(1));
  n.set(0, n.input(2) ? g.add(v, n.input(2)) : v);
  n.set(1, mean), n.set(2, invStd);
}

static void importRmsNorm(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  auto axes = axesFrom(n);
  if (!axes)
    return;
  Value v = g.rmsNormalize(g.castTo(x, stashType(n, g.elem(x))), *axes, n.floatAttr("epsilon", 1e-5f));
  n.set(0, g.mul(g.castTo(v, g.elem(x)), n.input(1)));
}

static void importGroupNorm(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  Exprs dims = g.dims(x);
  if (dims.size() < 2)
    return n.error("input of rank " + Twine(dims.size()));
  int64_t groups = n.intAttr("num_groups", 1);
  if (groups < 1)
    return n.error("num_groups " + Twine(groups));
  AffineExpr inGroup = g.floorDiv(dims[1], g.expr(groups)), spatial = g.count(ArrayRef(dims).drop_front(2));
  Type elem = g.elem(x);
  Value v = g.castTo(g.reshape(x, {dims[0], g.expr(groups), g.simplify(inGroup * spatial)}), stashType(n, elem));
  v = g.reshape(g.castTo(g.normalize(v, {2}, n.floatAttr("epsilon", 1e-5f)), elem), dims);
  n.set(0, g.add(g.mul(v, perChannel(g, n.input(1), dims.size())), perChannel(g, n.input(2), dims.size())));
}

static void importInstanceNorm(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  int64_t rank = g.rank(x);
  if (rank < 3)
    return n.error("input of rank " + Twine(rank));
  Type elem = g.elem(x);
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  Value v = g.castTo(g.normalize(g.castTo(x, stashType(n, elem)), axes, n.floatAttr("epsilon", 1e-5f)), elem);
  n.set(0, g.add(g.mul(v, perChannel(g, n.input(1), rank)), perChannel(g, n.input(2), rank)));
}

/// In inference x * s + b, where s and b fold with the constants.
static void importBatchNorm(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), mean = n.input(3), variance = n.input(4);
  int64_t rank = g.rank(x);
  Type elem = g.elem(x), param = g.elem(mean);
  if (n.intAttr("training_mode", 0)) {
    double keep = n.floatAttr("momentum", 0.9f);
    SmallVector<int64_t> axes{0};
    for (int64_t i = 2; i < rank; ++i)
      axes.push_back(i);
    Value m = g.reduceMean(g.castTo(x, param), axes), d = g.sub(g.castTo(x, param), m);
    Value v = g.reduceMean(g.mul(d, d), axes);
    m = g.reshape(m, g.dims(mean)), v = g.reshape(v, g.dims(variance));
    n.set(1, g.add(g.mul(mean, keep), g.mul(m, 1 - keep)));
    n.set(2, g.add(g.mul(variance, keep), g.mul(v, 1 - keep)));
    mean = m, variance = v;
  }
  Value std = g.create<graph::SqrtOp>({g.add(variance, n.floatAttr("epsilon", 1e-5f))});
  Value s = g.div(g.castTo(n.input(1), param), std);
  Value shift = g.sub(g.castTo(n.input(2), param), g.mul(mean, s));
  if (rank == 1) // [N]: one channel
    return n.set(0, g.castTo(g.add(g.mul(g.castTo(x, param), s), shift), elem));
  Value y = g.add(g.mul(g.castTo(x, param), perChannel(g, s, rank)), perChannel(g, shift, rank));
  n.set(0, g.castTo(y, elem));
}

static void importLrn(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  Exprs d = g.dims(x);
  if (d.size() < 2 || n.intAttr("size", 1) < 1)
    return n.error("size " + Twine(n.intAttr("size", 1)) + " on rank " + Twine(d.size()));
  int64_t size = n.intAttr("size", 1), low = (size - 1) / 2;
  double alpha = n.floatAttr("alpha", 1e-4f), beta = n.floatAttr("beta", 0.75f), bias = n.floatAttr("bias", 1);
  // The window runs over channels: make them a spatial dim.
  Value sq = g.reshape(g.mul(x, x), {d[0], g.expr(1), d[1], g.count(ArrayRef(d).drop_front(2))});
  Value sum = g.create<graph::PoolOp>(
      {sq}, {g.b.getNamedAttr("kind", graph::PoolKindAttr::get(g.b.getContext(), graph::PoolKind::SumAbsPow)),
             g.intsAttr("kernel", {size, 1}), g.intsAttr("strides", {1, 1}), g.intsAttr("pads_begin", {low, 0}),
             g.intsAttr("pads_end", {size - 1 - low, 0}), g.intsAttr("dilations", {1, 1}),
             g.mapAttr("sizes", {d[1], g.count(ArrayRef(d).drop_front(2))}), g.intAttr("p", 1)});
  Value base = g.add(g.mul(g.reshape(sum, d), alpha / double(size)), bias);
  n.set(0, g.div(x, g.create<graph::PowOp>({base, g.scalarLike(x, beta)})));
}

static void importLpNorm(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  auto axis = n.axis(n.intAttr("axis", -1), g.rank(x));
  if (!axis)
    return;
  Value norm = n.intAttr("p", 2) == 1
                   ? g.reduce(g.create<graph::AbsOp>({x}), graph::ReduceKind::Sum, {*axis})
                   : g.create<graph::SqrtOp>({g.reduce(g.mul(x, x), graph::ReduceKind::Sum, {*axis})});
  Value zero = g.create<graph::EqualOp>({norm, g.scalarLike(x, 0)});
  n.set(0, g.div(x, g.where(zero, g.scalarLike(x, 1), norm)));
}

static void importMvn(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  auto axes = n.axes(1, g.rank(x), SmallVector<int64_t>{0, 2, 3});
  if (!axes)
    return;
  Value d = g.sub(x, g.reduceMean(x, *axes));
  Value std = g.create<graph::SqrtOp>({g.reduceMean(g.mul(d, d), *axes)});
  n.set(0, g.div(d, g.add(std, 1e-9)));
}

void addNormImporters(ImportTable &t) {
  t["LayerNormalization"] = importLayerNorm, t["RMSNormalization"] = importRmsNorm;
  t["GroupNormalization"] = importGroupNorm, t["InstanceNormalization"] = importInstanceNorm;
  t["BatchNormalization"] = importBatchNorm, t["LRN"] = importLrn, t["LpNormalization"] = importLpNorm;
  t["MeanVarianceNormalization"] = importMvn;
}

} // namespace wick::compiler
