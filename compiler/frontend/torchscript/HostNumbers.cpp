// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Host ops on numbers and bools, comparisons of anything, and properties of tensors.
//
#include "compiler/frontend/torchscript/HostOps.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torchscript {

using Args = std::vector<Value>;
using K = Value::Kind;
using torch::ScalarType;
using torch::Type;

static StringRef shortName(const Schema &s) { return StringRef(s.name).split("::").second; }

static Value concatLists(Evaluator &ev, const Value &a, const Value &b) {
  if (!ev.mayGrow(a.list->items.size() + b.list->items.size()))
    return {};
  Value out = listValue(a.list->items, a.list->elem ? a.list->elem : b.list->elem);
  out.list->items.insert(out.list->items.end(), b.list->items.begin(), b.list->items.end());
  return ev.weigh(out.list) ? out : Value();
}

static Value binary(Evaluator &ev, const Schema &s, Args &a) {
  StringRef op = shortName(s);
  if (op == "add" && a[0].is(K::Str))
    return ev.text(a[0].text + a[1].text);
  if (op == "add" && a[0].is(K::List))
    return concatLists(ev, a[0], a[1]);
  if (op == "mul" && (a[0].is(K::List) || a[1].is(K::List))) {
    const Value &l = a[0].is(K::List) ? a[0] : a[1];
    auto n = ev.needInt(a[0].is(K::List) ? a[1] : a[0], "how often a list is repeated");
    Value out = listValue({}, l.list->elem);
    uint64_t times = std::max<int64_t>(n.value_or(0), 0), each = l.list->items.size(), count;
    if (__builtin_mul_overflow(times, each, &count))
      count = UINT64_MAX;
    if (!ev.mayGrow(count))
      return {};
    for (uint64_t i = 0; each && i < times; ++i)
      out.list->items.insert(out.list->items.end(), l.list->items.begin(), l.list->items.end());
    return ev.weigh(out.list) ? out : Value();
  }
  if (op == "pow" && s.overload == "int")
    return ev.toFloat(ev.arithmetic(op, a[0], a[1]));
  return ev.arithmetic(op, a[0], a[1]);
}

static Value compare(Evaluator &ev, const Schema &s, Args &a) {
  StringRef op = shortName(s);
  auto isNumber = [](const Value &v) { return v.is(K::Int) || v.is(K::Float) || v.is(K::Bool); };
  if ((isNumber(a[0]) && isNumber(a[1])) || a[0].is(K::Str))
    return ev.compare(op, a[0], a[1]);
  if (op == "eq")
    return ev.equals(a[0], a[1]);
  if (op == "ne")
    return ev.logicalNot(ev.equals(a[0], a[1]));
  return ev.fail("orders " + ev.format(a[0]));
}

static Value negate(Evaluator &ev, const Schema &, Args &a) {
  if (a[0].is(K::Float) && a[0].isKnown())
    return valueOf(-a[0].number);
  return ev.arithmetic("sub", valueOf(ev.g.expr(0)), a[0]);
}

static Value logic(Evaluator &ev, const Schema &s, Args &a) {
  StringRef op = shortName(s);
  if (a[0].is(K::Int)) {
    auto x = ev.needInt(a[0], "an operand of a bit operation"), y = ev.needInt(a[1], "an operand of a bit operation");
    if (!x || !y)
      return {};
    return valueOf(ev.g.expr(op == "__and__" ? *x & *y : op == "__or__" ? *x | *y : *x ^ *y));
  }
  for (int k = 0; k < 2; ++k) // one known operand may decide
    if (a[k].isKnown() && op != "__xor__")
      return a[k].boolean == (op == "__and__") ? a[1 - k] : a[k];
  if (a[0].isKnown() && a[1].isKnown())
    return valueOf(a[0].boolean != a[1].boolean);
  mlir::Value x = ev.scalarOf(a[0]), y = ev.scalarOf(a[1]);
  return scalarValue(K::Bool, op == "__and__"  ? ev.g.create<graph::AndOp>({x, y})
                              : op == "__or__" ? ev.g.create<graph::OrOp>({x, y})
                                               : ev.g.create<graph::XorOp>({x, y}));
}
static Value logicNot(Evaluator &ev, const Schema &, Args &a) { return ev.logicalNot(a[0]); }

static Value unary(Evaluator &ev, const Schema &s, Args &a) {
  StringRef op = shortName(s);
  if ((op == "floor" || op == "ceil" || op == "round") && a[0].is(K::Int))
    return a[0];
  Value v = ev.toFloat(a[0]);
  if (ev.halted())
    return {};
  if (!v.isKnown()) {
    mlir::Value r = op == "floor"  ? ev.g.create<graph::FloorOp>({v.scalar})
                    : op == "ceil" ? ev.g.create<graph::CeilOp>({v.scalar})
                    : op == "sqrt" ? ev.g.create<graph::SqrtOp>({v.scalar})
                    : op == "exp"  ? ev.g.create<graph::ExpOp>({v.scalar})
                    : op == "log"  ? ev.g.create<graph::LogOp>({v.scalar})
                                   : mlir::Value();
    if (!r)
      return ev.fail("'" + op + "' of a number that only the running program knows");
    Value f = scalarValue(K::Float, r);
    return op == "floor" || op == "ceil" ? ev.toInt(f) : f;
  }
  double x = v.number;
  if (op == "floor" || op == "ceil")
    return ev.toInt(valueOf(op == "floor" ? std::floor(x) : std::ceil(x)));
  return valueOf(op == "sqrt"    ? std::sqrt(x)
                 : op == "exp"   ? std::exp(x)
                 : op == "log"   ? std::log(x)
                 : op == "log2"  ? std::log2(x)
                 : op == "log10" ? std::log10(x)
                 : op == "sin"   ? std::sin(x)
                 : op == "cos"   ? std::cos(x)
                 : op == "tan"   ? std::tan(x)
                 : op == "tanh"  ? std::tanh(x)
                                 : std::nearbyint(x));
}

static Value convert(Evaluator &ev, const Schema &s, Args &a) {
  StringRef op = shortName(s);
  auto kind = op.starts_with("Int")     ? Type::Kind::Int
              : op.starts_with("Float") ? Type::Kind::Float
              : op.starts_with("Bool")  ? Type::Kind::Bool
                                        : Type::Kind::Number;
  if (a[0].isTensor())
    return ev.item(a[0], kind);
  return kind == Type::Kind::Int ? ev.toInt(a[0]) : kind == Type::Kind::Float ? ev.toFloat(a[0]) : ev.toBool(a[0]);
}

/// max, min of two numbers, of a list, element by element of two lists.
static Value extremum(Evaluator &ev, const Schema &s, Args &a) {
  bool isMax = shortName(s) == "max";
  auto pick = [&](const Value &x, const Value &y) -> Value {
    if (x.is(K::Int) && y.is(K::Int) && x.integer && y.integer && !(ev.knownInt(x) && ev.knownInt(y)))
      return valueOf(isMax ? ev.g.symbols.max(x.integer, y.integer) : ev.g.symbols.min(x.integer, y.integer));
    bool isFloat = x.is(K::Float) || y.is(K::Float);
    Value p = isFloat ? ev.toFloat(x) : x, q = isFloat ? ev.toFloat(y) : y;
    Value less = ev.compare("lt", p, q);
    if (ev.halted())
      return {};
    if (less.isKnown())
      return less.boolean == isMax ? q : p;
    mlir::Value u = ev.scalarOf(p), v = ev.scalarOf(q);
    return scalarValue(p.kind, isMax ? ev.g.max(u, v) : ev.g.min(u, v));
  };
  if (a.size() == 2 && a[0].is(K::List)) {
    Value out = listValue({}, a[0].list->elem);
    for (size_t i = 0; i < std::min(a[0].list->items.size(), a[1].list->items.size()) && ev.spend(1); ++i)
      out.list->items.push_back(pick(a[0].list->items[i], a[1].list->items[i]));
    return out;
  }
  std::vector<Value> items = a[0].is(K::List) ? a[0].list->items : a;
  if (items.empty())
    return ev.fail("max or min of an empty list");
  Value best = items[0];
  for (size_t i = 1; i < items.size() && ev.spend(1); ++i)
    best = pick(best, items[i]);
  return best;
}

static Value absolute(Evaluator &ev, const Schema &, Args &a) {
  Value negative = ev.compare("lt", a[0], valueOf(ev.g.expr(0)));
  if (ev.halted())
    return {};
  if (!negative.isKnown())
    return scalarValue(a[0].kind, ev.g.create<graph::AbsOp>({ev.scalarOf(a[0])}));
  return negative.boolean ? ev.arithmetic("sub", valueOf(ev.g.expr(0)), a[0]) : a[0];
}

static Value sum(Evaluator &ev, const Schema &, Args &a) {
  Value total = valueOf(ev.g.expr(0));
  for (const Value &x : a[0].list->items)
    if (ev.spend(1))
      total = ev.arithmetic("add", total, x.is(K::Bool) ? ev.toInt(x) : x);
  return total;
}

static Value allOrAny(Evaluator &ev, const Schema &s, Args &a) {
  bool isAll = shortName(s) == "all";
  Value out = valueOf(isAll);
  for (const Value &x : a[0].list->items) {
    Value v = ev.toBool(x);
    if (ev.halted() || !ev.spend(1))
      return {};
    if (v.isKnown() && v.boolean != isAll)
      return v;
    if (!v.isKnown())
      out = out.isKnown() ? v
                          : scalarValue(K::Bool, isAll ? ev.g.create<graph::AndOp>({out.scalar, v.scalar})
                                                       : ev.g.create<graph::OrOp>({out.scalar, v.scalar}));
  }
  return out;
}

static Value rangeLength(Evaluator &ev, const Schema &, Args &a) {
  auto step = ev.needInt(a[2], "the step of a range");
  if (!step || *step == 0 || *step == INT64_MIN)
    return ev.fail("a range has step " + Twine(step.value_or(0)));
  Value span = *step > 0 ? ev.arithmetic("sub", a[1], a[0]) : ev.arithmetic("sub", a[0], a[1]);
  int64_t s = std::abs(*step);
  Value n = ev.arithmetic("floordiv", ev.arithmetic("add", span, valueOf(ev.g.expr(s - 1))), valueOf(ev.g.expr(s)));
  if (ev.halted() || !n.integer)
    return n;
  auto c = graph::constantOf(n.integer);
  return c ? valueOf(ev.g.expr(std::max<int64_t>(*c, 0))) : valueOf(ev.g.symbols.max(n.integer, ev.g.expr(0)));
}
static Value deriveIndex(Evaluator &ev, const Schema &, Args &a) {
  return ev.arithmetic("add", a[1], ev.arithmetic("mul", a[0], a[2]));
}

void addNumberOps(HostTable &t) {
  for (const char *name : {"add", "sub", "mul", "div", "floordiv", "remainder", "pow"})
    t["aten::" + std::string(name)] = {binary, false};
  for (const char *name : {"eq", "ne", "lt", "le", "gt", "ge"})
    t["aten::" + std::string(name)] = {compare, false};
  for (const char *name :
       {"floor", "ceil", "sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "tanh", "round"})
    t["aten::" + std::string(name)] = {unary, false};
  for (const char *name : {"__and__", "__or__", "__xor__"})
    t["aten::" + std::string(name)] = {logic, false};
  for (const char *name : {"Int", "Float", "Bool", "IntImplicit", "FloatImplicit", "ScalarImplicit", "item"})
    t["aten::" + std::string(name)] = {convert, true};
  t["aten::__not__"] = {logicNot, false};
  t["aten::neg"] = {negate, false};
  t["aten::sum"] = {sum, false};
  t["aten::all"] = t["aten::any"] = {allOrAny, false};
  t["aten::__range_length"] = {rangeLength, false};
  t["aten::__derive_index"] = {deriveIndex, false};
  t["prim::max"] = t["prim::min"] = {extremum, false};
  t["prim::abs"] = {absolute, false};
}

} // namespace wick::compiler::torchscript
