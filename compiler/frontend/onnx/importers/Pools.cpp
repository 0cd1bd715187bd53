// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Window: MaxPool, AveragePool, LpPool and their Global forms; and the
// window attributes that convolutions share.
//
#include "compiler/frontend/onnx/importers/Windows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler {

bool Window::constantPads(SmallVectorImpl<int64_t> &begin, SmallVectorImpl<int64_t> &end) const {
  for (auto [lo, hi] : llvm::zip(padsBegin, padsEnd)) {
    auto a = graph::constantOf(lo), c = graph::constantOf(hi);
    if (!a || !c)
      return false;
    begin.push_back(*a), end.push_back(*c);
  }
  return true;
}

std::optional<Window> readWindow(NodeImport &n, ArrayRef<AffineExpr> spatial, ArrayRef<AffineExpr> kernel) {
  GraphBuilder &g = n.g;
  size_t count = spatial.size();
  Window w;
  auto read = [&](StringRef name, size_t size, int64_t otherwise) {
    auto attr = n.intsAttr(name);
    SmallVector<int64_t> list(size, otherwise);
    if (attr)
      list.assign(attr->begin(), attr->end());
    if (list.size() != size)
      n.error(name + " has " + Twine(list.size()) + " entries, expected " + Twine(size));
    return list;
  };
  if (llvm::all_of(kernel, [](AffineExpr e) { return bool(graph::constantOf(e)); }))
    for (AffineExpr e : kernel)
      w.kernel.push_back(*graph::constantOf(e));
  w.strides = read("strides", count, 1), w.dilations = read("dilations", count, 1);
  SmallVector<int64_t> pads = read("pads", 2 * count, 0);
  if (kernel.size() != count)
    n.error("kernel_shape has " + Twine(kernel.size()) + " entries, expected " + Twine(count));
  if (n.failed())
    return std::nullopt;
  std::string mode = n.stringAttr("auto_pad", "NOTSET");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER", ceilMode = n.intAttr("ceil_mode", 0);
  for (size_t i = 0; i < count; ++i) {
    if (w.strides[i] < 1 || w.dilations[i] < 1 || graph::constantOf(kernel[i]).value_or(1) < 1) {
      n.error("kernel, strides and dilations must be positive");
      return std::nullopt;
    }
    AffineExpr extent = g.simplify((kernel[i] - 1) * w.dilations[i] + 1);
    AffineExpr begin = g.expr(pads[i]), end = g.expr(pads[i + count]), stride = g.expr(w.strides[i]);
    if (mode == "VALID")
      begin = end = g.expr(0);
    if (same) {
      AffineExpr out = g.ceilDiv(spatial[i], stride);
      AffineExpr total = g.symbols.max(g.simplify((out - 1) * stride + extent - spatial[i]), g.expr(0));
      AffineExpr half = g.floorDiv(total, g.expr(2)), rest = g.simplify(total - half);
      begin = mode == "SAME_UPPER" ? half : rest, end = mode == "SAME_UPPER" ? rest : half;
    }
    AffineExpr room = g.simplify(spatial[i] + begin + end - extent);
    AffineExpr size = (ceilMode ? g.ceilDiv(room, stride) : g.floorDiv(room, stride)) + 1;
    if (ceilMode) // windows that begin in the padding at the end do not count
      size = g.symbols.min(g.simplify(size), g.ceilDiv(g.simplify(spatial[i] + begin), stride));
    w.padsBegin.push_back(begin), w.padsEnd.push_back(end), w.sizes.push_back(g.simplify(size));
  }
  return w;
}

static Value makePool(GraphBuilder &g, Value x, const Window &w, ArrayRef<int64_t> begin, ArrayRef<int64_t> end,
                      graph::PoolKind kind, bool countPad, bool columnMajor, int64_t p) {
  SmallVector<NamedAttribute> attrs{g.b.getNamedAttr("kind", graph::PoolKindAttr::get(g.b.getContext(), kind)),
                                    g.intsAttr("kernel", w.kernel),
                                    g.intsAttr("strides", w.strides),
                                    g.intsAttr("pads_begin", begin),
                                    g.intsAttr("pads_end", end),
                                    g.intsAttr("dilations", w.dilations),
                                    g.mapAttr("sizes", w.sizes),
                                    g.intAttr("p", p)};
  if (countPad)
    attrs.push_back(g.unitAttr("count_pad"));
  if (columnMajor)
    attrs.push_back(g.unitAttr("column_major"));
  return g.create<graph::PoolOp>({x}, attrs);
}

/// With amounts that depend on the size, the padding is an op of its own.
static Value pool(NodeImport &n, Value x, const Window &w, graph::PoolKind kind, bool countPad, bool columnMajor,
                  int64_t p) {
  GraphBuilder &g = n.g;
  SmallVector<int64_t> begin, end;
  if (w.constantPads(begin, end))
    return makePool(g, x, w, begin, end, kind, countPad, columnMajor, p);
  if (kind == graph::PoolKind::ArgMax) {
    n.unsupported("indices under auto_pad over a dynamic size with a stride; fix the size with --dim or --shape");
    return {};
  }
  Type elem = g.elem(x);
  double neutral = 0;
  if (kind == graph::PoolKind::Max && !elem.isUnsignedInteger())
    neutral = isa<FloatType>(elem) ? -INFINITY : -std::ldexp(1.0, elem.getIntOrFloatBitWidth() - 1);
  Exprs low(2, g.expr(0)), high(2, g.expr(0)), ones(2, g.expr(1));
  llvm::append_range(low, w.padsBegin), llvm::append_range(high, w.padsEnd);
  llvm::append_range(ones, ArrayRef(g.dims(x)).drop_front(2));
  SmallVector<int64_t> none(w.kernel.size(), 0);
  auto over = [&](Value v) {
    return makePool(g, g.padConstant(v, low, high, neutral), w, none, none, kind, countPad, columnMajor, p);
  };
  Value v = over(x); // an average divides by the elements that are there
  return kind == graph::PoolKind::Avg && !countPad ? g.div(v, over(g.splat(elem, ones, 1))) : v;
}

static std::optional<Window> poolWindow(NodeImport &n) {
  Exprs dims = n.g.dims(n.input(0));
  auto kernel = n.intsAttr("kernel_shape");
  if (dims.size() < 3 || !kernel) {
    n.error(kernel ? "input of rank " + Twine(dims.size()) : Twine("no kernel_shape"));
    return std::nullopt;
  }
  return readWindow(n, ArrayRef(dims).drop_front(2), n.g.exprs(*kernel));
}

static void importMaxPool(NodeImport &n) {
  auto w = poolWindow(n);
  if (!w)
    return;
  n.set(0, pool(n, n.input(0), *w, graph::PoolKind::Max, false, false, 2));
  if (n.wants(1))
    n.set(1, pool(n, n.input(0), *w, graph::PoolKind::ArgMax, false, n.intAttr("storage_order", 0), 2));
}
static void importAveragePool(NodeImport &n) {
  if (auto w = poolWindow(n))
    n.set(0, pool(n, n.input(0), *w, graph::PoolKind::Avg, n.intAttr("count_include_pad", 0), false, 2));
}

/// The p-th root of a sum of p-th powers.
static Value root(GraphBuilder &g, Value v, int64_t p) {
  if (p == 1 || !v)
    return v;
  return p == 2 ? g.create<graph::SqrtOp>({v}) : g.create<graph::PowOp>({v, g.scalarLike(v, 1.0 / double(p))});
}
static void importLpPool(NodeImport &n) {
  int64_t p = n.intAttr("p", 2);
  if (auto w = poolWindow(n))
    n.set(0, root(n.g, pool(n, n.input(0), *w, graph::PoolKind::SumAbsPow, false, false, p), p));
}

static SmallVector<int64_t> spatialAxes(NodeImport &n) {
  return llvm::to_vector(llvm::seq<int64_t>(2, std::max<int64_t>(2, n.g.rank(n.input(0)))));
}
static void importGlobalAverage(NodeImport &n) { n.set(0, n.g.reduceMean(n.input(0), spatialAxes(n))); }
static void importGlobalMax(NodeImport &n) { n.set(0, n.g.reduce(n.input(0), graph::ReduceKind::Max, spatialAxes(n))); }
static void importGlobalLp(NodeImport &n) {
  GraphBuilder &g = n.g;
  int64_t p = n.intAttr("p", 2);
  Value a = g.create<graph::AbsOp>({n.input(0)});
  if (p == 2)
    a = g.mul(a, a);
  else if (p != 1)
    a = g.create<graph::PowOp>({a, g.scalarLike(a, double(p))});
  n.set(0, root(g, g.reduce(a, graph::ReduceKind::Sum, spatialAxes(n)), p));
}

void addPoolImporters(ImportTable &t) {
  t["MaxPool"] = importMaxPool, t["AveragePool"] = importAveragePool, t["LpPool"] = importLpPool;
  t["GlobalAveragePool"] = importGlobalAverage, t["GlobalMaxPool"] = importGlobalMax,
  t["GlobalLpPool"] = importGlobalLp;
}

} // namespace wick::compiler
