// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arithmetic of a program's registers: sizes, and the conditions of checks and
// jumps. One place for the runtime, which runs it, and for tools that ask for sizes
// without a session. No heap.
//
#pragma once

#include "runtime/format/ProgramView.h"

namespace wick::format {

enum class RegisterResult : uint8_t {
  Ok,
  Overflow,     ///< the result does not fit in 64 bits
  DivideByZero, ///< of FloorDiv, CeilDiv or Mod
  NotARegister, ///< the instruction is not arithmetic on registers (Const to Select)
};

/// Does `i` on `regs`. Unless the result is Ok, `regs` is as before. FloorDiv and
/// CeilDiv round to minus and plus infinity, Mod has the divisor's sign; logical ops
/// take 0 as false and give 0 or 1. `i` is of `program`, which the validator has
/// accepted, and `regs` are as many as the program says.
RegisterResult computeRegister(const ProgramView &program, const abi::InstrRecord &i, int64_t *regs);

} // namespace wick::format
