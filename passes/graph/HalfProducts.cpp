// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of f16 and bf16 as products of f32. Both sum in f32 and round the sum once, so
// the numbers are the same; what is gained are the packed kernels. A cast of constant
// weights costs no memory: they are packed in the type that they come from
// (passes/cpu/Canonical.h).
// Test: test/passes/graph/half-products.mlir
//
#include "passes/Passes.h"
#include "passes/graph/Build.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace wick {
#define GEN_PASS_DEF_HALFPRODUCTS
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;
using namespace wick::graph;

namespace {

template <class Op>
struct Widen : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    Type half = elementOf(op.getResult());
    auto isHalf = [&](Value v) { return elementOf(v) == half; };
    if ((!half.isF16() && !half.isBF16()) || !llvm::all_of(op->getOperands(), isHalf))
      return b.notifyMatchFailure(op, "no product of 16-bit floats");
    auto to = [&](Type type) { return b.getNamedAttr("to", TypeAttr::get(type)); };
    SmallVector<Value> operands;
    for (Value v : op->getOperands())
      operands.push_back(build<CastOp>(b, op.getLoc(), v, to(b.getF32Type())));
    Operation *wide = b.clone(*op);
    wide->setOperands(operands);
    wide->getResult(0).setType(tensorType(op.getResult()).clone(b.getF32Type()));
    b.replaceOp(op, build<CastOp>(b, op.getLoc(), wide->getResult(0), to(half)));
    return success();
  }
};

struct HalfProducts : wick::impl::HalfProductsBase<HalfProducts> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Widen<MatmulOp>, Widen<ConvOp>, Widen<ConvTransposeOp>>(&getContext());
    // Each op is rewritten once, so the limit only guards against bugs.
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), GreedyRewriteConfig().setMaxIterations(16))))
      getOperation()->emitWarning("widening stopped before it was finished");
  }
};

} // namespace
