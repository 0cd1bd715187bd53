// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The routines of Routines.def and the functions of WickMath.h as one LLVM
// bitcode module, for the compiler to link into kernels. Functions carry no
// target attributes: give them those of the slice, then optimize. All defined
// symbols are external with default visibility; internalize after linking.
// Nothing is undefined. The library is CMake target WickRoutineBitcode.
//
#pragma once

#include <cstddef>

extern "C" {
extern const unsigned char wickRoutineBitcode[];
extern const size_t wickRoutineBitcodeSize;
}
