// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The opset upgrade: what rules write, in the main graph, subgraphs and expanded
// functions, and that every version that the schemas know is covered.
//
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/FunctionExpander.h"
#include "compiler/frontend/onnx/OnnxLib.h"
#include "compiler/frontend/onnx/WireReader.h"
#include "test/unit/frontend/WireWriter.h"
#include <gtest/gtest.h>
#include <random>

using namespace wick::onnx;
using namespace wick::onnx::test;

/// Upgrades a model and returns its nodes as text, problems first.
static std::string upgraded(const Message &message, Model *out = nullptr) {
  ReadResult read = readModelBytes(message.span());
  if (!read.model)
    return "unreadable: " + read.problems[0].text();
  std::vector<Problem> problems;
  NameGenerator names(*read.model);
  expandLocalFunctions(*read.model, names, problems);
  upgrade(*read.model, names, problems);
  std::string text;
  for (const Problem &problem : problems)
    text += problem.text() + "\n";
  for (const Node &node : read.model->graph.nodes)
    text += describe(node);
  if (out)
    *out = std::move(*read.model);
  return text;
}

/// One node named n at an opset, with float input x of rank 2.
static std::string upgradedNode(int64_t version, const Message &node,
                                std::initializer_list<Message> initializers = {}) {
  return upgraded(model(graph({node}, initializers, {valueInfo("x", 1, {2, 3})}, {valueInfo("y", 1, {})}), version));
}

TEST(Upgrade, AttributesBecomeInputs) {
  EXPECT_EQ(upgradedNode(11, node("Squeeze", {"x"}, {"y"}, {attrInts("axes", {0})}, "n")),
            "n/Constant: n/Constant = Constant() {value=int64[1]{0}}\n"
            "n: y = Squeeze(x, n/Constant)\n");
  EXPECT_EQ(upgradedNode(11, node("Squeeze", {"x"}, {"y"}, {}, "n")), "n: y = Squeeze(x)\n");
  EXPECT_EQ(upgradedNode(17, node("ReduceMean", {"x"}, {"y"}, {attrInts("axes", {-1}), attrInt("keepdims", 0)}, "n")),
            "n/Constant: n/Constant = Constant() {value=int64[1]{-1}}\n"
            "n: y = ReduceMean(x, n/Constant) {keepdims=0}\n");
  EXPECT_EQ(upgradedNode(6, node("Clip", {"x"}, {"y"}, {attrFloat("max", 6)}, "n")),
            "n/Constant: n/Constant = Constant() {value=float[]{6}}\n"
            "n: y = Clip(x, _, n/Constant)\n");
  EXPECT_EQ(upgradedNode(6, node("Clip", {"z"}, {"y"}, {attrFloat("min", 0)}, "n")),
            "n/Constant: n/Constant = Constant() {value=float[]{0}}\n"
            "n/CastLike: n/CastLike = CastLike(n/Constant, z)\n"
            "n: y = Clip(z, n/CastLike)\n");
  EXPECT_EQ(upgradedNode(9, node("Slice", {"x"}, {"y"},
                                 {attrInts("starts", {1}), attrInts("ends", {2}), attrInts("axes", {1})}, "n")),
            "n/Constant: n/Constant = Constant() {value=int64[1]{1}}\n"
            "n/Constant: n/Constant_1 = Constant() {value=int64[1]{2}}\n"
            "n/Constant: n/Constant_2 = Constant() {value=int64[1]{1}}\n"
            "n: y = Slice(x, n/Constant, n/Constant_1, n/Constant_2)\n");
  EXPECT_EQ(upgradedNode(1, node("Pad", {"x"}, {"y"}, {attrInts("paddings", {0, 1, 0, 1})}, "n")),
            "n/Constant: n/Constant = Constant() {value=int64[4]{0, 1, 0, 1}}\n"
            "n: y = Pad(x, n/Constant)\n");
  EXPECT_EQ(upgradedNode(11, node("Split", {"x"}, {"y", "z"}, {}, "n")), "n: y, z = Split(x) {num_outputs=2}\n");
}

TEST(Upgrade, SoftmaxKeepsItsAxisWithAMark) {
  EXPECT_EQ(upgradedNode(11, node("Softmax", {"x"}, {"y"})), "y = Softmax(x) {axis=1, wick_coerce2d=1}\n");
  EXPECT_EQ(upgradedNode(11, node("Softmax", {"x"}, {"y"}, {attrInt("axis", -1)})), "y = Softmax(x) {axis=-1}\n");
  EXPECT_EQ(upgradedNode(13, node("Softmax", {"x"}, {"y"})), "y = Softmax(x)\n");
}

TEST(Upgrade, LegacyBroadcast) {
  EXPECT_EQ(upgradedNode(6, node("Add", {"x", "b"}, {"y"}, {attrInt("broadcast", 1), attrInt("axis", 0)}, "n"),
                         {rawTensor<float>("b", 1, {2}, {1, 2})}),
            "n/Shape: n/Shape = Shape(b)\n"
            "n/Shape: n/Shape_1 = Shape(n/Shape)\n"
            "n/Shape: n/Shape_2 = Shape(x)\n"
            "n/Shape: n/Shape_3 = Shape(n/Shape_2)\n"
            "n/Constant: n/Constant = Constant() {value=int64[1]{0}}\n"
            "n/Sub: n/Sub = Sub(n/Shape_3, n/Constant)\n"
            "n/Sub: n/Sub_1 = Sub(n/Sub, n/Shape_1)\n"
            "n/ConstantOfShape: n/ConstantOfShape = ConstantOfShape(n/Sub_1) {value=int64[1]{1}}\n"
            "n/Shape: n/Shape_4 = Shape(b)\n"
            "n/Concat: n/Concat = Concat(n/Shape_4, n/ConstantOfShape) {axis=0}\n"
            "n/Reshape: n/Reshape = Reshape(b, n/Concat)\n"
            "n: y = Add(x, n/Reshape)\n");
  EXPECT_EQ(upgradedNode(6, node("Mul", {"x", "b"}, {"y"}, {attrInt("broadcast", 1)})), "y = Mul(x, b)\n");
  EXPECT_EQ(upgradedNode(7, node("Mul", {"x", "b"}, {"y"})), "y = Mul(x, b)\n");
}

TEST(Upgrade, ResizeAndUpsample) {
  std::string expected = "n/Constant: n/Constant = Constant() {value=float[4]{1, 1, 2, 2}}\n"
                         "n: y = Resize(x, _, n/Constant) {mode=\"nearest\", "
                         "coordinate_transformation_mode=\"asymmetric\", nearest_mode=\"floor\"}\n";
  Message scales = Message().bytes(1, "scales").varint(20, 6);
  for (float f : {1, 1, 2, 2})
    scales.fixed32(7, f);
  EXPECT_EQ(upgradedNode(7, node("Upsample", {"x"}, {"y"}, {attrString("mode", "nearest"), scales}, "n")), expected);
  // Empty tensors stand for inputs left out in opset 11.
  EXPECT_EQ(upgradedNode(11, node("Resize", {"x", "e", "e", "s"}, {"y"}, {attrString("mode", "linear")}, "n"),
                         {rawTensor<float>("e", 1, {0}, {}), rawTensor<int64_t>("s", 7, {2}, {4, 6})}),
            "n: y = Resize(x, _, _, s) {mode=\"linear\"}\n");
}

TEST(Upgrade, OtherForms) {
  EXPECT_EQ(upgradedNode(1, node("Cast", {"x"}, {"y"}, {attrString("to", "INT64")}, "n")), "n: y = Cast(x) {to=7}\n");
  EXPECT_EQ(upgradedNode(1, node("Cast", {"x"}, {"y"}, {attrString("to", "INT65")}, "n")),
            "node 'n' (Cast): unknown element type 'INT65'\nn: y = Cast(x) {to=\"INT65\"}\n");
  EXPECT_EQ(upgradedNode(1, node("Concat", {"x", "x"}, {"y"})), "y = Concat(x, x) {axis=1}\n");
  EXPECT_EQ(upgradedNode(5, node("Relu", {"x"}, {"y"}, {attrInts("consumed_inputs", {0})})), "y = Relu(x)\n");
  EXPECT_EQ(upgradedNode(28, node("Constant", {}, {"y"}, {attrInts("value_ints", {4, 5})})),
            "y = Constant() {value=int64[2]{4, 5}}\n");
  EXPECT_EQ(upgradedNode(9, node("Scatter", {"x", "i", "u"}, {"y"})), "y = ScatterElements(x, i, u)\n");
  EXPECT_EQ(upgradedNode(7, node("Dropout", {"x"}, {"y", "m"}, {attrFloat("ratio", 0.5f)}, "n")),
            "n: y, m = Dropout(x)\n");
}

TEST(Upgrade, UnusedTrainingOutputsGo) {
  EXPECT_EQ(upgradedNode(9, node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y", "a", "c", "d", "e"})),
            "y = BatchNormalization(x, s, b, m, v)\n");
}

TEST(Upgrade, SubgraphsAndFunctions) {
  Message branch =
      graph({node("Unsqueeze", {"x"}, {"r"}, {attrInts("axes", {0})}, "u")}, {}, {}, {valueInfo("r", 1, {1})});
  Message f = function("d", "F", {"v"}, {"w"}, {node("Clip", {"v"}, {"w"}, {attrRef("min", "low", 1)})}, {opset("", 6)},
                       {"low"});
  Model model;
  std::string text = upgraded(
      test::model(
          graph({node("If", {"c"}, {"a"}, {attrGraph("then_branch", branch), attrGraph("else_branch", branch)}, "i"),
                 node("F", {"x"}, {"y"}, {attrFloat("low", 2)}, "n", "d")},
                {}, {valueInfo("x", 1, {2})}, {}),
          11, {f}),
      &model);
  EXPECT_EQ(text, "i: a = If(c) {then_branch=<graph>, else_branch=<graph>}\n"
                  "  then_branch = graph g() -> (r: float[1])\n"
                  "    u/Constant: u/Constant = Constant() {value=int64[1]{0}}\n"
                  "    u: r = Unsqueeze(x, u/Constant)\n"
                  "  else_branch = graph g() -> (r: float[1])\n"
                  "    u/Constant: u/Constant_1 = Constant() {value=int64[1]{0}}\n"
                  "    u: r = Unsqueeze(x, u/Constant_1)\n"
                  "n/Clip/Constant: n/Clip/Constant = Constant() {value=float[]{2}}\n"
                  "n/Clip: y = Clip(x, n/Clip/Constant)\n");
  EXPECT_EQ(model.opsetVersion(""), upgradeTarget());
}

TEST(Upgrade, NewerModelsAreNoted) {
  EXPECT_EQ(upgradedNode(99, node("Relu", {"x"}, {"y"})),
            "the model imports opset 99, newer than the newest known, 28\ny = Relu(x)\n");
}

TEST(Upgrade, CoversEveryVersion) {
  // Walks each op's versions down from the newest, by asking for the one before.
  ASSERT_GT(opNames("").size(), 150u);
  for (const std::string &op : opNames("")) {
    auto schema = findSchema(op, "", newestOpset());
    ASSERT_TRUE(schema.has_value()) << op;
    for (int64_t version = schema->sinceVersion; version > 1;) {
      auto older = findSchema(op, "", version - 1);
      if (!older)
        break;
      EXPECT_TRUE(upgradeCovers(op, version)) << op << " " << version;
      version = older->sinceVersion;
    }
  }
}

TEST(Upgrade, DamagedModelsNeverCrash) {
  Message whole = model(
      graph({node("Add", {"x", "b"}, {"a"}, {attrInt("broadcast", 1), attrInt("axis", 0)}),
             node("PRelu", {"a", "b"}, {"c"}), node("Tile", {"c", "t", "k"}, {"d"}),
             node("Upsample", {"d"}, {"e"}, {attrFloat("height_scale", 2), attrFloat("width_scale", 2)}),
             node("Crop", {"e"}, {"f"}, {attrInts("border", {1, 1, 1, 1})}),
             node("BatchNormalization", {"f", "b", "b", "b", "b"}, {"g"}, {attrInt("spatial", 0)}),
             node("ConstantFill", {"g"}, {"h"}, {attrFloat("value", 2)}), node("F", {"h"}, {"y"}, {}, "", "d"),
             node("LpPool", {"y"}, {"z"}, {attrFloat("p", 2)}),
             node("Scan", {"", "x", "x"}, {"s"}, {attrInt("num_scan_inputs", 1)})},
            {rawTensor<float>("b", 1, {2}, {1, 2})}, {valueInfo("x", 1, {2, 3})}, {valueInfo("z", 1, {})}),
      1,
      {function("d", "F", {"v"}, {"w"},
                {node("GroupNormalization", {"v", "v", "v"}, {"w"}, {attrInt("num_groups", 2)})}, {opset("", 18)})});
  std::mt19937 random(11);
  for (int round = 0; round < 5000; ++round) {
    Message damaged = whole;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips)
      damaged.data[random() % damaged.data.size()] = static_cast<char>(random());
    upgraded(damaged);
  }
}
