// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What follows a deviation that `wick diff` found: which step of the compiler is at
// fault, and the fewest nodes that show it.
//
#pragma once

#include "compiler/frontend/onnx/Model.h"
#include "tools/wick/DiffSide.h"

namespace wick::tools {

/// Two sides, their inputs, and when they count as different.
struct Question {
  DiffSide a, b;
  std::string inputs; ///< .npz
  std::string model;  ///< the .onnx of either; "" for two packages
  double tolerance = 0;
  size_t node = 0; ///< of the main graph: the first that deviates
};

/// Whether an output differs. Sets `error` when a side cannot run.
bool differs(const Question &question, const ScratchFolder &scratch, std::string &error);

/// One line that names the step without which the compiled side agrees.
std::string guiltyStep(const Question &question, const ScratchFolder &scratch, std::string &error);

/// Writes FILE.onnxtxt, a lit test of as few nodes around question.node as still differ, and FILE.npz with their
/// inputs beside it. The values come from side a. `left`: nodes in it.
bool reduceToTest(const Question &question, const std::vector<onnx::Node> &nodes, const std::string &file,
                  const ScratchFolder &scratch, size_t &left, std::string &error);

} // namespace wick::tools
