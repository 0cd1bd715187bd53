// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// safetensors: u64 length, JSON {name: {dtype, shape, data_offsets}}, then the data.
// As the format demands, tensors must cover the data without gap or overlap, so
// that nothing can hide in a file and no byte belongs to two names.
//
#include "compiler/frontend/torch/archive/Json.h"
#include "compiler/frontend/torch/archive/StateDict.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace wick::compiler::torch {

static ScalarType dtypeOf(StringRef name) {
  return StringSwitch<ScalarType>(name)
      .Case("BOOL", ScalarType::Bool)
      .Case("U8", ScalarType::Byte)
      .Case("I8", ScalarType::Char)
      .Case("U16", ScalarType::UInt16)
      .Case("I16", ScalarType::Short)
      .Case("U32", ScalarType::UInt32)
      .Case("I32", ScalarType::Int)
      .Case("U64", ScalarType::UInt64)
      .Case("I64", ScalarType::Long)
      .Case("F16", ScalarType::Half)
      .Case("BF16", ScalarType::BFloat16)
      .Case("F32", ScalarType::Float)
      .Case("F64", ScalarType::Double)
      .Case("C64", ScalarType::ComplexFloat)
      .Case("F8_E5M2", ScalarType::Float8E5M2)
      .Case("F8_E4M3", ScalarType::Float8E4M3FN)
      .Case("F8_E8M0", ScalarType::Float8E8M0FNU)
      .Default(ScalarType::Unknown);
}

Expected<StateDict> StateDict::readSafetensors(Bytes file) {
  constexpr uint64_t MaxHeader = 100'000'000; // the format's own limit
  if (file.size() < 8)
    return createStringError("safetensors: cut short");
  uint64_t length = support::endian::read64le(file.data.data());
  if (length > MaxHeader || length > file.size() - 8)
    return createStringError("safetensors: a header of " + Twine(length) + " bytes in a file of " + Twine(file.size()));
  auto header = parseJson("safetensors header", file.slice(8, length).text());
  if (!header)
    return header.takeError();
  const json::Object *entries = header->getAsObject();
  if (!entries)
    return createStringError("safetensors: the header is no object");

  struct Entry {
    std::string name;
    ScalarType dtype;
    SmallVector<int64_t, 4> sizes;
    uint64_t begin, end;
  };
  StateDict dict;
  std::vector<Entry> order;
  for (const auto &[key, value] : *entries) {
    const json::Object *object = value.getAsObject();
    if (key == "__metadata__") {
      if (object)
        for (const auto &[name, note] : *object)
          dict.notes[name] = note.getAsString().value_or("").str();
      continue;
    }
    Entry entry{key.str(), ScalarType::Unknown, {}, 0, 0};
    const json::Array *shape = object ? object->getArray("shape") : nullptr;
    const json::Array *range = object ? object->getArray("data_offsets") : nullptr;
    auto dtype = object ? object->getString("dtype") : std::nullopt;
    if (!shape || !range || range->size() != 2 || !dtype || !(*range)[0].getAsInteger() ||
        !(*range)[1].getAsInteger() || shape->size() > 64)
      return createStringError("safetensors: '" + entry.name + "' has no dtype, shape and data_offsets");
    entry.dtype = dtypeOf(*dtype);
    if (entry.dtype == ScalarType::Unknown)
      return createStringError("safetensors: '" + entry.name + "' has dtype " + *dtype + ", which is not supported");
    for (const json::Value &size : *shape) {
      if (!size.getAsInteger() || *size.getAsInteger() < 0)
        return createStringError("safetensors: '" + entry.name + "' has a size that is no integer >= 0");
      entry.sizes.push_back(*size.getAsInteger());
    }
    entry.begin = static_cast<uint64_t>(*(*range)[0].getAsInteger());
    entry.end = static_cast<uint64_t>(*(*range)[1].getAsInteger());
    order.push_back(std::move(entry));
  }
  llvm::sort(order, [](const Entry &a, const Entry &b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });

  Bytes data = file.slice(8 + length, file.size() - 8 - length);
  uint64_t at = 0;
  for (Entry &entry : order) {
    if (entry.begin != at || entry.end < entry.begin || entry.end > data.size())
      return createStringError("safetensors: '" + entry.name + "' lies in [" + Twine(entry.begin) + ", " +
                               Twine(entry.end) + "), expected to begin at " + Twine(at) + " and to end within " +
                               Twine(data.size()));
    at = entry.end;
    auto tensor = TensorData::makeDense("safetensors: '" + entry.name + "'", entry.dtype, entry.sizes,
                                        data.slice(entry.begin, entry.end - entry.begin));
    if (!tensor)
      return tensor.takeError();
    if (Error error = dict.add(entry.name, std::move(*tensor)))
      return std::move(error);
  }
  if (at != data.size())
    return createStringError("safetensors: " + Twine(data.size() - at) + " bytes behind the last tensor");
  return std::move(dict);
}

} // namespace wick::compiler::torch
