// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Minimum cuts of small random graphs against trying all assignments.
//
#include "passes/graph/MinCut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using wick::graph::MinCut;

namespace {

struct Edge {
  unsigned tail, head;
  int64_t capacity;
};

int64_t costOf(const std::vector<Edge> &edges, const std::vector<bool> &yes) {
  int64_t cost = 0;
  for (const Edge &e : edges)
    if (yes[e.tail] && !yes[e.head])
      cost += e.capacity;
  return cost;
}

TEST(MinCut, FindsTheCheapestAssignment) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    unsigned inner = 1 + random() % 7, nodes = inner + 2;
    MinCut cut;
    for (unsigned i = 0; i < inner; ++i)
      EXPECT_EQ(cut.addNode(), i + 2);
    std::vector<Edge> edges;
    for (unsigned k = 0; k < 3 * nodes; ++k) {
      Edge e{unsigned(random() % nodes), unsigned(random() % nodes), int64_t(random() % 9)};
      edges.push_back(e);
      cut.addEdge(e.tail, e.head, e.capacity);
    }
    std::vector<bool> best = cut.solve();
    EXPECT_TRUE(best[MinCut::Yes]);
    EXPECT_FALSE(best[MinCut::No]);
    int64_t least = MinCut::Infinite;
    size_t mostYes = 0;
    for (unsigned bits = 0; bits < 1u << inner; ++bits) {
      std::vector<bool> yes(nodes);
      yes[MinCut::Yes] = true;
      for (unsigned i = 0; i < inner; ++i)
        yes[i + 2] = bits >> i & 1;
      int64_t cost = costOf(edges, yes);
      size_t count = std::count(yes.begin(), yes.end(), true);
      if (cost < least || (cost == least && count > mostYes))
        least = cost, mostYes = count;
    }
    EXPECT_EQ(costOf(edges, best), least) << "round " << round;
    EXPECT_EQ(size_t(std::count(best.begin(), best.end(), true)), mostYes) << "round " << round;
  }
}

TEST(MinCut, LongChainsNeedNoRecursion) {
  MinCut cut;
  unsigned before = MinCut::Yes;
  for (int i = 0; i < 50000; ++i) {
    unsigned n = cut.addNode();
    cut.addEdge(before, n, i == 30000 ? 1 : 5);
    before = n;
  }
  cut.addEdge(before, MinCut::No, 5);
  auto yes = cut.solve();
  EXPECT_TRUE(yes[30001]);
  EXPECT_FALSE(yes[30002]);
}

} // namespace
