// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which ops share a kernel. Grouping is one scan in reverse program order: an op
// joins the group of its users when all its users are in one group and its
// family fits that group's iteration space; otherwise it starts a group of its
// own. Since every use of a member lies inside its group, groups are convex and
// have one root, and no cycle can arise.
//
#pragma once

#include "dialects/graph/Graph.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

#include <string>

namespace wick::passes {

/// How a group's kernel will iterate.
enum class Strategy {
  Loops,    ///< every result element on its own
  Row,      ///< row by row, with values per row
  Contract, ///< one matmul or conv with an epilogue
};
llvm::StringRef strategyName(Strategy s);

struct Group {
  mlir::Operation *root = nullptr;              ///< the last op; its results leave the group
  llvm::SmallVector<mlir::Operation *> members; ///< program order, root included
  Strategy strategy = Strategy::Loops;
  llvm::SmallVector<mlir::AffineExpr> space; ///< iteration space (for Row: rows and row length)
  mlir::Operation *contraction = nullptr;
  bool hasReduce = false; ///< a reduction over the last dim inside the group
};

/// Ops evaluated when the package is written: everything that depends on
/// weights and constants alone, but for ops with `graph::unfoldedAttr`.
bool isStatic(mlir::Operation *op);
bool isStaticValue(mlir::Value v);

/// A scalar or splat constant, which kernels hold as a literal.
bool isLiteral(mlir::Value v);

/// Groups of one block in order of their roots. `why` receives, for each root,
/// what kept its operands' producers out (for remarks).
struct Grouping {
  llvm::SmallVector<Group> groups;
  llvm::DenseMap<mlir::Operation *, std::string> why;
};
/// `apart`: every op is a group of its own.
Grouping groupBlock(mlir::Block &block, bool apart = false);

} // namespace wick::passes
