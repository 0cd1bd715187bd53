// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Program <-> the records of program.bin. Sections follow one another in the
// order of SectionKind, each 8-byte aligned, so equal programs give equal bytes.
//
#include "runtime/format/ProgramWriter.h"

#include "runtime/format/Checksum.h"
#include "runtime/format/PackageWriter.h"
#include "runtime/format/ProgramView.h"

#include <cstddef>
#include <cstring>
#include <map>

namespace wick::format {

using namespace wick::abi;

namespace {
/// Collects the sections; every text is stored once.
class Builder {
public:
  StringRecord text(const std::string &s) {
    auto [it, isNew] = seen.try_emplace(s, StringRecord{});
    if (isNew) {
      it->second = {uint32_t(chars.size()), uint32_t(s.size())};
      chars += s;
      chars += '\0';
    }
    return it->second;
  }

  template <typename T>
  void section(SectionKind kind, const std::vector<T> &records) {
    SectionRecord s{uint32_t(kind), uint32_t(sizeof(T)), body.size(), records.size()};
    sections.push_back(s);
    if (!records.empty())
      body.append(reinterpret_cast<const char *>(records.data()), records.size() * sizeof(T));
    body.resize((body.size() + 7) / 8 * 8);
  }

  std::string finish(ProgramHeader header) {
    section(SectionKind::Chars, std::vector<char>(chars.begin(), chars.end()));
    uint64_t start = sizeof(header) + sections.size() * sizeof(SectionRecord);
    for (SectionRecord &s : sections)
      s.offset += start;
    std::memcpy(header.magic, kProgramMagic, sizeof(header.magic));
    header.major = kFormatMajor;
    header.minor = kFormatMinor;
    header.totalBytes = start + body.size();
    header.sectionCount = uint32_t(sections.size());
    std::string out(reinterpret_cast<const char *>(&header), sizeof(header));
    out.append(reinterpret_cast<const char *>(sections.data()), sections.size() * sizeof(SectionRecord));
    out += body;
    uint32_t crc = crc32c(0, out.data(), out.size());
    std::memcpy(out.data() + offsetof(ProgramHeader, crc32c), &crc, 4);
    return out;
  }

private:
  std::string chars, body;
  std::vector<SectionRecord> sections;
  std::map<std::string, StringRecord> seen;
};
} // namespace

static std::vector<ValueRecord> valueRecords(Builder &b, const std::vector<ValueInfo> &values,
                                             const std::vector<uint32_t> &buffers, std::vector<DimRecord> &dims) {
  std::vector<ValueRecord> records;
  for (size_t i = 0; i < values.size(); ++i) {
    const ValueInfo &v = values[i];
    uint32_t buffer = i < buffers.size() ? buffers[i] : kNone;
    records.push_back(
        {b.text(v.name), v.dtype, uint32_t(dims.size()), uint32_t(v.dims.size()), buffer, v.aliasInput, 0});
    for (const Dim &d : v.dims)
      dims.push_back({d.value, d.reg, d.symbol});
  }
  return records;
}

static std::vector<StringRecord> stringRecords(Builder &b, const std::vector<std::string> &strings) {
  std::vector<StringRecord> records;
  for (const std::string &s : strings)
    records.push_back(b.text(s));
  return records;
}

static void addTables(Builder &b, const Program &p, size_t numSlices) {
  std::vector<SymbolRecord> symbols;
  for (const Symbol &s : p.symbols)
    symbols.push_back({b.text(s.name), s.min, s.max, s.reg, 0});
  b.section(SectionKind::Symbols, symbols);
  std::vector<DimRecord> dims;
  b.section(SectionKind::Inputs, valueRecords(b, p.inputs, p.inputBuffers, dims));
  b.section(SectionKind::Outputs, valueRecords(b, p.outputs, p.outputBuffers, dims));
  b.section(SectionKind::Dims, dims);
  std::vector<BufferRecord> buffers;
  for (const Buffer &f : p.buffers)
    buffers.push_back({uint8_t(f.kind), f.dtype, 0, f.index, f.segment, f.sizeReg, f.offsetReg, f.firstUse, f.lastUse,
                       f.node, f.offset, f.size});
  b.section(SectionKind::Buffers, buffers);
  std::vector<KernelRecord> kernels;
  std::vector<uint64_t> entries;
  for (const Kernel &k : p.kernels) {
    kernels.push_back({b.text(k.name), k.strategy, 0});
    for (size_t s = 0; s < numSlices; ++s)
      entries.push_back(s < k.entry.size() ? k.entry[s] : 0);
  }
  b.section(SectionKind::Kernels, kernels);
  b.section(SectionKind::KernelEntries, entries);
  std::vector<InstrRecord> instrs;
  for (const Instr &i : p.instrs)
    instrs.push_back({uint16_t(i.op), i.flags, i.a, i.b, i.c, i.cost, i.node});
  b.section(SectionKind::Instrs, instrs);
  b.section(SectionKind::Words, p.words);
  b.section(SectionKind::Pool64, p.pool64);
  b.section(SectionKind::Strings, stringRecords(b, p.strings));
  b.section(SectionKind::Nodes, stringRecords(b, p.nodes));
}

static ProgramHeader headerOf(const Program &p) {
  ProgramHeader header{};
  header.prologueEnd = p.prologueEnd;
  header.numRegs = p.numRegs;
  header.numSegments = p.numSegments;
  header.splitThresholdNs = p.splitThresholdNs;
  return header;
}

/// A program without the tables of its package.
static std::string serializeVariant(const Program &p, size_t numSlices) {
  Builder b;
  addTables(b, p, numSlices);
  return b.finish(headerOf(p));
}

std::string serializeProgram(const Program &p, const std::vector<SliceInfo> &slices,
                             const std::vector<BlobInfo> &blobs) {
  Builder b;
  addTables(b, p, slices.size());
  std::vector<SliceRecord> sliceRecords;
  for (const SliceInfo &s : slices)
    sliceRecords.push_back({b.text(s.name), s.blob, kKernelAbiVersion});
  b.section(SectionKind::Slices, sliceRecords);
  std::vector<BlobRecord> blobRecords;
  for (const BlobInfo &info : blobs) {
    BlobRecord r{b.text(info.name), uint32_t(info.kind), info.crc32c, info.offset, info.size, {}};
    std::memcpy(r.sha256, info.sha256.data(), sizeof(r.sha256));
    blobRecords.push_back(r);
  }
  b.section(SectionKind::Blobs, blobRecords);
  std::vector<VariantRecord> variants;
  std::vector<uint64_t> variantWords;
  for (const Program &v : p.variants) {
    std::string bytes = serializeVariant(v, slices.size()); // a multiple of 8
    variants.push_back({variantWords.size(), bytes.size() / 8});
    variantWords.resize(variantWords.size() + bytes.size() / 8);
    std::memcpy(variantWords.data() + variants.back().firstWord, bytes.data(), bytes.size());
  }
  if (!variants.empty()) {
    b.section(SectionKind::Variants, variants);
    b.section(SectionKind::VariantWords, variantWords);
  }
  return b.finish(headerOf(p));
}

std::string serializeProgram(const Program &program) { return serializeProgram(program, {}, {}); }

static std::vector<ValueInfo> readValues(const ProgramView &v, std::span<const ValueRecord> records,
                                         std::vector<uint32_t> &buffers) {
  std::vector<ValueInfo> values;
  for (const ValueRecord &r : records) {
    ValueInfo info{std::string(v.text(r.name)), DTypeCode(r.dtype), {}, r.aliasInput};
    for (const DimRecord &d : v.dimsOf(r))
      info.dims.push_back({d.value, d.reg, d.symbol});
    values.push_back(std::move(info));
    buffers.push_back(r.buffer);
  }
  return values;
}

Program readProgram(const ProgramView &v) {
  Program p;
  for (const SymbolRecord &s : v.symbols)
    p.symbols.push_back({std::string(v.text(s.name)), s.min, s.max, s.reg});
  p.inputs = readValues(v, v.inputs, p.inputBuffers);
  p.outputs = readValues(v, v.outputs, p.outputBuffers);
  for (const BufferRecord &r : v.buffers) {
    Buffer b;
    b.kind = BufferKind(r.kind);
    b.dtype = r.dtype;
    b.index = r.index;
    b.segment = r.segment;
    b.sizeReg = r.sizeReg;
    b.offsetReg = r.offsetReg;
    b.offset = r.offset;
    b.size = r.size;
    b.firstUse = r.firstUse;
    b.lastUse = r.lastUse;
    b.node = r.node;
    p.buffers.push_back(b);
  }
  for (uint32_t i = 0; i < v.kernels.size(); ++i) {
    Kernel k{std::string(v.text(v.kernels[i].name)), {}, v.kernels[i].strategy};
    for (uint32_t s = 0; s < v.slices.size(); ++s)
      k.entry.push_back(v.entryOf(i, s));
    p.kernels.push_back(std::move(k));
  }
  for (const InstrRecord &r : v.instrs)
    p.instrs.push_back({Op(r.op), r.flags, r.a, r.b, r.c, r.cost, r.node});
  p.prologueEnd = v.header->prologueEnd;
  p.numRegs = v.header->numRegs;
  p.numSegments = v.header->numSegments;
  p.splitThresholdNs = v.header->splitThresholdNs;
  p.words.assign(v.words.begin(), v.words.end());
  p.pool64.assign(v.pool64.begin(), v.pool64.end());
  for (StringRecord s : v.strings)
    p.strings.emplace_back(v.text(s));
  for (StringRecord s : v.nodes)
    p.nodes.emplace_back(v.text(s));
  for (size_t k = 0; k < v.variants.size(); ++k)
    p.variants.push_back(readProgram(v.variant(k)));
  return p;
}

std::vector<std::pair<std::string, int64_t>> fixedDims(const Program &program, const Program &variant) {
  std::vector<std::pair<std::string, int64_t>> fixed;
  for (uint32_t s = 0; s < program.symbols.size(); ++s) {
    int64_t value = -1;
    for (size_t i = 0; i < program.inputs.size() && i < variant.inputs.size(); ++i) {
      const std::vector<Dim> &dims = program.inputs[i].dims, &now = variant.inputs[i].dims;
      for (size_t d = 0; value < 0 && d < dims.size() && d < now.size(); ++d)
        if (dims[d].value < 0 && dims[d].symbol == s)
          value = now[d].value;
    }
    if (value >= 0)
      fixed.emplace_back(program.symbols[s].name, value);
  }
  return fixed;
}

} // namespace wick::format
