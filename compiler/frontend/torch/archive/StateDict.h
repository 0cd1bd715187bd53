// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Named weights, whatever file they come from: safetensors, torch.save, or the
// parameters of a TorchScript module. All that a frontend wants that has a network
// already and only needs its numbers.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_STATEDICT_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_STATEDICT_H

#include "compiler/frontend/torch/archive/TensorData.h"
#include "llvm/ADT/StringMap.h"
#include <string>
#include <utility>
#include <vector>

namespace wick::compiler::torch {

class TorchArchive;

/// Ordered name -> tensor. Movable; tensors keep the mapping alive on their own.
class StateDict {
public:
  /// Opens a file; the format is told by its content. Errors name the file and the
  /// tensor. Names of nested dicts, lists and modules are joined by '.':
  /// {"model": {"w": ...}} gives "model.w". What is no tensor is left out;
  /// quantized tensors are an error.
  static llvm::Expected<StateDict> open(llvm::StringRef path);
  static llvm::Expected<StateDict> read(Bytes file, llvm::StringRef name);
  static llvm::Expected<StateDict> readSafetensors(Bytes file);
  static llvm::Expected<StateDict> fromArchive(const TorchArchive &archive);

  /// In the order of the file: of data for safetensors, of insertion otherwise.
  llvm::ArrayRef<std::pair<std::string, TensorData>> tensors() const { return list; }
  const TensorData *find(llvm::StringRef name) const;
  /// safetensors: `__metadata__`.
  const llvm::StringMap<std::string> &metadata() const { return notes; }

private:
  llvm::Error add(std::string name, TensorData tensor);

  std::vector<std::pair<std::string, TensorData>> list;
  llvm::StringMap<size_t> index;
  llvm::StringMap<std::string> notes;
};

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_STATEDICT_H
