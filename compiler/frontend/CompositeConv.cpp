// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions whose weights have channels or taps that only a run knows. Kernels of
// wick.conv are made for the taps, so these are matrix products instead: a table of
// places [out, tap] along each spatial dim says what the window of a position reads, the
// place behind the last being a zero, and gathers along the tables lay the windows out.
//
#include "compiler/frontend/Composites.h"

using namespace mlir;
namespace wick::compiler {

/// i64 [out, taps]: the place in a dim of `size` that tap k of position o reads; `size`,
/// where a zero lies, for those outside and those between the steps of a transposed one.
static Value placesOf(GraphBuilder &g, const OpenConv &p, size_t i, AffineExpr size, AffineExpr taps) {
  Type i64 = g.b.getI64Type();
  Value out = g.unsqueeze(g.iota(i64, p.sizes[i]), {1}), tap = g.unsqueeze(g.iota(i64, taps), {0});
  Value stride = g.i64(p.strides[i]), reach = g.mul(tap, g.i64(p.dilations[i])), pad = g.dimScalar(p.padsBegin[i]);
  Value end = g.dimScalar(size), zero = g.i64(0), at, isHit;
  if (p.transposed) {
    Value scaled = g.sub(g.add(out, pad), reach);
    at = g.div(scaled, stride);
    isHit = g.create<graph::EqualOp>({g.mul(at, stride), scaled});
    isHit = g.create<graph::AndOp>({isHit, g.create<graph::LessEqualOp>({zero, scaled})});
  } else {
    at = g.sub(g.add(g.mul(out, stride), reach), pad);
    isHit = g.create<graph::LessEqualOp>({zero, at});
  }
  isHit = g.create<graph::AndOp>({isHit, g.create<graph::LessOp>({at, end})});
  return g.where(isHit, at, end);
}

Value convOpen(GraphBuilder &g, Value x, Value w, const OpenConv &p) {
  if (!x || !w)
    return {};
  Exprs in = g.dims(x), taps = g.dims(w);
  size_t count = p.sizes.size();
  if (in.size() != count + 2 || taps.size() != count + 2)
    return g.fail("x of rank " + Twine(in.size()) + " and w of rank " + Twine(taps.size()));
  AffineExpr groups = g.expr(p.groups), each = g.floorDiv(in[1], groups); // input channels of a group
  AffineExpr outEach = p.transposed ? taps[1] : g.floorDiv(taps[0], groups);
  g.checkEqual(in[1], g.simplify(each * groups), "the channels do not divide into " + Twine(p.groups) + " groups");
  if (p.transposed)
    g.checkEqual(taps[0], in[1], "the weights do not fit the channels");
  else {
    g.checkEqual(taps[1], each, "the weights do not fit the channels");
    g.checkEqual(taps[0], g.simplify(outEach * groups), "the weights do not divide into groups");
  }
  // [N, C, out0, tap0, out1, tap1, ..]
  Exprs none(count + 2, g.expr(0)), zeros(count + 2, g.expr(1));
  zeros[0] = zeros[1] = g.expr(0);
  Value v = g.padConstant(x, none, zeros, 0);
  for (size_t i = 0; i < count; ++i)
    v = g.gather(v, placesOf(g, p, i, in[2 + i], taps[2 + i]), 2 + 2 * i);
  // [N, groups, channels * taps, positions]
  Exprs split{in[0], groups, each};
  SmallVector<int64_t> perm{0, 1, 2};
  for (size_t i = 0; i < count; ++i) {
    split.append({p.sizes[i], taps[2 + i]});
    perm.push_back(4 + 2 * i);
  }
  for (size_t i = 0; i < count; ++i)
    perm.push_back(3 + 2 * i);
  AffineExpr depth = each;
  for (size_t i = 0; i < count; ++i)
    depth = g.simplify(depth * taps[2 + i]);
  v = g.transpose(g.reshape(v, split), perm);
  v = g.reshape(v, {in[0], groups, depth, g.count(p.sizes)});
  // [1, groups, result channels, channels * taps]
  Exprs weights{groups, p.transposed ? each : outEach, p.transposed ? outEach : each};
  weights.append(taps.begin() + 2, taps.end());
  w = g.reshape(w, weights);
  if (p.transposed) {
    SmallVector<int64_t> swap = llvm::to_vector(llvm::seq<int64_t>(0, weights.size()));
    std::swap(swap[1], swap[2]);
    w = g.transpose(w, swap);
  }
  Value y = g.matmul(g.reshape(w, {g.expr(1), groups, outEach, depth}), v);
  Exprs out{in[0], g.simplify(outEach * groups)};
  llvm::append_range(out, p.sizes);
  return g.reshape(y, out);
}

} // namespace wick::compiler
