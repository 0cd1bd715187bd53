// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binding of arguments, in-place ops by their functional form, and calls of rows.
//
#include "compiler/frontend/torch/Dispatch.h"

using namespace mlir;
namespace wick::compiler::torch {

//===-- Operands -----------------------------------------------------------===//

Operand Operand::integer(AffineExpr e) {
  Arg a;
  a.kind = Arg::Kind::Int, a.integer = e;
  return Operand(a);
}
Operand Operand::number(double v) {
  Arg a;
  a.kind = Arg::Kind::Double, a.number = v;
  return Operand(a);
}
Operand Operand::boolean(bool v) {
  Arg a;
  a.kind = Arg::Kind::Bool, a.boolean = v;
  return Operand(a);
}
Operand Operand::text(StringRef v) {
  Arg a;
  a.kind = Arg::Kind::String, a.string = v.str();
  return Operand(a);
}

Arg Dispatcher::toArg(const Operand &o) {
  Arg a = o.value;
  if (o.isTensor()) {
    a.tensor = tensors.read(o.tensor);
    a.wrapped = o.tensor->wrapped;
    a.complex = o.tensor->isComplex;
    a.quant = o.tensor->quant;
  }
  for (const Operand &e : o.list)
    a.list.push_back(toArg(e));
  return a;
}

Operand Dispatcher::fromArg(const Arg &a) {
  if (a.kind == Arg::Kind::List) {
    std::vector<Operand> list;
    for (const Arg &e : a.list)
      list.push_back(fromArg(e));
    return Operand(std::move(list));
  }
  if (!a.isTensor())
    return Operand(a);
  Tensor t = tensors.make(a.tensor);
  t->quant = a.quant;
  t->isComplex = a.complex;
  return t;
}

Operand Dispatcher::fromDefault(const SchemaDefault &d) {
  using Kind = SchemaDefault::Kind;
  switch (d.kind) {
  case Kind::None:
    return {};
  case Kind::Bool:
    return Operand::boolean(d.boolean);
  case Kind::Int:
    return Operand::integer(g.expr(d.integer));
  case Kind::Double:
    return Operand::number(d.number);
  case Kind::String:
    return Operand::text(d.string);
  case Kind::List: {
    std::vector<Operand> list;
    for (const SchemaDefault &e : d.list)
      list.push_back(fromDefault(e));
    return Operand(std::move(list));
  }
  }
  return {};
}

AffineExpr Dispatcher::integerOf(const Operand &o, int64_t min, int64_t max) {
  if (o.kind() == Arg::Kind::Int && o.value.integer)
    return o.value.integer;
  if (o.kind() == Arg::Kind::Bool && !o.value.tensor)
    return g.expr(o.value.boolean);
  Value v = o.isTensor() ? tensors.read(o.tensor) : o.value.tensor;
  if (v && (o.kind() == Arg::Kind::Int || o.isTensor())) {
    auto type = cast<RankedTensorType>(v.getType());
    if (!type.hasStaticShape() || type.getNumElements() != 1)
      g.fail("a tensor of another number of elements than 1 stands for an integer");
    else if (Value n = g.castTo(v, g.b.getI64Type()))
      return g.sizeOf(n, 0, min, max);
    return {};
  }
  g.fail("an argument is not an integer");
  return {};
}

/// Makes a scalar a list of `fixedSize` where the schema says int[N].
static void fitList(const SchemaArg &formal, Operand &o) {
  bool isScalar = o.kind() == Arg::Kind::Int || o.kind() == Arg::Kind::Double || o.kind() == Arg::Kind::Bool;
  if (formal.fixedSize && isScalar)
    o = Operand(std::vector<Operand>(formal.fixedSize, o));
}

std::optional<std::vector<Operand>> Dispatcher::bind(const Schema &schema, std::vector<Operand> positional,
                                                     std::vector<std::pair<std::string, Operand>> named) {
  std::vector<Operand> out(schema.args.size());
  std::vector<bool> given(out.size());
  if (positional.size() > out.size()) {
    g.fail(schema.fullName() + " takes " + Twine(out.size()) + " arguments, " + Twine(positional.size()) +
           " are given");
    return std::nullopt;
  }
  for (size_t i = 0; i < positional.size(); ++i)
    out[i] = std::move(positional[i]), given[i] = true;
  for (auto &[name, operand] : named) {
    int i = schema.find(name);
    if (i < 0 || given[i]) {
      g.fail(schema.fullName() + (i < 0 ? " has no argument '" : " is given twice '") + name + "'");
      return std::nullopt;
    }
    out[i] = std::move(operand), given[i] = true;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (!given[i]) {
      if (!schema.args[i].defaultValue) {
        g.fail(schema.fullName() + " lacks its argument '" + schema.args[i].name + "'");
        return std::nullopt;
      }
      out[i] = fromDefault(*schema.args[i].defaultValue);
    }
    fitList(schema.args[i], out[i]);
  }
  return out;
}

std::vector<Operand> Dispatcher::call(StringRef fullName, std::vector<Operand> positional,
                                      std::vector<std::pair<std::string, Operand>> named) {
  auto [name, overload] = fullName.split('.');
  const Schema *schema = findSchema(name, overload);
  if (!schema) {
    g.fail("there is no op " + fullName);
    return {};
  }
  auto args = bind(*schema, std::move(positional), std::move(named));
  return args ? call(*schema, std::move(*args)) : std::vector<Operand>{};
}

//===-- Calls --------------------------------------------------------------===//

/// "aten::add_" to "aten::add", "aten::__iand__" to "aten::__and__"; other names stay.
static std::string functionalName(StringRef name) {
  auto [space, op] = name.split("::");
  if (op.starts_with("__i") && op.ends_with("__"))
    return (space + "::__" + op.drop_front(3)).str();
  if (op.ends_with("_") && !op.ends_with("__"))
    return name.drop_back().str();
  return name.str();
}

std::vector<Operand> Dispatcher::callRow(const Schema &schema, StringRef name, const std::vector<Operand> &args) {
  AtenFn row = findAten(name);
  auto unknown = [&] { // as many results as the schema says, of unknown value
    std::vector<Operand> out;
    for (const SchemaResult &r : schema.results)
      out.push_back(r.type && r.type->is(Type::Kind::List) ? Operand(std::vector<Operand>{})
                                                           : Operand(tensors.make({})));
    return out;
  };
  if (!row) {
    g.fail("there is no lowering of " + schema.fullName());
    return unknown();
  }
  AtenCall call{g, name, schema.overload, {}, {}, engine};
  for (const Operand &o : args)
    call.args.push_back(toArg(o));
  if (!g.hasError())
    row(call);
  if (g.hasError() || call.results.size() < schema.results.size()) {
    if (!g.hasError())
      g.fail(schema.fullName() + " gives " + Twine(call.results.size()) + " results, expected " +
             Twine(schema.results.size()));
    return unknown();
  }
  std::vector<Operand> out;
  for (const Arg &a : call.results)
    out.push_back(fromArg(a));
  return out;
}

/// `value` (a number or a tensor) as an element for `self`, whose value is real.
static Value asReal(Dispatcher &d, const Operand &value, Value self) {
  GraphBuilder &g = d.g;
  mlir::Type elem = g.elem(self);
  switch (value.kind()) {
  case Arg::Kind::Tensor:
    return g.castTo(d.tensors.read(value.tensor), elem);
  case Arg::Kind::Bool:
    return value.value.tensor ? g.castTo(value.value.tensor, elem) : g.scalar(elem, value.value.boolean);
  case Arg::Kind::Int:
    return value.value.tensor ? g.castTo(value.value.tensor, elem) : g.exprAs(value.value.integer, elem);
  case Arg::Kind::Double:
    return value.value.tensor ? g.castTo(value.value.tensor, elem) : g.scalar(elem, value.value.number);
  default:
    return g.fail("neither a number nor a tensor");
  }
}

Tensor complexNumber(TensorSpace &tensors, double real, double imaginary) {
  const double parts[] = {real, imaginary};
  ArrayRef<char> bytes(reinterpret_cast<const char *>(parts), sizeof(parts));
  Tensor t = tensors.make(tensors.g.constant(tensors.g.b.getF64Type(), {2}, bytes));
  t->isComplex = t->wrapped = true;
  return t;
}

Value withParts(GraphBuilder &g, Value v, bool complex) {
  if (!v)
    return v;
  int64_t last = g.rank(v) - !complex;
  if (!complex)
    return g.squeeze(g.slice(v, last, g.expr(0), g.expr(1)), {last});
  Exprs low(last + 1, g.expr(0)), high = low;
  high[last] = g.expr(1);
  return g.padConstant(g.unsqueeze(v, {last}), low, high, 0);
}

/// The same for any `self`: complex ones take parts of zero from real numbers, real ones the
/// real part of complex numbers.
static Value asElement(Dispatcher &d, const Operand &value, const Tensor &self) {
  Value now = d.tensors.read(self);
  bool isComplex = value.isTensor() && value.tensor->isComplex;
  Value v = now ? asReal(d, value, now) : Value();
  return isComplex == self->isComplex ? v : withParts(d.g, v, self->isComplex);
}

std::vector<Operand> Dispatcher::callInPlace(const Schema &schema, std::vector<Operand> &args) {
  StringRef op = StringRef(schema.name).split("::").second;
  SmallVector<size_t> written;
  for (size_t i = 0; i < args.size() && i < schema.args.size(); ++i)
    if (schema.args[i].isWritten() && args[i].isTensor())
      written.push_back(i);
  if (written.empty()) {
    g.fail(schema.fullName() + " writes to an argument that is not a tensor");
    return {};
  }
  const Operand self = args[written[0]];
  if (op == "detach_" || op == "requires_grad_")
    return {self};
  if (op == "copy_" || op == "fill_" || op == "zero_") {
    Operand zero = Operand::integer(g.expr(0));
    bool toQuant = op == "copy_" && self.tensor->quant && args[1].isTensor() && !args[1].tensor->quant;
    if (toQuant)
      g.fail("copy_ of floats to a quantized tensor");
    tensors.write(self.tensor, asElement(*this, op == "zero_" ? zero : args[1], self.tensor));
    return {self};
  }
  // The same tensor by another view: t_, squeeze_, transpose_, unsqueeze_.
  std::string name = functionalName(schema.name);
  if (ViewFn view = name != schema.name ? findView(name) : nullptr) {
    ViewCall call{*this, tensors, g, schema, args, {}};
    view(call);
    if (call.results.size() == 1 && call.results[0].isTensor())
      self.tensor->view = call.results[0].tensor->view;
    return {self};
  }
  bool isOut = schema.args[written[0]].keywordOnly || StringRef(schema.overload).contains("out");
  std::vector<Operand> inputs;
  for (size_t i = 0; i < args.size(); ++i)
    if (!isOut || !llvm::is_contained(written, i))
      inputs.push_back(args[i]);
  if (isOut && !findAten(name))
    name = schema.name;
  std::vector<Operand> results = callRow(schema, name, inputs);
  std::vector<Operand> out;
  for (auto [k, at] : llvm::enumerate(written)) {
    const Tensor &target = args[at].tensor;
    Value v = k < results.size() && results[k].isTensor() ? tensors.read(results[k].tensor) : Value();
    Value now = tensors.read(target);
    bool isComplex = v && results[k].tensor->isComplex;
    if (isComplex && !target->isComplex)
      g.fail(schema.fullName() + " writes complex numbers to a tensor of real ones"), v = {};
    else if (v && isComplex != target->isComplex)
      v = withParts(g, v, true);
    if (isOut && v && (!now || g.dims(now) != g.dims(v)))
      tensors.replace(target, now ? g.castTo(v, g.elem(now)) : v);
    else
      tensors.write(target, v);
    out.push_back(args[at]);
  }
  for (size_t k = written.size(); k < results.size(); ++k)
    out.push_back(results[k]);
  return out;
}

/// Whether a number has a value: after an error in what gives it, it has none.
static bool hasValue(const Operand &o) {
  return o.kind() == Arg::Kind::List ? llvm::all_of(o.list, hasValue)
                                     : o.kind() != Arg::Kind::Int || o.value.tensor || o.value.integer;
}

std::vector<Operand> Dispatcher::call(const Schema &schema, std::vector<Operand> args) {
  args.resize(std::max(args.size(), schema.args.size()));
  for (auto [i, o] : llvm::enumerate(args))
    if (!hasValue(o)) {
      g.fail(schema.fullName() + ": argument " + Twine(i) + " has no value");
      return std::vector<Operand>(schema.results.size(), Operand(tensors.make({})));
    }
  if (schema.writes())
    return callInPlace(schema, args);
  if (ViewFn view = findView(schema.name); view && !args.empty() && args[0].isTensor()) {
    ViewCall call{*this, tensors, g, schema, args, {}};
    if (tensors.read(args[0].tensor))
      view(call);
    if (call.results.empty()) { // after an error
      bool isList = !schema.results.empty() && schema.results[0].type && schema.results[0].type->is(Type::Kind::List);
      call.results.push_back(isList ? Operand(std::vector<Operand>{}) : Operand(tensors.make({})));
    }
    return std::move(call.results);
  }
  return callRow(schema, schema.name, args);
}

bool Dispatcher::isSupported(const Schema &schema) {
  StringRef op = StringRef(schema.name).split("::").second;
  std::string name = functionalName(schema.name);
  return findView(name) || findAten(name) || findAten(schema.name) || op == "copy_" || op == "fill_" || op == "zero_" ||
         op == "detach_" || op == "requires_grad_";
}

} // namespace wick::compiler::torch
