// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Messages of ONNX (models, graphs, nodes, attributes, types, functions) from
// the wire format to the plain structs. Field numbers are those of onnx.proto;
// fields that nothing needs (doc strings, training, devices) are passed over.
// Repeated occurrences of a message merge, as protobuf does it.
//
#include "compiler/frontend/onnx/WireReader.h"
#include "compiler/frontend/onnx/Parser.h"
#include <bit>
#include <cstring>
#include <filesystem>

namespace wick::onnx {

using wire::Cursor;
using wire::Field;
using wire::WireType;

static std::string canonicalDomain(std::string domain) { return domain == "ai.onnx" ? std::string() : domain; }

void Parser::parse(Cursor in, OpsetImport &opset) {
  for (Field f; in.next(f);) {
    if (f.number == 1)
      opset.domain = canonicalDomain(in.string(f));
    else if (f.number == 2)
      opset.version = in.integer(f);
  }
}

std::pair<std::string, std::string> Parser::parseEntry(Cursor in) {
  std::pair<std::string, std::string> entry;
  for (Field f; in.next(f);) {
    if (f.number == 1)
      entry.first = in.string(f);
    else if (f.number == 2)
      entry.second = in.string(f);
  }
  return entry;
}

void Parser::parseShape(Cursor in, Type &type) {
  type.hasRank = true;
  type.dims.clear();
  for (Field f; in.next(f);) {
    if (f.number != 1)
      continue;
    Dim dim;
    Cursor inDim = in.enter(f, "TensorShapeProto.Dimension");
    for (Field d; inDim.next(d);) {
      if (d.number == 1) {
        dim.value = inDim.integer(d);
        dim.kind = dim.value < 0 ? Dim::Kind::Unknown : Dim::Kind::Value;
      } else if (d.number == 2) {
        dim.param = inDim.string(d);
        dim.kind = dim.param.empty() ? Dim::Kind::Unknown : Dim::Kind::Param;
      }
    }
    type.dims.push_back(std::move(dim));
  }
}

void Parser::parseTensorType(Cursor in, Type &type) {
  for (Field f; in.next(f);) {
    if (f.number == 1)
      type.elem = static_cast<DataType>(in.integer(f));
    else if (f.number == 2)
      parseShape(in.enter(f, "TensorShapeProto"), type);
  }
}

void Parser::parse(Cursor in, Type &type) {
  for (Field f; in.next(f);) {
    switch (f.number) {
    case 1:
      type.kind = Type::Kind::Tensor;
      parseTensorType(in.enter(f, "TypeProto.Tensor"), type);
      break;
    case 8:
      type.kind = Type::Kind::SparseTensor;
      parseTensorType(in.enter(f, "TypeProto.SparseTensor"), type);
      break;
    case 4:
    case 5:
    case 9: {
      type.kind = f.number == 4 ? Type::Kind::Sequence : f.number == 5 ? Type::Kind::Map : Type::Kind::Optional;
      // Sequence and Optional keep their element in field 1; Map has its key
      // type there and the value in field 2.
      uint32_t elementField = f.number == 5 ? 2 : 1;
      Cursor inner = in.enter(f, "TypeProto");
      for (Field g; inner.next(g);) {
        if (g.number == elementField) {
          Type element;
          parse(inner.enter(g, "TypeProto"), element);
          type.inner = std::make_shared<const Type>(std::move(element));
        } else if (f.number == 5 && g.number == 1) {
          type.elem = static_cast<DataType>(inner.integer(g));
        }
      }
      break;
    }
    case 7:
      type.kind = Type::Kind::Opaque;
      break;
    default:
      break;
    }
  }
}

void Parser::parse(Cursor in, ValueInfo &info) {
  for (Field f; in.next(f);) {
    if (f.number == 1)
      info.name = in.string(f);
    else if (f.number == 2)
      parse(in.enter(f, "TypeProto"), info.type);
  }
}

/// The kind for files that leave AttributeProto.type out (IR versions 1 and 2).
static Attribute::Kind inferKind(const Attribute &a, bool hasF, bool hasI, bool hasS, bool hasGraph, bool hasTensor) {
  using Kind = Attribute::Kind;
  if (hasF)
    return Kind::Float;
  if (hasI)
    return Kind::Int;
  if (hasS)
    return Kind::String;
  if (!a.tensors.empty())
    return hasTensor ? Kind::Tensor : Kind::Tensors;
  if (!a.graphs.empty())
    return hasGraph ? Kind::Graph : Kind::Graphs;
  if (!a.floats.empty())
    return Kind::Floats;
  if (!a.ints.empty())
    return Kind::Ints;
  if (!a.strings.empty())
    return Kind::Strings;
  return Kind::Undefined;
}

void Parser::parse(Cursor in, Attribute &a) {
  bool hasF = false, hasI = false, hasS = false, hasGraph = false, hasTensor = false;
  int64_t type = 0;
  for (Field f; in.next(f);) {
    switch (f.number) {
    case 1:
      a.name = in.string(f);
      break;
    case 2:
      if (in.expect(f, WireType::Fixed32))
        a.f = std::bit_cast<float>(static_cast<uint32_t>(f.scalar));
      hasF = true;
      break;
    case 3:
      a.i = in.integer(f);
      hasI = true;
      break;
    case 4:
      a.s = in.string(f);
      hasS = true;
      break;
    case 5:
    case 10:
      hasTensor |= f.number == 5;
      parse(in.enter(f, "TensorProto"), a.tensors.emplace_back());
      break;
    case 22:
    case 23:
      hasTensor |= f.number == 22;
      parseSparse(in.enter(f, "SparseTensorProto"), a.tensors.emplace_back());
      break;
    case 6:
    case 11:
      hasGraph |= f.number == 6;
      parse(in.enter(f, "GraphProto"), a.graphs.emplace_back());
      break;
    case 7:
      if (f.type == WireType::Fixed32) {
        a.floats.push_back(std::bit_cast<float>(static_cast<uint32_t>(f.scalar)));
      } else if (in.expect(f, WireType::Bytes)) {
        if (f.body.size() % 4 != 0) {
          in.fail("packed floats of " + std::to_string(f.body.size()) + " bytes");
          break;
        }
        size_t old = a.floats.size();
        a.floats.resize(old + f.body.size() / 4);
        if (!f.body.empty())
          std::memcpy(a.floats.data() + old, f.body.data(), f.body.size());
      }
      break;
    case 8:
      in.varints(f, [&](uint64_t v) { a.ints.push_back(static_cast<int64_t>(v)); });
      break;
    case 9:
      a.strings.push_back(in.string(f));
      break;
    case 14:
    case 15:
      parse(in.enter(f, "TypeProto"), a.types.emplace_back());
      break;
    case 20:
      type = in.integer(f);
      break;
    case 21:
      a.refAttrName = in.string(f);
      break;
    default:
      break;
    }
  }
  // Sparse tensors have been made dense.
  if (type == 11)
    type = static_cast<int64_t>(Attribute::Kind::Tensor);
  if (type == 12)
    type = static_cast<int64_t>(Attribute::Kind::Tensors);
  if (type < 0 || type > 14) {
    problem("attribute '" + a.name + "' has unknown type " + std::to_string(type));
    return;
  }
  a.kind = type ? static_cast<Attribute::Kind>(type) : inferKind(a, hasF, hasI, hasS, hasGraph, hasTensor);
  if (!a.refAttrName.empty() || errors.failed)
    return;
  using Kind = Attribute::Kind;
  if ((a.kind == Kind::Tensor && a.tensors.size() != 1) || (a.kind == Kind::Graph && a.graphs.size() != 1) ||
      (a.kind == Kind::Type && a.types.size() != 1))
    problem("attribute '" + a.name + "' must hold exactly one value of its type");
}

void Parser::parse(Cursor in, Node &node) {
  size_t firstProblem = problems.size();
  for (Field f; in.next(f);) {
    switch (f.number) {
    case 1:
      node.inputs.push_back(in.string(f));
      break;
    case 2:
      node.outputs.push_back(in.string(f));
      break;
    case 3:
      node.name = in.string(f);
      break;
    case 4:
      node.opType = in.string(f);
      break;
    case 5:
      parse(in.enter(f, "AttributeProto"), node.attrs.emplace_back());
      break;
    case 7:
      node.domain = canonicalDomain(in.string(f));
      break;
    case 8:
      node.overload = in.string(f);
      break;
    default:
      break;
    }
  }
  // Attributes come before the name is known; inner nodes name themselves.
  for (size_t i = firstProblem; i < problems.size(); ++i) {
    if (!problems[i].node.empty())
      continue;
    problems[i].node = node.displayName();
    problems[i].op = node.qualifiedOp();
  }
}

void Parser::parse(Cursor in, Graph &graph) {
  for (Field f; in.next(f);) {
    switch (f.number) {
    case 1: {
      Node &node = graph.nodes.emplace_back();
      node.index = static_cast<int64_t>(graph.nodes.size()) - 1;
      parse(in.enter(f, "NodeProto"), node);
      break;
    }
    case 2:
      graph.name = in.string(f);
      break;
    case 5:
      parse(in.enter(f, "TensorProto"), graph.initializers.emplace_back());
      break;
    case 15:
      parseSparse(in.enter(f, "SparseTensorProto"), graph.initializers.emplace_back());
      break;
    case 11:
      parse(in.enter(f, "ValueInfoProto"), graph.inputs.emplace_back());
      break;
    case 12:
      parse(in.enter(f, "ValueInfoProto"), graph.outputs.emplace_back());
      break;
    case 13:
      parse(in.enter(f, "ValueInfoProto"), graph.valueInfos.emplace_back());
      break;
    default:
      break;
    }
  }
}

void Parser::parse(Cursor in, Function &function) {
  for (Field f; in.next(f);) {
    switch (f.number) {
    case 1:
      function.name = in.string(f);
      break;
    case 4:
      function.inputs.push_back(in.string(f));
      break;
    case 5:
      function.outputs.push_back(in.string(f));
      break;
    case 6:
      function.attributes.push_back(in.string(f));
      break;
    case 7: {
      Node &node = function.nodes.emplace_back();
      node.index = static_cast<int64_t>(function.nodes.size()) - 1;
      parse(in.enter(f, "NodeProto"), node);
      break;
    }
    case 9:
      parse(in.enter(f, "OperatorSetIdProto"), function.opsets.emplace_back());
      break;
    case 10:
      function.domain = canonicalDomain(in.string(f));
      break;
    case 11:
      parse(in.enter(f, "AttributeProto"), function.attributeDefaults.emplace_back());
      break;
    case 12:
      parse(in.enter(f, "ValueInfoProto"), function.valueInfos.emplace_back());
      break;
    case 13:
      function.overload = in.string(f);
      break;
    default:
      break;
    }
  }
}

void Parser::parse(Cursor in, Model &model) {
  bool hasGraph = false;
  for (Field f; in.next(f);) {
    switch (f.number) {
    case 1:
      model.irVersion = in.integer(f);
      break;
    case 2:
      model.producerName = in.string(f);
      break;
    case 3:
      model.producerVersion = in.string(f);
      break;
    case 4:
      model.domain = in.string(f);
      break;
    case 5:
      model.modelVersion = in.integer(f);
      break;
    case 7:
      hasGraph = true;
      parse(in.enter(f, "GraphProto"), model.graph);
      break;
    case 8:
      parse(in.enter(f, "OperatorSetIdProto"), model.opsets.emplace_back());
      break;
    case 14:
      model.metadata.push_back(parseEntry(in.enter(f, "StringStringEntryProto")));
      break;
    case 20:
      problem("training information is ignored", /*isError=*/false);
      break;
    case 25:
      parse(in.enter(f, "FunctionProto"), model.functions.emplace_back());
      break;
    default:
      break;
    }
  }
  if (errors.failed)
    return;
  if (!hasGraph)
    problem("the file has no graph: it is not an ONNX model");
  // Files older than IR version 3 import no opset and mean the first.
  if (model.opsets.empty())
    model.opsets.push_back({"", 1});
}

static void readInto(ReadResult &result, int32_t file, const std::string &directory) {
  Parser parser(result.payloads, file, directory, result.problems);
  auto bytes = result.payloads.contents(file);
  parser.errors.base = bytes.data();
  result.model.emplace();
  parser.parse(Cursor(bytes, "ModelProto", parser.errors), *result.model);
  if (parser.errors.failed)
    result.problems.insert(result.problems.begin(), {true, {}, {}, parser.errors.message});
  if (hasErrors(result.problems))
    result.model.reset();
}

ReadResult readModel(const std::string &path) {
  ReadResult result;
  std::string error;
  int32_t file = result.payloads.addFile(path, error);
  if (file < 0) {
    result.problems.push_back({true, {}, {}, "'" + path + "': " + error});
    return result;
  }
  std::string directory = std::filesystem::path(path).parent_path().string();
  readInto(result, file, directory.empty() ? "." : directory);
  return result;
}

ReadResult readModelBytes(std::span<const std::byte> bytes, const std::string &directory) {
  ReadResult result;
  int32_t file = result.payloads.addBuffer({bytes.begin(), bytes.end()});
  readInto(result, file, directory);
  return result;
}

/// Parses one message that stands alone; its payloads are copied.
template <class T>
static std::optional<T> readAlone(std::span<const std::byte> bytes, const char *messageType,
                                  std::vector<Problem> &problems) {
  PayloadSource payloads;
  Parser parser(payloads, Tensor::NoFile, "", problems);
  parser.errors.base = bytes.data();
  std::optional<T> value(std::in_place);
  parser.parse(Cursor(bytes, messageType, parser.errors), *value);
  if (parser.errors.failed)
    problems.push_back({true, {}, {}, parser.errors.message});
  if (hasErrors(problems))
    value.reset();
  return value;
}

ReadFunctionResult readFunctionBytes(std::span<const std::byte> bytes) {
  ReadFunctionResult result;
  result.function = readAlone<Function>(bytes, "FunctionProto", result.problems);
  return result;
}

std::optional<Attribute> readAttributeBytes(std::span<const std::byte> bytes) {
  std::vector<Problem> problems;
  return readAlone<Attribute>(bytes, "AttributeProto", problems);
}

ReadTensorResult readTensorBytes(std::span<const std::byte> bytes) {
  ReadTensorResult result;
  result.tensor = readAlone<Tensor>(bytes, "TensorProto", result.problems);
  return result;
}

} // namespace wick::onnx
