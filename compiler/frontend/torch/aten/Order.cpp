// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that go by the order of elements or along a line of them: sort, topk, medians,
// running sums.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

/// The routine has no bool.
static std::pair<Value, Value> ordered(GraphBuilder &g, Value x, int64_t axis, AffineExpr k, bool largest) {
  if (!x)
    return {};
  if (g.rank(x) == 0)
    return {x, g.i64(0)};
  Type t = g.elem(x);
  Value in = isBool(t) ? g.castTo(x, IntegerType::get(g.b.getContext(), 8, IntegerType::Unsigned)) : x;
  auto [values, places] = topK(g, in, axis, k, largest);
  return {g.castTo(values, t), places};
}

static void topk(AtenCall &c) { // self, k, dim, largest, sorted
  Value x = c.tensor(0);
  if (!x)
    return;
  auto [v, at] = ordered(c.g, x, c.axis(2, c.g.rank(x), -1), c.size(1), c.flag(3, true));
  c.give(v), c.give(at);
}
/// sort(dim, descending), sort.stable(stable, dim, descending)
static std::pair<Value, Value> sorted(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return {};
  bool stable = c.overload == "stable" || c.args.size() > 3 || c.arg(1).kind == Arg::Kind::Bool;
  int64_t axis = c.axis(stable ? 2 : 1, g.rank(x), -1);
  AffineExpr n = g.rank(x) ? g.dim(x, axis) : g.expr(1);
  return ordered(g, x, axis, n, c.flag(stable ? 3 : 2));
}
static void sort(AtenCall &c) {
  auto [v, at] = sorted(c);
  c.give(v), c.give(at);
}
static void argsort(AtenCall &c) { c.give(sorted(c).second); }
static void msort(AtenCall &c) {
  if (Value x = c.tensor(0))
    c.give(ordered(c.g, x, 0, c.g.rank(x) ? c.g.dim(x, 0) : c.g.expr(1), false).first);
}

/// Element `k` in ascending order along an axis, with its place.
static void kth(AtenCall &c, Value x, int64_t axis, AffineExpr k, bool keep) {
  GraphBuilder &g = c.g;
  if (g.rank(x) == 0)
    return c.give(x), c.give(g.i64(0));
  auto [v, at] = ordered(g, x, axis, g.simplify(k + 1), false);
  for (Value r : {v, at})
    if (r) {
      r = g.slice(r, axis, k, g.expr(1));
      c.give(keep ? r : g.squeeze(r, {axis}));
    }
}
static void kthValue(AtenCall &c) { // self, k, dim, keepdim
  if (Value x = c.tensor(0))
    kth(c, x, c.axis(2, c.g.rank(x), -1), c.g.simplify(c.size(1) - 1), c.flag(3));
}
static void median(AtenCall &c) { // the lower of two
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  bool dim = c.has(1);
  int64_t axis = dim ? c.axis(1, g.rank(x)) : 0;
  x = dim ? x : g.flatten(x);
  AffineExpr n = g.rank(x) ? g.dim(x, axis) : g.expr(1);
  kth(c, x, axis, g.floorDiv(g.simplify(n - 1), g.expr(2)), c.flag(2));
  if (!dim && c.results.size() > 1)
    c.results.pop_back();
}

/// self, dim, dtype; sums of integers are i64
static void running(AtenCall &c, StringRef routine) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  Type t = c.dtype(2, isFloat(g.elem(x)) ? g.elem(x) : Type(g.b.getI64Type()));
  x = g.castTo(x, t);
  if (g.rank(x) == 0)
    return c.give(x);
  // 16-bit floats are summed in f32.
  c.give(g.castTo(cumulative(g, g.castTo(x, wideOf(t)), c.axis(1, g.rank(x)), routine), t));
}
static void cumsum(AtenCall &c) { running(c, "cumsum"); }
static void cumprod(AtenCall &c) { running(c, "cumprod"); }

/// The greatest so far: over a triangle of pairs, with the last place that met or passed it;
/// NaN passes all, one of its own kind as well.
template <bool isMax>
static void cumExtreme(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x || g.rank(x) == 0)
    return c.give(x), c.give(g.i64(0));
  int64_t axis = c.axis(1, g.rank(x)), rank = g.rank(x);
  AffineExpr n = g.dim(x, axis);
  Type i64 = g.b.getI64Type();
  Exprs tri(rank + 1, g.expr(1));
  tri[axis] = n, tri[axis + 1] = n; // [.., result, source, ..]
  Value at = g.iota(i64, n), seen = g.create<graph::LessEqualOp>({at, g.unsqueeze(at, {1})});
  seen = g.reshape(seen, tri);
  // Sources behind a result stand for its own place.
  Value wide = g.where(seen, g.unsqueeze(x, {axis}), g.unsqueeze(x, {axis + 1}));
  Value best =
      g.squeeze(g.reduce(wide, isMax ? graph::ReduceKind::Max : graph::ReduceKind::Min, {axis + 1}), {axis + 1});
  Value meets = g.create<graph::EqualOp>({x, best});
  if (isFloat(g.elem(x)))
    meets = g.create<graph::OrOp>({meets, g.create<graph::IsNanOp>({x})});
  if (!meets)
    return;
  Value places = g.where(g.create<graph::AndOp>({seen, g.unsqueeze(meets, {axis})}),
                         alongDim(g, at, axis + 1, rank + 1), g.i64(0));
  c.give(best), c.give(g.squeeze(g.reduce(places, graph::ReduceKind::Max, {axis + 1}), {axis + 1}));
}

void addOrderRows(AtenTable &t) {
  auto release = OnQuantized::Release;
  addRows(t, topk, {"topk"}), addRows(t, sort, {"sort"}), addRows(t, argsort, {"argsort"}, release);
  addRows(t, msort, {"msort"}), addRows(t, kthValue, {"kthvalue"}), addRows(t, median, {"median"});
  addRows(t, cumsum, {"cumsum"}), addRows(t, cumprod, {"cumprod"});
  addRows(t, cumExtreme<true>, {"cummax"}), addRows(t, cumExtreme<false>, {"cummin"});
}

} // namespace wick::compiler::torch
