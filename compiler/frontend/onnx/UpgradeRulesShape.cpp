// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upgrade rules of ops that move data or carry shapes: mostly attributes that
// became inputs.
//
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/UpgradeStep.h"
#include <algorithm>

namespace wick::onnx {

template <size_t Input>
static void axesToInput(UpgradeStep &step) {
  step.attributeToInput("axes", Input);
}

static void pad2(UpgradeStep &step) {
  if (Attribute *pads = step.node.attr("paddings"))
    pads->name = "pads";
}

static void pad11(UpgradeStep &step) {
  Node &node = step.node;
  auto pads = node.intsAttr("pads");
  node.removeAttr("pads");
  step.setInput(1, step.int64s(pads.value_or(std::vector<int64_t>())));
  float value = node.floatAttr("value", 0.0f);
  node.removeAttr("value");
  if (value != 0.0f)
    step.setInput(2, step.scalarLike(value, node.input(0)));
}

static void slice10(UpgradeStep &step) {
  // `axes` last: inputs before it are required.
  Node &node = step.node;
  auto starts = node.intsAttr("starts"), ends = node.intsAttr("ends");
  if (!starts || !ends)
    return step.error("attributes 'starts' and 'ends' are required");
  node.removeAttr("starts");
  node.removeAttr("ends");
  step.setInput(1, step.int64s(*starts));
  step.setInput(2, step.int64s(*ends));
  step.attributeToInput("axes", 3);
}

static void split13(UpgradeStep &step) { step.attributeToInput("split", 1); }

static void split18(UpgradeStep &step) {
  if (!step.node.hasInput(1) && !step.node.attr("num_outputs"))
    step.node.setAttr(Attribute::makeInt("num_outputs", static_cast<int64_t>(step.node.outputs.size())));
}

static void topK10(UpgradeStep &step) {
  const Attribute *k = step.node.attr("k");
  if (!k || k->kind != Attribute::Kind::Int)
    return step.error("attribute 'k' is required");
  step.setInput(1, step.int64s({k->i}));
  step.node.removeAttr("k");
}

static void concat4(UpgradeStep &step) {
  if (!step.node.attr("axis"))
    step.node.setAttr(Attribute::makeInt("axis", 1));
}

static void reshape5(UpgradeStep &step) {
  auto shape = step.node.intsAttr("shape");
  step.node.removeAttr("shape");
  step.setInput(1, step.int64s(shape.value_or(std::vector<int64_t>())));
}

/// Repeated along one axis, `tiles` times; both are scalars computed by the graph.
static void tile6(UpgradeStep &step) {
  Node &node = step.node;
  if (!node.hasInput(2)) // files of the next version's form exist
    return;
  auto oneElement = [&](const std::string &value) {
    std::string integer = step.emit("Cast", {value}, {Attribute::makeInt("to", 7)});
    return step.emit("Reshape", {integer, step.int64s({1})});
  };
  std::string ones = step.emit("ConstantOfShape", {step.rankOf(node.input(0))},
                               {Attribute::makeTensor("value", Tensor::int64s("", {1}))});
  std::string repeats = step.emit("ScatterElements", {ones, oneElement(node.input(2)), oneElement(node.input(1))});
  node.inputs = {node.input(0), repeats};
}

static void scatter11(UpgradeStep &step) { step.node.opType = "ScatterElements"; }

/// Version 8 scans every sample of a batch apart: states [b, ...], inputs and
/// outputs [b, time, ...]. That is a scan over the batch whose body scans over time.
static void scan9(UpgradeStep &step) {
  Node &node = step.node;
  if (node.hasInput(0))
    return step.error("'sequence_lens' of version 8 is not supported");
  const Graph *body = node.graphAttr("body");
  int64_t scanned = node.intAttr("num_scan_inputs", 0);
  int64_t carried = static_cast<int64_t>(node.inputs.size()) - 1 - scanned;
  if (!body || scanned < 1 || carried < 0)
    return step.error("attributes 'body' and 'num_scan_inputs' do not fit the inputs");
  node.inputs.erase(node.inputs.begin());

  Node inner;
  inner.opType = "Scan";
  inner.name = node.displayName() + "/Scan";
  inner.index = node.index;
  inner.opset = upgradeTarget(); // subgraphs have been upgraded by now
  inner.attrs.push_back(*node.attr("body"));
  inner.attrs.push_back(Attribute::makeInt("num_scan_inputs", scanned));
  if (auto directions = node.intsAttr("directions"))
    inner.attrs.push_back(Attribute::makeInts("scan_input_directions", *directions));
  Graph outer;
  outer.name = node.displayName() + "/batch";
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    inner.inputs.push_back(step.fresh("sample"));
    outer.inputs.push_back({inner.inputs.back(), {}});
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    inner.outputs.push_back(step.fresh("result"));
    outer.outputs.push_back({inner.outputs.back(), {}});
  }
  outer.nodes.push_back(std::move(inner));
  Attribute bodyAttribute;
  bodyAttribute.name = "body";
  bodyAttribute.kind = Attribute::Kind::Graph;
  bodyAttribute.graphs.push_back(std::move(outer));
  node.attrs = {std::move(bodyAttribute), Attribute::makeInt("num_scan_inputs", carried + scanned)};
}

/// Constant has one form: `value`. Sparse values were made dense when read.
static void constantForms(UpgradeStep &step) {
  Node &node = step.node;
  for (Attribute &a : node.attrs) {
    Tensor value;
    if (a.name == "value_float")
      value = Tensor::make<float>("", DataType::Float, {}, {a.f});
    else if (a.name == "value_floats")
      value = Tensor::make("", DataType::Float, {static_cast<int64_t>(a.floats.size())}, a.floats);
    else if (a.name == "value_int")
      value = Tensor::int64Scalar("", a.i);
    else if (a.name == "value_ints")
      value = Tensor::int64s("", a.ints);
    else if (a.name == "value_string" || a.name == "value_strings") {
      value.dtype = DataType::String;
      value.strings = a.name == "value_string" ? std::vector<std::string>{a.s} : a.strings;
      if (a.name == "value_strings")
        value.dims = {static_cast<int64_t>(a.strings.size())};
    } else if (a.name == "sparse_value" && !a.tensors.empty())
      value = a.tensors.front();
    else
      continue;
    a = Attribute::makeTensor("value", std::move(value));
    return;
  }
}

std::span<const UpgradeRule> shapeUpgradeRules() {
  static constexpr UpgradeRule rules[] = {
      {"Squeeze", 13, axesToInput<1>},
      {"Unsqueeze", 13, axesToInput<1>},
      {"ReduceSum", 13, axesToInput<1>},
      {"ReduceL1", 18, axesToInput<1>},
      {"ReduceL2", 18, axesToInput<1>},
      {"ReduceLogSum", 18, axesToInput<1>},
      {"ReduceLogSumExp", 18, axesToInput<1>},
      {"ReduceMax", 18, axesToInput<1>},
      {"ReduceMean", 18, axesToInput<1>},
      {"ReduceMin", 18, axesToInput<1>},
      {"ReduceProd", 18, axesToInput<1>},
      {"ReduceSumSquare", 18, axesToInput<1>},
      {"Pad", 2, pad2},
      {"Pad", 11, pad11},
      {"Slice", 10, slice10},
      {"Split", 13, split13},
      {"Split", 18, split18},
      {"TopK", 10, topK10},
      {"Concat", 4, concat4},
      {"Reshape", 5, reshape5},
      {"Tile", 6, tile6},
      {"Scatter", 11, scatter11},
      {"Scatter", UpgradeRule::Always, scatter11},
      {"Scan", 9, scan9},
      {"Constant", UpgradeRule::Always, constantForms},
  };
  return rules;
}

} // namespace wick::onnx
