// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dialect `wick`: op classes, interfaces, and what their bodies use.
//
#pragma once

#include "dialects/graph/Emit.h"
#include "dialects/graph/Infer.h"
#include "dialects/graph/Shapes.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/graph/GraphEnums.h.inc"
#include "dialects/graph/GraphInterfaces.h.inc"

#include "dialects/graph/GraphDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/graph/Graph.h.inc"

namespace wick::graph {
/// The value that leaves every other unchanged under `kind`, in compute type.
mlir::Value reduceNeutral(ScalarBuilder &s, ReduceKind kind, mlir::Type elem);
} // namespace wick::graph
