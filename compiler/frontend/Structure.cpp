// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Structure.h.
//
#include "compiler/frontend/Structure.h"

using namespace mlir;
namespace wick::compiler {

Value EntryConstants::make(GraphBuilder &g, Block *entry, Location loc, Type elem, ArrayRef<int64_t> shape,
                           ArrayRef<char> bytes, std::shared_ptr<const void> owner, StringRef name) {
  OpBuilder::InsertionGuard guard(g.b);
  if (last)
    g.b.setInsertionPointAfter(last);
  else
    g.b.setInsertionPointToStart(entry);
  Location saved = std::exchange(g.loc, loc);
  Value v = g.constant(elem, shape, bytes, std::move(owner), name);
  if (v && v.getDefiningOp())
    last = v.getDefiningOp();
  g.loc = saved;
  return v;
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

Operation *withResults(GraphBuilder &g, graph::IfOp op, TypeRange types, ArrayRef<int64_t> dims) {
  g.b.setInsertionPointAfter(op);
  OperationState full(op.getLoc(), graph::IfOp::getOperationName());
  full.addOperands(op.getCond());
  full.addTypes(types);
  if (!dims.empty())
    full.addAttribute("result_dims", g.b.getDenseI64ArrayAttr(dims));
  for (Region &region : op->getRegions())
    full.addRegion()->takeBody(region);
  Operation *done = g.b.create(full);
  op.erase();
  return done;
}

Operation *unifyBranches(GraphBuilder &g, graph::IfOp op, size_t first) {
  Operation *yields[] = {op.getThenRegion().front().getTerminator(), op.getElseRegion().front().getTerminator()};
  if (yields[0]->getNumOperands() != yields[1]->getNumOperands())
    return nullptr;
  SmallVector<Type> types;
  SmallVector<int64_t> dims;
  for (unsigned i = 0; i < yields[0]->getNumOperands(); ++i) {
    Type t = yields[0]->getOperand(i).getType(), e = yields[1]->getOperand(i).getType();
    Exprs a = graph::dimsOf(t), c = graph::dimsOf(e);
    Type elem = cast<RankedTensorType>(t).getElementType();
    if (a.size() != c.size() || elem != cast<RankedTensorType>(e).getElementType())
      return nullptr;
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
  return withResults(g, op, types, dims);
}

} // namespace wick::compiler
