// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signal processing: DFT is a routine along one axis, which may be known at run time
// only; STFT gathers frames and transforms them; mel weights are arithmetic.
//
#include "compiler/frontend/onnx/NodeImport.h"
#include "compiler/frontend/onnx/Sequence.h"

using namespace mlir;
namespace wick::compiler {

namespace {
/// What the transform of x[outer, in, inner, parts] has besides x.
struct Transform {
  AffineExpr outer, in, inner; ///< of x around the axis
  AffineExpr size, outLen;     ///< length of the transform and of the result's axis
  bool inverse, onesided;
  bool hermitian() const { return inverse && onesided; }
  int64_t outParts() const { return hermitian() ? 1 : 2; }
};
} // namespace

/// The transform of x as a tensor of dims `out`.
static Value transform(GraphBuilder &g, Value x, const Transform &t, ArrayRef<AffineExpr> out) {
  return g.routine("dft", {x}, graph::tensorOf(g.elem(x), out),
                   {t.in, t.inner, g.dims(x).back(), t.size, t.outLen, g.expr(t.outParts()), g.expr(t.inverse),
                    g.expr(t.hermitian())},
                   g.count({t.outer, t.inner}), g.simplify(t.size * 48))[0];
}

static void dftAlong(NodeImport &n, Value x, int64_t axis, Transform t) {
  GraphBuilder &g = n.g;
  Exprs d = g.dims(x), out = d;
  t.in = d[axis];
  t.outer = g.count(ArrayRef(d).take_front(axis));
  t.inner = g.count(ArrayRef(d).slice(axis + 1, d.size() - axis - 2));
  t.size = n.input(1) ? g.sizeOf(n.input(1), 0, 1) : t.hermitian() ? g.simplify((t.in - 1) * 2) : t.in;
  t.outLen = t.onesided && !t.inverse ? g.simplify(g.floorDiv(t.size, g.expr(2)) + 1) : t.size;
  out[axis] = t.outLen, out.back() = g.expr(t.outParts());
  n.set(0, transform(g, x, t, out));
}

/// The axis is data: sizes around it are read from vectors that it selects from.
static void dftAlongData(NodeImport &n, Value x, Value axis, Transform t) {
  GraphBuilder &g = n.g;
  Type i64 = g.b.getI64Type();
  Exprs d = g.dims(x), out = d;
  int64_t rank = d.size();
  d.pop_back();
  Value zero = g.i64(0), one = g.i64(1), dims = g.dimsValue(d), at = g.iota(i64, g.expr(rank - 1));
  axis = g.reshape(g.castTo(axis, i64), ArrayRef<int64_t>());
  axis = g.where(g.create<graph::LessOp>({axis, zero}), g.add(axis, g.i64(rank)), axis);
  Value isAxis = g.create<graph::EqualOp>({at, axis});
  auto product = [&](Value where) { return g.reduce(g.where(where, dims, one), graph::ReduceKind::Prod, {0}); };
  Value in = g.reduce(g.where(isAxis, dims, zero), graph::ReduceKind::Sum, {0});
  Value outer = product(g.create<graph::LessOp>({at, axis})), inner = product(g.create<graph::LessOp>({axis, at}));
  Value size = n.input(1)      ? g.reshape(g.castTo(n.input(1), i64), ArrayRef<int64_t>{1})
               : t.hermitian() ? g.mul(g.add(in, -1), 2)
                               : in;
  Value outLen = t.onesided && !t.inverse ? g.add(g.div(size, g.i64(2)), 1) : size;
  if (!in || !outer || !inner || !outLen)
    return; // the builder has the reason
  t.in = g.sizeOf(in, 0), t.outer = g.sizeOf(outer, 0), t.inner = g.sizeOf(inner, 0);
  t.size = g.sizeOf(size, 0, 1), t.outLen = g.sizeOf(outLen, 0);
  if (outLen != in) {
    auto sizes = g.shapeFrom(g.where(isAxis, outLen, dims));
    if (!sizes)
      return;
    out.assign(sizes->begin(), sizes->end()), out.push_back({});
  }
  out.back() = g.expr(t.outParts());
  n.set(0, transform(g, x, t, out));
}

/// The last dim of what is transformed: real, or real and imaginary parts.
static bool checkParts(NodeImport &n, AffineExpr parts) {
  GraphBuilder &g = n.g;
  if (auto c = graph::constantOf(parts)) {
    if (*c != 1 && *c != 2)
      return n.error("a last dim of " + Twine(*c) + ", expected 1 or 2"), false;
    return true;
  }
  requireAtMost(g, g.expr(1), parts, "the last dim must be 1 or 2");
  requireAtMost(g, parts, g.expr(2), "the last dim must be 1 or 2");
  return true;
}

static void importDft(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  int64_t rank = g.rank(x);
  if (rank < 2)
    return n.error("input of rank " + Twine(rank));
  if (!checkParts(n, g.dims(x).back()))
    return;
  Transform t{};
  t.inverse = n.intAttr("inverse", 0), t.onesided = n.intAttr("onesided", 0);
  auto known = n.input(2) ? g.intOf(n.input(2)) : std::optional<int64_t>(-2);
  if (!known)
    return dftAlongData(n, x, n.input(2), t);
  auto axis = n.axis(*known, rank);
  if (axis && *axis == rank - 1)
    return n.error("axis " + Twine(*known) + " is the one of real and imaginary parts");
  if (axis)
    dftAlong(n, x, *axis, t);
}

static void importStft(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), window = n.input(2);
  if (g.rank(x) == 2)
    x = g.unsqueeze(x, {2});
  if (g.rank(x) != 3 || (window && g.rank(window) != 1))
    return n.error("signal of rank " + Twine(g.rank(x)));
  Exprs d = g.dims(x);
  if (!checkParts(n, d[2]))
    return;
  AffineExpr step = g.sizeOf(n.input(1), 0, 1), length = window ? g.dim(window, 0) : d[1];
  if (n.input(3)) {
    AffineExpr given = g.sizeOf(n.input(3), 0, 1);
    if (window && graph::constantOf(g.simplify(given - length)).value_or(0) != 0)
      return n.error("frame_length is not the window's length");
    if (window)
      g.checkEqual(given, length, "frame_length is not the window's length");
    else
      length = given;
  }
  AffineExpr frames = g.simplify(g.floorDiv(g.simplify(d[1] - length), step) + 1);
  Type i64 = g.b.getI64Type();
  Value starts = g.mul(g.reshape(g.iota(i64, frames), {frames, g.expr(1)}), g.dimScalar(step));
  Value framed = g.gather(x, g.add(starts, g.reshape(g.iota(i64, length), {g.expr(1), length})), 1);
  if (window)
    framed = g.mul(framed, g.reshape(window, {length, g.expr(1)}));
  Transform t{};
  t.onesided = n.intAttr("onesided", 1);
  t.outer = g.count({d[0], frames}), t.in = t.size = length, t.inner = g.expr(1);
  t.outLen = t.onesided ? g.simplify(g.floorDiv(length, g.expr(2)) + 1) : length;
  if (framed)
    n.set(0, transform(g, framed, t, {d[0], frames, t.outLen, g.expr(2)}));
}

/// Triangles between neighbouring mel frequencies, in f64 as the reference has it.
static void importMelWeights(NodeImport &n) {
  GraphBuilder &g = n.g;
  Type f = g.b.getF64Type(), i64 = g.b.getI64Type();
  Type elem = elementType(onnx::DataType(n.intAttr("output_datatype", 1)), g.b.getContext());
  if (!elem)
    return n.unsupported("output_datatype " + Twine(n.intAttr("output_datatype", 1)));
  auto scalar = [&](size_t i, Type t) { return g.reshape(g.castTo(n.input(i), t), ArrayRef<int64_t>()); };
  AffineExpr bins = g.sizeOf(scalar(0, i64), 0), size = g.sizeOf(scalar(1, i64), 0);
  AffineExpr rows = g.simplify(g.floorDiv(size, g.expr(2)) + 1);
  const double scale = 2595, ln10 = 2.302585092994045684;
  auto mel = [&](Value hertz) {
    return g.mul(g.create<graph::LogOp>({g.add(g.mul(hertz, 1.0 / 700), 1)}), scale / ln10);
  };
  Value low = mel(scalar(3, f)), high = mel(scalar(4, f));
  Value step = g.div(g.sub(high, low), g.exprAs(g.simplify(bins + 2), f));
  Value mels = g.add(g.mul(g.iota(f, g.simplify(bins + 2)), step), low);
  Value hertz = g.mul(g.add(g.create<graph::ExpOp>({g.mul(mels, ln10 / scale)}), -1), 700);
  Value at = g.div(g.mul(hertz, g.exprAs(g.simplify(size + 1), f)), scalar(2, f));
  at = g.create<graph::FloorOp>({at});
  auto edge = [&](int64_t k) { return g.slice(at, 0, g.expr(k), bins); };
  Value left = edge(0), center = edge(1), right = edge(2);
  Value row = g.reshape(g.iota(f, rows), {rows, g.expr(1)});
  auto within = [&](Value from, Value to) { // [from, to)
    return g.create<graph::AndOp>({g.create<graph::LessEqualOp>({from, row}), g.create<graph::LessOp>({row, to})});
  };
  Value gap = g.scalar(f, 1);
  Value up = g.div(g.sub(row, left), g.max(g.sub(center, left), gap));
  Value down = g.div(g.sub(right, row), g.max(g.sub(right, center), gap));
  Value y = g.where(within(left, center), up, g.scalar(f, 0));
  y = g.where(g.create<graph::EqualOp>({row, center}), g.scalar(f, 1), y);
  n.set(0, g.castTo(g.where(within(center, right), down, y), elem));
}

void addSignalImporters(ImportTable &t) {
  t["DFT"] = importDft, t["STFT"] = importStft, t["MelWeightMatrix"] = importMelWeights;
}

} // namespace wick::compiler
