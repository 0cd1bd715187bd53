// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The routine library: freestanding C++ of runtime/kernels compiled to LLVM bitcode
// when Wick is built and embedded as bytes. Passed to emitObject as
// EmitOptions::routines; compiled again for each slice, so its own target attributes
// are dropped. It must have no writable or address-holding globals and call nothing
// but itself, memcpy, memmove and memset.
//
// Functions that the math lowering may call, for T in {f32, f64} (C types float,
// double): T wick_m_<name>_T(T) for
//   sin cos tan asin acos atan sinh cosh asinh acosh atanh exp exp2 expm1 log log1p
//   log2 log10 tanh erf erfc cbrt
// and T wick_m_<name>_T(T, T) for
//   pow fmod atan2.
//
#pragma once

#include "llvm/ADT/StringRef.h"

namespace wick::codegen {

/// The embedded bitcode (static lifetime). Defined by the target that embeds it.
llvm::StringRef routineBitcode();

} // namespace wick::codegen
