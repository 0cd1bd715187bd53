// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resizing one axis: positions in the source are computed on vectors in f64, then taps
// are gathered and weighted. With constant scales the vectors fold; with scales known
// at run time nothing changes. Nearest by whole factors is wick.upsample, anti-aliased
// forms are a routine.
//
#include "compiler/frontend/Composites.h"

using namespace mlir;
namespace wick::compiler {

static Value floorOf(GraphBuilder &g, Value v) { return g.create<graph::FloorOp>({v}); }

/// Source positions of all result positions: f64 [out].
static Value positions(GraphBuilder &g, const ResampleMode &m, const ResampleAxis &a) {
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
    // The standard's in / 2 * (1 - out / (scale * in)), without its rounding: where the scale is a
    // power of two the shift is exact, and `ceil` and `floor` of a whole position keep it.
    return g.add(half, g.mul(g.sub(in, g.div(out, a.scale)), 0.5));
  }
  if (m.coordinate == "tf_crop_and_resize") {
    Value last = g.add(in, -1);
    Value spread = g.add(g.mul(a.start, last), g.div(g.mul(x, g.mul(g.sub(a.end, a.start), last)), gaps));
    return g.where(single, g.add(g.mul(x, 0.0), g.mul(g.mul(g.add(a.start, a.end), last), 0.5)), spread);
  }
  return g.fail("coordinate_transformation_mode '" + m.coordinate + "'");
}

static Value takeAt(GraphBuilder &g, Value x, Value at, const ResampleAxis &a) {
  Value last = g.exprAs(g.simplify(a.in - 1), g.b.getF64Type());
  Value clamped = g.clip(at, g.scalar(g.b.getF64Type(), 0), last);
  return g.gather(x, g.castTo(clamped, g.b.getI64Type()), a.axis);
}

/// A vector along `axis` in the shape that broadcasts against x, in x's type.
static Value alongAxis(GraphBuilder &g, Value v, Value x, const ResampleAxis &a, Type elem) {
  Exprs shape(g.rank(x), g.expr(1));
  shape[a.axis] = a.out;
  return g.reshape(g.castTo(v, elem), shape);
}

static Value nearest(GraphBuilder &g, Value x, const ResampleMode &m, const ResampleAxis &a) {
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

static Value interpolate(GraphBuilder &g, Value x, const ResampleMode &m, const ResampleAxis &a) {
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
Value extrapolate(GraphBuilder &g, Value y, const ResampleMode &m, const ResampleAxis &a) {
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

static Value antialiased(GraphBuilder &g, Value x, const ResampleMode &m, const ResampleAxis &a) {
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

Value resample(GraphBuilder &g, Value x, const ResampleMode &m, const ResampleAxis &a) {
  if (!x)
    return x;
  if (m.mode == "nearest")
    return nearest(g, x, m, a);
  return m.antialias ? antialiased(g, x, m, a) : interpolate(g, x, m, a);
}

} // namespace wick::compiler
