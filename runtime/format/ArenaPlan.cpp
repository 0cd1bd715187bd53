// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arena planner; see the header for the contract.
//
#include "runtime/format/ArenaPlan.h"

#include <algorithm>

namespace wick::format {

static constexpr uint64_t kMaxArena = uint64_t(1) << 62;

static uint64_t rounded(uint64_t size) { return (size + kArenaAlign - 1) / kArenaAlign * kArenaAlign; }

static bool liveTogether(const ArenaItem &a, const ArenaItem &b) { return a.first <= b.last && b.first <= a.last; }

/// The start of the smallest gap that takes `item` among `placed`, which is
/// sorted by offset.
static uint64_t findGap(std::span<const ArenaItem> items, std::span<const uint32_t> placed, const ArenaItem &item) {
  uint64_t need = rounded(item.size), cursor = 0;
  uint64_t best = kMaxArena, bestGap = kMaxArena;
  for (uint32_t index : placed) {
    const ArenaItem &other = items[index];
    if (!liveTogether(item, other))
      continue;
    if (other.offset >= cursor && other.offset - cursor >= need && other.offset - cursor < bestGap) {
      best = cursor;
      bestGap = other.offset - cursor;
    }
    cursor = std::max(cursor, other.offset + rounded(other.size));
  }
  return best == kMaxArena ? cursor : best;
}

bool planArena(std::span<ArenaItem> items, std::span<uint32_t> order, uint64_t &total) {
  size_t n = items.size();
  if (order.size() / 2 < n)
    return false;
  std::span<uint32_t> placed = order.first(n), todo = order.subspan(n, n);
  size_t numPlaced = 0, numTodo = 0;
  total = 0;
  auto byOffset = [&](uint32_t a, uint32_t b) {
    return items[a].offset != items[b].offset ? items[a].offset < items[b].offset : a < b;
  };
  for (size_t i = 0; i < n; ++i) {
    ArenaItem &item = items[i];
    if (item.size >= kMaxArena || (item.fixed && item.offset >= kMaxArena))
      return false;
    if (item.size == 0) {
      if (!item.fixed)
        item.offset = 0;
      continue;
    }
    if (!item.fixed) {
      todo[numTodo++] = static_cast<uint32_t>(i);
      continue;
    }
    placed[numPlaced++] = static_cast<uint32_t>(i);
    total = std::max(total, item.offset + rounded(item.size));
  }
  std::sort(placed.begin(), placed.begin() + numPlaced, byOffset);
  std::sort(todo.begin(), todo.begin() + numTodo, [&](uint32_t a, uint32_t b) {
    if (items[a].size != items[b].size)
      return items[a].size > items[b].size;
    return items[a].first != items[b].first ? items[a].first < items[b].first : a < b;
  });
  for (uint32_t index : todo.first(numTodo)) {
    ArenaItem &item = items[index];
    item.offset = findGap(items, placed.first(numPlaced), item);
    uint64_t end = item.offset + rounded(item.size);
    if (end >= kMaxArena)
      return false;
    total = std::max(total, end);
    auto where = std::upper_bound(placed.begin(), placed.begin() + numPlaced, index, byOffset);
    std::move_backward(where, placed.begin() + numPlaced, placed.begin() + numPlaced + 1);
    *where = index;
    ++numPlaced;
  }
  return true;
}

} // namespace wick::format
