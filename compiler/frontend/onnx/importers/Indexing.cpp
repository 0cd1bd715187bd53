// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads and writes at index operands: Gather*, Scatter*, TensorScatter, OneHot.
//
#include "compiler/frontend/Composites.h"
#include "compiler/frontend/onnx/OnnxImporter.h"

using namespace mlir;
namespace wick::compiler {

static void importGather(NodeImport &n) {
  auto axis = n.axis(n.intAttr("axis", 0), n.g.rank(n.input(0)));
  if (axis)
    n.set(0, n.g.gather(n.input(0), n.input(1), *axis));
}
static void importGatherElements(NodeImport &n) {
  auto axis = n.axis(n.intAttr("axis", 0), n.g.rank(n.input(0)));
  if (axis)
    n.set(0, n.g.create<graph::GatherElementsOp>({n.input(0), n.input(1)}, {n.g.intAttr("axis", *axis)}));
}
static void importGatherNd(NodeImport &n) {
  int64_t batch = n.intAttr("batch_dims", 0);
  if (batch < 0 || batch >= std::max<int64_t>(1, std::min(n.g.rank(n.input(0)), n.g.rank(n.input(1)))))
    return n.error("batch_dims " + Twine(batch));
  Value x = n.input(0), indices = n.input(1);
  Exprs dims = n.g.dims(indices);
  if (!dims.empty() && !graph::constantOf(dims.back())) {
    // The rank of the result tells how long a tuple is.
    auto declared = n.importer.declaredRank(n.node.outputs[0]);
    int64_t length = declared ? int64_t(dims.size()) - 1 + n.g.rank(x) - batch - *declared : -1;
    if (length < 0)
      return n.openLength(1, "indices of tuples");
    n.g.mustEqual(dims.back(), n.g.expr(length));
    dims.back() = n.g.expr(length);
    indices = n.g.reshape(indices, dims);
  }
  n.set(0, n.g.create<graph::GatherNdOp>({x, indices}, {n.g.intAttr("batch_dims", batch)}));
}

/// The routines' code of a reduction; empty after an error.
static std::optional<ScatterKind> reduction(NodeImport &n) {
  std::string name = n.stringAttr("reduction", "none");
  const char *names[] = {"none", "add", "mul", "min", "max"};
  for (int64_t i = 0; i < 5; ++i)
    if (name == names[i])
      return ScatterKind(i);
  n.error("reduction '" + name + "'");
  return std::nullopt;
}

static void importScatterElements(NodeImport &n) {
  GraphBuilder &g = n.g;
  auto axis = n.axis(n.intAttr("axis", 0), g.rank(n.input(0)));
  auto how = axis ? reduction(n) : std::nullopt;
  if (!how)
    return;
  if (g.rank(n.input(0)) != g.rank(n.input(1)))
    return n.error("data of rank " + Twine(g.rank(n.input(0))) + " and indices of rank " + Twine(g.rank(n.input(1))));
  n.set(0, scatterElements(g, n.input(0), n.input(1), n.input(2), *axis, *how));
}

static void importScatterNd(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), indices = n.input(1);
  Exprs dims = g.dims(x), idxDims = g.dims(indices);
  auto how = reduction(n);
  // updates: [..., the dims of x that a tuple leaves]
  int64_t length = int64_t(idxDims.size()) - 1 + int64_t(dims.size()) - g.rank(n.input(2));
  auto depth = idxDims.empty() ? std::nullopt : graph::constantOf(idxDims.back());
  if (!depth && !idxDims.empty() && length >= 0 && how) {
    g.mustEqual(idxDims.back(), g.expr(length));
    Exprs to = idxDims;
    to.back() = g.expr(length), depth = length;
    indices = g.reshape(indices, to);
  }
  if (!how || !depth || *depth > int64_t(dims.size()))
    return n.error("index tuples that are longer than the rank " + Twine(dims.size()));
  n.set(0, scatterNd(g, x, indices, n.input(2), *how));
}

static void importTensorScatter(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value past = n.input(0), update = n.input(1), indices = n.input(2);
  Exprs dims = g.dims(past);
  auto axis = n.axis(n.intAttr("axis", -2), dims.size());
  if (!axis || *axis == 0)
    return n.error("axis names the batch");
  std::string mode = n.stringAttr("mode", "linear");
  AffineExpr between = g.count(ArrayRef(dims).slice(1, *axis - 1)),
             inner = g.count(ArrayRef(dims).drop_front(*axis + 1));
  bool has = !!indices;
  indices = has ? g.castTo(indices, g.b.getI64Type()) : g.splat(g.b.getI64Type(), {dims[0]}, 0);
  n.set(0, g.routine("tensor_scatter", {past, update, indices}, past.getType(),
                     {between, dims[*axis], g.dim(update, *axis), inner, g.expr(mode == "circular"), g.expr(has)},
                     g.count({dims[0], between}), g.expr(0))[0]);
}

static void importOneHot(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value indices = n.input(0), values = n.input(2);
  Type i64 = g.b.getI64Type();
  if (g.rank(values) != 1)
    return n.error("values of rank " + Twine(g.rank(values)) + ", expected 1");
  auto axis = n.axis(n.intAttr("axis", -1), g.rank(indices) + 1);
  if (!axis)
    return;
  Value depthValue = g.castTo(g.reshape(n.input(1), ArrayRef<int64_t>()), i64);
  AffineExpr depth = depthValue ? g.sizeOf(depthValue, 0) : g.expr(0);
  Value at = g.castTo(indices, i64);
  at = g.where(g.create<graph::LessOp>({at, g.i64(0)}), g.add(at, g.dimScalar(depth)), at);
  auto pick = [&](int64_t i) { return g.reshape(g.slice(values, 0, g.expr(i), g.expr(1)), ArrayRef<int64_t>()); };
  n.set(0, g.where(g.oneHotMask(at, depth, *axis), pick(1), pick(0)));
}

void addIndexImporters(ImportTable &t) {
  t["Gather"] = importGather, t["GatherElements"] = importGatherElements, t["GatherND"] = importGatherNd;
  t["ScatterElements"] = importScatterElements, t["ScatterND"] = importScatterNd;
  t["TensorScatter"] = importTensorScatter, t["OneHot"] = importOneHot;
}

} // namespace wick::compiler
