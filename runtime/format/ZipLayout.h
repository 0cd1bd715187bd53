// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The structural bytes of our zip archives, as a pure function of the entries:
// the writer writes them, `verify` derives them again and compares, so no byte
// of a package is left unchecked. Stored entries only; sizes and offsets of
// 4 GiB and more take the zip64 form. Timestamps are 1980-01-01.
//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wick::format {

struct ZipEntry {
  std::string name;
  uint32_t crc32 = 0;
  uint64_t size = 0;    ///< of the content, bytes
  uint64_t content = 0; ///< offset of the content in the file
};

/// The local header of an entry; the content follows it directly.
std::string zipLocalHeader(const ZipEntry &entry);

/// Its size, known before the content is.
uint64_t zipLocalHeaderSize(std::string_view name, uint64_t contentSize);

/// The central directory and end records, to be written at `offset`.
std::string zipDirectory(const std::vector<ZipEntry> &entries, uint64_t offset);

/// The first entry of every package, so that file(1) and mail filters know it.
constexpr char kMimetypeEntry[] = "mimetype";
constexpr char kMimetype[] = "application/x-wick";
/// The same of a saved graph (compiler/frontend/saved).
constexpr char kGraphMimetype[] = "application/x-wick-graph";

} // namespace wick::format
