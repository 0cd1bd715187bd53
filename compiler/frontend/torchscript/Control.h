// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What control flow keeps of a branch or a loop's body. Private to this folder.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_CONTROL_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_CONTROL_H

#include "compiler/frontend/torchscript/Evaluator.h"

#include <cmath>

namespace wick::compiler::torchscript {

/// What one branch leaves behind.
struct Evaluator::Branch {
  mlir::Block *block = nullptr;
  bool raised = false;
  std::string message;
  Environment env; ///< of the names that either branch assigns
  std::vector<std::pair<Cell, Value>> cells;
  std::vector<std::pair<std::shared_ptr<torch::Storage>, mlir::Value>> storages;
  std::map<torch::TensorRef *, mlir::Value> reads; ///< tensors as the branch sees them at its end
};

/// A value that is made in the block, or in one within it.
inline bool isInside(mlir::Value v, mlir::Block *block) {
  mlir::Block *b = v ? v.getParentBlock() : nullptr;
  while (b && b != block)
    b = b->getParentOp() ? b->getParentOp()->getBlock() : nullptr;
  return b != nullptr;
}

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_CONTROL_H
