// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recursive descent with a depth limit; UTF-8 is passed through.
//
#include "tools/support/Json.h"

#include "runtime/format/Manifest.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace wick::tools {

namespace {
class Parser {
public:
  Parser(std::string_view text, std::string &error) : text(text), error(error) {}

  bool run(Json &value) {
    if (!parseValue(value, 0))
      return false;
    skipSpace();
    return at == text.size() || fail("text after the value");
  }

private:
  bool fail(const char *what) {
    error = "JSON, offset " + std::to_string(at) + ": " + what;
    return false;
  }
  void skipSpace() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
      ++at;
  }
  bool accept(char c) {
    skipSpace();
    if (at >= text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }
  bool acceptWord(std::string_view word) {
    if (text.substr(at, word.size()) != word)
      return false;
    at += word.size();
    return true;
  }
  bool parseValue(Json &value, int depth);
  bool parseString(std::string &out);
  bool parseEscape(std::string &out);
  bool parseHex(uint32_t &code);

  std::string_view text;
  std::string &error;
  size_t at = 0;
};
} // namespace

static void appendUtf8(std::string &out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  out += static_cast<char>((0xff00 >> (more + 1) & 0xff) | c >> (6 * more));
  while (more--)
    out += static_cast<char>(0x80 | (c >> (6 * more) & 0x3f));
}

bool Parser::parseHex(uint32_t &code) {
  code = 0;
  for (int i = 0; i < 4; ++i, ++at) {
    char c = at < text.size() ? text[at] : ' ';
    int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (digit < 0)
      return fail("bad \\u escape");
    code = code * 16 + static_cast<uint32_t>(digit);
  }
  return true;
}

bool Parser::parseEscape(std::string &out) {
  char c = at < text.size() ? text[at++] : ' ';
  static constexpr char kFrom[] = "\"\\/bfnrt", kTo[] = "\"\\/\b\f\n\r\t";
  for (size_t i = 0; i + 1 < sizeof(kFrom); ++i)
    if (kFrom[i] == c) {
      out += kTo[i];
      return true;
    }
  uint32_t code, low;
  if (c != 'u')
    return fail("bad escape");
  if (!parseHex(code))
    return false;
  if (code >= 0xd800 && code < 0xdc00 && acceptWord("\\u")) {
    if (!parseHex(low))
      return false;
    code = 0x10000 + ((code - 0xd800) << 10) + ((low - 0xdc00) & 0x3ff);
  }
  appendUtf8(out, code);
  return true;
}

bool Parser::parseString(std::string &out) {
  while (at < text.size() && text[at] != '"') {
    char c = text[at++];
    if (c != '\\')
      out += c;
    else if (!parseEscape(out))
      return false;
  }
  return at < text.size() ? (++at, true) : fail("string without end");
}

bool Parser::parseValue(Json &value, int depth) {
  skipSpace();
  if (depth > 64 || at >= text.size())
    return fail(depth > 64 ? "nested too deeply" : "value missing");
  if (accept('{')) {
    value = Json::object();
    if (accept('}'))
      return true;
    do {
      Json member;
      std::string key;
      if (!accept('"'))
        return fail("member name missing");
      if (!parseString(key))
        return false;
      if (!accept(':'))
        return fail("':' missing");
      if (!parseValue(member, depth + 1))
        return false;
      value.add(std::move(key), std::move(member));
    } while (accept(','));
    return accept('}') || fail("'}' missing");
  }
  if (accept('[')) {
    value = Json::array();
    if (accept(']'))
      return true;
    do {
      value.items.emplace_back();
      if (!parseValue(value.items.back(), depth + 1))
        return false;
    } while (accept(','));
    return accept(']') || fail("']' missing");
  }
  if (accept('"')) {
    value = Json(std::string());
    return parseString(value.text);
  }
  if (acceptWord("null"))
    return value = Json(), true;
  if (acceptWord("true"))
    return value = Json(true), true;
  if (acceptWord("false"))
    return value = Json(false), true;
  size_t end = at;
  while (end < text.size() && std::string_view("+-.0123456789eE").find(text[end]) != std::string_view::npos)
    ++end;
  if (end == at)
    return fail("unknown value");
  value = Json(int64_t(0));
  value.text = text.substr(at, end - at);
  at = end;
  return true;
}

Json::Json(double value) {
  if (!std::isfinite(value))
    return;
  char buffer[40];
  std::snprintf(buffer, sizeof(buffer), "%.9g", value);
  kind = Kind::Number;
  text = buffer;
}

bool Json::parse(std::string_view text, Json &value, std::string &error) { return Parser(text, error).run(value); }

const Json &Json::operator[](std::string_view key) const {
  static const Json null;
  for (const auto &[name, value] : members)
    if (name == key)
      return value;
  return null;
}

int64_t Json::asInt(int64_t otherwise) const {
  return kind == Kind::Number ? std::strtoll(text.c_str(), nullptr, 10) : otherwise;
}

double Json::asDouble() const { return kind == Kind::Number ? std::strtod(text.c_str(), nullptr) : 0; }

void Json::print(std::string &out, bool indent, int level) const {
  auto newLine = [&](int depth) {
    if (indent)
      out += "\n" + std::string(2 * static_cast<size_t>(depth), ' ');
  };
  switch (kind) {
  case Kind::Null:
    out += "null";
    return;
  case Kind::Bool:
    out += flag ? "true" : "false";
    return;
  case Kind::Number:
    out += text;
    return;
  case Kind::String:
    out += format::jsonQuote(text);
    return;
  case Kind::Array: // on one line: dims are the common case
    out += "[";
    for (size_t i = 0; i < items.size(); ++i) {
      out += i ? ", " : "";
      items[i].print(out, indent, level + 1);
    }
    out += "]";
    return;
  case Kind::Object:
    out += "{";
    for (size_t i = 0; i < members.size(); ++i) {
      out += i ? "," : "";
      newLine(level + 1);
      out += format::jsonQuote(members[i].first) + ": ";
      members[i].second.print(out, indent, level + 1);
    }
    newLine(level);
    out += "}";
  }
}

std::string Json::print(bool indent) const {
  std::string out;
  print(out, indent, 0);
  return out;
}

} // namespace wick::tools
