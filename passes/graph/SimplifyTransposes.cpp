// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Transposes that meet others, or weights:
//
//   %t = wick.transpose %x                %r = wick.reshape %x
//   %r = wick.reshape %t           ->     %u = wick.transpose %r   (or none)
//   %u = wick.transpose %r
//
//   %t = wick.transpose %x                %s = wick.slice %x
//   %s = wick.slice %t             ->     %t = wick.transpose %s
//   (slices are the only readers)
//
//   %t = wick.transpose %x                %f = wick.reshape %x
//   %f = wick.reshape %t           ->     %v = rows of %w in the order of %x
//   %m = wick.matmul %f, %w               %m = wick.matmul %f, %v
//
// The last is what a classifier after channels-last features looks like. A
// transpose moves every byte of its tensor, so each that goes is a pass over
// memory saved.
//
#include "passes/graph/LayoutPlan.h"
#include "passes/graph/Patterns.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace wick::graph;

namespace {

/// The reshape `to` of transpose(x, perm), done on x instead: the dims in the
/// order of x, and where each dim of `to` is among them. None where the reshape
/// joins dims that are not neighbours in x.
struct Moved {
  SmallVector<AffineExpr> dims;
  SmallVector<int64_t> where;
};
std::optional<Moved> reshapeFirst(TransposeOp transpose, ArrayRef<AffineExpr> to) {
  auto groups = groupDims(dimsOf(transpose.getType()), to, transpose.getContext());
  if (!groups)
    return std::nullopt;
  SmallVector<bool> ones;
  for (AffineExpr d : dimsOf(transpose.getX()))
    ones.push_back(isConstant(d, 1));
  // Where each run of dims lies in x; it must lie there in one piece.
  SmallVector<std::pair<int64_t, unsigned>> placed;
  for (auto [k, g] : llvm::enumerate(*groups)) {
    int64_t begin = -1, before = -1;
    for (unsigned i = g.fromBegin; i < g.fromEnd; ++i) {
      int64_t d = transpose.getPerm()[i];
      if (ones[d])
        continue;
      for (int64_t between = before + 1; before >= 0 && between < d; ++between)
        if (!ones[between])
          return std::nullopt;
      if (d < before)
        return std::nullopt;
      begin = begin < 0 ? d : begin;
      before = d;
    }
    placed.push_back({begin, unsigned(k)});
  }
  llvm::sort(placed);
  Moved out;
  out.where.resize(to.size());
  for (auto [begin, k] : placed)
    for (unsigned j = (*groups)[k].toBegin; j < (*groups)[k].toEnd; ++j) {
      out.where[j] = out.dims.size();
      out.dims.push_back(to[j]);
    }
  return out;
}

struct MergeAroundReshape : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &b) const override {
    auto reshape = op.getX().getDefiningOp<ReshapeOp>();
    auto inner = reshape ? reshape.getX().getDefiningOp<TransposeOp>() : nullptr;
    if (!inner)
      return b.notifyMatchFailure(op, "no reshape between transposes");
    auto moved = reshapeFirst(inner, dimsOf(reshape.getType()));
    if (!moved)
      return b.notifyMatchFailure(op, "the reshape joins dims from apart");
    SmallVector<int64_t> perm;
    for (int64_t p : op.getPerm())
      perm.push_back(moved->where[p]);
    if (!movesData(moved->dims, perm)) {
      b.replaceOp(op, reshapeTo(b, op.getLoc(), inner.getX(), dimsOf(op.getType())));
      return success();
    }
    if (!inner->hasOneUse() || !reshape->hasOneUse())
      return b.notifyMatchFailure(op, "the transpose inside has other readers");
    Value x = reshapeTo(b, reshape.getLoc(), inner.getX(), moved->dims);
    b.replaceOpWithNewOp<TransposeOp>(op, op.getType(), x, perm);
    return success();
  }
};

struct SliceBeforeTranspose : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &b) const override {
    auto transpose = op.getX().getDefiningOp<TransposeOp>();
    if (!transpose || !llvm::all_of(transpose->getUsers(), [](Operation *user) { return isa<SliceOp>(user); }))
      return b.notifyMatchFailure(op, "the operand is no transpose that only slices read");
    if (llvm::any_of(op.getSteps(), [](int64_t s) { return s != 1; })) // parts that interleave: one transpose of all
      return b.notifyMatchFailure(op, "the slice has steps");
    size_t rank = transpose.getPerm().size();
    SmallVector<AffineExpr> starts(rank), sizes(rank);
    SmallVector<int64_t> steps(rank);
    for (auto [i, p] : llvm::enumerate(transpose.getPerm())) {
      starts[p] = op.getStarts().getResult(i);
      sizes[p] = op.getSizes().getResult(i);
      steps[p] = op.getSteps()[i];
    }
    Value part =
        SliceOp::create(b, op.getLoc(), tensorOf(elementOf(op), sizes), transpose.getX(), mapOf(getContext(), starts),
                        mapOf(getContext(), sizes), b.getDenseI64ArrayAttr(steps));
    b.replaceOpWithNewOp<TransposeOp>(op, op.getType(), part, transpose.getPerm());
    return success();
  }
};

struct PermuteRowsOfWeights : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &b) const override {
    auto reshape = op.getA().getDefiningOp<ReshapeOp>();
    auto transpose = reshape ? reshape.getX().getDefiningOp<TransposeOp>() : nullptr;
    if (!transpose || !isWeightLike(op.getB()) || rankOf(op.getB()) != 2)
      return b.notifyMatchFailure(op, "no flattened transpose times weights");
    auto from = dimsOf(transpose.getType()), to = dimsOf(reshape.getType());
    auto groups = groupDims(from, to, getContext());
    if (!groups || groups->back().toEnd - groups->back().toBegin != 1)
      return b.notifyMatchFailure(op, "the last dim is no run of dims");
    // The transpose may reorder the dims of the last run, and no others.
    unsigned first = groups->back().fromBegin;
    SmallVector<AffineExpr> split(from.begin() + first, from.end());
    SmallVector<int64_t> back(split.size() + 1, int64_t(split.size()));
    for (auto [i, p] : llvm::enumerate(transpose.getPerm())) {
      if (i < first ? p != int64_t(i) : p < int64_t(first))
        return b.notifyMatchFailure(op, "the transpose moves other dims");
      if (i >= first)
        back[p - first] = i - first;
    }
    split.push_back(dimsOf(op.getB())[1]);
    Location loc = op.getLoc();
    Value w = transposeBy(b, loc, reshapeTo(b, loc, op.getB(), split), back);
    w = reshapeTo(b, loc, w, dimsOf(op.getB()));
    Value x = reshapeTo(b, reshape.getLoc(), transpose.getX(), to);
    b.replaceOpWithNewOp<MatmulOp>(op, op.getType(), x, w, op.getToAttr());
    return success();
  }
};

} // namespace

void wick::graph::addTransposePatterns(RewritePatternSet &patterns) {
  patterns.add<MergeAroundReshape, SliceBeforeTranspose, PermuteRowsOfWeights>(patterns.getContext());
}
