// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Maps one code image: a flat relocation-free ELF file inside the package, its
// segments read-only or read+execute. Mapped straight from the package so that
// processes share it; where the system refuses that (noexec mount, policy) as an
// anonymous copy. Neither dlopen nor memfd: a second model opened through a
// recycled descriptor name would silently get the first one's code.
//
#pragma once

#include "runtime/format/ErrorText.h"
#include "wick/wick.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace wick::runtime {

struct CodeSource {
  std::span<const uint8_t> bytes; ///< the image, readable
  int fd = -1;                    ///< file that holds it, or -1
  uint64_t fileOffset = 0;        ///< where in it the image starts
};

class CodeImage {
public:
  CodeImage() = default;
  CodeImage(const CodeImage &) = delete;
  CodeImage &operator=(const CodeImage &) = delete;
  ~CodeImage() { unmap(); }

  /// `mode`: WICK_CODE_AUTO, _FILE or _ANONYMOUS. Returns OK, BAD_CODE (the
  /// image breaks a rule) or CODE_NOT_MAPPED (with each attempt's errno).
  wick_status map(const CodeSource &source, uint32_t mode, format::ErrorText &error);
  void unmap();

  /// The address of an entry offset (an address of the image), or null when it
  /// is not inside an executable segment.
  const void *entry(uint64_t offset) const;
  /// WICK_CODE_FILE, _ANONYMOUS or, when nothing is mapped, _NONE.
  uint32_t mappedAs() const { return mode; }

private:
  struct Segment {
    uint64_t address, fileOffset, size;
    int protection;
  };
  static constexpr size_t kMaxSegments = 16;

  bool readSegments(std::span<const uint8_t> image, format::ErrorText &error);
  int mapFile(const CodeSource &source);
  int mapAnonymous(std::span<const uint8_t> image);
  int reserve(int protection);

  Segment segments[kMaxSegments];
  size_t numSegments = 0;
  uint8_t *base = nullptr;
  size_t span = 0;
  uint32_t mode = WICK_CODE_NONE;
};

} // namespace wick::runtime
