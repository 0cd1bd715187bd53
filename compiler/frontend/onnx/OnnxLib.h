// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The door to the ONNX C++ library: schemas and function bodies. OnnxLib.cpp is
// the only file of the project that includes ONNX or protobuf headers and is
// built with exceptions; everything passes this door in std types, messages as
// serialized protobufs that the wire reader parses.
// Test: test/unit/frontend/OnnxLibTest.cpp.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_ONNXLIB_H
#define WICK_COMPILER_FRONTEND_ONNX_ONNXLIB_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wick::onnx {

/// The newest opset of the default domain that the library defines. Upgraded
/// models are at this version.
int64_t newestOpset();

struct FormalParameter {
  enum class Option { Single, Optional, Variadic };
  std::string name;
  Option option = Option::Single;
};

struct AttributeSchema {
  std::string name;
  bool required = false;
  /// Serialized AttributeProto of the default; empty when there is none.
  std::string defaultValue;
};

struct Schema {
  int64_t sinceVersion = 0;
  bool deprecated = false;
  bool hasFunctionBody = false; ///< context-dependent ones included
  std::vector<FormalParameter> inputs;
  std::vector<FormalParameter> outputs;
  std::vector<AttributeSchema> attributes;
};

/// The definition of an op that holds at `opsetVersion`; empty when there is
/// none. Safe from several threads.
std::optional<Schema> findSchema(const std::string &opType, const std::string &domain, int64_t opsetVersion);

/// All ops of a domain, in any version, sorted.
std::vector<std::string> opNames(const std::string &domain);

/// The function body of an op as a serialized FunctionProto, its opset imports
/// set to the versions that the body is written for. `node` is the serialized
/// NodeProto and `inputTypes` its inputs' serialized TypeProtos (an empty string
/// for an input left out or unknown): some bodies depend on them. Empty when the
/// op has no body for this node; `error` then tells why, if the library did.
std::optional<std::string> functionBody(const std::string &opType, const std::string &domain, int64_t opsetVersion,
                                        const std::string &node, const std::vector<std::string> &inputTypes,
                                        std::string &error);

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_ONNXLIB_H
