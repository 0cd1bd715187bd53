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
    return {8, 2, 8};
  return {6, 1, 6};
}

/// One step of k: every row's scalar times every panel's vector.
static void emitStep(Emit &e, ArrayRef<Value> a, ArrayRef<Value> b, Value k, MutableArrayRef<Value> acc, bool bytes) {
  auto type = cast<VectorType>(acc[0].getType());
  SmallVector<Value> columns;
  for (Value panel : b) {
    if (!bytes) {
      columns.push_back(e.load(e.atVector(panel, k), type));
      continue;
    }
    // 16 bytes are 4 floats of an offset.
    Value narrow = e.load(e.at(panel, e.mul(k, kLanes / 4)), type.clone(e.b.getI8Type()));
    columns.push_back(arith::SIToFPOp::create(e.b, e.loc, type, narrow));
  }
  for (auto [r, row] : llvm::enumerate(a)) {
    Value scalar = e.broadcast(e.loadScalar(e.at(row, k)), type);
    for (size_t p = 0; p < b.size(); ++p) {
      Value &sum = acc[r * b.size() + p];
      sum = e.fma(scalar, columns[p], sum);
    }
  }
}

SmallVector<Value> emitProduct(Emit &e, ArrayRef<Value> a, ArrayRef<Value> b, Value count, ValueRange acc,
                               unsigned maxSums, bool bytes) {
  size_t size = a.size() * b.size();
  unsigned unroll = size * 4 <= maxSums ? 4 : size * 2 <= maxSums ? 2 : 1;
  Value zero = e.c(0);
  // Groups of few channels: straight code, a loop would cost as much as its body.
  if (int64_t steps = constantOf(count); steps > 0 && steps <= 8) {
    SmallVector<Value> sums(acc);
    for (int64_t k = 0; k < steps; ++k)
      emitStep(e, a, b, e.c(k), sums, bytes);
    return sums;
  }
  if (unroll == 1)
    return e.loop(zero, count, e.c(1), acc, [&](Emit &e, Value k, ValueRange in) {
      SmallVector<Value> out(in);
      emitStep(e, a, b, k, out, bytes);
      return out;
    });
  SmallVector<Value> sums(acc);
  for (size_t i = size; i < size * unroll; ++i)
    sums.push_back(e.zero(acc[0].getType()));
  Value main = e.sub(count, e.rem(count, e.c(unroll)));
  sums = e.loop(zero, main, e.c(unroll), sums, [&](Emit &e, Value k, ValueRange in) {
    SmallVector<Value> out(in);
    for (unsigned u = 0; u < unroll; ++u)
      emitStep(e, a, b, e.add(k, u), MutableArrayRef(out).slice(u * size, size), bytes);
    return out;
  });
  for (unsigned half = unroll / 2; half >= 1; half /= 2)
    for (size_t i = 0; i < half * size; ++i)
      sums[i] = e.addf(sums[i], sums[half * size + i]);
  sums.truncate(size);
  return e.loop(main, count, e.c(1), sums, [&](Emit &e, Value k, ValueRange in) {
    SmallVector<Value> out(in);
    emitStep(e, a, b, k, out, bytes);
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
    if (value.getType() != e.vectorType)
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
        Value value = e.load(e.atVector(tile, e.add(e.mul(r, panels), p)));
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
