// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Saved graphs (NAME.wgraph): a model as it is after phase import, with its weights and
// without code. One zip file of stored entries: `mimetype`, `graph.mlirbc` (MLIR
// bytecode of dialect `wick`), `weights/w0`, ... (raw little-endian elements) and
// `manifest.json`, which tells the version and the names of the weights. The graph
// carries the source's locations, so later messages name what the user wrote.
//
// Every entry that is read is checked by its CRC, the graph before MLIR sees a byte of
// it; weights stay in the mapped file.
//
#ifndef WICK_COMPILER_FRONTEND_SAVED_SAVEDGRAPH_H
#define WICK_COMPILER_FRONTEND_SAVED_SAVEDGRAPH_H

#include "compiler/frontend/onnx/Importer.h"

namespace wick::compiler {

/// Raised when a file of the old version cannot be read any more.
constexpr int64_t savedGraphVersion = 1;

/// Writes `module`, for which the contract of phase import holds, by rename. `members` are JSON members for the
/// manifest ("source", "compiler").
llvm::LogicalResult saveGraph(mlir::ModuleOp module, const WeightStore &weights, const std::string &members,
                              const std::string &path, std::string &error);

bool isSavedGraph(const std::string &path);

/// Reads a file that saveGraph wrote; `source` gets the SHA-256 of the model that it was saved from, in hex. Its sizes
/// are settled: --dim, --shape and --keep are refused.
ImportResult importSavedGraph(mlir::MLIRContext *context, const std::string &path, WeightStore &weights,
                              const ImportOptions &options, std::string &source);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_SAVED_SAVEDGRAPH_H
