// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantized tensors as islands: dequantize, the float op, quantize. Passes meet the
// same form in QDQ models. Weights are packed structs (Packed.h).
//
#include "compiler/frontend/torch/Packed.h"
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

//===-- Conversion ---------------------------------------------------------===//

static Value fitted(GraphBuilder &g, Value v, int64_t axis, int64_t rank) {
  return axis >= 0 ? alongDim(g, v, axis, rank) : g.reshape(v, ArrayRef<int64_t>());
}

Value dequantized(GraphBuilder &g, const Arg &a) {
  if (!a.quant || !a.tensor)
    return a.tensor;
  const Quantization &q = *a.quant;
  Type f = g.b.getF32Type();
  int64_t rank = g.rank(a.tensor);
  Value scale = fitted(g, g.castTo(q.scale, f), q.axis, rank), zero = fitted(g, q.zeroPoint, q.axis, rank);
  if (!scale || !zero)
    return {};
  if (isFloat(g.elem(zero))) // zero points of embeddings are floats
    return g.mul(g.sub(g.castTo(a.tensor, f), g.castTo(zero, f)), scale);
  return g.create<graph::DequantizeOp>({a.tensor, scale, g.castTo(zero, g.elem(a.tensor))});
}

Arg quantized(GraphBuilder &g, Value x, std::shared_ptr<const Quantization> q, Type type) {
  if (!x)
    return Arg::of(x);
  if (!q || !isa<IntegerType>(type))
    return Arg::of(g.fail(!q ? "the tensor is not quantized" : "a tensor is quantized to integers only"));
  Type f = g.b.getF32Type();
  Value scale = fitted(g, g.castTo(q->scale, f), q->axis, g.rank(x));
  Value zero = fitted(g, g.castTo(q->zeroPoint, type), q->axis, g.rank(x));
  Arg a = Arg::of(g.create<graph::QuantizeOp>({g.castTo(x, f), scale, zero}, {g.typeAttr("to", type)}));
  a.quant = std::move(q);
  return a;
}

static std::shared_ptr<const Quantization> perTensor(GraphBuilder &g, Value scale, Value zero) {
  auto q = std::make_shared<Quantization>();
  q->scale = g.reshape(scale, ArrayRef<int64_t>()), q->zeroPoint = g.reshape(zero, ArrayRef<int64_t>());
  return q;
}
/// (scale, zero point) from argument i on.
static std::shared_ptr<const Quantization> perTensor(AtenCall &c, size_t i) {
  return perTensor(c.g, operandAs(c, i, c.g.b.getF32Type()), operandAs(c, i + 1, c.g.b.getI64Type()));
}
static std::shared_ptr<const Quantization> perChannel(AtenCall &c, size_t i, int64_t axis) {
  auto q = std::make_shared<Quantization>();
  q->scale = c.tensor(i), q->zeroPoint = c.tensor(i + 1), q->axis = axis;
  return q;
}
static Value floatOperand(AtenCall &c, size_t i) {
  const Arg &a = c.arg(i);
  return a.quant ? dequantized(c.g, a) : c.tensor(i);
}

static void dequantize(AtenCall &c) {
  if (c.arg(0).kind != Arg::Kind::List)
    return c.give(floatOperand(c, 0));
  SmallVector<Value> out;
  for (const Arg &a : c.arg(0).list)
    out.push_back(dequantized(c.g, a));
  c.giveList(out);
}
static void quantizePerTensor(AtenCall &c) { // self, scale, zero_point, dtype
  Value x = c.tensor(0);
  Type t = c.dtype(3, c.g.b.getI8Type());
  c.results.push_back(quantized(c.g, x, perTensor(c, 1), t));
}
static void quantizePerChannel(AtenCall &c) { // self, scales, zero_points, axis, dtype
  Value x = c.tensor(0);
  if (!x)
    return;
  Type t = c.dtype(4, c.g.b.getI8Type());
  c.results.push_back(quantized(c.g, x, perChannel(c, 1, c.axis(3, c.g.rank(x))), t));
}
static void intRepr(AtenCall &c) { c.give(c.tensor(0)); }
static void qParam(AtenCall &c) {
  const Arg &a = c.arg(0);
  if (!a.quant)
    return c.fail("the tensor is not quantized");
  bool scale = c.name.contains("scale");
  Value v = scale ? a.quant->scale : a.quant->zeroPoint;
  if (c.name.contains("channel"))
    return c.give(v);
  Arg r;
  r.kind = scale ? Arg::Kind::Double : Arg::Kind::Int;
  auto known = c.g.doubleOf(v);
  r.number = known.value_or(0), r.integer = c.g.expr(scale ? 0 : c.g.intOf(v).value_or(0));
  if (!known)
    r.tensor = v, r.wrapped = true;
  c.results.push_back(r);
}
static void makeQuantized(AtenCall &c) { // integers, scale(s), zero point(s), [axis]
  Arg a = Arg::of(c.tensor(0));
  int64_t rank = a.tensor ? c.g.rank(a.tensor) : 1;
  a.quant = c.name.contains("channel") ? perChannel(c, 1, c.axis(3, rank)) : perTensor(c, 1);
  c.results.push_back(a);
}

//===-- quantized_decomposed: the integers are plain tensors ---------------===//

/// x, scale(s), zero point(s), [axis,] quant_min, quant_max, dtype
static void decomposedQuantize(AtenCall &c) {
  GraphBuilder &g = c.g;
  bool channels = c.name.contains("channel");
  size_t at = channels ? 4 : 3;
  Value x = c.tensor(0);
  if (!x)
    return;
  Type t = c.dtype(at + 2, g.b.getI8Type());
  auto q = channels ? perChannel(c, 1, c.axis(3, g.rank(x))) : perTensor(c, 1);
  Value v = quantized(g, x, q, t).tensor;
  double low = c.number(at), high = c.number(at + 1);
  unsigned w = t.getIntOrFloatBitWidth();
  bool uns = t.isUnsignedInteger();
  double least = uns ? 0 : -std::ldexp(1.0, int(w) - 1), most = std::ldexp(1.0, int(uns ? w : w - 1)) - 1;
  if (v && (low > least || high < most)) // fewer values than the type has
    v = g.clip(v, g.scalar(t, std::max(low, least)), g.scalar(t, std::min(high, most)));
  c.give(v);
}
static void decomposedDequantize(AtenCall &c) {
  bool channels = c.name.contains("channel");
  Arg a = Arg::of(c.tensor(0));
  if (!a.tensor)
    return;
  a.quant = channels ? perChannel(c, 1, c.axis(3, c.g.rank(a.tensor))) : perTensor(c, 1);
  // out_dtype is the last argument, and by keyword
  c.give(c.g.castTo(dequantized(c.g, a), c.dtype(channels ? 7 : 6, c.g.b.getF32Type())));
}

//===-- Packed weights -----------------------------------------------------===//

static void givePacked(AtenCall &c, Packed p) {
  Arg a;
  a.kind = Arg::Kind::Opaque, a.opaque = std::make_shared<Packed>(std::move(p));
  c.results.push_back(std::move(a));
}
static void linearPrepack(AtenCall &c) {
  Packed p;
  p.weight = c.arg(0), p.bias = c.tensorOrNull(1);
  givePacked(c, std::move(p));
}
/// w, b, stride, padding, [output_padding,] dilation, groups
static void convPrepack(AtenCall &c) {
  Value w = c.tensor(0);
  if (!w)
    return;
  size_t n = std::max<int64_t>(1, c.g.rank(w) - 2);
  Packed p;
  p.kind = Packed::Kind::Conv, p.weight = c.arg(0), p.bias = c.tensorOrNull(1);
  p.transposed = c.name.contains("transpose");
  size_t at = p.transposed ? 5 : 4;
  p.stride = c.integers(2, n, 1), p.padding = c.integers(3, n, 0), p.dilation = c.integers(at, n, 1);
  p.outputPadding = p.transposed ? c.integers(4, n, 0) : SmallVector<int64_t>(n, 0), p.groups = c.integer(at + 1, 1);
  givePacked(c, std::move(p));
}
static void embeddingPrepack(AtenCall &c) {
  Packed p;
  p.kind = Packed::Kind::Embedding, p.weight = c.arg(0);
  givePacked(c, std::move(p));
}
static std::shared_ptr<const Packed> packed(AtenCall &c, size_t i, Packed::Kind kind) {
  auto p = packedOf(c.arg(i));
  if (!p || p->kind != kind)
    return c.fail("argument " + Twine(i) + " holds no weights of this kind"), nullptr;
  return p;
}
static void unpack(AtenCall &c) {
  auto p = packedOf(c.arg(0));
  if (!p)
    return c.fail("argument 0 holds no weights");
  c.results.push_back(p->weight);
  Arg bias = Arg::of(p->bias);
  c.results.push_back(p->bias ? bias : Arg());
}

static Value relu(GraphBuilder &g, Value x) { return g.create<graph::ReluOp>({x}); }
static bool endsInRelu(AtenCall &c) { return c.name.contains("relu"); }
static Type typeOf(AtenCall &c, size_t i) {
  Value x = c.arg(i).tensor;
  return x ? c.g.elem(x) : IntegerType::get(c.g.b.getContext(), 8, IntegerType::Unsigned);
}

static Value weightOf(GraphBuilder &g, const Packed &p) {
  return p.weight.quant ? dequantized(g, p.weight) : g.castTo(p.weight.tensor, g.b.getF32Type());
}

/// Codes less their zero points, as f32 in `q` and for weights [out, in] of 8 bits, multiplied as integers; null where
/// no packed kernel would follow.
static Value integerProduct(GraphBuilder &g, Value q, const Packed &p) {
  Value w = p.weight.tensor;
  auto depth = g.rank(w) == 2 ? graph::constantOf(g.dim(w, 1)) : std::nullopt;
  if (g.rank(q) < 2 || !depth || *depth % 2 != 0)
    return {};
  Type i16 = g.b.getI16Type();
  const Quantization &k = *p.weight.quant;
  w = g.castTo(w, i16);
  if (g.doubleOf(k.zeroPoint) != 0.0)
    w = g.sub(w, fitted(g, g.castTo(k.zeroPoint, i16), k.axis, 2));
  Value v = g.create<graph::MatmulOp>({g.castTo(q, i16), g.swapLast(w)}, {g.typeAttr("to", g.b.getI32Type())});
  return g.castTo(v, g.b.getF32Type());
}

/// A product with activations that are quantized by their own range, as torch's dynamic modules do it. Operands are
/// the integers less their zero points, whose sum is exact, or as f32 exact below 2^24 in any order (the rest rounds as
/// any f32 sum), and both scales come after, where torch has them. One bit lost here can be a step in the next layer.
static Value linearDynamic(AtenCall &c, Value x, const Packed &p, bool reduceRange) {
  GraphBuilder &g = c.g;
  if (!x || !p.weight.quant || p.weight.quant->axis > 0)
    return linearOf(c, x, weightOf(g, p), p.bias);
  Type f = g.b.getF32Type(), d = g.b.getF64Type();
  x = g.castTo(x, f);
  // The range, which includes 0, as torch computes it: in double.
  // Rows first: that joins the kernel that computes them.
  SmallVector<int64_t> outer = llvm::to_vector(llvm::seq<int64_t>(0, std::max<int64_t>(g.rank(x), 1) - 1));
  auto extreme = [&](graph::ReduceKind kind) {
    Value v = g.rank(x) ? g.reduce(x, kind, {g.rank(x) - 1}) : x;
    return g.castTo(g.reshape(outer.empty() ? v : g.reduce(v, kind, outer), ArrayRef<int64_t>()), d);
  };
  double top = reduceRange && c.engine == QuantizedEngine::X86 ? 127 : 255;
  Value zero = g.scalar(d, 0), low = g.min(extreme(graph::ReduceKind::Min), zero);
  Value high = g.max(extreme(graph::ReduceKind::Max), zero);
  Value scale = g.castTo(g.div(g.sub(high, low), g.scalar(d, top)), f);
  scale = g.where(g.create<graph::EqualOp>({scale, g.scalar(f, 0)}), g.scalar(f, 0.1), scale);
  Value at = g.clip(g.div(g.create<graph::NegOp>({low}), g.castTo(scale, d)), zero, g.scalar(d, top));
  at = g.castTo(g.create<graph::RoundOp>({at}), f);
  Value q = g.create<graph::RoundOp>({g.mul(x, g.div(g.scalar(f, 1), scale))});
  q = g.clip(q, g.create<graph::NegOp>({at}), g.sub(g.scalar(f, top), at));

  const Quantization &k = *p.weight.quant;
  int64_t rank = g.rank(p.weight.tensor);
  Value v = integerProduct(g, q, p);
  if (!v) {
    Value w = g.castTo(p.weight.tensor, f), offset = fitted(g, g.castTo(k.zeroPoint, f), k.axis, rank);
    v = linearOf(c, q, g.doubleOf(offset) != 0.0 ? g.sub(w, offset) : w, Value());
  }
  if (!v)
    return v;
  v = g.mul(v, g.mul(scale, fitted(g, g.castTo(k.scale, f), k.axis < 0 ? -1 : g.rank(v) - 1, g.rank(v))));
  return p.bias ? g.add(v, g.castTo(p.bias, f)) : v;
}

static void linear(AtenCall &c) { // x, packed, scale, zero point
  GraphBuilder &g = c.g;
  auto p = packed(c, 1, Packed::Kind::Linear);
  if (!p)
    return;
  Value v = linearOf(c, floatOperand(c, 0), weightOf(g, *p), p->bias);
  c.results.push_back(quantized(g, endsInRelu(c) ? relu(g, v) : v, perTensor(c, 2), typeOf(c, 0)));
}
static void linearDynamic(AtenCall &c) { // x, packed, reduce_range
  GraphBuilder &g = c.g;
  auto p = packed(c, 1, Packed::Kind::Linear);
  if (!p)
    return;
  Value x = c.tensor(0);
  Value v = c.name.contains("fp16") ? linearOf(c, x, weightOf(g, *p), p->bias) : linearDynamic(c, x, *p, c.flag(2));
  c.give(endsInRelu(c) ? relu(g, v) : v);
}
/// x, packed, scale, zero point; the old form has stride, padding, dilation and groups before.
static void conv(AtenCall &c) {
  GraphBuilder &g = c.g;
  auto p = packed(c, 1, Packed::Kind::Conv);
  if (!p)
    return;
  ConvParams k{p->stride, p->padding, p->padding, p->dilation, p->outputPadding, p->groups, p->transposed};
  Value v = convOf(c, floatOperand(c, 0), weightOf(g, *p), p->bias, k);
  size_t at = c.args.size() > 6 ? 6 : 2;
  c.results.push_back(quantized(g, endsInRelu(c) ? relu(g, v) : v, perTensor(c, at), typeOf(c, 0)));
}

//===-- Elementwise --------------------------------------------------------===//

/// qa, qb, scale, zero point; with a number for qb the scale of qa stays.
template <bool isMul>
static void binary(AtenCall &c) {
  GraphBuilder &g = c.g;
  if (!c.arg(0).quant && c.arg(1).quant)
    std::swap(c.args[0], c.args[1]);
  Value x = floatOperand(c, 0), y = c.arg(1).quant ? dequantized(g, c.arg(1)) : operandAs(c, 1, g.b.getF32Type());
  Value v = isMul ? g.mul(x, y) : g.add(x, y);
  v = endsInRelu(c) ? relu(g, v) : v;
  bool own = c.args.size() > 3;
  if (!own && !c.arg(0).quant)
    return c.fail("no operand is quantized");
  c.results.push_back(quantized(g, v, own ? perTensor(c, 2) : c.arg(0).quant, typeOf(c, 0)));
}
static void cat(AtenCall &c) { // tensors, dim, scale, zero point
  GraphBuilder &g = c.g;
  SmallVector<Value> xs;
  for (const Arg &a : c.arg(0).list)
    xs.push_back(dequantized(g, a));
  if (xs.empty() || !xs[0])
    return c.fail("an empty list");
  Value v = g.concat(xs, c.axis(1, g.rank(xs[0])));
  auto q = c.has(2) ? perTensor(c, 2) : c.arg(0).list[0].quant;
  c.results.push_back(quantized(g, endsInRelu(c) ? relu(g, v) : v, q, g.elem(c.arg(0).list[0].tensor)));
}
/// A float function whose result has its own scale: arguments of the function, then two.
static void unary(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = floatOperand(c, 0), v;
  size_t at = 1;
  if (c.name.contains("hardswish"))
    v = g.create<graph::HardSwishOp>({x});
  else if (c.name.contains("leaky_relu"))
    v = g.create<graph::LeakyReluOp>({x}, {g.doubleAttr("alpha", c.number(1))}), at = 3;
  else
    v = g.create<graph::SigmoidOp>({x});
  c.results.push_back(quantized(g, v, perTensor(c, at), typeOf(c, 0)));
}
/// sigmoid and tanh have fixed results: [0, 1) and [-1, 1) in 256 steps.
template <bool isTanh>
static void fixedRange(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = floatOperand(c, 0);
  if (!x)
    return;
  bool quant = !!c.arg(0).quant;
  x = g.castTo(x, floatOf(g.elem(x)));
  Value v = isTanh ? g.create<graph::TanhOp>({x}) : g.create<graph::SigmoidOp>({x});
  if (!quant)
    return c.give(v);
  bool uns = typeOf(c, 0).isUnsignedInteger();
  auto q = perTensor(g, g.scalar(g.b.getF32Type(), isTanh ? 2.0 / 256 : 1.0 / 256),
                     g.i64(isTanh ? (uns ? 128 : 0) : (uns ? 0 : -128)));
  c.results.push_back(quantized(g, v, q, typeOf(c, 0)));
}
static void relu6(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = floatOperand(c, 0);
  if (!x)
    return;
  Value v = g.clip(x, g.scalarLike(x, 0), g.scalarLike(x, 6));
  c.results.push_back(quantized(g, v, c.arg(0).quant, typeOf(c, 0)));
}
/// x, weight, bias, mean, var, eps, scale, zero point
static void batchNorm(AtenCall &c) {
  GraphBuilder &g = c.g;
  AtenCall inner{g, "aten::batch_norm", "", {}, {}};
  inner.args = {Arg::of(floatOperand(c, 0)), c.arg(1), c.arg(2), c.arg(3), c.arg(4), Arg(), Arg(), c.arg(5)};
  findAten(inner.name)(inner);
  if (inner.results.empty())
    return;
  Value v = inner.results[0].tensor;
  c.results.push_back(quantized(g, endsInRelu(c) ? relu(g, v) : v, perTensor(c, 6), typeOf(c, 0)));
}

//===-- Embeddings and recurrences -----------------------------------------===//

static void embedding(AtenCall &c) {
  if (auto p = packed(c, 0, Packed::Kind::Embedding))
    c.give(c.g.gather(weightOf(c.g, *p), c.tensor(1), 0));
}
/// packed, indices, offsets, scale_grad, mode, pruned, per_sample_weights, mapping, include_last
static void embeddingBag(AtenCall &c) {
  auto p = packed(c, 0, Packed::Kind::Embedding);
  if (!p)
    return;
  if (c.has(7) && c.flag(5))
    return c.fail("pruned weights are not supported");
  AtenCall inner{c.g, "aten::embedding_bag", "", {}, {}};
  inner.args = {Arg::of(weightOf(c.g, *p)), c.arg(1), c.arg(2), Arg(), c.arg(4), Arg(), c.arg(6), c.arg(8)};
  findAten(inner.name)(inner);
  if (!inner.results.empty())
    c.results.push_back(inner.results[0]);
}

/// Steps that are written out one by one.
static constexpr int64_t maxSteps = 1 << 16;

/// One direction of a dynamically quantized LSTM over x [seq, batch, in], step by step:
/// each state is quantized by its own range.
static bool lstmDirection(AtenCall &c, const Packed &cell, Value x, Value &h, Value &state, bool backward,
                          SmallVector<Value> &ys) {
  GraphBuilder &g = c.g;
  auto steps = x ? graph::constantOf(g.dim(x, 0)) : std::nullopt;
  if (!steps || *steps > maxSteps || !cell.input || !cell.hidden)
    return c.fail("needs a constant number of steps, at most " + Twine(maxSteps)), false;
  Value all = linearDynamic(c, x, *cell.input, cell.reduceRange);
  ys.resize(*steps);
  for (int64_t i = 0; i < *steps; ++i) {
    int64_t at = backward ? *steps - 1 - i : i;
    Value gates = g.add(selectAt(g, all, 0, g.expr(at)), linearDynamic(c, h, *cell.hidden, cell.reduceRange));
    if (!gates || g.hasError() || g.rank(gates) != 2)
      return c.fail("the cell does not fit the states"), false;
    AffineExpr n = g.floorDiv(g.dim(gates, 1), g.expr(4));
    auto gate = [&](int64_t k) { return g.slice(gates, 1, g.simplify(n * k), n); };
    auto sigmoid = [&](Value v) { return g.create<graph::SigmoidOp>({v}); };
    state = g.add(g.mul(sigmoid(gate(1)), state), g.mul(sigmoid(gate(0)), g.create<graph::TanhOp>({gate(2)})));
    h = g.mul(sigmoid(gate(3)), g.create<graph::TanhOp>({state}));
    ys[at] = g.unsqueeze(h, {0});
  }
  return true;
}
/// input, hx[2], cells, has_biases, layers, dropout, train, bidirectional, batch_first
static void quantizedLstm(AtenCall &c) {
  GraphBuilder &g = c.g;
  if (c.overload == "data" || c.arg(2).isTensor())
    return c.fail("packed sequences are not supported");
  Value x = c.tensor(0);
  std::vector<Value> hx = c.tensors(1);
  const std::vector<Arg> cells = c.arg(2).list;
  int64_t layers = c.integer(4), dirs = c.flag(7) ? 2 : 1;
  if (!x || hx.size() != 2 || int64_t(cells.size()) != layers * dirs || g.rank(x) != 3)
    return c.fail(Twine(cells.size()) + " cells for " + Twine(layers) + " layers");
  bool batchFirst = c.flag(8);
  x = batchFirst ? g.transpose(x, {1, 0, 2}) : x;
  SmallVector<Value> hs, cs;
  for (int64_t layer = 0; layer < layers; ++layer) {
    SmallVector<Value> sides;
    for (int64_t d = 0; d < dirs; ++d) {
      int64_t row = layer * dirs + d;
      auto cell = packedOf(cells[row]);
      if (!cell || cell->kind != Packed::Kind::Cell)
        return c.fail("argument 2 holds no cells");
      Value h = selectAt(g, hx[0], 0, g.expr(row)), state = selectAt(g, hx[1], 0, g.expr(row));
      SmallVector<Value> ys;
      if (!lstmDirection(c, *cell, x, h, state, d == 1, ys))
        return;
      sides.push_back(g.concat(ys, 0));
      hs.push_back(g.unsqueeze(h, {0})), cs.push_back(g.unsqueeze(state, {0}));
    }
    x = g.concat(sides, 2);
  }
  c.give(batchFirst ? g.transpose(x, {1, 0, 2}) : x);
  c.give(g.concat(hs, 0)), c.give(g.concat(cs, 0));
}
/// weights of the cell: quantized::make_quantized_cell_params_dynamic(ih, hh, b_ih, b_hh, reduce_range)
static void makeCell(AtenCall &c) {
  auto ih = packed(c, 0, Packed::Kind::Linear), hh = packed(c, 1, Packed::Kind::Linear);
  if (!ih || !hh)
    return;
  Packed p;
  p.kind = Packed::Kind::Cell;
  auto in = std::make_shared<Packed>(*ih), rec = std::make_shared<Packed>(*hh);
  if (c.has(2))
    in->bias = c.tensor(2), rec->bias = c.tensorOrNull(3);
  p.input = in, p.hidden = rec, p.reduceRange = c.flag(4);
  givePacked(c, std::move(p));
}

void addQuantizedRows(AtenTable &t) {
  auto aware = OnQuantized::Aware;
  addRows(t, dequantize, {"dequantize"}, aware), addRows(t, quantizePerTensor, {"quantize_per_tensor"}, aware);
  addRows(t, quantizePerChannel, {"quantize_per_channel"}, aware), addRows(t, intRepr, {"int_repr"}, aware);
  addRows(t, qParam, {"q_scale", "q_zero_point", "q_per_channel_scales", "q_per_channel_zero_points"}, aware);
  addRows(t, makeQuantized, {"_make_per_tensor_quantized_tensor", "_make_per_channel_quantized_tensor"}, aware);
  addRows(t, decomposedQuantize,
          {"quantized_decomposed::quantize_per_tensor", "quantized_decomposed::quantize_per_channel"});
  addRows(t, decomposedDequantize,
          {"quantized_decomposed::dequantize_per_tensor", "quantized_decomposed::dequantize_per_channel"});
  addRows(t, linearPrepack, {"quantized::linear_prepack", "quantized::linear_prepack_fp16"}, aware);
  addRows(t, convPrepack,
          {"quantized::conv1d_prepack", "quantized::conv2d_prepack", "quantized::conv3d_prepack",
           "quantized::conv_transpose1d_prepack", "quantized::conv_transpose2d_prepack"},
          aware);
  addRows(t, embeddingPrepack, {"quantized::embedding_bag_prepack"}, aware);
  addRows(t, unpack, {"quantized::linear_unpack", "quantized::conv2d_unpack"}, aware);
  addRows(t, linear, {"quantized::linear", "quantized::linear_relu"}, aware);
  addRows(t, linearDynamic,
          {"quantized::linear_dynamic", "quantized::linear_relu_dynamic", "quantized::linear_dynamic_fp16"}, aware);
  addRows(t, conv,
          {"quantized::conv1d", "quantized::conv2d", "quantized::conv3d", "quantized::conv1d_relu",
           "quantized::conv2d_relu", "quantized::conv3d_relu", "quantized::conv_transpose1d",
           "quantized::conv_transpose2d"},
          aware);
  addRows(t, binary<false>,
          {"quantized::add", "quantized::add_relu", "quantized::add_scalar", "quantized::add_scalar_relu"}, aware);
  addRows(t, binary<true>,
          {"quantized::mul", "quantized::mul_relu", "quantized::mul_scalar", "quantized::mul_scalar_relu"}, aware);
  addRows(t, cat, {"quantized::cat", "quantized::cat_relu"}, aware);
  addRows(t, unary, {"quantized::hardswish", "quantized::leaky_relu", "quantized::sigmoid"}, aware);
  addRows(t, fixedRange<false>, {"sigmoid"}, aware), addRows(t, fixedRange<true>, {"tanh"}, aware);
  addRows(t, relu6, {"quantized::relu6"}, aware);
  addRows(t, batchNorm,
          {"quantized::batch_norm1d", "quantized::batch_norm2d", "quantized::batch_norm3d",
           "quantized::batch_norm2d_relu", "quantized::batch_norm3d_relu"},
          aware);
  addRows(t, embedding, {"quantized::embedding_byte", "quantized::embedding_4bit"}, aware);
  addRows(t, embeddingBag, {"quantized::embedding_bag_byte", "quantized::embedding_bag_4bit"}, aware);
  addRows(t, quantizedLstm, {"quantized_lstm"}, aware);
  addRows(t, makeCell, {"quantized::make_quantized_cell_params_dynamic"}, aware);
}

} // namespace wick::compiler::torch
