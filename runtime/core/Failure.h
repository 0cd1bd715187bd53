// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fills the caller's wick_error and returns the status: `return fail(STATUS,
// "...")`. Also reads the caller's option structs, which may be of an older or
// newer size than ours.
//
#pragma once

#include "wick/wick.h"

#include <cstring>
#include <string_view>

namespace wick::runtime {

class Failure {
public:
  explicit Failure(wick_error *error) : error(error && error->struct_size >= sizeof(wick_error) ? error : nullptr) {}

  [[gnu::format(printf, 3, 4)]] wick_status operator()(wick_status status, const char *format, ...) const;

  /// Adds what the failing step was; names that are too long are cut.
  void setWhere(std::string_view node, std::string_view op) const;
  void setNeeded(uint64_t bytes) const {
    if (error)
      error->needed_bytes = bytes;
  }

private:
  wick_error *error;
};

/// Copies what both sides know of an options struct; null gives the defaults.
/// False when struct_size was not set.
template <typename T>
[[nodiscard]] bool readOptions(const T *given, T &options) {
  std::memset(&options, 0, sizeof(T));
  if (given) {
    if (given->struct_size < sizeof(uint32_t))
      return false;
    std::memcpy(&options, given, given->struct_size < sizeof(T) ? given->struct_size : sizeof(T));
  }
  options.struct_size = sizeof(T);
  return true;
}

/// Copies a result to a caller's struct of the size that it says.
template <typename T>
[[nodiscard]] bool writeResult(T result, T *given) {
  if (!given || given->struct_size < sizeof(uint32_t))
    return false;
  uint32_t size = given->struct_size < sizeof(T) ? given->struct_size : sizeof(T);
  result.struct_size = given->struct_size;
  std::memcpy(given, &result, size);
  return true;
}

} // namespace wick::runtime
