// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decoded form of an element function, private to this folder: a flat list
// of register instructions in which structured control flow names its ranges.
// Integers are kept sign-extended to 64 bits, except i1, which is 0 or 1.
// Constants sit in registers of their own that are filled once a run.
//
#ifndef WICK_COMPILER_EVAL_CODE_H
#define WICK_COMPILER_EVAL_CODE_H

#include "compiler/eval/FloatFormats.h"

#include "llvm/ADT/SmallVector.h"

#include <string>
#include <vector>

namespace wick::compiler {

enum class Opcode : uint16_t {
#define WICK_INT(Name, arity) Name,
#define WICK_FLOAT(Name, arity) Name##F, Name##D,
#define WICK_OTHER(Name, R, A, B, C) Name,
#define WICK_CONTROL(Name) Name,
#include "compiler/eval/Opcode.def"
};

/// Register classes: how a register's lanes are read.
enum class Lane : uint8_t { N, I, F, D };

/// Result and operand classes of an opcode; all N for control.
struct OpInfo {
  const char *name;
  Lane result, operands[3];
};
const OpInfo &infoOf(Opcode op);

struct Inst {
  Opcode op;
  uint32_t dst = 0, a = 0, b = 0, c = 0;
  int64_t imm = 0;
  ScalarType type = {}; // Load: the loaded type
};

struct ConstantReg {
  uint32_t reg;
  Lane lane;
  int64_t bits; // the integer, or the bits of the double that the float equals
};

struct Code {
  std::vector<Inst> insts;
  std::vector<uint32_t> indexRegs; // indices of loads
  std::vector<ConstantReg> constants;
  /// Register of the d-th output index, or ~0u when the function ignores it.
  llvm::SmallVector<uint32_t> indexArgs;
  /// Per input number: the type and rank its loads use; rank -1 = never loaded.
  struct Input {
    ScalarType type;
    int rank = -1;
  };
  std::vector<Input> inputs;
  uint32_t numRegs = 0, resultReg = 0;
  ScalarType resultType;
};

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_CODE_H
