// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See EmitUtil.h.
//
#include "passes/cpu/contract/EmitUtil.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace wick::contract {

/// Loops of so few trips from 0 are left to LLVM, which may unroll them fully.
static constexpr int64_t kUnrollableTrips = 32;

Emit::Emit(OpBuilder &builder, Location loc) : b(builder), loc(loc) {
  ptrType = LLVM::LLVMPointerType::get(b.getContext());
  f32Type = b.getF32Type();
  vectorType = VectorType::get({kLanes}, f32Type);
}

int64_t constantOf(Value value) {
  APInt constant;
  if (value && matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  return -1;
}

Value Emit::c(int64_t value) { return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value)); }
Value Emit::add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }
Value Emit::sub(Value x, Value y) { return b.createOrFold<arith::SubIOp>(loc, x, y); }
Value Emit::mul(Value x, Value y) { return b.createOrFold<arith::MulIOp>(loc, x, y); }
Value Emit::div(Value x, Value y) { return b.createOrFold<arith::DivUIOp>(loc, x, y); }
Value Emit::rem(Value x, Value y) { return b.createOrFold<arith::RemUIOp>(loc, x, y); }
Value Emit::ceilDiv(Value x, int64_t y) { return div(add(x, y - 1), c(y)); }
Value Emit::min(Value x, Value y) { return b.createOrFold<arith::MinSIOp>(loc, x, y); }
Value Emit::max(Value x, Value y) { return b.createOrFold<arith::MaxSIOp>(loc, x, y); }
Value Emit::cmp(arith::CmpIPredicate p, Value x, Value y) { return b.createOrFold<arith::CmpIOp>(loc, p, x, y); }
Value Emit::both(Value x, Value y) { return b.createOrFold<arith::AndIOp>(loc, x, y); }
Value Emit::select(Value condition, Value x, Value y) { return b.createOrFold<arith::SelectOp>(loc, condition, x, y); }

Value Emit::at(Value pointer, Value offset) {
  int64_t constant = constantOf(offset);
  if (constant >= 0)
    return at(pointer, constant);
  return LLVM::GEPOp::create(b, loc, ptrType, f32Type, pointer, ArrayRef<LLVM::GEPArg>{offset});
}

Value Emit::at(Value pointer, int64_t offset) {
  if (offset == 0)
    return pointer;
  if (offset > INT32_MAX || offset < INT32_MIN)
    return LLVM::GEPOp::create(b, loc, ptrType, f32Type, pointer, ArrayRef<LLVM::GEPArg>{c(offset)});
  return LLVM::GEPOp::create(b, loc, ptrType, f32Type, pointer, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
}

Value Emit::atVector(Value pointer, Value index) {
  Type row = LLVM::LLVMArrayType::get(f32Type, kLanes);
  return LLVM::GEPOp::create(b, loc, ptrType, row, pointer, ArrayRef<LLVM::GEPArg>{index});
}

Value Emit::loadScalar(Value pointer, Type type) {
  return LLVM::LoadOp::create(b, loc, type, pointer, /*alignment=*/4);
}

Value Emit::load(Value pointer) { return load(pointer, vectorType); }

Value Emit::load(Value pointer, Type type) { return LLVM::LoadOp::create(b, loc, type, pointer, /*alignment=*/4); }

Value Emit::load(Value pointer, Value mask) {
  if (!mask)
    return load(pointer);
  return LLVM::MaskedLoadOp::create(b, loc, vectorType, pointer, mask, zero(), b.getI32IntegerAttr(4));
}

void Emit::storeScalar(Value scalar, Value pointer) { LLVM::StoreOp::create(b, loc, scalar, pointer, /*alignment=*/4); }

void Emit::store(Value vector, Value pointer) { LLVM::StoreOp::create(b, loc, vector, pointer, /*alignment=*/4); }

void Emit::store(Value vector, Value pointer, Value mask) {
  if (!mask)
    return store(vector, pointer);
  LLVM::MaskedStoreOp::create(b, loc, vector, pointer, mask, b.getI32IntegerAttr(4));
}

Value Emit::broadcast(Value scalar) { return broadcast(scalar, vectorType); }
Value Emit::broadcast(Value scalar, Type type) { return vector::BroadcastOp::create(b, loc, type, scalar); }
Value Emit::fma(Value x, Value y, Value z) { return vector::FMAOp::create(b, loc, x, y, z); }
Value Emit::addf(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }

// By name, not as multiplications of widened halves: LLVM's clean-up takes that form apart
// before it reaches instruction selection. An addition behind it becomes vpdpwssd where there is one.
Value Emit::addDots(Value x, Value y, Value sum, unsigned vectorBytes) {
  auto type = cast<VectorType>(sum.getType());
  int64_t lanes = type.getNumElements(), width = std::min<int64_t>(lanes, vectorBytes / 4);
  StringRef name = width == 16 ? "llvm.x86.avx512.pmaddw.d.512" : "llvm.x86.avx2.pmadd.wd";
  auto part = VectorType::get({width}, b.getI32Type());
  Value bits = vector::BitCastOp::create(b, loc, y.getType(), x), dots;
  auto cut = [&](Value v, int64_t from, int64_t count) -> Value {
    if (cast<VectorType>(v.getType()).getNumElements() == count)
      return v;
    SmallVector<int64_t> mask(llvm::to_vector(llvm::seq<int64_t>(from, from + count)));
    return vector::ShuffleOp::create(b, loc, v, v, mask);
  };
  for (int64_t i = 0; i < lanes; i += width) {
    Value operands[] = {cut(bits, 2 * i, 2 * width), cut(y, 2 * i, 2 * width)};
    Value dot = LLVM::CallIntrinsicOp::create(b, loc, part, b.getStringAttr(name), operands).getResult(0);
    dots = dots ? Value(vector::ShuffleOp::create(b, loc, dots, dot, llvm::to_vector(llvm::seq<int64_t>(0, 2 * width))))
                : dot;
  }
  return arith::AddIOp::create(b, loc, sum, dots);
}
Value Emit::zero() { return zero(vectorType); }
Value Emit::zero(Type type) { return arith::ConstantOp::create(b, loc, type, cast<TypedAttr>(b.getZeroAttr(type))); }

Value Emit::widen(Value half) {
  SmallVector<int64_t> lanes;
  for (int64_t i = 0; i < 16; ++i)
    lanes.push_back(i);
  return vector::ShuffleOp::create(b, loc, half, zero(half.getType()), lanes);
}

Value Emit::maskBelow(Value count) {
  auto type = VectorType::get({kLanes}, b.getI32Type());
  SmallVector<int32_t> lanes(kLanes);
  for (unsigned i = 0; i < kLanes; ++i)
    lanes[i] = i;
  Value iota = arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, ArrayRef(lanes)));
  Value narrow = arith::TruncIOp::create(b, loc, b.getI32Type(), min(count, c(kLanes)));
  Value bound = vector::BroadcastOp::create(b, loc, type, narrow);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, iota, bound);
}

Value Emit::stackFloats(unsigned floats) {
  Operation *parent = b.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<FunctionOpInterface>(parent);
  if (!function)
    function = parent->getParentOfType<FunctionOpInterface>();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&function.getFunctionBody().front());
  return LLVM::AllocaOp::create(b, loc, ptrType, f32Type, c(floats), /*alignment=*/64);
}

/// Tells LLVM to take a loop as it is: what should be unrolled or vectorized has been, and
/// unrolling tiles again only costs compile time.
static void keepAsIs(scf::ForOp loop) {
  MLIRContext *ctx = loop.getContext();
  auto yes = BoolAttr::get(ctx, true);
  auto unroll = LLVM::LoopUnrollAttr::get(ctx, yes, {}, {}, {}, {}, {}, {});
  auto vectorize = LLVM::LoopVectorizeAttr::get(ctx, yes, {}, {}, {}, {}, {}, {});
  loop->setAttr("llvm.loop_annotation", LLVM::LoopAnnotationAttr::get(ctx, {}, vectorize, {}, unroll, {}, {}, {}, {},
                                                                      {}, {}, {}, {}, {}, {}, {}));
}

// Regions are filled after the op exists, so that code inside them can find the
// function around it (stackFloats).
SmallVector<Value> Emit::loop(Value from, Value to, Value step, ValueRange init, LoopBody body) {
  auto loop = scf::ForOp::create(b, loc, from, to, step, init);
  if (int64_t trips = constantOf(to); trips < 0 || trips > kUnrollableTrips || constantOf(from) != 0)
    keepAsIs(loop);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = body(*this, loop.getInductionVar(), loop.getRegionIterArgs());
  if (!init.empty())
    scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(loop.getResults());
}

void Emit::loop(Value from, Value to, int64_t step, function_ref<void(Emit &, Value)> body) {
  auto loop = scf::ForOp::create(b, loc, from, to, c(step));
  keepAsIs(loop);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(*this, loop.getInductionVar());
}

SmallVector<Value> Emit::branch(Value condition, TypeRange types, function_ref<SmallVector<Value>(Emit &)> then,
                                function_ref<SmallVector<Value>(Emit &)> otherwise) {
  if (APInt known; matchPattern(condition, m_ConstantInt(&known)))
    return known.isZero() ? otherwise(*this) : then(*this);
  auto op = scf::IfOp::create(b, loc, types, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  scf::YieldOp::create(b, loc, then(*this));
  b.setInsertionPointToStart(op.elseBlock());
  scf::YieldOp::create(b, loc, otherwise(*this));
  return SmallVector<Value>(op.getResults());
}

void Emit::when(Value condition, function_ref<void(Emit &)> then, function_ref<void(Emit &)> otherwise) {
  if (APInt known; matchPattern(condition, m_ConstantInt(&known))) {
    if (!known.isZero())
      then(*this);
    else if (otherwise)
      otherwise(*this);
    return;
  }
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  then(*this);
  if (otherwise) {
    b.setInsertionPointToStart(op.elseBlock());
    otherwise(*this);
  }
}

} // namespace wick::contract
