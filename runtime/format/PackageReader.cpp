// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Zip directory, zip64 included. Every offset is checked before it is used.
//
#include "runtime/format/PackageReader.h"

#include <cstring>

namespace wick::format {

static constexpr uint64_t kMax32 = 0xffffffff;
static constexpr size_t kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
static constexpr size_t kDirEntrySize = 46, kLocalSize = 30;

template <typename T>
static T get(const uint8_t *p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

/// The zip64 extra field's values, in order, for those fields that are full.
static bool readZip64(std::span<const uint8_t> extra, uint64_t *fields[], int count) {
  while (extra.size() >= 4) {
    uint16_t id = get<uint16_t>(extra.data()), size = get<uint16_t>(extra.data() + 2);
    extra = extra.subspan(4);
    if (size > extra.size())
      return false;
    if (id == 1) {
      for (int i = 0; i < count; ++i) {
        if (*fields[i] != kMax32)
          continue;
        if (size < 8)
          return false;
        *fields[i] = get<uint64_t>(extra.data());
        extra = extra.subspan(8);
        size -= 8;
      }
      return true;
    }
    extra = extra.subspan(size);
  }
  for (int i = 0; i < count; ++i)
    if (*fields[i] == kMax32)
      return false;
  return true;
}

bool PackageReader::nextChecked(uint64_t &cursor, PackageEntry &entry, ErrorText &error) const {
  const uint8_t *base = file.data();
  uint64_t left = directorySize - cursor;
  const uint8_t *p = base + directory + cursor;
  if (left < kDirEntrySize || get<uint32_t>(p) != 0x02014b50)
    return error.set("archive directory is damaged at offset %llu", (unsigned long long)(directory + cursor));
  size_t nameSize = get<uint16_t>(p + 28), extraSize = get<uint16_t>(p + 30), commentSize = get<uint16_t>(p + 32);
  size_t total = kDirEntrySize + nameSize + extraSize + commentSize;
  if (total > left)
    return error.set("archive directory is cut short");
  uint64_t size = get<uint32_t>(p + 24), stored = get<uint32_t>(p + 20), header = get<uint32_t>(p + 42);
  uint64_t *fields[] = {&size, &stored, &header};
  entry.name = {reinterpret_cast<const char *>(p + kDirEntrySize), nameSize};
  int shown = static_cast<int>(nameSize < 80 ? nameSize : 80);
  if (get<uint16_t>(p + 10) != 0 || (get<uint16_t>(p + 8) & 1) ||
      !readZip64({p + kDirEntrySize + nameSize, extraSize}, fields, 3) || size != stored)
    return error.set("archive entry '%.*s' is not stored plainly", shown, entry.name.data());
  // The content lies between the local header and the directory.
  if (header > directory || directory - header < kLocalSize || get<uint32_t>(base + header) != 0x04034b50)
    return error.set("archive entry '%.*s' has no local header", shown, entry.name.data());
  uint64_t offset = header + kLocalSize + get<uint16_t>(base + header + 26) + get<uint16_t>(base + header + 28);
  if (offset > directory || size > directory - offset)
    return error.set("archive entry '%.*s' is out of bounds", shown, entry.name.data());
  entry.crc32 = get<uint32_t>(p + 16);
  entry.offset = offset;
  entry.size = size;
  cursor += total;
  return true;
}

bool PackageReader::open(std::span<const uint8_t> file, PackageReader &reader, ErrorText &error) {
  reader = PackageReader();
  if (file.size() < kEndSize || get<uint32_t>(file.data() + file.size() - kEndSize) != 0x06054b50)
    return error.set("not a complete package: no archive end record in its last bytes (truncated, or no .wick file)");
  const uint8_t *end = file.data() + file.size() - kEndSize;
  uint64_t count = get<uint16_t>(end + 10), size = get<uint32_t>(end + 12), offset = get<uint32_t>(end + 16);
  uint64_t limit = file.size() - kEndSize;
  if (count == 0xffff || size == kMax32 || offset == kMax32) {
    if (limit < kLocatorSize + kEnd64Size || get<uint32_t>(end - kLocatorSize) != 0x07064b50)
      return error.set("archive has no zip64 locator");
    uint64_t at = get<uint64_t>(end - kLocatorSize + 8);
    if (at > limit - kLocatorSize - kEnd64Size || get<uint32_t>(file.data() + at) != 0x06064b50)
      return error.set("archive has no zip64 end record");
    const uint8_t *end64 = file.data() + at;
    count = get<uint64_t>(end64 + 32);
    size = get<uint64_t>(end64 + 40);
    offset = get<uint64_t>(end64 + 48);
    limit = at;
  }
  if (offset > limit || size != limit - offset)
    return error.set("archive directory is out of bounds");
  reader.file = file;
  reader.directory = offset;
  reader.directorySize = size;
  PackageEntry entry;
  uint64_t seen = 0;
  for (uint64_t cursor = 0; cursor < size; ++seen)
    if (!reader.nextChecked(cursor, entry, error))
      return false;
  return seen == count ||
         error.set("archive directory has %llu entries, not %llu", (unsigned long long)seen, (unsigned long long)count);
}

bool PackageReader::next(uint64_t &cursor, PackageEntry &entry) const {
  ErrorText ignored;
  return cursor < directorySize && nextChecked(cursor, entry, ignored);
}

bool PackageReader::find(std::string_view name, PackageEntry &entry) const {
  for (uint64_t cursor = 0; next(cursor, entry);)
    if (entry.name == name)
      return true;
  return false;
}

bool PackageReader::readProgram(std::span<const uint8_t> bytes, ProgramView &view, ErrorText &error) const {
  if (!ProgramView::parse(bytes, view, error))
    return false;
  for (const abi::BlobRecord &blob : view.blobs) {
    PackageEntry entry;
    std::string_view name = view.text(blob.name);
    if (!find(name, entry) || entry.offset != blob.offset || entry.size != blob.size)
      return error.set("entry '%.*s' is not where the program's table says (was the archive repacked?)",
                       static_cast<int>(name.size() < 80 ? name.size() : 80), name.data());
  }
  return true;
}

} // namespace wick::format
