// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which variants --specialize asks for, and whether a compiled one can stand
// beside the general program in a package.
//
#pragma once

#include "compiler/pipeline/Driver.h"
#include "runtime/format/Program.h"

namespace wick::compiler {

/// More are refused: each costs a compilation, and every run looks through them.
constexpr size_t maxVariants = 16;

/// The dims that a variant fixes, in the order of the command line.
using VariantDims = std::vector<std::pair<std::string, int64_t>>;

/// Every combination of the values that `request.specialize` gives, the last dim's fastest. Options for the same dim
/// add up. Dims must be open in `general`, values within their range and given once, and combinations at most
/// maxVariants; else the result is empty and `errors` tells all that is wrong.
std::vector<VariantDims> combineVariants(const CompileRequest &request, const format::Program &general,
                                         std::vector<std::string> &errors);

/// The request that compiles a variant up to its schedule.
CompileRequest requestFor(const CompileRequest &general, const VariantDims &dims);

/// "batch=1, seq=128"
std::string variantText(const VariantDims &dims);

/// Why callers of `general` could not use `variant` in its place; "" when they can.
std::string interfaceProblem(const format::Program &general, const format::Program &variant);

} // namespace wick::compiler
