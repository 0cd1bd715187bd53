// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Contraction.h.
//
#include "passes/cpu/Contraction.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::cpu {

static SmallVector<AffineExpr> rowMajor(ArrayRef<AffineExpr> dims, MLIRContext *ctx) {
  SmallVector<AffineExpr> s(dims.size());
  AffineExpr stride = getAffineConstantExpr(1, ctx);
  for (size_t i = dims.size(); i-- > 0; stride = graph::simplify(stride * dims[i])) {
    s[i] = stride;
    if (i == 0)
      break;
  }
  return s;
}

/// The strides of `v`, an argument or a transpose of one.
static bool stridesOf(Value v, Strided &out) {
  Value source = v;
  SmallVector<int64_t> perm;
  if (auto t = v.getDefiningOp<TransposeOp>()) {
    source = t.getX();
    llvm::append_range(perm, t.getPerm());
  }
  out.source = dyn_cast<BlockArgument>(source);
  if (!out.source)
    return false;
  auto dims = dimsOf(source.getType());
  auto strides = rowMajor(dims, v.getContext());
  out.dims = dims, out.strides = strides;
  for (auto [i, p] : llvm::enumerate(perm))
    out.dims[i] = dims[p], out.strides[i] = strides[p];
  return true;
}

static Type elementOf(Value v) { return cast<RankedTensorType>(v.getType()).getElementType(); }

/// The panels for the element types of an op and the type that weights are packed in; none where no emitter knows them.
static std::optional<contract::Panels> panelsFor(Operation *op, StringRef narrow) {
  Type a = elementOf(op->getOperand(0)), b = elementOf(op->getOperand(1)), sum = elementOf(op->getResult(0));
  if (a.isF32() && b.isF32() && sum.isF32())
    return llvm::StringSwitch<contract::Panels>(narrow)
        .Case("i8", contract::Panels::Bytes)
        .Case("f16", contract::Panels::Halves)
        .Case("bf16", contract::Panels::BFloats)
        .Default(contract::Panels::Floats);
  if (a.isSignlessInteger(16) && b.isSignlessInteger(16) && sum.isSignlessInteger(32))
    return narrow == "i8" ? contract::Panels::BytePairs : contract::Panels::Pairs;
  return std::nullopt;
}

/// The steps of k along a dim of `size`; null where pairs do not fill it.
static AffineExpr stepsOf(AffineExpr size, contract::Panels panels) {
  if (!contract::arePairs(panels))
    return size;
  auto known = constantOf(size);
  return known && *known % 2 == 0 ? getAffineConstantExpr(*known / 2, size.getContext()) : AffineExpr();
}

static bool isPacked(func::FuncOp kernel) { return kernel->hasAttr("wick.packed"); }

static void describeConv(ConvOp op, bool packed, Contraction &c) {
  auto x = dimsOf(op.getX().getType()), w = dimsOf(op.getW().getType());
  size_t n = x.size() - 2;
  if (!packed || !op.getChannelsLast() || !isa<BlockArgument>(op.getX()) || !constantOf(x.back()))
    return;
  // Spatial dims of one position and one tap change nothing: without them a
  // column of pixels is a row, and tiles run along it.
  for (size_t i = 0; i < n; ++i)
    if (!isConstant(x[1 + i], 1) || !isConstant(w[i], 1) || !isConstant(c.dims[1 + i], 1))
      c.spatial.push_back(i);
  if (c.spatial.size() > 3)
    return;
  AffineExpr channels = stepsOf(x.back(), c.panels);
  if (!channels || (contract::arePairs(c.panels) && op.getGroups() != 1))
    return;
  c.conv.panels = c.panels;
  c.conv.c = *constantOf(channels);
  c.conv.oc = *constantOf(w[n + 1]);
  c.conv.groups = op.getGroups();
  c.conv.padded = false;
  for (auto [k, i] : llvm::enumerate(c.spatial)) {
    size_t at = 3 - c.spatial.size() + k;
    c.conv.kernel[at] = *constantOf(w[i]);
    c.conv.stride[at] = op.getStrides()[i];
    c.conv.dilation[at] = op.getDilations()[i];
    if (op.getPadsBegin()[i] < 0 || op.getPadsEnd()[i] < 0)
      return;
    c.conv.padded |= op.getPadsBegin()[i] > 0 || op.getPadsEnd()[i] > 0;
  }
  AffineExpr one = getAffineConstantExpr(1, op.getContext());
  c.columns = c.spatial.empty() ? one : c.dims[1 + c.spatial.back()];
  c.rows = c.dims[0];
  for (size_t i : ArrayRef(c.spatial).drop_back(c.spatial.empty() ? 0 : 1))
    c.rows = graph::simplify(c.rows * c.dims[1 + i]);
  if (c.conv.isMatmul()) {
    c.kind = Contraction::Kind::PackedMatmul;
    stridesOf(op.getX(), c.a);
    c.m = product(ArrayRef(c.dims).drop_back(), op.getContext());
    c.n = c.dims.back();
    c.k = channels;
  } else {
    c.kind = Contraction::Kind::Conv;
  }
}

static void describeMatmul(MatmulOp op, bool packed, Contraction &c) {
  if (!stridesOf(op.getA(), c.a) || !stridesOf(op.getB(), c.b))
    return;
  MLIRContext *ctx = op.getContext();
  size_t rank = c.dims.size();
  c.n = c.dims.back();
  c.k = stepsOf(constantOf(c.a.dims.back()) ? c.a.dims.back() : c.b.dims[c.b.dims.size() - 2], c.panels);
  if (!c.k)
    return;
  bool plainOut = c.outStrides == rowMajor(c.dims, ctx);
  if (packed && op.getA() == Value(c.a.source) && plainOut) {
    c.kind = Contraction::Kind::PackedMatmul;
    c.m = product(ArrayRef(c.dims).drop_back(), ctx);
    return;
  }
  c.m = c.dims[rank - 2];
  bool contiguousA = isConstant(c.a.strides.back(), 1);
  bool packableB = isConstant(c.b.strides.back(), 1) || isConstant(c.b.strides[c.b.strides.size() - 2], 1);
  if (!packed && c.panels == contract::Panels::Floats && contiguousA && packableB && isConstant(c.outStrides.back(), 1))
    c.kind = Contraction::Kind::BatchMatmul;
}

Contraction describeContraction(func::FuncOp kernel) {
  Contraction c;
  Block &body = kernel.getBody().front();
  for (Operation &op : body.without_terminator()) {
    if (isa<MatmulOp, ConvOp, ConvTransposeOp>(op))
      c.op = &op;
    c.costlyEpilogue |=
        isa<ExpOp, TanhOp, ErfOp, SigmoidOp, GeluOp, SwishOp, MishOp, SoftplusOp, EluOp, SeluOp, CeluOp, LogOp, PowOp>(
            op);
  }
  c.value = c.op->getResult(0);
  c.dims = dimsOf(c.value.getType());
  c.root = body.getTerminator()->getOperand(0);
  auto out = rowMajor(dimsOf(c.root.getType()), kernel.getContext());
  c.outStrides = out;
  if (auto t = c.root.getDefiningOp<TransposeOp>()) {
    c.root = t.getX();
    for (auto [j, p] : llvm::enumerate(t.getPerm()))
      c.outStrides[p] = out[j];
  }
  auto narrow = kernel->getAttrOfType<StringAttr>("wick.narrow");
  auto panels = panelsFor(c.op, narrow ? narrow.getValue() : "");
  if (!panels || !elementOf(c.root).isIntOrFloat() || isCoded(elementOf(c.root)) ||
      body.getTerminator()->getNumOperands() != 1 || dimsOf(c.root.getType()) != c.dims)
    return c;
  c.panels = *panels;
  // Only elementwise ops may follow, and moves only on the operands or at the end.
  for (Operation &op : body.without_terminator()) {
    if (&op == c.op || isa<ScalarOpInterface, ConstantOp>(op))
      continue;
    bool edge = isa<TransposeOp>(op) &&
                llvm::all_of(op.getUsers(), [&](Operation *u) { return u == c.op || u == body.getTerminator(); });
    if (!edge)
      return c;
  }
  if (auto conv = dyn_cast<ConvOp>(c.op)) {
    if (c.root == body.getTerminator()->getOperand(0))
      describeConv(conv, isPacked(kernel), c);
  } else if (auto m = dyn_cast<MatmulOp>(c.op)) {
    describeMatmul(m, isPacked(kernel), c);
  }
  return c;
}

contract::MatmulPlan cutMatmul(const Contraction &c, unsigned vectorBytes) {
  auto plan = contract::planMatmul(64, constantOf(c.m).value_or(-1), constantOf(c.n).value_or(-1),
                                   constantOf(c.k).value_or(-1));
  plan.tile = contract::matmulTile(vectorBytes);
  plan.rowsPerUnit = (plan.rowsPerUnit + 23) / 24 * 24; // whole tiles of 6 and of 8 rows
  return plan;
}

contract::ConvPlan cutConv(const Contraction &c, unsigned vectorBytes) {
  int64_t ow = constantOf(c.columns).value_or(-1);
  auto cut = contract::planConv(64, c.conv, ow), plan = contract::planConv(vectorBytes, c.conv, ow);
  plan.panelsPerUnit = cut.panelsPerUnit;
  plan.columnsPerUnit = cut.columnsPerUnit;
  return plan;
}

int64_t panelsAtATime(const Contraction &c) {
  if (auto n = constantOf(c.n))
    return std::min<int64_t>(8, std::max<int64_t>(2, (*n + 31) / 32 * 2));
  return 8;
}

std::string wantedPacking(func::FuncOp kernel, unsigned arg) {
  kernel->setAttr("wick.packed", Builder(kernel.getContext()).getI64IntegerAttr(arg));
  Contraction c = describeContraction(kernel);
  kernel->removeAttr("wick.packed");
  if (c.op->getOperand(1) != Value(kernel.getArgument(arg)) ||
      !cast<RankedTensorType>(kernel.getArgument(arg).getType()).hasStaticShape())
    return "";
  // Nobody else may read the packed bytes.
  if (!kernel.getArgument(arg).hasOneUse())
    return "";
  std::string pairs = contract::arePairs(c.panels) ? ":pairs" : "";
  if (isa<MatmulOp>(c.op))
    return c.kind == Contraction::Kind::PackedMatmul && c.b.dims.size() == 2 ? "matmul" + pairs : "";
  if (c.kind == Contraction::Kind::Conv && c.conv.isDepthwise())
    return "depthwise";
  if (c.kind == Contraction::Kind::Conv || c.kind == Contraction::Kind::PackedMatmul)
    return "conv:" + std::to_string(c.conv.groups) + pairs;
  return "";
}

} // namespace wick::cpu
