// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions and softmaxes. Sums of integers are i64, 16-bit floats are summed in f32,
// an empty list of dims means all.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

using Kind = graph::ReduceKind;
static constexpr double inf = std::numeric_limits<double>::infinity();

/// Drops reduced dims unless they are to be kept.
static Value finish(GraphBuilder &g, Value v, ArrayRef<int64_t> axes, bool keep) {
  return keep || !v ? v : g.squeeze(v, axes);
}

/// (dims, keepdim) at 1 and 2, or all when the call has none; `next` is what follows.
struct Over {
  SmallVector<int64_t> axes;
  bool keep = false;
  size_t next = 1;
};
static Over over(AtenCall &c, Value x) {
  Over o;
  bool hasDims = c.args.size() > 2 || c.arg(1).kind == Arg::Kind::List;
  o.axes = hasDims ? c.axes(1, c.g.rank(x)) : llvm::to_vector(llvm::seq<int64_t>(0, c.g.rank(x)));
  o.keep = hasDims && c.flag(2);
  o.next = hasDims ? 3 : 1;
  return o;
}

/// prod has no dims (x, dtype) or one (x, dim, keepdim, dtype), sum several.
template <Kind kind>
static void accumulate(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  Over o = over(c, x);
  Type own = isFloat(g.elem(x)) ? g.elem(x) : Type(g.b.getI64Type()), t = c.dtype(o.next, own);
  Value v = g.reduce(g.castTo(x, wideOf(t)), kind, o.axes);
  c.give(finish(g, g.castTo(v, t), o.axes, o.keep));
}
static void mean(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  Over o = over(c, x);
  Type t = c.dtype(o.next, g.elem(x));
  if (!isFloat(t))
    return c.fail("mean of integers");
  c.give(finish(g, g.castTo(g.reduceMean(g.castTo(x, wideOf(t)), o.axes), t), o.axes, o.keep));
}
static void nanSum(AtenCall &c) {
  GraphBuilder &g = c.g;
  if (Value x = c.tensor(0); x && isFloat(g.elem(x)))
    c.args[0].tensor = g.where(g.create<graph::IsNanOp>({x}), g.scalarLike(x, 0), x);
  accumulate<Kind::Sum>(c);
}

/// max and min of bool are or and and, through u8.
static Value extremeOf(GraphBuilder &g, Value x, ArrayRef<int64_t> axes, bool isMax) {
  if (!x)
    return x;
  Type t = g.elem(x), u8 = IntegerType::get(g.b.getContext(), 8, IntegerType::Unsigned);
  return g.castTo(g.reduce(isBool(t) ? g.castTo(x, u8) : x, isMax ? Kind::Max : Kind::Min, axes), t);
}
Value anyOf(GraphBuilder &g, Value x, ArrayRef<int64_t> axes) { return extremeOf(g, toBool(g, x), axes, true); }
Value allOf(GraphBuilder &g, Value x, ArrayRef<int64_t> axes) { return extremeOf(g, toBool(g, x), axes, false); }

template <bool isAny>
static void anyAll(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  SmallVector<int64_t> axes = c.axes(1, g.rank(x));
  bool u8 = g.elem(x).isUnsignedInteger(8); // torch gives uint8 for uint8
  Value v = isAny ? anyOf(g, x, axes) : allOf(g, x, axes);
  c.give(finish(g, u8 ? g.castTo(v, g.elem(x)) : v, axes, c.flag(2)));
}
template <bool isMax>
static void amax(AtenCall &c) {
  Value x = c.tensor(0);
  if (!x)
    return;
  SmallVector<int64_t> axes = c.axes(1, c.g.rank(x));
  c.give(finish(c.g, extremeOf(c.g, x, axes, isMax), axes, c.flag(2)));
}
static Value argOf(GraphBuilder &g, Value x, int64_t axis, bool isMax) {
  if (x && isBool(g.elem(x)))
    x = g.castTo(x, IntegerType::get(g.b.getContext(), 8, IntegerType::Unsigned));
  return g.argReduce(x, axis, isMax, false);
}
/// max(), max(other), max(dim, keepdim) with indices.
template <bool isMax>
static void maxMin(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  if (c.arg(1).isTensor()) {
    AtenCall inner{g, isMax ? "aten::maximum" : "aten::minimum", "", c.args, {}};
    findAten(inner.name)(inner);
    c.results = std::move(inner.results);
    return;
  }
  if (!c.has(1)) {
    SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, g.rank(x)));
    return c.give(g.squeeze(extremeOf(g, x, all, isMax), all));
  }
  SmallVector<int64_t> axes = c.axes(1, g.rank(x));
  if (g.rank(x) == 0)
    return c.give(x), c.give(g.i64(0));
  c.give(finish(g, extremeOf(g, x, axes, isMax), axes, c.flag(2)));
  c.give(finish(g, argOf(g, x, axes[0], isMax), axes, c.flag(2)));
}
template <bool isMax>
static void argMaxMin(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  int64_t rank = g.rank(x);
  if (!c.has(1) || rank == 0) {
    Value v = g.reshape(argOf(g, g.flatten(x), 0, isMax), ArrayRef<int64_t>());
    return c.give(c.flag(2) ? g.reshape(v, SmallVector<int64_t>(rank, 1)) : v);
  }
  int64_t axis = c.axis(1, rank);
  c.give(finish(g, argOf(g, x, axis, isMax), {axis}, c.flag(2)));
}
static void aminmax(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  SmallVector<int64_t> axes = c.axes(1, g.rank(x));
  for (bool isMax : {false, true})
    c.give(finish(g, extremeOf(g, x, axes, isMax), axes, c.flag(2)));
}

//===-- Variance and norms -------------------------------------------------===//

/// var(unbiased), var.dim(dim, unbiased, keepdim), var.correction(dim, *, correction, keepdim).
static void variance(AtenCall &c) {
  GraphBuilder &g = c.g;
  Type type;
  Value x = wideFloat(c, 0, type);
  if (!x)
    return;
  bool both = c.name.ends_with("_mean"), std = c.name.contains("::std");
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, g.rank(x)));
  double correction = 1;
  bool keep = false;
  if (c.args.size() <= 2 && c.arg(1).kind == Arg::Kind::Bool) {
    correction = c.flag(1);
  } else {
    axes = c.axes(1, g.rank(x));
    correction = c.number(2, 1), keep = c.flag(3);
  }
  Exprs counted;
  for (int64_t a : axes)
    counted.push_back(g.dim(x, a));
  Value m = g.reduceMean(x, axes), d = g.sub(x, m), n = g.exprAs(g.count(counted), g.elem(x));
  Value room = g.max(g.add(n, -correction), g.scalarLike(x, 0));
  Value v = g.div(g.reduce(g.mul(d, d), Kind::Sum, axes), room);
  if (std)
    v = g.create<graph::SqrtOp>({v});
  c.give(finish(g, g.castTo(v, type), axes, keep));
  if (both)
    c.give(finish(g, g.castTo(m, type), axes, keep));
}

static Value pNorm(GraphBuilder &g, Value x, double p, ArrayRef<int64_t> axes) {
  if (p == 2)
    return g.create<graph::SqrtOp>({g.reduce(g.mul(x, x), Kind::Sum, axes)});
  Value a = g.create<graph::AbsOp>({x});
  if (p == inf || p == -inf)
    return g.reduce(a, p > 0 ? Kind::Max : Kind::Min, axes);
  if (p == 0)
    return g.reduce(g.castTo(g.create<graph::NotOp>({g.create<graph::EqualOp>({x, g.scalarLike(x, 0)})}), g.elem(x)),
                    Kind::Sum, axes);
  if (p == 1)
    return g.reduce(a, Kind::Sum, axes);
  Value s = g.reduce(g.create<graph::PowOp>({a, g.scalarLike(a, p)}), Kind::Sum, axes);
  return g.create<graph::PowOp>({s, g.scalarLike(s, 1 / p)});
}
static double orderOf(AtenCall &c, size_t i) {
  if (c.arg(i).kind != Arg::Kind::String)
    return c.number(i, 2);
  std::string s = c.text(i); // linalg_norm takes names
  if (s != "fro" && s != "inf" && s != "-inf")
    c.fail("norm '" + s + "' is not supported");
  return s == "inf" ? inf : s == "-inf" ? -inf : 2;
}
/// norm(p), norm(p, dim, keepdim, dtype), norm(p, dtype); linalg_vector_norm alike.
static void norm(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value in = c.tensor(0);
  if (!in)
    return;
  bool dims = c.arg(2).kind == Arg::Kind::List || c.args.size() > 3 || c.name.contains("linalg");
  SmallVector<int64_t> axes = dims ? c.axes(2, g.rank(in)) : llvm::to_vector(llvm::seq<int64_t>(0, g.rank(in)));
  Type t = c.dtype(dims ? 4 : 2, floatOf(g.elem(in)));
  Value v = pNorm(g, g.castTo(in, wideOf(t)), orderOf(c, 1), axes);
  c.give(finish(g, g.castTo(v, t), axes, dims && c.flag(3)));
}
static void frobenius(AtenCall &c) {
  c.args.insert(c.args.begin() + 1, Arg());
  norm(c);
}
/// The distance of rows: pairwise_distance(x1, x2, p, eps, keepdim).
static void pairwiseDistance(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  if (!x || !y)
    return;
  Value d = g.add(g.sub(x, y), c.number(3, 1e-6));
  int64_t last = d ? g.rank(d) - 1 : 0;
  c.give(d ? finish(g, pNorm(g, d, c.number(2, 2), {last}), {last}, c.flag(4)) : d);
}
static void cosineSimilarity(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  Value both = g.mul(x, y);
  if (!both)
    return;
  int64_t axis = c.axis(2, g.rank(both), 1);
  x = g.expandTo(x, g.dims(both)), y = g.expandTo(y, g.dims(both));
  Value eps = g.scalarLike(x, c.number(3, 1e-8));
  auto unit = [&](Value v) { return g.div(v, g.max(pNorm(g, v, 2, {axis}), eps)); };
  c.give(g.squeeze(g.reduce(g.mul(unit(x), unit(y)), Kind::Sum, {axis}), {axis}));
}
/// cdist(x1 [.., P, M], x2 [.., R, M], p)
static void cdist(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  if (!x || !y)
    return;
  Value d = g.sub(g.unsqueeze(x, {g.rank(x) - 1}), g.unsqueeze(y, {g.rank(y) - 2}));
  int64_t last = d ? g.rank(d) - 1 : 0;
  c.give(d ? g.squeeze(pNorm(g, d, c.number(2, 2), {last}), {last}) : d);
}
static void logSumExp(AtenCall &c) {
  GraphBuilder &g = c.g;
  Type type;
  Value x = wideFloat(c, 0, type);
  if (!x)
    return;
  SmallVector<int64_t> axes = c.axes(1, g.rank(x));
  Value most = g.reduce(x, Kind::Max, axes);
  most = g.where(g.create<graph::IsInfOp>({most}), g.scalarLike(x, 0), most); // inf - inf
  Value e = g.reduce(g.create<graph::ExpOp>({g.sub(x, most)}), Kind::Sum, axes);
  c.give(finish(g, g.castTo(g.add(g.create<graph::LogOp>({e}), most), type), axes, c.flag(2)));
}
static void countNonzero(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  SmallVector<int64_t> axes = c.axes(1, g.rank(x));
  c.give(finish(g, g.reduce(g.castTo(toBool(g, x), g.b.getI64Type()), Kind::Sum, axes), axes, false));
}

//===-- Softmax ------------------------------------------------------------===//

/// softmax.int(dim, dtype) and _softmax(dim, half_to_float).
template <bool isLog>
static void softmax(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  Type t = c.arg(2).kind == Arg::Kind::Int ? c.dtype(2, g.elem(x)) : g.elem(x);
  if (c.arg(2).kind == Arg::Kind::Bool && c.flag(2))
    t = g.b.getF32Type();
  x = g.castTo(g.castTo(x, t), wideOf(t));
  int64_t axis = c.axis(1, g.rank(x));
  if (g.rank(x) == 0)
    return c.give(g.splat(t, {}, isLog ? 0 : 1));
  c.give(g.castTo(isLog ? g.logSoftmax(x, axis) : g.softmax(x, {axis}), t));
}
static void safeSoftmax(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  softmax<false>(c);
  if (!x || c.results.empty())
    return;
  Value lowest = g.create<graph::EqualOp>({x, g.scalarLike(x, -inf)});
  Value &v = c.results[0].tensor; // rows that are all masked give 0
  v = g.where(allOf(g, lowest, {c.axis(1, g.rank(x))}), g.scalarLike(v, 0), v);
}

void addReduceRows(AtenTable &t) {
  auto release = OnQuantized::Release;
  addRows(t, accumulate<Kind::Sum>, {"sum"}, release), addRows(t, nanSum, {"nansum"}),
      addRows(t, accumulate<Kind::Prod>, {"prod"}), addRows(t, mean, {"mean"});
  addRows(t, anyAll<true>, {"any"}), addRows(t, anyAll<false>, {"all"});
  addRows(t, amax<true>, {"amax"}), addRows(t, amax<false>, {"amin"}), addRows(t, aminmax, {"aminmax", "_aminmax"});
  addRows(t, maxMin<true>, {"max"}), addRows(t, maxMin<false>, {"min"});
  addRows(t, argMaxMin<true>, {"argmax"}, release), addRows(t, argMaxMin<false>, {"argmin"}, release);
  addRows(t, variance, {"var", "std", "var_mean", "std_mean"});
  addRows(t, norm, {"norm", "linalg_vector_norm", "linalg_norm"}), addRows(t, frobenius, {"frobenius_norm"});
  addRows(t, pairwiseDistance, {"pairwise_distance"}), addRows(t, cosineSimilarity, {"cosine_similarity"});
  addRows(t, cdist, {"cdist", "_cdist_forward"}), addRows(t, logSumExp, {"logsumexp", "special_logsumexp"});
  addRows(t, countNonzero, {"count_nonzero"}, release);
  addRows(t, softmax<false>, {"softmax", "_softmax", "special_softmax"}, release);
  addRows(t, softmax<true>, {"log_softmax", "_log_softmax", "special_log_softmax"}, release);
  addRows(t, safeSoftmax, {"_safe_softmax"}, release);
}

} // namespace wick::compiler::torch
