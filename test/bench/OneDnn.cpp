// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See OneDnn.h. Written for oneDNN 2.6.
//
#include "test/bench/OneDnn.h"

#include <cstring>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>

using namespace dnnl;

namespace wick::bench {

static engine &cpu() {
  static engine e(engine::kind::cpu, 0);
  return e;
}

static primitive_attr relu() {
  post_ops ops;
  ops.append_eltwise(1.0f, algorithm::eltwise_relu, 0.0f, 0.0f);
  primitive_attr attr;
  attr.set_post_ops(ops);
  return attr;
}

/// Memory of layout `to` holding `data` of layout `from`.
static memory reordered(stream &s, const memory::desc &from, const void *data, const memory::desc &to) {
  memory source(from, cpu(), const_cast<void *>(data));
  memory target(to, cpu());
  reorder(source, target).execute(s, source, target);
  s.wait();
  return target;
}

template <typename Primitive>
static std::function<void()> runner(Primitive p, memory src, memory weights, memory bias, memory dst) {
  auto s = std::make_shared<stream>(cpu());
  return [=] {
    p.execute(*s, {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, dst}});
    s->wait();
  };
}

std::function<void()> oneDnnMatmul(int64_t m, int64_t n, int64_t k, const float *a, const float *b, const float *bias,
                                   float *out) {
  using tag = memory::format_tag;
  auto f32 = memory::data_type::f32;
  memory::desc src({m, k}, f32, tag::ab), any({k, n}, f32, tag::any), plain({k, n}, f32, tag::ab),
      biases({1, n}, f32, tag::ab), dst({m, n}, f32, tag::ab);
  matmul::primitive_desc pd({src, any, biases, dst}, relu(), cpu());
  stream s(cpu());
  memory weights = reordered(s, plain, b, pd.weights_desc());
  return runner(matmul(pd), memory(src, cpu(), const_cast<float *>(a)), weights,
                memory(biases, cpu(), const_cast<float *>(bias)), memory(dst, cpu(), out));
}

std::function<void()> oneDnnConv(const ConvShape &c, bool plainLayout, const float *in, const float *weights,
                                 const float *bias, float *out) {
  using tag = memory::format_tag;
  auto f32 = memory::data_type::f32;
  auto layout = plainLayout ? tag::nhwc : tag::any;
  memory::dims inDims{c.n, c.c, c.h, c.w}, outDims{c.n, c.oc, c.oh(), c.ow()};
  memory::dims wDims = c.groups == 1 ? memory::dims{c.oc, c.c, c.kh, c.kw}
                                     : memory::dims{c.groups, c.oc / c.groups, c.c / c.groups, c.kh, c.kw};
  convolution_forward::desc desc(prop_kind::forward_inference, algorithm::convolution_direct, {inDims, f32, layout},
                                 {wDims, f32, tag::any}, {{c.oc}, f32, tag::a}, {outDims, f32, layout},
                                 {c.stride, c.stride}, {c.pad, c.pad}, {c.pad, c.pad});
  convolution_forward::primitive_desc pd(desc, relu(), cpu());
  stream s(cpu());
  memory packed = reordered(s, {wDims, f32, c.groups == 1 ? tag::oihw : tag::goihw}, weights, pd.weights_desc());
  memory src = plainLayout ? memory(pd.src_desc(), cpu(), const_cast<float *>(in))
                           : reordered(s, {inDims, f32, tag::nhwc}, in, pd.src_desc());
  memory dst = plainLayout ? memory(pd.dst_desc(), cpu(), out) : memory(pd.dst_desc(), cpu());
  return runner(convolution_forward(pd), src, packed, memory(pd.bias_desc(), cpu(), const_cast<float *>(bias)), dst);
}

} // namespace wick::bench
