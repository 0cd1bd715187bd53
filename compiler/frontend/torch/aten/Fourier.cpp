// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fourier transforms of one and several dims. The routine `dft` does one dim, on tensors
// whose last dim has the parts (1 or 2); it divides inverse transforms by the length.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

namespace {
/// What the factor of a transform is: none, 1 / sqrt(n), 1 / n.
enum class Scale { None, Root, Whole };
} // namespace

static void giveComplex(AtenCall &c, Value v) {
  c.give(v);
  c.results.back().complex = true;
}

static Value transformed(GraphBuilder &g, Value x, int64_t axis, const DftParams &p, Scale scale) {
  if (auto n = graph::constantOf(p.length); n && *n < 1)
    return g.fail("a transform of " + Twine(*n) + " places");
  Value v = dft(g, x, axis, p);
  Scale own = p.inverse ? Scale::Whole : Scale::None;
  if (!v || scale == own)
    return v;
  Value n = g.exprAs(p.length, g.elem(v)), root = scale == Scale::Root ? g.create<graph::SqrtOp>({n}) : n;
  return p.inverse ? g.mul(v, root) : g.div(v, root);
}

static Scale scaleOf(AtenCall &c, size_t i, bool inverse) {
  std::string norm = c.text(i, "backward");
  if (norm != "backward" && norm != "ortho" && norm != "forward")
    c.fail("norm '" + norm + "'");
  return norm == "ortho" ? Scale::Root : inverse == (norm == "backward") ? Scale::Whole : Scale::None;
}

static Value conjugate(GraphBuilder &g, Value v) {
  int64_t last = v ? g.rank(v) - 1 : 0;
  if (!v || !graph::isConstant(g.dim(v, last), 2))
    return v;
  auto part = [&](int64_t k) { return g.slice(v, last, g.expr(k), g.expr(1)); };
  return g.concat({part(0), g.create<graph::NegOp>({part(1)})}, last);
}

namespace {
/// One of the fft_ functions: real ones transform the last of the dims from or to real
/// numbers. Hermitian ones are their inverses with the parts conjugated.
struct Kind {
  bool inverse, fromReal, toReal, hermitian;
};
} // namespace

static Kind kindOf(StringRef name) {
  name.consume_front("aten::fft_");
  bool hermitian = name.contains("hf"), inverse = name.consume_front("i");
  if (hermitian) // hfft gives real numbers, ihfft takes them
    return {inverse, inverse, !inverse, true};
  bool real = name.starts_with("r");
  return {inverse, real && !inverse, real && inverse, false};
}

/// self, n or s, dim, norm: lengths and dims as torch completes them.
static void transforms(AtenCall &c, Exprs lengths, SmallVector<int64_t> axes) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x || c.g.hasError())
    return;
  Kind k = kindOf(c.name);
  if (k.fromReal && c.arg(0).complex)
    return c.fail("needs real numbers");
  x = g.castTo(x, floatOf(g.elem(x)));
  x = c.arg(0).complex ? x : g.unsqueeze(x, {g.rank(x)});
  Scale scale = scaleOf(c, 3, k.inverse);
  auto one = [&](size_t i, bool inverse, bool onesided) {
    x = transformed(g, x, axes[i], {lengths[i], inverse, onesided}, scale);
  };
  size_t last = axes.size() - 1;
  if (k.fromReal) { // the inverse of a real signal is the conjugate of its transform
    one(last, false, true);
    x = k.hermitian ? conjugate(g, x) : x;
  } else if (!k.toReal) {
    one(last, k.inverse, false);
  }
  for (size_t i = last; i-- > 0;)
    one(i, k.inverse, false);
  if (!k.toReal)
    return giveComplex(c, x);
  x = k.hermitian ? conjugate(g, x) : x;
  one(last, true, true);
  c.give(x ? g.squeeze(x, {g.rank(x) - 1}) : x);
}

/// Dims of argument 0 as torch counts them.
static int64_t rankOf(AtenCall &c) {
  Value x = c.tensor(0);
  return x ? c.g.rank(x) - c.arg(0).complex : 0;
}
/// How long dim `axis` is to be by itself: half spectra have n / 2 + 1 places.
static AffineExpr ownLength(AtenCall &c, int64_t axis, bool half) {
  AffineExpr n = c.g.dim(c.tensor(0), axis);
  return half ? c.g.simplify((n - 1) * 2) : n;
}

static void fft1(AtenCall &c) {
  int64_t rank = rankOf(c), axis = c.axis(2, rank, -1);
  if (c.g.hasError() || rank == 0)
    return c.fail("a scalar");
  transforms(c, {c.size(1, ownLength(c, axis, kindOf(c.name).toReal))}, {axis});
}

static void fftN(AtenCall &c) {
  int64_t rank = rankOf(c);
  SmallVector<int64_t> axes;
  if (rank == 0)
    return c.fail("a scalar");
  Exprs sizes = c.sizes(1), lengths;
  if (c.has(2)) {
    for (int64_t a : c.integers(2))
      axes.push_back(c.wrapAxis(a, rank));
  } else {
    int64_t first = c.name.ends_with("2") ? rank - 2 : c.has(1) ? rank - int64_t(sizes.size()) : 0;
    for (int64_t a = first; a < rank; ++a)
      axes.push_back(c.wrapAxis(a, rank));
  }
  if (c.g.hasError())
    return;
  if (axes.empty() || (c.has(1) && sizes.size() != axes.size()))
    return c.fail(Twine(sizes.size()) + " lengths for " + Twine(axes.size()) + " dims");
  for (size_t i = 0; i < axes.size(); ++i) {
    bool own = !c.has(1) || graph::isConstant(sizes[i], -1);
    lengths.push_back(own ? ownLength(c, axes[i], kindOf(c.name).toReal && i + 1 == axes.size()) : sizes[i]);
  }
  transforms(c, lengths, axes);
}

//===-- Forms of exported programs -----------------------------------------===//

/// normalization 0 none, 1 by the root of n, 2 by n: of each dim.
static Scale scaleOf(int64_t mode) { return mode == 0 ? Scale::None : mode == 1 ? Scale::Root : Scale::Whole; }

static SmallVector<int64_t> fftAxes(AtenCall &c, bool needsComplex) {
  SmallVector<int64_t> axes = c.integers(1);
  for (int64_t &a : axes)
    a = c.wrapAxis(a, rankOf(c));
  if (axes.empty() || c.arg(0).complex != needsComplex)
    c.fail(needsComplex ? "needs complex numbers and a dim" : "needs real numbers and a dim");
  return axes;
}
static void fftR2c(AtenCall &c) { // self, dim, normalization, onesided
  GraphBuilder &g = c.g;
  SmallVector<int64_t> axes = fftAxes(c, false);
  if (g.hasError())
    return;
  Value x = c.tensor(0);
  x = g.unsqueeze(x, {g.rank(x)});
  Scale scale = scaleOf(c.integer(2, 0));
  bool onesided = c.flag(3);
  for (size_t i = axes.size(); i-- > 0 && x; onesided = false)
    x = transformed(g, x, axes[i], {g.dim(x, axes[i]), false, onesided}, scale);
  giveComplex(c, x);
}
static void fftC2c(AtenCall &c) { // self, dim, normalization, forward
  GraphBuilder &g = c.g;
  SmallVector<int64_t> axes = fftAxes(c, true);
  Value x = g.hasError() ? Value() : c.tensor(0);
  for (int64_t a : axes)
    if (x)
      x = transformed(g, x, a, {g.dim(x, a), !c.flag(3, true), false}, scaleOf(c.integer(2, 0)));
  giveComplex(c, x);
}
static void fftC2r(AtenCall &c) { // self, dim, normalization, last_dim_size
  GraphBuilder &g = c.g;
  SmallVector<int64_t> axes = fftAxes(c, true);
  Value x = g.hasError() ? Value() : c.tensor(0);
  Scale scale = scaleOf(c.integer(2, 0));
  for (size_t i = 0; i < axes.size() && x; ++i) {
    bool last = i + 1 == axes.size();
    x = transformed(g, x, axes[i], {last ? c.size(3) : g.dim(x, axes[i]), true, last}, scale);
  }
  c.give(x ? g.squeeze(x, {g.rank(x) - 1}) : x);
}

//===-- Order of frequencies -----------------------------------------------===//

static void shift(AtenCall &c) { // self, dim
  GraphBuilder &g = c.g;
  bool back = c.name.contains("ifftshift");
  Arg by, axes;
  by.kind = axes.kind = Arg::Kind::List;
  for (int64_t a : c.axes(1, rankOf(c))) {
    AffineExpr n = g.dim(c.tensor(0), a), half = g.floorDiv(n, g.expr(2));
    by.list.push_back(Arg::of(g.simplify(back ? n - half : half)));
    axes.list.push_back(Arg::of(g.expr(a)));
  }
  c.results = callRow(c, "aten::roll", {c.arg(0), by, axes});
}
/// n, d, dtype: k / (n d) for k from 0, then (fftfreq) from -(n / 2) to -1.
static void frequencies(AtenCall &c) {
  GraphBuilder &g = c.g;
  AffineExpr n = c.size(0);
  Type t = c.dtype(2, g.b.getF32Type());
  if (g.hasError())
    return;
  bool half = c.name.contains("rfftfreq");
  AffineExpr places = g.floorDiv(n, g.expr(2));
  Value k = g.iota(t, half ? g.simplify(places + 1) : n), count = g.exprAs(n, t);
  if (!half)
    k = g.where(g.create<graph::LessOp>({k, g.exprAs(g.simplify(n - places), t)}), k, g.sub(k, count));
  c.give(g.div(k, g.mul(count, c.number(1, 1))));
}

void addFourierRows(AtenTable &t) {
  addRows(t, fft1, {"fft_fft", "fft_ifft", "fft_rfft", "fft_irfft", "fft_hfft", "fft_ihfft"});
  addRows(t, fftN,
          {"fft_fft2", "fft_ifft2", "fft_rfft2", "fft_irfft2", "fft_hfft2", "fft_ihfft2", "fft_fftn", "fft_ifftn",
           "fft_rfftn", "fft_irfftn", "fft_hfftn", "fft_ihfftn"});
  addRows(t, fftR2c, {"_fft_r2c"}), addRows(t, fftC2c, {"_fft_c2c"}), addRows(t, fftC2r, {"_fft_c2r"});
  addRows(t, shift, {"fft_fftshift", "fft_ifftshift"}), addRows(t, frequencies, {"fft_fftfreq", "fft_rfftfreq"});
  addComplex(t, nullptr,
             {"fft_fft", "fft_ifft", "fft_irfft", "fft_hfft", "fft_fft2", "fft_ifft2", "fft_irfft2", "fft_hfft2",
              "fft_fftn", "fft_ifftn", "fft_irfftn", "fft_hfftn", "_fft_c2c", "_fft_c2r", "fft_fftshift",
              "fft_ifftshift"});
}

} // namespace wick::compiler::torch
