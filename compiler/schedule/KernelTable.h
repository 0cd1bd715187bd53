// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The distinct kernels of a program. A wick.kernel becomes a function in
// canonical form (dims collapsed, symbols renumbered in order of appearance, no
// locations or names); kernels whose canonical text is equal are compiled once.
//
#pragma once

#include "compiler/support/Routines.h"
#include "dialects/graph/Graph.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace wick::compiler {

/// One distinct kernel.
struct KernelEntry {
  std::string name; ///< "k_" + 16 hex digits of the text's SHA-256
  std::string text; ///< canonical module; a routine's name
  std::string strategy;
  std::vector<std::string> sources; ///< of its first call, for `inspect`
  unsigned calls = 0;
};

/// What a call passes. Expressions are over the module's symbols.
struct KernelCall {
  unsigned kernel = 0;
  llvm::SmallVector<mlir::AffineExpr> args; ///< values of the kernel's symbols
  mlir::AffineExpr units, scratch;
  uint32_t cost = 0;
  /// Operands that the kernel reads packed (index of the operand, layout); they
  /// are weights, packed when the package is written.
  struct Packed {
    unsigned operand;
    std::string layout;
    int64_t bytes = -1; ///< size when packed
  };
  llvm::SmallVector<Packed> packed;
};

class KernelTable {
public:
  /// The call of a wick.kernel or wick.routine; fails with `error` set when no
  /// strategy can compile it.
  mlir::FailureOr<KernelCall> intern(mlir::Operation *op, std::string &error);

  const std::vector<KernelEntry> &kernels() const { return entries; }

private:
  unsigned add(const std::string &text, llvm::StringRef strategy, mlir::Operation *op);
  mlir::FailureOr<KernelCall> routine(graph::RoutineOp op, std::string &error);
  std::vector<KernelEntry> entries;
  llvm::StringMap<unsigned> byText;
};

} // namespace wick::compiler
