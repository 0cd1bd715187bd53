// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Contract: MatMul, Gemm, Conv, ConvTranspose.
//
#include "compiler/frontend/Composites.h"
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

std::optional<Exprs> tapsOf(NodeImport &n, Value x, Value w) {
  Exprs dims = n.g.dims(x), taps = n.g.dims(w);
  if (dims.size() < 3 || taps.size() != dims.size()) {
    n.error("x of rank " + Twine(dims.size()) + " and w of rank " + Twine(taps.size()));
    return std::nullopt;
  }
  taps.erase(taps.begin(), taps.begin() + 2);
  auto given = n.intsAttr("kernel_shape");
  if (!given)
    return taps;
  bool fits = given->size() == taps.size();
  for (size_t i = 0; fits && i < taps.size(); ++i) {
    n.g.mustEqual(taps[i], n.g.expr((*given)[i])); // a fact for the next import
    fits = graph::constantOf(taps[i]).value_or((*given)[i]) == (*given)[i];
    if (!graph::constantOf(taps[i]))
      n.g.checkEqual(taps[i], n.g.expr((*given)[i]), "kernel_shape differs from the shape of w");
  }
  if (fits)
    return taps;
  n.error("kernel_shape differs from the shape of w");
  return std::nullopt;
}

/// Whether sizes of the weights, which kernels are made for, are open.
static bool isOpen(GraphBuilder &g, Value w) {
  return llvm::any_of(g.dims(w), [](AffineExpr e) { return !graph::constantOf(e); });
}

Value convolve(NodeImport &n, Value x, Value w) {
  GraphBuilder &g = n.g;
  auto taps = tapsOf(n, x, w);
  Exprs dims = g.dims(x);
  auto window = taps ? readWindow(n, ArrayRef(dims).drop_front(2), *taps) : std::nullopt;
  if (!window)
    return {};
  int64_t groups = n.intAttr("group", 1);
  if (isOpen(g, w)) {
    if (groups < 1)
      return n.error("group " + Twine(groups)), Value();
    g.mustEqual(g.simplify(g.dim(w, 1) * groups), dims[1]);
    return convOpen(g, x, w, {window->strides, window->dilations, window->padsBegin, window->sizes, groups});
  }
  SmallVector<int64_t> begin, end;
  if (!window->constantPads(begin, end)) { // amounts that depend on the size: a pad of its own
    Exprs low(2, g.expr(0)), high(2, g.expr(0));
    llvm::append_range(low, window->padsBegin), llvm::append_range(high, window->padsEnd);
    x = g.padConstant(x, low, high, 0);
    begin.assign(taps->size(), 0), end.assign(taps->size(), 0);
  }
  return g.create<graph::ConvOp>({x, w}, {g.intsAttr("strides", window->strides), g.intsAttr("pads_begin", begin),
                                          g.intsAttr("pads_end", end), g.intsAttr("dilations", window->dilations),
                                          g.intAttr("groups", groups)});
}

static void importConv(NodeImport &n) { n.set(0, addBias(n.g, convolve(n, n.input(0), n.input(1)), n.input(2))); }

static void importConvTranspose(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), weights = n.input(1);
  auto taps = tapsOf(n, x, weights);
  Exprs dims = g.dims(x);
  auto w = taps ? readWindow(n, ArrayRef(dims).drop_front(2), *taps) : std::nullopt;
  if (!w)
    return;
  size_t count = taps->size();
  int64_t groups = n.intAttr("group", 1);
  if (groups < 1)
    return n.error("group " + Twine(groups));
  auto extra = n.intsAttr("output_padding").value_or(std::vector<int64_t>(count, 0));
  auto outShape = n.intsAttr("output_shape");
  if (extra.size() != count || (outShape && outShape->size() != count && outShape->size() != count + 2))
    return n.error("output_padding or output_shape does not fit " + Twine(count) + " spatial dims");
  std::string mode = n.stringAttr("auto_pad", "NOTSET");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  Exprs begin, sizes;
  for (size_t i = 0; i < count; ++i) {
    AffineExpr extent = g.simplify(((*taps)[i] - 1) * w->dilations[i] + 1), in = dims[2 + i];
    AffineExpr full = g.simplify((in - 1) * w->strides[i] + extent + extra[i]);
    AffineExpr size = g.simplify(full - w->padsBegin[i] - w->padsEnd[i]), low = w->padsBegin[i];
    if (outShape || same) {
      size = outShape ? g.expr((*outShape)[outShape->size() - count + i]) : g.simplify(in * w->strides[i]);
      AffineExpr total = g.symbols.max(g.simplify(full - size), g.expr(0)), half = g.floorDiv(total, g.expr(2));
      low = mode == "SAME_UPPER" ? half : g.simplify(total - half);
    }
    begin.push_back(low), sizes.push_back(size);
  }
  SmallVector<int64_t> known;
  for (AffineExpr e : begin)
    if (auto c = graph::constantOf(e))
      known.push_back(*c);
  Value v;
  if (known.size() < count || isOpen(g, weights)) {
    g.mustEqual(g.dim(weights, 0), dims[1]);
    v = convOpen(g, x, weights, {w->strides, w->dilations, begin, sizes, groups, true});
  } else {
    v = g.create<graph::ConvTransposeOp>(
        {x, weights}, {g.intsAttr("strides", w->strides), g.intsAttr("pads_begin", known),
                       g.intsAttr("dilations", w->dilations), g.intAttr("groups", groups), g.mapAttr("sizes", sizes)});
  }
  n.set(0, addBias(g, v, n.input(2)));
}

void addContractImporters(ImportTable &t) {
  t["MatMul"] = importMatMul, t["Gemm"] = importGemm, t["Conv"] = importConv, t["ConvTranspose"] = importConvTranspose;
}

} // namespace wick::compiler
