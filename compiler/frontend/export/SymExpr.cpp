// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recursive descent over calls: Name(argument, ...), numbers, quoted names, and
// keyword arguments, which are skipped.
//
#include "compiler/frontend/export/SymExpr.h"

using namespace mlir;
namespace wick::compiler {

static constexpr int maxDepth = 100, maxArgs = 100;

namespace {
class SymParser {
public:
  SymParser(GraphBuilder &g, StringRef text, const std::function<AffineExpr(StringRef)> &symbol)
      : g(g), rest(text), symbol(symbol) {}

  AffineExpr parse(int depth = 0) {
    rest = rest.ltrim();
    if (depth > maxDepth)
      return fail("an expression is nested too deep");
    if (rest.empty())
      return fail("an expression ends too early");
    if (rest[0] == '-' || llvm::isDigit(rest[0])) {
      int64_t v;
      return rest.consumeInteger(10, v) ? fail("a number is out of range") : g.expr(v);
    }
    StringRef name = rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; });
    rest = rest.drop_front(name.size()).ltrim();
    if (name.empty() || !rest.consume_front("("))
      return fail("expected a function at '" + rest.take_front(20).str() + "'");
    if (name == "Symbol")
      return parseSymbol();
    Exprs args;
    while (!(rest = rest.ltrim()).consume_front(")")) {
      if (!args.empty() && !rest.consume_front(","))
        return fail("expected ',' at '" + rest.take_front(20).str() + "'");
      args.push_back(parse(depth + 1));
      if (!args.back())
        return {};
      if (args.size() > maxArgs)
        return fail("an expression has more than " + std::to_string(maxArgs) + " parts");
    }
    return apply(name.rsplit('.').second.empty() ? name : name.rsplit('.').second, args);
  }
  bool atEnd() { return rest.trim().empty(); }
  std::string error;

private:
  AffineExpr fail(const std::string &why) {
    if (error.empty())
      error = why;
    return {};
  }

  AffineExpr parseSymbol() {
    char quote = rest.empty() ? 0 : rest[0];
    size_t end = quote == '\'' || quote == '"' ? rest.find(quote, 1) : StringRef::npos;
    if (end == StringRef::npos)
      return fail("a symbol without a name");
    StringRef name = rest.slice(1, end);
    size_t close = rest.find(')', end);
    if (close == StringRef::npos)
      return fail("an expression ends too early");
    rest = rest.drop_front(close + 1);
    AffineExpr e = symbol(name);
    return e ? e : fail("size '" + name.str() + "' is not known here");
  }

  AffineExpr apply(StringRef name, const Exprs &a) {
    if (name == "Integer" && a.size() == 1)
      return a[0];
    bool isMin = name == "Min", isMax = name == "Max";
    if ((name == "Add" || name == "Mul" || isMin || isMax) && !a.empty()) {
      AffineExpr e = a[0];
      for (AffineExpr x : ArrayRef(a).drop_front())
        e = isMin ? g.symbols.min(e, x) : isMax ? g.symbols.max(e, x) : name == "Add" ? e + x : e * x;
      return g.simplify(e);
    }
    if (name == "Pow" && a.size() == 2)
      if (auto n = graph::constantOf(a[1]); n && *n >= 0 && *n <= 8) {
        AffineExpr e = g.expr(1);
        for (int64_t i = 0; i < *n; ++i)
          e = e * a[0];
        return g.simplify(e);
      }
    if ((name == "FloorDiv" || name == "CleanDiv") && a.size() == 2)
      return g.floorDiv(a[0], a[1]);
    if (name == "CeilDiv" && a.size() == 2)
      return g.ceilDiv(a[0], a[1]);
    if ((name == "Mod" || name == "PythonMod") && a.size() == 2)
      return g.simplify(a[0] - g.floorDiv(a[0], a[1]) * a[1]);
    return fail("there is no reading of " + name.str() + " with " + std::to_string(a.size()) + " arguments in sizes");
  }

  GraphBuilder &g;
  StringRef rest;
  const std::function<AffineExpr(StringRef)> &symbol;
};
} // namespace

AffineExpr parseSymExpr(GraphBuilder &g, StringRef text, const std::function<AffineExpr(StringRef)> &symbol,
                        std::string &error) {
  SymParser parser(g, text, symbol);
  AffineExpr e = parser.parse();
  if (e && !parser.atEnd())
    parser.error = "more text after an expression";
  error = parser.error;
  return error.empty() ? e : AffineExpr();
}

StringRef symbolName(StringRef text) {
  text = text.trim();
  if (!text.consume_front("Symbol('"))
    return {};
  auto [name, after] = text.split('\'');
  return after.find('(') == StringRef::npos && after.count(')') == 1 ? name : StringRef();
}

} // namespace wick::compiler
