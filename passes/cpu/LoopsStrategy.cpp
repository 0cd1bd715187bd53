// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strategy loops: every result element on its own. The range counts rows (all
// dims but the last), or elements for results of rank 1. Where every op reads
// along the last dim, a row is computed in explicit vectors with a scalar rest;
// otherwise element by element.
//
#include "passes/cpu/GroupEmitter.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::cpu {

/// Lanes for rows of `n` elements: two registers, or the largest power of two
/// that a short static row fills.
static unsigned lanesFor(const Machine &m, AffineExpr n) {
  unsigned lanes = 2 * m.lanes();
  if (auto c = constantOf(n))
    while (lanes > 1 && int64_t(lanes) > *c)
      lanes /= 2;
  return lanes < 4 ? 1 : lanes;
}

LogicalResult emitLoops(GroupEmitter &g, std::string &) {
  auto &b = g.b;
  Value root = g.yield()->getOperand(0);
  auto dims = dimsOf(root.getType());
  auto storeAll = [&](ArrayRef<Value> index, unsigned lanes) {
    for (unsigned k = 0; k < g.yield()->getNumOperands(); ++k)
      g.store(k, g.element(g.yield()->getOperand(k), index, lanes), index);
  };
  if (dims.empty()) {
    emitLoop(g, g.frame.begin, g.frame.end, 1, [&](Value) { storeAll({}, 1); });
    return success();
  }
  unsigned lanes = g.isLanewise() ? lanesFor(g.frame.machine, dims.back()) : 1;
  auto row = [&](ArrayRef<Value> outer, Value from, Value to) {
    SmallVector<Value> index(outer);
    index.push_back(Value());
    Value mid = from;
    if (lanes > 1) {
      Value count = arith::SubIOp::create(b, to, from);
      Value whole = arith::SubIOp::create(b, count, arith::RemUIOp::create(b, count, g.i64(lanes)));
      mid = arith::AddIOp::create(b, from, whole);
      emitLoop(g, from, mid, lanes, [&](Value i) {
        index.back() = i;
        storeAll(index, lanes);
      });
    }
    emitLoop(g, mid, to, 1, [&](Value i) {
      index.back() = i;
      storeAll(index, 1);
    });
  };
  if (dims.size() == 1) {
    row({}, g.frame.begin, g.frame.end);
    return success();
  }
  emitUnits(g, ArrayRef(dims).drop_back(), [&](ArrayRef<Value> outer) { row(outer, g.i64(0), g.expr(dims.back())); });
  return success();
}

KernelPlan planLoops(func::FuncOp kernel) {
  KernelPlan plan;
  MLIRContext *ctx = kernel.getContext();
  auto dims = dimsOf(kernel.getBody().front().getTerminator()->getOperand(0).getType());
  plan.scratch = getAffineConstantExpr(0, ctx);
  plan.units = dims.size() > 1 ? product(ArrayRef(dims).drop_back(), ctx) : product(dims, ctx);
  double elements = dims.size() > 1 ? double(constantOf(dims.back()).value_or(256)) : 1;
  double per = elementCost(kernel);
  kernel.walk([&](Operation *op) { // inner loops multiply
    AffineExpr inner = getAffineConstantExpr(1, ctx);
    if (auto r = dyn_cast<ReduceOp>(op))
      for (int64_t a : r.getAxes())
        inner = inner * dimOf(r.getX().getType(), a);
    else if (auto m = dyn_cast<MatmulOp>(op))
      inner = dimsOf(m.getA().getType()).back();
    else if (isa<ConvOp, ConvTransposeOp>(op))
      inner = product(ArrayRef(dimsOf(op->getOperand(1).getType())).drop_back(), ctx);
    per *= double(constantOf(simplify(inner)).value_or(64));
  });
  plan.costPerUnit = per * elements;
  return plan;
}

} // namespace wick::cpu
