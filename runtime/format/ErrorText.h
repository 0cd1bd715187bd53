// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A message in a fixed buffer: how the heap-free readers say what is wrong.
//
#pragma once

#include <cstdarg>
#include <cstdio>

namespace wick::format {

struct ErrorText {
  char text[320] = {};

  /// Sets the message (cut to the buffer) and returns false, so that readers
  /// can write `return error.set(...)`.
  [[gnu::format(printf, 2, 3)]] bool set(const char *format, ...) {
    va_list args;
    va_start(args, format);
    std::vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return false;
  }
};

} // namespace wick::format
