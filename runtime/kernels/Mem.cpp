// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// memcpy, memmove and memset for code images, which import nothing. LLVM's
// code generator may call these names for any copy, so they must exist, and
// this file is compiled with no-builtin so that its loops do not turn into
// calls to themselves. In the natively compiled tests they are named wick_*.
//
#include <cstddef>
#include <cstdint>

#ifdef WICK_NATIVE_TEST
#define WICK_MEM_NAME(name) wick_##name
#else
#define WICK_MEM_NAME(name) name
#endif

// The code generator's calls are not visible in IR: `used` keeps these through
// a link of only what is needed and through internalization.
#define WICK_KEEP __attribute__((used))

namespace {
typedef uint64_t __attribute__((vector_size(32), aligned(1), may_alias)) Block;
typedef uint64_t __attribute__((aligned(1), may_alias)) Word;
} // namespace

extern "C" WICK_KEEP void *WICK_MEM_NAME(memmove)(void *to, const void *from, size_t n) {
  char *d = static_cast<char *>(to);
  const char *s = static_cast<const char *>(from);
  if (d == s || n == 0)
    return to;
  // Forward is right whenever the destination does not begin inside the source.
  if (uintptr_t(d) - uintptr_t(s) >= n) {
    while (n >= 128) {
      Block a = *(const Block *)s, b = *(const Block *)(s + 32);
      Block c = *(const Block *)(s + 64), e = *(const Block *)(s + 96);
      *(Block *)d = a, *(Block *)(d + 32) = b;
      *(Block *)(d + 64) = c, *(Block *)(d + 96) = e;
      d += 128, s += 128, n -= 128;
    }
    for (; n >= 32; d += 32, s += 32, n -= 32)
      *(Block *)d = *(const Block *)s;
    for (; n >= 8; d += 8, s += 8, n -= 8)
      *(Word *)d = *(const Word *)s;
    for (; n; --n)
      *d++ = *s++;
    return to;
  }
  d += n, s += n;
  for (; n >= 32; n -= 32) {
    d -= 32, s -= 32;
    Block a = *(const Block *)s;
    *(Block *)d = a;
  }
  for (; n >= 8; n -= 8) {
    d -= 8, s -= 8;
    uint64_t a = *(const Word *)s;
    *(Word *)d = a;
  }
  for (; n; --n)
    *--d = *--s;
  return to;
}

extern "C" WICK_KEEP void *WICK_MEM_NAME(memcpy)(void *to, const void *from, size_t n) {
  return WICK_MEM_NAME(memmove)(to, from, n);
}

extern "C" WICK_KEEP void *WICK_MEM_NAME(memset)(void *to, int value, size_t n) {
  unsigned char *d = static_cast<unsigned char *>(to);
  uint64_t word = 0x0101010101010101ull * (unsigned char)value;
  Block block = {word, word, word, word};
  for (; n >= 128; d += 128, n -= 128)
    *(Block *)d = block, *(Block *)(d + 32) = block, *(Block *)(d + 64) = block, *(Block *)(d + 96) = block;
  for (; n >= 32; d += 32, n -= 32)
    *(Block *)d = block;
  for (; n >= 8; d += 8, n -= 8)
    *(Word *)d = word;
  for (; n; --n)
    *d++ = (unsigned char)value;
  return to;
}
