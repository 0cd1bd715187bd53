// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls of operators: the overload, its arguments with defaults and implicit
// conversions, and who computes it: the host, or the shared dispatch of tensor ops.
//
#include "compiler/frontend/torchscript/Evaluator.h"
#include "compiler/frontend/torchscript/Resolve.h"

using namespace mlir;
namespace wick::compiler::torchscript {

using torch::SchemaArg;
using torch::SchemaDefault;
using torch::Type;

static Value fromDefault(GraphBuilder &g, const SchemaDefault &d) {
  switch (d.kind) {
  case SchemaDefault::Kind::None:
    return {};
  case SchemaDefault::Kind::Bool:
    return valueOf(d.boolean);
  case SchemaDefault::Kind::Int:
    return valueOf(g.expr(d.integer));
  case SchemaDefault::Kind::Double:
    return valueOf(d.number);
  case SchemaDefault::Kind::String:
    return textValue(d.string);
  case SchemaDefault::Kind::List: {
    std::vector<Value> items;
    for (const SchemaDefault &x : d.list)
      items.push_back(fromDefault(g, x));
    return listValue(std::move(items));
  }
  }
  return {};
}

Value Evaluator::defaultOf(const SchemaArg &arg) {
  Value v = fromDefault(g, *arg.defaultValue);
  const TypeRef &t = arg.type->is(Type::Kind::Optional) ? arg.type->args[0] : arg.type;
  if (v.is(Value::Kind::Int) && t->is(Type::Kind::Float))
    return toFloat(v);
  if (v.is(Value::Kind::Int) && arg.fixedSize) // int[2] stride=1
    return adapt(std::move(v), arg);
  return v;
}

/// A matched argument as the schema wants it: items of tensors, strings as devices,
/// one number for a list of fixed length, tuples as lists.
Value Evaluator::adapt(Value v, const SchemaArg &arg) {
  const TypeRef &t = arg.type->is(Type::Kind::Optional) ? arg.type->args[0] : arg.type;
  switch (t->kind) {
  case Type::Kind::Int:
  case Type::Kind::Float:
  case Type::Kind::Number:
    return v.isTensor() ? item(v, t->kind) : v;
  case Type::Kind::Device:
    if (v.is(Value::Kind::Str))
      v.kind = Value::Kind::Device;
    return v;
  case Type::Kind::List:
    if (v.is(Value::Kind::Tuple))
      return listValue(v.list->items);
    if ((v.is(Value::Kind::Int) || v.is(Value::Kind::Float)) && arg.fixedSize)
      return listValue(std::vector<Value>(size_t(arg.fixedSize), v));
    if (v.is(Value::Kind::List) && t->args[0]->is(Type::Kind::Int) &&
        llvm::any_of(v.list->items, [](const Value &x) { return x.isTensor(); })) {
      std::vector<Value> items;
      for (const Value &x : v.list->items)
        items.push_back(x.isTensor() ? item(x, Type::Kind::Int) : x);
      return listValue(std::move(items));
    }
    return v;
  default:
    return v;
  }
}

Value Evaluator::op(const std::string &name, std::vector<Value> args,
                    std::vector<std::pair<std::string, Value>> keywords) {
  if (halted())
    return {};
  // Structural ops whose schemas say nothing, and names without a schema.
  HostFn host = findHostOp(name);
  bool isWait = name == "aten::wait"; // a future is the value itself
  if (isWait || torch::findSchemas(name).empty()) {
    if (host && !args.empty()) {
      static const Schema none;
      args.resize(std::max<size_t>(args.size(), 4)); // no schema has counted them
      return host(*this, none, args);
    }
    noteUnsupported(name, "this op is not known");
    return makeTensor({});
  }
  CallTypes types;
  for (const Value &v : args)
    types.args.push_back(typeOf(v));
  for (auto &[key, v] : keywords)
    types.keywords.push_back({key, typeOf(v)});
  if (halted())
    return {};
  Resolution r = resolve(name, types);
  if (!r.schema) {
    std::string text;
    for (const TypeRef &t : types.args)
      text += (text.empty() ? "" : ", ") + torch::toString(*t);
    for (auto &[key, t] : types.keywords)
      text += (text.empty() ? "" : ", ") + key + "=" + torch::toString(*t);
    return fail("no overload of '" + name + "' takes (" + text + ")", name);
  }
  const Schema &s = *r.schema;
  std::vector<Value> full;
  using Source = Resolution::Source::Kind;
  for (size_t i = 0; i < s.args.size(); ++i) {
    const auto &source = r.sources[i];
    if (source.kind == Source::Default) {
      full.push_back(defaultOf(s.args[i]));
    } else if (source.kind == Source::Rest) {
      full.push_back(listValue(std::vector<Value>(args.begin() + source.index, args.end())));
    } else {
      Value &v = source.kind == Source::Position ? args[source.index] : keywords[source.index].second;
      full.push_back(adapt(std::move(v), s.args[i]));
    }
    if (halted())
      return {};
  }
  if (s.varArgs)
    full.insert(full.end(), args.begin() + r.varArgs, args.end());
  bool givesTensor = llvm::any_of(s.results, [](const torch::SchemaResult &x) {
    return x.type->is(Type::Kind::Tensor) || (x.type->is(Type::Kind::List) && x.type->args[0]->is(Type::Kind::Tensor));
  });
  bool takesTensor = llvm::any_of(full, [&](const Value &v) { return holdsTensor(v); });
  if (halted())
    return {};
  // Lists and dicts of anything are the host's: aten::add.t, aten::slice.t.
  const Type *first = s.args.empty() ? nullptr : s.args[0].type.get();
  bool isContainer =
      first && (first->is(Type::Kind::Dict) || (first->is(Type::Kind::List) && first->args[0]->is(Type::Kind::Var)));
  if (host && (isAlwaysHost(name) || isContainer || (!takesTensor && !givesTensor)))
    return host(*this, s, full);
  if (!takesTensor && !givesTensor) {
    bool isOpaque = llvm::any_of(full, [](const Value &v) { return v.is(Value::Kind::Opaque); });
    if (!isOpaque)
      return fail("'" + s.fullName() + "' on " + format(full.empty() ? Value() : full[0]) +
                      " is not evaluated when importing",
                  name);
  }
  return tensorOp(s, full);
}

} // namespace wick::compiler::torchscript
