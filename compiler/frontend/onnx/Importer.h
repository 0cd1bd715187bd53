// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX to the graph dialect: one func.func @main whose arguments and results carry
// `wick.name`. The model must be expanded and upgraded (importOnnxFile does all).
// Every problem of the model is collected in one run. Declared shapes of outputs
// and inner values are not believed.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_IMPORTER_H
#define WICK_COMPILER_FRONTEND_ONNX_IMPORTER_H

#include "compiler/frontend/onnx/Model.h"
#include "compiler/frontend/onnx/PayloadSource.h"
#include "compiler/support/WeightStore.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace wick::compiler {

struct ImportOptions {
  /// `--dim name=8` or `name=1..64`: fixes or bounds a named dim.
  std::vector<std::pair<std::string, std::string>> dims;
  /// `--shape input=1x3x?x?`: dims of an input; `?` keeps the declared one, a word
  /// names a dim.
  std::vector<std::pair<std::string, std::string>> shapes;
  /// `--keep NAME`: inner values, by the names that the file has for them, that become outputs after the model's own.
  std::vector<std::string> keep;
  /// For files that nobody vouches for; passing one is an error that names it.
  struct Limits {
    uint64_t ops = 1'000'000;              ///< --max-ops: ops that are made
    uint64_t elements = uint64_t(1) << 28; ///< --max-elements: of all constants that importing computes
    unsigned nesting = 100;                ///< --max-nesting: graphs within graphs
    int64_t unroll = 32;                   ///< --max-unroll: trips of a loop that is written out; longer ones stay
  } limits;
  /// File name in locations. Not the path's: locations are packaged with the graph, and a model's bytes must not
  /// depend on where it lay.
  std::string modelName = "model.onnx";
};

/// Ops that have an importer, sorted by name ("Relu", "com.microsoft.Gelu"), each with the op of the graph dialect
/// that it is a row of ("" for a composition). Besides these, ops whose schema has a function body are expanded.
std::vector<std::pair<std::string, std::string>> knownOps();

struct ImportResult {
  enum class Kind { Ok, Unsupported, Error };
  Kind kind = Kind::Ok;
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< null unless Ok
  std::vector<onnx::Problem> problems;      ///< all errors and notes
};

/// The problem that every frontend reports, as an error, when its own graph does not verify.
constexpr char notVerified[] = "the imported graph does not verify; this is a bug of the importer";

/// How an error about a value to keep ends that has no place among the outputs.
constexpr char keptWithin[] = "within a branch or loop that only the run decides; it cannot be kept";

/// Weights refer to `payloads`, which the store keeps alive.
ImportResult importOnnx(mlir::MLIRContext *context, const onnx::Model &model,
                        std::shared_ptr<const onnx::PayloadSource> payloads, WeightStore &weights,
                        const ImportOptions &options);

/// Reads, expands local functions, upgrades and imports a model file.
ImportResult importOnnxFile(mlir::MLIRContext *context, const std::string &path, WeightStore &weights,
                            ImportOptions options = {});

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_ONNX_IMPORTER_H
