// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantization: QuantizeLinear, DequantizeLinear (per tensor, per axis, blocked), and
// the integer operators, which become i32 products of values with their zero points
// taken off, so QDQ and QOperator models meet in one form.
//
#include "compiler/frontend/onnx/importers/Windows.h"

using namespace mlir;
namespace wick::compiler {

/// A scale or zero point in the shape that broadcasts against x.
static Value alignTo(NodeImport &n, Value v, Value x) {
  GraphBuilder &g = n.g;
  int64_t rank = g.rank(x);
  if (!v || g.rank(v) == 0 || (g.rank(v) == 1 && graph::isConstant(g.dim(v, 0), 1)))
    return g.reshape(v, ArrayRef<int64_t>());
  auto axis = n.axis(n.intAttr("axis", 1), rank);
  if (!axis)
    return {};
  int64_t block = n.intAttr("block_size", 0);
  if (g.rank(v) == 1 && block == 0) {
    Exprs shape(rank, g.expr(1));
    shape[*axis] = g.dim(v, 0);
    return g.reshape(v, shape);
  }
  if (g.rank(v) != rank || block < 1) {
    n.error("a scale of rank " + Twine(g.rank(v)) + " for an input of rank " + Twine(rank));
    return {};
  }
  SmallVector<int64_t> factors(rank, 1);
  factors[*axis] = block;
  v = g.create<graph::UpsampleOp>({v}, {g.intsAttr("factors", factors)});
  return v && !graph::provablyEqual(g.dim(v, *axis), g.dim(x, *axis)) ? g.slice(v, *axis, g.expr(0), g.dim(x, *axis))
                                                                      : v;
}

/// Whether a zero point is known to be zero throughout.
static bool isZero(GraphBuilder &g, Value v) {
  auto list = g.doublesOf(v);
  return list && llvm::all_of(*list, [](double d) { return d == 0; });
}

/// One zero point for the one scale, whatever its shape says.
static void closeZero(NodeImport &n) {
  Value scale = n.input(1), zero = n.input(2);
  if (scale && zero && n.g.rank(scale) == 0 && n.g.rank(zero) == 1)
    n.in[2] = n.g.reshape(zero, ArrayRef<int64_t>());
}

static void importQuantize(NodeImport &n) {
  GraphBuilder &g = n.g;
  closeZero(n);
  Value x = n.input(0), scale = alignTo(n, n.input(1), x);
  auto code = onnx::DataType(n.intAttr("output_dtype", 0));
  Type to = n.input(2)                          ? g.elem(n.input(2))
            : code != onnx::DataType::Undefined ? elementType(code, g.b.getContext())
                                                : g.b.getIntegerType(8, false);
  if (!to)
    return n.unsupported("output type " + onnx::dataTypeName(code));
  if (!scale)
    return;
  // A scale of powers of two (f8E8M0FNU) has no division of its own.
  Type compute = graph::isCoded(g.elem(scale)) ? Type(g.b.getF32Type()) : g.elem(scale);
  auto precision = onnx::DataType(n.intAttr("precision", 0));
  if (precision != onnx::DataType::Undefined)
    compute = elementType(precision, g.b.getContext());
  if (!compute || graph::isCoded(compute))
    return n.unsupported("precision " + onnx::dataTypeName(precision));
  x = g.castTo(x, compute), scale = g.castTo(scale, compute);
  Value zero = n.input(2) ? alignTo(n, n.input(2), x) : Value();
  if (graph::isCodedFloat(to)) { // no rounding to whole numbers; saturates as Cast does
    Value q = g.div(x, scale);
    if (zero && !isZero(g, zero))
      q = g.add(q, g.castTo(zero, compute));
    SmallVector<NamedAttribute> attrs{g.typeAttr("to", to)};
    if (!n.intAttr("saturate", 1))
      attrs.push_back(g.unitAttr("overflows"));
    return n.set(0, g.create<graph::CastOp>({q}, attrs));
  }
  n.set(0, g.create<graph::QuantizeOp>({x, scale, zero ? zero : g.scalar(to, 0)}, {g.typeAttr("to", to)}));
}

static void importDequantize(NodeImport &n) {
  GraphBuilder &g = n.g;
  closeZero(n);
  Value x = n.input(0), scale = alignTo(n, n.input(1), x);
  if (!scale)
    return;
  auto code = onnx::DataType(n.intAttr("output_dtype", 0));
  Type to = code != onnx::DataType::Undefined ? elementType(code, g.b.getContext()) : g.elem(scale);
  if (!to || graph::isCoded(to))
    return n.unsupported("output type " + onnx::dataTypeName(to ? dataTypeOf(to) : code));
  if (graph::isCoded(g.elem(scale)))
    scale = g.castTo(scale, g.b.getF32Type());
  Value zero = n.input(2) ? alignTo(n, n.input(2), x) : Value(), v;
  if (graph::isCodedFloat(g.elem(x))) {
    v = g.castTo(x, g.elem(scale));
    if (zero && !isZero(g, zero))
      v = g.sub(v, g.castTo(zero, g.elem(scale)));
    v = g.mul(v, scale);
  } else {
    v = g.create<graph::DequantizeOp>({x, scale, zero ? zero : g.scalarLike(x, 0)});
  }
  n.set(0, g.castTo(v, to));
}

//===-- Integer products ---------------------------------------------------===//

/// x - zero as i32; a zero point [n] belongs to dim `axis`.
static Value centred(NodeImport &n, Value x, Value zero, int64_t axis) {
  GraphBuilder &g = n.g;
  Type i32 = g.b.getI32Type();
  Value v = g.castTo(x, i32);
  if (!zero)
    return v;
  if (g.rank(zero) == 1 && !graph::isConstant(g.dim(zero, 0), 1)) {
    Exprs shape(g.rank(x), g.expr(1));
    shape[axis] = g.dim(zero, 0);
    zero = g.reshape(zero, shape);
  } else if (g.rank(zero) <= 1) {
    zero = g.reshape(zero, ArrayRef<int64_t>());
  }
  auto only = g.intOf(zero);
  return only && *only == 0 ? v : g.sub(v, g.castTo(zero, i32));
}

static void importMatMulInteger(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value a = n.input(0), c = n.input(1);
  n.set(0, g.matmul(centred(n, a, n.input(2), g.rank(a) - 2), centred(n, c, n.input(3), g.rank(c) - 1)));
}

static void importConvInteger(NodeImport &n) {
  n.set(0, convolve(n, centred(n, n.input(0), n.input(2), 1), centred(n, n.input(1), n.input(3), 0)));
}

/// round(acc * scale) + zero, saturated to zero's type.
static Value requantize(GraphBuilder &g, Value acc, Value scale, Value zero) {
  Type f = g.b.getF32Type();
  Value v = g.mul(g.castTo(acc, f), scale);
  return zero ? g.create<graph::QuantizeOp>({v, g.scalar(f, 1), g.reshape(zero, ArrayRef<int64_t>())},
                                            {g.typeAttr("to", g.elem(zero))})
              : Value();
}
/// A scale [n] along dim `axis` of a tensor of `rank`, as f32.
static Value alongDim(GraphBuilder &g, Value v, int64_t axis, int64_t rank) {
  if (!v)
    return v;
  v = g.castTo(v, g.b.getF32Type());
  if (g.rank(v) == 0 || (g.rank(v) == 1 && graph::isConstant(g.dim(v, 0), 1)))
    return g.reshape(v, ArrayRef<int64_t>());
  if (g.rank(v) != 1)
    return v;
  Exprs shape(rank, g.expr(1));
  shape[axis] = g.dim(v, 0);
  return g.reshape(v, shape);
}

static void importQLinearMatMul(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value a = n.input(0), c = n.input(3);
  Value acc = g.matmul(centred(n, a, n.input(2), g.rank(a) - 2), centred(n, c, n.input(5), g.rank(c) - 1));
  if (!acc)
    return;
  int64_t rank = g.rank(acc);
  Value scale = g.mul(alongDim(g, n.input(1), rank - 2, rank), alongDim(g, n.input(4), rank - 1, rank));
  n.set(0, requantize(g, acc, g.div(scale, alongDim(g, n.input(6), 0, rank)), n.input(7)));
}

static void importQLinearConv(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value acc = convolve(n, centred(n, n.input(0), n.input(2), 1), centred(n, n.input(3), n.input(5), 0));
  if (!acc)
    return;
  int64_t rank = g.rank(acc);
  if (Value bias = n.input(8)) {
    if (g.rank(bias) != 1)
      return n.error("a bias of rank " + Twine(g.rank(bias)));
    Exprs shape(rank - 1, g.expr(1));
    shape[0] = g.dim(bias, 0);
    acc = g.add(acc, g.reshape(bias, shape));
  }
  Value scale = g.mul(alongDim(g, n.input(1), 1, rank), alongDim(g, n.input(4), 1, rank));
  n.set(0, requantize(g, acc, g.div(scale, alongDim(g, n.input(6), 0, rank)), n.input(7)));
}

void addQuantImporters(ImportTable &t) {
  t["QuantizeLinear"] = importQuantize, t["DequantizeLinear"] = importDequantize;
  t["MatMulInteger"] = importMatMulInteger, t["ConvInteger"] = importConvInteger;
  t["QLinearMatMul"] = importQLinearMatMul, t["QLinearConv"] = importQLinearConv;
}

} // namespace wick::compiler
