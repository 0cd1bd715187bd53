// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tokens of serialized TorchScript, with INDENT and DEDENT as in Python. Lines
// inside brackets are joined. Sources come from anybody: sizes are limited and
// every byte is accounted for.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_LEXER_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_LEXER_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wick::compiler::torchscript {

struct Token {
  enum class Kind : uint8_t { Name, Number, String, Op, NewLine, Indent, Dedent, End };
  Kind kind;
  uint32_t line, offset;
  std::string_view text; ///< in the source; strings with their quotes

  bool is(std::string_view op) const { return (kind == Kind::Op || kind == Kind::Name) && text == op; }
};

/// A malformed source.
struct SyntaxError {
  uint32_t line = 0;
  std::string message;   ///< empty: none
  std::string hint = {}; ///< what the user can do; may be empty
};

/// The tokens of `source`, which must outlive them; ends with an End token, also after
/// an error.
std::vector<Token> tokenize(std::string_view source, SyntaxError &error);

/// The characters of a string token.
std::string unquote(std::string_view token);

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_LEXER_H
