// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Reduce: reductions over axes, and arg reductions.
//
#include "dialects/graph/Graph.h"

#include <limits>

using namespace mlir;
namespace wick::graph {

LogicalResult ReduceOp::inferTypes(InferRequest &r) {
  auto dims = r.dims(0);
  for (int64_t a : r.integers("axes")) {
    if (a < 0 || a >= r.rank(0))
      return r.fail("axis " + Twine(a) + " is out of range for rank " + Twine(r.rank(0)));
    dims[a] = r.constant(1);
  }
  return r.done(r.elem(0), dims);
}

bool ReduceOp::isLanewise() {
  return !llvm::is_contained(getAxes(), cast<RankedTensorType>(getX().getType()).getRank() - 1);
}

Value ReduceOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  Type elem = cast<RankedTensorType>(getX().getType()).getElementType();
  ScalarBuilder s(e.b, e.loc);
  bool uns = elem.isUnsignedInteger() || elem.isInteger(1);
  auto combine = [&](Value acc, Value v) {
    Sc a = s.make(acc, uns), c = s.make(v, uns);
    switch (getKind()) {
    case ReduceKind::Sum:
      return (a + c).value;
    case ReduceKind::Prod:
      return (a * c).value;
    case ReduceKind::Max:
      return max(a, c).value;
    case ReduceKind::Min:
      return min(a, c).value;
    }
    llvm_unreachable("covered switch");
  };
  Value init = e.splat(reduceNeutral(s, getKind(), elem));
  SmallVector<Value> at(index);
  auto dims = dimsOf(getX().getType());
  ArrayRef<int64_t> axes = getAxes();
  std::function<Value(size_t, Value)> nest = [&](size_t k, Value acc) -> Value {
    if (k == axes.size())
      return combine(acc, e.load(0, at));
    return e.loop(dims[axes[k]], acc, [&](Value i, Value inner) {
      at[axes[k]] = i;
      return nest(k + 1, inner);
    });
  };
  return nest(0, init);
}

Value reduceNeutral(ScalarBuilder &s, ReduceKind kind, Type elem) {
  Type t = computeType(elem);
  if (kind == ReduceKind::Sum || kind == ReduceKind::Prod)
    return s.constant(t, kind == ReduceKind::Prod);
  bool most = kind == ReduceKind::Min; // start from the greatest value
  if (isa<FloatType>(t))
    return s.constant(t, most ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity());
  unsigned w = t.getIntOrFloatBitWidth();
  bool uns = elem.isUnsignedInteger() || w == 1;
  APInt v = most ? (uns ? APInt::getMaxValue(w) : APInt::getSignedMaxValue(w))
                 : (uns ? APInt::getZero(w) : APInt::getSignedMinValue(w));
  return arith::ConstantOp::create(s.b, s.loc, IntegerAttr::get(t, v));
}

LogicalResult ArgReduceOp::inferTypes(InferRequest &r) {
  auto dims = r.dims(0);
  int64_t axis = r.integer("axis");
  if (axis < 0 || axis >= r.rank(0))
    return r.fail("axis " + Twine(axis) + " is out of range for rank " + Twine(r.rank(0)));
  dims[axis] = r.constant(1);
  return r.done(r.i64Type(), dims);
}

Value ArgReduceOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  Type elem = cast<RankedTensorType>(getX().getType()).getElementType();
  ScalarBuilder s(e.b, e.loc);
  bool uns = elem.isUnsignedInteger() || elem.isInteger(1);
  unsigned axis = getAxis();
  SmallVector<Value> at(index);
  at[axis] = e.i64(0);
  Value first = e.load(0, at);
  auto out =
      e.loopMany(dimOf(getX().getType(), axis), {first, e.i64(0)}, [&](Value i, ValueRange acc) -> SmallVector<Value> {
        at[axis] = i;
        Sc best = s.make(acc[0], uns), v = s.make(e.load(0, at), uns);
        Sc better = getMax() ? lt(best, v) : lt(v, best);
        if (getLast())
          better = or_(better, eq(best, v));
        if (v.isFloat()) { // a NaN beats every number, the first one stays
          Sc bestOk = eq(best, best);
          better = and_(bestOk, or_(better, ne(v, v)));
        }
        return {select(better, v, best).value, e.select(better.value, i, acc[1])};
      });
  return out[1];
}

} // namespace wick::graph
