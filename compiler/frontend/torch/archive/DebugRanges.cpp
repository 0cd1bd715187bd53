// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A record is ('FORMAT_WITH_STRING_TABLE', strings, ((offset, (source, start, end),
// tag), ...)) with source = ([indices of its text's pieces], index of the file name,
// first line). Anything else in there is skipped: messages do without.
//
#include "compiler/frontend/torch/archive/DebugRanges.h"
#include "compiler/frontend/torch/archive/Pickle.h"
#include "llvm/ADT/DenseMap.h"
#include <algorithm>

using namespace llvm;

namespace wick::compiler::torch {

static constexpr size_t MaxText = size_t(64) << 20;

static bool isTuple(PickleValue value, size_t size) { return value.isTuple() && value.items().size() == size; }

static StringRef stringAt(ArrayRef<PickleValue> table, PickleValue index) {
  if (!index.isInt() || index.asInt() < 0 || static_cast<uint64_t>(index.asInt()) >= table.size())
    return "";
  PickleValue value = table[index.asInt()];
  return value.isString() ? value.asString() : "";
}

Expected<DebugRanges> DebugRanges::read(Bytes record) {
  auto pickle = readPickle(record, "");
  if (!pickle)
    return pickle.takeError();
  PickleValue root = pickle->root();
  if (!isTuple(root, 3) || !root.items()[0].isString() || root.items()[0].asString() != "FORMAT_WITH_STRING_TABLE" ||
      !root.items()[1].isTuple() || !root.items()[2].isTuple())
    return createStringError("source ranges in an unknown format");
  ArrayRef<PickleValue> table = root.items()[1].items();

  struct Source {
    StringRef text, file;
    int64_t line = 0;
    std::vector<size_t> lines; // where each line starts
  };
  DebugRanges result;
  DenseMap<const void *, Source> sources;
  size_t total = 0;
  const auto sourceOf = [&](PickleValue value) -> Source & {
    auto [slot, isNew] = sources.try_emplace(value.identity());
    Source &source = slot->second;
    if (!isNew)
      return source;
    ArrayRef<PickleValue> parts = value.items();
    source.file = stringAt(table, parts[1]);
    source.line = parts[2].isInt() ? parts[2].asInt() : 0;
    auto text = std::make_unique<std::string>();
    if (parts[0].isList())
      for (PickleValue index : parts[0].items()) {
        StringRef piece = stringAt(table, index);
        if ((total += piece.size()) > MaxText)
          break;
        *text += piece;
      }
    source.lines.push_back(0);
    for (size_t at = text->find('\n'); at != std::string::npos; at = text->find('\n', at + 1))
      source.lines.push_back(at + 1);
    source.text = *text;
    result.texts.push_back(std::move(text));
    return source;
  };

  for (PickleValue entry : root.items()[2].items()) {
    if (!isTuple(entry, 3) || !entry.items()[0].isInt() || !isTuple(entry.items()[1], 3))
      continue;
    ArrayRef<PickleValue> range = entry.items()[1].items();
    int64_t offset = entry.items()[0].asInt();
    if (offset < 0 || (!result.starts.empty() && static_cast<uint64_t>(offset) < result.starts.back()) ||
        !isTuple(range[0], 3) || !range[1].isInt())
      continue;
    const Source &source = sourceOf(range[0]);
    SourceOrigin origin;
    origin.file = source.file;
    if (!source.file.empty()) { // ranges without a file are the writer's own
      auto begin = static_cast<size_t>(std::clamp<int64_t>(range[1].asInt(), 0, source.text.size()));
      size_t line = std::upper_bound(source.lines.begin(), source.lines.end(), begin) - source.lines.begin() - 1;
      origin.line = static_cast<unsigned>(std::clamp<int64_t>(source.line, 0, 1 << 30) + line);
      origin.text = source.text.substr(source.lines[line]).split('\n').first.trim();
    }
    result.starts.push_back(offset);
    result.origins.push_back(origin);
  }
  result.record = std::move(record);
  return std::move(result);
}

const SourceOrigin *DebugRanges::find(size_t offset) const {
  auto next = std::upper_bound(starts.begin(), starts.end(), offset);
  if (next == starts.begin())
    return nullptr;
  const SourceOrigin &origin = origins[next - starts.begin() - 1];
  return origin.file.empty() ? nullptr : &origin;
}

} // namespace wick::compiler::torch
