// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the values of a pickle lie in memory; private to the reader. Nodes live in
// an arena and refer to each other by plain pointers, so that destroying a deep
// or widely shared graph needs no recursion and no counting.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_PICKLENODES_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_PICKLENODES_H

#include "compiler/frontend/torch/archive/Pickle.h"
#include "llvm/Support/Allocator.h"
#include <deque>
#include <string>

namespace wick::compiler::torch {

/// Base of all nodes; the kind stands in the values that refer to it.
struct PickleNode {
  /// Filled by the last check: 0 not seen, 1 being visited, otherwise 1 + depth.
  uint32_t depth = 0;
};

/// String and Device (text), Global (text: module, rest: name), Dtype.
struct TextNode : PickleNode {
  llvm::StringRef text, rest;
  ScalarType dtype = ScalarType::Unknown;
};

struct ComplexNode : PickleNode {
  double real = 0, imaginary = 0;
};

/// Tuple, List, Dict.
struct ItemsNode : PickleNode {
  std::vector<PickleValue> items;
  llvm::StringRef typeText;
};

/// Object and Enum.
struct ObjectNode : PickleNode {
  llvm::StringRef className;
  PickleValue state;
  bool built = false;
};

struct TensorNode : PickleNode {
  TensorRecord record;
};

struct StorageNode : PickleNode {
  StorageRecord record;
};

struct Pickle::Arena {
  Bytes bytes;
  std::string folder;
  std::deque<TextNode> texts;
  std::deque<ComplexNode> complexes;
  std::deque<ItemsNode> containers;
  std::deque<ObjectNode> objects;
  std::deque<TensorNode> tensors;
  std::deque<StorageNode> storages;
  std::deque<std::string> strings; ///< made here: joined class names
};

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_PICKLENODES_H
