// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs for measuring when none are given.
//
#pragma once

#include "runtime/format/ProgramView.h"
#include "tools/support/HostTensor.h"
#include "tools/wick/Inspect.h"

#include <string>
#include <vector>

namespace wick::tools {

/// One tensor an input of the model, named dims as given or at the smallest
/// allowed value, at least 1: floats are uniform in [0, 1) from a fixed seed,
/// everything else is 0. False with `error` when the dims do not suit.
[[nodiscard]] bool makeInputs(const format::ProgramView &program, const DimValues &dims,
                              std::vector<HostTensor> &inputs, std::string &error);

} // namespace wick::tools
