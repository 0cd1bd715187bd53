// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Canonical forms, exact division and bounds of shape expressions.
//
#include "compiler/eval/SymbolicMath.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace wick::compiler;

struct ShapeMathTest : testing::Test {
  MLIRContext context;
  std::vector<std::pair<int64_t, int64_t>> ranges{{1, 100}, {1, INT64_MAX}, {-5, 5}};
  ShapeMath math{&context, ranges};
  AffineExpr s(unsigned k) { return getAffineSymbolExpr(k, &context); }
  AffineExpr c(int64_t value) { return math.constant(value); }
};

TEST_F(ShapeMathTest, EqualPolynomialsAreOneExpression) {
  EXPECT_EQ(math.simplify((s(0) + 1) * s(1) - s(1)), math.simplify(s(1) * s(0)));
  EXPECT_EQ(math.simplify((s(0) + s(1)) - s(1) - s(0)), c(0));
}

TEST_F(ShapeMathTest, ExactQuotients) {
  EXPECT_EQ(math.exactQuotient(s(0) * s(1) * 64, s(1) * 16), math.simplify(s(0) * 4));
  EXPECT_EQ(math.exactQuotient((s(0) + 2) * (s(1) + 3), s(1) + 3), math.simplify(s(0) + 2));
  EXPECT_FALSE(math.exactQuotient(s(0), c(2)));
  EXPECT_FALSE(math.exactQuotient(s(0), c(0)));
}

TEST_F(ShapeMathTest, Divisions) {
  EXPECT_EQ(math.floorDiv(s(0) * 4 + 3, c(4)), s(0));
  EXPECT_EQ(math.floorDiv(math.floorDiv(s(0) - 1, c(2)) + 1, c(2)), math.floorDiv(s(0) + 1, c(4)));
  EXPECT_EQ(math.floorDiv(s(0), c(101)), c(0));
  EXPECT_EQ(math.simplify(s(0).ceilDiv(2)), math.floorDiv(s(0) + 1, c(2)));
  EXPECT_EQ(math.mod(s(1) * 6 + 7, c(6)), c(1));
  EXPECT_EQ(math.floorDiv(s(0) * 2 + 1, c(4)), math.floorDiv(s(0), c(2)));
}

TEST_F(ShapeMathTest, Bounds) {
  auto expect = [&](AffineExpr expr, int64_t lo, int64_t hi) {
    Bounds range = math.bounds(expr);
    EXPECT_EQ(range.lo, lo);
    EXPECT_EQ(range.hi, hi);
  };
  expect(s(0) * 2 + 1, 3, 201);
  expect(s(0) * s(1), 1, INT64_MAX);
  expect(s(1) * -1, INT64_MIN, -1);
  expect(math.floorDiv(s(2), c(2)), -3, 2);
  expect(math.mod(s(1), c(8)), 0, 7);
  expect(s(0) * s(2), -500, 500);
}
