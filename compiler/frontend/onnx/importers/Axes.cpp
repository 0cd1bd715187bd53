// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on axes as tensors, see Axes.h.
//
#include "compiler/frontend/onnx/importers/Axes.h"

#include "compiler/frontend/onnx/OnnxImporter.h"

using namespace mlir;
namespace wick::compiler {

using Kind = graph::ReduceKind;

Value ofLength(GraphBuilder &g, Value v, int64_t length) {
  return !v || g.rank(v) != 1 || graph::constantOf(g.dim(v, 0)) ? v : g.reshape(v, {length});
}

void closeLength(NodeImport &n, size_t k, llvm::function_ref<int64_t(int64_t)> lengthFor) {
  Value v = n.input(k);
  if (!v || n.g.rank(v) != 1 || graph::constantOf(n.g.dim(v, 0)))
    return;
  auto declared = n.importer.declaredRank(n.node.outputs[0]);
  if (int64_t length = declared ? lengthFor(*declared) : -1; length >= 0)
    n.in[k] = ofLength(n.g, v, length);
}

Value axisTable(GraphBuilder &g, Value axes, int64_t rank) {
  Type i64 = g.b.getI64Type();
  axes = g.flatten(g.castTo(axes, i64));
  Value wrapped = g.where(g.create<graph::LessOp>({axes, g.i64(0)}), g.add(axes, double(rank)), axes);
  Value dims = g.reshape(g.iota(i64, g.expr(rank)), {rank, 1});
  return g.castTo(g.create<graph::EqualOp>({dims, g.unsqueeze(wrapped, {0})}), i64);
}

/// Rows of a table that have a set entry; none where the table has no columns.
static Value anyOf(GraphBuilder &g, Value table) {
  Value most = g.squeeze(g.reduce(table, Kind::Max, {1}), {1});
  return table && !graph::constantOf(g.dim(table, 1)) ? g.max(most, g.i64(0)) : most;
}

Value axisMask(GraphBuilder &g, Value axes, int64_t rank) { return anyOf(g, axisTable(g, axes, rank)); }

Value spreadToDims(GraphBuilder &g, Value axes, Value values, int64_t rank, Value otherwise) {
  Value table = axisTable(g, axes, rank);
  values = g.flatten(g.castTo(values, g.b.getI64Type()));
  Value moved = g.squeeze(g.reduce(g.mul(table, g.unsqueeze(values, {0})), Kind::Sum, {1}), {1});
  Value named = anyOf(g, table);
  return g.where(g.castTo(named, g.b.getI1Type()), moved, otherwise);
}

Value countBefore(GraphBuilder &g, Value flags) {
  if (!flags)
    return flags;
  Type i64 = g.b.getI64Type();
  Value at = g.iota(i64, g.dim(flags, 0));
  Value before = g.castTo(g.create<graph::LessOp>({g.unsqueeze(at, {0}), g.unsqueeze(at, {1})}), i64);
  return g.squeeze(g.reduce(g.mul(before, g.unsqueeze(flags, {0})), Kind::Sum, {1}), {1});
}

std::optional<Exprs> remainingDims(GraphBuilder &g, Value mask, ArrayRef<AffineExpr> dims, int64_t keep) {
  if (!mask)
    return std::nullopt;
  if (keep == 0)
    return Exprs();
  Type i64 = g.b.getI64Type();
  Value kept = g.sub(1, mask), place = countBefore(g, kept);
  Value slot = g.reshape(g.iota(i64, g.expr(keep)), {keep, 1});
  Value here = g.mul(g.castTo(g.create<graph::EqualOp>({slot, g.unsqueeze(place, {0})}), i64), g.unsqueeze(kept, {0}));
  Value sizes = g.squeeze(g.reduce(g.mul(here, g.unsqueeze(g.dimsValue(dims), {0})), Kind::Sum, {1}), {1});
  return sizes ? g.shapeFrom(sizes) : std::nullopt;
}

} // namespace wick::compiler
