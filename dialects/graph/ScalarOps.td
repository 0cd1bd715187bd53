//===- ScalarOps.td - family Scalar --------------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise ops: a body on scalars. Bodies use the operators and functions of
// dialects/graph/Scalar.h, which pick signed, unsigned or float forms. 16-bit
// floats arrive as f32 and are rounded when a value is stored.
//
//===----------------------------------------------------------------------===//
#ifndef WICK_SCALAR_OPS
#define WICK_SCALAR_OPS
include "dialects/graph/GraphBase.td"

// Arithmetic. Integer results wrap; min and max propagate NaN.
def Wick_AddOp : Wick_Binary<"add", "return x + y;"> { let imports = [OnnxImport<"Add", ["x", "y"]>];
  let examples = ["%r = wick.add %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>"]; }
def Wick_SubOp : Wick_Binary<"sub", "return x - y;"> { let imports = [OnnxImport<"Sub", ["x", "y"]>]; }
def Wick_MulOp : Wick_Binary<"mul", "return x * y;"> { let imports = [OnnxImport<"Mul", ["x", "y"]>]; }
def Wick_DivOp : Wick_Binary<"div", "return x / y;"> { let imports = [OnnxImport<"Div", ["x", "y"]>];
  let description = "Integer division truncates; a zero divisor gives 0 for the element."; }
def Wick_MinOp : Wick_Binary<"min", "return min(x, y);">;
def Wick_MaxOp : Wick_Binary<"max", "return max(x, y);">;
def Wick_PowOp : Wick_Binary<"pow", "return s.pow(x, y);"> { let imports = [OnnxImport<"Pow", ["x", "y"]>]; }
def Wick_ModOp : Wick_ScalarOp<"mod", (ins Wick_Tensor:$x, Wick_Tensor:$y, UnitAttr:$fmod), [{
    Sc m = rem(x, y);  // sign of the dividend
    if (getFmod() || x.isUnsigned) return m;
    Sc zero = s.like(x, 0);
    return select(and_(ne(m, zero), ne(lt(m, zero), lt(y, zero))), m + y, m);
  }]> { let aten = [AtenImport<"remainder", ["x", "y"]>];
  let imports = [OnnxImport<"Mod", ["x", "y"], ["fmod=fmod"]>]; }

// Logic and bits.
def Wick_AndOp : Wick_Binary<"and", "return and_(x, y);"> {
  let aten = [AtenImport<"bitwise_and", ["x", "y"]>, AtenImport<"__and__", ["x", "y"]>, AtenImport<"logical_and", ["x", "y"], "bool">];
  let imports = [OnnxImport<"And", ["x", "y"]>, OnnxImport<"BitwiseAnd", ["x", "y"]>]; }
def Wick_OrOp : Wick_Binary<"or", "return or_(x, y);"> {
  let aten = [AtenImport<"bitwise_or", ["x", "y"]>, AtenImport<"__or__", ["x", "y"]>, AtenImport<"logical_or", ["x", "y"], "bool">];
  let imports = [OnnxImport<"Or", ["x", "y"]>, OnnxImport<"BitwiseOr", ["x", "y"]>]; }
def Wick_XorOp : Wick_Binary<"xor", "return xor_(x, y);"> {
  let aten = [AtenImport<"bitwise_xor", ["x", "y"]>, AtenImport<"__xor__", ["x", "y"]>, AtenImport<"logical_xor", ["x", "y"], "bool">];
  let imports = [OnnxImport<"Xor", ["x", "y"]>, OnnxImport<"BitwiseXor", ["x", "y"]>]; }
def Wick_NotOp : Wick_Unary<"not", "return not_(x);"> {
  let aten = [AtenImport<"bitwise_not", ["x"]>, AtenImport<"logical_not", ["x"], "bool">];
  let imports = [OnnxImport<"Not", ["x"]>, OnnxImport<"BitwiseNot", ["x"]>]; }
def Wick_ShiftLeftOp : Wick_Binary<"shift_left", "return shl(x, y);"> { let aten = [AtenImport<"bitwise_left_shift", ["x", "y"]>, AtenImport<"__lshift__", ["x", "y"]>]; }
def Wick_ShiftRightOp : Wick_Binary<"shift_right", "return shr(x, y);"> { let aten = [AtenImport<"bitwise_right_shift", ["x", "y"]>, AtenImport<"__rshift__", ["x", "y"]>]; }

// Comparison.
def Wick_EqualOp : Wick_Compare<"equal", "return eq(x, y);"> { let aten = [AtenImport<"eq", ["x", "y"]>];
  let imports = [OnnxImport<"Equal", ["x", "y"]>]; }
def Wick_LessOp : Wick_Compare<"less", "return lt(x, y);"> {
  let aten = [AtenImport<"lt", ["x", "y"]>, AtenImport<"gt", ["y", "x"]>,
             AtenImport<"less", ["x", "y"]>, AtenImport<"greater", ["y", "x"]>];
  let imports = [OnnxImport<"Less", ["x", "y"]>, OnnxImport<"Greater", ["y", "x"]>]; }
def Wick_LessEqualOp : Wick_Compare<"less_equal", "return le(x, y);"> {
  let aten = [AtenImport<"le", ["x", "y"]>, AtenImport<"ge", ["y", "x"]>,
             AtenImport<"less_equal", ["x", "y"]>, AtenImport<"greater_equal", ["y", "x"]>];
  let imports = [OnnxImport<"LessOrEqual", ["x", "y"]>, OnnxImport<"GreaterOrEqual", ["y", "x"]>]; }
def Wick_IsNanOp : Wick_Unary<"is_nan", "return ne(x, x);", "return r.i1();"> { let aten = [AtenImport<"isnan", ["x"], "float">];
  let imports = [OnnxImport<"IsNaN", ["x"]>]; }
def Wick_IsInfOp : Wick_ScalarOp<"is_inf", (ins Wick_Tensor:$x, DefaultValuedAttr<BoolAttr, "true">:$positive, DefaultValuedAttr<BoolAttr, "true">:$negative), [{
    Sc inf = s.like(x, __builtin_inf());
    Sc pos = eq(x, inf), neg = eq(x, -inf), no = and_(pos, neg);
    return or_(getPositive() ? pos : no, getNegative() ? neg : no);
  }], "return r.i1();"> { let aten = [AtenImport<"isinf", ["x"], "float">];
  let imports = [OnnxImport<"IsInf", ["x"], ["detect_positive=positive", "detect_negative=negative"]>]; }
def Wick_WhereOp : Wick_ScalarOp<"where", (ins Wick_Tensor:$x, Wick_Tensor:$y, Wick_Tensor:$z), "return select(x, y, z);", "return r.elem(1);", [Wick_TakesCodes]> {
  let summary = "y where x, else z"; let imports = [OnnxImport<"Where", ["x", "y", "z"]>]; }

// Conversion.
def Wick_CastOp : Wick_ScalarOp<"cast", (ins Wick_Tensor:$x, TypeAttr:$to, UnitAttr:$overflows, UnitAttr:$round_down, UnitAttr:$round_nearest), [{
    return s.cast(x, getTo(), {getOverflows(), getRoundDown(), getRoundNearest()}); }], "return r.typeAttr(\"to\");", [Wick_TakesCodes]> {
  let description = [{Float to integer truncates and saturates, NaN gives 0; to bool is x != 0; to an integer of 2 or 4
    bits takes the low bits. Floats of at most 8 bits round half to even; what exceeds the greatest becomes the greatest,
    or with `overflows` Inf, or NaN where the type has no Inf. f8E8M0FNU rounds up, or as `round_down`, `round_nearest`
    say.}]; }
def Wick_BitcastOp : Wick_ScalarOp<"bitcast", (ins Wick_Tensor:$x, TypeAttr:$to), [{
    return s.bitcast(x, ::mlir::getElementTypeOrSelf(getX().getType()), getTo()); }], "return ::wick::graph::inferBitcast(r);", [Wick_TakesCodes]> {
  let summary = "The bits of x as a type of equal width; to bool is bits != 0"; }

// Rounding and simple functions.
def Wick_AbsOp : Wick_Unary<"abs", "return abs(x);"> { let aten = [AtenImport<"abs", ["x"]>, AtenImport<"absolute", ["x"]>];
  let imports = [OnnxImport<"Abs", ["x"]>]; }
def Wick_NegOp : Wick_Unary<"neg", "return -x;"> { let aten = [AtenImport<"neg", ["x"]>, AtenImport<"negative", ["x"]>];
  let imports = [OnnxImport<"Neg", ["x"]>]; }
def Wick_SignOp : Wick_Unary<"sign", [{
    Sc zero = s.like(x, 0), one = s.like(x, 1);
    if (x.isUnsigned) return select(eq(x, zero), zero, one);
    return select(lt(zero, x), one, select(lt(x, zero), s.like(x, -1), x));
  }]> { let imports = [OnnxImport<"Sign", ["x"]>]; }
def Wick_FloorOp : Wick_Unary<"floor", "return s.floor(x);"> { let aten = [AtenImport<"floor", ["x"]>];
  let imports = [OnnxImport<"Floor", ["x"]>]; }
def Wick_CeilOp : Wick_Unary<"ceil", "return s.ceil(x);"> { let aten = [AtenImport<"ceil", ["x"]>];
  let imports = [OnnxImport<"Ceil", ["x"]>]; }
def Wick_RoundOp : Wick_Unary<"round", "return s.roundEven(x);"> { let summary = "Round half to even"; let imports = [OnnxImport<"Round", ["x"]>]; }
def Wick_SqrtOp : Wick_Unary<"sqrt", "return s.sqrt(x);"> { let aten = [AtenImport<"sqrt", ["x"], "float">];
  let imports = [OnnxImport<"Sqrt", ["x"]>]; }
def Wick_RecipOp : Wick_Unary<"recip", "return 1.0 / x;"> { let aten = [AtenImport<"reciprocal", ["x"], "float">];
  let imports = [OnnxImport<"Reciprocal", ["x"]>]; }

// Transcendentals; ulp bounds are stated in runtime/kernels and docs.
def Wick_ExpOp : Wick_Unary<"exp", "return s.exp(x);"> { let aten = [AtenImport<"exp", ["x"], "float">];
  let imports = [OnnxImport<"Exp", ["x"]>]; }
def Wick_LogOp : Wick_Unary<"log", "return s.log(x);"> { let aten = [AtenImport<"log", ["x"], "float">];
  let imports = [OnnxImport<"Log", ["x"]>]; }
def Wick_Expm1Op : Wick_Unary<"expm1", "return s.expm1(x);"> { let summary = "e^x - 1 without cancellation";
  let aten = [AtenImport<"expm1", ["x"], "float">, AtenImport<"special_expm1", ["x"], "float">]; }
def Wick_Log1pOp : Wick_Unary<"log1p", "return s.log1p(x);"> { let summary = "log(1 + x) without cancellation";
  let aten = [AtenImport<"log1p", ["x"], "float">, AtenImport<"special_log1p", ["x"], "float">]; }
def Wick_ErfOp : Wick_Unary<"erf", "return s.erf(x);"> { let aten = [AtenImport<"erf", ["x"], "float">, AtenImport<"special_erf", ["x"], "float">];
  let imports = [OnnxImport<"Erf", ["x"]>]; }
def Wick_TanhOp : Wick_Unary<"tanh", "return s.tanh(x);"> { let aten = [AtenImport<"tanh", ["x"], "float">];
  let imports = [OnnxImport<"Tanh", ["x"]>]; }
def Wick_SinOp : Wick_Unary<"sin", "return s.sin(x);"> { let aten = [AtenImport<"sin", ["x"], "float">];
  let imports = [OnnxImport<"Sin", ["x"]>]; }
def Wick_CosOp : Wick_Unary<"cos", "return s.cos(x);"> { let aten = [AtenImport<"cos", ["x"], "float">];
  let imports = [OnnxImport<"Cos", ["x"]>]; }
def Wick_TanOp : Wick_Unary<"tan", "return s.tan(x);"> { let aten = [AtenImport<"tan", ["x"], "float">];
  let imports = [OnnxImport<"Tan", ["x"]>]; }
def Wick_AsinOp : Wick_Unary<"asin", "return s.asin(x);"> { let aten = [AtenImport<"asin", ["x"], "float">, AtenImport<"arcsin", ["x"], "float">];
  let imports = [OnnxImport<"Asin", ["x"]>]; }
def Wick_AcosOp : Wick_Unary<"acos", "return s.acos(x);"> { let aten = [AtenImport<"acos", ["x"], "float">, AtenImport<"arccos", ["x"], "float">];
  let imports = [OnnxImport<"Acos", ["x"]>]; }
def Wick_AtanOp : Wick_Unary<"atan", "return s.atan(x);"> { let aten = [AtenImport<"atan", ["x"], "float">, AtenImport<"arctan", ["x"], "float">];
  let imports = [OnnxImport<"Atan", ["x"]>]; }
def Wick_SinhOp : Wick_Unary<"sinh", "return s.sinh(x);"> { let aten = [AtenImport<"sinh", ["x"], "float">];
  let imports = [OnnxImport<"Sinh", ["x"]>]; }
def Wick_CoshOp : Wick_Unary<"cosh", "return s.cosh(x);"> { let aten = [AtenImport<"cosh", ["x"], "float">];
  let imports = [OnnxImport<"Cosh", ["x"]>]; }
def Wick_AsinhOp : Wick_Unary<"asinh", "return s.asinh(x);"> { let aten = [AtenImport<"asinh", ["x"], "float">, AtenImport<"arcsinh", ["x"], "float">];
  let imports = [OnnxImport<"Asinh", ["x"]>]; }
def Wick_AcoshOp : Wick_Unary<"acosh", "return s.acosh(x);"> { let aten = [AtenImport<"acosh", ["x"], "float">, AtenImport<"arccosh", ["x"], "float">];
  let imports = [OnnxImport<"Acosh", ["x"]>]; }
def Wick_AtanhOp : Wick_Unary<"atanh", "return s.atanh(x);"> { let aten = [AtenImport<"atanh", ["x"], "float">, AtenImport<"arctanh", ["x"], "float">];
  let imports = [OnnxImport<"Atanh", ["x"]>]; }

// Activations.
def Wick_ReluOp : Wick_Unary<"relu", "return select(lt(x, s.like(x, 0)), s.like(x, 0), x);"> { let aten = [AtenImport<"relu", ["x"]>];
  let imports = [OnnxImport<"Relu", ["x"]>];
  let examples = ["%r = wick.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>"]; }
def Wick_SigmoidOp : Wick_Unary<"sigmoid", "return 1.0 / (1.0 + s.exp(-x));"> { let aten = [AtenImport<"sigmoid", ["x"], "float">, AtenImport<"special_expit", ["x"], "float">];
  let imports = [OnnxImport<"Sigmoid", ["x"]>]; }
def Wick_LeakyReluOp : Wick_ScalarOp<"leaky_relu", (ins Wick_Tensor:$x, DefaultValuedAttr<F64Attr, "0.01">:$alpha), [{
    return select(lt(x, s.like(x, 0)), x * getAlpha().convertToDouble(), x); }]> {
  let aten = [AtenImport<"leaky_relu", ["x"], "float", ["1=alpha"]>];
  let imports = [OnnxImport<"LeakyRelu", ["x"], ["alpha=alpha"]>]; }
def Wick_EluOp : Wick_ScalarOp<"elu", (ins Wick_Tensor:$x, DefaultValuedAttr<F64Attr, "1.0">:$alpha), [{
    return select(lt(x, s.like(x, 0)), s.expm1(x) * getAlpha().convertToDouble(), x); }]> {
  let imports = [OnnxImport<"Elu", ["x"], ["alpha=alpha"]>]; }
def Wick_SeluOp : Wick_ScalarOp<"selu", (ins Wick_Tensor:$x, DefaultValuedAttr<F64Attr, "1.67326319217681884765625">:$alpha, DefaultValuedAttr<F64Attr, "1.05070102214813232421875">:$gamma), [{
    double a = getAlpha().convertToDouble(), g = getGamma().convertToDouble();
    return select(le(x, s.like(x, 0)), s.expm1(x) * a, x) * g; }]> {
  let aten = [AtenImport<"selu", ["x"]>];
  let imports = [OnnxImport<"Selu", ["x"], ["alpha=alpha", "gamma=gamma"]>]; }
def Wick_CeluOp : Wick_ScalarOp<"celu", (ins Wick_Tensor:$x, DefaultValuedAttr<F64Attr, "1.0">:$alpha), [{
    double a = getAlpha().convertToDouble();
    return select(lt(x, s.like(x, 0)), s.expm1(x / a) * a, x); }]> {
  let aten = [AtenImport<"celu", ["x"], "float", ["1=alpha"]>];
  let imports = [OnnxImport<"Celu", ["x"], ["alpha=alpha"]>]; }
def Wick_SoftplusOp : Wick_Unary<"softplus", [{
    // log(1 + e^x) = max(x, 0) + log1p(e^-|x|), which neither overflows nor cancels.
    return max(x, s.like(x, 0)) + s.log1p(s.exp(-abs(x))); }]> { let imports = [OnnxImport<"Softplus", ["x"]>]; }
def Wick_SoftsignOp : Wick_Unary<"softsign", "return x / (1.0 + abs(x));"> { let aten = [AtenImport<"softsign", ["x"], "float">];
  let imports = [OnnxImport<"Softsign", ["x"]>]; }
def Wick_HardSigmoidOp : Wick_ScalarOp<"hard_sigmoid", (ins Wick_Tensor:$x, DefaultValuedAttr<F64Attr, "0.2">:$alpha, DefaultValuedAttr<F64Attr, "0.5">:$beta), [{
    Sc t = x * getAlpha().convertToDouble() + getBeta().convertToDouble();
    return max(min(t, s.like(x, 1)), s.like(x, 0)); }]> {
  let imports = [OnnxImport<"HardSigmoid", ["x"], ["alpha=alpha", "beta=beta"]>]; }
def Wick_HardSwishOp : Wick_Unary<"hard_swish", [{
    return x * max(min(x * (1.0 / 6) + 0.5, s.like(x, 1)), s.like(x, 0)); }]> { let aten = [AtenImport<"hardswish", ["x"]>];
  let imports = [OnnxImport<"HardSwish", ["x"]>]; }
def Wick_SwishOp : Wick_ScalarOp<"swish", (ins Wick_Tensor:$x, DefaultValuedAttr<F64Attr, "1.0">:$alpha), [{
    return x / (1.0 + s.exp(-(x * getAlpha().convertToDouble()))); }]> { let aten = [AtenImport<"silu", ["x"]>];
  let imports = [OnnxImport<"Swish", ["x"], ["alpha=alpha"]>]; }
def Wick_MishOp : Wick_Unary<"mish", [{
    Sc sp = max(x, s.like(x, 0)) + s.log1p(s.exp(-abs(x)));
    return x * s.tanh(sp); }]> { let aten = [AtenImport<"mish", ["x"]>];
  let imports = [OnnxImport<"Mish", ["x"]>]; }
def Wick_GeluOp : Wick_ScalarOp<"gelu", (ins Wick_Tensor:$x, UnitAttr:$tanh), [{
    if (!getTanh()) return x * 0.5 * (1.0 + s.erf(x * 0.70710678118654752440));
    // 0.5 (1 + tanh(u)) = 1 / (1 + e^-2u): same cost, no cancellation.
    Sc u = x * 0.79788456080286535588 * (1.0 + x * x * 0.044715);
    return x / (1.0 + s.exp(-2.0 * u)); }]>;
def Wick_ThresholdedReluOp : Wick_ScalarOp<"thresholded_relu", (ins Wick_Tensor:$x, DefaultValuedAttr<F64Attr, "1.0">:$alpha), [{
    return select(lt(s.like(x, getAlpha().convertToDouble()), x), x, s.like(x, 0)); }]> {
  let imports = [OnnxImport<"ThresholdedRelu", ["x"], ["alpha=alpha"]>]; }
def Wick_ShrinkOp : Wick_ScalarOp<"shrink", (ins Wick_Tensor:$x, DefaultValuedAttr<F64Attr, "0.5">:$lambd, DefaultValuedAttr<F64Attr, "0.0">:$bias), [{
    Sc l = s.like(x, getLambd().convertToDouble()), b = s.like(x, getBias().convertToDouble()), zero = s.like(x, 0);
    return select(lt(x, zero - l), x + b, select(lt(l, x), x - b, zero)); }]> {
  let imports = [OnnxImport<"Shrink", ["x"], ["lambd=lambd", "bias=bias"]>]; }

// Quantization: y = saturate(round_half_even(x / scale) + zero_point), and back.
def Wick_QuantizeOp : Wick_ScalarOp<"quantize", (ins Wick_Tensor:$x, Wick_Tensor:$y, Wick_Tensor:$z, TypeAttr:$to), [{
    return s.saturate(s.roundEven(x / y) + s.cast(z, x.type()), getTo()); }], [{ return r.typeAttr("to"); }], [Wick_TakesCodes]> {
  let summary = "x / y rounded half to even, plus zero point z, saturated"; }
def Wick_DequantizeOp : Wick_ScalarOp<"dequantize", (ins Wick_Tensor:$x, Wick_Tensor:$y, Wick_Tensor:$z), [{
    return (s.cast(s.cast(x, s.i32()) - s.cast(z, s.i32()), y.type())) * y; }], "return r.elem(1);", [Wick_TakesCodes]> {
  let summary = "(x - zero point z) * scale y"; }

#endif // WICK_SCALAR_OPS
