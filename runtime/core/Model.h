// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An opened package: its mapping, the validated program, the chosen code slice
// and the address of every kernel. Immutable after `open`, so any number of
// threads and sessions share it; freed with its last reference.
//
#pragma once

#include "runtime/abi/KernelAbi.h"
#include "runtime/core/Allocator.h"
#include "runtime/core/Failure.h"
#include "runtime/cpu/CodeImage.h"
#include "runtime/format/PackageReader.h"

#include <atomic>

namespace wick::runtime {

/// The bytes of a package and who owns them.
class PackageBytes {
public:
  PackageBytes() = default;
  PackageBytes(const PackageBytes &) = delete;
  PackageBytes &operator=(const PackageBytes &) = delete;
  ~PackageBytes();

  wick_status open(const wick_source &source, const Failure &fail);

  std::span<const uint8_t> bytes;
  int fd = -1;             ///< open while the model loads; -1 for memory
  uint64_t fileOffset = 0; ///< of `bytes` in the file
  void closeFile();

private:
  wick_status mapFile(const wick_source &source, const Failure &fail);

  void *mapping = nullptr;
  size_t mappingSize = 0;
  bool ownsFile = false;
  wick_source memory{};
};

} // namespace wick::runtime

namespace wick::runtime {

/// The general program, or a variant of it for certain dims.
struct ModelProgram {
  format::ProgramView program;
  const abi::KernelFn *kernels = nullptr; ///< null when no code is mapped
};

} // namespace wick::runtime

/// The type behind the C handle.
struct wick_model {
  explicit wick_model(const wick::runtime::Allocator &allocator) : allocator(allocator) {}

  wick_status open(const wick_source &source, const wick_model_options &options, const wick::runtime::Failure &fail);

  wick::runtime::Allocator allocator;
  std::atomic<uint32_t> references{1};
  wick::runtime::PackageBytes package;
  wick::format::PackageReader reader;
  wick::format::ProgramView program;                          ///< the general one
  wick::runtime::Array<wick::runtime::ModelProgram> programs; ///< the general one, and its variants
  wick::runtime::CodeImage code;
  const uint8_t *weights = nullptr;     ///< 64-byte aligned
  uint32_t slice = wick::format::kNone; ///< index in program.slices
  bool runnable = false;                ///< opened with code

private:
  using Failure = wick::runtime::Failure;
  wick_status readProgram(const Failure &fail);
  bool needsCode() const;
  wick_status askAccept(const wick_model_options &options, const Failure &fail);
  wick_status chooseSlice(const wick_model_options &options, const Failure &fail);
  wick_status mapCode(const wick_model_options &options, const Failure &fail);
  wick_status placeWeights(const wick_model_options &options, const Failure &fail);

  wick::runtime::Array<wick::abi::KernelFn> kernels; ///< of all programs in a row
  wick::runtime::Array<uint64_t> programCopy;        ///< when the source is not aligned
  wick::runtime::Array<uint64_t> weightsCopy;
};
