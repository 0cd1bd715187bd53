// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See WeightLayout.h.
//
#include "passes/cpu/WeightLayout.h"

namespace wick::cpu {

bool packWeight(llvm::StringRef layout, mlir::RankedTensorType, llvm::ArrayRef<char>, std::vector<char> &, std::string &error) {
  error = "unknown weight layout '" + layout.str() + "'";
  return false;
}

} // namespace wick::cpu
