// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strategy row: values of shape [rows..., n] and values per row [rows..., 1].
// For each row, every reduction is one pass over the row in vectors; values per
// row are computed once; a costly row value that several passes read (the
// exponentials of softmax) is kept in scratch by the first pass that has it.
// The range counts rows. Partial sums are combined in a fixed order.
//
#include "passes/cpu/GroupEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::cpu {

namespace {
/// What is known of a row kernel before anything is emitted.
struct RowShape {
  SmallVector<AffineExpr> space;          ///< rows and n
  SmallVector<ReduceOp> reduces;          ///< program order
  SmallVector<Value> kept;                ///< row values kept in scratch
  llvm::DenseMap<Value, unsigned> keptBy; ///< pass that computes a kept value
};
} // namespace

static bool isFull(Value v, AffineExpr n) {
  auto dims = dimsOf(v.getType());
  return !dims.empty() && provablyEqual(dims.back(), n) && !isConstant(n, 1);
}

static bool isCostly(Operation *op) {
  return isa<ExpOp, TanhOp, ErfOp, LogOp, SigmoidOp, GeluOp, SwishOp, MishOp, SoftplusOp, PowOp, EluOp>(op);
}

static RowShape analyze(func::FuncOp kernel) {
  RowShape s;
  Block &body = kernel.getBody().front();
  for (auto r : body.getOps<ReduceOp>())
    s.reduces.push_back(r);
  Operation *yield = body.getTerminator();
  if (!s.reduces.empty())
    s.space = dimsOf(s.reduces[0].getX().getType());
  else
    s.space = dimsOf(yield->getOperand(0).getType());
  AffineExpr n = s.space.back();
  // Row values that each pass computes, without those behind a reduction.
  auto passValues = [&](Value root) {
    llvm::SetVector<Value> seen;
    SmallVector<Value> work{root};
    while (!work.empty()) {
      Value v = work.pop_back_val();
      Operation *op = v.getDefiningOp();
      if (!op || !isFull(v, n) || isa<ReduceOp, ConstantOp>(op) || !seen.insert(v))
        continue;
      for (Value o : op->getOperands())
        work.push_back(o);
    }
    return seen;
  };
  SmallVector<llvm::SetVector<Value>> passes;
  for (ReduceOp r : s.reduces)
    passes.push_back(passValues(r.getX()));
  passes.push_back(passValues(yield->getOperand(0)));
  // Keep a costly value needed by two passes; not what lies behind a kept one.
  for (Operation &op : llvm::reverse(body.without_terminator())) {
    if (op.getNumResults() != 1 || !isCostly(&op))
      continue;
    Value v = op.getResult(0);
    int first = -1, count = 0;
    for (auto [i, p] : llvm::enumerate(passes))
      if (p.contains(v)) {
        first = first < 0 ? int(i) : first;
        ++count;
      }
    if (count < 2)
      continue;
    s.kept.push_back(v);
    s.keptBy[v] = first;
  }
  return s;
}

static AffineExpr keptStride(const RowShape &s) {
  return (s.space.back() + 15).floorDiv(16) * 16; // elements, whole cache lines of f32
}

/// Emits values per row that `root`'s row expression reads, so that they stand
/// before the loop over the row.
static void bindRowValues(GroupEmitter &g, Value root, ArrayRef<AffineExpr> space, ArrayRef<Value> row) {
  AffineExpr n = space.back();
  SmallVector<Value> work{root};
  llvm::DenseSet<Value> seen;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (!seen.insert(v).second || g.isBound(v))
      continue;
    Operation *op = v.getDefiningOp();
    if (!isFull(v, n)) {
      if (op && isa<ConstantOp>(op))
        continue;
      auto dims = dimsOf(v.getType());
      SmallVector<Value> at(row.take_back(dims.size()));
      for (auto [i, d, full] : llvm::enumerate(dims, space.take_back(dims.size()))) {
        if (isConstant(d, 1))
          at[i] = g.i64(0);
        else if (!provablyEqual(d, full)) // may be 1 at run time
          at[i] = arith::SelectOp::create(
              g.b, arith::CmpIOp::create(g.b, arith::CmpIPredicate::eq, g.expr(d), g.i64(1)), g.i64(0), at[i]);
      }
      g.bindScalar(v, g.element(v, at, 1));
      continue;
    }
    if (op)
      for (Value o : op->getOperands())
        work.push_back(o);
  }
}

namespace {
class RowEmitter {
public:
  RowEmitter(GroupEmitter &g, RowShape &shape) : g(g), b(g.b), shape(shape), n(shape.space.back()) {
    lanes = 4 * g.frame.machine.lanes();
    if (auto c = constantOf(n))
      while (lanes > 1 && int64_t(lanes) > *c)
        lanes /= 2;
    if (lanes < 4)
      lanes = 1;
    whole = lanes == 1 ? g.i64(0) : g.expr(n.floorDiv(lanes) * int64_t(lanes));
  }

  void row(ArrayRef<Value> outer) {
    SmallVector<Value> index(outer);
    index.push_back(g.i64(0));
    SmallVector<Value> bound;
    for (auto [pass, reduce] : llvm::enumerate(shape.reduces)) {
      bindRowValues(g, reduce.getX(), shape.space, index);
      g.bindScalar(reduce.getResult(), reducePass(reduce, pass, index));
    }
    Value root = g.yield()->getOperand(0);
    if (isFull(root, n)) {
      bindRowValues(g, root, shape.space, index);
      sweep(index, shape.reduces.size(), [&](unsigned width) { g.store(0, g.element(root, index, width), index); });
    } else {
      bindRowValues(g, root, shape.space, index);
      g.store(0, g.element(root, index, 1), index);
    }
    g.kernel.walk([&](Operation *op) {
      for (Value r : op->getResults())
        g.unbind(r);
    });
    for (Value a : g.kernel.getBody().getArguments())
      g.unbind(a);
  }

private:
  void keep(unsigned pass, ArrayRef<Value> index, unsigned width) {
    for (auto [slot, v] : llvm::enumerate(shape.kept))
      if (shape.keptBy.lookup(v) == pass)
        g.storeAt(g.frame.scratch, b.getF32Type(), at(slot, index.back()), g.element(v, index, width));
  }
  Value at(unsigned slot, Value i) { return arith::AddIOp::create(b, g.expr(keptStride(shape) * int64_t(slot)), i); }

  /// Binds kept values of earlier passes to their scratch rows.
  void bindKept(unsigned pass) {
    for (auto [slot, v] : llvm::enumerate(shape.kept))
      if (shape.keptBy.lookup(v) < pass && !g.isBound(v))
        g.bindReader(v, [this, slot = unsigned(slot)](ArrayRef<Value> index, unsigned width) {
          return g.loadAt(g.frame.scratch, b.getF32Type(), at(slot, index.back()), width);
        });
  }

  void sweep(SmallVector<Value> &index, unsigned pass, function_ref<void(unsigned)> body) {
    bindKept(pass);
    if (lanes > 1)
      emitLoop(g, g.i64(0), whole, lanes, [&](Value i) {
        index.back() = i;
        body(lanes);
      });
    emitLoop(g, lanes > 1 ? whole : g.i64(0), g.expr(n), 1, [&](Value i) {
      index.back() = i;
      body(1);
    });
    index.back() = g.i64(0);
  }

  Value combine(ReduceKind kind, Value a, Value c) {
    ScalarBuilder s(b, b.getLoc());
    switch (kind) {
    case ReduceKind::Sum:
      return (s.make(a) + s.make(c)).value;
    case ReduceKind::Prod:
      return (s.make(a) * s.make(c)).value;
    case ReduceKind::Max:
      return max(s.make(a), s.make(c)).value;
    case ReduceKind::Min:
      return min(s.make(a), s.make(c)).value;
    }
    llvm_unreachable("covered switch");
  }

  Value reducePass(ReduceOp reduce, unsigned pass, SmallVector<Value> &index) {
    bindKept(pass);
    ReduceKind kind = reduce.getKind();
    ScalarBuilder s(b, b.getLoc());
    Value acc = reduceNeutral(s, kind, b.getF32Type());
    auto step = [&](unsigned width) {
      return [&, width](Value i, ValueRange state) -> SmallVector<Value> {
        index.back() = i;
        Value v = g.element(reduce.getX(), index, width);
        keep(pass, index, width);
        return {combine(kind, state[0], v)};
      };
    };
    if (lanes > 1) {
      Value init = vector::BroadcastOp::create(b, VectorType::get({int64_t(lanes)}, b.getF32Type()), acc);
      Value sum = emitLoop(g, g.i64(0), whole, lanes, init, step(lanes))[0];
      for (unsigned w = lanes / 2; w >= 1; w /= 2) { // halves in a fixed order
        Value lo = slice(sum, 0, w), hi = slice(sum, w, w);
        sum = combine(kind, lo, hi);
        if (w == 1)
          break;
      }
      acc = combine(kind, acc, vector::ExtractOp::create(b, sum, 0));
    }
    acc = emitLoop(g, lanes > 1 ? whole : g.i64(0), g.expr(n), 1, acc, step(1))[0];
    index.back() = g.i64(0);
    return g.rounded(acc, cast<RankedTensorType>(reduce.getType()).getElementType());
  }
  Value slice(Value v, int64_t from, int64_t width) {
    return vector::ExtractStridedSliceOp::create(b, v, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{width},
                                                 ArrayRef<int64_t>{1});
  }

  GroupEmitter &g;
  ImplicitLocOpBuilder &b;
  RowShape &shape;
  AffineExpr n;
  unsigned lanes;
  Value whole;
};
} // namespace

LogicalResult emitRows(GroupEmitter &g, std::string &) {
  RowShape shape = analyze(g.kernel);
  RowEmitter rows(g, shape);
  emitUnits(g, ArrayRef(shape.space).drop_back(), [&](ArrayRef<Value> outer) { rows.row(outer); });
  return success();
}

KernelPlan planRows(func::FuncOp kernel) {
  RowShape shape = analyze(kernel);
  KernelPlan plan;
  MLIRContext *ctx = kernel.getContext();
  plan.units = product(ArrayRef(shape.space).drop_back(), ctx);
  plan.scratch = simplify(keptStride(shape) * int64_t(4 * shape.kept.size()));
  plan.costPerUnit = elementCost(kernel) * double(constantOf(shape.space.back()).value_or(256));
  return plan;
}

} // namespace wick::cpu
