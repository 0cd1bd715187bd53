// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strategy contract: one matmul or convolution with an elementwise epilogue,
// through the emitters of passes/cpu/contract. Epilogue ops are emitted on
// vectors of 16 lanes at the place where a tile is stored; their other operands
// are read at the result's index, broadcast as numpy does.
//
#include "passes/cpu/Contraction.h"
#include "passes/cpu/contract/PackEmitter.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::cpu {

namespace {
/// Emits the ops after the contraction. `index(row, col)` gives the result index
/// of a position; `flat(row, col)` its row-major offset, where rows are flattened.
class EpilogueEmitter {
public:
  EpilogueEmitter(GroupEmitter &g, const Contraction &c) : g(g), c(c) {}
  bool trivial() const { return c.root == c.value; }
  /// Rows count over all leading dims.
  bool flattened = false;
  SmallVector<Value> batch; ///< else: the indices of the leading dims but the last
  Value colOffset;          ///< added to the position's column

  Value operator()(OpBuilder &b, Location, Value acc, const contract::TilePosition &pos) {
    auto saved = g.b.saveInsertionPoint();
    g.b.restoreInsertionPoint(b.saveInsertionPoint());
    g.enterScope();
    Value col = colOffset ? Value(arith::AddIOp::create(g.b, pos.col, colOffset)) : pos.col;
    g.bindReader(c.value, [&](ArrayRef<Value>, unsigned) { return acc; });
    SmallVector<Value> args;
    for (BlockArgument a : g.kernel.getBody().getArguments()) {
      if (llvm::is_contained(c.op->getOperands(), Value(a)) && a.hasOneUse())
        continue;
      args.push_back(a);
      g.bindReader(a, [&, a](ArrayRef<Value>, unsigned lanes) { return read(a, pos, col, lanes); });
    }
    SmallVector<Value> index(c.dims.size(), g.i64(0));
    index.back() = col;
    Value v = g.element(c.root, index, 16);
    g.unbind(c.value);
    for (Value a : args)
      g.unbind(a);
    g.exitScope();
    b.restoreInsertionPoint(g.b.saveInsertionPoint());
    g.b.restoreInsertionPoint(saved);
    return v;
  }

private:
  Value read(BlockArgument a, const contract::TilePosition &pos, Value col, unsigned lanes) {
    auto dims = dimsOf(a.getType());
    size_t off = c.dims.size() - dims.size();
    bool full = off == 0, onlyLast = true;
    for (auto [i, d] : llvm::enumerate(dims)) {
      full &= provablyEqual(d, c.dims[i + off]);
      onlyLast &= i + 1 == dims.size() || isConstant(d, 1);
    }
    Value at;
    if (onlyLast) {
      at = dims.empty() || isConstant(dims.back(), 1) ? g.i64(0) : col;
    } else if (full && flattened) {
      at = arith::AddIOp::create(g.b, arith::MulIOp::create(g.b, pos.row, g.expr(c.dims.back())), col);
    } else {
      SmallVector<Value> index = leading(pos.row), mine;
      index.push_back(col);
      for (auto [i, d] : llvm::enumerate(dims)) {
        if (isConstant(d, 1))
          mine.push_back(g.i64(0));
        else if (provablyEqual(d, c.dims[i + off]))
          mine.push_back(index[i + off]);
        else
          mine.push_back(
              arith::SelectOp::create(g.b, arith::CmpIOp::create(g.b, arith::CmpIPredicate::eq, g.expr(d), g.i64(1)),
                                      g.i64(0), index[i + off]));
      }
      at = g.linearize(a.getType(), mine);
    }
    Type elem = cast<RankedTensorType>(a.getType()).getElementType();
    return g.loadAt(g.frame.inputs[a.getArgNumber()], elem, at, lanes, lanes > 1 ? pos.mask : Value());
  }

  /// Indices of all dims but the last.
  SmallVector<Value> leading(Value row) {
    if (!flattened) {
      SmallVector<Value> out(batch);
      out.push_back(row);
      return out;
    }
    SmallVector<Value> out(c.dims.size() - 1);
    for (size_t i = out.size(); i-- > 0;) {
      if (i == 0 || isConstant(c.dims[i], 1)) {
        out[i] = isConstant(c.dims[i], 1) ? g.i64(0) : row;
        continue;
      }
      Value d = arith::MaxSIOp::create(g.b, g.expr(c.dims[i]), g.i64(1));
      out[i] = arith::RemUIOp::create(g.b, row, d);
      row = arith::DivUIOp::create(g.b, row, d);
    }
    return out;
  }

  GroupEmitter &g;
  const Contraction &c;
};
} // namespace

static Value offsetBy(GroupEmitter &g, Value base, Value floats) {
  return LLVM::GEPOp::create(g.b, LLVM::LLVMPointerType::get(g.b.getContext()), g.b.getF32Type(), base,
                             ValueRange{floats});
}

/// Rows of the result, `rowStride` elements apart, from element `first` of the kernel's output.
static contract::Destination destination(GroupEmitter &g, const Contraction &c, EpilogueEmitter &epilogue, Value first,
                                         Value rowStride) {
  contract::Destination to;
  to.rowStride = rowStride;
  Type elem = cast<RankedTensorType>(c.root.getType()).getElementType();
  if (elem.getIntOrFloatBitWidth() == 32)
    to.base = first ? offsetBy(g, g.frame.outputs[0], first) : g.frame.outputs[0];
  else
    to.store = [&g, elem, first, rowStride](OpBuilder &b, Location, Value value, const contract::TilePosition &pos) {
      auto saved = g.b.saveInsertionPoint();
      g.b.restoreInsertionPoint(b.saveInsertionPoint());
      Value at = arith::AddIOp::create(g.b, arith::MulIOp::create(g.b, pos.row, rowStride), pos.col);
      g.storeAt(g.frame.outputs[0], elem, first ? Value(arith::AddIOp::create(g.b, at, first)) : at, value, pos.mask);
      b.restoreInsertionPoint(g.b.saveInsertionPoint());
      g.b.restoreInsertionPoint(saved);
    };
  if (!epilogue.trivial())
    to.epilogue = [&](OpBuilder &b, Location loc, Value acc, const contract::TilePosition &pos) {
      return epilogue(b, loc, acc, pos);
    };
  to.loopedEpilogue = c.costlyEpilogue;
  return to;
}

static void emitPacked(GroupEmitter &g, const Contraction &c) {
  EpilogueEmitter epilogue(g, c);
  epilogue.flattened = true;
  auto weights = cast<BlockArgument>(c.op->getOperand(1));
  contract::MatmulOperands op{g.frame.inputs[c.a.source.getArgNumber()],
                              g.expr(c.k),
                              g.frame.inputs[weights.getArgNumber()],
                              g.expr(c.m),
                              g.expr(c.n),
                              g.expr(c.k),
                              destination(g, c, epilogue, {}, g.expr(c.dims.back()))};
  op.panels = c.panels;
  contract::emitMatmul(g.b, g.b.getLoc(), cutMatmul(c, g.frame.machine.vectorBytes), g.frame.begin, g.frame.end, op.m,
                       op.n, op.k, [&](OpBuilder &, Location, Value) { return op; });
}

static void emitConvolution(GroupEmitter &g, const Contraction &c) {
  EpilogueEmitter epilogue(g, c);
  epilogue.flattened = true;
  auto conv = cast<ConvOp>(c.op);
  auto x = dimsOf(conv.getX().getType());
  size_t n = c.spatial.size();
  contract::ConvOperands op;
  op.input = g.frame.inputs[cast<BlockArgument>(conv.getX()).getArgNumber()];
  op.weights = g.frame.inputs[cast<BlockArgument>(conv.getW()).getArgNumber()];
  op.n = g.expr(x[0]);
  for (size_t at = 0; at < 3; ++at) {
    bool real = at + n >= 3;
    size_t i = real ? c.spatial[at + n - 3] : 0;
    op.in[at] = real ? g.expr(x[1 + i]) : g.i64(1);
    op.out[at] = real ? g.expr(c.dims[1 + i]) : g.i64(1);
    op.padBefore[at] = g.i64(real ? conv.getPadsBegin()[i] : 0);
  }
  op.to = destination(g, c, epilogue, {}, g.expr(c.dims.back()));
  contract::emitConv(g.b, g.b.getLoc(), c.conv, cutConv(c, g.frame.machine.vectorBytes), op, g.frame.begin,
                     g.frame.end);
}

/// Offset of an operand's matrix for the batch indices of the result.
static Value batchOffset(GroupEmitter &g, ArrayRef<AffineExpr> resultDims, const Strided &s, ArrayRef<Value> batch) {
  Value at = g.i64(0);
  size_t mine = s.dims.size() - 2, off = resultDims.size() - 2 - mine;
  for (size_t i = 0; i < mine; ++i) {
    if (isConstant(s.dims[i], 1))
      continue;
    Value index = batch[i + off];
    if (!provablyEqual(s.dims[i], resultDims[i + off]))
      index = arith::SelectOp::create(
          g.b, arith::CmpIOp::create(g.b, arith::CmpIPredicate::eq, g.expr(s.dims[i]), g.i64(1)), g.i64(0), index);
    at = arith::AddIOp::create(g.b, at, arith::MulIOp::create(g.b, index, g.expr(s.strides[i])));
  }
  return at;
}

static void emitBatch(GroupEmitter &g, const Contraction &c) {
  // Unit u: panel group u % groups of matrix u / groups. Its panels of B are packed
  // into scratch once and meet all rows of A.
  auto &b = g.b;
  int64_t atATime = panelsAtATime(c);
  size_t rank = c.dims.size();
  AffineExpr panels = c.n.ceilDiv(16), groups = panels.ceilDiv(atATime);
  SmallVector<AffineExpr> space(c.dims.begin(), c.dims.end() - 2);
  space.push_back(groups);
  bool transposed = !isConstant(c.b.strides.back(), 1);
  contract::MatmulPlan plan{contract::matmulTile(g.frame.machine.vectorBytes), 0, 0, 0};
  plan.rowsPerUnit = int64_t(plan.tile.rows) << 24;
  emitUnits(g, space, [&](ArrayRef<Value> at) {
    SmallVector<Value> batch(at.drop_back());
    Value col0 = arith::MulIOp::create(b, at.back(), g.i64(16 * atATime));
    Value cols = arith::MinSIOp::create(b, arith::SubIOp::create(b, g.expr(c.n), col0), g.i64(16 * atATime));
    Value matrixB = offsetBy(g, g.frame.inputs[c.b.source.getArgNumber()], batchOffset(g, c.dims, c.b, batch));
    AffineExpr kStride = c.b.strides[c.b.strides.size() - 2], nStride = c.b.strides.back();
    matrixB = offsetBy(g, matrixB, arith::MulIOp::create(b, col0, g.expr(nStride)));
    Value packCount = arith::CeilDivSIOp::create(b, cols, g.i64(16));
    contract::emitPack(
        b, b.getLoc(), transposed, g.i64(0), packCount, cols, g.expr(c.k), [&](OpBuilder &, Location, Value) {
          return contract::PackOperands{matrixB, g.expr(transposed ? nStride : kStride), g.frame.scratch};
        });
    EpilogueEmitter epilogue(g, c);
    epilogue.batch = batch;
    epilogue.colOffset = col0;
    contract::MatmulOperands op;
    op.a = offsetBy(g, g.frame.inputs[c.a.source.getArgNumber()], batchOffset(g, c.dims, c.a, batch));
    op.aRowStride = g.expr(c.a.strides[c.a.strides.size() - 2]);
    op.packedB = g.frame.scratch;
    op.m = g.expr(c.m), op.n = cols, op.k = g.expr(c.k);
    Value out = col0;
    for (size_t i = 0; i + 2 < rank; ++i)
      out = arith::AddIOp::create(b, out, arith::MulIOp::create(b, batch[i], g.expr(c.outStrides[i])));
    op.to = destination(g, c, epilogue, out, g.expr(c.outStrides[rank - 2]));
    contract::emitMatmul(b, b.getLoc(), plan, g.i64(0), g.i64(1), op.m, op.n, op.k,
                         [&](OpBuilder &, Location, Value) { return op; });
  });
}

LogicalResult emitContraction(GroupEmitter &g, std::string &error) {
  Contraction c = describeContraction(g.kernel);
  switch (c.kind) {
  case Contraction::Kind::Naive:
    return emitLoops(g, error);
  case Contraction::Kind::PackedMatmul:
    emitPacked(g, c);
    break;
  case Contraction::Kind::BatchMatmul:
    emitBatch(g, c);
    break;
  case Contraction::Kind::Conv:
    emitConvolution(g, c);
    break;
  }
  return success();
}

KernelPlan planContraction(func::FuncOp kernel) {
  Contraction c = describeContraction(kernel);
  if (c.kind == Contraction::Kind::Naive)
    return planLoops(kernel);
  MLIRContext *ctx = kernel.getContext();
  KernelPlan plan;
  plan.scratch = getAffineConstantExpr(0, ctx);
  auto size = [](AffineExpr e) { return double(constantOf(e).value_or(64)); };
  constexpr double flopsPerNs = 60;
  if (c.kind == Contraction::Kind::PackedMatmul) {
    auto cut = cutMatmul(c, 64);
    int64_t panels = (*constantOf(c.n) + 15) / 16;
    plan.units =
        c.m.ceilDiv(cut.rowsPerUnit) * (cut.panelsPerUnit ? (panels + cut.panelsPerUnit - 1) / cut.panelsPerUnit : 1);
    double cols = cut.panelsPerUnit ? double(cut.panelsPerUnit * 16) : size(c.n);
    plan.costPerUnit = 2.0 * std::min(double(cut.rowsPerUnit), size(c.m)) * cols * size(c.k) / flopsPerNs;
  } else if (c.kind == Contraction::Kind::BatchMatmul) {
    int64_t atATime = panelsAtATime(c);
    plan.units = product(ArrayRef(c.dims).drop_back(2), ctx) * c.n.ceilDiv(16).ceilDiv(atATime);
    plan.scratch = graph::simplify(c.k * (64 * atATime));
    plan.costPerUnit = 2.0 * size(c.m) * double(16 * atATime) * size(c.k) / flopsPerNs;
  } else {
    auto cut = cutConv(c, 64);
    bool dw = c.conv.isDepthwise();
    int64_t groups = dw ? 1 : c.conv.groups, perGroup = (c.conv.oc / groups + 15) / 16;
    plan.units = c.rows * c.columns.ceilDiv(cut.columnsPerUnit) *
                 (groups * ((perGroup + cut.panelsPerUnit - 1) / cut.panelsPerUnit));
    double taps = double(c.conv.kernel[0] * c.conv.kernel[1] * c.conv.kernel[2]);
    double cols = std::min(double(cut.panelsPerUnit * 16), double(c.conv.oc / groups));
    plan.costPerUnit = 2.0 * double(cut.columnsPerUnit) * cols * taps * double(c.conv.c / c.conv.groups) / flopsPerNs;
  }
  plan.units = graph::simplify(plan.units);
  return plan;
}

} // namespace wick::cpu
