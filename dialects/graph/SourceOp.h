// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which op of the source a location stands for. Frontends put "Op, opset N" as
// metadata below the node's name, where passes that fuse locations keep it.
//
#ifndef WICK_DIALECTS_GRAPH_SOURCEOP_H
#define WICK_DIALECTS_GRAPH_SOURCEOP_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

namespace wick::graph {

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

#endif // WICK_DIALECTS_GRAPH_SOURCEOP_H
