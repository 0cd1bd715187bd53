// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns lifetimes and sizes into offsets in one arena: greedy by size, each
// buffer into the smallest gap among the buffers that live at the same time.
// One implementation for compile time (static plans) and run time (once per new
// shape); no heap, deterministic, overflow-checked.
//
#pragma once

#include <cstdint>
#include <span>

namespace wick::format {

constexpr uint64_t kArenaAlign = 64; ///< alignment of every offset, in bytes

struct ArenaItem {
  uint64_t size = 0;   ///< bytes; 0 takes no room (offset 0)
  uint32_t first = 0;  ///< first and last instruction that touches it, inclusive;
  uint32_t last = 0;   ///< two items overlap in time if the ranges share an instruction
  uint64_t offset = 0; ///< result; given, a multiple of kArenaAlign, when `fixed`
  bool fixed = false;  ///< already placed: only an obstacle for the others
};

/// Places the items that are not fixed. `order` is working storage of at least
/// 2 * items.size() elements. Sets `total` to the bytes of the arena (the end of
/// the highest item, fixed ones included, a multiple of kArenaAlign).
/// Returns false when sizes overflow 2^62 bytes or `order` is too small.
[[nodiscard]] bool planArena(std::span<ArenaItem> items, std::span<uint32_t> order, uint64_t &total);

} // namespace wick::format
