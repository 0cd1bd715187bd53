// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Program.h.
//
#include "compiler/frontend/torchscript/Program.h"

#include "compiler/frontend/torchscript/Parser.h"

#include "llvm/ADT/ScopeExit.h"

#include <algorithm>

namespace wick::compiler::torchscript {

using torch::makeType;
using torch::Type;
using torch::TypeRef;

std::string Program::dotted(const Expr *e) {
  if (e->is(Expr::Kind::Name))
    return e->text;
  if (!e->is(Expr::Kind::Select))
    return "";
  std::string base = dotted(e->items[0]);
  return base.empty() ? base : base + "." + e->text;
}

const SourceFile *Program::load(const std::string &module) {
  auto [it, isNew] = files.try_emplace(module);
  if (!isNew)
    return it->second.get();
  std::string path = "code/" + module + ".py";
  std::replace(path.begin() + 5, path.end() - 3, '.', '/');
  auto text = read(path);
  if (!text)
    return nullptr;
  SyntaxError problem;
  auto source = std::make_unique<SourceFile>();
  source->text = *text;
  auto file = parseFile(path, std::move(*text), maxNesting, problem, keywordNames);
  if (!file) {
    if (!error)
      error =
          Problem{path + ":" + std::to_string(problem.line), problem.message, source->line(problem.line), problem.hint};
    return nullptr;
  }
  it->second = std::move(file);
  const SourceFile *f = it->second.get();
  for (const Function *fn : f->functions)
    functions[module + "." + fn->name] = fn;
  return f;
}

const Function *Program::findFunction(const std::string &qualified) {
  size_t dot = qualified.rfind('.');
  if (dot == qualified.npos)
    return nullptr;
  load(qualified.substr(0, dot));
  auto it = functions.find(qualified);
  return it == functions.end() ? nullptr : it->second;
}

static void tooDeep(std::optional<Program::Problem> &error, const std::string &what) {
  if (!error)
    error = Program::Problem{"'" + what + "'", "types are nested too deep (--max-nesting)", "", ""};
}

unsigned Program::heightOf(const Type &t) const {
  if (t.is(Type::Kind::NamedTuple)) {
    auto it = classes.find(t.name);
    return it == classes.end() || !it->second ? 1 : it->second->height;
  }
  unsigned height = 1;
  for (const TypeRef &arg : t.args)
    height = std::max(height, heightOf(*arg) + 1);
  return height;
}

const ClassInfo *Program::findClass(const std::string &qualified) {
  auto [it, isNew] = classes.try_emplace(qualified);
  if (!isNew)
    return it->second.get();
  size_t dot = qualified.rfind('.');
  const SourceFile *file = dot == qualified.npos ? nullptr : load(qualified.substr(0, dot));
  const ClassDef *def = nullptr;
  for (const ClassDef *c : file ? file->classes : std::vector<const ClassDef *>())
    if (c->name == qualified.substr(dot + 1))
      def = c;
  if (!def)
    return nullptr;
  classes[qualified] = std::make_unique<ClassInfo>();
  ClassInfo &info = *classes[qualified];
  info.name = qualified, info.def = def, info.file = file;
  using Base = ClassDef::Base;
  Type::Kind kind = def->base == Base::NamedTuple  ? Type::Kind::NamedTuple
                    : def->base == Base::Enum      ? Type::Kind::Enum
                    : def->base == Base::Interface ? Type::Kind::Interface
                                                   : Type::Kind::Class;
  info.type = makeType(kind, {}, qualified); // members may name the class itself
  for (const Function *m : def->methods)
    info.methods[m->name] = m;
  std::vector<TypeRef> fields;
  ++nesting;
  auto leave = llvm::scope_exit([&] { --nesting; });
  for (const ClassDef::Member &m : def->members) {
    if (m.value)
      info.constants[m.name] = m.value;
    if (!m.type)
      continue;
    TypeRef t = typeOf(m.type);
    if (!t)
      return &info;
    info.attributes[m.name] = t;
    info.height = std::max(info.height, heightOf(*t) + 1);
    fields.push_back(t);
  }
  if (kind == Type::Kind::NamedTuple && info.height > maxNesting)
    tooDeep(error, qualified);
  else if (kind == Type::Kind::NamedTuple)
    info.type = makeType(kind, std::move(fields), qualified);
  return &info;
}

TypeRef Program::typeOf(const Expr *e) {
  auto fail = [&](const std::string &what) -> TypeRef {
    if (!error)
      error = Problem{"line " + std::to_string(e->line), "'" + what + "' is not a type", "", ""};
    return nullptr;
  };
  if (nesting > maxNesting)
    return tooDeep(error, dotted(e)), nullptr;
  if (e->is(Expr::Kind::None))
    return torch::scalarType("NoneType");
  std::string name = dotted(e);
  if (!name.empty()) {
    if (TypeRef t = torch::scalarType(name))
      return t;
    if (name.rfind("__torch__.", 0) != 0)
      return makeType(Type::Kind::Other, {}, name);
    if (const ClassInfo *info = findClass(name))
      return info->type;
    return makeType(Type::Kind::Class, {}, name); // a custom C++ class
  }
  if (!e->is(Expr::Kind::Index))
    return fail("this expression");
  std::string head = dotted(e->items[0]);
  std::vector<TypeRef> args;
  bool isEmptyTuple = e->items.size() == 2 && e->items[1] && e->items[1]->is(Expr::Kind::Tuple);
  for (size_t i = 1; i < e->items.size() && !isEmptyTuple; ++i) {
    args.push_back(e->items[i] ? typeOf(e->items[i]) : nullptr);
    if (!args.back())
      return nullptr;
  }
  auto need = [&](size_t n) { return args.size() == n; };
  if (head == "List" && need(1))
    return makeType(Type::Kind::List, args);
  if (head == "Dict" && need(2))
    return makeType(Type::Kind::Dict, args);
  if (head == "Optional" && need(1))
    return torch::makeOptional(args[0]);
  if (head == "Tuple")
    return makeType(Type::Kind::Tuple, args);
  if (head == "Final" && need(1))
    return args[0];
  if ((head == "Future" || head == "Await") && need(1))
    return makeType(Type::Kind::Future, args);
  if (head == "Union" && need(2) && (args[0]->is(Type::Kind::None) || args[1]->is(Type::Kind::None)))
    return torch::makeOptional(args[args[0]->is(Type::Kind::None) ? 1 : 0]);
  if (head == "Union" && !args.empty())
    return makeType(Type::Kind::Union, args);
  return fail(head + "[...]");
}

TypeRef Program::typeOf(const std::string &text) {
  auto [it, isNew] = typeTexts.try_emplace(text);
  if (!isNew)
    return it->second;
  auto file = std::make_unique<SourceFile>();
  file->path = "data.pkl", file->text = text;
  SyntaxError problem;
  const Expr *e = parseType(*file, maxNesting, problem);
  typeFiles.push_back(std::move(file));
  if (!e && !error)
    error = Problem{"data.pkl", "'" + text + "' is not a type: " + problem.message, "", ""};
  TypeRef t = e ? typeOf(e) : nullptr;
  typeTexts[text] = t;
  return t;
}

std::string Program::methodNames(const ClassInfo &info) {
  std::string names;
  for (const Function *m : info.def->methods)
    if (m->name.rfind("__", 0) != 0)
      names += (names.empty() ? "'" : ", '") + m->name + "'";
  return names.empty() ? "none" : names;
}

} // namespace wick::compiler::torchscript
