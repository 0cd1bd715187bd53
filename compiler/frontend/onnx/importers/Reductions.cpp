// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reduce*, ArgMax, ArgMin, softmaxes, CumSum, CumProd, TopK.
//
#include "compiler/frontend/onnx/NodeImport.h"
#include "compiler/frontend/onnx/Upgrade.h"

using namespace mlir;
namespace wick::compiler {

using Kind = graph::ReduceKind;

/// The axes of a Reduce op; the flag says that the op does not reduce.
static std::optional<SmallVector<int64_t>> reduceAxes(NodeImport &n, bool &noop) {
  int64_t rank = n.g.rank(n.input(0));
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  auto axes = n.axes(1, rank, SmallVector<int64_t>());
  if (!axes)
    return std::nullopt;
  noop = axes->empty() && n.intAttr("noop_with_empty_axes", 0);
  return axes->empty() ? all : *axes;
}

/// Imports a reduction whose middle is `body`; `body` keeps dims.
template <class Body>
static void reduceWith(NodeImport &n, Body body) {
  bool noop = false;
  auto axes = reduceAxes(n, noop);
  if (!axes)
    return;
  Value v = body(n.g, n.input(0), noop ? ArrayRef<int64_t>() : ArrayRef<int64_t>(*axes));
  n.set(0, n.intAttr("keepdims", 1) || noop ? v : n.g.squeeze(v, *axes));
}

template <Kind kind>
static void importReduce(NodeImport &n) {
  reduceWith(n, [](GraphBuilder &g, Value x, ArrayRef<int64_t> axes) { return g.reduce(x, kind, axes); });
}
static void importReduceMean(NodeImport &n) {
  reduceWith(n, [](GraphBuilder &g, Value x, ArrayRef<int64_t> axes) { return g.reduceMean(x, axes); });
}
static void importReduceL1(NodeImport &n) {
  reduceWith(n, [](GraphBuilder &g, Value x, ArrayRef<int64_t> axes) {
    return g.reduce(g.create<graph::AbsOp>({x}), Kind::Sum, axes);
  });
}
static void importReduceSumSquare(NodeImport &n) {
  reduceWith(n, [](GraphBuilder &g, Value x, ArrayRef<int64_t> axes) { return g.reduce(g.mul(x, x), Kind::Sum, axes); });
}
static void importReduceL2(NodeImport &n) {
  reduceWith(n, [](GraphBuilder &g, Value x, ArrayRef<int64_t> axes) {
    Type type = g.elem(x);
    bool isInt = isa<IntegerType>(type);
    Value f = isInt ? g.castTo(x, g.b.getF64Type()) : x;
    return g.castTo(g.create<graph::SqrtOp>({g.reduce(g.mul(f, f), Kind::Sum, axes)}), type);
  });
}
static void importReduceLogSum(NodeImport &n) {
  reduceWith(n, [](GraphBuilder &g, Value x, ArrayRef<int64_t> axes) {
    return g.create<graph::LogOp>({g.reduce(x, Kind::Sum, axes)});
  });
}
static void importReduceLogSumExp(NodeImport &n) {
  reduceWith(n, [](GraphBuilder &g, Value x, ArrayRef<int64_t> axes) {
    Value most = g.reduce(x, Kind::Max, axes);
    most = g.where(g.create<graph::IsInfOp>({most}), g.scalarLike(x, 0), most); // inf - inf
    Value e = g.create<graph::ExpOp>({g.sub(x, most)});
    return g.add(g.create<graph::LogOp>({g.reduce(e, Kind::Sum, axes)}), most);
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

static void importCumulative(NodeImport &n, StringRef routine) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  Exprs dims = g.dims(x);
  auto given = n.constantInts(1, "axis");
  if (!given || given->size() != 1)
    return given ? n.error("axis is no scalar") : void();
  auto axis = n.axis((*given)[0], dims.size());
  if (!axis)
    return;
  AffineExpr inner = g.count(ArrayRef(dims).drop_front(*axis + 1)), outer = g.count(ArrayRef(dims).take_front(*axis));
  n.set(0, g.routine(routine, {x}, x.getType(),
                     {dims[*axis], inner, g.expr(n.intAttr("exclusive", 0)), g.expr(n.intAttr("reverse", 0))},
                     g.count({outer, inner}), g.expr(0))[0]);
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
  AffineExpr size = dims[*axis], k = g.sizeOf(n.input(1), 0, 0, g.symbols.range(size).second);
  if (auto c = graph::constantOf(k), s = graph::constantOf(size); c && s && *c > *s)
    return n.error("k is " + Twine(*c) + ", the axis has " + Twine(*s) + " elements");
  AffineExpr inner = g.count(ArrayRef(dims).drop_front(*axis + 1)), outer = g.count(ArrayRef(dims).take_front(*axis));
  dims[*axis] = k;
  SmallVector<Type> types{graph::tensorOf(g.elem(x), dims), graph::tensorOf(g.b.getI64Type(), dims)};
  auto out = g.routine("topk", {x}, types, {size, inner, k, g.expr(n.intAttr("largest", 1))}, g.count({outer, inner}), k * 16);
  n.set(0, out[0]), n.set(1, out[1]);
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
