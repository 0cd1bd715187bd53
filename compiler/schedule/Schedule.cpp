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

void ScheduleBuilder::requireSize(AffineExpr size, AffineExpr other, SizeRule rule, Operation *op, bool everyRun,
                                  const Twine &what) {
  auto key = std::make_tuple(size, other, unsigned(rule));
  if (graph::provablyEqual(size, other) || (rule == SizeRule::Broadcasts && isConstant(size, 1)) ||
      checked.contains(key))
    return;
  if (everyRun)
    checked.insert(key);
  fmt::Reg x = regs.expr(size), y = regs.expr(other), ok = regs.fresh();
  if (rule == SizeRule::AtMost || rule == SizeRule::AtLeast) {
    bool isMost = rule == SizeRule::AtMost;
    fmt::Reg fails = regs.fresh();
    regs.append({.op = fmt::Op::Lt, .a = fails, .b = isMost ? y : x, .c = isMost ? x : y});
    regs.append({.op = fmt::Op::Not, .a = ok, .b = fails});
  } else {
    regs.append({.op = fmt::Op::Eq, .a = ok, .b = x, .c = y});
  }
  if (rule == SizeRule::Broadcasts) {
    fmt::Reg one = regs.constant(1), is = regs.fresh();
    regs.append({.op = fmt::Op::Eq, .a = is, .b = x, .c = one});
    regs.append({.op = fmt::Op::Or, .a = ok, .b = ok, .c = is});
  }
  require(ok, told(op->getLoc(), what.str()), op->getLoc(), x);
}

/// Every buffer holds what the routine touches of it.
void ScheduleBuilder::checkRoutine(RoutineOp op, bool everyRun) {
  auto buffers = llvm::to_vector(llvm::concat<Value>(op->getOperands(), op->getResults()));
  auto sizes = findRoutine(op.getName())->sizes(llvm::to_vector(op.getArgs().getResults()), op.getUnits().getResult(0));
  if (sizes.size() != buffers.size())
    return error(op.getLoc(), "routine '" + op.getName().str() + "' takes other operands or arguments",
                 op->getOperands());
  for (auto [i, v] : llvm::enumerate(buffers)) {
    AffineExpr have = product(dimsOf(v.getType()), op.getContext());
    if (sizes[i].per)
      have = have * sizes[i].per;
    have = graph::simplify(have);
    AffineExpr touched = graph::simplify(sizes[i].touched);
    if (auto spare = constantOf(graph::simplify(have - touched)); spare && *spare >= 0)
      continue;
    bool isResult = i >= op->getNumOperands();
    requireSize(have, touched, SizeRule::AtLeast, op, everyRun,
                Twine(isResult ? "result #" : "operand #") + Twine(isResult ? i - op->getNumOperands() : i) +
                    " is smaller than the sizes of the others ask for");
  }
}

void ScheduleBuilder::checkSizes(Operation *kernel) {
  bool everyRun = isa<func::FuncOp>(kernel->getParentOp());
  if (auto routine = dyn_cast<RoutineOp>(kernel))
    return checkRoutine(routine, everyRun);
  kernel->walk([&](Operation *op) {
    graph::forEachAgreement(op, [&](const graph::SizeAgreement &a, const Twine &what) {
      if (auto s = dyn_cast<AffineSymbolExpr>(a.otherSize);
          s && a.rule == SizeRule::Broadcasts && symbols[s.getPosition()].kind == SymbolInfo::Kind::Broadcast &&
          symbols[s.getPosition()].lhs == a.size)
        return; // it is this size, or this size is 1
      requireSize(a.size, a.otherSize, a.rule, op, everyRun, what);
    });
  });
}

Schedule buildSchedule(ModuleOp module) {
  Schedule out;
  ScheduleBuilder builder(module, out);
  builder.run(*module.getOps<func::FuncOp>().begin());
  return out;
}

} // namespace wick::compiler
