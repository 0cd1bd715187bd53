// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Contract: products of matrices in all their names, and convolutions.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

Value matmulAny(AtenCall &c, Value a, Value b) {
  GraphBuilder &g = c.g;
  if (!a || !b)
    return {};
  if (g.rank(a) == 0 || g.rank(b) == 0)
    return c.fail("an operand is a scalar"), Value();
  if (g.elem(a) != g.elem(b)) {
    Type t = promoteTypes(g.elem(a), g.elem(b));
    a = g.castTo(a, t), b = g.castTo(b, t);
  }
  bool row = g.rank(a) == 1, column = g.rank(b) == 1;
  a = row ? g.unsqueeze(a, {0}) : a, b = column ? g.unsqueeze(b, {1}) : b;
  Value v = g.matmul(a, b);
  if (!v)
    return v;
  SmallVector<int64_t> drop;
  if (row)
    drop.push_back(g.rank(v) - 2);
  if (column)
    drop.push_back(g.rank(v) - 1);
  return g.squeeze(v, drop);
}
Value linearOf(AtenCall &c, Value x, Value w, Value bias) {
  GraphBuilder &g = c.g;
  if (!x || !w)
    return {};
  Value v = matmulAny(c, x, g.rank(w) > 1 ? g.swapLast(w) : w);
  return bias ? g.add(v, g.castTo(bias, v ? g.elem(v) : g.elem(bias))) : v;
}

static void matmul(AtenCall &c) { c.give(matmulAny(c, c.tensor(0), c.tensor(1))); }
static void linear(AtenCall &c) { c.give(linearOf(c, c.tensor(0), c.tensor(1), c.tensorOrNull(2))); }
static void outer(AtenCall &c) {
  auto [x, y] = promotedPair(c);
  c.give(c.g.mul(c.g.unsqueeze(x, {1}), y));
}

/// beta * self + alpha * (a b); addbmm sums over the batch.
static void addProduct(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value v = matmulAny(c, c.tensor(1), c.tensor(2)), self = c.tensor(0);
  if (!v || !self)
    return;
  if (c.name.ends_with("addbmm") && !c.name.ends_with("baddbmm"))
    v = g.squeeze(g.reduce(v, graph::ReduceKind::Sum, {0}), {0});
  if (c.has(4) && c.number(4) != 1)
    v = g.mul(v, c.number(4));
  if (!v)
    return;
  double beta = c.number(3, 1);
  if (beta == 0)
    return c.give(v);
  self = g.castTo(self, g.elem(v));
  c.give(g.add(v, beta == 1 ? self : g.mul(self, beta)));
}
static void addr(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value v = g.mul(g.unsqueeze(c.tensor(1), {1}), c.tensor(2)), self = c.tensor(0);
  if (c.has(4) && c.number(4) != 1)
    v = g.mul(v, c.number(4));
  c.give(g.add(v, c.number(3, 1) == 1 ? self : g.mul(self, c.number(3))));
}
static void chainMatmul(AtenCall &c) {
  Value v;
  for (Value x : c.tensors(0))
    v = v ? matmulAny(c, v, x) : x;
  c.give(v);
}
static void einsumRow(AtenCall &c) {
  Type t = promoted(c, {1});
  SmallVector<Value> xs;
  for (Value v : c.tensors(1))
    xs.push_back(c.g.castTo(v, t));
  c.give(einsum(c.g, c.text(0), xs));
}
static void tensordot(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [a, b] = promotedPair(c);
  if (!a || !b || !c.tensor(0, 1) || !c.tensor(1, 1))
    return;
  SmallVector<int64_t> da = c.integers(2), db = c.integers(3), pa, pb;
  for (int64_t &d : da)
    d = c.wrapAxis(d, g.rank(a));
  for (int64_t &d : db)
    d = c.wrapAxis(d, g.rank(b));
  Exprs out, inner;
  for (int64_t i = 0; i < g.rank(a); ++i)
    if (!llvm::is_contained(da, i))
      pa.push_back(i), out.push_back(g.dim(a, i));
  AffineExpr rows = g.count(out);
  for (int64_t d : da)
    pa.push_back(d), inner.push_back(g.dim(a, d));
  Exprs right;
  for (int64_t d : db)
    pb.push_back(d);
  for (int64_t i = 0; i < g.rank(b); ++i)
    if (!llvm::is_contained(db, i))
      pb.push_back(i), right.push_back(g.dim(b, i));
  AffineExpr k = g.count(inner), cols = g.count(right);
  llvm::append_range(out, right);
  Value v = g.matmul(g.reshape(g.transpose(a, pa), {rows, k}), g.reshape(g.transpose(b, pb), {k, cols}));
  c.give(g.reshape(v, out));
}
static void bilinear(AtenCall &c) { // x1 [.., i], x2 [.., j], w [o, i, j]
  Value v = einsum(c.g, "...i,oij,...j->...o", {c.tensor(0), c.tensor(2), c.tensor(1)});
  c.give(c.has(3) ? c.g.add(v, c.tensor(3)) : v);
}

//===-- Convolution --------------------------------------------------------===//

Value convOf(AtenCall &c, Value x, Value w, Value bias, const ConvParams &p) {
  GraphBuilder &g = c.g;
  if (!x || !w)
    return {};
  int64_t spatial = g.rank(w) - 2;
  bool batched = g.rank(x) == g.rank(w);
  if (spatial < 1 || (!batched && g.rank(x) + 1 != g.rank(w)))
    return c.fail("input of rank " + Twine(g.rank(x)) + " and weight of rank " + Twine(g.rank(w))), Value();
  x = g.castTo(batched ? x : g.unsqueeze(x, {0}), promoteTypes(g.elem(x), g.elem(w)));
  w = g.castTo(w, x ? g.elem(x) : g.elem(w));
  for (auto [s, d] : llvm::zip(p.stride, p.dilation))
    if (s < 1 || d < 1)
      return c.fail("stride and dilation must be positive"), Value();
  Value v;
  if (p.transposed) {
    Exprs sizes, d = g.dims(x);
    for (int64_t i = 0; i < spatial; ++i) {
      auto taps = graph::constantOf(g.dim(w, 2 + i));
      if (!taps || *taps > INT32_MAX)
        return c.fail("the taps of the weight are not constant, or too many"), Value();
      int64_t extent = p.dilation[i] * (*taps - 1) + 1;
      sizes.push_back(g.simplify((d[2 + i] - 1) * p.stride[i] + (extent + p.outputPadding[i] - 2 * p.padLow[i])));
    }
    v = g.create<graph::ConvTransposeOp>({x, w}, {g.intsAttr("strides", p.stride), g.intsAttr("pads_begin", p.padLow),
                                                  g.intsAttr("dilations", p.dilation), g.intAttr("groups", p.groups),
                                                  g.mapAttr("sizes", sizes)});
  } else {
    v = g.create<graph::ConvOp>({x, w}, {g.intsAttr("strides", p.stride), g.intsAttr("pads_begin", p.padLow),
                                         g.intsAttr("pads_end", p.padHigh), g.intsAttr("dilations", p.dilation),
                                         g.intAttr("groups", p.groups)});
  }
  if (v && bias) // along the channels, which are followed by the spatial dims
    v = g.add(v, alongDim(g, g.castTo(bias, g.elem(v)), 0, spatial + 1));
  return batched ? v : g.squeeze(v, {0});
}

/// Reads stride, padding, dilation from consecutive arguments; padding may be a word.
static std::optional<ConvParams> convParams(AtenCall &c, size_t stride, size_t padding, size_t dilation) {
  GraphBuilder &g = c.g;
  Value w = c.tensor(1, 3);
  if (!c.tensor(0) || !w)
    return std::nullopt;
  size_t n = std::max<int64_t>(1, g.rank(w) - 2);
  ConvParams p;
  p.stride = c.integers(stride, n, 1), p.dilation = c.integers(dilation, n, 1);
  p.outputPadding.assign(n, 0);
  if (c.arg(padding).kind == Arg::Kind::String) {
    std::string mode = c.text(padding);
    p.padLow.assign(n, 0), p.padHigh.assign(n, 0);
    if (mode != "same" && mode != "valid")
      return c.fail("padding '" + mode + "'"), std::nullopt;
    for (size_t i = 0; mode == "same" && i < n; ++i) { // the odd one goes to the end
      auto taps = graph::constantOf(g.dim(w, 2 + i));
      int64_t total = p.dilation[i] * (std::min<int64_t>(taps.value_or(1), INT32_MAX) - 1);
      p.padLow[i] = total / 2, p.padHigh[i] = total - total / 2;
    }
  } else {
    p.padLow = p.padHigh = c.integers(padding, n, 0);
  }
  if (g.hasError())
    return std::nullopt;
  return p;
}
/// conv1d to 3d: input, weight, bias, stride, padding, dilation, groups.
static void conv(AtenCall &c) {
  if (auto p = convParams(c, 3, 4, 5)) {
    p->groups = c.integer(6, 1);
    c.give(convOf(c, c.tensor(0), c.tensor(1), c.tensorOrNull(2), *p));
  }
}
/// .., stride, padding, output_padding, groups, dilation
static void convTranspose(AtenCall &c) {
  if (auto p = convParams(c, 3, 4, 7)) {
    p->outputPadding = c.integers(5, p->stride.size(), 0);
    p->groups = c.integer(6, 1), p->transposed = true;
    c.give(convOf(c, c.tensor(0), c.tensor(1), c.tensorOrNull(2), *p));
  }
}
/// .., stride, padding, dilation, transposed, output_padding, groups, flags of the back end
static void convolution(AtenCall &c) {
  if (auto p = convParams(c, 3, 4, 5)) {
    p->transposed = c.flag(6), p->outputPadding = c.integers(7, p->stride.size(), 0), p->groups = c.integer(8, 1);
    c.give(convOf(c, c.tensor(0), c.tensor(1), c.tensorOrNull(2), *p));
  }
}

void addContractRows(AtenTable &t) {
  addRows(t, matmul, {"matmul", "mm", "bmm", "mv", "dot", "vdot", "linalg_matmul"});
  addRows(t, linear, {"linear"}), addRows(t, outer, {"outer", "ger"});
  addRows(t, addProduct, {"addmm", "baddbmm", "addbmm", "addmv"}), addRows(t, addr, {"addr"});
  addRows(t, chainMatmul, {"linalg_multi_dot", "chain_matmul"}), addRows(t, einsumRow, {"einsum"});
  addRows(t, tensordot, {"tensordot"}), addRows(t, bilinear, {"bilinear"});
  addRows(t, conv, {"conv1d", "conv2d", "conv3d"});
  addRows(t, convTranspose, {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"});
  addRows(t, convolution, {"convolution", "_convolution", "convolution_overrideable"});
}

} // namespace wick::compiler::torch
