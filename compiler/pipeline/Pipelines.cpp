// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Pipelines.h.
//
#include "compiler/pipeline/Pipelines.h"

#include "passes/Passes.h"

#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace wick::compiler {

bool buildPhase(StringRef phase, OpPassManager &pm, bool remarks) {
  if (phase == "graph") {
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    pm.addPass(createSimplify());
    pm.addPass(createFoldScale());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    return true;
  }
  if (phase == "layout") {
    pm.addPass(createLayout());
    pm.addPass(createSimplify());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    return true;
  }
  if (phase == "fuse") {
    FuseGroupsOptions options;
    options.remarks = remarks;
    pm.addPass(createFuseGroups(options));
    return true;
  }
  return false;
}

} // namespace wick::compiler
