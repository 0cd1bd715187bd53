// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an upgrade rule sees: the node, and the means to put nodes before and
// after it. Internal to Upgrade.cpp and UpgradeRules*.cpp.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_UPGRADESTEP_H
#define WICK_COMPILER_FRONTEND_ONNX_UPGRADESTEP_H

#include "compiler/frontend/onnx/Names.h"
#include <span>

namespace wick::onnx {

/// What is known of the values of the graphs around a node.
struct ValueFacts {
  std::unordered_map<std::string, Tensor> constants; ///< initializers, Constant nodes
  std::unordered_map<std::string, DataType> elemTypes;
  std::unordered_set<std::string> used; ///< names that something reads
  bool knowsUses = false;               ///< false: `used` is not complete
};

/// One node on its way up.
class UpgradeStep {
public:
  UpgradeStep(Node &node, const ValueFacts &facts, NameGenerator &names, std::vector<Problem> &problems)
      : node(node), facts(facts), names(names), problems(problems) {}

  Node &node;
  std::vector<Node> before;
  std::vector<Node> after;
  bool dropped = false; ///< the node itself is not kept

  using Attributes = std::vector<Attribute>;

  /// Adds a node of the newest opset before the node and returns its output,
  /// which has a fresh name unless one is given.
  std::string emit(const std::string &opType, std::vector<std::string> inputs, Attributes attributes = {},
                   std::string output = {});
  /// Adds a Constant node.
  std::string constant(Tensor value);
  std::string int64s(const std::vector<int64_t> &values) { return constant(Tensor::int64s("", values)); }
  std::string int64Scalar(int64_t value) { return constant(Tensor::int64Scalar("", value)); }
  std::string floats(const std::vector<float> &values) {
    return constant(Tensor::make("", DataType::Float, {int64_t(values.size())}, values));
  }
  /// A scalar of the element type of `like`: a float constant, converted by
  /// CastLike where that type is not known to be float.
  std::string scalarLike(float value, const std::string &like);
  /// The number of dimensions of a value, as an int64 tensor of shape [1].
  std::string rankOf(const std::string &value) { return emit("Shape", {emit("Shape", {value})}); }

  /// Sets an input, filling the ones before it with "left out".
  void setInput(size_t i, std::string value);
  /// Moves an int-list attribute to an input, when there is one and it is not empty.
  void attributeToInput(const char *attribute, size_t input);
  /// Gives the node's output a fresh name; the old one is returned, to be
  /// computed by a node added behind.
  std::string detachOutput(size_t i);
  void emitAfter(const std::string &opType, std::vector<std::string> inputs, std::string output,
                 Attributes attributes = {});
  /// Replaces the node, whose first output becomes the given op's result.
  void replaceBy(const std::string &opType, std::vector<std::string> inputs, Attributes attributes = {}) {
    emit(opType, std::move(inputs), std::move(attributes), node.output(0));
    dropped = true;
  }

  /// The constant that a name stands for, if it is one.
  const Tensor *constantValue(const std::string &name) const {
    auto it = facts.constants.find(name);
    return it == facts.constants.end() ? nullptr : &it->second;
  }
  /// False only if nothing can read the output.
  bool isUsed(const std::string &name) const { return !name.empty() && (!facts.knowsUses || facts.used.count(name)); }
  std::string fresh(const std::string &suffix) { return names.fresh(node.displayName() + "/" + suffix); }
  void error(std::string message) {
    problems.push_back({true, node.displayName(), node.qualifiedOp(), std::move(message)});
  }

private:
  Node make(const std::string &opType, std::vector<std::string> inputs, Attributes attributes, std::string output);
  const ValueFacts &facts;
  NameGenerator &names;
  std::vector<Problem> &problems;
};

/// Takes a node of `op` from the version below `to` to `to`. Without a function
/// the step changes nothing that matters.
struct UpgradeRule {
  /// Rules at this version are for forms that every opset has more than one of.
  static constexpr int64_t Always = 1 << 20;
  const char *op;
  int64_t to;
  void (*apply)(UpgradeStep &);
};

std::span<const UpgradeRule> mathUpgradeRules();    ///< UpgradeRulesMath.cpp
std::span<const UpgradeRule> shapeUpgradeRules();   ///< UpgradeRulesShape.cpp
std::span<const UpgradeRule> resizeUpgradeRules();  ///< UpgradeRulesResize.cpp
std::span<const UpgradeRule> retiredUpgradeRules(); ///< UpgradeRulesRetired.cpp
/// Steps that only widen types or add optional things: "Op v v v".
std::span<const char *const> trivialUpgrades(); ///< UpgradeTrivial.cpp

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_UPGRADESTEP_H
