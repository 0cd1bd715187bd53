// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of values, and arithmetic on numbers: on host numbers at once, on sizes as
// expressions, on numbers of the running program as rank-0 graph values.
//
#include "compiler/frontend/torchscript/Evaluator.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler::torchscript {

using torch::makeType;
using torch::Type;

//===-- Types --------------------------------------------------------------===//

static TypeRef unifyAll(Evaluator &ev, const std::vector<Value> &items, unsigned depth) {
  TypeRef all;
  for (const Value &v : items) {
    TypeRef t = ev.typeOf(v, depth + 1);
    all = all ? torch::unify(all, t) : t;
    if (!all || ev.halted())
      return torch::scalarType("Any");
  }
  return all;
}

TypeRef Evaluator::typeOf(const Value &v, unsigned depth) {
  using K = Value::Kind;
  if (depth > maxValueDepth)
    return fail("values are nested more than " + Twine(maxValueDepth) + " deep"), torch::scalarType("Any");
  static const std::map<K, TypeRef> simple = {
      {K::None, torch::scalarType("NoneType")},   {K::Bool, torch::scalarType("bool")},
      {K::Int, torch::scalarType("int")},         {K::Float, torch::scalarType("float")},
      {K::Complex, torch::scalarType("complex")}, {K::Str, torch::scalarType("str")},
      {K::Device, torch::scalarType("Device")},   {K::Tensor, torch::scalarType("Tensor")}};
  if (auto it = simple.find(v.kind); it != simple.end())
    return it->second;
  if (depth && !spend(1))
    return torch::scalarType("Any");
  switch (v.kind) {
  case K::List: {
    if (!v.list->elem)
      steps += v.list->items.size() / 16;
    TypeRef elem = v.list->elem ? v.list->elem : unifyAll(*this, v.list->items, depth);
    return makeType(Type::Kind::List, {elem ? elem : torch::scalarType("Tensor")});
  }
  case K::Tuple: {
    const ClassInfo *info = v.text.empty() ? nullptr : program.findClass(v.text);
    if (info)
      return info->type;
    std::vector<TypeRef> parts;
    for (const Value &x : v.list->items)
      parts.push_back(typeOf(x, depth + 1));
    return makeType(Type::Kind::Tuple, std::move(parts));
  }
  case K::Dict: {
    if (v.dict->type)
      return v.dict->type;
    std::vector<Value> keys, values;
    for (auto &[key, value] : v.dict->entries)
      keys.push_back(key), values.push_back(value);
    steps += keys.size();
    TypeRef k = unifyAll(*this, keys, depth), x = unifyAll(*this, values, depth);
    return makeType(Type::Kind::Dict, {k ? k : torch::scalarType("str"), x ? x : torch::scalarType("Tensor")});
  }
  case K::Object:
    return v.object->type->type;
  case K::Enum:
    return makeType(Type::Kind::Enum, {}, v.text);
  case K::Opaque:
    return makeType(Type::Kind::Class, {}, v.text);
  case K::Function:
    return makeType(Type::Kind::Other, {}, "a function");
  default:
    return makeType(Type::Kind::Other, {}, "a value that is not set");
  }
}

bool Evaluator::holdsTensor(const Value &v, unsigned depth) {
  if (v.isTensor())
    return true;
  return (v.is(Value::Kind::List) || v.is(Value::Kind::Tuple)) && depth < maxValueDepth && (depth == 0 || spend(1)) &&
         llvm::any_of(v.list->items, [&](const Value &x) { return holdsTensor(x, depth + 1); });
}

//===-- Reading ------------------------------------------------------------===//

mlir::Value Evaluator::read(const Value &tensor) {
  mlir::Value v = space.read(tensor.tensor);
  if (v)
    return v;
  if (g.hasError())
    fail(g.takeError());
  else if (!halted())
    stopped = true; // it depends on an op that has been noted
  return {};
}

mlir::Value Evaluator::scalarOf(const Value &v) {
  if (v.scalar)
    return v.scalar;
  switch (v.kind) {
  case Value::Kind::Bool:
    return g.scalar(g.b.getI1Type(), v.boolean);
  case Value::Kind::Int:
    return g.dimScalar(v.integer);
  case Value::Kind::Float:
    return g.scalar(g.b.getF64Type(), v.number);
  default:
    fail("expected a number but found " + torch::toString(*typeOf(v)));
    return {};
  }
}

AffineExpr Evaluator::integerExpr(const Value &v, int64_t min, int64_t max) {
  if (v.is(Value::Kind::Bool) && v.isKnown())
    return g.expr(v.boolean);
  if (v.integer)
    return v.integer;
  return v.scalar && v.is(Value::Kind::Int) ? g.sizeOf(v.scalar, 0, min, max) : AffineExpr();
}

std::optional<int64_t> Evaluator::knownInt(const Value &v) {
  if (v.is(Value::Kind::Bool) && v.isKnown())
    return v.boolean;
  return v.is(Value::Kind::Int) && v.integer ? graph::constantOf(g.simplify(v.integer)) : std::nullopt;
}

std::optional<int64_t> Evaluator::needInt(const Value &v, const Twine &what) {
  auto known = halted() ? std::nullopt : knownInt(v);
  if (!known)
    fail(what + " must be known when importing, but is " + format(v));
  return known;
}

Value Evaluator::item(const Value &tensor, Type::Kind wanted) {
  mlir::Value v = read(tensor);
  if (!v)
    return {};
  auto type = cast<RankedTensorType>(v.getType());
  if (type.hasStaticShape() && type.getNumElements() != 1)
    return fail("a tensor of " + Twine(type.getNumElements()) + " elements cannot become one number");
  Type::Kind kind = wanted;
  bool isFloat = isa<FloatType>(type.getElementType()), isBool = type.getElementType().isInteger(1);
  if (kind == Type::Kind::Number)
    kind = isFloat ? Type::Kind::Float : isBool ? Type::Kind::Bool : Type::Kind::Int;
  Value known;
  if (isFloat) {
    if (auto d = g.doubleOf(v))
      known = valueOf(*d);
  } else if (auto e = g.elementsOf(v); e && e->size() == 1 && (*e)[0]) {
    known = valueOf((*e)[0]);
    if (auto c = graph::constantOf((*e)[0]); c && isBool)
      known = valueOf(*c != 0);
  }
  if (known.isNone()) {
    mlir::Value s = g.reshape(v, ArrayRef<int64_t>());
    known = isFloat  ? scalarValue(Value::Kind::Float, g.castTo(s, g.b.getF64Type()))
            : isBool ? scalarValue(Value::Kind::Bool, s)
                     : scalarValue(Value::Kind::Int, g.castTo(s, g.b.getI64Type()));
    if (!known.scalar)
      return fail(g.takeError());
  }
  return kind == Type::Kind::Float ? toFloat(known) : kind == Type::Kind::Bool ? toBool(known) : toInt(known);
}

//===-- Conversions --------------------------------------------------------===//

Value Evaluator::toInt(const Value &v) {
  if (v.is(Value::Kind::Int))
    return v;
  if (v.is(Value::Kind::Bool))
    return v.isKnown() ? valueOf(g.expr(v.boolean))
                       : scalarValue(Value::Kind::Int, g.castTo(v.scalar, g.b.getI64Type()));
  if (v.is(Value::Kind::Float)) {
    if (!v.isKnown())
      return scalarValue(Value::Kind::Int, g.castTo(v.scalar, g.b.getI64Type()));
    if (!(std::abs(v.number) < 9.2e18))
      return fail("the number " + format(v) + " has no integer value");
    return valueOf(g.expr(int64_t(v.number)));
  }
  int64_t parsed;
  if (v.is(Value::Kind::Str) && !StringRef(v.text).trim().getAsInteger(10, parsed))
    return valueOf(g.expr(parsed));
  return fail("cannot make an int of " + format(v));
}

Value Evaluator::toFloat(const Value &v) {
  if (v.is(Value::Kind::Float))
    return v;
  if (auto known = knownInt(v))
    return valueOf(double(*known));
  if (v.is(Value::Kind::Int) || v.is(Value::Kind::Bool))
    return scalarValue(Value::Kind::Float, g.castTo(scalarOf(v), g.b.getF64Type()));
  double parsed;
  if (v.is(Value::Kind::Str) && !StringRef(v.text).trim().getAsDouble(parsed))
    return valueOf(parsed);
  return fail("cannot make a float of " + format(v));
}

Value Evaluator::toBool(const Value &v) {
  if (v.is(Value::Kind::Bool))
    return v;
  if (v.is(Value::Kind::Float) && v.isKnown())
    return valueOf(v.number != 0);
  if (v.is(Value::Kind::Int) || v.is(Value::Kind::Float))
    return compare("ne", v, valueOf(g.expr(0)));
  return fail("cannot make a bool of " + format(v));
}

//===-- Arithmetic ---------------------------------------------------------===//

static Value ofInts(Evaluator &ev, StringRef op, AffineExpr a, AffineExpr b) {
  GraphBuilder &g = ev.g;
  auto x = graph::constantOf(a), y = graph::constantOf(b);
  int64_t r = 0;
  bool overflow = false;
  if (x && y) {
    if (op == "add")
      overflow = llvm::AddOverflow(*x, *y, r);
    else if (op == "sub")
      overflow = llvm::SubOverflow(*x, *y, r);
    else if (op == "mul")
      overflow = llvm::MulOverflow(*x, *y, r);
    else if (*y == 0)
      return ev.fail("division by zero");
    else if (*y == -1)
      overflow = op == "floordiv" && llvm::SubOverflow(int64_t(0), *x, r), r = op == "floordiv" ? r : 0;
    else if (op == "floordiv")
      r = *x / *y - (*x % *y != 0 && (*x < 0) != (*y < 0));
    else
      r = *x % *y + ((*x % *y != 0 && (*x < 0) != (*y < 0)) ? *y : 0);
    if (overflow)
      return ev.fail("integers overflow in " + op);
    return valueOf(g.expr(r));
  }
  if (!ev.spend(8 + g.symbols.all().size() / 16)) // all ranges are looked at
    return {};
  if (op == "add")
    return valueOf(g.simplify(a + b));
  if (op == "sub")
    return valueOf(g.simplify(a - b));
  if (op == "mul")
    return valueOf(g.simplify(a * b));
  if (g.symbols.range(b).first < 1) {
    if (y && *y != 0 && *y > INT64_MIN) // a // -b is (-a) // b
      return op == "floordiv" ? valueOf(g.floorDiv(g.simplify(-a), g.simplify(-b)))
                              : valueOf(g.simplify(a - g.floorDiv(g.simplify(-a), g.simplify(-b)) * b));
    return {};
  }
  AffineExpr q = g.floorDiv(a, b);
  return valueOf(op == "floordiv" ? q : g.simplify(a - q * b));
}

static Value ofDoubles(Evaluator &ev, StringRef op, double a, double b) {
  if (op == "add")
    return valueOf(a + b);
  if (op == "sub")
    return valueOf(a - b);
  if (op == "mul")
    return valueOf(a * b);
  if (op == "pow")
    return valueOf(std::pow(a, b));
  if (b == 0 && (op == "div" || op == "floordiv" || op == "remainder"))
    return ev.fail("division by zero");
  if (op == "div")
    return valueOf(a / b);
  double q = std::floor(a / b);
  return valueOf(op == "floordiv" ? q : a - q * b);
}

Value Evaluator::arithmetic(StringRef op, const Value &a, const Value &b) {
  if (halted())
    return {};
  bool isFloat = a.is(Value::Kind::Float) || b.is(Value::Kind::Float) || op == "div";
  if (!isFloat && op != "pow" && a.integer && b.integer)
    if (Value v = ofInts(*this, op, g.simplify(a.integer), g.simplify(b.integer)); !v.isNone() || halted())
      return g.hasError() ? fail(g.takeError()) : v;
  auto host = [&](const Value &v) -> std::optional<double> {
    if (v.is(Value::Kind::Float) && v.isKnown())
      return v.number;
    auto i = knownInt(v);
    return i ? std::optional(double(*i)) : std::nullopt;
  };
  auto x = host(a), y = host(b);
  if (op == "pow" && x && y && !isFloat) {
    auto e = *knownInt(b);
    int64_t r = 1;
    bool overflow = e < 0;
    for (int64_t i = 0; i < e && !overflow && i < 64; ++i)
      overflow = llvm::MulOverflow(r, *knownInt(a), r);
    return overflow || e > 63 ? valueOf(std::pow(*x, *y)) : valueOf(g.expr(r));
  }
  if (x && y)
    return ofDoubles(*this, op, *x, *y);
  mlir::Value p = scalarOf(isFloat ? toFloat(a) : a), q = scalarOf(isFloat ? toFloat(b) : b);
  if (halted())
    return {};
  mlir::Value r;
  if (op == "add")
    r = g.add(p, q);
  else if (op == "sub")
    r = g.sub(p, q);
  else if (op == "mul")
    r = g.mul(p, q);
  else if (op == "pow")
    r = g.create<graph::PowOp>({p, q});
  else if (op == "div")
    r = g.div(p, q);
  else if (op == "remainder")
    r = g.create<graph::ModOp>({p, q}); // Python's sign
  else if (isFloat)
    r = g.create<graph::FloorOp>({g.div(p, q)});
  else
    r = g.div(g.sub(p, g.create<graph::ModOp>({p, q})), q);
  if (!r)
    return fail(g.takeError());
  return scalarValue(isFloat ? Value::Kind::Float : Value::Kind::Int, r);
}

/// What `a op b` is when lo <= a - b <= hi says so.
static std::optional<bool> byRange(StringRef op, int64_t lo, int64_t hi) {
  auto decide = [](bool yes, bool no) { return yes ? std::optional(true) : no ? std::optional(false) : std::nullopt; };
  if (op == "eq")
    return decide(lo == 0 && hi == 0, lo > 0 || hi < 0);
  if (op == "ne")
    return decide(lo > 0 || hi < 0, lo == 0 && hi == 0);
  if (op == "lt")
    return decide(hi < 0, lo >= 0);
  if (op == "le")
    return decide(hi <= 0, lo > 0);
  if (op == "gt")
    return decide(lo > 0, hi <= 0);
  return decide(lo >= 0, hi < 0);
}

template <class T>
static bool ofKnown(StringRef op, const T &a, const T &b) {
  return llvm::StringSwitch<bool>(op)
      .Case("eq", a == b)
      .Case("ne", a != b)
      .Case("lt", a < b)
      .Case("le", a <= b)
      .Case("gt", a > b)
      .Default(a >= b);
}

Value Evaluator::compare(StringRef op, const Value &a, const Value &b) {
  if (halted())
    return {};
  if (a.is(Value::Kind::Str) && b.is(Value::Kind::Str))
    return valueOf(ofKnown(op, a.text, b.text));
  bool isFloat = a.is(Value::Kind::Float) || b.is(Value::Kind::Float);
  if (!isFloat && a.isKnown() && b.isKnown()) {
    AffineExpr x = integerExpr(a), y = integerExpr(b);
    if (!x || !y)
      return fail("compares " + format(a) + " with " + format(b));
    auto cx = graph::constantOf(x), cy = graph::constantOf(y);
    if (cx && cy)
      return valueOf(ofKnown(op, *cx, *cy));
    auto [lo, hi] = g.symbols.range(g.simplify(x - y));
    const int64_t most = int64_t(1) << 61; // sizes are below
    auto clamped = [most](int64_t v) { return std::clamp<int64_t>(v, -most, most); };
    auto rx = g.symbols.range(x), ry = g.symbols.range(y);
    lo = std::max(lo, clamped(rx.first) - clamped(ry.second));
    hi = std::min(hi, clamped(rx.second) - clamped(ry.first));
    if (auto known = byRange(op, lo, hi))
      return valueOf(*known);
  } else if (isFloat && a.isKnown() && b.isKnown()) {
    Value p = toFloat(a), q = toFloat(b);
    if (p.isKnown() && q.isKnown())
      return valueOf(ofKnown(op, p.number, q.number));
  }
  mlir::Value p = scalarOf(isFloat ? toFloat(a) : toInt(a)), q = scalarOf(isFloat ? toFloat(b) : toInt(b));
  if (halted())
    return {};
  bool swapped = op == "gt" || op == "ge";
  if (swapped)
    std::swap(p, q);
  mlir::Value r = op == "lt" || op == "gt"   ? g.create<graph::LessOp>({p, q})
                  : op == "le" || op == "ge" ? g.create<graph::LessEqualOp>({p, q})
                                             : g.create<graph::EqualOp>({p, q});
  if (r && op == "ne")
    r = g.create<graph::NotOp>({r});
  return r ? scalarValue(Value::Kind::Bool, r) : fail(g.takeError());
}

Value Evaluator::logicalNot(const Value &v) {
  if (v.isKnown())
    return valueOf(!v.boolean);
  return scalarValue(Value::Kind::Bool, g.create<graph::NotOp>({v.scalar}));
}

Value Evaluator::equals(const Value &a, const Value &b, unsigned depth) {
  if (depth > maxValueDepth)
    return fail("compares values that are nested more than " + Twine(maxValueDepth) + " deep");
  if (!spend(1))
    return {};
  auto isNumber = [](const Value &v) {
    return v.is(Value::Kind::Bool) || v.is(Value::Kind::Int) || v.is(Value::Kind::Float);
  };
  if (isNumber(a) && isNumber(b))
    return compare("eq", a, b);
  if (a.kind != b.kind)
    return valueOf(false);
  switch (a.kind) {
  case Value::Kind::None:
    return valueOf(true);
  case Value::Kind::Str:
  case Value::Kind::Device:
    return valueOf(a.text == b.text);
  case Value::Kind::Enum:
    if (a.text != b.text)
      return valueOf(false);
    [[fallthrough]];
  case Value::Kind::List:
  case Value::Kind::Tuple: {
    if (a.list->items.size() != b.list->items.size())
      return valueOf(false);
    Value all = valueOf(true);
    for (size_t i = 0; i < a.list->items.size() && !halted(); ++i) {
      Value same = equals(a.list->items[i], b.list->items[i], depth + 1);
      if (same.isKnown() && !same.boolean)
        return same;
      if (!same.isKnown())
        all = all.isKnown() ? same : scalarValue(Value::Kind::Bool, g.create<graph::AndOp>({all.scalar, same.scalar}));
    }
    return all;
  }
  case Value::Kind::Tensor:
    return valueOf(a.tensor == b.tensor);
  case Value::Kind::Object:
    return valueOf(a.object == b.object);
  default:
    return fail("compares " + torch::toString(*typeOf(a)));
  }
}

//===-- Text ---------------------------------------------------------------===//

static std::string formatDouble(double v) {
  if (std::isnan(v))
    return "nan";
  if (std::isinf(v))
    return v < 0 ? "-inf" : "inf";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << ::llvm::format("%g", v);
  if (v == std::floor(v) && std::abs(v) < 1e16 && text.find_first_of(".e") == text.npos)
    text += ".0";
  return text;
}

std::string Evaluator::format(const Value &v, unsigned depth) {
  constexpr size_t longest = 4000;
  if (depth > 8)
    return "...";
  auto join = [&](const std::vector<Value> &items) {
    std::string text;
    for (size_t i = 0; i < items.size(); ++i) {
      if (text.size() > longest >> depth)
        return text + ", ...";
      text += (i ? ", " : "") + format(items[i], depth + 1);
    }
    return text;
  };
  if (v.scalar)
    return "a number that only the running program knows";
  switch (v.kind) {
  case Value::Kind::None:
    return "None";
  case Value::Kind::Bool:
    return v.boolean ? "True" : "False";
  case Value::Kind::Int: {
    if (!v.integer)
      return "a number without value";
    if (auto c = graph::constantOf(v.integer))
      return std::to_string(*c);
    std::string text;
    llvm::raw_string_ostream os(text);
    v.integer.print(os);
    return text;
  }
  case Value::Kind::Float:
    return formatDouble(v.number);
  case Value::Kind::Complex:
    return "(" + formatDouble(v.number) + "+" + formatDouble(v.imaginary) + "j)";
  case Value::Kind::Str:
  case Value::Kind::Device:
    return v.text;
  case Value::Kind::List:
    return "[" + join(v.list->items) + "]";
  case Value::Kind::Tuple:
    return "(" + join(v.list->items) + ")";
  case Value::Kind::Dict: {
    std::string text = "{";
    for (auto &[key, value] : v.dict->entries) {
      if (text.size() > longest >> depth)
        return text + ", ...}";
      text += (text.size() > 1 ? ", " : "") + format(key, depth + 1) + ": " + format(value, depth + 1);
    }
    return text + "}";
  }
  default:
    return torch::toString(*typeOf(v));
  }
}

} // namespace wick::compiler::torchscript
