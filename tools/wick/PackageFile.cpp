// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The readers are the runtime's own, so what this accepts the runtime accepts.
//
#include "tools/wick/PackageFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wick::tools {

PackageFile::~PackageFile() {
  if (mapping)
    munmap(mapping, bytes.size());
}

bool PackageFile::map(const std::string &path, std::string &error) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info{};
  if (fd < 0 || fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_size == 0) {
    error = "cannot read '" + path + "': " +
            (fd < 0                   ? std::strerror(errno)
             : !S_ISREG(info.st_mode) ? "not a regular file"
                                      : "it is empty");
    if (fd >= 0)
      close(fd);
    return false;
  }
  auto size = static_cast<size_t>(info.st_size);
  void *address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (address == MAP_FAILED) {
    error = "cannot map '" + path + "': " + std::strerror(errno);
    return false;
  }
  mapping = address;
  bytes = {static_cast<const uint8_t *>(address), size};
  return true;
}

bool PackageFile::open(const std::string &path, std::string &error) {
  if (!map(path, error))
    return false;
  format::ErrorText text;
  auto failed = [&](const char *why) {
    error = "'" + path + "': " + why;
    return false;
  };
  if (!format::PackageReader::open(bytes, reader, text))
    return failed(text.text);
  format::PackageEntry entry;
  if (!reader.find(abi::kProgramEntry, entry))
    return failed("there is no program.bin in it");
  std::span<const uint8_t> content = reader.content(entry);
  if (reinterpret_cast<uintptr_t>(content.data()) % 8) {
    copy.resize((content.size() + 7) / 8);
    std::memcpy(copy.data(), content.data(), content.size());
    content = {reinterpret_cast<const uint8_t *>(copy.data()), content.size()};
  }
  if (!reader.readProgram(content, program, text))
    return failed(text.text);
  std::string ignored;
  if (reader.find(abi::kManifestEntry, entry)) {
    std::span<const uint8_t> json = reader.content(entry);
    if (!Json::parse({reinterpret_cast<const char *>(json.data()), json.size()}, manifest, ignored))
      manifest = Json();
  }
  return true;
}

size_t PackageFile::findSlice(std::string_view name) const {
  size_t i = 0;
  while (i < program.slices.size() && program.text(program.slices[i].name) != name)
    ++i;
  return i;
}

uint64_t PackageFile::codeBytes(size_t slice) const {
  uint32_t blob = program.slices[slice].blob;
  return blob < program.blobs.size() ? program.blobs[blob].size : 0;
}

} // namespace wick::tools
