// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program read in place from the bytes of program.bin. Nothing is copied or
// allocated. `parse` accepts a program only when every index, register, jump,
// string and range in it is valid, so that the session, which trusts a view,
// cannot be led outside its tables by any file.
//
#pragma once

#include "runtime/abi/PackageFormat.h"
#include "runtime/format/ErrorText.h"
#include "runtime/format/Program.h"

#include <span>
#include <string_view>

namespace wick::format {

/// Limits that a program keeps, so that a session's tables have a bounded size.
constexpr uint32_t kMaxRank = 32;
constexpr uint32_t kMaxOperands = 4096; ///< buffers, or arguments, of one Call
constexpr uint32_t kMaxRegs = 1u << 20; ///< of a program and its variants together
constexpr uint32_t kMaxSegments = 1u << 16;
constexpr uint32_t kMaxVariants = 64;

class ProgramView {
public:
  /// `bytes` must be 8-byte aligned and outlive the view. With `checkCrc` false
  /// the checksum is not looked at (fuzzing).
  [[nodiscard]] static bool parse(std::span<const uint8_t> bytes, ProgramView &view, ErrorText &error,
                                  bool checkCrc = true);

  const abi::ProgramHeader *header = nullptr;
  std::span<const char> chars;
  std::span<const abi::SymbolRecord> symbols;
  std::span<const abi::ValueRecord> inputs, outputs;
  std::span<const abi::DimRecord> dims;
  std::span<const abi::BufferRecord> buffers;
  std::span<const abi::KernelRecord> kernels;
  std::span<const uint64_t> kernelEntries;
  std::span<const abi::InstrRecord> instrs;
  std::span<const uint32_t> words;
  std::span<const int64_t> pool64;
  std::span<const abi::StringRecord> strings, nodes;
  std::span<const abi::SliceRecord> slices;
  std::span<const abi::BlobRecord> blobs;
  std::span<const abi::VariantRecord> variants;
  std::span<const uint64_t> variantWords;

  /// Terminated: `data()` is a C string.
  std::string_view text(abi::StringRecord s) const { return {chars.data() + s.offset, s.size}; }
  /// The source node's name, or "" for kNone.
  std::string_view nodeName(uint32_t node) const {
    return node < nodes.size() ? text(nodes[node]) : std::string_view();
  }
  std::span<const abi::DimRecord> dimsOf(const abi::ValueRecord &v) const { return dims.subspan(v.firstDim, v.rank); }
  uint64_t entryOf(uint32_t kernel, uint32_t slice) const {
    return kernelEntries[size_t(kernel) * slices.size() + slice];
  }
  /// The weights blob, or null.
  const abi::BlobRecord *weights() const;
  /// Variant `index` of a parsed view, with this view's slices and blobs (whose
  /// names are this view's text).
  ProgramView variant(size_t index) const;

private:
  [[nodiscard]] bool validate(ErrorText &error, bool isVariant) const;
  [[nodiscard]] static bool bind(std::span<const uint8_t> bytes, ProgramView &view, ErrorText &error, bool checkCrc);
  [[nodiscard]] bool bindVariant(size_t index, ProgramView &view, ErrorText &error) const;
  [[nodiscard]] bool validateVariants(ErrorText &error) const;
};

} // namespace wick::format
