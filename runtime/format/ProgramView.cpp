// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Header and section table of program.bin. What the records mean is checked in
// Validate.cpp.
//
#include "runtime/format/ProgramView.h"

#include "runtime/format/Checksum.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace wick::format {

using namespace wick::abi;

static_assert(std::endian::native == std::endian::little, "records are read in place and stored little endian");

static bool checkHeader(std::span<const uint8_t> bytes, bool checkCrc, ErrorText &error) {
  if (bytes.size() < sizeof(ProgramHeader))
    return error.set("program: %zu bytes are too few for a header", bytes.size());
  if (reinterpret_cast<uintptr_t>(bytes.data()) % 8)
    return error.set("program: its bytes are not 8-byte aligned");
  const auto &h = *reinterpret_cast<const ProgramHeader *>(bytes.data());
  if (std::memcmp(h.magic, kProgramMagic, sizeof(h.magic)))
    return error.set("program: bad magic, this is no Wick program");
  if (h.major != kFormatMajor)
    return error.set("program: format version %u.%u, this runtime reads %u.x", h.major, h.minor, kFormatMajor);
  if (h.totalBytes != bytes.size())
    return error.set("program: the header tells of %llu bytes, there are %zu", (unsigned long long)h.totalBytes,
                     bytes.size());
  if (checkCrc) {
    constexpr size_t at = offsetof(ProgramHeader, crc32c);
    const uint32_t zero = 0;
    uint32_t crc = crc32c(0, bytes.data(), at);
    crc = crc32c(crc, &zero, sizeof(zero));
    crc = crc32c(crc, bytes.data() + at + 4, bytes.size() - at - 4);
    if (crc != h.crc32c)
      return error.set("program: checksum mismatch, the file is damaged");
  }
  if (uint64_t unknown = h.requiredFeatures & ~kKnownRequiredFeatures)
    return error.set("program: needs feature bit %d, unknown to this runtime", std::countr_zero(unknown));
  return true;
}

template <typename Record>
static bool bindSection(std::span<const uint8_t> bytes, const SectionRecord &section, std::span<const Record> &out,
                        ErrorText &error) {
  if (section.recordBytes != sizeof(Record))
    return error.set("program: section %u has records of %u bytes, not %zu", section.kind, section.recordBytes,
                     sizeof(Record));
  if (out.data())
    return error.set("program: section %u occurs twice", section.kind);
  if (section.offset % 8 || section.offset > bytes.size() ||
      section.count > (bytes.size() - section.offset) / sizeof(Record) || section.count >= kNone)
    return error.set("program: section %u is out of bounds", section.kind);
  out = {reinterpret_cast<const Record *>(bytes.data() + section.offset), static_cast<size_t>(section.count)};
  return true;
}

bool ProgramView::parse(std::span<const uint8_t> bytes, ProgramView &view, ErrorText &error, bool checkCrc) {
  view = ProgramView();
  if (!checkHeader(bytes, checkCrc, error))
    return false;
  view.header = reinterpret_cast<const ProgramHeader *>(bytes.data());
  if (view.header->sectionCount > (bytes.size() - sizeof(ProgramHeader)) / sizeof(SectionRecord))
    return error.set("program: the section table is out of bounds");
  std::span sections(reinterpret_cast<const SectionRecord *>(view.header + 1), view.header->sectionCount);
  for (const SectionRecord &s : sections) {
    bool ok = true;
    switch (static_cast<SectionKind>(s.kind)) {
#define WICK_SECTION(Kind, member)                                                                                     \
  case SectionKind::Kind:                                                                                              \
    ok = bindSection(bytes, s, view.member, error);                                                                    \
    break;
      WICK_SECTION(Chars, chars)
      WICK_SECTION(Symbols, symbols)
      WICK_SECTION(Inputs, inputs)
      WICK_SECTION(Outputs, outputs)
      WICK_SECTION(Dims, dims)
      WICK_SECTION(Buffers, buffers)
      WICK_SECTION(Kernels, kernels)
      WICK_SECTION(KernelEntries, kernelEntries)
      WICK_SECTION(Instrs, instrs)
      WICK_SECTION(Words, words)
      WICK_SECTION(Pool64, pool64)
      WICK_SECTION(Strings, strings)
      WICK_SECTION(Nodes, nodes)
      WICK_SECTION(Slices, slices)
      WICK_SECTION(Blobs, blobs)
#undef WICK_SECTION
    default: // A later minor version's: optional by definition.
      break;
    }
    if (!ok)
      return false;
  }
  return view.validate(error);
}

const BlobRecord *ProgramView::weights() const {
  for (const BlobRecord &blob : blobs)
    if (blob.kind == static_cast<uint32_t>(BlobKind::Weights))
      return &blob;
  return nullptr;
}

} // namespace wick::format
