// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expansion of model-local functions and of function bodies from the schemas.
//
#include "compiler/frontend/onnx/FunctionExpander.h"
#include "compiler/frontend/onnx/OnnxLib.h"
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/WireReader.h"
#include "test/unit/frontend/WireWriter.h"
#include <gtest/gtest.h>

using namespace wick::onnx;
using namespace wick::onnx::test;

namespace {
struct Expanded {
  Model model;
  std::vector<Problem> problems;
  std::string text() const { return describe(model.graph); }
};
} // namespace

static Expanded expand(const Message &message) {
  Expanded result;
  ReadResult read = readModelBytes(message.span());
  EXPECT_TRUE(read.model.has_value());
  if (!read.model)
    return result;
  result.model = std::move(*read.model);
  NameGenerator names(result.model);
  expandLocalFunctions(result.model, names, result.problems);
  return result;
}

TEST(FunctionExpander, BindsAttributesAndNames) {
  // Two calls; `t` is a name of the body, `alpha` has a default.
  Message f = function(
      "d", "F", {"x"}, {"y"},
      {node("LeakyRelu", {"x"}, {"t"}, {attrRef("alpha", "alpha", 1)}), node("Relu", {"t"}, {"y"}, {}, "last")},
      {opset("", 16)}, {}, {attrFloat("alpha", 0.5f)});
  Expanded result = expand(model(
      graph({node("F", {"a"}, {"t"}, {attrFloat("alpha", 0.25f)}, "one", "d"), node("F", {"t"}, {"b"}, {}, "", "d")},
            {}, {valueInfo("a", 1, {2})}, {valueInfo("b", 1, {2})}),
      13, {f}, {opset("d", 1)}));
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.text(), "graph g(a: float[2]) -> (b: float[2])\n"
                           "  one/LeakyRelu: one/t = LeakyRelu(a) {alpha=0.25}\n"
                           "  one/last: t = Relu(one/t)\n"
                           "  b/LeakyRelu: b/t = LeakyRelu(t) {alpha=0.5}\n"
                           "  b/last: b = Relu(b/t)\n");
  EXPECT_TRUE(result.model.functions.empty());
  EXPECT_EQ(result.model.graph.nodes[0].opset, 16);
  EXPECT_EQ(result.model.graph.nodes[2].index, 1);
}

TEST(FunctionExpander, MissingInputsOutputsAndAttributes) {
  Message f = function(
      "d", "F", {"x", "low", "high"}, {"y", "unused"},
      {node("Clip", {"x", "low", "high"}, {"y"}), node("Dropout", {"x"}, {"unused"}, {attrRef("seed", "seed", 2)})},
      {opset("", 13)}, {"seed"});
  Expanded result = expand(model(
      graph({node("F", {"a", "", "h"}, {"b"}, {}, "n", "d"), node("F", {"a"}, {"", "c"}, {}, "m", "d")}, {}, {}, {}),
      13, {f}));
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.text(), "graph g() -> ()\n"
                           "  n/Clip: b = Clip(a, _, h)\n"
                           "  n/Dropout: n/unused = Dropout(a)\n"
                           "  m/Clip: m/y = Clip(a)\n"
                           "  m/Dropout: c = Dropout(a)\n");
}

TEST(FunctionExpander, OutputsThatPassThrough) {
  Message f = function("d", "F", {"x"}, {"x", "y", "y"}, {node("Relu", {"x"}, {"y"})}, {opset("", 13)});
  Expanded result = expand(model(graph({node("F", {"a"}, {"p", "q", "r"}, {}, "n", "d")}, {}, {}, {}), 13, {f}));
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.text(), "graph g() -> ()\n"
                           "  n/Relu: q = Relu(a)\n"
                           "  n/Identity: p = Identity(a)\n"
                           "  n/Identity: r = Identity(q)\n");
}

TEST(FunctionExpander, NestedCallsAndSubgraphs) {
  Message inner = function("d", "Inner", {"v"}, {"w"}, {node("Neg", {"v"}, {"w"})}, {opset("", 12)});
  Message branch = graph({node("Inner", {"x"}, {"r"}, {}, "", "d")}, {rawTensor<float>("k", 1, {1}, {2})}, {},
                         {valueInfo("r", 1, {2})});
  Message other =
      graph({node("Add", {"x", "k"}, {"r"})}, {rawTensor<float>("k", 1, {1}, {2})}, {}, {valueInfo("r", 1, {2})});
  Message outer =
      function("d", "Outer", {"c", "x"}, {"y"},
               {node("If", {"c"}, {"y"}, {attrGraph("then_branch", branch), attrGraph("else_branch", other)})},
               {opset("", 13), opset("d", 1)});
  Expanded result =
      expand(model(graph({node("Outer", {"c", "a"}, {"b"}, {}, "n", "d")}, {}, {}, {}), 13, {inner, outer}));
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.text(), "graph g() -> ()\n"
                           "  n/If: b = If(c) {then_branch=<graph>, else_branch=<graph>}\n"
                           "    then_branch = graph g() -> (n/r: float[2])\n"
                           "      n/k = float[1]{2}\n"
                           "      n/Inner/Neg: n/r = Neg(a)\n"
                           "    else_branch = graph g() -> (n/r_1: float[2])\n"
                           "      n/k_1 = float[1]{2}\n"
                           "      n/Add: n/r_1 = Add(a, n/k_1)\n");
  const Node &neg = result.model.graph.nodes[0].graphAttr("then_branch")->nodes[0];
  EXPECT_EQ(neg.opset, 12);
}

TEST(FunctionExpander, GraphsOfTheCallerKeepTheirNames) {
  // The branches come as attributes of the call and capture the caller's `t`.
  Message f =
      function("d", "F", {"c"}, {"y"},
               {node("If", {"c"}, {"t"}, {attrRef("then_branch", "body", 5), attrRef("else_branch", "body", 5)}),
                node("Relu", {"t"}, {"y"})},
               {opset("", 13)}, {"body"});
  Message body = graph({node("Neg", {"t"}, {"r"})}, {}, {}, {valueInfo("r", 1, {1})});
  Expanded result =
      expand(model(graph({node("F", {"c"}, {"b"}, {attrGraph("body", body)}, "n", "d")}, {}, {}, {}), 13, {f}));
  EXPECT_TRUE(result.problems.empty());
  const Node &branch = result.model.graph.nodes[0];
  EXPECT_EQ(branch.output(0), "n/t");
  EXPECT_EQ(branch.graphAttr("then_branch")->nodes[0].input(0), "t");
}

TEST(FunctionExpander, ErrorsNameTheCall) {
  auto errorOf = [](const Message &function, std::initializer_list<std::string> inputs = {"a"}) {
    Expanded result = expand(model(graph({node("F", inputs, {"b"}, {}, "n", "d")}, {}, {}, {}), 13, {function}));
    EXPECT_EQ(result.problems.size(), 1u);
    EXPECT_EQ(result.model.graph.nodes.size(), 1u);
    return result.problems.empty() ? "" : result.problems[0].text();
  };
  EXPECT_EQ(errorOf(function("d", "F", {"x"}, {"y"}, {node("F", {"x"}, {"y"}, {}, "", "d")}, {opset("d", 1)})),
            "node 'n/F' (d.F): function 'F' calls itself");
  EXPECT_EQ(errorOf(function("d", "F", {"x"}, {"y"}, {node("Relu", {"z"}, {"y"})}, {opset("", 13)})),
            "node 'n' (d.F): function 'F' uses 'z', which it does not define");
  EXPECT_EQ(errorOf(function("d", "F", {"x"}, {"y"}, {node("Relu", {"x"}, {"z"})}, {opset("", 13)})),
            "node 'n' (d.F): function 'F' does not compute its output 'y'");
  EXPECT_EQ(errorOf(function("d", "F", {"x"}, {"y"}, {node("Relu", {"x"}, {"y"})}, {opset("", 13)}), {"a", "b"}),
            "node 'n' (d.F): function 'F' has 1 inputs, the call gives 2");
}

TEST(FunctionExpander, GrowthIsLimited) {
  // Each of 40 functions calls the next one twice.
  Message m = model(graph({node("F0", {"a"}, {"b"}, {}, "n", "d")}, {}, {}, {}), 13);
  for (int i = 0; i < 40; ++i) {
    std::string next = i == 39 ? "Relu" : "F" + std::to_string(i + 1), domain = i == 39 ? "" : "d";
    m.add(25, function("d", "F" + std::to_string(i), {"x"}, {"y"},
                       {node(next, {"x"}, {"t"}, {}, "", domain), node(next, {"t"}, {"y"}, {}, "", domain)},
                       {opset("", 13), opset("d", 1)}));
  }
  Model big = *readModelBytes(m.span()).model;
  NameGenerator names(big);
  std::vector<Problem> problems;
  expandLocalFunctions(big, names, problems, 1000);
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems[0].message, "the model's functions expand to more than 1000 nodes");
}

static Node makeNode(const std::string &op, std::vector<std::string> inputs) {
  Node made;
  made.opType = op;
  made.inputs = std::move(inputs);
  made.outputs = {"y"};
  made.name = "n";
  return made;
}

static Type floatTensor(std::vector<int64_t> dims) {
  Type type;
  type.kind = Type::Kind::Tensor;
  type.elem = DataType::Float;
  type.hasRank = true;
  for (int64_t dim : dims)
    type.dims.push_back({Dim::Kind::Value, dim, ""});
  return type;
}

static std::string schemaBody(const Node &node, const std::vector<Type> &types) {
  NameGenerator names;
  for (const std::string &name : node.inputs)
    names.reserve(name);
  std::vector<Problem> problems;
  auto nodes = expandNode(node, types, names, problems);
  EXPECT_TRUE(problems.empty());
  std::string out;
  if (nodes)
    for (const Node &inner : *nodes) {
      EXPECT_EQ(inner.opset, upgradeTarget());
      out += describe(inner);
    }
  return out;
}

TEST(FunctionExpander, SchemaBodies) {
  // A fixed body, with a default attribute value of the schema.
  Node hardSwish = makeNode("HardSwish", {"x"});
  EXPECT_EQ(schemaBody(hardSwish, {}), "n/HardSigmoid: n/HS_X = HardSigmoid(x) {alpha=0.166666672, beta=0.5}\n"
                                       "n/Mul: y = Mul(x, n/HS_X)\n");
  Node shrink = makeNode("ThresholdedRelu", {"x"});
  EXPECT_NE(schemaBody(shrink, {floatTensor({2})}).find("value=float[]{1}"), std::string::npos);
  // A body that depends on the inputs that are there.
  Node clip = makeNode("Clip", {"x", "", "high"});
  EXPECT_EQ(schemaBody(clip, {floatTensor({2}), {}, floatTensor({})}),
            "n/Less: n/input_large_than_max = Less(high, x)\n"
            "n/Where: y = Where(n/input_large_than_max, high, x)\n");
  // No body at all.
  EXPECT_EQ(schemaBody(makeNode("Conv", {"x", "w"}), {}), "");
  EXPECT_EQ(schemaBody(makeNode("NoSuchOp", {"x"}), {}), "");
}

TEST(OnnxLib, Schemas) {
  EXPECT_EQ(newestOpset(), upgradeTarget());
  auto clip = findSchema("Clip", "", 28);
  ASSERT_TRUE(clip.has_value());
  EXPECT_EQ(clip->sinceVersion, 13);
  EXPECT_EQ(clip->inputs.size(), 3u);
  EXPECT_EQ(clip->inputs[1].option, FormalParameter::Option::Optional);
  EXPECT_TRUE(clip->hasFunctionBody);
  EXPECT_EQ(findSchema("Clip", "", 7)->inputs.size(), 1u);
  EXPECT_TRUE(findSchema("Upsample", "", 28)->deprecated);
  EXPECT_FALSE(findSchema("Clip", "no.such.domain", 28).has_value());
  EXPECT_EQ(findSchema("Concat", "", 28)->inputs[0].option, FormalParameter::Option::Variadic);
}

TEST(OnnxLib, DamagedNodesAreErrors) {
  std::string error;
  EXPECT_FALSE(functionBody("Clip", "", 28, "\xff\xff", {}, error).has_value());
  EXPECT_EQ(error, "the node cannot be parsed");
}
