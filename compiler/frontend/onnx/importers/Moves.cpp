// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Move: Transpose, Concat, Split, Slice, Pad, Tile, DepthToSpace,
// SpaceToDepth, Trilu, ReverseSequence.
//
#include "compiler/frontend/onnx/importers/Axes.h"

using namespace mlir;
namespace wick::compiler {

static void importTranspose(NodeImport &n) {
  int64_t rank = n.g.rank(n.input(0));
  SmallVector<int64_t> perm;
  if (auto attr = n.intsAttr("perm"))
    for (int64_t p : *attr)
      perm.push_back(p < 0 ? p + rank : p);
  else
    for (int64_t i = rank; i-- > 0;)
      perm.push_back(i);
  n.set(0, n.g.transpose(n.input(0), perm));
}

static void importConcat(NodeImport &n) {
  auto axis = n.axis(n.intAttr("axis", 0), n.g.rank(n.input(0)));
  if (axis)
    n.set(0, n.g.concat(n.in, *axis));
}

static void importSplit(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  auto axis = n.axis(n.intAttr("axis", 0), g.rank(x));
  if (!axis)
    return;
  AffineExpr size = g.dim(x, *axis);
  Exprs sizes;
  int64_t parts = n.node.outputs.size();
  if (n.input(1)) {
    auto given = g.shapeFrom(ofLength(g, n.input(1), parts));
    if (!given)
      return;
    sizes = *given;
  } else if (auto attr = n.intsAttr("split")) {
    sizes = g.exprs(*attr);
  } else {
    int64_t count = n.intAttr("num_outputs", parts);
    if (count < 1)
      return n.error("num_outputs " + Twine(count));
    AffineExpr chunk = g.ceilDiv(size, g.expr(count));
    for (int64_t i = 0; i < count; ++i)
      sizes.push_back(i + 1 < count ? chunk : g.simplify(size - chunk * (count - 1)));
  }
  if (int64_t(sizes.size()) < parts)
    return n.error("split into " + Twine(sizes.size()) + " parts, but the node has " + Twine(parts) + " outputs");
  AffineExpr start = g.expr(0);
  for (int64_t i = 0; i < parts; ++i) {
    n.set(i, g.slice(x, *axis, start, sizes[i]));
    start = g.simplify(start + sizes[i]);
  }
}

/// min(max(v < 0 ? v + dim : v, lo), hi) where the sign of v decides at build time;
/// null when it does not.
static AffineExpr wrapAndClamp(GraphBuilder &g, AffineExpr v, AffineExpr dim, AffineExpr lo, AffineExpr hi) {
  auto range = g.symbols.range(v);
  // -n of a dim n that may be 0 wraps to 0 either way.
  bool wrapsToZero = range.second <= 0 && graph::isConstant(g.simplify(v + dim), 0);
  if (range.first < 0 && range.second >= 0 && !wrapsToZero)
    return {};
  if (range.second < 0 || wrapsToZero)
    v = v + dim;
  return g.clamp(v, lo, hi);
}

/// The same on tensors, at run time.
static AffineExpr wrapAtRunTime(GraphBuilder &g, AffineExpr v, AffineExpr dim, AffineExpr lo, AffineExpr hi) {
  Value x = g.dimScalar(v), n = g.dimScalar(dim);
  Value w = g.where(g.create<graph::LessOp>({x, g.i64(0)}), g.add(x, n), x);
  w = g.min(g.max(w, g.dimScalar(lo)), g.dimScalar(hi));
  return w ? g.sizeOf(w, 0, std::max<int64_t>(g.symbols.range(lo).first, -1), g.symbols.range(hi).second)
           : AffineExpr();
}

/// Slice with axes or steps that are known at run time only: a gather along every dim.
static void sliceByGather(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), i64Min = g.i64(INT32_MIN), i64Max = g.i64(INT32_MAX);
  Type i64 = g.b.getI64Type();
  int64_t rank = g.rank(x);
  Value axes = n.input(3);
  if (!axes) {
    axes = g.iota(i64, g.count(n.input(1)));
  }
  auto bounded = [&](Value v) { return g.clip(g.castTo(v, i64), i64Min, i64Max); };
  Value one = g.i64(1), dims = g.dimsValue(g.dims(x)), last = g.sub(dims, one), zero = g.i64(0);
  Value steps = n.input(4) ? spreadToDims(g, axes, bounded(n.input(4)), rank, one) : g.expandTo(one, {g.expr(rank)});
  Value down = g.create<graph::LessOp>({steps, zero});
  auto wrap = [&](Value v) { return g.where(g.create<graph::LessOp>({v, zero}), g.add(v, dims), v); };
  Value high = g.where(down, last, dims), low = g.where(down, g.i64(-1), zero);
  Value starts = g.clip(wrap(spreadToDims(g, axes, bounded(n.input(1)), rank, zero)), zero, high);
  Value ends = g.clip(wrap(spreadToDims(g, axes, bounded(n.input(2)), rank, dims)), low, high);
  Value size = g.where(down, g.sub(starts, ends), g.sub(ends, starts)), by = g.create<graph::AbsOp>({steps});
  size = g.max(g.div(g.add(size, g.sub(by, one)), by), zero);
  auto sizes = size ? g.shapeFrom(size) : std::nullopt;
  for (int64_t d = 0; sizes && d < rank; ++d) {
    auto at = [&](Value v) { return g.reshape(g.slice(v, 0, g.expr(d), g.expr(1)), ArrayRef<int64_t>()); };
    x = g.gather(x, g.create<graph::IotaOp>({at(starts), at(steps)}, {g.mapAttr("dims", {(*sizes)[d]})}), d);
  }
  n.set(0, x);
}

static void importSlice(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  Exprs dims = g.dims(x);
  int64_t rank = dims.size();
  // Starts, ends, axes and steps are as many: one known length is that of all.
  std::optional<int64_t> length;
  for (unsigned i = 1; i <= 4 && !length; ++i)
    if (n.input(i))
      length = graph::constantOf(g.count(n.input(i)));
  for (unsigned i = 1; i <= 4 && length; ++i)
    if (n.input(i) && !graph::constantOf(g.count(n.input(i))))
      n.in[i] = ofLength(g, n.input(i), *length);
  if (!length || (n.input(3) && !g.elementsOf(n.input(3))) || (n.input(4) && !g.elementsOf(n.input(4))))
    return sliceByGather(n);
  auto startsIn = g.shapeFrom(n.input(1), INT64_MIN), endsIn = g.shapeFrom(n.input(2), INT64_MIN);
  if (!startsIn || !endsIn)
    return;
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, startsIn->size()));
  if (n.input(3)) {
    auto given = n.constantInts(3, "axes");
    if (!given)
      return;
    axes = *given;
  }
  SmallVector<int64_t> stepsIn(axes.size(), 1);
  if (n.input(4)) {
    auto given = n.constantInts(4, "steps");
    if (!given)
      return;
    stepsIn = *given;
  }
  if (startsIn->size() != axes.size() || endsIn->size() != axes.size() || stepsIn.size() != axes.size())
    return n.error("starts, ends, axes and steps differ in length");
  Exprs starts(rank, g.expr(0)), sizes = dims;
  SmallVector<int64_t> steps(rank, 1);
  for (size_t k = 0; k < axes.size(); ++k) {
    auto a = n.axis(axes[k], rank);
    if (!a)
      return;
    int64_t step = stepsIn[k];
    if (step == 0)
      return n.error("step 0");
    step = std::clamp<int64_t>(step, -INT32_MAX, INT32_MAX); // longer ones take one element all the same
    AffineExpr dim = dims[*a], lo = g.expr(step > 0 ? 0 : -1), hi = step > 0 ? dim : g.simplify(dim - 1);
    auto bound = [&](AffineExpr v, AffineExpr least) {
      // INT_MAX and the like mean the end.
      if (auto c = graph::constantOf(v)) {
        if (*c >= INT32_MAX)
          return g.simplify(hi);
        if (*c <= INT32_MIN)
          return g.simplify(least);
      }
      AffineExpr w = wrapAndClamp(g, v, dim, least, hi);
      return w ? w : wrapAtRunTime(g, v, dim, least, hi);
    };
    AffineExpr start = bound((*startsIn)[k], g.expr(0)), end = bound((*endsIn)[k], lo);
    if (!start || !end)
      return;
    AffineExpr span = step > 0 ? end - start : start - end;
    AffineExpr size = g.symbols.max(g.ceilDiv(g.simplify(span), g.expr(std::abs(step))), g.expr(0));
    starts[*a] = start, sizes[*a] = g.simplify(size), steps[*a] = step;
  }
  n.set(0, g.sliceAll(x, starts, sizes, steps));
}

static void importPad(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  int64_t rank = g.rank(x);
  Value amounts = n.input(1), axesIn = n.input(3);
  if (axesIn && !g.elementsOf(axesIn)) { // spread over all dims at run time
    AffineExpr half = g.count(axesIn);
    Value zero = g.i64(0), lo = spreadToDims(g, axesIn, g.slice(amounts, 0, g.expr(0), half), rank, zero);
    amounts = g.concat({lo, spreadToDims(g, axesIn, g.slice(amounts, 0, half, half), rank, zero)}, 0);
    axesIn = {};
  }
  if (auto named = axesIn ? graph::constantOf(g.count(axesIn)) : std::optional<int64_t>(rank))
    amounts = ofLength(g, amounts, 2 * *named);
  auto pads = amounts ? g.shapeFrom(amounts, INT32_MIN, INT32_MAX) : std::nullopt;
  if (!pads)
    return;
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (axesIn) {
    auto given = n.constantInts(3, "axes");
    if (!given)
      return;
    axes = *given;
  }
  if (pads->size() != 2 * axes.size())
    return n.error(Twine(pads->size()) + " pads for " + Twine(axes.size()) + " axes");
  Exprs low(rank, g.expr(0)), high(rank, g.expr(0));
  for (size_t k = 0; k < axes.size(); ++k) {
    auto a = n.axis(axes[k], rank);
    if (!a)
      return;
    low[*a] = (*pads)[k], high[*a] = (*pads)[k + axes.size()];
  }
  std::string mode = n.stringAttr("mode", "constant");
  auto kind = graph::symbolizePadMode(mode);
  if (!kind)
    return n.error("mode '" + mode + "'");
  Value value = n.input(2) ? g.reshape(n.input(2), ArrayRef<int64_t>()) : g.scalarLike(x, 0);
  auto isZero = [](AffineExpr e) { return graph::isConstant(e, 0); };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
    return n.set(0, x);
  n.set(0, g.create<graph::PadOp>({x, value},
                                  {g.mapAttr("low", low), g.mapAttr("high", high),
                                   g.b.getNamedAttr("mode", graph::PadModeAttr::get(g.b.getContext(), *kind))}));
}

static void importTile(NodeImport &n) {
  GraphBuilder &g = n.g;
  auto repeats = g.shapeFrom(ofLength(g, n.input(1), g.rank(n.input(0))));
  if (!repeats)
    return;
  if (llvm::all_of(*repeats, [](AffineExpr e) { return graph::isConstant(e, 1); }))
    return n.set(0, n.input(0));
  n.set(0, g.create<graph::TileOp>({n.input(0)}, {g.mapAttr("repeats", *repeats)}));
}

/// DepthToSpace and SpaceToDepth: what they have in common.
struct Blocks {
  Value x;
  int64_t size;
  /// Channel before the position in the block; else behind it.
  bool channelFirst;
};

static std::optional<Blocks> blocksOf(NodeImport &n) {
  Blocks blocks{n.input(0), n.intAttr("blocksize", 1), n.stringAttr("mode", "DCR") == "CRD"};
  if (n.g.rank(blocks.x) != 4)
    n.error("input of rank " + Twine(n.g.rank(blocks.x)) + ", expected 4");
  else if (blocks.size < 1 || blocks.size > INT32_MAX)
    n.error("blocksize " + Twine(blocks.size));
  else
    return blocks;
  return std::nullopt;
}

static void importDepthToSpace(NodeImport &n) {
  GraphBuilder &g = n.g;
  auto blocks = blocksOf(n);
  if (!blocks)
    return;
  auto [x, s, channelFirst] = *blocks;
  Exprs d = g.dims(x);
  AffineExpr c = g.floorDiv(d[1], g.expr(s * s)), e = g.expr(s);
  Value v = channelFirst ? g.transpose(g.reshape(x, {d[0], c, e, e, d[2], d[3]}), {0, 1, 4, 2, 5, 3})
                         : g.transpose(g.reshape(x, {d[0], e, e, c, d[2], d[3]}), {0, 3, 4, 1, 5, 2});
  n.set(0, g.reshape(v, {d[0], c, d[2] * s, d[3] * s}));
}

static void importSpaceToDepth(NodeImport &n) {
  GraphBuilder &g = n.g;
  auto blocks = blocksOf(n);
  if (!blocks)
    return;
  auto [x, s, channelFirst] = *blocks;
  Exprs d = g.dims(x);
  AffineExpr h = g.floorDiv(d[2], g.expr(s)), w = g.floorDiv(d[3], g.expr(s)), e = g.expr(s);
  Value v = g.transpose(g.reshape(x, {d[0], d[1], h, e, w, e}),
                        channelFirst ? ArrayRef<int64_t>{0, 1, 3, 5, 2, 4} : ArrayRef<int64_t>{0, 3, 5, 1, 2, 4});
  n.set(0, g.reshape(v, {d[0], d[1] * s * s, h, w}));
}

static void importTrilu(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), k = n.input(1) ? g.reshape(n.input(1), ArrayRef<int64_t>()) : g.i64(0);
  Type i64 = g.b.getI64Type();
  int64_t rank = g.rank(x);
  if (rank < 2)
    return n.error("input of rank " + Twine(rank) + ", expected at least 2");
  Value row = g.add(g.unsqueeze(g.iota(i64, g.dim(x, rank - 2)), {1}), k), col = g.iota(i64, g.dim(x, rank - 1));
  bool upper = n.intAttr("upper", 1);
  Value keep = upper ? g.create<graph::LessEqualOp>({row, col}) : g.create<graph::LessEqualOp>({col, row});
  n.set(0, g.where(keep, x, g.scalarLike(x, 0)));
}

static void importReverseSequence(NodeImport &n) {
  GraphBuilder &g = n.g;
  int64_t batch = n.intAttr("batch_axis", 1), time = n.intAttr("time_axis", 0);
  if (g.rank(n.input(0)) < 2 || g.rank(n.input(1)) != 1 || std::min(batch, time) < 0 || std::max(batch, time) > 1)
    return n.error("axes or ranks do not fit");
  n.set(0, g.create<graph::ReverseSequenceOp>({n.input(0), n.input(1)},
                                              {g.intAttr("batch_axis", n.intAttr("batch_axis", 1)),
                                               g.intAttr("time_axis", n.intAttr("time_axis", 0))}));
}

void addMoveImporters(ImportTable &t) {
  t["Transpose"] = importTranspose, t["Concat"] = importConcat, t["Split"] = importSplit, t["Slice"] = importSlice;
  t["Pad"] = importPad, t["Tile"] = importTile, t["DepthToSpace"] = importDepthToSpace,
  t["SpaceToDepth"] = importSpaceToDepth;
  t["Trilu"] = importTrilu, t["ReverseSequence"] = importReverseSequence;
}

} // namespace wick::compiler
