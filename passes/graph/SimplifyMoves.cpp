// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Clean-up of moves and reductions:
//
//   slice of slice                     ->  one slice
//   slice of concat, inside one part   ->  slice of the part
//   concat of concat, of neighbouring slices of one value  ->  one concat, slice
//   reduce over dims of size 1         ->  fewer axes, or nothing
//   reduce of a reshape that joins dims ->  reshape of a reduce
//   tile by ones, pad by nothing, expand of expand         ->  nothing, expand
//
// A move that disappears saves a pass over memory; one that stays is a view or
// becomes part of its reader's kernel.
//
#include "passes/graph/Build.h"
#include "passes/graph/Patterns.h"

using namespace mlir;
using namespace wick::graph;

namespace {

struct SliceOfSlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &b) const override {
    auto inner = op.getX().getDefiningOp<SliceOp>();
    if (!inner)
      return b.notifyMatchFailure(op, "the operand is no slice");
    SmallVector<AffineExpr> starts;
    SmallVector<int64_t> steps;
    for (unsigned i = 0, n = rankOf(op.getX()); i < n; ++i) {
      int64_t outer = inner.getSteps()[i];
      starts.push_back(inner.getStarts().getResult(i) + op.getStarts().getResult(i) * outer);
      steps.push_back(op.getSteps()[i] * outer);
    }
    b.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getX(), mapOf(getContext(), starts), op.getSizesAttr(),
                                  b.getDenseI64ArrayAttr(steps));
    return success();
  }
};

/// A slice whose elements along the concatenated dim all lie in one operand.
struct SliceOfConcat : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &b) const override {
    auto concat = op.getX().getDefiningOp<ConcatOp>();
    if (!concat)
      return b.notifyMatchFailure(op, "the operand is no concat");
    unsigned axis = concat.getAxis();
    auto start = constantOf(op.getStarts().getResult(axis));
    auto size = constantOf(op.getSizes().getResult(axis));
    if (!start || !size || *size == 0)
      return b.notifyMatchFailure(op, "bounds are not constant");
    int64_t last = *start + (*size - 1) * op.getSteps()[axis], at = 0;
    for (Value part : concat.getXs()) {
      auto n = constantOf(dimsOf(part)[axis]);
      if (!n)
        return b.notifyMatchFailure(op, "a part's size is not constant");
      if (std::min(*start, last) >= at && std::max(*start, last) < at + *n) {
        SmallVector<AffineExpr> starts(op.getStarts().getResults());
        starts[axis] = b.getAffineConstantExpr(*start - at);
        b.replaceOpWithNewOp<SliceOp>(op, op.getType(), part, mapOf(getContext(), starts), op.getSizesAttr(),
                                      op.getStepsAttr());
        return success();
      }
      at += *n;
    }
    return b.notifyMatchFailure(op, "the slice spans several parts");
  }
};

struct ConcatOfConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &b) const override {
    SmallVector<Value> parts;
    for (Value x : op.getXs()) {
      auto inner = x.getDefiningOp<ConcatOp>();
      if (inner && inner.getAxis() == op.getAxis() && inner->hasOneUse())
        llvm::append_range(parts, inner.getXs());
      else
        parts.push_back(x);
    }
    if (parts.size() == op.getXs().size())
      return b.notifyMatchFailure(op, "no operand is a concat of its own");
    b.replaceOpWithNewOp<ConcatOp>(op, op.getType(), parts, op.getAxis());
    return success();
  }
};

/// Where `a` then `c` are neighbouring slices of one value along `axis` (and
/// equal along the other dims), one slice serves for both.
struct JoinSlices : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &b) const override {
    unsigned axis = op.getAxis();
    for (unsigned k = 0; k + 1 < op.getXs().size(); ++k) {
      auto a = op.getXs()[k].getDefiningOp<SliceOp>();
      auto c = op.getXs()[k + 1].getDefiningOp<SliceOp>();
      if (!a || !c || a.getX() != c.getX() || a.getSteps() != c.getSteps())
        continue;
      bool joins = true;
      SmallVector<AffineExpr> sizes(a.getSizes().getResults());
      for (unsigned i = 0; i < sizes.size() && joins; ++i) {
        AffineExpr from = a.getStarts().getResult(i);
        AffineExpr next = i == axis ? from + sizes[i] * a.getSteps()[i] : from;
        joins = provablyEqual(next, c.getStarts().getResult(i)) &&
                (i == axis || provablyEqual(sizes[i], c.getSizes().getResult(i)));
      }
      if (!joins)
        continue;
      sizes[axis] = simplify(sizes[axis] + c.getSizes().getResult(axis));
      SmallVector<Value> parts(op.getXs());
      parts[k] = SliceOp::create(b, a.getLoc(), tensorOf(elementOf(a), sizes), a.getX(), a.getStartsAttr(),
                                 mapOf(getContext(), sizes), a.getStepsAttr());
      parts.erase(parts.begin() + k + 1);
      b.replaceOpWithNewOp<ConcatOp>(op, op.getType(), parts, op.getAxis());
      return success();
    }
    return b.notifyMatchFailure(op, "no neighbouring slices");
  }
};

struct ReduceSmall : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &b) const override {
    auto dims = dimsOf(op.getX());
    SmallVector<int64_t> axes;
    for (int64_t a : op.getAxes())
      if (!isConstant(dims[a], 1))
        axes.push_back(a);
    if (axes.size() == op.getAxes().size())
      return b.notifyMatchFailure(op, "no axis of size 1");
    if (axes.empty() && op.getX().getType() == op.getType())
      b.replaceOp(op, op.getX());
    else
      b.replaceOpWithNewOp<ReduceOp>(op, op.getType(), op.getX(), op.getKind(), axes);
    return success();
  }
};

struct ReduceOfReduce : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &b) const override {
    auto inner = op.getX().getDefiningOp<ReduceOp>();
    if (!inner || inner.getKind() != op.getKind() || !inner->hasOneUse())
      return b.notifyMatchFailure(op, "the operand is no reduction of this kind");
    SmallVector<int64_t> axes(inner.getAxes());
    for (int64_t a : op.getAxes())
      if (!llvm::is_contained(axes, a))
        axes.push_back(a);
    llvm::sort(axes);
    b.replaceOpWithNewOp<ReduceOp>(op, op.getType(), inner.getX(), op.getKind(), axes);
    return success();
  }
};

/// reduce(reshape(x)) where each reduced dim is a run of dims of x.
struct ReduceOfReshape : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &b) const override {
    auto reshape = op.getX().getDefiningOp<ReshapeOp>();
    if (!reshape || !reshape->hasOneUse())
      return b.notifyMatchFailure(op, "the operand is no reshape of its own");
    auto from = dimsOf(reshape.getX()), to = dimsOf(reshape.getType());
    auto groups = groupDims(from, to, getContext());
    if (!groups)
      return b.notifyMatchFailure(op, "the reshape does not regroup dims");
    SmallVector<int64_t> axes;
    bool joins = false;
    for (const DimGroup &g : *groups) {
      bool any = false, all = true;
      for (unsigned j = g.toBegin; j < g.toEnd; ++j) {
        bool reduced = llvm::is_contained(op.getAxes(), int64_t(j));
        any |= reduced;
        all &= reduced || isConstant(to[j], 1);
      }
      if (!any)
        continue;
      if (!all)
        return b.notifyMatchFailure(op, "part of a run of dims is reduced");
      joins |= g.fromEnd - g.fromBegin > g.toEnd - g.toBegin;
      for (unsigned i = g.fromBegin; i < g.fromEnd; ++i)
        axes.push_back(i);
    }
    if (!joins)
      return b.notifyMatchFailure(op, "the reshape joins no reduced dims");
    auto reduced = build<ReduceOp>(
        b, op.getLoc(), reshape.getX(),
        {b.getNamedAttr("kind", op.getKindAttr()), b.getNamedAttr("axes", b.getDenseI64ArrayAttr(axes))});
    b.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), reduced, mapOf(getContext(), dimsOf(op.getType())));
    return success();
  }
};

/// Moves that keep every element where it is.
struct DropTile : OpRewritePattern<TileOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TileOp op, PatternRewriter &b) const override {
    auto dims = dimsOf(op.getX());
    bool expands = true;
    for (auto [i, n] : llvm::enumerate(op.getRepeats().getResults()))
      expands &= isConstant(n, 1) || isConstant(dims[i], 1);
    if (!expands)
      return b.notifyMatchFailure(op, "a dim larger than 1 repeats");
    if (op.getX().getType() == op.getType())
      b.replaceOp(op, op.getX());
    else // elementwise readers broadcast instead
      b.replaceOpWithNewOp<ExpandOp>(op, op.getType(), op.getX(), mapOf(getContext(), dimsOf(op.getType())));
    return success();
  }
};
struct DropPad : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op, PatternRewriter &b) const override {
    auto zero = [](AffineExpr e) { return isConstant(e, 0); };
    if (!llvm::all_of(op.getLow().getResults(), zero) || !llvm::all_of(op.getHigh().getResults(), zero) ||
        op.getX().getType() != op.getType())
      return b.notifyMatchFailure(op, "pads something");
    b.replaceOp(op, op.getX());
    return success();
  }
};
struct DropUpsample : OpRewritePattern<UpsampleOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UpsampleOp op, PatternRewriter &b) const override {
    if (op.getX().getType() != op.getType() || llvm::any_of(op.getFactors(), [](int64_t f) { return f != 1; }))
      return b.notifyMatchFailure(op, "repeats elements");
    b.replaceOp(op, op.getX());
    return success();
  }
};
struct UpsampleOfUpsample : OpRewritePattern<UpsampleOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UpsampleOp op, PatternRewriter &b) const override {
    auto inner = op.getX().getDefiningOp<UpsampleOp>();
    if (!inner || !inner->hasOneUse())
      return b.notifyMatchFailure(op, "the operand is no upsample of its own");
    SmallVector<int64_t> factors;
    for (auto [f, g] : llvm::zip_equal(inner.getFactors(), op.getFactors()))
      factors.push_back(f * g); // i / g / f = i / (f * g)
    b.replaceOpWithNewOp<UpsampleOp>(op, op.getType(), inner.getX(), factors);
    return success();
  }
};
struct ExpandOfExpand : OpRewritePattern<ExpandOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ExpandOp op, PatternRewriter &b) const override {
    auto inner = op.getX().getDefiningOp<ExpandOp>();
    if (!inner)
      return b.notifyMatchFailure(op, "the operand is no expand");
    b.replaceOpWithNewOp<ExpandOp>(op, op.getType(), inner.getX(), mapOf(getContext(), dimsOf(op.getType())));
    return success();
  }
};

/// An expand that only adds dims of size 1 is a reshape already.
struct ReshapeOfExpand : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &b) const override {
    auto expand = op.getX().getDefiningOp<ExpandOp>();
    if (!expand ||
        !provablyEqual(product(dimsOf(expand.getX()), getContext()), product(dimsOf(expand.getType()), getContext())))
      return b.notifyMatchFailure(op, "the operand is no expand by ones");
    b.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), expand.getX(), op.getDimsAttr());
    return success();
  }
};

} // namespace

void wick::graph::addMovePatterns(RewritePatternSet &patterns) {
  patterns.add<SliceOfSlice, SliceOfConcat, ConcatOfConcat, JoinSlices, ReduceSmall, ReduceOfReduce, ReduceOfReshape,
               DropTile, DropPad, DropUpsample, UpsampleOfUpsample, ExpandOfExpand, ReshapeOfExpand>(
      patterns.getContext());
}
