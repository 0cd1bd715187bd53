// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sequences and optionals that exist while importing only: lists of values whose
// length and positions are known. Exporters make them for splits and stacks; they
// leave nothing in the graph. As inputs and outputs of a model they are unsupported.
//
#include "compiler/frontend/onnx/OnnxImporter.h"

using namespace mlir;
namespace wick::compiler {

using List = OnnxImporter::List;

static const List *listOf(NodeImport &n, size_t i) {
  const List *list = n.importer.lookupList(n.node.input(i));
  if (!list)
    n.unsupported("a sequence that is not known while importing");
  return list;
}

/// A position operand in [-size, size), or up to `size` itself for an insertion.
static std::optional<int64_t> position(NodeImport &n, size_t i, int64_t size, int64_t limit) {
  auto v = n.constantInts(i, "a position in a sequence");
  if (!v || v->size() != 1)
    return std::nullopt;
  int64_t at = (*v)[0] < 0 ? (*v)[0] + size : (*v)[0];
  if (at < 0 || at >= limit) {
    n.error("position " + Twine((*v)[0]) + " in a sequence of " + Twine(size));
    return std::nullopt;
  }
  return at;
}

static void importEmpty(NodeImport &n) { n.importer.defineList(n, List()); }
static void importConstruct(NodeImport &n) { n.importer.defineList(n, List(n.in.begin(), n.in.end())); }

static void importInsert(NodeImport &n) {
  const List *list = listOf(n, 0);
  if (!list)
    return;
  List out = *list;
  int64_t size = out.size();
  auto at = n.input(2) ? position(n, 2, size, size + 1) : std::optional(size);
  if (at) {
    out.insert(out.begin() + *at, n.input(1));
    n.importer.defineList(n, out);
  }
}

static void importErase(NodeImport &n) {
  const List *list = listOf(n, 0);
  if (!list || list->empty())
    return list ? n.error("the sequence is empty") : void();
  List out = *list;
  int64_t size = out.size();
  auto at = n.input(1) ? position(n, 1, size, size) : std::optional(size - 1);
  if (at) {
    out.erase(out.begin() + *at);
    n.importer.defineList(n, out);
  }
}

static void importAt(NodeImport &n) {
  const List *list = listOf(n, 0);
  auto at = list ? position(n, 1, list->size(), list->size()) : std::nullopt;
  if (at)
    n.set(0, (*list)[*at]);
}

static void importLength(NodeImport &n) {
  if (const List *list = listOf(n, 0))
    n.set(0, n.g.i64(list->size()));
}

static void importConcatFrom(NodeImport &n) {
  const List *list = listOf(n, 0);
  if (!list || list->empty())
    return list ? n.error("the sequence is empty") : void();
  GraphBuilder &g = n.g;
  bool isNew = n.intAttr("new_axis", 0);
  auto axis = n.axis(n.intAttr("axis", 0), g.rank((*list)[0]) + isNew);
  if (!axis)
    return;
  List parts;
  for (Value v : *list)
    parts.push_back(isNew ? g.unsqueeze(v, {*axis}) : v);
  n.set(0, g.concat(parts, *axis));
}

static void importSplitTo(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  auto axis = n.axis(n.intAttr("axis", 0), g.rank(x));
  if (!axis)
    return;
  auto total = graph::constantOf(g.dim(x, *axis));
  bool keep = n.intAttr("keepdims", 1) || n.input(1), isChunk = n.input(1) && g.rank(n.input(1)) == 0;
  SmallVector<int64_t> sizes;
  if (n.input(1)) {
    auto given = n.constantInts(1, "split");
    if (!given)
      return;
    sizes = *given;
  }
  if (isChunk || !n.input(1)) {
    if (!total)
      return n.unsupported("a split into a number of parts that is not known while importing");
    int64_t chunk = isChunk ? sizes[0] : 1;
    if (chunk < 1)
      return n.error("split " + Twine(chunk));
    sizes.clear();
    for (int64_t at = 0; at < *total; at += chunk)
      sizes.push_back(std::min(chunk, *total - at));
  }
  List out;
  int64_t at = 0;
  for (int64_t size : sizes) {
    Value part = g.slice(x, *axis, g.expr(at), g.expr(size));
    out.push_back(keep ? part : g.squeeze(part, {*axis}));
    at += size;
  }
  n.importer.defineList(n, out);
}

/// A tensor or a list is an optional that has its element; nothing is one without.
static void importHasElement(NodeImport &n) {
  bool has = n.input(0) || n.importer.lookupList(n.node.input(0));
  n.set(0, n.g.scalar(n.g.b.getI1Type(), has));
}
static void importGetElement(NodeImport &n) {
  if (n.input(0))
    return n.set(0, n.input(0));
  if (const List *list = listOf(n, 0))
    n.importer.defineList(n, *list);
}

void addSequenceImporters(ImportTable &t) {
  t["SequenceEmpty"] = importEmpty, t["SequenceConstruct"] = importConstruct, t["SequenceInsert"] = importInsert;
  t["SequenceErase"] = importErase, t["SequenceAt"] = importAt, t["SequenceLength"] = importLength;
  t["ConcatFromSequence"] = importConcatFrom, t["SplitToSequence"] = importSplitTo;
  t["OptionalHasElement"] = importHasElement, t["OptionalGetElement"] = importGetElement;
}

} // namespace wick::compiler
