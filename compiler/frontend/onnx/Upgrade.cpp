// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks graphs and applies the rules to each node in the order of their versions.
// Rules emit nodes of the newest form only, so nothing is upgraded twice.
//
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/UpgradeStep.h"
#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace wick::onnx {

static constexpr int64_t Target = 28;

int64_t upgradeTarget() { return Target; }

Node UpgradeStep::make(const std::string &opType, std::vector<std::string> inputs, Attributes attributes,
                       std::string output) {
  Node made;
  made.opType = opType;
  made.inputs = std::move(inputs);
  made.outputs = {std::move(output)};
  made.attrs = std::move(attributes);
  made.name = node.displayName() + "/" + opType;
  made.index = node.index;
  made.opset = Target;
  return made;
}

std::string UpgradeStep::emit(const std::string &opType, std::vector<std::string> inputs, Attributes attributes,
                              std::string output) {
  if (output.empty())
    output = fresh(opType);
  before.push_back(make(opType, std::move(inputs), std::move(attributes), output));
  return output;
}

std::string UpgradeStep::constant(Tensor value) {
  return emit("Constant", {}, {Attribute::makeTensor("value", std::move(value))});
}

std::string UpgradeStep::scalarLike(float value, const std::string &like) {
  std::string scalar = constant(Tensor::make<float>("", DataType::Float, {}, {value}));
  auto it = facts.elemTypes.find(like);
  if (it != facts.elemTypes.end() && it->second == DataType::Float)
    return scalar;
  return emit("CastLike", {scalar, like});
}

void UpgradeStep::setInput(size_t i, std::string value) {
  if (node.inputs.size() <= i)
    node.inputs.resize(i + 1);
  node.inputs[i] = std::move(value);
}

void UpgradeStep::attributeToInput(const char *attribute, size_t input) {
  auto values = node.intsAttr(attribute);
  node.removeAttr(attribute);
  if (values && !values->empty() && !node.hasInput(input))
    setInput(input, int64s(*values));
}

std::string UpgradeStep::detachOutput(size_t i) {
  std::string old = node.output(i);
  node.outputs[i] = fresh("out");
  return old;
}

void UpgradeStep::emitAfter(const std::string &opType, std::vector<std::string> inputs, std::string output,
                            Attributes attributes) {
  after.push_back(make(opType, std::move(inputs), std::move(attributes), std::move(output)));
}

static std::array<std::span<const UpgradeRule>, 4> allRules() {
  return {mathUpgradeRules(), shapeUpgradeRules(), resizeUpgradeRules(), retiredUpgradeRules()};
}

/// Rules by op, each list in the order of versions.
static const std::unordered_map<std::string_view, std::vector<const UpgradeRule *>> &ruleTable() {
  static const auto table = [] {
    std::unordered_map<std::string_view, std::vector<const UpgradeRule *>> built;
    for (auto rules : allRules())
      for (const UpgradeRule &rule : rules)
        built[rule.op].push_back(&rule);
    for (auto &[op, rules] : built)
      std::sort(rules.begin(), rules.end(), [](const auto *a, const auto *b) { return a->to < b->to; });
    return built;
  }();
  return table;
}

bool upgradeCovers(const std::string &opType, int64_t sinceVersion) {
  auto it = ruleTable().find(opType);
  if (it != ruleTable().end())
    for (const UpgradeRule *rule : it->second)
      if (rule->to == sinceVersion)
        return true;
  for (std::string_view line : trivialUpgrades()) {
    size_t space = line.find(' ');
    if (line.substr(0, space) != opType)
      continue;
    std::string rest = std::string(line.substr(space)) + " ";
    return rest.find(" " + std::to_string(sinceVersion) + " ") != std::string::npos;
  }
  return false;
}

namespace {
class Upgrader {
public:
  Upgrader(int64_t modelOpset, NameGenerator &names, std::vector<Problem> &problems)
      : modelOpset(modelOpset), names(names), problems(problems) {}

  ValueFacts facts;

  void run(Graph &graph) {
    learn(graph);
    run(graph.nodes);
  }
  void run(std::vector<Node> &nodes) {
    std::vector<Node> out;
    out.reserve(nodes.size());
    for (Node &node : nodes) {
      for (Attribute &attribute : node.attrs)
        for (Graph &inner : attribute.graphs)
          run(inner);
      if (node.domain.empty())
        upgradeNode(std::move(node), out);
      else
        out.push_back(std::move(node));
    }
    nodes = std::move(out);
  }
  void countUses(const Graph &graph) {
    for (const ValueInfo &output : graph.outputs)
      facts.used.insert(output.name);
    for (const Node &node : graph.nodes) {
      facts.used.insert(node.inputs.begin(), node.inputs.end());
      for (const Attribute &attribute : node.attrs)
        for (const Graph &inner : attribute.graphs)
          countUses(inner);
    }
  }

private:
  void learn(const Graph &graph) {
    for (const auto *list : {&graph.inputs, &graph.outputs, &graph.valueInfos})
      for (const ValueInfo &info : *list)
        if (info.type.kind == Type::Kind::Tensor)
          facts.elemTypes[info.name] = info.type.elem;
    for (const Tensor &tensor : graph.initializers) {
      facts.elemTypes[tensor.name] = tensor.dtype;
      facts.constants[tensor.name] = tensor;
    }
  }

  void upgradeNode(Node node, std::vector<Node> &out) {
    int64_t version = node.opset ? node.opset : modelOpset;
    UpgradeStep step(node, facts, names, problems);
    // Hints on buffer reuse that the first opsets had on nearly every op.
    if (version < 8)
      node.removeAttr("consumed_inputs");
    while (!step.dropped) {
      const UpgradeRule *rule = nextRule(node.opType, version);
      if (!rule)
        break;
      version = rule->to;
      rule->apply(step);
    }
    node.opset = Target;
    learnConstant(step.before);
    out.insert(out.end(), std::make_move_iterator(step.before.begin()), std::make_move_iterator(step.before.end()));
    if (!step.dropped) {
      learnConstant(node);
      out.push_back(std::move(node));
    }
    out.insert(out.end(), std::make_move_iterator(step.after.begin()), std::make_move_iterator(step.after.end()));
  }

  /// The first rule above a version; ops that change their type go on from there.
  static const UpgradeRule *nextRule(const std::string &op, int64_t version) {
    auto it = ruleTable().find(op);
    if (it != ruleTable().end())
      for (const UpgradeRule *rule : it->second)
        if (rule->to > version)
          return rule;
    return nullptr;
  }

  void learnConstant(const std::vector<Node> &nodes) {
    for (const Node &node : nodes)
      learnConstant(node);
  }
  void learnConstant(const Node &node) {
    if (node.opType != "Constant" || node.outputs.empty())
      return;
    if (const Tensor *value = node.tensorAttr("value")) {
      facts.constants[node.output(0)] = *value;
      facts.elemTypes[node.output(0)] = value->dtype;
    }
  }

  int64_t modelOpset;
  NameGenerator &names;
  std::vector<Problem> &problems;
};
} // namespace

void upgrade(Model &model, NameGenerator &names, std::vector<Problem> &problems) {
  model.sourceOpsets = model.opsets;
  int64_t version = model.opsetVersion("");
  if (version > Target)
    problems.push_back({false,
                        {},
                        {},
                        "the model imports opset " + std::to_string(version) + ", newer than the newest known, " +
                            std::to_string(Target)});
  // A model that imports no default domain has none of its ops, or forgot to say.
  if (version == 0)
    version = Target;
  Upgrader upgrader(version, names, problems);
  upgrader.countUses(model.graph);
  upgrader.facts.knowsUses = true;
  upgrader.run(model.graph);
  bool imported = false;
  for (OpsetImport &opset : model.opsets)
    if (opset.domain.empty()) {
      opset.version = std::max(opset.version, Target);
      imported = true;
    }
  if (!imported)
    model.opsets.push_back({"", Target});
}

void upgradeNodes(std::vector<Node> &nodes, NameGenerator &names, std::vector<Problem> &problems) {
  Upgrader upgrader(Target, names, problems);
  upgrader.run(nodes);
}

} // namespace wick::onnx
