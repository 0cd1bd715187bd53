// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Move, the part whose source index is an expression of the result
// index alone: reshape, transpose, expand, slice, pad, concat, tile, upsample,
// reverse_sequence, iota, dims.
//
#include "dialects/graph/Graph.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace wick::graph {

static int64_t rankOf(Value v) { return cast<RankedTensorType>(v.getType()).getRank(); }

//===-- reshape ------------------------------------------------------------===//

LogicalResult ReshapeOp::inferTypes(InferRequest &r) {
  auto to = r.exprs("dims");
  auto from = constantOf(product(r.dims(0), r.ctx)), size = constantOf(product(to, r.ctx));
  if (from && size && *from != *size)
    return r.fail(Twine(*from) + " elements cannot be reshaped to " + Twine(*size));
  return r.done(r.elem(0), to);
}
Value ReshapeOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  auto to = dimsOf(getType()), from = dimsOf(getX().getType());
  Value linear = e.i64(0);
  for (auto [i, d] : llvm::enumerate(to))
    linear = e.add(e.mul(linear, e.expr(d)), index[i]);
  SmallVector<Value> at(from.size());
  for (size_t i = from.size(); i-- > 0;) {
    if (i == 0) {
      at[0] = linear;
      break;
    }
    if (isConstant(from[i], 1)) {
      at[i] = e.i64(0);
      continue;
    }
    Value d = arith::MaxSIOp::create(e.b, e.loc, e.expr(from[i]), e.i64(1));
    at[i] = arith::RemUIOp::create(e.b, e.loc, linear, d);
    linear = arith::DivUIOp::create(e.b, e.loc, linear, d);
  }
  return e.load(0, at);
}
OpFoldResult ReshapeOp::fold(FoldAdaptor) { return getX().getType() == getType() ? getX() : OpFoldResult(); }
void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(+[](ReshapeOp op, PatternRewriter &b) -> LogicalResult { // reshape of reshape
    auto inner = op.getX().getDefiningOp<ReshapeOp>();
    if (!inner)
      return failure();
    b.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getX(), op.getDimsAttr());
    return success();
  });
}

//===-- transpose ----------------------------------------------------------===//

LogicalResult TransposeOp::inferTypes(InferRequest &r) {
  auto dims = r.dims(0);
  SmallVector<AffineExpr> out;
  SmallVector<bool> seen(dims.size());
  auto perm = r.integers("perm");
  if (perm.size() != dims.size())
    return r.fail("permutation of " + Twine(perm.size()) + " dims on rank " + Twine(dims.size()));
  for (int64_t p : perm) {
    if (p < 0 || p >= int64_t(dims.size()) || seen[p])
      return r.fail("perm is no permutation");
    seen[p] = true;
    out.push_back(dims[p]);
  }
  return r.done(r.elem(0), out);
}
bool TransposeOp::isLanewise() { return !getPerm().empty() && getPerm().back() == int64_t(getPerm().size()) - 1; }
Value TransposeOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  SmallVector<Value> at(index.size());
  for (auto [i, p] : llvm::enumerate(getPerm()))
    at[p] = index[i];
  return e.load(0, at);
}
OpFoldResult TransposeOp::fold(FoldAdaptor) {
  for (auto [i, p] : llvm::enumerate(getPerm()))
    if (p != int64_t(i))
      return {};
  return getX();
}
void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(+[](TransposeOp op, PatternRewriter &b) -> LogicalResult { // transpose of transpose
    auto inner = op.getX().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> perm;
    for (int64_t p : op.getPerm())
      perm.push_back(inner.getPerm()[p]);
    b.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getX(), perm);
    return success();
  });
  patterns.add(+[](TransposeOp op, PatternRewriter &b) -> LogicalResult { // only dims of size 1 move
    auto dims = dimsOf(op.getX().getType());
    int64_t last = -1;
    for (int64_t p : op.getPerm()) {
      if (isConstant(dims[p], 1))
        continue;
      if (p < last)
        return failure();
      last = p;
    }
    auto encoded = dyn_cast_or_null<AffineMapAttr>(op.getType().getEncoding()); // as few symbols as the type
    unsigned symbols = encoded ? encoded.getValue().getNumSymbols() : 0;
    auto map = AffineMap::get(0, symbols, dimsOf(op.getType()), b.getContext());
    b.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX(), AffineMapAttr::get(map));
    return success();
  });
}

//===-- expand -------------------------------------------------------------===//

LogicalResult ExpandOp::inferTypes(InferRequest &r) {
  auto dims = broadcastDims(r, r.exprs("dims"), r.dims(0));
  if (failed(dims))
    return failure();
  return r.done(r.elem(0), *dims);
}
bool ExpandOp::isLanewise() {
  auto from = dimsOf(getX().getType()), to = dimsOf(getType());
  return !to.empty() && (broadcastsLast(getX().getType(), getType()) || provablyEqual(from.back(), to.back()));
}
Value ExpandOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  auto at = broadcastIndex(e, getX().getType(), getType(), index);
  return broadcastsLast(getX().getType(), getType()) ? e.splat(e.loadScalar(0, at)) : e.load(0, at);
}
OpFoldResult ExpandOp::fold(FoldAdaptor) { return getX().getType() == getType() ? getX() : OpFoldResult(); }

//===-- slice --------------------------------------------------------------===//

LogicalResult SliceOp::inferTypes(InferRequest &r) { return r.done(r.elem(0), r.exprs("sizes")); }
bool SliceOp::isLanewise() { return rankOf(getX()) > 0 && getSteps().back() == 1; }
Value SliceOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  SmallVector<Value> at;
  for (auto [i, start] : llvm::enumerate(getStarts().getResults()))
    at.push_back(e.add(e.expr(start), e.mul(index[i], e.i64(getSteps()[i]))));
  return e.load(0, at);
}
OpFoldResult SliceOp::fold(FoldAdaptor) {
  bool whole = getX().getType() == getType() && llvm::all_of(getSteps(), [](int64_t s) { return s == 1; }) &&
               llvm::all_of(getStarts().getResults(), [](AffineExpr s) { return isConstant(s, 0); });
  return whole ? getX() : OpFoldResult();
}

//===-- pad ----------------------------------------------------------------===//

LogicalResult PadOp::inferTypes(InferRequest &r) {
  auto dims = r.dims(0), low = r.exprs("low"), high = r.exprs("high");
  if (low.size() != dims.size() || high.size() != dims.size())
    return r.fail("pads for " + Twine(low.size()) + " dims on rank " + Twine(dims.size()));
  for (size_t i = 0; i < dims.size(); ++i) {
    dims[i] = dims[i] + low[i] + high[i];
    if (auto c = constantOf(dims[i]); c && *c < 0)
      return r.fail("dim " + Twine(i) + " would have size " + Twine(*c));
  }
  return r.done(r.elem(0), dims);
}
bool PadOp::isLanewise() {
  return rankOf(getX()) > 0 && isConstant(getLow().getResults().back(), 0) &&
         isConstant(getHigh().getResults().back(), 0);
}
Value PadOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  auto dims = dimsOf(getX().getType());
  SmallVector<Value> at;
  Value inside;
  Value zero = e.i64(0), one = e.i64(1);
  for (auto [i, low] : llvm::enumerate(getLow().getResults())) {
    if (isConstant(low, 0) && isConstant(getHigh().getResult(i), 0)) {
      at.push_back(index[i]);
      continue;
    }
    Value n = e.expr(dims[i]), v = e.sub(index[i], e.expr(low)), last = e.sub(n, one);
    switch (getMode()) {
    case PadMode::Constant: {
      Value ok = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, v, n);
      inside = inside ? e.both(inside, ok) : ok;
      break;
    }
    case PadMode::Edge:
      break;                 // the clamp below is what edge means
    case PadMode::Reflect: { // a triangle wave of period 2 (n - 1)
      Value period = arith::MaxSIOp::create(e.b, e.loc, e.mul(last, e.i64(2)), one);
      Value m = arith::RemSIOp::create(e.b, e.loc, v, period);
      m = e.select(e.less(m, zero), e.add(m, period), m);
      v = e.select(e.less(last, m), e.sub(period, m), m);
      break;
    }
    case PadMode::Wrap: {
      Value m = arith::RemSIOp::create(e.b, e.loc, v, arith::MaxSIOp::create(e.b, e.loc, n, one));
      v = e.select(e.less(m, zero), e.add(m, n), m);
      break;
    }
    }
    at.push_back(e.clamp(v, zero, arith::MaxSIOp::create(e.b, e.loc, last, zero)));
  }
  if (!inside)
    return e.load(0, at);
  // Inside an scf.if, since the source may have no elements at all.
  SmallVector<Value> none(rankOf(getValue()), zero);
  auto branch = scf::IfOp::create(
      e.b, e.loc,
      e.splat(ScalarBuilder(e.b, e.loc).constant(computeType(cast<RankedTensorType>(getType()).getElementType()), 0))
          .getType(),
      inside, true);
  for (bool in : {true, false}) {
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(in ? branch.thenBlock() : branch.elseBlock());
    e.enterScope();
    Value v = in ? e.load(0, at) : e.splat(e.loadScalar(1, none));
    scf::YieldOp::create(e.b, e.loc, v);
    e.exitScope();
  }
  return branch.getResult(0);
}

//===-- concat -------------------------------------------------------------===//

LogicalResult ConcatOp::inferTypes(InferRequest &r) {
  auto dims = r.dims(0);
  int64_t axis = r.integer("axis");
  if (axis < 0 || axis >= int64_t(dims.size()))
    return r.fail("axis " + Twine(axis) + " is out of range for rank " + Twine(dims.size()));
  for (unsigned i = 1; i < r.operands.size(); ++i) {
    auto other = r.dims(i);
    if (other.size() != dims.size())
      return r.fail("operands of rank " + Twine(dims.size()) + " and " + Twine(other.size()));
    for (size_t d = 0; d < dims.size(); ++d) {
      if (int64_t(d) == axis) {
        dims[d] = dims[d] + other[d];
        continue;
      }
      auto a = constantOf(dims[d]), c = constantOf(other[d]);
      if (a && c && *a != *c)
        return r.fail("dim " + Twine(d) + " is " + Twine(*a) + " in one operand and " + Twine(*c) + " in another");
      if (c) // a constant says more than a symbol
        dims[d] = other[d];
    }
  }
  return r.done(r.elem(0), dims);
}
bool ConcatOp::isLanewise() { return int64_t(getAxis()) != rankOf(getXs()[0]) - 1; }
OpFoldResult ConcatOp::fold(FoldAdaptor) { return getXs().size() == 1 ? getXs()[0] : OpFoldResult(); }
Value ConcatOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  unsigned axis = getAxis();
  SmallVector<Value> at(index);
  Type type =
      e.splat(ScalarBuilder(e.b, e.loc).constant(computeType(cast<RankedTensorType>(getType()).getElementType()), 0))
          .getType();
  // if (i < n0) x0[i] else if (i - n0 < n1) x1[i - n0] else ...
  std::function<Value(unsigned, Value)> pick = [&](unsigned k, Value i) -> Value {
    auto read = [&](unsigned which) {
      SmallVector<Value> where(at);
      where[axis] = i;
      return e.load(which, where);
    };
    if (k + 1 == getXs().size())
      return read(k);
    Value n = e.expr(dimOf(getXs()[k].getType(), axis));
    auto branch = scf::IfOp::create(e.b, e.loc, type, e.less(i, n), true);
    for (bool in : {true, false}) {
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(in ? branch.thenBlock() : branch.elseBlock());
      e.enterScope();
      Value v = in ? read(k) : pick(k + 1, e.sub(i, n));
      scf::YieldOp::create(e.b, e.loc, v);
      e.exitScope();
    }
    return branch.getResult(0);
  };
  return pick(0, index[axis]);
}

//===-- tile, upsample, reverse_sequence -----------------------------------===//

LogicalResult TileOp::inferTypes(InferRequest &r) {
  auto dims = r.dims(0), repeats = r.exprs("repeats");
  if (repeats.size() != dims.size())
    return r.fail(Twine(repeats.size()) + " repeats for rank " + Twine(dims.size()));
  for (auto [d, n] : llvm::zip(dims, repeats))
    d = d * n;
  return r.done(r.elem(0), dims);
}
Value TileOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  SmallVector<Value> at;
  for (auto [i, d] : llvm::enumerate(dimsOf(getX().getType())))
    at.push_back(isConstant(getRepeats().getResult(i), 1) ? index[i]
                 : isConstant(d, 1) ? e.i64(0)
                                    : Value(arith::RemUIOp::create(e.b, e.loc, index[i], e.expr(d))));
  return e.load(0, at);
}

LogicalResult UpsampleOp::inferTypes(InferRequest &r) {
  auto dims = r.dims(0);
  for (auto [d, f] : llvm::zip(dims, r.integers("factors")))
    d = d * f;
  return r.done(r.elem(0), dims);
}
bool UpsampleOp::isLanewise() { return !getFactors().empty() && getFactors().back() == 1; }
Value UpsampleOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  SmallVector<Value> at;
  for (auto [i, f] : llvm::enumerate(getFactors()))
    at.push_back(f == 1 ? index[i] : Value(arith::DivUIOp::create(e.b, e.loc, index[i], e.i64(f))));
  return e.load(0, at);
}

LogicalResult ReverseSequenceOp::inferTypes(InferRequest &r) { return r.done(r.elem(0), r.dims(0)); }
Value ReverseSequenceOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  SmallVector<Value> at(index);
  Value len = e.loadScalar(1, index[getBatchAxis()]);
  if (len.getType() != e.b.getI64Type())
    len = arith::ExtSIOp::create(e.b, e.loc, e.b.getI64Type(), len);
  len = e.clamp(len, e.i64(0), e.expr(dimOf(getType(), getTimeAxis())));
  Value t = index[getTimeAxis()];
  at[getTimeAxis()] = e.select(e.less(t, len), e.sub(e.sub(len, e.i64(1)), t), t);
  return e.load(0, at);
}

//===-- iota, dims ---------------------------------------------------------===//

LogicalResult IotaOp::inferTypes(InferRequest &r) { return r.done(r.elem(0), r.exprs("dims")); }
Value IotaOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  ScalarBuilder s(e.b, e.loc);
  Type elem = cast<RankedTensorType>(getType()).getElementType();
  Sc start = s.make(e.loadScalar(0, {})), delta = s.make(e.loadScalar(1, {}));
  return (start + s.cast(s.make(index[0]), elem) * delta).value;
}

LogicalResult DimsOp::inferTypes(InferRequest &r) {
  return r.done(r.i64Type(), r.constant(int64_t(r.exprs("values").size())));
}
Value DimsOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  Value v = e.i64(0);
  for (auto [i, x] : llvm::enumerate(getValues().getResults()))
    v = e.select(arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq, index[0], e.i64(i)), e.expr(x), v);
  return v;
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

} // namespace wick::graph
