// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recognizes activations that exporters spell out as products:
//
//   x * 0.5 * (1 + erf(x / sqrt 2))                       ->  wick.gelu
//   0.5 * x * (1 + tanh(0.798 * (x + 0.0447 * x^3)))      ->  wick.gelu {tanh}
//   x * sigmoid(a * x)                                    ->  wick.swish
//   x * clip(x + 3, 0, 6) / 6                             ->  wick.hard_swish
//   x * tanh(softplus(x))                                 ->  wick.mish
//
// Operand orders, and where the constants stand, differ between exporters. So
// the product is taken apart into x, a constant and one more factor; affine
// parts and the arguments of functions are read as polynomials in x.
//
#include "passes/graph/Build.h"
#include "passes/graph/Patterns.h"

#include <array>
#include <cmath>

using namespace mlir;
using namespace wick::graph;

namespace {

/// Coefficients of 1, x, x^2, x^3.
using Poly = std::array<double, 4>;

std::optional<Poly> times(const Poly &a, const Poly &b) {
  Poly r{};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) {
      double term = a[i] * b[j];
      if (i + j < 4)
        r[i + j] += term;
      else if (term != 0)
        return std::nullopt;
    }
  return r;
}

/// `v` as a polynomial in `x`; none when it is not one of degree up to 3.
std::optional<Poly> polyOf(Value v, Value x, unsigned depth = 0) {
  if (v == x)
    return Poly{0, 1, 0, 0};
  if (auto c = splatOf(v); c && isSingle(v))
    return Poly{*c, 0, 0, 0};
  Operation *op = v.getDefiningOp();
  if (!op || depth > 8 || !isa<AddOp, SubOp, MulOp, DivOp, NegOp, PowOp>(op))
    return std::nullopt;
  auto a = polyOf(op->getOperand(0), x, depth + 1);
  if (!a)
    return std::nullopt;
  if (isa<NegOp>(op))
    return times(*a, Poly{-1, 0, 0, 0});
  auto b = polyOf(op->getOperand(1), x, depth + 1);
  if (!b)
    return std::nullopt;
  if (isa<MulOp>(op))
    return times(*a, *b);
  if (isa<AddOp, SubOp>(op)) {
    for (int i = 0; i < 4; ++i)
      (*a)[i] += isa<AddOp>(op) ? (*b)[i] : -(*b)[i];
    return a;
  }
  if ((*b)[1] != 0 || (*b)[2] != 0 || (*b)[3] != 0)
    return std::nullopt;
  if (isa<DivOp>(op))
    return (*b)[0] == 0 ? std::nullopt : times(*a, Poly{1 / (*b)[0], 0, 0, 0});
  if ((*b)[0] == 2)
    return times(*a, *a);
  if ((*b)[0] != 3)
    return std::nullopt;
  auto square = times(*a, *a);
  return square ? times(*square, *a) : std::nullopt;
}

/// The value inside `v` that affine steps with constants lead to.
Value coreOf(Value v) {
  for (int i = 0; i < 8; ++i) {
    Operation *op = v.getDefiningOp();
    if (!op || !isa<AddOp, SubOp, MulOp, DivOp, NegOp>(op))
      break;
    if (isa<NegOp>(op) || splatOf(op->getOperand(1)))
      v = op->getOperand(0);
    else if (splatOf(op->getOperand(0)))
      v = op->getOperand(1);
    else
      break;
  }
  return v;
}

/// `v` as clip(inner, lo, hi), written with min, max and relu in any order.
struct Clip {
  Value inner;
  double lo = -INFINITY, hi = INFINITY;
};
Clip clipOf(Value v) {
  Clip c{v};
  for (int i = 0; i < 3; ++i) {
    Operation *op = c.inner.getDefiningOp();
    if (op && isa<ReluOp>(op)) {
      c.lo = std::max(c.lo, 0.0);
      c.inner = op->getOperand(0);
      continue;
    }
    if (!op || !isa<MinOp, MaxOp>(op))
      break;
    unsigned k = splatOf(op->getOperand(1)) ? 1 : 0;
    auto bound = splatOf(op->getOperand(k));
    if (!bound)
      break;
    if (isa<MinOp>(op))
      c.hi = std::min(c.hi, *bound);
    else
      c.lo = std::max(c.lo, *bound);
    c.inner = op->getOperand(1 - k);
  }
  return c;
}

/// Takes the product apart: its constant and its other factors.
void factorsOf(Value v, bool root, double &constant, SmallVectorImpl<Value> &factors) {
  auto c = splatOf(v);
  Operation *op = v.getDefiningOp();
  if (c && isSingle(v))
    constant *= *c;
  else if (op && isa<MulOp>(op) && (root || v.hasOneUse())) {
    factorsOf(op->getOperand(0), false, constant, factors);
    factorsOf(op->getOperand(1), false, constant, factors);
  } else if (auto d = op && isa<DivOp>(op) && (root || v.hasOneUse()) ? splatOf(op->getOperand(1)) : std::nullopt;
             d && *d != 0 && isSingle(op->getOperand(1))) {
    constant /= *d;
    factorsOf(op->getOperand(0), false, constant, factors);
  } else {
    factors.push_back(v);
  }
}

/// Comparison of constants as far as the element type tells them apart.
struct Near {
  double tolerance;
  bool operator()(double a, double b) const {
    return std::fabs(a - b) <= tolerance * std::max(std::fabs(a), std::fabs(b));
  }
  bool operator()(const std::optional<Poly> &p, Poly q) const { return p && llvm::all_of_zip(*p, q, *this); }
};

template <class Root>
struct Activation : OpRewritePattern<Root> {
  using OpRewritePattern<Root>::OpRewritePattern;

  LogicalResult matchAndRewrite(Root op, PatternRewriter &b) const override {
    Type elem = elementOf(op.getResult());
    if (!isa<FloatType>(elem))
      return b.notifyMatchFailure(op, "not on floats");
    // Constants of 16-bit models are rounded to their few bits.
    Near near{elem.isF32() || elem.isF64() ? 2e-6 : 4e-3};
    double constant = 1;
    SmallVector<Value> factors;
    factorsOf(op.getResult(), true, constant, factors);
    if (factors.size() != 2)
      return b.notifyMatchFailure(op, "no product of two factors");
    for (int i : {0, 1})
      if (factors[i].getType() == op.getType() && succeeded(rewrite(op, b, factors[i], factors[1 - i], constant, near)))
        return success();
    return b.notifyMatchFailure(op, "no known activation");
  }

private:
  /// constant * x * g, where g is affine in one function of x.
  LogicalResult rewrite(Root op, PatternRewriter &b, Value x, Value g, double constant, Near near) const {
    Value core = coreOf(g);
    auto affine = polyOf(g, core);
    Operation *fn = core.getDefiningOp();
    if (!affine || !fn || core == x)
      return failure();
    double shift = (*affine)[0] * constant, scale = (*affine)[1] * constant;
    auto arg = [&] { return polyOf(fn->getOperand(0), x); };
    auto make = [&](auto create) {
      create();
      return success();
    };
    auto gelu = [&](bool tanh) {
      UnitAttr flag = tanh ? b.getUnitAttr() : UnitAttr();
      b.replaceOpWithNewOp<GeluOp>(op, op.getType(), x, flag);
      return success();
    };
    const double c1 = 0.79788456080286535588, c3 = c1 * 0.044715;
    bool half = near(shift, 0.5) && near(scale, 0.5);
    bool plain = shift == 0 && near(scale, 1);
    if (half && isa<ErfOp>(fn) && near(arg(), {0, M_SQRT1_2, 0, 0}))
      return gelu(false);
    if (half && isa<TanhOp>(fn) && near(arg(), {0, c1, 0, c3}))
      return gelu(true);
    if (plain && isa<SigmoidOp>(fn)) {
      auto p = arg();
      if (near(p, {0, 2 * c1, 0, 2 * c3}))
        return gelu(true);
      if (!p || (*p)[0] != 0 || (*p)[2] != 0 || (*p)[3] != 0)
        return failure();
      return make([&] { b.replaceOpWithNewOp<SwishOp>(op, op.getType(), x, b.getF64FloatAttr((*p)[1])); });
    }
    if (plain && isa<TanhOp>(fn)) {
      auto inner = fn->getOperand(0).template getDefiningOp<SoftplusOp>();
      if (!inner || inner.getX() != x)
        return failure();
      return make([&] { b.replaceOpWithNewOp<MishOp>(op, op.getType(), x); });
    }
    if (auto hs = dyn_cast<HardSigmoidOp>(fn); hs && plain && hs.getX() == x &&
                                               near(hs.getAlpha().convertToDouble(), 1.0 / 6) &&
                                               near(hs.getBeta().convertToDouble(), 0.5))
      return make([&] { b.replaceOpWithNewOp<HardSwishOp>(op, op.getType(), x); });
    Clip clip = clipOf(core);
    if (clip.inner == core || shift != 0)
      return failure();
    if (near(polyOf(clip.inner, x), {0.5 / scale, 1.0 / 6 / scale, 0, 0}) && clip.lo == 0 && near(clip.hi * scale, 1))
      return make([&] { b.replaceOpWithNewOp<HardSwishOp>(op, op.getType(), x); });
    return failure();
  }
};

} // namespace

void wick::graph::addActivationPatterns(RewritePatternSet &patterns) {
  patterns.add<Activation<MulOp>, Activation<DivOp>>(patterns.getContext());
}
