// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Schedule.h. One walk over the function: kernels become calls, reshapes
// become names for the same buffer, control flow becomes jumps. Arena buffers
// whose size needs a run-time value belong to a later segment, which a Plan
// instruction places once the value is known.
//
#include "compiler/schedule/ScheduleBuilder.h"

using namespace mlir;

namespace wick::compiler {

Schedule buildSchedule(ModuleOp module) {
  Schedule out;
  ScheduleBuilder builder(module, out);
  builder.run(*module.getOps<func::FuncOp>().begin());
  return out;
}

} // namespace wick::compiler
