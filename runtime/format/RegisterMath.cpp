// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See RegisterMath.h. Registers are read after the op is known: the fields of an
// instruction mean different things.
//
#include "runtime/format/RegisterMath.h"

#include <algorithm>

namespace wick::format {

static RegisterResult divide(Op op, int64_t x, int64_t by, int64_t &result) {
  if (by == 0)
    return RegisterResult::DivideByZero;
  if (by == -1) { // the machine's division may trap
    result = 0;
    bool overflows = op != Op::Mod && __builtin_sub_overflow(int64_t(0), x, &result);
    return overflows ? RegisterResult::Overflow : RegisterResult::Ok;
  }
  int64_t quotient = x / by, rest = x % by;
  bool isBelow = rest != 0 && (rest < 0) != (by < 0); // of a negative quotient, rounded up
  if (op == Op::Mod)
    result = rest + (isBelow ? by : 0);
  else if (op == Op::FloorDiv)
    result = quotient - isBelow;
  else
    result = quotient + (rest != 0 && !isBelow);
  return RegisterResult::Ok;
}

RegisterResult computeRegister(const ProgramView &program, const abi::InstrRecord &i, int64_t *regs) {
  auto b = [&] { return regs[i.b]; };
  auto c = [&] { return regs[i.c]; };
  int64_t r = 0;
  bool overflows = false;
  switch (static_cast<Op>(i.op)) {
  case Op::Const:
    r = program.pool64[i.b];
    break;
  case Op::Add:
    overflows = __builtin_add_overflow(b(), c(), &r);
    break;
  case Op::Sub:
    overflows = __builtin_sub_overflow(b(), c(), &r);
    break;
  case Op::Mul:
    overflows = __builtin_mul_overflow(b(), c(), &r);
    break;
  case Op::FloorDiv:
  case Op::CeilDiv:
  case Op::Mod:
    if (RegisterResult failed = divide(static_cast<Op>(i.op), b(), c(), r); failed != RegisterResult::Ok)
      return failed;
    break;
  case Op::Min:
    r = std::min(b(), c());
    break;
  case Op::Max:
    r = std::max(b(), c());
    break;
  case Op::Eq:
    r = b() == c();
    break;
  case Op::Lt:
    r = b() < c();
    break;
  case Op::And:
    r = b() && c();
    break;
  case Op::Or:
    r = b() || c();
    break;
  case Op::Not:
    r = !b();
    break;
  case Op::Select:
    r = regs[program.words[b() ? i.c : i.c + 1]];
    break;
  default:
    return RegisterResult::NotARegister;
  }
  if (overflows)
    return RegisterResult::Overflow;
  regs[i.a] = r;
  return RegisterResult::Ok;
}

} // namespace wick::format
