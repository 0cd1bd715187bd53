// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Contract: matmul, conv, conv_transpose. These bodies are the plain
// definition, used for folding, for types without a packed kernel, and as the
// meaning that the packed strategies implement.
//
#include "dialects/graph/Graph.h"
#include "dialects/graph/SizeCheck.h"

using namespace mlir;
namespace wick::graph {

/// acc + x * y in the type of the result; x and y are elements of the op's first two operands.
static Value multiplyAdd(ElementEmitter &e, Operation *op, Value acc, Value x, Value y) {
  ScalarBuilder s(e.b, e.loc);
  Type to = getElementTypeOrSelf(op->getResult(0).getType());
  auto factor = [&](Value v, unsigned operand) {
    Type from = getElementTypeOrSelf(op->getOperand(operand).getType());
    return from == to ? s.make(v) : s.cast(s.make(v, from.isUnsignedInteger()), to);
  };
  return (s.make(acc) + factor(x, 0) * factor(y, 1)).value;
}
/// The element type of the result: `to`, or that of the first operand.
static Type sumType(InferRequest &r) { return r.has("to") ? r.typeAttr("to") : r.elem(0); }
static Value zeroOf(ElementEmitter &e, Value result) {
  return e.constant(computeType(cast<RankedTensorType>(result.getType()).getElementType()), 0);
}

//===-- matmul -------------------------------------------------------------===//

LogicalResult MatmulOp::inferTypes(InferRequest &r) {
  auto a = r.dims(0), b = r.dims(1);
  if (a.size() < 2 || b.size() < 2)
    return r.fail("operands of rank " + Twine(a.size()) + " and " + Twine(b.size()) + ", expected at least 2");
  auto ka = constantOf(a.back()), kb = constantOf(b[b.size() - 2]);
  if (ka && kb && *ka != *kb)
    return r.fail("inner dims are " + Twine(*ka) + " and " + Twine(*kb));
  auto batch = broadcastDims(r, ArrayRef(a).drop_back(2), ArrayRef(b).drop_back(2));
  if (failed(batch))
    return failure();
  batch->push_back(a[a.size() - 2]);
  batch->push_back(b.back());
  return r.done(sumType(r), *batch);
}
bool MatmulOp::isLanewise() { return true; }
Value MatmulOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  auto batchType = [](Type t) {
    return tensorOf(cast<RankedTensorType>(t).getElementType(), ArrayRef(dimsOf(t)).drop_back(2));
  };
  Type result = batchType(getType());
  auto batch = index.drop_back(2);
  auto ia = broadcastIndex(e, batchType(getA().getType()), result, batch);
  auto ib = broadcastIndex(e, batchType(getB().getType()), result, batch);
  ia.append({index[index.size() - 2], Value()});
  ib.append({Value(), index.back()});
  auto da = dimsOf(getA().getType()), db = dimsOf(getB().getType());
  AffineExpr k = constantOf(da.back()) ? da.back() : db[db.size() - 2];
  return e.loop(k, zeroOf(e, getResult()), [&](Value i, Value acc) {
    ia.back() = i;
    ib[ib.size() - 2] = i;
    return multiplyAdd(e, *this, acc, e.splat(e.loadScalar(0, ia)), e.load(1, ib));
  });
}

//===-- conv ---------------------------------------------------------------===//

/// Loops over the taps; calls `leaf` with the tap indices when all positions
/// are known, passing whether the position lies inside.
static Value overTaps(ElementEmitter &e, ArrayRef<AffineExpr> taps, Value acc,
                      function_ref<Value(ArrayRef<Value>, Value)> leaf) {
  SmallVector<Value> at;
  std::function<Value(Value)> nest = [&](Value inner) -> Value {
    if (at.size() == taps.size())
      return leaf(at, inner);
    return e.loop(taps[at.size()], inner, [&](Value t, Value a) {
      at.push_back(t);
      Value v = nest(a);
      at.pop_back();
      return v;
    });
  };
  return nest(acc);
}

LogicalResult ConvOp::inferTypes(InferRequest &r) {
  auto x = r.dims(0), w = r.dims(1);
  bool last = r.has("channels_last");
  if (x.size() < 3 || w.size() != x.size())
    return r.fail("x of rank " + Twine(x.size()) + " and w of rank " + Twine(w.size()));
  size_t n = x.size() - 2;
  auto strides = r.integers("strides"), low = r.integers("pads_begin"), high = r.integers("pads_end"),
       dil = r.integers("dilations");
  if (strides.size() != n || low.size() != n || high.size() != n || dil.size() != n)
    return r.fail("attributes do not fit " + Twine(n) + " spatial dims");
  for (auto numbers : {strides, low, high, dil})
    if (llvm::any_of(numbers, [](int64_t v) { return v < INT32_MIN || v > INT32_MAX; }))
      return r.fail("strides, dilations and pads must fit 32 bits");
  int64_t groups = r.integer("groups", 1);
  auto c = constantOf(last ? x.back() : x[1]), cg = constantOf(last ? w[n] : w[1]),
       o = constantOf(last ? w[n + 1] : w[0]);
  if (!cg || !o)
    return r.fail("the channels of w are not constant");
  if (groups < 1 || *o % groups != 0)
    return r.fail(Twine(*o) + " output channels in " + Twine(groups) + " groups");
  if (c && (*c % groups != 0 || *c / groups != *cg))
    return r.fail("x has " + Twine(*c) + " channels, w expects " + Twine(*cg) + " in each of " + Twine(groups) +
                  " groups");
  SmallVector<AffineExpr> spatial;
  for (size_t i = 0; i < n; ++i) {
    AffineExpr taps = last ? w[i] : w[2 + i];
    auto k = constantOf(taps);
    if (!k || *k > INT32_MAX)
      return r.fail("the taps of w are not constant, or too many");
    if (strides[i] < 1)
      return r.fail("stride " + Twine(strides[i]));
    AffineExpr size = (x[(last ? 1 : 2) + i] + (low[i] + high[i] - dil[i] * (*k - 1) - 1)).floorDiv(strides[i]) + 1;
    if (auto s = constantOf(size); s && *s < 0)
      return r.fail("a window of " + Twine(*k) + " taps is larger than the padded input");
    spatial.push_back(size);
  }
  SmallVector<AffineExpr> out{x[0]};
  if (!last)
    out.push_back(r.constant(*o));
  llvm::append_range(out, spatial);
  if (last)
    out.push_back(r.constant(*o));
  return r.done(sumType(r), out);
}
bool ConvOp::isLanewise() { return getChannelsLast() && getGroups() == 1; }

Value ConvOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  bool last = getChannelsLast();
  auto x = dimsOf(getX().getType()), w = dimsOf(getW().getType());
  unsigned n = x.size() - 2, sx = last ? 1 : 2, sw = last ? 0 : 2;
  int64_t cg = *constantOf(last ? w[n] : w[1]), out = *constantOf(last ? w[n + 1] : w[0]), groups = getGroups();
  Value oc = last ? index.back() : index[1], zero = e.i64(0), one = e.i64(1);
  Value base = groups == 1 ? zero : e.mul(arith::DivUIOp::create(e.b, e.loc, oc, e.i64(out / groups)), e.i64(cg));
  SmallVector<AffineExpr> taps(w.begin() + sw, w.begin() + sw + n);
  Value zeroV = zeroOf(e, getResult());
  SmallVector<Value> ix(x.size()), iw(w.size());
  ix[0] = index[0];
  return overTaps(e, taps, zeroV, [&](ArrayRef<Value> tap, Value acc) {
    Value inside;
    for (unsigned i = 0; i < n; ++i) {
      Value pos = e.sub(e.add(e.mul(index[sx + i], e.i64(getStrides()[i])), e.mul(tap[i], e.i64(getDilations()[i]))),
                        e.i64(getPadsBegin()[i]));
      Value dim = e.expr(x[sx + i]);
      Value in = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, pos, dim);
      inside = inside ? e.both(inside, in) : in;
      ix[sx + i] = e.clamp(pos, zero, arith::MaxSIOp::create(e.b, e.loc, e.sub(dim, one), zero));
      iw[sw + i] = tap[i];
    }
    return e.loop(getAffineConstantExpr(cg, getContext()), acc, [&](Value c, Value a) {
      ix[last ? n + 1 : 1] = e.add(base, c);
      iw[last ? n : 1] = c;
      iw[last ? n + 1 : 0] = oc;
      Value v = e.select(inside, multiplyAdd(e, *this, a, e.splat(e.loadScalar(0, ix)), e.load(1, iw)), a);
      return v;
    });
  });
}

//===-- conv_transpose -----------------------------------------------------===//

LogicalResult ConvTransposeOp::inferTypes(InferRequest &r) {
  auto x = r.dims(0), w = r.dims(1), sizes = r.exprs("sizes");
  bool last = r.has("channels_last");
  if (x.size() < 3 || w.size() != x.size() || sizes.size() != x.size() - 2)
    return r.fail("x of rank " + Twine(x.size()) + ", w of rank " + Twine(w.size()));
  size_t n = x.size() - 2;
  auto og = constantOf(last ? w[n + 1] : w[1]), c = constantOf(last ? w[n] : w[0]),
       cx = constantOf(last ? x.back() : x[1]);
  if (!og || !c)
    return r.fail("the channels of w are not constant");
  if (cx && *cx != *c)
    return r.fail("x has " + Twine(*cx) + " channels, w expects " + Twine(*c));
  int64_t groups = r.integer("groups", 1);
  if (groups < 1 || *c % groups != 0 || *og > maxElements / groups)
    return r.fail(Twine(*c) + " channels in " + Twine(groups) + " groups");
  AffineExpr o = r.constant(*og * groups);
  SmallVector<AffineExpr> out{x[0]};
  if (!last)
    out.push_back(o);
  llvm::append_range(out, sizes);
  if (last)
    out.push_back(o);
  return r.done(r.elem(0), out);
}
bool ConvTransposeOp::isLanewise() { return getChannelsLast() && getGroups() == 1; }

Value ConvTransposeOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  // Gather form: x position p meets tap t at result p * stride + t * dilation - pad.
  bool last = getChannelsLast();
  auto x = dimsOf(getX().getType()), w = dimsOf(getW().getType());
  unsigned n = x.size() - 2, sx = last ? 1 : 2, sw = last ? 0 : 2;
  int64_t channels = *constantOf(last ? w[n] : w[0]), og = *constantOf(last ? w[n + 1] : w[1]), groups = getGroups();
  int64_t cg = channels / groups;
  Value oc = last ? index.back() : index[1], zero = e.i64(0), one = e.i64(1);
  Value group = groups == 1 ? zero : Value(arith::DivUIOp::create(e.b, e.loc, oc, e.i64(og)));
  Value base = e.mul(group, e.i64(cg));
  Value ocInGroup = groups == 1 ? oc : e.sub(oc, e.mul(group, e.i64(og)));
  SmallVector<AffineExpr> taps(w.begin() + sw, w.begin() + sw + n);
  SmallVector<Value> ix(x.size()), iw(w.size());
  ix[0] = index[0];
  return overTaps(e, taps, zeroOf(e, getResult()), [&](ArrayRef<Value> tap, Value acc) {
    Value inside;
    for (unsigned i = 0; i < n; ++i) {
      Value t = e.sub(e.add(index[sx + i], e.i64(getPadsBegin()[i])), e.mul(tap[i], e.i64(getDilations()[i])));
      Value stride = e.i64(getStrides()[i]), dim = e.expr(x[sx + i]);
      Value pos = arith::DivSIOp::create(e.b, e.loc, t, stride);
      Value exact = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq, e.mul(pos, stride), t);
      // t < 0 divides to 0 at worst when exact fails; a negative multiple gives pos < 0.
      Value in = e.both(exact, arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, pos, dim));
      inside = inside ? e.both(inside, in) : in;
      ix[sx + i] = e.clamp(pos, zero, arith::MaxSIOp::create(e.b, e.loc, e.sub(dim, one), zero));
      iw[sw + i] = tap[i];
    }
    return e.loop(getAffineConstantExpr(cg, getContext()), acc, [&](Value c, Value a) {
      ix[last ? n + 1 : 1] = e.add(base, c);
      iw[last ? n : 0] = e.add(base, c);
      iw[last ? n + 1 : 1] = ocInGroup;
      return e.select(inside, multiplyAdd(e, *this, a, e.splat(e.loadScalar(0, ix)), e.load(1, iw)), a);
    });
  });
}

} // namespace wick::graph
