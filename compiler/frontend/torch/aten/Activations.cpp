// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Activations with arguments, and dropout, which does nothing at inference.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

Value geluOf(GraphBuilder &g, Value x, bool tanh) {
  SmallVector<NamedAttribute> attrs;
  if (tanh)
    attrs.push_back(g.unitAttr("tanh"));
  return g.create<graph::GeluOp>({x}, attrs);
}
static void gelu(AtenCall &c) { c.give(geluOf(c.g, c.tensor(0), c.text(1, "none") == "tanh")); }

static void relu6(AtenCall &c) {
  Value x = c.tensor(0);
  c.give(c.g.clip(x, c.g.scalarLike(x, 0), c.g.scalarLike(x, 6)));
}
static void hardtanh(AtenCall &c) {
  Value x = c.tensor(0);
  c.give(c.g.clip(x, c.g.scalarLike(x, c.number(1, -1)), c.g.scalarLike(x, c.number(2, 1))));
}
static void hardsigmoid(AtenCall &c) {
  c.give(
      c.g.create<graph::HardSigmoidOp>({c.tensor(0)}, {c.g.doubleAttr("alpha", 1.0 / 6), c.g.doubleAttr("beta", 0.5)}));
}

/// expm1(x * inputScale) * alpha * scale below 0, x * scale above.
static void elu(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  double alpha = c.number(1, 1), scale = c.number(2, 1), inputScale = c.number(3, 1);
  if (scale == 1 && inputScale == 1)
    return c.give(g.create<graph::EluOp>({x}, {g.doubleAttr("alpha", alpha)}));
  Value low = g.mul(g.create<graph::Expm1Op>({g.mul(x, inputScale)}), alpha * scale);
  c.give(g.where(g.create<graph::LessOp>({x, g.scalarLike(x, 0)}), low, g.mul(x, scale)));
}

static void softplus(AtenCall &c) {
  GraphBuilder &g = c.g;
  Type type;
  Value x = wideFloat(c, 0, type);
  double beta = c.number(1, 1), threshold = c.number(2, 20);
  Value scaled = beta == 1 ? x : g.mul(x, beta), v = g.create<graph::SoftplusOp>({scaled});
  if (beta != 1)
    v = g.mul(v, 1 / beta);
  c.give(g.castTo(g.where(g.create<graph::LessOp>({g.scalarLike(x, threshold), scaled}), x, v), type));
}
static void logSigmoid(AtenCall &c) {
  GraphBuilder &g = c.g;
  Type type;
  Value x = wideFloat(c, 0, type);
  c.give(g.castTo(g.create<graph::NegOp>({g.create<graph::SoftplusOp>({g.create<graph::NegOp>({x})})}), type));
}

static void prelu(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), w = c.tensor(1);
  if (!x || !w)
    return;
  if (g.rank(w) > 1 || graph::isConstant(g.count(w), 1) || g.rank(x) < 2) {
    w = g.rank(w) <= 1 && graph::isConstant(g.count(w), 1) ? g.reshape(w, ArrayRef<int64_t>()) : w;
  } else { // one weight a channel, which is dim 1
    Exprs shape(g.rank(x) - 1, g.expr(1));
    shape[0] = g.dim(w, 0);
    w = g.reshape(w, shape);
  }
  c.give(g.where(g.create<graph::LessOp>({g.scalarLike(x, 0), x}), x, g.mul(x, w)));
}
/// With training off, the slope is the middle of its range.
static void rrelu(AtenCall &c) {
  if (c.flag(3))
    return c.fail("training mode is not supported");
  double slope = (c.number(1, 1.0 / 8) + c.number(2, 1.0 / 3)) / 2;
  c.give(c.g.create<graph::LeakyReluOp>({c.tensor(0)}, {c.g.doubleAttr("alpha", slope)}));
}
static void threshold(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0), low = g.create<graph::LessEqualOp>({x, g.scalarLike(x, c.number(1))});
  c.give(g.where(low, g.scalarLike(x, c.number(2)), x));
}
/// Nearer to 0 than lambd to 0, others by `bias` nearer; NaN stays.
static void shrink(AtenCall &c, double bias) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0),
        y = g.create<graph::ShrinkOp>({x}, {g.doubleAttr("lambd", c.number(1, 0.5)), g.doubleAttr("bias", bias)});
  c.give(g.where(g.create<graph::IsNanOp>({x}), x, y));
}
static void hardshrink(AtenCall &c) { shrink(c, 0); }
static void softshrink(AtenCall &c) { shrink(c, c.number(1, 0.5)); }
static void tanhshrink(AtenCall &c) {
  Value x = c.tensor(0);
  c.give(c.g.sub(x, c.g.create<graph::TanhOp>({x})));
}
static void glu(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0, 1);
  if (!x)
    return;
  int64_t axis = c.axis(1, g.rank(x), -1);
  AffineExpr half = g.floorDiv(g.dim(x, axis), g.expr(2));
  Value gate = g.create<graph::SigmoidOp>({g.slice(x, axis, half, half)});
  c.give(g.mul(g.slice(x, axis, g.expr(0), half), gate));
}

/// train is the last argument of them all but native_dropout, which may lack it.
static void dropout(AtenCall &c) {
  if (c.flag(2) && c.number(1, 0) != 0)
    return c.fail("training mode is not supported");
  Arg a = c.arg(0);
  Value x = c.tensor(0);
  c.results.push_back(std::move(a));
  if (c.name.ends_with("native_dropout") && x)
    c.give(c.g.splat(c.g.b.getI1Type(), c.g.dims(x), 1));
}

void addActivationRows(AtenTable &t) {
  addRows(t, gelu, {"gelu"}), addRows(t, relu6, {"relu6"}), addRows(t, hardtanh, {"hardtanh"});
  addRows(t, hardsigmoid, {"hardsigmoid"}), addRows(t, elu, {"elu"}), addRows(t, softplus, {"softplus"});
  addRows(t, logSigmoid, {"log_sigmoid"}), addRows(t, prelu, {"prelu", "_prelu_kernel"}), addRows(t, rrelu, {"rrelu"});
  addRows(t, threshold, {"threshold"}), addRows(t, hardshrink, {"hardshrink"});
  addRows(t, softshrink, {"softshrink"}), addRows(t, tanhshrink, {"tanhshrink"}), addRows(t, glu, {"glu"});
  addRows(t, dropout, {"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "native_dropout"},
          OnQuantized::Move);
}

} // namespace wick::compiler::torch
