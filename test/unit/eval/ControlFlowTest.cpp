// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops and branches, equal in all lanes and different from lane to lane.
//
#include "test/unit/eval/Programs.h"

using namespace wick::compiler;

TEST_F(EvalTest, ReducesInALoop) {
  std::vector<float> a(300 * 5);
  for (size_t k = 0; k < a.size(); ++k)
    a[k] = float(k % 17);
  auto out = run<float>(R"(func.func private @wick_load_0(i64, i64) -> f32
    func.func @f(%i: i64) -> f32 {
      %c0 = arith.constant 0 : i64
      %c1 = arith.constant 1 : i64
      %c5 = arith.constant 5 : i64
      %z = arith.constant 0.0 : f32
      %s = scf.for %k = %c0 to %c5 step %c1 iter_args(%acc = %z) -> f32 : i64 {
        %x = func.call @wick_load_0(%i, %k) : (i64, i64) -> f32
        %n = arith.addf %acc, %x : f32
        scf.yield %n : f32
      }
      return %s : f32 })",
                        builder.getF32Type(), {300}, {{builder.getF32Type(), {300, 5}, a.data()}});
  ASSERT_EQ(out.size(), 300u) << why;
  for (size_t k = 0; k < out.size(); ++k) {
    float sum = 0;
    for (size_t l = 0; l < 5; ++l)
      sum += a[k * 5 + l];
    ASSERT_EQ(out[k], sum);
  }
}

TEST_F(EvalTest, LoopBoundsDifferByLaneAndYieldsSwap) {
  // Fibonacci: the carried values change places, and lane i takes i rounds.
  auto out = run<int64_t>(R"(func.func @f(%i: i64) -> i64 {
      %c0 = arith.constant 0 : i64
      %c1 = arith.constant 1 : i64
      %r:2 = scf.for %k = %c0 to %i step %c1 iter_args(%a = %c0, %b = %c1) -> (i64, i64) : i64 {
        %n = arith.addi %a, %b : i64
        scf.yield %b, %n : i64, i64
      }
      return %r#0 : i64 })",
                          i(64), {12});
  EXPECT_EQ(out, (std::vector<int64_t>{0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89}));
}

TEST_F(EvalTest, BranchesGuardLoads) {
  // Padding: only lanes in range may load.
  std::vector<float> a{1, 2, 3};
  auto out = run<float>(R"(func.func private @wick_load_0(i64) -> f32
    func.func @f(%i: i64) -> f32 {
      %c1 = arith.constant 1 : i64
      %c3 = arith.constant 3 : i64
      %p = arith.constant -7.0 : f32
      %j = arith.subi %i, %c1 : i64
      %ok = arith.cmpi ult, %j, %c3 : i64
      %r = scf.if %ok -> f32 {
        %x = func.call @wick_load_0(%j) : (i64) -> f32
        scf.yield %x : f32
      } else {
        scf.yield %p : f32
      }
      return %r : f32 })",
                        builder.getF32Type(), {6}, {{builder.getF32Type(), {3}, a.data()}});
  EXPECT_EQ(out, (std::vector<float>{-7, 1, 2, 3, -7, -7})) << why;
}

TEST_F(EvalTest, EmptyInputBehindABranch) {
  auto out = run<float>(R"(func.func private @wick_load_0(i64) -> f32
    func.func @f(%i: i64) -> f32 {
      %c2 = arith.constant 2 : i64
      %p = arith.constant 4.0 : f32
      %ok = arith.cmpi sgt, %i, %c2 : i64
      %r = scf.if %ok -> f32 {
        %x = func.call @wick_load_0(%i) : (i64) -> f32
        scf.yield %x : f32
      } else {
        scf.yield %p : f32
      }
      return %r : f32 })",
                        builder.getF32Type(), {3}, {{builder.getF32Type(), {0}, nullptr}});
  EXPECT_EQ(out, (std::vector<float>{4, 4, 4})) << why;
}

TEST_F(EvalTest, WhileEndsLaneByLane) {
  // Collatz steps.
  auto out = run<int64_t>(R"(func.func @f(%i: i64) -> i64 {
      %c0 = arith.constant 0 : i64
      %c1 = arith.constant 1 : i64
      %c2 = arith.constant 2 : i64
      %c3 = arith.constant 3 : i64
      %start = arith.addi %i, %c1 : i64
      %r:2 = scf.while (%x = %start, %n = %c0) : (i64, i64) -> (i64, i64) {
        %more = arith.cmpi ne, %x, %c1 : i64
        scf.condition(%more) %n, %x : i64, i64
      } do {
      ^bb0(%n: i64, %x: i64):
        %odd = arith.remsi %x, %c2 : i64
        %isOdd = arith.cmpi eq, %odd, %c1 : i64
        %next = scf.if %isOdd -> i64 {
          %t = arith.muli %x, %c3 : i64
          %u = arith.addi %t, %c1 : i64
          scf.yield %u : i64
        } else {
          %h = arith.divsi %x, %c2 : i64
          scf.yield %h : i64
        }
        %m = arith.addi %n, %c1 : i64
        scf.yield %next, %m : i64, i64
      }
      return %r#0 : i64 })",
                          i(64), {10});
  EXPECT_EQ(out, (std::vector<int64_t>{0, 1, 7, 2, 5, 8, 16, 3, 19, 6})) << why;
}
