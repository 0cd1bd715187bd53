// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Picks the strategy of a kernel by its attribute.
//
#include "passes/cpu/KernelFrame.h"

#include "passes/cpu/GroupEmitter.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::cpu {

static StringRef strategyOf(func::FuncOp kernel) {
  auto a = kernel->getAttrOfType<StringAttr>("wick.strategy");
  return a ? a.getValue() : "loops";
}

KernelPlan planKernel(func::FuncOp kernel) {
  StringRef s = strategyOf(kernel);
  if (s == "row")
    return planRows(kernel);
  if (s == "contract")
    return planContraction(kernel);
  return planLoops(kernel);
}

FailureOr<Value> emitKernel(func::FuncOp kernel, KernelFrame &frame, std::string &error) {
  GroupEmitter g(kernel, frame);
  StringRef s = strategyOf(kernel);
  LogicalResult ok = s == "row"        ? emitRows(g, error)
                     : s == "contract" ? emitContraction(g, error)
                                       : emitLoops(g, error);
  if (failed(ok))
    return failure();
  return g.status();
}

} // namespace wick::cpu
