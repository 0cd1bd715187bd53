// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depthwise convolution: lanes are channels, a register tile is a few neighbouring
// output pixels of one panel. Taps of a kernel row are unrolled, so that an input
// vector shared by several pixels is loaded once. With a channel multiplier the input
// vector is gathered.
//
#include "passes/cpu/contract/ConvCommon.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace wick::contract {
namespace {

struct DepthwiseCode {
  const ConvSpec &spec;
  const ConvOperands &op;
  const ConvUnit &unit;
  Value mask;    ///< of output channels; null: all 16
  Value channel; ///< first output channel of the panel
  Value lanes;   ///< vector<16xi64> of input channels, with a multiplier; else null

  /// 16 input channels of the pixel at `pointer` (its channel 0).
  Value input(Emit &e, Value pointer) const {
    if (!lanes)
      return e.load(e.at(pointer, channel), mask);
    auto pointers = LLVM::GEPOp::create(e.b, e.loc, VectorType::get({kLanes}, e.ptrType), e.f32Type, pointer,
                                        ArrayRef<LLVM::GEPArg>{lanes});
    Value all = mask ? mask : e.maskBelow(e.c(kLanes));
    return LLVM::masked_gather::create(e.b, e.loc, e.vectorType, pointers, all, ValueRange{e.zero()},
                                       e.b.getI32IntegerAttr(4));
  }

  /// Adds one kernel row. `row`: input of column 0; `x0`: column of pixel 0 at tap 0.
  SmallVector<Value> taps(Emit &e, unsigned count, Value row, Value x0, Value weights, bool inside,
                          ValueRange acc) const {
    SmallVector<Value> out(acc);
    Value first = e.at(row, e.mul(x0, spec.c));
    // Offset in columns from x0 -> the vector there.
    llvm::DenseMap<int64_t, Value> loaded;
    auto at = [&](int64_t offset) {
      Value &value = loaded[offset];
      if (value)
        return value;
      Value pointer = e.at(first, offset * spec.c);
      if (!inside) {
        Value valid = e.cmp(arith::CmpIPredicate::ult, e.add(x0, offset), op.in[2]);
        pointer = e.select(valid, pointer, zeroRow(e, (spec.c + 15) / 16 * 16));
      }
      return value = input(e, pointer);
    };
    for (int64_t kx = 0; kx < spec.kernel[2]; ++kx) {
      Value w = e.load(e.at(weights, kx * kLanes));
      for (unsigned r = 0; r < count; ++r)
        out[r] = e.fma(at(r * spec.stride[2] + kx * spec.dilation[2]), w, out[r]);
    }
    return out;
  }

  /// The same as a loop over taps, for kernels too wide to unroll.
  SmallVector<Value> tapLoop(Emit &e, unsigned count, Value row, Value x0, Value weights, bool inside,
                             ValueRange acc) const {
    Value zeros = inside ? Value() : zeroRow(e, (spec.c + 15) / 16 * 16);
    return e.loop(e.c(0), e.c(spec.kernel[2]), e.c(1), acc, [&](Emit &e, Value kx, ValueRange in) {
      SmallVector<Value> out(in);
      Value w = e.load(e.atVector(weights, kx));
      Value x = e.add(x0, e.mul(kx, spec.dilation[2]));
      for (unsigned r = 0; r < count; ++r) {
        Value column = e.add(x, int64_t(r) * spec.stride[2]);
        Value pointer = e.at(row, e.mul(column, spec.c));
        if (!inside)
          pointer = e.select(e.cmp(arith::CmpIPredicate::ult, column, op.in[2]), pointer, zeros);
        out[r] = e.fma(input(e, pointer), w, out[r]);
      }
      return out;
    });
  }

  void tile(Emit &e, unsigned count, Value ow, Value panel, bool inside) const {
    Value x0 = e.sub(e.mul(ow, spec.stride[2]), op.padBefore[2]);
    int64_t tapRows = spec.kernel[0] * spec.kernel[1];
    SmallVector<Value> acc(count, e.zero());
    acc = emitTapRows(e, spec, op, unit, acc, [&](Emit &e, Value row, Value tap, ValueRange in) {
      Value flat = e.mul(e.add(e.mul(panel, tapRows), tap), spec.kernel[2]);
      Value weights = e.atVector(op.weights, flat);
      constexpr int64_t kMaxUnrolled = 7;
      return spec.kernel[2] <= kMaxUnrolled ? taps(e, count, row, x0, weights, inside, in)
                                            : tapLoop(e, count, row, x0, weights, inside, in);
    });
    emitStoreTile(e, op.to, count, 1, acc, nullptr, e.add(unit.outRow, ow), channel, e.c(spec.oc),
                  mask ? Columns::Partial : Columns::Whole);
  }
};

} // namespace

/// Input channel of each of the 16 output channels from `channel`.
static Value inputLanes(Emit &e, Value channel, int64_t multiplier) {
  auto type = VectorType::get({kLanes}, e.b.getI64Type());
  SmallVector<int64_t> iota(kLanes), divisor(kLanes, multiplier);
  for (unsigned i = 0; i < kLanes; ++i)
    iota[i] = i;
  auto constant = [&](ArrayRef<int64_t> v) -> Value {
    return arith::ConstantOp::create(e.b, e.loc, type, DenseElementsAttr::get(type, v));
  };
  Value base = vector::BroadcastOp::create(e.b, e.loc, type, channel);
  Value outputs = arith::AddIOp::create(e.b, e.loc, base, constant(iota));
  return arith::DivUIOp::create(e.b, e.loc, outputs, constant(divisor));
}

void emitDepthwise(Emit &e, const ConvSpec &spec, const ConvPlan &plan, const ConvOperands &op, Value begin,
                   Value end) {
  int64_t multiplier = spec.oc / spec.c;
  emitConvUnits(e, spec, plan, op, begin, end, [&](Emit &e, const ConvUnit &unit) {
    auto panels = [&](Emit &e, Value ow, unsigned count, bool inside) {
      e.loop(unit.firstPanel, unit.lastPanel, 1, [&](Emit &e, Value panel) {
        Value channel = e.mul(panel, kLanes);
        Value lanes = multiplier > 1 ? inputLanes(e, channel, multiplier) : Value();
        auto run = [&](Emit &e, Value mask) {
          DepthwiseCode{spec, op, unit, mask, channel, lanes}.tile(e, count, ow, panel, inside);
        };
        if (spec.oc % kLanes == 0)
          return run(e, nullptr);
        Value left = e.sub(e.c(spec.oc), channel);
        e.when(
            e.cmp(arith::CmpIPredicate::sge, left, e.c(kLanes)), [&](Emit &e) { run(e, nullptr); },
            [&](Emit &e) { run(e, e.maskBelow(left)); });
      });
    };
    emitColumnTiles(e, plan, unit, [&](Emit &e, Value ow, unsigned count, bool main) {
      if (!spec.padded)
        return panels(e, ow, count, true);
      if (!main)
        return panels(e, ow, count, false);
      e.when(
          isInterior(e, spec, op, ow, count), [&](Emit &e) { panels(e, ow, count, true); },
          [&](Emit &e) { panels(e, ow, count, false); });
    });
  });
}

} // namespace wick::contract
