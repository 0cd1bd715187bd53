// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row-major sources are copied row by row; transposed ones go through 16 x 16 register
// transposes of four interleaving stages. What does not fill 16 x 16 goes elementwise.
//
#include "passes/cpu/contract/PackEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace wick::contract {

/// rows[i][j] -> rows[j][i]: four perfect-shuffle stages, each interleaving row i with
/// row i + 8, transpose 16 x 16.
static void transpose(Emit &e, SmallVectorImpl<Value> &rows) {
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < 8; ++i) {
    low.append({i, i + kLanes});
    high.append({i + 8, i + 8 + kLanes});
  }
  for (int stage = 0; stage < 4; ++stage) {
    SmallVector<Value> next;
    for (unsigned i = 0; i < 8; ++i) {
      next.push_back(vector::ShuffleOp::create(e.b, e.loc, rows[i], rows[i + 8], low));
      next.push_back(vector::ShuffleOp::create(e.b, e.loc, rows[i], rows[i + 8], high));
    }
    rows.assign(next.begin(), next.end());
  }
}

static void packTransposed(Emit &e, const PackOperands &op, Value target, Value col, Value n, Value k) {
  Value whole = e.cmp(arith::CmpIPredicate::sle, e.add(col, kLanes), n);
  Value source = e.at(op.source, e.mul(col, op.stride));
  Value blocks = e.select(whole, e.sub(k, e.rem(k, e.c(kLanes))), e.c(0));
  e.loop(e.c(0), blocks, kLanes, [&](Emit &e, Value k0) {
    SmallVector<Value> rows;
    for (unsigned i = 0; i < kLanes; ++i)
      rows.push_back(e.load(e.at(e.at(source, e.mul(op.stride, i)), k0)));
    transpose(e, rows);
    for (unsigned i = 0; i < kLanes; ++i)
      e.store(rows[i], e.atVector(target, e.add(k0, i)));
  });
  Value columns = e.min(e.sub(n, col), e.c(kLanes));
  e.loop(blocks, k, 1, [&](Emit &e, Value row) {
    Value line = e.atVector(target, row);
    e.store(e.zero(), line);
    e.loop(e.c(0), columns, 1, [&](Emit &e, Value j) {
      Value value = e.loadScalar(e.at(source, e.add(e.mul(j, op.stride), row)));
      e.storeScalar(value, e.at(line, j));
    });
  });
}

static void packRows(Emit &e, const PackOperands &op, Value target, Value col, Value n, Value k) {
  Value source = e.at(op.source, col);
  auto rows = [&](Emit &e, Value mask) {
    e.loop(e.c(0), k, 1, [&](Emit &e, Value row) {
      e.store(e.load(e.at(source, e.mul(row, op.stride)), mask), e.atVector(target, row));
    });
  };
  int64_t columns = constantOf(n);
  if (columns > 0 && columns % kLanes == 0)
    return rows(e, nullptr);
  Value whole = e.cmp(arith::CmpIPredicate::sle, e.add(col, kLanes), n);
  e.when(whole, [&](Emit &e) { rows(e, nullptr); }, [&](Emit &e) { rows(e, e.maskBelow(e.sub(n, col))); });
}

void emitPack(OpBuilder &b, Location loc, bool transposed, Value begin, Value end, Value n, Value k,
              function_ref<PackOperands(OpBuilder &, Location, Value)> operandsOf) {
  Emit e(b, loc);
  Value panels = e.ceilDiv(n, kLanes);
  e.loop(begin, end, 1, [&](Emit &e, Value unit) {
    Value batch = e.div(unit, panels), panel = e.rem(unit, panels);
    PackOperands op = operandsOf(e.b, e.loc, batch);
    Value target = e.atVector(op.packed, e.mul(panel, k));
    Value col = e.mul(panel, kLanes);
    transposed ? packTransposed(e, op, target, col, n, k) : packRows(e, op, target, col, n, k);
  });
}

} // namespace wick::contract
