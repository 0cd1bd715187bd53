// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ContractKernels.h.
//
#include "test/unit/codegen/ContractKernels.h"

#include "passes/cpu/contract/PackEmitter.h"

using namespace mlir;

namespace wick::testing {

contract::Epilogue biasRelu(Value bias, bool relu) {
  return [=](OpBuilder &b, Location loc, Value acc, const contract::TilePosition &at) -> Value {
    contract::Emit e(b, loc);
    Value sum = e.addf(acc, at.load(b, loc, bias, at.col));
    return relu ? Value(arith::MaximumFOp::create(b, loc, sum, e.zero())) : sum;
  };
}

KernelRunner::Build buildMatmul(const codegen::CpuSlice &slice, const MatmulCase &c, contract::MatmulPlan &plan) {
  plan = c.dynamic ? contract::planMatmul(slice.vectorBytes, -1, -1, -1)
                   : contract::planMatmul(slice.vectorBytes, -1, c.n, c.k);
  contract::MatmulPlan copy = plan;
  return [=](MLIRContext &ctx) {
    ctx.loadAllAvailableDialects();
    OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&ctx));
    codegen::KernelBuffer buffers[4] = {{true, true, 4}, {true, true, 4}, {true, true, 4}, {true, false, 4}};
    codegen::buildKernel(
        *module, {"matmul", buffers, 4}, [&](ImplicitLocOpBuilder &b, const codegen::KernelValues &v) -> Value {
          contract::Emit e(b, b.getLoc());
          Value m = v.args[1], n = c.dynamic ? v.args[2] : e.c(c.n), k = c.dynamic ? v.args[3] : e.c(c.k);
          Value packed = e.mul(e.mul(e.ceilDiv(n, 16), 16), k);
          contract::emitMatmul(b, b.getLoc(), copy, v.begin, v.end, m, n, k,
                               [&](OpBuilder &ob, Location loc, Value batch) {
                                 contract::Emit e(ob, loc);
                                 contract::MatmulOperands op;
                                 op.a = e.at(v.buffers[0], e.mul(batch, e.mul(m, k)));
                                 op.aRowStride = k;
                                 op.packedB = e.at(v.buffers[1], e.mul(batch, packed));
                                 op.to.base = e.at(v.buffers[3], e.mul(batch, e.mul(m, n)));
                                 op.to.rowStride = n;
                                 op.to.epilogue = biasRelu(v.buffers[2], c.relu);
                                 op.to.loopedEpilogue = c.looped;
                                 return op;
                               });
          return nullptr;
        });
    return module;
  };
}

ConvCase conv2d(int64_t n, int64_t h, int64_t w, int64_t c, int64_t oc, int64_t kernel, int64_t stride, int64_t pad,
                int64_t groups) {
  ConvCase result{};
  contract::ConvSpec &spec = result.spec;
  spec.c = c, spec.oc = oc, spec.groups = groups;
  for (int d : {1, 2}) {
    spec.kernel[d] = kernel, spec.stride[d] = stride;
    result.padBefore[d] = result.padAfter[d] = pad;
  }
  spec.padded = pad != 0;
  result.n = n;
  result.in[0] = 1, result.in[1] = h, result.in[2] = w;
  return result;
}

KernelRunner::Build buildConv(const codegen::CpuSlice &slice, const ConvCase &c, contract::ConvPlan &plan) {
  plan = contract::planConv(slice.vectorBytes, c.spec, c.dynamic ? -1 : c.out(2));
  contract::ConvPlan copy = plan;
  return [=](MLIRContext &ctx) {
    ctx.loadAllAvailableDialects();
    OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&ctx));
    codegen::KernelBuffer buffers[4] = {{true, true, 4}, {true, true, 4}, {true, true, 4}, {true, false, 4}};
    codegen::buildKernel(*module, {"conv", buffers, 7},
                         [&](ImplicitLocOpBuilder &b, const codegen::KernelValues &v) -> Value {
                           contract::Emit e(b, b.getLoc());
                           contract::ConvOperands op;
                           op.input = v.buffers[0], op.weights = v.buffers[1];
                           op.n = v.args[0];
                           for (int d = 0; d < 3; ++d) {
                             op.in[d] = c.dynamic ? v.args[1 + d] : e.c(c.in[d]);
                             op.out[d] = c.dynamic ? v.args[4 + d] : e.c(c.out(d));
                             op.padBefore[d] = e.c(c.padBefore[d]);
                           }
                           op.to.base = v.buffers[3];
                           op.to.rowStride = e.c(c.spec.oc);
                           op.to.epilogue = biasRelu(v.buffers[2], c.relu);
                           op.to.loopedEpilogue = c.looped;
                           contract::emitConv(b, b.getLoc(), c.spec, copy, op, v.begin, v.end);
                           return nullptr;
                         });
    return module;
  };
}

KernelRunner::Build buildPack(bool transposed) {
  return [=](MLIRContext &ctx) {
    ctx.loadAllAvailableDialects();
    OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&ctx));
    codegen::KernelBuffer buffers[2] = {{true, true, 4}, {true, false, 4}};
    codegen::buildKernel(
        *module, {"pack", buffers, 3}, [&](ImplicitLocOpBuilder &b, const codegen::KernelValues &v) -> Value {
          Value n = v.args[1], k = v.args[2];
          contract::emitPack(b, b.getLoc(), transposed, v.begin, v.end, n, k,
                             [&](OpBuilder &ob, Location loc, Value batch) {
                               contract::Emit e(ob, loc);
                               Value size = e.mul(n, k), panels = e.ceilDiv(n, 16);
                               return contract::PackOperands{e.at(v.buffers[0], e.mul(batch, size)), transposed ? k : n,
                                                             e.atVector(v.buffers[1], e.mul(batch, e.mul(panels, k)))};
                             });
          return nullptr;
        });
    return module;
  };
}

} // namespace wick::testing
