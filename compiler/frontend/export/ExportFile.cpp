// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ExportFile.h. Files of torch 2.8 and later keep a JSON map from names to raw
// storages; before, states were torch.save files within the archive.
//
#include "compiler/frontend/export/ExportFile.h"

#include "compiler/frontend/torch/archive/Json.h"
#include "compiler/frontend/torch/archive/StateDict.h"

using namespace llvm;
namespace wick::compiler {
using torch::ScalarType;

/// The major version of the program's schema; others may mean anything.
static constexpr int64_t schemaMajor = 8;

torch::ScalarType exportScalarType(int64_t code) {
  switch (code) {
  case 1:
    return ScalarType::Byte;
  case 2:
    return ScalarType::Char;
  case 3:
    return ScalarType::Short;
  case 4:
    return ScalarType::Int;
  case 5:
    return ScalarType::Long;
  case 6:
    return ScalarType::Half;
  case 7:
    return ScalarType::Float;
  case 8:
    return ScalarType::Double;
  case 9:
    return ScalarType::ComplexHalf;
  case 10:
    return ScalarType::ComplexFloat;
  case 11:
    return ScalarType::ComplexDouble;
  case 12:
    return ScalarType::Bool;
  case 13:
    return ScalarType::BFloat16;
  case 28:
    return ScalarType::UInt16;
  case 29:
    return ScalarType::Float8E4M3FN;
  case 30:
    return ScalarType::Float8E5M2;
  case 31:
    return ScalarType::Float8E4M3FNUZ;
  case 32:
    return ScalarType::Float8E5M2FNUZ;
  case 33:
    return ScalarType::Float8E8M0FNU;
  case 34:
    return ScalarType::UInt32;
  case 35:
    return ScalarType::UInt64;
  default:
    return ScalarType::Unknown;
  }
}

int64_t exportMemoryFormat(int64_t code) {
  switch (code) {
  case 2: // channels last
    return 2;
  case 3: // channels last, three dims
    return 3;
  case 4: // as the argument
    return 1;
  default:
    return 0;
  }
}

static Error wrong(const Twine &what) { return createStringError(inconvertibleErrorCode(), what); }

Error ExportFile::readConfig(Expected<torch::Bytes> text, bool constants) {
  if (!text)
    return text.takeError();
  auto config =
      torch::parseJson(constants ? "the constants' configuration" : "the weights' configuration", text->text());
  if (!config)
    return config.takeError();
  const json::Object *top = config->getAsObject(), *map = top ? top->getObject("config") : nullptr;
  if (!map)
    return wrong("a configuration of weights has no member 'config'");
  for (const auto &[name, value] : *map) {
    const json::Object *o = value.getAsObject();
    auto path = o ? o->getString("path_name") : std::nullopt;
    if (!path)
      return wrong("weight '" + StringRef(name) + "' has no 'path_name'");
    Payload p{path->str(), constants, o->getBoolean("use_pickle").value_or(false), nullptr};
    if (const json::Value *meta = o->get("tensor_meta"))
      p.meta = *meta;
    payloads[StringRef(name).str()] = std::move(p);
  }
  return Error::success();
}

Error ExportFile::readNested(StringRef record) {
  if (!archive->records().find(record))
    return Error::success();
  auto inner = archive->nested(record);
  if (!inner)
    return inner.takeError();
  nested.push_back(std::make_shared<torch::TorchArchive>(std::move(*inner)));
  auto state = torch::StateDict::fromArchive(*nested.back());
  if (!state)
    return state.takeError();
  for (const auto &[name, tensor] : state->tensors())
    tensors.insert({name, tensor});
  return Error::success();
}

Expected<ExportFile> ExportFile::open(const std::string &path) {
  auto opened = torch::TorchArchive::open(path);
  if (!opened)
    return opened.takeError();
  return read(std::move(*opened), path);
}

Expected<ExportFile> ExportFile::read(torch::TorchArchive opened, const std::string &path) {
  ExportFile file;
  file.archive = std::make_shared<torch::TorchArchive>(std::move(opened));
  bool isOld = file.archive->kind() == torch::ArchiveKind::ExportOld;
  if (!isOld && file.archive->kind() != torch::ArchiveKind::Export)
    return wrong(path + " is not an exported program");
  if (file.archive->modelNames().empty())
    return wrong(path + " holds no program");
  std::string model = file.archive->modelNames()[0];
  for (const std::string &name : file.archive->modelNames())
    if (name == "model")
      model = name;
  auto text = file.archive->modelJson(model);
  if (!text)
    return text.takeError();
  auto parsed = torch::parseJson("the program", text->text());
  if (!parsed)
    return parsed.takeError();
  file.json = std::move(*parsed);
  const json::Object *top = file.json.getAsObject();
  const json::Object *version = top ? top->getObject("schema_version") : nullptr;
  auto major = version ? version->getInteger("major") : std::nullopt;
  if (!major || *major != schemaMajor)
    return wrong("the program's schema has version " + (major ? Twine(*major) : Twine("?")) + ", expected " +
                 Twine(schemaMajor));
  const json::Object *module = top->getObject("graph_module");
  file.graphObject = module ? module->getObject("graph") : nullptr;
  file.signatureObject = module ? module->getObject("signature") : nullptr;
  if (!file.graphObject || !file.signatureObject)
    return wrong("the program has no graph, or no signature");
  if (isOld) {
    if (Error e = file.readNested("serialized_state_dict.pt"))
      return e;
    if (Error e = file.readNested("serialized_constants.pt"))
      return e;
    return file;
  }
  if (Error e = file.readConfig(file.archive->weightsConfig(model), false))
    return e;
  if (Error e = file.readConfig(file.archive->constantsConfig(model), true))
    return e;
  return file;
}

/// A list of {"as_int": n}.
static bool readInts(const json::Array *list, SmallVectorImpl<int64_t> &out) {
  for (size_t i = 0; list && i < list->size(); ++i) {
    const json::Object *o = (*list)[i].getAsObject();
    auto v = o ? o->getInteger("as_int") : std::nullopt;
    if (!v)
      return false;
    out.push_back(*v);
  }
  return list != nullptr;
}

Expected<torch::TensorData> ExportFile::tensor(const std::string &name) const {
  if (auto it = tensors.find(name); it != tensors.end())
    return it->second;
  auto it = payloads.find(name);
  if (it == payloads.end())
    return wrong("there is no tensor '" + name + "' in the archive");
  const Payload &p = it->second;
  const json::Object *meta = p.meta.getAsObject();
  if (p.pickled || !meta)
    return wrong("tensor '" + name + "' is stored as a Python object, expected raw elements");
  SmallVector<int64_t> sizes, strides;
  const json::Object *offset = meta->getObject("storage_offset");
  if (!readInts(meta->getArray("sizes"), sizes) || !readInts(meta->getArray("strides"), strides))
    return wrong("tensor '" + name + "' has sizes or strides that are no numbers");
  auto bytes = p.constant ? archive->constantFile(p.file) : archive->weightFile(p.file);
  if (!bytes)
    return bytes.takeError();
  ScalarType dtype = exportScalarType(meta->getInteger("dtype").value_or(-1));
  return torch::TensorData::make("tensor '" + name + "'", dtype, sizes, strides,
                                 offset ? offset->getInteger("as_int").value_or(0) : 0, *bytes);
}

} // namespace wick::compiler
