// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX model as plain structs: what the wire reader makes, what function
// expansion and the opset upgrade rewrite, and what the importer reads. Nothing
// here knows protobuf, ONNX headers or MLIR, so every step can be tested alone.
// All structs are values: copying is safe and cheap, since payloads are shared.
// Test: test/unit/frontend/WireReaderTest.cpp.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_MODEL_H
#define WICK_COMPILER_FRONTEND_ONNX_MODEL_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wick::onnx {

/// Element types with ONNX's own codes (TensorProto.DataType).
enum class DataType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  UInt2 = 25,
  Int2 = 26,
  Float6E2M3 = 27,
  Float6E3M2 = 28,
};

/// Width of one element in bits (bool 8, complex64 64); 0 for String,
/// Undefined and codes that are unknown.
unsigned bitWidth(DataType type);
/// "float", "int64", ...; "unknown(NN)" for a code that is not known.
std::string dataTypeName(DataType type);
/// The inverse for the names that Cast-1 used ("FLOAT", "INT64", any case).
std::optional<DataType> dataTypeFromName(std::string_view name);

/// What a reader needs to see of the node besides its name: all of it as it stood in the source.
struct ProblemContext {
  int64_t opset = 0;                                           ///< of the op's domain; 0: not at a node
  std::vector<std::pair<std::string, std::string>> operands;   ///< name and type, "f32[1x3x?]"; "" left out
  std::vector<std::pair<std::string, std::string>> attributes; ///< name and value, long ones cut
  std::string hint;                                            ///< what the user can do; may be empty
  std::vector<std::string> nodes;                              ///< all nodes with this problem, in order
};

/// Something wrong with a model, told in full: where it is and what is wrong.
/// Errors are collected, so one run reports all of them.
struct Problem {
  bool isError = true; ///< false: a note that does not stop the import
  std::string node;    ///< source node's display name; empty: not at a node
  std::string op;      ///< its op, "domain.Op" unless the default domain
  std::string message; ///< starts in lower case, names the offending value
  ProblemContext context = {};
  std::string text() const;
};
bool hasErrors(const std::vector<Problem> &problems);

/// One dimension of a declared shape. Declared shapes may lie.
struct Dim {
  enum class Kind { Unknown, Value, Param };
  Kind kind = Kind::Unknown;
  int64_t value = 0; ///< Kind::Value; negative values are read as Unknown
  std::string param; ///< Kind::Param, never empty
};

/// Type of a value. `inner` is the element of a sequence or optional, the value
/// of a map.
struct Type {
  enum class Kind { None, Tensor, SparseTensor, Sequence, Optional, Map, Opaque };
  Kind kind = Kind::None;
  DataType elem = DataType::Undefined; ///< tensors: element; map: key
  bool hasRank = false;                ///< tensors: `dims` is meaningful
  std::vector<Dim> dims;
  std::shared_ptr<const Type> inner;
};

/// A constant tensor. Its payload is raw little-endian bytes, whatever field
/// the file kept it in: either owned here, or a range of a file in the
/// PayloadSource. Sub-byte elements are packed as ONNX does (low bits first).
/// Read it by PayloadSource::bytes; the range of a file has no alignment.
struct Tensor {
  static constexpr int32_t NoFile = -1;

  std::string name;
  DataType dtype = DataType::Undefined;
  std::vector<int64_t> dims;                           ///< all >= 0; the element count fits in int64
  std::shared_ptr<const std::vector<std::byte>> owned; ///< when file == NoFile
  int32_t file = NoFile;                               ///< index into PayloadSource
  uint64_t offset = 0;
  uint64_t length = 0;              ///< bytes, also for owned payloads
  std::vector<std::string> strings; ///< DataType::String only

  /// Product of dims.
  int64_t numElements() const;
  bool isInline() const { return file == NoFile; }
  /// Makes an owned tensor from elements that are stored as T.
  template <class T>
  static Tensor make(std::string name, DataType dtype, std::vector<int64_t> dims, const std::vector<T> &elements);
  static Tensor fromBytes(std::string name, DataType dtype, std::vector<int64_t> dims, std::vector<std::byte> bytes);
  static Tensor int64s(std::string name, const std::vector<int64_t> &values);
  static Tensor int64Scalar(std::string name, int64_t value);
};

struct Graph;

/// A node's attribute. Exactly the field of `kind` is meaningful.
struct Attribute {
  /// ONNX's own codes (AttributeProto.AttributeType). Sparse tensors are made
  /// dense when read, so they appear as Tensor and Tensors.
  enum class Kind : int32_t {
    Undefined = 0,
    Float = 1,
    Int = 2,
    String = 3,
    Tensor = 4,
    Graph = 5,
    Floats = 6,
    Ints = 7,
    Strings = 8,
    Tensors = 9,
    Graphs = 10,
    Type = 13,
    Types = 14,
  };
  std::string name;
  Kind kind = Kind::Undefined;
  /// In a function's body: the function attribute whose value goes here.
  std::string refAttrName;
  float f = 0;
  int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::vector<wick::onnx::Tensor> tensors; ///< one for Kind::Tensor
  std::vector<wick::onnx::Graph> graphs;   ///< one for Kind::Graph
  std::vector<wick::onnx::Type> types;     ///< one for Kind::Type

  static Attribute makeInt(std::string name, int64_t value);
  static Attribute makeFloat(std::string name, float value);
  static Attribute makeString(std::string name, std::string value);
  static Attribute makeInts(std::string name, std::vector<int64_t> values);
  static Attribute makeTensor(std::string name, wick::onnx::Tensor value);
};

/// One operation. An empty input name is an optional input left out, an empty
/// output name a result that nobody asked for; trailing ones may be missing.
struct Node {
  std::string opType;
  std::string domain; ///< "" is the default domain ("ai.onnx" is read as "")
  std::string overload;
  /// As in the file. Nodes made by expansion or upgrade are named
  /// "SourceName/Op", so messages lead back to the source.
  std::string name;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<Attribute> attrs;
  int64_t index = 0; ///< of the source node in its graph in the file
  /// Version of its domain that the node is written for; 0: the model's import.
  /// Function expansion sets it, the upgrade raises it to the newest.
  int64_t opset = 0;

  /// The name, or when it has none the first output's.
  const std::string &displayName() const;
  /// "Relu" or "com.microsoft.Gelu".
  std::string qualifiedOp() const;
  bool hasInput(size_t i) const { return i < inputs.size() && !inputs[i].empty(); }
  bool hasOutput(size_t i) const { return i < outputs.size() && !outputs[i].empty(); }
  const std::string &input(size_t i) const;  ///< "" when left out
  const std::string &output(size_t i) const; ///< "" when left out

  const Attribute *attr(std::string_view name) const;
  Attribute *attr(std::string_view name);
  /// Value of an attribute of the right kind, otherwise the default.
  int64_t intAttr(std::string_view name, int64_t otherwise) const;
  float floatAttr(std::string_view name, float otherwise) const;
  std::string stringAttr(std::string_view name, std::string_view otherwise) const;
  std::optional<std::vector<int64_t>> intsAttr(std::string_view name) const;
  std::optional<std::vector<float>> floatsAttr(std::string_view name) const;
  const Tensor *tensorAttr(std::string_view name) const;
  const Graph *graphAttr(std::string_view name) const;
  /// Adds the attribute, or replaces the one of its name.
  void setAttr(Attribute attribute);
  bool removeAttr(std::string_view name); ///< true when there was one
};

struct ValueInfo {
  std::string name;
  Type type; ///< Kind::None when not declared
};

/// A graph; subgraphs of If, Loop and Scan see the names of the outer ones.
struct Graph {
  std::string name;
  std::vector<Node> nodes; ///< in topological order, if the file keeps to it
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs; ///< old files list initializers here, too
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> valueInfos;

  const Tensor *initializer(std::string_view name) const; ///< linear search
};

struct OpsetImport {
  std::string domain; ///< "" is the default domain
  int64_t version = 0;
};

/// A function: model-local, or a schema's body.
struct Function {
  std::string name;
  std::string domain;
  std::string overload;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> attributes;      ///< required, no default
  std::vector<Attribute> attributeDefaults; ///< with default
  std::vector<Node> nodes;
  std::vector<OpsetImport> opsets;
  std::vector<ValueInfo> valueInfos;
};

struct Model {
  int64_t irVersion = 0;
  std::vector<OpsetImport> opsets;
  std::vector<OpsetImport> sourceOpsets; ///< as the file had them; `opsets` moves with the upgrade
  std::string producerName;
  std::string producerVersion;
  std::string domain;
  int64_t modelVersion = 0;
  Graph graph;
  std::vector<Function> functions;
  std::vector<std::pair<std::string, std::string>> metadata;

  /// Version imported for a domain, 0 when it is not imported.
  int64_t opsetVersion(std::string_view domain) const;
};

/// The version of a domain in a list of imports, 0 when absent.
int64_t opsetVersion(const std::vector<OpsetImport> &opsets, std::string_view domain);

/// The whole model as text, one node a line, payloads as dtype and shape with
/// the values of small ones. For tests and for people; the form may change.
std::string describe(const Model &model);
std::string describe(const Graph &graph, unsigned indent = 0);
std::string describe(const Function &function);
std::string describe(const Node &node, unsigned indent = 0);
std::string describe(const Type &type);
std::string describe(const Attribute &attribute); ///< "name=value"
std::string describe(const Tensor &tensor);

template <class T>
Tensor Tensor::make(std::string name, DataType dtype, std::vector<int64_t> dims, const std::vector<T> &elements) {
  const auto *begin = reinterpret_cast<const std::byte *>(elements.data());
  return fromBytes(std::move(name), dtype, std::move(dims),
                   std::vector<std::byte>(begin, begin + elements.size() * sizeof(T)));
}

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_MODEL_H
