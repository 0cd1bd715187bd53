// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gather and scatter: index tensors of the rank of the data, one place an element.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

/// A scalar counts as a vector of one.
static Value atLeastVector(GraphBuilder &g, Value v) {
  return v && g.rank(v) == 0 ? g.reshape(v, ArrayRef<int64_t>{1}) : v;
}

static void gather(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), at = c.tensor(2);
  if (!x || !at)
    return;
  int64_t axis = c.axis(1, g.rank(x)), rank = g.rank(at);
  Value v = g.create<graph::GatherElementsOp>({atLeastVector(g, x), atLeastVector(g, at)}, {g.intAttr("axis", axis)});
  c.give(rank == 0 ? g.reshape(v, ArrayRef<int64_t>()) : v);
}
/// take_along_dim(self, indices, dim): the other dims broadcast.
static void takeAlong(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), at = c.tensor(1);
  if (!x || !at)
    return;
  if (!c.has(2)) {
    x = g.flatten(x), at = g.flatten(at);
    return c.give(g.create<graph::GatherElementsOp>({x, at}, {g.intAttr("axis", 0)}));
  }
  int64_t axis = c.axis(2, g.rank(x));
  if (g.rank(x) != g.rank(at))
    return c.fail("input of rank " + Twine(g.rank(x)) + " and indices of rank " + Twine(g.rank(at)));
  Exprs dx = g.dims(x), da = g.dims(at);
  for (int64_t i = 0; i < g.rank(x); ++i)
    if (i != axis)
      dx[i] = da[i] = g.simplify(g.symbols.broadcast(dx[i], da[i]));
  c.give(g.create<graph::GatherElementsOp>({g.expandTo(x, dx), g.expandTo(at, da)}, {g.intAttr("axis", axis)}));
}

/// Source cut to the indices' dims (torch lets it be larger), or a number spread over them.
static Value sourceFor(AtenCall &c, size_t i, Value at, Type t) {
  GraphBuilder &g = c.g;
  Exprs d = g.dims(at);
  if (!c.arg(i).isTensor() || c.arg(i).wrapped)
    return g.expandTo(g.reshape(operandAs(c, i, t), ArrayRef<int64_t>()), d);
  Value v = atLeastVector(g, operandAs(c, i, t));
  if (!v || g.rank(v) != int64_t(d.size()))
    return c.fail("source and index differ in rank"), Value();
  Exprs zero(d.size(), g.expr(0));
  return g.dims(v) == d ? v : g.sliceAll(v, zero, d, SmallVector<int64_t>(d.size(), 1));
}
static std::optional<ScatterKind> kindOf(AtenCall &c, StringRef name) {
  if (name == "add" || name == "sum" || name == "mean")
    return ScatterKind::Add;
  if (name == "multiply" || name == "prod")
    return ScatterKind::Mul;
  if (name == "amax" || name == "amin")
    return name == "amax" ? ScatterKind::Max : ScatterKind::Min;
  if (!name.empty())
    return c.fail("reduction '" + name + "'"), std::nullopt;
  return ScatterKind::Set;
}
/// self, dim, index, src or value, reduce
static void scatterBy(AtenCall &c, StringRef reduction) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), at = atLeastVector(g, c.tensor(2));
  auto kind = kindOf(c, reduction);
  if (!x || !at || !kind)
    return;
  int64_t rank = g.rank(x), axis = c.axis(1, rank);
  Value v = scatterElements(g, atLeastVector(g, x), at, sourceFor(c, 3, at, g.elem(x)), axis, *kind);
  c.give(rank == 0 ? g.reshape(v, ArrayRef<int64_t>()) : v);
}
static void scatter(AtenCall &c) { scatterBy(c, c.text(4)); }
static void scatterAdd(AtenCall &c) { scatterBy(c, "add"); }

/// self, dim, index, src, reduce, include_self
static void scatterReduce(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = atLeastVector(g, c.tensor(0)), at = atLeastVector(g, c.tensor(2));
  std::string name = c.text(4);
  auto kind = kindOf(c, name);
  if (!x || !at || !kind)
    return;
  int64_t axis = c.axis(1, g.rank(x));
  Type t = g.elem(x);
  bool include = c.flag(5, true), isMean = name == "mean";
  Value source = sourceFor(c, 3, at, t);
  auto spread = [&](double v) { return g.splat(t, g.dims(at), v); };
  if (!include) { // what is hit begins at the neutral element
    double inf = std::numeric_limits<double>::infinity();
    double least = isFloat(t) ? -inf : t.isUnsignedInteger() ? 0 : -std::ldexp(1.0, int(t.getIntOrFloatBitWidth()) - 1);
    double most = isFloat(t) ? inf : std::ldexp(1.0, int(t.getIntOrFloatBitWidth()) - 1) - 1;
    double neutral = *kind == ScatterKind::Mul   ? 1
                     : *kind == ScatterKind::Max ? least
                     : *kind == ScatterKind::Min ? most
                                                 : 0;
    x = scatterElements(g, x, at, spread(neutral), axis, ScatterKind::Set);
  }
  Value v = scatterElements(g, x, at, source, axis, *kind);
  if (isMean && v) {
    Value ones = g.splat(t, g.dims(x), 1);
    if (!include)
      ones = scatterElements(g, ones, at, spread(0), axis, ScatterKind::Set);
    v = g.div(v, scatterElements(g, ones, at, spread(1), axis, ScatterKind::Add));
  }
  c.give(v);
}

/// self, dim, index [n], source with n at dim
static void indexWrite(AtenCall &c, ScatterKind kind) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1), at = atLeastVector(g, c.tensor(2));
  if (!x || !at)
    return;
  int64_t axis = c.axis(1, g.rank(x));
  Exprs d = g.dims(x);
  d[axis] = g.dim(at, 0);
  Value all = g.expandTo(alongDim(g, at, axis, d.size()), d);
  Value source = g.expandTo(operandAs(c, 3, g.elem(x)), d);
  if (kind == ScatterKind::Add && c.has(4))
    source = g.mul(source, numberAs(g, c.arg(4), g.elem(x)));
  c.give(scatterElements(g, x, all, source, axis, kind));
}
static void indexAdd(AtenCall &c) { indexWrite(c, ScatterKind::Add); }
static void indexCopy(AtenCall &c) { indexWrite(c, ScatterKind::Set); }

void addScatterRows(AtenTable &t) {
  addRows(t, gather, {"gather"}, OnQuantized::Move), addRows(t, takeAlong, {"take_along_dim"}, OnQuantized::Move);
  addRows(t, scatter, {"scatter"}), addRows(t, scatterAdd, {"scatter_add"});
  addRows(t, scatterReduce, {"scatter_reduce"}), addRows(t, indexAdd, {"index_add"});
  addRows(t, indexCopy, {"index_copy", "index_fill"});
}

} // namespace wick::compiler::torch
