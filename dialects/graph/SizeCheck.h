// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes that no tensor can have: negative ones, and more elements than maxElements.
// tensorOf gives such dims a type that says so, for what computes them cannot fail;
// who makes ops, inputs and constants asks here before it uses the type.
//
#pragma once

#include "dialects/graph/Shapes.h"

namespace wick::graph {

/// Elements of a tensor, by its constant dims.
constexpr int64_t maxElements = int64_t(1) << 48;
/// Why no tensor can be of this type; "" when one can.
std::string sizeProblem(mlir::Type type);

} // namespace wick::graph
