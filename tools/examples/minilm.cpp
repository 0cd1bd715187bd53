// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// all-MiniLM-L6-v2 in C++: the network by layers, its weights from a safetensors
// file, compiled to one .wick file. docs/tracing.md explains the interface.
//
//   wick-example-minilm model.safetensors minilm.wick
//
#include "wick/nn.h"

#include <cstdio>

namespace nn = wick::nn;
using namespace wick::trace;

constexpr int64_t hidden = 384, heads = 12, inner = 1536, layers = 6;
constexpr nn::NormOptions tight{.epsilon = 1e-12};

struct SelfAttention : nn::Module {
  nn::Linear &query = child<nn::Linear>("query", hidden, hidden);
  nn::Linear &key = child<nn::Linear>("key", hidden, hidden);
  nn::Linear &value = child<nn::Linear>("value", hidden, hidden);

  static Tensor split(const Tensor &x) { // [batch, heads, positions, features]
    return x.reshape({x.size(0), x.size(1), heads, hidden / heads}).transpose(1, 2);
  }
  Tensor operator()(const Tensor &x, const Tensor &mask) {
    nn::Scope scope(x, *this);
    return attention(split(query(x)), split(key(x)), split(value(x)), mask).transpose(1, 2).flatten(2);
  }
};

/// A linear layer whose result is added to another value and normalized.
struct Output : nn::Module {
  nn::Linear &dense;
  nn::LayerNorm &norm = child<nn::LayerNorm>("LayerNorm", hidden, tight);
  explicit Output(int64_t in) : dense(child<nn::Linear>("dense", in, hidden)) {}
  Tensor operator()(const Tensor &x, const Tensor &residual) { return norm(dense(x) + residual); }
};

struct Layer : nn::Module {
  SelfAttention &look = child<SelfAttention>("attention.self");
  Output &looked = child<Output>("attention.output", hidden);
  nn::Linear &widen = child<nn::Linear>("intermediate.dense", hidden, inner);
  Output &output = child<Output>("output", inner);
  Tensor operator()(const Tensor &x, const Tensor &mask) {
    Tensor y = looked(look(x, mask), x);
    return output(gelu(widen(y)), y);
  }
};

struct MiniLM : nn::Module {
  nn::Embedding &words = child<nn::Embedding>("embeddings.word_embeddings", 30522, hidden);
  nn::Embedding &positions = child<nn::Embedding>("embeddings.position_embeddings", 512, hidden);
  nn::Embedding &types = child<nn::Embedding>("embeddings.token_type_embeddings", 2, hidden);
  nn::LayerNorm &norm = child<nn::LayerNorm>("embeddings.LayerNorm", hidden, tight);
  nn::ModuleList<Layer> &encoder = child<nn::ModuleList<Layer>>("encoder.layer", layers);

  Tensor operator()(const Tensor &ids, const Tensor &place, const Tensor &counted) {
    Tensor x = norm(words(ids) + types(place * 0) + positions(place)); // one sentence: all of type 0
    Tensor mask = (counted.unsqueeze(1).unsqueeze(1) - 1.0) * 1e30;
    for (Layer &layer : encoder)
      x = layer(x, mask);
    Tensor weight = counted.unsqueeze(2); // the mean over the positions that count, of length 1
    Tensor mean = sum(x * weight, {1}) / clampMin(sum(weight, {1}), 1e-9);
    return mean / clampMin(sqrt(sum(mean * mean, {1}, true)), 1e-12);
  }
};

int main(int argc, char **argv) {
  if (argc != 3)
    return std::fprintf(stderr, "usage: %s model.safetensors out.wick\n", argv[0]), 1;
  MiniLM model;
  model.load(wick::StateDict::open(argv[1]));
  Graph graph("minilm");
  Tensor ids = graph.input("input_ids", DType::Int64, {"batch", {"sequence", 1, 512}});
  Tensor counted = graph.input("attention_mask", DType::Int64, {"batch", {"sequence", 1, 512}}).to(DType::Float32);
  graph.output("embedding", model(ids, graph.arange(ids.size(1)).unsqueeze(0), counted));

  CompileResult result = graph.compile(argv[2]);
  for (const std::string &message : result.messages)
    std::fprintf(stderr, "%s\n", message.c_str());
  return result.ok ? 0 : 2;
}
