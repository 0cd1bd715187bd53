// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole kernels around the contraction emitters, for tests and the benchmark: bias and
// optional relu as the epilogue.
//
#pragma once

#include "compiler/codegen/cpu/KernelBuilder.h"
#include "passes/cpu/contract/ConvEmitter.h"
#include "passes/cpu/contract/MatmulEmitter.h"
#include "test/unit/codegen/KernelRunner.h"

namespace wick::testing {

/// bias[col] added, then relu if asked; `bias` is a !llvm.ptr.
contract::Epilogue biasRelu(mlir::Value bias, bool relu);

struct MatmulCase {
  int64_t m, n, k;      ///< sizes run
  bool dynamic = false; ///< n and k are arguments too (m always is)
  bool relu = true, looped = false;
  int64_t batch = 1;
};

/// Kernel "matmul": buffers A, packed B, bias, C; args batch, m, n, k.
KernelRunner::Build buildMatmul(const codegen::CpuSlice &slice, const MatmulCase &c, contract::MatmulPlan &plan);

struct ConvCase {
  contract::ConvSpec spec;
  int64_t n, in[3], padBefore[3], padAfter[3];
  bool dynamic = false; ///< all sizes are arguments
  bool relu = true, looped = false;
  int64_t out(int d) const {
    return (in[d] + padBefore[d] + padAfter[d] - (spec.kernel[d] - 1) * spec.dilation[d] - 1) / spec.stride[d] + 1;
  }
  int64_t rows() const { return n * out(0) * out(1); }
};

/// A 2-D case with square kernel, stride and padding.
ConvCase conv2d(int64_t n, int64_t h, int64_t w, int64_t c, int64_t oc, int64_t kernel, int64_t stride, int64_t pad,
                int64_t groups = 1);

/// Kernel "conv": buffers input, packed weights, bias, output; args n, D, H, W, OD, OH, OW.
KernelRunner::Build buildConv(const codegen::CpuSlice &slice, const ConvCase &c, contract::ConvPlan &plan);

/// Kernel "pack": buffers B, packed; args batch, n, k.
KernelRunner::Build buildPack(bool transposed);

} // namespace wick::testing
