// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CPUID and XCR0. A register file counts only when the operating system saves
// it, which XCR0 tells.
//
#include "runtime/cpu/CpuFeatures.h"

#include <iterator>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace wick::runtime {

namespace {
enum Feature : uint64_t {
  Level2 = 1 << 0,
  Level3 = 1 << 1,
  Level4 = 1 << 2,
  Vnni = 1 << 3,
  Bf16 = 1 << 4,
  Fp16 = 1 << 5,
  AmxInt8 = 1 << 6,
  AmxBf16 = 1 << 7,
  AvxVnni = 1 << 8,
};

struct NamedFeature {
  std::string_view name;
  uint64_t features;
};

constexpr NamedFeature kBases[] = {
    {"x86-64-v2", Level2},
    {"x86-64-v3", Level2 | Level3},
    {"x86-64-v4", Level2 | Level3 | Level4},
};
constexpr NamedFeature kExtensions[] = {
    {"vnni", Vnni}, {"bf16", Bf16}, {"fp16", Fp16}, {"amx", AmxInt8 | AmxBf16}, {"avxvnni", AvxVnni},
};
} // namespace

static bool lookUp(const NamedFeature *table, size_t size, std::string_view name, uint64_t &features) {
  for (size_t i = 0; i < size; ++i)
    if (table[i].name == name) {
      features |= table[i].features;
      return true;
    }
  return false;
}

bool sliceFeatures(std::string_view name, uint64_t &features) {
  features = 0;
  size_t plus = name.find('+');
  if (!lookUp(kBases, std::size(kBases), name.substr(0, plus), features))
    return false;
  while (plus != name.npos) {
    name.remove_prefix(plus + 1);
    plus = name.find('+');
    if (!lookUp(kExtensions, std::size(kExtensions), name.substr(0, plus), features))
      return false;
  }
  return true;
}

#if defined(__x86_64__)
static uint64_t enabledState() {
  uint32_t lo, hi;
  __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return uint64_t(hi) << 32 | lo;
}

static uint64_t queryCpu() {
  uint32_t a, b, c, d, a7, b7, c7, d7, ax = 0, ex = 0;
  uint64_t found = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  auto has = [](uint32_t reg, uint32_t bits) { return (reg & bits) == bits; };
  if (has(c, bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT | bit_CMPXCHG16B))
    found |= Level2;
  if (!has(c, bit_OSXSAVE | bit_AVX) || !__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7))
    return found;
  uint64_t state = enabledState();
  bool ymm = (state & 0x6) == 0x6, zmm = (state & 0xe6) == 0xe6, tiles = (state & 0x60000) == 0x60000;
  uint32_t extended[4] = {0, 0, 0, 0};
  __get_cpuid(0x80000001, &extended[0], &extended[1], &extended[2], &extended[3]);
  bool lzcnt = extended[2] & (1u << 5);
  if (ymm && lzcnt && has(c, bit_FMA | bit_F16C | bit_MOVBE) && has(b7, bit_AVX2 | bit_BMI | bit_BMI2))
    found |= Level3;
  // F, DQ, CD, BW, VL.
  if (zmm && has(b7, 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31))
    found |= Level4;
  uint32_t b71 = 0, d71 = 0;
  if (a7 >= 1)
    __get_cpuid_count(7, 1, &ax, &b71, &ex, &d71);
  if (zmm && (c7 & (1u << 11)))
    found |= Vnni;
  if (zmm && (ax & (1u << 5)))
    found |= Bf16;
  if (ymm && (ax & (1u << 4)))
    found |= AvxVnni;
  if (zmm && (d7 & (1u << 23)))
    found |= Fp16;
  // Using tiles also needs a permission that a host asks of the kernel.
  if (tiles && (d7 & (1u << 24)) && (d7 & (1u << 25)))
    found |= AmxInt8;
  if (tiles && (d7 & (1u << 24)) && (d7 & (1u << 22)))
    found |= AmxBf16;
  return found;
}
#else
static uint64_t queryCpu() { return 0; }
#endif

uint64_t cpuFeatures() { return queryCpu(); }

} // namespace wick::runtime
