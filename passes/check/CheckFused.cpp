// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The contract of the fuse phase: outside of kernels only what needs none:
// constants and what depends on them alone, views (reshape), control flow, host
// ops (size_of, assert, dims) and routines.
// Test: test/passes/check/check-fused.mlir
//
#include "passes/Passes.h"
#include "passes/graph/Build.h"

namespace wick {
#define GEN_PASS_DEF_CHECKFUSED
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;
using namespace wick::graph;

namespace {

struct CheckFused : wick::impl::CheckFusedBase<CheckFused> {
  void runOnOperation() override {
    getOperation().walk([&](Operation *op) {
      if (!isa_and_nonnull<WickDialect>(op->getDialect()) ||
          isa<KernelOp, ReshapeOp, DimsOp, SizeOfOp, AssertOp, IfOp, LoopOp, YieldOp, RoutineOp>(op) ||
          op->getParentOfType<KernelOp>())
        return;
      if (llvm::all_of(op->getResults(), [](Value v) { return isWeightLike(v); }))
        return;
      op->emitOpError("is in no kernel");
      signalPassFailure();
    });
  }
};

} // namespace
