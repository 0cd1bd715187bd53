// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instantiates function bodies. The order inside one instantiation matters:
// names of the body are replaced first and attributes bound after that, because a
// graph that comes with an attribute speaks of the caller's names.
//
#include "compiler/frontend/onnx/FunctionExpander.h"
#include "compiler/frontend/onnx/OnnxLib.h"
#include "compiler/frontend/onnx/Serialize.h"
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/WireReader.h"
#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace wick::onnx {

namespace {

/// Finds the value of a function's attribute that the caller does not give.
using DefaultLookUp = std::function<std::optional<Attribute>(const std::string &)>;
using Scope = std::unordered_map<std::string, std::string>;

/// One function body for one call.
class Instantiation {
public:
  Instantiation(const Function &function, const Node &call, DefaultLookUp defaults, bool localFunction,
                NameGenerator &names, std::vector<Problem> &problems)
      : function(function), call(call), defaults(std::move(defaults)), localFunction(localFunction), names(names),
        problems(problems) {}

  std::optional<std::vector<Node>> run();

private:
  bool fail(const std::string &message) {
    problems.push_back({true, call.displayName(), call.qualifiedOp(), message});
    return false;
  }
  std::string fresh(const std::string &name) { return names.fresh(call.displayName() + "/" + name); }
  bool mapSignature(Scope &scope);
  void define(const std::vector<Node> &nodes, Scope &scope);
  bool renameUse(std::string &name, const Scope &scope);
  bool rename(std::vector<Node> &nodes, const Scope &scope);
  bool rename(Graph &graph, Scope scope);
  bool bind(std::vector<Node> &nodes);
  void stamp(std::vector<Node> &nodes, bool top);
  void identity(const std::string &from, const std::string &to) {
    Node node;
    node.opType = "Identity";
    node.inputs = {from};
    node.outputs = {to};
    node.name = call.displayName() + "/Identity";
    node.index = call.index;
    node.opset = upgradeTarget();
    tail.push_back(std::move(node));
  }

  const Function &function;
  const Node &call;
  DefaultLookUp defaults;
  bool localFunction;
  NameGenerator &names;
  std::vector<Problem> &problems;
  std::unordered_map<std::string, unsigned> nodeNames; ///< how often each was given
  std::vector<Node> tail;                              ///< Identity nodes for outputs that pass through
};

bool Instantiation::mapSignature(Scope &scope) {
  std::string which = "function '" + function.name + "'";
  if (call.inputs.size() > function.inputs.size())
    return fail(which + " has " + std::to_string(function.inputs.size()) + " inputs, the call gives " +
                std::to_string(call.inputs.size()));
  if (call.outputs.size() > function.outputs.size())
    return fail(which + " has " + std::to_string(function.outputs.size()) + " outputs, the call takes " +
                std::to_string(call.outputs.size()));
  for (size_t i = 0; i < function.inputs.size(); ++i)
    scope[function.inputs[i]] = call.input(i);
  std::set<std::string> produced;
  for (const Node &node : function.nodes)
    produced.insert(node.outputs.begin(), node.outputs.end());
  for (size_t i = 0; i < function.outputs.size(); ++i) {
    const std::string &formal = function.outputs[i], &actual = call.output(i);
    if (actual.empty())
      continue;
    auto [it, isNew] = scope.try_emplace(formal, actual);
    if (!isNew) { // an input that passes through, or an output named twice
      if (it->second.empty())
        return fail(which + " returns input '" + formal + "', which the call leaves out");
      identity(it->second, actual);
    }
    if (isNew && !produced.count(formal))
      return fail(which + " does not compute its output '" + formal + "'");
  }
  return true;
}

void Instantiation::define(const std::vector<Node> &nodes, Scope &scope) {
  for (const Node &node : nodes)
    for (const std::string &output : node.outputs)
      if (!output.empty() && !scope.count(output))
        scope[output] = fresh(output);
}

bool Instantiation::renameUse(std::string &name, const Scope &scope) {
  if (name.empty())
    return true;
  auto it = scope.find(name);
  if (it != scope.end()) {
    name = it->second;
    return true;
  }
  // A schema's body may hold a caller's subgraph, inlined, that captures names.
  return !localFunction || fail("function '" + function.name + "' uses '" + name + "', which it does not define");
}

bool Instantiation::rename(std::vector<Node> &nodes, const Scope &scope) {
  for (Node &node : nodes) {
    for (std::string &input : node.inputs)
      if (!renameUse(input, scope))
        return false;
    while (!node.inputs.empty() && node.inputs.back().empty())
      node.inputs.pop_back();
    for (std::string &output : node.outputs)
      if (!renameUse(output, scope))
        return false;
    for (Attribute &attribute : node.attrs)
      for (Graph &graph : attribute.graphs)
        if (!rename(graph, scope))
          return false;
  }
  return true;
}

bool Instantiation::rename(Graph &graph, Scope scope) {
  // Inner definitions shadow outer ones of the same name.
  auto defineInner = [&](std::string &name) {
    if (!name.empty())
      name = scope[name] = fresh(name);
  };
  for (ValueInfo &input : graph.inputs)
    defineInner(input.name);
  for (Tensor &tensor : graph.initializers) {
    bool isInput = false;
    for (const ValueInfo &input : graph.inputs) {
      auto it = scope.find(tensor.name);
      isInput |= it != scope.end() && it->second == input.name;
    }
    if (isInput)
      tensor.name = scope[tensor.name];
    else
      defineInner(tensor.name);
  }
  for (Node &node : graph.nodes)
    for (const std::string &output : node.outputs)
      if (!output.empty())
        scope[output] = fresh(output);
  graph.valueInfos.clear();
  if (!rename(graph.nodes, scope))
    return false;
  for (ValueInfo &output : graph.outputs)
    if (!renameUse(output.name, scope))
      return false;
  return true;
}

bool Instantiation::bind(std::vector<Node> &nodes) {
  for (Node &node : nodes) {
    std::vector<Attribute> bound;
    for (Attribute &attribute : node.attrs) {
      if (attribute.refAttrName.empty()) {
        for (Graph &graph : attribute.graphs)
          if (!bind(graph.nodes))
            return false;
        bound.push_back(std::move(attribute));
        continue;
      }
      const Attribute *given = call.attr(attribute.refAttrName);
      std::optional<Attribute> value = given ? *given : defaults(attribute.refAttrName);
      if (!value)
        continue;
      if (attribute.kind != Attribute::Kind::Undefined && attribute.kind != value->kind)
        return fail("attribute '" + attribute.refAttrName + "' has another type than function '" + function.name +
                    "' expects");
      value->name = std::move(attribute.name);
      bound.push_back(std::move(*value));
    }
    node.attrs = std::move(bound);
  }
  return true;
}

void Instantiation::stamp(std::vector<Node> &nodes, bool top) {
  for (Node &node : nodes) {
    node.name = call.displayName() + "/" + (node.name.empty() ? node.opType : node.name);
    if (unsigned number = ++nodeNames[node.name]; number > 1)
      node.name += "_" + std::to_string(number);
    if (top)
      node.index = call.index;
    int64_t version = opsetVersion(function.opsets, node.domain);
    node.opset = version ? version : node.domain.empty() ? upgradeTarget() : 0;
    for (Attribute &attribute : node.attrs)
      for (Graph &graph : attribute.graphs)
        stamp(graph.nodes, false);
  }
}

std::optional<std::vector<Node>> Instantiation::run() {
  Scope scope;
  std::vector<Node> nodes = function.nodes;
  if (!mapSignature(scope))
    return std::nullopt;
  define(nodes, scope);
  if (!rename(nodes, scope))
    return std::nullopt;
  stamp(nodes, true); // before binding: the caller's graphs keep their own
  if (!bind(nodes))
    return std::nullopt;
  nodes.insert(nodes.end(), tail.begin(), tail.end());
  return nodes;
}

/// Expands the calls of one model's functions.
class LocalExpander {
public:
  LocalExpander(Model &model, NameGenerator &names, std::vector<Problem> &problems, size_t maxNodes)
      : names(names), problems(problems), maxNodes(maxNodes), nodeBudget(maxNodes) {
    for (const Function &function : model.functions)
      functions.try_emplace({function.domain, function.name, function.overload}, &function);
  }

  void expand(std::vector<Node> &nodes) {
    std::vector<Node> out;
    out.reserve(nodes.size());
    for (Node &node : nodes)
      expand(std::move(node), out);
    nodes = std::move(out);
  }

private:
  using Key = std::tuple<std::string, std::string, std::string>;

  void expand(Node node, std::vector<Node> &out) {
    for (Attribute &attribute : node.attrs)
      for (Graph &graph : attribute.graphs)
        expand(graph.nodes);
    Key key{node.domain, node.opType, node.overload};
    auto it = functions.find(key);
    if (it == functions.end() || stopped) {
      out.push_back(std::move(node));
      return;
    }
    const Function &function = *it->second;
    auto fail = [&](const std::string &message) {
      problems.push_back({true, node.displayName(), node.qualifiedOp(), message});
      out.push_back(std::move(node));
    };
    if (std::find(stack.begin(), stack.end(), key) != stack.end())
      return fail("function '" + function.name + "' calls itself");
    if (function.nodes.size() > nodeBudget) {
      stopped = true;
      return fail("the model's functions expand to more than " + std::to_string(maxNodes) + " nodes");
    }
    nodeBudget -= function.nodes.size();
    auto defaults = [&](const std::string &name) -> std::optional<Attribute> {
      for (const Attribute &attribute : function.attributeDefaults)
        if (attribute.name == name)
          return attribute;
      return std::nullopt;
    };
    auto body = Instantiation(function, node, defaults, /*localFunction=*/true, names, problems).run();
    if (!body) {
      out.push_back(std::move(node));
      return;
    }
    stack.push_back(key);
    for (Node &inner : *body)
      expand(std::move(inner), out);
    stack.pop_back();
  }

  NameGenerator &names;
  std::vector<Problem> &problems;
  std::map<Key, const Function *> functions;
  std::vector<Key> stack;
  size_t maxNodes;
  size_t nodeBudget;
  bool stopped = false;
};

std::span<const std::byte> asBytes(const std::string &text) {
  return {reinterpret_cast<const std::byte *>(text.data()), text.size()};
}

} // namespace

void expandLocalFunctions(Model &model, NameGenerator &names, std::vector<Problem> &problems, size_t maxNodes) {
  if (model.functions.empty())
    return;
  LocalExpander(model, names, problems, maxNodes).expand(model.graph.nodes);
  if (!hasErrors(problems))
    model.functions.clear();
}

std::optional<std::vector<Node>> expandNode(const Node &node, const std::vector<Type> &inputTypes, NameGenerator &names,
                                            std::vector<Problem> &problems) {
  // Domains other than the default have one version each in the library.
  constexpr int64_t Any = INT32_MAX;
  int64_t version = node.opset ? node.opset : node.domain.empty() ? newestOpset() : Any;
  std::vector<std::string> types;
  for (const Type &type : inputTypes)
    types.push_back(serialize(type));
  std::string error;
  auto serialized = functionBody(node.opType, node.domain, version, serialize(node), types, error);
  auto fail = [&](const std::string &message) {
    problems.push_back({true, node.displayName(), node.qualifiedOp(), message});
    return std::nullopt;
  };
  if (!serialized) {
    if (!error.empty())
      return fail("the op's definition cannot be built: " + error);
    return std::nullopt;
  }
  ReadFunctionResult read = readFunctionBytes(asBytes(*serialized));
  if (!read.function)
    return fail("the op's definition cannot be read: " + (read.problems.empty() ? "" : read.problems.front().message));
  std::optional<Schema> schema = findSchema(node.opType, node.domain, version);
  auto defaults = [&](const std::string &name) -> std::optional<Attribute> {
    if (schema)
      for (const AttributeSchema &attribute : schema->attributes)
        if (attribute.name == name && !attribute.defaultValue.empty())
          return readAttributeBytes(asBytes(attribute.defaultValue));
    return std::nullopt;
  };
  auto nodes = Instantiation(*read.function, node, defaults, /*localFunction=*/false, names, problems).run();
  if (nodes)
    upgradeNodes(*nodes, names, problems);
  return nodes;
}

} // namespace wick::onnx
