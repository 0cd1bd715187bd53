// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine code for a program's distinct kernels: one object a kernel and slice,
// compiled in parallel, linked in the order of the kernels' names.
//
#pragma once

#include "compiler/codegen/cpu/CpuTarget.h"
#include "compiler/codegen/cpu/ImageLinker.h"
#include "compiler/schedule/KernelTable.h"

#include <functional>

namespace wick::compiler {

struct SliceCode {
  std::string slice;
  codegen::CodeImage image;
  int like = -1;                 ///< the earlier slice with equal image; its bytes are stored once
  std::vector<uint64_t> entries; ///< per kernel: offset in the image
};

/// Compiles `kernels` for every slice. `progress(done, total)` is called on the
/// calling thread between slices. Fails with `error` naming the kernel's sources.
llvm::LogicalResult compileKernelTable(llvm::ArrayRef<KernelEntry> kernels, llvm::ArrayRef<codegen::CpuSlice> slices,
                                       unsigned threads, std::vector<SliceCode> &out, std::string &error,
                                       const std::function<void(size_t, size_t)> &progress = {});

} // namespace wick::compiler
