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

void ScheduleBuilder::checkBroadcasts(Operation *kernel) {
  bool everyRun = isa<func::FuncOp>(kernel->getParentOp());
  kernel->walk([&](graph::ScalarOpInterface scalar) {
    Operation *op = scalar;
    SmallVector<AffineExpr> out = graph::dimsOf(op->getResult(0).getType());
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      SmallVector<AffineExpr> in = graph::dimsOf(operand.getType());
      for (size_t d = 0; d < in.size() && in.size() <= out.size(); ++d) {
        AffineExpr size = in[d], result = out[out.size() - in.size() + d];
        if (isConstant(size, 1) || graph::provablyEqual(size, result) || checked.contains({size, result}))
          continue;
        if (auto s = dyn_cast<AffineSymbolExpr>(result);
            s && symbols[s.getPosition()].kind == SymbolInfo::Kind::Broadcast && symbols[s.getPosition()].lhs == size)
          continue; // it is this size, or this size is 1
        if (everyRun)
          checked.insert({size, result});
        fmt::Reg x = regs.expr(size), y = regs.expr(result), one = regs.constant(1), ok = regs.fresh(),
                 is = regs.fresh();
        regs.append({.op = fmt::Op::Eq, .a = ok, .b = x, .c = y});
        regs.append({.op = fmt::Op::Eq, .a = is, .b = x, .c = one});
        regs.append({.op = fmt::Op::Or, .a = ok, .b = ok, .c = is});
        std::string text =
            "dim " + std::to_string(d) + " of operand #" + std::to_string(i) + " must be 1 or that of the result";
        require(ok, told(op->getLoc(), text), op->getLoc(), x);
      }
    }
  });
}

Schedule buildSchedule(ModuleOp module) {
  Schedule out;
  ScheduleBuilder builder(module, out);
  builder.run(*module.getOps<func::FuncOp>().begin());
  return out;
}

} // namespace wick::compiler
