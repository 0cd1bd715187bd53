// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Errors, and the functions of wick.h that only name things.
//
#include "runtime/core/Failure.h"

#include "runtime/format/DType.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace wick::runtime {

wick_status Failure::operator()(wick_status status, const char *format, ...) const {
  if (!error)
    return status;
  error->status = status;
  error->needed_bytes = 0;
  error->node[0] = error->op[0] = '\0';
  va_list args;
  va_start(args, format);
  std::vsnprintf(error->message, sizeof(error->message), format, args);
  va_end(args);
  return status;
}

template <size_t N>
static void copyText(char (&to)[N], std::string_view from) {
  size_t size = std::min(from.size(), N - 1);
  if (size)
    std::memcpy(to, from.data(), size);
  to[size] = '\0';
}

void Failure::setWhere(std::string_view node, std::string_view op) const {
  if (!error)
    return;
  copyText(error->node, node);
  copyText(error->op, op);
}

#define WICK_STATUS(NAME, code, text) static_assert(WICK_STATUS_##NAME == code);
#include "runtime/abi/Status.def"

} // namespace wick::runtime

const char *wick_status_name(wick_status status) {
  switch (status) {
#define WICK_STATUS(NAME, code, text)                                                                                  \
  case code:                                                                                                           \
    return "WICK_STATUS_" #NAME;
#include "runtime/abi/Status.def"
  default:
    return "WICK_STATUS_?";
  }
}

const char *wick_status_text(wick_status status) {
  switch (status) {
#define WICK_STATUS(NAME, code, text)                                                                                  \
  case code:                                                                                                           \
    return text;
#include "runtime/abi/Status.def"
  default:
    return "unknown status";
  }
}

const char *wick_version(void) { return "0.1.0"; }

size_t wick_dtype_size(wick_dtype dtype) { return wick::format::dtypeBytes(dtype); }

const char *wick_dtype_name(wick_dtype dtype) { return wick::format::dtypeName(dtype); }
