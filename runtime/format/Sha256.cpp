// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SHA-256 (FIPS 180-4), with the SHA instructions where the CPU has them:
// weights of several GB are hashed while a package is written.
//
#include "runtime/format/Checksum.h"

#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace wick::format {

alignas(16) static constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t load32(const uint8_t *p) {
  return uint32_t(p[0]) << 24 | uint32_t(p[1]) << 16 | uint32_t(p[2]) << 8 | p[3];
}

static void compressGeneric(uint32_t state[8], const uint8_t *p, size_t blocks) {
  for (; blocks; --blocks, p += 64) {
    uint32_t w[64];
    for (int i = 0; i < 16; ++i)
      w[i] = load32(p + 4 * i);
    for (int i = 16; i < 64; ++i) {
      uint32_t x = w[i - 15], y = w[i - 2];
      uint32_t s0 = std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3);
      uint32_t s1 = std::rotr(y, 17) ^ std::rotr(y, 19) ^ (y >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t s[8];
    std::memcpy(s, state, sizeof(s));
    for (int i = 0; i < 64; ++i) {
      uint32_t e = s[4], a = s[0];
      uint32_t t1 = s[7] + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                    kRound[i] + w[i];
      uint32_t t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
      std::memmove(s + 1, s, 7 * sizeof(uint32_t));
      s[4] += t1;
      s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; ++i)
      state[i] += s[i];
  }
}

#if defined(__x86_64__)
static bool hasShaInstructions() {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3))
    return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
}

__attribute__((target("sha,sse4.1,ssse3"))) static void compressSha(uint32_t state[8], const uint8_t *p,
                                                                    size_t blocks) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
  // The instructions want the state as (A,B,E,F) and (C,D,G,H).
  __m128i lo = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
  __m128i hi = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
  __m128i s0 = _mm_alignr_epi8(lo, hi, 8);
  __m128i s1 = _mm_blend_epi16(hi, lo, 0xf0);
  for (; blocks; --blocks, p += 64) {
    __m128i m[4], old0 = s0, old1 = s1;
    for (int i = 0; i < 4; ++i)
      m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(p + 16 * i)), swap);
#pragma GCC unroll 16
    for (int g = 0; g < 16; ++g) {
      __m128i t = _mm_add_epi32(m[g & 3], _mm_load_si128((const __m128i *)(kRound + 4 * g)));
      s1 = _mm_sha256rnds2_epu32(s1, s0, t);
      s0 = _mm_sha256rnds2_epu32(s0, s1, _mm_shuffle_epi32(t, 0x0e));
      if (g < 12) {
        __m128i w = _mm_sha256msg1_epu32(m[g & 3], m[(g + 1) & 3]);
        w = _mm_add_epi32(w, _mm_alignr_epi8(m[(g + 3) & 3], m[(g + 2) & 3], 4));
        m[g & 3] = _mm_sha256msg2_epu32(w, m[(g + 3) & 3]);
      }
    }
    s0 = _mm_add_epi32(s0, old0);
    s1 = _mm_add_epi32(s1, old1);
  }
  lo = _mm_shuffle_epi32(s0, 0x1b);
  hi = _mm_shuffle_epi32(s1, 0xb1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(lo, hi, 0xf0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(hi, lo, 8));
}
#endif

static void compress(uint32_t state[8], const uint8_t *p, size_t blocks) {
#if defined(__x86_64__)
  if (hasShaInstructions())
    return compressSha(state, p, blocks);
#endif
  compressGeneric(state, p, blocks);
}

Sha256::Sha256()
    : state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Sha256::update(const void *data, size_t size) {
  const uint8_t *p = static_cast<const uint8_t *>(data);
  size_t used = total % 64;
  total += size;
  if (used) {
    size_t take = size < 64 - used ? size : 64 - used;
    std::memcpy(tail + used, p, take);
    p += take;
    size -= take;
    if (used + take < 64)
      return;
    compress(state, tail, 1);
  }
  compress(state, p, size / 64);
  if (size % 64)
    std::memcpy(tail, p + size / 64 * 64, size % 64);
}

Sha256::Digest Sha256::finish() {
  uint64_t bits = total * 8;
  uint8_t pad[72] = {0x80};
  size_t padSize = (total % 64 < 56 ? 56 : 120) - total % 64;
  for (int i = 0; i < 8; ++i)
    pad[padSize + i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
  update(pad, padSize + 8);
  Digest digest;
  for (int i = 0; i < 32; ++i)
    digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

Sha256::Digest Sha256::of(const void *data, size_t size) {
  Sha256 hash;
  hash.update(data, size);
  return hash.finish();
}

std::array<char, 64> toHex(const Sha256::Digest &digest) {
  std::array<char, 64> hex;
  for (int i = 0; i < 32; ++i) {
    hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

} // namespace wick::format
