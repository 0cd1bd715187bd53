// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LSTM, GRU, RNN: the input product of all steps and directions is one matmul, the
// recurrence a routine a direction (runtime/kernels/Routines.def has its contract).
//
#include "compiler/frontend/Composites.h"
#include "compiler/frontend/onnx/NodeImport.h"

using namespace mlir;
namespace wick::compiler {

using Cell = RecurrentCell;

static constexpr const char *activationNames[] = {"Sigmoid",         "Tanh",       "Relu",        "Affine", "LeakyRelu",
                                                  "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu",    "Softsign",
                                                  "Softplus"};

/// Fills three activations a direction; alphas and betas are taken in order by the
/// functions that have them.
static bool readActivations(NodeImport &n, Recurrence &r) {
  GraphBuilder &g = n.g;
  std::vector<std::string> names;
  if (const onnx::Attribute *a = n.node.attr("activations"))
    names = a->strings;
  auto alphas = n.node.floatsAttr("activation_alpha").value_or(std::vector<float>());
  auto betas = n.node.floatsAttr("activation_beta").value_or(std::vector<float>());
  size_t each = r.cell == Cell::Lstm ? 3 : r.cell == Cell::Gru ? 2 : 1, nextAlpha = 0, nextBeta = 0;
  const char *usual[] = {r.cell == Cell::Rnn ? "Tanh" : "Sigmoid", "Tanh", "Tanh"};
  for (int64_t d = 0; d < r.dirs; ++d)
    for (size_t k = 0; k < 3; ++k) {
      size_t at = size_t(d) * each + k;
      std::string name = k < each && at < names.size() ? names[at] : usual[k];
      int64_t kind = -1;
      for (int64_t i = 0; i < 11; ++i)
        if (StringRef(name).equals_insensitive(activationNames[i]))
          kind = i;
      if (kind < 0) {
        n.unsupported("activation '" + name + "'");
        return false;
      }
      bool hasAlpha = kind >= 3 && kind <= 8, hasBeta = kind == 3 || kind == 6 || kind == 7;
      double alpha = kind == 4 ? 0.01 : kind == 7 ? 0.2 : 1, beta = kind == 7 ? 0.5 : kind == 6 ? 1 : 0;
      if (k < each && hasAlpha && nextAlpha < alphas.size())
        alpha = alphas[nextAlpha++];
      if (k < each && hasBeta && nextBeta < betas.size())
        beta = betas[nextBeta++];
      r.activations.append({g.expr(kind), g.doubleArg(alpha), g.doubleArg(beta)});
    }
  return true;
}

/// Row `d` of a [dirs, ...] operand without its first dim.
static Value direction(GraphBuilder &g, Value v, int64_t d) {
  return v ? g.squeeze(g.slice(v, 0, g.expr(d), g.expr(1)), {0}) : v;
}

/// Wb + Rb of a direction [gates * hidden]; for GRU with linear_before_reset the h
/// part is Wb alone and `rbh` gets the rest.
static Value foldBias(GraphBuilder &g, const Recurrence &r, Value bias, int64_t d, Value &rbh) {
  AffineExpr n = g.expr(r.gates * r.hidden), h = g.expr(r.hidden);
  Value both = direction(g, bias, d), wb = g.slice(both, 0, g.expr(0), n), rb = g.slice(both, 0, n, n);
  rbh = g.slice(rb, 0, g.simplify(n - h), h);
  if (r.cell != Cell::Gru || !(r.flags & 8))
    return g.add(wb, rb);
  return g.concat({g.add(g.slice(wb, 0, g.expr(0), g.simplify(n - h)), g.slice(rb, 0, g.expr(0), g.simplify(n - h))),
                   g.slice(wb, 0, g.simplify(n - h), h)},
                  0);
}

/// Quantized weights: codes [dirs, inputs, 4H], scales and zero points [dirs, 1 or 4H].
struct WeightCodes {
  Value codes, scale, zero;
};

/// x [rows, inputs], quantized as a whole, times the weights of all directions, as f32.
static Value quantizedProduct(GraphBuilder &g, Value x, const WeightCodes &w) {
  Type i32 = g.b.getI32Type();
  Exprs d = g.dims(w.codes);
  AffineExpr columns = g.simplify(d[0] * d[2]);
  auto spread = [&](Value v) { // one number, or one a column
    return graph::isConstant(g.count(v), 1) ? g.reshape(v, ArrayRef<int64_t>())
                                            : g.reshape(g.expandTo(v, {d[0], d[2]}), {columns});
  };
  auto centred = [&](Value codes, Value zero) {
    return g.intOf(zero) == 0 ? g.castTo(codes, i32) : g.sub(g.castTo(codes, i32), g.castTo(zero, i32));
  };
  DynamicCodes a = dynamicQuantize(g, x);
  Value b = g.reshape(g.transpose(w.codes, {1, 0, 2}), {d[1], columns});
  Value acc = g.matmul(centred(a.codes, a.zero), centred(b, spread(w.zero)));
  return acc ? g.mul(g.castTo(acc, g.b.getF32Type()), g.mul(a.scale, spread(w.scale))) : acc;
}

/// Steps behind the longest sequence as zeros: they must not widen the range of x.
static Value withoutTail(GraphBuilder &g, Value x, Value seqLens) {
  Value longest = g.reshape(g.reduce(seqLens, graph::ReduceKind::Max, {0}), ArrayRef<int64_t>());
  AffineExpr one = g.expr(1), steps = g.dim(x, 0);
  Value isIn = g.create<graph::LessOp>({g.iota(g.b.getI64Type(), steps), longest});
  return g.where(g.reshape(isIn, {steps, one, one}), x, g.scalarLike(x, 0));
}

/// Of one direction: R as the routine takes it.
static void setQuantized(GraphBuilder &g, const WeightCodes &r, int64_t d, int64_t columns, RecurrentParams &p) {
  Type i8 = g.b.getI8Type(), i32 = g.b.getI32Type();
  Value codes = direction(g, r.codes, d), zero = g.castTo(direction(g, r.zero, d), i32);
  if (g.elem(codes) != i8) { // u8: both moved by 128
    codes = g.castTo(g.sub(g.castTo(codes, i32), g.scalar(i32, 128)), i8);
    zero = g.sub(zero, g.scalar(i32, 128));
  }
  p.recurrent = codes;
  p.scales = g.expandTo(direction(g, r.scale, d), {g.expr(columns)});
  p.zeros = g.expandTo(zero, {g.expr(columns)});
}

static void importRecurrent(NodeImport &n, Cell cell, const WeightCodes *wCodes = nullptr,
                            const WeightCodes *rCodes = nullptr) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), w = n.input(1), rec = n.input(2), h0 = n.input(5),
        c0 = cell == Cell::Lstm ? n.input(6) : Value();
  Value peephole = cell == Cell::Lstm ? n.input(7) : Value();
  bool batchFirst = n.intAttr("layout", 0);
  if (g.rank(x) != 3 || g.rank(w) != 3 || g.rank(rec) != 3)
    return n.error("X, W and R must have rank 3");
  auto dirs = graph::constantOf(g.dim(w, 0)), rows = graph::constantOf(g.dim(w, 1)),
       hidden = graph::constantOf(g.dim(rec, 2));
  int64_t hiddenSize = n.intAttr("hidden_size", 0), gates = cell == Cell::Lstm ? 4 : cell == Cell::Gru ? 3 : 1;
  if (hiddenSize > 0) { // open sizes that the attributes tell
    g.mustEqual(g.dim(w, 0), g.expr(n.stringAttr("direction", "forward") == "bidirectional" ? 2 : 1));
    g.mustEqual(g.dim(w, 1), g.expr(gates * hiddenSize));
    g.mustEqual(g.dim(rec, 0), g.dim(w, 0));
    g.mustEqual(g.dim(rec, 1), g.dim(w, 1));
    g.mustEqual(g.dim(rec, 2), g.expr(hiddenSize));
  }
  if (!dirs || !rows || !hidden || *hidden == 0 || *rows % *hidden)
    return n.unsupported("sizes of W '" + n.node.inputs[1] + "' or R '" + n.node.inputs[2] +
                         "' are open and no hidden_size tells them; fix them with --shape");
  Recurrence r{};
  r.cell = cell, r.gates = *rows / *hidden, r.hidden = *hidden, r.dirs = *dirs;
  r.flags =
      (cell == Cell::Lstm && n.intAttr("input_forget", 0)) || (cell == Cell::Gru && n.intAttr("linear_before_reset", 0))
          ? 8
          : 0;
  r.clip = n.floatAttr("clip", 0);
  r.reverseOnly = n.stringAttr("direction", "forward") == "reverse";
  Type elem = g.elem(x);
  r.elem = elem.isF64() ? elem : Type(g.b.getF32Type());
  if (!readActivations(n, r))
    return;
  if (batchFirst) {
    x = g.transpose(x, {1, 0, 2});
    h0 = h0 ? g.transpose(h0, {1, 0, 2}) : h0, c0 = c0 ? g.transpose(c0, {1, 0, 2}) : c0;
  }
  r.seq = g.dim(x, 0), r.batch = g.dim(x, 1);
  for (Value initial : {h0, c0})
    if (initial) {
      g.mustEqual(r.batch, g.dim(initial, 1));
      r.batch = graph::constantOf(g.dim(initial, 1)) ? g.dim(initial, 1) : r.batch;
    }
  r.hasSeqLens = !!n.input(4);
  r.seqLens = r.hasSeqLens ? g.castTo(n.input(4), g.b.getI64Type()) : g.i64s({0});
  // All directions' input products at once: [seq * batch, I] x [I, dirs * gates * H].
  if (wCodes && r.hasSeqLens)
    x = withoutTail(g, x, r.seqLens);
  auto flatX = [&] { return g.reshape(g.castTo(x, r.elem), {g.simplify(r.seq * r.batch), g.dim(x, 2)}); };
  if (wCodes) {
    r.x = quantizedProduct(g, flatX(), *wCodes);
  } else {
    Value wt = g.swapLast(g.reshape(g.castTo(w, r.elem), {g.expr(r.dirs * *rows), g.dim(w, 2)}));
    r.x = g.matmul(flatX(), wt);
  }
  SmallVector<Value> rbh(r.dirs), biases;
  for (int64_t d = 0; n.input(3) && d < r.dirs; ++d)
    biases.push_back(foldBias(g, r, g.castTo(n.input(3), r.elem), d, rbh[d]));
  if (!biases.empty() && !rCodes)
    r.x = g.add(r.x, g.concat(biases, 0));
  SmallVector<Value> ys, hs, cs;
  for (int64_t d = 0; d < r.dirs && r.x; ++d) {
    RecurrentParams p{
        direction(g, rec, d), rbh[d], direction(g, h0, d), direction(g, c0, d), direction(g, peephole, d), {}, {}, {}};
    if (rCodes) {
      setQuantized(g, *rCodes, d, *rows, p);
      p.bias = biases.empty() ? g.splat(r.elem, {g.expr(*rows)}, 0) : biases[d];
    }
    auto out = runRecurrence(g, r, p, d);
    ys.push_back(out[0]);
    hs.push_back(g.unsqueeze(out[1], {0}));
    if (cell == Cell::Lstm)
      cs.push_back(g.unsqueeze(out[2], {0}));
  }
  if (ys.empty() || !ys[0])
    return;
  auto done = [&](Value v, bool isY) {
    v = g.castTo(v, elem);
    return !batchFirst || !v ? v : isY ? g.transpose(v, {2, 0, 1, 3}) : g.transpose(v, {1, 0, 2});
  };
  n.set(0, done(g.concat(ys, 1), true));
  n.set(1, done(g.concat(hs, 0), false));
  if (cell == Cell::Lstm)
    n.set(2, done(g.concat(cs, 0), false));
}

/// com.microsoft.DynamicQuantizeLSTM: inputs X, W [dirs, I, 4H], R [dirs, H, 4H], B, seq_lens,
/// h0, c0, P, then scale and zero point of W and R. X is quantized as a whole, the state at
/// each step, as onnxruntime does.
static void importQuantizedLstm(NodeImport &n) {
  GraphBuilder &g = n.g;
  WeightCodes codes[2];
  for (int k = 0; k < 2; ++k) {
    Value w = n.input(1 + k), scale = n.input(8 + 2 * k), zero = n.input(9 + 2 * k);
    if (!w || !scale || !zero || g.rank(w) != 3 || g.elem(w).getIntOrFloatBitWidth() != 8)
      return n.error("W and R need 8-bit elements, scales and zero points");
    auto align = [&](Value v) { // [dirs] or [dirs, 4H]
      return g.reshape(v, {g.dim(v, 0), g.rank(v) > 1 ? g.dim(v, 1) : g.expr(1)});
    };
    if (g.rank(scale) < 1 || g.rank(scale) > 2 || g.rank(zero) < 1 || g.rank(zero) > 2)
      return n.error("scales and zero points must have rank 1 or 2");
    codes[k] = {w, align(scale), align(zero)};
    n.in[1 + k] = g.swapLast(w);
    if (!n.in[1 + k])
      return;
  }
  if (!g.elem(n.input(0)).isF32())
    return n.unsupported("X that is not f32");
  importRecurrent(n, Cell::Lstm, &codes[0], &codes[1]);
}

void addRecurrentImporters(ImportTable &t) {
  t["com.microsoft.DynamicQuantizeLSTM"] = importQuantizedLstm;
  t["LSTM"] = [](NodeImport &n) { importRecurrent(n, Cell::Lstm); };
  t["GRU"] = [](NodeImport &n) { importRecurrent(n, Cell::Gru); };
  t["RNN"] = [](NodeImport &n) { importRecurrent(n, Cell::Rnn); };
}

} // namespace wick::compiler
