// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CRC-32C and CRC-32. Both are reflected; the tables are built at compile time.
// Hardware CRC-32C is used when the CPU has SSE4.2, so the result never depends
// on it.
//
#include "runtime/format/Checksum.h"

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace wick::format {

namespace {
/// table[k][b]: the CRC of byte b followed by k zero bytes.
struct CrcTables {
  uint32_t table[8][256];
};
} // namespace

static constexpr CrcTables makeTables(uint32_t polynomial) {
  CrcTables t{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) ? polynomial : 0);
    t.table[0][b] = crc;
  }
  for (uint32_t b = 0; b < 256; ++b)
    for (int k = 1; k < 8; ++k)
      t.table[k][b] = (t.table[k - 1][b] >> 8) ^ t.table[0][t.table[k - 1][b] & 0xff];
  return t;
}

static constexpr CrcTables kCastagnoli = makeTables(0x82f63b78u);
static constexpr CrcTables kIeee = makeTables(0xedb88320u);

static uint32_t updateByTable(const CrcTables &t, uint32_t crc, const uint8_t *p, size_t size) {
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    word ^= crc;
    crc = t.table[7][word & 0xff] ^ t.table[6][(word >> 8) & 0xff] ^ t.table[5][(word >> 16) & 0xff] ^
          t.table[4][(word >> 24) & 0xff] ^ t.table[3][(word >> 32) & 0xff] ^ t.table[2][(word >> 40) & 0xff] ^
          t.table[1][(word >> 48) & 0xff] ^ t.table[0][word >> 56];
  }
  for (; size; ++p, --size)
    crc = (crc >> 8) ^ t.table[0][(crc ^ *p) & 0xff];
  return crc;
}

#if defined(__x86_64__)
static bool hasCrcInstruction() {
  uint32_t a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2);
}

__attribute__((target("sse4.2"))) static uint32_t updateByInstruction(uint32_t crc, const uint8_t *p, size_t size) {
  uint64_t wide = crc;
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; size; ++p, --size)
    crc = __builtin_ia32_crc32qi(crc, *p);
  return crc;
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t size) {
  const uint8_t *p = static_cast<const uint8_t *>(data);
#if defined(__x86_64__)
  if (hasCrcInstruction())
    return ~updateByInstruction(~crc, p, size);
#endif
  return ~updateByTable(kCastagnoli, ~crc, p, size);
}

uint32_t crc32(uint32_t crc, const void *data, size_t size) {
  return ~updateByTable(kIeee, ~crc, static_cast<const uint8_t *>(data), size);
}

} // namespace wick::format
