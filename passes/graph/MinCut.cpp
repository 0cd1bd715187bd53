// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dinic's algorithm: breadth-first layers, then blocking flows along them.
//
#include "passes/graph/MinCut.h"

#include <algorithm>

namespace wick::graph {

void MinCut::addEdge(unsigned tail, unsigned head, int64_t capacity) {
  if (tail == head || capacity <= 0)
    return;
  edgesOf[tail].push_back(edges.size());
  edges.push_back({head, capacity});
  edgesOf[head].push_back(edges.size());
  edges.push_back({tail, 0});
}

bool MinCut::layer() {
  level.assign(edgesOf.size(), 0);
  level[Yes] = 1;
  std::vector<unsigned> queue{Yes};
  for (size_t i = 0; i < queue.size(); ++i)
    for (unsigned e : edgesOf[queue[i]])
      if (edges[e].left > 0 && !level[edges[e].to]) {
        level[edges[e].to] = level[queue[i]] + 1;
        queue.push_back(edges[e].to);
      }
  return level[No] != 0;
}

/// Pushes flow along layered paths. An explicit stack: graphs are as deep as
/// models, too deep for recursion.
int64_t MinCut::push(unsigned source, int64_t limit) {
  std::vector<unsigned> path; // edges
  unsigned at = source;
  while (true) {
    if (at == No) {
      int64_t flow = limit;
      for (unsigned e : path)
        flow = std::min(flow, edges[e].left);
      for (unsigned e : path) {
        edges[e].left -= flow;
        edges[e ^ 1].left += flow;
      }
      return flow;
    }
    bool moved = false;
    for (unsigned &k = next[at]; k < edgesOf[at].size(); ++k) {
      const Edge &e = edges[edgesOf[at][k]];
      if (e.left > 0 && level[e.to] == level[at] + 1) {
        path.push_back(edgesOf[at][k]);
        at = e.to;
        moved = true;
        break;
      }
    }
    if (moved)
      continue;
    if (path.empty())
      return 0;
    at = edges[path.back() ^ 1].to;
    path.pop_back();
    ++next[at];
  }
}

std::vector<bool> MinCut::solve() {
  while (layer()) {
    next.assign(edgesOf.size(), 0);
    while (push(Yes, Infinite) > 0)
      ;
  }
  // No is what still reaches the sink; the rest is yes.
  std::vector<bool> yes(edgesOf.size(), true);
  yes[No] = false;
  std::vector<unsigned> queue{No};
  for (size_t i = 0; i < queue.size(); ++i)
    for (unsigned e : edgesOf[queue[i]])
      if (edges[e ^ 1].left > 0 && yes[edges[e].to]) {
        yes[edges[e].to] = false;
        queue.push_back(edges[e].to);
      }
  return yes;
}

} // namespace wick::graph
