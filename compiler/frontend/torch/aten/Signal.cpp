// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Complex numbers, Fourier transforms, stft. A complex tensor has its parts in one more
// dim at the end, which torch does not count (Arg::complex).
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

static void giveComplex(AtenCall &c, Value v) {
  c.give(v);
  c.results.back().complex = true;
}
/// Real and imaginary part of argument i; a real tensor has no second.
static std::pair<Value, Value> parts(AtenCall &c, size_t i) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(i);
  if (!x || !c.arg(i).complex)
    return {x, Value()};
  int64_t last = g.rank(x) - 1;
  return {selectAt(g, x, last, g.expr(0)), selectAt(g, x, last, g.expr(1))};
}
static Value joined(GraphBuilder &g, Value re, Value im) {
  if (!re || !im)
    return {};
  int64_t rank = g.rank(re);
  return g.concat({g.unsqueeze(re, {rank}), g.unsqueeze(im, {rank})}, rank);
}

static void viewAsComplex(AtenCall &c) { giveComplex(c, c.tensor(0)); }
static void viewAsReal(AtenCall &c) { c.give(c.tensor(0)); }
static void real(AtenCall &c) { c.give(parts(c, 0).first); }
static void imag(AtenCall &c) {
  Value im = parts(c, 0).second;
  return im ? c.give(im) : c.fail("needs complex numbers");
}
static void conj(AtenCall &c) {
  auto [re, im] = parts(c, 0);
  if (!im)
    return c.give(re);
  giveComplex(c, joined(c.g, re, c.g.create<graph::NegOp>({im})));
}
static void complex(AtenCall &c) { giveComplex(c, joined(c.g, c.tensor(0), c.tensor(1))); }
static void polar(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value r = c.tensor(0), angle = c.tensor(1);
  giveComplex(c, joined(g, g.mul(r, g.create<graph::CosOp>({angle})), g.mul(r, g.create<graph::SinOp>({angle}))));
}
static void abs(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [re, im] = parts(c, 0);
  c.give(im ? g.create<graph::SqrtOp>({g.add(g.mul(re, re), g.mul(im, im))}) : g.create<graph::AbsOp>({re}));
}
static void angle(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [re, im] = parts(c, 0);
  if (!re)
    return;
  if (!im)
    return c.give(
        g.where(g.create<graph::LessOp>({re, g.scalarLike(re, 0)}), g.scalarLike(re, M_PI), g.scalarLike(re, 0)));
  AtenCall inner{g, "aten::atan2", "", {Arg::of(im), Arg::of(re)}, {}};
  findAten(inner.name)(inner);
  c.results = std::move(inner.results);
}

//===-- Fourier transforms -------------------------------------------------===//

/// Factor of a normalization: 0 none, 1 by the root of n, 2 by n.
static Value normalized(GraphBuilder &g, Value v, int64_t mode, AffineExpr n) {
  if (!v || mode == 0)
    return v;
  Value by = g.exprAs(n, g.elem(v));
  return g.div(v, mode == 1 ? g.create<graph::SqrtOp>({by}) : by);
}
/// x [.., parts], all `axes` one after another; the routine divides inverse transforms by n.
static Value transformed(GraphBuilder &g, Value x, ArrayRef<int64_t> axes, bool inverse, int64_t mode) {
  for (int64_t a : axes) {
    if (!x)
      return x;
    AffineExpr n = g.dim(x, a);
    Value v = dft(g, x, a, {n, inverse, false});
    if (inverse)
      v = g.mul(v, g.exprAs(n, g.elem(x)));
    x = normalized(g, v, mode, n);
  }
  return x;
}
static void fftR2c(AtenCall &c) { // self, dim, normalization, onesided
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  SmallVector<int64_t> axes = c.integers(1);
  int64_t rank = g.rank(x), mode = c.integer(2, 0);
  for (int64_t &a : axes)
    a = c.wrapAxis(a, rank);
  if (axes.empty())
    return c.fail("needs a dim");
  AffineExpr n = g.dim(x, axes.back());
  Value v = dft(g, g.unsqueeze(x, {rank}), axes.back(), {n, false, c.flag(3)});
  v = normalized(g, v, mode, n);
  giveComplex(c, transformed(g, v, ArrayRef(axes).drop_back(), false, mode));
}
static void fftC2c(AtenCall &c) { // self, dim, normalization, forward
  Value x = c.tensor(0);
  SmallVector<int64_t> axes = c.integers(1);
  if (!x || !c.arg(0).complex)
    return c.fail("needs complex numbers");
  for (int64_t &a : axes)
    a = c.wrapAxis(a, c.g.rank(x) - 1);
  giveComplex(c, transformed(c.g, x, axes, !c.flag(3, true), c.integer(2, 0)));
}
static void fftC2r(AtenCall &c) { // self, dim, normalization, last_dim_size
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  SmallVector<int64_t> axes = c.integers(1);
  if (!x || !c.arg(0).complex || axes.empty())
    return c.fail("needs complex numbers and a dim");
  for (int64_t &a : axes)
    a = c.wrapAxis(a, g.rank(x) - 1);
  int64_t mode = c.integer(2, 0);
  AffineExpr n = c.size(3);
  x = transformed(g, x, ArrayRef(axes).drop_back(), true, mode);
  Value v = dft(g, x, axes.back(), {n, true, true});
  v = v ? g.mul(v, g.exprAs(n, g.elem(v))) : v;
  v = normalized(g, v, mode, n);
  c.give(v ? g.squeeze(v, {g.rank(v) - 1}) : v);
}
/// fft_fft and its kin of one dim: self, n, dim, norm
static void fft1(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  StringRef name = c.name;
  bool isComplex = c.arg(0).complex, inverse = name.contains("_ifft") || name.contains("_irfft");
  bool toReal = name.contains("_irfft"), onesided = name.contains("_rfft") || toReal;
  Type t = floatOf(g.elem(x));
  x = g.castTo(x, t);
  int64_t rank = g.rank(x) - (isComplex ? 1 : 0), axis = c.axis(2, rank, -1);
  if (!isComplex)
    x = g.unsqueeze(x, {rank});
  AffineExpr own = g.dim(x, axis), n = c.size(1, toReal ? g.simplify((own - 1) * 2) : own);
  Value v = dft(g, x, axis, {n, inverse, onesided});
  std::string norm = c.text(3, "backward");
  if (norm == "ortho" || (norm == "forward" && !inverse)) { // from 1 or 1 / n to the root of 1 / n, or 1 / n
    Value count = v ? g.exprAs(n, g.elem(v)) : v;
    Value by = norm == "ortho" ? g.create<graph::SqrtOp>({count}) : count;
    v = inverse ? g.mul(v, by) : g.div(v, by);
  } else if (norm == "forward") {
    v = v ? g.mul(v, g.exprAs(n, g.elem(v))) : v;
  }
  if (toReal)
    return c.give(v ? g.squeeze(v, {g.rank(v) - 1}) : v);
  giveComplex(c, v);
}

/// self, n_fft, hop, win, window, [center, pad_mode,] normalized, onesided, return_complex
static void stft(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), window = c.tensorOrNull(4);
  if (!x || c.arg(0).complex)
    return c.fail("needs real numbers");
  bool hasCenter = c.overload == "center" || c.arg(6).kind == Arg::Kind::String;
  size_t at = hasCenter ? 7 : 5;
  int64_t n = c.integer(1), hop = c.integer(2, n / 4), win = c.integer(3, n);
  if (n < 1 || hop < 1 || win < 1 || win > n || g.rank(x) > 2)
    return c.fail("n_fft " + Twine(n) + ", hop_length " + Twine(hop) + ", win_length " + Twine(win));
  bool batched = g.rank(x) == 2, onesided = c.flag(at + 1, true);
  Type t = g.elem(x);
  x = batched ? x : g.unsqueeze(x, {0});
  if (hasCenter && c.flag(5, true)) {
    AtenCall pad{g, "aten::pad", "", {Arg::of(x), Arg(), Arg()}, {}};
    pad.args[1].kind = Arg::Kind::List, pad.args[1].list = {Arg::of(g.expr(n / 2)), Arg::of(g.expr(n / 2))};
    pad.args[2].kind = Arg::Kind::String, pad.args[2].string = c.text(6, "reflect");
    findAten(pad.name)(pad);
    if (pad.results.empty())
      return;
    x = pad.results[0].tensor;
  }
  AffineExpr frames = g.simplify(g.floorDiv(g.simplify(g.dim(x, 1) - n), g.expr(hop)) + 1);
  Value starts = g.create<graph::IotaOp>({g.i64(0), g.i64(hop)}, {g.mapAttr("dims", {frames})});
  Value v = g.gather(x, g.add(g.unsqueeze(starts, {1}), g.iota(g.b.getI64Type(), g.expr(n))), 1); // [B, frames, n]
  if (!window && win < n)
    window = g.splat(t, {g.expr(win)}, 1);
  if (window)
    v = g.mul(v, g.padConstant(g.castTo(window, t), {g.expr((n - win) / 2)}, {g.expr(n - win - (n - win) / 2)}, 0));
  v = dft(g, g.unsqueeze(v, {3}), 2, {g.expr(n), false, onesided});
  if (c.flag(at))
    v = v ? g.mul(v, 1 / std::sqrt(double(n))) : v;
  v = g.transpose(v, {0, 2, 1, 3});
  v = batched ? v : g.squeeze(v, {0});
  return c.flag(at + 2) ? giveComplex(c, v) : c.give(v);
}
/// self, n_fft, hop, win, window, center, normalized, onesided, length, return_complex
static void istft(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), window = c.tensorOrNull(4);
  if (!x || c.flag(9))
    return c.fail("complex results are not supported");
  int64_t n = c.integer(1), hop = c.integer(2, n / 4), win = c.integer(3, n);
  bool batched = g.rank(x) == 4, center = c.flag(5, true), onesided = c.flag(7, true);
  if (n < 1 || hop < 1 || win < 1 || win > n || (!batched && g.rank(x) != 3) || !onesided)
    return c.fail("this form is not supported");
  Type t = g.elem(x);
  x = batched ? x : g.unsqueeze(x, {0});
  AffineExpr frames = g.dim(x, 2), total = g.simplify((frames - 1) * hop + n);
  Value v = dft(g, g.transpose(x, {0, 2, 1, 3}), 2, {g.expr(n), true, true}); // [B, frames, n, 1]
  if (c.flag(6))
    v = v ? g.mul(v, std::sqrt(double(n))) : v;
  Value w = window ? g.castTo(window, t) : g.splat(t, {g.expr(win)}, 1);
  w = g.padConstant(w, {g.expr((n - win) / 2)}, {g.expr(n - win - (n - win) / 2)}, 0);
  // Frames and the squared window are added where they overlap: blocks put back.
  v = g.swapLast(v ? g.mul(g.squeeze(v, {3}), w) : v);
  FoldParams p{{g.expr(1), total}, {g.expr(1), g.expr(n)}, {g.expr(1), frames}, {1, hop}, {1, 1}, {0, 0}};
  Value sum = foldBlocks(g, v, p);
  Value squares = g.expandTo(g.unsqueeze(g.mul(w, w), {0, 2}), {g.expr(1), g.expr(n), frames});
  Value y = g.div(sum, foldBlocks(g, squares, p)); // [B, 1, 1, total]
  if (!y)
    return;
  AffineExpr start = g.expr(center ? n / 2 : 0), size = g.simplify(total - (center ? n / 2 * 2 : 0));
  if (c.has(8)) {
    AffineExpr length = c.size(8), room = g.simplify(total - start), have = g.symbols.min(length, room);
    y = g.slice(y, 3, start, g.simplify(have));
    Exprs low(4, g.expr(0)), high = low;
    high[3] = g.simplify(length - have), size = length;
    y = g.padConstant(y, low, high, 0);
  } else {
    y = g.slice(y, 3, start, size);
  }
  y = y ? g.reshape(y, {g.dim(y, 0), size}) : y;
  c.give(batched ? y : g.squeeze(y, {0}));
}

void addSignalRows(AtenTable &t) {
  auto move = OnQuantized::Move;
  addRows(t, viewAsComplex, {"view_as_complex", "_view_as_complex"}, move);
  addRows(t, viewAsReal, {"view_as_real"}, move), addRows(t, real, {"real"}, move), addRows(t, imag, {"imag"});
  addRows(t, conj, {"conj", "_conj", "conj_physical", "_conj_physical"}), addRows(t, complex, {"complex"});
  addRows(t, polar, {"polar"}), addRows(t, abs, {"abs", "absolute"}), addRows(t, angle, {"angle"});
  addRows(t, fftR2c, {"_fft_r2c"}), addRows(t, fftC2c, {"_fft_c2c"}), addRows(t, fftC2r, {"_fft_c2r"});
  addRows(t, fft1, {"fft_fft", "fft_ifft", "fft_rfft", "fft_irfft"});
  addRows(t, stft, {"stft"}), addRows(t, istft, {"istft"});
  for (StringRef name :
       {"view_as_real", "real",  "imag",     "conj",       "_conj",   "conj_physical", "_conj_physical", "abs",
        "absolute",     "angle", "_fft_c2c", "_fft_c2r",   "fft_fft", "fft_ifft",      "fft_irfft",      "istft",
        "mul",          "div",   "clone",    "contiguous", "detach",  "alias",         "resolve_conj",   "resolve_neg"})
    t[name].complex = true;
}

} // namespace wick::compiler::torch
