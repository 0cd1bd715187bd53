// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folds constant factors after a contraction into its weights, and constant
// shifts into one add: what batch normalization leaves behind.
//
//   %c = wick.conv %x, %w                    %v = wick.mul %w, %s'  (on weights)
//   %a = wick.add %c, %b          ->         %c = wick.conv %x, %v
//   %m = wick.mul %a, %s                     %t = wick.mul %b, %s   (on weights)
//   %r = wick.add %m, %d                     %u = wick.add %t, %d   (on weights)
//                                            %r = wick.add %c, %u
//
// Holds for floats only, where the contraction has no other reader. The bias
// stays an add, which fusion makes part of the kernel.
// Test: test/passes/graph/fold-scale.mlir
//
#include "passes/Passes.h"
#include "passes/graph/Build.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace wick {
#define GEN_PASS_DEF_FOLDSCALE
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;
using namespace wick::graph;

namespace {

/// The dim of a contraction's result that its weights give: channels, columns.
int64_t channelDim(Operation *op) {
  int64_t rank = rankOf(op->getResult(0));
  if (isa<MatmulOp>(op) || op->hasAttr("channels_last"))
    return rank - 1;
  return 1;
}

/// The number of elements of `s` along the channel dim of a result of `rank`
/// dims, if it has size 1 along all others: 1 or the number of channels.
std::optional<int64_t> channelsOf(Value s, int64_t rank, int64_t channel) {
  auto dims = dimsOf(s);
  int64_t offset = rank - int64_t(dims.size());
  if (offset < 0)
    return std::nullopt;
  int64_t n = 1;
  for (auto [i, d] : llvm::enumerate(dims)) {
    auto c = constantOf(d);
    if (!c || (*c != 1 && int64_t(i) + offset != channel))
      return std::nullopt;
    n *= *c;
  }
  return n;
}

/// A contraction whose weights are constant and whose result has one reader.
Operation *foldable(Value v) {
  Operation *op = v.getDefiningOp();
  if (!op || !isa<MatmulOp, ConvOp, ConvTransposeOp>(op) || !v.hasOneUse() || !isa<FloatType>(elementOf(v)) ||
      !isWeightLike(op->getOperand(1)))
    return nullptr;
  return op;
}

/// `s` in the shape in which it broadcasts along the output channels of the
/// weights `w` of `op`; for grouped transposed convolutions `w` is split.
struct Aligned {
  Value weights, scale;
};
Aligned align(PatternRewriter &b, Operation *op, Value s, int64_t n) {
  Value w = op->getOperand(1);
  Location loc = s.getLoc();
  auto one = b.getAffineConstantExpr(1), count = b.getAffineConstantExpr(n);
  auto wd = dimsOf(w);
  SmallVector<AffineExpr> dims(wd.size(), one);
  bool last = isa<MatmulOp>(op) || op->hasAttr("channels_last");
  if (n == 1)
    return {w, reshapeTo(b, loc, s, {})};
  auto transposed = dyn_cast<ConvTransposeOp>(op);
  int64_t groups = transposed ? transposed.getGroups() : 1;
  if (last && groups == 1)
    return {w, reshapeTo(b, loc, s, {count})};
  if (groups == 1) {
    dims[transposed ? 1 : 0] = count;
    return {w, reshapeTo(b, loc, s, dims)};
  }
  // [C, O/g, taps...] as [g, C/g, O/g, taps...]; the factor as [g, 1, O/g, 1...].
  auto g = b.getAffineConstantExpr(groups);
  unsigned c = last ? wd.size() - 2 : 0;
  SmallVector<AffineExpr> split(wd);
  split[c] = b.getAffineConstantExpr(*constantOf(wd[c]) / groups);
  split.insert(split.begin() + c, g);
  dims.push_back(one);
  dims[c] = g;
  dims[c + 2] = split[c + 2];
  return {reshapeTo(b, loc, w, split), reshapeTo(b, loc, s, dims)};
}

/// mul(contraction, s) and div(contraction, s).
template <class Op>
struct ScaleIntoWeights : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    for (unsigned side : {0u, 1u}) {
      if (side == 1 && isa<DivOp>(op))
        break;
      Operation *product = foldable(op->getOperand(side));
      Value s = op->getOperand(1 - side);
      if (!product || !isWeightLike(s))
        continue;
      if (op.getType() != product->getResult(0).getType())
        return b.notifyMatchFailure(op, "the factor broadcasts the result");
      auto n = channelsOf(s, rankOf(op), channelDim(product));
      if (!n)
        return b.notifyMatchFailure(op, "the factor is not per channel");
      // The factor may be computed after the contraction, which has no other
      // reader: it moves down to its one.
      if (product->getBlock() != op->getBlock())
        return b.notifyMatchFailure(op, "the contraction is outside of the region");
      b.moveOpBefore(product, op);
      b.setInsertionPoint(product);
      Aligned a = align(b, product, s, *n);
      Value w = build<Op>(b, op.getLoc(), {a.weights, a.scale});
      w = reshapeTo(b, op.getLoc(), w, dimsOf(product->getOperand(1)));
      b.modifyOpInPlace(product, [&] {
        product->setOperand(1, w);
        product->setLoc(b.getFusedLoc({product->getLoc(), op.getLoc()}));
      });
      b.replaceOp(op, product->getResult(0));
      return success();
    }
    return b.notifyMatchFailure(op, "no contraction times a constant");
  }
};

/// A constant shift of a foldable contraction: contraction `value` plus (or
/// minus, `negative`) constant `shift`.
struct Shifted {
  Value value, shift;
  bool negative;
};
std::optional<Shifted> shiftOf(Value v) {
  Operation *op = v.getDefiningOp();
  if (!op || !isa<AddOp, SubOp>(op) || !v.hasOneUse())
    return std::nullopt;
  for (unsigned side : {0u, 1u}) {
    if (side == 1 && isa<SubOp>(op))
      break;
    Value shift = op->getOperand(1 - side);
    if (foldable(op->getOperand(side)) && isWeightLike(shift) && op->getOperand(side).getType() == v.getType())
      return Shifted{op->getOperand(side), shift, isa<SubOp>(op)};
  }
  return std::nullopt;
}

/// mul(add(contraction, b), s) -> add(mul(contraction, s), mul(b, s)), where the
/// inner product folds.
template <class Op>
struct ScaleBeforeShift : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    for (unsigned side : {0u, 1u}) {
      if (side == 1 && isa<DivOp>(op))
        break;
      auto x = shiftOf(op->getOperand(side));
      Value s = op->getOperand(1 - side);
      if (!x || !isWeightLike(s))
        continue;
      Operation *product = x->value.getDefiningOp();
      if (op.getType() != x->value.getType() || !channelsOf(s, rankOf(op), channelDim(product)) ||
          product->getBlock() != op->getBlock())
        return b.notifyMatchFailure(op, "the factor does not fold");
      Value scaled = Op::create(b, op.getLoc(), op.getType(), x->value, s);
      Value shift = build<Op>(b, op.getLoc(), {x->shift, s});
      if (x->negative)
        b.replaceOpWithNewOp<SubOp>(op, op.getType(), scaled, shift);
      else
        b.replaceOpWithNewOp<AddOp>(op, op.getType(), scaled, shift);
      return success();
    }
    return b.notifyMatchFailure(op, "no shifted contraction times a constant");
  }
};

/// add(add(contraction, b1), b2) -> add(contraction, b1 + b2), and the same
/// with differences.
template <class Op>
struct JoinShifts : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    for (unsigned side : {0u, 1u}) {
      if (side == 1 && isa<SubOp>(op))
        break;
      auto x = shiftOf(op->getOperand(side));
      Value shift = op->getOperand(1 - side);
      if (!x || !isWeightLike(shift) || op.getType() != x->value.getType())
        continue;
      auto size = [](Value v) { return tensorType(v).getNumElements(); };
      auto sumType = inferResults(op->getName(), op->getBlock(), {x->shift, shift}, op->getAttrDictionary());
      if (failed(sumType) ||
          cast<RankedTensorType>((*sumType)[0]).getNumElements() > std::max(size(x->shift), size(shift)))
        return b.notifyMatchFailure(op, "the shifts differ in shape");
      // c (+|-) b1 (+|-) b2 = c + (b2' + b1') with signs taken along.
      Value sum;
      if (isa<SubOp>(op) == x->negative)
        sum = build<AddOp>(b, op.getLoc(), {x->shift, shift});
      else
        sum = build<SubOp>(b, op.getLoc(), {x->shift, shift});
      if (x->negative)
        b.replaceOpWithNewOp<SubOp>(op, op.getType(), x->value, sum);
      else
        b.replaceOpWithNewOp<AddOp>(op, op.getType(), x->value, sum);
      return success();
    }
    return b.notifyMatchFailure(op, "no shifted contraction plus a constant");
  }
};

struct FoldScale : wick::impl::FoldScaleBase<FoldScale> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ScaleIntoWeights<MulOp>, ScaleIntoWeights<DivOp>, ScaleBeforeShift<MulOp>, ScaleBeforeShift<DivOp>,
                 JoinShifts<AddOp>, JoinShifts<SubOp>>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      getOperation()->emitWarning("factors were not all folded");
  }
};

} // namespace
