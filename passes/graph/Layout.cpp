// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Brings convolutions and pools, and the ops between them, into channels-last
// order. LayoutPlan decides; this file rewrites each chosen op in place:
// operands are replaced by their channels-last versions, made by a transpose
// right after the producer where it disagrees, and attributes that speak of
// dims are permuted. Transposes that meet then cancel.
//
//   %y = wick.conv %x, %w               %t = wick.transpose %x
//   %p = wick.pool %y            ->     %y = wick.conv %t, %v {channels_last}
//   %z = wick.reduce %p {axes = [2,3]}  %p = wick.pool %y {channels_last}
//                                       %z = wick.reduce %p {axes = [1,2]} ...
//
// The function's arguments and results keep their order.
// Test: test/passes/graph/layout.mlir, layout-moves.mlir.
//
#include "passes/Passes.h"
#include "passes/graph/LayoutPlan.h"
#include "passes/graph/Patterns.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

namespace wick {
#define GEN_PASS_DEF_LAYOUT
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;
using namespace wick::graph;

namespace {

class Rewriter {
public:
  Rewriter(const LayoutPlan &plan, MLIRContext *ctx) : plan(plan), b(ctx) {}

  void rewrite(Operation *op) {
    bool last = plan.isLast(op);
    if (auto t = dyn_cast<TransposeOp>(op)) {
      if (!last && !plan.isLast(t.getX()))
        return;
      t.setPerm(storedPerm(t.getPerm(), plan.isLast(t.getX()), last));
      if (last)
        setLast(op);
      return;
    }
    for (OpOperand &use : op->getOpOperands())
      use.set(operandFor(use, last));
    if (!last)
      return;
    permuteAttributes(op);
    setLast(op);
  }

private:
  static RankedTensorType permuted(Type type, ArrayRef<int64_t> perm) {
    SmallVector<AffineExpr> dims, old = dimsOf(type);
    for (int64_t p : perm)
      dims.push_back(old[p]);
    return tensorOf(cast<RankedTensorType>(type).getElementType(), dims);
  }
  static void setLast(Operation *op) {
    Value r = op->getResult(0);
    r.setType(permuted(r.getType(), toLast(rankOf(r))));
  }

  /// The value that `use` reads when its op works channels-last, or not.
  Value operandFor(OpOperand &use, bool opIsLast) {
    Value v = use.get();
    Demand demand = opIsLast ? LayoutPlan::demandOf(use) : Demand::Plain;
    switch (demand) {
    case Demand::Plain:
      return version(v, false);
    case Demand::Same:
      return version(v, true);
    case Demand::Weights: {
      // [O, C/g, taps...] and [C, O/g, taps...] become [taps..., C, O].
      bool transposed = isa<ConvTransposeOp>(use.getOwner());
      SmallVector<int64_t> perm;
      for (int64_t i = 2; i < rankOf(v); ++i)
        perm.push_back(i);
      perm.append({transposed ? 0 : 1, transposed ? 1 : 0});
      v = version(v, false);
      b.setInsertionPoint(use.getOwner());
      return transposeBy(b, v.getLoc(), v, perm);
    }
    case Demand::Lower: {
      v = version(v, false);
      b.setInsertionPoint(use.getOwner());
      int64_t rank = rankOf(use.getOwner()->getResult(0));
      SmallVector<AffineExpr> dims(rank - rankOf(v), b.getAffineConstantExpr(1));
      llvm::append_range(dims, dimsOf(v));
      return transposeBy(b, v.getLoc(), reshapeTo(b, v.getLoc(), v, dims), toLast(rank));
    }
    }
    llvm_unreachable("covered switch");
  }

  /// `v` channels-last, or not: itself, or one transpose for all who ask.
  Value version(Value v, bool last) {
    bool isLast = plan.isLast(v);
    auto type = dyn_cast<RankedTensorType>(v.getType());
    if (isLast == last || !type || type.getRank() < 3)
      return v;
    Value &made = versions[v];
    if (!made) {
      b.setInsertionPointAfterValue(v);
      int64_t rank = type.getRank();
      made = transposeBy(b, v.getLoc(), v, last ? toLast(rank) : fromLast(rank));
    }
    return made;
  }

  void permuteAttributes(Operation *op) {
    int64_t rank = rankOf(op->getResult(0));
    auto order = toLast(rank), where = fromLast(rank);
    auto map = [&](AffineMap m) {
      SmallVector<AffineExpr> out;
      for (int64_t p : order)
        out.push_back(m.getResult(p));
      return AffineMap::get(0, m.getNumSymbols(), out, op->getContext());
    };
    auto list = [&](ArrayRef<int64_t> v) {
      SmallVector<int64_t> out;
      for (int64_t p : order)
        out.push_back(v[p]);
      return out;
    };
    llvm::TypeSwitch<Operation *, void>(op)
        .Case<ConvOp, ConvTransposeOp, PoolOp>([&](auto o) { o.setChannelsLast(true); })
        .Case<ConcatOp, ArgReduceOp, GatherOp, GatherElementsOp>([&](auto o) { o.setAxis(where[o.getAxis()]); })
        .Case<ReshapeOp, ExpandOp>([&](auto o) {
          // expand may list fewer dims than its result has.
          auto dims = dimsOf(op->getResult(0));
          o.setDims(map(mapOf(op->getContext(), dims).getValue()));
        })
        .Case([&](SliceOp o) {
          o.setStarts(map(o.getStarts()));
          o.setSizes(map(o.getSizes()));
          o.setSteps(list(o.getSteps()));
        })
        .Case([&](PadOp o) {
          o.setLow(map(o.getLow()));
          o.setHigh(map(o.getHigh()));
        })
        .Case([&](ReduceOp o) {
          SmallVector<int64_t> axes;
          for (int64_t a : o.getAxes())
            axes.push_back(where[a]);
          llvm::sort(axes);
          o.setAxes(axes);
        })
        .Case([&](UpsampleOp o) { o.setFactors(list(o.getFactors())); })
        .Case([&](TileOp o) { o.setRepeats(map(o.getRepeats())); })
        .Default([](Operation *) {});
  }

  const LayoutPlan &plan;
  OpBuilder b;
  DenseMap<Value, Value> versions;
};

struct Layout : wick::impl::LayoutBase<Layout> {
  using LayoutBase::LayoutBase;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    LayoutPlan plan(module);
    SmallVector<Operation *> ops;
    module.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    Rewriter rewriter(plan, &getContext());
    for (Operation *op : ops)
      rewriter.rewrite(op);

    RewritePatternSet patterns(&getContext());
    addTransposePatterns(patterns);
    ReshapeOp::getCanonicalizationPatterns(patterns, &getContext());
    TransposeOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(module, std::move(patterns))))
      module->emitWarning("transposes were not all cancelled");

    module.walk([&](TransposeOp op) {
      if (isWeightLike(op))
        return;
      ++transposesLeft;
      if (remarks)
        op.emitRemark("transpose stays: ") << op.getX().getType() << " to " << op.getType();
    });
  }
};

} // namespace
