// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Window: pooling. Windows of up to 32 taps are unrolled, with positions
// outside the input replaced by a neutral value, so that lanes stay straight.
//
#include "dialects/graph/Graph.h"

#include <limits>

using namespace mlir;
namespace wick::graph {

LogicalResult PoolOp::inferTypes(InferRequest &r) {
  auto x = r.dims(0), sizes = r.exprs("sizes");
  bool last = r.has("channels_last");
  SmallVector<AffineExpr> out{x[0]};
  if (!last)
    out.push_back(x[1]);
  llvm::append_range(out, sizes);
  if (last)
    out.push_back(x.back());
  bool arg = r.attrs.getAs<PoolKindAttr>("kind").getValue() == PoolKind::ArgMax;
  return r.done(arg ? r.i64Type() : r.elem(0), out);
}
bool PoolOp::isLanewise() { return getChannelsLast() && getKind() != PoolKind::ArgMax; }

Value PoolOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  Type elem = cast<RankedTensorType>(getX().getType()).getElementType();
  ScalarBuilder s(e.b, e.loc);
  auto &b = e.b;
  Location loc = e.loc;
  auto dims = dimsOf(getX().getType());
  unsigned first = getChannelsLast() ? 1 : 2, n = getKernel().size();
  bool uns = elem.isUnsignedInteger(), isArg = getKind() == PoolKind::ArgMax;
  bool isMax = getKind() == PoolKind::Max || isArg;
  int64_t taps = 1;
  for (int64_t k : getKernel()) // up to what matters here
    taps = std::min<int64_t>(taps * std::min<int64_t>(k, 33), 33);
  int64_t unroll = taps <= 32 ? 32 : 0;
  Value zero = e.i64(0), one = e.i64(1);
  SmallVector<Value> at(index);
  Value neutral = e.splat(reduceNeutral(s, isMax ? ReduceKind::Max : ReduceKind::Sum, elem));

  // State: the accumulator, the count of positions, the position of the maximum.
  SmallVector<Value> state{neutral, zero, e.i64(-1)};
  auto visit = [&](Value ok, SmallVector<Value> st) -> SmallVector<Value> {
    Value v = e.load(0, at);
    if (isMax) {
      Value cand = ok ? e.select(ok, v, neutral) : v;
      if (!isArg)
        return {max(s.make(st[0], uns), s.make(cand, uns)).value, st[1], st[2]};
      Value flat = zero; // N, C, spatial order of x
      SmallVector<unsigned> order{0u, 1u};
      for (unsigned i = 0; i < n; ++i)
        order.push_back(getColumnMajor() ? 2 + (n - 1 - i) : 2 + i);
      for (unsigned d : order)
        flat = e.add(e.mul(flat, e.expr(dims[d])), at[d]);
      Value better = lt(s.make(st[0], uns), s.make(cand, uns)).value;
      better =
          arith::OrIOp::create(b, loc, better, arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, st[2], zero));
      if (ok)
        better = e.both(better, ok);
      return {e.select(better, cand, st[0]), st[1], e.select(better, flat, st[2])};
    }
    Sc x = s.make(v, uns);
    if (getKind() == PoolKind::SumAbsPow) {
      Sc a = abs(x);
      x = getP() == 1 ? a : getP() == 2 ? a * a : s.pow(a, s.like(a, getP()));
    }
    Value val = ok ? e.select(ok, x.value, neutral) : x.value;
    Value counted = ok ? Value(arith::ExtUIOp::create(b, loc, b.getI64Type(), ok)) : one;
    return {(s.make(st[0], uns) + s.make(val, uns)).value, e.add(st[1], counted), st[2]};
  };
  std::function<SmallVector<Value>(unsigned, Value, SmallVector<Value>)> nest =
      [&](unsigned k, Value ok, SmallVector<Value> st) -> SmallVector<Value> {
    if (k == n)
      return visit(ok, st);
    auto step = [&](Value tap, SmallVector<Value> acc) {
      Value dim = e.expr(dims[first + k]);
      Value pos = e.sub(e.add(e.mul(index[first + k], e.i64(getStrides()[k])), e.mul(tap, e.i64(getDilations()[k]))),
                        e.i64(getPadsBegin()[k]));
      Value in = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, pos, dim);
      at[first + k] = e.clamp(pos, zero, arith::MaxSIOp::create(b, loc, e.sub(dim, one), zero));
      return nest(k + 1, ok ? e.both(ok, in) : in, acc);
    };
    if (getKernel()[k] <= unroll) {
      for (int64_t t = 0; t < getKernel()[k]; ++t)
        st = step(e.i64(t), st);
      return st;
    }
    return e.loopMany(getAffineConstantExpr(getKernel()[k], getContext()), st,
                      [&](Value t, ValueRange acc) { return step(t, SmallVector<Value>(acc)); });
  };
  state = nest(0, Value(), state);
  if (isArg)
    return state[2];
  if (getKind() != PoolKind::Avg)
    return state[0];
  Value count = state[1];
  if (getCountPad()) { // window positions inside x plus pads, by dim
    count = one;
    for (unsigned k = 0; k < n; ++k) {
      Value start = e.mul(index[first + k], e.i64(getStrides()[k]));
      Value total = e.add(e.expr(dims[first + k]), e.i64(getPadsBegin()[k] + getPadsEnd()[k]));
      int64_t dil = getDilations()[k];
      Value room = arith::CeilDivSIOp::create(b, loc, e.sub(total, start), e.i64(dil));
      count = e.mul(count, arith::MinSIOp::create(b, loc, room, e.i64(getKernel()[k])));
    }
  }
  Sc total = s.make(state[0], uns);
  Sc divisor = s.cast(s.make(arith::MaxSIOp::create(b, loc, count, one)), elem);
  return (total / s.make(e.splat(divisor.value), uns)).value;
}

} // namespace wick::graph
