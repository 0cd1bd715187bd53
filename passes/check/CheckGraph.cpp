// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The contract of the graph phase: every dim is a constant or an expression
// over symbols that the module describes. Code generation turns each such
// expression into arithmetic on the sizes of a run; a dim without one could not
// be allocated.
// Test: test/passes/check/check-graph.mlir
//
#include "dialects/graph/Graph.h"
#include "passes/Passes.h"

namespace wick {
#define GEN_PASS_DEF_CHECKGRAPH
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;

namespace {

/// Why a type's dims are not known, or empty.
std::string problemOf(Type type, size_t symbols) {
  auto t = dyn_cast<RankedTensorType>(type);
  if (!t)
    return "is no ranked tensor";
  auto map = dyn_cast_or_null<AffineMapAttr>(t.getEncoding());
  if (!map)
    return t.hasStaticShape() ? "" : "has a dim without an expression";
  AffineMap m = map.getValue();
  if (m.getNumResults() != t.getRank() || m.getNumDims() != 0)
    return "does not give one expression for each dim";
  std::string problem;
  for (auto [expr, size] : llvm::zip(m.getResults(), t.getShape())) {
    auto c = wick::graph::constantOf(expr);
    if (c ? *c != size : !ShapedType::isDynamic(size))
      problem = "has a dim that differs from its expression";
    expr.walk([&](AffineExpr e) {
      if (auto s = dyn_cast<AffineSymbolExpr>(e); s && s.getPosition() >= symbols)
        problem = "uses symbol s" + std::to_string(s.getPosition()) + ", which the module does not describe";
    });
  }
  return problem;
}

/// Whether an entry of `wick.symbols` has the form that Symbols::saveTo gives it.
bool describesSymbol(Attribute a) {
  auto d = dyn_cast<DictionaryAttr>(a);
  auto map = d ? d.getAs<AffineMapAttr>("args") : nullptr;
  return d && d.getAs<StringAttr>("kind") && d.getAs<IntegerAttr>("min") && d.getAs<IntegerAttr>("max") &&
         (!d.get("args") || (map && map.getValue().getNumResults() == 2));
}

struct CheckGraph : wick::impl::CheckGraphBase<CheckGraph> {
  void runOnOperation() override {
    auto list = getOperation()->getAttrOfType<ArrayAttr>("wick.symbols");
    for (auto [i, entry] : llvm::enumerate(list ? list.getValue() : ArrayRef<Attribute>()))
      if (!describesSymbol(entry)) {
        getOperation().emitError("symbol s") << i << " has no kind, min and max: " << entry;
        signalPassFailure();
      }
    size_t symbols = wick::graph::Symbols::of(getOperation()).all().size();
    getOperation().walk([&](Operation *op) {
      auto check = [&](Value v) {
        std::string problem = problemOf(v.getType(), symbols);
        if (problem.empty())
          return;
        op->emitOpError("has a value whose type ") << v.getType() << " " << problem;
        signalPassFailure();
      };
      if (isa_and_nonnull<wick::graph::WickDialect>(op->getDialect()))
        llvm::for_each(op->getResults(), check);
      if (!isa<ModuleOp>(op))
        for (Region &region : op->getRegions())
          for (Block &block : region)
            llvm::for_each(block.getArguments(), check);
    });
  }
};

} // namespace
