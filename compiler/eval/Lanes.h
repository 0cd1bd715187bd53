// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The registers of a running element program: each has `capacity` lanes of 8
// bytes, of which the first `count` are in use. Kernels compute all lanes in use;
// a mask only matters to moves, loads and divisions. Private to this folder.
//
#ifndef WICK_COMPILER_EVAL_LANES_H
#define WICK_COMPILER_EVAL_LANES_H

#include "compiler/eval/Code.h"

namespace wick::compiler {

struct Lanes {
  Lanes(const Code &code, unsigned capacity) : capacity(capacity), arena(size_t(code.numRegs) * capacity, 0) {
    for (const ConstantReg &constant : code.constants)
      fill(constant);
  }
  int64_t *ints(uint32_t reg) { return reinterpret_cast<int64_t *>(slot(reg)); }
  float *floats(uint32_t reg) { return reinterpret_cast<float *>(slot(reg)); }
  double *doubles(uint32_t reg) { return reinterpret_cast<double *>(slot(reg)); }
  template <class T>
  T *of(uint32_t reg) {
    return reinterpret_cast<T *>(slot(reg));
  }

  unsigned capacity, count = 1;

private:
  uint64_t *slot(uint32_t reg) { return arena.data() + size_t(reg) * capacity; }
  void fill(const ConstantReg &constant) {
    double number = std::bit_cast<double>(constant.bits);
    for (unsigned lane = 0; lane < capacity; ++lane) {
      if (constant.lane == Lane::I)
        ints(constant.reg)[lane] = constant.bits;
      else if (constant.lane == Lane::F)
        floats(constant.reg)[lane] = float(number);
      else
        doubles(constant.reg)[lane] = number;
    }
  }
  std::vector<uint64_t> arena;
};

/// One byte a lane, null = every lane takes part.
using Mask = const uint8_t *;

/// Runs one instruction that is not control. Null, or the reason it failed.
const char *runKernel(const Inst &inst, Lanes &lanes, Mask mask);
/// The float part; false when `inst` is none of its.
bool runFloatKernel(const Inst &inst, Lanes &lanes);
bool runElementaryKernel(const Inst &inst, Lanes &lanes);
bool runConversionKernel(const Inst &inst, Lanes &lanes, Mask mask);

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_LANES_H
