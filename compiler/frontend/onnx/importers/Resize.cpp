// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resize, one axis after another, see Composites.h.
//
#include "compiler/frontend/Composites.h"
#include "compiler/frontend/onnx/importers/Axes.h"

using namespace mlir;
namespace wick::compiler {

/// Result sizes and scales of the axes from the operands `scales` or `sizes`.
static bool resolveSizes(NodeImport &n, SmallVectorImpl<ResampleAxis> &axes) {
  GraphBuilder &g = n.g;
  Type f = g.b.getF64Type(), i64 = g.b.getI64Type();
  Value x = n.input(0), roi = n.input(1), scales = n.input(2), sizes = n.input(3);
  Exprs in;
  for (ResampleAxis &a : axes)
    in.push_back(a.in = g.dim(x, a.axis));
  // One value an axis; of roi and scales, older files have empty ones.
  if (sizes)
    sizes = ofLength(g, sizes, axes.size());
  else
    scales = ofLength(g, scales, axes.size());
  for (Value v : {roi, scales, sizes})
    if (v && g.rank(v) != 1)
      return false;
  Value inF = g.castTo(g.dimsValue(in), f), factors, lengths;
  if (scales && graph::isConstant(g.count(scales), 0))
    scales = {};
  if (!scales && !sizes)
    return false;
  if (scales) {
    factors = g.castTo(scales, f);
    lengths = g.mul(inF, factors);
    sizes = g.castTo(g.create<graph::FloorOp>({lengths}), i64);
  } else {
    std::string policy = n.stringAttr("keep_aspect_ratio_policy", "stretch");
    factors = g.div(g.castTo(sizes, f), inF);
    if (policy != "stretch") {
      factors = g.reduce(factors, policy == "not_larger" ? graph::ReduceKind::Min : graph::ReduceKind::Max, {0});
      sizes = g.castTo(g.create<graph::FloorOp>({g.add(g.mul(inF, factors), 0.5)}), i64);
      factors = g.expandTo(factors, {g.expr(axes.size())});
    }
  }
  auto out = sizes ? g.shapeFrom(sizes) : std::nullopt;
  if (!out || out->size() != axes.size())
    return false;
  for (size_t i = 0; i < axes.size(); ++i) {
    auto pick = [&](Value v, int64_t k) { return g.reshape(g.slice(v, 0, g.expr(k), g.expr(1)), ArrayRef<int64_t>()); };
    axes[i].out = (*out)[i], axes[i].scale = pick(factors, i);
    axes[i].length = lengths ? pick(lengths, i) : g.exprAs(axes[i].out, f);
    bool hasRoi = roi && !graph::isConstant(g.count(roi), 0);
    axes[i].start = hasRoi ? pick(g.castTo(roi, f), i) : g.scalar(f, 0);
    axes[i].end = hasRoi ? pick(g.castTo(roi, f), i + axes.size()) : g.scalar(f, 1);
  }
  return true;
}

static void importResize(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  ResampleMode m{n.stringAttr("mode", "nearest"),
                 n.stringAttr("coordinate_transformation_mode", "half_pixel"),
                 n.stringAttr("nearest_mode", "round_prefer_floor"),
                 n.floatAttr("cubic_coeff_a", -0.75f),
                 n.floatAttr("extrapolation_value", 0),
                 bool(n.intAttr("exclude_outside", 0)),
                 bool(n.intAttr("antialias", 0))};
  if (m.mode != "nearest" && m.mode != "linear" && m.mode != "cubic")
    return n.error("mode '" + m.mode + "'");
  SmallVector<ResampleAxis> axes;
  std::vector<int64_t> list = n.intsAttr("axes").value_or(std::vector<int64_t>());
  if (!n.hasAttr("axes"))
    for (int64_t i = 0; i < g.rank(x); ++i)
      list.push_back(i);
  for (int64_t i : list) {
    auto a = n.axis(i, g.rank(x));
    if (!a)
      return;
    axes.push_back({*a, {}, {}, {}, {}, {}, {}});
  }
  if (!resolveSizes(n, axes))
    return n.unsupported("scales or sizes of unknown length");
  bool crop = m.coordinate == "tf_crop_and_resize";
  Type elem = g.elem(x);
  if (m.mode != "nearest" && isa<IntegerType>(elem))
    x = g.castTo(x, g.b.getF32Type());
  for (const ResampleAxis &a : axes) {
    if (!x)
      return; // the builder has the reason
    auto scale = g.doubleOf(a.scale);
    if (graph::provablyEqual(a.in, a.out) && !crop && (!scale || *scale == 1))
      continue;
    x = resample(g, x, m, a);
  }
  for (const ResampleAxis &a : axes)
    if (crop && x)
      x = extrapolate(g, x, m, a);
  if (x && g.elem(x) != elem) // integers: the reference rounds half to even and saturates
    x = g.castTo(g.create<graph::RoundOp>({x}), elem);
  n.set(0, x);
}

void addResizeImporters(ImportTable &t) { t["Resize"] = importResize; }

} // namespace wick::compiler
