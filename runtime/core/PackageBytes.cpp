// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Maps a package once, read-only and whole: the cost does not depend on its
// size, and pages that nothing reads are never brought in.
//
#include "runtime/core/Model.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wick::runtime {

PackageBytes::~PackageBytes() {
  closeFile();
  if (mapping)
    munmap(mapping, mappingSize);
  if (memory.release)
    memory.release(memory.user, memory.data, memory.length);
}

void PackageBytes::closeFile() {
  if (ownsFile && fd >= 0)
    close(fd);
  fd = -1;
  ownsFile = false;
}

wick_status PackageBytes::mapFile(const wick_source &source, const Failure &fail) {
  const char *name = source.kind == WICK_SOURCE_PATH ? source.path : "(descriptor)";
  struct stat info;
  if (fstat(fd, &info))
    return fail(WICK_STATUS_IO_ERROR, "cannot read '%s': %s", name, std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return fail(WICK_STATUS_IO_ERROR, "'%s' is not a regular file", name);
  uint64_t fileSize = static_cast<uint64_t>(info.st_size);
  uint64_t offset = source.kind == WICK_SOURCE_FD ? source.offset : 0;
  if (offset > fileSize)
    return fail(WICK_STATUS_INVALID_ARGUMENT, "offset %llu lies behind the end of the file",
                (unsigned long long)offset);
  uint64_t length = source.kind == WICK_SOURCE_FD && source.length ? source.length : fileSize - offset;
  if (length > fileSize - offset)
    return fail(WICK_STATUS_BAD_PACKAGE, "the file ends before the package does");
  if (length == 0)
    return fail(WICK_STATUS_BAD_PACKAGE, "'%s' is empty", name);
  uint64_t lead = offset % static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  void *at = mmap(nullptr, length + lead, PROT_READ, MAP_PRIVATE, fd, static_cast<off_t>(offset - lead));
  if (at == MAP_FAILED)
    return fail(WICK_STATUS_IO_ERROR, "cannot map '%s': %s", name, std::strerror(errno));
  mapping = at;
  mappingSize = length + lead;
  bytes = {static_cast<uint8_t *>(at) + lead, static_cast<size_t>(length)};
  fileOffset = offset;
  return WICK_STATUS_OK;
}

wick_status PackageBytes::open(const wick_source &source, const Failure &fail) {
  switch (source.kind) {
  case WICK_SOURCE_PATH:
    if (!source.path)
      return fail(WICK_STATUS_INVALID_ARGUMENT, "the source has no path");
    fd = ::open(source.path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      return fail(WICK_STATUS_IO_ERROR, "cannot open '%s': %s", source.path, std::strerror(errno));
    ownsFile = true;
    return mapFile(source, fail);
  case WICK_SOURCE_FD:
    fd = source.fd;
    return mapFile(source, fail);
  case WICK_SOURCE_MEMORY:
    if (!source.data || !source.length)
      return fail(WICK_STATUS_INVALID_ARGUMENT, "the source has no bytes");
    memory = source;
    bytes = {static_cast<const uint8_t *>(source.data), static_cast<size_t>(source.length)};
    return WICK_STATUS_OK;
  default:
    return fail(WICK_STATUS_INVALID_ARGUMENT, "unknown kind of source %u", source.kind);
  }
}

} // namespace wick::runtime
