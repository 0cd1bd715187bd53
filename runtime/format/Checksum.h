// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checksums of a package: CRC-32C of what a load reads (hardware
// instruction where there is one), CRC-32 because zip has it, SHA-256 for
// `verify` and for the accept callback. No heap, no state between calls.
//
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace wick::format {

/// Continues a CRC-32C (Castagnoli); start with 0.
uint32_t crc32c(uint32_t crc, const void *data, size_t size);

/// Continues a CRC-32 (zip, IEEE); start with 0.
uint32_t crc32(uint32_t crc, const void *data, size_t size);

/// SHA-256 of the bytes given to `update`, in any pieces.
class Sha256 {
public:
  using Digest = std::array<uint8_t, 32>;

  Sha256();
  void update(const void *data, size_t size);
  Digest finish();

  static Digest of(const void *data, size_t size);

private:
  uint32_t state[8];
  uint64_t total = 0;
  uint8_t tail[64];
};

/// Lower-case hex of a digest: 64 characters, not terminated.
std::array<char, 64> toHex(const Sha256::Digest &digest);

} // namespace wick::format
