// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ConvCommon.h.
//
#include "passes/cpu/contract/ConvCommon.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace wick::contract {

static int64_t ceilDiv(int64_t x, int64_t y) { return (x + y - 1) / y; }

bool ConvSpec::isMatmul() const {
  for (int d = 0; d < 3; ++d)
    if (kernel[d] != 1 || stride[d] != 1)
      return false;
  return groups == 1 && !padded;
}

int64_t convPanels(const ConvSpec &spec) {
  return ceilDiv(spec.isDepthwise() ? spec.oc : spec.oc / spec.groups, kLanes);
}

static int64_t outerGroups(const ConvSpec &spec) { return spec.isDepthwise() ? 1 : spec.groups; }

int64_t ConvPlan::units(const ConvSpec &spec, int64_t rows, int64_t ow) const {
  return outerGroups(spec) * ceilDiv(convPanels(spec), panelsPerUnit) * rows * ceilDiv(ow, columnsPerUnit);
}

ConvPlan planConv(unsigned vectorBytes, const ConvSpec &spec, int64_t ow) {
  ConvPlan plan{matmulTile(vectorBytes), 1, 64, ow};
  int64_t panels = convPanels(spec);
  if (spec.isDepthwise()) {
    plan.tile = {vectorBytes == 64 ? 8u : 4u, 1, 0};
    plan.panelsPerUnit = std::min<int64_t>(panels, 8);
  } else {
    if (panels == 1) {
      // One panel: more rows, so that enough sums are in flight to hide the latency.
      plan.tile.panels = 1;
      if (vectorBytes == 64 || isNarrow(spec))
        plan.tile.rows = 12;
    }
    int64_t taps = spec.kernel[0] * spec.kernel[1] * spec.kernel[2];
    int64_t stepBytes = taps * (spec.c / spec.groups) * kLanes * 4 * plan.tile.panels;
    plan.panelsPerUnit = std::max<int64_t>(1, (384 << 10) / stepBytes) * plan.tile.panels;
    plan.panelsPerUnit = std::min<int64_t>(plan.panelsPerUnit, ceilDiv(panels, plan.tile.panels) * plan.tile.panels);
  }
  if (ow > 0) {
    // Tiles of equal width: 28 columns are four tiles of 7, not three of 8 and one of 4.
    int64_t tiles = ceilDiv(ow, plan.tile.rows);
    plan.tile.rows = ceilDiv(ow, tiles);
    plan.columnsPerUnit = ow <= 128 ? ow : plan.tile.rows * 8;
  }
  return plan;
}

void emitConvUnits(Emit &e, const ConvSpec &spec, const ConvPlan &plan, const ConvOperands &op, Value begin, Value end,
                   function_ref<void(Emit &, const ConvUnit &)> body) {
  int64_t panels = convPanels(spec), groups = ceilDiv(panels, plan.panelsPerUnit);
  Value blocks = e.ceilDiv(op.out[2], plan.columnsPerUnit);
  Value rows = e.mul(e.mul(op.n, op.out[0]), op.out[1]);
  e.loop(begin, end, 1, [&](Emit &e, Value unit) {
    ConvUnit u;
    Value rest = e.div(unit, blocks);
    u.ow0 = e.mul(e.rem(unit, blocks), plan.columnsPerUnit);
    u.ow1 = e.min(op.out[2], e.add(u.ow0, plan.columnsPerUnit));
    Value row = e.rem(rest, rows), outer = e.div(rest, rows);
    u.group = e.div(outer, e.c(groups));
    u.firstPanel = e.mul(e.rem(outer, e.c(groups)), plan.panelsPerUnit);
    u.lastPanel = e.min(e.c(panels), e.add(u.firstPanel, plan.panelsPerUnit));
    u.outRow = e.mul(row, op.out[2]);
    Value o[2];
    o[1] = e.rem(row, op.out[1]);
    o[0] = e.rem(e.div(row, op.out[1]), op.out[0]);
    u.n = e.div(row, e.mul(op.out[0], op.out[1]));
    for (int d = 0; d < 2; ++d) {
      u.origin[d] = e.sub(e.mul(o[d], spec.stride[d]), op.padBefore[d]);
      // Taps k with 0 <= origin + k * dilation < size.
      Value below = e.max(e.sub(e.c(0), u.origin[d]), e.c(0));
      Value room = e.max(e.sub(op.in[d], u.origin[d]), e.c(0));
      u.tap0[d] = e.ceilDiv(below, spec.dilation[d]);
      u.tap1[d] = e.min(e.c(spec.kernel[d]), e.ceilDiv(room, spec.dilation[d]));
    }
    body(e, u);
  });
}

SmallVector<Value> emitTapRows(Emit &e, const ConvSpec &spec, const ConvOperands &op, const ConvUnit &unit,
                               ValueRange acc,
                               function_ref<SmallVector<Value>(Emit &, Value, Value, ValueRange)> body) {
  auto rows = [&](Emit &e, Value kz, ValueRange acc) {
    Value z = e.add(unit.origin[0], e.mul(kz, spec.dilation[0]));
    Value plane = e.add(e.mul(unit.n, op.in[0]), z);
    return e.loop(unit.tap0[1], unit.tap1[1], e.c(1), acc, [&](Emit &e, Value ky, ValueRange acc) {
      Value y = e.add(unit.origin[1], e.mul(ky, spec.dilation[1]));
      Value line = e.mul(e.add(e.mul(plane, op.in[1]), y), op.in[2]);
      Value pointer = e.at(op.input, e.mul(line, spec.c));
      return body(e, pointer, e.add(e.mul(kz, spec.kernel[1]), ky), acc);
    });
  };
  if (spec.kernel[0] == 1 && constantOf(op.in[0]) == 1)
    return rows(e, e.c(0), acc);
  return e.loop(unit.tap0[0], unit.tap1[0], e.c(1), acc, rows);
}

void emitColumnTiles(Emit &e, const ConvPlan &plan, const ConvUnit &unit,
                     function_ref<void(Emit &, Value, unsigned, bool)> body) {
  unsigned width = plan.tile.rows;
  Value rest = e.rem(e.sub(unit.ow1, unit.ow0), e.c(width));
  Value whole = e.sub(unit.ow1, rest);
  e.loop(unit.ow0, whole, width, [&](Emit &e, Value ow) { body(e, ow, width, true); });
  for (unsigned count = 1; count < width; ++count) {
    // The rest of a unit in the middle of a row, or of the row's last one. The units
    // are cut for the widest vectors, so their width need be no multiple of the tile's.
    if (int64_t row = plan.staticWidth; row > 0) {
      bool several = row > plan.columnsPerUnit;
      int64_t last = several ? row % plan.columnsPerUnit : row;
      if (last % width != count && !(several && plan.columnsPerUnit % width == count))
        continue;
    }
    Value is = e.cmp(arith::CmpIPredicate::eq, rest, e.c(count));
    e.when(is, [&](Emit &e) { body(e, whole, count, false); });
  }
}

Value isInterior(Emit &e, const ConvSpec &spec, const ConvOperands &op, Value ow, unsigned count) {
  Value first = e.sub(e.mul(ow, spec.stride[2]), op.padBefore[2]);
  Value last = e.add(first, (count - 1) * spec.stride[2] + (spec.kernel[2] - 1) * spec.dilation[2]);
  return e.both(e.cmp(arith::CmpIPredicate::sge, first, e.c(0)), e.cmp(arith::CmpIPredicate::slt, last, op.in[2]));
}

static void growZeros(Emit &e, ModuleOp module, StringRef name, int64_t floats) {
  Type type = LLVM::LLVMArrayType::get(e.f32Type, floats);
  if (auto known = module.lookupSymbol<LLVM::GlobalOp>(name)) {
    if (cast<LLVM::LLVMArrayType>(known.getType()).getNumElements() < uint64_t(floats)) {
      known.setGlobalType(type);
      known.getInitializerBlock()->front().getResult(0).setType(type);
    }
    return;
  }
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(module.getBody());
  auto global =
      LLVM::GlobalOp::create(e.b, e.loc, type, /*isConstant=*/true, LLVM::Linkage::Internal, name, Attribute(),
                             /*alignment=*/64);
  e.b.createBlock(&global.getInitializerRegion());
  Value zero = LLVM::ZeroOp::create(e.b, e.loc, type);
  LLVM::ReturnOp::create(e.b, e.loc, zero);
}

Value zeroRow(Emit &e, int64_t floats) {
  const char *name = "wick_zeros";
  growZeros(e, e.b.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>(), name, floats);
  return LLVM::AddressOfOp::create(e.b, e.loc, e.ptrType, name);
}

} // namespace wick::contract
