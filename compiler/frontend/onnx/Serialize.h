// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain structs back to the protobuf wire format: what OnnxLib needs of a node
// and its input types, and graphs for tools that cut a model down.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_SERIALIZE_H
#define WICK_COMPILER_FRONTEND_ONNX_SERIALIZE_H

#include "compiler/frontend/onnx/Model.h"

namespace wick::onnx {

class PayloadSource;

/// Serialized NodeProto, TypeProto, GraphProto, ModelProto. Payloads that lie in
/// a file are copied from `payloads`; without it they are left out, which keeps
/// dtype and dims (enough to ask for a function body).
std::string serialize(const Node &node, const PayloadSource *payloads = nullptr);
std::string serialize(const Graph &graph, const PayloadSource *payloads = nullptr);
std::string serialize(const Model &model, const PayloadSource *payloads = nullptr);
/// Empty for Kind::None.
std::string serialize(const Type &type);

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_SERIALIZE_H
