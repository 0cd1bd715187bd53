// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Package.h. Weights are laid out in order of first use at 64-byte
// alignment and streamed: each is derived when its bytes are due.
//
#include "compiler/package/Package.h"

#include "compiler/package/StaticValues.h"
#include "passes/cpu/WeightLayout.h"
#include "runtime/format/PackageWriter.h"

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

LogicalResult writeWick(PackageInput &in, const std::string &path, uint64_t &weightBytes, std::string &error) {
  format::Program &program = in.schedule.program;
  uint64_t end = 0;
  for (const WeightUse &use : in.schedule.weights) {
    format::Buffer &b = program.buffers[use.buffer];
    b.offset = (end + align - 1) / align * align;
    end = b.offset + b.size;
  }
  weightBytes = end;
  for (auto [k, kernel] : llvm::enumerate(program.kernels)) {
    kernel.entry.clear();
    for (const SliceCode &c : in.code)
      kernel.entry.push_back(c.entries[k]);
  }
  format::PackageSpec spec;
  spec.program = &program;
  spec.weights.size = end;
  spec.weights.produce = [&](const format::ByteSink &sink, std::string &why) {
    static const char zeros[align] = {};
    uint64_t at = 0;
    for (const WeightUse &use : in.schedule.weights) {
      const format::Buffer &b = program.buffers[use.buffer];
      if (b.offset > at && !sink(zeros, b.offset - at))
        return false;
      auto bytes = materialize(use, in.weights, why);
      if (failed(bytes))
        return false;
      if (bytes->bytes.size() != b.size) {
        why = "a weight has " + std::to_string(bytes->bytes.size()) + " bytes, its type says " + std::to_string(b.size);
        return false;
      }
      if (!sink(bytes->bytes.data(), b.size))
        return false;
      at = b.offset + b.size;
    }
    return true;
  };
  for (const SliceCode &c : in.code)
    spec.code.push_back(
        {c.slice, format::EntrySource::fromMemory({c.image.bytes.data(), c.image.bytes.size()}), c.like});
  if (!in.graph.empty())
    spec.extra.push_back({"graph.mlirbc", format::EntrySource::fromMemory(in.graph)});
  spec.manifestMembers = in.manifestMembers;
  return success(format::writePackage(path, spec, error));
}

} // namespace wick::compiler
