// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The exchange form of tensors between this project and other programs.
//
#include "tools/support/ExchangeDir.h"

#include "tools/support/Json.h"
#include "tools/support/NpyIO.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace wick::tools {

static ExchangeResult readTensor(const std::string &dir, const Json &entry, HostTensor &tensor, std::string &error) {
  const std::string &name = entry["name"].asString(), &type = entry["onnx_dtype"].asString();
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
    Json present;
    if ((*entry)["kind"].asString() == "optional") {
      if (!(*entry)["present"].asBool())
        continue;
      present = (*entry)["value"];
      present.add("name", (*entry)["name"].asString());
      entry = &present;
    }
    HostTensor tensor;
    ExchangeResult result = readTensor(dir, *entry, tensor, error);
    if (result != ExchangeResult::Ok)
      return result;
    tensors.push_back(std::move(tensor));
  }
  return ExchangeResult::Ok;
}

bool writeExchangeDir(const std::string &dir, const std::vector<HostTensor> &tensors, std::string &error) {
  if (mkdir(dir.c_str(), 0777) && errno != EEXIST) {
    error = "cannot make '" + dir + "': " + std::strerror(errno);
    return false;
  }
  Json outputs = Json::array();
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::string file = "output_" + std::to_string(i) + ".npy";
    if (!writeNpy(dir + "/" + file, tensors[i], error))
      return false;
    Json shape = Json::array();
    for (int64_t d : tensors[i].dims)
      shape.push(d);
    outputs.push(Json::object()
                     .add("index", static_cast<uint64_t>(i))
                     .add("name", tensors[i].name)
                     .add("kind", "tensor")
                     .add("onnx_dtype", onnxTypeName(tensors[i].dtype))
                     .add("shape", shape)
                     .add("file", file));
  }
  return writeFile(dir + "/manifest.json", {Json::object().add("outputs", outputs).print() + "\n"}, error);
}

} // namespace wick::tools
