// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A package as data: mapped read-only, its directory, program and manifest read.
// Never maps code for execution.
//
#pragma once

#include "runtime/format/PackageReader.h"
#include "tools/support/Json.h"

#include <string>
#include <vector>

namespace wick::tools {

class PackageFile {
public:
  PackageFile() = default;
  PackageFile(const PackageFile &) = delete;
  PackageFile &operator=(const PackageFile &) = delete;
  ~PackageFile();

  /// Maps the file only; `bytes` is all of it.
  [[nodiscard]] bool map(const std::string &path, std::string &error);
  /// Maps it and reads its tables. The manifest is for people: without a
  /// readable one it stays null.
  [[nodiscard]] bool open(const std::string &path, std::string &error);

  /// The index of a slice in `program.slices`, or its count.
  size_t findSlice(std::string_view name) const;
  /// Bytes of the machine code of a slice.
  uint64_t codeBytes(size_t slice) const;

  std::span<const uint8_t> bytes;
  format::PackageReader reader;
  format::ProgramView program;
  Json manifest;

private:
  void *mapping = nullptr;
  std::vector<uint64_t> copy; ///< of the program, when it lies unaligned
};

} // namespace wick::tools
