// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// If, Loop and Scan. Decided branches are inlined and short loops with a constant
// trip count unrolled; the rest becomes wick.if and wick.loop. A Scan is a loop that
// reads slices.
//
#include "compiler/frontend/onnx/OnnxImporter.h"

using namespace mlir;
namespace wick::compiler {

static constexpr int64_t maxUnroll = 32;

/// A known boolean or integer scalar.
static std::optional<int64_t> decided(GraphBuilder &g, Value v) {
  auto known = g.elementsOf(v);
  return known && known->size() == 1 && (*known)[0] ? graph::constantOf((*known)[0]) : std::nullopt;
}

static void yield(GraphBuilder &g, ValueRange values) { graph::YieldOp::create(g.b, g.loc, values); }

//===-- If -----------------------------------------------------------------===//

/// Makes the dims of both branches' values agree: equal ones stay, others become sizes
/// chosen by the condition before the op. False when ranks or elements differ.
static bool unify(GraphBuilder &g, graph::IfOp op, SmallVectorImpl<Type> &types) {
  SmallVector<Operation *> yields{op.getThenRegion().front().getTerminator(),
                                  op.getElseRegion().front().getTerminator()};
  for (unsigned i = 0; i < yields[0]->getNumOperands(); ++i) {
    Type t = yields[0]->getOperand(i).getType(), e = yields[1]->getOperand(i).getType();
    Exprs a = graph::dimsOf(t), c = graph::dimsOf(e);
    Type elem = cast<RankedTensorType>(t).getElementType();
    if (a.size() != c.size() || elem != cast<RankedTensorType>(e).getElementType())
      return false;
    for (size_t d = 0; d < a.size(); ++d) {
      if (graph::provablyEqual(a[d], c[d]))
        continue;
      OpBuilder::InsertionGuard guard(g.b);
      g.b.setInsertionPoint(op);
      Value size = g.where(op.getCond(), g.dimScalar(a[d]), g.dimScalar(c[d]));
      auto ra = g.symbols.range(a[d]), rc = g.symbols.range(c[d]);
      a[d] = size ? g.sizeOf(size, 0, std::min(ra.first, rc.first), std::max(ra.second, rc.second)) : a[d];
    }
    types.push_back(graph::tensorOf(elem, a));
    for (Operation *y : yields) {
      OpBuilder::InsertionGuard guard(g.b);
      g.b.setInsertionPoint(y);
      if (y->getOperand(i).getType() != types.back())
        y->setOperand(i, graph::ReshapeOp::create(g.b, g.loc, types.back(), y->getOperand(i),
                                                  cast<AffineMapAttr>(g.mapAttr("dims", a).getValue())));
    }
  }
  return true;
}

static void importIf(NodeImport &n) {
  GraphBuilder &g = n.g;
  const onnx::Graph *graphs[2] = {n.node.graphAttr("then_branch"), n.node.graphAttr("else_branch")};
  if (!graphs[0] || !graphs[1])
    return n.error("lacks a branch");
  Value cond = g.reshape(n.input(0), ArrayRef<int64_t>());
  auto inlineBranch = [graphs](NodeImport &m, int which) {
    auto values = m.importer.importSubgraph(*graphs[which], {});
    for (size_t i = 0; values && i < values->size(); ++i)
      m.set(i, (*values)[i]);
    return values.has_value();
  };
  if (auto known = decided(g, cond)) {
    if (!inlineBranch(n, *known ? 0 : 1))
      n.unsupported("the branch that is taken cannot be imported");
    return;
  }
  auto start = n.importer.begin();
  OperationState state(g.loc, graph::IfOp::getOperationName());
  state.addOperands(cond);
  Block *blocks[2];
  for (Block *&block : blocks)
    state.addRegion()->push_back(block = new Block);
  auto op = cast<graph::IfOp>(g.b.create(state));
  Location loc = g.loc;
  bool ok = true;
  for (int k = 0; k < 2 && ok; ++k) {
    OpBuilder::InsertionGuard guard(g.b);
    g.b.setInsertionPointToEnd(blocks[k]);
    auto values = n.importer.importSubgraph(*graphs[k], {});
    ok = values.has_value();
    g.loc = loc;
    if (ok)
      yield(g, *values);
  }
  if (!ok) {
    op.erase(); // what went wrong inside has been noted
    return n.unsupported("a branch cannot be imported");
  }
  SmallVector<Type> types;
  if (!unify(g, op, types)) {
    n.importer.undo(*start);
    auto choose = [inlineBranch, loc](NodeImport &m, int which) {
      Value c = m.g.reshape(m.input(0), ArrayRef<int64_t>());
      std::string text = std::string("condition must be ") + (which ? "false" : "true") +
                         ": the graph behind this If fits only that branch";
      graph::AssertOp::create(m.g.b, loc, which ? m.g.create<graph::NotOp>({c}) : c, text);
      return inlineBranch(m, which);
    };
    return n.importer.importWithChoice(
        n, {[choose](NodeImport &m) { return choose(m, 0); }, [choose](NodeImport &m) { return choose(m, 1); }},
        "the branches give results of different rank or type");
  }
  // Results are fixed at creation: move the regions to an op that has them.
  g.b.setInsertionPointAfter(op);
  OperationState full(loc, graph::IfOp::getOperationName());
  full.addOperands(cond);
  full.addTypes(types);
  for (Region &region : op->getRegions())
    full.addRegion()->takeBody(region);
  Operation *done = g.b.create(full);
  op.erase();
  for (auto [i, v] : llvm::enumerate(done->getResults()))
    n.set(i, v);
}

//===-- Loop and Scan ------------------------------------------------------===//

namespace {
/// A loop to be imported: Scan fills in slices and directions.
struct LoopPlan {
  const onnx::Graph *body;
  Value trip, cond;    ///< scalars i64, i1
  AffineExpr tripExpr; ///< null when not known as an expression
  SmallVector<Value> carried;
  bool isScan = false;
  SmallVector<Value> scanned; ///< Scan inputs, their scan axis first, in step order
  size_t numStacked = 0;
};
} // namespace

/// The body once; results are (condition, carried..., stacked...). A Scan's body has no
/// iteration and condition.
static std::optional<SmallVector<Value>> importBody(NodeImport &n, const LoopPlan &p, Value iteration, Value cond,
                                                    ValueRange carried) {
  GraphBuilder &g = n.g;
  SmallVector<Value> args;
  if (!p.isScan)
    args.append({iteration, cond});
  args.append(carried.begin(), carried.end());
  for (Value v : p.scanned)
    args.push_back(g.gather(v, iteration, 0));
  auto out = n.importer.importSubgraph(*p.body, args);
  if (out && p.isScan)
    out->insert(out->begin(), cond);
  if (out && out->size() != 1 + p.carried.size() + p.numStacked) {
    n.error("the body has " + Twine(out->size()) + " outputs, expected " + Twine(1 + p.carried.size() + p.numStacked));
    return std::nullopt;
  }
  return out;
}

/// All steps in a row; false (and nothing made) when the condition is not known.
static bool unroll(NodeImport &n, const LoopPlan &p, SmallVectorImpl<Value> &results) {
  GraphBuilder &g = n.g;
  auto trip = p.tripExpr ? graph::constantOf(p.tripExpr) : std::nullopt;
  auto go = decided(g, p.cond);
  if (!trip || *trip > maxUnroll || !go)
    return false;
  auto start = n.importer.begin();
  Location loc = g.loc;
  SmallVector<Value> carried = p.carried;
  std::vector<SmallVector<Value>> stacked(p.numStacked);
  Value cond = p.cond;
  for (int64_t i = 0; i < *trip && *go; ++i) {
    auto out = importBody(n, p, g.i64(i), cond, carried);
    g.loc = loc;
    auto next = out ? decided(g, g.reshape((*out)[0], ArrayRef<int64_t>())) : std::nullopt;
    if (!next) {
      n.importer.undo(*start);
      return false;
    }
    cond = (*out)[0], go = next;
    carried.assign(out->begin() + 1, out->begin() + 1 + carried.size());
    for (size_t k = 0; k < stacked.size(); ++k)
      stacked[k].push_back(g.unsqueeze((*out)[1 + carried.size() + k], {0}));
  }
  for (const auto &list : stacked)
    if (list.empty()) { // no step: the element's shape is not known
      n.importer.undo(*start);
      return false;
    }
  results.append(carried.begin(), carried.end());
  for (const auto &list : stacked)
    results.push_back(g.concat(list, 0));
  return true;
}

/// `v` as a value of type `t`: the same, or reshaped where dims that are not known to
/// differ are asserted to be equal; null when it cannot be.
static Value asCarried(GraphBuilder &g, Value v, Type t) {
  auto x = cast<RankedTensorType>(v.getType()), y = cast<RankedTensorType>(t);
  if (x.getElementType() != y.getElementType() || x.getRank() != y.getRank())
    return {};
  for (auto [p, q] : llvm::zip(graph::dimsOf(x), graph::dimsOf(y))) {
    if (graph::provablyEqual(p, q))
      continue;
    if (graph::constantOf(g.simplify(p - q)))
      return {};
    Value same = g.create<graph::EqualOp>({g.dimScalar(p), g.dimScalar(q)});
    if (same)
      graph::AssertOp::create(g.b, g.loc, same, "a carried value of this loop must keep its shape");
  }
  return x == y ? v : g.reshape(v, graph::dimsOf(y));
}

static void emitLoop(NodeImport &n, const LoopPlan &p, SmallVectorImpl<Value> &results) {
  GraphBuilder &g = n.g;
  Location loc = g.loc;
  auto start = n.importer.begin();
  Block *block = new Block;
  OperationState state(loc, graph::LoopOp::getOperationName());
  state.addRegion()->push_back(block);
  Operation *op = g.b.create(state);
  SmallVector<Value> values;
  bool condHolds = false;
  {
    OpBuilder::InsertionGuard guard(g.b);
    g.b.setInsertionPointToEnd(block);
    Value iteration = block->addArgument(RankedTensorType::get({}, g.b.getI64Type()), loc);
    Value cond = block->addArgument(RankedTensorType::get({}, g.b.getI1Type()), loc);
    SmallVector<Value> carried;
    for (Value v : p.carried)
      carried.push_back(block->addArgument(v.getType(), loc));
    auto out = importBody(n, p, iteration, cond, carried);
    g.loc = loc;
    if (!out) {
      op->erase();
      return n.unsupported("the body cannot be imported");
    }
    for (size_t i = 0; i < p.carried.size(); ++i)
      if (Value v = asCarried(g, (*out)[1 + i], p.carried[i].getType())) {
        (*out)[1 + i] = v;
      } else {
        n.importer.undo(*start);
        return n.unsupported("carried value " + Twine(i) + " changes its shape or type from step to step");
      }
    Value next = g.reshape((*out)[0], ArrayRef<int64_t>());
    condHolds = decided(g, p.cond) == 1 && (next == cond || decided(g, next) == 1);
    (*out)[0] = next;
    values = *out;
    yield(g, values);
  }
  // The stack's height: the trip count where every step is taken, else known afterwards.
  AffineExpr height = condHolds && p.tripExpr ? p.tripExpr : AffineExpr();
  OperationState full(loc, graph::LoopOp::getOperationName());
  full.addOperands({p.trip, p.cond});
  full.addOperands(p.carried);
  full.addAttribute("num_carried", g.b.getI64IntegerAttr(p.carried.size()));
  if (!height && p.numStacked) {
    height = g.symbols.runtime(0, p.tripExpr ? g.symbols.range(p.tripExpr).second : INT64_MAX);
    full.addAttribute("count", g.b.getI64IntegerAttr(cast<AffineSymbolExpr>(height).getPosition()));
  }
  for (Value v : p.carried)
    full.addTypes(v.getType());
  for (size_t k = 0; k < p.numStacked; ++k) {
    Value v = values[1 + p.carried.size() + k];
    Exprs dims{height};
    llvm::append_range(dims, g.dims(v));
    full.addTypes(graph::tensorOf(g.elem(v), dims));
  }
  full.addRegion()->takeBody(op->getRegion(0));
  op->erase();
  results.append(g.b.create(full)->getResults().begin(), g.b.getInsertionBlock()->back().getResults().end());
}

static void importLoop(NodeImport &n) {
  GraphBuilder &g = n.g;
  LoopPlan p{};
  p.body = n.node.graphAttr("body");
  if (!p.body)
    return n.error("lacks its body");
  p.trip = n.input(0) ? g.castTo(g.reshape(n.input(0), ArrayRef<int64_t>()), g.b.getI64Type()) : g.i64(-1);
  p.cond = n.input(1) ? g.reshape(n.input(1), ArrayRef<int64_t>()) : g.scalar(g.b.getI1Type(), 1);
  if (n.input(0) && p.trip) {
    auto known = g.elementsOf(p.trip);
    p.tripExpr = known ? (*known)[0] : AffineExpr();
    if (p.tripExpr)
      p.tripExpr = g.symbols.max(p.tripExpr, g.expr(0));
  }
  p.carried.assign(n.in.begin() + std::min<size_t>(2, n.in.size()), n.in.end());
  if (llvm::any_of(p.carried, [](Value v) { return !v; }))
    return n.unsupported("a carried value that is left out");
  if (p.body->outputs.size() < 1 + p.carried.size())
    return n.error("the body has too few outputs");
  p.numStacked = p.body->outputs.size() - 1 - p.carried.size();
  SmallVector<Value> results;
  if (!unroll(n, p, results))
    emitLoop(n, p, results);
  for (auto [i, v] : llvm::enumerate(results))
    n.set(i, v);
}

static Value reversed(GraphBuilder &g, Value v, int64_t axis) {
  return v ? g.slice(v, axis, g.simplify(g.dim(v, axis) - 1), g.dim(v, axis), -1) : v;
}

/// Moves dim `from` to `to`.
static Value moveDim(GraphBuilder &g, Value v, int64_t from, int64_t to) {
  if (!v || from == to)
    return v;
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, g.rank(v)));
  perm.erase(perm.begin() + from);
  perm.insert(perm.begin() + to, from);
  return g.transpose(v, perm);
}

static void importScan(NodeImport &n) {
  GraphBuilder &g = n.g;
  LoopPlan p{};
  p.isScan = true;
  p.body = n.node.graphAttr("body");
  int64_t inputs = n.intAttr("num_scan_inputs", 0), states = int64_t(n.in.size()) - inputs;
  bool missing = llvm::any_of(n.in, [](Value v) { return !v; });
  if (!p.body || missing || inputs < 1 || states < 0 || int64_t(p.body->outputs.size()) < states)
    return n.error("body and num_scan_inputs do not fit");
  p.carried.assign(n.in.begin(), n.in.begin() + states);
  p.numStacked = p.body->outputs.size() - states;
  auto list = [&](StringRef name, size_t i) {
    auto v = n.intsAttr(name);
    return v && i < v->size() ? (*v)[i] : 0;
  };
  for (int64_t i = 0; i < inputs; ++i) {
    Value v = n.in[states + i];
    auto axis = n.axis(list("scan_input_axes", i), g.rank(v));
    if (!axis)
      return;
    v = moveDim(g, v, *axis, 0);
    p.scanned.push_back(list("scan_input_directions", i) ? reversed(g, v, 0) : v);
  }
  if (!p.scanned[0])
    return;
  p.tripExpr = g.dim(p.scanned[0], 0);
  p.trip = g.dimScalar(p.tripExpr), p.cond = g.scalar(g.b.getI1Type(), 1);
  SmallVector<Value> results;
  if (!unroll(n, p, results))
    emitLoop(n, p, results);
  for (auto [i, v] : llvm::enumerate(results)) {
    int64_t k = int64_t(i) - states;
    if (k >= 0) {
      if (list("scan_output_directions", k))
        v = reversed(g, v, 0);
      auto axis = n.axis(list("scan_output_axes", k), v ? g.rank(v) : 1);
      v = axis ? moveDim(g, v, 0, *axis) : Value();
    }
    n.set(i, v);
  }
}

void addControlImporters(ImportTable &t) { t["If"] = importIf, t["Loop"] = importLoop, t["Scan"] = importScan; }

} // namespace wick::compiler
