// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes of exported programs: expressions of sympy in the form of its srepr, such
// as Mul(Integer(8), Symbol('s27', positive=True, integer=True)).
//
#ifndef WICK_COMPILER_FRONTEND_EXPORT_SYMEXPR_H
#define WICK_COMPILER_FRONTEND_EXPORT_SYMEXPR_H

#include "compiler/frontend/GraphBuilder.h"

#include <functional>

namespace wick::compiler {

/// Reads an expression; `symbol` gives what a name stands for (null: unknown). Null,
/// with `error` set, when the text is malformed or has a function that is not known.
mlir::AffineExpr parseSymExpr(GraphBuilder &g, llvm::StringRef text,
                              const std::function<mlir::AffineExpr(llvm::StringRef)> &symbol, std::string &error);

/// The name when the text is a single symbol, else empty.
llvm::StringRef symbolName(llvm::StringRef text);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_EXPORT_SYMEXPR_H
