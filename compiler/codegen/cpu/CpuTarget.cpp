// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The slice table. `x86-64-v4` alone makes LLVM prefer 256-bit vectors, so the
// width is part of the slice and set on every function (ObjectEmitter.cpp).
//
#include "compiler/codegen/cpu/CpuTarget.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace llvm;

namespace wick::codegen {

/// What a slice for narrow integers and bf16 has over the one before it.
static constexpr char narrowFeatures[] = "+avx512vnni,+avx512bf16";

ArrayRef<CpuSlice> cpuSlices() {
  static const CpuSlice table[] = {
      {"x86-64-v3", "x86-64-v3", "", 32, 64, false, false},
      {"x86-64-v4", "x86-64-v4", "", 64, 64, false, false},
      {"x86-64-v4+vnni+bf16", "x86-64-v4", narrowFeatures, 64, 64, true, true},
  };
  return table;
}

bool differsForNarrowTypesOnly(const CpuSlice &slice, const CpuSlice &weaker) {
  return slice.cpu == weaker.cpu && slice.vectorBytes == weaker.vectorBytes && slice.minAlign == weaker.minAlign &&
         weaker.features.empty() && slice.features == narrowFeatures;
}

const CpuSlice *findCpuSlice(StringRef name) {
  for (const CpuSlice &slice : cpuSlices())
    if (slice.name == name)
      return &slice;
  return nullptr;
}

const CpuSlice *hostSlice() {
  StringMap<bool> host = sys::getHostCPUFeatures();
  const CpuSlice *best = nullptr;
  for (const CpuSlice &slice : cpuSlices()) {
    SmallVector<StringRef> needs;
    X86::getFeaturesForCPU(slice.cpu, needs);
    for (StringRef feature : split(slice.features, ','))
      if (feature.consume_front("+"))
        needs.push_back(feature);
    // Some features of every x86-64, such as x87, are not among those that LLVM asks the machine for.
    if (all_of(needs, [&](StringRef f) { return !host.count(f) || host.lookup(f); }))
      best = &slice;
  }
  return best;
}

CpuSlice nativeSlice() {
  StringMap<bool> host = sys::getHostCPUFeatures();
  SubtargetFeatures features;
  for (auto &entry : host)
    features.AddFeature(entry.first(), entry.second);
  auto has = [&](StringRef f) { return host.lookup(f); };
  bool avx512 = has("avx512f") && has("avx512bw") && has("avx512vl") && has("avx512dq");
  CpuSlice slice;
  slice.name = "native";
  slice.cpu = sys::getHostCPUName().str();
  slice.features = features.getString();
  slice.vectorBytes = avx512 ? 64 : 32;
  slice.hasVnni = avx512 && has("avx512vnni");
  slice.hasBf16 = avx512 && has("avx512bf16");
  return slice;
}

} // namespace wick::codegen
