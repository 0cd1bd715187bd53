// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One direction of LSTM, GRU, RNN as a call of its routine; the input product of all
// steps and directions is one matmul, done by the caller. And quantization of activations.
//
#include "compiler/frontend/Composites.h"

using namespace mlir;
namespace wick::compiler {

DynamicCodes dynamicQuantize(GraphBuilder &g, Value x) {
  if (!x)
    return {};
  Value flat = g.flatten(x), zero = g.scalarLike(x, 0), top = g.scalarLike(x, 255);
  auto extreme = [&](graph::ReduceKind kind) { return g.reshape(g.reduce(flat, kind, {0}), ArrayRef<int64_t>()); };
  Value most = g.max(extreme(graph::ReduceKind::Max), zero), least = g.min(extreme(graph::ReduceKind::Min), zero);
  Value span = g.sub(most, least);
  Value scale = g.where(g.create<graph::EqualOp>({span, zero}), g.scalarLike(x, 1), g.div(span, top));
  Value at = g.clip(g.div(g.sub(zero, least), scale), zero, top);
  Type u8 = g.b.getIntegerType(8, false);
  Value point = g.castTo(g.create<graph::RoundOp>({at}), u8);
  return {g.create<graph::QuantizeOp>({x, scale, point}, {g.typeAttr("to", u8)}), scale, point};
}

SmallVector<Value> runRecurrence(GraphBuilder &g, const Recurrence &r, const RecurrentParams &p, int64_t d) {
  AffineExpr h = g.expr(r.hidden), zero = g.expr(0), columns = g.expr(r.dirs * r.gates * r.hidden);
  Exprs state{r.batch, h};
  auto initial = [&](Value v) { return v ? g.castTo(v, r.elem) : g.splat(r.elem, state, 0); };
  int64_t flags = r.flags | (d == 1 || r.reverseOnly ? 1 : 0) | (r.hasSeqLens ? 2 : 0) | (p.peephole ? 4 : 0);
  bool isQuantized = !!p.scales;
  SmallVector<Value> operands{r.x, isQuantized ? p.recurrent : g.swapLast(g.castTo(p.recurrent, r.elem))};
  if (isQuantized)
    operands.append({p.bias, p.scales, g.castTo(p.zeros, g.b.getI64Type())});
  if (r.cell == RecurrentCell::Gru)
    operands.push_back(p.rbh ? g.castTo(p.rbh, r.elem) : g.splat(r.elem, {h}, 0));
  operands.push_back(initial(p.h0));
  if (r.cell == RecurrentCell::Lstm) {
    operands.push_back(initial(p.c0));
    operands.push_back(p.peephole ? g.castTo(p.peephole, r.elem) : g.splat(r.elem, {g.expr(3 * r.hidden)}, 0));
  }
  operands.push_back(r.seqLens);
  Exprs args{r.seq,
             r.batch,
             h,
             g.expr(flags),
             columns,
             g.expr(d * r.gates * r.hidden),
             g.simplify(r.batch * h),
             h,
             zero,
             g.doubleArg(r.clip)};
  args.append(r.activations.begin() + d * 9, r.activations.begin() + d * 9 + 9);
  Type y = graph::tensorOf(r.elem, {r.seq, g.expr(1), r.batch, h}), last = graph::tensorOf(r.elem, state);
  SmallVector<Type> types{y, last};
  if (r.cell == RecurrentCell::Lstm)
    types.push_back(last);
  int64_t bytes = r.elem.isF64() ? 8 : 4;
  int64_t perHidden = r.cell == RecurrentCell::Lstm ? 24 : r.cell == RecurrentCell::Gru ? 20 : 8;
  if (isQuantized)
    return g.routine("lstm_quantized", operands, types, args, g.expr(1), g.simplify(r.batch * (15 * r.hidden * bytes)));
  const char *names[] = {"lstm", "gru", "rnn"};
  return g.routine(names[int(r.cell)], operands, types, args, r.batch, g.expr(perHidden * r.hidden * bytes));
}

} // namespace wick::compiler
