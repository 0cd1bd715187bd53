// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops: written out while their condition or count is known, else wick.loop. What
// the body changes is found by trial runs that are taken back: variables it assigns,
// contents it writes, storages it writes; these become the loop's carried values.
//
#include "compiler/frontend/torchscript/Control.h"

using namespace mlir;
namespace wick::compiler::torchscript {

/// The loop that is being made.
struct Evaluator::Loop {
  const Stmt *stmt = nullptr;
  std::string condition;          ///< variable of a `while`; empty for a `for`
  std::vector<std::string> names; ///< carried variables
  std::vector<Cell> cells;
  std::vector<std::shared_ptr<torch::Storage>> storages;
  std::vector<Value> initial;    ///< of names, then cells
  std::vector<mlir::Value> flat; ///< their tensors and numbers, then the storages
  // Of the last run of the body:
  std::vector<mlir::Value> results; ///< condition, then as `flat`
  std::vector<Value> finals;        ///< of names and cells
  std::vector<Cell> newCells;
  std::vector<std::shared_ptr<torch::Storage>> newStorages;
  bool raised = false;
};

/// The tensors and numbers of a value, in order; false when it cannot be carried.
bool Evaluator::flatten(const Value &v, std::vector<mlir::Value> &out, unsigned depth) {
  using K = Value::Kind;
  if (depth > 16 || !spend(1))
    return false;
  switch (v.kind) {
  case K::Tensor:
    out.push_back(space.read(v.tensor));
    return out.back() != nullptr;
  case K::Bool:
  case K::Int:
  case K::Float:
    out.push_back(scalarOf(v));
    return out.back() != nullptr;
  case K::List:
  case K::Tuple:
    return llvm::all_of(v.list->items, [&](const Value &x) { return flatten(x, out, depth + 1); });
  case K::Dict:
    return llvm::all_of(v.dict->entries, [&](auto &e) { return flatten(e.second, out, depth + 1); });
  default:
    return true; // stays what it is
  }
}

Value Evaluator::rebuild(const Value &like, ArrayRef<mlir::Value> &in) {
  using K = Value::Kind;
  auto next = [&] {
    mlir::Value v = in.front();
    in = in.drop_front();
    return v;
  };
  switch (like.kind) {
  case K::Tensor: {
    Value t = makeTensor(next());
    t.tensor->quant = like.tensor->quant, t.tensor->isComplex = like.tensor->isComplex;
    return t;
  }
  case K::Bool:
  case K::Int:
  case K::Float:
    return scalarValue(like.kind, next());
  case K::List:
  case K::Tuple: {
    Value out = listValue({}, like.list->elem, like.kind);
    out.text = like.text;
    for (const Value &x : like.list->items)
      out.list->items.push_back(rebuild(x, in));
    return out;
  }
  case K::Dict: {
    Value out = like;
    out.dict = std::make_shared<DictData>(*like.dict);
    for (auto &e : out.dict->entries)
      e.second = rebuild(e.second, in);
    return out;
  }
  default:
    return like;
  }
}

/// Evaluates the body with the carried values as block arguments; true when it went
/// through. Everything is as before afterwards.
bool Evaluator::runLoopBody(Loop &loop, Frame &f, Block *block) {
  OpBuilder::InsertionGuard guard(g.b);
  g.b.setInsertionPointToEnd(block);
  Location loc = g.loc;
  mlir::Value iteration = block->addArgument(RankedTensorType::get({}, g.b.getI64Type()), loc);
  mlir::Value cond = block->addArgument(RankedTensorType::get({}, g.b.getI1Type()), loc);
  std::vector<mlir::Value> args;
  for (mlir::Value v : loop.flat)
    args.push_back(block->addArgument(v.getType(), loc));
  if (!spend(f.env.size()))
    return false;
  Mark m = mark();
  Environment saved = f.env;
  ++speculating;
  unsigned outer = std::exchange(trial, ++trials);
  ArrayRef<mlir::Value> in = args;
  size_t at = 0;
  for (const std::string &name : loop.names)
    f.env[name] = rebuild(loop.initial[at++], in);
  for (const Cell &c : loop.cells)
    setCell(c, rebuild(loop.initial[at++], in));
  for (auto &s : loop.storages)
    space.setValue(s, in.front()), in = in.drop_front();
  if (loop.condition.empty())
    f.env[loop.stmt->name] = scalarValue(Value::Kind::Int, iteration);
  run(loop.stmt->body, f);
  g.loc = loc;
  loop.raised = raised;
  raised = false;
  bool ok = !stopped && !loop.raised;
  loop.results = {cond}, loop.finals.clear(), loop.newCells.clear(), loop.newStorages.clear();
  if (ok && !loop.condition.empty()) {
    Value next = f.env[loop.condition];
    ok = decide(next);
    loop.results[0] = ok ? scalarOf(next) : mlir::Value();
  }
  if (ok) {
    for (const std::string &name : loop.names)
      loop.finals.push_back(f.env[name]);
    for (const Cell &c : loop.cells)
      loop.finals.push_back(c.get());
    for (const Value &v : loop.finals)
      ok &= flatten(v, loop.results);
    for (auto &s : loop.storages)
      loop.results.push_back(readStorage(s));
    for (const Cell &c : cellsSince(m))
      if (!llvm::is_contained(loop.cells, c))
        loop.newCells.push_back(c);
    for (auto &s : space.writtenSince(m.writes))
      if (!llvm::is_contained(loop.storages, s))
        loop.newStorages.push_back(s);
  }
  rollback(m, false);
  llvm::erase_if(loop.newStorages, [&](auto &s) { return isInside(s->value, block); });
  --speculating;
  trial = outer;
  f.env = std::move(saved);
  return ok;
}

/// `v` as a value of type `t`, dims that are not known to differ asserted to be equal.
static mlir::Value asCarried(GraphBuilder &g, mlir::Value v, mlir::Type t) {
  auto x = cast<RankedTensorType>(v.getType()), y = cast<RankedTensorType>(t);
  if (x == y)
    return v;
  if (x.getElementType() != y.getElementType() || x.getRank() != y.getRank())
    return {};
  for (auto [p, q] : llvm::zip(graph::dimsOf(x), graph::dimsOf(y))) {
    if (graph::constantOf(g.simplify(p - q)).value_or(0) != 0)
      return {};
    g.checkEqual(p, q, "a carried value of this loop must keep its shape");
  }
  return g.reshape(v, graph::dimsOf(y));
}

void Evaluator::emitLoop(const Stmt *s, Frame &f, mlir::Value trip, mlir::Value cond) {
  Loop loop;
  loop.stmt = s;
  if (s->kind == Stmt::Kind::While)
    loop.condition = s->value->text;
  std::set<std::string> assigned;
  assignedNames(s->body, assigned);
  assigned.erase(loop.condition);
  if (s->kind == Stmt::Kind::For)
    assigned.erase(s->name);
  for (const std::string &name : assigned)
    if (auto it = f.env.find(name); it != f.env.end()) {
      loop.names.push_back(name);
      loop.initial.push_back(it->second);
    }
  Location loc = g.loc;
  constexpr int maxTrials = 8;
  for (int trial = 0;; ++trial) {
    loop.flat.clear();
    for (const Value &v : loop.initial)
      if (!flatten(v, loop.flat))
        return void(halted() ? Value() : fail("a value of a loop has no graph value"));
    for (auto &st : loop.storages)
      loop.flat.push_back(readStorage(st));
    if (trial == maxTrials)
      return void(fail("the values of this loop change their kinds from trip to trip"));
    auto start = g.snapshot();
    Block *block = new Block;
    OperationState state(loc, graph::LoopOp::getOperationName());
    state.addRegion()->push_back(block);
    Operation *op = g.b.create(state);
    bool ok = runLoopBody(loop, f, block);
    g.loc = loc, f.line = s->line, f.offset = s->offset;
    if (loop.raised && !stopped)
      return void(fail("this loop raises: " + raiseMessage));
    if (stopped)
      return;
    if (!ok)
      return void(fail("a value of this loop is not known in its body"));
    bool again = !loop.newCells.empty() || !loop.newStorages.empty();
    // Values that are first set in the body start as zeros; numbers that stay known as
    // what they are need no change.
    for (size_t i = 0; i < loop.initial.size() && !again; ++i) {
      const Value &a = loop.initial[i], &b = loop.finals[i];
      if (a.kind == b.kind)
        continue;
      if (!a.is(Value::Kind::Unset) || !a.text.empty())
        return void(fail("a value of this loop is " + torch::toString(*typeOf(a)) + " before it and " +
                         torch::toString(*typeOf(b)) + " after a trip"));
      again = true;
    }
    if (again) {
      std::vector<std::pair<size_t, std::vector<std::pair<mlir::Type, Exprs>>>> fresh;
      for (size_t i = 0; i < loop.initial.size(); ++i) {
        if (loop.initial[i].kind == loop.finals[i].kind)
          continue;
        std::vector<mlir::Value> parts;
        if (!flatten(loop.finals[i], parts))
          return void(halted() ? Value() : fail("a value of a loop has no graph value"));
        fresh.push_back({i, {}});
        for (mlir::Value v : parts)
          fresh.back().second.push_back({g.elem(v), g.dims(v)});
      }
      g.undo(start);
      for (auto &[i, parts] : fresh) {
        std::vector<mlir::Value> zeros;
        for (auto &[elem, dims] : parts)
          zeros.push_back(g.splat(elem, dims, 0));
        if (g.hasError())
          return void(fail(g.takeError()));
        ArrayRef<mlir::Value> in = zeros;
        loop.initial[i] = rebuild(loop.finals[i], in);
      }
      for (const Cell &c : loop.newCells)
        loop.cells.push_back(c), loop.initial.push_back(c.get());
      loop.storages.insert(loop.storages.end(), loop.newStorages.begin(), loop.newStorages.end());
      continue;
    }
    if (loop.results.size() != loop.flat.size() + 1) {
      return void(
          fail("a list or dict of this loop changes its length from trip to trip, and how often it runs is not known"));
    }
    {
      OpBuilder::InsertionGuard guard(g.b);
      g.b.setInsertionPointToEnd(block);
      for (size_t i = 0; i < loop.flat.size(); ++i) {
        mlir::Value v = asCarried(g, loop.results[1 + i], loop.flat[i].getType());
        if (!v)
          return void(fail("a value of this loop changes its size or type from trip to trip"));
        loop.results[1 + i] = v;
      }
      loop.results[0] = g.reshape(loop.results[0], ArrayRef<int64_t>());
      graph::YieldOp::create(g.b, loc, loop.results);
    }
    OperationState full(loc, graph::LoopOp::getOperationName());
    full.addOperands({trip, cond});
    full.addOperands(loop.flat);
    full.addAttribute("num_carried", g.b.getI64IntegerAttr(int64_t(loop.flat.size())));
    for (mlir::Value v : loop.flat)
      full.addTypes(v.getType());
    full.addRegion()->takeBody(op->getRegion(0));
    op->erase();
    Operation *done = g.b.create(full);
    std::vector<mlir::Value> values(done->getResults().begin(), done->getResults().end());
    ArrayRef<mlir::Value> in = values;
    size_t at = 0;
    for (const std::string &name : loop.names)
      f.env[name] = rebuild(loop.finals[at++], in);
    for (const Cell &c : loop.cells)
      setCell(c, rebuild(loop.finals[at++], in));
    for (auto &st : loop.storages)
      space.setValue(st, in.front()), in = in.drop_front();
    if (!loop.condition.empty())
      f.env[loop.condition] = valueOf(false);
    return;
  }
}

void Evaluator::runFor(const Stmt *s, Frame &f) {
  Value count = eval(s->value, f);
  if (halted())
    return;
  if (!count.is(Value::Kind::Int))
    return void(fail("a range of " + format(count)));
  auto known = knownInt(count);
  if (!known || uint64_t(std::max<int64_t>(*known, 0)) > options.maxUnroll)
    return emitLoop(s, f, scalarOf(count), g.scalar(g.b.getI1Type(), 1));
  for (int64_t i = 0; i < *known && !halted() && !f.returned; ++i) {
    f.env[s->name] = valueOf(g.expr(i));
    run(s->body, f);
  }
}

void Evaluator::runWhile(const Stmt *s, Frame &f) {
  for (uint64_t trips = 0; !halted() && !f.returned; ++trips) {
    f.line = s->line, f.offset = s->offset;
    Value cond = eval(s->value, f);
    if (!decide(cond))
      return;
    if (!cond.isKnown()) {
      if (!s->value->is(Expr::Kind::Name))
        return void(fail("the condition of this loop is no variable"));
      return emitLoop(s, f, g.i64(-1), cond.scalar);
    }
    if (!cond.boolean)
      return;
    if (trips >= options.maxUnroll)
      return void(fail("a loop of more than " + Twine(options.maxUnroll) + " trips (--max-unroll)"));
    run(s->body, f);
  }
}

} // namespace wick::compiler::torchscript
