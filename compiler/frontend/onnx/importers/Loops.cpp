// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loop and Scan: short loops with a constant trip count are unrolled, the rest becomes
// wick.loop. What a loop carries may change its sizes from trip to trip: those dims are
// symbols of the body. Which they are shows only when the body has been imported, so it
// is imported until nothing changes any more. A Scan is a loop that reads slices.
//
#include "compiler/frontend/onnx/importers/Control.h"

#include <set>

using namespace mlir;
namespace wick::compiler {

namespace {
/// A loop to be imported: Scan fills in slices and directions.
struct LoopPlan {
  const onnx::Graph *body;
  Value trip, cond;    ///< scalars i64, i1
  AffineExpr tripExpr; ///< null when not known as an expression
  SmallVector<Operand> carried;
  bool isScan = false;
  SmallVector<Value> scanned; ///< Scan inputs, their scan axis first, in step order
  size_t numStacked = 0;
  /// The declared type of output `i` of the body behind the condition.
  const onnx::Type &declared(size_t i) const { return body->outputs[i + !isScan].type; }
};
} // namespace

/// The body once; results are (condition, carried..., stacked...). A Scan's body has no
/// iteration and condition.
static std::optional<SmallVector<Operand>> importBody(NodeImport &n, const LoopPlan &p, Value iteration, Value cond,
                                                      ArrayRef<Operand> carried) {
  GraphBuilder &g = n.g;
  SmallVector<Operand> args;
  if (!p.isScan)
    args.append({iteration, cond});
  args.append(carried.begin(), carried.end());
  for (Value v : p.scanned)
    args.push_back(g.gather(v, iteration, 0));
  auto out = n.importer.importSubgraph(*p.body, args);
  if (out && p.isScan)
    out->insert(out->begin(), cond);
  if (!out)
    return out;
  if (out->size() != 1 + p.carried.size() + p.numStacked) {
    n.error("the body has " + Twine(out->size()) + " outputs, expected " + Twine(1 + p.carried.size() + p.numStacked));
    return std::nullopt;
  }
  for (size_t i = 0; i < out->size(); ++i)
    if ((i == 0 || i > p.carried.size()) && !(*out)[i].tensor) {
      n.error("output " + Twine(i) + " of the body is not a tensor");
      return std::nullopt;
    }
  return out;
}

/// All steps in a row; false (and nothing made) when the condition is not known.
static bool unroll(NodeImport &n, const LoopPlan &p, SmallVectorImpl<Operand> &results) {
  GraphBuilder &g = n.g;
  auto trip = p.tripExpr ? graph::constantOf(p.tripExpr) : std::nullopt;
  auto go = decided(g, p.cond);
  if (!trip || *trip > n.importer.limits().unroll || !go)
    return false;
  auto start = n.importer.begin();
  Location loc = g.loc;
  SmallVector<Operand> carried = p.carried;
  std::vector<SmallVector<Value>> stacked(p.numStacked);
  Value cond = p.cond;
  for (int64_t i = 0; i < *trip && *go; ++i) {
    auto out = importBody(n, p, g.i64(i), cond, carried);
    g.loc = loc;
    auto next = out ? decided(g, g.reshape((*out)[0].tensor, ArrayRef<int64_t>())) : std::nullopt;
    if (!next) {
      n.importer.undo(*start);
      n.problem.clear();
      return false;
    }
    cond = (*out)[0].tensor, go = next;
    carried.assign(out->begin() + 1, out->begin() + 1 + carried.size());
    for (size_t k = 0; k < stacked.size(); ++k)
      stacked[k].push_back(g.unsqueeze((*out)[1 + carried.size() + k].tensor, {0}));
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

//===-- Carried values -----------------------------------------------------===//

namespace {
/// What earlier rounds have found out about a loop.
struct CarriedPlan {
  SmallVector<Layout> layouts;                  ///< of each carried operand
  std::set<std::pair<size_t, int64_t>> changes; ///< dims of flat values that vary from trip to trip
};
} // namespace

/// The dim that the model declares; it is asserted, not believed.
static std::optional<int64_t> declaredDim(const onnx::Type &type, size_t rank, size_t d) {
  if (type.kind != onnx::Type::Kind::Tensor || !type.hasRank || type.dims.size() != rank ||
      type.dims[d].kind != onnx::Dim::Kind::Value)
    return std::nullopt;
  return type.dims[d].value;
}

/// `v`, a trip's value k, as the next trip wants it; dims that vary are added to the
/// plan. Null when rank or type are others.
static Value asCarried(GraphBuilder &g, Value v, Type want, size_t k, const onnx::Type &declared, CarriedPlan &plan) {
  auto x = cast<RankedTensorType>(v.getType()), y = cast<RankedTensorType>(want);
  if (x.getElementType() != y.getElementType() || x.getRank() != y.getRank())
    return {};
  Exprs from = graph::dimsOf(x), to = graph::dimsOf(y);
  for (size_t d = 0; d < to.size(); ++d) {
    if (plan.changes.contains({k, d})) {
      to[d] = from[d];
      continue;
    }
    if (graph::provablyEqual(from[d], to[d]))
      continue;
    auto size = graph::constantOf(to[d]);
    if (size && declaredDim(declared, to.size(), d) == size && !graph::constantOf(from[d]))
      g.checkEqual(from[d], to[d], "a carried value of this loop must keep its declared shape");
    else
      plan.changes.insert({k, d}), to[d] = from[d];
  }
  return graph::dimsOf(x) == to ? v : g.reshape(v, to);
}

/// A stacked value in its declared shape where its sizes are decided inside the loop.
static Value asRow(GraphBuilder &g, Value v, const onnx::Type &declared, size_t first) {
  Exprs dims = g.dims(v), to = dims;
  for (size_t d = 0; d < dims.size(); ++d)
    if (auto size = declaredDim(declared, dims.size(), d); size && usesSince(g, dims[d], first)) {
      g.checkEqual(dims[d], g.expr(*size), "a value that this loop stacks must have its declared shape");
      to[d] = g.expr(*size);
    }
  return to == dims ? v : g.reshape(v, to);
}

/// The op with its results once the body stands in `op`, which goes.
static void finishLoop(NodeImport &n, const LoopPlan &p, const CarriedPlan &plan, Operation *op,
                       ArrayRef<Value> carried, size_t first, bool condHolds, SmallVectorImpl<Operand> &results) {
  GraphBuilder &g = n.g;
  Block &block = op->getRegion(0).front();
  Operation *yield = block.getTerminator();
  AffineExpr height = condHolds && p.tripExpr ? p.tripExpr : AffineExpr();
  OperationState full(g.loc, graph::LoopOp::getOperationName());
  full.addOperands({p.trip, p.cond});
  full.addOperands(carried);
  full.addAttribute("num_carried", g.b.getI64IntegerAttr(carried.size()));
  if (!height && p.numStacked) {
    height = g.symbols.runtime(0, p.tripExpr ? g.symbols.range(p.tripExpr).second : INT64_MAX);
    full.addAttribute("count", g.b.getI64IntegerAttr(cast<AffineSymbolExpr>(height).getPosition()));
  }
  auto position = [](AffineExpr e) { return int64_t(cast<AffineSymbolExpr>(e).getPosition()); };
  SmallVector<int64_t> carriedDims, rowDims;
  for (size_t k = 0; k < carried.size(); ++k) {
    Type inside = block.getArgument(2 + k).getType();
    Exprs dims = graph::dimsOf(inside);
    for (size_t d = 0; d < dims.size(); ++d)
      if (plan.changes.contains({k, d})) {
        AffineExpr after = g.symbols.runtime(0);
        carriedDims.append({int64_t(k), int64_t(d), position(dims[d]), position(after)});
        dims[d] = after;
      }
    full.addTypes(graph::tensorOf(cast<RankedTensorType>(inside).getElementType(), dims));
  }
  for (size_t j = 0; j < p.numStacked; ++j) {
    Value v = yield->getOperand(1 + carried.size() + j);
    Exprs row = g.dims(v), dims{height};
    for (size_t d = 0; d < row.size(); ++d)
      if (usesSince(g, row[d], first)) {
        row[d] = g.symbols.runtime(0);
        rowDims.append({int64_t(j), int64_t(d), position(row[d])});
      }
    llvm::append_range(dims, row);
    full.addTypes(graph::tensorOf(g.elem(v), dims));
  }
  if (!carriedDims.empty())
    full.addAttribute("carried_dims", g.b.getDenseI64ArrayAttr(carriedDims));
  if (!rowDims.empty())
    full.addAttribute("row_dims", g.b.getDenseI64ArrayAttr(rowDims));
  full.addRegion()->takeBody(op->getRegion(0));
  op->erase();
  ValueRange made = g.b.create(full)->getResults();
  for (const Layout &layout : plan.layouts) {
    results.push_back(unflatten(made.take_front(layout.parts()), layout));
    made = made.drop_front(layout.parts());
  }
  for (Value v : made)
    results.push_back(v);
}

/// One round: true when the plan holds, and the loop is made; else the plan has grown and
/// the caller takes everything back, or something was noted.
static bool tryLoop(NodeImport &n, const LoopPlan &p, CarriedPlan &plan, SmallVectorImpl<Operand> &results) {
  GraphBuilder &g = n.g;
  Location loc = g.loc;
  size_t first = g.symbols.all().size();
  SmallVector<Value> initial;
  for (auto [x, layout] : llvm::zip(p.carried, plan.layouts))
    llvm::append_range(initial, flatten(g, x, layout));
  if (g.hasError())
    return false;
  Block *block = new Block;
  OperationState state(loc, graph::LoopOp::getOperationName());
  state.addRegion()->push_back(block);
  Operation *op = g.b.create(state);
  auto insideLoop = std::make_unique<OpBuilder::InsertionGuard>(g.b);
  g.b.setInsertionPointToEnd(block);
  Value iteration = block->addArgument(RankedTensorType::get({}, g.b.getI64Type()), loc);
  Value cond = block->addArgument(RankedTensorType::get({}, g.b.getI1Type()), loc);
  for (auto [k, v] : llvm::enumerate(initial)) {
    Exprs dims = g.dims(v);
    for (size_t d = 0; d < dims.size(); ++d)
      if (plan.changes.contains({k, d}))
        dims[d] = g.symbols.runtime(0);
    block->addArgument(graph::tensorOf(g.elem(v), dims), loc);
  }
  SmallVector<Operand> carried;
  ValueRange args = ValueRange(block->getArguments()).drop_front(2);
  for (const Layout &layout : plan.layouts) {
    carried.push_back(unflatten(args.take_front(layout.parts()), layout));
    args = args.drop_front(layout.parts());
  }
  auto out = importBody(n, p, iteration, cond, carried);
  g.loc = loc;
  if (!out) {
    insideLoop.reset();
    op->erase();
    return n.unsupported("the body cannot be imported"), false;
  }
  bool isStable = true;
  for (size_t i = 0; i < p.carried.size(); ++i) {
    auto wider = join(plan.layouts[i], layoutOf((*out)[1 + i]), true);
    if (!wider)
      return n.unsupported("carried value " + Twine(i) + " changes its rank or type from step to step"), false;
    isStable &= *wider == plan.layouts[i];
    if (wider->parts() != plan.layouts[i].parts())
      plan.changes.clear(); // flat values have other numbers
    plan.layouts[i] = *wider;
  }
  if (!isStable)
    return false;
  Value next = g.reshape((*out)[0].tensor, ArrayRef<int64_t>());
  bool condHolds = decided(g, p.cond) == 1 && (next == cond || decided(g, next) == 1);
  SmallVector<Value> values{next};
  size_t known = plan.changes.size();
  for (size_t i = 0; i < p.carried.size(); ++i)
    for (Value v : flatten(g, (*out)[1 + i], plan.layouts[i])) {
      size_t k = values.size() - 1;
      v = v ? asCarried(g, v, block->getArgument(2 + k).getType(), k, p.declared(i), plan) : v;
      if (!v)
        return n.unsupported("carried value " + Twine(i) + " changes its rank or type from step to step"), false;
      values.push_back(v);
    }
  for (size_t j = 0; j < p.numStacked; ++j)
    values.push_back(asRow(g, (*out)[1 + p.carried.size() + j].tensor, p.declared(p.carried.size() + j), first));
  if (plan.changes.size() != known || g.hasError())
    return false;
  graph::YieldOp::create(g.b, g.loc, values);
  insideLoop.reset();
  finishLoop(n, p, plan, op, initial, first, condHolds, results);
  return true;
}

static void emitLoop(NodeImport &n, const LoopPlan &p, SmallVectorImpl<Operand> &results) {
  GraphBuilder &g = n.g;
  CarriedPlan plan;
  size_t flat = 0;
  for (const Operand &x : p.carried) {
    Layout layout = layoutOf(x);
    if (layout.rank == -2)
      return n.unsupported("a sequence of elements of different ranks, carried by a loop");
    if (layout.kind == Layout::Packed) // nearly always grows
      plan.changes.insert({flat, 0}), plan.changes.insert({flat + 1, 0});
    flat += layout.parts();
    plan.layouts.push_back(layout);
  }
  auto start = n.importer.begin();
  while (true) { // each round adds a dim or a layout
    CarriedPlan before = plan;
    if (tryLoop(n, p, plan, results) || !n.problem.empty() || g.hasError())
      return;
    if (plan.changes == before.changes && plan.layouts == before.layouts)
      return;
    Location loc = g.loc;
    n.importer.undo(*start);
    g.loc = loc;
  }
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
    p.trip = p.tripExpr ? g.dimScalar(p.tripExpr) : g.max(p.trip, g.i64(0)); // negative would mean no limit
  }
  if (!p.trip || !p.cond)
    return; // not one element
  for (size_t i = 2; i < n.in.size(); ++i)
    p.carried.push_back(n.importer.operand(n, i));
  if (llvm::any_of(p.carried, [](const Operand &v) { return !v; }))
    return n.unsupported("a carried value that is left out");
  if (p.body->outputs.size() < 1 + p.carried.size())
    return n.error("the body has too few outputs");
  p.numStacked = p.body->outputs.size() - 1 - p.carried.size();
  SmallVector<Operand> results;
  if (!unroll(n, p, results))
    emitLoop(n, p, results);
  for (auto [i, v] : llvm::enumerate(results))
    n.importer.defineOutput(n, i, v);
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
  for (int64_t i = 0; i < states; ++i)
    p.carried.push_back(n.in[i]);
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
  SmallVector<Operand> results;
  if (!unroll(n, p, results))
    emitLoop(n, p, results);
  for (auto [i, result] : llvm::enumerate(results)) {
    int64_t k = int64_t(i) - states;
    Value v = result.tensor;
    if (k >= 0) {
      if (list("scan_output_directions", k))
        v = reversed(g, v, 0);
      auto axis = n.axis(list("scan_output_axes", k), v ? g.rank(v) : 1);
      v = axis ? moveDim(g, v, 0, *axis) : Value();
    }
    n.set(i, v);
  }
}

void addLoopImporters(ImportTable &t) { t["Loop"] = importLoop, t["Scan"] = importScan; }

} // namespace wick::compiler
