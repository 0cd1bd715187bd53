// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads and writes at index tensors as x[i, :, j] has them, lookups of rows, and
// positions of elements. Masks become positions, so their results have sizes read at
// run time; a mask that is only written through stays a choice.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

static Type i64Of(GraphBuilder &g) { return g.b.getI64Type(); }

/// Negative places count from the end.
static Value wrapPlaces(GraphBuilder &g, Value at, AffineExpr n) {
  at = g.castTo(at, i64Of(g));
  if (auto known = g.intsOf(at); known && llvm::all_of(*known, [](int64_t v) { return v >= 0; }))
    return at;
  return g.where(g.create<graph::LessOp>({at, g.i64(0)}), g.add(at, g.dimScalar(n)), at);
}

namespace {
/// x[indices] with masks resolved: dims in `perm` order have the indexed ones first.
struct Places {
  SmallVector<int64_t> perm; ///< indexed dims, then the rest in order
  size_t indexed = 0;
  int64_t at = 0;   ///< where the places' dims go in the result
  Value flat;       ///< i64, row-major place in the indexed dims; null when nothing is indexed
  Exprs dims, rest; ///< of `flat`, and of the dims that are not indexed
  AffineExpr rows;  ///< product of the indexed dims
};
} // namespace

static bool isMask(GraphBuilder &g, Value v) { return isBool(g.elem(v)) || g.elem(v).isUnsignedInteger(8); }

static std::optional<Places> placesOf(AtenCall &c, Value x, size_t arg) {
  GraphBuilder &g = c.g;
  std::vector<Value> given = c.tensors(arg);
  SmallVector<std::pair<int64_t, Value>> at; // dim, index
  int64_t dim = 0;
  for (Value v : given) {
    if (v && isMask(g, v) && g.rank(v) > 0) {
      Value found = nonZero(g, v);
      for (int64_t k = 0; k < g.rank(v) && found; ++k)
        at.emplace_back(dim++, selectAt(g, found, 0, g.expr(k)));
      continue;
    }
    if (v && isMask(g, v))
      return c.fail("a scalar mask is not supported as an index"), std::nullopt;
    if (v)
      at.emplace_back(dim, v);
    ++dim;
  }
  if (!x || dim > g.rank(x))
    return c.fail("too many indices for a tensor of rank " + Twine(x ? g.rank(x) : 0)), std::nullopt;
  Places p;
  bool adjacent = true;
  for (size_t i = 0; i < at.size(); ++i) {
    p.perm.push_back(at[i].first);
    adjacent &= i == 0 || at[i].first == at[i - 1].first + 1;
  }
  p.indexed = at.size(), p.at = adjacent && !at.empty() ? at[0].first : 0;
  p.rows = g.expr(1);
  for (int64_t i = 0; i < g.rank(x); ++i)
    if (!llvm::is_contained(p.perm, i))
      p.rest.push_back(g.dim(x, i));
  for (auto &[d, v] : at) {
    Value one = wrapPlaces(g, v, g.dim(x, d));
    p.flat = p.flat ? g.add(g.mul(p.flat, g.dimScalar(g.dim(x, d))), one) : one;
    p.rows = g.simplify(p.rows * g.dim(x, d));
  }
  for (int64_t i = 0; i < g.rank(x); ++i)
    if (!llvm::is_contained(ArrayRef(p.perm).take_front(p.indexed), i))
      p.perm.push_back(i);
  if (p.flat)
    p.dims = g.dims(p.flat);
  return p;
}

/// x with the indexed dims first and as one.
static Value rowsOf(GraphBuilder &g, Value x, const Places &p) {
  Exprs shape{p.rows};
  llvm::append_range(shape, p.rest);
  return g.reshape(g.transpose(x, p.perm), shape);
}
/// The places' dims, k of them, between the `at` dims before them and the others: the
/// permutation from places first, or back.
static SmallVector<int64_t> placesAt(int64_t at, int64_t k, int64_t rank, bool back) {
  SmallVector<int64_t> perm;
  for (int64_t i = 0; i < at; ++i)
    perm.push_back(k + i);
  for (int64_t i = 0; i < k; ++i)
    perm.push_back(i);
  for (int64_t i = at + k; i < rank; ++i)
    perm.push_back(i);
  if (!back)
    return perm;
  SmallVector<int64_t> inverse(rank);
  for (auto [i, v] : llvm::enumerate(perm))
    inverse[v] = i;
  return inverse;
}

static void index(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  auto p = placesOf(c, x, 1);
  if (!p)
    return;
  if (!p->flat)
    return c.give(x);
  if (p->indexed == 1)
    return c.give(g.gather(x, p->flat, p->perm[0]));
  Value v = g.gather(rowsOf(g, x, *p), p->flat, 0);
  if (!v)
    return;
  c.give(p->at ? g.transpose(v, placesAt(p->at, p->dims.size(), g.rank(v), false)) : v);
}

/// self, indices, values, accumulate
static void indexPut(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), values = c.tensor(2);
  if (!x || !values)
    return;
  bool accumulate = c.flag(3);
  values = g.castTo(values, g.elem(x));
  std::vector<Value> given = c.tensors(1);
  bool onlyMask = llvm::count_if(given, [](Value v) { return !!v; }) == 1 && given[0] && isMask(g, given[0]);
  if (onlyMask && graph::isConstant(g.count(values), 1) && g.rank(given[0]) <= g.rank(x)) {
    SmallVector<int64_t> behind = llvm::to_vector(llvm::seq<int64_t>(g.rank(given[0]), g.rank(x)));
    Value mask = g.unsqueeze(toBool(g, given[0]), behind), one = g.reshape(values, ArrayRef<int64_t>());
    return c.give(g.where(mask, accumulate ? g.add(x, one) : one, x));
  }
  auto p = placesOf(c, x, 1);
  if (!p)
    return;
  if (!p->flat) {
    Value all = g.expandTo(values, g.dims(x));
    return c.give(accumulate ? g.add(x, all) : all);
  }
  // Values broadcast to what reading would give, then lie with the places first.
  int64_t k = p->dims.size();
  Exprs shape(p->rest.begin(), p->rest.begin() + p->at);
  llvm::append_range(shape, p->dims);
  shape.append(p->rest.begin() + p->at, p->rest.end());
  values = g.expandTo(values, shape);
  if (p->at && values)
    values = g.transpose(values, placesAt(p->at, k, shape.size(), true));
  AffineExpr n = g.count(p->dims);
  Exprs flatShape{n};
  llvm::append_range(flatShape, p->rest);
  values = g.reshape(values, flatShape);
  Value out = scatterNd(g, rowsOf(g, x, *p), g.reshape(p->flat, {n, g.expr(1)}), values,
                        accumulate ? ScatterKind::Add : ScatterKind::Set);
  Exprs split;
  SmallVector<int64_t> inverse(p->perm.size());
  for (auto [i, d] : llvm::enumerate(p->perm))
    split.push_back(g.dim(x, d)), inverse[d] = i;
  c.give(g.transpose(g.reshape(out, split), inverse));
}

//===-- Rows ---------------------------------------------------------------===//

static void indexSelect(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), at = c.tensor(2);
  if (!x || !at)
    return;
  if (g.rank(x) == 0)
    return c.give(x);
  if (g.rank(at) == 0)
    at = g.reshape(at, ArrayRef<int64_t>{1});
  c.give(g.gather(x, at, c.axis(1, g.rank(x))));
}
static void embedding(AtenCall &c) { c.give(c.g.gather(c.tensor(0), c.tensor(1), 0)); }
static void take(AtenCall &c) { c.give(c.g.gather(c.g.flatten(c.tensor(0)), c.tensor(1), 0)); }

/// weight, indices, offsets, scale_grad, mode (0 sum 1 mean 2 max), sparse,
/// per_sample_weights, include_last_offset, padding_idx
static void embeddingBag(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value w = c.tensor(0, 1), at = c.tensor(1), offsets = c.tensorOrNull(2);
  int64_t mode = c.integer(4, 0);
  if (!w || !at)
    return;
  Type i64 = i64Of(g);
  at = g.castTo(at, i64);
  if (g.rank(at) == 2) { // rows are bags
    AffineExpr each = g.dim(at, 1);
    offsets = g.create<graph::IotaOp>({g.i64(0), g.dimScalar(each)}, {g.mapAttr("dims", {g.dim(at, 0)})});
    at = g.flatten(at);
  }
  if (!offsets || g.rank(at) != 1 || g.rank(offsets) != 1)
    return c.fail("needs offsets for indices of one dim");
  AffineExpr n = g.dim(at, 0), bags = g.dim(offsets, 0);
  offsets = g.castTo(offsets, i64);
  Value ends;
  if (c.flag(7)) { // the last offset is the end
    bags = g.simplify(bags - 1);
    ends = g.slice(offsets, 0, g.expr(1), bags), offsets = g.slice(offsets, 0, g.expr(0), bags);
  } else {
    ends = g.concat({g.slice(offsets, 0, g.expr(1), g.simplify(bags - 1)), g.dimsValue({n})}, 0);
  }
  Value place = g.unsqueeze(g.iota(i64, n), {0});
  Value in = g.create<graph::AndOp>({g.create<graph::LessEqualOp>({g.unsqueeze(offsets, {1}), place}),
                                     g.create<graph::LessOp>({place, g.unsqueeze(ends, {1})})});
  int64_t padding = c.wideInteger(8, -1);
  if (padding >= 0)
    in = g.create<graph::AndOp>(
        {in, g.create<graph::NotOp>({g.unsqueeze(g.create<graph::EqualOp>({at, g.i64(padding)}), {0})})});
  Value rows = g.gather(w, at, 0), one = g.castTo(in, g.elem(w)), v;
  Value count = g.reduce(one, graph::ReduceKind::Sum, {1});
  if (c.has(6))
    one = g.mul(one, g.unsqueeze(c.tensor(6), {0}));
  if (mode == 2) {
    double least = -std::numeric_limits<double>::infinity();
    Value all = g.where(g.unsqueeze(in, {2}), g.unsqueeze(rows, {0}), g.scalarLike(w, least));
    v = g.squeeze(g.reduce(all, graph::ReduceKind::Max, {1}), {1});
    v = g.where(g.create<graph::EqualOp>({count, g.scalarLike(w, 0)}), g.scalarLike(w, 0), v);
  } else {
    v = g.matmul(one, rows);
    if (mode == 1)
      v = g.div(v, g.max(count, g.scalarLike(w, 1)));
  }
  c.give(v);
  c.results.resize(4); // the others are for the backward pass
}

//===-- Positions ----------------------------------------------------------===//

static SmallVector<Value> columns(GraphBuilder &g, Value x) {
  Value all = nonZero(g, x);
  SmallVector<Value> out;
  for (int64_t i = 0; all && i < std::max<int64_t>(1, g.rank(x)); ++i)
    out.push_back(selectAt(g, all, 0, g.expr(i)));
  return out;
}
static void nonzero(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), all = nonZero(g, x);
  if (!all)
    return;
  Value rows = g.transpose(all, {1, 0});
  c.give(g.rank(x) ? rows : g.slice(rows, 1, g.expr(0), g.expr(0)));
}
static void nonzeroNumpy(AtenCall &c) {
  if (Value x = c.tensor(0))
    c.giveList(columns(c.g, x));
}
static void where(AtenCall &c) {
  GraphBuilder &g = c.g;
  if (c.args.size() < 2)
    return nonzeroNumpy(c);
  Value mask = toBool(g, c.tensor(0));
  auto [x, y] = promotedPair(c, 1, 2);
  c.give(g.where(mask, x, y));
}
static void maskedSelect(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), mask = c.tensor(1);
  if (!x || !mask)
    return;
  Value zero = g.scalarLike(x, 0), both = g.where(toBool(g, mask), x, zero); // for its shape
  if (!both)
    return;
  Value all = nonZero(g, g.flatten(g.expandTo(mask, g.dims(both))));
  if (all)
    c.give(g.gather(g.flatten(g.expandTo(x, g.dims(both))), g.squeeze(all, {0}), 0));
}
/// Elements of source in order where the mask is set.
static void maskedScatter(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), mask = toBool(g, c.tensor(1)), source = c.tensor(2);
  if (!x || !mask || !source)
    return;
  mask = g.expandTo(mask, g.dims(x));
  Value order = g.add(cumulative(g, g.flatten(g.castTo(mask, i64Of(g))), 0, "cumsum"), -1);
  Value taken = g.gather(g.flatten(g.castTo(source, g.elem(x))), g.max(order, g.i64(0)), 0);
  c.give(g.where(mask, g.reshape(taken, g.dims(x)), x));
}

/// _unique2(sorted, return_inverse, return_counts); unique_dim has dim before these.
static void uniqueRow(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  bool byDim = c.name.ends_with("dim");
  if (byDim && !c.tensor(0, 1))
    return;
  int64_t axis = byDim ? c.axis(1, g.rank(x)) : 0;
  UniqueParts u = unique(g, byDim ? x : g.flatten(x), axis, true);
  Value none = g.splat(i64Of(g), {g.expr(0)}, 0);
  size_t at = byDim ? 2 : 1;
  Value inverse = u.inverse && !byDim ? g.reshape(u.inverse, g.dims(x)) : u.inverse;
  c.give(u.values);
  c.give(c.flag(at + 1) ? inverse : none);
  c.give(c.flag(at + 2) ? u.counts : none);
}

/// Number of boundaries below a value (or at it, with `right`); NaN is above all.
static Value rankAmong(GraphBuilder &g, Value v, Value sorted, bool right, Type out) {
  if (!v || !sorted)
    return {};
  Type t = promoteTypes(g.elem(v), g.elem(sorted));
  v = g.unsqueeze(g.castTo(v, t), {g.rank(v)}), sorted = g.castTo(sorted, t);
  if (g.rank(sorted) > 1) // [.., n] against [.., m]
    sorted = g.unsqueeze(sorted, {g.rank(sorted) - 1});
  Value below = right ? g.create<graph::LessEqualOp>({sorted, v}) : g.create<graph::LessOp>({sorted, v});
  if (isFloat(t))
    below = g.create<graph::OrOp>({below, g.create<graph::IsNanOp>({v})});
  if (!below)
    return {};
  int64_t last = g.rank(below) - 1;
  return g.castTo(g.squeeze(g.reduce(g.castTo(below, i64Of(g)), graph::ReduceKind::Sum, {last}), {last}), out);
}
static Type placeType(AtenCall &c, size_t i) { return c.flag(i) ? Type(c.g.b.getI32Type()) : i64Of(c.g); }
static void bucketize(AtenCall &c) { // input, boundaries, out_int32, right
  c.give(rankAmong(c.g, c.tensorOrNull(0), c.tensor(1), c.flag(3), placeType(c, 2)));
}
static void searchsorted(AtenCall &c) { // sorted, input, out_int32, right, side
  c.give(rankAmong(c.g, c.tensorOrNull(1), c.tensor(0), c.flag(3) || c.text(4) == "right", placeType(c, 2)));
}

/// item(): a number as far as it is known.
static void item(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  if (!(x = g.reshape(x, ArrayRef<int64_t>())))
    return;
  Arg a;
  a.kind = isBool(g.elem(x)) ? Arg::Kind::Bool : isFloat(g.elem(x)) ? Arg::Kind::Double : Arg::Kind::Int;
  if (a.kind == Arg::Kind::Int)
    a.integer = g.sizeOf(g.castTo(x, i64Of(g)), 0, INT32_MIN, graph::maxDim);
  else if (auto v = g.doubleOf(x))
    a.number = *v, a.boolean = *v != 0;
  else
    a.tensor = x, a.wrapped = true;
  c.results.push_back(std::move(a));
}

void addIndexRows(AtenTable &t) {
  auto move = OnQuantized::Move;
  addRows(t, index, {"index", "_unsafe_index"}, move);
  addRows(t, indexPut, {"index_put", "_index_put_impl", "_unsafe_index_put"});
  addRows(t, indexSelect, {"index_select"}, move), addRows(t, embedding, {"embedding"});
  addRows(t, take, {"take"}, move),
      addRows(t, embeddingBag, {"embedding_bag", "_embedding_bag", "_embedding_bag_forward_only"});
  addRows(t, nonzero, {"nonzero", "argwhere"}, OnQuantized::Release);
  addRows(t, nonzeroNumpy, {"nonzero_numpy"}, OnQuantized::Release), addRows(t, where, {"where"});
  addRows(t, maskedSelect, {"masked_select"}, move), addRows(t, maskedScatter, {"masked_scatter"});
  addRows(t, uniqueRow, {"_unique2", "unique_dim"}), addRows(t, bucketize, {"bucketize"}, OnQuantized::Release);
  addRows(t, searchsorted, {"searchsorted"}, OnQuantized::Release);
  addRows(t, item, {"item", "_local_scalar_dense"}, OnQuantized::Release);
}

} // namespace wick::compiler::torch
