// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// TorchScript archives (torch.jit.save) to the graph dialect, without libtorch: one
// func.func @main for one method of the saved module. Outputs that are tuples, lists
// or dicts become "output.0", "output.key" and so on, depth first.
//
// Modules that keep state (attributes that a method assigns, buffers that it writes)
// become functions of it: each is an input and an output of one name, "state:PATH",
// of the kind and size that it has from the second run on. With `fresh` the state is
// the archive's, and only an output: the program of the first run.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_IMPORTER_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_IMPORTER_H

#include "compiler/frontend/onnx/Importer.h"

namespace wick::compiler {
namespace torch {
class TorchArchive;
}

struct TorchScriptOptions {
  /// --dim and --shape; shapes may end with an element type: "ids=1x16:i64". Inputs
  /// within containers are "cache.0.1". A trace's own example inputs are the default.
  ImportOptions common;
  std::string method = "forward"; ///< --method
  /// --set NAME=VALUE: arguments that are numbers, strings, true, false or none.
  std::vector<std::pair<std::string, std::string>> values;
  bool eval = false;          ///< --eval: all `training` flags are false
  bool fresh = false;         ///< --fresh: see above
  bool qnnpack = false;       ///< --quantized-engine qnnpack: dynamic quantization ignores reduce_range
  bool keywordNames = false;  ///< --accept-keyword-names: attributes named by keywords, which torch cannot load
  bool assumeNoRaise = false; ///< --assume-no-raise: no assertions for branches that raise
  // Limits for sources that nobody vouches for; passing one is an error that names it.
  uint64_t maxUnroll = 4096;        ///< --max-unroll: trips of a loop that are written out
  uint64_t maxSteps = 20'000'000;   ///< --max-steps: evaluated expressions
  uint64_t maxOps = 1'000'000;      ///< --max-ops: ops that are made
  uint64_t maxElements = 4'000'000; ///< --max-elements: of all lists and dicts; characters of a string
  unsigned maxNesting = 500;        ///< --max-nesting: levels of the source, and of the evaluation
};

/// Whether a file starts as PyTorch's archives do (a zip file or a pickle).
bool isTorchScriptFile(const std::string &path);

/// Imports an archive that is open already.
ImportResult importTorchScript(mlir::MLIRContext *context, std::shared_ptr<const torch::TorchArchive> archive,
                               WeightStore &weights, const TorchScriptOptions &options);

/// Weights refer to the mapped file, which the store keeps open.
ImportResult importTorchScriptFile(mlir::MLIRContext *context, const std::string &path, WeightStore &weights,
                                   const TorchScriptOptions &options);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_IMPORTER_H
