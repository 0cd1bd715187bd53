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

//===-- Deformable convolutions --------------------------------------------===//

/// Says in the run's error that two sizes differ where it is not known here; false when
/// they certainly do.
static bool requireEqual(GraphBuilder &g, AffineExpr x, AffineExpr y, const Twine &what) {
  if (graph::constantOf(g.simplify(x - y)).value_or(0) != 0)
    return g.fail(what), false;
  g.checkEqual(x, y, what.str());
  return true;
}

Value deformConv(GraphBuilder &g, Value x, Value w, Value offset, Value mask, Value bias, const DeformConvParams &p) {
  if (!x || !w || !offset)
    return {};
  if (g.rank(x) != 4 || g.rank(w) != 4 || g.rank(offset) != 4 || (mask && g.rank(mask) != 4))
    return g.fail("deformable convolutions of anything but two spatial dims are not supported");
  if (p.strides.size() != 2 || p.dilations.size() != 2 || p.groups < 1 || p.offsetGroups < 1 ||
      std::min({p.strides[0], p.strides[1], p.dilations[0], p.dilations[1]}) < 1)
    return g.fail("attributes do not fit two spatial dims");
  AffineExpr channels = g.dim(x, 1), outChannels = g.dim(w, 0), by = g.expr(p.groups);
  AffineExpr each = g.floorDiv(channels, by), outEach = g.floorDiv(outChannels, by);
  auto divides = [&](AffineExpr whole, int64_t parts, StringRef what) {
    AffineExpr part = g.floorDiv(whole, g.expr(parts));
    return requireEqual(g, whole, g.simplify(part * parts), what + " do not divide into " + Twine(parts));
  };
  if (!divides(channels, p.groups, "the channels") || !divides(channels, p.offsetGroups, "the channels") ||
      !divides(outChannels, p.groups, "the weights"))
    return {};
  AffineExpr batch = g.dim(x, 0), k = g.count({g.dim(w, 2), g.dim(w, 3)}), out[2];
  for (int i = 0; i < 2; ++i) {
    AffineExpr room = g.dim(x, 2 + i) + (p.padsBegin[i] + p.padsEnd[i] - 1) - (g.dim(w, 2 + i) - 1) * p.dilations[i];
    out[i] = g.simplify(g.floorDiv(g.simplify(room), g.expr(p.strides[i])) + 1);
  }
  auto fits = [&](Value v, int64_t parts, StringRef what) {
    Exprs want{batch, g.simplify(k * (p.offsetGroups * parts)), out[0], out[1]};
    for (int i = 0; i < 4; ++i)
      if (!requireEqual(g, g.dim(v, i), want[i], "dim " + Twine(i) + " of " + what + " does not fit"))
        return false;
    return true;
  };
  if (!fits(offset, 2, "offset") || (mask && !fits(mask, 1, "mask")) ||
      !requireEqual(g, g.dim(w, 1), each, "the weights do not fit the channels"))
    return {};
  Exprs args{g.dim(x, 1), g.dim(x, 2), g.dim(x, 3), g.dim(w, 2), g.dim(w, 3), out[0], out[1]};
  for (ArrayRef<int64_t> part :
       {ArrayRef<int64_t>(p.strides), ArrayRef<int64_t>(p.dilations), ArrayRef<int64_t>(p.padsBegin)})
    args.push_back(g.expr(part[0])), args.push_back(g.expr(part[1]));
  args.push_back(g.expr(p.offsetGroups));
  args.push_back(g.expr(bool(mask)));
  AffineExpr points = g.count({out[0], out[1]}), depth = g.simplify(k * each);
  Type type = graph::tensorOf(g.elem(x), {batch, g.simplify(k * channels), points});
  Value columns = g.routine("deform_im2col", {x, offset, mask ? mask : offset}, type, args, g.count({batch, channels}),
                            g.expr(0))[0];
  columns = g.reshape(columns, {batch, by, depth, points});
  Value y = g.matmul(g.reshape(w, {g.expr(1), by, outEach, depth}), columns);
  y = y ? g.reshape(y, {batch, outChannels, out[0], out[1]}) : y;
  return bias ? g.add(y, g.reshape(bias, {g.expr(1), outChannels, g.expr(1), g.expr(1)})) : y;
}

} // namespace wick::compiler
