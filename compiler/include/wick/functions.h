// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions on tensors of trace.h: the names of torch and torch.nn.functional, in
// camelBack. Those that are not here are called by name: call("aten::cumsum", {x, 1}).
// Dims count from the end when negative. See trace.h for errors and types.
//
#ifndef WICK_FUNCTIONS_H
#define WICK_FUNCTIONS_H

#include "wick/trace.h"

#include <optional>

namespace wick::trace {

/// One number for all spatial dims, or one for each: 3, {3, 5}.
struct Sizes {
  std::vector<int64_t> list;
  Sizes(int64_t all) : list{all} {}
  Sizes(std::initializer_list<int64_t> each) : list(each) {}
  Sizes(std::vector<int64_t> each) : list(std::move(each)) {}
  /// The number for each of `count` dims; another count of numbers than that is left for the op to refuse.
  std::vector<int64_t> over(size_t count) const { return list.size() == 1 ? std::vector(count, list[0]) : list; }
};

//===-- Elementwise ------------------------------------------------------------===//

inline Tensor exp(const Tensor &x, Where w = Where::current()) { return call("aten::exp", {x}, w); }
inline Tensor log(const Tensor &x, Where w = Where::current()) { return call("aten::log", {x}, w); }
inline Tensor sqrt(const Tensor &x, Where w = Where::current()) { return call("aten::sqrt", {x}, w); }
inline Tensor rsqrt(const Tensor &x, Where w = Where::current()) { return call("aten::rsqrt", {x}, w); }
inline Tensor abs(const Tensor &x, Where w = Where::current()) { return call("aten::abs", {x}, w); }
inline Tensor sin(const Tensor &x, Where w = Where::current()) { return call("aten::sin", {x}, w); }
inline Tensor cos(const Tensor &x, Where w = Where::current()) { return call("aten::cos", {x}, w); }
inline Tensor pow(const Tensor &x, double exponent, Where w = Where::current()) {
  return call("aten::pow.Tensor_Scalar", {x, exponent}, w);
}
inline Tensor maximum(const Tensor &a, const Tensor &b, Where w = Where::current()) {
  return call("aten::maximum", {a, b}, w);
}
inline Tensor minimum(const Tensor &a, const Tensor &b, Where w = Where::current()) {
  return call("aten::minimum", {a, b}, w);
}
inline Tensor clamp(const Tensor &x, double least, double most, Where w = Where::current()) {
  return call("aten::clamp", {x, least, most}, w);
}
inline Tensor clampMin(const Tensor &x, double least, Where w = Where::current()) {
  return call("aten::clamp_min", {x, least}, w);
}
/// Comparisons give bool; the second may be a number.
inline Tensor equal(const Tensor &a, const Value &b, Where w = Where::current()) {
  return call(b.kind == Value::Kind::Tensor ? "aten::eq.Tensor" : "aten::eq.Scalar", {a, b}, w);
}
inline Tensor less(const Tensor &a, const Value &b, Where w = Where::current()) {
  return call(b.kind == Value::Kind::Tensor ? "aten::lt.Tensor" : "aten::lt.Scalar", {a, b}, w);
}
inline Tensor greater(const Tensor &a, const Value &b, Where w = Where::current()) {
  return call(b.kind == Value::Kind::Tensor ? "aten::gt.Tensor" : "aten::gt.Scalar", {a, b}, w);
}
inline Tensor where(const Tensor &condition, const Value &yes, const Value &no, Where w = Where::current()) {
  return call("aten::where.self", {condition, yes, no}, w);
}

//===-- Activations ------------------------------------------------------------===//

inline Tensor relu(const Tensor &x, Where w = Where::current()) { return call("aten::relu", {x}, w); }
inline Tensor relu6(const Tensor &x, Where w = Where::current()) { return call("aten::relu6", {x}, w); }
/// `approximate`: "none" or "tanh".
inline Tensor gelu(const Tensor &x, const char *approximate = "none", Where w = Where::current()) {
  return call("aten::gelu", {x, approximate}, w);
}
inline Tensor silu(const Tensor &x, Where w = Where::current()) { return call("aten::silu", {x}, w); }
inline Tensor mish(const Tensor &x, Where w = Where::current()) { return call("aten::mish", {x}, w); }
inline Tensor sigmoid(const Tensor &x, Where w = Where::current()) { return call("aten::sigmoid", {x}, w); }
inline Tensor tanh(const Tensor &x, Where w = Where::current()) { return call("aten::tanh", {x}, w); }
inline Tensor hardswish(const Tensor &x, Where w = Where::current()) { return call("aten::hardswish", {x}, w); }
inline Tensor hardsigmoid(const Tensor &x, Where w = Where::current()) { return call("aten::hardsigmoid", {x}, w); }
inline Tensor hardtanh(const Tensor &x, double least = -1, double most = 1, Where w = Where::current()) {
  return call("aten::hardtanh", {x, least, most}, w);
}
inline Tensor leakyRelu(const Tensor &x, double slope = 0.01, Where w = Where::current()) {
  return call("aten::leaky_relu", {x, slope}, w);
}
inline Tensor elu(const Tensor &x, double alpha = 1, Where w = Where::current()) {
  return call("aten::elu", {x, alpha}, w);
}
inline Tensor softplus(const Tensor &x, double beta = 1, double threshold = 20, Where w = Where::current()) {
  return call("aten::softplus", {x, beta, threshold}, w);
}
inline Tensor glu(const Tensor &x, int64_t dim = -1, Where w = Where::current()) {
  return call("aten::glu", {x, dim}, w);
}
inline Tensor softmax(const Tensor &x, int64_t dim, Where w = Where::current()) {
  return call("aten::softmax.int", {x, dim}, w);
}
inline Tensor logSoftmax(const Tensor &x, int64_t dim, Where w = Where::current()) {
  return call("aten::log_softmax.int", {x, dim}, w);
}

//===-- Sums and moves ---------------------------------------------------------===//

inline Tensor mean(const Tensor &x, std::vector<int64_t> dims, bool keep = false, Where w = Where::current()) {
  return call("aten::mean.dim", {x, dims, keep}, w);
}
inline Tensor sum(const Tensor &x, std::vector<int64_t> dims, bool keep = false, Where w = Where::current()) {
  return call("aten::sum.dim_IntList", {x, dims, keep}, w);
}
inline Tensor amax(const Tensor &x, std::vector<int64_t> dims, bool keep = false, Where w = Where::current()) {
  return call("aten::amax", {x, dims, keep}, w);
}
inline Tensor argmax(const Tensor &x, int64_t dim, bool keep = false, Where w = Where::current()) {
  return call("aten::argmax", {x, dim, keep}, w);
}
inline Tensor cat(const std::vector<Tensor> &tensors, int64_t dim, Where w = Where::current()) {
  return call("aten::cat", {tensors, dim}, w);
}
inline Tensor stack(const std::vector<Tensor> &tensors, int64_t dim, Where w = Where::current()) {
  return call("aten::stack", {tensors, dim}, w);
}
inline Tensor gather(const Tensor &x, int64_t dim, const Tensor &indices, Where w = Where::current()) {
  return call("aten::gather", {x, dim, indices}, w);
}
/// `pads` as in torch: before and after the last dim, then of the one before it. `mode`: "constant", "reflect",
/// "replicate", "circular".
inline Tensor pad(const Tensor &x, std::vector<Size> pads, const char *mode = "constant", Where w = Where::current()) {
  return call("aten::pad", {x, pads, mode}, w);
}

//===-- Products and normalization ---------------------------------------------===//

inline Tensor matmul(const Tensor &a, const Tensor &b, Where w = Where::current()) {
  return call("aten::matmul", {a, b}, w);
}
/// x @ weight.T + bias; `bias` may be left out.
inline Tensor linear(const Tensor &x, const Tensor &weight, const Tensor &bias = {}, Where w = Where::current()) {
  return call("aten::linear", {x, weight, bias}, w);
}
inline Tensor embedding(const Tensor &weight, const Tensor &indices, Where w = Where::current()) {
  return call("aten::embedding", {weight, indices}, w);
}
/// `weight` and `bias` may be left out here and below.
inline Tensor layerNorm(const Tensor &x, std::vector<int64_t> dims, const Tensor &weight = {}, const Tensor &bias = {},
                        double epsilon = 1e-5, Where w = Where::current()) {
  return call("aten::layer_norm", {x, dims, weight, bias, epsilon}, w);
}
/// Without `epsilon`: the smallest step of x's type, as in torch.
inline Tensor rmsNorm(const Tensor &x, std::vector<int64_t> dims, const Tensor &weight = {},
                      std::optional<double> epsilon = {}, Where w = Where::current()) {
  return call("aten::rms_norm", {x, dims, weight, epsilon ? Value(*epsilon) : Value()}, w);
}
/// Dims [batch, heads, positions, features]; `mask` is bool (true: look) or added to the scores.
inline Tensor attention(const Tensor &query, const Tensor &key, const Tensor &value, const Tensor &mask = {},
                        bool causal = false, Where w = Where::current()) {
  return call("aten::scaled_dot_product_attention", {query, key, value, mask, 0.0, causal}, w);
}

//===-- Pools, over the last 1, 2 or 3 dims ------------------------------------===//

struct PoolOptions {
  std::optional<Sizes> stride = {}; ///< not given: the window's size
  Sizes padding = 0, dilation = 1;
  bool ceil = false;        ///< windows may end in the padding
  bool countPadding = true; ///< of averages
};
Tensor maxPool(const Tensor &x, int spatial, const Sizes &window, const PoolOptions &options, Where w);
Tensor avgPool(const Tensor &x, int spatial, const Sizes &window, const PoolOptions &options, Where w);
inline Tensor maxPool1d(const Tensor &x, Sizes window, PoolOptions o = {}, Where w = Where::current()) {
  return maxPool(x, 1, window, o, w);
}
inline Tensor maxPool2d(const Tensor &x, Sizes window, PoolOptions o = {}, Where w = Where::current()) {
  return maxPool(x, 2, window, o, w);
}
inline Tensor maxPool3d(const Tensor &x, Sizes window, PoolOptions o = {}, Where w = Where::current()) {
  return maxPool(x, 3, window, o, w);
}
inline Tensor avgPool1d(const Tensor &x, Sizes window, PoolOptions o = {}, Where w = Where::current()) {
  return avgPool(x, 1, window, o, w);
}
inline Tensor avgPool2d(const Tensor &x, Sizes window, PoolOptions o = {}, Where w = Where::current()) {
  return avgPool(x, 2, window, o, w);
}
inline Tensor avgPool3d(const Tensor &x, Sizes window, PoolOptions o = {}, Where w = Where::current()) {
  return avgPool(x, 3, window, o, w);
}
/// To `size` places, whatever the size of x.
inline Tensor adaptiveAvgPool1d(const Tensor &x, Sizes size, Where w = Where::current()) {
  return call("aten::adaptive_avg_pool1d", {x, size.over(1)}, w);
}
inline Tensor adaptiveAvgPool2d(const Tensor &x, Sizes size, Where w = Where::current()) {
  return call("aten::adaptive_avg_pool2d", {x, size.over(2)}, w);
}
inline Tensor adaptiveAvgPool3d(const Tensor &x, Sizes size, Where w = Where::current()) {
  return call("aten::adaptive_avg_pool3d", {x, size.over(3)}, w);
}
inline Tensor adaptiveMaxPool1d(const Tensor &x, Sizes size, Where w = Where::current()) {
  return call("aten::adaptive_max_pool1d", {x, size.over(1)}, w);
}
inline Tensor adaptiveMaxPool2d(const Tensor &x, Sizes size, Where w = Where::current()) {
  return call("aten::adaptive_max_pool2d", {x, size.over(2)}, w);
}
inline Tensor adaptiveMaxPool3d(const Tensor &x, Sizes size, Where w = Where::current()) {
  return call("aten::adaptive_max_pool3d", {x, size.over(3)}, w);
}

} // namespace wick::trace

#endif // WICK_FUNCTIONS_H
