// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel between grouping and machine code. Its meaning is a function of
// dialect `wick`:
//
//   func.func @kernel(%x: tensor<...>, ...) -> (tensor<...>) attributes
//     {wick.strategy = "row", wick.packed = array<i64: ...>}
//
// with symbols renumbered from 0, so that equal kernels print alike. The frame
// is where its code goes: pointers, symbol values and the range to run.
//
#pragma once

#include "dialects/graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <string>

namespace wick::cpu {

/// What strategies need to know of a slice.
struct Machine {
  unsigned vectorBytes = 64; ///< widest register
  unsigned numVectorRegs = 32;
  unsigned lanes(unsigned elemBytes = 4) const { return vectorBytes / elemBytes; }
};

/// The parameters of the function being filled. Buffers are !llvm.ptr: inputs
/// in the order of the arguments, then results. `symbols` are i64.
struct KernelFrame {
  mlir::ImplicitLocOpBuilder &b;
  llvm::SmallVector<mlir::Value> inputs{}, outputs{};
  llvm::SmallVector<mlir::Value> symbols{};
  mlir::Value begin{}, end{}, scratch{};
  Machine machine{};
};

/// What the schedule must know of a kernel; expressions over its own symbols.
/// The same for all slices.
struct KernelPlan {
  mlir::AffineExpr units;   ///< size of the range
  mlir::AffineExpr scratch; ///< bytes a worker
  double costPerUnit = 0;   ///< estimated ns on one core
  std::string error;        ///< why it cannot be compiled; empty if it can
};

KernelPlan planKernel(mlir::func::FuncOp kernel);

/// Emits the body at frame.b; returns the i32 status. Fails with `error` set.
mlir::FailureOr<mlir::Value> emitKernel(mlir::func::FuncOp kernel, KernelFrame &frame, std::string &error);

} // namespace wick::cpu
