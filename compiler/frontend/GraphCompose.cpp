// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Composites: ops of the field that are a few ops of the dialect. Frontends share
// them, so each has one definition and one numerical behaviour.
//
#include "compiler/frontend/GraphBuilder.h"

using namespace mlir;
namespace wick::compiler {

//===-- Moves --------------------------------------------------------------===//

Value GraphBuilder::castTo(Value x, Type to) {
  if (!x || elem(x) == to)
    return x;
  return create<graph::CastOp>({x}, {typeAttr("to", to)});
}

Value GraphBuilder::reshape(Value x, ArrayRef<AffineExpr> dims) {
  if (!x)
    return x;
  if (auto inner = x.getDefiningOp<graph::ReshapeOp>())
    x = inner.getX();
  return create<graph::ReshapeOp>({x}, {mapAttr("dims", dims)});
}

Value GraphBuilder::squeeze(Value x, ArrayRef<int64_t> axes) {
  if (!x || axes.empty())
    return x;
  Exprs out;
  for (auto [i, d] : llvm::enumerate(dims(x)))
    if (!llvm::is_contained(axes, int64_t(i)))
      out.push_back(d);
  return reshape(x, out);
}

Value GraphBuilder::unsqueeze(Value x, ArrayRef<int64_t> axes) {
  if (!x || axes.empty())
    return x;
  Exprs out, from = dims(x);
  int64_t total = from.size() + axes.size();
  for (auto [i, a] : llvm::enumerate(axes))
    if (a < 0 || a >= total || llvm::is_contained(axes.take_front(i), a))
      return fail("axis " + Twine(a) + " cannot be added to a tensor of rank " + Twine(from.size()));
  for (int64_t i = 0, next = 0; i < total; ++i)
    out.push_back(llvm::is_contained(axes, i) ? expr(1) : from[next++]);
  return reshape(x, out);
}

Value GraphBuilder::transpose(Value x, ArrayRef<int64_t> perm) {
  return x ? create<graph::TransposeOp>({x}, {intsAttr("perm", perm)}) : x;
}

Value GraphBuilder::swapLast(Value x) {
  if (!x)
    return x;
  if (rank(x) < 2)
    return fail("a tensor of rank " + Twine(rank(x)) + " is no matrix");
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, rank(x)));
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return transpose(x, perm);
}

Value GraphBuilder::expandTo(Value x, ArrayRef<AffineExpr> dims) {
  return x ? create<graph::ExpandOp>({x}, {mapAttr("dims", dims)}) : x;
}

Value GraphBuilder::concat(ArrayRef<Value> xs, int64_t axis) {
  if (xs.empty())
    return fail("joins no tensors");
  SmallVector<Value> parts; // empty ones add nothing
  for (Value v : xs)
    if (!v || axis >= rank(v) || !graph::isConstant(dim(v, axis), 0))
      parts.push_back(v);
  if (parts.empty())
    parts.push_back(xs[0]);
  return parts.size() == 1 ? parts[0] : create<graph::ConcatOp>(ValueRange(parts), {intAttr("axis", axis)});
}

Value GraphBuilder::sliceAll(Value x, ArrayRef<AffineExpr> starts, ArrayRef<AffineExpr> sizes,
                             ArrayRef<int64_t> steps) {
  return x ? create<graph::SliceOp>({x}, {mapAttr("starts", starts), mapAttr("sizes", sizes), intsAttr("steps", steps)})
           : x;
}

Value GraphBuilder::slice(Value x, int64_t axis, AffineExpr start, AffineExpr size, int64_t step) {
  if (!x)
    return x;
  if (axis < 0 || axis >= rank(x))
    return fail("axis " + Twine(axis) + " is out of range for rank " + Twine(rank(x)));
  auto first = graph::constantOf(start), length = graph::constantOf(size), all = graph::constantOf(dim(x, axis));
  if (step == 1 && first && length && all && (*first < 0 || *length < 0 || *length > *all - *first))
    return fail(Twine(*length) + " elements from " + Twine(*first) + " on of an axis of " + Twine(*all));
  Exprs starts(rank(x), expr(0)), sizes = dims(x);
  SmallVector<int64_t> steps(rank(x), 1);
  starts[axis] = start, sizes[axis] = size, steps[axis] = step;
  return sliceAll(x, starts, sizes, steps);
}

Value GraphBuilder::padConstant(Value x, ArrayRef<AffineExpr> low, ArrayRef<AffineExpr> high, double value) {
  if (!x)
    return x;
  auto isZero = [](AffineExpr e) { return graph::isConstant(e, 0); };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
    return x;
  return create<graph::PadOp>(
      {x, scalarLike(x, value)},
      {mapAttr("low", low), mapAttr("high", high),
       b.getNamedAttr("mode", graph::PadModeAttr::get(b.getContext(), graph::PadMode::Constant))});
}

Value GraphBuilder::gather(Value x, Value indices, int64_t axis) {
  return create<graph::GatherOp>({x, indices}, {intAttr("axis", axis)});
}

Value GraphBuilder::iota(Type elem, AffineExpr n) {
  return create<graph::IotaOp>({scalar(elem, 0), scalar(elem, 1)}, {mapAttr("dims", {n})});
}

Value GraphBuilder::clip(Value x, Value lo, Value hi) {
  if (lo)
    x = max(x, lo);
  return hi ? min(x, hi) : x;
}

//===-- Reductions ---------------------------------------------------------===//

Value GraphBuilder::reduce(Value x, graph::ReduceKind kind, ArrayRef<int64_t> axes) {
  if (!x || axes.empty())
    return x;
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  return create<graph::ReduceOp>(
      {x}, {b.getNamedAttr("kind", graph::ReduceKindAttr::get(b.getContext(), kind)), intsAttr("axes", sorted)});
}

Value GraphBuilder::reduceMean(Value x, ArrayRef<int64_t> axes) {
  if (!x || axes.empty())
    return x;
  Exprs over;
  for (int64_t a : axes) {
    if (a < 0 || a >= rank(x))
      return fail("axis " + Twine(a) + " is out of range for rank " + Twine(rank(x)));
    over.push_back(dim(x, a));
  }
  AffineExpr n = count(over);
  // 16-bit floats would round the sum before it is divided.
  Type type = elem(x), wide = isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32 ? Type(b.getF32Type()) : type;
  Value sum = reduce(castTo(x, wide), graph::ReduceKind::Sum, axes);
  auto c = graph::constantOf(n);
  return castTo(div(sum, c ? scalar(wide, double(*c)) : exprAs(n, wide)), type);
}

Value GraphBuilder::argReduce(Value x, int64_t axis, bool isMax, bool last) {
  SmallVector<NamedAttribute> attrs{intAttr("axis", axis)};
  if (isMax)
    attrs.push_back(unitAttr("max"));
  if (last)
    attrs.push_back(unitAttr("last"));
  return create<graph::ArgReduceOp>({x}, attrs);
}

static Type wideFloat(GraphBuilder &g, Value x) {
  Type type = g.elem(x);
  return isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32 ? Type(g.b.getF32Type()) : type;
}

Value GraphBuilder::softmax(Value x, ArrayRef<int64_t> axes) {
  if (!x)
    return x;
  // In the type of x, as the reference does: a 16-bit x is rounded op by op, its
  // sum is accumulated in f32.
  Value e = create<graph::ExpOp>({sub(x, reduce(x, graph::ReduceKind::Max, axes))});
  return div(e, reduce(e, graph::ReduceKind::Sum, axes));
}

Value GraphBuilder::logSoftmax(Value x, int64_t axis) {
  if (!x)
    return x;
  Type type = elem(x);
  x = castTo(x, wideFloat(*this, x));
  Value shifted = sub(x, reduce(x, graph::ReduceKind::Max, {axis}));
  Value e = create<graph::ExpOp>({shifted});
  return castTo(sub(shifted, create<graph::LogOp>({reduce(e, graph::ReduceKind::Sum, {axis})})), type);
}

Value GraphBuilder::normalize(Value x, ArrayRef<int64_t> axes, double epsilon, Value *mean, Value *invStd) {
  if (!x)
    return x;
  Value m = reduceMean(x, axes), centred = sub(x, m);
  Value variance = reduceMean(mul(centred, centred), axes);
  Value inv = create<graph::RecipOp>({create<graph::SqrtOp>({add(variance, epsilon)})});
  if (mean)
    *mean = m;
  if (invStd)
    *invStd = inv;
  return mul(centred, inv);
}

Value GraphBuilder::rmsNormalize(Value x, ArrayRef<int64_t> axes, double epsilon) {
  if (!x)
    return x;
  Value rms = create<graph::SqrtOp>({add(reduceMean(mul(x, x), axes), epsilon)});
  return mul(x, create<graph::RecipOp>({rms}));
}

Value GraphBuilder::oneHotMask(Value indices, AffineExpr depth, int64_t axis) {
  if (!indices)
    return indices;
  int64_t n = rank(indices) + 1;
  Value at = unsqueeze(castTo(indices, b.getI64Type()), {axis});
  Exprs shape(n, expr(1));
  shape[axis] = depth;
  return create<graph::EqualOp>({at, reshape(iota(b.getI64Type(), depth), shape)});
}

} // namespace wick::compiler
