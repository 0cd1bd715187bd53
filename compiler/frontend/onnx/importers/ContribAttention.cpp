// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// com.microsoft: attention. All forms end in one composition of products and a softmax.
// Caches come in two kinds: one grows by concatenation, one is a buffer that is at least as
// long as it will become; the routine cache_append serves both and, where the caller
// binds one memory to past and present, writes the new rows alone.
//
#include "compiler/frontend/onnx/importers/Contrib.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler {
namespace contrib {

//===-- The composition ----------------------------------------------------===//

Value splitHeads(NodeImport &n, Value x, int64_t heads) {
  GraphBuilder &g = n.g;
  if (!x)
    return x;
  auto width = graph::constantOf(g.dim(x, 2));
  if (!width || heads < 1 || *width % heads) {
    n.error("a hidden size of " + (width ? Twine(*width) : Twine("unknown length")) + " for " + Twine(heads) +
            " heads");
    return {};
  }
  return g.transpose(g.reshape(x, {g.dim(x, 0), g.dim(x, 1), g.expr(heads), g.expr(*width / heads)}), {0, 2, 1, 3});
}

Value joinHeads(GraphBuilder &g, Value x) {
  if (!x)
    return x;
  Value v = g.transpose(x, {0, 2, 1, 3});
  return g.reshape(v, {g.dim(v, 0), g.dim(v, 1), g.simplify(g.dim(v, 2) * g.dim(v, 3))});
}

Value sized(NodeImport &n, Value v, int64_t axis, AffineExpr size) {
  GraphBuilder &g = n.g;
  if (!v || graph::isConstant(g.dim(v, axis), 1) || graph::provablyEqual(g.dim(v, axis), size))
    return v;
  auto have = graph::constantOf(g.dim(v, axis)), want = graph::constantOf(size);
  if (have && want) {
    n.error("dim " + Twine(axis) + " of a mask or bias is " + Twine(*have) + ", expected " + Twine(*want));
    return {};
  }
  g.mustEqual(g.dim(v, axis), size);
  g.checkEqual(g.dim(v, axis), size, "a mask or bias of attention is as long as the keys");
  return g.slice(v, axis, g.expr(0), size);
}

double scaleOf(NodeImport &n, int64_t size) {
  double scale = n.floatAttr("scale", 0);
  return scale != 0 ? scale : 1 / std::sqrt(double(size));
}

Value attend(GraphBuilder &g, Value q, Value k, Value v, const Scores &s, Value *logits, Value *weights) {
  if (!q || !k || !v)
    return {};
  Value x = g.matmul(g.mul(q, s.scale), g.swapLast(k));
  if (s.softcap > 0 && x)
    x = g.mul(g.create<graph::TanhOp>({g.div(x, g.scalarLike(x, s.softcap))}), s.softcap);
  if (s.bias)
    x = g.add(x, s.bias);
  if (s.allowed && x)
    x = g.where(s.allowed, x, g.scalarLike(x, -std::numeric_limits<double>::infinity()));
  if (!x)
    return {};
  if (logits)
    *logits = x;
  Value w;
  if (s.sink) { // one more term of the sum, which belongs to no key
    Value most = g.max(g.reduce(x, graph::ReduceKind::Max, {3}), s.sink);
    Value e = g.create<graph::ExpOp>({g.sub(x, most)});
    w = g.div(e, g.add(g.reduce(e, graph::ReduceKind::Sum, {3}), g.create<graph::ExpOp>({g.sub(s.sink, most)})));
  } else {
    w = g.softmax(x, {3});
  }
  if (weights)
    *weights = w;
  return g.matmul(w, v);
}

Value maskBias(NodeImport &n, Value mask, Type elem, AffineExpr batch, AffineExpr queries, AffineExpr keys,
               AffineExpr past, bool causal) {
  GraphBuilder &g = n.g;
  Type i32 = g.b.getI32Type();
  AffineExpr one = g.expr(1);
  Value bias, zero = g.scalar(elem, 0), filter = g.scalar(elem, n.floatAttr("mask_filter_value", -10000.0f));
  int64_t rank = mask ? g.rank(mask) : 0;
  Value at = g.iota(i32, keys);
  if (mask && (rank == 2 || rank == 3)) {
    mask = sized(n, mask, rank - 1, keys);
    if (!mask)
      return {};
    Exprs shape = g.dims(mask);
    shape.insert(shape.begin() + 1, rank == 2 ? 2 : 1, one);
    Value keep = g.create<graph::LessOp>({g.scalarLike(mask, 0), mask});
    bias = g.reshape(g.where(keep, zero, filter), shape);
  } else if (mask && rank == 1) { // ends, or ends and then starts; or ends and what only other devices read
    auto part = [&](AffineExpr from) {
      return g.reshape(g.castTo(g.slice(mask, 0, from, batch), i32), {batch, one, one, one});
    };
    Value drop = g.create<graph::LessEqualOp>({part(g.expr(0)), at});
    bool hasStarts = graph::provablyEqual(g.dim(mask, 0), g.simplify(batch * 2));
    bool onlyEnds =
        graph::provablyEqual(g.dim(mask, 0), batch) || graph::provablyEqual(g.dim(mask, 0), g.simplify(batch * 3 + 2));
    if (!hasStarts && !onlyEnds) {
      n.unsupported("a mask of one dim that is not known to be the batch, twice or three times it; fix the sizes");
      return {};
    }
    if (hasStarts)
      drop = g.create<graph::OrOp>({drop, g.create<graph::LessOp>({at, part(batch)})});
    bias = g.where(drop, filter, zero);
  } else if (mask) {
    n.unsupported("a mask of rank " + Twine(rank));
    return {};
  }
  if (!causal)
    return bias;
  Value last = g.castTo(g.add(g.iota(g.b.getI64Type(), queries), g.dimScalar(past)), i32);
  Value later = g.create<graph::LessOp>({g.reshape(last, {queries, one}), at});
  Value least = g.scalar(elem, -double(std::numeric_limits<float>::max()));
  return g.where(later, least, bias ? bias : zero);
}

Value rotate(NodeImport &n, Value x, Value positions, Value cosines, Value sines, bool interleaved) {
  GraphBuilder &g = n.g;
  if (!x || !positions)
    return {};
  if (!cosines || !sines || g.rank(cosines) != 2 || g.rank(sines) != 2) {
    n.error("cos_cache and sin_cache must have rank 2");
    return {};
  }
  auto half = graph::constantOf(g.dim(cosines, 1)), size = graph::constantOf(g.dim(x, 3));
  if (!half || !size || *half * 2 > *size) {
    n.error("caches of width " + Twine(half.value_or(-1)) + " for heads of size " + Twine(size.value_or(-1)));
    return {};
  }
  AffineExpr h = g.expr(*half), zero = g.expr(0);
  auto angles = [&](Value table) { return g.unsqueeze(g.castTo(g.gather(table, positions, 0), g.elem(x)), {1}); };
  Value c = angles(cosines), s = angles(sines), rest;
  if (*half * 2 < *size)
    rest = g.slice(x, 3, g.expr(*half * 2), g.expr(*size - *half * 2));
  Value turned = rest ? g.slice(x, 3, zero, g.expr(*half * 2)) : x, a, b;
  Exprs shape = turned ? g.dims(turned) : Exprs(4, zero);
  if (interleaved) {
    Exprs pairs(shape.begin(), shape.end() - 1), flat = pairs;
    pairs.append({h, g.expr(2)}), flat.push_back(h);
    Value p = g.reshape(turned, pairs);
    a = g.reshape(g.slice(p, 4, zero, g.expr(1)), flat), b = g.reshape(g.slice(p, 4, g.expr(1), g.expr(1)), flat);
  } else {
    a = g.slice(turned, 3, zero, h), b = g.slice(turned, 3, h, h);
  }
  Value x1 = g.sub(g.mul(a, c), g.mul(b, s)), x2 = g.add(g.mul(b, c), g.mul(a, s));
  Value v =
      interleaved ? g.reshape(g.concat({g.unsqueeze(x1, {4}), g.unsqueeze(x2, {4})}, 4), shape) : g.concat({x1, x2}, 3);
  return rest ? g.concat({v, rest}, 3) : v;
}

//===-- RotaryEmbedding ----------------------------------------------------===//

/// Positions [1 or batch, count] that begin at `first` ([batch], i64).
static Value countFrom(GraphBuilder &g, Value first, AffineExpr count) {
  return g.add(g.reshape(first, {g.count(first), g.expr(1)}), g.iota(g.b.getI64Type(), count));
}

static void importRotary(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0}, {1}, {2, 2}, {3, 2}}))
    return;
  Value x = n.input(0), positions = n.input(1);
  int64_t rank = g.rank(x), heads = n.intAttr("num_heads", 0);
  auto half = graph::constantOf(g.dim(n.input(2), 1));
  if (rank != 3 && rank != 4)
    return n.error("input of rank " + Twine(rank) + ", expected 3 or 4");
  if (n.intAttr("is_packed_batching", 0))
    return n.unsupported("is_packed_batching");
  if (n.floatAttr("scale", 1) != 1)
    return n.unsupported("scale");
  auto width = graph::constantOf(g.dim(x, rank - 1));
  if (rank == 3 && !heads && half && width)
    heads = *width / std::max<int64_t>(1, *half * 2);
  Value v = rank == 3 ? splitHeads(n, x, heads) : x;
  if (!v)
    return;
  positions = g.castTo(positions, g.b.getI64Type());
  if (g.rank(positions) == 1)
    positions = countFrom(g, positions, g.dim(v, 2));
  v = rotate(n, v, positions, n.input(2), n.input(3), n.intAttr("interleaved", 0));
  n.set(0, rank == 3 ? joinHeads(g, v) : v);
}

//===-- Attention ----------------------------------------------------------===//

void attendProjected(NodeImport &n, Value qkv, int mask, int past, int bias) {
  GraphBuilder &g = n.g;
  if (!qkv)
    return;
  auto operand = [&](int i) { return i < 0 ? Value() : n.input(size_t(i)); };
  int64_t heads = n.intAttr("num_heads", 0);
  for (const char *flag : {"do_rotary", "past_present_share_buffer"})
    if (n.intAttr(flag, 0))
      return n.unsupported(flag);
  auto width = graph::constantOf(g.dim(qkv, 2));
  if (!width || heads < 1)
    return n.error("num_heads " + Twine(heads) + " or weights of unknown width");
  auto sizes = n.intsAttr("qkv_hidden_sizes").value_or(std::vector<int64_t>(3, *width / 3));
  if (sizes.size() != 3 || sizes[0] != sizes[1] || sizes[0] + sizes[1] + sizes[2] != *width)
    return n.error("qkv_hidden_sizes do not fit weights of width " + Twine(*width));
  Value part[3];
  int64_t from = 0;
  for (int i = 0; i < 3; from += sizes[i++])
    part[i] = splitHeads(n, g.slice(qkv, 2, g.expr(from), g.expr(sizes[i])), heads);
  Value q = part[0], k = part[1], v = part[2];
  if (!q || !k || !v)
    return;
  AffineExpr before = g.expr(0), batch = g.dim(q, 0), queries = g.dim(q, 2);
  if (operand(bias) && g.rank(operand(bias)) != 4)
    return n.error("attention_bias of rank " + Twine(g.rank(operand(bias))) + ", expected 4");
  if (Value state = operand(past)) {
    if (g.rank(state) != 5)
      return n.error("past of rank " + Twine(g.rank(state)) + ", expected 5");
    auto half = [&](int64_t i) { return g.squeeze(g.slice(state, 0, g.expr(i), g.expr(1)), {0}); };
    before = g.dim(state, 3);
    k = g.concat({half(0), k}, 2), v = g.concat({half(1), v}, 2);
  }
  if (!k || !v)
    return;
  if (n.wants(1))
    n.set(1, g.concat({g.unsqueeze(k, {0}), g.unsqueeze(v, {0})}, 0));
  Scores s;
  s.scale = scaleOf(n, sizes[0] / heads);
  s.bias = maskBias(n, operand(mask), g.elem(q), batch, queries, g.dim(k, 2), before, n.intAttr("unidirectional", 0));
  if (Value more = sized(n, operand(bias), 3, g.dim(k, 2)))
    s.bias = s.bias ? g.add(s.bias, more) : more;
  if (!n.failed())
    n.set(0, joinHeads(g, attend(g, q, k, v, s)));
}

static void importAttention(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0, 3}, {1, 2}}))
    return;
  Value x = g.matmul(n.input(0), n.input(1));
  if (n.input(2))
    x = g.add(x, n.input(2));
  attendProjected(n, x, 3, 4, 5);
}

/// Operand `at` as [batch, heads, length, size], its part of the bias added.
static Value heads4(NodeImport &n, size_t at, int64_t heads, int64_t from) {
  GraphBuilder &g = n.g;
  Value x = n.input(at), bias = n.input(3);
  if (g.rank(x) == 4)
    return x;
  auto width = graph::constantOf(g.dim(x, 2));
  if (bias && width)
    x = g.add(x, g.slice(bias, 0, g.expr(from), g.expr(*width)));
  return splitHeads(n, x, heads);
}

static void importMultiHead(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0}}))
    return;
  if (g.rank(n.input(0)) == 5 || !n.input(1) || !n.input(2) || g.rank(n.input(1)) == 5)
    return n.unsupported("query, key and value packed in one operand");
  if (n.input(8) || n.input(9))
    return n.unsupported("past_sequence_length and cache_indirection (caches shared by beams)");
  if (g.rank(n.input(0)) != 3 || g.rank(n.input(1)) != g.rank(n.input(2)) || g.rank(n.input(1)) < 3 ||
      (n.input(3) && g.rank(n.input(3)) != 1))
    return n.error("query, key and value of ranks " + Twine(g.rank(n.input(0))) + ", " + Twine(g.rank(n.input(1))) +
                   ", " + Twine(g.rank(n.input(2))));
  int64_t heads = n.intAttr("num_heads", 0);
  auto width = graph::constantOf(g.dim(n.input(0), 2));
  if (!width)
    return n.unsupported("a hidden size that is not constant");
  Value q = heads4(n, 0, heads, 0), k = heads4(n, 1, heads, *width), v = heads4(n, 2, heads, 2 * *width);
  if (!q || !k || !v)
    return;
  AffineExpr before = g.expr(0);
  if (n.input(6) && n.input(7)) {
    if (g.rank(n.input(6)) != 4 || g.rank(n.input(7)) != 4)
      return n.error("past_key and past_value must have rank 4");
    before = g.dim(n.input(6), 2);
    k = g.concat({n.input(6), k}, 2), v = g.concat({n.input(7), v}, 2);
  }
  if (!k || !v)
    return;
  n.set(1, k), n.set(2, v);
  Scores s;
  s.scale = scaleOf(n, *width / heads);
  s.bias =
      maskBias(n, n.input(4), g.elem(q), g.dim(q, 0), g.dim(q, 2), g.dim(k, 2), before, n.intAttr("unidirectional", 0));
  if (n.input(5) && g.rank(n.input(5)) != 4)
    return n.error("attention_bias of rank " + Twine(g.rank(n.input(5))) + ", expected 4");
  if (Value more = sized(n, n.input(5), 3, g.dim(k, 2)))
    s.bias = s.bias ? g.add(s.bias, more) : more;
  if (n.failed())
    return;
  Value logits;
  n.set(0, joinHeads(g, attend(g, q, k, v, s, &logits)));
  n.set(3, logits);
}

//===-- GroupQueryAttention ------------------------------------------------===//

namespace {
struct Grouped {
  int64_t heads, groups, size; ///< query heads, key heads, elements of one
  Value q, k, v;               ///< [batch, heads or groups, S, size]
  Value firsts;                ///< i64 [batch]: rows before the new ones
  AffineExpr total;            ///< rows that any query of the batch may see
};
} // namespace

static bool readGrouped(NodeImport &n, Grouped &r) {
  GraphBuilder &g = n.g;
  r.heads = n.intAttr("num_heads", 0), r.groups = n.intAttr("kv_num_heads", 0);
  if (!operandsFit(n, {{0, 3}, {5}, {6}}))
    return false;
  if (r.heads < 1 || r.groups < 1 || r.heads % r.groups) {
    n.error("num_heads " + Twine(r.heads) + " for kv_num_heads " + Twine(r.groups));
    return false;
  }
  const char *names[] = {"k_scale", "v_scale", "q_norm_weight", "k_norm_weight", "query_seqlens"};
  for (size_t i = 12; i < 17; ++i)
    if (n.input(i)) {
      n.unsupported(names[i - 12]);
      return false;
    }
  for (const char *flag : {"sliding_window_cache", "qk_output", "kv_cache_bit_width"})
    if (n.intAttr(flag, 0)) {
      n.unsupported(flag);
      return false;
    }
  if (n.wants(3)) {
    n.unsupported("output output_qk");
    return false;
  }
  if (!!n.input(1) != !!n.input(2) || !!n.input(3) != !!n.input(4)) {
    n.error("key without value, or past_key without past_value");
    return false;
  }
  auto width = graph::constantOf(g.dim(n.input(0), 2));
  if (!width) {
    n.unsupported("a hidden size that is not constant");
    return false;
  }
  r.size = n.input(1) ? *width / r.heads : *width / (r.heads + 2 * r.groups);
  Value q = n.input(0), k = n.input(1), v = n.input(2);
  if (!k) {
    AffineExpr a = g.expr(r.heads * r.size), c = g.expr(r.groups * r.size);
    k = g.slice(q, 2, a, c), v = g.slice(q, 2, g.simplify(a + c), c), q = g.slice(q, 2, g.expr(0), a);
  } else if (g.rank(k) != 3 || g.rank(v) != 3) {
    n.unsupported("key and value of rank " + Twine(g.rank(k)));
    return false;
  }
  r.q = splitHeads(n, q, r.heads), r.k = splitHeads(n, k, r.groups), r.v = splitHeads(n, v, r.groups);
  if (!r.q || !r.k || !r.v)
    return false;
  Type i64 = g.b.getI64Type();
  AffineExpr length = g.dim(r.q, 2);
  // Rows that the batch entry has afterwards, less the new ones. A first prompt that is
  // shorter than the longest of its batch begins at 0 as well.
  Value after = g.add(g.castTo(g.reshape(n.input(5), {g.dim(r.q, 0)}), i64), 1.0);
  r.firsts = g.max(g.sub(after, g.dimScalar(length)), g.i64(0));
  r.total = g.sizeOf(g.castTo(g.reshape(n.input(6), ArrayRef<int64_t>()), i64), 0, 1);
  return r.firsts != nullptr;
}

/// The cache after this step: `past` (or null) with rows put at `firsts`.
static Value append(GraphBuilder &g, const Grouped &r, Value past, Value rows) {
  AffineExpr batch = g.dim(rows, 0), heads = g.expr(r.groups), size = g.expr(r.size), length = g.dim(rows, 2);
  if (!past)
    return rows;
  AffineExpr before = g.dim(past, 2), after = g.symbols.max(before, r.total);
  return g.routine("cache_append", {past, rows, r.firsts}, graph::tensorOf(g.elem(rows), {batch, heads, after, size}),
                   {heads, before, after, length, size}, g.count({batch, heads}), g.expr(0))[0];
}

static void importGroupQuery(NodeImport &n) {
  GraphBuilder &g = n.g;
  Grouped r;
  if (!readGrouped(n, r))
    return;
  Type elem = g.elem(r.q), compute = wide(g, elem), i64 = g.b.getI64Type();
  AffineExpr batch = g.dim(r.q, 0), length = g.dim(r.q, 2), one = g.expr(1);
  if (n.input(3) && (g.rank(n.input(3)) != 4 || g.elem(n.input(3)) != elem))
    return n.unsupported("a cache of another element type");
  if (n.intAttr("do_rotary", 0)) {
    Value positions = n.input(9) ? g.castTo(n.input(9), i64) : countFrom(g, r.firsts, length);
    bool interleaved = n.intAttr("rotary_interleaved", 0);
    r.q = rotate(n, r.q, positions, n.input(7), n.input(8), interleaved);
    r.k = rotate(n, r.k, positions, n.input(7), n.input(8), interleaved);
    if (!r.q || !r.k)
      return;
  }
  Value k = append(g, r, n.input(3), r.k), v = append(g, r, n.input(4), r.v);
  if (!k || !v)
    return;
  n.set(1, k), n.set(2, v);
  AffineExpr keys = n.input(3) ? r.total : length;
  k = g.slice(k, 2, g.expr(0), keys), v = g.slice(v, 2, g.expr(0), keys);
  // Query heads of one key head lie in rows, so that keys are not repeated.
  int64_t each = r.heads / r.groups;
  Exprs rows{batch, g.expr(r.groups), g.simplify(length * each), g.expr(r.size)};
  auto byGroup = [&](Value x) { // broadcasts to [batch, heads, S, T] -> to [batch, groups, each * S, T]
    Exprs d = g.dims(x), full{d[0], g.expr(r.heads), length, d[3]};
    return g.reshape(g.expandTo(x, full), {d[0], g.expr(r.groups), g.simplify(length * each), d[3]});
  };
  Value at = g.iota(i64, keys), positions = g.reshape(countFrom(g, r.firsts, length), {batch, one, length, one});
  Scores s;
  s.scale = scaleOf(n, r.size), s.softcap = n.floatAttr("softcap", 0);
  int64_t window = n.intAttr("local_window_size", -1);
  if (n.intAttr("causal", 1)) {
    s.allowed = g.create<graph::LessEqualOp>({at, positions});
    if (window >= 0)
      s.allowed = g.create<graph::AndOp>({s.allowed, g.create<graph::LessOp>({g.add(positions, -double(window)), at})});
  } else {
    Value last = g.add(g.castTo(g.reshape(n.input(5), {batch, one, one, one}), i64), 0.0);
    s.allowed = g.create<graph::LessEqualOp>({at, g.expandTo(last, {batch, one, length, one})});
  }
  s.allowed = byGroup(s.allowed);
  if (n.input(10) && g.rank(n.input(10)) != 4)
    return n.error("attention_bias of rank " + Twine(g.rank(n.input(10))) + ", expected 4");
  if (Value more = sized(n, n.input(10), 3, keys))
    s.bias = byGroup(g.castTo(more, compute));
  if (n.input(11))
    s.sink = byGroup(g.reshape(g.castTo(n.input(11), compute), {one, g.expr(r.heads), one, one}));
  else if (n.intAttr("smooth_softmax", 0) > 0)
    s.sink = g.scalar(compute, 0);
  Value q = g.reshape(g.castTo(r.q, compute), rows);
  Value y = attend(g, q, g.castTo(k, compute), g.castTo(v, compute), s);
  if (!y)
    return;
  y = g.reshape(y, {batch, g.expr(r.heads), length, g.expr(r.size)});
  n.set(0, g.castTo(joinHeads(g, y), elem));
}

} // namespace contrib

void addContribAttentionImporters(ImportTable &t) {
  using namespace contrib;
  t["com.microsoft.RotaryEmbedding"] = importRotary, t["com.microsoft.Attention"] = importAttention;
  t["com.microsoft.MultiHeadAttention"] = importMultiHead;
  t["com.microsoft.GroupQueryAttention"] = importGroupQuery;
}

} // namespace wick::compiler
