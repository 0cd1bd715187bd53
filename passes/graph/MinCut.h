// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Minimum cut of a directed graph (Dinic's algorithm): the cheapest assignment
// of yes and no to nodes, where an edge costs its capacity when its tail is yes
// and its head is no. Thousands of nodes take milliseconds.
//
#pragma once

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace wick::graph {

class MinCut {
public:
  /// Node that is yes, node that is no.
  static constexpr unsigned Yes = 0, No = 1;
  static constexpr int64_t Infinite = INT64_MAX / 4;

  unsigned addNode() {
    edgesOf.emplace_back();
    return edgesOf.size() - 1;
  }
  /// Costs `capacity` when `tail` is yes and `head` is no.
  void addEdge(unsigned tail, unsigned head, int64_t capacity);
  /// Fewest costs; among equals, as many nodes are yes as possible.
  std::vector<bool> solve();

private:
  struct Edge {
    unsigned to;
    int64_t left; ///< residual capacity; the reverse edge has index ^ 1
  };
  bool layer();
  int64_t push(unsigned node, int64_t limit);

  std::vector<Edge> edges;
  std::vector<llvm::SmallVector<unsigned, 4>> edgesOf{2};
  std::vector<unsigned> level, next;
};

} // namespace wick::graph
