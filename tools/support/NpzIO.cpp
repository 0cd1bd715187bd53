// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Zip directory, zip64 included, and inflate through zlib.
//
#include "tools/support/NpzIO.h"

#include "runtime/format/Checksum.h"
#include "runtime/format/ZipLayout.h"
#include "tools/support/NpyIO.h"

#include <algorithm>
#include <cstring>
#include <zlib.h>

namespace wick::tools {

static constexpr uint64_t kMax32 = 0xffffffff;

namespace {
struct Member {
  std::string name;
  uint16_t method = 0;
  uint32_t crc = 0;
  uint64_t stored = 0, size = 0, header = 0;
};

/// Bounds-checked little-endian reads; out of bounds reads give 0 and set `bad`.
class Bytes {
public:
  explicit Bytes(std::span<const uint8_t> bytes) : bytes(bytes) {}
  uint64_t get(uint64_t at, int size) {
    if (at > bytes.size() || bytes.size() - at < static_cast<uint64_t>(size)) {
      bad = true;
      return 0;
    }
    uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, static_cast<size_t>(size));
    return value;
  }
  std::span<const uint8_t> bytes;
  bool bad = false;
};
} // namespace

static bool findDirectory(Bytes &file, uint64_t &offset, uint64_t &count) {
  // The end record is last, before a comment of at most 64 KiB.
  uint64_t size = file.bytes.size();
  for (uint64_t back = 22; back <= std::min<uint64_t>(size, 22 + 65535); ++back) {
    uint64_t at = size - back;
    if (file.get(at, 4) != 0x06054b50)
      continue;
    count = file.get(at + 10, 2);
    offset = file.get(at + 16, 4);
    if ((count == 0xffff || offset == kMax32) && at >= 20 && file.get(at - 20, 4) == 0x07064b50) {
      uint64_t end64 = file.get(at - 12, 8);
      count = file.get(end64 + 32, 8);
      offset = file.get(end64 + 48, 8);
    }
    return !file.bad;
  }
  return false;
}

static bool readMember(Bytes &file, uint64_t &at, Member &m) {
  if (file.get(at, 4) != 0x02014b50)
    return false;
  m.method = static_cast<uint16_t>(file.get(at + 10, 2));
  m.crc = static_cast<uint32_t>(file.get(at + 16, 4));
  m.stored = file.get(at + 20, 4);
  m.size = file.get(at + 24, 4);
  m.header = file.get(at + 42, 4);
  uint64_t nameSize = file.get(at + 28, 2), extraSize = file.get(at + 30, 2), commentSize = file.get(at + 32, 2);
  uint64_t extra = at + 46 + nameSize, end = extra + extraSize;
  if (file.bad || end > file.bytes.size())
    return false;
  m.name.assign(reinterpret_cast<const char *>(file.bytes.data()) + at + 46, nameSize);
  while (extra + 4 <= end) {
    uint64_t id = file.get(extra, 2), size = file.get(extra + 2, 2), field = extra + 4;
    if (id == 1)
      for (uint64_t *value : {&m.size, &m.stored, &m.header})
        if (*value == kMax32) {
          *value = file.get(field, 8);
          field += 8;
        }
    extra += 4 + size;
  }
  at = end + commentSize;
  return !file.bad;
}

static bool inflateMember(std::span<const uint8_t> in, std::vector<uint8_t> &out) {
  z_stream z{};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
    return false;
  size_t inAt = 0, outAt = 0;
  int code = Z_OK;
  while (code == Z_OK) {
    z.next_in = const_cast<Bytef *>(in.data() + inAt);
    z.avail_in = static_cast<uInt>(std::min<size_t>(in.size() - inAt, 1u << 30));
    z.next_out = out.data() + outAt;
    z.avail_out = static_cast<uInt>(std::min<size_t>(out.size() - outAt, 1u << 30));
    size_t gaveIn = z.avail_in, gaveOut = z.avail_out;
    code = inflate(&z, Z_NO_FLUSH);
    inAt += gaveIn - z.avail_in;
    outAt += gaveOut - z.avail_out;
    if (code == Z_OK && gaveIn == z.avail_in && gaveOut == z.avail_out)
      code = Z_BUF_ERROR;
  }
  inflateEnd(&z);
  return code == Z_STREAM_END && outAt == out.size();
}

static bool extract(Bytes &file, const Member &m, std::vector<uint8_t> &out) {
  uint64_t data = m.header + 30 + file.get(m.header + 26, 2) + file.get(m.header + 28, 2);
  if (file.bad || file.get(m.header, 4) != 0x04034b50 || data > file.bytes.size() ||
      m.stored > file.bytes.size() - data)
    return false;
  auto in = file.bytes.subspan(data, m.stored);
  if (m.method == 0) {
    if (m.stored != m.size)
      return false;
    out.assign(in.begin(), in.end());
  } else {
    // Deflate shrinks by at most 1032 times; a larger claim is a lie.
    if (m.method != 8 || m.size / 1040 > m.stored)
      return false;
    out.resize(m.size);
    if (!inflateMember(in, out))
      return false;
  }
  return format::crc32(0, out.data(), out.size()) == m.crc;
}

bool readNpz(const std::string &path, std::vector<HostTensor> &tensors, std::string &error) {
  std::vector<uint8_t> content, npy;
  if (!readFile(path, content, error))
    return false;
  Bytes file{std::span<const uint8_t>(content)};
  uint64_t at, count;
  if (!findDirectory(file, at, count)) {
    error = "'" + path + "' is not a .npz file";
    return false;
  }
  for (uint64_t i = 0; i < count; ++i) {
    Member m;
    if (!readMember(file, at, m)) {
      error = "'" + path + "': damaged directory";
      return false;
    }
    HostTensor tensor;
    tensor.name = m.name.size() > 4 && m.name.ends_with(".npy") ? m.name.substr(0, m.name.size() - 4) : m.name;
    std::string problem = "damaged or in an unsupported form";
    if (!extract(file, m, npy) || !parseNpy(npy, tensor, problem)) {
      error = "'" + path + "', entry '" + m.name + "': " + problem;
      return false;
    }
    tensors.push_back(std::move(tensor));
  }
  return true;
}

bool writeNpz(const std::string &path, const std::vector<HostTensor> &tensors, std::string &error) {
  std::vector<std::string> pieces;
  std::vector<format::ZipEntry> entries;
  uint64_t at = 0;
  for (const HostTensor &t : tensors) {
    std::string header = npyHeader(t);
    std::string data(reinterpret_cast<const char *>(t.bytes.data()), t.bytes.size());
    format::ZipEntry entry{t.name + ".npy", 0, header.size() + data.size(), 0};
    entry.crc32 = format::crc32(format::crc32(0, header.data(), header.size()), data.data(), data.size());
    std::string local = format::zipLocalHeader(entry);
    entry.content = at + local.size();
    at = entry.content + entry.size;
    entries.push_back(entry);
    for (std::string *piece : {&local, &header, &data})
      pieces.push_back(std::move(*piece));
  }
  pieces.push_back(format::zipDirectory(entries, at));
  return writeFile(path, pieces, error);
}

} // namespace wick::tools
