// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that put elements together or in other places: cat, stack, pad, roll, flip,
// repeat, pixel_shuffle, meshgrid.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

/// The tensors of list 0 in the type they promote to.
static SmallVector<Value> promotedList(AtenCall &c) {
  SmallVector<Value> out;
  if (c.arg(0).kind != Arg::Kind::List || c.arg(0).list.empty())
    return c.fail("an empty list of tensors"), out;
  Type t = promoted(c, {0});
  for (Value v : c.tensors(0))
    out.push_back(c.g.castTo(v, t));
  return out;
}
/// Quantized parts must agree in scale to stay integers; else all are floats.
static void cat(AtenCall &c) {
  GraphBuilder &g = c.g;
  SmallVector<Value> all = promotedList(c), xs;
  for (Value v : all) // torch passes over empty vectors of any other rank
    if (v && !(g.rank(v) == 1 && graph::isConstant(g.dim(v, 0), 0)))
      xs.push_back(v);
  if (all.empty() || !all[0])
    return;
  if (xs.empty())
    return c.give(all[0]);
  int64_t rank = g.rank(xs[0]), axis = c.axis(1, rank, 0);
  for (Value v : xs)
    if (g.rank(v) != rank)
      return c.fail("tensors of rank " + Twine(rank) + " and " + Twine(g.rank(v)));
  c.give(g.concat(xs, axis));
}
static void stack(AtenCall &c) {
  GraphBuilder &g = c.g;
  SmallVector<Value> xs = promotedList(c);
  if (xs.empty() || !xs[0])
    return;
  int64_t axis = c.axis(1, g.rank(xs[0]) + 1, 0);
  for (Value &v : xs)
    v = g.unsqueeze(v, {axis});
  c.give(g.concat(xs, axis));
}
/// hstack, vstack, dstack: at least so many dims, then cat.
static void stackAlong(AtenCall &c) {
  GraphBuilder &g = c.g;
  SmallVector<Value> xs = promotedList(c);
  bool h = c.name.ends_with("hstack"), d = c.name.ends_with("dstack");
  int64_t need = h ? 1 : d ? 3 : 2;
  for (Value &v : xs)
    for (int64_t r = v ? g.rank(v) : need; r < need; r = g.rank(v))
      v = g.unsqueeze(v, {r == 0 || (r == 1 && !h) ? 0 : r});
  if (!xs.empty() && xs[0])
    c.give(g.concat(xs, h ? std::min<int64_t>(1, g.rank(xs[0]) - 1) : d ? 2 : 0));
}

static void padWith(AtenCall &c, StringRef mode, size_t valueAt) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  Exprs amounts = c.sizes(1);
  if (!x)
    return;
  int64_t rank = g.rank(x);
  if (amounts.size() % 2 || int64_t(amounts.size()) > 2 * rank)
    return c.fail(Twine(amounts.size()) + " pads for a tensor of rank " + Twine(rank));
  Exprs low(rank, g.expr(0)), high = low; // from the last dim on
  for (size_t i = 0; i < amounts.size() / 2; ++i)
    low[rank - 1 - i] = amounts[2 * i], high[rank - 1 - i] = amounts[2 * i + 1];
  auto isZero = [](AffineExpr e) { return graph::isConstant(e, 0); };
  if (llvm::all_of(amounts, isZero))
    return c.give(x);
  auto kind = mode == "constant"    ? graph::PadMode::Constant
              : mode == "replicate" ? graph::PadMode::Edge
              : mode == "reflect"   ? graph::PadMode::Reflect
                                    : graph::PadMode::Wrap;
  if (kind == graph::PadMode::Wrap && mode != "circular")
    return c.fail("mode '" + mode + "'");
  Value value = c.has(valueAt) ? operandAs(c, valueAt, g.elem(x)) : g.scalarLike(x, 0);
  c.give(
      g.create<graph::PadOp>({x, value}, {g.mapAttr("low", low), g.mapAttr("high", high),
                                          g.b.getNamedAttr("mode", graph::PadModeAttr::get(g.b.getContext(), kind))}));
}
static void pad(AtenCall &c) { padWith(c, c.text(2, "constant"), 3); }
static void constantPad(AtenCall &c) { padWith(c, "constant", 2); }
static void reflectPad(AtenCall &c) { padWith(c, "reflect", 9); }
static void replicatePad(AtenCall &c) { padWith(c, "replicate", 9); }
static void circularPad(AtenCall &c) { padWith(c, "circular", 9); }

static void roll(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, c.has(2) ? 1 : 0);
  Exprs shifts = c.sizes(1);
  if (!x)
    return;
  Exprs whole = g.dims(x);
  SmallVector<int64_t> axes = c.has(2) ? c.integers(2) : SmallVector<int64_t>();
  bool flat = axes.empty();
  if (flat)
    x = g.flatten(x), axes = {0};
  if (shifts.size() != axes.size())
    return c.fail("shifts and dims differ in length");
  for (size_t k = 0; k < axes.size() && x; ++k) {
    int64_t axis = c.wrapAxis(axes[k], g.rank(x));
    AffineExpr n = g.dim(x, axis);
    if (graph::isConstant(n, 0))
      continue;
    AffineExpr by = g.simplify(shifts[k] - g.floorDiv(shifts[k], n) * n);
    x = g.concat({g.slice(x, axis, g.simplify(n - by), by), g.slice(x, axis, g.expr(0), g.simplify(n - by))}, axis);
  }
  c.give(flat ? g.reshape(x, whole) : x);
}
/// self, n, dim, prepend, append: differences of neighbours, n times; of bools whether they differ.
static void diff(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  int64_t times = c.integer(1, 1), axis = x ? c.axis(2, g.rank(x), -1) : 0;
  if (!x || g.rank(x) == 0 || times < 0 || times > 1000)
    return c.fail("needs a dim, and an order that is not negative");
  if (c.has(3) || c.has(4)) {
    Arg parts;
    parts.kind = Arg::Kind::List;
    for (size_t i : {3, 0, 4})
      if (c.has(i))
        parts.list.push_back(c.arg(i));
    auto out = callRow(c, "aten::cat", {parts, Arg::of(g.expr(axis))});
    x = out.empty() ? Value() : out[0].tensor;
  }
  for (int64_t k = 0; k < times && x && !graph::isConstant(g.dim(x, axis), 0); ++k) {
    AffineExpr n = g.dim(x, axis), fewer = g.simplify(g.symbols.max(g.simplify(n - 1), g.expr(0)));
    Value high = g.slice(x, axis, g.simplify(n - fewer), fewer), low = g.slice(x, axis, g.expr(0), fewer);
    x = isBool(g.elem(x)) ? g.create<graph::XorOp>({high, low}) : g.sub(high, low);
  }
  c.give(x);
}
static Value flipped(GraphBuilder &g, Value x, ArrayRef<int64_t> axes) {
  if (!x)
    return x;
  Exprs starts(g.rank(x), g.expr(0));
  SmallVector<int64_t> steps(g.rank(x), 1);
  for (int64_t a : axes)
    if (a < g.rank(x)) // a scalar has nothing to turn round
      starts[a] = g.simplify(g.dim(x, a) - 1), steps[a] = -1;
  return g.sliceAll(x, starts, g.dims(x), steps);
}
static void flip(AtenCall &c) {
  Value x = c.tensor(0);
  if (!x)
    return;
  SmallVector<int64_t> axes = c.integers(1);
  if (c.name.ends_with("lr"))
    axes = {1};
  if (c.name.ends_with("ud"))
    axes = {0};
  for (int64_t &a : axes)
    a = c.wrapAxis(a, c.g.rank(x));
  c.give(flipped(c.g, x, axes));
}
static void rot90(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 2);
  if (!x)
    return;
  SmallVector<int64_t> dims = c.has(2) ? c.integers(2) : SmallVector<int64_t>{0, 1};
  if (dims.size() != 2)
    return c.fail("needs two dims");
  int64_t k = ((c.integer(1, 1) % 4) + 4) % 4, a = c.wrapAxis(dims[0], g.rank(x)), b = c.wrapAxis(dims[1], g.rank(x));
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, g.rank(x)));
  std::swap(perm[a], perm[b]);
  if (k == 2)
    return c.give(flipped(g, x, {a, b}));
  if (k == 1)
    return c.give(g.transpose(flipped(g, x, {b}), perm));
  c.give(k == 3 ? flipped(g, g.transpose(x, perm), {b}) : x);
}

static void repeat(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  Exprs times = c.sizes(1);
  if (!x)
    return;
  int64_t more = int64_t(times.size()) - g.rank(x);
  if (more < 0) {
    if (!c.name.ends_with("tile"))
      return c.fail(Twine(times.size()) + " repeats for a tensor of rank " + Twine(g.rank(x)));
    times.insert(times.begin(), -more, g.expr(1));
  } else if (more > 0) {
    x = g.unsqueeze(x, llvm::to_vector(llvm::seq<int64_t>(0, more)));
  }
  if (llvm::all_of(times, [](AffineExpr e) { return graph::isConstant(e, 1); }))
    return c.give(x);
  c.give(g.create<graph::TileOp>({x}, {g.mapAttr("repeats", times)}));
}
static void repeatInterleave(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  bool single = c.overload == "Tensor" || !c.has(1); // counts alone: gives indices
  Value counts = single ? x : c.arg(1).isTensor() ? c.tensor(1) : Value();
  if (counts && !single && g.rank(counts) == 0)
    counts = g.reshape(counts, ArrayRef<int64_t>{1});
  if (!c.tensor(0, single || c.has(2) ? 1 : 0))
    return;
  int64_t axis = 0;
  if (!single && c.has(2))
    axis = c.axis(2, g.rank(x));
  else if (!single)
    x = g.flatten(x);
  if (!counts) { // each element k times
    Exprs d = g.dims(x), wide = d;
    AffineExpr k = c.size(1);
    wide.insert(wide.begin() + axis + 1, k);
    d[axis] = g.simplify(d[axis] * k);
    return c.give(g.reshape(g.expandTo(g.unsqueeze(x, {axis + 1}), wide), d));
  }
  // Place p belongs to the element that has as many ends at or before p.
  Type i64 = g.b.getI64Type();
  AffineExpr n = single ? g.dim(x, 0) : g.dim(x, axis);
  counts = g.expandTo(g.castTo(counts, i64), {n});
  Value ends = cumulative(g, counts, 0, "cumsum");
  AffineExpr total = c.has(single ? 1 : 3) ? c.size(single ? 1 : 3) : AffineExpr();
  if (!total) {
    Value sum = g.reshape(g.reduce(counts, graph::ReduceKind::Sum, {0}), ArrayRef<int64_t>());
    total = sum ? g.sizeOf(sum, 0, 0, graph::maxDim) : g.expr(0);
  }
  Value place = g.unsqueeze(g.iota(i64, total), {1});
  Value before = g.castTo(g.create<graph::LessEqualOp>({g.unsqueeze(ends, {0}), place}), i64);
  Value at = g.squeeze(g.reduce(before, graph::ReduceKind::Sum, {1}), {1});
  c.give(single ? at : g.gather(x, at, axis));
}

//===-- Images -------------------------------------------------------------===//

static void pixelShuffle(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  int64_t r = c.integer(1), rank = x ? g.rank(x) : 0;
  if (!x || rank < 3 || r < 1)
    return c.fail("input of rank " + Twine(rank) + " with factor " + Twine(r));
  Exprs d = g.dims(x), out(d.begin(), d.end() - 3);
  AffineExpr n = g.count(out), e = g.expr(r), ch = d[rank - 3], h = d[rank - 2], w = d[rank - 1];
  if (c.name.ends_with("unshuffle")) {
    AffineExpr hh = g.floorDiv(h, e), ww = g.floorDiv(w, e);
    x = g.transpose(g.reshape(x, {n, ch, hh, e, ww, e}), {0, 1, 3, 5, 2, 4});
    out.append({g.simplify(ch * (r * r)), hh, ww});
  } else {
    AffineExpr less = g.floorDiv(ch, g.expr(r * r));
    x = g.transpose(g.reshape(x, {n, less, e, e, h, w}), {0, 1, 4, 2, 5, 3});
    out.append({less, g.simplify(h * r), g.simplify(w * r)});
  }
  c.give(g.reshape(x, out));
}
static void channelShuffle(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x || g.rank(x) < 3)
    return c.fail("needs at least three dims");
  Exprs d = g.dims(x);
  AffineExpr groups = g.expr(c.integer(1)), rest = g.count(ArrayRef(d).drop_front(2));
  x = g.reshape(x, {d[0], groups, g.floorDiv(d[1], groups), rest});
  c.give(g.reshape(g.transpose(x, {0, 2, 1, 3}), d));
}

static void meshgrid(AtenCall &c) {
  GraphBuilder &g = c.g;
  std::vector<Value> xs = c.tensors(0);
  bool xy = c.text(1, "ij") == "xy" && xs.size() > 1;
  SmallVector<Value> out;
  Exprs dims;
  for (Value v : xs)
    dims.push_back(v ? g.count(v) : g.expr(1));
  if (xy)
    std::swap(dims[0], dims[1]);
  for (auto [i, v] : llvm::enumerate(xs)) {
    Exprs shape(xs.size(), g.expr(1));
    size_t at = xy && i < 2 ? 1 - i : i;
    shape[at] = dims[at];
    out.push_back(g.expandTo(g.reshape(v, shape), dims));
  }
  c.giveList(out);
}
static void broadcastTensors(AtenCall &c) {
  GraphBuilder &g = c.g;
  std::vector<Value> xs = c.tensors(0);
  Exprs dims;
  for (Value v : xs) {
    if (!v)
      return;
    Exprs d = g.dims(v);
    while (d.size() < dims.size())
      d.insert(d.begin(), g.expr(1));
    while (dims.size() < d.size())
      dims.insert(dims.begin(), g.expr(1));
    for (auto [a, b] : llvm::zip(dims, d))
      a = g.simplify(g.symbols.broadcast(a, b));
  }
  SmallVector<Value> out;
  for (Value v : xs)
    out.push_back(g.expandTo(v, dims));
  c.giveList(out);
}
static void atLeast(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  int64_t need = c.name.ends_with("1d") ? 1 : c.name.ends_with("2d") ? 2 : 3;
  for (int64_t r = x ? g.rank(x) : need; r < need; r = g.rank(x))
    x = g.unsqueeze(x, {r == 2 ? 2 : 0});
  c.give(x);
}
static void diagEmbed(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1);
  if (!x)
    return;
  int64_t rank = g.rank(x), offset = c.integer(1, 0), a = c.axis(2, rank + 1, -2), b = c.axis(3, rank + 1, -1);
  Type i64 = g.b.getI64Type();
  AffineExpr n = g.simplify(g.dim(x, rank - 1) + std::abs(offset));
  Value row = g.unsqueeze(g.iota(i64, n), {1}), col = g.iota(i64, n);
  Value on = g.create<graph::EqualOp>({g.add(row, double(offset)), col});
  Exprs low(rank, g.expr(0)), high = low;
  (offset > 0 ? low : high)[rank - 1] = g.expr(std::abs(offset));
  // Element k lies in column k + offset (offset > 0) or k.
  Value v = g.where(on, g.unsqueeze(g.padConstant(x, low, high, 0), {rank - 1}), g.scalarLike(x, 0));
  SmallVector<int64_t> perm;
  int64_t next = 0;
  for (int64_t i = 0; i <= rank; ++i)
    perm.push_back(i == a ? rank - 1 : i == b ? rank : next++);
  c.give(g.transpose(v, perm));
}
static void diag(AtenCall &c) {
  if (!c.tensor(0))
    return;
  AtenCall inner{c.g, c.g.rank(c.tensor(0)) == 1 ? "aten::diag_embed" : "aten::diagonal", "", c.args, {}};
  inner.args.resize(2);
  findAten(inner.name)(inner);
  c.results = std::move(inner.results);
}

void addMoveRows(AtenTable &t) {
  addRows(t, diff, {"diff"});
  auto move = OnQuantized::Move;
  addRows(t, cat, {"cat", "concat", "concatenate"}), addRows(t, stack, {"stack"});
  addRows(t, stackAlong, {"hstack", "vstack", "dstack", "row_stack"});
  addRows(t, pad, {"pad"}), addRows(t, constantPad, {"constant_pad_nd"});
  addRows(t, reflectPad, {"reflection_pad1d", "reflection_pad2d", "reflection_pad3d"}, move);
  addRows(t, replicatePad, {"replication_pad1d", "replication_pad2d", "replication_pad3d"}, move);
  addRows(t, circularPad, {"_pad_circular"}, move);
  addRows(t, roll, {"roll"}, move), addRows(t, flip, {"flip", "fliplr", "flipud"}, move);
  addRows(t, rot90, {"rot90"}, move), addRows(t, repeat, {"repeat", "tile"}, move);
  addRows(t, repeatInterleave, {"repeat_interleave"}, move);
  addRows(t, pixelShuffle, {"pixel_shuffle", "pixel_unshuffle"}, move);
  addRows(t, channelShuffle, {"channel_shuffle", "native_channel_shuffle"}, move);
  addRows(t, meshgrid, {"meshgrid"}, move), addRows(t, broadcastTensors, {"broadcast_tensors"}, move);
  addRows(t, atLeast, {"atleast_1d", "atleast_2d", "atleast_3d"}, move);
  addRows(t, diagEmbed, {"diag_embed"}), addRows(t, diag, {"diag"});
}

} // namespace wick::compiler::torch
