// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parser behind WireReader.h, one member per ONNX message. Internal: tensors
// (TensorParser.cpp) have their own file because payloads are most of the work.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_PARSER_H
#define WICK_COMPILER_FRONTEND_ONNX_PARSER_H

#include "compiler/frontend/onnx/Wire.h"
#include "compiler/frontend/onnx/WireReader.h"

namespace wick::onnx {

class Parser {
public:
  /// Payloads over InlineLimit refer to `file` of `payloads`, which holds the
  /// bytes that are parsed; with NoFile all are copied. External data is looked
  /// up in `directory`; empty: external data is an error.
  Parser(PayloadSource &payloads, int32_t file, std::string directory, std::vector<Problem> &problems)
      : payloads(payloads), file(file), directory(std::move(directory)), problems(problems) {}

  wire::ErrorState errors;

  void parse(wire::Cursor in, Model &model);
  void parse(wire::Cursor in, Graph &graph);
  void parse(wire::Cursor in, Node &node);
  void parse(wire::Cursor in, Attribute &attribute);
  void parse(wire::Cursor in, ValueInfo &info);
  void parse(wire::Cursor in, Type &type);
  void parse(wire::Cursor in, Function &function);
  void parse(wire::Cursor in, OpsetImport &opset);
  void parse(wire::Cursor in, Tensor &tensor);
  /// Reads a SparseTensorProto as the dense tensor that it stands for.
  void parseSparse(wire::Cursor in, Tensor &tensor);

private:
  struct RawTensor;
  void parseShape(wire::Cursor in, Type &type);
  void parseTensorType(wire::Cursor in, Type &type);
  std::pair<std::string, std::string> parseEntry(wire::Cursor in);
  void finishTensor(RawTensor &raw, Tensor &tensor);
  void finishTyped(RawTensor &raw, Tensor &tensor);
  void external(const RawTensor &raw, Tensor &tensor, uint64_t expected);
  void payload(Tensor &tensor, std::span<const std::byte> bytes);
  void problem(std::string message, bool isError = true) { problems.push_back({isError, {}, {}, std::move(message)}); }

  PayloadSource &payloads;
  int32_t file;
  std::string directory;
  std::vector<Problem> &problems;
};

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_PARSER_H
