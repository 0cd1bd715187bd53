// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MLIR diagnostics as the driver reports them: by source node, not by file
// position. MLIR's own printer drops the names.
//
#pragma once

#include "compiler/pipeline/Driver.h"

#include "mlir/IR/Diagnostics.h"

namespace wick::compiler {

/// Op and opset of the first source node on a location; "" and 0 when it has none.
std::pair<std::string, int64_t> sourceOp(mlir::Location loc);

/// Collects the context's diagnostics into `out` while it lives.
class DiagnosticCollector {
public:
  DiagnosticCollector(mlir::MLIRContext *ctx, std::vector<Diagnostic> &out);

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace wick::compiler
