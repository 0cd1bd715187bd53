// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The archive's saved objects as values of the evaluator. Tensors stay in the mapped
// file: each becomes a weight of the graph when it is first read. Attributes that
// carry state between runs are replaced by inputs of the program.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_LOADER_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_LOADER_H

#include "compiler/frontend/Structure.h"
#include "compiler/frontend/torch/archive/TorchArchive.h"
#include "compiler/frontend/torchscript/Evaluator.h"

namespace wick::compiler::torchscript {

/// What an attribute is between two runs: known, or an input and output of the program.
struct StateSpec {
  enum class Kind { Known, Number, Tensor, Container } kind = Kind::Known;
  Value value;     ///< Known; Container and Number: its kind, text, keys and element types
  mlir::Type elem; ///< Tensor
  struct Dim {
    int64_t size = 0;
    std::string name; ///< of a symbol; empty: `size`
  };
  std::vector<Dim> dims;
  bool isComplex = false;
  std::vector<StateSpec> parts; ///< Container
};
/// By path of the attribute: "decoder.cache".
using StatePlan = std::map<std::string, StateSpec>;

class Loader {
public:
  /// `input` adds a program input of a name and type.
  using AddInput = std::function<mlir::Value(const std::string &name, mlir::Type type)>;
  Loader(Evaluator &ev, std::shared_ptr<const torch::TorchArchive> archive, mlir::Block *entry, const StatePlan &plan,
         bool evalMode, AddInput input)
      : ev(ev), archive(std::move(archive)), entry(entry), plan(plan), evalMode(evalMode), input(std::move(input)) {}

  std::vector<Value> constants();
  Value root();

  /// A tensor attribute of the archive's objects, in order of the pickle.
  struct Attribute {
    std::string path;
    std::shared_ptr<ObjectData> object;
    std::string name;
    torch::Tensor tensor;
  };
  std::vector<Attribute> tensors;
  /// A state as a value of this program.
  Value materialize(const StateSpec &spec, const std::string &path);

private:
  Value load(torch::PickleValue v, const std::string &path, unsigned depth = 0);
  Value loadObject(torch::PickleValue v, const std::string &path, unsigned depth);
  Value loadCustom(const std::string &cls, const Value &state, const std::string &path);
  Value loadTensor(const torch::TensorRecord &record, const std::string &path);
  Value constantTensor(const torch::TensorRecord &record, const std::string &name);
  mlir::Value bytesOf(const torch::TensorRecord &record, const std::string &name);

  Evaluator &ev;
  std::shared_ptr<const torch::TorchArchive> archive;
  mlir::Block *entry;
  const StatePlan &plan;
  bool evalMode;
  AddInput input;
  torch::Storage::Kind storageKind = torch::Storage::Kind::Buffer;
  std::map<const void *, Value> memo;
  /// Equal views of one storage are one tensor, so that all names see a write.
  std::map<std::tuple<const void *, int64_t, std::vector<int64_t>, std::vector<int64_t>>, torch::Tensor> views;
  std::shared_ptr<EntryConstants> atEntry = std::make_shared<EntryConstants>();
  std::shared_ptr<ObjectData> owner; ///< of the attribute that is being loaded
  std::string ownerAttribute;
};

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_LOADER_H
