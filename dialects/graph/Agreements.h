// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which sizes of an op's operands must agree for the op to mean anything. Type rules
// refuse what is certainly wrong; the rest is told here: frontends learn from it which
// dims have one name, and the schedule checks what only a run knows. It holds before
// and after layouts are chosen.
//
#ifndef WICK_DIALECTS_GRAPH_AGREEMENTS_H
#define WICK_DIALECTS_GRAPH_AGREEMENTS_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace wick::graph {

/// How a size is bound to another.
enum class SizeRule : unsigned {
  Equal,
  Broadcasts, ///< equal, or 1
  AtMost,
  AtLeast
};

struct SizeAgreement {
  static constexpr unsigned result = ~0u; ///< an "operand": result 0
  static constexpr unsigned whole = ~0u;  ///< a "dim": all elements

  unsigned operand, dim;
  unsigned other, otherDim;
  mlir::AffineExpr size, otherSize; ///< a factor of the op may be in them (groups)
  SizeRule rule;                    ///< of `size` to `otherSize`
};

/// Calls `fn` for each pair of sizes, with what is wrong when they do not agree.
void forEachAgreement(mlir::Operation *op, llvm::function_ref<void(const SizeAgreement &, const llvm::Twine &)> fn);

} // namespace wick::graph

#endif // WICK_DIALECTS_GRAPH_AGREEMENTS_H
