// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small ONNX models in C++ for the importer's tests, and the imported graph as text.
//
#ifndef WICK_TEST_UNIT_IMPORT_MODELTEXT_H
#define WICK_TEST_UNIT_IMPORT_MODELTEXT_H

#include "compiler/frontend/onnx/Importer.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

namespace wick::compiler::testing {

/// "batch" names a dim, a number is one, "?" is unknown.
inline onnx::ValueInfo tensorInfo(std::string name, onnx::DataType elem, std::vector<std::string> dims) {
  onnx::ValueInfo info{std::move(name), {}};
  info.type.kind = onnx::Type::Kind::Tensor, info.type.elem = elem, info.type.hasRank = true;
  for (const std::string &text : dims) {
    onnx::Dim d;
    if (text == "?")
      d.kind = onnx::Dim::Kind::Unknown;
    else if (isdigit(text[0]))
      d.kind = onnx::Dim::Kind::Value, d.value = std::stoll(text);
    else
      d.kind = onnx::Dim::Kind::Param, d.param = text;
    info.type.dims.push_back(d);
  }
  return info;
}

inline onnx::Node makeNode(std::string op, std::vector<std::string> inputs, std::vector<std::string> outputs,
                           std::vector<onnx::Attribute> attrs = {}) {
  onnx::Node n;
  n.opType = std::move(op), n.inputs = std::move(inputs), n.outputs = std::move(outputs), n.attrs = std::move(attrs);
  n.name = "node_" + n.outputs[0];
  return n;
}

inline onnx::Attribute makeGraphAttr(std::string name, onnx::Graph graph) {
  onnx::Attribute a;
  a.name = std::move(name), a.kind = onnx::Attribute::Kind::Graph;
  a.graphs.push_back(std::move(graph));
  return a;
}

struct Imported {
  mlir::MLIRContext context;
  WeightStore weights;
  ImportResult result;
  std::string text; ///< the module, or the problems
  size_t count(const std::string &what) const {
    size_t n = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
      ++n;
    return n;
  }
};

inline std::unique_ptr<Imported> import(onnx::Graph graph, ImportOptions options = {}) {
  auto out = std::make_unique<Imported>();
  onnx::Model model;
  model.opsets.push_back({"", 28});
  model.graph = std::move(graph);
  for (size_t i = 0; i < model.graph.nodes.size(); ++i)
    model.graph.nodes[i].index = int64_t(i);
  out->result = importOnnx(&out->context, model, std::make_shared<onnx::PayloadSource>(), out->weights, options);
  llvm::raw_string_ostream os(out->text);
  if (out->result.module)
    out->result.module->print(os);
  else
    for (const onnx::Problem &p : out->result.problems)
      os << p.text() << "\n";
  return out;
}

} // namespace wick::compiler::testing

#endif // WICK_TEST_UNIT_IMPORT_MODELTEXT_H
