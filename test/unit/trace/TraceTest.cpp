// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types, names and errors of what is recorded; values are tested by test/torch.
//
#include "wick/nn.h"
#include "wick/wick.hpp"

#include "gtest/gtest.h"

#include <cstdio>
#include <unistd.h>

namespace nn = wick::nn;
namespace trace = wick::trace;
using trace::DType;
using trace::Tensor;

TEST(Trace, DimsStaySymbolic) {
  trace::Graph g("t");
  Tensor x = g.input("x", DType::Float32, {"batch", 4, 6});
  EXPECT_EQ(x.type(), "f32[batch, 4, 6]");
  EXPECT_EQ(x.reshape({x.size(0), 4, 2, 3}).transpose(1, 2).type(), "f32[batch, 2, 4, 3]");
  EXPECT_EQ((x * 2 + 1.5).type(), "f32[batch, 4, 6]");
  EXPECT_EQ(trace::softmax(x, -1).type(), "f32[batch, 4, 6]");
  EXPECT_EQ(trace::sum(x, {1, 2}).type(), "f32[batch]");
  EXPECT_EQ((x.to(DType::Int64) / 2).type(), "f32[batch, 4, 6]");
  EXPECT_TRUE(g.errors().empty()) << g.errors()[0];
}

TEST(Trace, ErrorsNameTheLine) {
  trace::Graph g("t");
  Tensor x = g.input("x", DType::Float32, {2, 3});
  unsigned line = __LINE__ + 1;
  Tensor bad = trace::matmul(x, x);
  trace::relu(bad + 1.0); // says nothing more
  ASSERT_EQ(g.errors().size(), 1u);
  EXPECT_EQ(g.errors()[0].find("TraceTest.cpp:" + std::to_string(line) + ": aten::matmul: "), 0u) << g.errors()[0];
  g.output("y", bad);
  EXPECT_FALSE(g.compile("unused.wick").ok);
}

TEST(Trace, NothingIsRecordedAfterCompiling) {
  trace::Graph g("t");
  Tensor x = g.input("x", DType::Float32, {2, 3});
  g.output("y", trace::relu(x));
  std::string path = testing::TempDir() + "wick-trace-used.wgraph";
  EXPECT_TRUE(g.save(path).ok);
  std::remove(path.c_str());
  EXPECT_FALSE(trace::relu(x).given());
  EXPECT_EQ(x.rank(), 0);
  ASSERT_EQ(g.errors().size(), 1u);
  EXPECT_NE(g.errors()[0].find("compiled or saved before"), std::string::npos);
  EXPECT_FALSE(g.save(path).ok);
}

TEST(Trace, NumbersMayStandFirst) {
  trace::Graph g("t");
  Tensor x = g.input("x", DType::Int64, {2, 3});
  EXPECT_EQ((1 - x).type(), "i64[2, 3]");
  EXPECT_EQ((2.0 * x).type(), "f32[2, 3]");
  EXPECT_EQ((1 / x).type(), "f32[2, 3]");
  EXPECT_TRUE(g.errors().empty());
}

TEST(Trace, UnknownOpsAreErrors) {
  trace::Graph g("t");
  trace::call("aten::no_such_op", {g.input("x", DType::Float32, {2})});
  ASSERT_EQ(g.errors().size(), 1u);
  EXPECT_NE(g.errors()[0].find("no_such_op"), std::string::npos);
}

TEST(Trace, ParametersMustBeLoaded) {
  nn::Linear layer(3, 5);
  EXPECT_EQ(layer.parameterNames(), (std::vector<std::string>{"weight", "bias"}));
  trace::Graph g("t");
  layer(g.input("x", DType::Float32, {2, 3}));
  ASSERT_EQ(g.errors().size(), 2u);
  EXPECT_NE(g.errors()[0].find("'weight' has no elements"), std::string::npos) << g.errors()[0];
}

TEST(Trace, WhyAParameterWasNotLoadedIsToldOnce) {
  struct Net : nn::Module {
    nn::Linear &first = child<nn::Linear>("block.first", 3, 5);
    nn::Linear &second = child<nn::Linear>("block.second", 5, 4);
  } net;
  EXPECT_EQ(net.load(wick::StateDict::open("there-is-no-such-file")).size(), 1u);
  trace::Graph g("t");
  unsigned line = __LINE__ + 1;
  net.second(net.first(g.input("x", DType::Float32, {2, 3})));
  ASSERT_EQ(g.errors().size(), 1u);
  EXPECT_EQ(g.errors()[0].find("TraceTest.cpp:" + std::to_string(line) + ": parameter in block.first: "), 0u);
  EXPECT_NE(g.errors()[0].find("there-is-no-such-file"), std::string::npos) << g.errors()[0];
}

TEST(Trace, NamesOfLayersAreThoseOfTorch) {
  nn::LSTM lstm(4, 8, {.layers = 2, .bidirectional = true});
  EXPECT_EQ(lstm.parameterNames().size(), 16u);
  EXPECT_EQ(lstm.parameterNames()[5], "weight_hh_l0_reverse");
  nn::TransformerEncoderLayer layer(8, 2);
  EXPECT_EQ(layer.parameterNames()[0], "self_attn.in_proj_weight");
  nn::Sequential net;
  net.add<nn::Linear>(2, 3);
  net.add([](const Tensor &x, trace::Where w) { return trace::relu(x, w); });
  net.add<nn::Linear>(3, 4);
  EXPECT_EQ(net.parameterNames(), (std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"}));
}

TEST(Trace, SizesThatMustBeEqualWantOneName) {
  trace::Graph g("t");
  Tensor x = g.input("x", DType::Float32, {2, "n"}), y = g.input("y", DType::Float32, {"m", 4});
  unsigned line = __LINE__ + 1;
  g.output("z", trace::matmul(x, y));
  trace::CompileResult done = g.compile("unused.wick");
  ASSERT_FALSE(done.ok);
  ASSERT_EQ(done.messages.size(), 1u);
  EXPECT_EQ(done.messages[0], "matmul (aten::matmul, TraceTest.cpp:" + std::to_string(line) +
                                  "): dim 'm' must be 'n'; give both one name");
}

/// What fails in a run is told with the module's path and the line that recorded it.
TEST(Trace, TheRunningProgramNamesTheLine) {
  struct Sum : nn::Module {
    unsigned line = 0;
    Tensor operator()(const Tensor &a, const Tensor &b) {
      nn::Scope scope(a, *this);
      line = __LINE__ + 1;
      return a + b;
    }
  };
  struct Net : nn::Module {
    Sum &sum = child<Sum>("block.sum");
  } net;
  trace::Graph g("t");
  Tensor x = g.input("x", DType::Float32, {"n", 4}), y = g.input("y", DType::Float32, {"m", 4});
  g.output("z", net.sum(x, y));
  std::string path = testing::TempDir() + "wick-trace-line-" + std::to_string(getpid()) + ".wick";
  ASSERT_TRUE(g.compile(path, {.targets = {"x86-64-v3"}}).ok);
  auto model = wick::Model::open(path.c_str());
  std::remove(path.c_str());
  ASSERT_TRUE(bool(model)) << model.error().message;
  auto session = wick::Session::create(*model);
  std::vector<float> a(8), b(12);
  std::vector<wick::Tensor> given{wick::Tensor::of(std::span(a), {2, 4}), wick::Tensor::of(std::span(b), {3, 4})};
  auto done = session->run(given);
  ASSERT_FALSE(bool(done));
  std::string told = std::string(done.error().node) + ": " + done.error().message;
  EXPECT_NE(told.find("block.sum.add"), std::string::npos) << told;
  EXPECT_NE(told.find("TraceTest.cpp:" + std::to_string(net.sum.line)), std::string::npos) << told;
}
