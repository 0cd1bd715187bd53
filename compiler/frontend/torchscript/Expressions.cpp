// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions: names, literals, selections, and the forms of calls.
//
#include "compiler/frontend/torchscript/Evaluator.h"

#include <cmath>
#include <limits>

using namespace mlir;
namespace wick::compiler::torchscript {

using torch::Type;

/// A value where a declared type says more than the value: integral floats that were
/// printed as ints, and the element types of containers.
Value Evaluator::withType(Value v, const TypeRef &t) {
  if (!t)
    return v;
  const TypeRef &inner = t->is(Type::Kind::Optional) ? t->args[0] : t;
  if (v.is(Value::Kind::Int) && inner->is(Type::Kind::Float))
    return toFloat(v);
  if (v.is(Value::Kind::List) && inner->is(Type::Kind::List)) {
    if (!v.list->elem)
      v.list->elem = inner->args[0];
    if (inner->args[0]->is(Type::Kind::Float))
      for (Value &x : v.list->items)
        if (x.is(Value::Kind::Int))
          x = toFloat(x);
  } else if (v.is(Value::Kind::Dict) && inner->is(Type::Kind::Dict) && !v.dict->type) {
    v.dict->type = inner;
  }
  return v;
}

Value Evaluator::eval(const Expr *e, Frame &f, TypeRef hint) {
  if (halted())
    return {};
  Level one(*this);
  if (!spend(1) || !mayNest())
    return {};
  auto items = [&](TypeRef elem) {
    std::vector<Value> values;
    for (const Expr *x : e->items) {
      values.push_back(eval(x, f, elem));
      if (halted())
        break;
    }
    return values;
  };
  switch (e->kind) {
  case Expr::Kind::Int:
    return valueOf(g.expr(e->integer));
  case Expr::Kind::Float:
    return valueOf(e->number);
  case Expr::Kind::Complex: {
    Value v = valueOf(e->number);
    v.kind = Value::Kind::Complex, v.imaginary = e->imaginary;
    return v;
  }
  case Expr::Kind::Str:
    return textValue(e->text);
  case Expr::Kind::Bool:
    return valueOf(e->integer != 0);
  case Expr::Kind::None:
    return {};
  case Expr::Kind::Name: {
    if (auto it = f.env.find(e->text); it != f.env.end()) {
      if (it->second.is(Value::Kind::Unset) && !it->second.text.empty())
        return failUnset("'" + e->text + "'", it->second);
      steps += it->second.text.size() / 64;
      return it->second;
    }
    if (e->text == "inf" || e->text == "nan")
      return valueOf(e->text == "inf" ? std::numeric_limits<double>::infinity() : std::nan(""));
    return fail("there is no '" + e->text + "'");
  }
  case Expr::Kind::Tuple: {
    Value v = tupleValue(items(nullptr));
    return weigh(v.list) ? v : Value();
  }
  case Expr::Kind::List: {
    TypeRef elem = hint && hint->is(Type::Kind::Optional) ? hint->args[0] : hint;
    elem = elem && elem->is(Type::Kind::List) ? elem->args[0] : nullptr;
    Value v = listValue(items(elem), elem);
    if (!weigh(v.list))
      return {};
    // Integral floats of 1e10 and more are printed as ints.
    bool hasFloat = llvm::any_of(v.list->items, [](const Value &x) { return x.is(Value::Kind::Float); });
    for (Value &x : v.list->items)
      if ((hasFloat || (elem && elem->is(Type::Kind::Float))) && x.is(Value::Kind::Int))
        x = toFloat(x);
    return v;
  }
  case Expr::Kind::Dict: {
    Value v;
    v.kind = Value::Kind::Dict;
    v.dict = std::make_shared<DictData>();
    if (hint && hint->is(Type::Kind::Dict))
      v.dict->type = hint;
    for (size_t i = 0; i < e->items.size(); ++i) {
      Value key = eval(e->items[i], f);
      v.dict->entries.push_back({key, eval(e->values[i], f)});
      if (halted())
        return {};
    }
    return weigh(v.dict) ? v : Value();
  }
  case Expr::Kind::Select:
    return evalSelect(e, f);
  case Expr::Kind::Index:
  case Expr::Kind::Slice:
    return evalIndex(e, f);
  case Expr::Kind::Call:
    return evalCall(e, f, hint);
  }
  return {};
}

Value Evaluator::evalSelect(const Expr *e, Frame &f) {
  std::string name = Program::dotted(e);
  bool isGlobal = !name.empty() && !f.env.count(name.substr(0, name.find('.')));
  if (isGlobal && StringRef(name).starts_with("CONSTANTS.c")) {
    size_t index = 0;
    if (StringRef(name).drop_front(11).getAsInteger(10, index) || index >= constants.size())
      return fail("there is no constant '" + name + "'");
    return constants[index];
  }
  if (isGlobal && StringRef(name).starts_with("__torch__.")) {
    if (const Function *fn = program.findFunction(name)) {
      Value v;
      v.kind = Value::Kind::Function;
      v.function = fn;
      return v;
    }
    size_t dot = name.rfind('.');
    const ClassInfo *cls = program.findClass(name.substr(0, dot));
    auto member = cls ? cls->constants.find(name.substr(dot + 1)) : std::map<std::string, const Expr *>::iterator();
    if (!cls || member == cls->constants.end())
      return fail("there is no '" + name + "'");
    Value v = textValue(cls->name, Value::Kind::Enum);
    v.list = std::make_shared<ListData>();
    v.list->items.push_back(constantExpr(member->second, nullptr));
    return v;
  }
  locate(f, e);
  return attribute(eval(e->items[0], f), e->text);
}

Value Evaluator::attribute(const Value &base, const std::string &name) {
  if (halted())
    return {};
  if (base.is(Value::Kind::Object)) {
    if (Value *v = base.object->find(name)) {
      if (v->is(Value::Kind::Unset) && !v->text.empty())
        return failUnset("attribute '" + name + "'", *v);
      return *v;
    }
    const ClassInfo &info = *base.object->type;
    if (auto it = info.constants.find(name); it != info.constants.end()) {
      auto type = info.attributes.find(name);
      return constantExpr(it->second, type == info.attributes.end() ? nullptr : type->second);
    }
    return fail("object of class '" + info.name + "' has no attribute '" + name + "'");
  }
  if (base.is(Value::Kind::Enum)) {
    if (name == "value")
      return base.list->items[0];
    const ClassInfo *info = program.findClass(base.text);
    for (auto &[member, value] : info ? info->constants : std::map<std::string, const Expr *>()) {
      Value same = equals(constantExpr(value, nullptr), base.list->items[0]);
      if (name == "name" && same.isKnown() && same.boolean)
        return textValue(member);
    }
    return fail("member of enum '" + base.text + "' has no '" + name + "'");
  }
  if (base.is(Value::Kind::Tuple) && !base.text.empty()) {
    const ClassInfo *info = program.findClass(base.text);
    for (size_t i = 0; info && i < info->def->members.size(); ++i)
      if (info->def->members[i].name == name && i < base.list->items.size())
        return base.list->items[i];
  }
  return fail("'" + name + "' of " + torch::toString(*typeOf(base)) + " cannot be read");
}

Value Evaluator::evalIndex(const Expr *e, Frame &f) {
  Value base = eval(e->items[0], f);
  if (halted())
    return {};
  locate(f, e);
  if (e->is(Expr::Kind::Slice)) {
    if (!base.is(Value::Kind::Tuple))
      return fail("slices " + torch::toString(*typeOf(base)));
    int64_t n = int64_t(base.list->items.size()), bounds[2] = {0, n};
    for (int k = 0; k < 2; ++k) {
      if (!e->items[1 + k])
        continue;
      auto v = needInt(eval(e->items[1 + k], f), "a bound of a slice");
      if (!v)
        return {};
      bounds[k] = std::clamp<int64_t>(*v < 0 ? *v + n : *v, 0, n);
    }
    std::vector<Value> part;
    for (int64_t i = bounds[0]; i < bounds[1]; ++i)
      part.push_back(base.list->items[i]);
    Value v = tupleValue(std::move(part));
    return weigh(v.list) ? v : Value();
  }
  Value index = eval(e->items[1], f);
  if (halted())
    return {};
  if (!base.is(Value::Kind::Tuple))
    return op("aten::__getitem__", {base, index}, {});
  int64_t n = int64_t(base.list->items.size());
  auto i = needInt(index, "the index of a tuple");
  if (!i)
    return {};
  if (*i < -n || *i >= n)
    return fail("index " + Twine(*i) + " of a tuple of " + Twine(n));
  return base.list->items[*i < 0 ? *i + n : *i];
}

//===-- Calls --------------------------------------------------------------===//

bool Evaluator::evalArgs(const Expr *call, Frame &f, std::vector<Value> &args,
                         std::vector<std::pair<std::string, Value>> &keywords) {
  for (size_t i = 1; i < call->items.size(); ++i)
    args.push_back(eval(call->items[i], f));
  for (auto &[key, value] : call->keywords)
    keywords.push_back({key, eval(value, f)});
  locate(f, call);
  return !halted();
}

Value Evaluator::evalCall(const Expr *e, Frame &f, TypeRef hint) {
  const Expr *callee = e->items[0];
  if (callee->is(Expr::Kind::Name) && !f.env.count(callee->text))
    return callBuiltin(e, f);
  std::string name = Program::dotted(callee);
  if (!name.empty() && !f.env.count(name.substr(0, name.find('.'))))
    return callGlobal(e, name, f);
  std::vector<Value> args;
  std::vector<std::pair<std::string, Value>> keywords;
  if (callee->is(Expr::Kind::Select)) {
    Value base = eval(callee->items[0], f);
    if (halted() || !evalArgs(e, f, args, keywords))
      return {};
    if (base.is(Value::Kind::Object) && base.object->type->methods.count(callee->text))
      return callMethod(base, callee->text, std::move(args), std::move(keywords));
    if (base.is(Value::Kind::Opaque)) {
      args.insert(args.begin(), base);
      return op("custom::" + callee->text, std::move(args), std::move(keywords));
    }
    if (!base.is(Value::Kind::Object))
      return fail("calls '" + callee->text + "' of " + torch::toString(*typeOf(base)));
  }
  Value v = eval(callee, f);
  if (halted() || (args.empty() && !evalArgs(e, f, args, keywords)))
    return {};
  if (!v.is(Value::Kind::Function))
    return fail("calls " + torch::toString(*typeOf(v)));
  return call(*v.function, std::move(args), std::move(keywords));
}

Value Evaluator::newObject(const std::string &cls) {
  const ClassInfo *info = program.findClass(cls);
  if (!info)
    return fail("there is no class '" + cls + "'");
  Value v;
  v.kind = Value::Kind::Object;
  v.object = std::make_shared<ObjectData>();
  v.object->type = info;
  objects.push_back(v.object);
  return v;
}

Value Evaluator::callGlobal(const Expr *e, const std::string &name, Frame &f) {
  StringRef n(name);
  if (n.starts_with("torch."))
    return callOp(e, "aten::" + n.drop_front(6).str(), f);
  if (n.starts_with("ops.")) {
    auto [ns, op] = n.drop_front(4).split('.');
    return callOp(e, (ns + "::" + op).str(), f);
  }
  if (!n.starts_with("__torch__."))
    return fail("there is no function '" + name + "'");
  if (n.ends_with(".__new__"))
    return newObject(n.drop_back(8).str());
  std::vector<Value> args;
  std::vector<std::pair<std::string, Value>> keywords;
  if (!evalArgs(e, f, args, keywords))
    return {};
  if (const Function *fn = program.findFunction(name))
    return call(*fn, std::move(args), std::move(keywords));
  const ClassInfo *info = program.findClass(name);
  if (!info || info->def->base != ClassDef::Base::NamedTuple)
    return fail("there is no function '" + name + "'");
  if (args.size() != info->def->members.size())
    return fail("'" + name + "' has " + Twine(info->def->members.size()) + " fields but is given " +
                Twine(args.size()));
  Value v = tupleValue(std::move(args));
  v.text = name;
  return v;
}

Value Evaluator::callOp(const Expr *e, const std::string &name, Frame &f) {
  std::vector<Value> args;
  std::vector<std::pair<std::string, Value>> keywords;
  if (!evalArgs(e, f, args, keywords))
    return {};
  // Traces hold Python numbers as 0-dim constants; torch gives these four ops the
  // number itself, which counts less in type promotion.
  bool takesNumber = name == "aten::add" || name == "aten::sub" || name == "aten::mul" || name == "aten::div";
  if (takesNumber && args.size() >= 2 && args[0].isTensor() && args[1].isTensor() &&
      StringRef(Program::dotted(e->items[2])).starts_with("CONSTANTS.c")) {
    Value v = args[1];
    if (mlir::Value t = read(v); t && g.rank(t) == 0)
      args[1] = item(v, Type::Kind::Number);
  }
  return op(name, std::move(args), std::move(keywords));
}

Value Evaluator::annotate(const Expr *e, Frame &f) {
  TypeRef type = program.typeOf(e->items[1]);
  const Expr *inner = e->items[2];
  if (!type)
    return fail("");
  bool toList = inner->is(Expr::Kind::Call) && inner->items[0]->is(Expr::Kind::Select) &&
                inner->items[0]->text == "tolist" && inner->items.size() == 1;
  if (toList) {
    Value t = eval(inner->items[0]->items[0], f);
    return halted() ? Value() : withType(op("prim::tolist", {t}, {}), type);
  }
  Value v = eval(inner, f, type);
  bool isNumber = type->is(Type::Kind::Int) || type->is(Type::Kind::Float) || type->is(Type::Kind::Number);
  if (v.isTensor() && isNumber)
    return item(v, type->kind);
  return withType(std::move(v), type);
}

Value Evaluator::isInstance(const Expr *e, Frame &f) {
  Value v = eval(e->items[1], f);
  if (halted())
    return {};
  const Expr *types = e->items[2];
  std::vector<const Expr *> list{types};
  if (types->is(Expr::Kind::Tuple))
    list = types->items;
  TypeRef actual = typeOf(v);
  for (const Expr *t : list) {
    if (!t)
      return fail("isinstance lacks a type");
    TypeRef wanted = program.typeOf(t);
    if (!wanted)
      return fail("");
    if (torch::isSubtype(actual, wanted))
      return valueOf(true);
  }
  return valueOf(false);
}

Value Evaluator::callBuiltin(const Expr *e, Frame &f) {
  const std::string &name = e->items[0]->text;
  size_t count = e->items.size() - 1;
  bool hasType = name == "annotate" || name == "unchecked_cast" || name == "isinstance" || name == "getattr";
  if (count < (hasType ? 2u : name == "print" ? 0u : 1u))
    return fail("'" + name + "' lacks arguments");
  locate(f, e);
  if (name == "annotate")
    return annotate(e, f);
  if (name == "unchecked_cast")
    return eval(e->items[2], f);
  if (name == "uninitialized")
    return textValue("", Value::Kind::Unset);
  if (name == "isinstance")
    return isInstance(e, f);
  if (name == "getattr")
    return attribute(eval(e->items[1], f), e->items[2]->text);
  std::vector<Value> args;
  std::vector<std::pair<std::string, Value>> keywords;
  if (!evalArgs(e, f, args, keywords) || name == "print")
    return {};
  const Value &x = args[0];
  if (name == "int")
    return x.isTensor() ? item(x, Type::Kind::Int) : toInt(x);
  if (name == "float")
    return x.isTensor() ? item(x, Type::Kind::Float) : toFloat(x);
  if (name == "bool")
    return x.isTensor() ? item(x, Type::Kind::Bool) : toBool(x);
  if (name == "str")
    return text(format(x));
  if (name == "sorted")
    return op("aten::sorted", std::move(args), {});
  if (name == "fork") {
    if (!x.is(Value::Kind::Function))
      return fail("forks what is no function");
    if (!x.captured)
      return call(*x.function, std::vector<Value>(args.begin() + 1, args.end()));
    Frame inner;
    if (!spend(x.captured->env.size()))
      return {};
    inner.function = x.function, inner.path = f.path, inner.env = x.captured->env;
    frames.push_back(std::move(inner));
    frames.back().function = f.function; // of the same file, for messages
    run(x.function->body, frames.back());
    Value result = std::move(frames.back().result);
    frames.pop_back();
    return result;
  }
  return fail("there is no function '" + name + "'");
}

} // namespace wick::compiler::torchscript
