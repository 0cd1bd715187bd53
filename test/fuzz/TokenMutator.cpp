// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See TokenMutator.h.
//
#include "test/fuzz/TokenMutator.h"

#include <algorithm>
#include <cstring>
#include <random>

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

static const char *const odd[] = {"0",
                                  "1",
                                  "-1",
                                  "2",
                                  "3",
                                  "7",
                                  "-2",
                                  "64",
                                  "100",
                                  "-100",
                                  "65536",
                                  "1.5",
                                  "0.",
                                  "-0.5",
                                  "1e30",
                                  "None",
                                  "True",
                                  "[]",
                                  "[1, 1]",
                                  "[0, -1]",
                                  "\"\"",
                                  "\"x\"",
                                  "2147483648",
                                  "-2147483649",
                                  "4611686018427387904",
                                  "281474976710656",
                                  "9223372036854775807",
                                  "-9223372036854775808"};

namespace {
struct Token {
  size_t begin, end;
  char kind; ///< n number, w word, s string
};

std::vector<Token> split(const std::string &text) {
  std::vector<Token> out;
  auto isWord = [](char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    char c = text[at];
    if (isdigit(static_cast<unsigned char>(c)) ||
        (c == '-' && at + 1 < text.size() && isdigit(static_cast<unsigned char>(text[at + 1])))) {
      while (++at < text.size() && (isWord(text[at]) || text[at] == '.'))
        ;
      out.push_back({begin, at, 'n'});
    } else if (isWord(c)) {
      while (at < text.size() && isWord(text[at]))
        ++at;
      out.push_back({begin, at, 'w'});
    } else if (c == '"' || c == '\'') {
      while (++at < text.size() && text[at] != c)
        ;
      at = std::min(at + 1, text.size());
      out.push_back({begin, at, 's'});
    } else {
      ++at;
    }
  }
  return out;
}
} // namespace

size_t mutateTokens(uint8_t *data, size_t size, size_t max, unsigned seed, const std::vector<std::string> &ops,
                    char separator) {
  std::minstd_rand random(seed);
  auto below = [&](size_t n) { return n ? random() % n : 0; };
  std::string text(reinterpret_cast<char *>(data), size);
  std::vector<Token> tokens = split(text);
  if (tokens.size() < 4 || below(4) == 0)
    return LLVMFuzzerMutate(data, size, max);
  auto textOf = [&](const Token &t) { return text.substr(t.begin, t.end - t.begin); };
  for (size_t times = 1 + below(3); times > 0 && tokens.size() >= 4; --times, tokens = split(text)) {
    const Token t = tokens[below(tokens.size())];
    switch (below(9)) {
    case 0: // a part left out
    case 1: // or repeated, or moved
    case 2: {
      size_t begin = text.rfind(separator, t.begin), end = text.find(separator, t.end);
      begin = begin == text.npos ? 0 : begin, end = end == text.npos ? text.size() : end;
      std::string part = text.substr(begin, end - begin);
      unsigned how = unsigned(below(3));
      if (how != 1)
        text.erase(begin, end - begin);
      if (how == 0)
        break;
      size_t to = text.find(separator, below(text.size() + 1));
      text.insert(to == text.npos ? std::min(begin, text.size()) : to, part);
      break;
    }
    case 3:
    case 4: // an odd number, where a number or any argument stands
      text.replace(t.begin, t.end - t.begin, odd[below(std::size(odd))]);
      break;
    case 5: // another op
    case 6: {
      std::vector<Token> names;
      for (const Token &w : tokens)
        if (w.begin > 0 && (text[w.begin - 1] == '.' || (w.kind == 's' && (textOf(w).find("torch.ops.") == 1 ||
                                                                           textOf(w).find("_operator.") == 1))))
          names.push_back(w);
      if (names.empty() || ops.empty())
        break;
      const Token &w = names[below(names.size())];
      const std::string &op = ops[below(ops.size())];
      text.replace(w.begin, w.end - w.begin, w.kind == 's' ? "\"" + op + "\"" : op);
      break;
    }
    default: { // another token of the same kind
      std::vector<Token> same;
      for (const Token &w : tokens)
        if (w.kind == t.kind && (w.kind != 'w' || (w.begin > 0) == (t.begin > 0)))
          same.push_back(w);
      text.replace(t.begin, t.end - t.begin, textOf(same[below(same.size())]));
    }
    }
  }
  size = std::min(text.size(), max);
  std::memcpy(data, text.data(), size);
  return size;
}
