// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element functions on shape expressions.
//
#include "test/unit/eval/Programs.h"

#include "compiler/eval/SymbolicMath.h"

using namespace mlir;
using namespace wick::compiler;

struct SymbolicTest : EvalTest {
  SymbolicTest() { options.context = &context, options.ranges = ranges; }
  AffineExpr s(unsigned k) { return getAffineSymbolExpr(k, &context); }
  AffineExpr c(int64_t value) { return getAffineConstantExpr(value, &context); }
  AffineExpr simple(AffineExpr expr) { return ShapeMath(&context, ranges).simplify(expr); }

  /// Runs a body that has %x = element %i of the i64 input and makes %r : i64.
  std::vector<AffineExpr> map(const std::string &body, std::vector<AffineExpr> input) {
    std::vector<SymValue> values;
    for (AffineExpr expr : input)
      values.push_back(expr ? SymValue::integer(expr) : SymValue());
    auto program = decode(R"(func.func private @wick_load_0(i64) -> i64
      func.func @f(%i: i64) -> i64 {
      %x = func.call @wick_load_0(%i) : (i64) -> i64
      %c0 = arith.constant 0 : i64
      %c2 = arith.constant 2 : i64 )" +
                          body + " return %r : i64 }");
    if (failed(program)) {
      ADD_FAILURE() << why;
      return {};
    }
    int64_t size = int64_t(values.size());
    SmallVector<AffineExpr> out;
    if (failed(program->runSymbolic(SymTensor{i(64), size, values, nullptr}, size, options, out, why)))
      return {};
    return std::vector<AffineExpr>(out.begin(), out.end());
  }
  using Exprs = std::vector<AffineExpr>;

  std::vector<std::pair<int64_t, int64_t>> ranges{{1, 1000}, {1, INT64_MAX}, {-4, 4}};
  SymbolicOptions options;
};

TEST_F(SymbolicTest, IntegerArithmetic) {
  EXPECT_EQ(map("%r = arith.muli %x, %c2 : i64", {s(0), c(3)}), (Exprs{simple(s(0) * 2), c(6)}));
  EXPECT_EQ(map("%r = arith.divsi %x, %c2 : i64", {s(0), s(0) * 4}),
            (Exprs{simple(s(0).floorDiv(2)), simple(s(0) * 2)}))
      << why;
  EXPECT_EQ(map("%r = arith.maxsi %x, %c0 : i64", {s(0)}), (Exprs{s(0)})) << why;
  EXPECT_EQ(map("%n = arith.cmpi slt, %x, %c0 : i64 %y = arith.addi %x, %c2 : i64 "
                "%r = arith.select %n, %y, %x : i64",
                {s(0), c(-1)}),
            (Exprs{s(0), c(1)}))
      << why;
  EXPECT_EQ(map("%t = arith.trunci %x : i64 to i32 %r = arith.extsi %t : i32 to i64", {s(1)}), (Exprs{s(1)}));
}

TEST_F(SymbolicTest, RefusesWhatIsUndecided) {
  EXPECT_TRUE(map("%r = arith.divsi %x, %c2 : i64", {s(2)}).empty());
  EXPECT_EQ(why, "the result is not known: division of a value that may be negative");
  EXPECT_TRUE(map("%r = arith.maxsi %x, %c2 : i64", {s(0)}).empty());
  EXPECT_EQ(why, "the result is not known: undecided min/max");
  EXPECT_TRUE(map("%p = arith.cmpi sgt, %x, %c2 : i64 %r = scf.if %p -> i64 { scf.yield %x : i64 } "
                  "else { scf.yield %c2 : i64 }",
                  {s(0)})
                  .empty());
  EXPECT_EQ(why, "undecided condition of a branch: undecided comparison");
}

TEST_F(SymbolicTest, UndecidedMinMaxMayBecomeASymbol) {
  options.undecidedMinMax = [&](bool isMax, AffineExpr, AffineExpr) {
    EXPECT_TRUE(isMax);
    return s(3);
  };
  // The fresh symbol is at least 2, so halving it is a plain division.
  EXPECT_EQ(map("%m = arith.maxsi %x, %c2 : i64 %r = arith.divsi %m, %c2 : i64", {s(0)}), (Exprs{s(3).floorDiv(2)}))
      << why;
}

TEST_F(SymbolicTest, PartialRunsLeaveHoles) {
  options.partial = true;
  EXPECT_EQ(map("%r = arith.addi %x, %c2 : i64", {AffineExpr(), s(0), c(1)}),
            (Exprs{AffineExpr(), simple(s(0) + 2), c(3)}));
  EXPECT_EQ(why, "the result is not known: element 0 of input 0 is not known");
}

TEST_F(SymbolicTest, ResizeArithmetic) {
  auto scaled = [&](const char *scale, const char *round) {
    return map(std::string("%f = arith.sitofp %x : i64 to f32 %k = arith.constant ") + scale +
                   " : f32 %m = arith.mulf %f, %k : f32 %g = math." + round +
                   " %m : f32 %r = arith.fptosi %g : f32 to i64",
               {s(0), c(7)});
  };
  EXPECT_EQ(scaled("5.0e-01", "floor"), (Exprs{simple(s(0).floorDiv(2)), c(3)})) << why;
  EXPECT_EQ(scaled("5.0e-01", "ceil"), (Exprs{simple(s(0).ceilDiv(2)), c(4)})) << why;
  EXPECT_EQ(scaled("2.0", "floor"), (Exprs{simple(s(0) * 2), c(14)})) << why;
  EXPECT_TRUE(scaled("3.33333343e-01", "floor").empty());
  EXPECT_EQ(map("%f = arith.sitofp %x : i64 to f32 %k = arith.constant 3.0 : f32 "
                "%m = arith.divf %f, %k : f32 %g = math.floor %m : f32 "
                "%r = arith.fptosi %g : f32 to i64",
                {s(0)}),
            (Exprs{simple(s(0).floorDiv(3))}))
      << why;
}

TEST_F(SymbolicTest, LoopsOverConstantBounds) {
  // The product of a shape, as Size or a Reshape with -1 computes it.
  std::vector<SymValue> values{SymValue::integer(s(0)), SymValue::integer(c(8)), SymValue::integer(s(1))};
  auto program = decode(R"(func.func private @wick_load_0(i64) -> i64
    func.func @f() -> i64 {
      %c0 = arith.constant 0 : i64
      %c1 = arith.constant 1 : i64
      %c3 = arith.constant 3 : i64
      %s = scf.for %k = %c0 to %c3 step %c1 iter_args(%acc = %c1) -> i64 : i64 {
        %x = func.call @wick_load_0(%k) : (i64) -> i64
        %n = arith.muli %acc, %x : i64
        scf.yield %n : i64
      }
      %d = func.call @wick_load_0(%c0) : (i64) -> i64
      %q = arith.divsi %s, %d : i64
      return %q : i64 })");
  ASSERT_TRUE(succeeded(program)) << why;
  SmallVector<AffineExpr> out;
  ASSERT_TRUE(succeeded(program->runSymbolic(SymTensor{i(64), {3}, values, nullptr}, {}, options, out, why))) << why;
  EXPECT_EQ(out[0], simple(s(1) * 8));
}

TEST_F(SymbolicTest, ConcreteInputsMix) {
  std::vector<SymValue> values{SymValue::integer(s(0))};
  std::vector<int64_t> data{5};
  auto program = decode(R"(func.func private @wick_load_0(i64) -> i64
    func.func private @wick_load_1(i64) -> i64
    func.func @f(%i: i64) -> i64 {
      %x = func.call @wick_load_0(%i) : (i64) -> i64
      %y = func.call @wick_load_1(%i) : (i64) -> i64
      %r = arith.addi %x, %y : i64
      return %r : i64 })");
  ASSERT_TRUE(succeeded(program)) << why;
  SmallVector<AffineExpr> out;
  const int64_t shape[] = {1};
  SymTensor inputs[] = {{i(64), shape, values, nullptr}, {i(64), shape, {}, data.data()}};
  ASSERT_TRUE(succeeded(program->runSymbolic(inputs, {1}, options, out, why))) << why;
  EXPECT_EQ(out[0], simple(s(0) + 5));
}
