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

bool ProgramView::bind(std::span<const uint8_t> bytes, ProgramView &view, ErrorText &error, bool checkCrc) {
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
      WICK_SECTION(Variants, variants)
      WICK_SECTION(VariantWords, variantWords)
#undef WICK_SECTION
    default: // A later minor version's: optional by definition.
      break;
    }
    if (!ok)
      return false;
  }
  return true;
}

bool ProgramView::parse(std::span<const uint8_t> bytes, ProgramView &view, ErrorText &error, bool checkCrc) {
  return bind(bytes, view, error, checkCrc) && view.validate(error, false) && view.validateVariants(error);
}

/// The variant's tables, not validated. Its checksum is not looked at: this program's covers it.
bool ProgramView::bindVariant(size_t index, ProgramView &view, ErrorText &error) const {
  const VariantRecord &v = variants[index];
  if (v.firstWord > variantWords.size() || v.words > variantWords.size() - v.firstWord)
    return error.set("program: it is out of bounds");
  auto words = variantWords.subspan(v.firstWord, v.words);
  if (!bind({reinterpret_cast<const uint8_t *>(words.data()), words.size_bytes()}, view, error, false))
    return false;
  if (!view.slices.empty() || !view.blobs.empty() || !view.variants.empty())
    return error.set("program: it has slices, blobs or variants of its own");
  view.slices = slices;
  view.blobs = blobs;
  return true;
}

ProgramView ProgramView::variant(size_t index) const {
  ProgramView view;
  ErrorText ignored; // `parse` has bound and validated it
  (void)bindVariant(index, view, ignored);
  return view;
}

/// Whether a value of the variant can stand for that of the general program.
static bool isSameValue(const ProgramView &a, const ValueRecord &x, const ProgramView &b, const ValueRecord &y) {
  return a.text(x.name) == b.text(y.name) && x.dtype == y.dtype && x.rank == y.rank;
}

bool ProgramView::validateVariants(ErrorText &error) const {
  if (variants.size() > kMaxVariants)
    return error.set("program: %zu variants are more than %u", variants.size(), kMaxVariants);
  uint64_t regs = header->numRegs;
  for (size_t k = 0; k < variants.size(); ++k) {
    ProgramView v;
    ErrorText why;
    if (!bindVariant(k, v, why) || !v.validate(why, true))
      return error.set("variant %zu: %.280s", k, why.text);
    bool same = v.inputs.size() == inputs.size() && v.outputs.size() == outputs.size();
    for (size_t i = 0; same && i < inputs.size(); ++i)
      same = isSameValue(*this, inputs[i], v, v.inputs[i]);
    // State that callers keep in place by what the general program says stays there.
    for (size_t i = 0; same && i < outputs.size(); ++i)
      same = isSameValue(*this, outputs[i], v, v.outputs[i]) &&
             (outputs[i].aliasInput == kNone || outputs[i].aliasInput == v.outputs[i].aliasInput);
    regs += v.header->numRegs;
    if (regs > kMaxRegs)
      return error.set("variant %zu: program: %llu registers are out of range", k, (unsigned long long)regs);
    if (!same)
      return error.set("variant %zu: program: its inputs or outputs are not those of the general program", k);
  }
  return true;
}

const BlobRecord *ProgramView::weights() const {
  for (const BlobRecord &blob : blobs)
    if (blob.kind == static_cast<uint32_t>(BlobKind::Weights))
      return &blob;
  return nullptr;
}

} // namespace wick::format
