// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Canonical form of kernel functions, so that equal work has equal text.
//
#pragma once

#include "dialects/graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace wick::cpu {

/// Merges neighbouring dims that every value of the kernel treats alike, for
/// kernels made of elementwise ops and reductions (and one contraction's
/// epilogue): fewer, longer loops. Types change, meaning does not.
void collapseDims(mlir::func::FuncOp kernel);

/// Renumbers the symbols in types and attributes from 0 in order of appearance;
/// returns the caller's expression of each.
llvm::SmallVector<mlir::AffineExpr> renumberSymbols(mlir::func::FuncOp kernel);

/// Operands that the strategy wants packed: recorded as function attribute
/// `wick.packed`. Only operands for which `isStatic` holds qualify.
struct Packing {
  unsigned operand;
  std::string layout;
  int64_t bytes;
};
/// Weights of a product that `narrowType` names a type for, "i8", "f16" or "bf16", are packed in it (`wick.narrow`):
/// less memory to read.
llvm::SmallVector<Packing> choosePacking(mlir::func::FuncOp kernel, llvm::function_ref<bool(unsigned)> isStatic,
                                         llvm::function_ref<llvm::StringRef(unsigned)> narrowType);

/// Whether operand `i` of a kernel call is evaluated at package time.
bool isStaticOperand(mlir::Operation *call, unsigned i);
/// "i8", "f16" or "bf16" where it holds the numbers of a weight of that type as wider ones; else "".
llvm::StringRef narrowTypeOfOperand(mlir::Operation *call, unsigned i);

} // namespace wick::cpu
