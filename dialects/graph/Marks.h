// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes that frontends put on ops of the graph beside those that the ops declare.
//
#ifndef WICK_DIALECTS_GRAPH_MARKS_H
#define WICK_DIALECTS_GRAPH_MARKS_H

namespace wick::graph {

/// Unit attribute: the op stays in the program though its operands are constants, because
/// its result takes more room than they do.
inline constexpr char unfoldedAttr[] = "wick.unfolded";

} // namespace wick::graph

#endif // WICK_DIALECTS_GRAPH_MARKS_H
