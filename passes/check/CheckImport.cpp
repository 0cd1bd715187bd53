// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The contract of the import phase: nothing but graph ops in functions, every
// value a ranked tensor. All violations are reported, not only the first.
// Test: test/passes/check/check-import.mlir
//
#include "dialects/graph/Graph.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace wick {
#define GEN_PASS_DEF_CHECKIMPORT
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;

namespace {

struct CheckImport : wick::impl::CheckImportBase<CheckImport> {
  void runOnOperation() override {
    getOperation().walk([&](Operation *op) {
      if (!isa<ModuleOp, func::FuncOp, func::ReturnOp>(op) &&
          !isa_and_nonnull<wick::graph::WickDialect>(op->getDialect())) {
        op->emitOpError("is no graph op");
        return signalPassFailure();
      }
      auto check = [&](Value v) {
        if (isa<RankedTensorType>(v.getType()))
          return;
        op->emitOpError("has a value that is no ranked tensor: ") << v.getType();
        signalPassFailure();
      };
      llvm::for_each(op->getResults(), check);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          llvm::for_each(block.getArguments(), check);
    });
  }
};

} // namespace
