// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of rows: functions of this folder, and rows of the op records. What holds
// for all is done around the row: quantized operands and the end of a failed call.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

void addRows(AtenTable &t, AtenFn fn, ArrayRef<StringRef> names, OnQuantized quant) {
  for (StringRef name : names)
    t[name] = {fn, quant, nullptr};
}

void addComplex(AtenTable &t, AtenFn fn, ArrayRef<StringRef> names) {
  for (StringRef name : names) {
    auto it = t.find(name);
    assert(it != t.end() && "what a row does for complex numbers, without the row");
    it->second.onComplex = fn ? fn : it->second.fn;
  }
}

//===-- Rows of the records ------------------------------------------------===//

namespace {
struct RecordRow {
  enum How { Keep, Float, Bool };
  const char *aten, *op;
  How how;
  SmallVector<size_t, 3> operands; ///< argument of each operand
  struct Attr {
    size_t arg;
    const char *name;
  };
  SmallVector<Attr, 2> attrs;
};
} // namespace

static const llvm::StringMap<RecordRow> &recordRows() {
  static const llvm::StringMap<RecordRow> table = [] {
    const RecordRow list[] = {
#include "compiler/frontend/torch/AtenRows.inc"
    };
    llvm::StringMap<RecordRow> t;
    for (const RecordRow &row : list)
      t[row.aten] = row;
    return t;
  }();
  return table;
}

/// "add" of "aten::add_" and "prims::add"; other namespaces stay.
static StringRef plainName(StringRef name) {
  if (!name.consume_front("aten::"))
    name.consume_front("prims::");
  return name;
}

static const AtenTable &rows();
static const AtenRow *findRow(StringRef name) {
  name = plainName(name);
  for (StringRef n : {name, name.ends_with("_") && !name.ends_with("__") ? name.drop_back() : name})
    if (auto it = rows().find(n); it != rows().end())
      return &it->second;
  return nullptr;
}

static void importRecord(AtenCall &c) {
  StringRef name = plainName(c.name);
  auto it = recordRows().find(name);
  if (it == recordRows().end())
    it = recordRows().find(name.drop_back());
  const RecordRow &row = it->second;
  Type type = promoted(c, row.operands);
  if (row.how == RecordRow::Float)
    type = floatOf(type);
  if (row.how == RecordRow::Bool)
    type = c.g.b.getI1Type();
  SmallVector<Value> operands;
  for (size_t i : row.operands)
    operands.push_back(operandAs(c, i, type));
  SmallVector<NamedAttribute> attrs;
  for (const RecordRow::Attr &a : row.attrs)
    if (c.has(a.arg)) // the record's default is the schema's
      attrs.push_back(c.g.doubleAttr(a.name, c.number(a.arg)));
  c.give(c.g.create(row.op, operands, attrs));
}

void addRecordRows(AtenTable &t) {
  for (auto &row : recordRows())
    t[row.getKey()] = {importRecord, OnQuantized::Wrap, nullptr};
}

//===-- All rows -----------------------------------------------------------===//

static const AtenTable &rows() {
  static const AtenTable table = [] {
    AtenTable t;
    addRecordRows(t), addPointwiseRows(t), addActivationRows(t), addCreationRows(t), addViewRows(t), addMoveRows(t);
    addReduceRows(t), addOrderRows(t), addContractRows(t), addPoolRows(t), addNormRows(t), addAttentionRows(t);
    addRecurrentRows(t), addIndexRows(t), addScatterRows(t), addResizeRows(t), addVisionRows(t), addSignalRows(t);
    addLossRows(t), addQuantizedRows(t), addFourierRows(t), addRegionRows(t), addComplexRows(t);
    return t;
  }();
  return table;
}

static bool isQuantized(const Arg &a) { return a.quant || llvm::any_of(a.list, isQuantized); }

static void dequantizeIn(GraphBuilder &g, Arg &a) {
  if (a.quant)
    a = Arg::of(dequantized(g, a));
  for (Arg &x : a.list)
    dequantizeIn(g, x);
}

static const Arg *firstQuantized(const std::vector<Arg> &args) {
  for (const Arg &a : args) {
    if (a.quant)
      return &a;
    if (const Arg *inner = firstQuantized(a.list))
      return inner;
  }
  return nullptr;
}

static void quantizeLike(AtenCall &c, Arg &a, const Arg &like, Type type, bool move) {
  for (Arg &x : a.list)
    quantizeLike(c, x, like, type, move);
  if (!a.isTensor() || !a.tensor)
    return;
  if (move && c.g.elem(a.tensor) == type)
    a.quant = like.quant;
  else if (!move && isFloat(c.g.elem(a.tensor)))
    a = quantized(c.g, a.tensor, like.quant, type);
}

static void runRow(AtenCall &c) {
  const AtenRow *row = findRow(c.name);
  bool complex = llvm::any_of(c.args, anyComplex);
  if (complex && !row->onComplex)
    return c.fail("complex numbers are not supported here");
  bool island = row->quant != OnQuantized::Aware && llvm::any_of(c.args, isQuantized);
  Arg like;
  Type type;
  bool move = false;
  if (island) {
    like = *firstQuantized(c.args), type = like.tensor ? c.g.elem(like.tensor) : Type();
    // Moves leave integers as they are, unless channels would lose their scales.
    move = row->quant == OnQuantized::Move && like.quant->axis < 0;
    for (Arg &a : c.args)
      if (!move)
        dequantizeIn(c.g, a);
  }
  (complex ? row->onComplex : row->fn)(c);
  if (c.makesComplex && c.results.size() == 1 && c.results[0].tensor && !c.results[0].complex)
    c.results[0] = complexOf(c.g, c.results[0].tensor, partOf(c.g, c.results[0], 1).tensor);
  if (island && !c.g.hasError() && type && row->quant != OnQuantized::Release)
    for (Arg &a : c.results)
      quantizeLike(c, a, like, type, move);
  if (c.g.hasError())
    c.results.clear();
}

std::vector<Arg> callRow(AtenCall &c, StringRef name, std::vector<Arg> args) {
  AtenCall inner{c.g, name, "", std::move(args), {}, c.engine};
  runRow(inner);
  return std::move(inner.results);
}

AtenFn findAten(StringRef name) { return findRow(name) ? runRow : nullptr; }

} // namespace wick::compiler::torch
