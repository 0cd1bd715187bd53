// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the importer says when a model cannot be imported: every problem with the
// node as the source has it (op, opset, operands, attributes) and what its user can
// do. Problems of one cause are told once, with all their nodes.
//
#include "compiler/frontend/onnx/OnnxImporter.h"

#include "compiler/frontend/onnx/OnnxLib.h"

using namespace mlir;
namespace wick::compiler {

int64_t OnnxImporter::sourceOpset(const onnx::Node &node) const {
  int64_t version = onnx::opsetVersion(model.sourceOpsets, node.domain);
  return version ? version : model.opsetVersion(node.domain);
}

std::string OnnxImporter::typeText(const std::string &name) {
  if (const Sequence *list = lookupList(name)) {
    std::string kind = list->isOptional ? "optional " : "";
    if (!list->isSequence || list->isAbsent)
      return kind + (list->isAbsent ? "that is empty" : "tensor");
    return kind + "sequence of " + (list->isPacked() ? "open length" : std::to_string(list->items.size()));
  }
  for (Scope &scope : llvm::reverse(scopes)) {
    if (auto it = scope.values.find(name); it != scope.values.end() && it->second)
      return onnx::describe(declaredType(it->second, &g.symbols));
    if (auto it = scope.tensors.find(name); it != scope.tensors.end())
      return onnx::describe(*it->second);
    if (scope.broken.contains(name))
      return "not computed";
  }
  return "undefined";
}

/// Values are for the eye: the rest of a long one says nothing more.
static std::string shortened(std::string text) {
  constexpr size_t most = 120;
  if (text.size() > most)
    text = text.substr(0, most) + "...";
  return text;
}

onnx::ProblemContext OnnxImporter::contextOf(const onnx::Node &node) {
  onnx::ProblemContext c;
  c.opset = sourceOpset(node);
  for (const std::string &name : node.inputs)
    c.operands.push_back({name, name.empty() ? "" : shortened(typeText(name))});
  for (const onnx::Attribute &a : node.attrs)
    if (a.kind != onnx::Attribute::Kind::Graph && a.kind != onnx::Attribute::Kind::Graphs)
      c.attributes.push_back({a.name, shortened(onnx::describe(a).substr(a.name.size() + 1))});
  return c;
}

/// What users can do about a refusal. By cause first, then by op.
static std::string hintFor(StringRef op, StringRef why) {
  if (why.contains("must be constant"))
    return "make the value an initializer, or fix the dims that it is computed from with --dim or --shape";
  if (why.contains("element type string") || op.starts_with("String") || op == "RegexFullMatch")
    return "do text processing before the model; packages hold numbers only";
  if (op.starts_with("Random") || op == "Bernoulli" || op == "Multinomial")
    return "draw the random values outside and make them an input of the model";
  if (op.starts_with("ai.onnx.preview.training") || why.contains("training mode"))
    return "export the model for inference";
  if (op.starts_with("ai.onnx.ml"))
    return "classical ML ops are not compiled; cut the model before them";
  if (why.contains("no importer"))
    return "register the op's meaning as a function in the model (local functions are expanded), or cut the model "
           "there";
  if (why.contains("is a sequence") || why.contains("is not a tensor"))
    return "sequences work where their length is known while importing; pass the elements as tensors";
  return "";
}

void OnnxImporter::noteUnsupported(const onnx::Node &node, const std::string &why) {
  unsupported.push_back({node.qualifiedOp(), why, node.displayName(), contextOf(node)});
}

void OnnxImporter::noteUnsupported(const std::string &kind, const onnx::ValueInfo &value, const std::string &why) {
  onnx::ProblemContext c;
  c.opset = onnx::opsetVersion(model.sourceOpsets, "");
  if (!c.opset && !model.sourceOpsets.empty()) // a model of ai.onnx.ml ops alone
    c.opset = model.sourceOpsets[0].version;
  c.operands.push_back({value.name, onnx::describe(value.type)});
  unsupported.push_back({kind, why, value.name, std::move(c)});
}

void OnnxImporter::noteError(const onnx::Node &node, const std::string &why) {
  problems.push_back({true, node.displayName(), node.qualifiedOp(), why, contextOf(node)});
}

void OnnxImporter::rollback(Mark m) {
  problems.resize(m.problems);
  unsupported.resize(m.unsupported);
}

void OnnxImporter::reportUnsupported() {
  std::map<std::pair<std::string, std::string>, size_t> groups;
  for (Unsupported &u : unsupported) {
    auto [it, isNew] = groups.try_emplace({u.op, u.why}, problems.size());
    if (isNew) {
      u.context.hint = hintFor(u.op, u.why);
      problems.push_back({true, u.node, u.op, u.why, std::move(u.context)});
    }
    problems[it->second].context.nodes.push_back(u.node);
  }
}

bool OnnxImporter::isKnownOp(const onnx::Node &node) const {
  if (findImporter(node.domain, node.opType) || hasRow(node))
    return true;
  auto schema = onnx::findSchema(node.opType, node.domain, onnx::newestOpset());
  return schema && schema->hasFunctionBody;
}

void OnnxImporter::explainAsserts(const NodeImport &n, Block *block, Operation *before) {
  std::string text;
  for (Operation *op = before           ? before->getNextNode()
                       : block->empty() ? nullptr
                                        : &block->front();
       op; op = op->getNextNode()) {
    auto check = dyn_cast<graph::AssertOp>(op);
    if (!check || check.getMessage().contains("; operands: "))
      continue;
    if (text.empty())
      for (const auto &[name, type] : contextOf(n.node).operands)
        text += (text.empty() ? "; operands: " : ", ") + (name.empty() ? "none" : name + ": " + type);
    check.setMessage((check.getMessage() + text).str());
  }
}

} // namespace wick::compiler
