// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Contract: MatMul, Gemm, Conv, ConvTranspose.
//
#include "compiler/frontend/onnx/importers/Windows.h"

using namespace mlir;
namespace wick::compiler {

static void importMatMul(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value a = n.input(0), c = n.input(1);
  if (g.rank(a) == 0 || g.rank(c) == 0)
    return n.error("an operand is a scalar");
  bool rowVector = g.rank(a) == 1, columnVector = g.rank(c) == 1;
  if (rowVector)
    a = g.unsqueeze(a, {0});
  if (columnVector)
    c = g.unsqueeze(c, {1});
  Value v = g.matmul(a, c);
  if (!v)
    return;
  SmallVector<int64_t> drop;
  if (rowVector)
    drop.push_back(g.rank(v) - 2);
  if (columnVector)
    drop.push_back(g.rank(v) - 1);
  n.set(0, g.squeeze(v, drop));
}

static void importGemm(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value a = n.input(0), c = n.input(1);
  if (g.rank(a) != 2 || g.rank(c) != 2)
    return n.error("operands of rank " + Twine(g.rank(a)) + " and " + Twine(g.rank(c)) + ", expected 2");
  double alpha = n.floatAttr("alpha", 1), beta = n.floatAttr("beta", 1);
  if (n.intAttr("transA", 0))
    a = g.swapLast(a);
  if (n.intAttr("transB", 0))
    c = g.swapLast(c);
  Value v = g.matmul(a, c);
  if (alpha != 1)
    v = g.mul(v, alpha);
  if (n.input(2) && beta != 0)
    v = g.add(v, beta == 1 ? n.input(2) : g.mul(n.input(2), beta));
  n.set(0, v);
}

/// A bias [C] for channels in dim 1.
static Value addBias(GraphBuilder &g, Value v, Value bias) {
  if (!v || !bias)
    return v;
  if (g.rank(bias) != 1)
    return g.fail("a bias of rank " + Twine(g.rank(bias)));
  Exprs shape(g.rank(v) - 1, g.expr(1));
  shape[0] = g.dim(bias, 0);
  return g.add(v, g.reshape(bias, shape));
}

static std::optional<SmallVector<int64_t>> kernelOf(NodeImport &n) {
  Exprs x = n.g.dims(n.input(0)), w = n.g.dims(n.input(1));
  if (x.size() < 3 || w.size() != x.size()) {
    n.error("x of rank " + Twine(x.size()) + " and w of rank " + Twine(w.size()));
    return std::nullopt;
  }
  for (size_t i = 0; i < 2; ++i)
    if (!graph::constantOf(w[i])) {
      if (i == 1 && n.node.opType == "Conv" && n.intAttr("group", 1) == 1)
        n.g.mustEqual(w[i], x[1]);
      n.unsupported("dim " + Twine(i) + " of the weights '" + n.node.inputs[1] +
                    "' is open: the channels of a convolution must be known; fix it with --dim or --shape");
      return std::nullopt;
    }
  SmallVector<int64_t> kernel;
  auto given = n.intsAttr("kernel_shape");
  for (auto [i, e] : llvm::enumerate(ArrayRef(w).drop_front(2))) {
    auto c = graph::constantOf(e);
    if (!c && given && i < given->size())
      n.g.mustEqual(e, n.g.expr((*given)[i])); // a fact for the next import
    if (!c) {
      n.unsupported("dim " + Twine(i + 2) + " of the weights '" + n.node.inputs[1] +
                    "' is open: the taps of a convolution must be known; fix it with --dim or --shape");
      return std::nullopt;
    }
    kernel.push_back(*c);
  }
  if (auto attr = n.intsAttr("kernel_shape"); attr && ArrayRef<int64_t>(*attr) != ArrayRef<int64_t>(kernel)) {
    n.error("kernel_shape differs from the shape of w");
    return std::nullopt;
  }
  return kernel;
}

static void importConv(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  auto kernel = kernelOf(n);
  Exprs dims = g.dims(x);
  auto w = kernel ? readWindow(n, ArrayRef(dims).drop_front(2), *kernel) : std::nullopt;
  if (!w)
    return;
  SmallVector<int64_t> begin, end;
  if (!w->constantPads(begin, end)) { // amounts that depend on the size: a pad of its own
    Exprs low(2, g.expr(0)), high(2, g.expr(0));
    llvm::append_range(low, w->padsBegin), llvm::append_range(high, w->padsEnd);
    x = g.padConstant(x, low, high, 0);
    begin.assign(kernel->size(), 0), end.assign(kernel->size(), 0);
  }
  Value v = g.create<graph::ConvOp>(
      {x, n.input(1)}, {g.intsAttr("strides", w->strides), g.intsAttr("pads_begin", begin), g.intsAttr("pads_end", end),
                        g.intsAttr("dilations", w->dilations), g.intAttr("groups", n.intAttr("group", 1))});
  n.set(0, addBias(g, v, n.input(2)));
}

static void importConvTranspose(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  auto kernel = kernelOf(n);
  Exprs dims = g.dims(x);
  auto w = kernel ? readWindow(n, ArrayRef(dims).drop_front(2), *kernel) : std::nullopt;
  if (!w)
    return;
  size_t count = kernel->size();
  if (n.intAttr("group", 1) < 1)
    return n.error("group " + Twine(n.intAttr("group", 1)));
  auto extra = n.intsAttr("output_padding").value_or(std::vector<int64_t>(count, 0));
  auto outShape = n.intsAttr("output_shape");
  if (extra.size() != count || (outShape && outShape->size() != count && outShape->size() != count + 2))
    return n.error("output_padding or output_shape does not fit " + Twine(count) + " spatial dims");
  std::string mode = n.stringAttr("auto_pad", "NOTSET");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  SmallVector<int64_t> begin;
  Exprs sizes;
  for (size_t i = 0; i < count; ++i) {
    int64_t extent = w->dilations[i] * ((*kernel)[i] - 1) + 1;
    AffineExpr in = dims[2 + i], full = g.simplify((in - 1) * w->strides[i] + (extra[i] + extent));
    AffineExpr size = g.simplify(full - w->padsBegin[i] - w->padsEnd[i]), low = w->padsBegin[i];
    if (outShape || same) {
      size = outShape ? g.expr((*outShape)[outShape->size() - count + i]) : g.simplify(in * w->strides[i]);
      AffineExpr total = g.symbols.max(g.simplify(full - size), g.expr(0)), half = g.floorDiv(total, g.expr(2));
      low = mode == "SAME_UPPER" ? half : g.simplify(total - half);
    }
    auto c = graph::constantOf(low);
    if (!c)
      return n.unsupported("output_shape with a dynamic input size");
    begin.push_back(*c), sizes.push_back(size);
  }
  Value v = g.create<graph::ConvTransposeOp>({x, n.input(1)},
                                             {g.intsAttr("strides", w->strides), g.intsAttr("pads_begin", begin),
                                              g.intsAttr("dilations", w->dilations),
                                              g.intAttr("groups", n.intAttr("group", 1)), g.mapAttr("sizes", sizes)});
  n.set(0, addBias(g, v, n.input(2)));
}

void addContractImporters(ImportTable &t) {
  t["MatMul"] = importMatMul, t["Gemm"] = importGemm, t["Conv"] = importConv, t["ConvTranspose"] = importConvTranspose;
}

} // namespace wick::compiler
