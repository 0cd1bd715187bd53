// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upgrade rules of elementwise, normalization and recurrent ops.
//
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/UpgradeStep.h"
#include <algorithm>

namespace wick::onnx {

/// Nothing has more dims; keeps arithmetic on damaged attributes in range.
static constexpr int64_t MaxRank = 1024;

/// Appends as many dims of size 1 to a tensor as take its first dim to position
/// `axis` of a tensor with `target`'s rank. Ranks are computed in the graph, since
/// none is known here; the importer folds that away.
static std::string alignAt(UpgradeStep &step, const std::string &value, const std::string &target, int64_t axis) {
  std::string rank = step.rankOf(value), count;
  if (axis < 0) // ones = -axis - rank(value)
    count = step.emit("Sub", {step.int64s({-axis}), rank});
  else // ones = rank(target) - axis - rank(value)
    count = step.emit("Sub", {step.emit("Sub", {step.rankOf(target), step.int64s({axis})}), rank});
  std::string ones = step.emit("ConstantOfShape", {count}, {Attribute::makeTensor("value", Tensor::int64s("", {1}))});
  std::string shape = step.emit("Concat", {step.emit("Shape", {value}), ones}, {Attribute::makeInt("axis", 0)});
  return step.emit("Reshape", {value, shape});
}

/// Opsets 1 to 6: the second operand is broadcast on request, from `axis` on. Where
/// no axis is given it matches the last dims, as it does now.
static void legacyBroadcast(UpgradeStep &step) {
  Node &node = step.node;
  const Attribute *axis = node.attr("axis");
  if (axis && (axis->i < -MaxRank || axis->i > MaxRank))
    return step.error("axis " + std::to_string(axis->i) + " is out of range");
  if (axis && node.intAttr("broadcast", 0) != 0 && node.hasInput(0) && node.hasInput(1)) {
    const Tensor *other = step.constantValue(node.input(1));
    if (!other || !other->dims.empty())
      node.inputs[1] = alignAt(step, node.input(1), node.input(0), axis->i);
  }
  node.removeAttr("axis");
  node.removeAttr("broadcast");
}

/// A slope of one dim belonged to the channels, dim 1.
static void prelu7(UpgradeStep &step) {
  const Tensor *slope = step.constantValue(step.node.input(1));
  bool aligned = slope && (slope->dims.size() != 1 || slope->dims[0] == 1);
  if (!aligned && step.node.hasInput(1))
    step.node.inputs[1] = alignAt(step, step.node.input(1), step.node.input(0), 1);
}

static void cast6(UpgradeStep &step) {
  const Attribute *to = step.node.attr("to");
  if (!to || to->kind != Attribute::Kind::String)
    return;
  auto type = dataTypeFromName(to->s);
  if (!type)
    return step.error("unknown element type '" + to->s + "'");
  step.node.setAttr(Attribute::makeInt("to", static_cast<int64_t>(*type)));
}

static void clip11(UpgradeStep &step) {
  Node &node = step.node;
  size_t input = 1;
  for (const char *bound : {"min", "max"}) {
    const Attribute *attribute = node.attr(bound);
    if (attribute && attribute->kind == Attribute::Kind::Float)
      step.setInput(input, step.scalarLike(attribute->f, node.input(0)));
    node.removeAttr(bound);
    ++input;
  }
}

static void selu6(UpgradeStep &step) {
  if (!step.node.attr("alpha"))
    step.node.setAttr(Attribute::makeFloat("alpha", 1.6732f));
  if (!step.node.attr("gamma"))
    step.node.setAttr(Attribute::makeFloat("gamma", 1.0507f));
}

static void coerce2d13(UpgradeStep &step) {
  int64_t axis = step.node.intAttr("axis", 1);
  step.node.setAttr(Attribute::makeInt("axis", axis));
  if (axis != -1) // the last dim alone has the same meaning in both
    step.node.setAttr(Attribute::makeInt(Coerce2dAttr, 1));
}

static void dropout7(UpgradeStep &step) { step.node.removeAttr("is_test"); }

/// The mask had the element type of the data.
static void dropout10(UpgradeStep &step) {
  if (step.node.outputs.size() < 2 || !step.isUsed(step.node.output(1)))
    return;
  std::string mask = step.detachOutput(1);
  step.emitAfter("CastLike", {step.node.output(1), step.node.input(0)}, mask);
}

/// The op passed its input through until training became an input. The ratio has
/// no effect without training.
static void dropout12(UpgradeStep &step) { step.node.removeAttr("ratio"); }

static void gemm7(UpgradeStep &step) { step.node.removeAttr("broadcast"); }

static void batchNorm7(UpgradeStep &step) { step.node.removeAttr("is_test"); }

/// With spatial = 0 every element of a sample has statistics of its own.
static void batchNorm9(UpgradeStep &step) {
  Node &node = step.node;
  if (node.intAttr("spatial", 1) != 0 || node.inputs.size() < 5) {
    node.removeAttr("spatial");
    return;
  }
  const std::string x = node.input(0), scale = node.input(1), bias = node.input(2), mean = node.input(3),
                    variance = node.input(4);
  std::string epsilon = step.scalarLike(node.floatAttr("epsilon", 1e-5f), variance);
  std::string deviation = step.emit("Sqrt", {step.emit("Add", {variance, epsilon})});
  std::string normal = step.emit("Div", {step.emit("Sub", {x, mean}), deviation});
  step.replaceBy("Add", {step.emit("Mul", {normal, scale}), bias});
}

/// Training was told by the number of outputs: mean, var, and two saved ones.
static void batchNorm14(UpgradeStep &step) {
  Node &node = step.node;
  for (size_t i = 3; i < node.outputs.size(); ++i)
    if (step.isUsed(node.output(i)))
      return step.error("output " + std::to_string(i) + " ('" + node.output(i) +
                        "') of training does not exist any more");
  if (node.outputs.size() > 1 && (step.isUsed(node.output(1)) || step.isUsed(node.output(2)))) {
    node.setAttr(Attribute::makeInt("training_mode", 1));
    node.outputs.resize(std::min<size_t>(node.outputs.size(), 3));
  } else {
    node.outputs.resize(1);
  }
}

/// Scale and bias were per group: repeat them for the group's channels.
static void groupNorm21(UpgradeStep &step) {
  Node &node = step.node;
  int64_t groups = node.intAttr("num_groups", 0);
  if (groups <= 0 || node.inputs.size() < 3)
    return step.error("num_groups must be positive, is " + std::to_string(groups));
  std::string channels =
      step.emit("Shape", {node.input(0)}, {Attribute::makeInt("start", 1), Attribute::makeInt("end", 2)});
  std::string count = step.int64s({groups});
  std::string shape =
      step.emit("Concat", {count, step.emit("Div", {channels, count})}, {Attribute::makeInt("axis", 0)});
  for (size_t i : {1, 2}) {
    std::string column = step.emit("Unsqueeze", {node.input(i), step.int64s({1})});
    node.inputs[i] = step.emit("Reshape", {step.emit("Expand", {column, shape}), step.int64s({-1})});
  }
}

static void floatToIntP2(UpgradeStep &step) {
  const Attribute *p = step.node.attr("p");
  if (p && p->kind == Attribute::Kind::Float && !(p->f > 0 && p->f < 1e6f))
    return step.error("norm p must be positive, is " + std::to_string(p->f));
  if (p && p->kind == Attribute::Kind::Float)
    step.node.setAttr(Attribute::makeInt("p", static_cast<int64_t>(p->f)));
}

/// Whether Y is computed is told by whether it is named.
static void recurrent7(UpgradeStep &step) { step.node.removeAttr("output_sequence"); }

/// The first version's default direction has a typing error.
static void gru3(UpgradeStep &step) {
  if (step.node.stringAttr("direction", "") == "foward")
    step.node.removeAttr("direction");
}

static void roiAlign16(UpgradeStep &step) {
  step.node.setAttr(Attribute::makeString("coordinate_transformation_mode", "output_half_pixel"));
}

static void gridSample20(UpgradeStep &step) {
  std::string mode = step.node.stringAttr("mode", "bilinear");
  if (mode == "bilinear" || mode == "bicubic")
    step.node.setAttr(Attribute::makeString("mode", mode == "bilinear" ? "linear" : "cubic"));
}

static void dft20(UpgradeStep &step) {
  int64_t axis = step.node.intAttr("axis", 1);
  step.node.removeAttr("axis");
  step.setInput(2, step.int64Scalar(axis));
}

std::span<const UpgradeRule> mathUpgradeRules() {
  static constexpr UpgradeRule rules[] = {
      {"Add", 7, legacyBroadcast},
      {"Sub", 7, legacyBroadcast},
      {"Mul", 7, legacyBroadcast},
      {"Div", 7, legacyBroadcast},
      {"Pow", 7, legacyBroadcast},
      {"And", 7, legacyBroadcast},
      {"Or", 7, legacyBroadcast},
      {"Xor", 7, legacyBroadcast},
      {"Equal", 7, legacyBroadcast},
      {"Greater", 7, legacyBroadcast},
      {"Less", 7, legacyBroadcast},
      {"PRelu", 7, prelu7},
      {"Cast", 6, cast6},
      {"Clip", 11, clip11},
      {"Selu", 6, selu6},
      {"Softmax", 13, coerce2d13},
      {"LogSoftmax", 13, coerce2d13},
      {"Hardmax", 13, coerce2d13},
      {"Dropout", 7, dropout7},
      {"Dropout", 10, dropout10},
      {"Dropout", 12, dropout12},
      {"Gemm", 7, gemm7},
      {"BatchNormalization", 7, batchNorm7},
      {"BatchNormalization", 9, batchNorm9},
      {"BatchNormalization", 14, batchNorm14},
      {"GroupNormalization", 21, groupNorm21},
      {"LpPool", 2, floatToIntP2},
      {"GlobalLpPool", 2, floatToIntP2},
      {"RNN", 7, recurrent7},
      {"LSTM", 7, recurrent7},
      {"GRU", 3, gru3},
      {"GRU", 7, recurrent7},
      {"RoiAlign", 16, roiAlign16},
      {"GridSample", 20, gridSample20},
      {"DFT", 20, dft20},
  };
  return rules;
}

} // namespace wick::onnx
