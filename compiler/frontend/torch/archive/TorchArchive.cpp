// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Format detection by the records that are there, and access to them. Pickles are
// read at once and their storages compared with the records, so that a damaged
// archive fails before an importer starts; weights are touched when asked for.
//
#include "compiler/frontend/torch/archive/TorchArchive.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace wick::compiler::torch {

static Error inFile(StringRef name, Error error) {
  return createStringError("'" + name + "': " + toString(std::move(error)));
}

/// Why a file that is no zip cannot be read.
static const char *refusal(StringRef bytes) {
  if (bytes.starts_with(StringRef("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14)))
    return "torch.save's format of before torch 1.6; load it and save it again with a current torch";
  if (bytes.starts_with("\x80\x02") || bytes.starts_with("\x80\x03") || bytes.starts_with("\x80\x04") ||
      bytes.starts_with("\x80\x05"))
    return "a bare pickle, not an archive of PyTorch";
  if (bytes.starts_with("PYTORCH1"))
    return "a preview format of TorchScript of before torch 1.0";
  if (bytes.size() > 262 && bytes.substr(257, 5) == "ustar")
    return "a tar file, torch.save's format of before torch 0.2";
  return "neither a zip file nor another format of PyTorch";
}

Expected<TorchArchive> TorchArchive::open(StringRef path) {
  auto file = mapFile(path);
  if (!file)
    return file.takeError();
  return read(std::move(*file), path);
}

Expected<TorchArchive> TorchArchive::read(Bytes file, StringRef name) {
  if (!ZipReader::looksLikeZip(file.data))
    return createStringError("'" + name + "': " + refusal(file.text()));
  auto zip = ZipReader::open(std::move(file));
  if (!zip)
    return inFile(name, zip.takeError());
  TorchArchive archive;
  archive.zip = std::move(*zip);
  if (Error error = archive.detect())
    return inFile(name, std::move(error));
  return std::move(archive);
}

Error TorchArchive::detect() {
  const auto has = [&](StringRef name) { return zip.find(name) != nullptr; };
  const auto hasFolder = [&](StringRef name) {
    return any_of(zip.entries(), [&](const ZipEntry &entry) { return StringRef(entry.name).starts_with(name); });
  };
  if (has("byteorder")) {
    auto order = zip.read("byteorder");
    if (!order)
      return order.takeError();
    if (order->text().trim() != "little")
      return createStringError("byte order is '" + order->text().take_front(20) + "', only little is supported");
  }
  if (has("archive_format")) {
    auto text = zip.read("archive_format");
    if (!text)
      return text.takeError();
    if (text->text().trim() != "pt2")
      return createStringError("archive format '" + text->text().take_front(20) + "' is not known, expected pt2");
    format = ArchiveKind::Export;
    for (const ZipEntry &entry : zip.entries())
      if (StringRef name = entry.name; name.consume_front("models/") && name.consume_back(".json"))
        models.push_back(name.str());
    return models.empty() ? createStringError("an exported program without models/*.json") : Error::success();
  }
  if (has("serialized_exported_program.json")) {
    format = ArchiveKind::ExportOld;
    models.push_back("model");
    return Error::success();
  }
  if (hasFolder(".data/ts_code/"))
    return createStringError("a torch.package archive; save the module with torch.jit.save or torch.export.save");
  if (has("model.json") && hasFolder("tensors/"))
    return createStringError("TorchScript of before torch 1.4; load it and save it again with a current torch");
  if (!has("data.pkl"))
    return createStringError("a zip file that is no archive of PyTorch");
  format = has("constants.pkl") ? ArchiveKind::Script : ArchiveKind::Saved;
  if (format == ArchiveKind::Script)
    for (const ZipEntry &entry : zip.entries())
      if (StringRef name = entry.name; name.consume_front("code/") && name.consume_back(".py")) {
        std::string file = name.str();
        llvm::replace(file, '/', '.');
        sources.push_back(std::move(file));
      }
  if (Error error = readVersion())
    return error;
  return readPickles();
}

Error TorchArchive::readVersion() {
  const ZipEntry *entry = zip.find(".data/version");
  if (!entry)
    entry = zip.find("version");
  if (!entry)
    return format == ArchiveKind::Saved ? Error::success()
                                        : createStringError("a TorchScript archive without a version");
  auto text = zip.read(*entry);
  if (!text)
    return text.takeError();
  if (text->text().trim().getAsInteger(10, number) || number < 1 || number > 10)
    return createStringError("archive version '" + text->text().trim().take_front(20) +
                             "', versions 1 to 10 are supported");
  return Error::success();
}

Error TorchArchive::readPickles() {
  const auto load = [&](StringRef folder, std::optional<Pickle> &to) -> Error {
    auto bytes = zip.read((folder + ".pkl").str());
    if (!bytes)
      return bytes.takeError();
    auto pickle = readPickle(std::move(*bytes), folder);
    if (!pickle)
      return createStringError(folder + ".pkl: " + toString(pickle.takeError()));
    to = std::move(*pickle);
    return Error::success();
  };
  if (Error error = load("data", dataPickle))
    return error;
  if (Error error = checkStorages(*dataPickle))
    return error;
  if (format == ArchiveKind::Saved)
    return Error::success();
  if (Error error = load("constants", constantsPickle))
    return error;
  if (Error error = checkStorages(*constantsPickle))
    return error;
  if (!constantsPickle->root().isTuple())
    return createStringError("constants.pkl: the constants are no tuple");
  return zip.find("traced_inputs.pkl") ? load("traced_inputs", tracedPickle) : Error::success();
}

static std::string storagePath(const StorageRecord &storage) { return (storage.folder + "/" + storage.key).str(); }

Error TorchArchive::checkStorages(const Pickle &pickle) const {
  for (const StorageRecord *storage : pickle.storages()) {
    std::string path = storagePath(*storage);
    const ZipEntry *entry = zip.find(path);
    unsigned item = itemSize(storage->dtype);
    if (!entry)
      return createStringError("the archive has no record '" + path + "' for a " + storage->dtypeText);
    if (item && (entry->size % item || entry->size / item != storage->numel))
      return createStringError("record '" + path + "' has " + Twine(entry->size) + " bytes, a " + storage->dtypeText +
                               " of " + Twine(storage->numel) + " elements was expected");
  }
  return Error::success();
}

Expected<TensorData> TorchArchive::tensor(const TensorRecord &record) const {
  std::string path = storagePath(*record.storage);
  if (itemSize(record.dtype) == 0)
    return createStringError("a tensor in '" + path + "' has dtype " + record.storage->dtypeText +
                             ", which is not supported");
  Bytes storage;
  {
    std::lock_guard<std::mutex> lock(cache->mutex);
    auto known = cache->storages.find(path);
    if (known == cache->storages.end()) {
      auto bytes = zip.read(path);
      if (!bytes)
        return bytes.takeError();
      known = cache->storages.try_emplace(path, std::move(*bytes)).first;
    }
    storage = known->second;
  }
  auto tensor = TensorData::make("the tensor in '" + path + "'", record.dtype, record.sizes, record.strides,
                                 record.offset, std::move(storage));
  if (tensor)
    tensor->setSigns(record.conjugate, record.negative);
  return tensor;
}

std::string TorchArchive::codePath(StringRef file) {
  std::string path = file.str();
  llvm::replace(path, '.', '/');
  return "code/" + path + ".py";
}

Expected<Bytes> TorchArchive::code(StringRef file) const { return zip.read(codePath(file)); }

std::optional<DebugRanges> TorchArchive::debugRanges(StringRef file) const {
  const ZipEntry *entry = zip.find(codePath(file) + ".debug_pkl");
  if (!entry)
    return std::nullopt;
  auto bytes = zip.read(*entry);
  if (bytes) {
    auto ranges = DebugRanges::read(std::move(*bytes));
    if (ranges)
      return std::move(*ranges);
    consumeError(ranges.takeError());
  } else {
    consumeError(bytes.takeError());
  }
  return std::nullopt; // for messages only: a damaged record is as good as none
}

Expected<Bytes> TorchArchive::modelJson(StringRef model) const {
  return zip.read(format == ArchiveKind::ExportOld ? "serialized_exported_program.json"
                                                   : ("models/" + model + ".json").str());
}

Expected<Bytes> TorchArchive::weightsConfig(StringRef model) const {
  return zip.read(("data/weights/" + model + "_weights_config.json").str());
}

Expected<Bytes> TorchArchive::constantsConfig(StringRef model) const {
  return zip.read(("data/constants/" + model + "_constants_config.json").str());
}

Expected<TorchArchive> TorchArchive::nested(StringRef record) const {
  auto bytes = zip.read(record);
  if (!bytes)
    return bytes.takeError();
  return read(std::move(*bytes), record);
}

} // namespace wick::compiler::torch
