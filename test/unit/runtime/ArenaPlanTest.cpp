// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The planner's properties on random lifetimes, and its limits.
//
#include "runtime/format/ArenaPlan.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace wick::format;

static void checkPlan(const std::vector<ArenaItem> &items, uint64_t total) {
  for (size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].offset % kArenaAlign, 0u);
    EXPECT_LE(items[i].offset + items[i].size, total);
    for (size_t j = i + 1; j < items.size(); ++j) {
      const ArenaItem &a = items[i], &b = items[j];
      bool inTime = a.first <= b.last && b.first <= a.last;
      bool inSpace = a.offset < b.offset + b.size && b.offset < a.offset + a.size;
      EXPECT_FALSE(inTime && inSpace && a.size && b.size) << i << " and " << j;
    }
  }
}

static uint64_t livenessBound(const std::vector<ArenaItem> &items) {
  uint64_t bound = 0;
  for (const ArenaItem &at : items) {
    uint64_t live = 0;
    for (const ArenaItem &b : items)
      if (b.first <= at.first && at.first <= b.last)
        live += (b.size + kArenaAlign - 1) / kArenaAlign * kArenaAlign;
    bound = std::max(bound, live);
  }
  return bound;
}

TEST(ArenaPlan, RandomLifetimesNeverOverlapAndPackWell) {
  std::mt19937 random(7);
  double ratio = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<ArenaItem> items(round * 5);
    for (ArenaItem &item : items) {
      item.first = random() % 200;
      item.last = item.first + random() % 12;
      item.size = random() % 10 ? random() % 100000 : 0;
    }
    std::vector<uint32_t> order(items.size() * 2);
    uint64_t total;
    ASSERT_TRUE(planArena(items, order, total));
    checkPlan(items, total);
    if (uint64_t bound = livenessBound(items))
      ratio = std::max(ratio, double(total) / double(bound));
  }
  EXPECT_LT(ratio, 1.5);
}

TEST(ArenaPlan, FixedItemsStayAndAreAvoided) {
  std::vector<ArenaItem> items = {{100, 0, 10, 128, true}, {64, 5, 6, 0, false}, {200, 5, 20, 0, false}};
  std::vector<uint32_t> order(6);
  uint64_t total;
  ASSERT_TRUE(planArena(items, order, total));
  EXPECT_EQ(items[0].offset, 128u);
  EXPECT_EQ(items[1].offset, 0u) << "the gap below the fixed one fits";
  EXPECT_EQ(items[2].offset, 256u);
  checkPlan(items, total);
}

TEST(ArenaPlan, SameInputSamePlan) {
  std::vector<ArenaItem> a = {{10, 0, 1}, {10, 0, 1}, {10, 0, 1}}, b = a;
  std::vector<uint32_t> order(6);
  uint64_t total;
  ASSERT_TRUE(planArena(a, order, total) && planArena(b, order, total));
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(a[i].offset, b[i].offset);
  EXPECT_EQ(total, 192u);
}

TEST(ArenaPlan, OverflowAndSmallStorageAreRefused) {
  std::vector<ArenaItem> items = {{uint64_t(1) << 62, 0, 1}};
  std::vector<uint32_t> order(2);
  uint64_t total;
  EXPECT_FALSE(planArena(items, order, total));
  items = {{uint64_t(1) << 61, 0, 1}, {uint64_t(1) << 61, 0, 1}};
  EXPECT_FALSE(planArena(items, order, total)) << "storage for one item only";
  order.resize(4);
  EXPECT_FALSE(planArena(items, order, total)) << "the sum overflows";
}
