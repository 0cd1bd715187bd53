// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The register tile shared by matmul and convolution: `rows` x `panels` accumulators
// of 16 lanes, fed by one scalar of A per row and one vector of B per panel and k.
// Accumulators live in loop-carried values, so LLVM keeps them in registers as long as
// rows * panels + panels + 1 fit (LLVM folds A's broadcast into the FMA on AVX-512).
//
#pragma once

#include "passes/cpu/contract/EmitUtil.h"
#include <functional>

namespace wick::contract {

/// Where in the result a vector of 16 columns lies.
struct TilePosition {
  mlir::Value batch; ///< i64 batch index; null where there is none
  mlir::Value row;   ///< i64 row of C; for convolutions the output pixel, batch included
  mlir::Value col;   ///< i64 first column (output channel, group offset included)
  mlir::Value mask;  ///< vector<16xi1> of lanes that exist; null: all do

  /// vector<16xf32> at `base` + `offset` floats under the mask; dead lanes read 0.
  mlir::Value load(mlir::OpBuilder &b, mlir::Location loc, mlir::Value base, mlir::Value offset) const;
};

/// Turns an accumulator (vector<16xf32>, or 16xi32) into the result: 16 lanes, of 4 bytes without a `store`. May be
/// called several times, for vectors of different tiles; each element of C is visited once.
using Epilogue = std::function<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::Value acc, const TilePosition &)>;

/// Where results go: 4 bytes each at base + row * rowStride + col, or wherever `store` puts
/// them (other dtypes, transposed outputs). Base already accounts for batch, except in
/// convolutions, whose row counts over the batch.
struct Destination {
  mlir::Value base;      ///< !llvm.ptr
  mlir::Value rowStride; ///< floats
  Epilogue epilogue;     ///< empty: none
  /// True: emit the epilogue once per tile inside a loop over a copy of the tile on the
  /// stack, instead of once per accumulator. Right for activations with long code
  /// (exp, erf, tanh); false for bias, relu, residual.
  bool loopedEpilogue = false;
  std::function<void(mlir::OpBuilder &, mlir::Location, mlir::Value value, const TilePosition &)> store;
};

/// What panels hold, and how they meet A. Sums of floats are f32, those of integers i32.
enum class Panels {
  Floats,    ///< f32
  Bytes,     ///< f32 values that are integers of 8 bits, as i8
  Halves,    ///< f32 values of f16, as such
  BFloats,   ///< f32 values of bf16, as such
  Pairs,     ///< i16 in A and in the panels, two along k in the place of one float: every count of k is of pairs
  BytePairs, ///< the same, the panels' values as i8
};
inline bool arePairs(Panels panels) { return panels == Panels::Pairs || panels == Panels::BytePairs; }
/// The room, in floats, of one step of k in a panel.
inline unsigned stepFloats(Panels panels) {
  switch (panels) {
  case Panels::Floats:
  case Panels::Pairs:
    return kLanes;
  case Panels::Halves:
  case Panels::BFloats:
  case Panels::BytePairs:
    return kLanes / 2;
  case Panels::Bytes:
    return kLanes / 4;
  }
  return 0;
}

/// Step k of the panel at `panel`.
mlir::Value panelAt(Emit &e, mlir::Value panel, mlir::Value k, Panels panels);

/// Rows and panels of the main tile, by the width of the slice's registers (CpuSlice::vectorBytes:
/// 32 or 64).
struct TileShape {
  unsigned rows, panels;
  unsigned sums;             ///< 16-lane sums that short tiles may spread k over
  unsigned vectorBytes = 64; ///< of the slice's registers
};
TileShape matmulTile(unsigned vectorBytes); ///< 8 x 2 on AVX-512, 6 x 1 on AVX2

/// acc[r * panels + p] += sum over k < count of a[r][k] * b[p][k * 16 + lane].
/// `count` may be 0. `acc` holds rows * panels vectors of 16 lanes, or of 8 where the upper
/// half of the panel is fill; returns as many. `tile.sums` bounds how many vectors k is spread over.
llvm::SmallVector<mlir::Value> emitProduct(Emit &e, llvm::ArrayRef<mlir::Value> a, llvm::ArrayRef<mlir::Value> b,
                                           mlir::Value count, mlir::ValueRange acc, const TileShape &tile,
                                           Panels panels);
/// The type of the sums: 16 lanes, or 8.
mlir::VectorType sumsType(Emit &e, Panels panels, unsigned lanes = kLanes);

/// Which of a tile's columns exist.
enum class Columns {
  Whole,   ///< all
  Unknown, ///< decided when running
  Partial, ///< some do not
};

/// Applies the epilogue to rows x panels accumulators whose first is at (row, col) and
/// stores them; columns >= colEnd do not exist.
void emitStoreTile(Emit &e, const Destination &to, unsigned rows, unsigned panels, mlir::ValueRange acc,
                   mlir::Value batch, mlir::Value row, mlir::Value col, mlir::Value colEnd, Columns columns);

} // namespace wick::contract
