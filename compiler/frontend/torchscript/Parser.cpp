// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Parser.h. Recursive descent; after an error the cursor stands at the end of
// the file, so that every loop ends, and what was built is thrown away.
//
#include "compiler/frontend/torchscript/Parser.h"

#include "llvm/ADT/StringRef.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wick::compiler::torchscript {

std::string SourceFile::line(uint32_t number) const {
  size_t begin = 0;
  for (uint32_t i = 1; i < number && begin < text.size(); ++i) {
    begin = text.find('\n', begin);
    if (begin == text.npos)
      return "";
    ++begin;
  }
  return llvm::StringRef(text).substr(begin).take_until([](char c) { return c == '\n'; }).trim().str();
}

/// The words that torch's reader takes for keywords, also after a dot: found by saving and loading modules with
/// children of these names. Python has more (`lambda`, `try`), which torch reads as names.
static bool isKeyword(std::string_view word) {
  static constexpr std::string_view words[] = {"Ellipsis", "False", "None",   "NoneType", "True",   "and",   "as",
                                               "assert",   "break", "class",  "continue", "def",    "del",   "elif",
                                               "else",     "for",   "global", "if",       "import", "in",    "is",
                                               "not",      "or",    "pass",   "raise",    "return", "while", "with"};
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

namespace {
class Parser {
public:
  Parser(SourceFile &file, unsigned maxDepth, SyntaxError &error, bool keywordNames = false)
      : file(file), error(error), maxDepth(maxDepth), keywordNames(keywordNames), tokens(tokenize(file.text, error)) {
    if (!error.message.empty())
      at = tokens.size() - 1;
  }
  void run();
  const Expr *type() {
    const Expr *e = expr();
    if (cur().kind == Token::Kind::NewLine)
      ++at;
    if (cur().kind != Token::Kind::End)
      fail("the end");
    return e;
  }

private:
  const Token &cur() const { return tokens[at]; }
  const Token &next() { return tokens[at + 1 < tokens.size() ? at++ : at]; }
  bool accept(std::string_view op) {
    if (cur().kind == Token::Kind::String || !cur().is(op))
      return false;
    next();
    return true;
  }
  void fail(const std::string &expected) {
    if (error.message.empty()) {
      const Token &t = cur();
      std::string found = t.kind == Token::Kind::NewLine  ? "the end of the line"
                          : t.kind == Token::Kind::End    ? "the end of the file"
                          : t.kind == Token::Kind::Indent ? "an indented line"
                          : t.kind == Token::Kind::Dedent ? "the end of the block"
                                                          : "'" + std::string(t.text) + "'";
      error = {t.line, "expected " + expected + " but found " + found};
    }
    at = tokens.size() - 1;
  }
  void expect(std::string_view op) {
    if (!accept(op))
      fail("'" + std::string(op) + "'");
  }
  std::string name() {
    if (cur().kind != Token::Kind::Name)
      return fail("a name"), "";
    return std::string(next().text);
  }
  std::string attributeName() {
    if (!keywordNames && cur().kind == Token::Kind::Name && isKeyword(cur().text)) {
      std::string word(cur().text);
      if (error.message.empty())
        error = {cur().line, "the name of attribute '" + word + "' is a keyword; torch itself cannot load this archive",
                 "rename the attribute before saving, or pass --accept-keyword-names to import it all the same"};
      at = tokens.size() - 1;
      return word;
    }
    return name();
  }
  void endLine() {
    if (cur().kind != Token::Kind::NewLine)
      return fail("the end of the line");
    next();
  }
  Expr *make(Expr::Kind kind, const Token &t) {
    Expr &e = file.exprs.emplace_back();
    e.kind = kind, e.line = t.line, e.offset = t.offset;
    return &e;
  }
  Stmt *make(Stmt::Kind kind, const Token &t) {
    Stmt &s = file.stmts.emplace_back();
    s.kind = kind, s.line = t.line, s.offset = t.offset;
    return &s;
  }
  void tooDeep() { fail("at most " + std::to_string(maxDepth) + " levels of nesting (--max-nesting)"); }
  /// Sets the height of an expression whose parts are complete. Chains (a.b.c(x)(y)) grow without nesting.
  Expr *measured(Expr *e) {
    auto take = [&](const Expr *part) { e->height = std::max(e->height, part ? part->height + 1 : 0); };
    for (const Expr *part : e->items)
      take(part);
    for (const Expr *part : e->values)
      take(part);
    for (auto &[key, part] : e->keywords)
      take(part);
    if (e->height > maxDepth)
      tooDeep();
    return e;
  }
  /// Counts nesting while it lives.
  struct Nested {
    explicit Nested(Parser &p) : p(p) {
      if (++p.depth > p.maxDepth)
        p.tooDeep();
    }
    ~Nested() { --p.depth; }
    Parser &p;
  };

  const Expr *expr();
  const Expr *atom();
  const Expr *number(bool negative);
  const Expr *trailers(const Expr *e);
  const Expr *call(const Expr *callee, const Token &t);
  const Expr *subscript(const Expr *base, const Token &t);
  std::vector<const Expr *> list(std::string_view close);
  std::vector<const Expr *> exprs(bool &trailingComma);
  const Stmt *stmt();
  const Stmt *assign();
  std::vector<const Stmt *> block();
  const Function *function();
  const ClassDef *classDef();
  void member(ClassDef &c);

  SourceFile &file;
  SyntaxError &error;
  unsigned maxDepth;
  bool keywordNames;
  std::vector<Token> tokens;
  size_t at = 0;
  unsigned depth = 0;
};
} // namespace

//===-- Expressions --------------------------------------------------------===//

const Expr *Parser::number(bool negative) {
  const Token &t = next();
  llvm::StringRef text(t.text.data(), t.text.size());
  bool imaginary = text.consume_back("j");
  int64_t whole = 0;
  double value = 0;
  std::string signedText = (negative ? "-" : "") + text.str();
  if (!imaginary && !llvm::StringRef(signedText).getAsInteger(10, whole)) {
    Expr *e = make(Expr::Kind::Int, t);
    e->integer = whole;
    return e;
  }
  if (llvm::StringRef(signedText).getAsDouble(value))
    return fail("a number"), make(Expr::Kind::None, t);
  Expr *e = make(imaginary ? Expr::Kind::Complex : Expr::Kind::Float, t);
  (imaginary ? e->imaginary : e->number) = value;
  return e;
}

const Expr *Parser::expr() {
  Nested nested(*this);
  return trailers(atom());
}

const Expr *Parser::atom() {
  const Token t = cur();
  if (accept("-")) {
    if (cur().kind == Token::Kind::Number)
      return number(true);
    Expr *e = make(Expr::Kind::Float, t);
    std::string word = name();
    e->number = word == "inf" ? -std::numeric_limits<double>::infinity() : std::nan("");
    if (word != "inf" && word != "nan")
      fail("a number");
    return e;
  }
  if (t.kind == Token::Kind::Number) {
    const Expr *e = number(false);
    bool hasImaginary = (cur().is("+") || cur().is("-")) && at + 1 < tokens.size() &&
                        tokens[at + 1].kind == Token::Kind::Number && tokens[at + 1].text.ends_with('j');
    if (!hasImaginary)
      return e;
    bool negative = next().is("-");
    const Expr *im = number(negative);
    Expr *c = make(Expr::Kind::Complex, t);
    c->number = e->is(Expr::Kind::Int) ? double(e->integer) : e->number;
    c->imaginary = im->imaginary;
    return c;
  }
  if (t.kind == Token::Kind::String) {
    Expr *e = make(Expr::Kind::Str, t);
    while (cur().kind == Token::Kind::String)
      e->text += unquote(next().text);
    return e;
  }
  if (accept("(")) {
    if (accept(")"))
      return make(Expr::Kind::Tuple, t);
    const Expr *first = expr();
    if (accept(")"))
      return first;
    Expr *e = make(Expr::Kind::Tuple, t);
    e->items.push_back(first);
    while (accept(",") && !cur().is(")"))
      e->items.push_back(expr());
    expect(")");
    return measured(e);
  }
  if (accept("[")) {
    Expr *e = make(Expr::Kind::List, t);
    e->items = list("]");
    return measured(e);
  }
  if (accept("{")) {
    Expr *e = make(Expr::Kind::Dict, t);
    while (!cur().is("}") && cur().kind != Token::Kind::End) {
      e->items.push_back(expr());
      expect(":");
      e->values.push_back(expr());
      if (!accept(","))
        break;
    }
    expect("}");
    return measured(e);
  }
  if (t.kind != Token::Kind::Name)
    return fail("an expression"), make(Expr::Kind::None, t);
  next();
  if (t.text == "None")
    return make(Expr::Kind::None, t);
  if (t.text == "True" || t.text == "False") {
    Expr *e = make(Expr::Kind::Bool, t);
    e->integer = t.text == "True";
    return e;
  }
  Expr *e = make(Expr::Kind::Name, t);
  e->text = std::string(t.text);
  return e;
}

std::vector<const Expr *> Parser::list(std::string_view close) {
  std::vector<const Expr *> items;
  while (!cur().is(close) && cur().kind != Token::Kind::End) {
    items.push_back(expr());
    if (!accept(","))
      break;
  }
  expect(close);
  return items;
}

const Expr *Parser::call(const Expr *callee, const Token &t) {
  Expr *e = make(Expr::Kind::Call, t);
  e->items.push_back(callee);
  while (!cur().is(")") && cur().kind != Token::Kind::End) {
    if (cur().kind == Token::Kind::Name && tokens[at + 1].is("=")) {
      std::string key = name();
      next();
      e->keywords.push_back({key, expr()});
    } else {
      e->items.push_back(expr());
    }
    if (!accept(","))
      break;
  }
  expect(")");
  return measured(e);
}

const Expr *Parser::subscript(const Expr *base, const Token &t) {
  Expr *e = make(Expr::Kind::Index, t);
  e->items.push_back(base);
  if (!cur().is(":"))
    e->items.push_back(expr());
  else
    e->items.push_back(nullptr);
  if (accept(":")) {
    e->kind = Expr::Kind::Slice;
    e->items.push_back(cur().is("]") ? nullptr : expr());
  }
  while (accept(",") && !cur().is("]"))
    e->items.push_back(expr());
  expect("]");
  return measured(e);
}

const Expr *Parser::trailers(const Expr *e) {
  for (;;) {
    const Token t = cur();
    if (t.kind == Token::Kind::String || t.kind == Token::Kind::Name) {
      return e;
    }
    if (accept(".")) {
      Expr *s = make(Expr::Kind::Select, t);
      s->items.push_back(e);
      s->text = attributeName();
      e = measured(s);
    } else if (accept("(")) {
      e = call(e, t);
    } else if (accept("[")) {
      e = subscript(e, t);
    } else {
      return e;
    }
  }
}

std::vector<const Expr *> Parser::exprs(bool &trailingComma) {
  std::vector<const Expr *> items{expr()};
  trailingComma = false;
  while (accept(",")) {
    if (cur().is("=") || cur().kind == Token::Kind::NewLine) {
      trailingComma = true;
      break;
    }
    items.push_back(expr());
  }
  return items;
}

//===-- Statements ---------------------------------------------------------===//

std::vector<const Stmt *> Parser::block() {
  Nested nested(*this);
  std::vector<const Stmt *> body;
  expect(":");
  endLine();
  if (cur().kind != Token::Kind::Indent)
    return fail("an indented block"), body;
  next();
  while (cur().kind != Token::Kind::Dedent && cur().kind != Token::Kind::End)
    body.push_back(stmt());
  if (cur().kind == Token::Kind::Dedent)
    next();
  return body;
}

const Stmt *Parser::stmt() {
  const Token t = cur();
  auto keyword = [&](std::string_view word) { return t.kind == Token::Kind::Name && accept(word); };
  bool comma;
  if (keyword("return")) {
    Stmt *s = make(Stmt::Kind::Return, t);
    if (cur().kind != Token::Kind::NewLine) {
      auto items = exprs(comma);
      s->value = items[0];
      if (items.size() > 1 || comma) {
        Expr *tuple = make(Expr::Kind::Tuple, t);
        tuple->items = items;
        s->value = tuple;
      }
    }
    return endLine(), s;
  }
  if (keyword("pass"))
    return endLine(), make(Stmt::Kind::Pass, t);
  if (keyword("if")) {
    Stmt *s = make(Stmt::Kind::If, t);
    s->value = expr();
    s->body = block();
    if (accept("else"))
      s->orElse = block();
    return s;
  }
  if (keyword("while")) {
    Stmt *s = make(Stmt::Kind::While, t);
    s->value = expr();
    s->body = block();
    return s;
  }
  if (keyword("for")) {
    Stmt *s = make(Stmt::Kind::For, t);
    s->name = name();
    expect("in");
    expect("range");
    expect("(");
    s->value = expr();
    expect(")");
    s->body = block();
    return s;
  }
  if (keyword("with")) {
    Stmt *s = make(Stmt::Kind::With, t);
    s->value = expr();
    if (accept("as"))
      s->name = name();
    s->body = block();
    return s;
  }
  if (t.is("def")) {
    Stmt *s = make(Stmt::Kind::Def, t);
    s->function = function();
    s->name = s->function->name;
    return s;
  }
  return assign();
}

const Stmt *Parser::assign() {
  const Token t = cur();
  bool comma, other;
  auto left = exprs(comma);
  if (left.size() == 1 && !comma && cur().kind == Token::Kind::NewLine) {
    Stmt *s = make(Stmt::Kind::Expr, t);
    s->value = left[0];
    return endLine(), s;
  }
  Stmt *s = make(Stmt::Kind::Assign, t);
  s->targets = left;
  if (accept(":"))
    s->type = expr();
  expect("=");
  s->values = exprs(other);
  s->unpack = (left.size() > 1 || comma) && s->values.size() == 1;
  endLine();
  bool isStore = left.size() == 1 && !comma && left[0]->is(Expr::Kind::Select);
  for (const Expr *e : left)
    if (!e->is(Expr::Kind::Name) && !isStore && error.message.empty())
      error = {t.line, "can only assign to names and attributes"};
  if (!s->unpack && s->values.size() != left.size() && error.message.empty())
    error = {t.line, "assigns " + std::to_string(s->values.size()) + " values to " + std::to_string(left.size())};
  return s;
}

const Function *Parser::function() {
  Nested nested(*this);
  Function &f = file.functionArena.emplace_back();
  f.line = cur().line, f.file = &file;
  expect("def");
  f.name = name();
  expect("(");
  while (!cur().is(")") && cur().kind != Token::Kind::End) {
    Parameter p;
    p.name = name();
    if (accept(":"))
      p.type = expr();
    if (accept("="))
      p.defaultValue = expr();
    f.parameters.push_back(std::move(p));
    if (!accept(","))
      break;
  }
  expect(")");
  if (accept("->"))
    f.result = expr();
  f.body = block();
  return &f;
}

void Parser::member(ClassDef &c) {
  if (accept("pass"))
    return endLine();
  if (cur().is("def"))
    return c.methods.push_back(function());
  ClassDef::Member m;
  bool isKey = cur().is("__annotations__") && tokens[at + 1].is("[");
  if (isKey) { // __annotations__["0"] = T
    next(), next();
    if (cur().kind != Token::Kind::String)
      return fail("a string");
    m.name = unquote(next().text);
    expect("]");
    expect("=");
    m.type = expr();
  } else {
    m.name = attributeName();
    if (accept(":")) {
      m.type = expr();
      if (accept("="))
        m.value = expr();
    } else {
      expect("=");
      m.value = expr();
    }
  }
  endLine();
  bool isMeta = !isKey && !m.type && llvm::StringRef(m.name).starts_with("__");
  if (!isMeta) // __parameters__, __buffers__, hooks
    c.members.push_back(std::move(m));
}

const ClassDef *Parser::classDef() {
  ClassDef &c = file.classArena.emplace_back();
  c.line = cur().line;
  expect("class");
  c.name = name();
  if (accept("(")) {
    std::string base = name();
    c.base = base == "Module"                                   ? ClassDef::Base::Module
             : base == "NamedTuple"                             ? ClassDef::Base::NamedTuple
             : base == "Enum"                                   ? ClassDef::Base::Enum
             : base == "Interface" || base == "ModuleInterface" ? ClassDef::Base::Interface
                                                                : ClassDef::Base::None;
    if (c.base == ClassDef::Base::None)
      fail("Module, NamedTuple, Enum or Interface");
    expect(")");
  }
  expect(":");
  endLine();
  if (cur().kind != Token::Kind::Indent)
    return fail("an indented block"), &c;
  next();
  while (cur().kind != Token::Kind::Dedent && cur().kind != Token::Kind::End)
    member(c);
  if (cur().kind == Token::Kind::Dedent)
    next();
  return &c;
}

void Parser::run() {
  while (cur().kind != Token::Kind::End) {
    if (cur().is("class")) {
      file.classes.push_back(classDef());
    } else if (cur().is("def")) {
      file.functions.push_back(function());
    } else if (cur().is("import") || cur().is("op_version_set")) { // archives of old versions
      while (cur().kind != Token::Kind::NewLine && cur().kind != Token::Kind::End)
        next();
      endLine();
    } else {
      fail("'class' or 'def'");
    }
  }
}

std::unique_ptr<SourceFile> parseFile(std::string path, std::string text, unsigned maxNesting, SyntaxError &error,
                                      bool keywordNames) {
  auto file = std::make_unique<SourceFile>();
  file->path = std::move(path);
  file->text = std::move(text);
  Parser(*file, maxNesting, error, keywordNames).run();
  return error.message.empty() ? std::move(file) : nullptr;
}

const Expr *parseType(SourceFile &file, unsigned maxNesting, SyntaxError &error) {
  const Expr *e = Parser(file, maxNesting, error).type();
  return error.message.empty() ? e : nullptr;
}

} // namespace wick::compiler::torchscript
