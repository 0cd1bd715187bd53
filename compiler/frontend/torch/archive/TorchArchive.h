// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file of PyTorch's, opened: which of its formats it is, and its parts by name.
// TorchScript has source files, a graph of module objects and constants; an
// exported program (.pt2) has JSON and raw weights; torch.save has one pickle.
// What the parts mean is the importers' business.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_TORCHARCHIVE_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_TORCHARCHIVE_H

#include "compiler/frontend/torch/archive/DebugRanges.h"
#include "compiler/frontend/torch/archive/Pickle.h"
#include "compiler/frontend/torch/archive/TensorData.h"
#include "compiler/frontend/torch/archive/ZipReader.h"
#include <memory>
#include <mutex>
#include <optional>

namespace wick::compiler::torch {

enum class ArchiveKind {
  Script,    ///< torch.jit.save: data(), constants(), code
  Export,    ///< torch.export.save of 2.8 and later: models/<name>.json, data/weights/...
  ExportOld, ///< torch.export.save before: serialized_exported_program.json at the root
  Saved      ///< torch.save: data() only
};

/// Movable; immutable after `open`, so that several threads may read it. Bytes
/// and tensors that it hands out keep the mapping alive on their own; values of
/// pickles need the archive.
class TorchArchive {
public:
  /// Opens a file. Formats of other times and tools (bare pickles, tar files,
  /// torch.package, preview formats, big-endian) are refused by name.
  static llvm::Expected<TorchArchive> open(llvm::StringRef path);
  /// The same from memory; `name` is for messages.
  static llvm::Expected<TorchArchive> read(Bytes file, llvm::StringRef name);

  ArchiveKind kind() const { return format; }
  /// Number in the record `version`; which ops' old meanings hold. 0: not given.
  int version() const { return number; }
  /// The name at the time of saving ("resnet18.trace"); empty for ExportOld.
  llvm::StringRef topFolder() const { return zip.topFolder(); }
  /// All records, for what has no function here ("extra/...").
  const ZipReader &records() const { return zip; }

  // Script and Saved
  const Pickle &data() const { return *dataPickle; }
  /// Script: the tuple CONSTANTS.c0, CONSTANTS.c1, ...
  const Pickle &constants() const { return *constantsPickle; }
  /// Traces: dict of method name -> list of example inputs, whose tensors have
  /// dtype, sizes and strides but no bytes. Null when not written.
  const Pickle *tracedInputs() const { return tracedPickle ? &*tracedPickle : nullptr; }
  /// The tensor's bytes, CRC of its storage checked on first use; an error for
  /// traced inputs, dtypes that are not supported, and views outside the storage.
  llvm::Expected<TensorData> tensor(const TensorRecord &record) const;

  // Script
  /// Source files as prefixes of qualified names: "__torch__.torch.nn.modules.rnn".
  llvm::ArrayRef<std::string> codeFiles() const { return sources; }
  bool hasCode(llvm::StringRef file) const { return zip.find(codePath(file)) != nullptr; }
  /// The source text of such a file.
  llvm::Expected<Bytes> code(llvm::StringRef file) const;
  /// The Python origins of that text; nothing when not written or not readable.
  std::optional<DebugRanges> debugRanges(llvm::StringRef file) const;

  // Export and ExportOld
  /// "model" as a rule; ExportOld has exactly that one.
  llvm::ArrayRef<std::string> modelNames() const { return models; }
  /// The JSON text of the program.
  llvm::Expected<Bytes> modelJson(llvm::StringRef model) const;
  /// Export: JSON that maps parameter names to files and layouts.
  llvm::Expected<Bytes> weightsConfig(llvm::StringRef model) const;
  llvm::Expected<Bytes> constantsConfig(llvm::StringRef model) const;
  /// Export: a file of the maps above ("weight_0", "tensor_3"), a whole storage.
  llvm::Expected<Bytes> weightFile(llvm::StringRef path) const { return zip.read(("data/weights/" + path).str()); }
  llvm::Expected<Bytes> constantFile(llvm::StringRef path) const { return zip.read(("data/constants/" + path).str()); }
  /// ExportOld: torch.save files inside ("serialized_state_dict.pt", "serialized_constants.pt").
  llvm::Expected<TorchArchive> nested(llvm::StringRef record) const;

private:
  llvm::Error detect();
  llvm::Error readVersion();
  llvm::Error readPickles();
  llvm::Error checkStorages(const Pickle &pickle) const;
  static std::string codePath(llvm::StringRef file);

  ZipReader zip;
  ArchiveKind format = ArchiveKind::Script;
  int number = 0;
  std::optional<Pickle> dataPickle, constantsPickle, tracedPickle;
  std::vector<std::string> sources, models;
  /// Storages that were read, so that each is checked (and inflated) once.
  struct Cache {
    std::mutex mutex;
    llvm::StringMap<Bytes> storages;
  };
  std::unique_ptr<Cache> cache = std::make_unique<Cache>();
};

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_TORCHARCHIVE_H
