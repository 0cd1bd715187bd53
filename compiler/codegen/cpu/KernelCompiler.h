// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles many distinct kernels on several threads. Every worker owns an MLIR
// context and every kernel an LLVM context, so nothing is shared and the results, in
// the order of the jobs, do not depend on the number of threads.
//
#pragma once

#include "compiler/codegen/cpu/ObjectEmitter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <functional>
#include <string>

namespace wick::codegen {

/// One kernel for one slice: a module given as text or bytecode, or built by a
/// callback inside the worker (a module cannot cross contexts).
struct KernelJob {
  std::string name;                ///< for messages
  const CpuSlice *slice = nullptr; ///< must outlive the call
  std::string module;              ///< MLIR text or bytecode; used when `build` is empty
  std::function<mlir::OwningOpRef<mlir::ModuleOp>(mlir::MLIRContext &)> build;
};

struct KernelResult {
  llvm::SmallVector<char, 0> object; ///< empty on failure
  std::string error;                 ///< all diagnostics of a failed job
  std::string llvmIr, assembly;      ///< when asked for
};

struct CompileOptions {
  unsigned threads = 0;     ///< 0: as many as the machine has
  llvm::StringRef routines; ///< see EmitOptions
  bool keepLlvmIr = false, keepAssembly = false, verifyEach = false;
  /// Registers dialects beyond registerKernelDialects that `build` needs.
  std::function<void(mlir::DialectRegistry &)> registerDialects;
};

/// Runs all jobs; success if every one succeeded. `results[i]` belongs to `jobs[i]`.
mlir::LogicalResult compileKernels(llvm::ArrayRef<KernelJob> jobs, std::vector<KernelResult> &results,
                                   const CompileOptions &options = {});

} // namespace wick::codegen
