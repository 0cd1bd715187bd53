// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors from sizes and numbers, and conversions of dtype. Memory that torch leaves
// as it is (empty) is zero here, so that every run gives the same.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torch {

static Type f32(AtenCall &c) { return c.g.b.getF32Type(); }

/// What a number's own dtype is.
static Type typeOfNumber(AtenCall &c, const Arg &a) {
  if (a.kind == Arg::Kind::Bool)
    return c.g.b.getI1Type();
  if (a.kind == Arg::Kind::Int)
    return c.g.b.getI64Type();
  return a.tensor ? c.g.elem(a.tensor) : f32(c);
}

static void filled(AtenCall &c, const Exprs &dims, double v, Type t) { c.give(c.g.splat(t, dims, v)); }
template <int value>
static void constantFill(AtenCall &c) {
  filled(c, c.sizes(0), value, c.dtype(1, f32(c)));
}
template <int value>
static void constantLike(AtenCall &c) {
  if (Value x = c.tensor(0))
    filled(c, c.g.dims(x), value, c.dtype(1, c.g.elem(x)));
}
template <int value>
static void newConstant(AtenCall &c) {
  if (Value x = c.tensor(0))
    filled(c, c.sizes(1), value, c.dtype(2, c.g.elem(x)));
}
static void emptyStrided(AtenCall &c) { filled(c, c.sizes(0), 0, c.dtype(2, f32(c))); }
static void newEmptyStrided(AtenCall &c) {
  if (Value x = c.tensor(0))
    filled(c, c.sizes(1), 0, c.dtype(3, c.g.elem(x)));
}

static void give(AtenCall &c, size_t value, const Exprs &dims, Type t) {
  c.give(c.g.expandTo(c.g.reshape(operandAs(c, value, t), ArrayRef<int64_t>()), dims));
}
static void full(AtenCall &c) { give(c, 1, c.sizes(0), c.dtype(2, typeOfNumber(c, c.arg(1)))); }
static void fullLike(AtenCall &c) {
  if (Value x = c.tensor(0))
    give(c, 1, c.g.dims(x), c.dtype(2, c.g.elem(x)));
}
static void newFull(AtenCall &c) {
  if (Value x = c.tensor(0))
    give(c, 2, c.sizes(1), c.dtype(3, c.g.elem(x)));
}
static void fill(AtenCall &c) {
  if (Value x = c.tensor(0))
    give(c, 1, c.g.dims(x), c.g.elem(x));
}
static void zero(AtenCall &c) {
  if (Value x = c.tensor(0))
    filled(c, c.g.dims(x), 0, c.g.elem(x));
}
static void copy(AtenCall &c) {
  if (Value x = c.tensor(0))
    c.give(c.g.expandTo(operandAs(c, 1, c.g.elem(x)), c.g.dims(x)));
}

//===-- Ranges -------------------------------------------------------------===//

/// The count of arange: max(ceil((end - start) / step), 0).
static AffineExpr rangeCount(AtenCall &c, const Arg &start, const Arg &end, const Arg &step) {
  GraphBuilder &g = c.g;
  auto isExpr = [](const Arg &a) { return a.kind == Arg::Kind::Int && !a.tensor; };
  auto by = isExpr(step) ? graph::constantOf(g.simplify(step.integer)) : std::nullopt;
  if (isExpr(start) && isExpr(end) && by && *by != 0 && *by != INT64_MIN) {
    AffineExpr span = *by > 0 ? end.integer - start.integer : start.integer - end.integer;
    return g.simplify(g.symbols.max(g.ceilDiv(g.simplify(span), g.expr(std::abs(*by))), g.expr(0)));
  }
  Type f = g.b.getF64Type();
  Value q = g.div(g.sub(numberAs(g, end, f), numberAs(g, start, f)), numberAs(g, step, f));
  if (auto known = g.doubleOf(q))
    return g.expr(*known > 0x1p62 ? INT64_MAX : *known > 0 ? int64_t(std::ceil(*known)) : 0);
  Value whole = g.max(g.castTo(g.create<graph::CeilOp>({q}), g.b.getI64Type()), g.i64(0));
  return whole ? g.sizeOf(whole, 0) : g.expr(0);
}

static void arange(AtenCall &c) {
  GraphBuilder &g = c.g;
  size_t given = c.overload == "start_step" || c.args.size() > 6 ? 3
                 : c.overload == "start" || c.args.size() > 5    ? 2
                                                                 : 1;
  Arg zero = Arg::of(g.expr(0)), one = Arg::of(g.expr(1));
  Arg start = given > 1 ? c.arg(0) : zero, end = given > 1 ? c.arg(1) : c.arg(0);
  Arg step = given > 2 && c.has(2) ? c.arg(2) : one;
  bool whole = true;
  for (Arg *a : {&start, &end, &step}) {
    if (a->isTensor()) { // a scalar stands for a number
      a->kind = a->tensor && isFloat(g.elem(a->tensor)) ? Arg::Kind::Double : Arg::Kind::Int;
      if (auto e = g.elementsOf(a->tensor); e && e->size() == 1 && (*e)[0])
        a->integer = (*e)[0], a->tensor = {};
    }
    if (a->kind == Arg::Kind::Bool)
      *a = Arg::of(g.expr(a->boolean));
    if (a->kind != Arg::Kind::Int && a->kind != Arg::Kind::Double)
      return c.fail("bounds must be numbers");
    whole &= a->kind == Arg::Kind::Int;
  }
  Type t = c.dtype(given, whole ? Type(g.b.getI64Type()) : f32(c));
  AffineExpr count = rangeCount(c, start, end, step);
  // Floats are computed in double, as torch does.
  Type compute = isFloat(t) ? Type(g.b.getF64Type()) : Type(g.b.getI64Type());
  c.give(g.castTo(
      g.create<graph::IotaOp>({numberAs(g, start, compute), numberAs(g, step, compute)}, {g.mapAttr("dims", {count})}),
      t));
}

static Value spaced(AtenCall &c, Type &t) {
  GraphBuilder &g = c.g;
  Type f = g.b.getF64Type();
  AffineExpr n = c.size(2);
  Value a = operandAs(c, 0, f), b = operandAs(c, 1, f), i = g.iota(f, n);
  Value gaps = g.max(g.exprAs(g.simplify(n - 1), f), g.scalar(f, 1)), step = g.div(g.sub(b, a), gaps);
  // From both ends, so that the last is exactly the end.
  Value back = g.sub(b, g.mul(step, g.sub(g.exprAs(g.simplify(n - 1), f), i)));
  Value front = g.create<graph::LessOp>({g.add(i, i), g.exprAs(n, f)});
  return g.where(front, g.add(a, g.mul(step, i)), back);
}
static void linspace(AtenCall &c) {
  Type t = c.dtype(3, f32(c));
  Value v = spaced(c, t);
  c.give(c.g.castTo(v, t));
}
static void logspace(AtenCall &c) {
  Type t = c.dtype(4, f32(c));
  Value v = spaced(c, t);
  c.give(c.g.castTo(c.g.create<graph::PowOp>({c.g.scalarLike(v, c.number(3, 10)), v}), t));
}
static void eye(AtenCall &c) {
  GraphBuilder &g = c.g;
  bool two = c.overload == "m" || c.args.size() > 5;
  Type i64 = g.b.getI64Type();
  Value rows = g.unsqueeze(g.iota(i64, c.size(0)), {1}), cols = g.iota(i64, c.size(two ? 1 : 0));
  c.give(g.castTo(g.create<graph::EqualOp>({rows, cols}), c.dtype(two ? 2 : 1, f32(c))));
}

/// Keeps what lies on one side of a diagonal.
template <bool upper>
static void triangle(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  int64_t rank = x ? g.rank(x) : 0;
  if (!x || rank < 2)
    return c.fail("input of rank " + Twine(rank) + ", expected at least 2");
  Type i64 = g.b.getI64Type();
  Value row = g.add(g.unsqueeze(g.iota(i64, g.dim(x, rank - 2)), {1}), g.dimScalar(c.size(1, g.expr(0))));
  Value col = g.iota(i64, g.dim(x, rank - 1));
  Value keep = upper ? g.create<graph::LessEqualOp>({row, col}) : g.create<graph::LessEqualOp>({col, row});
  c.give(g.where(keep, x, g.scalarLike(x, 0)));
}

/// Elements of a window, which are computed here: a second at 10 kHz has far fewer.
static constexpr int64_t maxWindow = 1 << 22;

/// a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n) of the usual windows.
static void window(AtenCall &c) {
  GraphBuilder &g = c.g;
  StringRef name = c.name;
  double a0 = 0.5, a1 = 0.5, a2 = 0;
  size_t next = 1;
  bool periodic = c.arg(1).kind == Arg::Kind::Bool ? (next = 2, c.flag(1)) : true;
  if (name.contains("hamming")) {
    a0 = 0.54, a1 = 0.46;
    if (c.arg(next).kind == Arg::Kind::Double)
      a0 = c.number(next++);
    if (c.arg(next).kind == Arg::Kind::Double)
      a1 = c.number(next++);
  } else if (name.contains("blackman")) {
    a0 = 0.42, a1 = 0.5, a2 = 0.08;
  }
  int64_t n = c.integer(0), over = periodic ? n : n - 1;
  if (n < 0 || n > maxWindow)
    return c.fail("a window of " + Twine(n) + " elements, expected at most " + Twine(maxWindow));
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) {
    double x = over > 0 ? 2 * M_PI * double(i) / double(over) : 0;
    values.push_back(n == 1 ? 1 : a0 - a1 * std::cos(x) + a2 * std::cos(2 * x));
  }
  ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(double));
  c.give(g.castTo(g.constant(g.b.getF64Type(), {n}, bytes), c.dtype(next, f32(c))));
}

//===-- From numbers -------------------------------------------------------===//

/// The type and the leaves of nested lists; false when they are ragged.
static bool flattenData(AtenCall &c, const Arg &a, size_t depth, Exprs &dims, std::vector<const Arg *> &leaves) {
  if (a.kind != Arg::Kind::List) {
    leaves.push_back(&a);
    return depth == dims.size();
  }
  AffineExpr n = c.g.expr(a.list.size());
  if (depth == dims.size()) {
    if (!leaves.empty())
      return false;
    dims.push_back(n);
  }
  if (dims[depth] != n)
    return false;
  return llvm::all_of(a.list, [&](const Arg &x) { return flattenData(c, x, depth + 1, dims, leaves); });
}

static void tensor(AtenCall &c) {
  GraphBuilder &g = c.g;
  const Arg &data = c.arg(0);
  if (data.isTensor())
    return c.give(g.castTo(data.tensor, c.dtype(1, g.elem(data.tensor))));
  Exprs dims;
  std::vector<const Arg *> leaves;
  if (!flattenData(c, data, 0, dims, leaves))
    return c.fail("ragged lists");
  Type own;
  for (const Arg *a : leaves)
    own = promoteTypes(own, typeOfNumber(c, *a));
  Type t = c.dtype(1, own ? own : f32(c));
  SmallVector<Value> parts;
  for (const Arg *a : leaves)
    parts.push_back(g.reshape(a->isTensor() ? g.castTo(a->tensor, t) : numberAs(g, *a, t), ArrayRef<int64_t>{1}));
  if (parts.empty())
    return c.give(g.splat(t, dims, 0));
  c.give(g.reshape(g.concat(parts, 0), dims));
}
static void scalarTensor(AtenCall &c) { c.give(operandAs(c, 0, c.dtype(1, f32(c)))); }

//===-- Conversion ---------------------------------------------------------===//

/// to.device(device, dtype), to.dtype(dtype), to.other(tensor), to.dtype_layout(dtype..).
static void to(AtenCall &c) {
  Value x = c.tensor(0);
  if (!x)
    return;
  const Arg &first = c.arg(1);
  Type t = c.g.elem(x);
  if (first.isTensor() && !first.wrapped)
    t = c.g.elem(first.tensor);
  else if (first.kind == Arg::Kind::Int)
    t = c.dtype(1, t);
  else if ((first.kind == Arg::Kind::String || first.isNone()) && c.arg(2).kind == Arg::Kind::Int)
    t = c.dtype(2, t);
  Arg a = c.arg(0);
  a.kind = Arg::Kind::Tensor, a.tensor = c.g.castTo(x, t), a.wrapped = false;
  c.results.push_back(std::move(a));
}
static void toCopy(AtenCall &c) {
  if (Value x = c.tensor(0))
    c.give(c.g.castTo(x, c.dtype(1, c.g.elem(x))));
}
static void typeAs(AtenCall &c) {
  Value x = c.tensor(0), y = c.tensor(1);
  if (x && y)
    c.give(c.g.castTo(x, c.g.elem(y)));
}
static void oneHot(AtenCall &c) {
  GraphBuilder &g = c.g;
  Value x = c.tensor(0);
  if (!x)
    return;
  AffineExpr n = c.size(1, g.expr(-1));
  if (graph::isConstant(n, -1)) {
    SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, g.rank(x)));
    Value most = g.reshape(g.reduce(x, graph::ReduceKind::Max, axes), ArrayRef<int64_t>());
    Value count = g.add(g.castTo(most, g.b.getI64Type()), 1);
    n = count ? g.sizeOf(count, 0, 0, graph::maxDim) : g.expr(0);
  }
  c.give(g.castTo(g.oneHotMask(x, n, g.rank(x)), g.b.getI64Type()));
}

void addCreationRows(AtenTable &t) {
  addRows(t, constantFill<0>, {"zeros", "empty"}), addRows(t, constantFill<1>, {"ones"});
  addRows(t, constantLike<0>, {"zeros_like", "empty_like"}), addRows(t, constantLike<1>, {"ones_like"});
  addRows(t, newConstant<0>, {"new_zeros", "new_empty"}), addRows(t, newConstant<1>, {"new_ones"});
  addRows(t, emptyStrided, {"empty_strided", "empty_permuted"}), addRows(t, newEmptyStrided, {"new_empty_strided"});
  addRows(t, full, {"full"}), addRows(t, fullLike, {"full_like"}), addRows(t, newFull, {"new_full"});
  addRows(t, fill, {"fill", "fill_"}), addRows(t, zero, {"zero"}), addRows(t, copy, {"copy", "copy_"});
  addRows(t, arange, {"arange"}), addRows(t, linspace, {"linspace"}), addRows(t, logspace, {"logspace"});
  addRows(t, eye, {"eye"}), addRows(t, triangle<true>, {"triu"}), addRows(t, triangle<false>, {"tril"});
  addRows(t, window, {"hann_window", "hamming_window", "blackman_window"});
  addRows(t, tensor, {"tensor", "as_tensor"}), addRows(t, scalarTensor, {"scalar_tensor"});
  addRows(t, to, {"to"}, OnQuantized::Move), addRows(t, toCopy, {"_to_copy"}), addRows(t, typeAs, {"type_as"});
  addRows(t, oneHot, {"one_hot"});
}

} // namespace wick::compiler::torch
