// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A torch.export archive (.pt2) in memory: the program as JSON, and its parameters,
// buffers and constants by their names in the model. Knows both layouts of the
// container; weights stay in the mapped file. No MLIR here.
//
#ifndef WICK_COMPILER_FRONTEND_EXPORT_EXPORTFILE_H
#define WICK_COMPILER_FRONTEND_EXPORT_EXPORTFILE_H

#include "compiler/frontend/torch/archive/TorchArchive.h"
#include "llvm/Support/JSON.h"

#include <map>
#include <string>

namespace wick::compiler {

/// torch.export numbers dtypes, layouts and memory formats in its own way.
torch::ScalarType exportScalarType(int64_t code);
int64_t exportMemoryFormat(int64_t code);

class ExportFile {
public:
  /// Opens and checks kind, schema version and the parts that every program has.
  static llvm::Expected<ExportFile> open(const std::string &path);
  static llvm::Expected<ExportFile> read(torch::TorchArchive archive, const std::string &name);

  const llvm::json::Object &program() const { return *json.getAsObject(); }
  const llvm::json::Object &graph() const { return *graphObject; }
  const llvm::json::Object &signature() const { return *signatureObject; }
  /// The tensor called `name` ("layer.weight"); an error when it is not there or not readable.
  llvm::Expected<torch::TensorData> tensor(const std::string &name) const;

private:
  llvm::Error readConfig(llvm::Expected<torch::Bytes> text, bool constants);
  llvm::Error readNested(llvm::StringRef record);
  struct Payload {
    std::string file;
    bool constant = false; ///< in the folder of constants
    bool pickled = false;
    llvm::json::Value meta = nullptr;
  };
  std::shared_ptr<torch::TorchArchive> archive;
  std::vector<std::shared_ptr<torch::TorchArchive>> nested;
  llvm::json::Value json = nullptr;
  const llvm::json::Object *graphObject = nullptr, *signatureObject = nullptr;
  std::map<std::string, Payload> payloads;
  std::map<std::string, torch::TensorData> tensors; ///< of the older layout
};

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_EXPORT_EXPORTFILE_H
