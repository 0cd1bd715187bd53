// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of importer functions, the table of special importers, and the generic
// importer that follows the rows of the op records.
//
#include "compiler/frontend/onnx/NodeImport.h"

#include "compiler/frontend/onnx/Importer.h"

#include <map>

using namespace mlir;
namespace wick::compiler {

//===-- Types --------------------------------------------------------------===//

Type elementType(onnx::DataType type, MLIRContext *context) {
  Builder b(context);
  auto uns = [&](unsigned w) { return IntegerType::get(context, w, IntegerType::Unsigned); };
  switch (type) {
  case onnx::DataType::Float:
    return b.getF32Type();
  case onnx::DataType::Double:
    return b.getF64Type();
  case onnx::DataType::Float16:
    return b.getF16Type();
  case onnx::DataType::BFloat16:
    return b.getBF16Type();
  case onnx::DataType::Int8:
    return b.getI8Type();
  case onnx::DataType::Int16:
    return b.getI16Type();
  case onnx::DataType::Int32:
    return b.getI32Type();
  case onnx::DataType::Int64:
    return b.getI64Type();
  case onnx::DataType::UInt8:
    return uns(8);
  case onnx::DataType::UInt16:
    return uns(16);
  case onnx::DataType::UInt32:
    return uns(32);
  case onnx::DataType::UInt64:
    return uns(64);
  case onnx::DataType::Bool:
    return b.getI1Type();
  case onnx::DataType::Int4:
    return b.getIntegerType(4);
  case onnx::DataType::UInt4:
    return uns(4);
  case onnx::DataType::Float8E4M3FN:
    return Float8E4M3FNType::get(context);
  case onnx::DataType::Float8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case onnx::DataType::Float8E5M2:
    return Float8E5M2Type::get(context);
  case onnx::DataType::Float8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case onnx::DataType::Float8E8M0:
    return Float8E8M0FNUType::get(context);
  case onnx::DataType::Float4E2M1:
    return Float4E2M1FNType::get(context);
  case onnx::DataType::Int2:
    return b.getIntegerType(2);
  case onnx::DataType::UInt2:
    return uns(2);
  default:
    return {};
  }
}

onnx::DataType dataTypeOf(Type elem) {
  for (int32_t code = 1; code <= int32_t(onnx::DataType::Int2); ++code)
    if (elementType(onnx::DataType(code), elem.getContext()) == elem)
      return onnx::DataType(code);
  return onnx::DataType::Undefined;
}

//===-- Helpers ------------------------------------------------------------===//

std::optional<int64_t> NodeImport::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    error("axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
    return std::nullopt;
  }
  return axis < 0 ? axis + rank : axis;
}

std::optional<SmallVector<int64_t>> NodeImport::constantInts(size_t operand, StringRef what) {
  if (auto ints = g.intsOf(input(operand)))
    return ints;
  if (auto known = g.elementsOf(input(operand))) {
    SmallVector<int64_t> out;
    for (AffineExpr e : *known)
      if (auto c = e ? graph::constantOf(e) : std::nullopt)
        out.push_back(*c);
    if (out.size() == known->size())
      return out;
  }
  unsupported(what + " must be constant");
  return std::nullopt;
}

std::optional<double> NodeImport::constantDouble(size_t operand, StringRef what, double otherwise) {
  if (!input(operand))
    return otherwise;
  if (auto v = g.doubleOf(input(operand)))
    return v;
  unsupported(what + " must be constant");
  return std::nullopt;
}

void NodeImport::openLength(size_t operand, StringRef what) {
  Value v = input(operand);
  std::string dim;
  isRankOpen = true;
  if (v && g.rank(v) > 0)
    if (auto s = dyn_cast<AffineSymbolExpr>(g.dims(v).back()))
      dim = g.symbols[s.getPosition()].name;
  unsupported(what + " '" + (operand < node.inputs.size() ? node.inputs[operand] : "") +
              "' has a length that only a run knows, and the rank of the result depends on it" +
              (dim.empty() ? Twine() : "; fix it with --dim " + Twine(dim) + "=N"));
}

std::optional<SmallVector<int64_t>> NodeImport::axes(size_t operand, int64_t rank,
                                                     std::optional<SmallVector<int64_t>> otherwise) {
  SmallVector<int64_t> list;
  if (input(operand)) {
    auto ints = constantInts(operand, "axes");
    if (!ints)
      return std::nullopt;
    list = *ints;
  } else if (auto attr = intsAttr("axes")) {
    list.assign(attr->begin(), attr->end());
  } else if (otherwise) {
    return otherwise;
  }
  SmallVector<int64_t> out;
  for (int64_t a : list) {
    auto ok = axis(a, rank);
    if (!ok)
      return std::nullopt;
    if (!llvm::is_contained(out, *ok))
      out.push_back(*ok);
  }
  llvm::sort(out);
  return out;
}

//===-- Special importers --------------------------------------------------===//

static const ImportTable &importers() {
  static const ImportTable table = [] {
    ImportTable t;
    addConstantImporters(t), addShapeImporters(t), addMoveImporters(t), addScalarImporters(t), addReduceImporters(t);
    addNormImporters(t), addContractImporters(t), addCausalConvImporters(t), addEinsumImporters(t), addPoolImporters(t),
        addResizeImporters(t);
    addIndexImporters(t), addRoutineImporters(t), addSignalImporters(t), addQuantImporters(t), addRecurrentImporters(t),
        addControlImporters(t), addSequenceImporters(t);
    addContribImporters(t), addContribContractImporters(t), addContribAttentionImporters(t),
        addContribQuantImporters(t);
    return t;
  }();
  return table;
}

ImportFn findImporter(StringRef domain, StringRef op) {
  return importers().lookup(domain.empty() ? op.str() : (domain + "." + op).str());
}

//===-- Rows ---------------------------------------------------------------===//

namespace {
struct OnnxAttr {
  enum Kind { Double, Unit, Bool, Int, Ints };
  const char *from, *to;
  Kind kind;
};
struct OnnxRow {
  const char *domain, *onnxOp, *op;
  SmallVector<unsigned, 4> operands; ///< ONNX input of each operand
  SmallVector<OnnxAttr, 2> attrs;
};
} // namespace

static const llvm::StringMap<OnnxRow> &rows() {
  static const llvm::StringMap<OnnxRow> table = [] {
    const OnnxRow list[] = {
#include "compiler/frontend/onnx/OnnxRows.inc"
    };
    llvm::StringMap<OnnxRow> t;
    for (const OnnxRow &row : list)
      t[(Twine(row.domain) + "." + row.onnxOp).str()] = row;
    return t;
  }();
  return table;
}

std::vector<std::pair<std::string, std::string>> knownOps() {
  std::map<std::string, std::string> all;
  for (const auto &entry : rows())
    all[entry.getKey().ltrim('.').str()] = entry.getValue().op;
  for (const auto &entry : importers())
    all[entry.getKey().str()] = "";
  return {all.begin(), all.end()};
}

bool hasRow(const onnx::Node &node) { return rows().contains(node.domain + "." + node.opType); }

bool importByRow(NodeImport &n) {
  auto it = rows().find(n.node.domain + "." + n.node.opType);
  if (it == rows().end())
    return false;
  const OnnxRow &row = it->second;
  Builder &b = n.g.b;
  SmallVector<NamedAttribute> attrs;
  for (const OnnxAttr &a : row.attrs) {
    const onnx::Attribute *from = n.node.attr(a.from);
    if (!from)
      continue; // the record's default is the schema's
    switch (a.kind) {
    case OnnxAttr::Double:
      attrs.push_back(n.g.doubleAttr(a.to, from->f));
      break;
    case OnnxAttr::Bool:
      attrs.push_back(b.getNamedAttr(a.to, b.getBoolAttr(from->i != 0)));
      break;
    case OnnxAttr::Int:
      attrs.push_back(n.g.intAttr(a.to, from->i));
      break;
    case OnnxAttr::Ints:
      attrs.push_back(n.g.intsAttr(a.to, from->ints));
      break;
    case OnnxAttr::Unit:
      if (from->i)
        attrs.push_back(n.g.unitAttr(a.to));
      break;
    }
  }
  SmallVector<Value> operands;
  for (unsigned i : row.operands)
    operands.push_back(n.input(i));
  n.set(0, n.g.create(row.op, operands, attrs));
  return true;
}

} // namespace wick::compiler
