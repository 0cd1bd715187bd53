// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wraps a kernel body in the calling convention of runtime/abi/KernelAbi.h:
//
//   i32 @name(ptr bufs, ptr args, i64 begin, i64 end, i32 worker, ptr scratch)
//     loads every buffer pointer and argument, calls
//   i32 @name.body(ptr buf0 noalias, ..., i64 arg0, ..., i64 begin, i64 end, i32 worker, ptr scratch)
//
// The body is a function of its own and stays one: noalias on parameters is what lets
// LLVM vectorize it, and inlining would weaken that to metadata.
//
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace wick::codegen {

/// One entry of `bufs`, in the kernel's order (operands, then results).
struct KernelBuffer {
  /// False when another buffer of the call may overlap it (in-place results and the
  /// operand they share memory with). Two operands that are only read may always be
  /// noalias, even when they are the same memory.
  bool noalias = true;
  /// The body never writes it.
  bool readOnly = false;
  /// Known alignment in bytes: 64 for arena and weights, the element's size for what
  /// may be the caller's, 1 when nothing is known.
  unsigned align = 1;
};

struct KernelSignature {
  llvm::StringRef name;
  llvm::ArrayRef<KernelBuffer> buffers;
  unsigned numArgs = 0; ///< i64 entries of `args`
};

/// The parameters of the body. Pointers are !llvm.ptr, numbers i64, `worker` i32.
struct KernelValues {
  llvm::SmallVector<mlir::Value> buffers;
  llvm::SmallVector<mlir::Value> args;
  mlir::Value begin, end; ///< the units to run: [begin, end)
  mlir::Value worker;
  mlir::Value scratch; ///< private to the worker, 64-byte aligned, noalias
};

/// Emits the body at the builder's position. Returns the i32 status, or null for 0.
/// It may leave the builder in another block of the same function.
using KernelBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, const KernelValues &)>;

/// Appends both functions to `module` and returns the body function. Loads the
/// dialects it needs; the context must not be in a multi-threaded section.
mlir::func::FuncOp buildKernel(mlir::ModuleOp module, const KernelSignature &signature, KernelBody body);

} // namespace wick::codegen
