// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// torch.export archives (.pt2) to the graph dialect, TRAINING and ATEN dialects.
// The result has the conventions of the ONNX importer: one func.func @main whose
// arguments and results carry `wick.name`; all problems are told in one run.
//
// Inputs are named as the arguments of forward; outputs by their place in the
// result: `output`, `output_0`, a dict's key, and paths joined by '_'. A buffer
// that the program writes to is an input and an output `state:NAME`: give it the
// last run's output. An input that is written to gives an output `state:NAME` too.
//
#ifndef WICK_COMPILER_FRONTEND_EXPORT_EXPORT_H
#define WICK_COMPILER_FRONTEND_EXPORT_EXPORT_H

#include "compiler/frontend/onnx/Importer.h"

namespace wick::compiler {

/// Whether a file is a torch.export archive, by its content.
bool isExportFile(const std::string &path);

class ExportFile;

/// Imports a file that has been read.
ImportResult importExport(mlir::MLIRContext *context, const ExportFile &file, WeightStore &weights,
                          ImportOptions options = {});

/// Reads and imports a .pt2 file. Weights refer to the mapped file, which the store
/// keeps alive. `--dim` takes the program's names of sizes (s27) and those that
/// `--shape` gives.
ImportResult importExportFile(mlir::MLIRContext *context, const std::string &path, WeightStore &weights,
                              ImportOptions options = {});

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_EXPORT_EXPORT_H
