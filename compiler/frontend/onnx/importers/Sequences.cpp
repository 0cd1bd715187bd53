// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops on sequences and optionals. As long as a sequence's length and the positions are
// known while importing it is a list of values, and nothing of it reaches the graph;
// else its packed form is cut and joined (Sequence.h).
//
#include "compiler/frontend/Composites.h"
#include "compiler/frontend/onnx/OnnxImporter.h"

#include <functional>

using namespace mlir;
namespace wick::compiler {

static const Sequence *listOf(NodeImport &n, size_t i) {
  const Sequence *list = n.importer.lookupList(n.node.input(i));
  if (list && list->isSequence && !list->isAbsent)
    return list;
  n.error("operand " + Twine(i) + " is not a sequence");
  return nullptr;
}

namespace {
/// A position in a sequence: known, or a scalar in [0, limit).
struct Position {
  std::optional<int64_t> known;
  Value value;
};
} // namespace

/// Operand i, or `otherwise` where it is left out. Negative ones count from the end.
/// `beyond` is 1 where the end is a position.
static std::optional<Position> position(NodeImport &n, size_t i, const Sequence &s, int64_t beyond,
                                        AffineExpr otherwise) {
  GraphBuilder &g = n.g;
  AffineExpr length = lengthOf(g, s);
  Position p;
  Value at = n.input(i);
  std::optional<int64_t> given;
  auto elements = g.elementsOf(at);
  if (elements && elements->size() == 1 && (*elements)[0])
    given = graph::constantOf((*elements)[0]);
  auto size = graph::constantOf(length);
  if (!at)
    p.known = graph::constantOf(otherwise);
  else if (given && (size || *given >= 0))
    p.known = *given < 0 ? *given + *size : *given;
  if (p.known && (*p.known < 0 || (size && *p.known >= *size + beyond))) {
    n.error("position " + Twine(given.value_or(*p.known)) + " in a sequence of " + Twine(size.value_or(0)));
    return std::nullopt;
  }
  if (p.known) {
    p.value = g.i64(*p.known);
    requireAtMost(g, g.expr(*p.known + 1 - beyond), length, "a position is behind the end of the sequence");
    return p;
  }
  if (!at)
    return p.value = g.dimScalar(otherwise), p;
  at = g.reshape(g.castTo(at, g.b.getI64Type()), ArrayRef<int64_t>());
  at = g.where(g.create<graph::LessOp>({at, g.i64(0)}), g.add(at, g.dimScalar(length)), at);
  if (!at)
    return std::nullopt;
  AffineExpr e = g.sizeOf(at, 0);
  requireAtMost(g, g.simplify(e + (1 - beyond)), length, "a position is behind the end of the sequence");
  p.value = at;
  return p;
}

/// The sequence in packed form; unsupported where its elements fit none.
static std::optional<Sequence> packedOf(NodeImport &n, const Sequence &s) {
  Layout layout = layoutOf(Operand(s));
  if (layout.elem && layout.rank != -2)
    return packed(n.g, s);
  n.unsupported("positions known at run time only, in a sequence whose elements differ in rank or have no type");
  return std::nullopt;
}

static AffineExpr scalarExpr(GraphBuilder &g, Value v) { return v ? g.sizeOf(v, 0) : g.expr(0); }

/// Dims of element `at` of a packed sequence; 1 behind those that a mixed one has.
static std::optional<Exprs> elementDims(GraphBuilder &g, const Sequence &s, Value at) {
  if (!s.rank)
    return Exprs();
  Value row = g.gather(s.shapes, at, 0);
  if (s.isMixed)
    row = g.where(g.create<graph::LessOp>({row, g.i64(0)}), g.i64(1), row);
  return row ? g.shapeFrom(row) : std::nullopt;
}

/// An element that must be a tensor has one rank.
static bool hasOneRank(NodeImport &n, const Sequence &s) {
  if (s.isMixed)
    n.unsupported("an element of a sequence whose elements differ in rank, chosen at run time");
  return !s.isMixed;
}

/// Elements [from, from + count) of both tensors.
static Sequence part(GraphBuilder &g, const Sequence &s, AffineExpr from, AffineExpr count, AffineExpr row,
                     AffineExpr rows) {
  Sequence out = s;
  out.data = g.slice(s.data, 0, from, count);
  out.shapes = g.slice(s.shapes, 0, row, rows);
  return out;
}

static Sequence joined(GraphBuilder &g, ArrayRef<Sequence> parts) {
  Sequence out = parts[0];
  SmallVector<Value> data, shapes;
  for (const Sequence &s : parts)
    data.push_back(s.data), shapes.push_back(s.shapes);
  out.data = g.concat(data, 0), out.shapes = g.concat(shapes, 0);
  return out;
}

static void importEmpty(NodeImport &n) {
  Sequence s;
  s.elem = elementType(onnx::DataType(n.intAttr("dtype", 1)), n.g.b.getContext());
  n.importer.defineList(n, 0, s);
}

static void importConstruct(NodeImport &n) {
  Sequence s;
  s.items.assign(n.in.begin(), n.in.end());
  n.importer.defineList(n, 0, s);
}

static void importInsert(NodeImport &n) {
  GraphBuilder &g = n.g;
  const Sequence *list = listOf(n, 0);
  Value x = n.input(1);
  if (!list || !x)
    return list ? n.error("nothing to insert") : void();
  auto at = position(n, 2, *list, 1, lengthOf(g, *list));
  if (!at)
    return;
  Sequence out = *list;
  if (!list->isPacked() && at->known) {
    out.items.insert(out.items.begin() + *at->known, x);
    return n.importer.defineList(n, 0, out);
  }
  Sequence one;
  one.items = {x};
  auto layout = join(layoutOf(Operand(*list)), layoutOf(Operand(one)), list->isPacked());
  if (!layout)
    return n.unsupported("elements of different ranks or types in a sequence whose length is known at run time only");
  one = packedAs(g, one, *layout);
  if (layoutOf(Operand(*list)).rank < 0) // what a loop begins with; the loop is imported again with this rank
    return n.importer.defineList(n, 0, one);
  auto s = packedOf(n, *list);
  if (!s || !s->data || !one.data)
    return;
  *s = packedAs(g, *s, *layout);
  if (!n.input(2))
    return n.importer.defineList(n, 0, joined(g, {*s, one}));
  AffineExpr from = offsetOf(g, *s, at->value), row = scalarExpr(g, at->value), zero = g.expr(0);
  AffineExpr total = g.dim(s->data, 0), rows = lengthOf(g, *s);
  requireAtMost(g, from, total, "a sequence has fewer values than its shapes say");
  n.importer.defineList(n, 0,
                        joined(g, {part(g, *s, zero, from, zero, row), one,
                                   part(g, *s, from, g.simplify(total - from), row, g.simplify(rows - row))}));
}

static void importErase(NodeImport &n) {
  GraphBuilder &g = n.g;
  const Sequence *list = listOf(n, 0);
  auto at = list ? position(n, 1, *list, 0, g.simplify(lengthOf(g, *list) - 1)) : std::nullopt;
  if (!at)
    return;
  if (!list->isPacked() && at->known) {
    Sequence out = *list;
    out.items.erase(out.items.begin() + *at->known);
    return n.importer.defineList(n, 0, out);
  }
  auto s = packedOf(n, *list);
  auto dims = s ? elementDims(g, *s, at->value) : std::nullopt;
  if (!dims)
    return;
  AffineExpr from = offsetOf(g, *s, at->value), size = g.count(*dims), row = scalarExpr(g, at->value);
  AffineExpr total = g.dim(s->data, 0), rows = lengthOf(g, *s), zero = g.expr(0);
  AffineExpr to = g.simplify(from + size);
  requireAtMost(g, to, total, "a sequence has fewer values than its shapes say");
  n.importer.defineList(
      n, 0,
      joined(g, {part(g, *s, zero, from, zero, row),
                 part(g, *s, to, g.simplify(total - to), g.simplify(row + 1), g.simplify(rows - row - 1))}));
}

static void importAt(NodeImport &n) {
  GraphBuilder &g = n.g;
  const Sequence *list = listOf(n, 0);
  if (list && layoutOf(Operand(*list)).rank == -1)
    return n.error("the sequence is empty");
  auto at = list ? position(n, 1, *list, 0, {}) : std::nullopt;
  if (!at)
    return;
  if (!list->isPacked() && at->known)
    return n.set(0, list->items[*at->known]);
  auto s = packedOf(n, *list);
  auto dims = s && hasOneRank(n, *s) ? elementDims(g, *s, at->value) : std::nullopt;
  if (!dims)
    return;
  AffineExpr from = offsetOf(g, *s, at->value), size = g.count(*dims);
  requireAtMost(g, g.simplify(from + size), g.dim(s->data, 0), "a sequence has fewer values than its shapes say");
  n.set(0, g.reshape(g.slice(s->data, 0, from, size), *dims));
}

static void importLength(NodeImport &n) {
  if (const Sequence *list = listOf(n, 0))
    n.set(0, n.g.dimScalar(lengthOf(n.g, *list)));
}

/// Elements that are data in number, one behind another: along the first axis they are so
/// already, along others they must be of one shape.
static void concatPacked(NodeImport &n, const Sequence &s, bool isNew) {
  GraphBuilder &g = n.g;
  if (!hasOneRank(n, s))
    return;
  auto axis = n.axis(n.intAttr("axis", 0), s.rank + isNew);
  if (!axis)
    return;
  AffineExpr length = lengthOf(g, s);
  requireAtMost(g, g.expr(1), length, "the sequence is empty");
  auto dims = elementDims(g, s, g.i64(0));
  if (!dims)
    return;
  bool first = !isNew && *axis == 0;
  if (s.rank) {
    Value same = g.create<graph::EqualOp>({s.shapes, g.slice(s.shapes, 0, g.expr(0), g.expr(1))});
    if (first) // may differ along the axis
      same = g.slice(same, 1, g.expr(1), g.expr(s.rank - 1));
    Value all = g.reduce(g.castTo(same, g.b.getI64Type()), graph::ReduceKind::Prod, {0, 1});
    if (Value ok = g.castTo(g.reshape(all, ArrayRef<int64_t>()), g.b.getI1Type()))
      graph::AssertOp::create(g.b, g.loc, ok, "elements of the sequence differ in shape");
  }
  Exprs out = *dims;
  if (first) {
    Value sizes = g.reduce(g.slice(s.shapes, 1, g.expr(0), g.expr(1)), graph::ReduceKind::Sum, {0, 1});
    if (!sizes)
      return;
    out[0] = g.sizeOf(g.reshape(sizes, ArrayRef<int64_t>()), 0);
    requireAtMost(g, g.count(out), g.dim(s.data, 0), "a sequence has fewer values than its shapes say");
    return n.set(0, g.reshape(g.slice(s.data, 0, g.expr(0), g.count(out)), out));
  }
  out.insert(out.begin(), length);
  requireAtMost(g, g.count(out), g.dim(s.data, 0), "a sequence has fewer values than its shapes say");
  Value v = g.reshape(g.slice(s.data, 0, g.expr(0), g.count(out)), out);
  SmallVector<int64_t> perm;
  for (int64_t i = 0; i < int64_t(out.size()); ++i) {
    if (i == *axis)
      perm.push_back(0);
    if (i + 1 < int64_t(out.size()))
      perm.push_back(i + 1);
  }
  v = g.transpose(v, perm);
  if (!isNew) {
    (*dims)[*axis] = g.simplify((*dims)[*axis] * length);
    v = g.reshape(v, *dims);
  }
  n.set(0, v);
}

static void importConcatFrom(NodeImport &n) {
  GraphBuilder &g = n.g;
  const Sequence *list = listOf(n, 0);
  if (!list)
    return;
  bool isNew = n.intAttr("new_axis", 0);
  if (list->isPacked())
    return concatPacked(n, *list, isNew);
  if (list->items.empty())
    return n.error("the sequence is empty");
  auto axis = n.axis(n.intAttr("axis", 0), g.rank(list->items[0]) + isNew);
  if (!axis)
    return;
  SmallVector<Value> parts;
  for (Value v : list->items)
    parts.push_back(isNew ? g.unsqueeze(v, {*axis}) : v);
  n.set(0, g.concat(parts, *axis));
}

namespace {
/// Parts of an axis whose number or sizes only a run knows, as i64 vectors.
struct Parts {
  AffineExpr count;
  Value sizes;                             ///< [count]
  std::function<Value(Value)> startAt;     ///< of the part that holds each of the given positions
  std::function<Value(Value)> sizeAtStart; ///< of the parts that begin there
};
} // namespace

/// Parts of `chunk`, as many as there are; the last may be shorter.
static Parts evenParts(GraphBuilder &g, AffineExpr total, AffineExpr chunk) {
  AffineExpr count = g.simplify(g.ceilDiv(total, chunk));
  Value size = g.dimScalar(chunk), all = g.dimScalar(total);
  auto sizeFrom = [=, &g](Value start) { return g.min(size, g.sub(all, start)); };
  return {count, sizeFrom(g.mul(g.iota(g.b.getI64Type(), count), size)),
          [=, &g](Value q) { return g.mul(g.div(q, size), size); }, sizeFrom};
}

/// Parts of the given sizes, whose number is open.
static Parts givenParts(GraphBuilder &g, AffineExpr total, Value sizes) {
  Type i64 = g.b.getI64Type();
  sizes = g.castTo(sizes, i64);
  Value zero = g.i64(0), sum = g.reduce(sizes, graph::ReduceKind::Sum, {0});
  Value least = g.min(g.reduce(sizes, graph::ReduceKind::Min, {0}), zero);
  Value fits = g.create<graph::AndOp>(
      {g.create<graph::EqualOp>({sum, g.dimScalar(total)}), g.create<graph::EqualOp>({least, zero})});
  if (fits)
    graph::AssertOp::create(g.b, g.loc, g.reshape(fits, ArrayRef<int64_t>()),
                            "the parts of a split are not those of the axis");
  Value ends = cumulative(g, sizes, 0, "cumsum"), starts = g.sub(ends, sizes);
  auto partOf = [=, &g](Value q) { // as many parts end before it
    Value isPast = g.create<graph::LessEqualOp>({g.unsqueeze(ends, {0}), g.unsqueeze(q, {1})});
    return g.squeeze(g.reduce(g.castTo(isPast, i64), graph::ReduceKind::Sum, {1}), {1});
  };
  return {g.dim(sizes, 0), sizes, [=, &g](Value q) { return g.gather(starts, partOf(q), 0); },
          [=, &g](Value start) { return g.gather(sizes, partOf(start), 0); }};
}

/// The parts of an axis in packed form. Each value goes where its part, row and place in
/// the row say.
static void splitToPacked(NodeImport &n, Value x, int64_t axis, const Parts &p, bool keep) {
  GraphBuilder &g = n.g;
  Type i64 = g.b.getI64Type();
  Exprs d = g.dims(x);
  AffineExpr total = d[axis], one = g.expr(1);
  AffineExpr outer = g.count(ArrayRef(d).take_front(axis)), inner = g.count(ArrayRef(d).drop_front(axis + 1));
  auto column = [&](AffineExpr e, AffineExpr rows) { return g.expandTo(g.dimsValue({e}), {rows}); };
  Sequence s;
  s.elem = g.elem(x);
  s.rank = int64_t(d.size()) - !keep;
  SmallVector<Value> columns;
  for (int64_t i = 0; i < int64_t(d.size()); ++i)
    if (i == axis && keep)
      columns.push_back(g.unsqueeze(p.sizes, {1}));
    else if (i != axis)
      columns.push_back(g.unsqueeze(column(d[i], p.count), {1}));
  s.shapes = columns.empty() ? g.splat(i64, {p.count, g.expr(0)}, 0) : g.concat(columns, 1);
  s.data = g.flatten(x);
  if (!graph::isConstant(outer, 1)) {
    Value q = g.iota(i64, total), start = p.startAt(q);
    Value before = g.mul(start, g.dimScalar(g.count({outer, inner})));
    Value line = g.add(g.reshape(g.mul(p.sizeAtStart(start), g.dimScalar(inner)), {one, total}),
                       g.i64(0)); // values of a part in one row of outer
    Value base = g.add(before, g.mul(g.sub(q, start), g.dimScalar(inner)));
    Value row = g.reshape(g.iota(i64, outer), {outer, one});
    Value to = g.add(g.mul(row, line), g.reshape(base, {one, total}));
    to = g.add(g.reshape(to, {outer, total, one}), g.reshape(g.iota(i64, inner), {one, one, inner}));
    AffineExpr count = g.count(x);
    s.data = g.routine("scatter_elements", {s.data, g.flatten(to), s.data}, graph::tensorOf(s.elem, {count}),
                       {one, g.expr(0), g.expr(0), count, count}, one, g.expr(0))[0];
  }
  if (s.data && s.shapes)
    n.importer.defineList(n, 0, s);
}

static void importSplitTo(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), split = n.input(1);
  auto axis = n.axis(n.intAttr("axis", 0), g.rank(x));
  if (!axis)
    return;
  AffineExpr total = g.dim(x, *axis);
  bool keep = n.intAttr("keepdims", 1) || split;
  Exprs sizes;
  if (split && g.rank(split) == 1 && !graph::constantOf(g.dim(split, 0)))
    return splitToPacked(n, x, *axis, givenParts(g, total, split), keep);
  if (split && g.rank(split)) {
    auto given = g.shapeFrom(split);
    if (!given)
      return;
    sizes = *given;
  } else {
    AffineExpr chunk = split ? g.sizeOf(split, 0, 1) : g.expr(1);
    auto known = graph::constantOf(chunk), all = graph::constantOf(total);
    if (known && *known < 1)
      return n.error("split " + Twine(*known));
    if (!known || !all)
      return splitToPacked(n, x, *axis, evenParts(g, total, chunk), keep);
    for (int64_t at = 0; at < *all; at += *known)
      sizes.push_back(g.expr(std::min(*known, *all - at)));
  }
  Sequence out;
  out.elem = g.elem(x), out.rank = g.rank(x) - !keep;
  AffineExpr at = g.expr(0);
  for (AffineExpr size : sizes) {
    AffineExpr next = g.simplify(at + size);
    requireAtMost(g, next, total, "the parts of a split are longer than the axis");
    Value v = g.slice(x, *axis, at, size);
    out.items.push_back(keep ? v : g.squeeze(v, {*axis}));
    at = next;
  }
  requireAtMost(g, total, at, "the parts of a split are shorter than the axis");
  if (!g.hasError())
    n.importer.defineList(n, 0, out);
}

//===-- Optionals ----------------------------------------------------------===//

static void importOptional(NodeImport &n) {
  Operand x = n.importer.operand(n, 0);
  Sequence s;
  if (x.sequence) {
    s = *x.sequence;
  } else if (x.tensor) {
    s.isSequence = false, s.tensor = x.tensor;
    s.elem = n.g.elem(x.tensor), s.rank = n.g.rank(x.tensor);
  } else {
    const onnx::Attribute *attr = n.node.attr("type");
    if (!attr || attr->types.empty())
      return n.error("neither a value nor its type");
    const onnx::Type *type = &attr->types[0];
    s.isSequence = type->kind == onnx::Type::Kind::Sequence && type->inner;
    if (s.isSequence)
      type = type->inner.get();
    s.elem = elementType(type->elem, n.g.b.getContext());
    s.rank = type->hasRank ? int64_t(type->dims.size()) : -1;
    s.isAbsent = true;
  }
  s.isOptional = true;
  n.importer.defineList(n, 0, s);
}

static void importHasElement(NodeImport &n) {
  GraphBuilder &g = n.g;
  Operand x = n.importer.operand(n, 0);
  if (x.sequence && x.sequence->isOptional && x.sequence->present)
    return n.set(0, x.sequence->present);
  n.set(0, g.scalar(g.b.getI1Type(), x && !(x.sequence && x.sequence->isAbsent)));
}

static void importGetElement(NodeImport &n) {
  GraphBuilder &g = n.g;
  Operand x = n.importer.operand(n, 0);
  if (!x.sequence)
    return n.set(0, x.tensor);
  Sequence s = *x.sequence;
  if (s.isAbsent)
    return n.error("the optional is empty");
  if (s.present)
    graph::AssertOp::create(g.b, g.loc, s.present, "the optional is empty");
  if (!s.isSequence)
    return n.set(0, s.tensor);
  s.isOptional = false, s.present = {};
  n.importer.defineList(n, 0, s);
}

void addSequenceImporters(ImportTable &t) {
  t["SequenceEmpty"] = importEmpty, t["SequenceConstruct"] = importConstruct, t["SequenceInsert"] = importInsert;
  t["SequenceErase"] = importErase, t["SequenceAt"] = importAt, t["SequenceLength"] = importLength;
  t["ConcatFromSequence"] = importConcatFrom, t["SplitToSequence"] = importSplitTo, t["Optional"] = importOptional;
  t["OptionalHasElement"] = importHasElement, t["OptionalGetElement"] = importGetElement;
}

} // namespace wick::compiler
