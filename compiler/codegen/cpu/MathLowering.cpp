// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Math without a C library. Polynomials are branch free on scalars, so that LLVM's
// loop vectorizer keeps working on loops that contain them; calls go to functions
// that are linked from bitcode and may be inlined. MLIR's f32 sin, cos, tan and atan
// polynomials are not used: their range reduction or accuracy is poor.
//
#include "compiler/codegen/cpu/MathLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace wick::codegen {
namespace {

/// Replaces a float op by calls of wick_m_<name>_<type>, one a lane.
template <typename Op>
struct CallRoutine : OpRewritePattern<Op> {
  StringRef name;
  CallRoutine(MLIRContext *ctx, StringRef name) : OpRewritePattern<Op>(ctx), name(name) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    Location loc = op.getLoc();
    Type type = op->getResult(0).getType();
    Type element = getElementTypeOrSelf(type);
    if (!element.isF32() && !element.isF64())
      return failure();
    LLVM::LLVMFuncOp callee = declare(op, b, element);
    auto vector = dyn_cast<VectorType>(type);
    if (!vector) {
      b.replaceOpWithNewOp<LLVM::CallOp>(op, callee, op->getOperands());
      return success();
    }
    if (vector.isScalable())
      return failure();
    // Lanes are walked by their linear index, whatever the rank.
    Value result = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
    SmallVector<int64_t> position(vector.getRank(), 0);
    for (int64_t lane = 0, lanes = vector.getNumElements(); lane < lanes; ++lane) {
      int64_t rest = lane;
      for (int64_t d = vector.getRank() - 1; d >= 0; --d) {
        position[d] = rest % vector.getDimSize(d);
        rest /= vector.getDimSize(d);
      }
      SmallVector<Value> operands;
      for (Value v : op->getOperands())
        operands.push_back(vector::ExtractOp::create(b, loc, v, position));
      Value one = LLVM::CallOp::create(b, loc, callee, operands).getResult();
      result = vector::InsertOp::create(b, loc, one, result, position);
    }
    b.replaceOp(op, result);
    return success();
  }

  LLVM::LLVMFuncOp declare(Op op, PatternRewriter &b, Type element) const {
    auto module = op->template getParentOfType<ModuleOp>();
    std::string symbol = ("wick_m_" + name + (element.isF32() ? "_f32" : "_f64")).str();
    if (auto known = module.template lookupSymbol<LLVM::LLVMFuncOp>(symbol))
      return known;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    SmallVector<Type> operands(op->getNumOperands(), element);
    return LLVM::LLVMFuncOp::create(b, module.getLoc(), symbol, LLVM::LLVMFunctionType::get(element, operands));
  }
};

/// rsqrt -> 1 / sqrt: correctly rounded twice, and vectorizable.
struct ExpandRsqrt : OpRewritePattern<math::RsqrtOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::RsqrtOp op, PatternRewriter &b) const override {
    Type type = op.getType();
    Attribute one = FloatAttr::get(getElementTypeOrSelf(type), 1.0);
    if (auto shaped = dyn_cast<ShapedType>(type))
      one = DenseElementsAttr::get(shaped, one);
    Value root = math::SqrtOp::create(b, op.getLoc(), op.getOperand(), op.getFastmath());
    Value ones = arith::ConstantOp::create(b, op.getLoc(), cast<TypedAttr>(one));
    b.replaceOpWithNewOp<arith::DivFOp>(op, ones, root, op.getFastmath());
    return success();
  }
};

/// truncf f64 -> f16/bf16 through f32 rounded to odd, which makes the second rounding
/// exact. LLVM would call __truncdfhf2.
struct TruncateF64ToHalf : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &b) const override {
    Type to = op.getType();
    if (!getElementTypeOrSelf(op.getIn()).isF64() || getElementTypeOrSelf(to).isF32())
      return failure();
    Location loc = op.getLoc();
    auto like = [&](Type element) -> Type {
      if (auto v = dyn_cast<VectorType>(to))
        return VectorType::get(v.getShape(), element);
      return element;
    };
    auto integer = [&](int64_t value) -> Value {
      Attribute a = b.getI32IntegerAttr(value);
      Type type = like(b.getI32Type());
      if (auto v = dyn_cast<VectorType>(type))
        a = DenseElementsAttr::get(v, a);
      return arith::ConstantOp::create(b, loc, type, cast<TypedAttr>(a));
    };
    Value x = op.getIn();
    Value narrow = arith::TruncFOp::create(b, loc, like(b.getF32Type()), x);
    Value back = arith::ExtFOp::create(b, loc, x.getType(), narrow);
    Value inexact = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ONE, back, x);
    Value tooBig = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, math::AbsFOp::create(b, loc, back),
                                         math::AbsFOp::create(b, loc, x));
    Value bits = arith::BitcastOp::create(b, loc, like(b.getI32Type()), narrow);
    Value less = arith::SubIOp::create(b, loc, bits, integer(1));
    Value odd = arith::OrIOp::create(b, loc, arith::SelectOp::create(b, loc, tooBig, less, bits), integer(1));
    Value rounded = arith::SelectOp::create(b, loc, inexact, odd, bits);
    Value f32 = arith::BitcastOp::create(b, loc, like(b.getF32Type()), rounded);
    b.replaceOpWithNewOp<arith::TruncFOp>(op, to, f32);
    return success();
  }
};

} // namespace

/// MLIR's logarithm takes denormals for the smallest normal number. They are scaled
/// up before; the logarithms that other polynomials make of 1 + x need none of this.
template <typename Op>
static void keepDenormals(Op op, double logOfScale) {
  if (!getElementTypeOrSelf(op.getType()).isF32())
    return;
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto constant = [&](double value) -> Value {
    Type type = op.getType();
    TypedAttr a = b.getF32FloatAttr(static_cast<float>(value));
    return arith::ConstantOp::create(
        b, loc, isa<VectorType>(type) ? TypedAttr(DenseElementsAttr::get(cast<ShapedType>(type), a)) : a);
  };
  Value x = op.getOperand(), zero = constant(0);
  Value small = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, constant(0x1p-126));
  Value scaled = arith::MulFOp::create(b, loc, x, constant(0x1p23));
  op.getOperandMutable().assign(arith::SelectOp::create(b, loc, small, scaled, x));
  b.setInsertionPointAfter(op);
  Value offset = arith::SelectOp::create(b, loc, small, constant(logOfScale), zero);
  auto result = arith::SubFOp::create(b, loc, op.getResult(), offset);
  op.getResult().replaceAllUsesExcept(result, result);
}

static bool isPolynomial(StringRef name) {
  static const llvm::StringSet<> names = {"exp", "log", "log2", "log1p", "expm1", "tanh", "erf"};
  name.consume_front("math.");
  return names.contains(name);
}

LogicalResult lowerMath(ModuleOp module) {
  MLIRContext *ctx = module.getContext();
  module.walk([](math::LogOp op) { keepDenormals(op, 23 * 0.693147180559945309); });
  module.walk([](math::Log2Op op) { keepDenormals(op, 23); });
  RewritePatternSet expand(ctx);
  populateMathF32ExpansionPatterns(expand, [](StringRef) { return true; });
  populateMathPolynomialApproximationPatterns(expand, isPolynomial);
  arith::populateExpandBFloat16Patterns(expand);
  expand.add<ExpandRsqrt, TruncateF64ToHalf>(ctx);
  if (failed(applyPatternsGreedily(module, std::move(expand))))
    return module.emitError("math expansion did not converge");

  RewritePatternSet calls(ctx);
#define WICK_ROUTINE(Op, name) calls.add<CallRoutine<Op>>(ctx, name)
  WICK_ROUTINE(math::SinOp, "sin");
  WICK_ROUTINE(math::CosOp, "cos");
  WICK_ROUTINE(math::TanOp, "tan");
  WICK_ROUTINE(math::AsinOp, "asin");
  WICK_ROUTINE(math::AcosOp, "acos");
  WICK_ROUTINE(math::AtanOp, "atan");
  WICK_ROUTINE(math::SinhOp, "sinh");
  WICK_ROUTINE(math::CoshOp, "cosh");
  WICK_ROUTINE(math::AsinhOp, "asinh");
  WICK_ROUTINE(math::AcoshOp, "acosh");
  WICK_ROUTINE(math::AtanhOp, "atanh");
  WICK_ROUTINE(math::ExpOp, "exp");
  WICK_ROUTINE(math::Exp2Op, "exp2");
  WICK_ROUTINE(math::ExpM1Op, "expm1");
  WICK_ROUTINE(math::LogOp, "log");
  WICK_ROUTINE(math::Log1pOp, "log1p");
  WICK_ROUTINE(math::Log2Op, "log2");
  WICK_ROUTINE(math::Log10Op, "log10");
  WICK_ROUTINE(math::TanhOp, "tanh");
  WICK_ROUTINE(math::ErfOp, "erf");
  WICK_ROUTINE(math::ErfcOp, "erfc");
  WICK_ROUTINE(math::CbrtOp, "cbrt");
  WICK_ROUTINE(math::PowFOp, "pow");
  WICK_ROUTINE(math::Atan2Op, "atan2");
  WICK_ROUTINE(arith::RemFOp, "fmod");
#undef WICK_ROUTINE
  if (failed(applyPatternsGreedily(module, std::move(calls))))
    return module.emitError("lowering of math calls did not converge");
  return success();
}

} // namespace wick::codegen
