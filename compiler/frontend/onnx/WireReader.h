// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads ONNX files without protobuf: our own walk of the wire format over the
// mapped file, so that a payload over 4 KB is never copied, files may exceed
// 2 GB, and a damaged file is an error message instead of a crash. Every range
// is checked against its enclosing message, nesting is limited.
// Test: test/unit/frontend/WireReaderTest.cpp.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_WIREREADER_H
#define WICK_COMPILER_FRONTEND_ONNX_WIREREADER_H

#include "compiler/frontend/onnx/Model.h"
#include "compiler/frontend/onnx/PayloadSource.h"
#include <span>

namespace wick::onnx {

/// Payloads up to this many bytes are copied into the structs.
constexpr uint64_t InlineLimit = 4096;

/// A model with the mapped files that its payloads lie in. `model` is empty
/// when, and only when, `problems` holds an error.
struct ReadResult {
  std::optional<Model> model;
  PayloadSource payloads;
  std::vector<Problem> problems; ///< errors and notes, all of them
};

/// Reads a model file. External data is looked up in the file's directory, and
/// must lie in it: absolute locations, "..", and symbolic links that leave it
/// are errors. Missing or short data files are errors that name tensor and file.
ReadResult readModel(const std::string &path);

/// Reads a model from memory, which is copied. `directory` is where external
/// data lies; without one external data is an error.
ReadResult readModelBytes(std::span<const std::byte> bytes, const std::string &directory = "");

/// Reads one serialized FunctionProto; all payloads become owned.
struct ReadFunctionResult {
  std::optional<Function> function;
  std::vector<Problem> problems;
};
ReadFunctionResult readFunctionBytes(std::span<const std::byte> bytes);

/// Reads one serialized AttributeProto (a schema's default value).
std::optional<Attribute> readAttributeBytes(std::span<const std::byte> bytes);

/// Reads one serialized TensorProto (the conformance suite's input files).
struct ReadTensorResult {
  std::optional<Tensor> tensor;
  std::vector<Problem> problems;
};
ReadTensorResult readTensorBytes(std::span<const std::byte> bytes);

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_WIREREADER_H
