// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the entries of a package in its mapped bytes, without heap, and touches
// only the end of the file and the local headers. Anything that is not a
// complete archive of stored entries is an error.
//
#pragma once

#include "runtime/format/ErrorText.h"
#include "runtime/format/ProgramView.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace wick::format {

struct PackageEntry {
  std::string_view name; ///< into the file
  uint32_t crc32 = 0;
  uint64_t offset = 0; ///< of the content
  uint64_t size = 0;
};

class PackageReader {
public:
  /// `file`: all bytes of the package; they must outlive the reader.
  [[nodiscard]] static bool open(std::span<const uint8_t> file, PackageReader &reader, ErrorText &error);

  /// Walks the directory: start with `cursor` 0, false at its end or at an
  /// entry that `open` would have refused.
  bool next(uint64_t &cursor, PackageEntry &entry) const;
  bool find(std::string_view name, PackageEntry &entry) const;
  std::span<const uint8_t> content(const PackageEntry &e) const { return file.subspan(e.offset, e.size); }

  /// Parses program.bin out of `bytes` (its content, 8-byte aligned) and checks
  /// that every blob of its table is the archive entry of that name.
  [[nodiscard]] bool readProgram(std::span<const uint8_t> bytes, ProgramView &view, ErrorText &error) const;

  std::span<const uint8_t> file;
  uint64_t directory = 0; ///< offset and size of the central directory
  uint64_t directorySize = 0;

private:
  bool nextChecked(uint64_t &cursor, PackageEntry &entry, ErrorText &error) const;
};

} // namespace wick::format
