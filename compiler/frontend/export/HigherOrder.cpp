// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is no op on tensors: Python operators on sizes, assertions, reads of sizes
// and numbers, and ops that hold graphs.
//
#include "compiler/frontend/export/ExportImporter.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler {
using torch::Arg;
using torch::Operand;

//===-- Numbers ------------------------------------------------------------===//

/// A number as a rank-0 tensor: i1, i64 or f64.
Value ExportImporter::scalar(const Operand &o) {
  if (o.isTensor())
    return tensors.read(o.tensor);
  if (o.value.tensor)
    return o.value.tensor;
  switch (o.kind()) {
  case Arg::Kind::Bool:
    return g.scalar(g.b.getI1Type(), o.value.boolean);
  case Arg::Kind::Int:
    return o.value.integer ? g.dimScalar(o.value.integer) : Value();
  case Arg::Kind::Double:
    return g.scalar(g.b.getF64Type(), o.value.number);
  default:
    return g.fail("not a number");
  }
}

static Operand runtimeBool(Value v) {
  Operand out = Operand::boolean(false);
  out.value.tensor = v;
  return out;
}

/// Decided by ranges where it can be, else at run time.
Operand ExportImporter::compare(StringRef op, const Operand &a, const Operand &b) {
  bool onSizes = a.value.integer && b.value.integer && a.kind() == Arg::Kind::Int && b.kind() == Arg::Kind::Int;
  if (onSizes) {
    auto range = g.symbols.range(g.simplify(a.value.integer - b.value.integer));
    auto [lo, hi] = range;
    if (op == "eq" || op == "ne") {
      if ((lo == 0 && hi == 0) || lo > 0 || hi < 0)
        return Operand::boolean((lo == 0 && hi == 0) == (op == "eq"));
    } else {
      lo = std::max(lo, -INT64_MAX), hi = std::max(hi, -INT64_MAX); // have negatives
      bool isUpper = op == "gt" || op == "ge", isStrict = op == "lt" || op == "gt";
      int64_t low = isUpper ? lo : -hi, high = isUpper ? hi : -lo; // of the difference, as if `gt`
      if (isStrict ? low > 0 : low >= 0)
        return Operand::boolean(true);
      if (isStrict ? high <= 0 : high < 0)
        return Operand::boolean(false);
    }
  }
  Value x = scalar(a), y = scalar(b);
  if (!x || !y)
    return runtimeBool({});
  mlir::Type wide = g.elem(x) == g.elem(y) ? g.elem(x) : g.b.getF64Type();
  x = g.castTo(x, wide), y = g.castTo(y, wide);
  Value v;
  if (op == "eq" || op == "ne")
    v = g.create<graph::EqualOp>({x, y});
  else if (op == "lt" || op == "ge")
    v = g.create<graph::LessOp>({x, y});
  else
    v = g.create<graph::LessOp>({y, x});
  bool negate = op == "ne" || op == "ge" || op == "le";
  return runtimeBool(v && negate ? g.create<graph::NotOp>({v}) : v);
}

void ExportImporter::assertTrue(const Node &node, const Operand &cond, const std::string &message) {
  if (cond.kind() == Arg::Kind::Bool && !cond.value.tensor) {
    if (!cond.value.boolean)
      g.fail("the program's own check fails for all inputs: " + message);
    return;
  }
  Value v = scalar(cond);
  if (v)
    v = g.reshape(g.castTo(v, g.b.getI1Type()), ArrayRef<int64_t>());
  if (v)
    graph::AssertOp::create(g.b, g.loc, v, message);
}

//===-- Python -------------------------------------------------------------===//

static double numberOf(const Operand &o) {
  if (o.kind() == Arg::Kind::Double)
    return o.value.number;
  auto c = o.value.integer ? graph::constantOf(o.value.integer) : std::nullopt;
  return c ? double(*c) : double(o.value.boolean);
}

/// `_operator.add`, `torch.sym_max` and the like, on sizes and numbers.
bool ExportImporter::callPython(const Node &node, std::vector<Operand> &results) {
  StringRef op = StringRef(node.target).rsplit('.').second;
  op.consume_front("sym_");
  op = op.rtrim('_');
  if (node.args.empty())
    return false;
  const Operand &a = node.args[0].second;
  Operand b = node.args.size() > 1 ? node.args[1].second : Operand();
  if (op == "eq" || op == "ne" || op == "lt" || op == "le" || op == "gt" || op == "ge")
    return results.push_back(compare(op, a, b)), true;
  static constexpr StringRef ofTwo[] = {"add", "sub", "mul", "truediv", "floordiv", "mod",
                                        "pow", "max", "min", "and",     "or"};
  if (llvm::is_contained(ofTwo, op) && b.isNone())
    return g.fail("takes two operands"), false;
  bool onBools = a.kind() == Arg::Kind::Bool;
  if (op == "not" || ((op == "and" || op == "or") && onBools)) {
    bool isKnown = !a.value.tensor && !b.value.tensor;
    bool x = a.value.boolean, y = b.value.boolean;
    if (isKnown)
      return results.push_back(Operand::boolean(op == "not" ? !x : op == "and" ? x && y : x || y)), true;
    Value p = scalar(a), q = op == "not" ? Value() : scalar(b);
    Value v = op == "not"   ? g.create<graph::NotOp>({p})
              : op == "and" ? g.create<graph::AndOp>({p, q})
                            : g.create<graph::OrOp>({p, q});
    return results.push_back(runtimeBool(v)), true;
  }
  auto isInt = [](const Operand &o) { return o.kind() == Arg::Kind::Int && o.value.integer; };
  if (isInt(a) && (b.isNone() || isInt(b)) && op != "truediv" && op != "float" && op != "sqrt") {
    AffineExpr x = a.value.integer, y = b.value.integer, e;
    if (op == "add")
      e = x + y;
    else if (op == "sub")
      e = x - y;
    else if (op == "mul")
      e = x * y;
    else if (op == "neg")
      e = -x;
    else if (op == "floordiv")
      e = g.floorDiv(x, y);
    else if (op == "mod")
      e = x - g.floorDiv(x, y) * y;
    else if (op == "max")
      e = g.symbols.max(g.simplify(x), g.simplify(y));
    else if (op == "min")
      e = g.symbols.min(g.simplify(x), g.simplify(y));
    else if (op == "int" || op == "pos" || op == "index")
      e = x;
    else if (op == "abs")
      e = g.symbols.max(x, g.simplify(-x));
    else if (auto n = op == "pow" ? graph::constantOf(y) : std::nullopt; n && *n >= 0 && *n <= 8) {
      e = g.expr(1);
      for (int64_t i = 0; i < *n; ++i)
        e = e * x;
    }
    if (!e)
      return false;
    return results.push_back(Operand::integer(g.simplify(e))), true;
  }
  // Floats: known ones at once, others as f64 scalars.
  auto isKnown = [&](const Operand &o) {
    return !o.value.tensor && (o.kind() == Arg::Kind::Double || o.kind() == Arg::Kind::Bool ||
                               (isInt(o) && graph::constantOf(o.value.integer)));
  };
  if (isKnown(a) && (b.isNone() || isKnown(b))) {
    double x = numberOf(a), y = numberOf(b);
    if (op == "int" || op == "trunc" || op == "floor" || op == "ceil") {
      double r = op == "floor" ? std::floor(x) : op == "ceil" ? std::ceil(x) : std::trunc(x);
      if (!(r > -9e18 && r < 9e18))
        return g.fail("a number does not fit in an integer"), false;
      return results.push_back(Operand::integer(g.expr(int64_t(r)))), true;
    }
    double r = op == "add"       ? x + y
               : op == "sub"     ? x - y
               : op == "mul"     ? x * y
               : op == "truediv" ? x / y
               : op == "pow"     ? std::pow(x, y)
               : op == "neg"     ? -x
               : op == "sqrt"    ? std::sqrt(x)
               : op == "max"     ? std::max(x, y)
               : op == "min"     ? std::min(x, y)
                                 : x;
    bool isOp = op == "add" || op == "sub" || op == "mul" || op == "truediv" || op == "pow" || op == "neg" ||
                op == "sqrt" || op == "max" || op == "min" || op == "float";
    if (isOp)
      results.push_back(Operand::number(r));
    return isOp;
  }
  mlir::Type f64 = g.b.getF64Type();
  Value x = g.castTo(scalar(a), f64), y = b.isNone() ? Value() : g.castTo(scalar(b), f64);
  if (op == "int" || op == "trunc") {
    AffineExpr e = x ? g.sizeOf(g.castTo(x, g.b.getI64Type()), 0, INT64_MIN / 4, INT64_MAX / 4) : AffineExpr();
    return results.push_back(Operand::integer(e)), true;
  }
  Value v = op == "add"          ? g.add(x, y)
            : op == "sub"        ? g.sub(x, y)
            : op == "mul"        ? g.mul(x, y)
            : op == "truediv"    ? g.div(x, y)
            : op == "max"        ? g.max(x, y)
            : op == "min"        ? g.min(x, y)
            : op == "neg"        ? g.sub(0, x)
            : op == "sqrt"       ? g.create<graph::SqrtOp>({x})
            : op == "float" && x ? x
                                 : Value();
  if (!v)
    return false;
  Operand out = Operand::number(0);
  out.value.tensor = v;
  return results.push_back(out), true;
}

//===-- Graphs within ------------------------------------------------------===//

/// cond(pred, true graph, false graph, operands): results of one graph.
bool ExportImporter::callCond(const Node &node, std::vector<Operand> &results) {
  if (node.args.size() != 4 || node.graphs.size() != 2)
    return g.fail("cond takes a condition, two graphs and operands"), false;
  const std::vector<Operand> &operands = node.args[3].second.list;
  Value cond = scalar(node.args[0].second);
  if (cond)
    cond = g.reshape(g.castTo(cond, g.b.getI1Type()), ArrayRef<int64_t>());
  if (!cond)
    return false;
  auto known = g.elementsOf(cond);
  if (auto c = known && known->size() == 1 && (*known)[0] ? graph::constantOf((*known)[0]) : std::nullopt) {
    auto taken = importGraph(*node.graphs[*c ? 0 : 1], operands);
    if (taken)
      results = std::move(*taken);
    return taken.has_value();
  }
  Location loc = g.loc;
  size_t first = g.symbols.all().size();
  OperationState state(loc, graph::IfOp::getOperationName());
  state.addOperands(cond);
  Block *blocks[2];
  for (Block *&block : blocks)
    state.addRegion()->push_back(block = new Block);
  auto op = cast<graph::IfOp>(g.b.create(state));
  std::vector<Operand> joined[2];
  for (int k = 0; k < 2; ++k) {
    OpBuilder::InsertionGuard guard(g.b);
    g.b.setInsertionPointToEnd(blocks[k]);
    size_t mark = tensors.mark();
    auto out = importGraph(*node.graphs[k], operands);
    bool writes = false;
    for (const auto &s : tensors.writtenSince(mark))
      writes |= s->kind != torch::Storage::Kind::Temporary;
    if (writes)
      g.fail("a branch writes to a tensor from outside");
    SmallVector<Value> values;
    for (const Operand &o : out ? *out : std::vector<Operand>{}) {
      values.push_back(scalar(o));
      if (!values.back())
        g.fail("a branch's result has no value");
    }
    tensors.rollback(mark);
    if (!out || g.hasError())
      return false; // the module is thrown away
    joined[k] = std::move(*out);
    graph::YieldOp::create(g.b, loc, values);
  }
  Operation *done = joined[0].size() == joined[1].size() ? unifyBranches(g, op, first) : nullptr;
  if (!done)
    return g.fail("the branches give results of different number, rank or element type"), false;
  for (auto [i, v] : llvm::enumerate(done->getResults())) {
    torch::Tensor t = tensors.make(v);
    if (joined[0][i].isTensor())
      t->isComplex = joined[0][i].tensor->isComplex;
    results.push_back(t);
  }
  return true;
}

/// False when the node is an op of the tables (or failed: the builder tells).
bool ExportImporter::callSpecial(const Node &node, std::vector<Operand> &results) {
  StringRef target = node.target;
  auto at = [&](size_t i) { return i < node.args.size() ? node.args[i].second : Operand(); };
  if (target.starts_with("_operator.") || target.starts_with("torch.sym_") || target.starts_with("math."))
    return callPython(node, results);
  if (target == "higher_order.cond")
    return callCond(node, results);
  if (target == "higher_order.while_loop" || target == "higher_order.map_impl" || target == "higher_order.scan" ||
      target == "higher_order.associative_scan")
    return callLoop(node, results);
  if (target.starts_with("higher_order.wrap") && node.graphs.size() == 1) { // set_grad_enabled, autocast: no effect
    size_t graph = 0;
    std::vector<Operand> operands;
    for (const auto &[name, operand] : node.args)
      if (operand.isNone() && !graph)
        graph = 1;
      else if (graph)
        operands.push_back(operand);
    auto out = importGraph(*node.graphs[0], std::move(operands));
    if (out)
      results = std::move(*out);
    return out.has_value();
  }
  if (!target.consume_front("aten."))
    return false;
  target = target.split('.').first;
  if (target == "_assert_scalar")
    return assertTrue(node, at(0), at(1).value.string), true;
  if (target == "_assert_async")
    return assertTrue(node, at(0), at(1).isNone() ? "an assertion of the program" : at(1).value.string), true;
  if (target == "_assert_tensor_metadata" || target.starts_with("sym_constrain_range"))
    return true;
  if (target == "sym_size" && node.args.size() == 2) {
    Value v = tensors.read(at(0).tensor);
    int64_t rank = v ? g.rank(v) - at(0).tensor->isComplex : 0;
    AffineExpr asked = dispatcher.integerOf(at(1));
    auto dim = asked ? graph::constantOf(asked) : std::nullopt;
    if (!v || !dim || *dim < -rank || *dim >= rank)
      return g.fail("the dim of a size is out of range"), false;
    return results.push_back(Operand::integer(g.dim(v, *dim < 0 ? *dim + rank : *dim))), true;
  }
  if (target == "sym_numel") {
    Value v = tensors.read(at(0).tensor);
    return v ? (results.push_back(Operand::integer(g.count(v))), true) : false;
  }
  if (target == "item" || target == "_local_scalar_dense") {
    Value v = at(0).isTensor() ? tensors.read(at(0).tensor) : Value();
    if (!v)
      return false;
    if (!(v = g.reshape(v, ArrayRef<int64_t>())))
      return false;
    mlir::Type elem = g.elem(v);
    bool isBool = elem.isInteger(1), isFloat = isa<FloatType>(elem);
    Operand out = isBool ? Operand::boolean(false) : isFloat ? Operand::number(0) : Operand::integer({});
    out.value.tensor = isFloat ? g.castTo(v, g.b.getF64Type()) : isBool ? v : g.castTo(v, g.b.getI64Type());
    auto exprs = isFloat ? std::nullopt : g.elementsOf(v);
    if (exprs && exprs->size() == 1 && (*exprs)[0]) { // known, or an expression of sizes
      auto c = graph::constantOf((*exprs)[0]);
      if (!isBool)
        out = Operand::integer((*exprs)[0]);
      else if (c)
        out = Operand::boolean(*c);
    } else if (auto c = isFloat ? g.doubleOf(v) : std::nullopt) {
      out = Operand::number(*c);
    }
    return results.push_back(out), true;
  }
  return false;
}

} // namespace wick::compiler
