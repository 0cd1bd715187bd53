// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `wick inspect` finds in a package. Gathered once, as the value that
// --json prints; the text form is printed from the same value.
//
#pragma once

#include "tools/support/Json.h"
#include "tools/wick/PackageFile.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace wick::tools {

using DimValues = std::vector<std::pair<std::string, int64_t>>;

struct InspectParts {
  bool kernels = false, schedule = false;
};

/// False with `error` when `dims` do not suit the model.
[[nodiscard]] bool describePackage(const PackageFile &package, const std::string &path, const DimValues &dims,
                                   const InspectParts &parts, Json &facts, std::string &error);

/// The instructions of the schedule, one line each.
std::vector<std::string> scheduleLines(const format::ProgramView &program);

/// Prints what describePackage found, for people.
void printFacts(const Json &facts);

/// Reads NAME=VALUE options; false with `error` for a value that is no number.
[[nodiscard]] bool parseDims(const std::vector<std::string> &texts, DimValues &dims, std::string &error);

/// Named dims of the general program that are constant in its variant: an object.
Json fixedDims(const format::ProgramView &program, const format::ProgramView &variant);

/// The same for people: "batch=1, seq=128".
std::string variantName(const Json &dims);

} // namespace wick::tools
