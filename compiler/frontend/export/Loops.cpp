// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops of torch._higher_order_ops: while_loop, map and both scans become wick.loop. A
// body's arguments are carried values, rows of what is gone through, and what stays
// the same; it gives the next carried values and rows of results. torch promises that
// carried values keep type and sizes; where that is not certain the run checks it.
//
#include "compiler/frontend/export/ExportImporter.h"

using namespace mlir;
namespace wick::compiler {
using torch::Arg;
using torch::Operand;

/// `v`, a value of the body, as an operand like `like`: a tensor, or a number.
static Operand wrapped(torch::TensorSpace &tensors, GraphBuilder &g, const Operand &like, Value v) {
  if (like.isTensor()) {
    torch::Tensor t = tensors.make(v);
    t->isComplex = like.tensor->isComplex;
    return t;
  }
  Operand out = like;
  if (like.kind() == Arg::Kind::Int)
    return Operand::integer(g.sizeOf(v, 0, INT64_MIN / 4, INT64_MAX / 4));
  out.value.tensor = v;
  return out;
}

/// The condition's graph on these carried values: a scalar.
Value ExportImporter::holds(const LoopPlan &plan, const std::vector<Operand> &carried) {
  std::vector<Operand> inputs = carried;
  inputs.insert(inputs.end(), plan.same.begin(), plan.same.end());
  auto known = symbols; // numbers of the running program are those of one evaluation
  auto out = importGraph(*plan.condition, std::move(inputs));
  symbols = std::move(known);
  if (!out)
    return {};
  if (out->size() != 1)
    return g.fail("the loop's condition gives " + Twine(out->size()) + " results, expected one");
  Value v = scalar((*out)[0]);
  return v ? g.reshape(g.castTo(v, g.b.getI1Type()), ArrayRef<int64_t>()) : v;
}

/// The body at the insertion point, with the block's arguments: iteration, condition, carried values.
bool ExportImporter::importBody(const LoopPlan &plan, Block *block, std::vector<Operand> &out) {
  std::vector<Operand> inputs;
  for (auto [i, x] : llvm::enumerate(plan.carried))
    inputs.push_back(wrapped(tensors, g, x, block->getArgument(2 + unsigned(i))));
  for (const Operand &x : plan.scanned)
    inputs.push_back(wrapped(tensors, g, x, g.gather(tensors.read(x.tensor), block->getArgument(0), 0)));
  inputs.insert(inputs.end(), plan.same.begin(), plan.same.end());
  auto known = symbols;
  auto results = g.hasError() ? std::nullopt : importGraph(*plan.body, std::move(inputs));
  symbols = std::move(known);
  if (!results)
    return false;
  if (results->size() < plan.carried.size() || (plan.condition && results->size() != plan.carried.size()))
    return g.fail("the loop's body gives " + Twine(results->size()) + " results for " + Twine(plan.carried.size()) +
                  " carried values"),
           false;
  out = *results;
  if (plan.stacksCarried)
    out.insert(out.end(), results->begin(), results->end());
  return true;
}

/// Carried value `i` of a trip with the type that it has before the loop; null when it has another.
static Value asCarried(GraphBuilder &g, Value v, mlir::Type before, size_t i) {
  auto x = cast<RankedTensorType>(v.getType()), y = cast<RankedTensorType>(before);
  if (x == y)
    return v;
  if (x.getElementType() != y.getElementType() || x.getRank() != y.getRank())
    return g.fail("carried value " + Twine(i) + " of the loop changes its rank or element type from trip to trip");
  for (auto [d, from, to] : llvm::enumerate(graph::dimsOf(x), graph::dimsOf(y))) {
    if (graph::constantOf(g.simplify(from - to)).value_or(0) != 0)
      return g.fail("dim " + Twine(d) + " of carried value " + Twine(i) + " of the loop changes from trip to trip");
    g.checkEqual(from, to, "a carried value of this loop must keep its shape");
  }
  return g.reshape(v, graph::dimsOf(y));
}

bool ExportImporter::emitLoop(const LoopPlan &plan, std::vector<Operand> &results) {
  Location loc = g.loc;
  std::vector<Value> initial;
  for (const Operand &x : plan.carried)
    initial.push_back(scalar(x));
  AffineExpr rows;
  for (const Operand &x : plan.scanned) {
    Value v = x.isTensor() ? tensors.read(x.tensor) : Value();
    if (!v || g.rank(v) - x.tensor->isComplex < 1)
      return g.fail("a loop goes through what is no tensor with rows"), false;
    if (rows)
      g.checkEqual(rows, g.dim(v, 0), "what a loop goes through must have equal numbers of rows");
    else
      rows = g.dim(v, 0);
  }
  size_t first = g.symbols.all().size();
  Value cond = plan.condition ? holds(plan, plan.carried) : g.scalar(g.b.getI1Type(), 1);
  Value trip = rows ? g.dimScalar(rows) : g.i64(-1);
  if (g.hasError() || !cond || llvm::is_contained(initial, Value()))
    return false;
  OperationState state(loc, graph::LoopOp::getOperationName());
  Block *block = new Block;
  state.addRegion()->push_back(block);
  Operation *op = g.b.create(state);
  size_t mark = tensors.mark();
  std::vector<Operand> out;
  std::vector<Value> yielded;
  {
    OpBuilder::InsertionGuard guard(g.b);
    g.b.setInsertionPointToEnd(block);
    block->addArgument(RankedTensorType::get({}, g.b.getI64Type()), loc);
    Value before = block->addArgument(RankedTensorType::get({}, g.b.getI1Type()), loc);
    for (Value v : initial)
      block->addArgument(v.getType(), loc);
    if (!importBody(plan, block, out))
      return false; // the module is thrown away
    for (const Operand &o : out)
      yielded.push_back(scalar(o));
    if (g.hasError() || llvm::is_contained(yielded, Value()))
      return g.fail("a result of the loop's body has no value"), false;
    for (size_t i = 0; i < initial.size(); ++i)
      if (!(yielded[i] = asCarried(g, yielded[i], initial[i].getType(), i)))
        return false;
    Value again = plan.condition ? holds(plan, out) : before;
    if (!again || g.hasError())
      return false;
    for (const auto &s : tensors.writtenSince(mark))
      if (s->kind != torch::Storage::Kind::Temporary)
        return g.fail("the body of a loop writes to a tensor from outside"), false;
    yielded.insert(yielded.begin(), again);
    g.loc = loc;
    graph::YieldOp::create(g.b, loc, yielded);
  }
  tensors.rollback(mark);
  // The op with its results: carried values as they were, rows one above the other.
  OperationState full(loc, graph::LoopOp::getOperationName());
  full.addOperands({trip, cond});
  full.addOperands(initial);
  full.addAttribute("num_carried", g.b.getI64IntegerAttr(int64_t(initial.size())));
  for (Value v : initial)
    full.addTypes(v.getType());
  SmallVector<int64_t> rowDims;
  for (size_t j = 0; 1 + initial.size() + j < yielded.size(); ++j) {
    Value v = yielded[1 + initial.size() + j];
    Exprs row = g.dims(v), dims{rows};
    for (size_t d = 0; d < row.size(); ++d)
      if (usesSince(g, row[d], first)) { // only the body knows
        row[d] = g.symbols.runtime(0);
        rowDims.append({int64_t(j), int64_t(d), int64_t(cast<AffineSymbolExpr>(row[d]).getPosition())});
      }
    llvm::append_range(dims, row);
    full.addTypes(graph::tensorOf(g.elem(v), dims));
  }
  if (!rowDims.empty())
    full.addAttribute("row_dims", g.b.getDenseI64ArrayAttr(rowDims));
  full.addRegion()->takeBody(op->getRegion(0));
  op->erase();
  for (auto [i, v] : llvm::enumerate(g.b.create(full)->getResults())) {
    torch::Tensor t = tensors.make(v);
    if (out[i].isTensor())
      t->isComplex = out[i].tensor->isComplex;
    results.push_back(t);
  }
  return true;
}

/// associative_scan(combine, rows, same): row by row, which an associative function allows.
bool ExportImporter::callAssociativeScan(LoopPlan plan, std::vector<Operand> &results) {
  std::vector<Value> first;
  for (Operand &x : plan.scanned) {
    Value v = x.isTensor() ? tensors.read(x.tensor) : Value();
    if (!v || g.rank(v) - x.tensor->isComplex < 1)
      return g.fail("goes through what is no tensor with rows"), false;
    AffineExpr rest = g.simplify(g.dim(v, 0) - 1);
    if (g.symbols.range(rest).first < 0)
      g.checkEqual(g.symbols.max(rest, g.expr(0)), rest, "a scan needs one row at least");
    first.push_back(g.slice(v, 0, g.expr(0), g.expr(1)));
    plan.carried.push_back(wrapped(tensors, g, x, g.squeeze(first.back(), {0})));
    x = wrapped(tensors, g, x, g.slice(v, 0, g.expr(1), rest));
  }
  plan.stacksCarried = true;
  std::vector<Operand> made;
  if (g.hasError() || !emitLoop(plan, made))
    return false;
  if (made.size() != 2 * first.size())
    return g.fail("the function gives another number of values than it takes"), false;
  for (size_t i = 0; i < first.size(); ++i)
    results.push_back(
        wrapped(tensors, g, plan.scanned[i], g.concat({first[i], tensors.read(made[first.size() + i].tensor)}, 0)));
  return !g.hasError();
}

/// while_loop(condition, body, carried, same), scan(body, carried, scanned, same), map_impl(body, scanned, same).
bool ExportImporter::callLoop(const Node &node, std::vector<Operand> &results) {
  bool isWhile = node.target == "higher_order.while_loop", isScan = node.target == "higher_order.scan";
  size_t numGraphs = isWhile ? 2 : 1, numLists = isScan ? 3 : 2;
  bool fits = node.graphs.size() == numGraphs && node.args.size() == numGraphs + numLists;
  auto list = [&](size_t i) { return node.args[numGraphs + i].second; };
  for (size_t i = 0; fits && i < numLists; ++i)
    fits = list(i).isNone() || list(i).kind() == Arg::Kind::List;
  if (!fits)
    return g.fail("takes " + Twine(numGraphs) + " graphs and " + Twine(numLists) + " lists of operands"), false;
  LoopPlan plan;
  plan.body = node.graphs.back();
  plan.condition = isWhile ? node.graphs[0] : nullptr;
  size_t next = 0;
  if (isWhile || isScan)
    plan.carried = list(next++).list;
  if (!isWhile)
    plan.scanned = list(next++).list;
  plan.same = list(next).list;
  if (!isWhile && plan.scanned.empty())
    return g.fail("goes through nothing: how often it runs is not known"), false;
  return node.target == "higher_order.associative_scan" ? callAssociativeScan(std::move(plan), results)
                                                        : emitLoop(plan, results);
}

} // namespace wick::compiler
