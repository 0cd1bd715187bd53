// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that are routines of runtime/kernels: sizes that depend on data come from a
// counting routine first, whose result is read on the host.
//
#include "compiler/frontend/Composites.h"
#include "compiler/frontend/onnx/importers/Axes.h"

using namespace mlir;
namespace wick::compiler {

static Type oneI64(GraphBuilder &g) { return RankedTensorType::get({1}, g.b.getI64Type()); }

static void importNonZero(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value out = nonZero(g, n.input(0));
  n.set(0, g.rank(n.input(0)) ? out : g.slice(out, 0, g.expr(0), g.expr(0)));
}

static void importCompress(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), condition = n.input(1);
  int64_t at = 0;
  if (n.hasAttr("axis")) {
    auto axis = n.axis(n.intAttr("axis", 0), g.rank(x));
    if (!axis)
      return;
    at = *axis;
  } else {
    x = g.flatten(x);
  }
  Exprs dims = g.dims(x);
  if (g.rank(condition) != 1)
    return n.error("condition of rank " + Twine(g.rank(condition)) + ", expected 1");
  AffineExpr size = dims[at], len = g.dim(condition, 0), zero = g.expr(0);
  AffineExpr inner = g.count(ArrayRef(dims).drop_front(at + 1)), outer = g.count(ArrayRef(dims).take_front(at));
  Value counted = g.routine("compress_count", {condition}, oneI64(g), {len, size}, g.expr(1), zero)[0];
  AffineExpr count = counted ? g.sizeOf(counted, 0, 0, g.symbols.range(size).second) : zero;
  dims[at] = count;
  n.set(0, g.routine("compress_fill", {x, condition}, graph::tensorOf(g.elem(x), dims), {size, inner, len, count},
                     outer, zero)[0]);
}

static void importUnique(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  int64_t at = 0;
  bool flat = !n.hasAttr("axis");
  if (flat) {
    x = g.flatten(x);
  } else {
    auto axis = n.axis(n.intAttr("axis", 0), g.rank(x));
    if (!axis)
      return;
    at = *axis;
  }
  UniqueParts u = unique(g, x, at, n.intAttr("sorted", 1));
  n.set(0, u.values), n.set(1, u.first), n.set(2, u.inverse), n.set(3, u.counts);
}

static void importNms(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value boxes = n.input(0), scores = n.input(1);
  if (g.rank(boxes) != 3 || g.rank(scores) != 3)
    return n.error("boxes and scores must have rank 3");
  Type i64 = g.b.getI64Type(), f32 = g.b.getF32Type();
  auto vector = [&](Value v, Type t, double otherwise) {
    return g.reshape(v ? g.castTo(v, t) : g.scalar(t, otherwise), ArrayRef<int64_t>{1});
  };
  Value most = vector(n.input(2), i64, 0), iou = vector(n.input(3), f32, 0);
  Value least = vector(n.input(4), f32, -std::numeric_limits<double>::infinity());
  n.set(0, nonMaxSuppression(g, boxes, scores, most, iou, least, n.intAttr("center_point_box", 0)));
}

static void importMaxUnpool(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  Exprs dims = g.dims(x);
  if (dims.size() < 3)
    return n.error("input of rank " + Twine(dims.size()));
  Exprs out{dims[0], dims[1]};
  auto kernel = n.intsAttr("kernel_shape").value_or(std::vector<int64_t>());
  size_t spatial = dims.size() - 2;
  auto strides = n.intsAttr("strides").value_or(std::vector<int64_t>(spatial, 1));
  auto pads = n.intsAttr("pads").value_or(std::vector<int64_t>(2 * spatial, 0));
  if (dims.size() < 3 || kernel.size() != spatial || strides.size() != spatial || pads.size() != 2 * spatial)
    return n.error("attributes do not fit rank " + Twine(dims.size()));
  for (size_t i = 0; i < spatial; ++i)
    out.push_back(g.simplify((dims[2 + i] - 1) * strides[i] + (kernel[i] - pads[i] - pads[spatial + i])));
  // Indices count in the tensor that was pooled; a larger output_shape has room behind.
  Exprs full = out;
  if (n.input(2)) {
    auto given = g.shapeFrom(ofLength(g, n.input(2), dims.size()));
    if (!given || given->size() != dims.size())
      return n.unsupported("output_shape of unknown length");
    full = *given;
  }
  Value v = g.routine("max_unpool", {x, g.castTo(n.input(1), g.b.getI64Type())}, graph::tensorOf(g.elem(x), out),
                      {g.count(x), g.count(out)}, g.count(out), g.expr(0))[0];
  Exprs low(dims.size(), g.expr(0)), high;
  for (auto [whole, part] : llvm::zip(full, out))
    high.push_back(g.simplify(whole - part));
  n.set(0, g.create<graph::PadOp>(
               {v, g.scalarLike(v, 0)},
               {g.mapAttr("low", low),
                g.mapAttr("high", high),
                {g.b.getStringAttr("mode"), graph::PadModeAttr::get(g.b.getContext(), graph::PadMode::Constant)}}));
}

static void importGridSample(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), grid = n.input(1);
  Exprs in = g.dims(x), at = g.dims(grid);
  if (in.size() < 3)
    return n.error("input of rank " + Twine(in.size()));
  int64_t rank = int64_t(in.size()) - 2;
  std::string mode = n.stringAttr("mode", "linear"), padding = n.stringAttr("padding_mode", "zeros");
  int64_t code = mode == "nearest" ? 0 : mode == "cubic" || mode == "bicubic" ? 2 : 1;
  if (rank < 2 || rank > 3 || (code == 2 && rank != 2) || at.size() != in.size())
    return n.unsupported(mode + " over " + Twine(rank) + " dims");
  int64_t outside = padding == "border" ? 1 : padding == "reflection" ? 2 : 0;
  n.set(0, gridSample(g, x, grid, code, outside, n.intAttr("align_corners", 0)));
}

static void importRoiAlign(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (g.rank(n.input(0)) != 4 || g.rank(n.input(1)) != 2)
    return n.error("X of rank " + Twine(g.rank(n.input(0))) + " and rois of rank " + Twine(g.rank(n.input(1))));
  n.set(0,
        roiAlign(g, n.input(0), n.input(1), n.input(2),
                 {g.expr(n.intAttr("output_height", 1)), g.expr(n.intAttr("output_width", 1)),
                  n.intAttr("sampling_ratio", 0), n.floatAttr("spatial_scale", 1), n.stringAttr("mode", "avg") == "max",
                  n.stringAttr("coordinate_transformation_mode", "half_pixel") == "half_pixel"}));
}

static void importDet(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  Exprs dims = g.dims(x);
  if (dims.size() < 2)
    return n.error("input of rank " + Twine(dims.size()));
  ArrayRef<AffineExpr> batch = ArrayRef(dims).drop_back(2);
  AffineExpr size = dims.back();
  n.set(0, g.routine("det", {x}, graph::tensorOf(g.elem(x), batch), {size}, g.count(batch), size * size * 8)[0]);
}

static void importCol2Im(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  closeLength(n, 1, [](int64_t rank) { return rank - 2; });
  if (!graph::constantOf(g.count(n.input(1))))
    return n.openLength(1, "image_shape");
  int64_t spatial = *graph::constantOf(g.count(n.input(1)));
  auto image = g.shapeFrom(n.input(1), 0), block = g.shapeFrom(ofLength(g, n.input(2), spatial), 1);
  Exprs d = g.dims(x);
  if (!image || !block || d.size() != 3)
    return n.unsupported("image_shape of unknown length");
  size_t rank = image->size();
  auto list = [&](StringRef name, size_t size, int64_t otherwise) {
    return n.intsAttr(name).value_or(std::vector<int64_t>(size, otherwise));
  };
  auto dilations = list("dilations", rank, 1), pads = list("pads", 2 * rank, 0), strides = list("strides", rank, 1);
  if (block->size() != rank || dilations.size() != rank || pads.size() != 2 * rank || strides.size() != rank)
    return n.error("attributes do not fit " + Twine(rank) + " dims");
  FoldParams p{*image, *block, {}, {}, {}, {}};
  for (size_t i = 0; i < rank; ++i) {
    AffineExpr room = (*image)[i] + (pads[i] + pads[rank + i] - 1) - ((*block)[i] - 1) * dilations[i];
    p.positions.push_back(g.simplify(g.floorDiv(g.simplify(room), g.expr(strides[i])) + 1));
    p.strides.push_back(strides[i]), p.dilations.push_back(dilations[i]), p.padsBegin.push_back(pads[i]);
  }
  n.set(0, foldBlocks(g, x, p));
}

static void importDeformConv(NodeImport &n) {
  auto list = [&](StringRef name, size_t size, int64_t otherwise) {
    return llvm::to_vector(n.intsAttr(name).value_or(std::vector<int64_t>(size, otherwise)));
  };
  SmallVector<int64_t> pads = list("pads", 4, 0);
  if (pads.size() != 4)
    return n.error("attributes do not fit two spatial dims");
  DeformConvParams p{list("strides", 2, 1), list("dilations", 2, 1), {pads[0], pads[1]},
                     {pads[2], pads[3]},    n.intAttr("group", 1),   n.intAttr("offset_group", 1)};
  n.set(0, deformConv(n.g, n.input(0), n.input(1), n.input(2), n.input(4), n.input(3), p));
}

void addRoutineImporters(ImportTable &t) {
  t["NonZero"] = importNonZero, t["Compress"] = importCompress, t["Unique"] = importUnique;
  t["NonMaxSuppression"] = importNms, t["MaxUnpool"] = importMaxUnpool, t["GridSample"] = importGridSample;
  t["RoiAlign"] = importRoiAlign, t["Det"] = importDet, t["Col2Im"] = importCol2Im;
  t["DeformConv"] = importDeformConv;
}

} // namespace wick::compiler
