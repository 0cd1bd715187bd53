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

/// Dims but the last `inner` of every operand are 1 or the result's.
void ScheduleBuilder::checkBroadcasts(Operation *op, size_t inner, bool everyRun) {
  SmallVector<AffineExpr> out = graph::dimsOf(op->getResult(0).getType());
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    SmallVector<AffineExpr> in = graph::dimsOf(operand.getType());
    for (size_t d = 0; d + inner < in.size() && in.size() <= out.size(); ++d) {
      AffineExpr size = in[d], result = out[out.size() - in.size() + d];
      if (auto s = dyn_cast<AffineSymbolExpr>(result);
          s && symbols[s.getPosition()].kind == SymbolInfo::Kind::Broadcast && symbols[s.getPosition()].lhs == size)
        continue; // it is this size, or this size is 1
      requireSize(size, result, SizeRule::Broadcasts, op, everyRun,
                  "dim " + Twine(d) + " of operand #" + Twine(i) + " must be 1 or that of the result");
    }
  }
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
    auto dims = [](Value v) { return graph::dimsOf(v.getType()); };
    auto equal = [&](AffineExpr x, AffineExpr y, const Twine &what) {
      requireSize(x, y, SizeRule::Equal, op, everyRun, what);
    };
    if (isa<graph::ScalarOpInterface, graph::ExpandOp>(op))
      return checkBroadcasts(op, 0, everyRun);
    if (auto m = dyn_cast<graph::MatmulOp>(op)) {
      auto a = dims(m.getA()), b = dims(m.getB());
      equal(a.back(), b[b.size() - 2], "a has other columns than b has rows");
      checkBroadcasts(op, 2, everyRun);
    } else if (auto c = dyn_cast<graph::ConvOp>(op)) {
      auto x = dims(c.getX()), w = dims(c.getW());
      bool last = c.getChannelsLast();
      equal(x[last ? x.size() - 1 : 1], w[last ? w.size() - 2 : 1] * int64_t(c.getGroups()),
            "x has other channels than w expects");
    } else if (auto t = dyn_cast<graph::ConvTransposeOp>(op)) {
      auto x = dims(t.getX()), w = dims(t.getW());
      bool last = t.getChannelsLast();
      equal(x[last ? x.size() - 1 : 1], w[last ? w.size() - 2 : 0], "x has other channels than w expects");
    } else if (auto cat = dyn_cast<graph::ConcatOp>(op)) {
      auto first = dims(cat.getXs()[0]);
      for (auto [i, v] : llvm::enumerate(cat.getXs().drop_front()))
        for (auto [d, size] : llvm::enumerate(dims(v)))
          if (int64_t(d) != int64_t(cat.getAxis()))
            equal(size, first[d], "dim " + Twine(d) + " of operand #" + Twine(i + 1) + " must be that of the first");
    } else if (auto g = dyn_cast<graph::GatherElementsOp>(op)) {
      auto x = dims(g.getX()), indices = dims(g.getIndices());
      for (auto [d, size] : llvm::enumerate(indices))
        if (int64_t(d) != int64_t(g.getAxis()))
          requireSize(size, x[d], SizeRule::AtMost, op, everyRun, "dim " + Twine(d) + " of indices is larger than x's");
    } else if (auto g = dyn_cast<graph::GatherNdOp>(op)) {
      auto x = dims(g.getX()), indices = dims(g.getIndices());
      for (int64_t d = 0; d < int64_t(g.getBatchDims()); ++d)
        equal(indices[d], x[d], "dim " + Twine(d) + " of indices must be that of x");
    }
  });
}

void ScheduleBuilder::checkCount(ReshapeOp op) {
  auto count = [&](Value v) { return product(dimsOf(v.getType()), op.getContext()); };
  requireSize(count(op.getX()), count(op), SizeRule::Equal, op, isa<func::FuncOp>(op->getParentOp()),
              "the elements do not fill the new shape");
}

Schedule buildSchedule(ModuleOp module) {
  Schedule out;
  ScheduleBuilder builder(module, out);
  builder.run(*module.getOps<func::FuncOp>().begin());
  return out;
}

} // namespace wick::compiler
