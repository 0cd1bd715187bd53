// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Says whether this CPU, under this operating system, runs code of a slice. A
// slice's name is a base level and extensions: "x86-64-v4+vnni+bf16". A name
// that this runtime does not know is one that it cannot run.
//
#pragma once

#include <cstdint>
#include <string_view>

namespace wick::runtime {

/// Features of the machine and its operating system, one bit each.
uint64_t cpuFeatures();

/// The features that a slice needs; false if the name is unknown.
[[nodiscard]] bool sliceFeatures(std::string_view name, uint64_t &features);

} // namespace wick::runtime
