// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints models as text for tests and for people: one node a line, in the form
// `name: outputs = Op(inputs) {attributes}`, subgraphs indented below. Values
// of tensors appear when there are few and they lie in memory.
//
#include "compiler/frontend/onnx/Model.h"
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace wick::onnx {

static std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return buffer;
}

template <class T, class Fn>
static std::string join(const std::vector<T> &list, Fn &&fn) {
  std::string out;
  for (const T &item : list)
    out += (out.empty() ? "" : ", ") + fn(item);
  return out;
}

static std::string names(const std::vector<std::string> &list) {
  return join(list, [](const std::string &name) { return name.empty() ? "_" : name; });
}

template <class T>
static T element(const Tensor &tensor, size_t i) {
  T value;
  std::memcpy(&value, tensor.owned->data() + i * sizeof(T), sizeof(T));
  return value;
}

static std::string elementText(const Tensor &tensor, size_t i) {
  switch (tensor.dtype) {
  case DataType::Float:
    return number(element<float>(tensor, i));
  case DataType::Double:
    return number(element<double>(tensor, i));
  case DataType::Int64:
    return std::to_string(element<int64_t>(tensor, i));
  case DataType::Int32:
    return std::to_string(element<int32_t>(tensor, i));
  case DataType::Int16:
    return std::to_string(element<int16_t>(tensor, i));
  case DataType::Int8:
    return std::to_string(element<int8_t>(tensor, i));
  case DataType::UInt64:
    return std::to_string(element<uint64_t>(tensor, i));
  case DataType::UInt32:
    return std::to_string(element<uint32_t>(tensor, i));
  case DataType::Float16:
  case DataType::BFloat16:
  case DataType::UInt16:
    return std::to_string(element<uint16_t>(tensor, i));
  default:
    return std::to_string(element<uint8_t>(tensor, i));
  }
}

std::string describe(const Tensor &tensor) {
  std::string out =
      dataTypeName(tensor.dtype) + "[" + join(tensor.dims, [](int64_t d) { return std::to_string(d); }) + "]";
  if (!tensor.isInline())
    return out + " @" + std::to_string(tensor.file) + ":" + std::to_string(tensor.offset);
  constexpr int64_t MaxShown = 8;
  if (tensor.dtype == DataType::String)
    return out + "{" + join(tensor.strings, [](const std::string &s) { return "\"" + s + "\""; }) + "}";
  size_t width = bitWidth(tensor.dtype) / 8;
  int64_t count = tensor.numElements();
  if (!tensor.owned || width == 0 || count > MaxShown || tensor.owned->size() < static_cast<size_t>(count) * width)
    return out;
  out += "{";
  for (int64_t i = 0; i < count; ++i)
    out += (i ? ", " : "") + elementText(tensor, static_cast<size_t>(i));
  return out + "}";
}

std::string describe(const Type &type) {
  switch (type.kind) {
  case Type::Kind::None:
    return "?";
  case Type::Kind::Opaque:
    return "opaque";
  case Type::Kind::Sequence:
  case Type::Kind::Optional:
  case Type::Kind::Map: {
    std::string inner = type.inner ? describe(*type.inner) : "?";
    if (type.kind == Type::Kind::Map)
      return "map<" + dataTypeName(type.elem) + ", " + inner + ">";
    return (type.kind == Type::Kind::Sequence ? "seq<" : "optional<") + inner + ">";
  }
  case Type::Kind::Tensor:
  case Type::Kind::SparseTensor:
    break;
  }
  std::string out = type.kind == Type::Kind::SparseTensor ? "sparse " : "";
  out += dataTypeName(type.elem);
  if (!type.hasRank)
    return out + "[*]";
  return out + "[" +
         join(type.dims,
              [](const Dim &dim) {
                return dim.kind == Dim::Kind::Value   ? std::to_string(dim.value)
                       : dim.kind == Dim::Kind::Param ? dim.param
                                                      : std::string("?");
              }) +
         "]";
}

std::string describe(const Attribute &a) {
  using Kind = Attribute::Kind;
  if (!a.refAttrName.empty())
    return a.name + "=@" + a.refAttrName;
  std::string out = a.name + "=";
  auto quoted = [](const std::string &s) { return "\"" + s + "\""; };
  switch (a.kind) {
  case Kind::Float:
    return out + number(a.f);
  case Kind::Int:
    return out + std::to_string(a.i);
  case Kind::String:
    return out + quoted(a.s);
  case Kind::Floats:
    return out + "[" + join(a.floats, [](float f) { return number(f); }) + "]";
  case Kind::Ints:
    return out + "[" + join(a.ints, [](int64_t i) { return std::to_string(i); }) + "]";
  case Kind::Strings:
    return out + "[" + join(a.strings, quoted) + "]";
  case Kind::Tensor:
  case Kind::Tensors:
    return out + join(a.tensors, [](const Tensor &t) { return describe(t); });
  case Kind::Type:
  case Kind::Types:
    return out + join(a.types, [](const Type &t) { return describe(t); });
  case Kind::Graph:
  case Kind::Graphs:
    return out + "<graph>";
  case Kind::Undefined:
    break;
  }
  return out + "?";
}

std::string describe(const Node &node, unsigned indent) {
  std::string out(indent, ' ');
  if (!node.name.empty())
    out += node.name + ": ";
  out += names(node.outputs) + " = " + node.qualifiedOp() + "(" + names(node.inputs) + ")";
  if (!node.attrs.empty())
    out += " {" + join(node.attrs, [](const Attribute &a) { return describe(a); }) + "}";
  out += "\n";
  for (const Attribute &attribute : node.attrs)
    for (const Graph &graph : attribute.graphs)
      out += std::string(indent + 2, ' ') + attribute.name + " = " + describe(graph, indent + 2);
  return out;
}

std::string describe(const Graph &graph, unsigned indent) {
  auto value = [](const ValueInfo &v) { return v.name + ": " + describe(v.type); };
  std::string pad(indent + 2, ' ');
  std::string out =
      "graph " + graph.name + "(" + join(graph.inputs, value) + ") -> (" + join(graph.outputs, value) + ")\n";
  for (const Tensor &tensor : graph.initializers)
    out += pad + tensor.name + " = " + describe(tensor) + "\n";
  for (const Node &node : graph.nodes)
    out += describe(node, indent + 2);
  return out;
}

static std::string opsetsText(const std::vector<OpsetImport> &opsets) {
  return "[" +
         join(opsets,
              [](const OpsetImport &o) {
                return (o.domain.empty() ? "ai.onnx" : o.domain) + " " + std::to_string(o.version);
              }) +
         "]";
}

std::string describe(const Function &function) {
  std::string out = "function " + (function.domain.empty() ? "" : function.domain + ".") + function.name + "(" +
                    names(function.inputs) + ") -> (" + names(function.outputs) + ") opsets " +
                    opsetsText(function.opsets) + "\n";
  for (const Node &node : function.nodes)
    out += describe(node, 2);
  return out;
}

std::string describe(const Model &model) {
  std::string out = "model ir " + std::to_string(model.irVersion) + " opsets " + opsetsText(model.opsets) + "\n";
  for (const Function &function : model.functions)
    out += describe(function);
  return out + describe(model.graph);
}

} // namespace wick::onnx
