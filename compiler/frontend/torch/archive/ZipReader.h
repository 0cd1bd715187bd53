// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the zip files that PyTorch writes, straight from the mapping: a stored
// record is a range of the file, a deflated one is inflated on request. Written
// here because common zip libraries do not tell where a stored record's data
// lies, and weights must not be copied. Files come from anybody: all offsets,
// sizes and names are checked when the file is opened, before any is used.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_ZIPREADER_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_ZIPREADER_H

#include "compiler/frontend/torch/archive/Bytes.h"
#include "llvm/ADT/StringMap.h"
#include <string>
#include <vector>

namespace wick::compiler::torch {

struct ZipLimits {
  uint64_t maxEntries = 1'000'000;
  uint64_t maxNameLength = 4096;
  /// Inflated bytes of one record; such records are source texts and pickles.
  uint64_t maxInflated = uint64_t(1) << 30;
  /// Inflated bytes for each compressed one; deflate itself ends near 1032.
  uint64_t maxRatio = 1100;
};

/// One file of the archive; directories are not listed.
struct ZipEntry {
  std::string name;        ///< below the top folder: "data/0"
  uint64_t headerOffset;   ///< of the local header in the file
  uint64_t dataOffset;     ///< of the record's first byte
  uint64_t compressedSize; ///< bytes in the file
  uint64_t size;           ///< bytes after inflating
  uint32_t crc;            ///< CRC-32 of the inflated bytes; 0: not given
  bool deflated;
};

/// The directory of one zip file. Immutable after `open`; reading from several
/// threads is safe.
class ZipReader {
public:
  /// Reads the central directory and checks every entry against its local header
  /// and the file. Refuses encryption, several disks, other methods than stored
  /// and deflate, duplicate names, entries that overlap, and names with "..",
  /// backslash or NUL. Errors give the offset in the file.
  static llvm::Expected<ZipReader> open(Bytes file, const ZipLimits &limits = {});
  /// Whether bytes start as a zip file does.
  static bool looksLikeZip(llvm::ArrayRef<char> file);

  /// The folder that holds all entries ("resnet18.trace"), taken off their names;
  /// empty when there is no such folder.
  llvm::StringRef topFolder() const { return top; }
  /// In the order of the central directory.
  llvm::ArrayRef<ZipEntry> entries() const { return list; }
  /// The entry of that name below the top folder, or null.
  const ZipEntry *find(llvm::StringRef name) const;

  /// The record's bytes, CRC checked: a range of the file when stored, inflated
  /// into owned memory otherwise. `checkCrc` false leaves the check out.
  llvm::Expected<Bytes> read(const ZipEntry &entry, bool checkCrc = true) const;
  /// The same by name; a record that is not there is an error.
  llvm::Expected<Bytes> read(llvm::StringRef name) const;

private:
  llvm::Error readDirectory(const ZipLimits &limits);
  llvm::Error readEntry(uint64_t &at, uint64_t end, const ZipLimits &limits);
  llvm::Error checkOverlaps(uint64_t directory);
  llvm::Error stripTopFolder();

  Bytes file;
  std::string top;
  std::vector<ZipEntry> list;
  llvm::StringMap<size_t> index;
};

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_ZIPREADER_H
