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
  // Each phase ends with the checks of what it promises.
  if (phase == "import") {
    pm.addPass(createCheckImport());
    pm.addPass(createCheckLocations());
    return true;
  }
  if (phase == "graph") {
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    pm.addPass(createSimplify());
    pm.addPass(createFoldScale());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    pm.addPass(createCheckGraph());
    return true;
  }
  if (phase == "layout") {
    LayoutOptions options;
    options.remarks = remarks;
    pm.addPass(createLayout(options));
    pm.addPass(createSimplify());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    pm.addPass(createCheckTypes());
    return true;
  }
  if (phase == "fuse") {
    FuseGroupsOptions options;
    options.remarks = remarks;
    pm.addPass(createFuseGroups(options));
    pm.addPass(createCheckFused());
    return true;
  }
  return false;
}

} // namespace wick::compiler
