// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared by the two convolution emitters: coordinates of a unit, and the walk over the
// taps of one output row. Private to this folder.
//
#pragma once

#include "passes/cpu/contract/ConvEmitter.h"

namespace wick::contract {

/// The coordinates of one unit and what follows from them.
struct ConvUnit {
  mlir::Value group, firstPanel, lastPanel;
  mlir::Value n, ow0, ow1;      ///< columns [ow0, ow1)
  mlir::Value outRow;           ///< flat output pixel of column 0
  mlir::Value tap0[2], tap1[2]; ///< taps inside the input: depth, height
  mlir::Value origin[2];        ///< input coordinate of tap 0, may be negative
};

/// Panels of one group (or of all channels, depthwise).
int64_t convPanels(const ConvSpec &spec);

/// At most 8 output channels a group: half a panel.
inline bool isNarrow(const ConvSpec &spec) { return spec.oc / spec.groups <= 8; }

/// Calls `body` for every unit in [begin, end).
void emitConvUnits(Emit &e, const ConvSpec &spec, const ConvPlan &plan, const ConvOperands &op, mlir::Value begin,
                   mlir::Value end, llvm::function_ref<void(Emit &, const ConvUnit &)> body);

/// Loops over the valid (kz, ky), carrying accumulators. `body` gets the input pointer of
/// column 0 of that input row and the flat tap kz * KH + ky.
llvm::SmallVector<mlir::Value> emitTapRows(
    Emit &e, const ConvSpec &spec, const ConvOperands &op, const ConvUnit &unit, mlir::ValueRange acc,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(Emit &, mlir::Value row, mlir::Value tap, mlir::ValueRange)>
        body);

/// Splits columns [unit.ow0, unit.ow1) into tiles of plan.tile.rows and a remainder of
/// fewer; `body(e, ow, count, main)`.
void emitColumnTiles(Emit &e, const ConvPlan &plan, const ConvUnit &unit,
                     llvm::function_ref<void(Emit &, mlir::Value ow, unsigned count, bool main)> body);

/// i1: every tap of `count` output columns from `ow` lies inside the input's width.
mlir::Value isInterior(Emit &e, const ConvSpec &spec, const ConvOperands &op, mlir::Value ow, unsigned count);

/// Pointer to at least `floats` zeros, a constant of the enclosing module.
mlir::Value zeroRow(Emit &e, int64_t floats);

void emitDepthwise(Emit &e, const ConvSpec &spec, const ConvPlan &plan, const ConvOperands &op, mlir::Value begin,
                   mlir::Value end);

} // namespace wick::contract
