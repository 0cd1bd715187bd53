// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The exchange form of tensors between this project and other programs.
//
#include "tools/support/ExchangeDir.h"

#include "tools/support/Json.h"
#include "tools/support/NpyIO.h"
#include "wick/wick.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace wick::tools {

static ExchangeResult readTensor(const std::string &dir, const Json &entry, const std::string &name, HostTensor &tensor,
                                 std::string &error) {
  const std::string &type = entry["onnx_dtype"].asString();
  const std::string &file = entry["file"].asString();
  uint32_t dtype = onnxTypeCode(type);
  if (entry["kind"].asString() != "tensor" || !dtype) {
    error = "input '" + name + "' is a " + entry["kind"].asString() + (type.empty() ? "" : " of " + type) +
            ", which is not supported";
    return ExchangeResult::Unsupported;
  }
  if (file.empty() || file.find('/') != file.npos) {
    error = "input '" + name + "' names no file of the directory";
    return ExchangeResult::Failed;
  }
  if (!readNpy(dir + "/" + file, tensor, error))
    return ExchangeResult::Failed;
  tensor.name = name;
  if (retype(tensor, dtype))
    return ExchangeResult::Ok;
  error = "input '" + name + "': the file does not hold " + type;
  return ExchangeResult::Failed;
}

/// The elements of a sequence as the two tensors that stand for it in a package.
static ExchangeResult readSequence(const std::string &dir, const Json &entry, const std::string &name,
                                   std::vector<HostTensor> &tensors, std::string &error) {
  HostTensor data, shapes;
  data.name = name + ".data", shapes.name = name + ".shapes";
  for (const Json &item : entry["items"].items) {
    HostTensor element;
    ExchangeResult result = readTensor(dir, item, name, element, error);
    if (result != ExchangeResult::Ok)
      return result;
    if (!data.dtype) {
      data.dtype = element.dtype, shapes.dtype = WICK_DTYPE_I64;
      data.dims = {0}, shapes.dims = {0, static_cast<int64_t>(element.dims.size())};
    }
    if (element.dtype != data.dtype || static_cast<int64_t>(element.dims.size()) != shapes.dims[1]) {
      error = "input '" + name + "' is a sequence of elements of different ranks or types, which is not supported";
      return ExchangeResult::Unsupported;
    }
    data.bytes.insert(data.bytes.end(), element.bytes.begin(), element.bytes.end());
    const auto *dims = reinterpret_cast<const uint8_t *>(element.dims.data());
    shapes.bytes.insert(shapes.bytes.end(), dims, dims + element.dims.size() * sizeof(int64_t));
    ++shapes.dims[0];
  }
  if (data.dtype)
    data.dims[0] = static_cast<int64_t>(data.bytes.size() / wick_dtype_size(data.dtype));
  tensors.push_back(std::move(data));
  tensors.push_back(std::move(shapes));
  return ExchangeResult::Ok;
}

/// An absent optional of unknown kind gives both forms; the model takes what it has.
static ExchangeResult readValue(const std::string &dir, const Json &entry, const std::string &name,
                                std::vector<HostTensor> &tensors, std::string &error) {
  const std::string &kind = entry["kind"].asString();
  if (kind == "sequence")
    return readSequence(dir, entry, name, tensors, error);
  HostTensor tensor;
  if (kind != "optional") {
    ExchangeResult result = readTensor(dir, entry, name, tensor, error);
    tensors.push_back(std::move(tensor));
    return result;
  }
  bool present = entry["present"].asBool();
  HostTensor flag;
  flag.name = name + ".present", flag.dtype = WICK_DTYPE_BOOL, flag.bytes = {uint8_t(present)};
  ExchangeResult result = ExchangeResult::Ok;
  if (present)
    result = readValue(dir, entry["value"], name, tensors, error);
  else
    for (const char *part : {"", ".data", ".shapes"}) {
      tensor.name = name + part, tensor.isOptional = true;
      tensors.push_back(tensor);
    }
  tensors.push_back(std::move(flag));
  return result;
}

ExchangeResult readExchangeDir(const std::string &dir, std::vector<HostTensor> &tensors, std::string &error) {
  std::vector<uint8_t> text;
  Json manifest;
  if (!readFile(dir + "/manifest.json", text, error) ||
      !Json::parse({reinterpret_cast<const char *>(text.data()), text.size()}, manifest, error))
    return ExchangeResult::Failed;
  std::vector<const Json *> entries;
  for (const Json &entry : manifest["inputs"].items)
    entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const Json *a, const Json *b) { return (*a)["index"].asInt() < (*b)["index"].asInt(); });
  for (const Json *entry : entries) {
    ExchangeResult result = readValue(dir, *entry, (*entry)["name"].asString(), tensors, error);
    if (result != ExchangeResult::Ok)
      return result;
  }
  return ExchangeResult::Ok;
}

/// Writes one tensor; returns its entry of the manifest.
static bool writeTensor(const std::string &dir, const std::string &stem, const HostTensor &tensor, Json &entry,
                        std::string &error) {
  if (!writeNpy(dir + "/" + stem + ".npy", tensor, error))
    return false;
  Json shape = Json::array();
  for (int64_t d : tensor.dims)
    shape.push(d);
  entry.add("kind", "tensor")
      .add("onnx_dtype", onnxTypeName(tensor.dtype))
      .add("shape", shape)
      .add("file", stem + ".npy");
  return true;
}

/// The elements of a sequence, cut out of its two tensors.
static bool writeSequence(const std::string &dir, const std::string &stem, const HostTensor &data,
                          const HostTensor &shapes, Json &entry, std::string &error) {
  size_t at = 0, rank = static_cast<size_t>(shapes.dims[1]), length = static_cast<size_t>(shapes.dims[0]);
  for (size_t i = 0; i < length; ++i) {
    HostTensor element;
    element.dtype = data.dtype;
    size_t bytes = wick_dtype_size(data.dtype);
    for (size_t d = 0; d < rank; ++d) {
      int64_t size;
      std::memcpy(&size, shapes.bytes.data() + (i * rank + d) * sizeof(size), sizeof(size));
      if (size == -1)
        break; // an element of fewer dims than others
      element.dims.push_back(size);
      if (size < 0 || __builtin_mul_overflow(bytes, static_cast<size_t>(size), &bytes))
        bytes = SIZE_MAX;
    }
    if (bytes > data.bytes.size() - at) {
      error = "the shapes of '" + shapes.name + "' do not fit the values of '" + data.name + "'";
      return false;
    }
    element.bytes.assign(data.bytes.begin() + static_cast<ptrdiff_t>(at),
                         data.bytes.begin() + static_cast<ptrdiff_t>(at + bytes));
    at += bytes;
    if (!writeNpy(dir + "/" + stem + "_" + std::to_string(i) + ".npy", element, error))
      return false;
  }
  entry.add("kind", "sequence").add("onnx_dtype", onnxTypeName(data.dtype)).add("len", static_cast<uint64_t>(length));
  return true;
}

bool writeExchangeDir(const std::string &dir, const std::vector<HostTensor> &tensors, std::string &error) {
  if (mkdir(dir.c_str(), 0777) && errno != EEXIST) {
    error = "cannot make '" + dir + "': " + std::strerror(errno);
    return false;
  }
  Json outputs = Json::array();
  uint64_t index = 0;
  for (size_t i = 0; i < tensors.size(); ++index) {
    // NAME.data and NAME.shapes are a sequence, NAME.present behind a value makes it an optional.
    auto isNext = [&](const std::string &name) { return i < tensors.size() && tensors[i].name == name; };
    std::string name = tensors[i].name, stem = "output_" + std::to_string(index);
    const HostTensor &first = tensors[i++];
    std::string base = name.ends_with(".data") ? name.substr(0, name.size() - 5) : name;
    bool isSequence = base != name && isNext(base + ".shapes") && tensors[i].dims.size() == 2;
    if (isSequence)
      name = base;
    Json entry = Json::object().add("index", index).add("name", name);
    if (isSequence) {
      if (!writeSequence(dir, stem, first, tensors[i++], entry, error))
        return false;
    } else if (!writeTensor(dir, stem, first, entry, error)) {
      return false;
    }
    if (isNext(name + ".present"))
      entry.add("present", tensors[i].bytes.size() == 1 && tensors[i].bytes[0] != 0), ++i;
    outputs.push(entry);
  }
  return writeFile(dir + "/manifest.json", {Json::object().add("outputs", outputs).print() + "\n"}, error);
}

} // namespace wick::tools
