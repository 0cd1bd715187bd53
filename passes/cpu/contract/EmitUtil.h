// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thin layer over OpBuilder for the contraction emitters: i64 arithmetic that folds
// constants, typed pointer steps, and vectors of kLanes floats. All emitters work on
// 16-lane vectors whatever the slice: LLVM splits them where registers are narrower,
// and weights keep one layout for every slice.
//
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

namespace wick::contract {

constexpr unsigned kLanes = 16; ///< columns of one packed panel

/// A builder with a location. Values are i64 unless a name says otherwise; pointers
/// are !llvm.ptr and offsets count f32 elements.
class Emit {
public:
  Emit(mlir::OpBuilder &builder, mlir::Location loc);
  mlir::OpBuilder &b;
  mlir::Location loc;

  mlir::Value c(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value add(mlir::Value x, int64_t y) { return add(x, c(y)); }
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, int64_t y) { return mul(x, c(y)); }
  mlir::Value div(mlir::Value x, mlir::Value y); ///< both >= 0, y > 0
  mlir::Value rem(mlir::Value x, mlir::Value y); ///< both >= 0, y > 0
  mlir::Value ceilDiv(mlir::Value x, int64_t y); ///< x >= 0
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  mlir::Value cmp(mlir::arith::CmpIPredicate p, mlir::Value x, mlir::Value y); ///< i1
  mlir::Value both(mlir::Value x, mlir::Value y);                              ///< i1 and
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);

  mlir::Value at(mlir::Value pointer, mlir::Value offset);      ///< pointer + offset floats
  mlir::Value at(mlir::Value pointer, int64_t offset);          ///< the same, constant
  mlir::Value atVector(mlir::Value pointer, mlir::Value index); ///< pointer + 16 * index floats
  mlir::Value loadScalar(mlir::Value pointer) { return loadScalar(pointer, f32Type); }
  mlir::Value loadScalar(mlir::Value pointer, mlir::Type type);
  mlir::Value load(mlir::Value pointer); ///< 16 floats, any float alignment
  mlir::Value load(mlir::Value pointer, mlir::Type type);
  mlir::Value load(mlir::Value pointer, mlir::Value mask); ///< masked lanes read as 0; mask may be null
  void storeScalar(mlir::Value scalar, mlir::Value pointer);
  void store(mlir::Value vector, mlir::Value pointer);
  void store(mlir::Value vector, mlir::Value pointer, mlir::Value mask); ///< mask may be null
  mlir::Value broadcast(mlir::Value scalar);
  mlir::Value broadcast(mlir::Value scalar, mlir::Type type);
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z); ///< x * y + z
  mlir::Value addf(mlir::Value x, mlir::Value y);
  /// sum[i] + x[2i] * y[2i] + x[2i + 1] * y[2i + 1] over vectors of i32; x and y hold i16, x as the bits of i32. The
  /// products of a pair must not all be -2^15 * -2^15. `vectorBytes` of the slice's registers.
  mlir::Value addDots(mlir::Value x, mlir::Value y, mlir::Value sum, unsigned vectorBytes);
  mlir::Value zero(); ///< 16 zeros
  mlir::Value zero(mlir::Type type);
  /// The 8 lanes of `half` with 8 lanes of nothing above them.
  mlir::Value widen(mlir::Value half);
  mlir::Value maskBelow(mlir::Value count); ///< lane < count
  mlir::Value stackFloats(unsigned floats); ///< in the function's entry block, 64-byte aligned

  using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(Emit &, mlir::Value, mlir::ValueRange)>;
  /// for i = from; i < to; i += step, carrying `init`; returns the final values. LLVM may unroll
  /// it when it has few trips.
  llvm::SmallVector<mlir::Value> loop(mlir::Value from, mlir::Value to, mlir::Value step, mlir::ValueRange init,
                                      LoopBody body);
  /// The same without values; never unrolled.
  void loop(mlir::Value from, mlir::Value to, int64_t step, llvm::function_ref<void(Emit &, mlir::Value)> body);
  /// if (condition) then() else otherwise(); both return values of `types`.
  llvm::SmallVector<mlir::Value> branch(mlir::Value condition, mlir::TypeRange types,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>(Emit &)> then,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>(Emit &)> otherwise);
  void when(mlir::Value condition, llvm::function_ref<void(Emit &)> then,
            llvm::function_ref<void(Emit &)> otherwise = nullptr);

  mlir::Type ptrType, f32Type, vectorType;
};

/// The constant behind an i64 value, or -1.
int64_t constantOf(mlir::Value value);

} // namespace wick::contract
