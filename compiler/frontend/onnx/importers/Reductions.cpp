// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reduce*, ArgMax, ArgMin, softmaxes, CumSum, CumProd, TopK.
//
#include "compiler/frontend/Composites.h"
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/importers/Axes.h"

using namespace mlir;
namespace wick::compiler {

using Kind = graph::ReduceKind;

namespace {
/// Reduces over axes that are constant, or over a mask of dims known at run time.
/// Results keep dims; with a mask they also keep their size (all elements along a
/// reduced dim are equal), until finish() cuts them.
struct Reducer {
  GraphBuilder &g;
  SmallVector<int64_t> axes;
  Value mask;            ///< i64 [rank], null for constant axes
  int64_t numMasked = 0; ///< set entries of mask

  Value reduce(Value x, Kind kind) const;
  /// Number of elements that make one, as a scalar of an element type.
  Value count(Value x, Type elem) const;
  Value finish(Value v, ArrayRef<AffineExpr> dims, bool keepDims) const;
};
} // namespace

Value Reducer::reduce(Value x, Kind kind) const {
  if (!mask || !x)
    return g.reduce(x, kind, axes);
  for (int64_t d = 0, rank = g.rank(x); d < rank; ++d) {
    Value all = g.reduce(x, kind, {d});
    if (graph::isConstant(g.dim(x, d), 0)) { // an empty dim has room for the neutral value only
      x = all;
      continue;
    }
    if (g.symbols.range(g.dim(x, d)).first < 1) { // the same where a run finds it empty
      Exprs low(rank, g.expr(0)), high = low;
      high[d] = g.symbols.max(g.simplify(1 - g.dim(x, d)), g.expr(0));
      x = g.padConstant(x, low, high, 0);
    }
    Value chosen = g.castTo(g.reshape(g.slice(mask, 0, g.expr(d), g.expr(1)), ArrayRef<int64_t>()), g.b.getI1Type());
    x = g.where(chosen, all, x);
  }
  return x;
}

Value Reducer::count(Value x, Type elem) const {
  if (mask) {
    Value sizes = g.where(g.castTo(mask, g.b.getI1Type()), g.dimsValue(g.dims(x)), g.i64(1));
    return g.castTo(g.squeeze(g.reduce(sizes, Kind::Prod, {0}), {0}), elem);
  }
  AffineExpr n = g.expr(1);
  for (int64_t a : axes)
    n = n * g.dim(x, a);
  return g.exprAs(g.simplify(n), elem);
}

Value Reducer::finish(Value v, ArrayRef<AffineExpr> dims, bool keepDims) const {
  if (!v)
    return v;
  if (!mask)
    return keepDims ? v : g.squeeze(v, axes);
  auto sizes = g.shapeFrom(g.where(g.castTo(mask, g.b.getI1Type()), g.i64(1), g.dimsValue(dims)));
  if (!sizes)
    return {};
  v = g.sliceAll(v, Exprs(dims.size(), g.expr(0)), *sizes, SmallVector<int64_t>(dims.size(), 1));
  if (keepDims)
    return v;
  auto rest = remainingDims(g, mask, dims, int64_t(dims.size()) - numMasked);
  return rest ? g.reshape(v, *rest) : Value();
}

/// Imports a reduction whose middle is `body`, which keeps dims.
template <class Body>
static void reduceWith(NodeImport &n, Body body) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  int64_t rank = g.rank(x);
  Reducer r{g, {}, {}};
  bool noop = false;
  if (!n.intAttr("keepdims", 1) && !n.intAttr("noop_with_empty_axes", 0))
    closeLength(n, 1, [&](int64_t left) { return left > 0 ? rank - left : -1; }); // no axes: all
  auto count = n.input(1) ? graph::constantOf(g.count(n.input(1))) : std::optional<int64_t>(0);
  if (n.input(1) && count == 0) { // no axes, whatever their source
    noop = n.intAttr("noop_with_empty_axes", 0);
    r.axes = noop ? SmallVector<int64_t>() : llvm::to_vector(llvm::seq<int64_t>(0, rank));
  } else if (n.input(1) && !g.elementsOf(n.input(1))) {
    bool keepDims = n.intAttr("keepdims", 1);
    if (!count && !keepDims && rank > 0)
      return n.openLength(1, "axes");
    if (count.value_or(0) > rank)
      return n.error(Twine(*count) + " axes for rank " + Twine(rank));
    r.mask = axisMask(g, n.input(1), rank), r.numMasked = count.value_or(rank);
    if (!count && !n.intAttr("noop_with_empty_axes", 0)) // none: all
      r.mask = g.where(g.create<graph::EqualOp>({g.dimScalar(g.count(n.input(1))), g.i64(0)}), g.i64(1), r.mask);
  } else {
    auto axes = n.axes(1, rank, SmallVector<int64_t>());
    if (!axes)
      return;
    noop = axes->empty() && n.intAttr("noop_with_empty_axes", 0);
    r.axes = axes->empty() && !noop ? llvm::to_vector(llvm::seq<int64_t>(0, rank)) : *axes;
  }
  n.set(0, r.finish(body(r, g, x), g.dims(x), n.intAttr("keepdims", 1) || noop));
}

template <Kind kind>
static void importReduce(NodeImport &n) {
  reduceWith(n, [](Reducer &r, GraphBuilder &, Value x) { return r.reduce(x, kind); });
}
static void importReduceMean(NodeImport &n) {
  reduceWith(n, [](Reducer &r, GraphBuilder &g, Value x) {
    if (!r.mask)
      return g.reduceMean(x, r.axes);
    return g.div(r.reduce(x, Kind::Sum), r.count(x, g.elem(x)));
  });
}
static void importReduceL1(NodeImport &n) {
  reduceWith(n, [](Reducer &r, GraphBuilder &g, Value x) { return r.reduce(g.create<graph::AbsOp>({x}), Kind::Sum); });
}
static void importReduceSumSquare(NodeImport &n) {
  reduceWith(n, [](Reducer &r, GraphBuilder &g, Value x) { return r.reduce(g.mul(x, x), Kind::Sum); });
}
static void importReduceL2(NodeImport &n) {
  reduceWith(n, [](Reducer &r, GraphBuilder &g, Value x) {
    Type type = g.elem(x);
    Value f = isa<IntegerType>(type) ? g.castTo(x, g.b.getF64Type()) : x;
    return g.castTo(g.create<graph::SqrtOp>({r.reduce(g.mul(f, f), Kind::Sum)}), type);
  });
}
static void importReduceLogSum(NodeImport &n) {
  reduceWith(n, [](Reducer &r, GraphBuilder &g, Value x) { return g.create<graph::LogOp>({r.reduce(x, Kind::Sum)}); });
}
static void importReduceLogSumExp(NodeImport &n) {
  reduceWith(n, [](Reducer &r, GraphBuilder &g, Value x) {
    Value most = r.reduce(x, Kind::Max);
    most = g.where(g.create<graph::IsInfOp>({most}), g.scalarLike(x, 0), most); // inf - inf
    Value e = g.create<graph::ExpOp>({g.sub(x, most)});
    return g.add(g.create<graph::LogOp>({r.reduce(e, Kind::Sum)}), most);
  });
}

template <bool isMax>
static void importArg(NodeImport &n) {
  auto axis = n.axis(n.intAttr("axis", 0), n.g.rank(n.input(0)));
  if (!axis)
    return;
  Value v = n.g.argReduce(n.input(0), *axis, isMax, n.intAttr("select_last_index", 0));
  n.set(0, n.intAttr("keepdims", 1) ? v : n.g.squeeze(v, {*axis}));
}

/// The axis; with the old meaning, `flat` gets x as two dims and the axis is 1.
static std::optional<int64_t> softmaxAxis(NodeImport &n, Value &flat) {
  GraphBuilder &g = n.g;
  flat = n.input(0);
  int64_t rank = g.rank(flat);
  auto axis = n.axis(n.intAttr("axis", -1), rank);
  if (!axis || !n.intAttr(onnx::Coerce2dAttr, 0) || *axis == rank - 1)
    return axis;
  Exprs dims = g.dims(flat);
  flat = g.reshape(flat, {g.count(ArrayRef(dims).take_front(*axis)), g.count(ArrayRef(dims).drop_front(*axis))});
  return 1;
}
static void importSoftmax(NodeImport &n) {
  Value x;
  if (auto axis = softmaxAxis(n, x))
    n.set(0, n.g.reshape(n.g.softmax(x, {*axis}), n.g.dims(n.input(0))));
}
static void importLogSoftmax(NodeImport &n) {
  Value x;
  if (auto axis = softmaxAxis(n, x))
    n.set(0, n.g.reshape(n.g.logSoftmax(x, *axis), n.g.dims(n.input(0))));
}
static void importHardmax(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x;
  auto axis = softmaxAxis(n, x);
  if (!axis)
    return;
  Exprs shape(g.rank(x), g.expr(1));
  shape[*axis] = g.dim(x, *axis);
  Value first = g.argReduce(x, *axis, true, false), at = g.reshape(g.iota(g.b.getI64Type(), shape[*axis]), shape);
  n.set(0, g.reshape(g.castTo(g.create<graph::EqualOp>({first, at}), g.elem(x)), g.dims(n.input(0))));
}

static Value cumulative(NodeImport &n, StringRef routine, int64_t axis) {
  return cumulative(n.g, n.input(0), axis, routine, n.intAttr("exclusive", 0), n.intAttr("reverse", 0));
}
static void importCumulative(NodeImport &n, StringRef routine) {
  GraphBuilder &g = n.g;
  int64_t rank = g.rank(n.input(0));
  if (g.elementsOf(n.input(1))) {
    auto given = n.constantInts(1, "axis");
    auto axis = given && given->size() == 1 ? n.axis((*given)[0], rank) : std::nullopt;
    return axis ? n.set(0, cumulative(n, routine, *axis)) : n.error("axis is no scalar in range");
  }
  // Known at run time only: along every dim, then choose.
  Value mask = axisMask(g, n.input(1), rank), out = n.input(0);
  for (int64_t d = 0; d < rank; ++d) {
    Value chosen = g.reshape(g.slice(mask, 0, g.expr(d), g.expr(1)), ArrayRef<int64_t>());
    out = g.where(g.castTo(chosen, g.b.getI1Type()), cumulative(n, routine, d), out);
  }
  n.set(0, out);
}
static void importCumSum(NodeImport &n) { importCumulative(n, "cumsum"); }
static void importCumProd(NodeImport &n) { importCumulative(n, "cumprod"); }

static void importTopK(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  Exprs dims = g.dims(x);
  auto axis = n.axis(n.intAttr("axis", -1), dims.size());
  if (!axis)
    return;
  Value count = ofLength(g, n.input(1), 1);
  if (!count || !graph::isConstant(g.count(count), 1))
    return n.error("k is no scalar");
  AffineExpr size = dims[*axis], k = g.sizeOf(count, 0, 0, g.symbols.range(size).second);
  if (auto c = graph::constantOf(k), s = graph::constantOf(size); c && s && *c > *s)
    return n.error("k is " + Twine(*c) + ", the axis has " + Twine(*s) + " elements");
  auto [values, places] = topK(g, x, *axis, k, n.intAttr("largest", 1));
  n.set(0, values), n.set(1, places);
}

void addReduceImporters(ImportTable &t) {
  t["ReduceSum"] = importReduce<Kind::Sum>, t["ReduceProd"] = importReduce<Kind::Prod>;
  t["ReduceMax"] = importReduce<Kind::Max>, t["ReduceMin"] = importReduce<Kind::Min>;
  t["ReduceMean"] = importReduceMean, t["ReduceL1"] = importReduceL1, t["ReduceL2"] = importReduceL2;
  t["ReduceLogSum"] = importReduceLogSum, t["ReduceLogSumExp"] = importReduceLogSumExp;
  t["ReduceSumSquare"] = importReduceSumSquare, t["ArgMax"] = importArg<true>, t["ArgMin"] = importArg<false>;
  t["Softmax"] = importSoftmax, t["LogSoftmax"] = importLogSoftmax, t["Hardmax"] = importHardmax;
  t["CumSum"] = importCumSum, t["CumProd"] = importCumProd, t["TopK"] = importTopK;
}

} // namespace wick::compiler
