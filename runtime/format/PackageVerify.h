// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The full check of a package behind `wick verify`: every byte of the file is
// compared with something, so any flip is found. Reads the whole file and uses
// the heap; not part of the runtime library.
//
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace wick::format {

/// Returns the problems found, in file order; empty: the package is sound.
/// Maps and runs no code.
[[nodiscard]] std::vector<std::string> verifyPackage(std::span<const uint8_t> file);

} // namespace wick::format
