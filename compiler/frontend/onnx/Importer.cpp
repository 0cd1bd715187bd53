// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public door of the ONNX frontend: reader, expansion, upgrade and importer in
// order, with the outcome sorted into what the tools' exit codes tell apart.
//
#include "compiler/frontend/onnx/Importer.h"

#include "compiler/frontend/onnx/FunctionExpander.h"
#include "compiler/frontend/onnx/OnnxImporter.h"
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/WireReader.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
namespace wick::compiler {

ImportResult importOnnx(MLIRContext *context, const onnx::Model &model,
                        std::shared_ptr<const onnx::PayloadSource> payloads, WeightStore &weights,
                        const ImportOptions &options) {
  ImportResult result;
  context->loadDialect<graph::WickDialect, func::FuncDialect>();
  auto loc = FileLineColLoc::get(context, options.modelName, 0, 0);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OnnxImporter importer(*module, model, std::move(payloads), weights, options);
  importer.run();
  if (importer.hasProblems()) {
    result.kind = importer.onlyUnsupported() ? ImportResult::Kind::Unsupported : ImportResult::Kind::Error;
    importer.reportUnsupported();
  }
  result.problems = std::move(importer.problems);
  if (result.kind == ImportResult::Kind::Ok && failed(verify(*module))) {
    result.kind = ImportResult::Kind::Error;
    result.problems.push_back({true, "", "", "the imported graph does not verify; this is a bug of the importer"});
  }
  if (result.kind == ImportResult::Kind::Ok)
    result.module = std::move(module);
  return result;
}

ImportResult importOnnxFile(MLIRContext *context, const std::string &path, WeightStore &weights, ImportOptions options) {
  onnx::ReadResult read = onnx::readModel(path);
  if (!read.model) {
    ImportResult failed;
    failed.kind = ImportResult::Kind::Error;
    failed.problems = std::move(read.problems);
    return failed;
  }
  std::vector<onnx::Problem> problems = std::move(read.problems);
  onnx::NameGenerator names(*read.model);
  onnx::expandLocalFunctions(*read.model, names, problems);
  onnx::upgrade(*read.model, names, problems);
  if (onnx::hasErrors(problems)) {
    ImportResult failed;
    failed.kind = ImportResult::Kind::Error;
    failed.problems = std::move(problems);
    return failed;
  }
  auto payloads = std::make_shared<onnx::PayloadSource>(std::move(read.payloads));
  ImportResult result = importOnnx(context, *read.model, payloads, weights, options);
  result.problems.insert(result.problems.begin(), problems.begin(), problems.end());
  return result;
}

} // namespace wick::compiler
