// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Pipelines.h.
//
#include "compiler/pipeline/Pipelines.h"

#include "passes/Passes.h"

#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace wick::compiler {

bool buildPhase(StringRef phase, OpPassManager &pm, bool remarks, ArrayRef<std::string> without) {
  auto wants = [&](StringRef step) { return !llvm::is_contained(without, step); };
  auto tidy = [&] {
    if (wants("canonicalize"))
      pm.addPass(createCanonicalizerPass());
    if (wants("cse"))
      pm.addPass(createCSEPass());
  };
  // Each phase ends with the checks of what it promises.
  if (phase == "import") {
    pm.addPass(createCheckImport());
    pm.addPass(createCheckLocations());
    return true;
  }
  if (phase == "graph") {
    tidy();
    if (wants("simplify"))
      pm.addPass(createSimplify());
    if (wants("fold-scale"))
      pm.addPass(createFoldScale());
    if (wants("narrow-products"))
      pm.addPass(createNarrowProducts());
    if (wants("half-products"))
      pm.addPass(createHalfProducts());
    tidy();
    pm.addPass(createCheckGraph());
    return true;
  }
  if (phase == "layout") {
    LayoutOptions options;
    options.remarks = remarks;
    if (wants("layout"))
      pm.addPass(createLayout(options));
    if (wants("simplify"))
      pm.addPass(createSimplify());
    tidy();
    pm.addPass(createCheckTypes());
    return true;
  }
  if (phase == "fuse") {
    FuseGroupsOptions options;
    options.remarks = remarks;
    options.apart = !wants("fuse");
    pm.addPass(createFuseGroups(options));
    pm.addPass(createCheckFused());
    return true;
  }
  return false;
}

} // namespace wick::compiler
