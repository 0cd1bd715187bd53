// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Resolve.h. The rules are those of TorchScript's schema matching.
//
#include "compiler/frontend/torchscript/Resolve.h"

#include <map>

namespace wick::compiler::torchscript {

using torch::SchemaArg;
using torch::Type;
using torch::TypeEnv;
using Kind = Type::Kind;

/// Overloads that TorchScript's own library of functions adds to the operators'.
static llvm::ArrayRef<Schema> builtinFunctions(llvm::StringRef name) {
  static const std::map<std::string, std::vector<Schema>> table = [] {
    std::map<std::string, std::vector<Schema>> m;
    std::string error;
    auto add = [&](const std::string &line) {
      if (auto s = torch::parseSchema(line, error))
        m[s->name].push_back(*s);
    };
    for (const char *op : {"mul", "add", "ne", "eq", "lt", "le", "gt", "ge", "sub", "div"})
      for (const char *number : {"float", "int"})
        add("aten::" + std::string(op) + ".reversed(" + number + " a, Tensor b) -> Tensor");
    add("aten::floordiv.number(Tensor self, Scalar other) -> Tensor");
    add("aten::floordiv.Tensor(Tensor self, Tensor other) -> Tensor");
    return m;
  }();
  auto it = table.find(name.str());
  return it == table.end() ? llvm::ArrayRef<Schema>() : llvm::ArrayRef<Schema>(it->second);
}

static TypeRef withoutOptional(const TypeRef &t) { return t->is(Kind::Optional) ? t->args[0] : t; }

/// A tuple whose elements all fit counts as a list.
static bool fitsList(const TypeRef &t, const TypeRef &list) {
  if (!list->is(Kind::List))
    return false;
  if (torch::isSubtype(t, list))
    return true;
  if (!t->is(Kind::Tuple))
    return false;
  for (const TypeRef &x : t->args)
    if (!torch::isSubtype(x, list->args[0]))
      return false;
  return true;
}

static TypeRef convert(const TypeRef &formal, TypeRef actual, bool implicit) {
  if (formal->is(Kind::Optional) && !actual->is(Kind::Optional) && !actual->is(Kind::None))
    return convert(formal->args[0], actual, implicit);
  if (actual->is(Kind::Tuple)) {
    TypeRef target = withoutOptional(formal);
    if (fitsList(actual, target))
      return target;
    if (target->is(Kind::Tuple) && target->args.size() == actual->args.size()) {
      std::vector<TypeRef> parts;
      for (size_t i = 0; i < target->args.size(); ++i)
        parts.push_back(convert(target->args[i], actual->args[i], implicit));
      return torch::makeType(Kind::Tuple, std::move(parts));
    }
  }
  if (!implicit)
    return actual;
  bool isNumber =
      formal->is(Kind::Float) || formal->is(Kind::Complex) || formal->is(Kind::Int) || formal->is(Kind::Number);
  if (actual->is(Kind::Tensor) && isNumber)
    return formal;
  if (actual->is(Kind::Number) && isNumber)
    return formal;
  if (actual->is(Kind::Str) && formal->is(Kind::Device))
    return formal;
  return actual;
}

static bool matchType(const TypeRef &formal, int64_t fixedSize, TypeRef actual, bool implicit, TypeEnv &env) {
  TypeRef list = withoutOptional(formal);
  if ((actual->is(Kind::Int) || actual->is(Kind::Float)) && fixedSize && list->is(Kind::List) &&
      list->args[0]->is(actual->kind))
    actual = list;
  if (!torch::bindVariables(formal, actual, env))
    return false;
  TypeRef concrete = torch::substitute(formal, env);
  return concrete && torch::isSubtype(convert(concrete, actual, implicit), concrete);
}

static bool matchSchema(const Schema &s, const CallTypes &call, bool implicit, Resolution &r) {
  using Source = Resolution::Source;
  if (s.name == "aten::view" && s.overload == "dtype")
    return false; // an int is a size there
  TypeEnv env;
  size_t used = 0;
  std::vector<bool> keywordUsed(call.keywords.size());
  r.sources.clear();
  for (size_t i = 0; i < s.args.size(); ++i) {
    const SchemaArg &a = s.args[i];
    Source source;
    TypeRef actual;
    if (!a.keywordOnly && used < call.args.size()) {
      bool isLast = i + 1 == s.args.size() || s.args[i + 1].keywordOnly;
      actual = call.args[used];
      bool takesRest = implicit && isLast && a.type->is(Kind::List) && !a.type->args[0]->is(Kind::Var) &&
                       !a.fixedSize && !actual->is(Kind::List) && !fitsList(actual, a.type);
      if (takesRest) {
        for (size_t k = used; k < call.args.size(); ++k)
          if (!matchType(a.type->args[0], 0, call.args[k], implicit, env))
            return false;
        r.sources.push_back({Source::Kind::Rest, used});
        used = call.args.size();
        continue;
      }
      source = {Source::Kind::Position, used++};
    } else {
      size_t k = 0;
      auto isNamed = [&](const std::string &key) {
        return key == a.name || (key == "input" && a.name == "self" && llvm::StringRef(s.name).starts_with("aten::"));
      };
      while (k < call.keywords.size() && (keywordUsed[k] || !isNamed(call.keywords[k].first)))
        ++k;
      if (k < call.keywords.size()) {
        keywordUsed[k] = true;
        actual = call.keywords[k].second;
        source = {Source::Kind::Keyword, k};
      } else if (!a.defaultValue) {
        return false;
      }
    }
    if (actual && !matchType(a.type, a.fixedSize, actual, implicit, env))
      return false;
    r.sources.push_back(source);
  }
  r.varArgs = used;
  for (bool u : keywordUsed)
    if (!u)
      return false;
  return s.varArgs || used == call.args.size();
}

Resolution resolve(llvm::StringRef name, const CallTypes &call) {
  Resolution r;
  llvm::ArrayRef<Schema> lists[2] = {torch::findSchemas(name), builtinFunctions(name)};
  size_t count = lists[0].size() + lists[1].size();
  for (bool implicit : {false, true}) {
    if (count == 1 && !implicit)
      continue;
    for (llvm::ArrayRef<Schema> list : lists)
      for (const Schema &s : list)
        if (matchSchema(s, call, implicit, r)) {
          r.schema = &s;
          return r;
        }
  }
  r.sources.clear();
  return r;
}

} // namespace wick::compiler::torchscript
