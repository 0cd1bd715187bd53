// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sampling of images at computed places, and blocks of images as columns.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

/// input, grid, mode (0 linear 1 nearest 2 cubic), padding (0 zeros 1 border 2 reflection), align_corners
static void gridSampler(AtenCall &c) {
  int64_t mode = c.integer(2, 0);
  if (mode < 0 || mode > 2)
    return c.fail("interpolation mode " + Twine(mode));
  if (int64_t padding = c.integer(3, 0); padding < 0 || padding > 2)
    return c.fail("padding mode " + Twine(padding));
  c.give(gridSample(c.g, c.tensor(0), c.tensor(1), mode == 0 ? 1 : mode == 1 ? 0 : 2, c.integer(3, 0), c.flag(4)));
}
/// theta [N, d, d + 1], size [N, C, spatial..], align_corners -> [N, spatial.., d]
static void affineGrid(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value theta = c.tensor(0);
  Exprs size = c.sizes(1);
  if (!theta || size.size() < 4)
    return c.fail("sizes of rank " + Twine(size.size()));
  Type t = g.elem(theta);
  size_t n = size.size() - 2;
  Exprs spatial(size.begin() + 2, size.end()), one = spatial;
  one.push_back(g.expr(1));
  SmallVector<Value> parts;
  for (size_t i = n; i-- > 0;) { // x first
    Value k = g.iota(t, spatial[i]), count = g.exprAs(spatial[i], t);
    Value p = c.flag(2) ? g.add(g.div(g.mul(k, 2.0), g.max(g.add(count, -1), g.scalar(t, 1))), -1)
                        : g.add(g.div(g.add(g.mul(k, 2.0), 1), count), -1);
    parts.push_back(g.expandTo(g.unsqueeze(alongDim(g, p, i, n), {int64_t(n)}), one));
  }
  parts.push_back(g.splat(t, one, 1));
  Value base = g.reshape(g.concat(parts, n), {g.expr(1), g.count(spatial), g.expr(n + 1)});
  Exprs out{size[0]};
  llvm::append_range(out, spatial), out.push_back(g.expr(n));
  c.give(g.reshape(g.matmul(base, g.swapLast(theta)), out));
}

//===-- Blocks -------------------------------------------------------------===//

/// Whether blocks of this kind can be; an error otherwise.
static bool blocksFit(AtenCall &c, ArrayRef<int64_t> kernel, ArrayRef<int64_t> dilation, ArrayRef<int64_t> padding,
                      ArrayRef<int64_t> stride) {
  bool fits = llvm::all_of(padding, [](int64_t v) { return v >= 0; });
  for (ArrayRef<int64_t> list : {kernel, dilation, stride})
    fits &= llvm::all_of(list, [](int64_t v) { return v >= 1; });
  if (!fits)
    c.fail("kernel, dilation and stride must be positive, padding not negative");
  return fits;
}
/// kernel, dilation, padding, stride: x [N, C, H, W] -> [N, C * taps, positions]
static void im2col(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  auto kernel = c.integers(1, 2, 1), dilation = c.integers(2, 2, 1), padding = c.integers(3, 2, 0),
       stride = c.integers(4, 2, 1);
  if (!x || g.hasError())
    return;
  bool batched = g.rank(x) == 4;
  if (!batched && g.rank(x) != 3)
    return c.fail("input of rank " + Twine(g.rank(x)));
  if (!blocksFit(c, kernel, dilation, padding, stride))
    return;
  x = batched ? x : g.unsqueeze(x, {0});
  Exprs low(2, g.expr(0)), d;
  for (int64_t p : padding)
    low.push_back(g.expr(p));
  x = g.padConstant(x, low, low, 0);
  if (!x)
    return;
  d = g.dims(x);
  Exprs places;
  for (int64_t i = 0; i < 2; ++i) { // [.., taps, positions, ..] for each spatial dim
    AffineExpr room = g.simplify(d[2 + i] - (dilation[i] * (kernel[i] - 1) + 1));
    AffineExpr n = g.simplify(g.floorDiv(room, g.expr(stride[i])) + 1);
    places.push_back(n);
    auto steps = [&](int64_t by, AffineExpr count) {
      return g.create<graph::IotaOp>({g.i64(0), g.i64(by)}, {g.mapAttr("dims", {count})});
    };
    Value at = g.add(g.unsqueeze(steps(dilation[i], g.expr(kernel[i])), {1}), steps(stride[i], n));
    x = g.gather(x, at, 2 + 2 * i);
  }
  x = g.transpose(x, {0, 1, 2, 4, 3, 5});
  x = g.reshape(x, {d[0], g.simplify(d[1] * (kernel[0] * kernel[1])), g.count(places)});
  c.give(batched ? x : g.squeeze(x, {0}));
}
/// output_size, kernel, dilation, padding, stride
static void col2im(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  Exprs image = c.sizes(1);
  auto kernel = c.integers(2, 2, 1), dilation = c.integers(3, 2, 1), padding = c.integers(4, 2, 0),
       stride = c.integers(5, 2, 1);
  if (!x || g.hasError() || image.size() != 2)
    return c.fail("needs an output size of two dims");
  if (!blocksFit(c, kernel, dilation, padding, stride))
    return;
  bool batched = g.rank(x) == 3;
  FoldParams p{image, g.exprs(kernel), {}, stride, dilation, padding};
  for (int64_t i = 0; i < 2; ++i) {
    AffineExpr room = g.simplify(image[i] + (2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1));
    p.positions.push_back(g.simplify(g.floorDiv(room, g.expr(stride[i])) + 1));
  }
  Value v = foldBlocks(g, batched ? x : g.unsqueeze(x, {0}), p);
  c.give(batched ? v : g.squeeze(v, {0}));
}

void addVisionRows(AtenTable &t) {
  addRows(t, gridSampler, {"grid_sampler", "grid_sampler_2d", "grid_sampler_3d"});
  addRows(t, affineGrid, {"affine_grid_generator"});
  addRows(t, im2col, {"im2col"}), addRows(t, col2im, {"col2im"});
}

} // namespace wick::compiler::torch
