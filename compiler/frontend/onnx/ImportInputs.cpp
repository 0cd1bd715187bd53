// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The main graph's inputs: element types, dims and the symbols they introduce,
// with the user's --dim and --shape on top.
//
#include "compiler/frontend/onnx/OnnxImporter.h"

#include "compiler/frontend/InputSizes.h"
#include "dialects/graph/Sources.h"

using namespace mlir;
namespace wick::compiler {

AffineExpr OnnxImporter::namedDim(StringRef name) {
  for (auto it = aliases.find(name.str()); it != aliases.end(); it = aliases.find(name.str()))
    name = it->second; // a chain without cycles, see Importer.cpp
  auto it = dimBounds.find(name.str());
  if (it == dimBounds.end())
    return g.symbols.named(name);
  if (it->second.first == it->second.second)
    return g.expr(it->second.first);
  return g.symbols.named(name, it->second.first, it->second.second);
}

bool OnnxImporter::overrideShape(const onnx::ValueInfo &input, const onnx::Type &type, Exprs &dims) {
  for (const auto &[name, text] : options.shapes) {
    if (name != input.name)
      continue;
    std::string error;
    if (applyShape(g, name, text, type.hasRank, [&](StringRef dim) { return namedDim(dim); }, dims, error))
      return true;
    problems.push_back({true, "", "", error});
    return false;
  }
  return type.hasRank;
}

/// The type of an input that is a tensor, or of the elements of one that is not.
RankedTensorType OnnxImporter::inputType(const onnx::ValueInfo &input, const onnx::Type &type) {
  auto refuse = [&](const std::string &why) {
    noteUnsupported("input", input, "input '" + input.name + "' " + why);
    return RankedTensorType();
  };
  if (type.kind != onnx::Type::Kind::Tensor)
    return refuse(type.kind == onnx::Type::Kind::None
                      ? "has no type"
                      : "is neither a tensor nor an optional nor a sequence of tensors");
  Type elem = elementType(type.elem, g.b.getContext());
  if (!elem)
    return refuse("has element type " + onnx::dataTypeName(type.elem));
  // A name without a letter or digit ("?") names nothing: each such dim is its own.
  auto isName = [](const onnx::Dim &d) {
    return d.kind == onnx::Dim::Kind::Param && llvm::any_of(d.param, [](char c) { return llvm::isAlnum(c); });
  };
  Exprs dims;
  for (auto [i, d] : llvm::enumerate(type.dims)) {
    if (d.kind == onnx::Dim::Kind::Value)
      dims.push_back(g.expr(d.value));
    else
      dims.push_back(namedDim(isName(d) ? d.param : input.name + "_d" + std::to_string(i)));
  }
  if (!overrideShape(input, type, dims))
    return onnx::hasErrors(problems) ? RankedTensorType() : refuse("has no rank; give one with --shape");
  return graph::tensorOf(elem, dims);
}

Value OnnxImporter::addInput(const std::string &name, RankedTensorType type) {
  auto fn = cast<func::FuncOp>(entry->getParentOp());
  Location file = FileLineColLoc::get(g.b.getContext(), options.modelName, 0, 0);
  Location loc = graph::sourceLocation(file, name, {"input", onnx::opsetVersion(model.sourceOpsets, ""), ""});
  Value v = entry->addArgument(type, loc);
  fn.setType(g.b.getFunctionType(entry->getArgumentTypes(), {}));
  fn.setArgAttr(entry->getNumArguments() - 1, "wick.name", g.b.getStringAttr(name));
  return v;
}

/// A sequence or optional: one input for each of its parts (Sequence.h).
void OnnxImporter::importSequenceInput(const onnx::ValueInfo &input) {
  onnx::Type type = input.type;
  Layout layout;
  if (type.kind == onnx::Type::Kind::Optional && type.inner) {
    layout.isOptional = true, layout.kind = Layout::OptionalTensor;
    type = onnx::Type(*type.inner);
  }
  if (type.kind == onnx::Type::Kind::Sequence && type.inner) {
    layout.kind = Layout::Packed;
    type = onnx::Type(*type.inner);
  }
  Type i64 = g.b.getI64Type();
  SmallVector<RankedTensorType> types;
  if (layout.kind == Layout::Packed) { // of the elements' dims only the number matters
    layout.elem = elementType(type.elem, g.b.getContext());
    layout.rank = type.hasRank ? int64_t(type.dims.size()) : -1;
    for (const auto &[name, text] : options.shapes)
      if (name == input.name)
        layout.rank = text.empty() ? 0 : StringRef(text).count('x') + 1;
    if (type.kind != onnx::Type::Kind::Tensor || !layout.elem || layout.rank < 0) {
      std::string why = type.kind == onnx::Type::Kind::Tensor && layout.elem
                            ? "' is a sequence whose elements have no rank; give one with --shape"
                            : "' is a sequence of elements that cannot be held";
      noteUnsupported("input", input, "input '" + input.name + why);
      return define(input.name, {});
    }
    types = {cast<RankedTensorType>(graph::tensorOf(layout.elem, {namedDim(input.name + "_elements")})),
             cast<RankedTensorType>(graph::tensorOf(i64, {namedDim(input.name + "_length"), g.expr(layout.rank)}))};
  } else {
    types.push_back(inputType(input, type));
    if (!types[0])
      return define(input.name, {});
    layout.elem = types[0].getElementType(), layout.rank = types[0].getRank();
  }
  auto names = partNames(input.name, layout);
  if (layout.isOptional)
    types.push_back(RankedTensorType::get({}, g.b.getI1Type()));
  SmallVector<Value> parts;
  for (auto [name, t] : llvm::zip(names, types))
    parts.push_back(addInput(name, t));
  scopes.back().lists[input.name] = *unflatten(parts, layout).sequence;
}

void OnnxImporter::importInputs() {
  for (const auto &[name, text] : options.dims) {
    DimRange range;
    std::string error;
    if (parseDim(name, text, range, error))
      dimBounds[name] = range;
    else
      problems.push_back({true, "", "", error});
  }
  std::vector<std::string> known;
  for (const onnx::ValueInfo &input : model.graph.inputs)
    if (!scopes.back().tensors.contains(input.name)) // an initializer listed as an input is a constant
      known.push_back(input.name);
  for (const auto &[name, text] : options.shapes)
    if (!llvm::is_contained(known, name))
      problems.push_back({true, "", "", noSuchInput(name, known)});
  for (const onnx::ValueInfo &input : model.graph.inputs) {
    if (scopes.back().tensors.contains(input.name))
      continue;
    if (input.type.kind == onnx::Type::Kind::Sequence || input.type.kind == onnx::Type::Kind::Optional) {
      importSequenceInput(input);
      continue;
    }
    RankedTensorType type = inputType(input, input.type);
    define(input.name, type ? addInput(input.name, type) : Value());
  }
}

} // namespace wick::compiler
