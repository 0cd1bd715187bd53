// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic, comparison and choice, where a record's row does not say it: alpha and
// rounding arguments, bool as a number, values that only some types have.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

static constexpr double inf = std::numeric_limits<double>::infinity();

/// x + alpha * y, of bools x or y.
static Value addScaled(AtenCall &c, size_t i, size_t j, size_t alpha, bool negate) {
  GraphBuilder &g = c.g;
  Type t = promoted(c, {i, j});
  Value x = operandAs(c, i, t), y = operandAs(c, j, t);
  bool one = !c.has(alpha) || (c.arg(alpha).isNumber() && !c.arg(alpha).tensor && c.number(alpha) == 1);
  if (!one)
    y = g.mul(y, numberAs(g, c.arg(alpha), t));
  if (isBool(t))
    return negate ? g.create<graph::XorOp>({x, y}) : g.create<graph::OrOp>({x, y});
  return negate ? g.sub(x, y) : g.add(x, y);
}
static void add(AtenCall &c) { c.give(addScaled(c, 0, 1, 2, false)); }
static void sub(AtenCall &c) { c.give(addScaled(c, 0, 1, 2, true)); }
static void rsub(AtenCall &c) {
  std::swap(c.args[0], c.args[1]);
  GraphBuilder &g = c.g; // other - alpha * self
  Type t = promoted(c, {0, 1});
  Value y = operandAs(c, 1, t);
  if (c.has(2))
    y = g.mul(y, numberAs(g, c.arg(2), t));
  c.give(g.sub(operandAs(c, 0, t), y));
}

static Value mulOf(GraphBuilder &g, Value x, Value y) {
  return x && isBool(g.elem(x)) ? g.create<graph::AndOp>({x, y}) : g.mul(x, y);
}
static void mul(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  c.give(mulOf(g, x, y));
}

static Value truncOf(GraphBuilder &g, Value x) {
  if (!x || !isFloat(g.elem(x)))
    return x;
  return g.where(g.create<graph::LessOp>({x, g.scalarLike(x, 0)}), g.create<graph::CeilOp>({x}),
                 g.create<graph::FloorOp>({x}));
}

static Value floorDivide(GraphBuilder &g, Value x, Value y) {
  if (!x || !y)
    return {};
  Value m = g.create<graph::ModOp>({x, y});
  if (isFloat(g.elem(x))) { // (x - m) / y is whole but for rounding
    Value q = g.create<graph::RoundOp>({g.div(g.sub(x, m), y)});
    return g.where(g.create<graph::EqualOp>({y, g.scalarLike(y, 0)}), g.div(x, y), q);
  }
  return g.div(g.sub(x, m), y);
}
static Value divide(GraphBuilder &g, Value x, Value y, StringRef mode) {
  if (mode == "floor")
    return floorDivide(g, x, y);
  return mode == "trunc" ? truncOf(g, g.div(x, y)) : g.div(x, y);
}
static void div(AtenCall &c) {
  GraphBuilder &g = c.g;
  std::string mode = c.text(2);
  if (!mode.empty() && mode != "trunc" && mode != "floor")
    return c.fail("rounding_mode '" + mode + "'");
  Type t = promoted(c, {0, 1});
  if (mode.empty())
    t = floatOf(t);
  if (isBool(t))
    t = g.b.getI64Type();
  c.give(divide(g, operandAs(c, 0, t), operandAs(c, 1, t), mode));
}
static void floorDiv(AtenCall &c) {
  auto [x, y] = promotedPair(c);
  c.give(floorDivide(c.g, x, y));
}
static void fmod(AtenCall &c) {
  auto [x, y] = promotedPair(c);
  c.give(c.g.create<graph::ModOp>({x, y}, {c.g.unitAttr("fmod")}));
}

/// Exponents that torch computes by other means give its rounding.
static void pow(AtenCall &c) {
  GraphBuilder &g = c.g;
  Type t = promoted(c, {0, 1});
  if (isBool(t))
    t = g.b.getI64Type();
  Value x = operandAs(c, 0, t);
  bool constant = c.arg(1).isNumber() && !c.arg(1).tensor;
  if (constant && x) {
    double e = c.number(1);
    if (e == 1)
      return c.give(x);
    if (e == 2)
      return c.give(g.mul(x, x));
    if (e == 3)
      return c.give(g.mul(g.mul(x, x), x));
    if (isFloat(t) && (e == 0.5 || e == -0.5)) {
      Value r = g.create<graph::SqrtOp>({x});
      return c.give(e > 0 ? r : g.create<graph::RecipOp>({r}));
    }
    if (isFloat(t) && (e == -1 || e == -2))
      return c.give(g.create<graph::RecipOp>({e == -1 ? x : g.mul(x, x)}));
  }
  c.give(g.create<graph::PowOp>({x, operandAs(c, 1, t)}));
}
static void floatPower(AtenCall &c) {
  Type f = c.g.b.getF64Type();
  c.give(c.g.create<graph::PowOp>({operandAs(c, 0, f), operandAs(c, 1, f)}));
}

static void notEqual(AtenCall &c) {
  auto [x, y] = promotedPair(c);
  c.give(c.g.create<graph::NotOp>({c.g.create<graph::EqualOp>({x, y})}));
}

static Value extreme(GraphBuilder &g, Value x, Value y, bool isMax) {
  if (x && isBool(g.elem(x)))
    return isMax ? g.create<graph::OrOp>({x, y}) : g.create<graph::AndOp>({x, y});
  return isMax ? g.max(x, y) : g.min(x, y);
}
template <bool isMax>
static void extremum(AtenCall &c) {
  auto [x, y] = promotedPair(c);
  c.give(extreme(c.g, x, y, isMax));
}
/// NaN loses.
template <bool isMax>
static void fextremum(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  Value v = extreme(g, x, y, isMax);
  if (v && isFloat(g.elem(v)))
    v = g.where(g.create<graph::IsNanOp>({x}), y, g.where(g.create<graph::IsNanOp>({y}), x, v));
  c.give(v);
}
static void clamp(AtenCall &c) {
  Type t = promoted(c, {0, 1, 2});
  Value x = operandAs(c, 0, t);
  if (c.has(1))
    x = c.g.max(x, operandAs(c, 1, t));
  c.give(c.has(2) ? c.g.min(x, operandAs(c, 2, t)) : x);
}
static void clampMin(AtenCall &c) {
  auto [x, y] = promotedPair(c);
  c.give(c.g.max(x, y));
}
static void clampMax(AtenCall &c) {
  auto [x, y] = promotedPair(c);
  c.give(c.g.min(x, y));
}

static void maskedFill(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), mask = toBool(g, c.tensor(1));
  if (x)
    c.give(g.where(mask, operandAs(c, 2, g.elem(x)), x));
}

//===-- Functions of one operand -------------------------------------------===//

static void identity(AtenCall &c) {
  Arg a = c.arg(0);
  c.tensor(0);
  c.results.push_back(std::move(a));
}
static void trunc(AtenCall &c) { c.give(truncOf(c.g, c.tensor(0))); }
static void frac(AtenCall &c) {
  Value x = c.tensor(0);
  c.give(c.g.sub(x, truncOf(c.g, x)));
}
static void round(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  int64_t digits = c.integer(1, 0);
  if (!x || !isFloat(g.elem(x)) || digits == 0)
    return c.give(x && isFloat(g.elem(x)) ? g.create<graph::RoundOp>({x}) : x);
  Value by = g.scalarLike(x, std::pow(10.0, std::abs(double(digits))));
  Value v = g.create<graph::RoundOp>({digits > 0 ? g.mul(x, by) : g.div(x, by)});
  c.give(digits > 0 ? g.div(v, by) : g.mul(v, by));
}
static void sign(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x || isBool(g.elem(x)))
    return c.give(x);
  Value s = g.create<graph::SignOp>({x});
  if (isFloat(g.elem(x))) // torch: 0 for NaN
    s = g.where(g.create<graph::IsNanOp>({x}), g.scalarLike(x, 0), s);
  c.give(s);
}
/// A float function with the middle computed in f32 at least.
template <class Body>
static void onWide(AtenCall &c, Body body) {
  Type type;
  Value x = wideFloat(c, 0, type);
  c.give(c.g.castTo(x ? body(c.g, x) : x, type));
}
static void rsqrt(AtenCall &c) {
  onWide(c, [](GraphBuilder &g, Value x) { return g.create<graph::RecipOp>({g.create<graph::SqrtOp>({x})}); });
}
static void erfc(AtenCall &c) {
  onWide(c, [](GraphBuilder &g, Value x) { return g.sub(1, g.create<graph::ErfOp>({x})); });
}
static void exp2(AtenCall &c) {
  onWide(c, [](GraphBuilder &g, Value x) { return g.create<graph::PowOp>({g.scalarLike(x, 2), x}); });
}
template <int base>
static void logOf(AtenCall &c) {
  // In double: a product of rounded logarithms misses whole powers.
  onWide(c, [](GraphBuilder &g, Value x) {
    Value d = g.castTo(x, g.b.getF64Type());
    return g.castTo(g.mul(g.create<graph::LogOp>({d}), 1 / std::log(double(base))), g.elem(x));
  });
}
static void square(AtenCall &c) {
  Value x = c.tensor(0);
  c.give(mulOf(c.g, x, x));
}
static void scaleBy(AtenCall &c, double by) {
  onWide(c, [&](GraphBuilder &g, Value x) { return g.mul(x, by); });
}
static void degToRad(AtenCall &c) { scaleBy(c, M_PI / 180); }
static void radToDeg(AtenCall &c) { scaleBy(c, 180 / M_PI); }
static void isFinite(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  x = g.castTo(x, floatOf(g.elem(x)));
  Value bad = g.create<graph::OrOp>({g.create<graph::IsNanOp>({x}), g.create<graph::IsInfOp>({x})});
  c.give(g.create<graph::NotOp>({bad}));
}
template <bool positive>
static void isSignedInf(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  x = g.castTo(x, floatOf(g.elem(x)));
  c.give(g.create<graph::EqualOp>({x, g.scalarLike(x, positive ? inf : -inf)}));
}
static void signBit(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), zero = g.scalarLike(x, 0), v = g.create<graph::LessOp>({x, zero});
  if (x && isFloat(g.elem(x))) // 1 / x tells -0 from 0
    v = g.create<graph::OrOp>({v, g.create<graph::LessOp>({g.create<graph::RecipOp>({x}), zero})});
  c.give(v);
}
static void nanToNum(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x || !isFloat(g.elem(x)))
    return c.give(x);
  double most = APFloat::getLargest(cast<FloatType>(g.elem(x)).getFloatSemantics()).convertToDouble();
  auto put = [&](Value test, size_t i, double otherwise) {
    x = g.where(test, g.scalarLike(x, c.number(i, otherwise)), x);
  };
  Value was = x;
  put(g.create<graph::IsNanOp>({was}), 1, 0);
  put(g.create<graph::EqualOp>({was, g.scalarLike(was, inf)}), 2, most);
  put(g.create<graph::EqualOp>({was, g.scalarLike(was, -inf)}), 3, -most);
  c.give(x);
}

//===-- Functions of two or three ------------------------------------------===//

static std::pair<Value, Value> floatPair(AtenCall &c) {
  Type t = floatOf(promoted(c, {0, 1}));
  return {operandAs(c, 0, t), operandAs(c, 1, t)};
}
static void atan2(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [y, x] = floatPair(c);
  if (!x || !y)
    return;
  Value zero = g.scalarLike(x, 0), pi = g.scalarLike(x, M_PI), half = g.scalarLike(x, M_PI / 2);
  auto less = [&](Value a, Value b) { return g.create<graph::LessOp>({a, b}); };
  // The angle of (|x|, |y|), of the smaller over the larger, then its octant.
  Value ax = g.create<graph::AbsOp>({x}), ay = g.create<graph::AbsOp>({y}), steep = less(ax, ay);
  Value big = g.max(ax, ay), safe = g.where(g.create<graph::EqualOp>({big, zero}), g.scalarLike(x, 1), big);
  Value both = g.create<graph::AndOp>({g.create<graph::IsInfOp>({x}), g.create<graph::IsInfOp>({y})});
  Value q = g.where(both, g.scalarLike(x, 1), g.div(g.min(ax, ay), safe));
  Value a = g.create<graph::AtanOp>({q});
  a = g.where(steep, g.sub(half, a), a);
  // 1 / x tells -0 from 0.
  Value left = g.create<graph::OrOp>({less(x, zero), less(g.create<graph::RecipOp>({x}), zero)});
  a = g.where(left, g.sub(pi, a), a);
  Value down = g.create<graph::OrOp>({less(y, zero), less(g.create<graph::RecipOp>({y}), zero)});
  c.give(g.where(down, g.create<graph::NegOp>({a}), a));
}
static void hypot(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = floatPair(c);
  c.give(g.create<graph::SqrtOp>({g.add(g.mul(x, x), g.mul(y, y))}));
}
static void xlogy(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = floatPair(c);
  Value zero = g.scalarLike(x, 0), none = g.create<graph::EqualOp>({x, zero});
  Value v = g.where(none, zero, g.mul(x, g.create<graph::LogOp>({y})));
  c.give(g.where(g.create<graph::IsNanOp>({y}), y, v));
}
static void logAddExp(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = floatPair(c);
  Value m = g.max(x, y), d = g.create<graph::NegOp>({g.create<graph::AbsOp>({g.sub(x, y)})});
  Value v = g.add(m, g.create<graph::Log1pOp>({g.create<graph::ExpOp>({d})}));
  c.give(g.where(g.create<graph::EqualOp>({x, y}), g.add(x, std::log(2.0)), v)); // two infinities
}
static void copySign(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = floatPair(c);
  Value a = g.create<graph::AbsOp>({x}), zero = g.scalarLike(y, 0);
  Value down = g.create<graph::OrOp>(
      {g.create<graph::LessOp>({y, zero}), g.create<graph::LessOp>({g.create<graph::RecipOp>({y}), zero})});
  c.give(g.where(down, g.create<graph::NegOp>({a}), a));
}
static void lerp(AtenCall &c) {
  GraphBuilder &g = c.g;
  Type t = promoted(c, {0, 1});
  Value a = operandAs(c, 0, t), b = operandAs(c, 1, t), w = operandAs(c, 2, t);
  c.give(g.add(a, g.mul(w, g.sub(b, a))));
}
/// self + value * (t1 op t2)
template <bool divides>
static void addc(AtenCall &c) {
  GraphBuilder &g = c.g;
  Type t = promoted(c, {0, 1, 2});
  if (divides)
    t = floatOf(t);
  Value a = operandAs(c, 1, t), b = operandAs(c, 2, t), v = divides ? g.div(a, b) : g.mul(a, b);
  if (c.has(3))
    v = g.mul(v, numberAs(g, c.arg(3), t));
  c.give(g.add(operandAs(c, 0, t), v));
}
static void equal(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  if (!x || !y)
    return;
  if (g.dims(x) != g.dims(y))
    return c.give(g.scalar(g.b.getI1Type(), 0));
  Value same = g.flatten(g.create<graph::EqualOp>({x, y}));
  c.give(same ? g.squeeze(allOf(g, same, {0}), {0}) : same);
}
static void isClose(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto [x, y] = promotedPair(c);
  if (!x || !y)
    return;
  Type f = wideOf(floatOf(g.elem(x)));
  x = g.castTo(x, f), y = g.castTo(y, f);
  Value room = g.add(g.mul(g.create<graph::AbsOp>({y}), c.number(2, 1e-5)), c.number(3, 1e-8));
  Value distance = g.create<graph::AbsOp>({g.sub(x, y)});
  Value near = g.create<graph::AndOp>(
      {g.create<graph::LessEqualOp>({distance, room}), g.create<graph::LessOp>({distance, g.scalarLike(x, inf)})});
  Value same = g.create<graph::EqualOp>({x, y});
  if (c.flag(4))
    same = g.create<graph::OrOp>(
        {same, g.create<graph::AndOp>({g.create<graph::IsNanOp>({x}), g.create<graph::IsNanOp>({y})})});
  c.give(g.create<graph::OrOp>({same, near}));
}

void addPointwiseRows(AtenTable &t) {
  auto move = OnQuantized::Move;
  addRows(t, add, {"add"}), addRows(t, sub, {"sub", "subtract"}), addRows(t, rsub, {"rsub"});
  addRows(t, mul, {"mul", "multiply"}), addRows(t, div, {"div", "divide", "true_divide"});
  addRows(t, floorDiv, {"floor_divide"}), addRows(t, fmod, {"fmod"});
  addRows(t, pow, {"pow"}), addRows(t, floatPower, {"float_power"}), addRows(t, notEqual, {"ne", "not_equal"});
  addRows(t, extremum<true>, {"maximum"}), addRows(t, extremum<false>, {"minimum"});
  addRows(t, fextremum<true>, {"fmax"}), addRows(t, fextremum<false>, {"fmin"});
  addRows(t, clamp, {"clamp", "clip"}), addRows(t, clampMin, {"clamp_min"}), addRows(t, clampMax, {"clamp_max"});
  addRows(t, maskedFill, {"masked_fill"});
  addRows(t, identity,
          {"clone", "contiguous", "detach", "alias", "lift", "lift_fresh", "lift_fresh_copy", "positive", "detach_copy",
           "alias_copy", "cpu", "requires_grad_", "data", "pin_memory", "resolve_conj", "resolve_neg"},
          move);
  addRows(t, trunc, {"trunc", "fix"}), addRows(t, frac, {"frac"}), addRows(t, round, {"round"});
  addRows(t, sign, {"sign", "sgn"}), addRows(t, rsqrt, {"rsqrt"});
  addRows(t, erfc, {"erfc", "special_erfc"}), addRows(t, exp2, {"exp2", "special_exp2"});
  addRows(t, logOf<2>, {"log2"}), addRows(t, logOf<10>, {"log10"}), addRows(t, square, {"square"});
  addRows(t, degToRad, {"deg2rad"}), addRows(t, radToDeg, {"rad2deg"});
  addRows(t, isFinite, {"isfinite"}), addRows(t, isSignedInf<true>, {"isposinf"});
  addRows(t, isSignedInf<false>, {"isneginf"}), addRows(t, signBit, {"signbit"}), addRows(t, nanToNum, {"nan_to_num"});
  addRows(t, atan2, {"atan2", "arctan2"}), addRows(t, hypot, {"hypot"}), addRows(t, xlogy, {"xlogy", "special_xlogy"});
  addRows(t, logAddExp, {"logaddexp"}), addRows(t, copySign, {"copysign"}), addRows(t, lerp, {"lerp"});
  addRows(t, addc<false>, {"addcmul"}), addRows(t, addc<true>, {"addcdiv"});
  addRows(t, equal, {"equal"}), addRows(t, isClose, {"isclose"});
}

} // namespace wick::compiler::torch
