// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upsample and the versions of Resize. Until opset 10 source coordinates were
// plain quotients ("asymmetric"); Resize-10 rounded them down when enlarging and
// up when shrinking, per dim.
//
#include "compiler/frontend/onnx/UpgradeStep.h"
#include <algorithm>
#include <cstring>

namespace wick::onnx {

/// The values of a small constant float tensor.
static std::optional<std::vector<float>> constantFloats(UpgradeStep &step, const std::string &name) {
  const Tensor *tensor = step.constantValue(name);
  if (!tensor || tensor->dtype != DataType::Float || !tensor->owned)
    return std::nullopt;
  std::vector<float> values(tensor->length / sizeof(float));
  if (!values.empty())
    std::memcpy(values.data(), tensor->owned->data(), values.size() * sizeof(float));
  return values;
}

static void upsample7(UpgradeStep &step) {
  Node &node = step.node;
  if (!node.attr("scales")) {
    Attribute scales;
    scales.name = "scales";
    scales.kind = Attribute::Kind::Floats;
    scales.floats = {1, 1, node.floatAttr("height_scale", 1), node.floatAttr("width_scale", 1)};
    node.setAttr(std::move(scales));
  }
  node.removeAttr("height_scale");
  node.removeAttr("width_scale");
  if (node.stringAttr("mode", "nearest") == "bilinear")
    node.setAttr(Attribute::makeString("mode", "linear"));
}

static void upsample9(UpgradeStep &step) {
  auto scales = step.node.floatsAttr("scales");
  step.node.removeAttr("scales");
  if (!scales)
    return step.error("attribute 'scales' is required");
  step.setInput(1, step.floats(*scales));
}

static void upsample10(UpgradeStep &step) { step.node.opType = "Resize"; }

static void resizeAttributes(Node &node, const std::string &mode, bool enlarges) {
  node.setAttr(Attribute::makeString("coordinate_transformation_mode", "asymmetric"));
  if (mode == "nearest")
    node.setAttr(Attribute::makeString("nearest_mode", enlarges ? "floor" : "ceil"));
}

static void resize11(UpgradeStep &step) {
  Node &node = step.node;
  std::string mode = node.stringAttr("mode", "nearest");
  std::string scales = node.input(1);
  auto values = constantFloats(step, scales);
  auto isBelow = [](float f) { return f < 1; };
  bool shrinks = values && std::any_of(values->begin(), values->end(), isBelow);
  bool enlarges = !shrinks || std::any_of(values->begin(), values->end(), [](float f) { return f > 1; });
  if (mode == "nearest" && shrinks && enlarges) {
    // One rounding a node: shrink first, enlarge after.
    std::vector<float> down = *values, up = *values;
    for (float &f : down)
      f = std::min(f, 1.0f);
    for (float &f : up)
      f = std::max(f, 1.0f);
    std::string shrunk =
        step.emit("Resize", {node.input(0), "", step.floats(down)}, {Attribute::makeString("mode", mode)});
    resizeAttributes(step.before.back(), mode, /*enlarges=*/false);
    node.inputs[0] = shrunk;
    scales = step.floats(up);
  }
  resizeAttributes(node, mode, enlarges);
  node.inputs = {node.input(0), "", scales};
}

/// Since opset 13 unused inputs are left out; before, they were empty tensors.
static void resizeEmptyInputs(UpgradeStep &step) {
  Node &node = step.node;
  for (size_t i : {1, 2, 3}) {
    const Tensor *value = node.hasInput(i) ? step.constantValue(node.input(i)) : nullptr;
    if (value && value->numElements() == 0)
      node.inputs[i].clear();
  }
  while (!node.inputs.empty() && node.inputs.back().empty())
    node.inputs.pop_back();
}

/// Opsets from 10 on deprecate Upsample, yet files have it.
static void upsampleAlways(UpgradeStep &step) {
  if (step.node.attr("scales"))
    upsample9(step);
  upsample10(step);
  resize11(step);
}

std::span<const UpgradeRule> resizeUpgradeRules() {
  static constexpr UpgradeRule rules[] = {
      {"Upsample", 7, upsample7},
      {"Upsample", 9, upsample9},
      {"Upsample", 10, upsample10},
      {"Upsample", UpgradeRule::Always, upsampleAlways},
      {"Resize", 11, resize11},
      {"Resize", 13, resizeEmptyInputs},
      {"Resize", UpgradeRule::Always, resizeEmptyInputs},
  };
  return rules;
}

} // namespace wick::onnx
