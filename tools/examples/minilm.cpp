// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// all-MiniLM-L6-v2 in C++: the network by layers, its weights from a safetensors
// file, compiled to one .wick file. docs/tracing.md walks through it.
//
//   wick-example-minilm model.safetensors minilm.wick
//
#include "wick/nn.h"

#include <cstdio>

namespace nn = wick::nn;
using nn::Tensor;

constexpr int64_t hidden = 384, heads = 12, inner = 1536, layers = 6;
constexpr double epsilon = 1e-12;

struct SelfAttention : nn::Module {
  nn::Linear query{hidden, hidden}, key{hidden, hidden}, value{hidden, hidden};
  SelfAttention() { child("query", query), child("key", key), child("value", value); }

  static Tensor split(const Tensor &x) { // [batch, heads, positions, features]
    return x.reshape({x.size(0), x.size(1), heads, hidden / heads}).transpose(1, 2);
  }
  Tensor operator()(const Tensor &x, const Tensor &mask) {
    nn::Scope scope(x, *this);
    Tensor y = wick::trace::attention(split(query(x)), split(key(x)), split(value(x)), mask);
    return y.transpose(1, 2).reshape({x.size(0), x.size(1), hidden});
  }
};

/// A linear layer whose result is added to another value and normalized.
struct Output : nn::Module {
  nn::Linear dense;
  nn::LayerNorm norm{hidden, epsilon};
  explicit Output(int64_t in) : dense(in, hidden) { child("dense", dense), child("LayerNorm", norm); }
  Tensor operator()(const Tensor &x, const Tensor &residual) {
    nn::Scope scope(x, *this);
    return norm(dense(x) + residual);
  }
};

struct Attention : nn::Module {
  SelfAttention self;
  Output output{hidden};
  Attention() { child("self", self), child("output", output); }
};

struct Intermediate : nn::Module {
  nn::Linear dense{hidden, inner};
  Intermediate() { child("dense", dense); }
};

struct Layer : nn::Module {
  Attention attention;
  Intermediate intermediate;
  Output output{inner};
  Layer() { child("attention", attention), child("intermediate", intermediate), child("output", output); }
  Tensor operator()(const Tensor &x, const Tensor &mask) {
    nn::Scope scope(x, *this);
    Tensor a = attention.output(attention.self(x, mask), x);
    return output(wick::trace::gelu(intermediate.dense(a)), a);
  }
};

struct Embeddings : nn::Module {
  nn::Embedding words{30522, hidden}, positions{512, hidden}, types{2, hidden};
  nn::LayerNorm norm{hidden, epsilon};
  Embeddings() {
    child("word_embeddings", words), child("position_embeddings", positions);
    child("token_type_embeddings", types), child("LayerNorm", norm);
  }
};

struct Encoder : nn::Module {
  nn::ModuleList<Layer> layer{layers};
  Encoder() { child("layer", layer); }
};

struct MiniLM : nn::Module {
  Embeddings embeddings;
  Encoder encoder;
  MiniLM() { child("embeddings", embeddings), child("encoder", encoder); }
};

int main(int argc, char **argv) {
  if (argc != 3)
    return std::fprintf(stderr, "usage: %s model.safetensors out.wick\n", argv[0]), 1;
  MiniLM model;
  for (const std::string &problem : model.load(wick::StateDict::open(argv[1])))
    return std::fprintf(stderr, "%s\n", problem.c_str()), 2;

  wick::trace::Graph graph("minilm");
  using enum wick::trace::DType;
  Tensor ids = graph.input("input_ids", Int64, {"batch", {"sequence", 1, 512}});
  Tensor look = graph.input("attention_mask", Int64, {"batch", {"sequence", 1, 512}});

  Tensor at = graph.arange(ids.size(1)).unsqueeze(0);
  Embeddings &e = model.embeddings;
  Tensor x = e.norm(e.words(ids) + e.types(at * 0) + e.positions(at)); // one sentence: all of type 0
  Tensor counted = look.to(Float32), mask = (counted.unsqueeze(1).unsqueeze(1) - 1.0) * 1e30;
  for (auto &layer : model.encoder.layer)
    x = (*layer)(x, mask);
  counted = counted.unsqueeze(2); // the mean over the positions that count
  Tensor mean = wick::trace::sum(x * counted, {1}) / wick::trace::clampMin(wick::trace::sum(counted, {1}), 1e-9);
  Tensor length = wick::trace::sqrt(wick::trace::sum(mean * mean, {1}, true));
  graph.output("embedding", mean / wick::trace::clampMin(length, 1e-12));

  wick::trace::CompileResult result = graph.compile(argv[2]);
  for (const std::string &message : result.messages)
    std::fprintf(stderr, "%s\n", message.c_str());
  return result.ok ? 0 : 2;
}
