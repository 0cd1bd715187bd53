// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flattens the values of a pickle to named tensors, and tells file formats apart.
//
#include "compiler/frontend/torch/archive/StateDict.h"
#include "compiler/frontend/torch/archive/TorchArchive.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace wick::compiler::torch {

Expected<StateDict> StateDict::open(StringRef path) {
  auto file = mapFile(path);
  if (!file)
    return file.takeError();
  return read(std::move(*file), path);
}

Expected<StateDict> StateDict::read(Bytes file, StringRef name) {
  // A safetensors file starts with the length of its JSON, then the JSON.
  bool safetensors =
      file.size() > 8 && file.data[8] == '{' && support::endian::read64le(file.data.data()) <= file.size() - 8;
  if (!safetensors) {
    auto archive = TorchArchive::read(std::move(file), name);
    if (!archive)
      return archive.takeError();
    auto dict = fromArchive(*archive);
    return dict ? std::move(dict) : createStringError("'" + name + "': " + toString(dict.takeError()));
  }
  auto dict = readSafetensors(std::move(file));
  return dict ? std::move(dict) : createStringError("'" + name + "': " + toString(dict.takeError()));
}

const TensorData *StateDict::find(StringRef name) const {
  auto found = index.find(name);
  return found == index.end() ? nullptr : &list[found->second].second;
}

Error StateDict::add(std::string name, TensorData tensor) {
  if (!index.try_emplace(name, list.size()).second)
    return createStringError("two tensors are called '" + name + "'");
  list.emplace_back(std::move(name), std::move(tensor));
  return Error::success();
}

Expected<StateDict> StateDict::fromArchive(const TorchArchive &archive) {
  if (archive.kind() != ArchiveKind::Script && archive.kind() != ArchiveKind::Saved)
    return createStringError("an exported program is no state dict");
  StateDict dict;
  struct Item {
    std::string name;
    PickleValue value;
  };
  // Depth first with an own stack, children pushed in reverse to keep their order.
  std::vector<Item> work{{"", archive.data().root()}};
  size_t visits = 0;
  const auto child = [](const Item &parent, const Twine &name) {
    return parent.name.empty() ? name.str() : (parent.name + "." + name).str();
  };
  while (!work.empty()) {
    Item item = std::move(work.back());
    work.pop_back();
    PickleValue value = item.value;
    if (value.isObject())
      value = value.state();
    if (value.isTensor()) {
      if (value.asTensor().quant)
        return createStringError("'" + item.name + "' is a quantized tensor, which a state dict cannot give");
      auto tensor = archive.tensor(value.asTensor());
      if (!tensor)
        return createStringError("'" + item.name + "': " + toString(tensor.takeError()));
      if (Error error = dict.add(std::move(item.name), std::move(*tensor)))
        return std::move(error);
      continue;
    }
    if (!value.isDict() && !value.isList() && !value.isTuple())
      continue;
    ArrayRef<PickleValue> items = value.items();
    // Values that share their parts in many ways can be far more than the file has bytes.
    if ((visits += items.size()) > 4'000'000 || item.name.size() > 4096)
      return createStringError("more values than a state dict may have");
    for (size_t i = items.size(); i-- > 0;) {
      if (!value.isDict())
        work.push_back({child(item, Twine(i)), items[i]});
      else if (i % 2 == 0 && items[i].isString())
        work.push_back({child(item, items[i].asString()), items[i + 1]});
      else if (i % 2 == 0 && items[i].isInt())
        work.push_back({child(item, Twine(items[i].asInt())), items[i + 1]});
    }
  }
  return std::move(dict);
}

} // namespace wick::compiler::torch
