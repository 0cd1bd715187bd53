// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers of nn.h and the loading of their parameters.
//
#include "compiler/frontend/torch/archive/StateDict.h"
#include "compiler/frontend/trace/TraceState.h"

namespace wick {
namespace torch = compiler::torch;

//===-- State dicts --------------------------------------------------------===//

static const torch::StateDict *dictOf(const std::shared_ptr<const void> &state) {
  return static_cast<const torch::StateDict *>(state.get());
}

StateDict StateDict::open(const std::string &path) {
  StateDict out;
  auto read = torch::StateDict::open(path);
  if (read)
    out.state = std::make_shared<torch::StateDict>(std::move(*read));
  else
    out.problem = llvm::toString(read.takeError());
  return out;
}

std::vector<std::string> StateDict::names() const {
  std::vector<std::string> out;
  if (state)
    for (const auto &[name, tensor] : dictOf(state)->tensors())
      out.push_back(name);
  return out;
}

bool StateDict::contains(const std::string &name) const { return state && dictOf(state)->find(name); }

std::vector<int64_t> StateDict::shape(const std::string &name) const {
  const torch::TensorData *t = state ? dictOf(state)->find(name) : nullptr;
  return t ? std::vector<int64_t>(t->sizes().begin(), t->sizes().end()) : std::vector<int64_t>();
}

namespace nn {
using trace::call;
using trace::callAll;
using trace::Size;

//===-- Modules ------------------------------------------------------------===//

Parameter &Module::parameter(std::string parameterName, std::vector<int64_t> shape) {
  parameters.push_back(std::make_unique<Parameter>());
  Parameter &p = *parameters.back();
  p.name = std::move(parameterName), p.shape = std::move(shape);
  return p;
}

void Module::child(std::string childName, Module &module) {
  module.name = childName;
  children.push_back({std::move(childName), &module});
}

static std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    out += (i ? ", " : "") + std::to_string(shape[i]);
  return out + "]";
}

void Module::loadInto(const StateDict &dict, const std::string &prefix, std::vector<std::string> &problems) {
  for (auto &p : parameters) {
    p->fullName = prefix + p->name;
    const torch::TensorData *found = dict.state ? dictOf(dict.state)->find(p->fullName) : nullptr;
    if (!found) {
      if (!p->optional)
        problems.push_back("there is no '" + p->fullName + "'");
    } else if (found->sizes() != llvm::ArrayRef<int64_t>(p->shape)) {
      problems.push_back("'" + p->fullName + "' is " + shapeText(found->sizes()) + ", expected " + shapeText(p->shape));
    } else {
      p->data = std::make_shared<torch::TensorData>(*found);
    }
  }
  for (auto &[childName, module] : children)
    module->loadInto(dict, prefix + childName + ".", problems);
}

std::vector<std::string> Module::load(const StateDict &dict, const std::string &prefix) {
  std::vector<std::string> problems;
  if (!dict.error().empty())
    problems.push_back(dict.error());
  else
    loadInto(dict, prefix, problems);
  return problems;
}

void Module::collect(const std::string &prefix, std::vector<std::string> &names) const {
  for (const auto &p : parameters)
    names.push_back(prefix + p->name);
  for (const auto &[childName, module] : children)
    module->collect(prefix + childName + ".", names);
}

std::vector<std::string> Module::parameterNames() const {
  std::vector<std::string> out;
  collect("", out);
  return out;
}

Tensor Module::on(const Tensor &near, Parameter &p, Where where) {
  if (!near.given())
    return {};
  trace::GraphState &s = *near.state->graph;
  Tensor &known = s.parameters[&p];
  if (known.given())
    return known;
  auto data = static_cast<const torch::TensorData *>(p.data.get());
  std::string name = p.fullName.empty() ? p.name : p.fullName;
  auto fail = [&](const std::string &why) {
    s.note("parameter '" + name + "'", where, why);
    return known = s.wrap(s.space->make({}));
  };
  if (!data)
    return fail("it has no elements; load it before the module is called");
  mlir::Type elem = torch::elementType(data->dtype(), s.context.get());
  if (!elem)
    return fail("dtype " + torch::dtypeName(data->dtype()).str() + " is not supported");
  auto bytes = data->dense();
  if (!bytes)
    return fail(llvm::toString(bytes.takeError()));
  return known = s.constant(elem, data->sizes(), bytes->data, bytes->owner, name, where);
}

Scope::Scope(const Tensor &near, const Module &module) {
  if (!near.given())
    return;
  graph = near.state->graph;
  graph->path.push_back(module.name.empty() ? "model" : module.name);
}

Scope::~Scope() {
  if (graph)
    graph->path.pop_back();
}

//===-- Layers -------------------------------------------------------------===//

Linear::Linear(int64_t in, int64_t out, bool hasBias) : weight(parameter("weight", {out, in})) {
  if (hasBias)
    bias = &parameter("bias", {out});
}
Tensor Linear::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return trace::linear(x, on(x, weight, where), bias ? on(x, *bias, where) : Tensor(), where);
}

static std::vector<int64_t> convShape(int spatial, int64_t in, int64_t out, int64_t kernel, const ConvOptions &o,
                                      bool transposed) {
  std::vector<int64_t> shape{transposed ? in : out, (transposed ? out : in) / std::max<int64_t>(o.groups, 1)};
  shape.insert(shape.end(), spatial, kernel);
  return shape;
}
Conv::Conv(int spatial, int64_t in, int64_t out, int64_t kernel, ConvOptions options, bool transposed)
    : spatial(spatial), options(options), transposed(transposed),
      weight(parameter("weight", convShape(spatial, in, out, kernel, options, transposed))) {
  if (options.bias)
    bias = &parameter("bias", {out});
}
Tensor Conv::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  auto all = [&](int64_t v) { return trace::Value(std::vector<int64_t>(spatial, v)); };
  return call("aten::convolution",
              {x, on(x, weight, where), bias ? on(x, *bias, where) : Tensor(), all(options.stride),
               all(options.padding), all(options.dilation), transposed, all(options.outputPadding), options.groups},
              where);
}

BatchNorm::BatchNorm(int64_t features, double epsilon)
    : epsilon(epsilon), weight(parameter("weight", {features})), bias(parameter("bias", {features})),
      mean(parameter("running_mean", {features})), variance(parameter("running_var", {features})) {}
Tensor BatchNorm::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return call("aten::batch_norm",
              {x, on(x, weight, where), on(x, bias, where), on(x, mean, where), on(x, variance, where), false, 0.1,
               epsilon, false},
              where);
}

LayerNorm::LayerNorm(std::vector<int64_t> sizes, double epsilon)
    : dims(std::move(sizes)), epsilon(epsilon), weight(parameter("weight", dims)), bias(parameter("bias", dims)) {}
Tensor LayerNorm::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return trace::layerNorm(x, dims, on(x, weight, where), on(x, bias, where), epsilon, where);
}

GroupNorm::GroupNorm(int64_t groups, int64_t channels, double epsilon)
    : groups(groups), epsilon(epsilon), weight(parameter("weight", {channels})), bias(parameter("bias", {channels})) {}
Tensor GroupNorm::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return call("aten::group_norm", {x, groups, on(x, weight, where), on(x, bias, where), epsilon}, where);
}

RMSNorm::RMSNorm(int64_t dim, double epsilon) : dim(dim), epsilon(epsilon), weight(parameter("weight", {dim})) {}
Tensor RMSNorm::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  return call("aten::rms_norm", {x, std::vector<int64_t>{dim}, on(x, weight, where), epsilon}, where);
}

Embedding::Embedding(int64_t count, int64_t features) : weight(parameter("weight", {count, features})) {}
Tensor Embedding::operator()(const Tensor &indices, Where where) {
  Scope scope(indices, *this);
  return trace::embedding(on(indices, weight, where), indices, where);
}

//===-- Sequences ----------------------------------------------------------===//

Recurrent::Recurrent(bool lstm, int64_t in, int64_t hidden, RecurrentOptions options)
    : lstm(lstm), hidden(hidden), options(options) {
  int64_t gates = (lstm ? 4 : 3) * hidden, directions = options.bidirectional ? 2 : 1;
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
std::vector<Tensor> Recurrent::operator()(const Tensor &x, Where where) {
  Scope scope(x, *this);
  if (!x.given())
    return {};
  std::vector<Tensor> params;
  for (Parameter *p : weights)
    params.push_back(on(x, *p, where));
  trace::GraphState &s = *x.state->graph;
  s.locate("zeros", where);
  compiler::Exprs dims{s.g().expr(options.layers * (options.bidirectional ? 2 : 1)),
                       s.exprOf(x.size(options.batchFirst ? 0 : 1)), s.g().expr(hidden)};
  Tensor zeros = s.wrap(s.space->make(s.g().splat(s.g().b.getF32Type(), dims, 0)));
  trace::Value start = zeros;
  if (lstm)
    start = trace::Value(std::vector<Tensor>{zeros, zeros});
  return callAll(
      lstm ? "aten::lstm.input" : "aten::gru.input",
      {x, start, params, options.bias, options.layers, 0.0, false, options.bidirectional, options.batchFirst}, where);
}

MultiheadAttention::MultiheadAttention(int64_t features, int64_t heads)
    : features(features), heads(heads), weight(parameter("in_proj_weight", {3 * features, features})),
      bias(parameter("in_proj_bias", {3 * features})), output(features, features) {
  child("out_proj", output);
}
Tensor MultiheadAttention::operator()(const Tensor &query, const Tensor &key, const Tensor &value, const Tensor &mask,
                                      Where where) {
  Scope scope(query, *this);
  std::vector<Tensor> w = on(query, weight, where).chunk(3, 0, where), b = on(query, bias, where).chunk(3, 0, where);
  if (w.size() != 3 || b.size() != 3)
    return w.empty() ? Tensor() : w[0];
  auto split = [&](const Tensor &x, int i) {
    Tensor y = trace::linear(x, w[i], b[i], where);
    return y.reshape({y.size(0), y.size(1), heads, features / heads}, where).transpose(1, 2, where);
  };
  Tensor y = trace::attention(split(query, 0), split(key, 1), split(value, 2), mask, false, where);
  y = y.transpose(1, 2, where);
  return output(y.reshape({y.size(0), y.size(1), features}, where), where);
}

TransformerEncoderLayer::TransformerEncoderLayer(int64_t features, int64_t heads, int64_t hidden,
                                                 EncoderOptions options)
    : options(options), attention(features, heads), first(features, hidden), second(hidden, features),
      norm1(features, options.epsilon), norm2(features, options.epsilon) {
  child("self_attn", attention);
  child("linear1", first);
  child("linear2", second);
  child("norm1", norm1);
  child("norm2", norm2);
}
Tensor TransformerEncoderLayer::operator()(const Tensor &input, const Tensor &mask, Where where) {
  Scope scope(input, *this);
  auto add = [&](const Tensor &a, const Tensor &b) { return call("aten::add.Tensor", {a, b}, where); };
  auto feed = [&](const Tensor &x) {
    Tensor h = first(x, where);
    return second(options.gelu ? trace::gelu(h, "none", where) : trace::relu(h, where), where);
  };
  Tensor x = input;
  if (options.normFirst) {
    Tensor n = norm1(x, where);
    x = add(x, attention(n, n, n, mask, where));
    return add(x, feed(norm2(x, where)));
  }
  x = norm1(add(x, attention(x, x, x, mask, where)), where);
  return norm2(add(x, feed(x)), where);
}

} // namespace nn
} // namespace wick
