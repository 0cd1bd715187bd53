// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Sequence.h.
//
#include "compiler/frontend/onnx/Sequence.h"

#include "compiler/frontend/onnx/NodeImport.h"

using namespace mlir;
namespace wick::compiler {

Layout layoutOf(const Operand &x) {
  Layout layout;
  if (x.tensor) {
    auto type = cast<RankedTensorType>(x.tensor.getType());
    return layout.elem = type.getElementType(), layout.rank = type.getRank(), layout;
  }
  const Sequence &s = *x.sequence;
  layout.kind = s.isSequence ? Layout::Packed : Layout::OptionalTensor;
  layout.isOptional = s.isOptional;
  layout.elem = s.elem, layout.rank = s.rank, layout.isMixed = s.isMixed;
  for (Value v : s.items) {
    auto type = cast<RankedTensorType>(v.getType());
    layout.elem = type.getElementType();
    layout.rank = layout.rank < 0 || layout.rank == type.getRank() ? type.getRank() : -2; // -2: mixed
  }
  return layout;
}

std::optional<Layout> join(const Layout &a, const Layout &b, bool mixes) {
  Layout out = a;
  auto isTensor = [](const Layout &l) { return l.kind != Layout::Packed; };
  bool differ = a.rank >= 0 && b.rank >= 0 && a.rank != b.rank;
  mixes = !isTensor(a) && (mixes || a.isMixed || b.isMixed);
  if (isTensor(a) != isTensor(b) || (a.elem && b.elem && a.elem != b.elem) || a.rank == -2 || b.rank == -2 ||
      (differ && !mixes))
    return std::nullopt;
  out.isMixed = a.isMixed || b.isMixed || differ;
  out.isOptional |= b.isOptional;
  if (isTensor(a))
    out.kind = out.isOptional ? Layout::OptionalTensor : Layout::Tensor;
  out.elem = a.elem ? a.elem : b.elem;
  out.rank = std::max(a.rank, b.rank);
  return out;
}

/// A row of a packed sequence's shapes.
static Value shapeRow(GraphBuilder &g, Value v) {
  Exprs dims = g.dims(v);
  if (dims.empty())
    return g.splat(g.b.getI64Type(), {g.expr(1), g.expr(0)}, 0);
  return g.unsqueeze(g.dimsValue(dims), {0});
}

/// Rows of dims with -1 behind them, up to `rank` columns.
static Value padRows(GraphBuilder &g, Value rows, int64_t rank) {
  int64_t have = rows ? graph::constantOf(g.dim(rows, 1)).value_or(rank) : rank;
  if (have >= rank)
    return rows;
  Value fill = g.splat(g.b.getI64Type(), {g.dim(rows, 0), g.expr(rank - have)}, -1);
  return have ? g.concat({rows, fill}, 1) : fill;
}

Sequence packed(GraphBuilder &g, const Sequence &s) {
  if (s.isPacked())
    return s;
  Sequence out = s;
  out.items.clear();
  Layout layout = layoutOf(Operand(s));
  if (layout.rank == -2) {
    out.isMixed = true;
    for (Value v : s.items)
      layout.rank = std::max(layout.rank, g.rank(v));
  }
  out.elem = layout.elem, out.rank = layout.rank;
  SmallVector<Value> data, rows;
  for (Value v : s.items)
    data.push_back(g.flatten(v)), rows.push_back(padRows(g, shapeRow(g, v), std::max<int64_t>(layout.rank, 0)));
  Type i64 = g.b.getI64Type();
  out.data = data.empty() ? g.splat(layout.elem, {g.expr(0)}, 0) : g.concat(data, 0);
  out.shapes = rows.empty()  ? g.splat(i64, {g.expr(0), g.expr(std::max<int64_t>(layout.rank, 0))}, 0)
               : layout.rank ? g.concat(rows, 0)
                             : g.splat(i64, {g.expr(rows.size()), g.expr(0)}, 0);
  return out;
}

Sequence packedAs(GraphBuilder &g, const Sequence &s, const Layout &layout) {
  Sequence from = s;
  if (from.items.empty() && !from.isPacked())
    from.elem = layout.elem, from.rank = layout.rank;
  Sequence out = packed(g, from);
  out.elem = layout.elem, out.rank = layout.rank, out.isMixed = layout.isMixed;
  out.shapes = padRows(g, out.shapes, layout.rank);
  return out;
}

SmallVector<Value> flatten(GraphBuilder &g, const Operand &x, const Layout &layout) {
  SmallVector<Value> out;
  Value present = g.scalar(g.b.getI1Type(), 1);
  if (x.tensor) {
    out.push_back(x.tensor);
  } else {
    Sequence s = *x.sequence;
    if (s.isOptional)
      present = s.present ? s.present : g.scalar(g.b.getI1Type(), !s.isAbsent);
    if (layout.kind == Layout::Packed) {
      s = packedAs(g, s, layout);
      out.append({s.data, s.shapes});
    } else {
      out.push_back(s.tensor ? s.tensor : g.splat(layout.elem, Exprs(std::max<int64_t>(layout.rank, 0), g.expr(0)), 0));
    }
  }
  if (layout.isOptional)
    out.push_back(present);
  return out;
}

Operand unflatten(ValueRange parts, const Layout &layout) {
  if (layout.kind == Layout::Tensor)
    return parts[0];
  Sequence s;
  s.elem = layout.elem, s.rank = layout.rank, s.isMixed = layout.isMixed;
  s.isSequence = layout.kind == Layout::Packed;
  s.isOptional = layout.isOptional;
  (s.isSequence ? s.data : s.tensor) = parts[0];
  if (s.isSequence)
    s.shapes = parts[1];
  if (layout.isOptional)
    s.present = parts.back();
  return s;
}

SmallVector<std::string> partNames(const std::string &name, const Layout &layout) {
  SmallVector<std::string> out;
  if (layout.kind == Layout::Packed)
    out.append({name + ".data", name + ".shapes"});
  else
    out.push_back(name);
  if (layout.isOptional)
    out.push_back(name + ".present");
  return out;
}

AffineExpr lengthOf(GraphBuilder &g, const Sequence &s) {
  return s.isPacked() ? g.dim(s.shapes, 0) : g.expr(s.items.size());
}

AffineExpr offsetOf(GraphBuilder &g, const Sequence &s, Value at) {
  Type i64 = g.b.getI64Type();
  AffineExpr length = lengthOf(g, s);
  Value dims = s.shapes;
  if (s.isMixed)
    dims = g.where(g.create<graph::LessOp>({dims, g.i64(0)}), g.i64(1), dims);
  Value sizes = s.rank > 0 ? g.squeeze(g.reduce(dims, graph::ReduceKind::Prod, {1}), {1}) : g.splat(i64, {length}, 1);
  Value before = g.create<graph::LessOp>({g.iota(i64, length), at});
  Value offset = g.reduce(g.where(before, sizes, g.i64(0)), graph::ReduceKind::Sum, {0});
  return offset ? g.sizeOf(offset, 0) : g.expr(0);
}

void requireAtMost(GraphBuilder &g, AffineExpr first, AffineExpr second, StringRef message) {
  auto gap = graph::constantOf(g.simplify(second - first));
  if (gap && *gap >= 0)
    return;
  if (Value ok = g.create<graph::LessEqualOp>({g.dimScalar(first), g.dimScalar(second)}))
    graph::AssertOp::create(g.b, g.loc, ok, message);
}

onnx::Type declaredType(const Operand &x, const graph::Symbols *names) {
  onnx::Type t;
  if (!x)
    return t;
  Layout layout = layoutOf(x);
  t.kind = onnx::Type::Kind::Tensor;
  if (layout.elem)
    t.elem = dataTypeOf(layout.elem);
  t.hasRank = layout.rank >= 0 && !layout.isMixed;
  if (x.tensor) {
    for (AffineExpr d : graph::dimsOf(x.tensor.getType())) {
      onnx::Dim dim;
      if (auto c = graph::constantOf(d))
        dim.kind = onnx::Dim::Kind::Value, dim.value = *c;
      else if (auto s = dyn_cast<AffineSymbolExpr>(d); names && s && !(*names)[s.getPosition()].name.empty())
        dim.kind = onnx::Dim::Kind::Param, dim.param = (*names)[s.getPosition()].name;
      t.dims.push_back(dim);
    }
    return t;
  }
  t.dims.resize(std::max<int64_t>(layout.rank, 0));
  auto wrap = [&](onnx::Type::Kind kind) {
    auto inner = std::make_shared<const onnx::Type>(t);
    t = onnx::Type();
    t.kind = kind, t.inner = inner;
  };
  if (layout.kind == Layout::Packed)
    wrap(onnx::Type::Kind::Sequence);
  if (layout.isOptional)
    wrap(onnx::Type::Kind::Optional);
  return t;
}

} // namespace wick::compiler
