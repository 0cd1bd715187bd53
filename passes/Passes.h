// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every pass of Wick: factories, options and registration, generated from the
// records of Passes.td. A pass runs on a module; none calls another or reads
// global flags. Pipelines are written down in compiler/pipeline.
//
#pragma once

#include "mlir/Pass/Pass.h"

namespace wick {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

/// Makes the passes known to the textual pipeline syntax and the tools' flags.
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace wick
