// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes protobuf messages of onnx.proto, the mirror of WireReader.cpp.
//
#include "compiler/frontend/onnx/Serialize.h"
#include "compiler/frontend/onnx/PayloadSource.h"
#include <bit>

namespace wick::onnx {

namespace {
/// Appends fields to a serialized message.
class Writer {
public:
  explicit Writer(const PayloadSource *payloads) : payloads(payloads) {}
  std::string out;
  const PayloadSource *payloads;

  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
  }
  void integer(uint32_t field, int64_t value) {
    number(uint64_t(field) << 3);
    number(static_cast<uint64_t>(value));
  }
  void real(uint32_t field, float value) {
    number(uint64_t(field) << 3 | 5);
    auto bits = std::bit_cast<uint32_t>(value);
    for (unsigned i = 0; i < 4; ++i)
      out += static_cast<char>(bits >> (8 * i));
  }
  void bytes(uint32_t field, std::string_view value) {
    number(uint64_t(field) << 3 | 2);
    number(value.size());
    out += value;
  }
  /// A string that is left out when empty.
  void text(uint32_t field, const std::string &value) {
    if (!value.empty())
      bytes(field, value);
  }
  template <class T>
  void message(uint32_t field, const T &value) {
    Writer inner(payloads);
    inner.write(value);
    bytes(field, inner.out);
  }
  template <class T>
  void messages(uint32_t field, const std::vector<T> &values) {
    for (const T &value : values)
      message(field, value);
  }

  void write(const Tensor &tensor) {
    for (int64_t dim : tensor.dims)
      integer(1, dim);
    integer(2, static_cast<int64_t>(tensor.dtype));
    text(8, tensor.name);
    if (tensor.dtype == DataType::String) {
      for (const std::string &string : tensor.strings)
        bytes(6, string);
      return;
    }
    std::span<const std::byte> payload;
    if (payloads)
      payload = payloads->bytes(tensor);
    else if (tensor.owned)
      payload = *tensor.owned;
    bytes(9, {reinterpret_cast<const char *>(payload.data()), payload.size()});
  }
  void write(const Type &type) {
    Writer inner(payloads);
    switch (type.kind) {
    case Type::Kind::None:
      return;
    case Type::Kind::Opaque:
      return bytes(7, "");
    case Type::Kind::Tensor:
    case Type::Kind::SparseTensor:
      inner.integer(1, static_cast<int64_t>(type.elem));
      if (type.hasRank) {
        Writer shape(payloads);
        for (const Dim &dim : type.dims) {
          Writer one(payloads);
          if (dim.kind == Dim::Kind::Value)
            one.integer(1, dim.value);
          else if (dim.kind == Dim::Kind::Param)
            one.bytes(2, dim.param);
          shape.bytes(1, one.out);
        }
        inner.bytes(2, shape.out);
      }
      return bytes(type.kind == Type::Kind::Tensor ? 1 : 8, inner.out);
    case Type::Kind::Map:
      inner.integer(1, static_cast<int64_t>(type.elem));
      [[fallthrough]];
    case Type::Kind::Sequence:
    case Type::Kind::Optional:
      if (type.inner)
        inner.message(type.kind == Type::Kind::Map ? 2 : 1, *type.inner);
      return bytes(type.kind == Type::Kind::Sequence ? 4 : type.kind == Type::Kind::Map ? 5 : 9, inner.out);
    }
  }
  void write(const ValueInfo &info) {
    bytes(1, info.name);
    if (info.type.kind != Type::Kind::None)
      message(2, info.type);
  }
  void write(const Attribute &a) {
    using Kind = Attribute::Kind;
    bytes(1, a.name);
    integer(20, static_cast<int64_t>(a.kind));
    if (!a.refAttrName.empty())
      return bytes(21, a.refAttrName);
    switch (a.kind) {
    case Kind::Float:
      return real(2, a.f);
    case Kind::Int:
      return integer(3, a.i);
    case Kind::String:
      return bytes(4, a.s);
    case Kind::Tensor:
      return messages(5, a.tensors);
    case Kind::Graph:
      return messages(6, a.graphs);
    case Kind::Type:
      return messages(14, a.types);
    case Kind::Tensors:
      return messages(10, a.tensors);
    case Kind::Graphs:
      return messages(11, a.graphs);
    case Kind::Types:
      return messages(15, a.types);
    case Kind::Floats:
      for (float f : a.floats)
        real(7, f);
      return;
    case Kind::Ints:
      for (int64_t i : a.ints)
        integer(8, i);
      return;
    case Kind::Strings:
      for (const std::string &s : a.strings)
        bytes(9, s);
      return;
    case Kind::Undefined:
      return;
    }
  }
  void write(const Node &node) {
    for (const std::string &input : node.inputs)
      bytes(1, input);
    for (const std::string &output : node.outputs)
      bytes(2, output);
    text(3, node.name);
    bytes(4, node.opType);
    messages(5, node.attrs);
    text(7, node.domain);
    text(8, node.overload);
  }
  void write(const Graph &graph) {
    messages(1, graph.nodes);
    bytes(2, graph.name);
    messages(5, graph.initializers);
    messages(11, graph.inputs);
    messages(12, graph.outputs);
    messages(13, graph.valueInfos);
  }
  void write(const OpsetImport &opset) {
    bytes(1, opset.domain);
    integer(2, opset.version);
  }
  void write(const Function &function) {
    text(1, function.name);
    for (const std::string &input : function.inputs)
      bytes(4, input);
    for (const std::string &output : function.outputs)
      bytes(5, output);
    for (const std::string &attribute : function.attributes)
      bytes(6, attribute);
    messages(7, function.nodes);
    messages(9, function.opsets);
    text(10, function.domain);
    messages(11, function.attributeDefaults);
    messages(12, function.valueInfos);
    text(13, function.overload);
  }
  void write(const Model &model) {
    integer(1, model.irVersion);
    text(2, model.producerName);
    text(3, model.producerVersion);
    message(7, model.graph);
    messages(8, model.opsets);
    messages(25, model.functions);
  }
};
} // namespace

template <class T>
static std::string written(const T &value, const PayloadSource *payloads) {
  Writer writer(payloads);
  writer.write(value);
  return std::move(writer.out);
}

std::string serialize(const Node &node, const PayloadSource *payloads) { return written(node, payloads); }
std::string serialize(const Graph &graph, const PayloadSource *payloads) { return written(graph, payloads); }
std::string serialize(const Model &model, const PayloadSource *payloads) { return written(model, payloads); }
std::string serialize(const Type &type) { return written(type, nullptr); }

} // namespace wick::onnx
