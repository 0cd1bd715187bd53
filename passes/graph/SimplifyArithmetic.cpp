// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Clean-up of scalar ops:
//
//   %y = wick.mul %x, 1        ->  %x          (when the type stays the same)
//   %y = wick.pow %x, 2        ->  wick.mul %x, %x
//   %y = wick.div 1, %x        ->  wick.recip %x
//   %e = wick.expand %x        ->  the elementwise op reads %x and broadcasts
//   %y = wick.add %e, %z
//
// Only rewrites whose value is the same up to the rounding of one operation.
//
#include "passes/graph/Build.h"
#include "passes/graph/Patterns.h"

#include <cmath>

using namespace mlir;
using namespace wick::graph;

namespace {

/// Replaces `op` by one of its operands when that has the result's type.
LogicalResult replaceByOperand(PatternRewriter &b, Operation *op, Value x) {
  if (x.getType() != op->getResult(0).getType())
    return b.notifyMatchFailure(op, "the operand is broadcast");
  b.replaceOp(op, x);
  return success();
}

/// x op c = x for a neutral constant c on the right (or left) side.
template <class Op, int Neutral, bool Commutes>
struct DropNeutral : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    if (splatOf(op.getY()) == Neutral)
      return replaceByOperand(b, op, op.getX());
    if (Commutes && splatOf(op.getX()) == Neutral)
      return replaceByOperand(b, op, op.getY());
    return b.notifyMatchFailure(op, "no neutral constant");
  }
};

struct PowByConstant : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &b) const override {
    auto p = splatOf(op.getY());
    Value x = op.getX();
    if (!p || !isa<FloatType>(elementOf(x)) || x.getType() != op.getType())
      return b.notifyMatchFailure(op, "no float power by a constant");
    Location loc = op.getLoc();
    Type t = op.getType();
    auto times = [&](Value v, Value w) -> Value { return MulOp::create(b, loc, t, v, w); };
    Value r;
    if (*p == 1)
      r = x;
    else if (*p == 2)
      r = times(x, x);
    else if (*p == 3)
      r = times(times(x, x), x);
    else if (*p == 4)
      r = times(r = times(x, x), r);
    else if (*p == 0.5)
      r = SqrtOp::create(b, loc, t, x);
    else if (*p == -1)
      r = RecipOp::create(b, loc, t, x);
    else if (*p == -0.5)
      r = RecipOp::create(b, loc, t, SqrtOp::create(b, loc, t, x));
    else
      return b.notifyMatchFailure(op, "the power is not in the table");
    b.replaceOp(op, r);
    return success();
  }
};

struct DivToRecip : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &b) const override {
    if (!isa<FloatType>(elementOf(op.getX())))
      return b.notifyMatchFailure(op, "integers");
    if (splatOf(op.getX()) == 1 && op.getY().getType() == op.getType()) {
      b.replaceOpWithNewOp<RecipOp>(op, op.getType(), op.getY());
      return success();
    }
    // By a power of two: the product is exact.
    auto d = splatOf(op.getY());
    int exponent;
    if (!d || !std::isfinite(*d) || *d == 0 || *d == 1 || std::fabs(std::frexp(*d, &exponent)) != 0.5 ||
        std::abs(exponent) > 12)
      return b.notifyMatchFailure(op, "the divisor is no power of two");
    auto old = cast<DenseElementsAttr>(op.getY().getDefiningOp<ConstantOp>().getValue());
    auto attr = DenseElementsAttr::get(old.getType(), b.getFloatAttr(elementOf(op.getY()), 1 / *d).getValue());
    Value c = ConstantOp::create(b, op.getY().getLoc(), op.getY().getType(), attr);
    b.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getX(), c);
    return success();
  }
};

/// x + (-y) and x - (-y), both exact.
template <class Op, class Other>
struct AbsorbNeg : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    if (auto neg = op.getY().template getDefiningOp<NegOp>()) {
      b.replaceOpWithNewOp<Other>(op, op.getType(), op.getX(), neg.getX());
      return success();
    }
    return b.notifyMatchFailure(op, "no negation on the right");
  }
};
struct DoubleNeg : OpRewritePattern<NegOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(NegOp op, PatternRewriter &b) const override {
    if (auto neg = op.getX().getDefiningOp<NegOp>())
      return replaceByOperand(b, op, neg.getX());
    auto sub = op.getX().getDefiningOp<SubOp>();
    if (!sub || !sub->hasOneUse() || isa<FloatType>(elementOf(op.getX())))
      return b.notifyMatchFailure(op, "operand is no negation");
    b.replaceOpWithNewOp<SubOp>(op, op.getType(), sub.getY(), sub.getX());
    return success();
  }
};

/// Whether every value of `from` is one of `to`.
bool widens(Type from, Type to) {
  auto fi = dyn_cast<IntegerType>(from), ti = dyn_cast<IntegerType>(to);
  bool fromUns = fi && (fi.isUnsigned() || fi.getWidth() == 1);
  if (fi && ti) {
    bool toUns = ti.isUnsigned() || ti.getWidth() == 1;
    return fromUns ? fi.getWidth() + !toUns <= ti.getWidth() : !toUns && fi.getWidth() <= ti.getWidth();
  }
  auto ff = dyn_cast<FloatType>(from), tf = dyn_cast<FloatType>(to);
  if (isa<Float8E8M0FNUType>(to)) // has no zero
    return false;
  if (ff && tf)
    return ff.getFPMantissaWidth() <= tf.getFPMantissaWidth() &&
           APFloat::semanticsMaxExponent(ff.getFloatSemantics()) <=
               APFloat::semanticsMaxExponent(tf.getFloatSemantics()) &&
           APFloat::semanticsMinExponent(ff.getFloatSemantics()) >=
               APFloat::semanticsMinExponent(tf.getFloatSemantics());
  return fi && tf && fi.getWidth() - !fromUns <= tf.getFPMantissaWidth();
}

struct DoubleCast : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op, PatternRewriter &b) const override {
    if (op.getX().getType() == op.getType())
      return replaceByOperand(b, op, op.getX());
    auto inner = op.getX().getDefiningOp<CastOp>();
    if (!inner || !widens(elementOf(inner.getX()), elementOf(inner)))
      return b.notifyMatchFailure(op, "the operand is no widening cast");
    if (isCodedFloat(elementOf(op)) && isCodedFloat(elementOf(inner.getX())))
      return b.notifyMatchFailure(op, "the outer cast saturates an infinity");
    b.replaceOpWithNewOp<CastOp>(op, op.getType(), inner.getX(), op.getTo(), op.getOverflows(), op.getRoundDown(),
                                 op.getRoundNearest());
    return success();
  }
};

struct WhereConstant : OpRewritePattern<WhereOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(WhereOp op, PatternRewriter &b) const override {
    auto c = splatOf(op.getX());
    if (!c && op.getY() != op.getZ())
      return b.notifyMatchFailure(op, "the condition is not constant");
    Value taken = !c || *c != 0 ? op.getY() : op.getZ();
    if (taken.getType() == op.getType())
      return replaceByOperand(b, op, taken);
    b.replaceOpWithNewOp<ExpandOp>(op, op.getType(), taken, mapOf(getContext(), dimsOf(op.getType())));
    return success();
  }
};

/// Elementwise ops broadcast themselves, so an expand before them goes when the
/// result keeps its type without it.
struct DropExpand : OpInterfaceRewritePattern<ScalarOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(ScalarOpInterface iface, PatternRewriter &b) const override {
    Operation *op = iface;
    for (OpOperand &use : op->getOpOperands()) {
      auto expand = use.get().getDefiningOp<ExpandOp>();
      if (!expand)
        continue;
      SmallVector<Value> operands(op->getOperands());
      operands[use.getOperandNumber()] = expand.getX();
      auto types = inferResults(op->getName(), op->getBlock(), operands, op->getAttrDictionary());
      if (failed(types) || (*types)[0] != op->getResult(0).getType())
        continue;
      b.modifyOpInPlace(op, [&] { use.set(expand.getX()); });
      return success();
    }
    return b.notifyMatchFailure(op, "no expand that broadcasting replaces");
  }
};

} // namespace

void wick::graph::addArithmeticPatterns(RewritePatternSet &patterns) {
  patterns.add<DropNeutral<AddOp, 0, true>, DropNeutral<SubOp, 0, false>, DropNeutral<MulOp, 1, true>,
               DropNeutral<DivOp, 1, false>, PowByConstant, DivToRecip, AbsorbNeg<AddOp, SubOp>,
               AbsorbNeg<SubOp, AddOp>, DoubleNeg, DoubleCast, WhereConstant, DropExpand>(patterns.getContext());
}
