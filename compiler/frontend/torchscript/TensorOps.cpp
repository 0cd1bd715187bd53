// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bridge from evaluated values to the dispatch of tensor ops that all PyTorch
// frontends share.
//
#include "compiler/frontend/torch/Dispatch.h"
#include "compiler/frontend/torchscript/Evaluator.h"

using namespace mlir;
namespace wick::compiler::torchscript {

using torch::Arg;
using torch::Operand;
using torch::Type;

static Operand toOperand(Evaluator &ev, const Value &v, unsigned depth = 0) {
  Arg a;
  if (!ev.spend(v.list ? 8 : 1))
    return {};
  if (depth > Evaluator::maxValueDepth) {
    ev.fail("an argument is nested too deep");
    return {};
  }
  switch (v.kind) {
  case Value::Kind::None:
    return {};
  case Value::Kind::Tensor:
    return Operand(v.tensor);
  case Value::Kind::List:
  case Value::Kind::Tuple: {
    std::vector<Operand> list;
    for (const Value &x : v.list->items)
      list.push_back(toOperand(ev, x, depth + 1));
    return Operand(std::move(list));
  }
  case Value::Kind::Bool:
    a.kind = Arg::Kind::Bool, a.boolean = v.boolean, a.tensor = v.scalar;
    return Operand(a);
  case Value::Kind::Int:
    a.kind = Arg::Kind::Int, a.integer = v.integer, a.tensor = v.scalar;
    return Operand(a);
  case Value::Kind::Float:
    a.kind = Arg::Kind::Double, a.number = v.number, a.tensor = v.scalar;
    return Operand(a);
  case Value::Kind::Complex:
    return Operand(torch::complexNumber(ev.space, v.number, v.imaginary));
  case Value::Kind::Str:
  case Value::Kind::Device:
    return Operand::text(v.text);
  case Value::Kind::Opaque:
    a.kind = Arg::Kind::Opaque, a.opaque = v.opaque;
    return Operand(a);
  default:
    ev.fail("a tensor op cannot take " + torch::toString(*ev.typeOf(v)));
    return {};
  }
}

static Value fromOperand(Evaluator &ev, const Operand &o, const TypeRef &type) {
  const Arg &a = o.value;
  switch (o.kind()) {
  case Arg::Kind::None:
    return {};
  case Arg::Kind::Tensor:
    return tensorValue(o.tensor);
  case Arg::Kind::List: {
    TypeRef elem = type && type->is(Type::Kind::List) ? type->args[0] : nullptr;
    std::vector<Value> items;
    for (const Operand &x : o.list)
      items.push_back(fromOperand(ev, x, elem));
    return listValue(std::move(items), elem && !torch::hasVariables(*elem) ? elem : nullptr);
  }
  case Arg::Kind::Bool:
    return a.tensor ? scalarValue(Value::Kind::Bool, a.tensor) : valueOf(a.boolean);
  case Arg::Kind::Int:
    if (!a.tensor && !a.integer)
      return textValue("has no value", Value::Kind::Unset);
    return a.tensor && !a.integer ? scalarValue(Value::Kind::Int, a.tensor) : valueOf(a.integer);
  case Arg::Kind::Double:
    return a.tensor ? scalarValue(Value::Kind::Float, a.tensor) : valueOf(a.number);
  case Arg::Kind::String:
    return textValue(a.string);
  case Arg::Kind::Opaque: {
    Value v = textValue(type ? type->name : "", Value::Kind::Opaque);
    v.opaque = a.opaque;
    return v;
  }
  }
  return {};
}

/// A result of an op that could not be made.
static Value unknownResult(Evaluator &ev, const TypeRef &type) {
  if (type->is(Type::Kind::Tensor))
    return ev.makeTensor({});
  if (type->is(Type::Kind::Class))
    return textValue(type->name, Value::Kind::Opaque);
  return textValue("is a result of an op that is not supported", Value::Kind::Unset);
}

Value Evaluator::tensorOp(const Schema &s, std::vector<Value> &args) {
  auto give = [&](auto &&result) {
    if (s.results.size() == 1)
      return result(0);
    std::vector<Value> all;
    for (size_t i = 0; i < s.results.size(); ++i)
      all.push_back(result(i));
    return tupleValue(std::move(all));
  };
  auto unknown = [&] { return give([&](size_t i) { return unknownResult(*this, s.results[i].type); }); };
  if (!torch::Dispatcher::isSupported(s)) {
    noteUnsupported(s.fullName(), "this op is not supported");
    return unknown();
  }
  if (!unsupportedOps.empty() || !problems.empty()) { // operands may be without value
    auto isUnknown = [&](auto &self, const Value &v, unsigned depth) -> bool {
      if (v.isTensor())
        return !space.read(v.tensor);
      if (v.is(Value::Kind::Opaque))
        return !v.opaque;
      return v.list && depth < maxValueDepth && spend(1) &&
             llvm::any_of(v.list->items, [&](const Value &x) { return self(self, x, depth + 1); });
    };
    if (llvm::any_of(args, [&](const Value &v) { return isUnknown(isUnknown, v, 0); })) {
      (void)g.takeError();
      return unknown();
    }
  }
  std::vector<Operand> operands;
  for (const Value &v : args)
    operands.push_back(toOperand(*this, v));
  if (halted())
    return {};
  torch::Dispatcher dispatcher(space);
  dispatcher.engine = options.engine;
  std::vector<Operand> results = dispatcher.call(s, std::move(operands));
  if (g.hasError()) {
    std::string why = g.takeError();
    bool keep = stopped;
    fail(why, s.fullName());
    stopped = keep || problems.size() >= 1000 || ops.exceeded(); // other problems can still be found
    return unknown();
  }
  if (results.size() != s.results.size())
    return s.results.empty() ? Value() : fail("the op gave no result", s.fullName());
  Value out = give([&](size_t i) { return fromOperand(*this, results[i], s.results[i].type); });
  return !out.list || weigh(out.list) ? out : Value();
}

} // namespace wick::compiler::torchscript
