// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The routines of Routines.def and the functions of WickMath.h as one LLVM
// bitcode module, for the compiler to link into kernels. Functions carry no
// target attributes: give them those of the slice, then optimize. All defined
// symbols are external with default visibility; internalize after linking.
// Nothing is undefined. llvm.compiler.used keeps memcpy, memmove and memset,
// which the code generator calls unseen: link (only-needed is fine), give them
// the attributes too, internalize after. Do not raise the target's FP fusion
// above Standard: the math functions need their exact error terms. The
// library is CMake target WickRoutineBitcode.
//
#pragma once

#include <cstddef>

extern "C" {
extern const unsigned char wickRoutineBitcode[];
extern const size_t wickRoutineBitcodeSize;
}
