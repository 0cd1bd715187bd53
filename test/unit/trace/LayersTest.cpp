// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every layer of nn.h with its options, compiled and run: results are those of torch
// (test/torch/layers.py wrote weights, inputs and results, under the same names).
//
#include "compiler/frontend/torch/archive/StateDict.h"
#include "compiler/pipeline/Driver.h"
#include "wick/nn.h"
#include "wick/wick.hpp"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace nn = wick::nn;
namespace trace = wick::trace;
namespace torch = wick::compiler::torch;
using trace::DType;
using trace::Sizes;
using trace::Tensor;

namespace {
class Layers : public testing::Test {
protected:
  static std::string fixture(const char *name) { return std::string(WICK_FIXTURES) + "/" + name; }

  void SetUp() override {
    auto read = torch::StateDict::open(fixture("values.safetensors"));
    ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
    values = std::move(*read);
    for (const wick::StateDict &dict : dicts)
      ASSERT_EQ(dict.error(), "");
  }

  /// A layer with the weights of its name.
  template <class M, class... Args>
  M &layer(const std::string &name, Args &&...args) {
    auto module = std::make_unique<M>(std::forward<Args>(args)...);
    auto problems = module->load(dicts[0], name + ".");
    if (!problems.empty())
      problems = module->load(dicts[1], name + ".");
    EXPECT_TRUE(problems.empty()) << name << ": " << problems[0];
    M &made = *module;
    modules.push_back(std::move(module));
    return made;
  }
  /// The i-th input of a layer, of its own sizes or of those given.
  Tensor in(const std::string &name, int i, std::vector<trace::Dim> dims = {}) {
    const torch::TensorData *t = values.find(name + ".in" + std::to_string(i));
    if (!t)
      return ADD_FAILURE() << name << " has no input " << i, Tensor();
    if (dims.empty())
      dims.assign(t->sizes().begin(), t->sizes().end());
    DType type = t->dtype() == torch::ScalarType::Long   ? DType::Int64
                 : t->dtype() == torch::ScalarType::Bool ? DType::Bool
                                                         : DType::Float32;
    inputs.push_back(t);
    return graph.input(name + ".in" + std::to_string(i), type, dims);
  }
  void out(const std::string &name, std::initializer_list<Tensor> results) {
    int i = 0;
    for (const Tensor &t : results)
      graph.output(outputs.emplace_back(name + ".out" + std::to_string(i++)), t);
    EXPECT_FALSE(values.find(name + ".out" + std::to_string(i))) << name;
  }
  /// A layer of one input and one output.
  template <class M, class... Args>
  void one(const std::string &name, Args &&...args) {
    out(name, {layer<M>(name, std::forward<Args>(args)...)(in(name, 0))});
  }
  template <class M, class... Args>
  void recurrent(const std::string &name, int states, nn::RecurrentOptions options, Args &&...args) {
    auto &module = layer<M>(name, 3, 4, options, std::forward<Args>(args)...);
    Tensor x = in(name, 0), h = states > 0 ? in(name, 1) : Tensor(), c = states > 1 ? in(name, 2) : Tensor();
    auto [y, hidden, cell] = module(x, h, c);
    cell.given() ? out(name, {y, hidden, cell}) : out(name, {y, hidden});
  }

  /// Compiles the graph, straight or by way of a saved one, runs it and compares all results.
  void run(bool saved = false) {
    for (const std::string &error : graph.errors())
      ADD_FAILURE() << error;
    std::string path = testing::TempDir() + "wick-layers-" + std::to_string(getpid()) + ".wick";
    trace::CompileResult done =
        saved ? graph.save(path + "graph") : graph.compile(path, {.targets = {"x86-64-v3"}, .withGraph = false});
    ASSERT_TRUE(done.ok) << (done.messages.empty() ? "" : done.messages[0]);
    if (saved) {
      wick::compiler::CompileRequest request;
      request.input = path + "graph", request.output = path, request.slices = {"x86-64-v3"};
      auto report = wick::compiler::compile(request);
      std::remove(request.input.c_str());
      ASSERT_EQ(report.outcome, wick::compiler::Outcome::Done) << report.diagnostics[0].text();
    }
    auto model = wick::Model::open(path.c_str());
    std::remove(path.c_str());
    ASSERT_TRUE(bool(model)) << model.error().message;
    auto session = wick::Session::create(*model);
    ASSERT_TRUE(bool(session)) << session.error().message;
    std::vector<wick::Tensor> given;
    std::vector<torch::Bytes> owners;
    for (const torch::TensorData *t : inputs) {
      owners.push_back(llvm::cantFail(t->dense()));
      std::vector<int64_t> dims(t->sizes().begin(), t->sizes().end());
      std::span<const char> bytes(owners.back().data.data(), owners.back().data.size());
      auto as = [&]<class T>(T) { return wick::Tensor::of(std::span((const T *)bytes.data(), t->numel()), dims); };
      given.push_back(t->dtype() == torch::ScalarType::Long   ? as(int64_t())
                      : t->dtype() == torch::ScalarType::Bool ? as(bool())
                                                              : as(float()));
    }
    auto ran = session->run(given);
    ASSERT_TRUE(bool(ran)) << ran.error().message;
    for (size_t i = 0; i < outputs.size(); ++i)
      compare(outputs[i], *session->output(i));
  }

  void compare(const std::string &name, const wick::Tensor &got) {
    const torch::TensorData *want = values.find(name);
    ASSERT_TRUE(want) << "torch gave no " << name;
    ASSERT_EQ(got.dims, std::vector<int64_t>(want->sizes().begin(), want->sizes().end())) << name;
    torch::Bytes bytes = llvm::cantFail(want->dense());
    auto *b = reinterpret_cast<const float *>(bytes.data.data());
    std::span<const float> a = got.as<float>();
    ASSERT_EQ(a.size(), want->numel()) << name;
    for (size_t i = 0; i < a.size(); ++i)
      ASSERT_LE(std::abs(a[i] - b[i]), 2e-5 * std::max(1.0f, std::abs(b[i]))) << name << " at " << i;
  }

  trace::Graph graph{"layers"};
  wick::StateDict dicts[2] = {wick::StateDict::open(fixture("weights.safetensors")),
                              wick::StateDict::open(fixture("weights.pt"))};
  torch::StateDict values;
  std::vector<std::unique_ptr<nn::Module>> modules;
  std::vector<const torch::TensorData *> inputs;
  std::vector<std::string> outputs;
};
} // namespace

TEST_F(Layers, Convolutions) {
  using nn::PaddingMode;
  one<nn::Linear>("linear", 4, 3);
  one<nn::Linear>("linear_plain", 4, 3, false);
  one<nn::Embedding>("embedding", 6, 3);
  one<nn::Conv1d>("conv1d", 4, 6, 3, nn::ConvOptions{.stride = 2, .padding = 1, .groups = 2});
  one<nn::Conv1d>("conv1d_unbatched", 2, 3, 2, nn::ConvOptions{.dilation = 2, .bias = false});
  one<nn::Conv1d>("conv1d_same", 2, 3, 4, nn::ConvOptions{.padding = "same", .dilation = 3});
  one<nn::Conv1d>("conv1d_circular", 2, 3, 3, nn::ConvOptions{.padding = 2, .mode = PaddingMode::Circular});
  one<nn::Conv2d>("conv2d", 2, 4, Sizes{3, 2},
                  nn::ConvOptions{.stride = {1, 2}, .padding = {2, 0}, .dilation = {2, 1}});
  one<nn::Conv2d>("conv2d_depthwise", 3, 6, 3, nn::ConvOptions{.padding = 1, .groups = 3, .bias = false});
  one<nn::Conv2d>("conv2d_valid", 2, 2, 2, nn::ConvOptions{.padding = "valid"});
  one<nn::Conv2d>("conv2d_reflect", 2, 3, 3, nn::ConvOptions{.padding = {1, 2}, .mode = PaddingMode::Reflect});
  one<nn::Conv2d>("conv2d_same_replicate", 2, 2, Sizes{2, 3},
                  nn::ConvOptions{.padding = "same", .mode = PaddingMode::Replicate});
  one<nn::Conv3d>("conv3d", 2, 2, 2, nn::ConvOptions{.stride = {1, 2, 1}, .padding = 1});
  one<nn::Conv3d>("conv3d_same", 1, 2, Sizes{1, 2, 3}, nn::ConvOptions{.padding = "same"});
  one<nn::ConvTranspose1d>("deconv1d", 4, 2, 3,
                           nn::ConvOptions{.stride = 2, .padding = 1, .groups = 2, .outputPadding = 1});
  one<nn::ConvTranspose2d>("deconv2d", 2, 3, Sizes{2, 3},
                           nn::ConvOptions{.stride = {2, 1}, .dilation = {1, 2}, .bias = false});
  one<nn::ConvTranspose3d>("deconv3d", 2, 1, 2, nn::ConvOptions{.stride = 2, .padding = {1, 0, 0}});
  run();
}

TEST_F(Layers, Normalization) {
  one<nn::BatchNorm1d>("batch_norm1d", 3);
  one<nn::BatchNorm2d>("batch_norm2d", 3, nn::BatchNormOptions{.epsilon = 0.01});
  one<nn::BatchNorm3d>("batch_norm3d_plain", 2, nn::BatchNormOptions{.affine = false});
  one<nn::BatchNorm1d>("batch_norm_untracked", 3, nn::BatchNormOptions{.track = false});
  one<nn::InstanceNorm2d>("instance_norm", 2);
  one<nn::InstanceNorm1d>("instance_norm_tracked", 2, nn::BatchNormOptions{});
  one<nn::LayerNorm>("layer_norm", Sizes{3, 4}, nn::NormOptions{.epsilon = 1e-3});
  one<nn::LayerNorm>("layer_norm_no_bias", 4, nn::NormOptions{.bias = false});
  one<nn::LayerNorm>("layer_norm_plain", 4, nn::NormOptions{.affine = false});
  one<nn::GroupNorm>("group_norm", 2, 4);
  one<nn::GroupNorm>("group_norm_plain", 4, 4, nn::NormOptions{.affine = false});
  one<nn::RMSNorm>("rms_norm", Sizes{2, 4});
  one<nn::RMSNorm>("rms_norm_epsilon", 4, 1e-2, false);
  run();
}

TEST_F(Layers, Recurrent) {
  auto each = [&]<class M>(std::string name) {
    recurrent<M>(name, 0, {});
    recurrent<M>(name + "_deep", 0, {.layers = 2, .batchFirst = true, .bidirectional = true});
    recurrent<M>(name + "_no_bias", 0, {.layers = 2, .bias = false});
    recurrent<M>(name + "_unbatched", 0, {.bidirectional = true});
  };
  each.operator()<nn::LSTM>("lstm");
  each.operator()<nn::GRU>("gru");
  each.operator()<nn::RNN>("rnn");
  recurrent<nn::LSTM>("lstm_state", 2, {.layers = 2, .batchFirst = true});
  recurrent<nn::LSTM>("lstm_state_unbatched", 2, {});
  recurrent<nn::GRU>("gru_state", 1, {.bidirectional = true});
  recurrent<nn::RNN>("rnn_relu", 0, {}, true);
  run();
}

TEST_F(Layers, Attention) {
  using nn::AttentionOptions;
  using nn::Masks;
  auto plain = [&](const std::string &name, AttentionOptions o, auto masks) {
    auto &m = layer<nn::MultiheadAttention>(name, 8, 2, o);
    Tensor q = in(name, 0), k = in(name, 1), v = in(name, 2);
    out(name, {m(q, k, v, masks())});
  };
  auto weighted = [&](const std::string &name, AttentionOptions o, auto masks, bool average = true) {
    auto &m = layer<nn::MultiheadAttention>(name, 8, 2, o);
    Tensor q = in(name, 0), k = in(name, 1), v = in(name, 2);
    auto [y, seen] = m.withWeights(q, k, v, masks(), average);
    out(name, {y, seen});
  };
  auto none = [] { return Masks(); };
  plain("mha", {}, none);
  weighted("mha_weights", {}, none);
  weighted("mha_weights_of_heads", {.batchFirst = true}, none, false);
  plain("mha_batch_first", {.bias = false, .batchFirst = true}, none);
  plain("mha_mask", {}, [&] { return Masks{.mask = in("mha_mask", 3)}; });
  plain("mha_mask_float", {}, [&] { return Masks{.mask = in("mha_mask_float", 3)}; });
  plain("mha_mask_of_heads", {}, [&] { return Masks{.mask = in("mha_mask_of_heads", 3)}; });
  plain("mha_padding", {}, [&] { return Masks{.keyPadding = in("mha_padding", 3)}; });
  weighted("mha_both", {}, [&] { return Masks{.mask = in("mha_both", 4), .keyPadding = in("mha_both", 3)}; });
  plain("mha_causal", {}, [&] { return Masks{.causal = true}; });
  plain("mha_other_sizes", {.keyFeatures = 5, .valueFeatures = 3}, none);
  weighted("mha_more_keys", {.addBiasKv = true, .addZeroAttn = true},
           [&] { return Masks{.mask = in("mha_more_keys", 4), .keyPadding = in("mha_more_keys", 3)}; });
  weighted("mha_unbatched", {}, [&] { return Masks{.keyPadding = in("mha_unbatched", 3)}; });

  auto encoder = [&](const std::string &name, nn::EncoderOptions o, auto masks) {
    out(name, {layer<nn::TransformerEncoderLayer>(name, 8, 2, o)(in(name, 0), masks())});
  };
  encoder("encoder", {.hidden = 16}, none);
  encoder("encoder_gelu", {.hidden = 16, .gelu = true, .epsilon = 1e-3, .batchFirst = true}, none);
  encoder("encoder_norm_first", {.hidden = 16, .normFirst = true, .bias = false}, none);
  encoder("encoder_padding", {.hidden = 16, .batchFirst = true},
          [&] { return Masks{.keyPadding = in("encoder_padding", 1)}; });
  encoder("encoder_causal", {.hidden = 16, .batchFirst = true, .normFirst = true},
          [] { return Masks{.causal = true}; });
  run();
}

TEST_F(Layers, ActivationsAndPools) {
  using trace::PoolOptions;
  one<nn::ReLU>("relu"), one<nn::ReLU6>("relu6"), one<nn::SiLU>("silu"), one<nn::Mish>("mish");
  one<nn::Sigmoid>("sigmoid"), one<nn::Tanh>("tanh"), one<nn::Hardswish>("hardswish");
  one<nn::Hardsigmoid>("hardsigmoid"), one<nn::GELU>("gelu"), one<nn::GELU>("gelu_tanh", "tanh");
  one<nn::LeakyReLU>("leaky_relu", 0.2), one<nn::ELU>("elu", 1.5), one<nn::Hardtanh>("hardtanh", -2, 0.5);
  one<nn::Softplus>("softplus", 2, 5), one<nn::GLU>("glu", 1), one<nn::Softmax>("softmax", 1);
  one<nn::LogSoftmax>("log_softmax", -1), one<nn::Flatten>("flatten"), one<nn::Dropout>("dropout", 0.3);
  one<nn::PReLU>("prelu", 4), one<nn::PReLU>("prelu_one");
  one<nn::MaxPool1d>("max_pool1d", 3, PoolOptions{.stride = 2, .padding = 1, .dilation = 2});
  one<nn::MaxPool2d>("max_pool2d", Sizes{2, 3}, PoolOptions{.ceil = true});
  one<nn::MaxPool3d>("max_pool3d", 2, PoolOptions{.stride = Sizes{1, 2, 1}});
  one<nn::AvgPool1d>("avg_pool1d", 3, PoolOptions{.stride = 2, .padding = 1});
  one<nn::AvgPool2d>("avg_pool2d", 3, PoolOptions{.stride = 2, .padding = {1, 0}, .ceil = true, .countPadding = false});
  one<nn::AvgPool3d>("avg_pool3d", 2, PoolOptions{.ceil = true});
  one<nn::AdaptiveAvgPool1d>("adaptive_avg_pool1d", 3);
  one<nn::AdaptiveAvgPool2d>("adaptive_avg_pool2d", Sizes{2, 3});
  one<nn::AdaptiveAvgPool3d>("adaptive_avg_pool3d", 1);
  one<nn::AdaptiveMaxPool1d>("adaptive_max_pool1d", 2);
  one<nn::AdaptiveMaxPool2d>("adaptive_max_pool2d", Sizes{3, 2});
  one<nn::AdaptiveMaxPool3d>("adaptive_max_pool3d", Sizes{1, 2, 2});
  run();
}

TEST_F(Layers, Containers) {
  auto &net = layer<nn::Sequential>("sequential"); // its parameters come with add
  net.add<nn::Conv2d>(1, 2, 3).add<nn::BatchNorm2d>(2).add<nn::ReLU>().add<nn::MaxPool2d>(2);
  net.add([](const Tensor &x, trace::Where w) { return x.flatten(1, -1, w); }).add<nn::Dropout>().add<nn::Linear>(8, 3);
  ASSERT_TRUE(net.load(dicts[0], "sequential.").empty() || net.load(dicts[1], "sequential.").empty());
  out("sequential", {net(in("sequential", 0))});

  struct Tower : nn::Module {
    nn::ModuleList<nn::Linear> layers{3, 4, 4};
    Tower() { child("layers", layers); }
    Tensor operator()(Tensor x) {
      for (nn::Linear &layer : layers)
        x = trace::tanh(layer(x)) + x;
      return x;
    }
  };
  EXPECT_EQ(Tower().parameterNames()[2], "layers.1.weight");
  out("module_list", {layer<Tower>("module_list")(in("module_list", 0))});
  run();
}

TEST_F(Layers, FunctionsAndOperators) {
  using namespace trace;
  Tensor x = in("functions", 0), y = in("functions", 1), at = in("functions", 2);
  Tensor q = x.unsqueeze(0), k = y.unsqueeze(0), ones = graph.full({4, 3}, 1);
  Tensor looks = greater(matmul(greater(x, 0).to(DType::Float32), ones), 1);
  out("functions", {exp(x),
                    log(y),
                    sqrt(y),
                    rsqrt(y),
                    abs(x),
                    sin(x),
                    cos(x),
                    pow(y, 1.5),
                    maximum(x, y),
                    minimum(x, y),
                    clamp(x, -0.5, 0.25),
                    clampMin(x, 0.1),
                    where(equal(x, y), 1.0, x),
                    where(less(x, y), x, y),
                    where(greater(x, 0.5), x, -1.0),
                    mean(x, {0, 2}),
                    sum(x, {1}, true),
                    amax(x, {2}),
                    argmax(x, 1).to(DType::Float32),
                    cat({x, y}, 1),
                    stack({x, y}, 1),
                    gather(x, 2, at),
                    pad(x, {1, 2, 0, 1}),
                    pad(x, {2, 1}, "reflect"),
                    matmul(x, y.transpose(1, 2)),
                    linear(x, y.select(0, 0)),
                    layerNorm(x, {4}),
                    rmsNorm(x, {4}, {}, 0.1),
                    attention(q, k, k, {}, true),
                    attention(q, k, k, looks),
                    x + y * 2 - 0.5,
                    1 - x,
                    2.5 / y,
                    3 + x,
                    0.5 * x,
                    -x / y,
                    softmax(x, -1)});
  run();
}

/// Sizes that the run decides, by name; one name is one size. By way of a saved graph.
TEST_F(Layers, OpenDims) {
  using nn::Masks;
  out("linear", {layer<nn::Linear>("linear", 4, 3)(in("linear", 0, {"a", "b", 4}))});
  out("conv2d_same_replicate",
      {layer<nn::Conv2d>("conv2d_same_replicate", 2, 2, Sizes{2, 3},
                         nn::ConvOptions{.padding = "same", .mode = nn::PaddingMode::Replicate})(
          in("conv2d_same_replicate", 0, {"images", 2, "height", "width"}))});
  auto &lstm = layer<nn::LSTM>("lstm_deep", 3, 4, nn::RecurrentOptions{2, true, true, true});
  auto [y, h, c] = lstm(in("lstm_deep", 0, {"rows", "steps", 3}));
  out("lstm_deep", {y, h, c});
  auto &mha = layer<nn::MultiheadAttention>("mha_both", 8, 2);
  Tensor q = in("mha_both", 0, {"queries", "batch", 8}), k = in("mha_both", 1, {"keys", "batch", 8}),
         v = in("mha_both", 2, {"keys", "batch", 8});
  Tensor padding = in("mha_both", 3, {"batch", "keys"}), mask = in("mha_both", 4, {"queries", "keys"});
  auto [z, seen] = mha.withWeights(q, k, v, Masks{.mask = mask, .keyPadding = padding});
  out("mha_both", {z, seen});
  auto &encoder = layer<nn::TransformerEncoderLayer>(
      "encoder_causal", 8, 2, nn::EncoderOptions{.hidden = 16, .batchFirst = true, .normFirst = true});
  out("encoder_causal", {encoder(in("encoder_causal", 0, {"texts", {"positions", 1, 64}, 8}), {.causal = true})});
  run(/*saved=*/true);
}
