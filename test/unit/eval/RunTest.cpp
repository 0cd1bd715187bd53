// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Straight-line element functions: types, conversions, loads, refusals.
//
#include "test/unit/eval/Programs.h"

#include <cmath>

using namespace wick::compiler;

TEST_F(EvalTest, AddsWithBroadcastAcrossBlocks) {
  std::vector<float> a(700 * 3), b{10, 20, 30};
  for (size_t k = 0; k < a.size(); ++k)
    a[k] = float(k);
  auto out = run<float>(R"(
    func.func private @wick_load_0(i64, i64) -> f32
    func.func private @wick_load_1(i64) -> f32
    func.func @f(%i: i64, %j: i64) -> f32 {
      %x = func.call @wick_load_0(%i, %j) : (i64, i64) -> f32
      %y = func.call @wick_load_1(%j) : (i64) -> f32
      %z = arith.addf %x, %y : f32
      return %z : f32
    })",
                        builder.getF32Type(), {700, 3},
                        {{builder.getF32Type(), {700, 3}, a.data()}, {builder.getF32Type(), {3}, b.data()}});
  ASSERT_EQ(out.size(), a.size()) << why;
  for (size_t k = 0; k < a.size(); ++k)
    ASSERT_EQ(out[k], a[k] + b[k % 3]);
}

TEST_F(EvalTest, NarrowIntegersWrapAndCompareUnsigned) {
  std::vector<int8_t> a{127, -128, -1, 5};
  const int64_t shape[] = {4};
  std::vector<TensorView> inputs{{i(8), shape, a.data()}};
  const char *head = R"(func.func private @wick_load_0(i64) -> i8
    func.func @f(%i: i64) -> i8 {
      %x = func.call @wick_load_0(%i) : (i64) -> i8
      %c = arith.constant 3 : i8 )";
  auto body = [&](const char *text) {
    return run<int8_t>(std::string(head) + text + " return %r : i8 }", i(8), {4}, inputs);
  };
  EXPECT_EQ(body("%r = arith.addi %x, %c : i8"), (std::vector<int8_t>{-126, -125, 2, 8}));
  EXPECT_EQ(body("%r = arith.divui %x, %c : i8"), (std::vector<int8_t>{42, 42, 85, 1}));
  EXPECT_EQ(body("%r = arith.divsi %x, %c : i8"), (std::vector<int8_t>{42, -42, 0, 1}));
  EXPECT_EQ(body("%r = arith.floordivsi %x, %c : i8"), (std::vector<int8_t>{42, -43, -1, 1}));
  EXPECT_EQ(body("%r = arith.remsi %x, %c : i8"), (std::vector<int8_t>{1, -2, -1, 2}));
  EXPECT_EQ(body("%r = arith.shrui %x, %c : i8"), (std::vector<int8_t>{15, 16, 31, 0}));
  EXPECT_EQ(body("%r = arith.shrsi %x, %c : i8"), (std::vector<int8_t>{15, -16, -1, 0}));
  EXPECT_EQ(body("%r = arith.maxui %x, %c : i8"), (std::vector<int8_t>{127, -128, -1, 5}));
  EXPECT_EQ(body("%r = math.ctlz %x : i8"), (std::vector<int8_t>{1, 0, 0, 5}));
  EXPECT_EQ(body("%r = math.ctpop %x : i8"), (std::vector<int8_t>{7, 1, 8, 2}));
  EXPECT_EQ(body("%r = math.absi %x : i8"), (std::vector<int8_t>{127, -128, 1, 5}));
  EXPECT_EQ(body("%p = arith.cmpi ult, %x, %c : i8 %r = arith.extsi %p : i1 to i8"), (std::vector<int8_t>{0, 0, 0, 0}));
  EXPECT_EQ(body("%p = arith.cmpi slt, %x, %c : i8 %r = arith.extsi %p : i1 to i8"),
            (std::vector<int8_t>{0, -1, -1, 0}));
  EXPECT_EQ(body("%r, %o = arith.addui_extended %x, %x : i8, i1"), (std::vector<int8_t>{-2, 0, -2, 10}));
  EXPECT_EQ(body("%l, %r = arith.mulsi_extended %x, %x : i8"), (std::vector<int8_t>{63, 64, 0, 0}));
}

TEST_F(EvalTest, SmallestIntegerDividedByMinusOneDoesNotTrap) {
  auto out = run<int64_t>(R"(func.func @f(%i: i64) -> i64 {
      %m = arith.constant -9223372036854775808 : i64
      %n = arith.constant -1 : i64
      %q = arith.divsi %m, %n : i64
      %r = arith.remsi %m, %n : i64
      %s = arith.addi %q, %r : i64
      return %s : i64 })",
                          i(64), {1});
  EXPECT_EQ(out, std::vector<int64_t>{INT64_MIN});
}

TEST_F(EvalTest, HalfRoundsAfterEachOp) {
  std::vector<uint16_t> a{0x3c00, 0x6800}; // 1, 2048
  auto out = run<uint16_t>(R"(func.func private @wick_load_0(i64) -> f16
    func.func @f(%i: i64) -> f16 {
      %x = func.call @wick_load_0(%i) : (i64) -> f16
      %c = arith.constant 1.0 : f16
      %y = arith.addf %x, %c : f16
      %z = arith.addf %y, %c : f16
      return %z : f16 })",
                           builder.getF16Type(), {2}, {{builder.getF16Type(), {2}, a.data()}});
  EXPECT_EQ(out, (std::vector<uint16_t>{0x4200, 0x6800})); // 3; 2048 + 1 + 1 sticks at 2048
}

TEST_F(EvalTest, ProductAndSumAreNotFused) {
  std::vector<float> a{1.0f + 0x1p-12f};
  auto out = run<float>(R"(func.func private @wick_load_0(i64) -> f32
    func.func @f(%i: i64) -> f32 {
      %x = func.call @wick_load_0(%i) : (i64) -> f32
      %c = arith.constant -1.0 : f32
      %y = arith.mulf %x, %x : f32
      %z = arith.addf %y, %c : f32
      return %z : f32 })",
                        builder.getF32Type(), {1}, {{builder.getF32Type(), {1}, a.data()}});
  volatile float square = a[0] * a[0];
  EXPECT_EQ(out, std::vector<float>{square - 1.0f});
}

TEST_F(EvalTest, FloatSpecialValues) {
  std::vector<float> a{-0.0f, NAN, 2.5f, 0.49999997f, 3e9f, -1.5f};
  const int64_t shape[] = {6};
  std::vector<TensorView> inputs{{builder.getF32Type(), shape, a.data()}};
  auto body = [&](const char *text) {
    return run<float>(std::string(R"(func.func private @wick_load_0(i64) -> f32
      func.func @f(%i: i64) -> f32 {
      %x = func.call @wick_load_0(%i) : (i64) -> f32 %zero = arith.constant 0.0 : f32 )") +
                          text + " return %r : f32 }",
                      builder.getF32Type(), {6}, inputs);
  };
  auto max = body("%r = arith.maximumf %x, %zero : f32");
  EXPECT_FALSE(std::signbit(max[0]));
  EXPECT_TRUE(std::isnan(max[1]));
  EXPECT_EQ(body("%r = arith.maxnumf %x, %zero : f32")[1], 0.0f);
  auto even = body("%r = math.roundeven %x : f32");
  EXPECT_TRUE(std::signbit(even[0]));
  EXPECT_EQ(even[2], 2.0f);
  EXPECT_EQ(even[5], -2.0f);
  auto away = body("%r = math.round %x : f32");
  EXPECT_EQ(away[2], 3.0f);
  EXPECT_EQ(away[3], 0.0f);
  auto toInt = body("%k = arith.fptosi %x : f32 to i32 %r = arith.sitofp %k : i32 to f32");
  EXPECT_EQ(toInt[1], -2147483648.0f);
  EXPECT_EQ(toInt[4], -2147483648.0f);
  EXPECT_EQ(toInt[5], -1.0f);
  EXPECT_EQ(body("%r = math.exp %x : f32")[2], float(std::exp(2.5)));
}

TEST_F(EvalTest, SubByteAndBoolStorage) {
  std::vector<uint8_t> nibbles{0x0f, 0xff, 0x07, 0x08};
  const char *source = R"(func.func private @wick_load_0(i64) -> i4
    func.func @f(%i: i64) -> i4 {
      %x = func.call @wick_load_0(%i) : (i64) -> i4
      return %x : i4 })";
  EXPECT_EQ(run<int8_t>(source, i(4), {4}, {{i(4), {4}, nibbles.data()}}), (std::vector<int8_t>{-1, -1, 7, -8}));
  mlir::Type ui4 = builder.getIntegerType(4, false);
  EXPECT_EQ(run<int8_t>(source, ui4, {4}, {{ui4, {4}, nibbles.data()}}), (std::vector<int8_t>{15, 15, 7, 8}));
  EXPECT_EQ(run<uint8_t>(R"(func.func @f(%i: i64) -> i1 {
      %c = arith.constant 1 : i64
      %x = arith.cmpi sgt, %i, %c : i64
      return %x : i1 })",
                         i(1), {4}),
            (std::vector<uint8_t>{0, 0, 1, 1}));
}

TEST_F(EvalTest, BitcastsAndFloat8) {
  EXPECT_EQ(run<int32_t>(R"(func.func @f() -> i32 {
      %c = arith.constant -2.0 : f32
      %b = arith.bitcast %c : f32 to i32
      return %b : i32 })",
                         i(32), {}),
            std::vector<int32_t>{int32_t(0xc0000000)});
  EXPECT_EQ(run<uint8_t>(R"(func.func @f() -> f8E4M3FN {
      %c = arith.constant 17.0 : f32
      %b = arith.truncf %c : f32 to f8E4M3FN
      return %b : f8E4M3FN })",
                         mlir::Float8E4M3FNType::get(&context), {}),
            std::vector<uint8_t>{0x58});
}

TEST_F(EvalTest, RefusesWithReasons) {
  std::vector<float> a{1, 2};
  const char *source = R"(func.func private @wick_load_0(i64) -> f32
    func.func @f(%i: i64) -> f32 {
      %x = func.call @wick_load_0(%i) : (i64) -> f32
      return %x : f32 })";
  const int64_t shape[] = {2};
  TensorView view{builder.getF32Type(), shape, a.data()};
  EXPECT_TRUE(run<float>(source, builder.getF32Type(), {3}, {view}).empty());
  EXPECT_EQ(why, "index 2 of input 0 is out of range [0, 2) in dimension 0");
  EXPECT_TRUE(run<float>(source, builder.getF32Type(), {2}, {}).empty());
  EXPECT_EQ(why, "input 0 is missing");
  EXPECT_TRUE(run<float>(source, builder.getF32Type(), {2}, {{i(32), {2}, a.data()}}).empty());
  EXPECT_EQ(why, "input 0 has an element type that the function does not load");
  EXPECT_TRUE(failed(decode("func.func @f(%x: i64) -> i64 { %r = func.call @g(%x) : (i64) -> i64 "
                            "return %r : i64 } func.func private @g(i64) -> i64")));
  EXPECT_EQ(why, "folding does not know the callee g");
  EXPECT_TRUE(run<int64_t>("func.func @f(%x: i64) -> i64 { %r = arith.divsi %x, %x : i64 "
                           "return %r : i64 }",
                           i(64), {2})
                  .empty());
  EXPECT_EQ(why, "integer division by zero");
}
