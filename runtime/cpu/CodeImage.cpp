// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ELF program headers, checked one by one, then mmap.
//
#include "runtime/cpu/CodeImage.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

namespace wick::runtime {

static uint64_t pageSize() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

bool CodeImage::readSegments(std::span<const uint8_t> image, format::ErrorText &error) {
  Elf64_Ehdr header;
  numSegments = 0;
  span = 0;
  if (image.size() < sizeof(header))
    return error.set("code image: %zu bytes are no ELF file", image.size());
  std::memcpy(&header, image.data(), sizeof(header));
#if defined(__x86_64__)
  constexpr uint16_t machine = EM_X86_64;
#else
  constexpr uint16_t machine = EM_AARCH64;
#endif
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_machine != machine || header.e_phentsize != sizeof(Elf64_Phdr))
    return error.set("code image: not an ELF file for this kind of CPU");
  if (header.e_phoff > image.size() || header.e_phnum > (image.size() - header.e_phoff) / sizeof(Elf64_Phdr))
    return error.set("code image: program headers are out of bounds");
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr p;
    std::memcpy(&p, image.data() + header.e_phoff + i * sizeof(p), sizeof(p));
    if (p.p_type == PT_DYNAMIC || p.p_type == PT_INTERP || p.p_type == PT_TLS)
      return error.set("code image: has a dynamic, interpreter or TLS segment");
    if (p.p_type != PT_LOAD || !p.p_memsz)
      continue;
    if (p.p_flags & PF_W)
      return error.set("code image: segment %zu is writable%s; kernels keep no state", i,
                       p.p_flags & PF_X ? " and executable" : "");
    if (p.p_filesz != p.p_memsz || p.p_offset > image.size() || p.p_filesz > image.size() - p.p_offset ||
        p.p_vaddr > (uint64_t(1) << 40) || p.p_vaddr % pageSize() != p.p_offset % pageSize() ||
        numSegments == kMaxSegments)
      return error.set("code image: segment %zu is out of bounds", i);
    // Ascending and on pages of their own, so that none covers another.
    if (p.p_vaddr / pageSize() * pageSize() < span)
      return error.set("code image: segment %zu shares a page with the one before it", i);
    int protection = PROT_READ | (p.p_flags & PF_X ? PROT_EXEC : 0);
    segments[numSegments++] = {p.p_vaddr, p.p_offset, p.p_filesz, protection};
    span = (p.p_vaddr + p.p_memsz + pageSize() - 1) / pageSize() * pageSize();
  }
  return numSegments || error.set("code image: nothing to load");
}

int CodeImage::reserve(int protection) {
  void *memory = mmap(nullptr, span, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return errno;
  base = static_cast<uint8_t *>(memory);
  return 0;
}

int CodeImage::mapFile(const CodeSource &source) {
  if (source.fd < 0)
    return EBADF;
  if (source.fileOffset % pageSize())
    return EINVAL;
  if (int code = reserve(PROT_NONE))
    return code;
  for (const Segment &s : std::span(segments, numSegments)) {
    uint64_t lead = s.address % pageSize();
    void *at = mmap(base + s.address - lead, s.size + lead, s.protection, MAP_PRIVATE | MAP_FIXED, source.fd,
                    static_cast<off_t>(source.fileOffset + s.fileOffset - lead));
    if (at == MAP_FAILED)
      return errno;
  }
  return 0;
}

int CodeImage::mapAnonymous(std::span<const uint8_t> image) {
  if (int code = reserve(PROT_READ | PROT_WRITE))
    return code;
  for (const Segment &s : std::span(segments, numSegments))
    std::memcpy(base + s.address, image.data() + s.fileOffset, s.size);
  for (const Segment &s : std::span(segments, numSegments)) {
    uint64_t lead = s.address % pageSize();
    if (mprotect(base + s.address - lead, s.size + lead, s.protection))
      return errno;
  }
  return 0;
}

wick_status CodeImage::map(const CodeSource &source, uint32_t wanted, format::ErrorText &error) {
  if (!readSegments(source.bytes, error))
    return WICK_STATUS_BAD_CODE;
  int fileErrno = 0, copyErrno = 0;
  if (wanted != WICK_CODE_ANONYMOUS) {
    fileErrno = mapFile(source);
    if (!fileErrno) {
      mode = WICK_CODE_FILE;
      return WICK_STATUS_OK;
    }
    unmap();
  }
  if (wanted != WICK_CODE_FILE) {
    // A refused mapping changed nothing in `segments`.
    copyErrno = mapAnonymous(source.bytes);
    if (!copyErrno) {
      mode = WICK_CODE_ANONYMOUS;
      return WICK_STATUS_OK;
    }
    unmap();
  }
  char what[160];
  int size = 0;
  if (fileErrno)
    size = std::snprintf(what, sizeof(what), " from the file: errno %d (%.40s)", fileErrno, std::strerror(fileErrno));
  if (copyErrno)
    std::snprintf(what + size, sizeof(what) - size, "%s as an anonymous copy: errno %d (%.40s)", size ? ";" : "",
                  copyErrno, std::strerror(copyErrno));
  error.set("the system refused to map code:%s", what);
  return WICK_STATUS_CODE_NOT_MAPPED;
}

void CodeImage::unmap() {
  if (base)
    munmap(base, span);
  base = nullptr;
  mode = WICK_CODE_NONE;
}

const void *CodeImage::entry(uint64_t offset) const {
  for (const Segment &s : std::span(segments, numSegments))
    if ((s.protection & PROT_EXEC) && offset >= s.address && offset - s.address < s.size)
      return base + offset;
  return nullptr;
}

} // namespace wick::runtime
