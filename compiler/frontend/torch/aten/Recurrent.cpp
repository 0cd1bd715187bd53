// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LSTM, GRU and RNN of all layers and directions, and single cells. Weights hold gates
// in torch's order (i f g o; r z n); routines want ONNX's (i o f c; z r h), so rows are
// moved once, on constants.
//
// An LSTM with projections feeds back W_hr h instead of h, which is one with the matrix
// W_hh W_hr whose results are projected; only the first state, which has no h before its
// projection, comes in beside the input of the first step.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

namespace {
struct Layers {
  RecurrentCell cell;
  bool relu = false;
  bool biases, bidirectional, batchFirst;
  int64_t count;
};
/// One layer's and direction's weights, gates in ONNX's order.
struct Weights {
  Value ih, hh, bih, bhh, projection;
};
} // namespace

static int64_t gatesOf(RecurrentCell c) { return c == RecurrentCell::Lstm ? 4 : c == RecurrentCell::Gru ? 3 : 1; }

/// Rows of gates from torch's order to ONNX's.
static Value reorder(GraphBuilder &g, Value w, RecurrentCell cell) {
  if (!w || cell == RecurrentCell::Rnn)
    return w;
  AffineExpr h = g.floorDiv(g.dim(w, 0), g.expr(gatesOf(cell)));
  auto gate = [&](int64_t i) { return g.slice(w, 0, g.simplify(h * i), h); };
  return cell == RecurrentCell::Lstm ? g.concat({gate(0), gate(3), gate(1), gate(2)}, 0)
                                     : g.concat({gate(1), gate(0), gate(2)}, 0);
}

/// v [batch, columns] at the step where a direction starts, zeros at the others: [seq, batch, columns].
static Value atFirstStep(GraphBuilder &g, Value v, AffineExpr seq, bool reverse) {
  AffineExpr zero = g.expr(0), rest = g.simplify(seq - 1);
  return g.padConstant(g.unsqueeze(v, {0}), {reverse ? rest : zero, zero, zero}, {reverse ? zero : rest, zero, zero},
                       0);
}

/// All layers over x [seq, batch, in]; `h0`, `c0` [layers * dirs, batch, hidden]. `params`
/// has ih, hh and, with biases, their two for each layer and direction.
static std::optional<SmallVector<Value>> runLayers(AtenCall &c, Value x, Value h0, Value c0, ArrayRef<Value> params,
                                                   const Layers &l) {
  GraphBuilder &g = c.g;
  int64_t dirs = l.bidirectional ? 2 : 1, each = l.biases ? 4 : 2, gates = gatesOf(l.cell);
  bool projects = l.cell == RecurrentCell::Lstm && int64_t(params.size()) == l.count * dirs * (each + 1);
  each += projects;
  if (int64_t(params.size()) != l.count * dirs * each)
    return c.fail(Twine(params.size()) + " weights, expected " + Twine(l.count * dirs * each)), std::nullopt;
  if (l.count < 1)
    return c.fail(Twine(l.count) + " layers"), std::nullopt;
  if (!x || g.rank(x) != 3)
    return c.fail("input must have three dims"), std::nullopt;
  Type elem = g.elem(x), compute = elem.isF64() ? elem : Type(g.b.getF32Type());
  SmallVector<Value> hs, cs;
  for (int64_t layer = 0; layer < l.count; ++layer) {
    SmallVector<Weights> ws;
    for (int64_t d = 0; d < dirs; ++d) {
      ArrayRef<Value> p = params.slice((layer * dirs + d) * each, each);
      if (llvm::any_of(p, [](Value v) { return !v; }))
        return std::nullopt;
      for (auto [i, v] : llvm::enumerate(p)) { // two matrices, two biases, and a matrix to project by
        int64_t wanted = i < 2 || (projects && i + 1 == p.size()) ? 2 : 1;
        if (g.rank(v) != wanted)
          return c.fail("weight " + Twine(i) + " of a layer has rank " + Twine(g.rank(v)) + ", expected " +
                        Twine(wanted)),
                 std::nullopt;
      }
      auto at = [&](size_t i) { return reorder(g, g.castTo(p[i], compute), l.cell); };
      ws.push_back({at(0), at(1), l.biases ? at(2) : Value(), l.biases ? at(3) : Value(),
                    projects ? g.castTo(p.back(), compute) : Value()});
    }
    Value sized = projects ? ws[0].projection : ws[0].hh;
    auto hidden = sized ? graph::constantOf(g.dim(sized, 1)) : std::nullopt;
    if (!hidden)
      return c.fail("the hidden size is not constant"), std::nullopt;
    Recurrence r{};
    r.cell = l.cell, r.gates = gates, r.hidden = *hidden, r.dirs = dirs;
    r.flags = l.cell == RecurrentCell::Gru ? 8 : 0; // the reset gate scales the product with its bias
    r.seq = g.dim(x, 0), r.batch = g.dim(x, 1), r.elem = compute, r.seqLens = g.i64s({0});
    int64_t first = l.cell == RecurrentCell::Rnn ? (l.relu ? 2 : 1) : 0;
    for (int64_t d = 0; d < dirs; ++d)
      for (int64_t kind : {first, int64_t(1), int64_t(1)})
        r.activations.append({g.expr(kind), g.doubleArg(1), g.doubleArg(0)});
    SmallVector<Value> ih, biases, rbh(dirs);
    AffineExpr h = g.expr(*hidden), head = g.expr((gates - 1) * *hidden);
    for (int64_t d = 0; d < dirs; ++d) {
      ih.push_back(ws[d].ih);
      if (!l.biases)
        continue;
      Value wb = ws[d].bih, rb = ws[d].bhh;
      if (l.cell != RecurrentCell::Gru) {
        biases.push_back(g.add(wb, rb));
        continue;
      }
      auto part = [&](Value v) { return g.slice(v, 0, g.expr(0), head); };
      biases.push_back(g.concat({g.add(part(wb), part(rb)), g.slice(wb, 0, head, h)}, 0));
      rbh[d] = g.slice(rb, 0, head, h);
    }
    Value in = g.reshape(g.castTo(x, compute), {g.simplify(r.seq * r.batch), g.dim(x, 2)});
    r.x = g.matmul(in, g.swapLast(g.concat(ih, 0)));
    if (l.biases)
      r.x = g.add(r.x, g.concat(biases, 0));
    auto stateOf = [&](Value v, int64_t d) { return v ? selectAt(g, v, 0, g.expr(layer * dirs + d)) : v; };
    if (projects && h0) {
      SmallVector<Value> first;
      for (int64_t d = 0; d < dirs; ++d) {
        Value h = g.matmul(g.castTo(stateOf(h0, d), compute), g.swapLast(ws[d].hh));
        first.push_back(atFirstStep(g, h, r.seq, d == 1));
      }
      Value all = g.concat(first, 2);
      r.x = all && r.x ? g.add(r.x, g.reshape(all, g.dims(r.x))) : Value();
    }
    SmallVector<Value> ys;
    for (int64_t d = 0; d < dirs && r.x; ++d) {
      Value back = projects ? g.swapLast(ws[d].projection) : Value();
      RecurrentParams p{};
      p.recurrent = projects ? g.matmul(ws[d].hh, ws[d].projection) : ws[d].hh;
      p.rbh = rbh[d], p.h0 = projects ? Value() : stateOf(h0, d), p.c0 = stateOf(c0, d);
      auto out = runRecurrence(g, r, p, d);
      if (projects)
        out[0] = g.matmul(out[0], back), out[1] = g.matmul(out[1], back);
      ys.push_back(g.squeeze(out[0], {1}));
      hs.push_back(g.unsqueeze(out[1], {0}));
      if (l.cell == RecurrentCell::Lstm)
        cs.push_back(g.unsqueeze(out[2], {0}));
    }
    if (ys.empty())
      return std::nullopt;
    x = g.castTo(g.concat(ys, 2), elem);
    if (!x) // what follows reads its sizes
      return std::nullopt;
  }
  auto joined = [&](ArrayRef<Value> v) { return v.empty() ? Value() : g.castTo(g.concat(v, 0), elem); };
  return SmallVector<Value>{x, joined(hs), joined(cs)};
}

/// lstm(input, hx[2], params, has_biases, layers, dropout, train, bidirectional, batch_first);
/// gru and rnn have one tensor for hx. Packed sequences (.data) are refused.
static void recurrent(AtenCall &c, RecurrentCell cell, bool relu) {
  GraphBuilder &g = c.g;
  if (c.overload == "data" || c.arg(2).isTensor())
    return c.fail("packed sequences are not supported");
  Value x = c.tensor(0);
  bool train = c.flag(6);
  if (!x || (train && c.number(5) != 0))
    return c.fail("training mode is not supported");
  std::vector<Value> hx = c.tensors(1), params = c.tensors(2);
  Layers l{cell, relu, c.flag(3), c.flag(7), c.flag(8), c.integer(4)};
  if (hx.size() != (cell == RecurrentCell::Lstm ? 2 : 1))
    return c.fail(Twine(hx.size()) + " initial states");
  bool batched = g.rank(x) == 3;
  Value h0 = hx[0], c0 = hx.size() > 1 ? hx[1] : Value();
  if (!batched) // [seq, in]
    x = g.unsqueeze(x, {1}), h0 = g.unsqueeze(h0, {1}), c0 = c0 ? g.unsqueeze(c0, {1}) : c0;
  else if (l.batchFirst)
    x = g.transpose(x, {1, 0, 2});
  auto out = runLayers(c, x, h0, c0, params, l);
  if (!out)
    return;
  Value y = (*out)[0];
  if (!batched)
    y = g.squeeze(y, {1}), (*out)[1] = g.squeeze((*out)[1], {1}),
    (*out)[2] = (*out)[2] ? g.squeeze((*out)[2], {1}) : Value();
  else if (l.batchFirst)
    y = g.transpose(y, {1, 0, 2});
  c.give(y), c.give((*out)[1]);
  if (cell == RecurrentCell::Lstm)
    c.give((*out)[2]);
}
static void lstm(AtenCall &c) { recurrent(c, RecurrentCell::Lstm, false); }
static void gru(AtenCall &c) { recurrent(c, RecurrentCell::Gru, false); }
static void rnnTanh(AtenCall &c) { recurrent(c, RecurrentCell::Rnn, false); }
static void rnnRelu(AtenCall &c) { recurrent(c, RecurrentCell::Rnn, true); }

/// x W_ih^T + b_ih and h W_hh^T + b_hh, cut into gates of the last dim.
static SmallVector<Value> gateParts(AtenCall &c, Value v, int64_t gates) {
  SmallVector<Value> out;
  GraphBuilder &g = c.g;
  if (!v)
    return SmallVector<Value>(gates);
  int64_t last = g.rank(v) - 1;
  if (last < 0)
    return c.fail("states must have at least one dim"), SmallVector<Value>(gates);
  AffineExpr h = g.floorDiv(g.dim(v, last), g.expr(gates));
  for (int64_t i = 0; i < gates; ++i)
    out.push_back(g.slice(v, last, g.simplify(h * i), h));
  return out;
}
static void lstmCell(AtenCall &c) { // input, hx[2], w_ih, w_hh, b_ih, b_hh
  GraphBuilder &g = c.g;
  std::vector<Value> hx = c.tensors(1);
  if (hx.size() != 2)
    return c.fail("needs two states");
  Value all = g.add(linearOf(c, c.tensor(0), c.tensor(2), c.tensorOrNull(4)),
                    linearOf(c, hx[0], c.tensor(3), c.tensorOrNull(5)));
  auto p = gateParts(c, all, 4);
  auto sigmoid = [&](Value v) { return g.create<graph::SigmoidOp>({v}); };
  auto tanh = [&](Value v) { return g.create<graph::TanhOp>({v}); };
  Value cell = g.add(g.mul(sigmoid(p[1]), hx[1]), g.mul(sigmoid(p[0]), tanh(p[2])));
  c.give(g.mul(sigmoid(p[3]), tanh(cell)));
  c.give(cell);
}
static void gruCell(AtenCall &c) { // input, hx, w_ih, w_hh, b_ih, b_hh
  GraphBuilder &g = c.g;
  Value h = c.tensor(1);
  auto x = gateParts(c, linearOf(c, c.tensor(0), c.tensor(2), c.tensorOrNull(4)), 3);
  auto r = gateParts(c, linearOf(c, h, c.tensor(3), c.tensorOrNull(5)), 3);
  auto sigmoid = [&](Value v) { return g.create<graph::SigmoidOp>({v}); };
  Value reset = sigmoid(g.add(x[0], r[0])), keep = sigmoid(g.add(x[1], r[1]));
  Value fresh = g.create<graph::TanhOp>({g.add(x[2], g.mul(reset, r[2]))});
  c.give(g.add(fresh, g.mul(keep, g.sub(h, fresh))));
}
template <bool relu>
static void rnnCell(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value v = g.add(linearOf(c, c.tensor(0), c.tensor(2), c.tensorOrNull(4)),
                  linearOf(c, c.tensor(1), c.tensor(3), c.tensorOrNull(5)));
  c.give(relu ? g.create<graph::ReluOp>({v}) : g.create<graph::TanhOp>({v}));
}

void addRecurrentRows(AtenTable &t) {
  addRows(t, lstm, {"lstm"}), addRows(t, gru, {"gru"}), addRows(t, rnnTanh, {"rnn_tanh"});
  addRows(t, rnnRelu, {"rnn_relu"}), addRows(t, lstmCell, {"lstm_cell"}), addRows(t, gruCell, {"gru_cell"});
  addRows(t, rnnCell<false>, {"rnn_tanh_cell"}), addRows(t, rnnCell<true>, {"rnn_relu_cell"});
}

} // namespace wick::compiler::torch
