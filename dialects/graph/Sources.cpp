// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Sources.h. A location may come from a file that anybody wrote, so any part of
// the dictionary may be missing or of another kind.
//
#include "dialects/graph/Sources.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
namespace wick::graph {

static constexpr char nameKey[] = "op", opsetKey[] = "opset", placeKey[] = "place";

std::string SourceOp::text() const {
  return name + (opset && !name.empty() ? ", opset " + std::to_string(opset) : "") +
         (place.empty() ? "" : (name.empty() ? "" : ", ") + place);
}

Location sourceLocation(Location file, StringRef node, const SourceOp &op) {
  Builder b(file.getContext());
  SmallVector<NamedAttribute> entries{b.getNamedAttr(nameKey, b.getStringAttr(op.name))};
  if (op.opset)
    entries.push_back(b.getNamedAttr(opsetKey, b.getI64IntegerAttr(op.opset)));
  if (!op.place.empty())
    entries.push_back(b.getNamedAttr(placeKey, b.getStringAttr(op.place)));
  return NameLoc::get(b.getStringAttr(node), FusedLoc::get({file}, b.getDictionaryAttr(entries), b.getContext()));
}

static DictionaryAttr findSource(Location loc) {
  if (auto named = dyn_cast<NameLoc>(loc))
    return findSource(named.getChildLoc());
  auto fused = dyn_cast<FusedLoc>(loc);
  if (!fused)
    return {};
  if (auto source = dyn_cast_or_null<DictionaryAttr>(fused.getMetadata()))
    return source;
  for (Location l : fused.getLocations())
    if (DictionaryAttr source = findSource(l))
      return source;
  return {};
}

SourceOp sourceOpOf(Location loc) {
  SourceOp op;
  DictionaryAttr source = findSource(loc);
  if (!source)
    return op;
  if (auto name = source.getAs<StringAttr>(nameKey))
    op.name = name.str();
  if (auto opset = source.getAs<IntegerAttr>(opsetKey); opset && opset.getType().isSignlessInteger(64))
    op.opset = opset.getInt();
  if (auto place = source.getAs<StringAttr>(placeKey))
    op.place = place.str();
  return op;
}

void collectSourceNames(Location loc, SourceNames &names) {
  if (auto named = dyn_cast<NameLoc>(loc))
    names.insert(named.getName());
  else if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location l : fused.getLocations())
      collectSourceNames(l, names);
}

std::string sourceNames(Location loc) {
  SourceNames names;
  collectSourceNames(loc, names);
  std::string text;
  for (StringAttr n : names)
    text += (text.empty() ? "" : ", ") + n.getValue().str();
  return text;
}

} // namespace wick::graph
