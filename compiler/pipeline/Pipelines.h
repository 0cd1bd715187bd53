// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass pipelines of the IR phases; reads top to bottom in Pipelines.cpp.
//
#pragma once

#include "mlir/Pass/PassManager.h"

namespace wick::compiler {

/// Steps that a compilation can do without, in the order in which they run: the
/// result is slower but must not differ. "fuse" gives every op its own kernel.
inline constexpr llvm::StringRef optionalStepNames[] = {"canonicalize",    "cse",           "simplify", "fold-scale",
                                                        "narrow-products", "half-products", "layout",   "fuse"};

/// Adds the passes of phase "graph", "layout" or "fuse", those of `without` left
/// out; false for other names.
bool buildPhase(llvm::StringRef phase, mlir::OpPassManager &pm, bool remarks, llvm::ArrayRef<std::string> without = {});

} // namespace wick::compiler
