// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on registers against the same in 128 bits: all ops, all pairs of values
// where signs, roundings and overflows differ.
//
#include "runtime/format/RegisterMath.h"

#include <gtest/gtest.h>
#include <vector>

using namespace wick;
using namespace wick::format;

static const int64_t values[] = {
    INT64_MIN, INT64_MIN + 1,    -(int64_t(1) << 32), -7,       -3, -2, -1, 0, 1, 2, 3, 7, 10,
    64,        INT64_C(1) << 32, INT64_MAX - 1,       INT64_MAX};

/// One instruction on registers {0, x, y}: the result and what is in register 0.
static std::pair<RegisterResult, int64_t> compute(Op op, int64_t x, int64_t y) {
  ProgramView program;
  wick::abi::InstrRecord i{};
  i.op = uint16_t(op), i.a = 0, i.b = 1, i.c = 2;
  std::vector<int64_t> regs = {99, x, y};
  RegisterResult result = computeRegister(program, i, regs.data());
  EXPECT_EQ(regs[1], x);
  EXPECT_EQ(regs[2], y);
  return {result, regs[0]};
}

static __int128 floorOf(__int128 x, __int128 y) {
  __int128 q = x / y;
  return q * y > x == (y > 0) && q * y != x ? q - 1 : q;
}

/// `wide` when it fits, else overflow and an untouched register.
static void expectExact(Op op, int64_t x, int64_t y, __int128 wide) {
  auto [result, r] = compute(op, x, y);
  bool fits = wide >= INT64_MIN && wide <= INT64_MAX;
  EXPECT_EQ(result, fits ? RegisterResult::Ok : RegisterResult::Overflow) << int(op) << ' ' << x << ' ' << y;
  EXPECT_EQ(r, fits ? int64_t(wide) : 99) << int(op) << ' ' << x << ' ' << y;
}

TEST(RegisterMath, EveryOpOnEveryPair) {
  for (int64_t x : values)
    for (int64_t y : values) {
      __int128 a = x, b = y;
      expectExact(Op::Add, x, y, a + b);
      expectExact(Op::Sub, x, y, a - b);
      expectExact(Op::Mul, x, y, a * b);
      expectExact(Op::Min, x, y, a < b ? a : b);
      expectExact(Op::Max, x, y, a < b ? b : a);
      expectExact(Op::Eq, x, y, a == b);
      expectExact(Op::Lt, x, y, a < b);
      expectExact(Op::And, x, y, x != 0 && y != 0);
      expectExact(Op::Or, x, y, x != 0 || y != 0);
      expectExact(Op::Not, x, y, x == 0);
      for (Op op : {Op::FloorDiv, Op::CeilDiv, Op::Mod})
        if (y == 0)
          EXPECT_EQ(compute(op, x, y), std::pair(RegisterResult::DivideByZero, int64_t(99)));
      if (y == 0)
        continue;
      expectExact(Op::FloorDiv, x, y, floorOf(a, b));
      expectExact(Op::CeilDiv, x, y, -floorOf(-a, b));
      expectExact(Op::Mod, x, y, a - floorOf(a, b) * b);
    }
}

TEST(RegisterMath, ConstantsAndSelect) {
  const int64_t pool[] = {5, INT64_MIN};
  const uint32_t words[] = {0, 1, 2};
  ProgramView program;
  program.pool64 = pool, program.words = words;
  int64_t regs[4] = {10, 20, 30, 0};
  wick::abi::InstrRecord constant{}, choice{};
  constant.op = uint16_t(Op::Const), constant.a = 3, constant.b = 1;
  EXPECT_EQ(computeRegister(program, constant, regs), RegisterResult::Ok);
  EXPECT_EQ(regs[3], INT64_MIN);
  choice.op = uint16_t(Op::Select), choice.a = 3, choice.b = 3, choice.c = 1;
  EXPECT_EQ(computeRegister(program, choice, regs), RegisterResult::Ok);
  EXPECT_EQ(regs[3], 20); // register 3 was not 0
  regs[3] = 0;
  EXPECT_EQ(computeRegister(program, choice, regs), RegisterResult::Ok);
  EXPECT_EQ(regs[3], 30);
}

TEST(RegisterMath, OtherOpsAreRefused) {
  for (Op op : {Op::LoadInt, Op::StoreInt, Op::Jump, Op::JumpIfZero, Op::Assert, Op::Plan, Op::Call, Op::Copy, Op::Swap,
                Op::End, Op(999)})
    EXPECT_EQ(compute(op, 1, 2), std::pair(RegisterResult::NotARegister, int64_t(99)));
}
