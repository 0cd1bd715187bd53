// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Complex numbers. A complex tensor has its parts in one more dim at the end, which torch
// does not count (Arg::complex). Ops that are linear run once on the real and once on the
// imaginary parts, products of two four times; so their rows need not know of parts.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

Arg partOf(GraphBuilder &g, const Arg &a, int part) {
  Arg out = a;
  for (Arg &x : out.list)
    x = partOf(g, x, part);
  if (a.isNumber() && part == 1) {
    out = Arg();
    out.kind = Arg::Kind::Double;
  }
  if (!a.isTensor() || !a.tensor)
    return out;
  out.complex = false;
  if (a.complex)
    out.tensor = selectAt(g, a.tensor, g.rank(a.tensor) - 1, g.expr(part));
  else if (part == 1)
    out.tensor = g.splat(g.elem(a.tensor), g.dims(a.tensor), 0);
  return out;
}

Arg complexOf(GraphBuilder &g, Value re, Value im) {
  if (!re || !im)
    return Arg::of(Value());
  int64_t rank = g.rank(re);
  Arg a = Arg::of(g.concat({g.unsqueeze(re, {rank}), g.unsqueeze(im, {rank})}, rank));
  a.complex = true;
  return a;
}

bool anyComplex(const Arg &a) { return a.complex || llvm::any_of(a.list, anyComplex); }

static void giveComplex(AtenCall &c, Value re, Value im) { c.results.push_back(complexOf(c.g, re, im)); }

namespace {
struct Parts {
  Value re, im; ///< im: null for real numbers
};
} // namespace

static Parts partsOf(AtenCall &c, size_t i) {
  Value x = c.tensor(i);
  if (!x || !c.arg(i).complex)
    return {x, Value()};
  return {partOf(c.g, c.arg(i), 0).tensor, partOf(c.g, c.arg(i), 1).tensor};
}

//===-- Parts --------------------------------------------------------------===//

static void viewAsComplex(AtenCall &c) {
  Value x = c.tensor(0, 1);
  if (!x || c.arg(0).complex || !isFloat(c.g.elem(x)) || !graph::isConstant(c.g.dim(x, c.g.rank(x) - 1), 2))
    return c.fail("needs floats with a last dim of 2");
  c.give(x);
  c.results[0].complex = true;
}
static void viewAsReal(AtenCall &c) { c.give(c.tensor(0)); }
static void real(AtenCall &c) { c.give(partsOf(c, 0).re); }
static void imag(AtenCall &c) {
  Value im = partsOf(c, 0).im;
  im ? c.give(im) : c.fail("needs complex numbers");
}
static void conj(AtenCall &c) {
  auto [re, im] = partsOf(c, 0);
  im ? giveComplex(c, re, c.g.create<graph::NegOp>({im})) : c.give(re);
}
/// mH: the conjugate with the last two dims swapped.
static void adjoint(AtenCall &c) {
  auto [re, im] = partsOf(c, 0);
  if (!re || c.g.rank(re) < 2)
    return c.fail("needs a matrix");
  im ? giveComplex(c, c.g.swapLast(re), c.g.swapLast(c.g.create<graph::NegOp>({im}))) : c.give(c.g.swapLast(re));
}
static void complex(AtenCall &c) {
  Arg both;
  both.kind = Arg::Kind::List, both.list = {c.arg(0), c.arg(1)};
  auto out = callRow(c, "aten::broadcast_tensors", {both});
  if (!out.empty() && out[0].list.size() == 2)
    giveComplex(c, out[0].list[0].tensor, out[0].list[1].tensor);
}
static void polar(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value r = c.tensor(0), angle = c.tensor(1);
  giveComplex(c, g.mul(r, g.create<graph::CosOp>({angle})), g.mul(r, g.create<graph::SinOp>({angle})));
}

/// The absolute value, which neither overflows nor vanishes early.
static Value absOf(AtenCall &c, Parts z) {
  auto out = callRow(c, "aten::hypot", {Arg::of(z.re), Arg::of(z.im)});
  return out.empty() ? Value() : out[0].tensor;
}
static Value angleOf(AtenCall &c, Parts z) {
  auto out = callRow(c, "aten::atan2", {Arg::of(z.im), Arg::of(z.re)});
  return out.empty() ? Value() : out[0].tensor;
}
static void abs(AtenCall &c) { c.give(absOf(c, partsOf(c, 0))); }
static void angle(AtenCall &c) {
  GraphBuilder &g = c.g;
  Parts z = partsOf(c, 0);
  if (!z.re)
    return;
  if (z.im)
    return c.give(angleOf(c, z));
  Value x = g.castTo(z.re, floatOf(g.elem(z.re)));
  Value turned = g.where(g.create<graph::LessOp>({x, g.scalarLike(x, 0)}), g.scalarLike(x, M_PI), g.scalarLike(x, 0));
  c.give(g.where(g.create<graph::IsNanOp>({x}), x, turned));
}

//===-- Rows of real numbers on parts --------------------------------------===//

/// The row's only result with arguments in place of its own; null after an error.
static std::optional<Arg> again(AtenCall &c, std::vector<Arg> args) {
  AtenCall inner{c.g, c.name, c.overload, std::move(args), {}, c.engine};
  if (llvm::any_of(inner.args, anyComplex))
    return c.fail("complex numbers are not supported in this argument"), std::nullopt;
  findAten(c.name)(inner);
  if (c.g.hasError() || inner.results.size() != 1)
    return c.g.hasError() ? void() : c.fail("complex numbers are not supported here"), std::nullopt;
  return partOf(c.g, inner.results[0], 0); // a dtype may have made it complex
}

static Arg joined(GraphBuilder &g, const Arg &re, const Arg &im) {
  if (re.kind != Arg::Kind::List)
    return complexOf(g, re.tensor, im.tensor);
  Arg out = re;
  for (auto [x, y] : llvm::zip(out.list, im.list))
    x = joined(g, x, y);
  return out;
}

/// Ops that are linear over the arguments at `data`.
template <size_t... data>
static void byParts(AtenCall &c) {
  std::optional<Arg> got[2];
  for (int part : {0, 1}) {
    std::vector<Arg> args = c.args;
    for (size_t i : {data...})
      if (i < args.size())
        args[i] = partOf(c.g, c.arg(i), part);
    got[part] = again(c, std::move(args));
    if (!got[part])
      return;
  }
  c.results.push_back(joined(c.g, *got[0], *got[1]));
}

/// Products that are linear over each of two arguments.
static void product(AtenCall &c, llvm::function_ref<Arg &(std::vector<Arg> &, int)> at) {
  GraphBuilder &g = c.g;
  bool isComplex[2] = {anyComplex(at(c.args, 0)), anyComplex(at(c.args, 1))};
  auto term = [&](int x, int y) -> Value {
    std::vector<Arg> args = c.args;
    at(args, 0) = partOf(g, at(c.args, 0), x), at(args, 1) = partOf(g, at(c.args, 1), y);
    auto out = again(c, std::move(args));
    return out ? out->tensor : Value();
  };
  if (!isComplex[0] && !isComplex[1])
    return c.fail("complex numbers are not supported in this argument");
  Value re = term(0, 0), im;
  if (isComplex[0] && isComplex[1])
    re = g.sub(re, term(1, 1));
  for (int k = 0; k < 2; ++k)
    if (isComplex[k]) {
      Value v = term(k == 0, k == 1);
      im = im ? g.add(im, v) : v;
    }
  if (!g.hasError())
    giveComplex(c, re, im);
}
static void bilinear(AtenCall &c) {
  product(c, [](std::vector<Arg> &args, int k) -> Arg & { return args[k]; });
}
static void linear(AtenCall &c) {
  Arg bias = c.arg(2);
  c.args.resize(2), c.args.push_back(Arg());
  bilinear(c);
  if (bias.isNone() || c.results.empty())
    return;
  c.results = callRow(c, "aten::add", {c.results[0], bias});
}
static void einsum(AtenCall &c) {
  if (c.arg(1).list.size() != 2)
    return c.fail("complex numbers in an einsum of other than two operands are not supported");
  product(c, [](std::vector<Arg> &args, int k) -> Arg & { return args[1].list[k]; });
}
/// Of real numbers that the absolute value stands for.
static void ofAbs(AtenCall &c) {
  std::vector<Arg> args = c.args;
  args[0] = Arg::of(absOf(c, partsOf(c, 0)));
  if (auto out = again(c, std::move(args)))
    c.results.push_back(*out);
}
/// Conditions of both parts, joined by or (`any`) or and.
template <bool any, size_t... data>
static void condition(AtenCall &c) {
  Value got[2];
  for (int part : {0, 1}) {
    std::vector<Arg> args = c.args;
    for (size_t i : {data...})
      args[i] = partOf(c.g, c.arg(i), part);
    auto out = again(c, std::move(args));
    if (!out)
      return;
    got[part] = out->tensor;
  }
  c.give(any ? c.g.create<graph::OrOp>({got[0], got[1]}) : c.g.create<graph::AndOp>({got[0], got[1]}));
}

/// self, source: the source as self's kind and size; real ones take real parts.
static void copy(AtenCall &c) {
  bool isComplex = c.arg(0).complex;
  byParts<0, 1>(c);
  if (!isComplex && !c.results.empty())
    c.results[0] = partOf(c.g, c.results[0], 0);
}

//===-- Functions ----------------------------------------------------------===//

/// x / y with y scaled so that its square neither overflows nor vanishes.
static void div(AtenCall &c) {
  GraphBuilder &g = c.g;
  if (!c.text(2).empty())
    return c.fail("rounding of complex numbers");
  if (!c.arg(1).complex) { // the divisor stays, the other is linear
    byParts<0>(c);
    return;
  }
  Type t = floatOf(promoted(c, {0, 1}));
  Arg x[2] = {partOf(g, c.arg(0), 0), partOf(g, c.arg(0), 1)}, y[2] = {partOf(g, c.arg(1), 0), partOf(g, c.arg(1), 1)};
  auto as = [&](const Arg &a) { return a.isNumber() ? numberAs(g, a, t) : g.castTo(a.tensor, t); };
  Value u = as(y[0]), v = as(y[1]), a = as(x[0]), b = as(x[1]);
  Value by = g.max(g.create<graph::AbsOp>({u}), g.create<graph::AbsOp>({v}));
  u = g.div(u, by), v = g.div(v, by);
  Value square = g.mul(by, g.add(g.mul(u, u), g.mul(v, v)));
  giveComplex(c, g.div(g.add(g.mul(a, u), g.mul(b, v)), square), g.div(g.sub(g.mul(b, u), g.mul(a, v)), square));
}
static void reciprocal(AtenCall &c) {
  Arg one;
  one.kind = Arg::Kind::Double, one.number = 1;
  c.results = callRow(c, "aten::div", {one, c.arg(0), Arg()});
}
static void square(AtenCall &c) { c.results = callRow(c, "aten::mul", {c.arg(0), c.arg(0)}); }
static void givePolar(AtenCall &c, Value r, Value angle) {
  c.results = callRow(c, "aten::polar", {Arg::of(r), Arg::of(angle)});
}
static void exp(AtenCall &c) {
  Parts z = partsOf(c, 0);
  givePolar(c, c.g.create<graph::ExpOp>({z.re}), z.im);
}
static void log(AtenCall &c) {
  Parts z = partsOf(c, 0);
  giveComplex(c, c.g.create<graph::LogOp>({absOf(c, z)}), angleOf(c, z));
}
static void sqrt(AtenCall &c) {
  Parts z = partsOf(c, 0);
  Value angle = angleOf(c, z);
  givePolar(c, c.g.create<graph::SqrtOp>({absOf(c, z)}), angle ? c.g.mul(angle, 0.5) : angle);
}
static void sgn(AtenCall &c) {
  GraphBuilder &g = c.g;
  Parts z = partsOf(c, 0);
  Value r = absOf(c, z);
  if (!r)
    return;
  r = g.where(g.create<graph::EqualOp>({r, g.scalarLike(r, 0)}), g.scalarLike(r, 1), r);
  giveComplex(c, g.div(z.re, r), g.div(z.im, r));
}
/// Powers with a real exponent that is known: small ones by products, others by the polar form.
static void pow(AtenCall &c) {
  GraphBuilder &g = c.g;
  if (c.arg(1).complex || !c.arg(0).complex)
    return c.fail("powers to complex exponents are not supported");
  double e = c.number(1);
  if (g.hasError())
    return;
  if (e >= 1 && e <= 4 && e == std::floor(e)) {
    c.results = {c.arg(0)};
    for (int k = 1; k < e && !c.results.empty(); ++k)
      c.results = callRow(c, "aten::mul", {c.results[0], c.arg(0)});
    return;
  }
  Parts z = partsOf(c, 0);
  Value r = absOf(c, z), angle = angleOf(c, z);
  givePolar(c, r ? g.create<graph::PowOp>({r, g.scalarLike(r, e)}) : r, angle ? g.mul(angle, e) : angle);
}
/// What depends on the size alone: the other part is 0.
static void sizeOnly(AtenCall &c) {
  std::vector<Arg> args = c.args;
  args[0] = partOf(c.g, c.arg(0), 0);
  if (auto out = again(c, std::move(args)))
    c.results.push_back(complexOf(c.g, out->tensor, partOf(c.g, *out, 1).tensor));
}

void addComplexRows(AtenTable &t) {
  auto move = OnQuantized::Move;
  addRows(t, viewAsComplex, {"view_as_complex", "_view_as_complex"}, move);
  addRows(t, viewAsReal, {"view_as_real"}, move), addRows(t, real, {"real"}, move), addRows(t, imag, {"imag"});
  addRows(t, conj, {"conj", "_conj", "conj_physical", "_conj_physical"}), addRows(t, adjoint, {"mH", "adjoint"});
  addRows(t, complex, {"complex"}), addRows(t, polar, {"polar"}), addRows(t, angle, {"angle"});
  addComplex(
      t, nullptr,
      {"view_as_real", "real", "imag", "conj", "_conj", "conj_physical", "_conj_physical", "mH", "adjoint", "angle"});
  addComplex(t, byParts<0>,
             {"clone",
              "contiguous",
              "detach",
              "alias",
              "resolve_conj",
              "resolve_neg",
              "neg",
              "sum",
              "mean",
              "cumsum",
              "flip",
              "roll",
              "rot90",
              "repeat",
              "tile",
              "repeat_interleave",
              "index",
              "index_select",
              "gather",
              "tril",
              "triu",
              "diag",
              "diag_embed",
              "cat",
              "concat",
              "concatenate",
              "stack",
              "hstack",
              "vstack",
              "dstack",
              "take_along_dim",
              "unfold",
              "diagonal"});
  addComplex(t, byParts<0, 1>, {"add", "sub", "rsub"}), addComplex(t, byParts<1, 2>, {"where"}),
      addComplex(t, copy, {"copy"});
  addComplex(t, byParts<0>, {"scalar_tensor"});
  addComplex(t, byParts<0, 2>, {"masked_fill", "constant_pad_nd"}), addComplex(t, byParts<0, 3>, {"pad"});
  addComplex(t, bilinear, {"mul", "matmul", "mm", "bmm", "mv", "dot", "outer"}), addComplex(t, linear, {"linear"});
  addComplex(t, einsum, {"einsum"}), addComplex(t, condition<false, 0, 1>, {"eq"});
  addComplex(t, condition<true, 0, 1>, {"ne"}), addComplex(t, condition<true, 0>, {"isnan", "isinf"});
  addComplex(t, condition<false, 0>, {"isfinite"}), addComplex(t, abs, {"abs", "absolute"});
  addComplex(t, ofAbs, {"norm", "linalg_vector_norm", "linalg_norm"});
  addComplex(t, div, {"div", "true_divide"}), addComplex(t, reciprocal, {"reciprocal"});
  addComplex(t, square, {"square"}), addComplex(t, exp, {"exp"}), addComplex(t, log, {"log"});
  addComplex(t, sqrt, {"sqrt"}), addComplex(t, sgn, {"sgn"}), addComplex(t, pow, {"pow"});
  addComplex(t, sizeOnly, {"zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones"});
}

} // namespace wick::compiler::torch
