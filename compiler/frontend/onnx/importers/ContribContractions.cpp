// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// com.microsoft: products with transposes, scales and activations fused in, and products
// with weights in blocks of a few bits. Those stay packed in the package: the graph
// unpacks them by shifts.
//
#include "compiler/frontend/onnx/importers/Contrib.h"

#include "dialects/graph/Marks.h"

using namespace mlir;
namespace wick::compiler {
namespace contrib {

/// An operand of FusedMatMul as numpy.matmul wants it; vectors are not transposed.
static Value matrix(NodeImport &n, Value v, const char *trans, const char *transBatch) {
  GraphBuilder &g = n.g;
  int64_t rank = g.rank(v);
  if (rank < 2)
    return v;
  if (n.intAttr(transBatch, 0) && rank > 2) { // dim 0 goes behind the batch
    SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(1, rank - 1));
    perm.append({0, rank - 1});
    v = g.transpose(v, perm);
  }
  return n.intAttr(trans, 0) ? g.swapLast(v) : v;
}
static void importFusedMatMul(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0}, {1}}))
    return;
  double alpha = n.floatAttr("alpha", 1);
  n.in[0] = matrix(n, n.in[0], "transA", "transBatchA");
  n.in[1] = matrix(n, n.in[1], "transB", "transBatchB");
  if (!n.in[0] || !n.in[1])
    return;
  Value v = importAs(n, "MatMul");
  n.set(0, alpha == 1 ? v : g.mul(v, alpha));
}

static void importFusedGemm(NodeImport &n) {
  if (!operandsFit(n, {{0}, {1}}))
    return;
  SmallVector<float> params;
  for (const char *name : {"activation_alpha", "activation_beta", "activation_gamma"})
    if (n.hasAttr(name))
      params.push_back(float(n.floatAttr(name, 0)));
  n.set(0, activate(n, importAs(n, "Gemm"), params));
}

static void importFusedConv(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0}, {1}}))
    return;
  Value v = importAs(n, "Conv");
  if (v && n.input(3))
    v = g.add(v, n.input(3));
  n.set(0, activate(n, v, n.node.floatsAttr("activation_params").value_or(std::vector<float>())));
}

//===-- Weights of a few bits ----------------------------------------------===//

/// Bytes [..., k] as elements [..., k * 8 / bits], low bits first.
static Value unpack(GraphBuilder &g, Value bytes, int64_t bits) {
  if (bits == 8 || !bytes)
    return bytes;
  Exprs dims = g.dims(bytes);
  int64_t rank = dims.size(), each = 8 / bits;
  Value at = g.unsqueeze(bytes, {rank});
  Value shifts = g.castTo(g.mul(g.iota(g.b.getI64Type(), g.expr(each)), double(bits)), g.elem(bytes));
  Value v = g.create<graph::AndOp>({g.create<graph::ShiftRightOp>({at, shifts}), g.scalarLike(bytes, (1 << bits) - 1)});
  dims.back() = g.simplify(dims.back() * each);
  return g.reshape(v, dims);
}

/// Zero points of blocks [rows, blocks]: packed, or of the scales' type; a scalar when absent.
static Value zeroPoints(NodeImport &n, Value zero, int64_t bits, Type compute, AffineExpr rows, AffineExpr blocks) {
  GraphBuilder &g = n.g;
  if (!zero)
    return g.scalar(compute, double(1 << (bits - 1)));
  if (!isa<FloatType>(g.elem(zero))) {
    AffineExpr bytes = g.ceilDiv(g.simplify(blocks * bits), g.expr(8));
    zero = unpack(g, g.reshape(zero, {rows, bytes}), bits);
    zero = g.slice(zero, 1, g.expr(0), blocks);
  }
  return g.castTo(g.reshape(zero, {rows, blocks}), compute);
}

static void importMatMulNBits(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0}, {1}, {2}}))
    return;
  int64_t bits = n.intAttr("bits", 4), block = n.intAttr("block_size", 0), rows = n.intAttr("N", 0),
          depth = n.intAttr("K", 0);
  if (bits != 2 && bits != 4 && bits != 8)
    return n.unsupported("weights of " + Twine(bits) + " bits");
  if (block < 16 || (block & (block - 1)) || rows < 1 || depth < 1)
    return n.error("N " + Twine(rows) + ", K " + Twine(depth) + ", block_size " + Twine(block));
  if (n.input(4))
    return n.unsupported("g_idx");
  if (n.intAttr("weight_prepacked", 0))
    return n.unsupported("weights packed for one device");
  Value a = n.input(0), b = n.input(1);
  Type elem = g.elem(a), compute = wide(g, elem);
  int64_t blocks = (depth + block - 1) / block, blob = block * bits / 8;
  auto have = graph::constantOf(g.count(b));
  if (!have || *have != rows * blocks * blob)
    return n.error("B has " + Twine(have.value_or(-1)) + " bytes, expected " + Twine(rows * blocks * blob));
  // The elements of a byte lie in order of depth; here they become the outer dim, for A as
  // well, so that a run unpacks whole vectors: [rows, each, blocks, blob].
  int64_t each = 8 / bits, rank = g.rank(a);
  NamedAttribute atRunTime = g.unitAttr(graph::unfoldedAttr); // the package holds packed weights
  Value q = g.reshape(b, {rows, 1, blocks, blob});
  if (each > 1) {
    Value shifts = g.castTo(g.mul(g.iota(g.b.getI64Type(), g.expr(each)), double(bits)), g.elem(b));
    q = g.create<graph::ShiftRightOp>({q, g.reshape(shifts, {each, 1, 1})}, atRunTime);
    q = g.create<graph::AndOp>({q, g.scalarLike(b, (1 << bits) - 1)}, atRunTime);
  }
  q = g.create<graph::CastOp>({q}, {g.typeAttr("to", compute), atRunTime});
  Value scales = g.castTo(g.reshape(n.input(2), {rows, 1, blocks, 1}), compute);
  Value zero = zeroPoints(n, n.input(3), bits, compute, g.expr(rows), g.expr(blocks));
  if (zero && g.rank(zero))
    zero = g.reshape(zero, {rows, 1, blocks, 1});
  Value w = g.mul(g.sub(q, zero), scales);
  if (rank < 1)
    return n.error("A of rank 0");
  Exprs low(rank, g.expr(0)), high = low;
  high.back() = g.expr(blocks * block - depth);
  Value x = g.padConstant(g.castTo(a, compute), low, high, 0);
  if (each > 1 && x) {
    Exprs flat = g.dims(x), parts(flat.begin(), flat.end() - 1);
    parts.append({g.expr(blocks * blob), g.expr(each)});
    x = g.reshape(g.swapLast(g.reshape(x, parts)), flat);
  }
  n.in[0] = x, n.in[1] = g.swapLast(g.reshape(w, {rows, blocks * block}));
  if (!n.in[0] || !n.in[1])
    return;
  Value v = importAs(n, "MatMul");
  if (v && n.input(5))
    v = g.add(v, g.castTo(n.input(5), compute));
  n.set(0, g.castTo(v, elem));
}

/// Rows of a table in blocks along quantize_axis; only what is gathered is unpacked.
static void importGatherBlocks(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (!operandsFit(n, {{0}, {1}, {2}}))
    return;
  Value data = n.input(0), indices = n.input(1), scales = n.input(2), zero = n.input(3);
  if (isa<FloatType>(g.elem(data)))
    return n.unsupported("data of 8-bit or 4-bit floats");
  int64_t rank = g.rank(data), block = n.intAttr("block_size", 128), bits = n.intAttr("bits", 4);
  auto gatherAxis = n.axis(n.intAttr("gather_axis", 0), rank), axis = n.axis(n.intAttr("quantize_axis", 1), rank);
  if (!gatherAxis || !axis)
    return;
  bool packed = g.elem(data).isInteger(8);
  if (packed && bits != 8 && bits != 4 && bits != 2)
    return n.unsupported("data of " + Twine(bits) + " bits");
  if (packed && (*gatherAxis != 0 || *axis != rank - 1))
    return n.unsupported("packed data that is not gathered by row and quantized along the last axis");
  if (block < 16)
    return n.unsupported("block_size " + Twine(block));
  if (*gatherAxis == *axis)
    return n.unsupported("gather_axis that is quantize_axis");
  Type compute = wide(g, g.elem(scales)), i64 = g.b.getI64Type();
  // An index outside gives zeros, unlike Gather.
  Value at = g.castTo(indices, i64), size = g.dimScalar(g.dim(data, *gatherAxis));
  at = g.where(g.create<graph::LessOp>({at, g.i64(0)}), g.add(at, size), at);
  Value inside =
      g.create<graph::AndOp>({g.create<graph::LessEqualOp>({g.i64(0), at}), g.create<graph::LessOp>({at, size})});
  at = g.where(inside, at, g.i64(0));
  auto take = [&](Value v) { return g.gather(v, at, *gatherAxis); };
  int64_t more = g.rank(indices) - 1, along = *axis > *gatherAxis ? *axis + more : *axis;
  Value q = take(data), s = take(scales), z = zero ? take(zero) : Value();
  if (packed) {
    q = unpack(g, q, bits);
    z = z ? unpack(g, z, bits) : z;
  }
  if (!q || !s)
    return;
  AffineExpr length = g.dim(q, along), blocks = g.dim(s, along);
  auto spread = [&](Value v) { // one a block as one an element
    if (packed)
      v = g.slice(v, along, g.expr(0), blocks);
    SmallVector<int64_t> factors(g.rank(v), 1);
    factors[along] = block;
    v = g.create<graph::UpsampleOp>({v}, {g.intsAttr("factors", factors)});
    return g.slice(v, along, g.expr(0), length);
  };
  Value v = g.castTo(q, compute);
  if (z)
    v = g.sub(v, g.castTo(spread(z), compute));
  else if (packed)
    v = g.add(v, -double(1 << (bits - 1)));
  v = g.mul(v, g.castTo(spread(s), compute));
  if (!v)
    return;
  Exprs shape(g.rank(v), g.expr(1)), ids = g.dims(indices);
  for (size_t i = 0; i < ids.size(); ++i)
    shape[*gatherAxis + i] = ids[i];
  n.set(0, g.castTo(g.where(g.reshape(inside, shape), v, g.scalarLike(v, 0)), g.elem(scales)));
}

} // namespace contrib

void addContribContractImporters(ImportTable &t) {
  using namespace contrib;
  t["com.microsoft.FusedMatMul"] = importFusedMatMul, t["com.microsoft.TransposeMatMul"] = importFusedMatMul;
  t["com.microsoft.FusedGemm"] = importFusedGemm, t["com.microsoft.FusedConv"] = importFusedConv;
  t["com.microsoft.MatMulNBits"] = importMatMulNBits, t["com.microsoft.GatherBlockQuantized"] = importGatherBlocks;
}

} // namespace wick::compiler
