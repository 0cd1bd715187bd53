// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From one MLIR module of kernels to one ELF object for one slice. The module may
// hold func.func / llvm.func with func, scf, cf, arith, math, vector, ub and llvm
// ops; pointers are !llvm.ptr, index math is i64. No memref, tensor or linalg.
//
// What holds of the object: position independent; every relocation of loaded
// sections is PC-relative; no writable data; undefined symbols only among
// memcpy/memmove/memset (emitSupportObject defines them). Anything else is an
// error here, with the symbol's name, never a surprise at link or load time.
//
// Math: f32 exp, log, log2, log1p, expm1, tanh, erf become polynomials (vectorizable,
// a few ulp; inf and nan right; exp flushes denormal results), rsqrt becomes
// 1/sqrt; f16 and bf16 compute in f32. Every other function, and all f64 ones,
// call `wick_m_<name>_f32|_f64` of the routine bitcode (names: RoutineBitcode.h).
//
#pragma once

#include "compiler/codegen/cpu/CpuTarget.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace wick::codegen {

struct EmitOptions {
  /// Bitcode with wick_m_* and other routines that kernels call by name; only what
  /// is reached is linked, then internalized. Empty: none.
  llvm::StringRef routines;
  std::string *llvmIr = nullptr;   ///< if set, receives the optimized LLVM IR
  std::string *assembly = nullptr; ///< if set, receives the assembly text
  bool verifyEach = false;         ///< MLIR verifier between passes
};

/// Registers every dialect a kernel module may use and their translations.
void registerKernelDialects(mlir::DialectRegistry &registry);

/// Lowers `kernels` in place to the LLVM dialect and compiles it; `object` receives
/// an ELF relocatable. Errors are diagnostics at the module's location. Safe to call
/// from several threads on modules of different contexts.
mlir::LogicalResult emitObject(mlir::ModuleOp kernels, const CpuSlice &slice, llvm::SmallVectorImpl<char> &object,
                               const EmitOptions &options = {});

/// The MLIR half of emitObject: math expansion and conversion to the LLVM dialect.
mlir::LogicalResult lowerToLLVMDialect(mlir::ModuleOp kernels, bool verifyEach = false);

/// memcpy, memmove and memset for a code image, which may call nothing outside it.
mlir::LogicalResult emitSupportObject(const CpuSlice &slice, llvm::SmallVectorImpl<char> &object, std::string &error);

} // namespace wick::codegen
