// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Codes to numbers and back, in f32 and i32 arithmetic that is the same in folding
// and in generated code. Decoding is exact. Encoding rounds once, half to even
// (f8E8M0FNU: as asked), since wider sources reach f32 rounded to odd.
// Test: test/e2e/narrow_types.py (every code, every tie, folded and compiled).
//
#include "dialects/graph/Scalar.h"

#include "mlir/IR/BuiltinTypes.h"

#include <bit>
#include <cmath>

using namespace mlir;
namespace wick::graph {

bool isCodedFloat(Type elem) {
  return isa<Float8E4M3FNType, Float8E4M3FNUZType, Float8E5M2Type, Float8E5M2FNUZType, Float8E8M0FNUType,
             Float4E2M1FNType>(elem);
}
static bool isCodedInt(Type elem) {
  auto i = dyn_cast<IntegerType>(elem);
  return i && (i.getWidth() == 4 || i.getWidth() == 2);
}
bool isCoded(Type elem) { return isCodedInt(elem) || isCodedFloat(elem); }

unsigned codeWidth(Type elem) { return elem.isInteger(1) ? 8 : elem.isIntOrFloat() ? elem.getIntOrFloatBitWidth() : 0; }

Type storedType(Type elem) { return isa<FloatType>(elem) && !isCoded(elem) ? elem : computeType(elem); }

namespace {
/// What lies above the greatest finite code.
enum class Beyond { Nothing, NaN, InfAndNaN, NegativeZeroIsNaN };
/// Sign, exponent, mantissa, from the high bits to the low.
struct Layout {
  int exponent, mantissa, bias, greatest;
  Beyond beyond;
  int magnitudeBits() const { return exponent + mantissa; }
};
} // namespace

static Layout layoutOf(Type t) {
  if (isa<Float8E4M3FNType>(t))
    return {4, 3, 7, 0x7e, Beyond::NaN};
  if (isa<Float8E4M3FNUZType>(t))
    return {4, 3, 8, 0x7f, Beyond::NegativeZeroIsNaN};
  if (isa<Float8E5M2Type>(t))
    return {5, 2, 15, 0x7b, Beyond::InfAndNaN};
  if (isa<Float8E5M2FNUZType>(t))
    return {5, 2, 16, 0x7f, Beyond::NegativeZeroIsNaN};
  return {2, 1, 1, 7, Beyond::Nothing}; // f4E2M1FN
}

namespace {
constexpr int64_t kInf = 0x7f800000, kNaN = 0x7fc00000, kMagnitude = 0x7fffffff;

/// i32 arithmetic by constants, lane by lane.
struct Bits {
  Value v;
  ScalarBuilder *s;

  Bits with(Value x) const { return {x, s}; }
  Value k(int64_t c) const { return s->constant(v.getType(), double(c)); }
  Bits operator&(int64_t c) const { return with(arith::AndIOp::create(s->b, s->loc, v, k(c))); }
  Bits operator|(Bits o) const { return with(arith::OrIOp::create(s->b, s->loc, v, o.v)); }
  Bits operator+(Bits o) const { return with(arith::AddIOp::create(s->b, s->loc, v, o.v)); }
  Bits operator+(int64_t c) const { return with(arith::AddIOp::create(s->b, s->loc, v, k(c))); }
  Bits operator<<(int n) const { return with(arith::ShLIOp::create(s->b, s->loc, v, k(n))); }
  /// Fills with zeros, as unsigned numbers do.
  Bits operator>>(int n) const { return with(arith::ShRUIOp::create(s->b, s->loc, v, k(n))); }
  Bits arithmeticShift(int n) const { return with(arith::ShRSIOp::create(s->b, s->loc, v, k(n))); }
  Value compare(arith::CmpIPredicate p, Value o) const { return arith::CmpIOp::create(s->b, s->loc, p, v, o); }
  Value above(int64_t c) const { return compare(arith::CmpIPredicate::sgt, k(c)); }
  Value below(int64_t c) const { return compare(arith::CmpIPredicate::slt, k(c)); }
  Value is(int64_t c) const { return compare(arith::CmpIPredicate::eq, k(c)); }
  Bits pick(Value cond, Bits yes) const { return with(arith::SelectOp::create(s->b, s->loc, cond, yes.v, v)); }
  Bits pick(Value cond, int64_t yes) const { return pick(cond, with(k(yes))); }
  Type type(Type scalar) const {
    auto vec = dyn_cast<VectorType>(v.getType());
    return vec ? Type(vec.clone(scalar)) : scalar;
  }
  Value asFloat() const { return arith::BitcastOp::create(s->b, s->loc, type(s->b.getF32Type()), v); }
  Bits ofFloat(Value f) const { return with(arith::BitcastOp::create(s->b, s->loc, type(s->b.getI32Type()), f)); }
  Value constantFloat(double c) const { return s->constant(type(s->b.getF32Type()), c); }
};
} // namespace

static Type lanesOf(Value v, Type scalar) {
  auto vec = dyn_cast<VectorType>(v.getType());
  return vec ? Type(vec.clone(scalar)) : scalar;
}
static Bits bitsOf(ScalarBuilder &s, Value f32) {
  return {arith::BitcastOp::create(s.b, s.loc, lanesOf(f32, s.i32()), f32), &s};
}

//===-- Codes to numbers ---------------------------------------------------===//

static Value decodeFloat(Bits c, const Layout &l) {
  Bits mag = c & ((1 << l.magnitudeBits()) - 1);
  // Below the first normal number the code counts units of the last place.
  Value units = arith::SIToFPOp::create(c.s->b, c.s->loc, c.type(c.s->b.getF32Type()), mag.v);
  Value scale = c.constantFloat(std::ldexp(1.0, 1 - l.bias - l.mantissa));
  Bits small = c.ofFloat(arith::MulFOp::create(c.s->b, c.s->loc, units, scale));
  Bits bits = ((mag << (23 - l.mantissa)) + (int64_t(127 - l.bias) << 23)).pick(mag.below(1 << l.mantissa), small);
  if (l.beyond == Beyond::NaN || l.beyond == Beyond::InfAndNaN)
    bits = bits.pick(mag.above(l.greatest), kNaN);
  if (l.beyond == Beyond::InfAndNaN)
    bits = bits.pick(mag.is(l.greatest + 1), kInf);
  bits = bits | ((c >> l.magnitudeBits()) << 31);
  if (l.beyond == Beyond::NegativeZeroIsNaN)
    bits = bits.pick(c.is(0x80), kNaN);
  return bits.asFloat();
}

Sc ScalarBuilder::decode(Sc x) {
  unsigned width = x.coded.getIntOrFloatBitWidth();
  if (auto i = dyn_cast<IntegerType>(x.coded)) {
    bool uns = i.isUnsigned();
    Value v = x.value;
    if (uns) {
      v = arith::AndIOp::create(b, loc, v, constant(v.getType(), (1 << width) - 1));
    } else {
      Value n = constant(v.getType(), 8 - width);
      v = arith::ShRSIOp::create(b, loc, arith::ShLIOp::create(b, loc, v, n), n);
    }
    return {v, uns, this};
  }
  Bits c{arith::ExtUIOp::create(b, loc, lanesOf(x.value, i32()), x.value), this};
  if (width < 8)
    c = c & ((1 << width) - 1);
  if (isa<Float8E8M0FNUType>(x.coded)) // 2^(c - 127), the least of them subnormal
    return {(c << 23).pick(c.is(0), 0x00400000).pick(c.is(255), kNaN).asFloat(), false, this};
  return {decodeFloat(c, layoutOf(x.coded)), false, this};
}

//===-- Numbers to codes ---------------------------------------------------===//

/// x as f32 such that rounding it to fewer bits is rounding x: a value between two
/// floats becomes the one with an odd last bit.
static Value toF32(Sc x) {
  ScalarBuilder &s = *x.s;
  auto &b = s.b;
  Type f32 = lanesOf(x.value, b.getF32Type());
  if (!x.isFloat()) {
    bool isWide = x.type().getIntOrFloatBitWidth() > 16;
    Type f = isWide ? lanesOf(x.value, b.getF64Type()) : f32;
    Value v = x.isUnsigned ? Value(arith::UIToFPOp::create(b, s.loc, f, x.value))
                           : Value(arith::SIToFPOp::create(b, s.loc, f, x.value));
    return isWide ? toF32(s.make(v)) : v;
  }
  if (!x.type().isF64())
    return x.value;
  Value near = arith::TruncFOp::create(b, s.loc, f32, x.value);
  Sc back = s.make(arith::ExtFOp::create(b, s.loc, x.value.getType(), near));
  Bits bits = bitsOf(s, near);
  Value inexact = arith::CmpFOp::create(b, s.loc, arith::CmpFPredicate::ONE, back.value, x.value);
  Value fix = arith::AndIOp::create(b, s.loc, inexact, (bits & 1).is(0));
  return bits.pick(fix, (bits + 1).pick(lt(abs(x), abs(back)).value, bits + -1)).asFloat();
}

/// The magnitude of |x| (bits `a`) with `beyond` where it exceeds the greatest.
static Bits magnitude(Bits a, const Layout &l) {
  int drop = 23 - l.mantissa;
  Bits odd = (a >> drop) & 1;
  Bits normal = ((a + odd + ((int64_t(1) << (drop - 1)) - 1)) >> drop) + -(int64_t(127 - l.bias) << l.mantissa);
  // The sum with this number has the last place of a small code in its last bit.
  float magic = std::ldexp(1.0f, 23 + 1 - l.bias - l.mantissa);
  Value sum = arith::AddFOp::create(a.s->b, a.s->loc, a.asFloat(), a.constantFloat(magic));
  Bits small = a.ofFloat(sum) + -int64_t(std::bit_cast<uint32_t>(magic));
  return normal.pick(a.below(int64_t(128 - l.bias) << 23), small);
}

static Bits encodeFloat(Bits bits, const Layout &l, bool overflows) {
  Bits a = bits & kMagnitude, mag = magnitude(a, l);
  Value over = mag.above(l.greatest), isNaN = a.above(kInf);
  Bits sign = (bits >> 31) << l.magnitudeBits();
  switch (l.beyond) {
  case Beyond::Nothing: // and no NaN: it becomes -0, as in ml_dtypes
    return (mag.pick(over, l.greatest) | sign).pick(isNaN, 8);
  case Beyond::NaN:
  case Beyond::InfAndNaN:
    mag = mag.pick(over, l.greatest + overflows);
    return mag.pick(isNaN, l.beyond == Beyond::NaN ? 0x7f : 0x7e) | sign;
  case Beyond::NegativeZeroIsNaN:
    Bits code = (mag.pick(over, l.greatest) | sign).pick(mag.is(0), 0).pick(isNaN, 0x80);
    return overflows ? code.pick(over, 0x80) : code;
  }
  return mag;
}

/// The sign is dropped; the standard leaves negative numbers open.
static Bits encodePower(Bits bits, CodeRules rules) {
  Bits a = bits & kMagnitude, exponent = a >> 23, fraction = a & 0x7fffff;
  Bits code = exponent;
  if (!rules.down) {
    // Fractions from here on belong to the next power. Subnormals of f32 have no
    // hidden bit, and 2^-127 is one of them.
    Bits from = a.with(a.k(rules.nearest ? 0x400000 : 1)).pick(exponent.is(0), rules.nearest ? 0x600000 : 0x400001);
    code = code.pick(fraction.compare(arith::CmpIPredicate::sge, from.v), code + 1);
  }
  code = code.pick(code.above(254), rules.overflows ? 255 : 254).pick(a.above(kInf), 255);
  return rules.overflows ? code.pick(a.below(0x00400000), 255) : code;
}

/// The low bits of an integer, the byte's other bits as the type extends them.
static Sc encodeInt(Sc x, IntegerType to) {
  ScalarBuilder &s = *x.s;
  Value v = x.value;
  unsigned width = x.type().getIntOrFloatBitWidth();
  Type i8 = lanesOf(v, s.b.getI8Type());
  if (width < 8)
    v = arith::ExtUIOp::create(s.b, s.loc, i8, v);
  else if (width > 8)
    v = arith::TruncIOp::create(s.b, s.loc, i8, v);
  Sc code{v, false, &s, to};
  code.value = s.decode(code).value;
  return code;
}

Sc ScalarBuilder::encode(Sc x, Type to, CodeRules rules) {
  if (auto i = dyn_cast<IntegerType>(to))
    return encodeInt(x.isFloat() ? saturate(x, i32()) : x, i);
  Bits bits = bitsOf(*this, toF32(x));
  Bits code = isa<Float8E8M0FNUType>(to) ? encodePower(bits, rules) : encodeFloat(bits, layoutOf(to), rules.overflows);
  return {arith::TruncIOp::create(b, loc, lanesOf(x.value, b.getI8Type()), code.v), false, this, to};
}

Sc ScalarBuilder::saturateCode(Sc x, IntegerType to) {
  unsigned w = to.getWidth();
  double lo = to.isUnsigned() ? 0 : -(1 << (w - 1)), hi = (1 << (w - !to.isUnsigned())) - 1;
  if (x.isFloat()) {
    x = select(ne(x, x), like(x, 0), x);
    x = saturate(min(max(x, like(x, lo)), like(x, hi)), i32());
  } else if (x.type().getIntOrFloatBitWidth() > w) {
    x = min(x.isUnsigned ? x : max(x, like(x, lo)), like(x, hi));
  }
  return encodeInt(x, to);
}

//===-- The same bits as another type --------------------------------------===//

Sc ScalarBuilder::bitcast(Sc x, Type from, Type to) {
  Type compute = computeType(to), out = lanesOf(x.value, compute);
  bool uns = isa<IntegerType>(to) && to.isUnsignedInteger();
  Value v = x.value;
  if (to.isInteger(1))
    return from.isInteger(1) ? x : ne(x, like(x, 0));
  if (from.isInteger(1))
    v = arith::ExtUIOp::create(b, loc, lanesOf(v, b.getI8Type()), v);
  else if (Type stored = storedType(from); getElementTypeOrSelf(v) != stored) // 16-bit floats
    v = arith::TruncFOp::create(b, loc, lanesOf(v, stored), v);
  Type stored = storedType(to);
  if (getElementTypeOrSelf(v) != stored)
    v = arith::BitcastOp::create(b, loc, lanesOf(v, stored), v);
  if (stored != compute)
    v = arith::ExtFOp::create(b, loc, out, v);
  return {v, uns, this, isCoded(to) ? to : Type()};
}

} // namespace wick::graph
