// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Facts about element types, from abi/DType.def: code, bytes an element as
// stored at the boundary of a program (sub-byte types take one byte), spelling.
//
#pragma once

#include <cstdint>

namespace wick::format {

enum class DType : uint8_t {
  None = 0,
#define WICK_DTYPE(Name, code, bits, spelling) Name = code,
#include "runtime/abi/DType.def"
};

/// Bytes an element; 0 for a code that is no element type.
constexpr uint32_t dtypeBytes(uint32_t code) {
  switch (code) {
#define WICK_DTYPE(Name, code, bits, spelling)                                                                         \
  case code:                                                                                                           \
    return (bits + 7) / 8;
#include "runtime/abi/DType.def"
  default:
    return 0;
  }
}

/// Integers and bool: what LoadInt and StoreInt work on.
constexpr bool isInteger(uint32_t code) {
  auto t = static_cast<DType>(code);
  return (t >= DType::I8 && t <= DType::Bool) || t == DType::I4 || t == DType::U4;
}
constexpr bool isSigned(uint32_t code) {
  auto t = static_cast<DType>(code);
  return (t >= DType::I8 && t <= DType::I64) || t == DType::I4;
}

/// "f32", ...; "?" for a code that is no element type.
constexpr const char *dtypeName(uint32_t code) {
  switch (code) {
#define WICK_DTYPE(Name, code, bits, spelling)                                                                         \
  case code:                                                                                                           \
    return spelling;
#include "runtime/abi/DType.def"
  default:
    return "?";
  }
}

} // namespace wick::format
