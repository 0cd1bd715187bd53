// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What frontends share beside ops: constants that all of a function may use, and the
// ends of branches. Not thread-safe, as the builder.
//
#ifndef WICK_COMPILER_FRONTEND_STRUCTURE_H
#define WICK_COMPILER_FRONTEND_STRUCTURE_H

#include "compiler/frontend/GraphBuilder.h"

namespace wick::compiler {

/// Constants at the start of a function, in the order in which they were asked for, wherever the builder is: regions
/// that are taken back or thrown away do not hold them.
struct EntryConstants {
  mlir::Operation *last = nullptr; ///< the latest; one from before takes back what came after (its ops are erased)

  /// GraphBuilder::constant with `loc` as its location.
  mlir::Value make(GraphBuilder &g, mlir::Block *entry, mlir::Location loc, mlir::Type elem,
                   llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<char> bytes, std::shared_ptr<const void> owner,
                   llvm::StringRef name);
};

/// Whether `e` depends on a symbol that the run binds and that was made since there were `first` symbols.
bool usesSince(GraphBuilder &g, mlir::AffineExpr e, size_t first);

/// An if of `types` with the regions of `op`, which it replaces: results are fixed when an op is made. `dims` has
/// (result, dim, symbol) for each dim that the op binds. The builder stands behind it then.
mlir::Operation *withResults(GraphBuilder &g, graph::IfOp op, mlir::TypeRange types, llvm::ArrayRef<int64_t> dims = {});

/// The same with the types worked out of what both regions yield. Dims that both share stay; those that differ, or that
/// only a branch knows, become symbols that the op binds. `first` is the number of symbols before the branches were
/// built. Null when the results differ in number, rank or element type.
mlir::Operation *unifyBranches(GraphBuilder &g, graph::IfOp op, size_t first);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_STRUCTURE_H
