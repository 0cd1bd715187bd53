// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention: the public function, and the fused forms that traces of transformers hold.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

static constexpr double inf = std::numeric_limits<double>::infinity();

/// Softmax along the last dim where rows that are all -inf give 0.
static Value maskedSoftmax(GraphBuilder &g, Value scores) {
  if (!scores)
    return scores;
  int64_t last = g.rank(scores) - 1;
  Value most = g.reduce(scores, graph::ReduceKind::Max, {last});
  most = g.where(g.create<graph::EqualOp>({most, g.scalarLike(most, -inf)}), g.scalarLike(most, 0), most);
  Value e = g.create<graph::ExpOp>({g.sub(scores, most)}), total = g.reduce(e, graph::ReduceKind::Sum, {last});
  return g.div(e, g.where(g.create<graph::EqualOp>({total, g.scalarLike(total, 0)}), g.scalarLike(total, 1), total));
}

/// Heads of k and v that serve several heads of q.
static Value repeatHeads(GraphBuilder &g, Value v, Value q) {
  if (!v || g.rank(v) < 3)
    return v;
  int64_t axis = g.rank(v) - 3;
  AffineExpr factor = g.exactQuotient(g.dim(q, axis), g.dim(v, axis));
  if (!factor || graph::isConstant(factor, 1))
    return v;
  Exprs d = g.dims(v), wide = d;
  wide.insert(wide.begin() + axis + 1, factor);
  d[axis] = g.simplify(d[axis] * factor);
  return g.reshape(g.expandTo(g.unsqueeze(v, {axis + 1}), wide), d);
}

Value attentionOf(AtenCall &c, Value q, Value k, Value v, const AttentionParams &p, Value *weights) {
  GraphBuilder &g = c.g;
  if (!q || !k || !v)
    return {};
  if (g.rank(q) < 2 || g.rank(k) < 2 || (p.groupedHeads && (g.rank(q) != g.rank(k) || g.rank(q) != g.rank(v))))
    return c.fail("query, key and value of rank " + Twine(g.rank(q)) + ", " + Twine(g.rank(k)) + " and " +
                  Twine(g.rank(v))),
           Value();
  if (p.groupedHeads)
    k = repeatHeads(g, k, q), v = repeatHeads(g, v, q);
  Type t = g.elem(q), wide = wideOf(t);
  AffineExpr depth = g.dim(q, g.rank(q) - 1);
  Value factor;
  if (auto n = graph::constantOf(depth); n || p.scale)
    factor = g.scalar(wide, p.scale ? *p.scale : 1 / std::sqrt(double(*n)));
  else
    factor = g.create<graph::RecipOp>({g.create<graph::SqrtOp>({g.exprAs(depth, wide)})});
  Value s = g.mul(g.matmul(g.castTo(q, wide), g.swapLast(g.castTo(k, wide))), factor);
  bool mayBeEmpty = false;
  if (p.causal && s) {
    Type i64 = g.b.getI64Type();
    Value row = g.unsqueeze(g.iota(i64, g.dim(q, g.rank(q) - 2)), {1}), col = g.iota(i64, g.dim(k, g.rank(k) - 2));
    s = g.where(g.create<graph::LessEqualOp>({col, row}), s, g.scalarLike(s, -inf));
  }
  if (p.mask && s) {
    mayBeEmpty = true;
    s = isBool(g.elem(p.mask)) ? g.where(p.mask, s, g.scalarLike(s, -inf)) : g.add(s, g.castTo(p.mask, wide));
  }
  Value w = !s ? s : mayBeEmpty ? maskedSoftmax(g, s) : g.softmax(s, {g.rank(s) - 1});
  if (weights)
    *weights = g.castTo(w, t);
  return w ? g.castTo(g.matmul(w, g.castTo(v, wide)), t) : w;
}

/// query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa
static void scaledDotProduct(AtenCall &c) {
  if (c.number(4, 0) != 0)
    return c.fail("dropout in attention is not supported");
  AttentionParams p{c.tensorOrNull(3), c.flag(5), c.flag(7), {}};
  if (c.has(6))
    p.scale = c.number(6);
  c.give(attentionOf(c, c.tensor(0), c.tensor(1), c.tensor(2), p));
}
/// The forms of back ends: query, key, value, dropout_p, is_causal, .., attn_mask, scale.
static void flashForCpu(AtenCall &c) {
  AttentionParams p{c.tensorOrNull(5), c.flag(4), false, {}};
  if (c.has(6))
    p.scale = c.number(6);
  c.give(attentionOf(c, c.tensor(0), c.tensor(1), c.tensor(2), p));
  c.results.emplace_back(); // logsumexp is for the backward pass
}
/// query, key, value, attn_mask, dropout_p, is_causal, dropout_mask, scale, enable_gqa
static void attentionMath(AtenCall &c) {
  AttentionParams p{c.tensorOrNull(3), c.flag(5), c.flag(8), {}};
  if (c.has(7))
    p.scale = c.number(7);
  Value weights;
  c.give(attentionOf(c, c.tensor(0), c.tensor(1), c.tensor(2), p, &weights));
  c.give(weights);
}

//===-- Fused multi-head attention -----------------------------------------===//

namespace {
struct Heads {
  int64_t embed, heads;
  Value qkvWeight, qkvBias, projWeight, projBias, mask;
  std::optional<int64_t> maskType; ///< 0 source [L, S], 1 key padding [N, S], 2 both [N, heads, L, S]
};
} // namespace

static Value projected(AtenCall &c, Value x, Value w, Value b, int64_t part, int64_t embed) {
  GraphBuilder &g = c.g;
  AffineExpr from = g.expr(part * embed), n = g.expr(embed);
  return linearOf(c, x, g.slice(w, 0, from, n), b ? g.slice(b, 0, from, n) : b);
}

/// Inputs [N, L, embed]; in a mask that is bool, true is left out.
static Value multiHead(AtenCall &c, Value q, Value k, Value v, const Heads &h, Value *weights) {
  GraphBuilder &g = c.g;
  if (!q || !k || !v)
    return {};
  if (h.heads < 1)
    return c.fail(Twine(h.heads) + " heads"), Value();
  if (g.rank(q) != 3)
    return c.fail("inputs must have three dims"), Value();
  auto split = [&](Value x, int64_t part) { // [N, heads, L, depth]
    Value y = projected(c, x, h.qkvWeight, h.qkvBias, part, h.embed);
    if (!y || g.rank(y) != 3)
      return c.fail("inputs must have three dims"), Value();
    Exprs d = g.dims(y);
    return g.transpose(g.reshape(y, {d[0], d[1], g.expr(h.heads), g.expr(h.embed / h.heads)}), {0, 2, 1, 3});
  };
  AttentionParams p;
  if (Value m = h.mask) {
    if (g.rank(m) == 2 && h.maskType.value_or(0) == 1) // keys of each row of the batch
      m = g.unsqueeze(m, {1, 2});
    else if (g.rank(m) == 3) // [N * heads, L, S]
      m = g.reshape(m, {g.dim(q, 0), g.expr(h.heads), g.dim(m, 1), g.dim(m, 2)});
    if (!m)
      return m;
    p.mask = isBool(g.elem(m)) ? g.create<graph::NotOp>({m}) : m;
  }
  Value y = attentionOf(c, split(q, 0), split(k, 1), split(v, 2), p, weights);
  if (!y)
    return y;
  Exprs d = g.dims(q);
  y = g.reshape(g.transpose(y, {0, 2, 1, 3}), {d[0], d[1], g.expr(h.embed)});
  return linearOf(c, y, h.projWeight, h.projBias);
}

/// query, key, value, embed_dim, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias,
/// mask, need_weights, average_attn_weights, mask_type
static void nativeMultiHead(AtenCall &c) {
  GraphBuilder &g = c.g;
  Heads h{c.integer(3), c.integer(4),      c.tensor(5),       c.tensorOrNull(6),
          c.tensor(7),  c.tensorOrNull(8), c.tensorOrNull(9), {}};
  if (c.has(12))
    h.maskType = c.integer(12);
  Value weights;
  c.give(multiHead(c, c.tensor(0), c.tensor(1), c.tensor(2), h, &weights));
  if (!c.flag(10, true))
    return c.results.push_back(Arg());
  c.give(weights && c.flag(11, true) ? g.squeeze(g.reduceMean(weights, {1}), {1}) : weights);
}

/// src, embed_dim, num_heads, qkv w b, proj w b, use_gelu, norm_first, eps, norm1 w b,
/// norm2 w b, ffn1 w b, ffn2 w b, mask, mask_type
static void encoderLayer(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  Heads h{c.integer(1), c.integer(2),      c.tensor(3),        c.tensorOrNull(4),
          c.tensor(5),  c.tensorOrNull(6), c.tensorOrNull(18), {}};
  if (c.has(19))
    h.maskType = c.integer(19);
  bool gelu = c.flag(7), first = c.flag(8);
  double eps = c.number(9);
  auto norm = [&](Value v, size_t i) { return layerNormOf(c, v, 1, c.tensorOrNull(i), c.tensorOrNull(i + 1), eps); };
  auto feed = [&](Value v) {
    v = linearOf(c, v, c.tensor(14), c.tensorOrNull(15));
    v = gelu ? geluOf(g, v, false) : g.create<graph::ReluOp>({v});
    return linearOf(c, v, c.tensor(16), c.tensorOrNull(17));
  };
  Value in = first ? norm(x, 10) : x;
  x = g.add(x, multiHead(c, in, in, in, h, nullptr));
  if (!first)
    x = norm(x, 10);
  x = g.add(x, feed(first ? norm(x, 12) : x));
  c.give(first ? x : norm(x, 12));
}

/// _transform_bias_rescale_qkv(qkv [N, L, 3 D], bias, heads): q scaled, k, v [N, heads, L, d]
static void rescaleQkv(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = g.add(c.tensor(0, 3), c.tensor(1));
  int64_t heads = c.integer(2);
  auto total = x ? graph::constantOf(g.dim(x, 2)) : std::nullopt;
  if (!total || heads < 1)
    return c.fail("the width must be constant");
  int64_t depth = *total / 3 / heads;
  Exprs d = g.dims(x);
  x = g.transpose(g.reshape(x, {d[0], d[1], g.expr(3), g.expr(heads), g.expr(depth)}), {2, 0, 3, 1, 4});
  for (int64_t i = 0; i < 3; ++i) {
    Value v = selectAt(g, x, 0, g.expr(i));
    c.give(i == 0 ? g.mul(v, 1 / std::sqrt(double(depth))) : v);
  }
}

void addAttentionRows(AtenTable &t) {
  addRows(t, scaledDotProduct, {"scaled_dot_product_attention"});
  addRows(t, flashForCpu, {"_scaled_dot_product_flash_attention_for_cpu"});
  addRows(t, attentionMath, {"_scaled_dot_product_attention_math"});
  addRows(t, nativeMultiHead, {"_native_multi_head_attention"});
  addRows(t, encoderLayer, {"_transformer_encoder_layer_fwd"});
  addRows(t, rescaleQkv, {"_transform_bias_rescale_qkv"});
}

} // namespace wick::compiler::torch
