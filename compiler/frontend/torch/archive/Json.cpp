// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depth check before LLVM's JSON parser.
//
#include "compiler/frontend/torch/archive/Json.h"

using namespace llvm;

namespace wick::compiler::torch {

Expected<json::Value> parseJson(const Twine &what, StringRef text) {
  unsigned depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      i += c == '\\';
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > 200)
        return createStringError(what + ": JSON nested deeper than 200 (at offset " + Twine(i) + ")");
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  auto value = json::parse(text);
  if (!value)
    return createStringError(what + ": " + toString(value.takeError()));
  return value;
}

} // namespace wick::compiler::torch
