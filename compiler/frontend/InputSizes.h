// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What users say of sizes on the command line, the same for all frontends: --dim
// and --shape.
//
#ifndef WICK_COMPILER_FRONTEND_INPUTSIZES_H
#define WICK_COMPILER_FRONTEND_INPUTSIZES_H

#include "compiler/frontend/GraphBuilder.h"

namespace wick::compiler {

/// Bounds of a dim, inclusive.
using DimRange = std::pair<int64_t, int64_t>;

/// The value of `--dim name=text`: "8" or "1..64". False, with `error` for the user, when it is neither.
bool parseDim(llvm::StringRef name, llvm::StringRef text, DimRange &range, std::string &error);

/// The value of `--shape input=text`, sizes with 'x' between them: a number, a name for a dim, or "?", which keeps
/// the declared dim or names it after the input. `dims` holds the declared ones when `hasRank`; then their number must
/// be that of the sizes, else `error` is set and the result false.
bool applyShape(GraphBuilder &g, llvm::StringRef input, llvm::StringRef text, bool hasRank,
                llvm::function_ref<mlir::AffineExpr(llvm::StringRef)> namedDim, Exprs &dims, std::string &error);

/// The sizes in the value of --shape; none for a scalar.
llvm::SmallVector<llvm::StringRef> splitSizes(llvm::StringRef text);

/// Says that --shape names what is no input, and the inputs that there are.
std::string noSuchInput(llvm::StringRef given, llvm::ArrayRef<std::string> inputs);

/// Says that --shape gives another number of dims than the input has.
std::string otherRank(llvm::StringRef input, size_t given, size_t rank);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_INPUTSIZES_H
