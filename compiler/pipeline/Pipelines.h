// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass pipelines of the IR phases; reads top to bottom in Pipelines.cpp.
//
#pragma once

#include "mlir/Pass/PassManager.h"

namespace wick::compiler {

/// Adds the passes of phase "graph", "layout" or "fuse"; false for other names.
bool buildPhase(llvm::StringRef phase, mlir::OpPassManager &pm, bool remarks);

} // namespace wick::compiler
