// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Polynomials of shape expressions. See SymbolicMath.h; tests in
// test/unit/eval/SymbolicTest.cpp.
//
#include "compiler/eval/SymbolicMath.h"

#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace wick::compiler;

/// A total order of expressions that does not depend on addresses.
static int compare(AffineExpr a, AffineExpr b) {
  if (a == b)
    return 0;
  if (a.getKind() != b.getKind())
    return a.getKind() < b.getKind() ? -1 : 1;
  auto order = [](int64_t x, int64_t y) { return x < y ? -1 : x > y; };
  if (auto symbol = dyn_cast<AffineSymbolExpr>(a))
    return order(symbol.getPosition(), cast<AffineSymbolExpr>(b).getPosition());
  if (auto dim = dyn_cast<AffineDimExpr>(a))
    return order(dim.getPosition(), cast<AffineDimExpr>(b).getPosition());
  if (auto constant = dyn_cast<AffineConstantExpr>(a))
    return order(constant.getValue(), cast<AffineConstantExpr>(b).getValue());
  auto x = cast<AffineBinaryOpExpr>(a), y = cast<AffineBinaryOpExpr>(b);
  int left = compare(x.getLHS(), y.getLHS());
  return left ? left : compare(x.getRHS(), y.getRHS());
}

/// Larger products are kept as they are: expressions of sizes are far below, and hostile models must not make this
/// the place where time and memory go.
static constexpr size_t maxProducts = 1 << 14, maxDegree = 64;

/// By degree, then by atoms: compatible with multiplication, as long division needs.
bool ShapeMath::MonomialLess::operator()(const Monomial &a, const Monomial &b) const {
  if (a.size() != b.size())
    return a.size() < b.size();
  for (size_t i = 0; i < a.size(); ++i)
    if (int order = compare(a[i], b[i]))
      return order < 0;
  return false;
}

AffineExpr ShapeMath::constant(int64_t value) const { return getAffineConstantExpr(value, context); }

bool ShapeMath::addTerm(Poly &poly, const Monomial &monomial, int64_t factor) {
  if (factor == 0)
    return true;
  auto [it, isNew] = poly.try_emplace(monomial, factor);
  if (isNew)
    return true;
  if (__builtin_add_overflow(it->second, factor, &it->second))
    return false;
  if (it->second == 0)
    poly.erase(it);
  return true;
}

ShapeMath::MaybePoly ShapeMath::add(const Poly &a, const Poly &b, int64_t factorB) {
  Poly sum = a;
  for (const auto &[monomial, factor] : b) {
    int64_t scaled;
    if (__builtin_mul_overflow(factor, factorB, &scaled) || !addTerm(sum, monomial, scaled))
      return std::nullopt;
  }
  return sum;
}

ShapeMath::MaybePoly ShapeMath::multiply(const Poly &a, const Poly &b) {
  Poly product;
  if (a.size() * b.size() > maxProducts ||
      (!a.empty() && !b.empty() && a.rbegin()->first.size() + b.rbegin()->first.size() > maxDegree))
    return std::nullopt;
  for (const auto &[monomialA, factorA] : a)
    for (const auto &[monomialB, factorB] : b) {
      Monomial both;
      std::merge(monomialA.begin(), monomialA.end(), monomialB.begin(), monomialB.end(), std::back_inserter(both),
                 [](AffineExpr x, AffineExpr y) { return compare(x, y) < 0; });
      int64_t factor;
      if (__builtin_mul_overflow(factorA, factorB, &factor) || !addTerm(product, both, factor))
        return std::nullopt;
    }
  return product;
}

std::optional<int64_t> ShapeMath::constantOf(const Poly &poly) {
  if (poly.empty())
    return 0;
  if (poly.size() == 1 && poly.begin()->first.empty())
    return poly.begin()->second;
  return std::nullopt;
}

ShapeMath::MaybePoly ShapeMath::toPoly(AffineExpr expr) {
  Poly poly;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    addTerm(poly, {}, constant.getValue());
    return poly;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary) {
    addTerm(poly, {expr}, 1);
    return poly;
  }
  MaybePoly a = toPoly(binary.getLHS()), b = toPoly(binary.getRHS());
  if (!a || !b)
    return std::nullopt;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return add(*a, *b);
  case AffineExprKind::Mul:
    return multiply(*a, *b);
  case AffineExprKind::FloorDiv:
    return floorDivPoly(*a, *b);
  case AffineExprKind::Mod:
    return modPoly(*a, *b);
  default:
    break;
  }
  // ceil(a / b) = floor((a + b - 1) / b) for b >= 1: one form of both divisions.
  if (boundsOf(*b).lo < 1)
    return atom(AffineExprKind::CeilDiv, *a, *b);
  MaybePoly sum = add(*a, *b);
  if (!sum || !addTerm(*sum, {}, -1))
    return std::nullopt;
  return floorDivPoly(*sum, *b);
}

AffineExpr ShapeMath::fromPoly(const Poly &poly) const {
  AffineExpr sum = constant(0);
  for (auto it = poly.rbegin(); it != poly.rend(); ++it) {
    AffineExpr product = constant(it->second);
    for (AffineExpr factor : it->first)
      product = factor * product;
    sum = sum + product;
  }
  return sum;
}

ShapeMath::Poly ShapeMath::atom(AffineExprKind kind, const Poly &a, const Poly &b) const {
  AffineExpr expr = getAffineBinaryOpExpr(kind, fromPoly(a), fromPoly(b));
  Poly poly;
  // MLIR may have simplified further; then it is a constant or still one opaque atom.
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    addTerm(poly, {}, constant.getValue());
  else
    addTerm(poly, {expr}, 1);
  return poly;
}

/// Polynomial long division; nothing when a remainder is left.
ShapeMath::MaybePoly ShapeMath::divideExactly(Poly a, const Poly &b) {
  if (b.empty())
    return std::nullopt;
  const auto &[leadB, factorB] = *b.rbegin();
  Poly quotient;
  for (unsigned round = 0; !a.empty(); ++round) {
    const auto &[leadA, factorA] = *a.rbegin();
    auto less = [](AffineExpr x, AffineExpr y) { return compare(x, y) < 0; };
    if (round > 64 || (factorB == -1 && factorA == INT64_MIN) || factorA % factorB != 0 ||
        !std::includes(leadA.begin(), leadA.end(), leadB.begin(), leadB.end(), less))
      return std::nullopt;
    Monomial rest;
    std::set_difference(leadA.begin(), leadA.end(), leadB.begin(), leadB.end(), std::back_inserter(rest), less);
    Poly term;
    addTerm(term, rest, factorA / factorB);
    addTerm(quotient, rest, factorA / factorB);
    MaybePoly product = multiply(term, b);
    MaybePoly difference = product ? add(a, *product, -1) : std::nullopt;
    if (!difference)
      return std::nullopt;
    a = std::move(*difference);
  }
  return quotient;
}

static int64_t floorQuotient(int64_t a, int64_t b) { return a / b - (a % b < 0); } // b > 0

/// std::gcd has no answer for INT64_MIN; 1 divides everything.
static int64_t gcd(int64_t a, int64_t b) { return a == INT64_MIN || b == INT64_MIN ? 1 : std::gcd(a, b); }

ShapeMath::MaybePoly ShapeMath::floorDivByConstant(const Poly &a, int64_t divisor) {
  // Whole multiples of the divisor leave the division: floor((d*q + r)/d) = q + floor(r/d).
  Poly whole, rest;
  for (const auto &[monomial, factor] : a) {
    int64_t quotient = factor % divisor == 0 ? factor / divisor : monomial.empty() ? floorQuotient(factor, divisor) : 0;
    addTerm(whole, monomial, quotient);
    addTerm(rest, monomial, factor - quotient * divisor);
  }
  Bounds range = boundsOf(rest);
  if (range.lo >= 0 && range.hi < divisor)
    return whole;
  // Common factors of the divisor and all but the constant term cancel.
  int64_t common = divisor, offset = 0;
  for (const auto &[monomial, factor] : rest) {
    if (monomial.empty())
      offset = factor;
    else
      common = gcd(common, factor);
  }
  Poly reduced;
  for (const auto &[monomial, factor] : rest)
    addTerm(reduced, monomial, monomial.empty() ? floorQuotient(factor, common) : factor / common);
  divisor /= common;
  offset = floorQuotient(offset, common);
  // (x floordiv e + k) floordiv d = (x + k*e) floordiv (d*e).
  const auto &[lead, leadFactor] = *reduced.rbegin();
  if (lead.size() == 1 && leadFactor == 1 && reduced.size() == (offset ? 2u : 1u) &&
      lead[0].getKind() == AffineExprKind::FloorDiv) {
    auto inner = cast<AffineBinaryOpExpr>(lead[0]);
    auto innerDivisor = dyn_cast<AffineConstantExpr>(inner.getRHS());
    int64_t both, shift;
    if (innerDivisor && innerDivisor.getValue() > 0 &&
        !__builtin_mul_overflow(divisor, innerDivisor.getValue(), &both) &&
        !__builtin_mul_overflow(offset, innerDivisor.getValue(), &shift)) {
      MaybePoly numerator = toPoly(inner.getLHS());
      if (numerator && addTerm(*numerator, {}, shift))
        if (MaybePoly nested = floorDivByConstant(*numerator, both))
          return add(whole, *nested);
    }
  }
  Poly divisorPoly;
  addTerm(divisorPoly, {}, divisor);
  return add(whole, atom(AffineExprKind::FloorDiv, reduced, divisorPoly));
}

ShapeMath::MaybePoly ShapeMath::floorDivPoly(const Poly &a, const Poly &b) {
  if (MaybePoly quotient = divideExactly(a, b))
    return quotient;
  if (std::optional<int64_t> divisor = constantOf(b); divisor && *divisor > 0)
    return floorDivByConstant(a, *divisor);
  Bounds rangeA = boundsOf(a);
  if (rangeA.lo >= 0 && rangeA.hi < boundsOf(b).lo)
    return Poly{};
  return atom(AffineExprKind::FloorDiv, a, b);
}

ShapeMath::MaybePoly ShapeMath::modPoly(const Poly &a, const Poly &b) {
  if (divideExactly(a, b))
    return Poly{};
  Poly rest = a;
  if (std::optional<int64_t> divisor = constantOf(b); divisor && *divisor > 0) {
    rest.clear();
    for (const auto &[monomial, factor] : a)
      addTerm(rest, monomial,
              monomial.empty() ? factor - floorQuotient(factor, *divisor) * *divisor : factor % *divisor);
  }
  Bounds range = boundsOf(rest);
  if (range.lo >= 0 && range.hi < boundsOf(b).lo)
    return rest;
  return atom(AffineExprKind::Mod, rest, b);
}

AffineExpr ShapeMath::simplify(AffineExpr expr) {
  MaybePoly poly = toPoly(expr);
  return poly ? fromPoly(*poly) : expr;
}

AffineExpr ShapeMath::exactQuotient(AffineExpr a, AffineExpr b) {
  MaybePoly x = toPoly(a), y = toPoly(b);
  MaybePoly quotient = x && y ? divideExactly(*x, *y) : std::nullopt;
  return quotient ? fromPoly(*quotient) : AffineExpr();
}

AffineExpr ShapeMath::floorDiv(AffineExpr a, AffineExpr b) {
  MaybePoly x = toPoly(a), y = toPoly(b);
  MaybePoly quotient = x && y ? floorDivPoly(*x, *y) : std::nullopt;
  return quotient ? fromPoly(*quotient) : a.floorDiv(b);
}

AffineExpr ShapeMath::ceilDiv(AffineExpr a, AffineExpr b) { return floorDiv(a + b - 1, b); }

AffineExpr ShapeMath::mod(AffineExpr a, AffineExpr b) {
  MaybePoly x = toPoly(a), y = toPoly(b);
  MaybePoly rest = x && y ? modPoly(*x, *y) : std::nullopt;
  return rest ? fromPoly(*rest) : a % b;
}

int64_t ShapeMath::content(AffineExpr expr) {
  MaybePoly poly = toPoly(expr);
  int64_t common = poly ? 0 : 1;
  if (poly)
    for (const auto &[monomial, factor] : *poly)
      common = gcd(common, factor);
  return common;
}

// Interval arithmetic. Values are clamped to int64, and the two extremes mean
// "no bound", so they must survive sums and products.
static int64_t clamp(__int128 value) {
  return value <= INT64_MIN ? INT64_MIN : value >= INT64_MAX ? INT64_MAX : int64_t(value);
}
static int64_t addLow(int64_t a, int64_t b) {
  return a == INT64_MIN || b == INT64_MIN ? INT64_MIN : clamp(__int128(a) + b);
}
static int64_t addHigh(int64_t a, int64_t b) {
  return a == INT64_MAX || b == INT64_MAX ? INT64_MAX : clamp(__int128(a) + b);
}
static Bounds product(Bounds a, Bounds b) {
  auto times = [](int64_t x, int64_t y) -> int64_t {
    bool isInfinite = x == INT64_MIN || x == INT64_MAX || y == INT64_MIN || y == INT64_MAX;
    if (isInfinite && x != 0 && y != 0)
      return (x < 0) == (y < 0) ? INT64_MAX : INT64_MIN;
    return clamp(__int128(x) * y);
  };
  int64_t corners[] = {times(a.lo, b.lo), times(a.lo, b.hi), times(a.hi, b.lo), times(a.hi, b.hi)};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}

Bounds ShapeMath::bounds(AffineExpr expr) {
  MaybePoly poly = toPoly(expr);
  return poly ? boundsOf(*poly) : Bounds{};
}

Bounds ShapeMath::boundsOf(const Poly &poly) {
  Bounds sum{0, 0};
  for (const auto &[monomial, factor] : poly) {
    Bounds term{factor, factor};
    for (AffineExpr expr : monomial)
      term = product(term, boundsOfAtom(expr));
    sum = {addLow(sum.lo, term.lo), addHigh(sum.hi, term.hi)};
  }
  return sum;
}

Bounds ShapeMath::boundsOfAtom(AffineExpr expr) {
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    unsigned position = symbol.getPosition();
    if (position < ranges.size())
      return {ranges[position].first, ranges[position].second};
    auto it = minted.find(position);
    return it == minted.end() ? Bounds{} : it->second;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return {};
  // The operands are canonical already, so this does not meet `expr` again.
  Bounds a = bounds(binary.getLHS()), b = bounds(binary.getRHS());
  if (b.lo < 1)
    return {};
  if (expr.getKind() == AffineExprKind::Mod) {
    int64_t hi = b.hi == INT64_MAX ? INT64_MAX : b.hi - 1;
    return {0, a.lo >= 0 ? std::min(a.hi, hi) : hi};
  }
  bool isCeil = expr.getKind() == AffineExprKind::CeilDiv;
  if (!isCeil && expr.getKind() != AffineExprKind::FloorDiv)
    return {};
  auto divide = [&](int64_t x, int64_t y) -> int64_t {
    if (x == INT64_MIN || x == INT64_MAX)
      return y == INT64_MAX ? (x < 0 ? -1 : 0) : x;
    return floorQuotient(x, y) + (isCeil && x % y != 0);
  };
  // Monotonic in a; in b towards zero, so the corners bound it.
  int64_t corners[] = {divide(a.lo, b.lo), divide(a.lo, b.hi), divide(a.hi, b.lo), divide(a.hi, b.hi)};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}
