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

bool usesSince(GraphBuilder &g, AffineExpr e, size_t first) {
  bool found = false;
  e.walk([&](AffineExpr x) {
    auto s = dyn_cast<AffineSymbolExpr>(x);
    if (!s || s.getPosition() < first)
      return;
    const graph::SymbolInfo &info = g.symbols[s.getPosition()];
    if (info.kind == graph::SymbolInfo::Kind::Runtime)
      found = true;
    else if (info.kind != graph::SymbolInfo::Kind::Named)
      found |= usesSince(g, info.lhs, first) || usesSince(g, info.rhs, first);
  });
  return found;
}

/// The results' types: dims that both branches share, else symbols, noted in `dims` as
/// (result, dim, symbol). False when ranks or elements differ.
static bool unify(GraphBuilder &g, graph::IfOp op, size_t first, SmallVectorImpl<Type> &types,
                  SmallVectorImpl<int64_t> &dims) {
  SmallVector<Operation *> yields{op.getThenRegion().front().getTerminator(),
                                  op.getElseRegion().front().getTerminator()};
  for (unsigned i = 0; i < yields[0]->getNumOperands(); ++i) {
    Type t = yields[0]->getOperand(i).getType(), e = yields[1]->getOperand(i).getType();
    Exprs a = graph::dimsOf(t), c = graph::dimsOf(e);
    Type elem = cast<RankedTensorType>(t).getElementType();
    if (a.size() != c.size() || elem != cast<RankedTensorType>(e).getElementType())
      return false;
    bool same = true;
    for (size_t d = 0; d < a.size(); ++d) {
      if (graph::provablyEqual(a[d], c[d]) && !usesSince(g, a[d], first))
        continue;
      auto ra = g.symbols.range(a[d]), rc = g.symbols.range(c[d]);
      a[d] = g.symbols.runtime(std::min(ra.first, rc.first), std::max(ra.second, rc.second));
      dims.append({int64_t(i), int64_t(d), int64_t(cast<AffineSymbolExpr>(a[d]).getPosition())});
      same = false;
    }
    types.push_back(graph::tensorOf(elem, a));
    for (Operation *y : yields) {
      OpBuilder::InsertionGuard guard(g.b);
      g.b.setInsertionPoint(y);
      if (same && y->getOperand(i).getType() != types.back())
        y->setOperand(i, graph::ReshapeOp::create(g.b, g.loc, types.back(), y->getOperand(i),
                                                  cast<AffineMapAttr>(g.mapAttr("dims", a).getValue())));
    }
  }
  return true;
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
  SmallVector<Type> types;
  SmallVector<int64_t> dims;
  if (!unify(g, op, first, types, dims))
    return std::nullopt;
  // Results are fixed at creation: move the regions to an op that has them.
  g.b.setInsertionPointAfter(op);
  OperationState full(loc, graph::IfOp::getOperationName());
  full.addOperands(cond);
  full.addTypes(types);
  if (!dims.empty())
    full.addAttribute("result_dims", g.b.getDenseI64ArrayAttr(dims));
  for (Region &region : op->getRegions())
    full.addRegion()->takeBody(region);
  Operation *done = g.b.create(full);
  op.erase();
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
