// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loop nest: unit -> row tile -> panel step -> k. Rows that do not fill a tile run in
// a tile of exactly their number, so that M = 7 costs what 7 rows cost; the number is
// dynamic and each variant's code is small. With tiles of two panels an odd last panel
// runs alone. One or two rows in all wait for memory only: they walk many panels at
// once, because a core draws more from several streams than from one.
//
#include "passes/cpu/contract/MatmulEmitter.h"

#include "llvm/ADT/bit.h"

using namespace mlir;

namespace wick::contract {

static int64_t ceilDiv(int64_t x, int64_t y) { return (x + y - 1) / y; }

int64_t MatmulPlan::units(int64_t m, int64_t n) const {
  return ceilDiv(m, rowsPerUnit) * (panelsPerUnit ? ceilDiv(ceilDiv(n, kLanes), panelsPerUnit) : 1);
}

MatmulPlan planMatmul(unsigned vectorBytes, int64_t m, int64_t n, int64_t k) {
  MatmulPlan plan{matmulTile(vectorBytes), 0, 0, 0};
  // B of one panel group should stay in the second cache (1 MiB or more, half used)
  // while the row blocks pass by.
  constexpr int64_t kCacheBytes = 384 << 10;
  if (n < 0 || k < 0 || ceilDiv(n, kLanes) * kLanes * k * 4 <= kCacheBytes) {
    plan.rowsPerUnit = 4 * plan.tile.rows;
    return plan;
  }
  int64_t stepBytes = k * kLanes * 4 * plan.tile.panels;
  plan.cachePanels = std::max<int64_t>(1, kCacheBytes / stepBytes) * plan.tile.panels;
  plan.panelsPerUnit = plan.cachePanels;
  if (m < 0 || m <= 2) // room for the wide tiles of few rows
    plan.panelsPerUnit = ceilDiv(8, plan.cachePanels) * plan.cachePanels;
  plan.rowsPerUnit = 8 * plan.tile.rows;
  return plan;
}

namespace {
struct MatmulCode {
  const MatmulPlan &plan;
  const MatmulOperands &op;
  Value batch;
  Columns columns; ///< of the last panel
  /// Sums that k is spread over: the same for all columns and rows of a product, so
  /// that equal columns give equal results wherever they lie.
  unsigned sums = 1;

  /// rows x panels tile at (row, panel).
  void tile(Emit &e, ArrayRef<Value> rows, unsigned panels, Value row, Value panel) const {
    SmallVector<Value> b;
    for (unsigned p = 0; p < panels; ++p)
      b.push_back(e.at(op.packedB, e.mul(e.mul(e.add(panel, p), op.k), stepFloats(op.panels))));
    SmallVector<Value> acc(rows.size() * panels, e.zero(sumsType(e, op.panels)));
    TileShape shape = plan.tile;
    shape.sums = sums == 1 ? 0 : sums * rows.size() * panels;
    acc = emitProduct(e, rows, b, op.k, acc, shape, op.panels);
    // Remainder variants are many: keep the epilogue's code once in each.
    Destination to = op.to;
    to.loopedEpilogue |= rows.size() > 2 && rows.size() < plan.tile.rows;
    emitStoreTile(e, to, rows.size(), panels, acc, batch, row, e.mul(panel, kLanes), op.n, columns);
  }

  SmallVector<Value> rowPointers(Emit &e, unsigned count, Value row) const {
    SmallVector<Value> rows;
    for (unsigned r = 0; r < count; ++r)
      rows.push_back(e.at(op.a, e.mul(e.add(row, r), op.aRowStride)));
    return rows;
  }

  /// `count` rows from `row`, over the panels [from, to) in steps of `width`, which must
  /// divide their number.
  void span(Emit &e, unsigned count, Value row, Value from, Value to, unsigned width) const {
    SmallVector<Value> rows = rowPointers(e, count, row);
    e.loop(from, to, width, [&](Emit &e, Value p) { tile(e, rows, width, row, p); });
  }

  /// The largest bound up to which [from, to) divides into steps of `width`.
  Value wholeSteps(Emit &e, Value from, Value to, unsigned width) const {
    return e.sub(to, e.rem(e.sub(to, from), e.c(width)));
  }

  /// False when all panels are known to divide into steps of `width`.
  bool mayLeave(unsigned width) const {
    int64_t columns = constantOf(op.n);
    return width > 1 && (columns < 0 || ceilDiv(columns, kLanes) % width != 0);
  }

  /// Rows [row0, row1) over the panels [first, last).
  void block(Emit &e, Value row0, Value row1, int64_t staticRows, Value first, Value last) const {
    unsigned mr = plan.tile.rows, step = plan.tile.panels;
    Value whole = wholeSteps(e, first, last, step);
    Value rest = e.rem(e.sub(row1, row0), e.c(mr));
    Value rowWhole = e.sub(row1, rest);
    bool single = mayLeave(step);
    if (staticRows < 0 || staticRows >= mr)
      e.loop(row0, rowWhole, mr, [&](Emit &e, Value r) {
        span(e, mr, r, first, whole, step);
        if (single)
          span(e, mr, r, whole, last, 1);
      });
    for (unsigned count = 1; count < mr; ++count) {
      if (staticRows >= 0 && staticRows % mr != count)
        continue;
      Value is = e.cmp(arith::CmpIPredicate::eq, rest, e.c(count));
      e.when(is, [&](Emit &e) { span(e, count, rowWhole, first, whole, step); });
    }
    // The single odd panel is not worth seven variants: rows by powers of two.
    for (unsigned count : {4, 2, 1}) {
      if (!single || count >= mr || (staticRows >= 0 && !(staticRows % mr & count)))
        continue;
      Value above = e.rem(rest, e.c(2 * count)), row = e.add(rowWhole, e.sub(rest, above));
      e.when(e.cmp(arith::CmpIPredicate::sge, above, e.c(count)),
             [&](Emit &e) { span(e, count, row, whole, last, 1); });
    }
  }

  /// One or two rows in all.
  void few(Emit &e, unsigned count, Value row, Value first, Value last) const {
    unsigned wide = std::max(llvm::bit_floor(plan.tile.sums / (count * sums)), 1u), step = plan.tile.panels;
    Value wideEnd = wholeSteps(e, first, last, wide);
    span(e, count, row, first, wideEnd, wide);
    if (!mayLeave(wide))
      return;
    Value whole = wholeSteps(e, wideEnd, last, step);
    span(e, count, row, wideEnd, whole, step);
    if (mayLeave(step))
      span(e, count, row, whole, last, 1);
  }
};
} // namespace

void emitMatmul(OpBuilder &b, Location loc, const MatmulPlan &plan, Value begin, Value end, Value m, Value n, Value k,
                function_ref<MatmulOperands(OpBuilder &, Location, Value)> operandsOf) {
  Emit e(b, loc);
  Value panels = e.ceilDiv(n, kLanes);
  Value blocks = e.ceilDiv(m, plan.rowsPerUnit);
  Value groups = plan.panelsPerUnit ? e.ceilDiv(panels, plan.panelsPerUnit) : e.c(1);
  Value units = e.mul(blocks, groups);
  int64_t columns = constantOf(n), staticRows = constantOf(m);
  Columns last16 = columns > 0 && columns < kLanes        ? Columns::Partial
                   : columns > 0 && columns % kLanes == 0 ? Columns::Whole
                                                          : Columns::Unknown;

  e.loop(begin, end, 1, [&](Emit &e, Value unit) {
    Value batch = e.div(unit, units), local = e.rem(unit, units);
    MatmulOperands op = operandsOf(e.b, e.loc, batch);
    op.m = m, op.n = n, op.k = k;
    Value group = e.div(local, blocks), block = e.rem(local, blocks);
    Value first = e.c(0), last = panels;
    if (plan.panelsPerUnit) {
      first = e.mul(group, plan.panelsPerUnit);
      last = e.min(panels, e.add(first, plan.panelsPerUnit));
    }
    Value row0 = e.mul(block, plan.rowsPerUnit);
    Value row1 = e.min(m, e.add(row0, plan.rowsPerUnit));
    MatmulCode code{plan, op, batch, last16};
    auto many = [&](Emit &e) {
      if (plan.cachePanels == plan.panelsPerUnit)
        return code.block(e, row0, row1, staticRows, first, last);
      e.loop(first, last, plan.cachePanels, [&](Emit &e, Value from) {
        code.block(e, row0, row1, staticRows, from, e.min(last, e.add(from, plan.cachePanels)));
      });
    };
    if (staticRows > 2)
      return many(e);
    Value rows = e.sub(row1, row0);
    for (unsigned count : {1, 2})
      if (staticRows < 0 || staticRows == count)
        e.when(e.cmp(arith::CmpIPredicate::eq, rows, e.c(count)), [&](Emit &e) {
          MatmulCode few = code;
          few.sums = 2;
          few.few(e, count, row0, first, last);
        });
    if (staticRows < 0)
      e.when(e.cmp(arith::CmpIPredicate::sgt, rows, e.c(2)), many);
  });
}

} // namespace wick::contract
