// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// upsample_*: sizes or scale factors per spatial dim. torch samples at the inverse of
// the factor when it was given, else at in / out.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

namespace {
struct Scaling {
  Exprs sizes;                                ///< of the spatial dims
  SmallVector<std::optional<double>> factors; ///< where they were given
};
} // namespace

/// output_size at 1; then factors from `at` on: a list (.vec) or one number a dim.
static std::optional<Scaling> scalingOf(AtenCall &c, Value x, size_t at) {
  GraphBuilder &g = c.g;
  if (!x)
    return std::nullopt;
  int64_t n = g.rank(x) - 2;
  if (n < 1)
    return c.fail("input of rank " + Twine(g.rank(x))), std::nullopt;
  Scaling s;
  s.factors.resize(n);
  bool vec = c.arg(at).kind == Arg::Kind::List;
  for (int64_t i = 0; i < n; ++i) {
    if (vec) {
      AtenCall one{g, c.name, "", {}, {}};
      if (i < int64_t(c.arg(at).list.size()))
        one.args = {c.arg(at).list[i]}, s.factors[i] = one.number(0);
    } else if (c.has(at + i)) {
      s.factors[i] = c.number(at + i);
    }
  }
  if (c.has(1))
    s.sizes = c.sizes(1);
  else
    for (int64_t i = 0; i < n; ++i) {
      if (!s.factors[i])
        return c.fail("neither sizes nor scale factors"), std::nullopt;
      AffineExpr in = g.dim(x, 2 + i);
      double f = *s.factors[i];
      auto whole = graph::constantOf(in);
      if (!(f > 0 && f <= INT32_MAX && (!whole || double(*whole) * f <= double(graph::maxDim))))
        return c.fail("scale factor " + std::to_string(f)), std::nullopt;
      if (whole)
        s.sizes.push_back(g.expr(int64_t(std::floor(double(*whole) * f))));
      else if (f == std::floor(f))
        s.sizes.push_back(g.simplify(in * int64_t(f)));
      else { // floor(in * f) of a dynamic size, in double as torch has it
        Value v = g.mul(g.exprAs(in, g.b.getF64Type()), f);
        v = g.castTo(g.create<graph::FloorOp>({v}), g.b.getI64Type());
        s.sizes.push_back(v ? g.sizeOf(v, 0) : in);
      }
    }
  if (int64_t(s.sizes.size()) != n)
    return c.fail(Twine(s.sizes.size()) + " sizes for " + Twine(n) + " spatial dims"), std::nullopt;
  return s;
}

static void resize(AtenCall &c, ResampleMode m, size_t at, bool corners = false) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  auto s = scalingOf(c, x, at);
  if (!s)
    return;
  Type f = g.b.getF64Type(), type = g.elem(x);
  bool nearest = m.mode == "nearest", integers = !nearest && !isFloat(type);
  x = nearest ? x : g.castTo(x, integers ? Type(g.b.getF32Type()) : wideOf(type));
  for (size_t i = 0; i < s->sizes.size() && x; ++i) {
    ResampleAxis a{int64_t(i) + 2,           g.dim(x, 2 + i), s->sizes[i],   {},
                   g.exprAs(s->sizes[i], f), g.scalar(f, 0),  g.scalar(f, 1)};
    if (graph::provablyEqual(a.in, a.out) && (!s->factors[i] || *s->factors[i] == 1))
      continue;
    bool given = s->factors[i] && *s->factors[i] > 0 && !corners;
    auto gaps = [&](AffineExpr n) { return g.max(g.add(g.exprAs(n, f), -1), g.scalar(f, 1)); };
    if (corners && m.antialias) // the filter lies at (i + 0.5) / scale all the same
      a.scale = g.div(gaps(a.out), gaps(a.in));
    else
      a.scale = given ? g.scalar(f, *s->factors[i]) : g.div(g.exprAs(a.out, f), g.exprAs(a.in, f));
    x = resample(g, x, m, a);
  }
  if (integers) // rounded and kept in range
    x = g.create<graph::RoundOp>({x});
  c.give(g.castTo(x, type));
}
static void nearest(AtenCall &c) {
  bool exact = c.name.contains("exact"); // round((i + 0.5) / f - 0.5) up from the middle
  resize(c, {"nearest", exact ? "half_pixel" : "asymmetric", exact ? "round_prefer_ceil" : "floor", 0, 0, false, false},
         2);
}
template <bool cubic, bool antialias>
static void smooth(AtenCall &c) {
  bool corners = c.flag(2);
  std::string where = corners && !antialias ? "align_corners" : "half_pixel";
  resize(c, {cubic ? "cubic" : "linear", where, "floor", antialias ? -0.5 : -0.75, 0, antialias, antialias}, 3,
         corners);
}

void addResizeRows(AtenTable &t) {
  addRows(t, nearest,
          {"upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "_upsample_nearest_exact1d",
           "_upsample_nearest_exact2d", "_upsample_nearest_exact3d"},
          OnQuantized::Move);
  addRows(t, smooth<false, false>, {"upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d"});
  addRows(t, smooth<true, false>, {"upsample_bicubic2d"});
  addRows(t, smooth<false, true>, {"_upsample_bilinear2d_aa"}),
      addRows(t, smooth<true, true>, {"_upsample_bicubic2d_aa"});
}

} // namespace wick::compiler::torch
