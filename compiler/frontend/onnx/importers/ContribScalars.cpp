// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// com.microsoft: activations, normalizations with what optimizers fuse into them,
// embeddings, and ops that differ little from one of the default domain.
//
#include "compiler/frontend/onnx/importers/Contrib.h"

using namespace mlir;
namespace wick::compiler {
namespace contrib {

bool operandsFit(NodeImport &n, ArrayRef<Want> wanted) {
  for (const Want &w : wanted) {
    if (!n.input(w.operand)) {
      n.error("operand " + Twine(w.operand) + " is missing");
      return false;
    }
    if (w.rank >= 0 && n.g.rank(n.input(w.operand)) != w.rank) {
      n.error("operand " + Twine(w.operand) + " of rank " + Twine(n.g.rank(n.input(w.operand))) + ", expected " +
              Twine(w.rank));
      return false;
    }
  }
  return true;
}

Value importAs(NodeImport &n, StringRef op) {
  if (ImportFn import = findImporter("", op))
    import(n);
  return n.out.empty() ? Value() : n.out[0];
}

Type wide(GraphBuilder &g, Type type) {
  return isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32 ? Type(g.b.getF32Type()) : type;
}

Value activate(NodeImport &n, Value v, ArrayRef<float> params) {
  GraphBuilder &g = n.g;
  std::string name = n.stringAttr("activation", "");
  auto param = [&](size_t i, double otherwise) { return i < params.size() ? double(params[i]) : otherwise; };
  if (name.empty() || !v)
    return v;
  if (name == "Relu")
    return g.create<graph::ReluOp>({v});
  if (name == "Sigmoid")
    return g.create<graph::SigmoidOp>({v});
  if (name == "Tanh")
    return g.create<graph::TanhOp>({v});
  if (name == "Softplus")
    return g.create<graph::SoftplusOp>({v});
  if (name == "Softsign")
    return g.create<graph::SoftsignOp>({v});
  if (name == "LeakyRelu")
    return g.create<graph::LeakyReluOp>({v}, {g.doubleAttr("alpha", param(0, 0.01))});
  if (name == "Elu")
    return g.create<graph::EluOp>({v}, {g.doubleAttr("alpha", param(0, 1))});
  if (name == "ThresholdedRelu")
    return g.create<graph::ThresholdedReluOp>({v}, {g.doubleAttr("alpha", param(0, 1))});
  if (name == "HardSigmoid")
    return g.create<graph::HardSigmoidOp>({v},
                                          {g.doubleAttr("alpha", param(0, 0.2)), g.doubleAttr("beta", param(1, 0.5))});
  if (name == "Clip") {
    double most = std::numeric_limits<float>::max();
    return g.clip(v, g.scalarLike(v, param(0, -most)), g.scalarLike(v, param(1, most)));
  }
  n.unsupported("activation '" + name + "'");
  return {};
}

//===-- Activations --------------------------------------------------------===//

static Value biased(NodeImport &n) { return n.input(1) ? n.g.add(n.input(0), n.input(1)) : n.input(0); }

static void importGelu(NodeImport &n) { n.set(0, n.g.create<graph::GeluOp>({n.input(0)})); }
static void importBiasGelu(NodeImport &n) { n.set(0, n.g.create<graph::GeluOp>({biased(n)})); }
static void importFastGelu(NodeImport &n) { n.set(0, n.g.create<graph::GeluOp>({biased(n)}, {n.g.unitAttr("tanh")})); }
static void importQuickGelu(NodeImport &n) {
  GraphBuilder &g = n.g;
  n.set(0, g.create<graph::SwishOp>({n.input(0)}, {g.doubleAttr("alpha", n.floatAttr("alpha", 1.702f))}));
}

//===-- Normalizations -----------------------------------------------------===//

/// (x + skip + bias) normalized over the last axis; `bias` and `beta` are operands, 0: none.
static void importSkipNorm(NodeImport &n, bool rms, size_t beta, size_t bias) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0}, {1}, {2, 1}}))
    return;
  Value x = n.input(0);
  int64_t rank = g.rank(x);
  if (rank < 2 || rank > 3)
    return n.error("input of rank " + Twine(rank) + ", expected 2 or 3");
  Type elem = g.elem(x), compute = wide(g, elem);
  Value sum = g.add(g.castTo(x, compute), g.castTo(n.input(1), compute));
  if (n.input(bias))
    sum = g.add(sum, g.castTo(n.input(bias), compute));
  double epsilon = n.floatAttr("epsilon", 1e-5f);
  if (!n.hasAttr("epsilon"))
    return n.error("attribute epsilon is missing");
  Value mean, inverse;
  Value v = rms ? g.rmsNormalize(sum, {rank - 1}, epsilon) : g.normalize(sum, {rank - 1}, epsilon, &mean, &inverse);
  v = g.mul(v, g.castTo(n.input(2), compute));
  if (beta && n.input(beta))
    v = g.add(v, g.castTo(n.input(beta), compute));
  n.set(0, g.castTo(v, elem));
  n.set(3, g.castTo(sum, elem));
  if (n.wants(1) || n.wants(2)) // their shapes and contents differ between implementations
    n.unsupported("outputs mean and inv_std_var");
}
static void importSkipLayerNorm(NodeImport &n) { importSkipNorm(n, false, 3, 4); }
static void importSkipRmsNorm(NodeImport &n) { importSkipNorm(n, true, 0, 3); }

/// SimplifiedLayerNormalization of the default domain, which only onnxruntime defines.
static void importSimplifiedNorm(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0}, {1}}))
    return;
  Value x = n.input(0);
  int64_t rank = g.rank(x);
  auto axis = n.axis(n.intAttr("axis", -1), rank);
  if (!axis)
    return;
  auto axes = llvm::to_vector(llvm::seq<int64_t>(*axis, rank));
  Type compute = wide(g, g.elem(x));
  Value v = g.castTo(x, compute);
  Value inverse = g.create<graph::RecipOp>(
      {g.create<graph::SqrtOp>({g.add(g.reduceMean(g.mul(v, v), axes), n.floatAttr("epsilon", 1e-5f))})});
  Type result = g.elem(n.input(1));
  n.set(0, g.castTo(g.mul(g.mul(v, inverse), g.castTo(n.input(1), compute)), result));
  n.set(1, inverse);
}

/// Embeddings of words, positions and segments, summed and normalized: operands are
/// ids, segment ids, three tables, gamma, beta, mask, position ids.
static void embed(NodeImport &n, Value words, Value places, Value segments, Value gamma, Value beta, Value placeIds) {
  GraphBuilder &g = n.g;
  Value ids = n.input(0), mask = n.input(7);
  Type i32 = g.b.getI32Type();
  if (!placeIds)
    placeIds = g.reshape(g.iota(i32, g.dim(ids, 1)), {g.expr(1), g.dim(ids, 1)});
  Value sum = g.add(g.gather(words, ids, 0), g.gather(places, placeIds, 0));
  if (n.input(1)) {
    if (!segments)
      return n.error("segment_ids without segment_embedding");
    sum = g.add(sum, g.gather(segments, n.input(1), 0));
  }
  Value v = g.normalize(sum, {2}, n.floatAttr("epsilon", 1e-12f));
  n.set(0, g.add(g.mul(v, gamma), beta));
  if (n.wants(1)) { // how many of the mask are 1
    Value ones = mask ? g.castTo(g.create<graph::EqualOp>({mask, g.scalarLike(mask, 1)}), i32) : Value();
    n.set(1, ones ? g.squeeze(g.reduce(ones, graph::ReduceKind::Sum, {1}), {1}) : g.splat(i32, {g.dim(ids, 0)}, 0));
  }
  n.set(2, sum);
}
static void importEmbedNorm(NodeImport &n) {
  if (operandsFit(n, {{0, 2}, {2, 2}, {3, 2}, {5, 1}, {6, 1}}))
    embed(n, n.input(2), n.input(3), n.input(4), n.input(5), n.input(6), n.input(8));
}
static void importQuantizedEmbedNorm(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0, 2}, {2, 2}, {3, 2}, {5, 1}, {6, 1}, {8}, {9}, {11}, {12}, {13}, {14}, {16}, {17}}))
    return;
  auto real = [&](size_t at, size_t parameter) {
    auto scalar = [&](Value v) { return v ? g.reshape(v, ArrayRef<int64_t>()) : v; };
    return n.input(at) ? g.create<graph::DequantizeOp>(
                             {n.input(at), scalar(n.input(8 + parameter)), scalar(n.input(13 + parameter))})
                       : Value();
  };
  embed(n, real(2, 0), real(3, 1), real(4, 2), real(5, 3), real(6, 4), {});
}

//===-- Like the default domain --------------------------------------------===//

static void importExpandDims(NodeImport &n) {
  GraphBuilder &g = n.g;
  auto at = n.input(1) ? n.constantInts(1, "axis") : std::nullopt;
  if (!at || at->empty())
    return n.unsupported("axis must be constant");
  if (auto axis = n.axis((*at)[0], g.rank(n.input(0)) + 1))
    n.set(0, g.unsqueeze(n.input(0), {*axis}));
}
static void importRange(NodeImport &n) {
  if (!operandsFit(n, {{0}, {1}}))
    return;
  n.in.resize(3);
  if (!n.in[2])
    n.in[2] = n.g.scalarLike(n.in[0], 1);
  importAs(n, "Range");
}
static void importGridSample(NodeImport &n) {
  if (operandsFit(n, {{0, 4}, {1, 4}}))
    importAs(n, "GridSample");
}
static void importTrilu(NodeImport &n) { importAs(n, "Trilu"); }
static void importPad(NodeImport &n) {
  if (!operandsFit(n, {{0}, {1}}))
    return;
  n.in[1] = n.g.flatten(n.in[1]); // [1, 2 * rank] is also accepted
  importAs(n, "Pad");
}
static void importGatherNd(NodeImport &n) {
  if (operandsFit(n, {{0}, {1}}))
    importAs(n, "GatherND");
}
static void importUnique(NodeImport &n) { // in order of first appearance; y, indices into y, counts
  if (!operandsFit(n, {{0, 1}}))
    return;
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  AffineExpr size = g.dim(x, 0), zero = g.expr(0), one = g.expr(1);
  Type list = graph::tensorOf(g.b.getI64Type(), {size}), single = RankedTensorType::get({1}, g.b.getI64Type());
  auto found = g.routine("unique_count", {x}, {list, list, list, single}, {one, size, one, zero}, one, size * 16);
  if (!found[0])
    return;
  AffineExpr groups = g.sizeOf(found[3], 0, 0, g.symbols.range(size).second);
  n.set(0, g.routine("unique_fill", {x, found[0]}, graph::tensorOf(g.elem(x), {groups}), {one, size, one, groups}, one,
                     zero)[0]);
  n.set(1, found[1]);
  n.set(2, g.slice(found[2], 0, zero, groups));
}

/// Windows of `size` elements every `step` along `dim`; they become the last dim.
static void importUnfold(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  int64_t rank = g.rank(x), size = n.intAttr("size", 0), step = n.intAttr("step", 1);
  auto at = n.axis(n.intAttr("dim", -1), rank);
  if (!at || size < 1 || step < 1)
    return n.error("size and step must be positive");
  AffineExpr count = g.simplify(g.floorDiv(g.simplify(g.dim(x, *at) - size), g.expr(step)) + 1);
  Type i64 = g.b.getI64Type();
  Value starts = g.reshape(g.mul(g.iota(i64, count), double(step)), {count, g.expr(1)});
  Value v = g.gather(x, g.add(starts, g.iota(i64, g.expr(size))), *at);
  SmallVector<int64_t> perm;
  for (int64_t i = 0; i <= rank; ++i)
    if (i != *at + 1)
      perm.push_back(i);
  perm.push_back(*at + 1);
  n.set(0, g.transpose(v, perm));
}

} // namespace contrib

void addContribImporters(ImportTable &t) {
  using namespace contrib;
  t["com.microsoft.Gelu"] = importGelu, t["com.microsoft.BiasGelu"] = importBiasGelu;
  t["com.microsoft.FastGelu"] = importFastGelu, t["com.microsoft.QuickGelu"] = importQuickGelu;
  t["com.microsoft.SkipLayerNormalization"] = importSkipLayerNorm;
  t["com.microsoft.SkipSimplifiedLayerNormalization"] = importSkipRmsNorm;
  t["SimplifiedLayerNormalization"] = importSimplifiedNorm;
  t["com.microsoft.EmbedLayerNormalization"] = importEmbedNorm;
  t["com.microsoft.QEmbedLayerNormalization"] = importQuantizedEmbedNorm;
  t["com.microsoft.ExpandDims"] = importExpandDims, t["com.microsoft.Range"] = importRange;
  t["com.microsoft.GridSample"] = importGridSample, t["com.microsoft.Trilu"] = importTrilu;
  t["com.microsoft.Pad"] = importPad, t["com.microsoft.GatherND"] = importGatherNd;
  t["com.microsoft.Unique"] = importUnique, t["com.microsoft.UnfoldTensor"] = importUnfold;
}

} // namespace wick::compiler
