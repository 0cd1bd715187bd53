// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// oneDNN as the measure of generated kernels: prepacked weights, bias and relu, one
// thread. Only the benchmark links it.
//
#pragma once

#include <cstdint>
#include <functional>

namespace wick::bench {

struct ConvShape {
  int64_t n, h, w, c, oc, kh, kw, stride, pad, groups;
  int64_t oh() const { return (h + 2 * pad - kh) / stride + 1; }
  int64_t ow() const { return (w + 2 * pad - kw) / stride + 1; }
};

/// The returned function computes `out` once; pointers are plain row-major (matmul) or
/// NHWC (convolution with `plainLayout`, else oneDNN's own layouts).
std::function<void()> oneDnnMatmul(int64_t m, int64_t n, int64_t k, const float *a, const float *b, const float *bias,
                                   float *out);
/// `weights` is [OC][C / groups][KH][KW].
std::function<void()> oneDnnConv(const ConvShape &shape, bool plainLayout, const float *in, const float *weights,
                                 const float *bias, float *out);

} // namespace wick::bench
