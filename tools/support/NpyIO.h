// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The .npy format, versions 1 to 3. Types that numpy lacks are stored as raw
// bits: 16-bit ones as uint16, 8-bit and smaller ones as uint8, one element an
// item; whoever knows the real type retypes the tensor after reading.
//
#pragma once

#include "tools/support/HostTensor.h"

#include <span>

namespace wick::tools {

/// Reads one array; Fortran order becomes row-major, big endian is refused.
[[nodiscard]] bool parseNpy(std::span<const uint8_t> file, HostTensor &tensor, std::string &error);
[[nodiscard]] bool readNpy(const std::string &path, HostTensor &tensor, std::string &error);

/// The bytes before the data: 64-byte aligned, version 1.
std::string npyHeader(const HostTensor &tensor);
[[nodiscard]] bool writeNpy(const std::string &path, const HostTensor &tensor, std::string &error);

/// Gives raw bits their real type if the sizes agree (uint16 -> bf16, ...).
[[nodiscard]] bool retype(HostTensor &tensor, uint32_t dtype);

} // namespace wick::tools
