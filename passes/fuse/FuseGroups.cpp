// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pass wick-fuse-groups: outlines the groups of Grouping.h into wick.kernel ops.
//
//   %1 = wick.conv %x, %w                %2 = wick.kernel "contract"(%x, %w, %b) {
//   %2 = wick.add %1, %b          ->     ^bb0(%x, %w, %b): ...
//                                          wick.yield %t } {sources = ["Conv_0", "Add_1"]}
//
// Before: the graph phase's ops. After: every ElementOpInterface op that is not
// static and not a view is inside a kernel. The place of a kernel is its root's.
// Test: test/passes/fuse/fuse-groups.mlir.
//
#include "dialects/graph/Sources.h"
#include "passes/Passes.h"
#include "passes/fuse/Grouping.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

namespace wick {
#define GEN_PASS_DEF_FUSEGROUPS
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;
using namespace wick::graph;
using namespace wick::passes;

static void outline(Group &g) {
  Operation *root = g.root;
  OpBuilder b(root);
  llvm::SmallSetVector<Value, 8> inputs;
  llvm::SmallPtrSet<Operation *, 8> inside(g.members.begin(), g.members.end());
  SourceNames names;
  for (Operation *m : g.members) {
    collectSourceNames(m->getLoc(), names);
    for (Value v : m->getOperands())
      if (!isLiteral(v) && !(v.getDefiningOp() && inside.contains(v.getDefiningOp())))
        inputs.insert(v);
  }
  SmallVector<Attribute> sources(names.begin(), names.end());
  auto kernel = KernelOp::create(
      b, FusedLoc::get(b.getContext(), llvm::map_to_vector(g.members, [](Operation *m) { return m->getLoc(); })),
      root->getResultTypes(), inputs.getArrayRef(), b.getStringAttr(strategyName(g.strategy)), b.getArrayAttr(sources));
  Block *body = b.createBlock(&kernel.getBody());
  IRMapping map;
  for (Value v : inputs)
    map.map(v, body->addArgument(v.getType(), v.getLoc()));
  for (Operation *m : g.members) {
    for (Value v : m->getOperands())
      if (isLiteral(v) && !map.contains(v))
        map.map(v, b.clone(*v.getDefiningOp())->getResult(0));
    b.clone(*m, map);
  }
  SmallVector<Value> results;
  for (Value r : root->getResults())
    results.push_back(map.lookup(r));
  YieldOp::create(b, root->getLoc(), results);
  root->replaceAllUsesWith(kernel.getResults());
  for (Operation *m : llvm::reverse(g.members))
    m->erase();
}

namespace {
struct FuseGroups : wick::impl::FuseGroupsBase<FuseGroups> {
  using FuseGroupsBase::FuseGroupsBase;
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation()->walk([&](Operation *op) {
      for (Region &r : op->getRegions())
        for (Block &blk : r)
          if (!isa<KernelOp>(op) && !isa<ModuleOp>(op))
            blocks.push_back(&blk);
    });
    for (Block *blk : blocks) {
      Grouping grouping = groupBlock(*blk, apart);
      if (remarks)
        for (auto &[op, why] : grouping.why)
          if (!why.empty())
            op->emitRemark("kernel ends here: ") << op->getName() << " " << why;
      for (Group &g : grouping.groups)
        outline(g);
    }
  }
};
} // namespace
