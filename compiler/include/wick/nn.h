// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers with named parameters, for models that are recorded by trace.h. Names of
// parameters, defaults, the meaning of masks and results are those of torch.nn, so that
// weights load by the names that PyTorch saved them under. Inference only: Dropout does
// nothing and BatchNorm uses its running statistics.
//
//   struct Net : wick::nn::Module {
//     wick::nn::Linear &first = child<wick::nn::Linear>("first", 784, 128);
//     wick::nn::Linear &second = child<wick::nn::Linear>("second", 128, 10);
//     Tensor operator()(const Tensor &x) { return second(wick::trace::relu(first(x))); }
//   };
//
// Modules are neither copied nor moved: parents and children refer to each other.
//
#ifndef WICK_NN_H
#define WICK_NN_H

#include "wick/state_dict.h"
#include "wick/trace.h"

#include <deque>
#include <functional>

namespace wick::nn {

using trace::Sizes;
using trace::Tensor;
using trace::Where;

/// A weight: its shape, and its elements once loaded.
struct Parameter {
  std::string name; ///< the last part, "weight"
  std::vector<int64_t> shape;
  std::shared_ptr<const void> data;
  std::string fullName; ///< after loading
  std::string problem;  ///< why loading gave no data
};

class Module {
public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;

  /// Takes all parameters below from `dict`, whose names begin with `prefix` ("encoder."). Returns what is missing or
  /// of another shape (compiling a graph that uses such a parameter tells it again); names of the dict that the module
  /// lacks are no error.
  std::vector<std::string> load(const StateDict &dict, const std::string &prefix = "");
  /// Full names of all parameters below, in order of registration.
  std::vector<std::string> parameterNames() const;
  /// Names from the outermost module to this one, joined by dots; empty for the outermost.
  std::string path() const;

protected:
  Parameter &parameter(std::string name, std::vector<int64_t> shape);
  /// A layer below this one, which owns it. Names may have dots, for levels that only name: "attention.self".
  template <class M, class... Args>
  M &child(std::string name, Args &&...args) {
    auto module = std::make_unique<M>(std::forward<Args>(args)...);
    M &added = *module;
    owned.push_back(std::move(module));
    child(std::move(name), static_cast<Module &>(added));
    return added;
  }
  /// The same for a member of the derived class.
  void child(std::string name, Module &module);
  /// The parameter as a constant of the graph that `near` belongs to.
  static Tensor on(const Tensor &near, Parameter &p, Where where);
  /// The same for one that may be null (off): not given.
  static Tensor on(const Tensor &near, Parameter *p, Where where) { return p ? on(near, *p, where) : Tensor(); }

private:
  void loadInto(const StateDict &dict, const std::string &prefix, std::vector<std::string> &problems);
  void collect(const std::string &prefix, std::vector<std::string> &names) const;
  std::vector<std::unique_ptr<Parameter>> parameters;
  std::vector<std::pair<std::string, Module *>> children;
  std::vector<std::unique_ptr<Module>> owned;
  Module *parent = nullptr;
  std::string name; ///< within the parent
};

/// Ops recorded while it lives carry the module's path in their names.
class Scope {
public:
  Scope(const Tensor &near, const Module &module);
  ~Scope();
  Scope(const Scope &) = delete;

private:
  std::shared_ptr<trace::GraphState> graph;
  std::string before;
};

//===-- Products and convolutions ----------------------------------------------===//

class Linear : public Module {
public:
  Linear(int64_t in, int64_t out, bool bias = true);
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  Parameter &weight, *bias = nullptr;
};

/// Rows and columns around the input, or "same" (sizes are kept; stride 1 only) or "valid" (none).
struct Padding {
  Sizes sizes = 0;
  std::string word;
  Padding(int all) : sizes(all) {}
  Padding(std::initializer_list<int64_t> each) : sizes(each) {}
  Padding(const char *word) : word(word) {}
};
enum class PaddingMode { Zeros, Reflect, Replicate, Circular };

struct ConvOptions {
  Sizes stride = 1;
  Padding padding = 0;
  Sizes dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  PaddingMode mode = PaddingMode::Zeros; ///< ConvTranspose: Zeros alone
  Sizes outputPadding = 0;               ///< of ConvTranspose
};

/// Over 1, 2 or 3 spatial dims; x is [batch, in, spatial...] or [in, spatial...].
class Conv : public Module {
public:
  Conv(int spatial, int64_t in, int64_t out, const Sizes &kernel, ConvOptions options = {}, bool transposed = false);
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  int spatial;
  ConvOptions options;
  bool transposed;
  std::vector<int64_t> kernel;
  Parameter &weight, *bias = nullptr;
};
template <int Spatial, bool Transposed>
struct ConvOver : Conv {
  ConvOver(int64_t in, int64_t out, const Sizes &kernel, ConvOptions options = {})
      : Conv(Spatial, in, out, kernel, std::move(options), Transposed) {}
};
using Conv1d = ConvOver<1, false>;
using Conv2d = ConvOver<2, false>;
using Conv3d = ConvOver<3, false>;
using ConvTranspose1d = ConvOver<1, true>;
using ConvTranspose2d = ConvOver<2, true>;
using ConvTranspose3d = ConvOver<3, true>;

class Embedding : public Module {
public:
  Embedding(int64_t count, int64_t features);
  Tensor operator()(const Tensor &indices, Where where = Where::current());

private:
  Parameter &weight;
};

//===-- Normalization ----------------------------------------------------------===//

/// `affine`: there are weight and bias. `track`: there are running statistics; without them the input's own are used.
struct BatchNormOptions {
  double epsilon = 1e-5;
  bool affine = true, track = true;
};

/// Over dim 1 of any rank.
class BatchNorm : public Module {
public:
  explicit BatchNorm(int64_t features, BatchNormOptions options = {}) : BatchNorm(features, options, false) {}
  Tensor operator()(const Tensor &x, Where where = Where::current());

protected:
  BatchNorm(int64_t features, BatchNormOptions options, bool instances);

private:
  BatchNormOptions options;
  bool instances; ///< each element of the batch by itself
  Parameter *weight = nullptr, *bias = nullptr, *mean = nullptr, *variance = nullptr;
};
using BatchNorm1d = BatchNorm;
using BatchNorm2d = BatchNorm;
using BatchNorm3d = BatchNorm;

struct InstanceNorm : BatchNorm {
  explicit InstanceNorm(int64_t features, BatchNormOptions options = {.affine = false, .track = false})
      : BatchNorm(features, options, true) {}
};
using InstanceNorm1d = InstanceNorm;
using InstanceNorm2d = InstanceNorm;
using InstanceNorm3d = InstanceNorm;

struct NormOptions {
  double epsilon = 1e-5;
  bool affine = true; ///< torch calls it elementwise_affine in LayerNorm
  bool bias = true;
};

/// Over the last dims, whose sizes are given.
class LayerNorm : public Module {
public:
  explicit LayerNorm(Sizes dims, NormOptions options = {});
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  std::vector<int64_t> dims;
  double epsilon;
  Parameter *weight = nullptr, *bias = nullptr;
};

class GroupNorm : public Module {
public:
  GroupNorm(int64_t groups, int64_t channels, NormOptions options = {});
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  int64_t groups;
  double epsilon;
  Parameter *weight = nullptr, *bias = nullptr;
};

class RMSNorm : public Module {
public:
  explicit RMSNorm(Sizes dims, std::optional<double> epsilon = {}, bool affine = true);
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  std::vector<int64_t> dims;
  std::optional<double> epsilon;
  Parameter *weight = nullptr;
};

//===-- Recurrent layers -------------------------------------------------------===//

struct RecurrentOptions {
  int64_t layers = 1;
  bool bias = true, batchFirst = false, bidirectional = false;
};

/// x is [positions, batch, in], [batch, positions, in] with batchFirst, or [positions, in]. The first state is of zeros
/// unless given. Without a batch, states have none either.
class Recurrent : public Module {
public:
  enum class Kind { Tanh, Relu, Lstm, Gru };
  struct Result {
    Tensor output;       ///< of all positions
    Tensor hidden, cell; ///< the last state [layers * directions, batch, hidden]; `cell` of an LSTM only
  };
  Recurrent(Kind kind, int64_t in, int64_t hidden, RecurrentOptions options);
  Result operator()(const Tensor &x, const Tensor &hidden = {}, const Tensor &cell = {},
                    Where where = Where::current());

private:
  Kind kind;
  int64_t hidden;
  RecurrentOptions options;
  std::vector<Parameter *> weights;
};
struct LSTM : Recurrent {
  LSTM(int64_t in, int64_t hidden, RecurrentOptions o = {}) : Recurrent(Kind::Lstm, in, hidden, o) {}
};
struct GRU : Recurrent {
  GRU(int64_t in, int64_t hidden, RecurrentOptions o = {}) : Recurrent(Kind::Gru, in, hidden, o) {}
};
struct RNN : Recurrent {
  RNN(int64_t in, int64_t hidden, RecurrentOptions o = {}, bool relu = false)
      : Recurrent(relu ? Kind::Relu : Kind::Tanh, in, hidden, o) {}
};

//===-- Attention --------------------------------------------------------------===//

/// As in torch.nn: a bool mask is true where NOT to look (trace::attention has it the other way round); one of floats
/// is added to the scores.
struct Masks {
  Tensor mask = {};       ///< [positions, keys], or [batch * heads, positions, keys]
  Tensor keyPadding = {}; ///< [batch, keys], or [keys] without a batch
  bool causal = false;    ///< no position looks at later ones
};

struct AttentionOptions {
  bool bias = true, batchFirst = false;
  bool addBiasKv = false, addZeroAttn = false; ///< one more key and value: learned; zeros
  int64_t keyFeatures = 0, valueFeatures = 0;  ///< 0: those of the query
};

/// Attention of several heads over [positions, batch, features], [batch, positions, features] with batchFirst, or
/// [positions, features].
class MultiheadAttention : public Module {
public:
  MultiheadAttention(int64_t features, int64_t heads, AttentionOptions options = {});
  Tensor operator()(const Tensor &query, const Tensor &key, const Tensor &value, const Masks &masks = {},
                    Where where = Where::current());
  /// Also the attention's weights [batch, positions, keys], the mean over heads; or one for each head.
  std::pair<Tensor, Tensor> withWeights(const Tensor &query, const Tensor &key, const Tensor &value,
                                        const Masks &masks = {}, bool average = true, Where where = Where::current());

private:
  std::pair<Tensor, Tensor> run(Tensor query, Tensor key, Tensor value, const Masks &masks, bool weights, bool average,
                                Where where);
  Tensor maskOf(const Tensor &query, const Tensor &key, const Masks &masks, Where where);
  int64_t features, heads;
  AttentionOptions options;
  Parameter *weight = nullptr, *bias = nullptr, *parts[3] = {}, *biasKey = nullptr, *biasValue = nullptr;
  Linear &output;
};

struct EncoderOptions {
  int64_t hidden = 2048;
  bool gelu = false; ///< torch's activation="gelu"; else relu
  double epsilon = 1e-5;
  bool batchFirst = false, normFirst = false, bias = true;
};

class TransformerEncoderLayer : public Module {
public:
  TransformerEncoderLayer(int64_t features, int64_t heads, EncoderOptions options = {});
  Tensor operator()(const Tensor &x, const Masks &masks = {}, Where where = Where::current());

private:
  EncoderOptions options;
  MultiheadAttention &attention;
  Linear &first, &second;
  LayerNorm &norm1, &norm2;
};

//===-- Layers without parameters, for Sequential ------------------------------===//

/// A function as a layer.
class Function : public Module {
public:
  using Of = std::function<Tensor(const Tensor &, Where)>;
  explicit Function(Of of) : of(std::move(of)) {}
  Tensor operator()(const Tensor &x, Where where = Where::current()) {
    Scope scope(x, *this);
    return of(x, where);
  }

private:
  Of of;
};
/// One of the functions that take a tensor only.
template <Tensor (*Fn)(const Tensor &, Where)>
struct FunctionOf : Function {
  FunctionOf() : Function(Fn) {}
};
using ReLU = FunctionOf<trace::relu>;
using ReLU6 = FunctionOf<trace::relu6>;
using SiLU = FunctionOf<trace::silu>;
using Mish = FunctionOf<trace::mish>;
using Sigmoid = FunctionOf<trace::sigmoid>;
using Tanh = FunctionOf<trace::tanh>;
using Hardswish = FunctionOf<trace::hardswish>;
using Hardsigmoid = FunctionOf<trace::hardsigmoid>;
struct GELU : Function {
  explicit GELU(const char *approximate = "none")
      : Function([=](auto &x, Where w) { return trace::gelu(x, approximate, w); }) {}
};
struct LeakyReLU : Function {
  explicit LeakyReLU(double slope = 0.01) : Function([=](auto &x, Where w) { return trace::leakyRelu(x, slope, w); }) {}
};
struct ELU : Function {
  explicit ELU(double alpha = 1) : Function([=](auto &x, Where w) { return trace::elu(x, alpha, w); }) {}
};
struct Hardtanh : Function {
  explicit Hardtanh(double least = -1, double most = 1)
      : Function([=](auto &x, Where w) { return trace::hardtanh(x, least, most, w); }) {}
};
struct Softplus : Function {
  explicit Softplus(double beta = 1, double threshold = 20)
      : Function([=](auto &x, Where w) { return trace::softplus(x, beta, threshold, w); }) {}
};
struct GLU : Function {
  explicit GLU(int64_t dim = -1) : Function([=](auto &x, Where w) { return trace::glu(x, dim, w); }) {}
};
struct Softmax : Function {
  explicit Softmax(int64_t dim) : Function([=](auto &x, Where w) { return trace::softmax(x, dim, w); }) {}
};
struct LogSoftmax : Function {
  explicit LogSoftmax(int64_t dim) : Function([=](auto &x, Where w) { return trace::logSoftmax(x, dim, w); }) {}
};
struct Flatten : Function {
  explicit Flatten(int64_t first = 1, int64_t last = -1)
      : Function([=](auto &x, Where w) { return x.flatten(first, last, w); }) {}
};
/// Dropout of any kind, which does nothing at inference.
struct Dropout : Function {
  explicit Dropout(double = 0.5) : Function([](auto &x, Where) { return x; }) {}
};
using Identity = Dropout;

/// Its slope is a parameter: one for all channels (dim 1), or one for each.
class PReLU : public Module {
public:
  explicit PReLU(int64_t channels = 1) : weight(parameter("weight", {channels})) {}
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  Parameter &weight;
};

template <int Spatial, Tensor (*Fn)(const Tensor &, int, const Sizes &, const trace::PoolOptions &, Where)>
struct PoolOver : Function {
  explicit PoolOver(Sizes window, trace::PoolOptions options = {})
      : Function([=](auto &x, Where w) { return Fn(x, Spatial, window, options, w); }) {}
};
using MaxPool1d = PoolOver<1, trace::maxPool>;
using MaxPool2d = PoolOver<2, trace::maxPool>;
using MaxPool3d = PoolOver<3, trace::maxPool>;
using AvgPool1d = PoolOver<1, trace::avgPool>;
using AvgPool2d = PoolOver<2, trace::avgPool>;
using AvgPool3d = PoolOver<3, trace::avgPool>;
template <Tensor (*Fn)(const Tensor &, Sizes, Where)>
struct AdaptivePool : Function {
  explicit AdaptivePool(Sizes size) : Function([=](auto &x, Where w) { return Fn(x, size, w); }) {}
};
using AdaptiveAvgPool1d = AdaptivePool<trace::adaptiveAvgPool1d>;
using AdaptiveAvgPool2d = AdaptivePool<trace::adaptiveAvgPool2d>;
using AdaptiveAvgPool3d = AdaptivePool<trace::adaptiveAvgPool3d>;
using AdaptiveMaxPool1d = AdaptivePool<trace::adaptiveMaxPool1d>;
using AdaptiveMaxPool2d = AdaptivePool<trace::adaptiveMaxPool2d>;
using AdaptiveMaxPool3d = AdaptivePool<trace::adaptiveMaxPool3d>;

//===-- Containers -------------------------------------------------------------===//

/// Modules one after another, named "0", "1", ...
class Sequential : public Module {
public:
  template <class M, class... Args>
  Sequential &add(Args &&...args) {
    M &added = child<M>(std::to_string(steps.size()), std::forward<Args>(args)...);
    steps.push_back([&added](const Tensor &x, Where where) { return added(x, where); });
    return *this;
  }
  /// A function takes a place as well.
  Sequential &add(Function::Of function) { return add<Function>(std::move(function)); }
  Tensor operator()(const Tensor &x, Where where = Where::current()) {
    Tensor y = x;
    for (auto &step : steps)
      y = step(y, where);
    return y;
  }

private:
  std::vector<Function::Of> steps;
};

/// Modules of one kind, named "0", "1", ...
template <class M>
class ModuleList : public Module {
public:
  template <class... Args>
  explicit ModuleList(size_t count, const Args &...args) {
    for (size_t i = 0; i < count; ++i)
      child(std::to_string(i), list.emplace_back(args...));
  }
  size_t size() const { return list.size(); }
  M &operator[](size_t i) { return list[i]; }
  auto begin() { return list.begin(); }
  auto end() { return list.end(); }

private:
  std::deque<M> list; ///< which does not move its elements
};

} // namespace wick::nn

#endif // WICK_NN_H
