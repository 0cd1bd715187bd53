// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fresh value names, see Names.h.
//
#include "compiler/frontend/onnx/Names.h"

namespace wick::onnx {

void NameGenerator::reserve(const Graph &graph) {
  for (const Tensor &tensor : graph.initializers)
    taken.insert(tensor.name);
  for (const ValueInfo &input : graph.inputs)
    taken.insert(input.name);
  for (const ValueInfo &output : graph.outputs)
    taken.insert(output.name);
  for (const Node &node : graph.nodes) {
    taken.insert(node.inputs.begin(), node.inputs.end());
    taken.insert(node.outputs.begin(), node.outputs.end());
    for (const Attribute &attribute : node.attrs)
      for (const Graph &inner : attribute.graphs)
        reserve(inner);
  }
}

std::string NameGenerator::fresh(const std::string &hint) {
  if (!hint.empty() && taken.insert(hint).second)
    return hint;
  for (unsigned &number = nextNumber[hint];;) {
    std::string name = hint + "_" + std::to_string(++number);
    if (taken.insert(name).second)
      return name;
  }
}

} // namespace wick::onnx
