// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Algebra on shape expressions: AffineExpr over symbols, products of symbols
// allowed. Expressions are brought to one canonical sum of products, so equal
// polynomials become the same AffineExpr; divisions are simplified with the
// symbols' ranges, and bounds come by interval arithmetic. Dims (d0, ...) are
// treated as unbounded. Nothing here fails: what cannot be simplified is kept.
//
#ifndef WICK_COMPILER_EVAL_SYMBOLICMATH_H
#define WICK_COMPILER_EVAL_SYMBOLICMATH_H

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace wick::compiler {

/// An inclusive interval; INT64_MIN and INT64_MAX stand for no bound.
struct Bounds {
  int64_t lo = INT64_MIN, hi = INT64_MAX;
};

class ShapeMath {
public:
  ShapeMath(mlir::MLIRContext *context, llvm::ArrayRef<std::pair<int64_t, int64_t>> ranges)
      : context(context), ranges(ranges) {}

  /// The canonical form; unchanged where a coefficient would overflow int64.
  mlir::AffineExpr simplify(mlir::AffineExpr expr);
  /// A safe interval of the expression's values.
  Bounds bounds(mlir::AffineExpr expr);
  /// a / b where that has no remainder for any value of the symbols, else null.
  mlir::AffineExpr exactQuotient(mlir::AffineExpr a, mlir::AffineExpr b);
  /// Divisions with b >= 1, simplified; floor and ceil are true for any a.
  mlir::AffineExpr floorDiv(mlir::AffineExpr a, mlir::AffineExpr b);
  mlir::AffineExpr ceilDiv(mlir::AffineExpr a, mlir::AffineExpr b);
  mlir::AffineExpr mod(mlir::AffineExpr a, mlir::AffineExpr b);
  mlir::AffineExpr constant(int64_t value) const;
  /// Greatest common divisor of all coefficients (0 for the zero polynomial).
  int64_t content(mlir::AffineExpr expr);

  /// Bounds of a symbol past the end of the given ranges.
  void setRange(unsigned symbol, Bounds range) { minted[symbol] = range; }

private:
  /// Sorted atoms: symbols, dims and divisions that do not simplify.
  using Monomial = std::vector<mlir::AffineExpr>;
  struct MonomialLess {
    bool operator()(const Monomial &a, const Monomial &b) const;
  };
  using Poly = std::map<Monomial, int64_t, MonomialLess>;
  using MaybePoly = std::optional<Poly>; // nothing on overflow

  MaybePoly toPoly(mlir::AffineExpr expr);
  mlir::AffineExpr fromPoly(const Poly &poly) const;
  static bool addTerm(Poly &poly, const Monomial &monomial, int64_t factor);
  static MaybePoly add(const Poly &a, const Poly &b, int64_t factorB = 1);
  static MaybePoly multiply(const Poly &a, const Poly &b);
  static std::optional<int64_t> constantOf(const Poly &poly);
  static MaybePoly divideExactly(Poly a, const Poly &b);
  MaybePoly floorDivPoly(const Poly &a, const Poly &b);
  MaybePoly floorDivByConstant(const Poly &a, int64_t divisor);
  MaybePoly modPoly(const Poly &a, const Poly &b);
  Poly atom(mlir::AffineExprKind kind, const Poly &a, const Poly &b) const;
  Bounds boundsOf(const Poly &poly);
  Bounds boundsOfAtom(mlir::AffineExpr expr);

  mlir::MLIRContext *context;
  llvm::ArrayRef<std::pair<int64_t, int64_t>> ranges;
  std::map<unsigned, Bounds> minted;
};

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_SYMBOLICMATH_H
