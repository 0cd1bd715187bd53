// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a location says of the source: frontends name each op after its node and put the
// node's op below the name (a fused location whose metadata is a dictionary); passes that
// fuse locations keep both. The dictionary is written and read here alone.
//
#ifndef WICK_DIALECTS_GRAPH_SOURCES_H
#define WICK_DIALECTS_GRAPH_SOURCES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/SetVector.h"

namespace wick::graph {

/// The op of a source node.
struct SourceOp {
  std::string name;  ///< as the source has it: "Conv", "aten.relu.default"; "" when nothing is known
  int64_t opset = 0; ///< the version that the node is of; 0: the op has none
  std::string place; ///< the line of source that made it; "" when nothing is known

  /// "Conv, opset 17", "aten.relu.default, model.py:12"; "" when nothing is known.
  std::string text() const;
};

/// The location of what comes from node `node`, at `file` in the model's file.
mlir::Location sourceLocation(mlir::Location file, llvm::StringRef node, const SourceOp &op);

/// The op of the first node on the location.
SourceOp sourceOpOf(mlir::Location loc);

using SourceNames = llvm::SmallSetVector<mlir::StringAttr, 4>;

/// Adds the names of the source nodes on a location, in order.
void collectSourceNames(mlir::Location loc, SourceNames &names);

/// The same joined by ", ", as messages and packages have them; "" when there are none.
std::string sourceNames(mlir::Location loc);

} // namespace wick::graph

#endif // WICK_DIALECTS_GRAPH_SOURCES_H
