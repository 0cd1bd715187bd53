// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer products on numbers of 16 bits. Importers state quantized products as the
// standard does, on codes less their zero points as i32; what these can be follows
// from where they come from: a code of 8 bits lies in [-128, 255], and the difference
// of two codes of one type in [-255, 255]. Both fit i16, whose products in pairs CPUs sum into
// i32 in one step. Sums stay i32, so results are the same, overflow included.
//
// Where no packed kernel would follow (weights that a run computes, an odd number of
// channels, groups) the op is left as it is.
// Test: test/passes/graph/narrow-products.mlir
//
#include "passes/Passes.h"
#include "passes/graph/Build.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace wick {
#define GEN_PASS_DEF_NARROWPRODUCTS
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;
using namespace wick::graph;

namespace {

constexpr unsigned maxDepth = 8;

/// Whether the i32 numbers of `v` are integers of 8 bits, or, with `differences`, those of two less each other.
bool isNarrow(Value v, bool differences, unsigned depth = 0) {
  Operation *op = v.getDefiningOp();
  if (!op || depth > maxDepth)
    return false;
  if (auto constant = splatOf(v))
    return *constant >= -128 && *constant <= 255;
  if (auto cast = dyn_cast<CastOp>(op)) {
    auto from = dyn_cast<IntegerType>(elementOf(cast.getX()));
    return from && from.getWidth() == 8 && !isCoded(from);
  }
  if (isa<ReshapeOp, TransposeOp>(op))
    return isNarrow(op->getOperand(0), differences, depth + 1);
  return differences && isa<SubOp>(op) && isNarrow(op->getOperand(0), false, depth + 1) &&
         isNarrow(op->getOperand(1), false, depth + 1);
}

/// The numbers of `v`, for which isNarrow holds, as i16.
Value narrow(OpBuilder &b, Value v) {
  Operation *op = v.getDefiningOp();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfter(op);
  auto i16 = b.getNamedAttr("to", TypeAttr::get(b.getI16Type()));
  if (isa<ConstantOp>(op))
    return build<CastOp>(b, op->getLoc(), v, i16);
  if (isa<CastOp>(op))
    return build<CastOp>(b, op->getLoc(), op->getOperand(0), i16);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(narrow(b, operand));
  Operation *made = b.clone(*op);
  made->setOperands(operands);
  Value result = made->getResult(0);
  result.setType(tensorType(v).clone(b.getI16Type()));
  return result;
}

/// The number of products that one sum takes from a tap, if it is known.
std::optional<int64_t> depthOf(MatmulOp op) { return constantOf(dimsOf(op.getB())[rankOf(op.getB()) - 2]); }
std::optional<int64_t> depthOf(ConvOp op) {
  return op.getGroups() == 1 ? constantOf(dimsOf(op.getW())[op.getChannelsLast() ? rankOf(op.getW()) - 2 : 1])
                             : std::nullopt;
}

template <class Op>
struct Narrow : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    Value a = op->getOperand(0), w = op->getOperand(1);
    auto depth = depthOf(op);
    if (!elementOf(a).isSignlessInteger(32) || !elementOf(w).isSignlessInteger(32) || !isNarrow(a, true) ||
        !isNarrow(w, true))
      return b.notifyMatchFailure(op, "the operands are no i32 numbers of 8 bits");
    if (!isWeightLike(w) || !depth || *depth % 2 != 0)
      return b.notifyMatchFailure(op, "no constant weights for an even number of products");
    Value narrowA = narrow(b, a), narrowW = narrow(b, w);
    b.modifyOpInPlace(op, [&] {
      op->setOperands({narrowA, narrowW});
      op->setAttr("to", TypeAttr::get(b.getI32Type()));
    });
    return success();
  }
};

struct NarrowProducts : wick::impl::NarrowProductsBase<NarrowProducts> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Narrow<MatmulOp>, Narrow<ConvOp>>(&getContext());
    // Each op is rewritten once, so the limit only guards against bugs.
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), GreedyRewriteConfig().setMaxIterations(16))))
      getOperation()->emitWarning("narrowing stopped before it was finished");
  }
};

} // namespace
