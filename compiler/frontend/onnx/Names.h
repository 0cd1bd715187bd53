// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fresh names for values that rewrites make. One generator serves one model, its
// subgraphs included, because inner graphs see the outer names. The names are a
// function of the model and the order of requests, so results are reproducible.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_NAMES_H
#define WICK_COMPILER_FRONTEND_ONNX_NAMES_H

#include "compiler/frontend/onnx/Model.h"
#include <unordered_map>
#include <unordered_set>

namespace wick::onnx {

class NameGenerator {
public:
  NameGenerator() = default;
  /// Takes all value names of the model, also those of subgraphs.
  explicit NameGenerator(const Model &model) { reserve(model.graph); }

  void reserve(const std::string &name) { taken.insert(name); }
  void reserve(const Graph &graph);

  /// `hint` when it is free, otherwise with the first free number behind it.
  std::string fresh(const std::string &hint);

private:
  std::unordered_set<std::string> taken;
  std::unordered_map<std::string, unsigned> nextNumber;
};

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_NAMES_H
