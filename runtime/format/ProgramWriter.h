// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Serializes a Program, and the table of a package's blobs, to the bytes of
// program.bin (abi/PackageFormat.h); and back to a Program, for tools. Compiler
// side: uses the heap freely. The runtime uses ProgramView instead.
//
#pragma once

#include "runtime/abi/PackageFormat.h"
#include "runtime/format/Program.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace wick::format {

class ProgramView;

struct BlobInfo {
  std::string name;
  abi::BlobKind kind = abi::BlobKind::Other;
  uint32_t crc32c = 0;
  uint64_t offset = 0, size = 0;
  std::array<uint8_t, 32> sha256{};
};

struct SliceInfo {
  std::string name;
  uint32_t blob = kNone;
};

/// Every Kernel::entry must have one offset a slice (missing ones become 0,
/// which no code image accepts as an entry).
[[nodiscard]] std::string serializeProgram(const Program &program, const std::vector<SliceInfo> &slices,
                                           const std::vector<BlobInfo> &blobs);

/// The program a valid view shows, with kernels' entries of all slices.
[[nodiscard]] Program readProgram(const ProgramView &view);

/// Named dims of `program` that its variant fixes, in the order of the symbols.
[[nodiscard]] std::vector<std::pair<std::string, int64_t>> fixedDims(const Program &program, const Program &variant);

} // namespace wick::format
