// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Experimental ops of the first opsets that are in no newer one but in old files,
// written with today's ops.
//
#include "compiler/frontend/onnx/UpgradeStep.h"
#include <limits>

namespace wick::onnx {

static void affine(UpgradeStep &step) {
  const Node &node = step.node;
  const std::string &x = node.input(0);
  std::string scaled = step.emit("Mul", {x, step.scalarLike(node.floatAttr("alpha", 1), x)});
  step.replaceBy("Add", {scaled, step.scalarLike(node.floatAttr("beta", 0), x)});
}

static void scale(UpgradeStep &step) {
  const std::string &x = step.node.input(0);
  step.replaceBy("Mul", {x, step.scalarLike(step.node.floatAttr("scale", 1), x)});
}

static void scaledTanh(UpgradeStep &step) {
  const Node &node = step.node;
  const std::string &x = node.input(0);
  std::string inner = step.emit("Mul", {x, step.scalarLike(node.floatAttr("beta", 1), x)});
  step.replaceBy("Mul", {step.emit("Tanh", {inner}), step.scalarLike(node.floatAttr("alpha", 1), x)});
}

static void parametricSoftplus(UpgradeStep &step) {
  const Node &node = step.node;
  const std::string &x = node.input(0);
  std::string inner = step.emit("Mul", {x, step.scalarLike(node.floatAttr("beta", 1), x)});
  step.replaceBy("Mul", {step.emit("Softplus", {inner}), step.scalarLike(node.floatAttr("alpha", 1), x)});
}

/// Images [N, C, H, W]: scaled, and a bias for each channel.
static void imageScaler(UpgradeStep &step) {
  const Node &node = step.node;
  const std::string &x = node.input(0);
  std::vector<float> bias = node.floatsAttr("bias").value_or(std::vector<float>());
  int64_t channels = static_cast<int64_t>(bias.size());
  std::string scaled = step.emit("Mul", {x, step.scalarLike(node.floatAttr("scale", 1), x)});
  std::string perChannel =
      step.emit("CastLike", {step.constant(Tensor::make("", DataType::Float, {1, channels, 1, 1}, bias)), x});
  step.replaceBy("Add", {scaled, perChannel});
}

/// Cuts left, top, right, bottom borders off [N, C, H, W], or with `scale` takes
/// that height and width from the top left border on.
static void crop(UpgradeStep &step) {
  const Node &node = step.node;
  auto border = node.intsAttr("border"), size = node.intsAttr("scale");
  if (!border || border->size() != 4)
    return step.error("attribute 'border' must have 4 numbers");
  constexpr int64_t Limit = int64_t(1) << 40;
  for (const auto &list : {*border, size.value_or(std::vector<int64_t>())})
    for (int64_t number : list)
      if (number < 0 || number > Limit)
        return step.error("border or scale " + std::to_string(number) + " is out of range");
  int64_t left = (*border)[0], top = (*border)[1], right = (*border)[2], bottom = (*border)[3];
  // An end of -0 would cut everything.
  auto end = [](int64_t cut) { return cut ? -cut : std::numeric_limits<int64_t>::max(); };
  std::vector<int64_t> ends = {end(bottom), end(right)};
  if (size && size->size() == 2)
    ends = {top + (*size)[0], left + (*size)[1]};
  step.replaceBy("Slice", {node.input(0), step.int64s({top, left}), step.int64s(ends), step.int64s({2, 3})});
}

/// Slice with inputs, before Slice had them.
static void dynamicSlice(UpgradeStep &step) { step.node.opType = "Slice"; }

/// A tensor of one value, its shape given by an attribute or an input.
static void constantFill(UpgradeStep &step) {
  const Node &node = step.node;
  auto type = static_cast<DataType>(node.intAttr("dtype", 1));
  if (node.intsAttr("extra_shape") || (type != DataType::Float && type != DataType::Int64 && type != DataType::Int32))
    return step.error("'extra_shape' and element types but float, int32 and int64 are not supported");
  float value = node.floatAttr("value", 0);
  if (type != DataType::Float && !(value > -2e9f && value < 2e9f))
    return step.error("value " + std::to_string(value) + " is out of range");
  Tensor fill = type == DataType::Float   ? Tensor::make<float>("", type, {1}, {value})
                : type == DataType::Int64 ? Tensor::int64s("", {static_cast<int64_t>(value)})
                                          : Tensor::make<int32_t>("", type, {1}, {static_cast<int32_t>(value)});
  std::string shape;
  if (node.intAttr("input_as_shape", 0))
    shape = node.input(0);
  else if (auto dims = node.intsAttr("shape"))
    shape = step.int64s(*dims);
  else
    shape = step.emit("Shape", {node.input(0)});
  step.replaceBy("ConstantOfShape", {shape}, {Attribute::makeTensor("value", std::move(fill))});
}

std::span<const UpgradeRule> retiredUpgradeRules() {
  constexpr int64_t Always = UpgradeRule::Always;
  static constexpr UpgradeRule rules[] = {
      {"Affine", Always, affine},
      {"Scale", Always, scale},
      {"ScaledTanh", Always, scaledTanh},
      {"ParametricSoftplus", Always, parametricSoftplus},
      {"ImageScaler", Always, imageScaler},
      {"Crop", Always, crop},
      {"DynamicSlice", Always, dynamicSlice},
      {"ConstantFill", Always, constantFill},
  };
  return rules;
}

} // namespace wick::onnx
