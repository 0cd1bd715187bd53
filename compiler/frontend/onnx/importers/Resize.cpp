// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resize, one axis after another: positions in the source are computed on vectors
// in f64, then taps are gathered and weighted. With constant scales the vectors fold;
// with scales known at run time nothing changes. Nearest by whole factors is
// wick.upsample, anti-aliased forms are a routine.
//
#include "compiler/frontend/onnx/importers/Axes.h"

using namespace mlir;
namespace wick::compiler {

namespace {
struct ResizeMode {
  std::string mode, coordinate, nearest;
  double cubicA, extrapolation;
  bool excludeOutside, antialias;
};
/// One axis: sizes, and as scalars of f64 the scale, the resized length before it is
/// rounded, and the region of interest.
struct ResizeAxis {
  int64_t axis;
  AffineExpr in, out;
  Value scale, length, start, end;
};
} // namespace

static Value floorOf(GraphBuilder &g, Value v) { return g.create<graph::FloorOp>({v}); }

/// Source positions of all result positions: f64 [out].
static Value positions(GraphBuilder &g, const ResizeMode &m, const ResizeAxis &a) {
  Type f = g.b.getF64Type();
  Value x = g.iota(f, a.out), in = g.exprAs(a.in, f), out = g.exprAs(a.out, f);
  Value half = g.add(g.div(g.add(x, 0.5), a.scale), -0.5);
  Value single = g.create<graph::LessEqualOp>({out, g.scalar(f, 1)});
  Value gaps = g.max(g.add(a.length, -1), g.scalar(f, 1));
  if (m.coordinate == "half_pixel")
    return half;
  if (m.coordinate == "pytorch_half_pixel")
    return g.where(single, g.mul(x, 0.0), half);
  if (m.coordinate == "asymmetric")
    return g.div(x, a.scale);
  if (m.coordinate == "align_corners")
    return g.where(single, g.mul(x, 0.0), g.div(g.mul(x, g.add(in, -1)), gaps));
  if (m.coordinate == "half_pixel_symmetric") {
    Value adjust = g.div(out, g.mul(a.scale, in));
    return g.add(half, g.mul(g.mul(in, 0.5), g.sub(1, adjust)));
  }
  if (m.coordinate == "tf_crop_and_resize") {
    Value last = g.add(in, -1);
    Value spread = g.add(g.mul(a.start, last), g.div(g.mul(x, g.mul(g.sub(a.end, a.start), last)), gaps));
    return g.where(single, g.add(g.mul(x, 0.0), g.mul(g.mul(g.add(a.start, a.end), last), 0.5)), spread);
  }
  return g.fail("coordinate_transformation_mode '" + m.coordinate + "'");
}

static Value takeAt(GraphBuilder &g, Value x, Value at, const ResizeAxis &a) {
  Value last = g.exprAs(g.simplify(a.in - 1), g.b.getF64Type());
  Value clamped = g.clip(at, g.scalar(g.b.getF64Type(), 0), last);
  return g.gather(x, g.castTo(clamped, g.b.getI64Type()), a.axis);
}

/// A vector along `axis` in the shape that broadcasts against x, in x's type.
static Value alongAxis(GraphBuilder &g, Value v, Value x, const ResizeAxis &a, Type elem) {
  Exprs shape(g.rank(x), g.expr(1));
  shape[a.axis] = a.out;
  return g.reshape(g.castTo(v, elem), shape);
}

static Value nearest(GraphBuilder &g, Value x, const ResizeMode &m, const ResizeAxis &a) {
  auto in = graph::constantOf(a.in), out = graph::constantOf(a.out);
  bool simple = m.nearest == "floor" && m.coordinate == "asymmetric";
  // With half pixels, a whole factor k puts i at (i + 0.5) / k - 0.5, which rounds to i / k.
  simple |= (m.coordinate == "half_pixel" || m.coordinate == "half_pixel_symmetric") && m.nearest.starts_with("round");
  AffineExpr factor =
      in && out ? (*in > 0 && *out % *in == 0 ? g.expr(*out / *in) : AffineExpr()) : g.exactQuotient(a.out, a.in);
  if (auto k = factor ? graph::constantOf(factor) : std::nullopt; k && simple && *k >= 1) {
    auto s = g.doubleOf(a.scale);
    if (!s || *s == double(*k)) {
      SmallVector<int64_t> factors(g.rank(x), 1);
      factors[a.axis] = *k;
      return g.create<graph::UpsampleOp>({x}, {g.intsAttr("factors", factors)});
    }
  }
  Value at = positions(g, m, a);
  if (m.nearest == "round_prefer_floor")
    at = g.create<graph::CeilOp>({g.add(at, -0.5)});
  else if (m.nearest == "round_prefer_ceil")
    at = floorOf(g, g.add(at, 0.5));
  else if (m.nearest == "floor")
    at = floorOf(g, at);
  else
    at = g.create<graph::CeilOp>({at});
  return takeAt(g, x, at, a);
}

/// Weights of the four taps around a fraction t in [0, 1).
static SmallVector<Value> cubicWeights(GraphBuilder &g, Value t, double c) {
  auto near = [&](Value d) { // |d| <= 1
    return g.add(g.mul(g.mul(d, d), g.add(g.mul(d, c + 2), -(c + 3))), 1);
  };
  auto far = [&](Value d) { // 1 < |d| < 2
    return g.add(g.mul(d, g.add(g.mul(d, g.add(g.mul(d, c), -5 * c)), 8 * c)), -4 * c);
  };
  return {far(g.add(t, 1)), near(t), near(g.sub(1, t)), far(g.sub(2, t))};
}

static Value interpolate(GraphBuilder &g, Value x, const ResizeMode &m, const ResizeAxis &a) {
  Type f = g.b.getF64Type(), elem = g.elem(x);
  Value at = positions(g, m, a), base = floorOf(g, at), t = g.sub(at, base);
  bool isCubic = m.mode == "cubic";
  SmallVector<Value> weights = isCubic ? cubicWeights(g, t, m.cubicA) : SmallVector<Value>{g.sub(1, t), t};
  Value last = g.exprAs(g.simplify(a.in - 1), f), zero = g.scalar(f, 0);
  SmallVector<Value> taps;
  for (size_t k = 0; k < weights.size(); ++k)
    taps.push_back(g.add(base, double(k) - (isCubic ? 1 : 0)));
  if (m.excludeOutside) {
    Value total;
    for (size_t k = 0; k < weights.size(); ++k) {
      Value outside =
          g.create<graph::OrOp>({g.create<graph::LessOp>({taps[k], zero}), g.create<graph::LessOp>({last, taps[k]})});
      weights[k] = g.where(outside, zero, weights[k]);
      total = total ? g.add(total, weights[k]) : weights[k];
    }
    for (Value &w : weights)
      w = g.div(w, total);
  }
  Value sum;
  for (size_t k = 0; k < weights.size(); ++k) {
    Value part = g.mul(takeAt(g, x, taps[k], a), alongAxis(g, weights[k], x, a, elem));
    sum = sum ? g.add(sum, part) : part;
  }
  return sum;
}

/// Positions outside the source take the extrapolation value (tf_crop_and_resize).
static Value extrapolate(GraphBuilder &g, Value y, const ResizeMode &m, const ResizeAxis &a) {
  Value at = positions(g, m, a), last = g.exprAs(g.simplify(a.in - 1), g.b.getF64Type());
  Value outside =
      g.create<graph::OrOp>({g.create<graph::LessOp>({at, g.scalarLike(at, 0)}), g.create<graph::LessOp>({last, at})});
  return g.where(alongAxis(g, outside, y, a, g.b.getI1Type()), g.scalarLike(y, m.extrapolation), y);
}

/// A scalar of f64 as an argument of a routine: the bits of a double.
static AffineExpr doubleArgOf(GraphBuilder &g, Value v) {
  if (auto known = g.doubleOf(v))
    return g.doubleArg(*known);
  Value bits = g.routine("double_bits", {g.reshape(v, ArrayRef<int64_t>{1})},
                         RankedTensorType::get({1}, g.b.getI64Type()), {}, g.expr(1), g.expr(0))[0];
  return bits ? g.sizeOf(bits, 0, INT64_MIN, INT64_MAX) : g.expr(0);
}

static Value antialiased(NodeImport &n, Value x, const ResizeMode &m, const ResizeAxis &a) {
  GraphBuilder &g = n.g;
  const char *names[] = {"half_pixel", "pytorch_half_pixel", "align_corners",
                         "asymmetric", "tf_crop_and_resize", "half_pixel_symmetric"};
  int64_t code = std::find(names, names + 6, m.coordinate) - names;
  if (code == 6)
    return g.fail("coordinate_transformation_mode '" + m.coordinate + "'");
  Exprs dims = g.dims(x), outDims = dims;
  outDims[a.axis] = a.out;
  AffineExpr inner = g.count(ArrayRef(dims).drop_front(a.axis + 1)), outer = g.count(ArrayRef(dims).take_front(a.axis));
  Type f = g.b.getF64Type();
  bool isCubic = m.mode == "cubic";
  Value reach = g.div(g.scalar(f, isCubic ? 2 : 1), g.min(a.scale, g.scalar(f, 1)));
  Value half = g.castTo(g.create<graph::CeilOp>({reach}), g.b.getI64Type());
  if (!half)
    return half;
  AffineExpr taps = g.simplify(g.sizeOf(half, 0, 1, int64_t(1) << 40) * 2 + 1);
  return g.routine("resize_axis", {x}, graph::tensorOf(g.elem(x), outDims),
                   {a.in, a.out, inner, g.expr(isCubic ? 2 : 1), g.expr(code), doubleArgOf(g, a.scale),
                    doubleArgOf(g, a.start), doubleArgOf(g, a.end), g.doubleArg(m.cubicA), g.doubleArg(m.extrapolation),
                    g.expr(m.excludeOutside), g.expr(1)},
                   g.count({outer, a.out}), g.simplify(a.out * (taps * 8 + 16)))[0];
}

/// Result sizes and scales of the axes from the operands `scales` or `sizes`.
static bool resolveSizes(NodeImport &n, SmallVectorImpl<ResizeAxis> &axes) {
  GraphBuilder &g = n.g;
  Type f = g.b.getF64Type(), i64 = g.b.getI64Type();
  Value x = n.input(0), roi = n.input(1), scales = n.input(2), sizes = n.input(3);
  Exprs in;
  for (ResizeAxis &a : axes)
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
    sizes = g.castTo(floorOf(g, lengths), i64);
  } else {
    std::string policy = n.stringAttr("keep_aspect_ratio_policy", "stretch");
    factors = g.div(g.castTo(sizes, f), inF);
    if (policy != "stretch") {
      factors = g.reduce(factors, policy == "not_larger" ? graph::ReduceKind::Min : graph::ReduceKind::Max, {0});
      sizes = g.castTo(floorOf(g, g.add(g.mul(inF, factors), 0.5)), i64);
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
  ResizeMode m{n.stringAttr("mode", "nearest"),
               n.stringAttr("coordinate_transformation_mode", "half_pixel"),
               n.stringAttr("nearest_mode", "round_prefer_floor"),
               n.floatAttr("cubic_coeff_a", -0.75f),
               n.floatAttr("extrapolation_value", 0),
               bool(n.intAttr("exclude_outside", 0)),
               bool(n.intAttr("antialias", 0))};
  if (m.mode != "nearest" && m.mode != "linear" && m.mode != "cubic")
    return n.error("mode '" + m.mode + "'");
  SmallVector<ResizeAxis> axes;
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
  for (const ResizeAxis &a : axes) {
    if (!x)
      return; // the builder has the reason
    auto scale = g.doubleOf(a.scale);
    if (graph::provablyEqual(a.in, a.out) && !crop && (!scale || *scale == 1))
      continue;
    if (m.mode == "nearest")
      x = nearest(g, x, m, a);
    else
      x = m.antialias ? antialiased(n, x, m, a) : interpolate(g, x, m, a);
  }
  for (const ResizeAxis &a : axes)
    if (crop && x)
      x = extrapolate(g, x, m, a);
  if (x && g.elem(x) != elem) // integers: the reference rounds half to even and saturates
    x = g.castTo(g.create<graph::RoundOp>({x}), elem);
  n.set(0, x);
}

void addResizeImporters(ImportTable &t) { t["Resize"] = importResize; }

} // namespace wick::compiler
