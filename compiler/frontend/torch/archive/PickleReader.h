// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stack machine of pickles; private to the reader. PickleReader.cpp has the
// instructions, PickleGlobals.cpp what the names mean that they apply.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_PICKLEREADER_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_PICKLEREADER_H

#include "compiler/frontend/torch/archive/PickleNodes.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

namespace wick::compiler::torch {

/// Reads one pickle. The first error sticks and ends the reading; functions
/// return false after it.
class PickleReader {
public:
  using Kind = PickleValue::Kind;

  PickleReader(Bytes bytes, llvm::StringRef folder, const PickleLimits &limits);
  llvm::Expected<Pickle> read();

private:
  // Input
  bool take(size_t count, const char *&from);
  bool takeLine(llvm::StringRef &line);
  bool takeString(size_t length);

  // Stack, marks, memo
  bool push(PickleValue value);
  bool pop(PickleValue &value);
  bool popMark(std::vector<PickleValue> &items);
  PickleValue *peek();
  bool memoize(uint64_t slot);
  bool recall(uint64_t slot);

  // Instructions
  bool step(unsigned char opcode);
  bool takeInteger(size_t length);
  bool pushGlobal();
  bool pushItems(Kind kind, size_t count);
  bool append(llvm::ArrayRef<PickleValue> items);
  bool setItems(llvm::ArrayRef<PickleValue> items);
  bool newObject();
  bool build();
  bool persistentId();

  // What globals mean (PickleGlobals.cpp)
  bool reduce();
  bool reduceTorch(llvm::StringRef name, PickleValue argument, PickleValue &result);
  bool reduceScript(llvm::StringRef name, PickleValue argument, PickleValue &result);
  bool reduceOrderedDict(PickleValue argument, PickleValue &result);
  bool rebuildTensor(llvm::ArrayRef<PickleValue> arguments, bool quantized, bool untyped, PickleValue &result);
  bool rebuildParameter(llvm::ArrayRef<PickleValue> arguments, PickleValue &result);
  bool readQuant(PickleValue parameters, TensorRecord &tensor);
  bool readSizes(PickleValue value, llvm::SmallVectorImpl<int64_t> &sizes, const char *what);
  bool checkGlobal(llvm::StringRef module, llvm::StringRef name);

  // At the end: no cycles, bounded depth, no half-built values, no key twice
  bool checkGraph();
  bool checkKeys(const ItemsNode &dict);

  bool fail(const llvm::Twine &what);
  bool countNode();
  template <typename Node>
  Node *make(std::deque<Node> &list) {
    return countNode() ? &list.emplace_back() : nullptr;
  }
  bool makeText(Kind kind, llvm::StringRef text, PickleValue &result);
  bool makeItems(Kind kind, std::vector<PickleValue> items, PickleValue &result);
  static TextNode &textOf(PickleValue value) { return *static_cast<TextNode *>(value.node); }
  static ItemsNode &itemsOf(PickleValue value) { return *static_cast<ItemsNode *>(value.node); }
  static ObjectNode &objectOf(PickleValue value) { return *static_cast<ObjectNode *>(value.node); }
  static TensorNode &tensorOf(PickleValue value) { return *static_cast<TensorNode *>(value.node); }
  static StorageNode &storageOf(PickleValue value) { return *static_cast<StorageNode *>(value.node); }
  static bool isGlobal(PickleValue value, llvm::StringRef module);

  Pickle result;
  PickleLimits limits;
  llvm::ArrayRef<char> data;
  size_t at = 0;    // of the next byte
  size_t start = 0; // of the instruction being run
  uint64_t nodes = 0;
  std::string problem;
  std::vector<PickleValue> stack, memo;
  std::vector<char> memoSet;
  std::vector<size_t> marks;
  llvm::StringMap<PickleValue> storages;
};

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_PICKLEREADER_H
