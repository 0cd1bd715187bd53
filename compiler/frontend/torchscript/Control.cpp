// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conditions that only the running program decides: both branches are evaluated in
// turn, each from the same state, and what they leave behind is joined: variables,
// contents of containers, attributes, and storages of tensors. A branch that raises
// becomes an assertion of the other.
//
#include "compiler/frontend/torchscript/Control.h"

#include "compiler/frontend/Structure.h"

using namespace mlir;
namespace wick::compiler::torchscript {

//===-- Writes that are taken back -----------------------------------------===//

void Evaluator::touch(const std::shared_ptr<ListData> &list) {
  if (!speculating || list->touched == trial)
    return; // the contents are kept already
  if (!spend(list->items.size()))
    return;
  list->touched = trial;
  changes.emplace_back().list = list;
  changes.back().items = list->items;
}
void Evaluator::touch(const std::shared_ptr<DictData> &dict) {
  if (!speculating || dict->touched == trial)
    return;
  if (!spend(dict->entries.size()))
    return;
  dict->touched = trial;
  changes.emplace_back().dict = dict;
  changes.back().entries = dict->entries;
}
void Evaluator::setAttribute(const std::shared_ptr<ObjectData> &object, const std::string &name, Value v) {
  Value *slot = object->find(name);
  if (speculating) {
    Change &c = changes.emplace_back();
    c.object = object, c.attribute = name, c.had = slot != nullptr;
    c.old = slot ? *slot : Value();
  }
  if (object->fromArchive)
    writtenAttributes.push_back({object, name});
  if (slot)
    *slot = std::move(v);
  else
    object->attributes.push_back({name, std::move(v)});
}

Evaluator::Mark Evaluator::mark() {
  return {changes.size(), writtenAttributes.size(), space.mark(), problems.size(), unsupportedOps.size()};
}

void Evaluator::rollback(const Mark &m, bool problemsToo) {
  for (; changes.size() > m.changes; changes.pop_back()) {
    Change &c = changes.back();
    if (c.list)
      c.list->items = std::move(c.items), c.list->touched = 0;
    if (c.dict)
      c.dict->entries = std::move(c.entries), c.dict->touched = 0;
    if (c.object && c.had)
      *c.object->find(c.attribute) = c.old;
    else if (c.object)
      llvm::erase_if(c.object->attributes, [&](auto &a) { return a.first == c.attribute; });
  }
  space.rollback(m.writes);
  if (problemsToo) {
    writtenAttributes.resize(m.written);
    problems.resize(m.problems);
    unsupportedOps.resize(m.unsupported);
  }
}

void Evaluator::assignedNames(const std::vector<const Stmt *> &body, std::set<std::string> &names) {
  for (const Stmt *s : body) {
    for (const Expr *t : s->targets)
      if (t->is(Expr::Kind::Name))
        names.insert(t->text);
    if (s->kind == Stmt::Kind::For || s->kind == Stmt::Kind::With || s->kind == Stmt::Kind::Def)
      names.insert(s->name);
    assignedNames(s->body, names);
    assignedNames(s->orElse, names);
  }
}

Value Evaluator::failUnset(const std::string &what, const Value &v) {
  if (auto known = mismatches.find(v.text); known != mismatches.end() && !halted())
    unsettled = known->second;
  return fail(what + " " + v.text);
}

void Evaluator::emitAssert(mlir::Value holds, const std::string &message) {
  if (holds && !options.dropAsserts)
    graph::AssertOp::create(g.b, g.loc, holds, g.b.getStringAttr(message.empty() ? "the program raises" : message));
}

//===-- Cells --------------------------------------------------------------===//

Value Cell::get() const {
  if (list)
    return listValue(list->items, list->elem);
  if (dict) {
    Value v;
    v.kind = Value::Kind::Dict;
    v.dict = std::make_shared<DictData>(*dict);
    return v;
  }
  Value *v = object->find(attribute);
  return v ? *v : textValue("is not set", Value::Kind::Unset);
}

bool Cell::operator==(const Cell &o) const {
  return list == o.list && dict == o.dict && object == o.object && attribute == o.attribute;
}

void Evaluator::setCell(const Cell &c, const Value &v) {
  if (c.object)
    return setAttribute(c.object, c.attribute, v);
  if (c.list) {
    touch(c.list);
    if (v.is(Value::Kind::List))
      c.list->items = v.list->items;
    else
      c.list->items = {v}; // a value that must not be read
  } else {
    touch(c.dict);
    if (v.is(Value::Kind::Dict))
      c.dict->entries = v.dict->entries;
    else
      c.dict->entries = {{textValue(""), v}};
  }
}

std::vector<Cell> Evaluator::cellsSince(const Mark &m) {
  std::vector<Cell> cells;
  for (size_t i = m.changes; i < changes.size(); ++i) {
    Cell c{changes[i].list, changes[i].dict, changes[i].object, changes[i].attribute};
    if (!llvm::is_contained(cells, c))
      cells.push_back(c);
  }
  return cells;
}

mlir::Value Evaluator::readStorage(const std::shared_ptr<torch::Storage> &s) {
  auto view = std::make_shared<torch::View>();
  view->storage = s;
  torch::TensorRef whole;
  whole.view = view;
  return space.read(whole);
}

void Evaluator::readAll(const Value &v, std::map<torch::TensorRef *, mlir::Value> &reads, unsigned depth) {
  if (depth && !spend(1))
    return;
  if (v.isTensor())
    reads[v.tensor.get()] = space.read(v.tensor);
  else if (v.list && depth < 16)
    for (const Value &x : v.list->items)
      readAll(x, reads, depth + 1);
  else if (v.dict && depth < 16)
    for (auto &[key, x] : v.dict->entries)
      readAll(x, reads, depth + 1);
}

//===-- One branch ---------------------------------------------------------===//

void Evaluator::runBranch(const std::vector<const Stmt *> &body, const std::set<std::string> &names, Frame &f,
                          Block *block, Branch &out) {
  OpBuilder::InsertionGuard guard(g.b);
  g.b.setInsertionPointToEnd(block);
  out.block = block;
  if (!spend(f.env.size()))
    return;
  Mark m = mark();
  Environment saved = f.env;
  ++speculating;
  unsigned outer = std::exchange(trial, ++trials);
  run(body, f);
  out.raised = raised, out.message = raiseMessage;
  raised = false;
  if (!out.raised && !stopped) {
    for (const std::string &name : names)
      if (auto it = f.env.find(name); it != f.env.end()) {
        out.env[name] = it->second;
        readAll(it->second, out.reads);
      }
    for (const Cell &c : cellsSince(m)) {
      out.cells.push_back({c, c.get()});
      readAll(out.cells.back().second, out.reads);
    }
    for (auto &s : space.writtenSince(m.writes))
      out.storages.push_back({s, readStorage(s)});
  }
  rollback(m, out.raised);
  llvm::erase_if(out.storages, [&](auto &s) { return isInside(s.first->value, block); });
  --speculating;
  trial = outer;
  f.env = std::move(saved);
}

//===-- Joining ------------------------------------------------------------===//

/// Walks pairs of values twice: first to collect what the branches yield, then to make
/// the joined values from the op's results. Decisions are the same both times.
struct Evaluator::Join {
  Evaluator &ev;
  Branch *branches;
  graph::IfOp op;
  unsigned outerSymbols;
  std::string place, key;
  Join(Evaluator &ev, Branch *branches, graph::IfOp op, unsigned outerSymbols, std::string place, std::string key)
      : ev(ev), branches(branches), op(op), outerSymbols(outerSymbols), place(std::move(place)), key(std::move(key)) {}
  bool assign = false;
  std::vector<std::array<mlir::Value, 2>> pairs;
  std::vector<mlir::Type> types;
  SmallVector<int64_t> boundDims; ///< (result, dim, symbol) of sizes that only a branch knows
  std::vector<char> decisions;    ///< of pair(), in order
  size_t nextDecision = 0, nextResult = 0;
  Operation *done = nullptr;

  mlir::Value tensorIn(int k, const Value &v) {
    auto it = branches[k].reads.find(v.tensor.get());
    if (it != branches[k].reads.end())
      return it->second;
    OpBuilder::InsertionGuard guard(ev.g.b);
    ev.g.b.setInsertionPoint(op);
    return ev.space.read(v.tensor);
  }
  mlir::Value scalarIn(int k, const Value &v) {
    OpBuilder::InsertionGuard guard(ev.g.b);
    ev.g.b.setInsertionPointToEnd(branches[k].block);
    return ev.scalarOf(v);
  }
  bool isOuter(AffineExpr e) {
    bool outer = true;
    e.walk([&](AffineExpr x) {
      if (auto s = dyn_cast<AffineSymbolExpr>(x))
        outer &= s.getPosition() < outerSymbols;
    });
    return outer;
  }
  /// Takes a pair of yielded values; false when they have no common type.
  bool accept(mlir::Value a, mlir::Value b) {
    if (assign)
      return decisions[nextDecision++];
    decisions.push_back(false);
    if (!a || !b)
      return false;
    GraphBuilder &g = ev.g;
    Exprs x = g.dims(a), y = g.dims(b);
    if (x.size() != y.size() || g.elem(a) != g.elem(b))
      return false;
    SmallVector<int64_t> bound;
    for (size_t d = 0; d < x.size(); ++d) {
      bool outer = isOuter(x[d]) && isOuter(y[d]);
      if (outer && graph::provablyEqual(x[d], y[d]))
        continue;
      auto rx = g.symbols.range(x[d]), ry = g.symbols.range(y[d]);
      int64_t low = std::min(rx.first, ry.first), high = std::max(rx.second, ry.second);
      if (!outer) { // the op tells it when it ends
        x[d] = g.symbols.runtime(low, high);
        bound.append({int64_t(pairs.size()), int64_t(d), int64_t(cast<AffineSymbolExpr>(x[d]).getPosition())});
        continue;
      }
      OpBuilder::InsertionGuard guard(g.b);
      g.b.setInsertionPoint(op);
      mlir::Value size = g.where(op.getCond(), g.dimScalar(x[d]), g.dimScalar(y[d]));
      if (!size)
        return false;
      x[d] = g.sizeOf(size, 0, low, high);
    }
    boundDims.append(bound);
    pairs.push_back({a, b});
    types.push_back(graph::tensorOf(g.elem(a), x));
    return decisions.back() = true;
  }
  mlir::Value result() { return done->getResult(nextResult++); }

  /// Where the branches leave tensors of as many elements under another shape each, and are
  /// else the same: those counts. When all are 0, the shapes of either branch do: an empty
  /// tensor takes the rank that what follows fits.
  std::optional<Exprs> countsApart(const std::set<std::string> &names) {
    Exprs counts;
    for (const Branch &b : ArrayRef(branches, 2))
      if (!b.cells.empty() || !b.storages.empty())
        return std::nullopt;
    for (const std::string &name : names) {
      auto a = branches[0].env.find(name), b = branches[1].env.find(name);
      if (a == branches[0].env.end() || b == branches[1].env.end())
        continue; // not read later, or that is an error
      const Value &x = a->second, &y = b->second;
      if (!x.isTensor() || !y.isTensor() || x.tensor->isComplex != y.tensor->isComplex || x.tensor->quant ||
          y.tensor->quant)
        return std::nullopt;
      mlir::Value u = tensorIn(0, x), v = tensorIn(1, y);
      if (!u || !v || ev.g.elem(u) != ev.g.elem(v))
        return std::nullopt;
      AffineExpr n = ev.g.count(u), m = ev.g.count(v);
      bool never = ev.g.symbols.range(n).first > 0;
      if (never || !isOuter(n) || !isOuter(m) || !graph::provablyEqual(n, m))
        return std::nullopt;
      counts.push_back(n);
    }
    return counts.empty() ? std::nullopt : std::optional<Exprs>(counts);
  }

  Value poison() {
    std::string why =
        "differs in kind or size between the branches of a condition that only the running program knows (" + place +
        ")";
    ev.mismatches[why] = key;
    return textValue(why, Value::Kind::Unset);
  }
  Value tensorOf(const Value &like, mlir::Value v) {
    Value t = ev.makeTensor(v);
    t.tensor->quant = like.tensor->quant;
    t.tensor->isComplex = like.tensor->isComplex;
    return t;
  }
  /// A result has a size that the branches do not share.
  bool isBound(size_t result) const {
    for (size_t i = 0; i < boundDims.size(); i += 3)
      if (boundDims[i] == int64_t(result))
        return true;
    return false;
  }
  /// A value that only one branch sets, and that is read only where it did.
  Value oneSided(int k, const Value &v, unsigned depth = 0) {
    if (depth > 16 || !ev.spend(1))
      return poison();
    if (v.isTensor() || v.scalar || v.is(Value::Kind::Int) || v.is(Value::Kind::Float) || v.is(Value::Kind::Bool)) {
      if (!v.isTensor() && !v.scalar)
        return v; // known in the one branch where it counts
      mlir::Value x = assign ? mlir::Value() : v.isTensor() ? tensorIn(k, v) : v.scalar, other;
      if (x) {
        Exprs dims = ev.g.dims(x);
        for (AffineExpr &e : dims)
          e = isOuter(e) ? e : ev.g.expr(0);
        OpBuilder::InsertionGuard guard(ev.g.b);
        ev.g.b.setInsertionPointToEnd(branches[1 - k].block);
        other = ev.g.splat(ev.g.elem(x), dims, 0);
      }
      if (!(k == 0 ? accept(x, other) : accept(other, x)))
        return poison();
      if (!assign)
        return {};
      return v.isTensor() ? tensorOf(v, result()) : scalarValue(v.kind, result());
    }
    if ((v.is(Value::Kind::Tuple) || v.is(Value::Kind::List)) && v.list) {
      Value out = listValue({}, v.list->elem, v.kind);
      out.text = v.text;
      for (const Value &x : v.list->items)
        out.list->items.push_back(oneSided(k, x, depth + 1));
      return out;
    }
    return v;
  }
  Value join(const Value &a, const Value &b, unsigned depth = 0) {
    using K = Value::Kind;
    if (a.is(K::Unset) || b.is(K::Unset)) {
      if (a.kind == b.kind)
        return a.text.empty() ? b : a;
      const Value &set = a.is(K::Unset) ? b : a, &unset = a.is(K::Unset) ? a : b;
      return unset.text.empty() ? oneSided(a.is(K::Unset) ? 1 : 0, set) : unset;
    }
    if (a.kind != b.kind || depth > 16 || !ev.spend(1))
      return poison();
    switch (a.kind) {
    case K::Bool:
    case K::Int:
    case K::Float: {
      if (a.scalar == b.scalar && a.integer == b.integer && a.boolean == b.boolean &&
          (a.scalar || a.number == b.number || (std::isnan(a.number) && std::isnan(b.number))))
        return a;
      bool ok = assign ? accept({}, {}) : accept(scalarIn(0, a), scalarIn(1, b));
      return !ok ? poison() : assign ? scalarValue(a.kind, result()) : Value();
    }
    case K::Tensor: {
      if (a.tensor == b.tensor)
        return a; // its storage is joined
      if (a.tensor->quant != b.tensor->quant || a.tensor->isComplex != b.tensor->isComplex)
        return poison();
      bool ok = assign ? accept({}, {}) : accept(tensorIn(0, a), tensorIn(1, b));
      return !ok ? poison() : assign ? tensorOf(a, result()) : Value();
    }
    case K::List:
    case K::Tuple: {
      if (a.list == b.list)
        return a; // its contents are joined
      if (a.list->items.size() != b.list->items.size() || a.text != b.text)
        return poison();
      Value out = listValue({}, a.list->elem, a.kind);
      out.text = a.text;
      for (size_t i = 0; i < a.list->items.size(); ++i)
        out.list->items.push_back(join(a.list->items[i], b.list->items[i], depth + 1));
      return out;
    }
    case K::Dict: {
      if (a.dict == b.dict)
        return a;
      if (a.dict->entries.size() != b.dict->entries.size())
        return poison();
      Value out;
      out.kind = K::Dict;
      out.dict = std::make_shared<DictData>();
      out.dict->type = a.dict->type;
      for (size_t i = 0; i < a.dict->entries.size(); ++i) {
        Value same = ev.equals(a.dict->entries[i].first, b.dict->entries[i].first);
        if (!same.isKnown() || !same.boolean)
          return poison();
        out.dict->entries.push_back(
            {a.dict->entries[i].first, join(a.dict->entries[i].second, b.dict->entries[i].second, depth + 1)});
      }
      return out;
    }
    case K::Object:
      return a.object == b.object ? a : poison();
    case K::Function:
      return a.function == b.function ? a : poison();
    case K::Opaque:
      return a.opaque == b.opaque ? a : poison();
    case K::Complex:
      return a.number == b.number && a.imaginary == b.imaginary ? a : poison();
    default: {
      Value same = ev.equals(a, b);
      return same.isKnown() && same.boolean ? a : poison();
    }
    }
  }
};

static Value outcome(const std::vector<std::pair<Cell, Value>> &cells, const Cell &c) {
  for (auto &[cell, value] : cells)
    if (cell == c)
      return value;
  return c.get();
}

/// Makes a condition a bool that is known where it can be; false after an error.
bool Evaluator::decide(Value &cond) {
  if (halted())
    return false;
  if (cond.is(Value::Kind::Int) || cond.isTensor())
    cond = cond.isTensor() ? item(cond, torch::Type::Kind::Bool) : toBool(cond);
  if (halted())
    return false;
  if (!cond.is(Value::Kind::Bool))
    return fail("a condition is " + format(cond)), false;
  if (!cond.isKnown())
    if (auto e = g.elementsOf(cond.scalar); e && (*e)[0])
      if (auto c = graph::constantOf((*e)[0]))
        cond = valueOf(*c != 0);
  return true;
}

void Evaluator::runIf(const Stmt *s, Frame &f) {
  Value cond = eval(s->value, f);
  if (halted())
    return;
  if (!decide(cond))
    return;
  if (cond.isKnown())
    return run(cond.boolean ? s->body : s->orElse, f);

  std::set<std::string> names;
  assignedNames(s->body, names);
  assignedNames(s->orElse, names);
  Location loc = g.loc;
  std::string where = place();
  std::string key = (f.function ? f.function->file->path : "") + ":" + std::to_string(s->offset);
  auto chosen = options.settled.find(key);
  bool settled = chosen != options.settled.end();
  // What follows fits one branch only; with `counts`, those being 0 will do as well.
  auto runSettled = [&](const std::optional<Exprs> &counts) {
    bool taken = chosen->second;
    std::string must = std::string("must be ") + (taken ? "true" : "false") +
                       ", because what follows the condition fits only that branch";
    mlir::Value holds = taken ? cond.scalar : g.create<graph::NotOp>({cond.scalar}), empty;
    for (AffineExpr n : counts.value_or(Exprs())) {
      mlir::Value none = g.create<graph::EqualOp>({g.dimScalar(n), g.i64(0)});
      empty = empty ? g.create<graph::AndOp>({empty, none}) : none;
    }
    problems.push_back(
        {false, where, "",
         "this condition " + must + (empty ? ", or leave empty tensors, which take the rank of that branch" : "")});
    emitAssert(empty ? g.create<graph::OrOp>({holds, empty}) : holds, "the condition at " + where + " " + must);
    run(taken ? s->body : s->orElse, f);
  };
  if (settled && speculating)
    return runSettled(std::nullopt);
  size_t knownProblems = problems.size(), knownOps = unsupportedOps.size();
  auto start = g.snapshot();
  unsigned outerSymbols = g.symbols.all().size();
  OperationState state(loc, graph::IfOp::getOperationName());
  state.addOperands(cond.scalar);
  Block *blocks[2];
  for (Block *&block : blocks)
    state.addRegion()->push_back(block = new Block);
  auto op = cast<graph::IfOp>(g.b.create(state));
  Branch branches[2];
  for (int k = 0; k < 2; ++k) {
    runBranch(k ? s->orElse : s->body, names, f, blocks[k], branches[k]);
    g.loc = loc;
    if (settled && (stopped || problems.size() != knownProblems || unsupportedOps.size() != knownOps)) {
      stopped = false; // it was but tried
      problems.resize(knownProblems), unsupportedOps.resize(knownOps), unsettled.clear();
      g.undo(start);
      return runSettled(std::nullopt);
    }
    if (stopped)
      return;
    if (!branches[k].raised)
      continue;
    // This branch must not be taken: assert that, and go on with the other.
    std::string message = branches[k].message;
    g.undo(start);
    emitAssert(k ? cond.scalar : g.create<graph::NotOp>({cond.scalar}), message);
    return run(k ? s->body : s->orElse, f);
  }

  Join join(*this, branches, op, outerSymbols, where, key);
  if (settled) {
    std::optional<Exprs> counts = join.countsApart(names);
    g.undo(start);
    return runSettled(counts);
  }
  std::vector<Cell> cells;
  std::vector<std::shared_ptr<torch::Storage>> storages;
  for (Branch &b : branches) {
    for (auto &[c, v] : b.cells)
      if (!llvm::is_contained(cells, c))
        cells.push_back(c);
    for (auto &[st, v] : b.storages)
      if (!llvm::is_contained(storages, st))
        storages.push_back(st);
  }
  auto valueIn = [&](int k, const std::shared_ptr<torch::Storage> &st) {
    for (auto &[written, v] : branches[k].storages)
      if (written == st)
        return v;
    OpBuilder::InsertionGuard guard(g.b);
    g.b.setInsertionPoint(op);
    return readStorage(st);
  };
  std::vector<std::pair<std::string, Value>> joinedNames;
  std::vector<std::pair<Cell, Value>> joinedCells;
  std::vector<bool> storageOk;
  auto walk = [&] {
    joinedNames.clear(), joinedCells.clear(), storageOk.clear();
    for (const std::string &name : names) {
      auto a = branches[0].env.find(name), b = branches[1].env.find(name);
      bool inBoth = a != branches[0].env.end() && b != branches[1].env.end();
      joinedNames.push_back(
          {name, inBoth ? join.join(a->second, b->second)
                        : textValue("is set in one branch only of a condition that only the running program knows (" +
                                        where + ")",
                                    Value::Kind::Unset)});
    }
    for (const Cell &c : cells)
      joinedCells.push_back({c, join.join(outcome(branches[0].cells, c), outcome(branches[1].cells, c))});
    for (auto &st : storages)
      storageOk.push_back(join.assign ? join.accept({}, {}) : join.accept(valueIn(0, st), valueIn(1, st)));
  };
  walk();
  if (halted())
    return;
  for (size_t i = 0; i < storages.size(); ++i)
    if (!storageOk[i])
      return void(fail("a tensor that is written has another size or type in each branch"));
  for (int k = 0; k < 2; ++k) {
    OpBuilder::InsertionGuard guard(g.b);
    g.b.setInsertionPointToEnd(blocks[k]);
    SmallVector<mlir::Value> values;
    for (size_t i = 0; i < join.pairs.size(); ++i) {
      mlir::Value v = join.pairs[i][k];
      if (v.getType() != join.types[i] && !join.isBound(i))
        v = graph::ReshapeOp::create(g.b, loc, join.types[i], v,
                                     cast<AffineMapAttr>(g.mapAttr("dims", graph::dimsOf(join.types[i])).getValue()));
      values.push_back(v);
    }
    graph::YieldOp::create(g.b, loc, values);
  }
  join.done = withResults(g, cast<graph::IfOp>(op), join.types, join.boundDims);
  join.assign = true;
  walk();
  for (auto &[name, v] : joinedNames)
    f.env[name] = v;
  for (auto &[c, v] : joinedCells)
    setCell(c, v);
  // Results of storages stand after all others, in order.
  for (auto &st : storages)
    space.setValue(st, join.result());
}

} // namespace wick::compiler::torchscript
