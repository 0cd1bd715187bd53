// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every graph op must say which node of the model it comes from: diagnostics,
// run-time errors and profiles print that name. A name may stand anywhere in a
// location: around a position, in a fusion of several, behind a call.
// Test: test/passes/check/check-locations.mlir
//
#include "dialects/graph/Graph.h"
#include "passes/Passes.h"

namespace wick {
#define GEN_PASS_DEF_CHECKLOCATIONS
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;

namespace {

bool hasName(Location loc) {
  bool found = false;
  loc->walk([&](Location part) {
    found |= isa<NameLoc>(part);
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

struct CheckLocations : wick::impl::CheckLocationsBase<CheckLocations> {
  void runOnOperation() override {
    getOperation().walk([&](Operation *op) {
      if (!isa_and_nonnull<wick::graph::WickDialect>(op->getDialect()) || isa<wick::graph::YieldOp>(op) ||
          hasName(op->getLoc()))
        return;
      op->emitOpError("has no source name");
      signalPassFailure();
    });
  }
};

} // namespace
