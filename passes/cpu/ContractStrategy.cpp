// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strategy contract: one matmul or convolution with an elementwise epilogue.
//
#include "passes/cpu/GroupEmitter.h"

using namespace mlir;

namespace wick::cpu {

LogicalResult emitContraction(GroupEmitter &g, std::string &error) { return emitLoops(g, error); }
KernelPlan planContraction(func::FuncOp kernel) { return planLoops(kernel); }

} // namespace wick::cpu
