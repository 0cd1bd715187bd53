// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The main graph's inputs: element types, dims and the symbols they introduce,
// with the user's --dim and --shape on top.
//
#include "compiler/frontend/onnx/OnnxImporter.h"

using namespace mlir;
namespace wick::compiler {

/// "8" or "1..64"; false when it is neither or empty.
static bool parseRange(StringRef text, std::pair<int64_t, int64_t> &out) {
  auto [lo, hi] = text.split("..");
  if (lo.getAsInteger(10, out.first) || out.first < 0)
    return false;
  if (!text.contains(".."))
    return out.second = out.first, true;
  return !hi.getAsInteger(10, out.second) && out.second >= out.first;
}

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

bool OnnxImporter::overrideShape(const onnx::ValueInfo &input, Exprs &dims) {
  for (const auto &[name, text] : options.shapes) {
    if (name != input.name)
      continue;
    SmallVector<StringRef> parts;
    if (!text.empty())
      StringRef(text).split(parts, 'x');
    if (input.type.hasRank && parts.size() != dims.size()) {
      problems.push_back({true, "", "",
                          "--shape gives " + std::to_string(parts.size()) + " dims for input '" + name + "' of rank " +
                              std::to_string(dims.size())});
      return false;
    }
    dims.resize(parts.size());
    for (auto [i, part] : llvm::enumerate(parts)) {
      int64_t v;
      if (!part.getAsInteger(10, v) && v >= 0)
        dims[i] = g.expr(v);
      else if (part != "?")
        dims[i] = namedDim(part);
      else if (!dims[i])
        dims[i] = namedDim(name + "_d" + std::to_string(i));
    }
    return true;
  }
  return input.type.hasRank;
}

RankedTensorType OnnxImporter::inputType(const onnx::ValueInfo &input) {
  auto refuse = [&](const std::string &why) {
    noteUnsupported("input", input, "input '" + input.name + "' " + why);
    return RankedTensorType();
  };
  if (input.type.kind != onnx::Type::Kind::Tensor)
    return refuse(input.type.kind == onnx::Type::Kind::None ? "has no type" : "is not a tensor");
  Type elem = elementType(input.type.elem, g.b.getContext());
  if (!elem)
    return refuse("has element type " + onnx::dataTypeName(input.type.elem));
  // A name without a letter or digit ("?") names nothing: each such dim is its own.
  auto isName = [](const onnx::Dim &d) {
    return d.kind == onnx::Dim::Kind::Param && llvm::any_of(d.param, [](char c) { return llvm::isAlnum(c); });
  };
  Exprs dims;
  for (auto [i, d] : llvm::enumerate(input.type.dims)) {
    if (d.kind == onnx::Dim::Kind::Value)
      dims.push_back(g.expr(d.value));
    else
      dims.push_back(namedDim(isName(d) ? d.param : input.name + "_d" + std::to_string(i)));
  }
  if (!overrideShape(input, dims))
    return onnx::hasErrors(problems) ? RankedTensorType() : refuse("has no rank; give one with --shape");
  return graph::tensorOf(elem, dims);
}

void OnnxImporter::importInputs() {
  for (const auto &[name, text] : options.dims) {
    std::pair<int64_t, int64_t> range;
    if (parseRange(text, range))
      dimBounds[name] = range;
    else
      problems.push_back({true, "", "", "--dim " + name + "=" + text + ": expected a number or LOW..HIGH"});
  }
  auto fn = cast<func::FuncOp>(entry->getParentOp());
  unsigned n = 0;
  for (const onnx::ValueInfo &input : model.graph.inputs) {
    if (scopes.back().tensors.contains(input.name))
      continue; // an initializer listed as an input is a constant
    RankedTensorType type = inputType(input);
    if (!type) {
      define(input.name, {});
      continue;
    }
    Location file = FileLineColLoc::get(g.b.getContext(), options.modelName, 0, 0);
    auto what = g.b.getStringAttr("input, opset " + Twine(onnx::opsetVersion(model.sourceOpsets, "")));
    auto loc = NameLoc::get(g.b.getStringAttr(input.name), FusedLoc::get({file}, what, g.b.getContext()));
    define(input.name, entry->addArgument(type, loc));
    fn.setType(g.b.getFunctionType(entry->getArgumentTypes(), {}));
    fn.setArgAttr(n++, "wick.name", g.b.getStringAttr(input.name));
  }
}

} // namespace wick::compiler
