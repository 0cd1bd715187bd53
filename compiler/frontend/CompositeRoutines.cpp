// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls of runtime/kernels with their arguments worked out. Sizes that depend on data
// come from a counting routine first, whose result is read on the host.
//
#include "compiler/frontend/Composites.h"

using namespace mlir;
namespace wick::compiler {

static Type oneI64(GraphBuilder &g) { return RankedTensorType::get({1}, g.b.getI64Type()); }
static AffineExpr outerOf(GraphBuilder &g, ArrayRef<AffineExpr> d, int64_t axis) { return g.count(d.take_front(axis)); }
static AffineExpr innerOf(GraphBuilder &g, ArrayRef<AffineExpr> d, int64_t axis) {
  return g.count(d.drop_front(axis + 1));
}

Value alongDim(GraphBuilder &g, Value v, int64_t axis, int64_t rank) {
  if (!v)
    return v;
  if (g.rank(v) < 1 || axis < 0 || axis >= rank)
    return g.fail("a tensor of rank " + Twine(g.rank(v)) + " along dim " + Twine(axis) + " of " + Twine(rank));
  Exprs shape(rank, g.expr(1));
  shape[axis] = g.dim(v, 0);
  return g.reshape(v, shape);
}

/// Whether x has the dim `axis`; an error otherwise.
static bool hasAxis(GraphBuilder &g, Value x, int64_t axis) {
  bool has = axis >= 0 && axis < g.rank(x);
  if (!has)
    g.fail("axis " + Twine(axis) + " is out of range for rank " + Twine(g.rank(x)));
  return has;
}

Value cumulative(GraphBuilder &g, Value x, int64_t axis, StringRef routine, bool exclusive, bool reverse) {
  if (!x || !hasAxis(g, x, axis))
    return {};
  Exprs dims = g.dims(x);
  AffineExpr inner = innerOf(g, dims, axis);
  return g.routine(routine, {x}, x.getType(), {dims[axis], inner, g.expr(exclusive), g.expr(reverse)},
                   g.count({outerOf(g, dims, axis), inner}), g.expr(0))[0];
}

std::pair<Value, Value> topK(GraphBuilder &g, Value x, int64_t axis, AffineExpr k, bool largest) {
  if (!x || !hasAxis(g, x, axis))
    return {};
  Exprs dims = g.dims(x);
  AffineExpr size = dims[axis], inner = innerOf(g, dims, axis), outer = outerOf(g, dims, axis);
  if (auto c = graph::constantOf(k), s = graph::constantOf(size); c && s && *c > *s)
    return {g.fail("k is " + Twine(*c) + ", the axis has " + Twine(*s) + " elements"), Value()};
  dims[axis] = k;
  SmallVector<Type> types{graph::tensorOf(g.elem(x), dims), graph::tensorOf(g.b.getI64Type(), dims)};
  auto out = g.routine("topk", {x}, types, {size, inner, k, g.expr(largest)}, g.count({outer, inner}), k * 16);
  return {out[0], out[1]};
}

Value nonZero(GraphBuilder &g, Value x) {
  if (!x)
    return x;
  if (g.rank(x) == 0)
    x = g.reshape(x, ArrayRef<int64_t>{1});
  Exprs dims = g.dims(x);
  AffineExpr total = g.count(x), zero = g.expr(0), one = g.expr(1);
  Value count = g.routine("nonzero_count", {x}, oneI64(g), {total}, one, zero)[0];
  AffineExpr size = count ? g.sizeOf(count, 0, 0, g.symbols.range(total).second) : zero;
  Exprs args{g.expr(dims.size()), size};
  llvm::append_range(args, dims);
  Type type = graph::tensorOf(g.b.getI64Type(), {g.expr(dims.size()), size});
  return g.routine("nonzero_fill", {x}, type, args, one, zero)[0];
}

UniqueParts unique(GraphBuilder &g, Value x, int64_t axis, bool sorted) {
  if (!x || !hasAxis(g, x, axis))
    return {};
  Exprs dims = g.dims(x);
  AffineExpr size = dims[axis], zero = g.expr(0), inner = innerOf(g, dims, axis), outer = outerOf(g, dims, axis);
  Type list = graph::tensorOf(g.b.getI64Type(), {size});
  auto found = g.routine("unique_count", {x}, {list, list, list, oneI64(g)}, {outer, size, inner, g.expr(sorted)},
                         g.expr(1), size * 16);
  if (!found[0])
    return {};
  AffineExpr groups = g.sizeOf(found[3], 0, 0, g.symbols.range(size).second);
  dims[axis] = groups;
  Value values = g.routine("unique_fill", {x, found[0]}, graph::tensorOf(g.elem(x), dims), {outer, size, inner, groups},
                           outer, zero)[0];
  return {values, g.slice(found[0], 0, zero, groups), found[1], g.slice(found[2], 0, zero, groups)};
}

Value scatterElements(GraphBuilder &g, Value x, Value indices, Value updates, int64_t axis, ScatterKind kind) {
  if (!x || !indices || !updates || !hasAxis(g, x, axis))
    return {};
  Exprs dims = g.dims(x), idxDims = g.dims(indices);
  if (dims.size() != idxDims.size())
    return g.fail("data of rank " + Twine(dims.size()) + " and indices of rank " + Twine(idxDims.size()));
  Exprs args{g.expr(dims.size()), g.expr(axis), g.expr(int64_t(kind))}, lines = dims;
  llvm::append_range(args, dims), llvm::append_range(args, idxDims);
  lines[axis] = g.expr(1);
  return g.routine("scatter_elements", {x, g.castTo(indices, g.b.getI64Type()), updates}, x.getType(), args,
                   g.count(lines), g.expr(0))[0];
}

Value scatterNd(GraphBuilder &g, Value x, Value indices, Value updates, ScatterKind kind) {
  if (!x || !indices || !updates)
    return {};
  Exprs dims = g.dims(x), idxDims = g.dims(indices);
  auto depth = idxDims.empty() ? std::nullopt : graph::constantOf(idxDims.back());
  if (!depth || *depth > int64_t(dims.size()))
    return g.fail("index tuples of unknown or excessive length");
  ArrayRef<AffineExpr> outer = ArrayRef(dims).take_front(*depth);
  Exprs args{g.count(ArrayRef(idxDims).drop_back()), g.expr(*depth), g.count(ArrayRef(dims).drop_front(*depth)),
             g.expr(int64_t(kind))};
  llvm::append_range(args, outer);
  return g.routine("scatter_nd", {x, g.castTo(indices, g.b.getI64Type()), updates}, x.getType(), args, g.count(outer),
                   g.expr(0))[0];
}

Value gridSample(GraphBuilder &g, Value x, Value grid, int64_t mode, int64_t padding, bool alignCorners) {
  if (!x || !grid)
    return {};
  Exprs in = g.dims(x), at = g.dims(grid);
  int64_t rank = int64_t(in.size()) - 2;
  if (rank < 2 || rank > 3 || (mode == 2 && rank != 2) || at.size() != in.size())
    return g.fail("grid samples of this mode over " + Twine(rank) + " dims are not supported");
  Exprs args{g.expr(rank), in[1]}, out{in[0], in[1]};
  args.append(in.begin() + 2, in.end());
  for (int64_t i = 0; i < rank; ++i)
    args.push_back(at[1 + i]), out.push_back(at[1 + i]);
  args.append({g.expr(mode), g.expr(padding), g.expr(alignCorners)});
  return g.routine("grid_sample", {x, g.castTo(grid, g.elem(x))}, graph::tensorOf(g.elem(x), out), args,
                   g.count({in[0], in[1]}), g.expr(0))[0];
}

Value roiAlign(GraphBuilder &g, Value x, Value rois, Value batch, const RoiAlignParams &p) {
  if (!x || !rois || !batch)
    return {};
  Exprs d = g.dims(x);
  if (d.size() != 4 || g.rank(rois) != 2)
    return g.fail("an image of rank " + Twine(d.size()) + " and rois of rank " + Twine(g.rank(rois)));
  AffineExpr r = g.dim(rois, 0);
  return g.routine("roi_align", {x, rois, g.castTo(batch, g.b.getI64Type())},
                   graph::tensorOf(g.elem(x), {r, d[1], p.height, p.width}),
                   {d[0], d[1], d[2], d[3], p.height, p.width, g.expr(p.samplingRatio), g.doubleArg(p.scale),
                    g.expr(p.max), g.expr(p.halfPixel)},
                   g.count({r, d[1]}), g.expr(0))[0];
}

Value nonMaxSuppression(GraphBuilder &g, Value boxes, Value scores, Value most, Value iou, Value least,
                        bool centerPointBox) {
  if (!boxes || !scores)
    return {};
  AffineExpr b = g.dim(boxes, 0), count = g.dim(boxes, 1), c = g.dim(scores, 1), each = count;
  if (auto k = g.intOf(most))
    each = g.symbols.min(count, g.expr(std::max<int64_t>(*k, 0)));
  AffineExpr capacity = g.count({b, c, each});
  Type selected = graph::tensorOf(g.b.getI64Type(), {capacity, g.expr(3)});
  auto out = g.routine("non_max_suppression", {boxes, scores, most, iou, least}, {selected, oneI64(g)},
                       {b, c, count, capacity, g.expr(centerPointBox)}, g.expr(1), count * 16);
  if (!out[0])
    return {};
  return g.slice(out[0], 0, g.expr(0), g.sizeOf(out[1], 0, 0, g.symbols.range(capacity).second));
}

Value dft(GraphBuilder &g, Value x, int64_t axis, const DftParams &p) {
  if (!x)
    return x;
  Exprs d = g.dims(x);
  int64_t rank = d.size();
  auto parts = rank < 2 ? std::nullopt : graph::constantOf(d.back());
  if (!parts || *parts < 1 || *parts > 2 || axis < 0 || axis >= rank - 1)
    return g.fail("a transform of axis " + Twine(axis) + " of a tensor of rank " + Twine(rank));
  bool hermitian = p.inverse && p.onesided;
  AffineExpr in = d[axis], half = g.expr(2);
  AffineExpr outLen = p.onesided && !p.inverse ? g.simplify(g.floorDiv(p.length, half) + 1) : p.length;
  int64_t outParts = hermitian ? 1 : 2;
  AffineExpr outer = outerOf(g, d, axis), inner = g.count(ArrayRef(d).slice(axis + 1, rank - axis - 2));
  Exprs out = d;
  out[axis] = outLen, out.back() = g.expr(outParts);
  return g.routine(
      "dft", {x}, graph::tensorOf(g.elem(x), out),
      {in, inner, g.expr(*parts), p.length, outLen, g.expr(outParts), g.expr(p.inverse), g.expr(hermitian)},
      g.count({outer, inner}), p.length * 48)[0];
}

Value foldBlocks(GraphBuilder &g, Value x, const FoldParams &p) {
  if (!x)
    return x;
  if (g.rank(x) != 3)
    return g.fail("blocks of rank " + Twine(g.rank(x)) + ", expected 3");
  Exprs d = g.dims(x), args{g.expr(p.image.size()), d[2]};
  llvm::append_range(args, p.image), llvm::append_range(args, p.block);
  for (ArrayRef<int64_t> part :
       {ArrayRef<int64_t>(p.strides), ArrayRef<int64_t>(p.dilations), ArrayRef<int64_t>(p.padsBegin)})
    llvm::append_range(args, g.exprs(part));
  llvm::append_range(args, p.positions);
  AffineExpr channels = g.floorDiv(d[1], g.count(p.block));
  Exprs out{d[0], channels};
  llvm::append_range(out, p.image);
  return g.routine("col2im", {x}, graph::tensorOf(g.elem(x), out), args, g.count({d[0], channels}), g.expr(0))[0];
}

} // namespace wick::compiler
