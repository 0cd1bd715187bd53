// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers of nn.h and pools of functions.h, as calls of the ops that torch.nn calls.
// test/unit/trace/LayersTest.cpp compares each with torch's results.
//
#include "compiler/frontend/trace/TraceState.h"

#include <cmath>

namespace wick {

//===-- Pools --------------------------------------------------------------===//

namespace trace {
static std::string poolName(const char *kind, int spatial) {
  return "aten::" + std::string(kind) + "_pool" + std::to_string(spatial) + "d";
}

Tensor maxPool(const Tensor &x, int n, const Sizes &window, const PoolOptions &o, Where where) {
  return call(poolName("max", n),
              {x, window.over(n), o.stride.value_or(window).over(n), o.padding.over(n), o.dilation.over(n), o.ceil},
              where);
}

Tensor avgPool(const Tensor &x, int n, const Sizes &window, const PoolOptions &o, Where where) {
  if (x.given() && o.dilation.over(n) != std::vector<int64_t>(n, 1))
    x.state->graph->note(poolName("avg", n), where, "averages have no dilation");
  return call(poolName("avg", n),
              {x, window.over(n), o.stride.value_or(window).over(n), o.padding.over(n), o.ceil, o.countPadding}, where);
}
} // namespace trace

namespace nn {
using trace::call;
using trace::callAll;
using trace::Size;
using trace::Value;

//===-- Products and convolutions ------------------------------------------===//

Linear::Linear(int64_t in, int64_t out, bool hasBias)
    : weight(parameter("weight", {out, in})), bias(hasBias ? &parameter("bias", {out}) : nullptr) {}
Tensor Linear::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return trace::linear(x, on(x, weight, where), on(x, bias, where), where);
}

static std::vector<int64_t> convShape(int64_t in, int64_t out, const std::vector<int64_t> &kernel, int64_t groups,
                                      bool transposed) {
  std::vector<int64_t> shape{transposed ? in : out, (transposed ? out : in) / std::max<int64_t>(groups, 1)};
  shape.insert(shape.end(), kernel.begin(), kernel.end());
  return shape;
}
Conv::Conv(int spatial, int64_t in, int64_t out, const Sizes &kernel, ConvOptions given, bool transposed)
    : spatial(spatial), options(std::move(given)), transposed(transposed), kernel(kernel.over(spatial)),
      weight(parameter("weight", convShape(in, out, this->kernel, options.groups, transposed))),
      bias(options.bias ? &parameter("bias", {out}) : nullptr) {}

static std::string convName(const char *kind, int spatial) {
  return "aten::" + std::string(kind) + std::to_string(spatial) + "d";
}

Tensor Conv::operator()(const Tensor &input, Where where) {
  Scope scope(input, *this);
  const ConvOptions &o = options;
  Tensor x = input, w = on(x, weight, where), b = on(x, bias, where);
  std::vector<int64_t> stride = o.stride.over(spatial), dilation = o.dilation.over(spatial),
                       padding = o.padding.sizes.over(spatial);
  if (x.given() && (transposed ? o.mode != PaddingMode::Zeros || !o.padding.word.empty()
                               : o.outputPadding.over(spatial) != std::vector<int64_t>(spatial, 0)))
    x.state->graph->note(convName(transposed ? "conv_transpose" : "conv", spatial), where,
                         transposed ? "padding is of zeros, and a number" : "it has no outputPadding");
  if (transposed)
    return call(convName("conv_transpose", spatial) + (spatial == 1 ? "" : ".input"),
                {x, w, b, stride, padding, o.outputPadding.over(spatial), o.groups, dilation}, where);
  if (o.mode == PaddingMode::Zeros)
    return o.padding.word.empty()
               ? call(convName("conv", spatial), {x, w, b, stride, padding, dilation, o.groups}, where)
               : call(convName("conv", spatial) + ".padding", {x, w, b, stride, o.padding.word, dilation, o.groups},
                      where);
  static constexpr const char *modes[] = {"constant", "reflect", "replicate", "circular"};
  std::vector<Size> pads; // of the last dim first
  for (int i = spatial - 1; i >= 0; --i) {
    int64_t total = o.padding.word == "same" ? dilation[i] * (kernel[i] - 1) : 2 * padding[i];
    pads.push_back(total / 2), pads.push_back(total - total / 2);
  }
  x = trace::pad(x, pads, modes[size_t(o.mode)], where);
  return call(convName("conv", spatial), {x, w, b, stride, Sizes(0).over(spatial), dilation, o.groups}, where);
}

Embedding::Embedding(int64_t count, int64_t features) : weight(parameter("weight", {count, features})) {}
Tensor Embedding::operator()(const Tensor &indices, Where where) {
  Scope scope(indices, *this);
  return trace::embedding(on(indices, weight, where), indices, where);
}

Tensor PReLU::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return call("aten::prelu", {x, on(x, weight, where)}, where);
}

//===-- Normalization ------------------------------------------------------===//

BatchNorm::BatchNorm(int64_t features, BatchNormOptions options, bool instances)
    : options(options), instances(instances) {
  if (options.affine)
    weight = &parameter("weight", {features}), bias = &parameter("bias", {features});
  if (options.track)
    mean = &parameter("running_mean", {features}), variance = &parameter("running_var", {features});
}
Tensor BatchNorm::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return call(instances ? "aten::instance_norm" : "aten::batch_norm",
              {x, on(x, weight, where), on(x, bias, where), on(x, mean, where), on(x, variance, where), !options.track,
               0.1, options.epsilon, false},
              where);
}

LayerNorm::LayerNorm(Sizes sizes, NormOptions o) : dims(std::move(sizes.list)), epsilon(o.epsilon) {
  weight = o.affine ? &parameter("weight", dims) : nullptr;
  bias = o.affine && o.bias ? &parameter("bias", dims) : nullptr;
}
Tensor LayerNorm::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return trace::layerNorm(x, dims, on(x, weight, where), on(x, bias, where), epsilon, where);
}

GroupNorm::GroupNorm(int64_t groups, int64_t channels, NormOptions o) : groups(groups), epsilon(o.epsilon) {
  weight = o.affine ? &parameter("weight", {channels}) : nullptr;
  bias = o.affine && o.bias ? &parameter("bias", {channels}) : nullptr;
}
Tensor GroupNorm::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return call("aten::group_norm", {x, groups, on(x, weight, where), on(x, bias, where), epsilon}, where);
}

RMSNorm::RMSNorm(Sizes sizes, std::optional<double> epsilon, bool affine)
    : dims(std::move(sizes.list)), epsilon(epsilon), weight(affine ? &parameter("weight", dims) : nullptr) {}
Tensor RMSNorm::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return trace::rmsNorm(x, dims, on(x, weight, where), epsilon, where);
}

//===-- Recurrent layers ---------------------------------------------------===//

Recurrent::Recurrent(Kind kind, int64_t in, int64_t hidden, RecurrentOptions options)
    : kind(kind), hidden(hidden), options(options) {
  int64_t gates = (kind == Kind::Lstm ? 4 : kind == Kind::Gru ? 3 : 1) * hidden;
  int64_t directions = options.bidirectional ? 2 : 1;
  for (int64_t layer = 0; layer < options.layers; ++layer)
    for (int64_t d = 0; d < directions; ++d) {
      std::string end = "_l" + std::to_string(layer) + (d ? "_reverse" : "");
      weights.push_back(&parameter("weight_ih" + end, {gates, layer ? hidden * directions : in}));
      weights.push_back(&parameter("weight_hh" + end, {gates, hidden}));
      if (options.bias) {
        weights.push_back(&parameter("bias_ih" + end, {gates}));
        weights.push_back(&parameter("bias_hh" + end, {gates}));
      }
    }
}

Recurrent::Result Recurrent::operator()(const Tensor &input, const Tensor &h, const Tensor &c, Where where) {
  Scope scope(input, *this);
  if (!input.given())
    return {};
  static constexpr const char *names[] = {"aten::rnn_tanh.input", "aten::rnn_relu.input", "aten::lstm.input",
                                          "aten::gru.input"};
  bool lstm = kind == Kind::Lstm, batched = input.rank() != 2;
  int64_t batchDim = options.batchFirst ? 0 : 1;
  Tensor x = batched ? input : input.unsqueeze(batchDim, where);
  std::vector<Tensor> params;
  for (Parameter *p : weights)
    params.push_back(on(x, *p, where));
  auto state = [&](const Tensor &given) {
    if (given.given())
      return batched ? given : given.unsqueeze(1, where);
    std::vector<Size> dims{options.layers * (options.bidirectional ? 2 : 1), x.size(batchDim), hidden};
    return call("aten::new_zeros", {x, dims}, where);
  };
  Value start = lstm ? Value(std::vector<Tensor>{state(h), state(c)}) : Value(state(h));
  std::vector<Tensor> all = callAll(
      names[size_t(kind)],
      {x, start, params, options.bias, options.layers, 0.0, false, options.bidirectional, options.batchFirst}, where);
  for (size_t i = 0; !batched && i < all.size(); ++i)
    all[i] = all[i].squeeze(i ? 1 : batchDim, where);
  all.resize(lstm ? 3 : 2, all[0]); // after an error there is one, of no value
  return {all[0], all[1], lstm ? all[2] : Tensor()};
}

//===-- Attention ----------------------------------------------------------===//

MultiheadAttention::MultiheadAttention(int64_t features, int64_t heads, AttentionOptions o)
    : features(features), heads(heads), options(o), output(child<Linear>("out_proj", features, features, o.bias)) {
  int64_t in[] = {features, o.keyFeatures ? o.keyFeatures : features, o.valueFeatures ? o.valueFeatures : features};
  static constexpr const char *names[] = {"q_proj_weight", "k_proj_weight", "v_proj_weight"};
  if (in[1] == features && in[2] == features)
    weight = &parameter("in_proj_weight", {3 * features, features});
  else
    for (int i = 0; i < 3; ++i)
      parts[i] = &parameter(names[i], {features, in[i]});
  if (o.bias)
    bias = &parameter("in_proj_bias", {3 * features});
  if (o.addBiasKv)
    biasKey = &parameter("bias_k", {1, 1, features}), biasValue = &parameter("bias_v", {1, 1, features});
}

static bool isBool(const Tensor &t) {
  mlir::Value v = t.state->graph->read(*t.state);
  return v && t.state->graph->g().elem(v).isInteger(1);
}

/// All masks as one that is added to scores [batch, heads, positions, keys], or none.
Tensor MultiheadAttention::maskOf(const Tensor &query, const Tensor &key, const Masks &masks, Where where) {
  Tensor all;
  auto join = [&](Tensor m) {
    if (isBool(m))
      m = trace::where(m, -HUGE_VAL, 0.0, where);
    all = all.given() ? call("aten::add.Tensor", {all, m}, where) : m;
  };
  if (const Tensor &m = masks.mask; m.given())
    join(m.rank() == 3 ? m.reshape({m.size(0) / heads, heads, m.size(1), m.size(2)}, where) : m);
  if (Tensor m = masks.keyPadding; m.given())
    join((m.rank() == 1 ? m.unsqueeze(0, where) : m).unsqueeze(1, where).unsqueeze(1, where));
  if (masks.causal) {
    std::vector<Size> dims{query.size(1), key.size(1)};
    join(call("aten::triu", {call("aten::new_full", {query, dims, -HUGE_VAL}, where), 1}, where));
  }
  int64_t more = options.addBiasKv + options.addZeroAttn; // keys that all look at
  return all.given() && more ? trace::pad(all, {0, more}, "constant", where) : all;
}

std::pair<Tensor, Tensor> MultiheadAttention::run(Tensor query, Tensor key, Tensor value, const Masks &masks,
                                                  bool weights, bool average, Where where) {
  Scope scope(query, *this);
  if (!query.given() || !key.given() || !value.given())
    return {};
  bool batched = query.rank() != 2, turned = batched && !options.batchFirst;
  Tensor x[] = {query, key, value};
  for (Tensor &t : x) // [batch, positions, features]
    t = !batched ? t.unsqueeze(0, where) : turned ? t.transpose(0, 1, where) : t;
  Tensor mask = maskOf(x[0], x[1], masks, where);
  std::vector<Tensor> w, b(3);
  for (Parameter *p : parts)
    w.push_back(on(query, p, where));
  if (weight)
    w = on(query, *weight, where).chunk(3, 0, where);
  if (bias)
    b = on(query, *bias, where).chunk(3, 0, where);
  w.resize(3, w[0]), b.resize(3, b[0]); // after an error
  for (int i = 0; i < 3; ++i)
    x[i] = trace::linear(x[i], w[i], b[i], where);
  std::vector<Size> one{x[0].size(0), 1, features};
  for (int i : {1, 2}) {
    if (Parameter *p = i == 1 ? biasKey : biasValue)
      x[i] = trace::cat({x[i], on(query, *p, where).expand(one, where)}, 1, where);
    if (options.addZeroAttn)
      x[i] = trace::cat({x[i], call("aten::new_zeros", {x[i], one}, where)}, 1, where);
  }
  for (Tensor &t : x) // [batch, heads, positions, features of one head]
    t = t.reshape({t.size(0), t.size(1), heads, features / heads}, where).transpose(1, 2, where);
  Tensor y, seen;
  if (weights) {
    Tensor scaled = call("aten::mul.Tensor", {x[0], 1 / std::sqrt(double(features / heads))}, where);
    seen = trace::matmul(scaled, x[1].transpose(2, 3, where), where);
    seen = trace::softmax(mask.given() ? call("aten::add.Tensor", {seen, mask}, where) : seen, -1, where);
    y = trace::matmul(seen, x[2], where);
    seen = average ? trace::mean(seen, {1}, false, where) : seen;
    seen = batched ? seen : seen.squeeze(0, where);
  } else {
    y = trace::attention(x[0], x[1], x[2], mask, false, where);
  }
  y = y.transpose(1, 2, where);
  y = output(y.reshape({y.size(0), y.size(1), features}, where), where);
  return {!batched ? y.squeeze(0, where) : turned ? y.transpose(0, 1, where) : y, seen};
}

Tensor MultiheadAttention::operator()(const Tensor &query, const Tensor &key, const Tensor &value, const Masks &masks,
                                      Where where) {
  return run(query, key, value, masks, false, false, where).first;
}
std::pair<Tensor, Tensor> MultiheadAttention::withWeights(const Tensor &query, const Tensor &key, const Tensor &value,
                                                          const Masks &masks, bool average, Where where) {
  return run(query, key, value, masks, true, average, where);
}

TransformerEncoderLayer::TransformerEncoderLayer(int64_t features, int64_t heads, EncoderOptions o)
    : options(o), attention(child<MultiheadAttention>("self_attn", features, heads,
                                                      AttentionOptions{.bias = o.bias, .batchFirst = o.batchFirst})),
      first(child<Linear>("linear1", features, o.hidden, o.bias)),
      second(child<Linear>("linear2", o.hidden, features, o.bias)),
      norm1(child<LayerNorm>("norm1", features, NormOptions{.epsilon = o.epsilon, .bias = o.bias})),
      norm2(child<LayerNorm>("norm2", features, NormOptions{.epsilon = o.epsilon, .bias = o.bias})) {}

Tensor TransformerEncoderLayer::operator()(const Tensor &input, const Masks &masks, Where where) {
  Scope scope(input, *this);
  auto add = [&](const Tensor &a, const Tensor &b) { return call("aten::add.Tensor", {a, b}, where); };
  auto feed = [&](const Tensor &x) {
    Tensor h = first(x, where);
    return second(options.gelu ? trace::gelu(h, "none", where) : trace::relu(h, where), where);
  };
  Tensor x = input;
  if (options.normFirst) {
    Tensor n = norm1(x, where);
    x = add(x, attention(n, n, n, masks, where));
    return add(x, feed(norm2(x, where)));
  }
  x = norm1(add(x, attention(x, x, x, masks, where)), where);
  return norm2(add(x, feed(x)), where);
}

} // namespace nn
} // namespace wick
