// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calling convention between the runtime and the kernels in a code image.
// Kernels are pure: they read and write the buffers they are handed, allocate
// nothing, call nothing of the host and keep no state. Changing anything here
// changes the package's major version.
//
#pragma once

#include <cstdint>

namespace wick::abi {

/// Runs units [begin, end) of a kernel's range.
///   bufs     operands, then results, in the order of the kernel's signature;
///            dense row-major, 64-byte aligned unless they are the caller's
///   args     sizes, strides and scalars the kernel was compiled to take
///   worker   in [0, workers): selects nothing by itself, `scratch` is private
///   scratch  64-byte aligned, at least the declared bytes, undefined content
/// Returns 0, or a positive error code (KernelError) in the low 8 bits and the
/// operand number that caused it above them.
using KernelFn = int32_t (*)(void *const *bufs, const int64_t *args, int64_t begin, int64_t end, uint32_t worker,
                             void *scratch);

enum KernelError : int32_t {
  KernelOk = 0,
  KernelIndexOutOfRange = 1, ///< an index operand names an element that does not exist
  KernelDivideByZero = 2,    ///< integer division or modulo by zero
  KernelBadValue = 3,        ///< an operand's value is outside what the op defines
};

} // namespace wick::abi
