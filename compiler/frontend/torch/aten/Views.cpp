// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that torch answers with views: the same elements in other places. Here they are
// values like all others; who writes through a view is solved before.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

std::optional<Exprs> viewDims(AtenCall &c, Value x, size_t i) {
  GraphBuilder &g = c.g;
  Exprs to = c.sizes(i);
  if (!x || g.hasError())
    return std::nullopt;
  int64_t infer = -1;
  AffineExpr others = g.expr(1), total = g.count(x);
  for (auto [k, e] : llvm::enumerate(to)) {
    if (!graph::isConstant(e, -1)) {
      others = others * e;
      continue;
    }
    if (infer >= 0)
      return c.fail("more than one size is -1"), std::nullopt;
    infer = k;
  }
  if (infer < 0)
    return to;
  // Dims taken over cancel before the division, which keeps it exact.
  AffineExpr by = g.simplify(others), exact = g.exactQuotient(total, by);
  auto n = graph::constantOf(total), d = graph::constantOf(by);
  if (n && d && *d > 0 && *n % *d != 0)
    return c.fail(Twine(*n) + " elements do not divide into " + Twine(*d)), std::nullopt;
  to[infer] = exact ? exact : d == 0 ? g.expr(0) : g.floorDiv(total, by);
  return to;
}

static void view(AtenCall &c) {
  Value x = c.tensor(0);
  const Arg &shape = c.arg(1);
  if (x && shape.kind == Arg::Kind::Int) { // view.dtype
    Type t = c.dtype(1, c.g.elem(x));
    return t == c.g.elem(x) ? c.give(x) : c.fail("reinterpretation of bits is not supported");
  }
  if (auto dims = viewDims(c, x, 1))
    c.give(c.g.reshape(x, *dims));
}
static void viewAs(AtenCall &c) {
  Value x = c.tensor(0), y = c.tensor(1);
  if (x && y)
    c.give(c.g.reshape(x, c.g.dims(y)));
}

static void flatten(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  Exprs d = g.dims(x), out;
  int64_t rank = d.size(), from = c.axis(1, rank, 0), to = c.axis(2, rank, -1);
  if (rank == 0)
    return c.give(g.reshape(x, ArrayRef<int64_t>{1}));
  if (to < from)
    return c.fail("end_dim " + Twine(to) + " comes before start_dim " + Twine(from));
  out.append(d.begin(), d.begin() + from);
  out.push_back(g.count(ArrayRef(d).slice(from, to - from + 1)));
  out.append(d.begin() + to + 1, d.end());
  c.give(g.reshape(x, out));
}
static void ravel(AtenCall &c) { c.give(c.g.flatten(c.tensor(0))); }
static void unflatten(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1);
  if (!x)
    return;
  Exprs d = g.dims(x), sizes = c.sizes(2);
  int64_t axis = c.axis(1, d.size());
  AffineExpr others = g.expr(1);
  for (AffineExpr e : sizes)
    if (!graph::isConstant(e, -1))
      others = others * e;
  for (AffineExpr &e : sizes)
    if (graph::isConstant(e, -1))
      e = g.floorDiv(d[axis], g.simplify(others));
  d.erase(d.begin() + axis);
  d.insert(d.begin() + axis, sizes.begin(), sizes.end());
  c.give(g.reshape(x, d));
}

static void permute(AtenCall &c) {
  Value x = c.tensor(0);
  if (!x)
    return;
  SmallVector<int64_t> perm = c.integers(1);
  for (int64_t &p : perm)
    p = c.wrapAxis(p, c.g.rank(x));
  c.give(c.g.transpose(x, perm));
}
static Value swapDims(GraphBuilder &g, Value x, int64_t i, int64_t j) {
  if (!x || g.rank(x) == 0)
    return x;
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, g.rank(x)));
  std::swap(perm[i], perm[j]);
  return g.transpose(x, perm);
}
static void transpose(AtenCall &c) {
  if (Value x = c.tensor(0))
    c.give(swapDims(c.g, x, c.axis(1, c.g.rank(x)), c.axis(2, c.g.rank(x))));
}
static void t(AtenCall &c) {
  Value x = c.tensor(0);
  if (x && c.g.rank(x) > 2 && c.name.ends_with("::t"))
    return c.fail("input of rank " + Twine(c.g.rank(x)) + ", expected at most 2");
  if (!x || c.g.rank(x) < 2)
    return c.give(x);
  SmallVector<int64_t> perm = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, c.g.rank(x))));
  c.give(c.g.transpose(x, perm));
}
static void mT(AtenCall &c) { c.give(c.g.swapLast(c.tensor(0))); }
static void movedim(AtenCall &c) {
  Value x = c.tensor(0, 1);
  if (!x)
    return;
  int64_t rank = c.g.rank(x);
  SmallVector<int64_t> from = c.integers(1), to = c.integers(2), perm(rank, -1);
  if (from.size() != to.size())
    return c.fail("source and destination differ in length");
  for (auto [f, d] : llvm::zip(from, to))
    perm[c.wrapAxis(d, rank)] = f = c.wrapAxis(f, rank);
  int64_t next = 0;
  for (int64_t &p : perm) {
    while (p < 0 && llvm::is_contained(from, next))
      ++next;
    if (p < 0)
      p = next++;
  }
  c.give(c.g.transpose(x, perm));
}

static void unsqueeze(AtenCall &c) {
  if (Value x = c.tensor(0))
    c.give(c.g.unsqueeze(x, {c.axis(1, c.g.rank(x) + 1)}));
}
static void squeeze(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  Exprs d = g.dims(x);
  SmallVector<int64_t> axes, candidates = c.args.size() > 1 ? c.integers(1) : SmallVector<int64_t>();
  for (int64_t &a : candidates)
    a = c.wrapAxis(a, d.size());
  bool all = c.args.size() < 2;
  for (auto [i, e] : llvm::enumerate(d)) // torch leaves other dims as they are; so a size that may be 1 stays
    if ((all || llvm::is_contained(candidates, int64_t(i))) && graph::isConstant(e, 1))
      axes.push_back(i);
  c.give(g.squeeze(x, axes));
}

static void expand(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  Exprs from = g.dims(x), to = c.arg(1).isTensor() ? g.dims(c.arg(1).tensor) : c.sizes(1);
  if (to.size() < from.size())
    return c.fail(Twine(to.size()) + " sizes for a tensor of rank " + Twine(from.size()));
  for (size_t i = 0; i < to.size(); ++i)
    if (graph::isConstant(to[i], -1)) {
      if (i + from.size() < to.size())
        return c.fail("-1 for a dim that is not there yet");
      to[i] = from[i + from.size() - to.size()];
    }
  c.give(g.expandTo(x, to));
}

//===-- Parts --------------------------------------------------------------===//

Value selectAt(GraphBuilder &g, Value x, int64_t axis, AffineExpr at) {
  if (!x)
    return x;
  if (axis < 0 || axis >= g.rank(x))
    return g.fail("a tensor of rank " + Twine(g.rank(x)) + " has no dim " + Twine(axis));
  Exprs left = g.dims(x);
  left.erase(left.begin() + axis);
  return g.reshape(g.slice(x, axis, at, g.expr(1)), left);
}

static void select(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  if (g.rank(x) == 0)
    return c.fail("a scalar has no dim to select from");
  int64_t axis = c.axis(1, g.rank(x));
  AffineExpr n = g.dim(x, axis), at = c.size(2);
  auto [lo, hi] = g.symbols.range(at);
  auto size = graph::constantOf(n), known = graph::constantOf(at);
  if (known && size && (*known >= *size || *known < -*size))
    return c.fail("index " + Twine(*known) + " is out of range for a dim of " + Twine(*size));
  if (hi < 0)
    return c.give(selectAt(g, x, axis, g.simplify(at + n)));
  if (known)
    return c.give(selectAt(g, x, axis, at));
  // Known at run time only: a gather checks the index and counts negative ones from the end.
  c.give(g.gather(x, g.dimScalar(at), axis));
}

/// A bound of a slice, wrapped when negative and clamped to [0, n].
static AffineExpr sliceBound(GraphBuilder &g, AffineExpr v, AffineExpr n) {
  if (auto k = graph::constantOf(v); k && *k >= INT32_MAX)
    return n;
  auto [lo, hi] = g.symbols.range(v);
  if (hi < 0)
    return g.clamp(v + n, g.expr(0), n);
  if (lo >= 0 || graph::isConstant(g.simplify(v + n), 0))
    return g.clamp(v, g.expr(0), n);
  Value x = g.dimScalar(v), size = g.dimScalar(n);
  Value w = g.where(g.create<graph::LessOp>({x, g.i64(0)}), g.add(x, size), x);
  w = g.min(g.max(w, g.i64(0)), size);
  return w ? g.sizeOf(w, 0, 0, g.symbols.range(n).second) : g.expr(0);
}

namespace {
struct SliceParts {
  int64_t axis, step;
  AffineExpr start, size;
};
} // namespace

/// (dim, start, end, step) from argument i on.
static std::optional<SliceParts> sliceParts(AtenCall &c, Value x, size_t i) {
  GraphBuilder &g = c.g;
  if (!x)
    return std::nullopt;
  if (g.rank(x) == 0)
    return c.fail("a scalar has no dim to slice"), std::nullopt;
  SliceParts s{c.axis(i, g.rank(x), 0), std::min<int64_t>(c.wideInteger(i + 3, 1), INT32_MAX), {}, {}};
  if (s.step < 1)
    return c.fail("step " + Twine(s.step) + ", expected at least 1"), std::nullopt;
  AffineExpr n = g.dim(x, s.axis);
  s.start = c.has(i + 1) ? sliceBound(g, c.size(i + 1), n) : g.expr(0);
  AffineExpr end = c.has(i + 2) ? sliceBound(g, c.size(i + 2), n) : n;
  AffineExpr span = g.simplify(end - s.start);
  s.size = g.symbols.max(g.ceilDiv(span, g.expr(s.step)), g.expr(0));
  s.size = g.simplify(s.size);
  return s;
}
static void slice(AtenCall &c) {
  Value x = c.tensor(0);
  if (auto s = sliceParts(c, x, 1))
    c.give(c.g.slice(x, s->axis, s->start, s->size, s->step));
}
static void narrow(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1);
  if (!x)
    return;
  int64_t axis = c.axis(1, g.rank(x));
  AffineExpr n = g.dim(x, axis), start = c.size(2);
  if (g.symbols.range(start).second < 0)
    start = g.simplify(start + n);
  c.give(g.slice(x, axis, start, c.size(3)));
}

/// Puts y where a view of x would lie: x outside of it.
static Value scatterBack(GraphBuilder &g, Value x, Value y, const SliceParts &s) {
  if (!x || !y)
    return {};
  Exprs low(g.rank(x), g.expr(0)), high = low;
  AffineExpr n = g.dim(x, s.axis), end = g.simplify(s.start + s.size * s.step);
  y = g.castTo(y, g.elem(x));
  if (s.step == 1)
    return g.concat({g.slice(x, s.axis, g.expr(0), s.start), y, g.slice(x, s.axis, end, g.simplify(n - end))}, s.axis);
  // Steps: each place takes element (place - start) / step where that is whole and inside.
  Type i64 = g.b.getI64Type();
  Value place = g.sub(g.iota(i64, n), g.dimScalar(s.start)), by = g.i64(s.step), zero = g.i64(0);
  Value q = g.div(place, by), inside = g.create<graph::AndOp>({g.create<graph::LessEqualOp>({zero, place}),
                                                               g.create<graph::LessOp>({q, g.dimScalar(s.size)})});
  inside = g.create<graph::AndOp>({inside, g.create<graph::EqualOp>({g.mul(q, by), place})});
  Exprs shape(g.rank(x), g.expr(1));
  shape[s.axis] = n;
  return g.where(g.reshape(inside, shape), g.gather(y, g.where(inside, q, zero), s.axis), x);
}
static void sliceScatter(AtenCall &c) {
  Value x = c.tensor(0);
  if (auto s = sliceParts(c, x, 2)) {
    Exprs dims = c.g.dims(x);
    dims[s->axis] = s->size;
    if (graph::isConstant(s->size, 0))
      return c.give(x);
    c.give(scatterBack(c.g, x, c.g.expandTo(c.tensor(1), dims), *s));
  }
}
static void selectScatter(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1), y = c.tensor(1);
  if (!x || !y)
    return;
  int64_t axis = c.axis(2, g.rank(x));
  AffineExpr at = c.size(3), n = g.dim(x, axis);
  if (g.symbols.range(at).second < 0)
    at = g.simplify(at + n);
  Value here = g.create<graph::EqualOp>({g.iota(g.b.getI64Type(), n), g.dimScalar(at)});
  Exprs shape(g.rank(x), g.expr(1));
  shape[axis] = n;
  if (graph::constantOf(at))
    return c.give(scatterBack(g, x, g.unsqueeze(y, {axis}), {axis, 1, at, g.expr(1)}));
  c.give(g.where(g.reshape(here, shape), g.unsqueeze(g.castTo(y, g.elem(x)), {axis}), x));
}

/// Results that one call may have, as views of a tensor (torch/Views.cpp); ops are counted only once they are made.
static constexpr int64_t maxParts = 1 << 16;

static bool isTooMany(AtenCall &c, int64_t parts) {
  if (parts > maxParts)
    c.fail(Twine(parts) + " parts, expected at most " + Twine(maxParts));
  return parts > maxParts;
}
static void giveParts(AtenCall &c, Value x, int64_t axis, ArrayRef<AffineExpr> sizes) {
  GraphBuilder &g = c.g;
  SmallVector<Value> parts;
  AffineExpr start = g.expr(0);
  for (AffineExpr n : sizes) {
    if (g.hasError())
      return;
    parts.push_back(g.slice(x, axis, start, n));
    start = g.simplify(start + n);
  }
  c.giveList(parts);
}
/// Parts of `each` elements, the last one smaller; the count must be known.
static void equalParts(AtenCall &c, Value x, int64_t axis, AffineExpr each) {
  GraphBuilder &g = c.g;
  AffineExpr n = g.dim(x, axis);
  if (graph::isConstant(each, 0))
    return giveParts(c, x, axis, {n});
  auto count = graph::constantOf(g.ceilDiv(n, each));
  if (!count)
    return c.fail("the number of parts depends on a dynamic size");
  if (g.symbols.range(each).first < 0)
    return c.fail("parts may have a negative size");
  if (isTooMany(c, *count))
    return;
  Exprs sizes(std::max<int64_t>(*count, 1), each);
  sizes.back() = g.simplify(n - each * (std::max<int64_t>(*count, 1) - 1));
  giveParts(c, x, axis, sizes);
}
static void split(AtenCall &c) {
  Value x = c.tensor(0, 1);
  if (!x)
    return;
  int64_t axis = c.axis(2, c.g.rank(x), 0);
  if (c.arg(1).kind == Arg::Kind::List)
    return giveParts(c, x, axis, c.sizes(1));
  equalParts(c, x, axis, c.size(1));
}
static void chunk(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1);
  if (!x)
    return;
  int64_t axis = c.axis(2, g.rank(x), 0), count = c.integer(1);
  if (count < 1)
    return c.fail(Twine(count) + " chunks");
  AffineExpr n = g.dim(x, axis), each = g.ceilDiv(n, g.expr(count));
  if (graph::constantOf(n).value_or(0) != 0) // may give fewer, but not of nothing
    return equalParts(c, x, axis, each);
  if (isTooMany(c, count))
    return;
  Exprs sizes(count, each);
  sizes.back() = g.simplify(n - each * (count - 1));
  giveParts(c, x, axis, sizes);
}
static void tensorSplit(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1);
  if (!x)
    return;
  int64_t axis = c.axis(2, g.rank(x), 0);
  AffineExpr n = g.dim(x, axis), start = g.expr(0);
  Exprs sizes;
  if (c.arg(1).kind == Arg::Kind::List) {
    Exprs ends = c.sizes(1);
    ends.push_back(n);
    for (AffineExpr e : ends) {
      AffineExpr end = sliceBound(g, e, n);
      sizes.push_back(g.simplify(g.symbols.max(g.simplify(end - start), g.expr(0))));
      start = end;
    }
  } else {
    auto total = graph::constantOf(n);
    int64_t parts = c.integer(1);
    if (!total || parts < 1)
      return c.fail("needs a constant size and at least one part");
    if (isTooMany(c, parts))
      return;
    for (int64_t i = 0; i < parts; ++i)
      sizes.push_back(g.expr(*total / parts + (i < *total % parts)));
  }
  giveParts(c, x, axis, sizes);
}
static void unbind(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1);
  if (!x)
    return;
  int64_t axis = c.axis(1, g.rank(x), 0);
  auto n = graph::constantOf(g.dim(x, axis));
  if (!n)
    return c.fail("the number of results depends on a dynamic size");
  if (isTooMany(c, *n))
    return;
  SmallVector<Value> parts;
  for (int64_t i = 0; i < *n && !g.hasError(); ++i)
    parts.push_back(selectAt(g, x, axis, g.expr(i)));
  c.giveList(parts);
}

static void diagonal(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x || g.rank(x) < 2)
    return c.fail("needs at least two dims");
  int64_t rank = g.rank(x), offset = c.integer(1, 0), a = c.axis(2, rank, 0), b = c.axis(3, rank, 1);
  if (g.hasError() || a == b)
    return c.fail("needs two dims that differ");
  SmallVector<int64_t> perm;
  for (int64_t i = 0; i < rank; ++i)
    if (i != a && i != b)
      perm.push_back(i);
  perm.append({a, b});
  x = g.transpose(x, perm);
  if (!x)
    return;
  Exprs d = g.dims(x);
  AffineExpr rows = d[rank - 2], cols = d[rank - 1];
  AffineExpr left = offset < 0 ? g.simplify(rows + offset) : rows,
             right = offset > 0 ? g.simplify(cols - offset) : cols;
  AffineExpr n = g.simplify(g.symbols.max(g.symbols.min(left, right), g.expr(0)));
  // In the flat matrix the diagonal is every (cols + 1)-th element.
  d.pop_back(), d.back() = g.simplify(rows * cols);
  Type i64 = g.b.getI64Type();
  Value at = g.create<graph::IotaOp>(
      {g.dimScalar(offset < 0 ? g.simplify(cols * -offset) : g.expr(offset)), g.dimScalar(g.simplify(cols + 1))},
      {g.mapAttr("dims", {n})});
  c.give(g.gather(g.reshape(x, d), g.castTo(at, i64), rank - 2));
}

/// Windows of `size` along a dim become a new last dim.
static void unfold(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  int64_t rank = g.rank(x);
  if (rank == 0)
    x = g.reshape(x, ArrayRef<int64_t>{1}), rank = 1;
  int64_t axis = c.axis(1, rank), size = c.integer(2), step = c.integer(3);
  if (step < 1 || size < 0)
    return c.fail("size " + Twine(size) + ", step " + Twine(step));
  AffineExpr n = g.simplify(g.floorDiv(g.simplify(g.dim(x, axis) - size), g.expr(step)) + 1);
  Type i64 = g.b.getI64Type();
  Value starts = g.create<graph::IotaOp>({g.i64(0), g.i64(step)}, {g.mapAttr("dims", {n})});
  Value at = g.add(g.unsqueeze(starts, {1}), g.iota(i64, g.expr(size)));
  Value v = g.gather(x, at, axis); // [.., n, size, ..]
  SmallVector<int64_t> perm;
  for (int64_t i = 0; i <= rank; ++i)
    if (i != axis + 1)
      perm.push_back(i);
  perm.push_back(axis + 1);
  c.give(g.transpose(v, perm));
}

/// Any strides over the elements in row-major order: a gather of the flat tensor.
static void asStrided(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  Exprs sizes = c.sizes(1), strides = c.sizes(2);
  if (sizes.size() != strides.size())
    return c.fail("size and stride differ in length");
  AffineExpr expected = g.expr(1);
  bool dense = true;
  for (size_t i = sizes.size(); i-- > 0;) {
    dense &= g.simplify(strides[i]) == g.simplify(expected) || graph::isConstant(sizes[i], 1);
    expected = g.simplify(expected * sizes[i]);
  }
  AffineExpr offset = c.size(3, g.expr(0));
  if (dense && graph::isConstant(offset, 0) && graph::provablyEqual(expected, g.count(x)))
    return c.give(g.reshape(x, sizes));
  Value at = g.dimScalar(offset);
  for (size_t i = 0; i < sizes.size(); ++i) {
    Exprs shape(sizes.size(), g.expr(1));
    shape[i] = sizes[i];
    Value along = g.create<graph::IotaOp>({g.i64(0), g.dimScalar(strides[i])}, {g.mapAttr("dims", {sizes[i]})});
    at = g.add(at, g.reshape(along, shape));
  }
  c.give(g.gather(g.flatten(x), at, 0));
}

//===-- Sizes --------------------------------------------------------------===//

static void shapeAsTensor(AtenCall &c) {
  if (Value x = c.tensor(0))
    c.give(c.g.dimsValue(c.g.dims(x)));
}
static void symSize(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  if (c.has(1))
    return c.tensor(0, 1) ? c.giveSize(g.dim(x, c.axis(1, g.rank(x)))) : void();
  Arg list;
  list.kind = Arg::Kind::List;
  for (AffineExpr e : g.dims(x))
    list.list.push_back(Arg::of(e));
  c.results.push_back(list);
}
static void symNumel(AtenCall &c) {
  if (Value x = c.tensor(0))
    c.giveSize(c.g.count(x));
}

void addViewRows(AtenTable &table) {
  auto move = OnQuantized::Move;
  addRows(table, view, {"view", "reshape", "_unsafe_view", "_reshape_alias", "view_copy", "_view_copy", "reshape_copy"},
          move);
  addRows(table, viewAs, {"view_as", "reshape_as"}, move);
  addRows(table, flatten, {"flatten"}, move), addRows(table, ravel, {"ravel"}, move);
  addRows(table, unflatten, {"unflatten"}, move), addRows(table, permute, {"permute", "permute_copy"}, move);
  addRows(table, transpose, {"transpose", "swapaxes", "swapdims", "transpose_copy"}, move);
  addRows(table, t, {"t", "numpy_T", "t_copy"}, move), addRows(table, mT, {"mT", "adjoint"}, move);
  addRows(table, movedim, {"movedim", "moveaxis"}, move);
  addRows(table, unsqueeze, {"unsqueeze", "unsqueeze_copy"}, move);
  addRows(table, squeeze, {"squeeze", "squeeze_copy"}, move);
  addRows(table, expand, {"expand", "expand_as", "broadcast_to", "expand_copy"}, move);
  addRows(table, select, {"select", "select_copy"}, move), addRows(table, slice, {"slice", "slice_copy"}, move);
  addRows(table, narrow, {"narrow", "narrow_copy"}, move);
  addRows(table, sliceScatter, {"slice_scatter"}), addRows(table, selectScatter, {"select_scatter"});
  addRows(
      table, split,
      {"split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes", "split_with_sizes_copy", "split_copy"},
      move);
  addRows(table, chunk, {"chunk", "unsafe_chunk"}, move), addRows(table, tensorSplit, {"tensor_split"}, move);
  addRows(table, unbind, {"unbind", "unbind_copy"}, move);
  addRows(table, diagonal, {"diagonal", "diagonal_copy", "linalg_diagonal"}, move);
  addRows(table, unfold, {"unfold", "unfold_copy"}, move);
  addRows(table, asStrided, {"as_strided", "as_strided_copy"}, move);
  addRows(table, symSize, {"sym_size", "size"}, OnQuantized::Release);
  addRows(table, shapeAsTensor, {"_shape_as_tensor"}, OnQuantized::Release);
  addRows(table, symNumel, {"sym_numel", "numel"}, OnQuantized::Release);
}

} // namespace wick::compiler::torch
