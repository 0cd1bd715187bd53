// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolution as products over input channels: each output pixel of a tile is a row of
// A, whose pointer moves with the tap. Inside the input the taps of one kernel row are
// contiguous (dilation 1, one group), so they are one product over KW * C; this is what
// makes C = 3 fast. At the border each tap column is a product of its own over the
// pixels that have it.
//
#include "passes/cpu/contract/ConvEmitter.h"
#include "passes/cpu/contract/ConvCommon.h"

using namespace mlir;

namespace wick::contract {
namespace {

struct ConvCode {
  const ConvSpec &spec;
  const ConvPlan &plan;
  const ConvOperands &op;
  const ConvUnit &unit;

  int64_t depth() const { return spec.c / spec.groups; }
  int64_t rowOfTaps() const { return spec.kernel[2] * depth(); } ///< k values of a kernel row

  /// Weights of `panel` at the flat tap row: [group][panel][KD * KH][KW * C / groups][16].
  SmallVector<Value> panelPointers(Emit &e, unsigned panels, Value panel, Value tap) const {
    int64_t tapRows = spec.kernel[0] * spec.kernel[1];
    SmallVector<Value> pointers;
    for (unsigned p = 0; p < panels; ++p) {
      Value flat = e.add(e.mul(unit.group, convPanels(spec)), e.add(panel, p));
      Value row = e.add(e.mul(flat, tapRows), tap);
      pointers.push_back(panelAt(e, op.weights, e.mul(row, rowOfTaps()), spec.panels));
    }
    return pointers;
  }

  /// Taps of one input row when all of them lie inside: `first` is the input of pixel 0.
  SmallVector<Value> interior(Emit &e, unsigned count, Value first, ArrayRef<Value> weights, ValueRange acc) const {
    auto pixels = [&](Emit &e, Value base) {
      SmallVector<Value> a;
      for (unsigned r = 0; r < count; ++r)
        a.push_back(e.at(base, int64_t(r) * spec.stride[2] * spec.c));
      return a;
    };
    if (spec.kernel[2] == 1 || (spec.dilation[2] == 1 && spec.groups == 1))
      return emitProduct(e, pixels(e, first), weights, e.c(rowOfTaps()), acc, plan.tile, spec.panels);
    return e.loop(e.c(0), e.c(spec.kernel[2]), e.c(1), acc, [&](Emit &e, Value kx, ValueRange in) {
      Value base = e.at(first, e.mul(kx, spec.dilation[2] * spec.c));
      return emitProduct(e, pixels(e, base), advanced(e, weights, kx), e.c(depth()), in, plan.tile, spec.panels);
    });
  }

  SmallVector<Value> advanced(Emit &e, ArrayRef<Value> weights, Value kx) const {
    SmallVector<Value> moved;
    for (Value w : weights)
      moved.push_back(panelAt(e, w, e.mul(kx, depth()), spec.panels));
    return moved;
  }

  /// Taps of one input row when some may lie outside. `row` is the input of column 0, `x0`
  /// the input column of pixel 0 at tap 0.
  SmallVector<Value> border(Emit &e, unsigned count, Value row, Value x0, ArrayRef<Value> weights, bool trim,
                            ValueRange acc) const {
    Value zeros = zeroRow(e, depth());
    SmallVector<Type> types(acc.size(), acc[0].getType());
    unsigned panels = weights.size();
    return e.loop(e.c(0), e.c(spec.kernel[2]), e.c(1), acc, [&](Emit &e, Value kx, ValueRange in) {
      SmallVector<Value> w = advanced(e, weights, kx);
      Value x = e.add(x0, e.mul(kx, spec.dilation[2]));
      SmallVector<Value> a, inside;
      for (unsigned r = 0; r < count; ++r) {
        Value column = e.add(x, int64_t(r) * spec.stride[2]);
        // One unsigned comparison is 0 <= column < width.
        inside.push_back(e.cmp(arith::CmpIPredicate::ult, column, op.in[2]));
        a.push_back(e.at(row, e.mul(column, spec.c)));
      }
      auto clamped = [&](Emit &e) {
        SmallVector<Value> safe;
        for (unsigned r = 0; r < count; ++r)
          safe.push_back(e.select(inside[r], a[r], zeros));
        return emitProduct(e, safe, w, e.c(depth()), in, plan.tile, spec.panels);
      };
      // Pixels [from, to) only; the others keep their sums.
      auto part = [&](Emit &e, unsigned from, unsigned to) {
        SmallVector<Value> out(in);
        auto range = ValueRange(in).slice(from * panels, (to - from) * panels);
        SmallVector<Value> sums =
            emitProduct(e, ArrayRef(a).slice(from, to - from), w, e.c(depth()), range, plan.tile, spec.panels);
        std::copy(sums.begin(), sums.end(), out.begin() + from * panels);
        return out;
      };
      if (!trim || count < 3)
        return clamped(e);
      // The usual border: a single pixel at one end lacks this tap.
      Value middle = e.both(inside[1], inside[count - 2]);
      return e.branch(
          middle, types,
          [&](Emit &e) {
            return e.branch(
                inside[0], types,
                [&](Emit &e) {
                  return e.branch(
                      inside[count - 1], types, [&](Emit &e) { return part(e, 0, count); },
                      [&](Emit &e) { return part(e, 0, count - 1); });
                },
                [&](Emit &e) {
                  return e.branch(
                      inside[count - 1], types, [&](Emit &e) { return part(e, 1, count); },
                      [&](Emit &e) { return part(e, 1, count - 1); });
                });
          },
          clamped);
    });
  }

  /// count x panels tile of pixels from column `ow` and panels from `panel`.
  void tile(Emit &e, unsigned count, unsigned panels, Value ow, Value panel, bool inside, bool trim) const {
    Value x0 = e.sub(e.mul(ow, spec.stride[2]), op.padBefore[2]);
    Value groupOffset = e.mul(unit.group, depth());
    // Groups of few channels would leave half of every register to the fill.
    Type lanes = sumsType(e, spec.panels, isNarrow(spec) ? 8 : kLanes);
    SmallVector<Value> acc(count * panels, e.zero(lanes));
    acc = emitTapRows(e, spec, op, unit, acc, [&](Emit &e, Value row, Value tap, ValueRange in) {
      SmallVector<Value> weights = panelPointers(e, panels, panel, tap);
      Value line = e.at(row, groupOffset);
      if (inside)
        return interior(e, count, e.at(line, e.mul(x0, spec.c)), weights, in);
      return border(e, count, line, x0, weights, trim, in);
    });
    int64_t perGroup = spec.oc / spec.groups;
    Value group = e.mul(unit.group, perGroup);
    emitStoreTile(e, op.to, count, panels, acc, nullptr, e.add(unit.outRow, ow), e.add(group, e.mul(panel, kLanes)),
                  e.add(group, perGroup),
                  perGroup % kLanes == 0 ? Columns::Whole
                  : perGroup < kLanes    ? Columns::Partial
                                         : Columns::Unknown);
  }

  void panels(Emit &e, unsigned count, Value ow, bool inside, bool trim) const {
    unsigned step = plan.tile.panels;
    Value whole = e.sub(unit.lastPanel, e.rem(e.sub(unit.lastPanel, unit.firstPanel), e.c(step)));
    e.loop(unit.firstPanel, whole, step, [&](Emit &e, Value p) { tile(e, count, step, ow, p, inside, trim); });
    if (convPanels(spec) % step != 0)
      e.loop(whole, unit.lastPanel, 1, [&](Emit &e, Value p) { tile(e, count, 1, ow, p, inside, trim); });
  }
};

} // namespace

void emitConv(OpBuilder &b, Location loc, const ConvSpec &spec, const ConvPlan &plan, const ConvOperands &op,
              Value begin, Value end) {
  Emit e(b, loc);
  if (spec.isDepthwise())
    return emitDepthwise(e, spec, plan, op, begin, end);
  emitConvUnits(e, spec, plan, op, begin, end, [&](Emit &e, const ConvUnit &unit) {
    ConvCode code{spec, plan, op, unit};
    emitColumnTiles(e, plan, unit, [&](Emit &e, Value ow, unsigned count, bool main) {
      if (!spec.padded)
        return code.panels(e, count, ow, true, false);
      // Remainders of unknown width are rare enough to run as border tiles; trimming pays
      // where a tap is long.
      bool trim = spec.kernel[2] > 1 && code.depth() >= 16 && (main || plan.staticWidth > 0);
      if (!main)
        return code.panels(e, count, ow, false, trim);
      e.when(
          isInterior(e, spec, op, ow, count), [&](Emit &e) { code.panels(e, count, ow, true, false); },
          [&](Emit &e) { code.panels(e, count, ow, false, trim); });
    });
  });
}

} // namespace wick::contract
