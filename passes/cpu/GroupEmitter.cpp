// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See GroupEmitter.h.
//
#include "passes/cpu/GroupEmitter.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::cpu {

Type storageType(Type elem) {
  Type t = storedType(elem);
  return t.isInteger(1) ? IntegerType::get(elem.getContext(), 8) : t;
}
unsigned storageBytes(Type elem) { return storageType(elem).getIntOrFloatBitWidth() / 8; }

static Type elemOf(Value v) { return cast<RankedTensorType>(v.getType()).getElementType(); }
static Type laned(Type t, unsigned lanes) { return lanes == 1 ? t : Type(VectorType::get({int64_t(lanes)}, t)); }

GroupEmitter::GroupEmitter(func::FuncOp kernel, KernelFrame &frame) : b(frame.b), frame(frame), kernel(kernel) {
  entry = b.getInsertionBlock();
  // A marker that entry-placed values are put before; removed by status().
  entryEnd = LLVM::UndefOp::create(b, b.getI32Type());
  scopes.emplace_back();
}

Value GroupEmitter::i64(int64_t v) {
  Value &slot = constants[v];
  if (!slot) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(entry);
    slot = arith::ConstantIntOp::create(b, v, 64);
  }
  return slot;
}

Value GroupEmitter::expr(AffineExpr e) {
  e = simplify(e);
  if (auto c = dyn_cast<AffineConstantExpr>(e))
    return i64(c.getValue());
  if (auto s = dyn_cast<AffineSymbolExpr>(e))
    return frame.symbols[s.getPosition()];
  if (Value v = exprs.lookup(e))
    return v;
  auto bin = cast<AffineBinaryOpExpr>(e);
  Value l = expr(bin.getLHS()), r = expr(bin.getRHS()), v;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entryEnd);
  switch (e.getKind()) {
  case AffineExprKind::Add:
    v = arith::AddIOp::create(b, l, r);
    break;
  case AffineExprKind::Mul:
    v = arith::MulIOp::create(b, l, r);
    break;
  case AffineExprKind::FloorDiv:
    v = arith::FloorDivSIOp::create(b, l, r);
    break;
  case AffineExprKind::CeilDiv:
    v = arith::CeilDivSIOp::create(b, l, r);
    break;
  default: { // mod, with the divisor's sign (positive)
    Value m = arith::RemSIOp::create(b, l, r);
    Value neg = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, m, i64(0));
    v = arith::SelectOp::create(b, neg, arith::AddIOp::create(b, m, r), m);
  }
  }
  return exprs[e] = v;
}

Value GroupEmitter::linearize(Type type, ArrayRef<Value> index) {
  auto dims = dimsOf(type);
  Value linear;
  AffineExpr stride = getAffineConstantExpr(1, b.getContext());
  for (size_t i = dims.size(); i-- > 0; stride = simplify(stride * dims[i])) {
    if (auto c = index[i].getDefiningOp<arith::ConstantIntOp>(); c && c.value() == 0)
      continue;
    Value term = isConstant(stride, 1) ? index[i] : Value(arith::MulIOp::create(b, index[i], expr(stride)));
    linear = linear ? Value(arith::AddIOp::create(b, linear, term)) : term;
    if (i == 0)
      break;
  }
  return linear ? linear : i64(0);
}

Value GroupEmitter::loadAt(Value base, Type elem, Value linear, unsigned lanes, Value mask) {
  Type st = storageType(elem);
  Value at = LLVM::GEPOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), st, base, ValueRange{linear});
  Value v;
  if (mask) {
    Value none = ScalarBuilder(b, b.getLoc()).constant(laned(st, lanes), 0);
    v = LLVM::MaskedLoadOp::create(b, laned(st, lanes), at, mask, none, b.getI32IntegerAttr(storageBytes(elem)));
  } else {
    v = LLVM::LoadOp::create(b, laned(st, lanes), at, storageBytes(elem));
  }
  Type compute = computeType(elem);
  if (elem.isInteger(1)) {
    Value zero = ScalarBuilder(b, b.getLoc()).constant(v.getType(), 0);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, v, zero);
  }
  if (compute != st && isa<FloatType>(st))
    return arith::ExtFOp::create(b, laned(compute, lanes), v);
  return v;
}

Value GroupEmitter::rounded(Value value, Type elem) {
  auto f = dyn_cast<FloatType>(elem);
  if (!f || f.getWidth() != 16 || getElementTypeOrSelf(value) == elem)
    return value;
  auto vec = dyn_cast<VectorType>(value.getType());
  Value narrow = arith::TruncFOp::create(b, laned(elem, vec ? vec.getNumElements() : 1), value);
  return arith::ExtFOp::create(b, value.getType(), narrow);
}

void GroupEmitter::storeAt(Value base, Type elem, Value linear, Value value, Value mask) {
  auto vec = dyn_cast<VectorType>(value.getType());
  Type st = storageType(elem), out = laned(st, vec ? vec.getNumElements() : 1);
  if (elem.isInteger(1))
    value = arith::ExtUIOp::create(b, out, value);
  else if (isa<FloatType>(st) && computeType(elem) != st)
    value = arith::TruncFOp::create(b, out, value);
  Value at = LLVM::GEPOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), st, base, ValueRange{linear});
  if (mask)
    LLVM::MaskedStoreOp::create(b, value, at, mask, b.getI32IntegerAttr(storageBytes(elem)));
  else
    LLVM::StoreOp::create(b, value, at, storageBytes(elem));
}

void GroupEmitter::store(unsigned k, Value value, ArrayRef<Value> index) {
  storeLinear(k, value, linearize(yield()->getOperand(k).getType(), index));
}
void GroupEmitter::storeLinear(unsigned k, Value value, Value linear) {
  storeAt(frame.outputs[k], elemOf(yield()->getOperand(k)), linear, value);
}

void GroupEmitter::reportError(Value ok, int32_t code, unsigned operand) {
  if (!errorSlot) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(entry);
    errorSlot = LLVM::AllocaOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), b.getI32Type(),
                                       arith::ConstantIntOp::create(b, 1, 32));
    LLVM::StoreOp::create(b, arith::ConstantIntOp::create(b, 0, 32), errorSlot);
  }
  Value bad = arith::XOrIOp::create(b, ok, arith::ConstantIntOp::create(b, 1, 1));
  auto branch = scf::IfOp::create(b, bad, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  LLVM::StoreOp::create(b, arith::ConstantIntOp::create(b, code | int32_t(operand << 8), 32), errorSlot);
}

Value GroupEmitter::status() {
  entryEnd->erase();
  if (errorSlot)
    return LLVM::LoadOp::create(b, b.getI32Type(), errorSlot);
  return arith::ConstantIntOp::create(b, 0, 32);
}

bool GroupEmitter::isLanewise() {
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (isa<ConstantOp>(op))
      continue;
    if (isa<ScalarOpInterface>(op)) {
      Type result = op.getResult(0).getType();
      if (cast<RankedTensorType>(result).getRank() == 0)
        return false;
      for (Value v : op.getOperands()) {
        auto dims = dimsOf(v.getType());
        if (!dims.empty() && !broadcastsLast(v.getType(), result) && !provablyEqual(dims.back(), dimsOf(result).back()))
          return false;
      }
      continue;
    }
    auto e = dyn_cast<ElementOpInterface>(op);
    if (!e || !e.isLanewise())
      return false;
  }
  return true;
}

//===-- Elements -----------------------------------------------------------===//

namespace {
/// The view of one op's emission: operands resolve through the group.
class OpEmitter : public ElementEmitter {
public:
  OpEmitter(GroupEmitter &g, Operation *op, unsigned lanes)
      : ElementEmitter(g.b, op->getLoc()), g(g), op(op), n(lanes) {}
  unsigned lanes() const override { return n; }
  Value load(unsigned k, ArrayRef<Value> index) override { return g.element(op->getOperand(k), index, n); }
  Value loadScalar(unsigned k, ArrayRef<Value> index) override { return g.element(op->getOperand(k), index, 1); }
  Value expr(AffineExpr e) override { return g.expr(e); }
  Value i64(int64_t v) override { return g.i64(v); }
  void check(Value ok, int32_t code, unsigned operand) override { g.reportError(ok, code, operand); }
  void enterScope() override { g.enterScope(); }
  void exitScope() override { g.exitScope(); }

private:
  GroupEmitter &g;
  Operation *op;
  unsigned n;
};
} // namespace

Value GroupEmitter::element(Value v, ArrayRef<Value> index, unsigned lanes) {
  if (Value s = scalars.lookup(v))
    return lanes == 1 ? s : Value(vector::BroadcastOp::create(b, VectorType::get({int64_t(lanes)}, s.getType()), s));
  Key key{v.getAsOpaquePointer(), reinterpret_cast<void *>(uintptr_t(lanes))};
  for (Value i : index)
    key.push_back(i.getAsOpaquePointer());
  for (auto &scope : llvm::reverse(scopes))
    if (auto it = scope.find(key); it != scope.end())
      return it->second;
  Value out;
  Type elem = elemOf(v);
  if (auto it = readers.find(v); it != readers.end()) {
    Reader read = it->second;
    out = read(index, lanes);
  } else if (auto arg = dyn_cast<BlockArgument>(v)) {
    out = loadAt(frame.inputs[arg.getArgNumber()], elem, linearize(v.getType(), index), lanes);
  } else if (auto c = v.getDefiningOp<ConstantOp>()) {
    auto dense = cast<DenseElementsAttr>(c.getValue());
    Type type = laned(computeType(elem), lanes);
    TypedAttr a;
    if (auto f = dyn_cast<FloatType>(computeType(elem))) {
      APFloat x = dense.getSplatValue<APFloat>();
      bool lost;
      x.convert(f.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
      a = FloatAttr::get(f, x);
    } else if (isCodedFloat(elem)) {
      a = IntegerAttr::get(computeType(elem), dense.getSplatValue<APFloat>().bitcastToAPInt().zext(8));
    } else if (isCoded(elem)) {
      APInt x = dense.getSplatValue<APInt>();
      a = IntegerAttr::get(computeType(elem), elem.isUnsignedInteger() ? x.zext(8) : x.sext(8));
    } else {
      a = IntegerAttr::get(computeType(elem), dense.getSplatValue<APInt>());
    }
    if (lanes > 1)
      a = DenseElementsAttr::get(cast<ShapedType>(type), a);
    out = arith::ConstantOp::create(b, a);
  } else {
    Operation *op = v.getDefiningOp();
    OpEmitter e(*this, op, lanes);
    out = cast<ElementOpInterface>(op).emitElement(e, cast<OpResult>(v).getResultNumber(), index);
    out = rounded(out, elem);
  }
  scopes.back()[key] = out;
  return out;
}

//===-- Loops --------------------------------------------------------------===//

SmallVector<Value> emitLoop(GroupEmitter &g, Value from, Value to, int64_t step, ValueRange init,
                            function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto &b = g.b;
  auto loop = scf::ForOp::create(b, from, to, g.i64(step), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  g.enterScope();
  SmallVector<Value> out = body(loop.getInductionVar(), loop.getRegionIterArgs());
  g.exitScope();
  if (!init.empty())
    scf::YieldOp::create(b, out);
  return SmallVector<Value>(loop.getResults());
}
void emitLoop(GroupEmitter &g, Value from, Value to, int64_t step, function_ref<void(Value)> body) {
  emitLoop(g, from, to, step, ValueRange(), [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

void emitUnits(GroupEmitter &g, ArrayRef<AffineExpr> dims, function_ref<void(ArrayRef<Value>)> body) {
  auto &b = g.b;
  Value one = g.i64(1), zero = g.i64(0);
  SmallVector<Value> index(dims.size());
  Value rest = g.frame.begin;
  for (size_t i = dims.size(); i-- > 0;) {
    if (i == 0 || isConstant(dims[i], 1)) {
      index[i] = isConstant(dims[i], 1) ? zero : rest;
      continue;
    }
    Value d = arith::MaxSIOp::create(b, g.expr(dims[i]), one);
    index[i] = arith::RemUIOp::create(b, rest, d);
    rest = arith::DivUIOp::create(b, rest, d);
  }
  emitLoop(g, g.frame.begin, g.frame.end, 1, index, [&](Value, ValueRange at) {
    SmallVector<Value> where(at);
    for (auto [i, d] : llvm::enumerate(dims))
      if (isConstant(d, 1))
        where[i] = zero;
    body(where);
    SmallVector<Value> next(at);
    Value carry = one;
    for (size_t i = dims.size(); i-- > 0;) {
      if (isConstant(dims[i], 1))
        continue;
      Value up = arith::AddIOp::create(b, at[i], carry);
      if (i == 0) {
        next[i] = up;
        break;
      }
      Value wrap = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, up, g.expr(dims[i]));
      next[i] = arith::SelectOp::create(b, wrap, zero, up);
      carry = arith::SelectOp::create(b, wrap, one, zero);
    }
    return next;
  });
}

double elementCost(func::FuncOp kernel) {
  double ns = 0.05;
  kernel.walk([&](Operation *op) {
    if (isa<ExpOp, TanhOp, ErfOp, LogOp, SigmoidOp, GeluOp, SwishOp, MishOp, SoftplusOp, EluOp>(op))
      ns += 0.4;
    else if (isa<PowOp, SinOp, CosOp, TanOp, AsinOp, AcosOp, AtanOp>(op))
      ns += 8;
    else if (auto pool = dyn_cast<PoolOp>(op)) {
      double taps = 1;
      for (int64_t k : pool.getKernel())
        taps *= k;
      ns += 0.1 * taps;
    } else if (isa<ElementOpInterface>(op))
      ns += 0.1;
  });
  return ns;
}

} // namespace wick::cpu
