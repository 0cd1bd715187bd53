// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Zip structures as APPNOTE 6.3 describes them.
//
#include "runtime/format/ZipLayout.h"

#include <algorithm>

namespace wick::format {

static constexpr uint64_t kMax32 = 0xffffffff;
static constexpr uint16_t kUtf8Names = 0x0800;
static constexpr uint32_t kDosEpoch = 0x00210000; // date 1980-01-01, time 0

static void put(std::string &out, uint64_t value, int bytes) {
  for (; bytes; --bytes, value >>= 8)
    out += static_cast<char>(value);
}

static uint64_t min32(uint64_t value) { return std::min(value, kMax32); }

uint64_t zipLocalHeaderSize(std::string_view name, uint64_t contentSize) {
  return 30 + name.size() + (contentSize >= kMax32 ? 20 : 0);
}

std::string zipLocalHeader(const ZipEntry &e) {
  bool big = e.size >= kMax32;
  std::string out;
  put(out, 0x04034b50, 4);
  put(out, big ? 45 : 20, 2); // version needed
  put(out, kUtf8Names, 2);
  put(out, 0, 2); // stored
  put(out, kDosEpoch, 4);
  put(out, e.crc32, 4);
  put(out, min32(e.size), 4);
  put(out, min32(e.size), 4);
  put(out, e.name.size(), 2);
  put(out, big ? 20 : 0, 2);
  out += e.name;
  if (big) {
    put(out, 1, 2); // zip64
    put(out, 16, 2);
    put(out, e.size, 8);
    put(out, e.size, 8);
  }
  return out;
}

static void putDirectoryEntry(std::string &out, const ZipEntry &e) {
  uint64_t header = e.content - zipLocalHeaderSize(e.name, e.size);
  bool bigSize = e.size >= kMax32, bigOffset = header >= kMax32;
  uint16_t extra = (bigSize ? 16 : 0) + (bigOffset ? 8 : 0);
  put(out, 0x02014b50, 4);
  put(out, 45, 2); // made by: FAT, 4.5
  put(out, extra ? 45 : 20, 2);
  put(out, kUtf8Names, 2);
  put(out, 0, 2);
  put(out, kDosEpoch, 4);
  put(out, e.crc32, 4);
  put(out, min32(e.size), 4);
  put(out, min32(e.size), 4);
  put(out, e.name.size(), 2);
  put(out, extra ? extra + 4 : 0, 2);
  put(out, 0, 2 + 2 + 2 + 4); // comment, disk, attributes
  put(out, min32(header), 4);
  out += e.name;
  if (!extra)
    return;
  put(out, 1, 2);
  put(out, extra, 2);
  if (bigSize) {
    put(out, e.size, 8);
    put(out, e.size, 8);
  }
  if (bigOffset)
    put(out, header, 8);
}

std::string zipDirectory(const std::vector<ZipEntry> &entries, uint64_t offset) {
  std::string out;
  for (const ZipEntry &e : entries)
    putDirectoryEntry(out, e);
  uint64_t size = out.size(), count = entries.size();
  if (offset >= kMax32 || count >= 0xffff) {
    put(out, 0x06064b50, 4);
    put(out, 44, 8);
    put(out, 45, 2);
    put(out, 45, 2);
    put(out, 0, 8); // this disk, directory's disk
    put(out, count, 8);
    put(out, count, 8);
    put(out, size, 8);
    put(out, offset, 8);
    put(out, 0x07064b50, 4); // locator
    put(out, 0, 4);
    put(out, offset + size, 8);
    put(out, 1, 4);
  }
  uint64_t count16 = std::min<uint64_t>(count, 0xffff);
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, count16, 2);
  put(out, count16, 2);
  put(out, min32(size), 4);
  put(out, min32(offset), 4);
  put(out, 0, 2);
  return out;
}

} // namespace wick::format
