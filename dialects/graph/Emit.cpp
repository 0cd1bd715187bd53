// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts of element emission that do not depend on who emits: index
// arithmetic, loops, broadcasting.
//
#include "dialects/graph/Emit.h"

#include "dialects/graph/Graph.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "runtime/abi/KernelAbi.h"

using namespace mlir;
namespace wick::graph {

Value ElementEmitter::i64(int64_t v) { return arith::ConstantIntOp::create(b, loc, v, 64); }

static std::optional<int64_t> known(Value v) {
  if (auto c = v.getDefiningOp<arith::ConstantOp>())
    if (auto i = dyn_cast<IntegerAttr>(c.getValue()))
      return i.getInt();
  return std::nullopt;
}
Value ElementEmitter::add(Value a, Value c) {
  if (known(a) == 0)
    return c;
  if (known(c) == 0)
    return a;
  return arith::AddIOp::create(b, loc, a, c);
}
Value ElementEmitter::sub(Value a, Value c) { return known(c) == 0 ? a : Value(arith::SubIOp::create(b, loc, a, c)); }
Value ElementEmitter::mul(Value a, Value c) {
  auto ka = known(a), kc = known(c);
  if (ka == 0 || kc == 1)
    return a;
  if (kc == 0 || ka == 1)
    return c;
  return arith::MulIOp::create(b, loc, a, c);
}
Value ElementEmitter::less(Value a, Value c) { return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, a, c); }
Value ElementEmitter::select(Value cond, Value a, Value c) { return arith::SelectOp::create(b, loc, cond, a, c); }
Value ElementEmitter::clamp(Value v, Value lo, Value hi) {
  return arith::MinSIOp::create(b, loc, arith::MaxSIOp::create(b, loc, v, lo), hi);
}
Value ElementEmitter::both(Value a, Value c) { return arith::AndIOp::create(b, loc, a, c); }

Value ElementEmitter::splat(Value v) {
  if (lanes() == 1 || isa<VectorType>(v.getType()))
    return v;
  return vector::BroadcastOp::create(b, loc, VectorType::get({int64_t(lanes())}, v.getType()), v);
}

Value ElementEmitter::checkedIndex(unsigned operand, ArrayRef<Value> index, AffineExpr dim) {
  Value raw = loadScalar(operand, index);
  if (raw.getType() != b.getI64Type())
    raw = arith::ExtSIOp::create(b, loc, b.getI64Type(), raw);
  Value n = expr(dim), zero = i64(0);
  Value v = select(less(raw, zero), add(raw, n), raw);
  Value ok = both(less(v, n), arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, v, zero));
  check(ok, abi::KernelIndexOutOfRange, operand);
  return clamp(v, zero, arith::MaxSIOp::create(b, loc, sub(n, i64(1)), zero));
}

SmallVector<Value> ElementEmitter::loopMany(AffineExpr count, ValueRange init,
                                            function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, loc, i64(0), expr(count), i64(1), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  enterScope();
  SmallVector<Value> out = body(loop.getInductionVar(), loop.getRegionIterArgs());
  exitScope();
  if (!init.empty() || !loop.getBody()->mightHaveTerminator())
    scf::YieldOp::create(b, loc, out);
  return SmallVector<Value>(loop.getResults());
}

Value ElementEmitter::loop(AffineExpr count, Value init, function_ref<Value(Value, Value)> body, int64_t unroll) {
  if (auto n = constantOf(count); n && *n <= unroll) {
    for (int64_t i = 0; i < *n; ++i)
      init = body(i64(i), init);
    return init;
  }
  return loopMany(count, init, [&](Value i, ValueRange acc) { return SmallVector<Value>{body(i, acc[0])}; })[0];
}

SmallVector<Value> broadcastIndex(ElementEmitter &e, Type operand, Type result, ArrayRef<Value> index) {
  auto from = dimsOf(operand), to = dimsOf(result);
  SmallVector<Value> out;
  for (size_t i = 0, off = to.size() - from.size(); i < from.size(); ++i) {
    Value at = index[i + off];
    if (isConstant(from[i], 1) && !isConstant(to[i + off], 1))
      out.push_back(e.i64(0));
    else if (provablyEqual(from[i], to[i + off]))
      out.push_back(at);
    else // may be 1 at run time
      out.push_back(e.select(arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq, e.expr(from[i]), e.i64(1)),
                             e.i64(0), at));
  }
  return out;
}

bool broadcastsLast(Type operand, Type result) {
  auto from = dimsOf(operand), to = dimsOf(result);
  return !to.empty() && (from.empty() || (isConstant(from.back(), 1) && !isConstant(to.back(), 1)));
}

Value emitScalarElement(Operation *op, ElementEmitter &e, ArrayRef<Value> index) {
  Type result = op->getResult(0).getType();
  SmallVector<Value> args;
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    Type type = op->getOperand(i).getType();
    auto at = broadcastIndex(e, type, result, index);
    args.push_back(broadcastsLast(type, result) ? e.splat(e.loadScalar(i, at)) : e.load(i, at));
  }
  ScalarBuilder s(e.b, e.loc);
  return cast<ScalarOpInterface>(op).buildScalar(s, args);
}

} // namespace wick::graph
