// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Emits elements of a kernel's values: an argument is loaded from its buffer, an
// inner value is its op's body on its operands' elements. Values already
// computed (a row's sum, a contraction's accumulators, a row kept in scratch)
// are bound beforehand. Emitted values are cached per scope, so that shared
// subexpressions are emitted once.
//
#pragma once

#include "passes/cpu/KernelFrame.h"

#include <map>

namespace wick::cpu {

/// The type that an element has in memory: i8 for bool, else itself, signless.
mlir::Type storageType(mlir::Type elem);
unsigned storageBytes(mlir::Type elem);

class GroupEmitter {
public:
  GroupEmitter(mlir::func::FuncOp kernel, KernelFrame &frame);

  mlir::ImplicitLocOpBuilder &b;
  KernelFrame &frame;
  mlir::func::FuncOp kernel;

  /// Element `index` of `v` in compute type; `lanes` > 1: that many along the
  /// last dim.
  mlir::Value element(mlir::Value v, llvm::ArrayRef<mlir::Value> index, unsigned lanes);
  /// Stores an element (or lanes) in compute type to result `k`.
  void store(unsigned k, mlir::Value value, llvm::ArrayRef<mlir::Value> index);
  void storeLinear(unsigned k, mlir::Value value, mlir::Value linear);

  /// Binds `v` to a scalar that holds for every index of the last dim.
  void bindScalar(mlir::Value v, mlir::Value scalar) { scalars[v] = scalar; }
  /// Binds `v` to what `read` gives for an index (contraction results).
  using Reader = std::function<mlir::Value(llvm::ArrayRef<mlir::Value> index, unsigned lanes)>;
  void bindReader(mlir::Value v, Reader read) { readers[v] = std::move(read); }
  void unbind(mlir::Value v) { scalars.erase(v), readers.erase(v); }
  bool isBound(mlir::Value v) const { return scalars.contains(v) || readers.contains(v); }

  mlir::Value i64(int64_t v);           ///< a constant, placed at entry
  mlir::Value expr(mlir::AffineExpr e); ///< of the kernel's symbols, placed at entry
  /// `mask` (vector of i1): lanes outside are not read and are 0.
  mlir::Value loadAt(mlir::Value base, mlir::Type elem, mlir::Value linear, unsigned lanes, mlir::Value mask = {});
  void storeAt(mlir::Value base, mlir::Type elem, mlir::Value linear, mlir::Value value, mlir::Value mask = {});
  /// `value` as an element of type `elem` would hold it: 16-bit floats are rounded op
  /// by op, so that fusing does not change what a model computes.
  mlir::Value rounded(mlir::Value value, mlir::Type elem);
  /// Row-major offset of an index into a tensor of `type`, in elements.
  mlir::Value linearize(mlir::Type type, llvm::ArrayRef<mlir::Value> index);

  void enterScope() { scopes.emplace_back(); }
  void exitScope() { scopes.pop_back(); }
  void reportError(mlir::Value ok, int32_t code, unsigned operand);
  mlir::Value status(); ///< i32; emit at the end

  /// Whether every op of the kernel can be emitted in lanes along the last dim.
  bool isLanewise();
  mlir::Operation *yield() { return kernel.getBody().front().getTerminator(); }

private:
  using Key = std::vector<void *>;
  std::vector<std::map<Key, mlir::Value>> scopes;
  llvm::DenseMap<mlir::Value, mlir::Value> scalars;
  llvm::DenseMap<mlir::Value, Reader> readers;
  std::map<int64_t, mlir::Value> constants; ///< no DenseMap: INT64_MAX and INT64_MIN are its reserved keys
  llvm::DenseMap<mlir::AffineExpr, mlir::Value> exprs;
  mlir::Block *entry;
  mlir::Operation *entryEnd = nullptr; ///< entry-placed values go before it
  mlir::Value errorSlot;
};

/// `for i in [from, to) step: body(i)`, with scopes for the emitter's cache.
void emitLoop(GroupEmitter &g, mlir::Value from, mlir::Value to, int64_t step,
              llvm::function_ref<void(mlir::Value)> body);
llvm::SmallVector<mlir::Value>
emitLoop(GroupEmitter &g, mlir::Value from, mlir::Value to, int64_t step, mlir::ValueRange init,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);
/// Loops units [begin, end) of row-major index space `dims`, carrying the index
/// instead of dividing in every trip.
void emitUnits(GroupEmitter &g, llvm::ArrayRef<mlir::AffineExpr> dims,
               llvm::function_ref<void(llvm::ArrayRef<mlir::Value>)> body);

// The strategies; each fills the frame or sets `error`.
mlir::LogicalResult emitLoops(GroupEmitter &g, std::string &error);
mlir::LogicalResult emitRows(GroupEmitter &g, std::string &error);
mlir::LogicalResult emitContraction(GroupEmitter &g, std::string &error);
KernelPlan planLoops(mlir::func::FuncOp kernel);
KernelPlan planRows(mlir::func::FuncOp kernel);
KernelPlan planContraction(mlir::func::FuncOp kernel);

/// Rough cost of one element of the kernel's body, in ns for one lane of a
/// vectorized loop.
double elementCost(mlir::func::FuncOp kernel);

} // namespace wick::cpu
