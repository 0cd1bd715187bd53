// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How an op's element is emitted. Code generation and folding each implement
// ElementEmitter; ops only see this class. All index arithmetic is on i64.
//
#pragma once

#include "dialects/graph/Scalar.h"
#include "mlir/IR/AffineExpr.h"

namespace wick::graph {

class ElementEmitter {
public:
  ElementEmitter(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}
  virtual ~ElementEmitter() = default;
  mlir::OpBuilder &b;
  mlir::Location loc;

  /// Lanes along the last dim that one emission computes; 1 in scalar mode.
  virtual unsigned lanes() const { return 1; }
  /// Element `index` of the current op's operand, in compute type; a vector in
  /// lane mode (the last index is lane 0's).
  virtual mlir::Value load(unsigned operand, mlir::ArrayRef<mlir::Value> index) = 0;
  /// One element whatever the mode.
  virtual mlir::Value loadScalar(unsigned operand, mlir::ArrayRef<mlir::Value> index) = 0;
  /// The value of an expression over symbols.
  virtual mlir::Value expr(mlir::AffineExpr e) = 0;
  /// Reports KernelError `code` for `operand` when `ok` (i1) is false; emission
  /// goes on, so the caller also makes the access safe.
  virtual void check(mlir::Value ok, int32_t code, unsigned operand) {}

  // Helpers over the above.
  virtual mlir::Value i64(int64_t v);
  mlir::Value add(mlir::Value a, mlir::Value c);
  mlir::Value sub(mlir::Value a, mlir::Value c);
  mlir::Value mul(mlir::Value a, mlir::Value c);
  mlir::Value less(mlir::Value a, mlir::Value c);
  mlir::Value select(mlir::Value cond, mlir::Value a, mlir::Value c);
  mlir::Value clamp(mlir::Value v, mlir::Value lo, mlir::Value hi);
  mlir::Value both(mlir::Value a, mlir::Value c);
  /// All lanes equal to v.
  mlir::Value splat(mlir::Value v);
  mlir::Value constant(mlir::Type computeType, double v) {
    return splat(ScalarBuilder(b, loc).constant(computeType, v));
  }
  /// Element `index` read as an index into `dim` elements: negative values wrap,
  /// out-of-range ones are reported and clamped.
  mlir::Value checkedIndex(unsigned operand, mlir::ArrayRef<mlir::Value> index, mlir::AffineExpr dim);
  /// `for i in [0, count): acc = body(i, acc)`; loops of a small constant count
  /// are unrolled when `unroll` allows that many trips.
  mlir::Value loop(mlir::AffineExpr count, mlir::Value init,
                   llvm::function_ref<mlir::Value(mlir::Value i, mlir::Value acc)> body, int64_t unroll = 0);
  mlir::SmallVector<mlir::Value>
  loopMany(mlir::AffineExpr count, mlir::ValueRange init,
           llvm::function_ref<mlir::SmallVector<mlir::Value>(mlir::Value i, mlir::ValueRange acc)> body);
  /// Scopes values created inside a nested region (see the emitters' caches).
  virtual void enterScope() {}
  virtual void exitScope() {}
};

/// Element emission of family Scalar: broadcast, load, body.
mlir::Value emitScalarElement(mlir::Operation *op, ElementEmitter &e, mlir::ArrayRef<mlir::Value> index);

/// The index at which an operand of type `operand` is read for result index
/// `index`: numpy broadcasting, decided at run time where a dim may be 1.
mlir::SmallVector<mlir::Value> broadcastIndex(ElementEmitter &e, mlir::Type operand, mlir::Type result,
                                              mlir::ArrayRef<mlir::Value> index);
/// Whether the last dim of `operand` is broadcast along that of `result`.
bool broadcastsLast(mlir::Type operand, mlir::Type result);

} // namespace wick::graph
