// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The end record (and its zip64 form) gives the central directory, the directory
// gives the entries, and each entry's local header gives where its data starts;
// sizes and CRC stand in the central directory only, since torch writes them
// behind the data. Everything is checked with 64-bit arithmetic that cannot wrap:
// an offset is first compared with the file's size, then lengths with what is left.
//
#include "compiler/frontend/torch/archive/ZipReader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include <cstring>
#include <limits>
#include <zlib.h>

using namespace llvm;
using support::endian::read16le;
using support::endian::read32le;
using support::endian::read64le;

namespace wick::compiler::torch {

static constexpr uint32_t LocalHeader = 0x04034b50, CentralHeader = 0x02014b50, EndRecord = 0x06054b50,
                          End64Record = 0x06064b50, End64Locator = 0x07064b50;
static constexpr uint64_t LocalSize = 30, CentralSize = 46, EndSize = 22, End64Size = 56, LocatorSize = 20;

static Error zipError(uint64_t at, const Twine &what) {
  return createStringError("zip: " + what + " (at offset " + Twine(at) + ")");
}

bool ZipReader::looksLikeZip(ArrayRef<char> file) {
  return file.size() >= EndSize && (read32le(file.data()) == LocalHeader || read32le(file.data()) == EndRecord);
}

Expected<ZipReader> ZipReader::open(Bytes file, const ZipLimits &limits) {
  ZipReader reader;
  reader.file = std::move(file);
  if (Error error = reader.readDirectory(limits))
    return std::move(error);
  return std::move(reader);
}

Error ZipReader::readDirectory(const ZipLimits &limits) {
  const char *data = file.data.data();
  uint64_t size = file.size();
  if (!looksLikeZip(file.data))
    return zipError(0, "not a zip file");
  // The end record is last, but for a comment of less than 64 KiB whose length it tells.
  uint64_t end = size - EndSize, last = end > 0xffff ? end - 0xffff : 0;
  while (read32le(data + end) != EndRecord || read16le(data + end + 20) != size - end - EndSize) {
    if (end == last)
      return zipError(size, "no end record, the file may be cut short");
    --end;
  }
  uint64_t count = read16le(data + end + 10), length = read32le(data + end + 12), start = read32le(data + end + 16);
  if (read16le(data + end + 4) != 0 || read16le(data + end + 6) != 0 || read16le(data + end + 8) != count)
    return zipError(end, "several disks are not supported");
  uint64_t behind = end; // where the directory must have ended
  if (end >= LocatorSize && read32le(data + end - LocatorSize) == End64Locator) {
    uint64_t locator = end - LocatorSize, at = read64le(data + locator + 8);
    if (at > locator || locator - at < End64Size || read32le(data + at) != End64Record)
      return zipError(locator, "the zip64 end record is not where its locator says");
    if (read32le(data + at + 16) != 0 || read32le(data + at + 20) != 0 ||
        read64le(data + at + 24) != read64le(data + at + 32))
      return zipError(at, "several disks are not supported");
    count = read64le(data + at + 32);
    length = read64le(data + at + 40);
    start = read64le(data + at + 48);
    behind = at;
  }
  if (start > behind || length > behind - start)
    return zipError(end, "the directory (offset " + Twine(start) + ", " + Twine(length) +
                             " bytes) does not fit before its end record");
  if (count > limits.maxEntries || count > length / CentralSize)
    return zipError(end, Twine(count) + " entries in a directory of " + Twine(length) + " bytes, at most " +
                             Twine(limits.maxEntries));
  list.reserve(count);
  uint64_t at = start;
  for (uint64_t i = 0; i < count; ++i)
    if (Error error = readEntry(at, start + length, limits))
      return error;
  if (at != start + length)
    return zipError(at, "the directory has " + Twine(start + length - at) + " bytes more than its entries");
  if (Error error = checkOverlaps(start))
    return error;
  return stripTopFolder();
}

/// Why a name cannot be one inside an archive, or null.
static const char *nameProblem(StringRef name, uint64_t limit) {
  if (name.empty())
    return "an empty name";
  if (name.size() > limit)
    return "a name that is too long";
  if (name.contains('\0') || name.contains('\\') || name.starts_with("/"))
    return "a name with NUL, backslash or a leading slash";
  SmallVector<StringRef> parts;
  name.split(parts, '/');
  if (is_contained(parts, ".."))
    return "a name with '..'";
  return nullptr;
}

/// Reads the 64-bit values of a zip64 extra field for those header fields that
/// are all ones, in their fixed order; false when one is missing.
static bool readZip64(ArrayRef<char> extra, ArrayRef<uint64_t *> fields) {
  if (none_of(fields, [](uint64_t *field) { return *field == 0xffffffff; }))
    return true;
  while (extra.size() >= 4) {
    uint16_t id = read16le(extra.data()), length = read16le(extra.data() + 2);
    extra = extra.drop_front(4);
    if (length > extra.size())
      return false;
    if (id == 1) {
      ArrayRef<char> values = extra.take_front(length);
      for (uint64_t *field : fields) {
        if (*field != 0xffffffff)
          continue;
        if (values.size() < 8)
          return false;
        *field = read64le(values.data());
        values = values.drop_front(8);
      }
      return true;
    }
    extra = extra.drop_front(length);
  }
  return false;
}

Error ZipReader::readEntry(uint64_t &at, uint64_t end, const ZipLimits &limits) {
  const char *data = file.data.data();
  const uint64_t header = at;
  if (end - at < CentralSize || read32le(data + at) != CentralHeader)
    return zipError(at, "a directory entry was expected");
  const char *h = data + at;
  uint16_t flags = read16le(h + 8), method = read16le(h + 10);
  uint64_t nameLength = read16le(h + 28), extraLength = read16le(h + 30), commentLength = read16le(h + 32);
  if (end - at - CentralSize < nameLength + extraLength + commentLength)
    return zipError(at, "a directory entry reaches past the directory");
  StringRef name(h + CentralSize, nameLength);
  at += CentralSize + nameLength + extraLength + commentLength;
  if (const char *problem = nameProblem(name, limits.maxNameLength))
    return zipError(header, problem);

  ZipEntry entry{};
  entry.name = name.str();
  entry.crc = read32le(h + 16);
  entry.compressedSize = read32le(h + 20);
  entry.size = read32le(h + 24);
  entry.headerOffset = read32le(h + 42);
  entry.deflated = method == 8;
  if (!readZip64(ArrayRef<char>(h + CentralSize + nameLength, extraLength),
                 {&entry.size, &entry.compressedSize, &entry.headerOffset}))
    return zipError(header, "'" + name + "': zip64 sizes are missing");
  if (flags & 0x2041)
    return zipError(header, "'" + name + "' is encrypted");
  if (method != 0 && method != 8)
    return zipError(header, "'" + name + "' uses compression method " + Twine(method) +
                                ", only stored and deflate are supported");
  if (read16le(h + 34) != 0)
    return zipError(header, "several disks are not supported");
  if (method == 0 && entry.compressedSize != entry.size)
    return zipError(header, "'" + name + "' is stored with two sizes, " + Twine(entry.compressedSize) + " and " +
                                Twine(entry.size));
  if (entry.deflated && (entry.size > limits.maxInflated || entry.size / limits.maxRatio > entry.compressedSize))
    return zipError(header, "'" + name + "' would inflate from " + Twine(entry.compressedSize) + " to " +
                                Twine(entry.size) + " bytes, over the limit");

  uint64_t local = entry.headerOffset, size = file.size();
  if (local > size || size - local < LocalSize || read32le(data + local) != LocalHeader)
    return zipError(local, "'" + name + "' has no local header here");
  uint64_t localName = read16le(data + local + 26), localExtra = read16le(data + local + 28);
  uint64_t left = size - local - LocalSize;
  if (left < localName + localExtra || StringRef(data + local + LocalSize, localName) != name ||
      read16le(data + local + 8) != method)
    return zipError(local, "the local header of '" + name + "' differs from the directory");
  entry.dataOffset = local + LocalSize + localName + localExtra;
  if (entry.compressedSize > size - entry.dataOffset)
    return zipError(entry.dataOffset,
                    "'" + name + "' with " + Twine(entry.compressedSize) + " bytes reaches past the end of the file");
  if (!name.ends_with("/"))
    list.push_back(std::move(entry));
  return Error::success();
}

Error ZipReader::checkOverlaps(uint64_t directory) {
  std::vector<const ZipEntry *> order;
  for (const ZipEntry &entry : list)
    order.push_back(&entry);
  llvm::sort(order, [](const ZipEntry *a, const ZipEntry *b) { return a->headerOffset < b->headerOffset; });
  for (size_t i = 0; i < order.size(); ++i) {
    uint64_t stop = order[i]->dataOffset + order[i]->compressedSize;
    if (stop > directory)
      return zipError(order[i]->headerOffset, "'" + order[i]->name + "' overlaps the directory");
    if (i + 1 < order.size() && stop > order[i + 1]->headerOffset)
      return zipError(order[i + 1]->headerOffset, "'" + order[i]->name + "' and '" + order[i + 1]->name + "' overlap");
  }
  return Error::success();
}

Error ZipReader::stripTopFolder() {
  // torch puts everything into one folder, named after the file as it was saved.
  if (!list.empty()) {
    auto [folder, rest] = StringRef(list.front().name).split('/');
    std::string prefix = (folder + "/").str();
    if (!rest.empty() &&
        all_of(list, [&](const ZipEntry &entry) { return StringRef(entry.name).starts_with(prefix); })) {
      top = folder.str();
      for (ZipEntry &entry : list)
        entry.name.erase(0, prefix.size());
    }
  }
  for (size_t i = 0; i < list.size(); ++i)
    if (!index.try_emplace(list[i].name, i).second)
      return zipError(list[i].headerOffset, "two records are called '" + list[i].name + "'");
  return Error::success();
}

const ZipEntry *ZipReader::find(StringRef name) const {
  auto found = index.find(name);
  return found == index.end() ? nullptr : &list[found->second];
}

/// Inflates `from` into exactly `size` bytes at `to`.
static bool inflateInto(ArrayRef<char> from, char *to, uint64_t size) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  constexpr uint64_t Most = std::numeric_limits<uInt>::max();
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(from.data()));
  stream.next_out = reinterpret_cast<Bytef *>(to);
  uint64_t inLeft = from.size(), outLeft = size;
  int status = Z_OK;
  while (status == Z_OK) { // zlib counts in 32 bits
    uInt in = std::min(inLeft, Most), out = std::min(outLeft, Most);
    stream.avail_in = in;
    stream.avail_out = out;
    status = inflate(&stream, Z_NO_FLUSH);
    inLeft -= in - stream.avail_in;
    outLeft -= out - stream.avail_out;
    if (status == Z_OK && in == stream.avail_in && out == stream.avail_out)
      break; // no progress
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && outLeft == 0 && inLeft == 0;
}

Expected<Bytes> ZipReader::read(const ZipEntry &entry, bool checkCrc) const {
  Bytes record = file.slice(entry.dataOffset, entry.compressedSize);
  if (entry.deflated) {
    char *to = nullptr;
    auto inflated = allocateBytes(entry.size, to);
    if (!inflated)
      return inflated.takeError();
    if (!inflateInto(record.data, to, entry.size))
      return zipError(entry.dataOffset, "'" + entry.name + "' does not inflate to its " + Twine(entry.size) + " bytes");
    record = *inflated;
  }
  if (checkCrc && entry.crc != 0) {
    uLong crc = crc32_z(0, reinterpret_cast<const Bytef *>(record.data.data()), record.size());
    if (crc != entry.crc)
      return zipError(entry.dataOffset, "'" + entry.name + "' is damaged: CRC " + Twine::utohexstr(crc) +
                                            ", expected " + Twine::utohexstr(entry.crc));
  }
  return record;
}

Expected<Bytes> ZipReader::read(StringRef name) const {
  if (const ZipEntry *entry = find(name))
    return read(*entry);
  return createStringError("the archive has no record '" + name + "'");
}

} // namespace wick::compiler::torch
