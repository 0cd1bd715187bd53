// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ONNX importer on small models: rows, shape arithmetic that must vanish, dims,
// control flow, and what is reported when something cannot be imported.
//
#include "ModelText.h"
#include <gtest/gtest.h>

using namespace wick;
using namespace wick::compiler;
using namespace wick::compiler::testing;
using onnx::Attribute;
using onnx::DataType;
using onnx::Tensor;

TEST(Importer, RowsAndNames) {
  onnx::Graph g;
  g.inputs = {tensorInfo("x", DataType::Float, {"batch", "3"})};
  g.outputs = {{"y", {}}};
  g.nodes = {makeNode("Greater", {"x", "zero"}, {"m"}),
             makeNode("LeakyRelu", {"x"}, {"l"}, {Attribute::makeFloat("alpha", 0.25f)}),
             makeNode("Where", {"m", "l", "x"}, {"y"})};
  g.initializers = {Tensor::make<float>("zero", DataType::Float, {}, {0})};
  auto r = import(g);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count("wick.less"), 1u) << r->text; // x > 0 is 0 < x
  EXPECT_EQ(r->count("alpha = 2.500000e-01 : f64"), 1u) << r->text;
  EXPECT_EQ(r->count("wick.name = \"x\""), 1u);
  EXPECT_EQ(r->count("wick.name = \"y\""), 1u);
}

TEST(Importer, ShapeArithmeticVanishes) {
  onnx::Graph g;
  g.inputs = {tensorInfo("x", DataType::Float, {"n", "4", "6"})};
  g.outputs = {{"y", {}}};
  g.initializers = {Tensor::int64Scalar("zero", 0), Tensor::int64s("rest", {-1}), Tensor::int64s("axis", {0})};
  g.nodes = {makeNode("Shape", {"x"}, {"s"}), makeNode("Gather", {"s", "zero"}, {"n"}),
             makeNode("Unsqueeze", {"n", "axis"}, {"n1"}),
             makeNode("Concat", {"n1", "rest"}, {"to"}, {Attribute::makeInt("axis", 0)}),
             makeNode("Reshape", {"x", "to"}, {"y"})};
  auto r = import(g);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count(" = wick."), 1u) << r->text;
  EXPECT_EQ(r->count("affine_map<()[s0] -> (s0, 24)>"), 1u) << r->text;
}

TEST(Importer, ReportsEveryUnsupportedOpOnce) {
  onnx::Graph g;
  g.inputs = {tensorInfo("x", DataType::Float, {"2"})};
  g.outputs = {{"y", {}}};
  g.nodes = {makeNode("Nope", {"x"}, {"a"}), makeNode("Nope", {"x"}, {"b"}), makeNode("Other", {"x"}, {"c"}),
             makeNode("Add", {"a", "c"}, {"y"})};
  auto r = import(g);
  EXPECT_EQ(r->result.kind, ImportResult::Kind::Unsupported);
  EXPECT_EQ(r->result.problems.size(), 2u) << r->text;
  ASSERT_EQ(r->result.problems[0].context.nodes.size(), 2u) << r->text;
  EXPECT_EQ(r->result.problems[0].context.nodes[1], "node_b");
}

TEST(Importer, InvalidModelIsAnError) {
  onnx::Graph g;
  g.inputs = {tensorInfo("x", DataType::Float, {"2", "3"}), tensorInfo("w", DataType::Float, {"4", "5"})};
  g.outputs = {{"y", {}}};
  g.nodes = {makeNode("MatMul", {"x", "w"}, {"y"})};
  auto r = import(g);
  EXPECT_EQ(r->result.kind, ImportResult::Kind::Error);
  EXPECT_EQ(r->count("inner dims are 3 and 4"), 1u) << r->text;
}

TEST(Importer, DimsThatMustBeEqualBecomeOne) {
  onnx::Graph g;
  g.inputs = {tensorInfo("x", DataType::Float, {"a", "2"}), tensorInfo("y", DataType::Float, {"b", "2"}),
              tensorInfo("z", DataType::Float, {"5", "2"})};
  g.outputs = {{"o", {}}};
  g.nodes = {makeNode("Concat", {"x", "y"}, {"c"}, {Attribute::makeInt("axis", 1)}),
             makeNode("Concat", {"c", "z"}, {"o"}, {Attribute::makeInt("axis", 1)})};
  auto r = import(g);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count("tensor<5x6xf32>"), 3u) << r->text; // concat, return, signature
  EXPECT_FALSE(r->result.problems.empty());              // notes that name the node
}

TEST(Importer, DimAndShapeOptions) {
  onnx::Graph g;
  g.inputs = {tensorInfo("x", DataType::Float, {"a", "b", "?"})};
  g.outputs = {{"y", {}}};
  g.nodes = {makeNode("Relu", {"x"}, {"y"})};
  ImportOptions o;
  o.dims = {{"a", "1..8"}};
  o.shapes = {{"x", "?x7xlen"}};
  auto r = import(g, o);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count("max = 8 : i64, min = 1 : i64, name = \"a\""), 1u) << r->text;
  EXPECT_EQ(r->count("name = \"len\""), 1u) << r->text;
  o.dims = {{"a", "x"}};
  EXPECT_EQ(import(g, o)->result.kind, ImportResult::Kind::Error);
}

static onnx::Graph branch(const char *op, const char *out) {
  onnx::Graph g;
  g.name = out;
  g.nodes = {makeNode(op, {"x"}, {out})};
  g.outputs = {{out, {}}};
  return g;
}

TEST(Importer, IfInlinesWhatIsDecided) {
  onnx::Graph g;
  g.inputs = {tensorInfo("x", DataType::Float, {"n"}), tensorInfo("c", DataType::Bool, {})};
  g.outputs = {{"y", {}}};
  g.initializers = {Tensor::make<uint8_t>("yes", DataType::Bool, {}, {1})};
  auto attrs = [] {
    return std::vector<Attribute>{makeGraphAttr("then_branch", branch("Exp", "t")),
                                  makeGraphAttr("else_branch", branch("Neg", "e"))};
  };
  g.nodes = {makeNode("If", {"yes"}, {"y"}, attrs())};
  auto r = import(g);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count("wick.if"), 0u);
  EXPECT_EQ(r->count("wick.exp"), 1u);
  EXPECT_EQ(r->count("wick.neg"), 0u);
  g.nodes = {makeNode("If", {"c"}, {"y"}, attrs())};
  r = import(g);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count("wick.if"), 1u);
}

TEST(Importer, IfOfDifferentRanksIsSettledByItsUsers) {
  onnx::Graph g, squeeze;
  g.inputs = {tensorInfo("x", DataType::Float, {"1", "n"}), tensorInfo("c", DataType::Bool, {})};
  g.outputs = {{"y", {}}};
  squeeze.initializers = {Tensor::int64s("axes", {0})};
  squeeze.nodes = {makeNode("Squeeze", {"x", "axes"}, {"t"})};
  squeeze.outputs = {{"t", {}}};
  g.initializers = {Tensor::int64s("perm", {0})};
  g.nodes = {makeNode("If", {"c"}, {"i"},
                      {makeGraphAttr("then_branch", squeeze), makeGraphAttr("else_branch", branch("Identity", "e"))}),
             makeNode("Transpose", {"i"}, {"y"}, {Attribute::makeInts("perm", {1, 0})})};
  auto r = import(g);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count("wick.assert"), 1u) << r->text;
  EXPECT_EQ(r->count("condition must be false"), 1u) << r->text;
}

static onnx::Graph doubling() {
  onnx::Graph body;
  body.inputs = {{"i", {}}, {"go", {}}, {"v", {}}};
  body.outputs = {{"again", {}}, {"w", {}}, {"s", {}}};
  body.nodes = {makeNode("Identity", {"go"}, {"again"}), makeNode("Add", {"v", "v"}, {"w"}),
                makeNode("Identity", {"v"}, {"s"})};
  return body;
}

TEST(Importer, LoopsUnrollOrStay) {
  onnx::Graph g;
  g.inputs = {tensorInfo("x", DataType::Float, {"2"}), tensorInfo("n", DataType::Int64, {})};
  g.outputs = {{"y", {}}, {"all", {}}};
  g.initializers = {Tensor::int64Scalar("three", 3), Tensor::make<uint8_t>("yes", DataType::Bool, {}, {1})};
  g.nodes = {makeNode("Loop", {"three", "yes", "x"}, {"y", "all"}, {makeGraphAttr("body", doubling())})};
  auto r = import(g);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count("wick.loop"), 0u);
  EXPECT_EQ(r->count("= wick.add"), 3u) << r->text;
  g.nodes[0].inputs[0] = "n";
  r = import(g);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count("wick.loop"), 1u) << r->text;
}

TEST(Importer, LargeInitializersStayReferences) {
  onnx::Graph g;
  g.inputs = {tensorInfo("x", DataType::Float, {"4", "1000"}), tensorInfo("w", DataType::Float, {"1000", "2"})};
  g.outputs = {{"y", {}}};
  g.initializers = {Tensor::make<float>("w", DataType::Float, {1000, 2}, std::vector<float>(2000, 0.5f))};
  g.nodes = {makeNode("MatMul", {"x", "w"}, {"y"})};
  auto r = import(g);
  ASSERT_EQ(r->result.kind, ImportResult::Kind::Ok) << r->text;
  EXPECT_EQ(r->count("wick.weight"), 1u) << r->text;
  EXPECT_EQ(r->weights.bytes("w0").size(), 8000u);
  EXPECT_EQ(r->weights.name("w0"), "w");
  EXPECT_EQ(r->count("%arg1"), 0u) << "an initializer listed as an input is no argument";
}
