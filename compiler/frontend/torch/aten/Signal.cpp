// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Spectrograms: Fourier transforms of windows along a signal, and signals made of them.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

/// self, n_fft, hop, win, window, [center, pad_mode,] normalized, onesided, return_complex
static void stft(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1), window = c.tensorOrNull(4);
  if (!x || !isFloat(g.elem(x)) || (window && g.rank(window) != 1))
    return c.fail("needs a signal of floats and a window of one dim");
  bool hasCenter = c.overload == "center" || c.arg(6).kind == Arg::Kind::String;
  size_t at = hasCenter ? 7 : 5;
  int64_t n = c.integer(1), hop = c.integer(2, n / 4), win = c.integer(3, n);
  if (n < 1 || hop < 1 || win < 1 || win > n || g.rank(x) > 2)
    return c.fail("n_fft " + Twine(n) + ", hop_length " + Twine(hop) + ", win_length " + Twine(win));
  bool batched = g.rank(x) == 2, onesided = c.flag(at + 1, true);
  Type t = g.elem(x);
  x = batched ? x : g.unsqueeze(x, {0});
  if (hasCenter && c.flag(5, true)) {
    Arg by, mode;
    by.kind = Arg::Kind::List, by.list = {Arg::of(g.expr(n / 2)), Arg::of(g.expr(n / 2))};
    mode.kind = Arg::Kind::String, mode.string = c.text(6, "reflect");
    auto padded = callRow(c, "aten::pad", {Arg::of(x), by, mode});
    if (padded.empty())
      return;
    x = padded[0].tensor;
  } else if (c.flag(at + 3)) { // align_to_window: the first frame's window starts with the signal
    int64_t low = (n - win) / 2;
    x = g.padConstant(x, {g.expr(0), g.expr(low)}, {g.expr(0), g.expr(n - win - low)}, 0);
    if (!x)
      return;
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
  c.give(v);
  c.results[0].complex = c.flag(at + 2);
}
/// self, n_fft, hop, win, window, center, normalized, onesided, length, return_complex
static void istft(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), window = c.tensorOrNull(4);
  if (!x || !c.arg(0).complex || c.arg(4).complex || (window && g.rank(window) != 1))
    return c.fail("needs complex numbers and a window of real ones, of one dim");
  int64_t n = c.integer(1), hop = c.integer(2, n / 4), win = c.integer(3, n);
  bool batched = g.rank(x) == 4, center = c.flag(5, true), onesided = c.flag(7, true), toComplex = c.flag(9);
  if (n < 1 || hop < 1 || win < 1 || win > n || (!batched && g.rank(x) != 3) || (toComplex && onesided))
    return c.fail("n_fft " + Twine(n) + ", hop_length " + Twine(hop) + ", win_length " + Twine(win) +
                  (toComplex && onesided ? ", return_complex with onesided" : ""));
  Type t = g.elem(x);
  x = batched ? x : g.unsqueeze(x, {0});
  AffineExpr frames = g.dim(x, 2), total = g.simplify((frames - 1) * hop + n), parts = g.expr(toComplex ? 2 : 1);
  if (!onesided && !toComplex) // torch reads one half of it
    x = g.slice(x, 1, g.expr(0), g.expr(n / 2 + 1));
  Value v = dft(g, g.transpose(x, {0, 2, 1, 3}), 2, {g.expr(n), true, !toComplex}); // [B, frames, n, parts]
  if (c.flag(6))
    v = v ? g.mul(v, std::sqrt(double(n))) : v;
  Value w = window ? g.castTo(window, t) : g.splat(t, {g.expr(win)}, 1);
  w = g.padConstant(w, {g.expr((n - win) / 2)}, {g.expr(n - win - (n - win) / 2)}, 0);
  // Frames and the squared window are added where they overlap: blocks put back.
  v = g.transpose(v, {0, 3, 2, 1}); // [B, parts, n, frames]
  v = v ? g.mul(v, g.unsqueeze(w, {1})) : v;
  v = v ? g.reshape(v, {g.simplify(g.dim(v, 0) * parts), g.expr(n), frames}) : v;
  FoldParams p{{g.expr(1), total}, {g.expr(1), g.expr(n)}, {g.expr(1), frames}, {1, hop}, {1, 1}, {0, 0}};
  Value sum = foldBlocks(g, v, p);
  Value squares = g.expandTo(g.unsqueeze(g.mul(w, w), {0, 2}), {g.expr(1), g.expr(n), frames});
  Value y = g.div(sum, foldBlocks(g, squares, p)); // [B * parts, 1, 1, total]
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
  y = g.reshape(y, {g.dim(x, 0), parts, size});
  y = toComplex ? g.swapLast(y) : g.squeeze(y, {1});
  c.give(batched ? y : g.squeeze(y, {0}));
  c.results[0].complex = toComplex;
}

void addSignalRows(AtenTable &t) {
  addRows(t, stft, {"stft"}), addRows(t, istft, {"istft"});
  addComplex(t, nullptr, {"istft"});
}

} // namespace wick::compiler::torch
