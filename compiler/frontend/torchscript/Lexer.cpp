// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Lexer.h.
//
#include "compiler/frontend/torchscript/Lexer.h"

namespace wick::compiler::torchscript {

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isWord(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || isDigit(c); }

namespace {
class Lexer {
public:
  Lexer(std::string_view source, SyntaxError &error) : s(source), error(error) {}

  std::vector<Token> run() {
    while (at < s.size() && error.message.empty())
      if (lineStart && brackets.empty())
        indentation();
      else
        token();
    if (!lineStart && error.message.empty())
      push(Token::Kind::NewLine, 0);
    if (!brackets.empty() && error.message.empty())
      error = {brackets.back(), "a bracket is not closed"};
    for (size_t i = 1; i < indents.size(); ++i)
      push(Token::Kind::Dedent, 0);
    push(Token::Kind::End, 0);
    return std::move(out);
  }

private:
  void fail(const char *why) {
    if (error.message.empty())
      error = {line, why};
  }
  void push(Token::Kind kind, size_t length) {
    out.push_back({kind, line, uint32_t(at), s.substr(at, length)});
    at += length;
  }
  void newLine() {
    ++at, ++line;
    lineStart = true;
  }

  /// At the start of a line outside brackets: blank and comment lines have no say.
  void indentation() {
    size_t end = at;
    while (end < s.size() && s[end] == ' ')
      ++end;
    if (end == s.size())
      return void(at = end);
    if (s[end] == '\r' && end + 1 < s.size() && s[end + 1] == '\n')
      ++end;
    if (s[end] == '\n') {
      at = end;
      return newLine();
    }
    if (s[end] == '#') {
      at = s.find('\n', end);
      at = at == s.npos ? s.size() : at;
      return at < s.size() ? newLine() : void();
    }
    size_t width = end - at;
    at = end;
    lineStart = false;
    if (width > indents.back()) {
      if (indents.size() > 500)
        return fail("blocks are nested more than 500 deep");
      indents.push_back(width);
      return push(Token::Kind::Indent, 0);
    }
    for (; width < indents.back(); indents.pop_back())
      push(Token::Kind::Dedent, 0);
    if (width != indents.back())
      fail("indentation matches no outer block");
  }

  void token() {
    char c = s[at];
    if (c == ' ' || c == '\r')
      return void(++at);
    if (c == '\n') {
      if (brackets.empty())
        push(Token::Kind::NewLine, 0);
      return newLine();
    }
    lineStart = false;
    if (c == '#') {
      at = s.find('\n', at);
      return void(at = at == s.npos ? s.size() : at);
    }
    if (isDigit(c) || (c == '.' && at + 1 < s.size() && isDigit(s[at + 1])))
      return number();
    if (isWord(c)) {
      size_t end = at;
      while (end < s.size() && isWord(s[end]))
        ++end;
      return push(Token::Kind::Name, end - at);
    }
    if (c == '"' || c == '\'')
      return string(c);
    if (c == '-' && at + 1 < s.size() && s[at + 1] == '>')
      return push(Token::Kind::Op, 2);
    if (std::string_view("([{").find(c) != std::string_view::npos)
      brackets.push_back(line);
    else if (std::string_view(")]}").find(c) != std::string_view::npos)
      brackets.empty() ? fail("a bracket closes that was not opened") : brackets.pop_back();
    else if (std::string_view(",:.=-+").find(c) == std::string_view::npos)
      return fail("this character has no meaning here");
    push(Token::Kind::Op, 1);
  }

  void number() {
    size_t end = at;
    auto digits = [&] {
      while (end < s.size() && isDigit(s[end]))
        ++end;
    };
    digits();
    if (end < s.size() && s[end] == '.')
      ++end, digits();
    if (end < s.size() && (s[end] == 'e' || s[end] == 'E')) {
      size_t mark = end++;
      if (end < s.size() && (s[end] == '+' || s[end] == '-'))
        ++end;
      if (end < s.size() && isDigit(s[end]))
        digits();
      else
        end = mark;
    }
    if (end < s.size() && s[end] == 'j')
      ++end;
    push(Token::Kind::Number, end - at);
  }

  void string(char quote) {
    size_t end = at + 1;
    while (end < s.size() && s[end] != quote && s[end] != '\n')
      end += s[end] == '\\' ? 2 : 1;
    if (end >= s.size() || s[end] != quote)
      return fail("a string is not closed");
    push(Token::Kind::String, end + 1 - at);
  }

  std::string_view s;
  SyntaxError &error;
  std::vector<Token> out;
  std::vector<size_t> indents{0};
  size_t at = 0;
  uint32_t line = 1;
  std::vector<uint32_t> brackets; ///< lines where those open now were opened
  bool lineStart = true;
};
} // namespace

std::vector<Token> tokenize(std::string_view source, SyntaxError &error) {
  if (source.size() > (size_t(64) << 20)) {
    error = {1, "the file is longer than 64 MiB"};
    source = {};
  }
  return Lexer(source, error).run();
}

std::string unquote(std::string_view token) {
  static constexpr std::string_view from = "abfnrtv", to = "\a\b\f\n\r\t\v";
  std::string out;
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    if (token[i] != '\\' || i + 2 >= token.size()) {
      out += token[i];
      continue;
    }
    char c = token[++i];
    if (size_t k = from.find(c); k != from.npos) {
      out += to[k];
    } else if (c >= '0' && c <= '7') {
      unsigned v = 0;
      for (int n = 0; n < 3 && i + 1 < token.size() && token[i] >= '0' && token[i] <= '7'; ++n, ++i)
        v = v * 8 + unsigned(token[i] - '0');
      --i;
      out += char(v);
    } else {
      out += c; // \\ \' \" and whatever else stands for itself
    }
  }
  return out;
}

} // namespace wick::compiler::torchscript
