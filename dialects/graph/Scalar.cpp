// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds arith and math ops for Sc. FMA contraction is left to the back end
// (allowed by the precision rules); nothing here sets fast-math flags that
// change NaN, Inf or signed-zero results.
//
#include "dialects/graph/Scalar.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
namespace wick::graph {

Type computeType(Type elem) {
  if (isCoded(elem))
    return IntegerType::get(elem.getContext(), 8);
  if (auto f = dyn_cast<FloatType>(elem))
    return f.getWidth() < 32 ? Float32Type::get(elem.getContext()) : elem;
  if (auto i = dyn_cast<IntegerType>(elem))
    return IntegerType::get(elem.getContext(), i.getWidth());
  return elem;
}

static bool isUnsignedElem(Type t) {
  auto i = dyn_cast<IntegerType>(getElementTypeOrSelf(t));
  return i && (i.isUnsigned() || i.getWidth() == 1);
}

/// `scalar` with the lanes of `like`.
static Type withLanes(Type scalar, Value like) {
  if (auto v = dyn_cast<VectorType>(like.getType()))
    return v.clone(scalar);
  return scalar;
}

Sc ScalarBuilder::wrap(Operation *op, unsigned i, ValueRange args) {
  if (i >= args.size())
    return {};
  Type elem = getElementTypeOrSelf(op->getOperand(i).getType());
  if (isCoded(elem))
    return {args[i], false, this, elem};
  return {args[i], isUnsignedElem(elem), this};
}

/// The whole part of a number, which may come from a model's attribute; numbers outside i64 end at its bounds.
static int64_t wholeOf(double v) {
  if (std::isnan(v))
    return 0;
  return v >= 0x1p63 ? INT64_MAX : v < -0x1p63 ? INT64_MIN : int64_t(v);
}

Value ScalarBuilder::constant(Type type, double v) {
  Type t = getElementTypeOrSelf(type);
  TypedAttr a;
  if (auto f = dyn_cast<FloatType>(t)) {
    a = b.getFloatAttr(f, v);
  } else {
    unsigned w = cast<IntegerType>(t).getWidth();
    a = IntegerAttr::get(t, APInt(w, uint64_t(wholeOf(v)), true, true));
  }
  if (auto vec = dyn_cast<VectorType>(type))
    a = DenseElementsAttr::get(vec, a);
  return arith::ConstantOp::create(b, loc, a);
}

Sc ScalarBuilder::like(Sc x, double v) { return {constant(x.value.getType(), v), x.isUnsigned, this}; }

static Sc intConst(Sc x, APInt v) {
  TypedAttr a = IntegerAttr::get(x.type(), v);
  if (auto vec = dyn_cast<VectorType>(x.value.getType()))
    a = DenseElementsAttr::get(vec, a);
  return {arith::ConstantOp::create(x.s->b, x.s->loc, a), x.isUnsigned, x.s};
}

//===-- Operators ----------------------------------------------------------===//

template <typename F, typename I, typename U = I>
static Sc binary(Sc x, Sc y) {
  auto &b = x.s->b;
  Location loc = x.s->loc;
  if (x.isFloat())
    return {F::create(b, loc, x.value, y.value), false, x.s};
  if (x.isUnsigned)
    return {U::create(b, loc, x.value, y.value), true, x.s};
  return {I::create(b, loc, x.value, y.value), false, x.s};
}

Sc operator+(Sc x, Sc y) { return binary<arith::AddFOp, arith::AddIOp>(x, y); }
Sc operator-(Sc x, Sc y) { return binary<arith::SubFOp, arith::SubIOp>(x, y); }
Sc operator*(Sc x, Sc y) { return binary<arith::MulFOp, arith::MulIOp>(x, y); }

/// An integer divisor that the machine accepts: 1 in place of 0, and of -1
/// where the quotient would overflow. `zero` tells where it was 0.
static Sc safeDivisor(Sc x, Sc y, Sc &zero) {
  zero = eq(y, x.s->like(y, 0));
  Sc safe = select(zero, x.s->like(y, 1), y);
  if (!x.isUnsigned) {
    unsigned w = x.type().getIntOrFloatBitWidth();
    Sc overflow = and_(eq(x, intConst(x, APInt::getSignedMinValue(w))), eq(y, x.s->like(y, -1)));
    safe = select(overflow, x.s->like(y, 1), safe);
  }
  return safe;
}
Sc operator/(Sc x, Sc y) {
  if (x.isFloat())
    return {arith::DivFOp::create(x.s->b, x.s->loc, x.value, y.value), false, x.s};
  Sc zero, d = safeDivisor(x, y, zero);
  return select(zero, x.s->like(x, 0), binary<arith::DivFOp, arith::DivSIOp, arith::DivUIOp>(x, d));
}
Sc rem(Sc x, Sc y) {
  if (x.isFloat())
    return {arith::RemFOp::create(x.s->b, x.s->loc, x.value, y.value), false, x.s};
  Sc zero, d = safeDivisor(x, y, zero);
  Sc r = binary<arith::RemFOp, arith::RemSIOp, arith::RemUIOp>(x, d);
  // MIN rem -1 was computed as MIN rem 1, which is 0 as well.
  return select(zero, x.s->like(x, 0), r);
}

Sc operator+(Sc x, double y) { return x + x.s->like(x, y); }
Sc operator-(Sc x, double y) { return x - x.s->like(x, y); }
Sc operator*(Sc x, double y) { return x * x.s->like(x, y); }
Sc operator/(Sc x, double y) { return x / x.s->like(x, y); }
Sc operator+(double x, Sc y) { return y.s->like(y, x) + y; }
Sc operator-(double x, Sc y) { return y.s->like(y, x) - y; }
Sc operator*(double x, Sc y) { return y.s->like(y, x) * y; }
Sc operator/(double x, Sc y) { return y.s->like(y, x) / y; }

Sc operator-(Sc x) {
  if (x.isFloat())
    return {arith::NegFOp::create(x.s->b, x.s->loc, x.value), false, x.s};
  return x.s->like(x, 0) - x;
}
Sc min(Sc x, Sc y) { return binary<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>(x, y); }
Sc max(Sc x, Sc y) { return binary<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(x, y); }
Sc abs(Sc x) {
  if (x.isFloat())
    return {math::AbsFOp::create(x.s->b, x.s->loc, x.value), false, x.s};
  return x.isUnsigned ? x : Sc{math::AbsIOp::create(x.s->b, x.s->loc, x.value), false, x.s};
}

static Sc compare(Sc x, Sc y, arith::CmpFPredicate f, arith::CmpIPredicate i, arith::CmpIPredicate u) {
  auto &b = x.s->b;
  Value v = x.isFloat() ? Value(arith::CmpFOp::create(b, x.s->loc, f, x.value, y.value))
                        : Value(arith::CmpIOp::create(b, x.s->loc, x.isUnsigned ? u : i, x.value, y.value));
  return {v, true, x.s};
}
using FP = arith::CmpFPredicate;
using IP = arith::CmpIPredicate;
Sc eq(Sc x, Sc y) { return compare(x, y, FP::OEQ, IP::eq, IP::eq); }
Sc ne(Sc x, Sc y) { return compare(x, y, FP::UNE, IP::ne, IP::ne); }
Sc lt(Sc x, Sc y) { return compare(x, y, FP::OLT, IP::slt, IP::ult); }
Sc le(Sc x, Sc y) { return compare(x, y, FP::OLE, IP::sle, IP::ule); }
Sc and_(Sc x, Sc y) { return {arith::AndIOp::create(x.s->b, x.s->loc, x.value, y.value), x.isUnsigned, x.s}; }
Sc or_(Sc x, Sc y) { return {arith::OrIOp::create(x.s->b, x.s->loc, x.value, y.value), x.isUnsigned, x.s}; }
Sc xor_(Sc x, Sc y) { return {arith::XOrIOp::create(x.s->b, x.s->loc, x.value, y.value), x.isUnsigned, x.s}; }
Sc not_(Sc x) { return xor_(x, x.s->like(x, -1)); }

/// Shifts by at least the width give 0 (or the sign) rather than poison.
static Sc shiftAmountOk(Sc x, Sc y) {
  Sc u = y;
  u.isUnsigned = true;
  return lt(u, x.s->like(u, x.type().getIntOrFloatBitWidth()));
}
Sc shl(Sc x, Sc y) {
  Sc ok = shiftAmountOk(x, y), zero = x.s->like(x, 0);
  Sc safe = select(ok, y, x.s->like(y, 0));
  return select(ok, {arith::ShLIOp::create(x.s->b, x.s->loc, x.value, safe.value), x.isUnsigned, x.s}, zero);
}
Sc shr(Sc x, Sc y) {
  Sc ok = shiftAmountOk(x, y);
  if (x.isUnsigned) {
    Sc safe = select(ok, y, x.s->like(y, 0));
    Sc v{arith::ShRUIOp::create(x.s->b, x.s->loc, x.value, safe.value), true, x.s};
    return select(ok, v, x.s->like(x, 0));
  }
  Sc safe = select(ok, y, x.s->like(y, x.type().getIntOrFloatBitWidth() - 1));
  return {arith::ShRSIOp::create(x.s->b, x.s->loc, x.value, safe.value), false, x.s};
}
Sc select(Sc cond, Sc a, Sc c) {
  return {arith::SelectOp::create(cond.s->b, cond.s->loc, cond.value, a.value, c.value), a.isUnsigned, cond.s, a.coded};
}

//===-- Conversion ---------------------------------------------------------===//

static Value floatToFloat(OpBuilder &b, Location loc, Value v, Type to) {
  unsigned from = getElementTypeOrSelf(v.getType()).getIntOrFloatBitWidth(), width = to.getIntOrFloatBitWidth();
  Type t = withLanes(to, v);
  if (from < width)
    return arith::ExtFOp::create(b, loc, t, v);
  return from > width ? Value(arith::TruncFOp::create(b, loc, t, v)) : v;
}

Sc ScalarBuilder::cast(Sc x, Type to, CodeRules rules) {
  if (x.coded && x.coded == to)
    return x;
  if (x.coded)
    x = decode(x);
  if (isCoded(to))
    return encode(x, to, rules);
  Type compute = computeType(to);
  bool toUnsigned = isUnsignedElem(to);
  Type out = withLanes(compute, x.value);
  unsigned fromWidth = x.type().getIntOrFloatBitWidth(), toWidth = compute.getIntOrFloatBitWidth();
  if (to.isInteger(1))
    return x.type().isInteger(1) ? x : ne(x, like(x, 0));
  if (isa<FloatType>(to)) {
    Value v = x.value;
    if (x.isFloat())
      v = floatToFloat(b, loc, v, compute);
    else if (x.isUnsigned)
      v = arith::UIToFPOp::create(b, loc, out, v);
    else
      v = arith::SIToFPOp::create(b, loc, out, v);
    if (to != compute) // round to the 16-bit type, go on computing in f32
      v = floatToFloat(b, loc, floatToFloat(b, loc, v, to), compute);
    return {v, false, this};
  }
  if (x.isFloat())
    return saturate(x, to);
  Value v = x.value;
  if (fromWidth < toWidth)
    v = x.isUnsigned ? Value(arith::ExtUIOp::create(b, loc, out, v)) : Value(arith::ExtSIOp::create(b, loc, out, v));
  else if (fromWidth > toWidth)
    v = arith::TruncIOp::create(b, loc, out, v);
  return {v, toUnsigned, this};
}

Sc ScalarBuilder::saturate(Sc x, Type to) {
  auto type = dyn_cast<IntegerType>(to);
  if (!type || x.coded)
    return type && x.coded ? saturate(decode(x), to) : cast(x, to);
  if (isCoded(to))
    return saturateCode(x, type);
  unsigned w = type.getWidth();
  bool uns = isUnsignedElem(to);
  Type out = withLanes(computeType(to), x.value);
  APInt lo = uns ? APInt::getZero(w) : APInt::getSignedMinValue(w);
  APInt hi = uns ? APInt::getMaxValue(w) : APInt::getSignedMaxValue(w);
  if (!x.isFloat()) {
    unsigned from = x.type().getIntOrFloatBitWidth();
    if (from > w) {
      Sc l = intConst(x, uns ? lo.zext(from) : lo.sext(from)), h = intConst(x, hi.zext(from));
      x = min(x.isUnsigned ? x : max(x, l), h);
    }
    return cast(x, to);
  }
  // Clamp in float first, since an out-of-range conversion is poison; then put
  // the exact limit in place where the value reached it.
  double loF = uns ? 0.0 : -std::ldexp(1.0, w - 1), hiF = std::ldexp(1.0, uns ? w : w - 1);
  Sc low = like(x, loF), high = like(x, hiF), zero = like(x, 0);
  Sc isHigh = le(high, x), bad = or_(ne(x, x), lt(x, low));
  Sc safe = select(or_(isHigh, bad), zero, x);
  Value v;
  if (uns && w == 64)
    v = arith::FPToUIOp::create(b, loc, out, safe.value);
  else if (uns || w < 32) { // through a wider signed conversion, which every target has
    Type wide = withLanes(b.getIntegerType(w < 32 ? 32 : 64), x.value);
    v = arith::TruncIOp::create(b, loc, out, arith::FPToSIOp::create(b, loc, wide, safe.value));
  } else
    v = arith::FPToSIOp::create(b, loc, out, safe.value);
  Sc r{v, uns, this};
  r = select(isHigh, intConst(r, hi), r);
  return select(lt(x, low), intConst(r, lo), r);
}

//===-- Functions ----------------------------------------------------------===//

template <typename Op>
static Sc unary(Sc x) {
  if (!x.isFloat())
    return x;
  return {Op::create(x.s->b, x.s->loc, x.value), false, x.s};
}

/// Functions with no vector form in the back end: lane by lane.
template <typename Op>
static Sc perLane(Sc x) {
  auto vec = dyn_cast<VectorType>(x.value.getType());
  if (!vec)
    return unary<Op>(x);
  auto &b = x.s->b;
  Location loc = x.s->loc;
  Value out = x.value;
  for (int64_t i = 0; i < vec.getNumElements(); ++i)
    out = vector::InsertOp::create(
        b, loc, Op::create(b, loc, vector::ExtractOp::create(b, loc, x.value, i)).getResult(), out, i);
  return {out, false, x.s};
}
/// Vector form for f32 only.
template <typename Op>
static Sc vectorF32(Sc x) {
  return x.type().isF32() ? unary<Op>(x) : perLane<Op>(x);
}

Sc ScalarBuilder::exp(Sc x) { return vectorF32<math::ExpOp>(x); }
Sc ScalarBuilder::log(Sc x) { return vectorF32<math::LogOp>(x); }
Sc ScalarBuilder::expm1(Sc x) { return vectorF32<math::ExpM1Op>(x); }
Sc ScalarBuilder::log1p(Sc x) { return vectorF32<math::Log1pOp>(x); }
Sc ScalarBuilder::erf(Sc x) { return vectorF32<math::ErfOp>(x); }
Sc ScalarBuilder::tanh(Sc x) { return vectorF32<math::TanhOp>(x); }
Sc ScalarBuilder::sqrt(Sc x) { return unary<math::SqrtOp>(x); }
Sc ScalarBuilder::floor(Sc x) { return unary<math::FloorOp>(x); }
Sc ScalarBuilder::ceil(Sc x) { return unary<math::CeilOp>(x); }
Sc ScalarBuilder::roundEven(Sc x) { return unary<math::RoundEvenOp>(x); }
Sc ScalarBuilder::sin(Sc x) { return perLane<math::SinOp>(x); }
Sc ScalarBuilder::cos(Sc x) { return perLane<math::CosOp>(x); }
Sc ScalarBuilder::tan(Sc x) { return perLane<math::TanOp>(x); }
Sc ScalarBuilder::asin(Sc x) { return perLane<math::AsinOp>(x); }
Sc ScalarBuilder::acos(Sc x) { return perLane<math::AcosOp>(x); }
Sc ScalarBuilder::atan(Sc x) { return perLane<math::AtanOp>(x); }
Sc ScalarBuilder::sinh(Sc x) { return perLane<math::SinhOp>(x); }
Sc ScalarBuilder::cosh(Sc x) { return perLane<math::CoshOp>(x); }
Sc ScalarBuilder::asinh(Sc x) { return perLane<math::AsinhOp>(x); }
Sc ScalarBuilder::acosh(Sc x) { return perLane<math::AcoshOp>(x); }
Sc ScalarBuilder::atanh(Sc x) { return perLane<math::AtanhOp>(x); }

Sc ScalarBuilder::pow(Sc x, Sc y) {
  // Integers go through double: exact where the result is below 2^53.
  Type type = x.type();
  bool wasUnsigned = x.isUnsigned, wasInt = !x.isFloat();
  Type f = wasInt || !y.type().isF32() || type.isF64() ? Type(b.getF64Type()) : Type(b.getF32Type());
  if (!wasInt)
    f = type;
  x = cast(x, f), y = cast(y, f);
  auto one = [&](Value a, Value c) { return math::PowFOp::create(b, loc, a, c).getResult(); };
  Value out;
  if (auto vec = dyn_cast<VectorType>(x.value.getType())) {
    out = x.value;
    for (int64_t i = 0; i < vec.getNumElements(); ++i)
      out = vector::InsertOp::create(
          b, loc, one(vector::ExtractOp::create(b, loc, x.value, i), vector::ExtractOp::create(b, loc, y.value, i)),
          out, i);
  } else {
    out = one(x.value, y.value);
  }
  Sc r{out, false, this};
  if (!wasInt)
    return r;
  Type to =
      wasUnsigned ? Type(IntegerType::get(b.getContext(), type.getIntOrFloatBitWidth(), IntegerType::Unsigned)) : type;
  return saturate(r, to);
}

} // namespace wick::graph
