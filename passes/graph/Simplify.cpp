// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver of --wick-simplify: all clean-up patterns, greedily, with the
// dialect's own canonicalizations. Result types never change, so the pass may
// run before or after any other. Unused graph ops are dropped on the way.
// Test: test/passes/graph/simplify.mlir, simplify-moves.mlir.
//
#include "passes/Passes.h"
#include "passes/graph/Build.h"
#include "passes/graph/Patterns.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace wick {
#define GEN_PASS_DEF_SIMPLIFY
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;

namespace {

struct Simplify : wick::impl::SimplifyBase<Simplify> {
  void runOnOperation() override {
    MLIRContext *ctx = &getContext();
    RewritePatternSet patterns(ctx);
    wick::graph::addArithmeticPatterns(patterns);
    wick::graph::addActivationPatterns(patterns);
    wick::graph::addMovePatterns(patterns);
    wick::graph::addTransposePatterns(patterns);
    for (RegisteredOperationName op : ctx->getRegisteredOperations())
      if (op.getDialectNamespace() == "wick")
        op.getCanonicalizationPatterns(patterns, ctx);
    // Every pattern removes an op or moves towards a fixed form, so the limit
    // only guards against bugs.
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), GreedyRewriteConfig().setMaxIterations(16))))
      getOperation()->emitWarning("clean-up stopped before it was finished");
  }
};

} // namespace
