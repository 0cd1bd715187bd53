// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes of static values: weights, constants and ops on them ("derived
// weights"), evaluated when the package is written. A weight that is used as it
// is in the model file is passed through without a copy.
//
#pragma once

#include "compiler/support/WeightStore.h"
#include "dialects/graph/Graph.h"

#include <memory>

namespace wick::compiler {

struct StaticBytes {
  llvm::ArrayRef<char> bytes;
  std::shared_ptr<const void> owner; ///< null: the weight store or the IR owns them
};

/// Evaluates `value`, which must be static. Fails with `error` set.
mlir::FailureOr<StaticBytes> evaluateStatic(mlir::Value value, const WeightStore &weights, std::string &error);

} // namespace wick::compiler
