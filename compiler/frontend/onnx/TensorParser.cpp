// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors from the wire format: every encoding of the payload (raw bytes, typed
// fields packed or not, external files, sparse) becomes raw little-endian bytes
// whose length is exactly what dtype and dims ask for. Large payloads that are
// raw already stay in their file; varint fields have to be decoded.
//
#include "compiler/frontend/onnx/Parser.h"
#include <charconv>
#include <cstring>
#include <filesystem>

namespace wick::onnx {

using wire::Cursor;
using wire::Field;
using wire::WireType;
namespace fs = std::filesystem;

/// A TensorProto as it lies in the file.
struct Parser::RawTensor {
  bool hasRaw = false;
  std::span<const std::byte> raw;
  /// Fixed-width typed field (float_data, double_data): one packed run stays a
  /// reference, anything else is gathered.
  uint32_t fixedField = 0;
  std::span<const std::byte> fixedRun;
  std::vector<std::byte> fixedGathered;
  /// Varint typed field (int32_data, int64_data, uint64_data).
  uint32_t varintField = 0;
  std::vector<uint64_t> varints;
  bool isExternal = false;
  bool hasSegment = false;
  std::vector<std::pair<std::string, std::string>> externalData;
};

void Parser::parse(Cursor in, Tensor &tensor) {
  RawTensor raw;
  for (Field f; in.next(f);) {
    switch (f.number) {
    case 1:
      in.varints(f, [&](uint64_t v) { tensor.dims.push_back(static_cast<int64_t>(v)); });
      break;
    case 2:
      tensor.dtype = static_cast<DataType>(in.integer(f));
      break;
    case 3:
      raw.hasSegment = true;
      break;
    case 4:
    case 10: {
      unsigned width = f.number == 4 ? 4 : 8;
      // A second run: what was a reference so far has to be gathered.
      raw.fixedGathered.insert(raw.fixedGathered.end(), raw.fixedRun.begin(), raw.fixedRun.end());
      raw.fixedRun = {};
      if (raw.fixedField != f.number)
        raw.fixedGathered.clear();
      raw.fixedField = f.number;
      if (f.type == WireType::Bytes) {
        if (f.body.size() % width != 0)
          in.fail("packed numbers of " + std::to_string(f.body.size()) + " bytes");
        else if (raw.fixedGathered.empty())
          raw.fixedRun = f.body;
        else
          raw.fixedGathered.insert(raw.fixedGathered.end(), f.body.begin(), f.body.end());
      } else if (in.expect(f, width == 4 ? WireType::Fixed32 : WireType::Fixed64)) {
        const auto *bits = reinterpret_cast<const std::byte *>(&f.scalar);
        raw.fixedGathered.insert(raw.fixedGathered.end(), bits, bits + width);
      }
      break;
    }
    case 5:
    case 7:
    case 11:
      raw.varintField = f.number;
      in.varints(f, [&](uint64_t v) { raw.varints.push_back(v); });
      break;
    case 6:
      tensor.strings.push_back(in.string(f));
      break;
    case 8:
      tensor.name = in.string(f);
      break;
    case 9:
      if (in.expect(f, WireType::Bytes))
        raw.raw = f.body;
      raw.hasRaw = true;
      break;
    case 13:
      raw.externalData.push_back(parseEntry(in.enter(f, "StringStringEntryProto")));
      break;
    case 14:
      raw.isExternal = in.integer(f) == 1;
      break;
    default:
      break;
    }
  }
  if (!errors.failed)
    finishTensor(raw, tensor);
}

/// Bytes of a dense tensor; nothing when they do not fit in int64 with room.
static std::optional<uint64_t> denseBytes(const std::vector<int64_t> &dims, unsigned bits, uint64_t &elements) {
  elements = 1;
  bool empty = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      return std::nullopt;
    empty |= dim == 0;
  }
  if (empty) {
    elements = 0;
    return 0;
  }
  for (int64_t dim : dims)
    if (__builtin_mul_overflow(elements, static_cast<uint64_t>(dim), &elements) || elements > (uint64_t(1) << 56))
      return std::nullopt;
  return (elements * bits + 7) / 8;
}

static std::string named(const Tensor &tensor) {
  return tensor.name.empty() ? "tensor without a name" : "tensor '" + tensor.name + "'";
}

void Parser::payload(Tensor &tensor, std::span<const std::byte> bytes) {
  tensor.length = bytes.size();
  if (file != Tensor::NoFile && bytes.size() > InlineLimit) {
    tensor.file = file;
    tensor.offset = static_cast<uint64_t>(bytes.data() - errors.base);
    return;
  }
  tensor.owned = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

void Parser::finishTensor(RawTensor &raw, Tensor &tensor) {
  uint64_t elements = 0;
  unsigned bits = bitWidth(tensor.dtype);
  if (!bits && tensor.dtype != DataType::String)
    return problem(named(tensor) + " has element type " + dataTypeName(tensor.dtype));
  auto expected = denseBytes(tensor.dims, bits, elements);
  if (!expected)
    return problem(named(tensor) + " has dims that are negative or too large");
  if (raw.hasSegment)
    return problem(named(tensor) + " is stored in segments, which are not supported");
  if (tensor.dtype == DataType::String) {
    if (raw.isExternal || raw.hasRaw || tensor.strings.size() != elements)
      problem(named(tensor) + " needs " + std::to_string(elements) + " strings in string_data, has " +
              std::to_string(tensor.strings.size()));
    return;
  }
  tensor.strings.clear();
  if (raw.isExternal)
    return external(raw, tensor, *expected);
  if (raw.hasRaw && (!raw.raw.empty() || *expected == 0 || !(raw.fixedField || raw.varintField))) {
    if (raw.raw.size() != *expected)
      return problem(named(tensor) + " needs " + std::to_string(*expected) + " bytes of raw_data, has " +
                     std::to_string(raw.raw.size()));
    return payload(tensor, raw.raw);
  }
  finishTyped(raw, tensor);
  if (tensor.length != *expected)
    problem(named(tensor) + " of " + std::to_string(elements) + " elements of " + dataTypeName(tensor.dtype) +
            " needs " + std::to_string(*expected) + " bytes, has " + std::to_string(tensor.length));
}

/// The typed field that the specification names for a dtype.
static uint32_t typedField(DataType dtype) {
  switch (dtype) {
  case DataType::Float:
  case DataType::Complex64:
    return 4;
  case DataType::Double:
  case DataType::Complex128:
    return 10;
  case DataType::Int64:
    return 7;
  case DataType::UInt32:
  case DataType::UInt64:
    return 11;
  default:
    return 5;
  }
}

void Parser::finishTyped(RawTensor &raw, Tensor &tensor) {
  uint32_t field = typedField(tensor.dtype);
  if (field == 4 || field == 10) {
    if (raw.fixedField == field && raw.fixedGathered.empty())
      return payload(tensor, raw.fixedRun);
    std::vector<std::byte> gathered;
    if (raw.fixedField == field)
      gathered = std::move(raw.fixedGathered);
    tensor.length = gathered.size();
    tensor.owned = std::make_shared<const std::vector<std::byte>>(std::move(gathered));
    return;
  }
  std::vector<uint64_t> none;
  const std::vector<uint64_t> &values = raw.varintField == field ? raw.varints : none;
  unsigned bits = bitWidth(tensor.dtype);
  std::vector<std::byte> bytes;
  if (bits == 6) {
    // One element an entry; raw form is a stream of 6-bit groups.
    bytes.resize((values.size() * 6 + 7) / 8);
    for (size_t i = 0; i < values.size(); ++i)
      for (unsigned b = 0; b < 6; ++b)
        if (values[i] >> b & 1)
          bytes[(i * 6 + b) / 8] |= std::byte(1 << ((i * 6 + b) % 8));
  } else {
    // Entries of 4-bit and 2-bit types are bytes that are packed already.
    size_t width = bits < 8 ? 1 : bits / 8;
    bytes.resize(values.size() * width);
    for (size_t i = 0; i < values.size(); ++i) {
      uint64_t value = tensor.dtype == DataType::Bool ? values[i] != 0 : values[i];
      std::memcpy(bytes.data() + i * width, &value, width);
    }
  }
  tensor.length = bytes.size();
  tensor.owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
}

static bool parseUnsigned(const std::string &text, uint64_t &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// Resolves a location inside `directory`, or tells why it is refused.
static std::optional<fs::path> resolveInside(const std::string &directory, const std::string &location,
                                             std::string &error) {
  fs::path relative(location);
  if (location.empty() || relative.is_absolute() || location.find('\0') != std::string::npos) {
    error = "must be a relative path";
    return std::nullopt;
  }
  for (const fs::path &part : relative)
    if (part == "..") {
      error = "must not contain '..'";
      return std::nullopt;
    }
  std::error_code code;
  fs::path root = fs::canonical(directory, code);
  if (code) {
    error = "the model's directory cannot be resolved: " + code.message();
    return std::nullopt;
  }
  fs::path resolved = fs::canonical(root / relative, code);
  if (code) {
    error = code.message();
    return std::nullopt;
  }
  auto [rootEnd, ignored] = std::mismatch(root.begin(), root.end(), resolved.begin(), resolved.end());
  if (rootEnd != root.end()) {
    error = "leaves the model's directory through a symbolic link";
    return std::nullopt;
  }
  return resolved;
}

void Parser::external(const RawTensor &raw, Tensor &tensor, uint64_t expected) {
  std::string location, where = named(tensor);
  uint64_t offset = 0, length = expected;
  bool hasLength = false;
  for (const auto &[key, value] : raw.externalData) {
    if (key == "location")
      location = value;
    else if (key == "offset" || key == "length") {
      if (!parseUnsigned(value, key == "offset" ? offset : length))
        return problem(where + ": external data has " + key + " '" + value + "', which is not a number of bytes");
      hasLength |= key == "length";
    }
  }
  where += " in external file '" + location + "': ";
  if (directory.empty())
    return problem(where + "a model read from memory has no directory for external data");
  std::string error;
  auto path = resolveInside(directory, location, error);
  if (!path)
    return problem(where + error);
  int32_t data = payloads.addFile(path->string(), error);
  if (data < 0)
    return problem(where + error);
  if (hasLength && length != expected)
    return problem(where + "length is " + std::to_string(length) + " bytes, dims and type need " +
                   std::to_string(expected));
  uint64_t size = payloads.contents(data).size();
  if (offset > size || expected > size - offset)
    return problem(where + "needs " + std::to_string(expected) + " bytes at offset " + std::to_string(offset) +
                   ", the file has " + std::to_string(size));
  tensor.length = expected;
  if (expected > InlineLimit) {
    tensor.file = data;
    tensor.offset = offset;
    return;
  }
  auto bytes = payloads.contents(data).subspan(offset, expected);
  tensor.owned = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

void Parser::parseSparse(Cursor in, Tensor &tensor) {
  constexpr uint64_t MaxDense = uint64_t(1) << 28;
  Tensor values, indices;
  size_t before = problems.size();
  for (Field f; in.next(f);) {
    if (f.number == 1)
      parse(in.enter(f, "TensorProto"), values);
    else if (f.number == 2)
      parse(in.enter(f, "TensorProto"), indices);
    else if (f.number == 3)
      in.varints(f, [&](uint64_t v) { tensor.dims.push_back(static_cast<int64_t>(v)); });
  }
  if (errors.failed || problems.size() != before)
    return;
  tensor.name = values.name;
  tensor.dtype = values.dtype;
  unsigned bits = bitWidth(values.dtype);
  uint64_t elements = 0;
  auto expected = denseBytes(tensor.dims, bits, elements);
  std::string where = "sparse " + named(tensor) + ": ";
  if (bits < 8 || !expected || *expected > MaxDense)
    return problem(where + "cannot be made dense (element type or size)");
  size_t rank = tensor.dims.size();
  uint64_t count = values.numElements();
  bool perAxis = indices.dims.size() == 2;
  if (indices.dtype != DataType::Int64 || values.dims.size() != 1 || indices.dims.empty() || indices.dims.size() > 2 ||
      static_cast<uint64_t>(indices.dims[0]) != count || (perAxis && static_cast<size_t>(indices.dims[1]) != rank))
    return problem(where + "values and indices do not fit together");
  auto valueBytes = payloads.bytes(values), indexBytes = payloads.bytes(indices);
  size_t width = bits / 8;
  std::vector<std::byte> dense(*expected);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t linear = 0;
    for (size_t axis = 0; axis < (perAxis ? rank : 1); ++axis) {
      int64_t index = 0;
      std::memcpy(&index, indexBytes.data() + 8 * (perAxis ? i * rank + axis : i), 8);
      int64_t limit = perAxis ? tensor.dims[axis] : static_cast<int64_t>(elements);
      if (index < 0 || index >= limit)
        return problem(where + "index " + std::to_string(index) + " is out of range");
      linear =
          perAxis ? linear * static_cast<uint64_t>(limit) + static_cast<uint64_t>(index) : static_cast<uint64_t>(index);
    }
    std::memcpy(dense.data() + linear * width, valueBytes.data() + i * width, width);
  }
  tensor.length = dense.size();
  tensor.owned = std::make_shared<const std::vector<std::byte>>(std::move(dense));
}

} // namespace wick::onnx
