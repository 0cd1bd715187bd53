// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of CPU slices. One package carries code for several of them and the
// runtime picks at load. A slice is a fixed name, never "this machine": compiling
// the same model anywhere gives the same bytes, so nothing here may ask the host,
// except `hostSlice`, which is asked for by name, and `nativeSlice`, which is for
// tests and benchmarks.
//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace wick::codegen {

/// What code generation must know of one family of CPUs.
struct CpuSlice {
  std::string name;       ///< "x86-64-v4": the key in the package
  std::string cpu;        ///< LLVM's target-cpu
  std::string features;   ///< extra target-features, comma separated ("" = none)
  unsigned vectorBytes;   ///< 32 or 64: the widest register; also prefer-vector-width / 8
  unsigned minAlign = 64; ///< alignment of every buffer that is not the caller's, bytes
  bool hasVnni = false;   ///< vpdpbusd on `vectorBytes` registers
  bool hasBf16 = false;   ///< vdpbf16ps on `vectorBytes` registers

  bool isAvx512() const { return vectorBytes == 64; }
  unsigned numVectorRegs() const { return isAvx512() ? 32 : 16; }
  unsigned lanesF32() const { return vectorBytes / 4; }
};

/// Whether `slice` has over `weaker` only instructions for products of narrow integers and for bf16: code that
/// holds neither is the same for both.
bool differsForNarrowTypesOnly(const CpuSlice &slice, const CpuSlice &weaker);

/// All portable slices, weakest first: x86-64-v3, x86-64-v4, x86-64-v4+vnni+bf16.
llvm::ArrayRef<CpuSlice> cpuSlices();

/// The slice of that name, or null. Static lifetime.
const CpuSlice *findCpuSlice(llvm::StringRef name);

/// The last portable slice that this machine runs, or null. Static lifetime.
const CpuSlice *hostSlice();

/// A slice named "native" with exactly this machine's features. Never packaged.
CpuSlice nativeSlice();

} // namespace wick::codegen
