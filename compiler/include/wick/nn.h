// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers with named parameters, for models that are recorded by trace.h. Names of
// parameters, defaults and results are those of torch.nn, so that weights load by
// the names that PyTorch saved them under. Inference only: Dropout does nothing and
// BatchNorm uses its running statistics.
//
//   struct Net : wick::nn::Module {
//     wick::nn::Linear first{784, 128}, second{128, 10};
//     Net() { child("first", first); child("second", second); }
//     Tensor forward(const Tensor &x) { return second(relu(first(x))); }
//   };
//
// Modules are neither copied nor moved: parents refer to their children.
//
#ifndef WICK_NN_H
#define WICK_NN_H

#include "wick/state_dict.h"
#include "wick/trace.h"

#include <functional>

namespace wick::nn {

using trace::Tensor;
using trace::Where;

/// A weight: its shape, and its elements once loaded.
struct Parameter {
  std::string name; ///< the last part, "weight"
  std::vector<int64_t> shape;
  bool optional = false; ///< files may lack it (num_batches_tracked, biases that are off)
  std::shared_ptr<const void> data;
  std::string fullName; ///< after loading
};

class Module {
public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;

  /// Takes all parameters below from `dict`, whose names begin with `prefix` ("encoder."). Returns what is missing or
  /// of another shape; names of the dict that the module lacks are no error.
  std::vector<std::string> load(const StateDict &dict, const std::string &prefix = "");
  /// Full names of all parameters below, in order of registration.
  std::vector<std::string> parameterNames() const;

protected:
  Parameter &parameter(std::string name, std::vector<int64_t> shape);
  void child(std::string name, Module &module);
  /// The parameter as a constant of the graph that `near` belongs to.
  static Tensor on(const Tensor &near, Parameter &p, Where where);

private:
  friend class Scope;
  void loadInto(const StateDict &dict, const std::string &prefix, std::vector<std::string> &problems);
  void collect(const std::string &prefix, std::vector<std::string> &names) const;
  std::vector<std::unique_ptr<Parameter>> parameters;
  std::vector<std::pair<std::string, Module *>> children;
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
};

class Linear : public Module {
public:
  Linear(int64_t in, int64_t out, bool bias = true);
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  Parameter &weight, *bias = nullptr;
};

struct ConvOptions {
  int64_t stride = 1, padding = 0, dilation = 1, groups = 1, outputPadding = 0;
  bool bias = true;
};

/// Over 1, 2 or 3 spatial dims; x is [batch, in, spatial...].
class Conv : public Module {
public:
  Conv(int spatial, int64_t in, int64_t out, int64_t kernel, ConvOptions options = {}, bool transposed = false);
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  int spatial;
  ConvOptions options;
  bool transposed;
  Parameter &weight, *bias = nullptr;
};
struct Conv1d : Conv {
  Conv1d(int64_t in, int64_t out, int64_t kernel, ConvOptions o = {}) : Conv(1, in, out, kernel, o) {}
};
struct Conv2d : Conv {
  Conv2d(int64_t in, int64_t out, int64_t kernel, ConvOptions o = {}) : Conv(2, in, out, kernel, o) {}
};
struct Conv3d : Conv {
  Conv3d(int64_t in, int64_t out, int64_t kernel, ConvOptions o = {}) : Conv(3, in, out, kernel, o) {}
};
struct ConvTranspose1d : Conv {
  ConvTranspose1d(int64_t in, int64_t out, int64_t kernel, ConvOptions o = {}) : Conv(1, in, out, kernel, o, true) {}
};
struct ConvTranspose2d : Conv {
  ConvTranspose2d(int64_t in, int64_t out, int64_t kernel, ConvOptions o = {}) : Conv(2, in, out, kernel, o, true) {}
};

struct ConvTranspose3d : Conv {
  ConvTranspose3d(int64_t in, int64_t out, int64_t kernel, ConvOptions o = {}) : Conv(3, in, out, kernel, o, true) {}
};

/// Over dim 1 of any rank.
class BatchNorm : public Module {
public:
  explicit BatchNorm(int64_t features, double epsilon = 1e-5);
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  double epsilon;
  Parameter &weight, &bias, &mean, &variance;
};

class LayerNorm : public Module {
public:
  explicit LayerNorm(std::vector<int64_t> dims, double epsilon = 1e-5);
  explicit LayerNorm(int64_t dim, double epsilon = 1e-5) : LayerNorm(std::vector<int64_t>{dim}, epsilon) {}
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  std::vector<int64_t> dims;
  double epsilon;
  Parameter &weight, &bias;
};

class GroupNorm : public Module {
public:
  GroupNorm(int64_t groups, int64_t channels, double epsilon = 1e-5);
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  int64_t groups;
  double epsilon;
  Parameter &weight, &bias;
};

class RMSNorm : public Module {
public:
  explicit RMSNorm(int64_t dim, double epsilon = 1e-6);
  Tensor operator()(const Tensor &x, Where where = Where::current());

private:
  int64_t dim;
  double epsilon;
  Parameter &weight;
};

class Embedding : public Module {
public:
  Embedding(int64_t count, int64_t features);
  Tensor operator()(const Tensor &indices, Where where = Where::current());

private:
  Parameter &weight;
};

struct RecurrentOptions {
  int64_t layers = 1;
  bool bidirectional = false, batchFirst = false, bias = true;
};

/// LSTM or GRU from a state of zeros; results: the outputs of all steps, then the last states (h, and c of an LSTM).
class Recurrent : public Module {
public:
  Recurrent(bool lstm, int64_t in, int64_t hidden, RecurrentOptions options);
  std::vector<Tensor> operator()(const Tensor &x, Where where = Where::current());

private:
  bool lstm;
  int64_t hidden;
  RecurrentOptions options;
  std::vector<Parameter *> weights;
};
struct LSTM : Recurrent {
  LSTM(int64_t in, int64_t hidden, RecurrentOptions o = {}) : Recurrent(true, in, hidden, o) {}
};
struct GRU : Recurrent {
  GRU(int64_t in, int64_t hidden, RecurrentOptions o = {}) : Recurrent(false, in, hidden, o) {}
};

/// Attention of several heads over [batch, positions, features].
class MultiheadAttention : public Module {
public:
  MultiheadAttention(int64_t features, int64_t heads);
  /// `mask`: see trace::attention.
  Tensor operator()(const Tensor &query, const Tensor &key, const Tensor &value, const Tensor &mask = {},
                    Where where = Where::current());

private:
  int64_t features, heads;
  Parameter &weight, &bias;
  Linear output;
};

struct EncoderOptions {
  bool normFirst = false, gelu = false;
  double epsilon = 1e-5;
};

class TransformerEncoderLayer : public Module {
public:
  TransformerEncoderLayer(int64_t features, int64_t heads, int64_t hidden, EncoderOptions options = {});
  Tensor operator()(const Tensor &x, const Tensor &mask = {}, Where where = Where::current());

private:
  EncoderOptions options;
  MultiheadAttention attention;
  Linear first, second;
  LayerNorm norm1, norm2;
};

/// Dropout of torch.nn, which does nothing at inference.
struct Dropout : Module {
  Tensor operator()(const Tensor &x, Where = Where::current()) { return x; }
};

/// Modules one after another, named "0", "1", ... Functions take a place as well, as in torch.nn.
class Sequential : public Module {
public:
  template <class M, class... Args>
  M &add(Args &&...args) {
    auto module = std::make_unique<M>(std::forward<Args>(args)...);
    M &added = *module;
    child(std::to_string(steps.size()), added);
    steps.push_back([&added](const Tensor &x, Where where) { return added(x, where); });
    owned.push_back(std::move(module));
    return added;
  }
  void add(std::function<Tensor(const Tensor &, Where)> function) { steps.push_back(std::move(function)); }
  Tensor operator()(const Tensor &x, Where where = Where::current()) {
    Scope scope(x, *this);
    Tensor y = x;
    for (auto &step : steps)
      y = step(y, where);
    return y;
  }

private:
  std::vector<std::function<Tensor(const Tensor &, Where)>> steps;
  std::vector<std::unique_ptr<Module>> owned;
};

/// Modules of one kind, named "0", "1", ...
template <class M>
class ModuleList : public Module {
public:
  template <class... Args>
  explicit ModuleList(size_t count, const Args &...args) {
    for (size_t i = 0; i < count; ++i) {
      list.push_back(std::make_unique<M>(args...));
      child(std::to_string(i), *list.back());
    }
  }
  size_t size() const { return list.size(); }
  M &operator[](size_t i) { return *list[i]; }
  auto begin() { return list.begin(); }
  auto end() { return list.end(); }

private:
  std::vector<std::unique_ptr<M>> list;
};

} // namespace wick::nn

#endif // WICK_NN_H
