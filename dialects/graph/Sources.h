// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a location says of the source: frontends name each op after its node, with
// "Op, opset N" as metadata below the name; passes that fuse locations keep both.
//
#ifndef WICK_DIALECTS_GRAPH_SOURCES_H
#define WICK_DIALECTS_GRAPH_SOURCES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/SetVector.h"

namespace wick::graph {

using SourceNames = llvm::SmallSetVector<mlir::StringAttr, 4>;

/// Adds the names of the source nodes on a location, in order.
inline void collectSourceNames(mlir::Location loc, SourceNames &names) {
  if (auto named = mlir::dyn_cast<mlir::NameLoc>(loc))
    names.insert(named.getName());
  else if (auto fused = mlir::dyn_cast<mlir::FusedLoc>(loc))
    for (mlir::Location l : fused.getLocations())
      collectSourceNames(l, names);
}

/// The same joined by ", ", as messages and packages have them; "" when there are none.
inline std::string sourceNames(mlir::Location loc) {
  SourceNames names;
  collectSourceNames(loc, names);
  std::string text;
  for (mlir::StringAttr n : names)
    text += (text.empty() ? "" : ", ") + n.getValue().str();
  return text;
}

/// "Op, opset N" of the first node on the location; "" when there is none.
inline std::string sourceOpOf(mlir::Location loc) {
  if (auto named = mlir::dyn_cast<mlir::NameLoc>(loc))
    return sourceOpOf(named.getChildLoc());
  if (auto fused = mlir::dyn_cast<mlir::FusedLoc>(loc)) {
    if (auto text = mlir::dyn_cast_or_null<mlir::StringAttr>(fused.getMetadata()))
      return text.str();
    for (mlir::Location l : fused.getLocations())
      if (std::string text = sourceOpOf(l); !text.empty())
        return text;
  }
  return "";
}

} // namespace wick::graph

#endif // WICK_DIALECTS_GRAPH_SOURCES_H
