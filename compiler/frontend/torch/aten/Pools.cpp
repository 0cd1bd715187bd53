// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Window: max, average and power pools, adaptive ones, with or without a batch.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

using graph::PoolKind;

namespace {
struct Pool {
  SmallVector<int64_t> kernel, stride, padding, dilation;
  bool ceil = false, countPad = false;
  int64_t p = 2;
};
} // namespace

/// The digit of "max_pool2d".
static int64_t spatialDims(AtenCall &c) {
  size_t at = c.name.find("d", c.name.find("pool"));
  return at == StringRef::npos ? 2 : c.name[at - 1] - '0';
}

static Value run(AtenCall &c, Value x, const Pool &p, PoolKind kind) {
  GraphBuilder &g = c.g;
  size_t n = p.kernel.size();
  Exprs d = g.dims(x), sizes;
  SmallVector<int64_t> end = p.padding;
  for (size_t i = 0; i < n; ++i) {
    if (p.stride[i] < 1 || p.kernel[i] < 1 || p.dilation[i] < 1 || p.padding[i] < 0)
      return c.fail("kernel, stride and dilation must be positive"), Value();
    int64_t extent = p.dilation[i] * (p.kernel[i] - 1) + 1;
    AffineExpr in = d[2 + i], stride = g.expr(p.stride[i]), room = g.simplify(in + (2 * p.padding[i] - extent));
    if (auto r = graph::constantOf(room); r && *r < 0 && !p.ceil)
      return c.fail("a window of " + Twine(extent) + " is larger than the padded input"), Value();
    AffineExpr size = (p.ceil ? g.ceilDiv(room, stride) : g.floorDiv(room, stride)) + 1;
    if (p.ceil) // windows that begin in the padding at the end do not count
      size = g.symbols.min(g.simplify(size), g.ceilDiv(g.simplify(in + p.padding[i]), stride));
    sizes.push_back(g.simplify(size));
  }
  SmallVector<NamedAttribute> attrs{g.b.getNamedAttr("kind", graph::PoolKindAttr::get(g.b.getContext(), kind)),
                                    g.intsAttr("kernel", p.kernel),
                                    g.intsAttr("strides", p.stride),
                                    g.intsAttr("pads_begin", p.padding),
                                    g.intsAttr("pads_end", end),
                                    g.intsAttr("dilations", p.dilation),
                                    g.mapAttr("sizes", sizes),
                                    g.intAttr("p", p.p)};
  if (p.countPad)
    attrs.push_back(g.unitAttr("count_pad"));
  return g.create<graph::PoolOp>({x}, attrs);
}

/// x with a batch, whether it had one or not.
static Value withBatch(AtenCall &c, int64_t spatial, bool &batched) {
  Value x = c.tensor(0);
  if (!x)
    return x;
  int64_t rank = c.g.rank(x);
  batched = rank == spatial + 2;
  if (!batched && rank != spatial + 1)
    return c.fail("input of rank " + Twine(rank) + " for " + Twine(spatial) + " spatial dims"), Value();
  return batched ? x : c.g.unsqueeze(x, {0});
}
static void giveBack(AtenCall &c, Value v, bool batched) { c.give(batched ? v : c.g.squeeze(v, {0})); }

/// Index of the maximum in its own image, where wick.pool counts in the whole tensor.
static Value inImage(AtenCall &c, Value at, Value x) {
  GraphBuilder &g = c.g;
  if (!at)
    return at;
  Exprs d = g.dims(x);
  return g.create<graph::ModOp>({at, g.dimScalar(g.count(ArrayRef(d).drop_front(2)))});
}

/// kernel, stride (none: kernel), padding, dilation, ceil_mode
static void maxPool(AtenCall &c) {
  size_t n = spatialDims(c);
  bool batched = true;
  Value x = withBatch(c, n, batched);
  Pool p{c.integers(1, n, 1), {}, c.integers(3, n, 0), c.integers(4, n, 1), c.flag(5)};
  p.stride = c.integers(2).empty() ? p.kernel : c.integers(2, n, 1);
  if (!x || c.g.hasError())
    return;
  giveBack(c, run(c, x, p, PoolKind::Max), batched);
  if (c.name.contains("with_indices"))
    giveBack(c, inImage(c, run(c, x, p, PoolKind::ArgMax), x), batched);
}
/// kernel, stride, padding, ceil_mode, count_include_pad, divisor_override
static void avgPool(AtenCall &c) {
  GraphBuilder &g = c.g;
  size_t n = spatialDims(c);
  bool batched = true;
  Value x = withBatch(c, n, batched);
  Pool p{c.integers(1, n, 1), {}, c.integers(3, n, 0), SmallVector<int64_t>(n, 1), c.flag(4), c.flag(5, true)};
  p.stride = c.integers(2).empty() ? p.kernel : c.integers(2, n, 1);
  if (!x || g.hasError())
    return;
  if (!c.has(6))
    return giveBack(c, run(c, x, p, PoolKind::Avg), batched);
  int64_t divisor = c.wideInteger(6);
  if (divisor == 0)
    return c.fail("divisor_override is 0");
  // The sum of signed values: the average over all taps, padding as zeros, times their number.
  Exprs low(2, g.expr(0)), high = low;
  double taps = 1;
  for (size_t i = 0; i < n; ++i) {
    low.push_back(g.expr(p.padding[i]));
    high.push_back(g.expr(p.padding[i] + (p.ceil ? p.stride[i] : 0)));
    taps *= double(p.kernel[i]);
  }
  Value wanted = run(c, x, p, PoolKind::Avg); // for its sizes
  Pool bare = p;
  bare.padding.assign(n, 0), bare.ceil = false, bare.countPad = true;
  Value v = run(c, g.padConstant(x, low, high, 0), bare, PoolKind::Avg);
  if (v && wanted) {
    Exprs zero(n + 2, g.expr(0));
    v = g.sliceAll(v, zero, g.dims(wanted), SmallVector<int64_t>(n + 2, 1));
    giveBack(c, g.mul(v, taps / double(divisor)), batched);
  }
}
static void lpPool(AtenCall &c) {
  GraphBuilder &g = c.g;
  size_t n = spatialDims(c);
  bool batched = true;
  Value x = withBatch(c, n, batched);
  int64_t order = c.integer(1);
  Pool p{c.integers(2, n, 1), {}, SmallVector<int64_t>(n, 0), SmallVector<int64_t>(n, 1), c.flag(4), false, order};
  p.stride = c.integers(3).empty() ? p.kernel : c.integers(3, n, 1);
  if (!x || g.hasError())
    return;
  Value v = run(c, x, p, PoolKind::SumAbsPow);
  giveBack(
      c, order == 2 ? g.create<graph::SqrtOp>({v}) : g.create<graph::PowOp>({v, g.scalarLike(v, 1.0 / double(order))}),
      batched);
}

//===-- Adaptive -----------------------------------------------------------===//

/// One axis into bins [floor(i n / k), ceil((i + 1) n / k)) that differ in size.
static Value unevenAxis(AtenCall &c, Value x, int64_t axis, int64_t bins, bool isMax) {
  GraphBuilder &g = c.g;
  auto n = graph::constantOf(g.dim(x, axis));
  if (!n)
    return c.fail("bins of a dynamic size; fix it with --dim or --shape"), Value();
  if (bins > INT32_MAX)
    return c.fail(Twine(bins) + " bins"), Value();
  SmallVector<Value> parts;
  for (int64_t i = 0; i < bins && !g.hasError(); ++i) {
    auto from = int64_t(__int128(i) * *n / bins), to = int64_t((__int128(i + 1) * *n + bins - 1) / bins);
    Value part = g.slice(x, axis, g.expr(from), g.expr(to - from));
    parts.push_back(isMax ? g.reduce(part, graph::ReduceKind::Max, {axis}) : g.reduceMean(part, {axis}));
  }
  return g.concat(parts, axis);
}
static Value adaptive(AtenCall &c, Value x, ArrayRef<AffineExpr> out, bool isMax) {
  GraphBuilder &g = c.g;
  size_t n = out.size();
  Pool p{{}, {}, SmallVector<int64_t>(n, 0), SmallVector<int64_t>(n, 1)};
  SmallVector<int64_t> whole;
  bool even = true;
  for (size_t i = 0; i < n; ++i) {
    AffineExpr in = g.dim(x, 2 + i);
    if (graph::isConstant(out[i], 1))
      whole.push_back(2 + i);
    AffineExpr q = graph::provablyEqual(in, out[i]) ? g.expr(1) : g.exactQuotient(in, out[i]);
    auto k = q ? graph::constantOf(q) : std::nullopt;
    even &= k.has_value() && *k > 0;
    p.kernel.push_back(k.value_or(1)), p.stride.push_back(k.value_or(1));
  }
  if (whole.size() == n)
    return isMax ? g.reduce(x, graph::ReduceKind::Max, whole) : g.reduceMean(x, whole);
  if (even)
    return run(c, x, p, isMax ? PoolKind::Max : PoolKind::Avg);
  for (size_t i = 0; i < n && x; ++i) {
    auto bins = graph::constantOf(out[i]);
    if (graph::provablyEqual(g.dim(x, 2 + i), out[i]))
      continue;
    if (!bins)
      return c.fail("a number of bins that is not constant"), Value();
    x = unevenAxis(c, x, 2 + i, *bins, isMax);
  }
  return x;
}
/// Places of the maxima; null where bins differ in size, whose places nobody asks for.
static Value adaptiveArg(AtenCall &c, Value x, ArrayRef<AffineExpr> out) {
  GraphBuilder &g = c.g;
  size_t n = out.size();
  if (llvm::all_of(out, [](AffineExpr e) { return graph::isConstant(e, 1); })) {
    Exprs d = g.dims(x), flat{d[0], d[1], g.count(ArrayRef(d).drop_front(2))}, ones{d[0], d[1]};
    ones.append(n, g.expr(1));
    return g.reshape(g.argReduce(g.reshape(x, flat), 2, true, false), ones);
  }
  Pool p{{}, {}, SmallVector<int64_t>(n, 0), SmallVector<int64_t>(n, 1)};
  for (size_t i = 0; i < n; ++i) {
    AffineExpr q = g.exactQuotient(g.dim(x, 2 + i), out[i]);
    auto k = q ? graph::constantOf(q) : std::nullopt;
    if (!k || *k < 1)
      return {};
    p.kernel.push_back(*k), p.stride.push_back(*k);
  }
  return inImage(c, run(c, x, p, PoolKind::ArgMax), x);
}

template <bool isMax>
static void adaptivePool(AtenCall &c) {
  GraphBuilder &g = c.g;
  size_t n = spatialDims(c);
  bool batched = true;
  Value x = withBatch(c, n, batched);
  if (!x)
    return;
  AtenCall sizes{g, c.name, "", c.arg(1).kind == Arg::Kind::List ? c.arg(1).list : std::vector<Arg>{c.arg(1)}, {}};
  if (sizes.args.size() != n && sizes.args.size() != 1)
    return c.fail(Twine(sizes.args.size()) + " sizes for " + Twine(n) + " spatial dims");
  Exprs out;
  for (size_t i = 0; i < n; ++i) // None keeps a size
    out.push_back(sizes.size(sizes.args.size() == 1 ? 0 : i, g.dim(x, 2 + i)));
  if (isMax) {
    giveBack(c, adaptive(c, x, out, true), batched);
    Value at = adaptiveArg(c, x, out);
    return at ? giveBack(c, at, batched) : c.results.push_back(Arg());
  }
  Type t = g.elem(x);
  giveBack(c, g.castTo(adaptive(c, g.castTo(x, wideOf(t)), out, false), t), batched);
}

void addPoolRows(AtenTable &t) {
  addRows(t, maxPool,
          {"max_pool1d", "max_pool2d", "max_pool3d", "max_pool1d_with_indices", "max_pool2d_with_indices",
           "max_pool3d_with_indices"},
          OnQuantized::Move);
  addRows(t, avgPool, {"avg_pool1d", "avg_pool2d", "avg_pool3d"});
  addRows(t, lpPool, {"lp_pool1d", "lp_pool2d"});
  addRows(t, adaptivePool<false>,
          {"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d",
           "_adaptive_avg_pool3d"});
  addRows(t, adaptivePool<true>, {"adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"});
}

} // namespace wick::compiler::torch
