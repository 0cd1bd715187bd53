// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops on shapes and the views they ask for: Shape, Size, Reshape, Flatten, Squeeze,
// Unsqueeze, Expand.
//
#include "compiler/frontend/onnx/OnnxImporter.h"
#include "compiler/frontend/onnx/importers/Axes.h"

using namespace mlir;
namespace wick::compiler {

static void importShape(NodeImport &n) {
  GraphBuilder &g = n.g;
  Exprs dims = g.dims(n.input(0));
  int64_t rank = dims.size(), start = n.intAttr("start", 0), end = n.intAttr("end", rank);
  start = std::clamp<int64_t>(start < 0 ? start + rank : start, 0, rank);
  end = std::clamp<int64_t>(end < 0 ? end + rank : end, 0, rank);
  n.set(0, g.dimsValue(ArrayRef(dims).slice(start, std::max<int64_t>(0, end - start))));
}

static void importSize(NodeImport &n) { n.set(0, n.g.dimScalar(n.g.count(n.input(0)))); }

/// Dims of a reshape whose shape operand is not known: -1 and 0 are resolved by
/// arithmetic on the operand, the result is read at run time.
static std::optional<Exprs> resolveAtRunTime(GraphBuilder &g, Value x, Value shape, bool allowZero) {
  Type i64 = g.b.getI64Type();
  Exprs dims = g.dims(x);
  int64_t length = graph::constantOf(g.dim(shape, 0)).value_or(0);
  dims.resize(length, g.expr(1));
  Value s = g.castTo(shape, i64);
  if (!allowZero)
    s = g.where(g.create<graph::EqualOp>({s, g.i64(0)}), g.dimsValue(dims), s);
  Value others = g.reduce(s, graph::ReduceKind::Prod, {0}); // negative when one is -1
  Value rest = g.div(g.dimScalar(g.count(x)), g.create<graph::NegOp>({others}));
  Value resolved = g.where(g.create<graph::LessOp>({s, g.i64(0)}), rest, s);
  return resolved ? g.shapeFrom(resolved) : std::nullopt;
}

static void importReshape(NodeImport &n) {
  GraphBuilder &g = n.g;
  closeLength(n, 1, [](int64_t rank) { return rank; });
  Value x = n.input(0), shape = n.input(1);
  bool allowZero = n.intAttr("allowzero", 0);
  auto known = g.elementsOf(shape);
  Exprs from = g.dims(x), to;
  int64_t infer = -1;
  AffineExpr others = g.expr(1);
  auto type = cast<RankedTensorType>(shape.getType());
  if (!type.hasStaticShape() || type.getRank() != 1)
    return n.openLength(1, "shape");
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    AffineExpr e = known ? (*known)[i] : AffineExpr();
    if (!e) { // could be 0 or -1
      auto dims = resolveAtRunTime(g, x, shape, allowZero);
      return dims ? n.set(0, g.reshape(x, *dims)) : n.openLength(1, "shape");
    }
    auto c = graph::constantOf(e);
    if (c == -1) {
      if (infer >= 0)
        return n.error("more than one dim is -1");
      infer = i;
      to.push_back(g.expr(1));
      continue;
    }
    if (c == 0 && !allowZero) {
      if (i >= int64_t(from.size()))
        return n.error("dim " + Twine(i) + " is 0, but the input has rank " + Twine(from.size()));
      e = from[i];
    }
    to.push_back(e);
    others = others * e;
  }
  if (infer >= 0) {
    // Dims taken over cancel before the division, which keeps it exact.
    AffineExpr total = g.count(x), by = g.simplify(others);
    AffineExpr exact = g.exactQuotient(total, by);
    auto zero = graph::constantOf(by);
    to[infer] = exact ? exact : zero == 0 ? g.expr(0) : g.floorDiv(total, by);
    auto t = graph::constantOf(total);
    if (t && zero && *zero > 0 && *t % *zero != 0)
      return n.error(Twine(*t) + " elements do not divide into rows of " + Twine(*zero));
  }
  n.set(0, g.reshape(x, to));
}

static void importFlatten(NodeImport &n) {
  GraphBuilder &g = n.g;
  Exprs dims = g.dims(n.input(0));
  int64_t rank = dims.size(), axis = n.intAttr("axis", 1);
  if (axis < -rank || axis > rank)
    return n.error("axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
  axis = axis < 0 ? axis + rank : axis;
  n.set(0, g.reshape(n.input(0), {g.count(ArrayRef(dims).take_front(axis)), g.count(ArrayRef(dims).drop_front(axis))}));
}

static void importSqueeze(NodeImport &n) {
  GraphBuilder &g = n.g;
  Exprs dims = g.dims(n.input(0));
  SmallVector<int64_t> all, undecided;
  for (auto [i, d] : llvm::enumerate(dims)) {
    if (graph::isConstant(d, 1))
      all.push_back(i);
    else if (!graph::constantOf(d) && g.symbols.range(d).first <= 1)
      undecided.push_back(i);
  }
  closeLength(n, 1, [&](int64_t rank) { return int64_t(dims.size()) - rank; });
  if (n.input(1) && !g.elementsOf(n.input(1))) { // which dims go is known at run time only
    auto gone = graph::constantOf(g.count(n.input(1)));
    if (!gone)
      return n.openLength(1, "axes");
    if (*gone > int64_t(dims.size()))
      return n.error(Twine(*gone) + " axes, but the input has rank " + Twine(dims.size()));
    auto rest = remainingDims(g, axisMask(g, n.input(1), dims.size()), dims, int64_t(dims.size()) - *gone);
    return rest ? n.set(0, g.reshape(n.input(0), *rest)) : void();
  }
  bool given = n.input(1) || n.hasAttr("axes");
  if (!given && !undecided.empty()) { // ask what the rest of the graph can use
    Value isOne;
    for (int64_t a : undecided) {
      Value one = g.create<graph::EqualOp>({g.dimScalar(dims[a]), g.i64(1)});
      isOne = isOne ? g.create<graph::AndOp>({isOne, one}) : one;
    }
    auto settled = n.importer.decision(n.node);
    if (!settled)
      return n.importer.postpone(n, isOne, undecided.size() == 1,
                                 "the rank depends on a dim that may be 1; fix it with --dim or --shape");
    if (settled->branch == 0) {
      if (settled->isChecked && isOne)
        graph::AssertOp::create(g.b, g.loc, isOne,
                                "dim " + std::to_string(undecided[0]) +
                                    " must be 1: the graph behind this Squeeze fits only that");
      llvm::append_range(all, undecided);
      llvm::sort(all);
    }
    return n.set(0, g.squeeze(n.input(0), all));
  }
  auto axes = n.axes(1, dims.size(), all);
  if (!axes)
    return;
  for (int64_t a : *axes)
    if (auto c = graph::constantOf(dims[a]); c && *c != 1)
      return n.error("dim " + Twine(a) + " is " + Twine(*c) + ", expected 1");
  n.set(0, g.squeeze(n.input(0), *axes));
}

static void importUnsqueeze(NodeImport &n) {
  GraphBuilder &g = n.g;
  closeLength(n, 1, [&](int64_t rank) { return rank - g.rank(n.input(0)); });
  if (n.input(1) && !g.elementsOf(n.input(1))) {
    auto count = graph::constantOf(g.count(n.input(1)));
    if (!count)
      return n.openLength(1, "axes");
    Exprs dims = g.dims(n.input(0));
    Value mask = axisMask(g, n.input(1), dims.size() + *count);
    dims.push_back(g.expr(1)); // what a place past the last dim would read
    Value place = countBefore(g, g.sub(1, mask));
    auto out = g.shapeFrom(g.where(g.castTo(mask, g.b.getI1Type()), g.i64(1), g.gather(g.dimsValue(dims), place, 0)));
    return out ? n.set(0, g.reshape(n.input(0), *out)) : void();
  }
  auto axes = n.constantInts(1, "axes");
  if (!axes)
    return;
  int64_t rank = g.rank(n.input(0)) + axes->size();
  SmallVector<int64_t> out;
  for (int64_t a : *axes) {
    auto ok = n.axis(a, rank);
    if (!ok)
      return;
    if (llvm::is_contained(out, *ok))
      return n.error("axis " + Twine(a) + " is given twice");
    out.push_back(*ok);
  }
  n.set(0, g.unsqueeze(n.input(0), out));
}

/// `shape`, of open length, with ones in front: as many elements as the result has dims.
static Value alignShape(GraphBuilder &g, Value shape, int64_t rank) {
  Type i64 = g.b.getI64Type();
  AffineExpr length = g.dim(shape, 0), missing = g.simplify(g.expr(rank) - length);
  requireAtMost(g, length, g.expr(rank), "the shape is longer than the declared rank of the result");
  Value all = g.concat({g.i64s({1}), g.castTo(shape, i64)}, 0);
  Value at = g.add(g.sub(g.iota(i64, g.expr(rank)), g.dimScalar(missing)), 1);
  return g.gather(all, g.max(at, g.i64(0)), 0);
}

static void importExpand(NodeImport &n) {
  GraphBuilder &g = n.g;
  int64_t rank = g.rank(n.input(0));
  auto declared = n.importer.declaredRank(n.node.outputs[0]);
  closeLength(n, 1, [&](int64_t to) { return to > rank ? to : -1; });
  if (Value shape = n.input(1); declared == rank && g.rank(shape) == 1 && !graph::constantOf(g.dim(shape, 0)))
    n.in[1] = alignShape(g, shape, rank);
  auto dims = g.shapeFrom(n.input(1), 0);
  if (!dims)
    return n.openLength(1, "shape");
  n.set(0, g.expandTo(n.input(0), *dims));
}

void addShapeImporters(ImportTable &t) {
  t["Shape"] = importShape, t["Size"] = importSize, t["Reshape"] = importReshape, t["Flatten"] = importFlatten;
  t["Squeeze"] = importSqueeze, t["Unsqueeze"] = importUnsqueeze, t["Expand"] = importExpand;
}

} // namespace wick::compiler
