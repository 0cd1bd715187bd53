// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// torchvision's ops on boxes and regions of interest, and deformable convolutions. What
// they compute is told by their CPU kernels, which differ from ONNX's ops of the same
// names in details: which boxes take part, how thresholds round, what empty bins give.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

/// boxes [N, 4], scores [N], iou. Every box takes part, whatever its score: they are put in
/// order here and scored by their place. Boxes whose corners are swapped overlap nothing.
static void nms(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value boxes = c.tensor(0), scores = c.tensor(1);
  if (!boxes || !scores || g.rank(boxes) != 2 || g.rank(scores) != 1)
    return c.fail("needs boxes [N, 4] and scores [N]");
  Type f = g.b.getF32Type();
  AffineExpr n = g.dim(scores, 0);
  Value order = topK(g, scores, 0, n, true).second;
  boxes = g.gather(g.castTo(boxes, f), order, 0);
  if (!boxes)
    return;
  Value low = g.slice(boxes, 1, g.expr(0), g.expr(2)), high = g.slice(boxes, 1, g.expr(2), g.expr(2));
  boxes = g.concat({low, g.max(low, high)}, 1);
  // An overlap of f32 is compared with a double: with the largest f32 that is not above it.
  double iou = c.number(2);
  float threshold = float(iou);
  if (double(threshold) > iou)
    threshold = std::nextafter(threshold, -INFINITY);
  auto one = [&](double v) { return g.splat(f, {g.expr(1)}, v); };
  Value places = g.sub(0, g.iota(g.b.getI64Type(), n));
  Value kept = nonMaxSuppression(g, g.unsqueeze(boxes, {0}), g.unsqueeze(g.castTo(places, f), {0, 1}), g.dimsValue({n}),
                                 one(threshold), one(-std::numeric_limits<double>::infinity()), false);
  c.give(kept ? g.gather(order, selectAt(g, kept, 1, g.expr(2)), 0) : kept);
}

//===-- Regions ------------------------------------------------------------===//

namespace {
/// rois [K, 5], an image's number and corners, cut; null after an error.
struct Regions {
  Value boxes, batch;
};
} // namespace

static Regions regionsOf(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), rois = c.tensor(1);
  if (!x || !rois || g.rank(x) != 4 || g.rank(rois) != 2)
    return c.fail("needs images [N, C, H, W] and rois [K, 5]"), Regions();
  return {g.castTo(g.slice(rois, 1, g.expr(1), g.expr(4)), g.elem(x)),
          g.castTo(selectAt(g, rois, 1, g.expr(0)), g.b.getI64Type())};
}

static void roiAlignRow(AtenCall &c) { // input, rois, scale, height, width, sampling_ratio, aligned
  auto [boxes, batch] = regionsOf(c);
  if (!boxes)
    return;
  RoiAlignParams p{c.size(3), c.size(4), std::max<int64_t>(0, c.integer(5, -1)), c.number(2), false, c.flag(6)};
  c.give(roiAlign(c.g, c.tensor(0), boxes, batch, p));
}

/// Bins of whole places: the largest of each, or (`mean`) the mean in the bin's own channel.
template <bool mean>
static void roiPool(AtenCall &c) { // input, rois, scale, height, width
  GraphBuilder &g = c.g;
  auto [boxes, batch] = regionsOf(c);
  if (!boxes)
    return;
  Value x = c.tensor(0);
  Exprs d = g.dims(x);
  AffineExpr h = c.size(3), w = c.size(4), k = g.dim(boxes, 0), bins = g.count({h, w});
  AffineExpr channels = mean ? g.simplify(g.floorDiv(d[1], bins)) : d[1];
  if (mean)
    g.checkEqual(d[1], g.simplify(channels * bins), "the channels do not divide into the bins");
  Exprs out{k, channels, h, w};
  auto both = g.routine("roi_pool", {x, boxes, batch},
                        {graph::tensorOf(g.elem(x), out), graph::tensorOf(g.b.getI32Type(), out)},
                        {d[0], d[1], d[2], d[3], h, w, g.doubleArg(c.number(2)), g.expr(mean), channels},
                        g.count({k, channels}), g.expr(0));
  c.give(both[0]), c.give(both[1]);
}

/// Bin (i, j) of result channel c is that of channel (c * height + i) * width + j: all bins of
/// all channels, of which those on the diagonal stay.
static void psRoiAlign(AtenCall &c) { // input, rois, scale, height, width, sampling_ratio
  GraphBuilder &g = c.g;
  auto [boxes, batch] = regionsOf(c);
  if (!boxes)
    return;
  Value x = c.tensor(0);
  int64_t h = c.integer(3), w = c.integer(4), bins = h * w, ratio = std::max<int64_t>(0, c.integer(5));
  double scale = c.number(2);
  if (h < 1 || w < 1 || h > 1000 || w > 1000)
    return c.fail(Twine(h) + " by " + Twine(w) + " bins");
  Value all = roiAlign(g, x, boxes, batch, {g.expr(h), g.expr(w), ratio, scale, false, true});
  AffineExpr k = g.dim(boxes, 0), channels = g.simplify(g.floorDiv(g.dim(x, 1), g.expr(bins)));
  g.checkEqual(g.dim(x, 1), g.simplify(channels * bins), "the channels do not divide into the bins");
  Value y =
      all ? g.slice(g.reshape(all, {k, channels, g.expr(bins * bins)}), 2, g.expr(0), g.expr(bins), bins + 1) : all;
  Exprs out{k, channels, g.expr(h), g.expr(w)};
  y = y ? g.reshape(y, out) : y;
  if (ratio == 0 && y) { // a bin without samples: 0 by 0
    Value empty;
    for (int64_t i : {0, 1}) {
      auto at = [&](int64_t j) { return g.mul(g.slice(boxes, 1, g.expr(j), g.expr(1)), scale); };
      Value size = g.mul(g.sub(at(2 + i), at(i)), 1.0 / double(i == 0 ? w : h));
      Value none = g.create<graph::EqualOp>({g.create<graph::CeilOp>({size}), g.scalarLike(size, 0)});
      empty = empty ? g.create<graph::OrOp>({empty, none}) : none;
    }
    y = g.where(g.unsqueeze(empty, {2, 3}), g.scalarLike(y, NAN), y);
  }
  c.give(y);
  Value from = g.reshape(g.iota(g.b.getI32Type(), g.simplify(channels * bins)), {channels, g.expr(h), g.expr(w)});
  c.give(g.expandTo(g.unsqueeze(from, {0}), out));
}

/// input, weight, offset, mask, bias, strides, pads and dilations of two dims, groups,
/// offset_groups, use_mask
static void deformConv2d(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), w = c.tensor(1), offset = c.tensor(2), mask = c.flag(13) ? c.tensor(3) : Value();
  Value bias = c.tensorOrNull(4);
  auto pair = [&](size_t i) { return SmallVector<int64_t>{c.integer(i), c.integer(i + 1)}; };
  DeformConvParams p{pair(5), pair(9), pair(7), {}, c.integer(11), c.integer(12)};
  p.padsEnd = p.padsBegin;
  if (!g.hasError())
    c.give(deformConv(g, x, w, offset, mask, bias, p));
}

void addRegionRows(AtenTable &t) {
  addRows(t, nms, {"torchvision::nms"}, OnQuantized::Release), addRows(t, roiAlignRow, {"torchvision::roi_align"});
  addRows(t, roiPool<false>, {"torchvision::roi_pool"}), addRows(t, roiPool<true>, {"torchvision::ps_roi_pool"});
  addRows(t, psRoiAlign, {"torchvision::ps_roi_align"}), addRows(t, deformConv2d, {"torchvision::deform_conv2d"});
}

} // namespace wick::compiler::torch
