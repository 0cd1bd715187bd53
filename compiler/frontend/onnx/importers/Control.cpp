// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// If: a decided branch is inlined, else both become regions of wick.if. Dims that the
// branches do not share are symbols that the op binds.
//
#include "compiler/frontend/onnx/importers/Control.h"

using namespace mlir;
namespace wick::compiler {

std::optional<int64_t> decided(GraphBuilder &g, Value v) {
  auto known = g.elementsOf(v);
  return known && known->size() == 1 && (*known)[0] ? graph::constantOf((*known)[0]) : std::nullopt;
}

/// The layouts that hold what either branch gives; empty when an output has none.
static std::optional<SmallVector<Layout>> joinBranches(const std::array<SmallVector<Operand>, 2> &values) {
  SmallVector<Layout> out;
  if (values[0].size() != values[1].size())
    return std::nullopt;
  for (auto [a, c] : llvm::zip(values[0], values[1])) {
    auto layout = join(layoutOf(a), layoutOf(c));
    if (!layout || !layout->elem)
      return std::nullopt;
    out.push_back(*layout);
  }
  return out;
}

std::optional<SmallVector<Operand>> emitIf(OnnxImporter &importer, Value cond,
                                           llvm::function_ref<std::optional<SmallVector<Operand>>(int)> branch) {
  GraphBuilder &g = importer.g;
  size_t first = g.symbols.all().size();
  Location loc = g.loc;
  OperationState state(loc, graph::IfOp::getOperationName());
  state.addOperands(cond);
  for (int k = 0; k < 2; ++k)
    state.addRegion()->push_back(new Block);
  auto op = cast<graph::IfOp>(g.b.create(state));
  OpBuilder::InsertionGuard guard(g.b);
  std::array<SmallVector<Operand>, 2> values;
  for (int k = 0; k < 2; ++k) {
    g.b.setInsertionPointToEnd(&op->getRegion(k).front());
    auto got = branch(k);
    g.loc = loc;
    if (!got)
      return std::nullopt;
    values[k] = std::move(*got);
  }
  auto layouts = joinBranches(values);
  if (!layouts)
    return std::nullopt;
  for (int k = 0; k < 2; ++k) {
    g.b.setInsertionPointToEnd(&op->getRegion(k).front());
    SmallVector<Value> parts;
    for (auto [v, layout] : llvm::zip(values[k], *layouts))
      llvm::append_range(parts, flatten(g, v, layout));
    if (g.hasError())
      return std::nullopt;
    graph::YieldOp::create(g.b, g.loc, parts);
  }
  Operation *done = unifyBranches(g, op, first);
  if (!done)
    return std::nullopt;
  SmallVector<Operand> out;
  ValueRange results = done->getResults();
  for (const Layout &layout : *layouts) {
    out.push_back(unflatten(results.take_front(layout.parts()), layout));
    results = results.drop_front(layout.parts());
  }
  return out;
}

static void importIf(NodeImport &n) {
  GraphBuilder &g = n.g;
  const onnx::Graph *graphs[2] = {n.node.graphAttr("then_branch"), n.node.graphAttr("else_branch")};
  if (!graphs[0] || !graphs[1])
    return n.error("lacks a branch");
  Value cond = g.reshape(n.input(0), ArrayRef<int64_t>());
  if (!cond)
    return; // not one element
  std::optional<int64_t> known = decided(g, cond);
  if (auto settled = n.importer.decision(n.node); settled && !known) {
    known = !settled->branch;
    if (settled->isChecked)
      graph::AssertOp::create(g.b, g.loc, settled->branch ? g.create<graph::NotOp>({cond}) : cond,
                              std::string("condition must be ") + (settled->branch ? "false" : "true") +
                                  ": the graph behind this If fits only that branch");
  }
  if (known) {
    auto values = n.importer.importSubgraph(*graphs[!*known], {}, /*inlined=*/true);
    if (!values && !n.importer.isPending())
      return n.unsupported("the branch that is taken cannot be imported");
    for (size_t i = 0; values && i < values->size(); ++i)
      n.importer.defineOutput(n, i, (*values)[i]);
    return;
  }
  auto start = n.importer.begin();
  bool isImported = true;
  auto values = emitIf(n.importer, cond, [&](int k) {
    auto got = n.importer.importSubgraph(*graphs[k], {});
    isImported &= got.has_value();
    return got;
  });
  if (!values && g.hasError())
    return;
  if (!values && !isImported) { // what went wrong inside has been noted
    g.b.getInsertionBlock()->back().erase();
    return n.unsupported("a branch cannot be imported");
  }
  if (!values) {
    n.importer.undo(*start);
    return n.importer.postpone(n, cond, true, "the branches give results of different rank or type");
  }
  for (size_t i = 0; i < values->size(); ++i)
    n.importer.defineOutput(n, i, (*values)[i]);
}

void addControlImporters(ImportTable &t) {
  t["If"] = importIf;
  addLoopImporters(t);
}

} // namespace wick::compiler
