// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers a fused graph to a Program: buffers, kernel calls, size arithmetic and
// control flow. Code offsets and weight offsets are filled in by the packager.
//
#pragma once

#include "compiler/schedule/KernelTable.h"
#include "runtime/format/Program.h"

namespace wick::compiler {

/// A weight buffer and what it holds: a static value of the graph (a weight, a
/// constant, or ops on them), as it is or packed.
struct WeightUse {
  uint32_t buffer; ///< in Program::buffers
  mlir::Value value;
  std::string layout; ///< "" plain, else a packing of passes/cpu
};

struct Schedule {
  format::Program program;
  KernelTable kernels;            ///< Program::kernels[i] is kernels()[i]
  std::vector<WeightUse> weights; ///< in order of first use
  /// What cannot be scheduled, at the location of its source node.
  struct Error {
    mlir::Location loc;
    std::string why;
    std::vector<std::pair<std::string, std::string>> operands; ///< names (of makers) and types
  };
  std::vector<Error> errors;
};

/// Builds the schedule of function @main. Errors are collected, each with the
/// location of its source node.
Schedule buildSchedule(mlir::ModuleOp module);

/// The dtype code of an element type; 0 when packages cannot hold it.
format::DTypeCode dtypeOf(mlir::Type elem);

} // namespace wick::compiler
