// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Schema.h. The notation is torch's own: `Tensor(a!)`, `int[2]`, `Tensor?[]`,
// `Dict(str, t)`, `(str, t)[]`, type variables in lower case.
//
#include "compiler/frontend/torch/Schema.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"

#include <algorithm>

using llvm::StringRef;
namespace wick::compiler::torch {

static const char *const schemaLines[] = {
#include "compiler/frontend/torch/Schemas.inc"
};

int Schema::find(StringRef argName) const {
  for (size_t i = 0; i < args.size(); ++i)
    if (args[i].name == argName)
      return int(i);
  return -1;
}

bool Schema::writes() const {
  return std::any_of(args.begin(), args.end(), [](const SchemaArg &a) { return a.isWritten(); });
}

bool Schema::returnsAlias() const {
  return std::any_of(results.begin(), results.end(), [](const SchemaResult &r) {
    return r.type->is(Type::Kind::Tensor) && !r.alias.empty() && r.alias.find('!') == std::string::npos &&
           r.alias != "*";
  });
}

namespace {
/// Types nest by brackets only; the table's own depth is 3.
constexpr int maxDepth = 16;

class Parser {
public:
  explicit Parser(StringRef text) : all(text), rest(text) {}
  std::optional<Schema> schema();
  std::string error;

private:
  bool accept(StringRef token) {
    skip();
    return rest.consume_front(token);
  }
  void skip() { rest = rest.ltrim(' '); }
  bool fail(StringRef what) {
    if (error.empty())
      error = ("expected " + llvm::Twine(what) + " at column " + llvm::Twine(all.size() - rest.size() + 1)).str();
    return false;
  }
  bool atWord() {
    skip();
    return !rest.empty() && (llvm::isAlpha(rest[0]) || rest[0] == '_');
  }
  std::string word() {
    skip();
    StringRef w = rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    rest = rest.drop_front(w.size());
    if (w.empty())
      fail("a name");
    return w.str();
  }
  bool alias(std::string &out);
  bool baseType(TypeRef &t, std::string &name, int depth);
  bool type(TypeRef &t, int64_t &fixed, std::string &aliasOut, std::string &name, int depth);
  bool defaultValue(SchemaDefault &d, int depth);
  bool argument(SchemaArg &a);
  bool results(Schema &s);

  StringRef all, rest;
};
} // namespace

/// `(a)`, `(a!)`, `(a -> *)`, `(a|b)`, `(*)`; nothing where no alias stands.
bool Parser::alias(std::string &out) {
  if (!rest.starts_with("("))
    return true;
  size_t end = rest.find(')');
  if (end == StringRef::npos)
    return fail("')'");
  StringRef body = rest.substr(1, end - 1);
  if (body.empty() || body.find_first_not_of("abcdefghijklmnopqrstuvwxyz!*|-> ") != StringRef::npos)
    return true;
  out = body.str();
  rest = rest.drop_front(end + 1);
  return true;
}

bool Parser::baseType(TypeRef &t, std::string &name, int depth) {
  std::string none;
  int64_t noSize;
  if (depth > maxDepth)
    return fail("less nesting");
  std::vector<TypeRef> parts;
  auto list = [&] {
    while (!accept(")")) {
      TypeRef part;
      if (!type(part, noSize, none, name, depth + 1))
        return false;
      parts.push_back(part);
      if (atWord())
        (void)word(); // the name of a part
      if (!accept(",") && !rest.starts_with(")"))
        return fail("',' or ')'");
    }
    return true;
  };
  if (accept("(")) {
    if (!list())
      return false;
    t = makeType(Type::Kind::Tuple, std::move(parts));
    return true;
  }
  std::string n = word();
  if (n.empty())
    return false;
  if (n == "__torch__")
    while (rest.consume_front("."))
      n += "." + word();
  auto kind = llvm::StringSwitch<std::optional<Type::Kind>>(n)
                  .Case("Dict", Type::Kind::Dict)
                  .Case("Future", Type::Kind::Future)
                  .Case("Optional", Type::Kind::Optional)
                  .Case("Tuple", Type::Kind::Tuple)
                  .Case("List", Type::Kind::List)
                  .Default(std::nullopt);
  if (kind && accept("(")) {
    if (!list())
      return false;
    size_t expected = *kind == Type::Kind::Dict ? 2 : 1;
    if (*kind != Type::Kind::Tuple && parts.size() != expected)
      return fail("another number of element types");
    t = makeType(*kind, std::move(parts));
    return true;
  }
  name = n;
  if ((t = scalarType(n)))
    return true;
  if (StringRef(n).starts_with("__torch__"))
    t = makeType(Type::Kind::Class, {}, n);
  else if (llvm::isLower(n[0]))
    t = makeType(Type::Kind::Var, {}, n);
  else
    t = makeType(Type::Kind::Other, {}, n);
  return true;
}

bool Parser::type(TypeRef &t, int64_t &fixed, std::string &aliasOut, std::string &name, int depth) {
  fixed = 0;
  if (!baseType(t, name, depth) || !alias(aliasOut))
    return false;
  for (int suffixes = 0;; ++suffixes) {
    if (suffixes > maxDepth)
      return fail("fewer '[]' and '?'");
    if (rest.consume_front("?")) {
      t = makeOptional(t);
    } else if (rest.consume_front("[")) {
      fixed = 0;
      if (!rest.starts_with("]") && rest.consumeInteger(10, fixed))
        return fail("a size");
      if (!rest.consume_front("]"))
        return fail("']'");
      t = makeType(Type::Kind::List, {t});
      if (!alias(aliasOut))
        return false;
    } else {
      return true;
    }
  }
}

bool Parser::defaultValue(SchemaDefault &d, int depth) {
  using K = SchemaDefault::Kind;
  skip();
  if (depth > maxDepth)
    return fail("less nesting");
  if (rest.consume_front("[")) {
    d.kind = K::List;
    while (!accept("]")) {
      if (!defaultValue(d.list.emplace_back(), depth + 1))
        return false;
      if (!accept(",") && !rest.starts_with("]"))
        return fail("',' or ']'");
    }
    return true;
  }
  if (rest.starts_with("\"") || rest.starts_with("'")) {
    char quote = rest[0];
    size_t end = rest.find(quote, 1);
    if (end == StringRef::npos)
      return fail("a closing quote");
    d.kind = K::String, d.string = rest.substr(1, end - 1).str();
    rest = rest.drop_front(end + 1);
    return true;
  }
  StringRef w =
      rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_' || c == '.' || c == '-' || c == '+'; });
  rest = rest.drop_front(w.size());
  if (w == "None")
    return true;
  if (w == "True" || w == "False") {
    d.kind = K::Bool, d.boolean = w == "True";
    return true;
  }
  static const std::pair<const char *, int64_t> codes[] = {
      {"Mean", 1}, {"Sum", 2},   {"contiguous_format", 0}, {"preserve_format", 1}, {"strided", 0},
      {"long", 4}, {"float", 6}, {"per_tensor_affine", 0}};
  d.kind = K::Int;
  for (auto [text, code] : codes)
    if (w == text) {
      d.integer = code;
      return true;
    }
  if (!w.getAsInteger(10, d.integer))
    return true;
  d.kind = K::Double;
  return w.getAsDouble(d.number) ? fail("a default value") : true;
}

bool Parser::argument(SchemaArg &a) {
  if (!type(a.type, a.fixedSize, a.alias, a.typeName, 0))
    return false;
  if (atWord())
    a.name = word();
  if (!accept("="))
    return true;
  a.defaultValue.emplace();
  return defaultValue(*a.defaultValue, 0);
}

bool Parser::results(Schema &s) {
  std::string name;
  int64_t fixed;
  if (accept("...")) {
    s.varResults = true;
    return true;
  }
  skip();
  if (!rest.starts_with("(")) {
    SchemaResult r;
    if (!type(r.type, fixed, r.alias, name, 0))
      return false;
    if (atWord())
      r.name = word();
    s.results.push_back(std::move(r));
    return true;
  }
  // `-> (A x, B)` is a list of results, `-> ((A, B)[])` a result that is a list of tuples.
  rest = rest.drop_front();
  while (!accept(")")) {
    if (accept("...")) {
      s.varResults = true;
      continue;
    }
    SchemaResult r;
    if (!type(r.type, fixed, r.alias, name, 0))
      return false;
    if (atWord())
      r.name = word();
    s.results.push_back(std::move(r));
    if (!accept(",") && !rest.starts_with(")"))
      return fail("',' or ')'");
  }
  return true;
}

std::optional<Schema> Parser::schema() {
  Schema s;
  s.text = all.str();
  s.name = word();
  if (!rest.consume_front("::"))
    return fail("'::'"), std::nullopt;
  s.name += "::" + word();
  if (rest.consume_front("."))
    s.overload = word();
  if (!accept("("))
    return fail("'('"), std::nullopt;
  bool keywordOnly = false;
  while (!accept(")")) {
    if (accept("...")) {
      s.varArgs = true;
    } else if (accept("*")) {
      keywordOnly = true;
    } else {
      SchemaArg a;
      a.keywordOnly = keywordOnly;
      if (!argument(a))
        return std::nullopt;
      s.args.push_back(std::move(a));
    }
    skip();
    if (!accept(",") && !rest.starts_with(")"))
      return fail("',' or ')'"), std::nullopt;
  }
  if (!accept("->"))
    return fail("'->'"), std::nullopt;
  if (!results(s))
    return std::nullopt;
  skip();
  if (!rest.empty())
    return fail("the end"), std::nullopt;
  return error.empty() ? std::optional(std::move(s)) : std::nullopt;
}

std::optional<Schema> parseSchema(StringRef line, std::string &error) {
  Parser p(line);
  auto s = p.schema();
  if (!s)
    error = p.error;
  return s;
}

static const llvm::StringMap<std::vector<Schema>> &table() {
  static const llvm::StringMap<std::vector<Schema>> all = [] {
    llvm::StringMap<std::vector<Schema>> m;
    std::string error;
    for (const char *line : schemaLines)
      if (auto s = parseSchema(line, error))
        m[s->name].push_back(std::move(*s));
    return m;
  }();
  return all;
}

llvm::ArrayRef<Schema> findSchemas(StringRef name) {
  auto it = table().find(name);
  return it == table().end() ? llvm::ArrayRef<Schema>() : llvm::ArrayRef<Schema>(it->second);
}

const Schema *findSchema(StringRef name, StringRef overload) {
  if (overload == "default")
    overload = "";
  for (const Schema &s : findSchemas(name))
    if (s.overload == overload)
      return &s;
  return nullptr;
}

size_t schemaTableSize() { return std::size(schemaLines); }

std::vector<StringRef> schemaNames() {
  std::vector<StringRef> names;
  for (const auto &entry : table())
    names.push_back(entry.first());
  std::sort(names.begin(), names.end());
  return names;
}

} // namespace wick::compiler::torch
