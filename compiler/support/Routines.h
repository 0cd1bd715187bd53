// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the compiler knows of the routines of runtime/kernels, from their list
// (runtime/kernels/Routines.def): which element types they take, what their memory may
// be, and how much of each buffer they touch.
//
#ifndef WICK_COMPILER_SUPPORT_ROUTINES_H
#define WICK_COMPILER_SUPPORT_ROUTINES_H

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <algorithm>

namespace wick::compiler {

enum class RoutineTypes { All, Numeric, Float, Real, F32, Untyped };

struct RoutineTraits {
  bool holdsState = false;    ///< result 0 is operand 0 with rows written: both may be the same memory
  bool moves = false;         ///< elements are moved, not computed with
  int8_t movesUnlessArg = -1; ///< moves, but when this argument is not 0
  constexpr RoutineTraits operator|(RoutineTraits o) const {
    return {holdsState || o.holdsState, moves || o.moves, std::max(movesUnlessArg, o.movesUnlessArg)};
  }
};

/// A buffer has enough elements when that many, times `per`, are at least `touched`.
struct RoutineSize {
  RoutineSize(mlir::AffineExpr touched, mlir::AffineExpr per = {}) : touched(touched), per(per) {}
  mlir::AffineExpr touched;
  mlir::AffineExpr per; ///< null: 1
};

class RoutineCall;

struct Routine {
  llvm::StringRef name;
  RoutineTypes types;
  RoutineTraits traits;
  llvm::SmallVector<RoutineSize> (*sizesOf)(const RoutineCall &, mlir::AffineExpr units, mlir::AffineExpr one);

  /// Whether a call only moves elements.
  bool moves(llvm::ArrayRef<mlir::AffineExpr> args) const;
  /// What a call touches of each buffer: operands, then results. Empty when the arguments
  /// are not the routine's: too few, or a count among them that is no constant.
  llvm::SmallVector<RoutineSize> sizes(llvm::ArrayRef<mlir::AffineExpr> args, mlir::AffineExpr units) const;
};

/// Null when there is no such routine.
const Routine *findRoutine(llvm::StringRef name);

} // namespace wick::compiler

#endif // WICK_COMPILER_SUPPORT_ROUTINES_H
