// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Type.h.
//
#include "compiler/frontend/torch/Type.h"

#include <array>
#include <utility>

namespace wick::compiler::torch {

using Kind = Type::Kind;

TypeRef makeType(Kind kind, std::vector<TypeRef> args, std::string name) {
  return std::make_shared<const Type>(Type{kind, std::move(name), std::move(args)});
}

TypeRef makeOptional(TypeRef t) {
  if (t->is(Kind::Optional) || t->is(Kind::None) || t->is(Kind::Any))
    return t;
  return makeType(Kind::Optional, {std::move(t)});
}

static const std::array<std::pair<const char *, Kind>, 20> scalarNames = {{
    {"Tensor", Kind::Tensor},  {"AnyTensor", Kind::Tensor}, {"int", Kind::Int},          {"SymInt", Kind::Int},
    {"ScalarType", Kind::Int}, {"Layout", Kind::Int},       {"MemoryFormat", Kind::Int}, {"QScheme", Kind::Int},
    {"float", Kind::Float},    {"complex", Kind::Complex},  {"number", Kind::Number},    {"Scalar", Kind::Number},
    {"bool", Kind::Bool},      {"SymBool", Kind::Bool},     {"str", Kind::Str},          {"Dimname", Kind::Str},
    {"NoneType", Kind::None},  {"Device", Kind::Device},    {"Any", Kind::Any},          {"AnyEnumType", Kind::AnyEnum},
}};

TypeRef scalarType(const std::string &name) {
  static const std::map<std::string, TypeRef> types = [] {
    std::map<std::string, TypeRef> m;
    for (auto [text, kind] : scalarNames)
      m[text] = makeType(kind);
    return m;
  }();
  auto it = types.find(name);
  return it == types.end() ? nullptr : it->second;
}

bool equal(const Type &a, const Type &b) {
  if (&a == &b)
    return true;
  if (a.kind != b.kind || a.name != b.name)
    return false;
  if (a.is(Kind::NamedTuple))
    return true; // the name tells
  if (a.args.size() != b.args.size())
    return false;
  for (size_t i = 0; i < a.args.size(); ++i)
    if (!equal(*a.args[i], *b.args[i]))
      return false;
  return true;
}

static bool anyOf(const std::vector<TypeRef> &ts, auto &&test) {
  for (const TypeRef &t : ts)
    if (test(t))
      return true;
  return false;
}

bool isSubtype(const TypeRef &a, const TypeRef &b) {
  if (b->is(Kind::Any) || equal(*a, *b))
    return true;
  switch (b->kind) {
  case Kind::Optional:
    if (a->is(Kind::None))
      return true;
    return isSubtype(a->is(Kind::Optional) ? a->args[0] : a, b->args[0]);
  case Kind::Number:
    return a->is(Kind::Int) || a->is(Kind::Float) || a->is(Kind::Complex);
  case Kind::Union:
    if (a->is(Kind::Union))
      return !anyOf(a->args, [&](const TypeRef &t) { return !isSubtype(t, b); });
    if (a->is(Kind::Optional))
      return isSubtype(a->args[0], b) && isSubtype(scalarType("NoneType"), b);
    return anyOf(b->args, [&](const TypeRef &t) { return isSubtype(a, t); });
  case Kind::Tuple:
    if ((!a->is(Kind::Tuple) && !a->is(Kind::NamedTuple)) || a->args.size() != b->args.size())
      return false;
    for (size_t i = 0; i < a->args.size(); ++i)
      if (!isSubtype(a->args[i], b->args[i]))
        return false;
    return true;
  case Kind::AnyEnum:
    return a->is(Kind::Enum);
  case Kind::Interface:
    return a->is(Kind::Class) || a->is(Kind::Interface);
  case Kind::Future:
    return a->is(Kind::Future) && isSubtype(a->args[0], b->args[0]);
  default:
    return false;
  }
}

TypeRef unify(const TypeRef &a, const TypeRef &b) {
  if (isSubtype(a, b))
    return b;
  if (isSubtype(b, a))
    return a;
  if (a->is(Kind::None))
    return makeOptional(b);
  if (b->is(Kind::None))
    return makeOptional(a);
  if (a->is(Kind::Optional) || b->is(Kind::Optional)) {
    TypeRef t = unify(a->is(Kind::Optional) ? a->args[0] : a, b->is(Kind::Optional) ? b->args[0] : b);
    return t ? makeOptional(t) : nullptr;
  }
  if (!a->is(Kind::Tuple) || !b->is(Kind::Tuple) || a->args.size() != b->args.size())
    return nullptr;
  std::vector<TypeRef> parts;
  for (size_t i = 0; i < a->args.size(); ++i) {
    parts.push_back(unify(a->args[i], b->args[i]));
    if (!parts.back())
      return nullptr;
  }
  return makeType(Kind::Tuple, std::move(parts));
}

bool hasVariables(const Type &t) {
  return t.is(Kind::Var) || anyOf(t.args, [](const TypeRef &x) { return hasVariables(*x); });
}

std::string toString(const Type &t) {
  static const std::map<Kind, const char *> heads = {
      {Kind::List, "List"},   {Kind::Dict, "Dict"},     {Kind::Tuple, "Tuple"},        {Kind::Optional, "Optional"},
      {Kind::Union, "Union"}, {Kind::Future, "Future"}, {Kind::AnyEnum, "AnyEnumType"}};
  if (auto it = heads.find(t.kind); it != heads.end()) {
    if (t.is(Kind::AnyEnum))
      return it->second;
    std::string text = it->second + std::string("[");
    if (t.args.empty())
      text += "()";
    for (size_t i = 0; i < t.args.size(); ++i)
      text += (i ? ", " : "") + toString(*t.args[i]);
    return text + "]";
  }
  if (!t.name.empty())
    return t.name;
  for (auto [text, kind] : scalarNames)
    if (kind == t.kind)
      return text;
  return "?";
}

bool bindVariables(const TypeRef &formal, const TypeRef &actual, TypeEnv &env) {
  if (formal->is(Kind::Var)) {
    TypeRef &bound = env[formal->name];
    bound = bound ? unify(bound, actual) : actual;
    return bound != nullptr;
  }
  if (!hasVariables(*formal))
    return true;
  switch (formal->kind) {
  case Kind::List: {
    if (actual->is(Kind::List))
      return bindVariables(formal->args[0], actual->args[0], env);
    if (!actual->is(Kind::Tuple) || actual->args.empty())
      return false;
    TypeRef all = actual->args[0];
    for (const TypeRef &t : actual->args)
      if (!(all = unify(all, t)))
        return false;
    return bindVariables(formal->args[0], all, env);
  }
  case Kind::Optional:
    if (actual->is(Kind::None))
      return true;
    return bindVariables(formal->args[0], actual->is(Kind::Optional) ? actual->args[0] : actual, env);
  default:
    if (actual->kind != formal->kind || actual->args.size() != formal->args.size())
      return false;
    for (size_t i = 0; i < formal->args.size(); ++i)
      if (!bindVariables(formal->args[i], actual->args[i], env))
        return false;
    return true;
  }
}

TypeRef substitute(const TypeRef &t, const TypeEnv &env) {
  if (t->is(Kind::Var)) {
    auto it = env.find(t->name);
    return it == env.end() ? nullptr : it->second;
  }
  if (!hasVariables(*t))
    return t;
  std::vector<TypeRef> args;
  for (const TypeRef &x : t->args) {
    args.push_back(substitute(x, env));
    if (!args.back())
      return nullptr;
  }
  return makeType(t->kind, std::move(args), t->name);
}

} // namespace wick::compiler::torch
