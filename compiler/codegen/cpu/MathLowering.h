// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rewrites math and arith ops that LLVM would turn into calls of a C library.
//
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace wick::codegen {

/// After this no op in `module` needs libm or compiler-rt: see ObjectEmitter.h for
/// which functions become polynomials and which calls of wick_m_*.
mlir::LogicalResult lowerMath(mlir::ModuleOp module);

} // namespace wick::codegen
