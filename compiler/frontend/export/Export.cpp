// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public door: the file, then rounds of the walk. The first shows which weights
// the program writes to; with these as inputs it is walked again.
//
#include "compiler/frontend/export/Export.h"

#include "compiler/frontend/export/ExportImporter.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
namespace wick::compiler {

/// Writes that show only once others are known would need an odd program.
static constexpr int maxRounds = 4;

bool isExportFile(const std::string &path) {
  auto bytes = torch::mapFile(path);
  if (!bytes || !torch::ZipReader::looksLikeZip(bytes->data)) {
    if (!bytes)
      llvm::consumeError(bytes.takeError());
    return false;
  }
  auto zip = torch::ZipReader::open(*bytes);
  if (!zip)
    return llvm::consumeError(zip.takeError()), false;
  return zip->find("archive_format") || zip->find("models/model.json") || zip->find("serialized_exported_program.json");
}

ImportResult importExportFile(MLIRContext *context, const std::string &path, WeightStore &weights,
                              ImportOptions options) {
  auto file = ExportFile::open(path);
  if (file)
    return importExport(context, *file, weights, std::move(options));
  ImportResult result;
  result.kind = ImportResult::Kind::Error;
  result.problems.push_back({true, "", "", llvm::toString(file.takeError())});
  return result;
}

ImportResult importExport(MLIRContext *context, const ExportFile &file, WeightStore &weights, ImportOptions options) {
  ImportResult result;
  result.kind = ImportResult::Kind::Error;
  if (options.modelName == ImportOptions().modelName)
    options.modelName = "model.pt2";
  context->loadDialect<graph::WickDialect, func::FuncDialect>();
  std::set<std::string> states;
  for (int round = 0;; ++round) {
    OwningOpRef<ModuleOp> module = ModuleOp::create(FileLineColLoc::get(context, options.modelName, 0, 0));
    WeightStore attempt; // ids of rounds that are thrown away must not show
    ExportImporter importer(*module, file, attempt, options, states);
    importer.run();
    if (round + 1 < maxRounds && !importer.hasErrors() && importer.written != states) {
      states = importer.written;
      continue;
    }
    result.problems = std::move(importer.problems);
    if (onnx::hasErrors(result.problems)) {
      result.kind = importer.onlyUnsupported ? ImportResult::Kind::Unsupported : ImportResult::Kind::Error;
      return result;
    }
    if (failed(verify(*module))) {
      result.problems.push_back({true, "", "", notVerified});
      return result;
    }
    result.kind = ImportResult::Kind::Ok;
    weights = std::move(attempt);
    result.module = std::move(module);
    return result;
  }
}

} // namespace wick::compiler
