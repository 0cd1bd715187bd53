// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Grouping.h. The rules of joining are the functions `joins*` below; each
// returns an empty string or the reason for staying apart.
//
#include "passes/fuse/Grouping.h"

#include "dialects/graph/Marks.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::passes {

StringRef strategyName(Strategy s) {
  switch (s) {
  case Strategy::Loops:
    return "loops";
  case Strategy::Row:
    return "row";
  case Strategy::Contract:
    return "contract";
  }
  return "";
}

bool isStaticValue(Value v) {
  Operation *op = v.getDefiningOp();
  return op && isStatic(op);
}
bool isStatic(Operation *op) {
  if (isa<ConstantOp, WeightOp>(op))
    return true;
  // Depth is bounded by the chains exporters put on weights.
  return isa<ElementOpInterface>(op) && op->getNumOperands() > 0 && !op->hasAttr(unfoldedAttr) &&
         llvm::all_of(op->getResultTypes(), [](Type t) { return cast<RankedTensorType>(t).hasStaticShape(); }) &&
         llvm::all_of(op->getOperands(), isStaticValue);
}
bool isLiteral(Value v) {
  auto c = v.getDefiningOp<ConstantOp>();
  if (!c)
    return false;
  auto dense = dyn_cast<DenseElementsAttr>(c.getValue());
  return dense && dense.isSplat();
}

/// Ops that move no data and need no kernel.
static bool isView(Operation *op) { return isa<ReshapeOp>(op); }
static bool isContraction(Operation *op) { return isa<MatmulOp, ConvOp, ConvTransposeOp>(op); }
static bool isScalar(Operation *op) { return isa<ScalarOpInterface>(op); }
/// Moves that read each source element at most once or cost nothing to repeat,
/// and keep runs along the last dim.
static bool isCheapMove(Operation *op) {
  if (auto e = dyn_cast<ElementOpInterface>(op))
    return isa<SliceOp, ExpandOp, TransposeOp, GatherOp, UpsampleOp>(op) && e.isLanewise();
  return false;
}

static bool sameDims(ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b) {
  return a.size() == b.size() &&
         llvm::all_of(llvm::zip(a, b), [](auto p) { return provablyEqual(std::get<0>(p), std::get<1>(p)); });
}
/// [rows..., 1] for space [rows..., n].
static bool isRowShape(ArrayRef<AffineExpr> dims, ArrayRef<AffineExpr> space) {
  return dims.size() == space.size() && !dims.empty() && isConstant(dims.back(), 1) && !isConstant(space.back(), 1) &&
         sameDims(dims.drop_back(), space.drop_back());
}
static bool reducesLastOnly(Operation *op) {
  auto r = dyn_cast<ReduceOp>(op);
  return r && r.getAxes().size() == 1 && r.getAxes()[0] == cast<RankedTensorType>(r.getX().getType()).getRank() - 1 &&
         computeType(cast<RankedTensorType>(r.getX().getType()).getElementType()).isF32();
}

/// An operand that is read along the last dim or repeated, which only the sizes of
/// a run decide. Row kernels and epilogues know one of both when they are made.
static bool mayBroadcastLast(Operation *op) {
  if (!isScalar(op))
    return false;
  Type result = op->getResult(0).getType();
  auto to = dimsOf(result);
  return llvm::any_of(op->getOperandTypes(), [&](Type operand) {
    auto from = dimsOf(operand);
    return !from.empty() && !broadcastsLast(operand, result) && !provablyEqual(from.back(), to.back());
  });
}

static bool keepsLast(TransposeOp t) {
  return !t.getPerm().empty() && t.getPerm().back() == int64_t(t.getPerm().size()) - 1;
}
static bool isRuntimeMatmul(Operation *op) {
  auto m = dyn_cast<MatmulOp>(op);
  return m && !isStaticValue(m.getB()) && cast<RankedTensorType>(m.getType()).getElementType().isF32();
}
/// A transpose that the one matmul using it can read through strides: rows of A
/// stay contiguous, and of B rows or columns do.
static bool isMatmulEdge(Operation *op, ArrayRef<Operation *> users) {
  auto t = dyn_cast<TransposeOp>(op);
  if (!t || users.size() != 1 || !op->getResult(0).hasOneUse() || !isRuntimeMatmul(users[0]))
    return false;
  int64_t rank = t.getPerm().size(), last = rank - 1;
  if (users[0]->getOperand(0) == op->getResult(0))
    return keepsLast(t);
  return rank >= 2 && (t.getPerm()[last] == last || t.getPerm()[last - 1] == last);
}

/// Whether producer `op`, all of whose users are in `g`, may join it. `users`
/// are those users.
static std::string joins(Operation *op, Group &g, ArrayRef<Operation *> users) {
  if (op->getNumResults() != 1)
    return "has several results";
  auto dims = dimsOf(op->getResult(0).getType());
  bool intoReduce = false;
  if (isMatmulEdge(op, users) && g.contraction)
    return ""; // read through strides
  for (Operation *u : users) {
    if (isa<ReduceOp>(u) && !reducesLastOnly(u))
      intoReduce = true;
    if (isContraction(u))
      return "feeds a contraction, which reads packed or repeated operands";
    if (isa<ElementOpInterface>(u) && !isScalar(u) && !isa<ReduceOp>(u) &&
        !(isCheapMove(u) && !isa<ExpandOp, GatherOp, UpsampleOp>(u)))
      return "feeds an op that reads elements more than once or out of order";
  }
  if (isContraction(op)) {
    if (g.contraction)
      return "the group has a contraction already";
    if (g.hasReduce || g.strategy != Strategy::Loops)
      return "the group works by rows";
    // A product of run-time matrices may be stored transposed.
    if (isRuntimeMatmul(op) && g.members.size() == 1 && isa<TransposeOp>(g.root) &&
        keepsLast(cast<TransposeOp>(g.root)))
      return "";
    for (Operation *m : g.members) {
      if (!isScalar(m) || !sameDims(dimsOf(m->getResult(0).getType()), dims))
        return "the epilogue would not keep the contraction's shape";
      if (mayBroadcastLast(m))
        return "the epilogue has an operand that may have size 1 along the columns";
    }
    return "";
  }
  if (isScalar(op)) {
    if (g.strategy == Strategy::Row && mayBroadcastLast(op))
      return "has an operand that may have size 1 along the rows";
    if (intoReduce)
      return ""; // each element is read once
    if (sameDims(dims, g.space))
      return "";
    if (g.strategy != Strategy::Contract && !g.contraction && isRowShape(dims, g.space))
      return ""; // computed once a row
    // Producers of a move are read at the move's source.
    bool onlyMoves = llvm::all_of(users, [&](Operation *u) { return !isScalar(u) && !isa<ReduceOp>(u); });
    if (onlyMoves)
      return "";
    bool chained = llvm::all_of(users, [&](Operation *u) {
      return (isScalar(u) || isa<ReduceOp>(u)) &&
             sameDims(dims, dimsOf(isa<ReduceOp>(u) ? u->getOperand(0).getType() : u->getResult(0).getType()));
    });
    return chained ? "" : "would be computed again for every element it is broadcast to";
  }
  if (reducesLastOnly(op)) {
    auto in = dimsOf(op->getOperand(0).getType());
    if (g.contraction)
      return "the group has a contraction";
    for (Operation *m : g.members)
      if (!isScalar(m) && !reducesLastOnly(m))
        return "the group has ops that do not work by rows";
    if (llvm::any_of(g.members, mayBroadcastLast))
      return "the group has an operand that may have size 1 along the rows";
    if (sameDims(in, g.space))
      return "";
    if (!g.hasReduce && sameDims(dims, g.space))
      return ""; // the group so far is row values; rows of `in` become the space
    return "reduces rows of another length";
  }
  if (isCheapMove(op)) {
    if (g.hasReduce || g.contraction)
      return "the group works by rows or has a contraction";
    bool scalarUsers = llvm::all_of(users, isScalar);
    if (scalarUsers && sameDims(dims, g.space))
      return "";
    return "is read by more than elementwise ops";
  }
  return "its family does not fuse into consumers";
}

static void add(Group &g, Operation *op) {
  g.members.push_back(op);
  if (isContraction(op)) {
    g.contraction = op;
    g.strategy = Strategy::Contract;
  }
  if (reducesLastOnly(op)) {
    auto in = dimsOf(op->getOperand(0).getType());
    if (!g.hasReduce)
      g.space = in;
    g.hasReduce = true;
    g.strategy = Strategy::Row;
  }
}

Grouping groupBlock(Block &block, bool apart) {
  Grouping out;
  SmallVector<Group> groups; // in reverse order of roots
  DenseMap<Operation *, unsigned> groupOf;
  for (Operation &op : llvm::reverse(block)) {
    if (!isa<ElementOpInterface>(&op) || isView(&op) || isStatic(&op))
      continue;
    SmallVector<Operation *> users;
    std::optional<unsigned> target;
    std::string reason;
    for (Operation *u : op.getUsers()) {
      Operation *inBlock = block.findAncestorOpInBlock(*u);
      auto it = groupOf.find(u);
      if (inBlock != u || it == groupOf.end())
        reason = "is used outside kernels";
      else if (target && *target != it->second)
        reason = "has users in several groups";
      else
        target = it->second, users.push_back(u);
      if (!reason.empty())
        break;
    }
    if (apart && target)
      reason = "kernels are kept apart";
    if (reason.empty() && target)
      reason = joins(&op, groups[*target], users);
    if (reason.empty() && target) {
      add(groups[*target], &op);
      groupOf[&op] = *target;
      continue;
    }
    Group g;
    g.root = &op;
    g.space = op.getNumResults() ? dimsOf(op.getResult(0).getType()) : SmallVector<AffineExpr>();
    add(g, &op);
    groupOf[&op] = groups.size();
    groups.push_back(std::move(g));
    out.why[&op] = reason;
  }
  for (Group &g : llvm::reverse(groups)) {
    std::reverse(g.members.begin(), g.members.end());
    if (g.strategy == Strategy::Loops && !g.contraction) {
      // Row values without a reduction: still one evaluation a row.
      for (Operation *m : g.members)
        if (m != g.root && isScalar(m) && isRowShape(dimsOf(m->getResult(0).getType()), g.space) &&
            llvm::all_of(g.members, isScalar) && llvm::none_of(g.members, mayBroadcastLast))
          g.strategy = Strategy::Row;
    }
    out.groups.push_back(std::move(g));
  }
  return out;
}

} // namespace wick::passes
