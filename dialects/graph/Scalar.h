// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vocabulary of op bodies. `Sc` is a scalar, or a vector of lanes, in the
// making: operators on it create arith and math ops of the right kind (float,
// signed, unsigned), so that a record's body reads like the formula and serves
// folding, scalar loops and vector epilogues alike. 16-bit floats are computed
// as f32; narrower types are codes (Codes.h), which are only converted.
//
#pragma once

#include "dialects/graph/Codes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

namespace wick::graph {

class ScalarBuilder;

/// A value with the signedness of its integer type. Cheap to copy; lives no
/// longer than its ScalarBuilder.
struct Sc {
  mlir::Value value;
  bool isUnsigned = false;
  ScalarBuilder *s = nullptr;
  mlir::Type coded = {}; ///< the element type when the value is a code of it (i8)
  /// The scalar type (of one lane).
  mlir::Type type() const { return mlir::getElementTypeOrSelf(value.getType()); }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(type()); }
};

/// The type that a tensor element is computed in: f16 and bf16 as f32, codes as
/// i8, unsigned integers as signless ones, the rest as it is.
mlir::Type computeType(mlir::Type elem);

/// Creates the ops behind Sc's operators at the builder's insertion point.
class ScalarBuilder {
public:
  ScalarBuilder(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}
  mlir::OpBuilder &b;
  mlir::Location loc;

  /// Operand i of `op` (signedness from its tensor type); null past the end.
  Sc wrap(mlir::Operation *op, unsigned i, mlir::ValueRange args);
  Sc make(mlir::Value v, bool isUnsigned = false) { return {v, isUnsigned, this}; }
  /// A constant of the type and lanes of x.
  Sc like(Sc x, double v);
  mlir::Value constant(mlir::Type type, double v);
  mlir::Type i32() { return b.getI32Type(); }

  /// Conversion to a tensor element type; see wick.cast for the semantics.
  Sc cast(Sc x, mlir::Type to, CodeRules rules = {});
  /// Float to integer of `to`, or wider to narrower integer, clamped.
  Sc saturate(Sc x, mlir::Type to);
  /// The number that a code stands for: f32, or i8 with its signedness.
  Sc decode(Sc x);
  /// The bits of x, an element of type `from`, as one of type `to` of equal width.
  Sc bitcast(Sc x, mlir::Type from, mlir::Type to);

  Sc exp(Sc), log(Sc), expm1(Sc), log1p(Sc), erf(Sc), tanh(Sc), sqrt(Sc), floor(Sc), ceil(Sc), roundEven(Sc);
  Sc sin(Sc), cos(Sc), tan(Sc), asin(Sc), acos(Sc), atan(Sc), sinh(Sc), cosh(Sc), asinh(Sc), acosh(Sc), atanh(Sc);
  Sc pow(Sc x, Sc y);

private:
  Sc encode(Sc x, mlir::Type to, CodeRules rules);
  Sc saturateCode(Sc x, mlir::IntegerType to);
};

Sc operator+(Sc, Sc), operator-(Sc, Sc), operator*(Sc, Sc), operator/(Sc, Sc);
Sc operator+(Sc, double), operator-(Sc, double), operator*(Sc, double), operator/(Sc, double);
Sc operator+(double, Sc), operator-(double, Sc), operator*(double, Sc), operator/(double, Sc);
Sc operator-(Sc);
Sc rem(Sc, Sc);
Sc min(Sc, Sc), max(Sc, Sc), abs(Sc);
Sc eq(Sc, Sc), ne(Sc, Sc), lt(Sc, Sc), le(Sc, Sc);
Sc and_(Sc, Sc), or_(Sc, Sc), xor_(Sc, Sc), not_(Sc), shl(Sc, Sc), shr(Sc, Sc);
Sc select(Sc cond, Sc a, Sc b);

} // namespace wick::graph
