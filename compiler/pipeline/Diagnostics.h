// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MLIR diagnostics as the driver reports them: by source node, not by file
// position. MLIR's own printer drops the names.
//
#pragma once

#include "compiler/pipeline/Driver.h"

#include "mlir/IR/Diagnostics.h"

namespace wick::compiler {

/// Writes node, op and opset of a location to a diagnostic.
void setSource(Diagnostic &d, mlir::Location loc);

/// Collects the context's diagnostics into `out` while it lives.
class DiagnosticCollector {
public:
  DiagnosticCollector(mlir::MLIRContext *ctx, std::vector<Diagnostic> &out);

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace wick::compiler
