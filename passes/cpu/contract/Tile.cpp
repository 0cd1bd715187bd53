// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Tile.h. Short tiles (few rows) split k over several accumulators: one FMA chain
// a panel would be bound by latency.
//
#include "passes/cpu/contract/Tile.h"

using namespace mlir;

namespace wick::contract {

Value TilePosition::load(OpBuilder &b, Location loc, Value base, Value offset) const {
  Emit e(b, loc);
  return e.load(e.at(base, offset), mask);
}

TileShape matmulTile(unsigned vectorBytes) {
  if (vectorBytes == 64)
    return {8, 2, 8, vectorBytes};
  return {6, 1, 6, vectorBytes};
}

VectorType sumsType(Emit &e, Panels panels, unsigned lanes) {
  return VectorType::get({lanes}, arePairs(panels) ? Type(e.b.getI32Type()) : e.f32Type);
}

Value panelAt(Emit &e, Value panel, Value k, Panels panels) {
  unsigned step = stepFloats(panels);
  return step == kLanes ? e.atVector(panel, k) : e.at(panel, e.mul(k, step));
}

/// Step k of a panel, as what meets A: `sums` for floats, twice as many i16 for pairs.
static Value loadColumns(Emit &e, Value panel, Value k, VectorType sums, Panels panels) {
  VectorType pairs = VectorType::get({2 * sums.getNumElements()}, e.b.getI16Type());
  Type i8 = e.b.getI8Type();
  Value at = panelAt(e, panel, k, panels);
  switch (panels) {
  case Panels::Floats:
    return e.load(at, sums);
  case Panels::Bytes:
    return arith::SIToFPOp::create(e.b, e.loc, sums, e.load(at, sums.clone(i8)));
  case Panels::Halves:
    return arith::ExtFOp::create(e.b, e.loc, sums, e.load(at, sums.clone(e.b.getF16Type())));
  case Panels::BFloats:
    return arith::ExtFOp::create(e.b, e.loc, sums, e.load(at, sums.clone(e.b.getBF16Type())));
  case Panels::Pairs:
    return e.load(at, pairs);
  case Panels::BytePairs:
    return arith::ExtSIOp::create(e.b, e.loc, pairs, e.load(at, pairs.clone(i8)));
  }
  llvm_unreachable("panels");
}

/// One step of k: every row's scalar, or pair, times every panel's vector.
static void emitStep(Emit &e, ArrayRef<Value> a, ArrayRef<Value> b, Value k, MutableArrayRef<Value> acc,
                     const TileShape &tile, Panels panels) {
  auto type = cast<VectorType>(acc[0].getType());
  SmallVector<Value> columns;
  for (Value panel : b)
    columns.push_back(loadColumns(e, panel, k, type, panels));
  for (auto [r, row] : llvm::enumerate(a)) {
    Value scalar = e.broadcast(e.loadScalar(e.at(row, k), type.getElementType()), type);
    for (size_t p = 0; p < b.size(); ++p) {
      Value &sum = acc[r * b.size() + p];
      sum = arePairs(panels) ? e.addDots(scalar, columns[p], sum, tile.vectorBytes) : e.fma(scalar, columns[p], sum);
    }
  }
}

SmallVector<Value> emitProduct(Emit &e, ArrayRef<Value> a, ArrayRef<Value> b, Value count, ValueRange acc,
                               const TileShape &tile, Panels panels) {
  size_t size = a.size() * b.size();
  unsigned unroll = size * 4 <= tile.sums ? 4 : size * 2 <= tile.sums ? 2 : 1;
  Value zero = e.c(0);
  // Groups of few channels: straight code, a loop would cost as much as its body.
  if (int64_t steps = constantOf(count); steps > 0 && steps <= 8) {
    SmallVector<Value> sums(acc);
    for (int64_t k = 0; k < steps; ++k)
      emitStep(e, a, b, e.c(k), sums, tile, panels);
    return sums;
  }
  if (unroll == 1)
    return e.loop(zero, count, e.c(1), acc, [&](Emit &e, Value k, ValueRange in) {
      SmallVector<Value> out(in);
      emitStep(e, a, b, k, out, tile, panels);
      return out;
    });
  SmallVector<Value> sums(acc);
  for (size_t i = size; i < size * unroll; ++i)
    sums.push_back(e.zero(acc[0].getType()));
  Value main = e.sub(count, e.rem(count, e.c(unroll)));
  sums = e.loop(zero, main, e.c(unroll), sums, [&](Emit &e, Value k, ValueRange in) {
    SmallVector<Value> out(in);
    for (unsigned u = 0; u < unroll; ++u)
      emitStep(e, a, b, e.add(k, u), MutableArrayRef(out).slice(u * size, size), tile, panels);
    return out;
  });
  for (unsigned half = unroll / 2; half >= 1; half /= 2)
    for (size_t i = 0; i < half * size; ++i)
      sums[i] = arePairs(panels) ? e.add(sums[i], sums[half * size + i]) : e.addf(sums[i], sums[half * size + i]);
  sums.truncate(size);
  return e.loop(main, count, e.c(1), sums, [&](Emit &e, Value k, ValueRange in) {
    SmallVector<Value> out(in);
    emitStep(e, a, b, k, out, tile, panels);
    return out;
  });
}

static void emitStoreVector(Emit &e, const Destination &to, Value value, const TilePosition &at) {
  if (to.epilogue)
    value = to.epilogue(e.b, e.loc, value, at);
  if (to.store)
    return to.store(e.b, e.loc, value, at);
  Value pointer = e.at(e.at(to.base, e.mul(at.row, to.rowStride)), at.col);
  e.store(value, pointer, at.mask);
}

void emitStoreTile(Emit &e, const Destination &to, unsigned rows, unsigned panels, ValueRange acc, Value batch,
                   Value row, Value col, Value colEnd, Columns columns) {
  SmallVector<Value> wide(acc);
  for (Value &value : wide)
    if (cast<VectorType>(value.getType()).getNumElements() != kLanes)
      value = e.widen(value);
  auto unrolled = [&](Emit &e) {
    for (unsigned r = 0; r < rows; ++r)
      for (unsigned p = 0; p < panels; ++p)
        emitStoreVector(e, to, wide[r * panels + p], {batch, e.add(row, r), e.add(col, p * kLanes), nullptr});
  };
  // Code of the epilogue once: through memory that stays in the first cache.
  auto looped = [&](Emit &e, bool masked) {
    unsigned width = panels * kLanes;
    Value tile = e.stackFloats(rows * width);
    for (unsigned i = 0; i < rows * panels; ++i)
      e.store(wide[i], e.at(tile, i * kLanes));
    e.loop(e.c(0), e.c(rows), 1, [&](Emit &e, Value r) {
      e.loop(e.c(0), e.c(panels), 1, [&](Emit &e, Value p) {
        Value value = e.load(e.atVector(tile, e.add(e.mul(r, panels), p)), wide[0].getType());
        TilePosition at{batch, e.add(row, r), e.add(col, e.mul(p, kLanes)), nullptr};
        if (masked)
          at.mask = e.maskBelow(e.max(e.sub(colEnd, at.col), e.c(0)));
        emitStoreVector(e, to, value, at);
      });
    });
  };
  auto full = [&](Emit &e) { to.loopedEpilogue ? looped(e, false) : unrolled(e); };
  if (columns == Columns::Whole)
    return full(e);
  if (columns == Columns::Partial)
    return looped(e, true);
  Value whole = e.cmp(arith::CmpIPredicate::sle, e.add(col, panels * kLanes), colEnd);
  e.when(whole, full, [&](Emit &e) { looped(e, true); });
}

} // namespace wick::contract
