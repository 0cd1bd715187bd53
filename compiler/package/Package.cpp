// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Package.h. Weights are laid out in order of first use at 64-byte
// alignment and streamed: each is derived when its bytes are due.
//
#include "compiler/package/Package.h"

#include "compiler/package/StaticValues.h"
#include "passes/cpu/WeightLayout.h"
#include "runtime/format/Checksum.h"
#include "runtime/format/PackageWriter.h"

#include <map>

using namespace mlir;

namespace wick::compiler {

static constexpr uint64_t align = 64;

/// Bytes of one weight as the program wants them.
static FailureOr<StaticBytes> materialize(const WeightUse &use, const WeightStore &weights, std::string &error) {
  auto plain = evaluateStatic(use.value, weights, error);
  if (failed(plain) || use.layout.empty())
    return plain;
  auto owned = std::make_shared<std::vector<char>>();
  if (!cpu::packWeight(use.layout, cast<RankedTensorType>(use.value.getType()), plain->bytes, *owned, error))
    return failure();
  return StaticBytes{*owned, owned};
}

namespace {
/// Places the weights of all parts in one entry. With several parts, equal bytes
/// are stored once; a single program has no such uses worth deriving all twice.
class WeightEntry {
public:
  WeightEntry(std::vector<PackagePart> &parts) : parts(parts) {}
  bool place(std::string &error);
  bool produce(const format::ByteSink &sink, std::string &error) const;
  uint64_t size() const { return end; }

private:
  struct Stored {
    const PackagePart *part;
    const WeightUse *use;
    uint64_t offset, size;
  };
  using Content = std::pair<uint64_t, std::array<uint8_t, 32>>; ///< size and SHA-256

  std::vector<PackagePart> &parts;
  std::vector<Stored> stored; ///< by offset
  uint64_t end = 0;
};
} // namespace

static bool checkSize(const StaticBytes &bytes, uint64_t size, std::string &error) {
  if (bytes.bytes.size() == size)
    return true;
  error = "a weight has " + std::to_string(bytes.bytes.size()) + " bytes, its type says " + std::to_string(size);
  return false;
}

bool WeightEntry::place(std::string &error) {
  std::map<Content, uint64_t> placed;
  for (const PackagePart &part : parts)
    for (const WeightUse &use : part.schedule.weights) {
      format::Buffer &b = part.schedule.program.buffers[use.buffer];
      Content content{b.size, {}};
      if (parts.size() > 1) {
        auto bytes = materialize(use, part.weights, error);
        if (failed(bytes) || !checkSize(*bytes, b.size, error))
          return false;
        content.second = format::Sha256::of(bytes->bytes.data(), bytes->bytes.size());
        if (auto it = placed.find(content); it != placed.end()) {
          b.offset = it->second;
          continue;
        }
      }
      b.offset = (end + align - 1) / align * align;
      end = b.offset + b.size;
      if (parts.size() > 1)
        placed[content] = b.offset;
      stored.push_back({&part, &use, b.offset, b.size});
    }
  return true;
}

bool WeightEntry::produce(const format::ByteSink &sink, std::string &error) const {
  static const char zeros[align] = {};
  uint64_t at = 0;
  for (const Stored &s : stored) {
    if (s.offset > at && !sink(zeros, s.offset - at))
      return false;
    auto bytes = materialize(*s.use, s.part->weights, error);
    if (failed(bytes) || !checkSize(*bytes, s.size, error) || !sink(bytes->bytes.data(), s.size))
      return false;
    at = s.offset + s.size;
  }
  return true;
}

LogicalResult writeWick(PackageInput &in, const std::string &path, uint64_t &weightBytes, std::string &error) {
  WeightEntry weights(in.parts);
  if (!weights.place(error))
    return failure();
  weightBytes = weights.size();
  for (PackagePart &part : in.parts)
    for (auto [k, kernel] : llvm::enumerate(part.schedule.program.kernels)) {
      kernel.entry.clear();
      for (const SliceCode &c : in.code)
        kernel.entry.push_back(c.entries[part.kernels[k]]);
    }
  format::Program &program = in.parts[0].schedule.program;
  for (size_t k = 1; k < in.parts.size(); ++k)
    program.variants.push_back(in.parts[k].schedule.program);
  format::PackageSpec spec;
  spec.program = &program;
  spec.weights.size = weights.size();
  spec.weights.produce = [&](const format::ByteSink &sink, std::string &why) { return weights.produce(sink, why); };
  for (const SliceCode &c : in.code)
    spec.code.push_back(
        {c.slice, format::EntrySource::fromMemory({c.image.bytes.data(), c.image.bytes.size()}), c.like});
  if (!in.graph.empty())
    spec.extra.push_back({"graph.mlirbc", format::EntrySource::fromMemory(in.graph)});
  spec.manifestMembers = in.manifestMembers;
  return success(format::writePackage(path, spec, error));
}

} // namespace wick::compiler
