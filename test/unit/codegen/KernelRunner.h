// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles one module for one slice, maps the image and finds kernels in it: what
// unit tests and the kernel benchmark need to run generated code without a package.
//
#pragma once

#include "compiler/codegen/cpu/CpuTarget.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/abi/KernelAbi.h"
#include <functional>
#include <string>
#include <vector>

namespace wick::testing {

class KernelRunner {
public:
  using Build = std::function<mlir::OwningOpRef<mlir::ModuleOp>(mlir::MLIRContext &)>;

  KernelRunner() = default;
  KernelRunner(const KernelRunner &) = delete;
  ~KernelRunner();

  /// Compiles and maps; returns "" or the error. `assembly` may receive the code.
  std::string load(const Build &build, const codegen::CpuSlice &slice, std::string *assembly = nullptr);
  std::string load(const std::string &text, const codegen::CpuSlice &slice);
  /// Runs all of [begin, end) on this thread with `scratchBytes` of aligned scratch.
  int32_t run(const std::string &name, const std::vector<void *> &buffers, const std::vector<int64_t> &args,
              int64_t begin, int64_t end, size_t scratchBytes = 0);
  abi::KernelFn find(const std::string &name) const;

  std::string routines; ///< bitcode linked into what `load` compiles

private:
  std::string loadJob(struct Source source, const codegen::CpuSlice &slice, std::string *assembly);
  void *base = nullptr;
  size_t size = 0;
  std::vector<std::pair<std::string, uint64_t>> symbols;
};

/// True when this machine can run code of the slice.
bool canRun(const codegen::CpuSlice &slice);

} // namespace wick::testing
