// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// com.microsoft: ops on quantized tensors. Elementwise ones, pools and moves dequantize,
// compute in floats and quantize, as their definitions read; products run on integers.
//
#include "compiler/frontend/Composites.h"
#include "compiler/frontend/onnx/importers/Contrib.h"

using namespace mlir;
namespace wick::compiler {
namespace contrib {

//===-- Float functions on quantized tensors -------------------------------===//

static Value dequantized(NodeImport &n, size_t at) {
  GraphBuilder &g = n.g;
  auto scalar = [&](Value v) { return v ? g.reshape(v, ArrayRef<int64_t>()) : v; };
  Value x = n.input(at), zero = n.input(at + 2);
  if (!x || !n.input(at + 1))
    return g.fail("a quantized operand lacks its scale");
  return g.create<graph::DequantizeOp>({x, scalar(n.input(at + 1)), zero ? scalar(zero) : g.scalarLike(x, 0)});
}
static Value quantized(NodeImport &n, Value v, size_t at) {
  GraphBuilder &g = n.g;
  auto scalar = [&](Value s) { return s ? g.reshape(s, ArrayRef<int64_t>()) : s; };
  Value zero = n.input(at + 1) ? scalar(n.input(at + 1)) : g.scalarLike(n.input(0), 0);
  return zero ? g.create<graph::QuantizeOp>({v, scalar(n.input(at)), zero}, {g.typeAttr("to", g.elem(zero))}) : zero;
}

template <class Op>
static void importQLinearBinary(NodeImport &n) {
  n.set(0, quantized(n, n.g.create<Op>({dequantized(n, 0), dequantized(n, 3)}), 6));
}
static void importQLinearSigmoid(NodeImport &n) {
  n.set(0, quantized(n, n.g.create<graph::SigmoidOp>({dequantized(n, 0)}), 3));
}
static void importQLinearLeakyRelu(NodeImport &n) {
  n.set(0, quantized(n,
                     n.g.create<graph::LeakyReluOp>({dequantized(n, 0)},
                                                    {n.g.doubleAttr("alpha", n.floatAttr("alpha", 0.01f))}),
                     3));
}
static void importQLinearSoftmax(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = dequantized(n, 0);
  Exprs dims = g.dims(n.input(0));
  auto axis = n.axis(n.intAttr("axis", -1), dims.size());
  if (!axis)
    return;
  if (n.intAttr("opset", 13) < 13) { // flattened to two dims at the axis
    x = g.reshape(x, {g.count(ArrayRef(dims).take_front(*axis)), g.count(ArrayRef(dims).drop_front(*axis))});
    axis = 1;
  }
  n.set(0, quantized(n, g.reshape(g.softmax(x, {*axis}), dims), 3));
}
static void importQLinearGlobalAverage(NodeImport &n) {
  GraphBuilder &g = n.g;
  bool last = n.intAttr("channels_last", 0);
  int64_t rank = g.rank(n.input(0)), from = last ? 1 : 2;
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(from, std::max<int64_t>(from, last ? rank - 1 : rank)));
  n.set(0, quantized(n, g.reduceMean(dequantized(n, 0), axes), 3));
}
static void importQLinearConcat(NodeImport &n) {
  GraphBuilder &g = n.g; // inputs: scale and zero point of the result, then triples
  SmallVector<Value> parts;
  for (size_t i = 2; i + 2 < n.in.size(); i += 3)
    parts.push_back(dequantized(n, i));
  auto axis = parts.empty() || !parts[0] ? std::nullopt : n.axis(n.intAttr("axis", 0), g.rank(parts[0]));
  Value zero = n.input(1), v = axis ? g.concat(parts, *axis) : Value();
  if (v && zero)
    n.set(0, g.create<graph::QuantizeOp>(
                 {v, g.reshape(n.input(0), ArrayRef<int64_t>()), g.reshape(zero, ArrayRef<int64_t>())},
                 {g.typeAttr("to", g.elem(zero))}));
}

/// Moves the last dim to dim 1 or, with `back`, dim 1 to the end.
static Value moveChannels(GraphBuilder &g, Value x, bool back) {
  if (!x)
    return x;
  int64_t rank = g.rank(x);
  SmallVector<int64_t> perm{0};
  if (!back)
    perm.push_back(rank - 1);
  for (int64_t i = back ? 2 : 1; i < (back ? rank : rank - 1); ++i)
    perm.push_back(i);
  if (back)
    perm.push_back(1);
  return g.transpose(x, perm);
}
static void importQLinearAveragePool(NodeImport &n) {
  GraphBuilder &g = n.g;
  bool last = n.intAttr("channels_last", 0);
  if (!operandsFit(n, {{0}, {1}, {3}}) || g.rank(n.input(0)) < 3)
    return n.error("input of rank below 3");
  Value whole = n.in[0], x = dequantized(n, 0);
  n.in[0] = last ? moveChannels(g, x, false) : x;
  if (!n.in[0])
    return;
  Value v = importAs(n, "AveragePool");
  n.in[0] = whole;
  n.set(0, quantized(n, last ? moveChannels(g, v, true) : v, 3));
}
static void importQLinearWhere(NodeImport &n) {
  if (!operandsFit(n, {{0}, {1}, {2}, {4}, {5}, {7}, {8}}))
    return;
  Value v = n.g.where(n.input(0), dequantized(n, 1), dequantized(n, 4));
  n.set(0, quantized(n, v, 7));
}
static void importNhwcMaxPool(NodeImport &n) {
  if (n.g.rank(n.input(0)) < 3)
    return n.error("input of rank below 3");
  n.in[0] = moveChannels(n.g, n.in[0], false);
  n.set(0, moveChannels(n.g, importAs(n, "MaxPool"), true));
}
static void importQLinearConv(NodeImport &n) {
  if (!operandsFit(n, {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}}))
    return;
  if (!n.intAttr("channels_last", 0)) {
    importAs(n, "QLinearConv");
    return;
  }
  n.in[0] = moveChannels(n.g, n.in[0], false);
  n.set(0, moveChannels(n.g, importAs(n, "QLinearConv"), true));
}

//===-- Products -----------------------------------------------------------===//

/// a c of integers with their zero points taken off, as i32; zero points may be null.
static Value product(NodeImport &n, Value a, Value c, Value aZero, Value cZero) {
  SmallVector<Value> saved = n.in;
  n.in.assign({a, c, aZero, cZero});
  Value v = a && c ? importAs(n, "MatMulInteger") : Value();
  n.in = saved;
  return v;
}
/// A scale of one element as a scalar; of several as it is: they belong to columns.
static Value columns(GraphBuilder &g, Value scale) {
  return scale && graph::isConstant(g.count(scale), 1) ? g.reshape(scale, ArrayRef<int64_t>()) : scale;
}
/// acc * scales + bias as f32.
static Value scaled(GraphBuilder &g, Value acc, Value aScale, Value cScale, Value bias) {
  Value v = g.mul(g.castTo(acc, g.b.getF32Type()), g.mul(columns(g, aScale), columns(g, cScale)));
  return bias ? g.add(v, bias) : v;
}

static void importMatMulIntegerToFloat(NodeImport &n) {
  if (!operandsFit(n, {{0}, {1}, {2}, {3}}))
    return;
  Value acc = product(n, n.input(0), n.input(1), n.input(4), n.input(5));
  n.set(0, scaled(n.g, acc, n.input(2), n.input(3), n.input(6)));
}

/// A is quantized to u8 by its range, as DynamicQuantizeLinear does.
static void importDynamicQuantizeMatMul(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0}, {1}, {2}}))
    return;
  DynamicCodes a = dynamicQuantize(g, n.input(0));
  n.set(0, scaled(g, product(n, a.codes, n.input(1), a.zero, n.input(3)), a.scale, n.input(2), n.input(4)));
}

static void importQGemm(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0, 2}, {1}, {2}, {3, 2}, {4}, {5}}))
    return;
  Value a = n.input(0), c = n.input(3);
  a = n.intAttr("transA", 0) ? g.swapLast(a) : a, c = n.intAttr("transB", 0) ? g.swapLast(c) : c;
  Value acc = product(n, a, c, n.input(2), n.input(5));
  if (acc && n.input(6))
    acc = g.add(acc, n.input(6));
  Value v = scaled(g, acc, n.input(1), n.input(4), {});
  if (double alpha = n.floatAttr("alpha", 1); alpha != 1)
    v = g.mul(v, alpha);
  if (!n.input(7))
    return n.set(0, v);
  Value zero = n.input(8);
  if (!zero)
    return n.error("y_scale without y_zero_point");
  n.set(0, g.create<graph::QuantizeOp>(
               {v, g.reshape(n.input(7), ArrayRef<int64_t>()), g.reshape(zero, ArrayRef<int64_t>())},
               {g.typeAttr("to", g.elem(zero))}));
}

static void importQAttention(NodeImport &n) {
  if (!operandsFit(n, {{0, 3}, {1, 2}, {2, 1}, {3}, {4}}))
    return;
  Value acc = product(n, n.input(0), n.input(1), n.input(6), n.input(7));
  attendProjected(n, scaled(n.g, acc, n.input(3), n.input(4), n.input(2)), 5, 8, -1);
}

template <const char *name>
static void importSame(NodeImport &n) {
  if (operandsFit(n, {{0}, {1}}))
    importAs(n, name);
}
static constexpr char quantizeName[] = "QuantizeLinear", dequantizeName[] = "DequantizeLinear";

} // namespace contrib

void addContribQuantImporters(ImportTable &t) {
  using namespace contrib;
  t["com.microsoft.QLinearAdd"] = importQLinearBinary<graph::AddOp>;
  t["com.microsoft.QLinearMul"] = importQLinearBinary<graph::MulOp>;
  t["com.microsoft.QLinearSigmoid"] = importQLinearSigmoid;
  t["com.microsoft.QLinearLeakyRelu"] = importQLinearLeakyRelu;
  t["com.microsoft.QLinearSoftmax"] = importQLinearSoftmax, t["com.microsoft.QLinearConcat"] = importQLinearConcat;
  t["com.microsoft.QLinearGlobalAveragePool"] = importQLinearGlobalAverage;
  t["com.microsoft.QLinearAveragePool"] = importQLinearAveragePool;
  t["com.microsoft.QLinearWhere"] = importQLinearWhere, t["com.microsoft.QLinearConv"] = importQLinearConv;
  t["com.microsoft.NhwcMaxPool"] = importNhwcMaxPool;
  t["com.microsoft.MatMulIntegerToFloat"] = importMatMulIntegerToFloat;
  t["com.microsoft.DynamicQuantizeMatMul"] = importDynamicQuantizeMatMul;
  t["com.microsoft.QGemm"] = importQGemm, t["com.microsoft.QAttention"] = importQAttention;
  t["com.microsoft.QuantizeLinear"] = importSame<quantizeName>;
  t["com.microsoft.DequantizeLinear"] = importSame<dequantizeName>;
}

} // namespace wick::compiler
