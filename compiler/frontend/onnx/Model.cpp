// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Look-ups and small makers on the plain model structs.
//
#include "compiler/frontend/onnx/Model.h"
#include <algorithm>
#include <array>
#include <cctype>

namespace wick::onnx {

namespace {
struct TypeRow {
  DataType type;
  const char *name;
  unsigned bits;
};
constexpr std::array<TypeRow, 28> typeRows = {{
    {DataType::Float, "float", 32},
    {DataType::UInt8, "uint8", 8},
    {DataType::Int8, "int8", 8},
    {DataType::UInt16, "uint16", 16},
    {DataType::Int16, "int16", 16},
    {DataType::Int32, "int32", 32},
    {DataType::Int64, "int64", 64},
    {DataType::String, "string", 0},
    {DataType::Bool, "bool", 8},
    {DataType::Float16, "float16", 16},
    {DataType::Double, "double", 64},
    {DataType::UInt32, "uint32", 32},
    {DataType::UInt64, "uint64", 64},
    {DataType::Complex64, "complex64", 64},
    {DataType::Complex128, "complex128", 128},
    {DataType::BFloat16, "bfloat16", 16},
    {DataType::Float8E4M3FN, "float8e4m3fn", 8},
    {DataType::Float8E4M3FNUZ, "float8e4m3fnuz", 8},
    {DataType::Float8E5M2, "float8e5m2", 8},
    {DataType::Float8E5M2FNUZ, "float8e5m2fnuz", 8},
    {DataType::UInt4, "uint4", 4},
    {DataType::Int4, "int4", 4},
    {DataType::Float4E2M1, "float4e2m1", 4},
    {DataType::Float8E8M0, "float8e8m0", 8},
    {DataType::UInt2, "uint2", 2},
    {DataType::Int2, "int2", 2},
    {DataType::Float6E2M3, "float6e2m3", 6},
    {DataType::Float6E3M2, "float6e3m2", 6},
}};
} // namespace

unsigned bitWidth(DataType type) {
  for (const TypeRow &row : typeRows)
    if (row.type == type)
      return row.bits;
  return 0;
}

std::string dataTypeName(DataType type) {
  for (const TypeRow &row : typeRows)
    if (row.type == type)
      return row.name;
  if (type == DataType::Undefined)
    return "undefined";
  return "unknown(" + std::to_string(static_cast<int32_t>(type)) + ")";
}

std::optional<DataType> dataTypeFromName(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const TypeRow &row : typeRows)
    if (lower == row.name)
      return row.type;
  return std::nullopt;
}

std::string Problem::text() const {
  std::string out;
  if (!node.empty())
    out = "node '" + node + "'" + (op.empty() ? "" : " (" + op + ")") + ": ";
  return out + message;
}

bool hasErrors(const std::vector<Problem> &problems) {
  return std::any_of(problems.begin(), problems.end(), [](const Problem &p) { return p.isError; });
}

int64_t Tensor::numElements() const {
  int64_t count = 1;
  for (int64_t dim : dims)
    count *= dim;
  return count;
}

Tensor Tensor::fromBytes(std::string name, DataType dtype, std::vector<int64_t> dims, std::vector<std::byte> bytes) {
  Tensor tensor;
  tensor.name = std::move(name);
  tensor.dtype = dtype;
  tensor.dims = std::move(dims);
  tensor.length = bytes.size();
  tensor.owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return tensor;
}

Tensor Tensor::int64s(std::string name, const std::vector<int64_t> &values) {
  return make(std::move(name), DataType::Int64, {static_cast<int64_t>(values.size())}, values);
}

Tensor Tensor::int64Scalar(std::string name, int64_t value) {
  return make(std::move(name), DataType::Int64, {}, std::vector<int64_t>{value});
}

Attribute Attribute::makeInt(std::string name, int64_t value) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.kind = Kind::Int;
  attribute.i = value;
  return attribute;
}

Attribute Attribute::makeFloat(std::string name, float value) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.kind = Kind::Float;
  attribute.f = value;
  return attribute;
}

Attribute Attribute::makeString(std::string name, std::string value) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.kind = Kind::String;
  attribute.s = std::move(value);
  return attribute;
}

Attribute Attribute::makeInts(std::string name, std::vector<int64_t> values) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.kind = Kind::Ints;
  attribute.ints = std::move(values);
  return attribute;
}

Attribute Attribute::makeTensor(std::string name, wick::onnx::Tensor value) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.kind = Kind::Tensor;
  attribute.tensors.push_back(std::move(value));
  return attribute;
}

const std::string &Node::displayName() const {
  if (!name.empty())
    return name;
  for (const std::string &result : outputs)
    if (!result.empty())
      return result;
  return name;
}

std::string Node::qualifiedOp() const { return domain.empty() ? opType : domain + "." + opType; }

static const std::string &elementOrEmpty(const std::vector<std::string> &list, size_t i) {
  static const std::string none;
  return i < list.size() ? list[i] : none;
}
const std::string &Node::input(size_t i) const { return elementOrEmpty(inputs, i); }
const std::string &Node::output(size_t i) const { return elementOrEmpty(outputs, i); }

const Attribute *Node::attr(std::string_view wanted) const {
  for (const Attribute &attribute : attrs)
    if (attribute.name == wanted)
      return &attribute;
  return nullptr;
}

Attribute *Node::attr(std::string_view wanted) { return const_cast<Attribute *>(std::as_const(*this).attr(wanted)); }

int64_t Node::intAttr(std::string_view wanted, int64_t otherwise) const {
  const Attribute *found = attr(wanted);
  return found && found->kind == Attribute::Kind::Int ? found->i : otherwise;
}

float Node::floatAttr(std::string_view wanted, float otherwise) const {
  const Attribute *found = attr(wanted);
  return found && found->kind == Attribute::Kind::Float ? found->f : otherwise;
}

std::string Node::stringAttr(std::string_view wanted, std::string_view otherwise) const {
  const Attribute *found = attr(wanted);
  return found && found->kind == Attribute::Kind::String ? found->s : std::string(otherwise);
}

std::optional<std::vector<int64_t>> Node::intsAttr(std::string_view wanted) const {
  const Attribute *found = attr(wanted);
  if (!found || found->kind != Attribute::Kind::Ints)
    return std::nullopt;
  return found->ints;
}

std::optional<std::vector<float>> Node::floatsAttr(std::string_view wanted) const {
  const Attribute *found = attr(wanted);
  if (!found || found->kind != Attribute::Kind::Floats)
    return std::nullopt;
  return found->floats;
}

const Tensor *Node::tensorAttr(std::string_view wanted) const {
  const Attribute *found = attr(wanted);
  if (!found || found->kind != Attribute::Kind::Tensor || found->tensors.empty())
    return nullptr;
  return &found->tensors.front();
}

const Graph *Node::graphAttr(std::string_view wanted) const {
  const Attribute *found = attr(wanted);
  if (!found || found->kind != Attribute::Kind::Graph || found->graphs.empty())
    return nullptr;
  return &found->graphs.front();
}

void Node::setAttr(Attribute attribute) {
  if (Attribute *old = attr(attribute.name))
    *old = std::move(attribute);
  else
    attrs.push_back(std::move(attribute));
}

bool Node::removeAttr(std::string_view unwanted) {
  auto it = std::find_if(attrs.begin(), attrs.end(), [&](const Attribute &a) { return a.name == unwanted; });
  if (it == attrs.end())
    return false;
  attrs.erase(it);
  return true;
}

const Tensor *Graph::initializer(std::string_view wanted) const {
  for (const Tensor &tensor : initializers)
    if (tensor.name == wanted)
      return &tensor;
  return nullptr;
}

int64_t opsetVersion(const std::vector<OpsetImport> &opsets, std::string_view domain) {
  for (const OpsetImport &opset : opsets)
    if (opset.domain == domain)
      return opset.version;
  return 0;
}

int64_t Model::opsetVersion(std::string_view wanted) const { return onnx::opsetVersion(opsets, wanted); }

} // namespace wick::onnx
