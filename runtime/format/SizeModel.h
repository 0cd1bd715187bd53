// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a program's sizes are for given named dims, without running it: shapes
// of inputs and outputs, and the arena. For tools that ask before, or without,
// a session (a session needs code). Heap used freely; not part of the runtime.
//
#pragma once

#include "runtime/format/ProgramView.h"

#include <string>
#include <utility>
#include <vector>

namespace wick::format {

struct SizeModel {
  std::vector<int64_t> symbols;                      ///< values, in the program's order
  std::vector<std::vector<int64_t>> inputs, outputs; ///< dims; -1 where a value decides at run time
  uint64_t arenaBytes = 0;                           ///< without the parts that are placed at run time
  uint64_t scratchBytes = 0;                         ///< a worker
  bool isComplete = true;                            ///< false: further parts of the arena depend on values
};

/// Named dims that are not given get the smallest value that they may have, at
/// least 1. False with `error` for an unknown name, a value outside the range,
/// or dims that the model refuses (an Assert of its prologue); after the last,
/// inputs and outputs are there, with -1 for what was not reached.
[[nodiscard]] bool sizesFor(const ProgramView &program, const std::vector<std::pair<std::string, int64_t>> &dims,
                            SizeModel &sizes, std::string &error);

} // namespace wick::format
