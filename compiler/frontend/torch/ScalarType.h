// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types as PyTorch numbers them, with the name and size of each. Used by
// the readers of archives, which know no MLIR, and by everything behind them.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_SCALARTYPE_H
#define WICK_COMPILER_FRONTEND_TORCH_SCALARTYPE_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace wick::compiler::torch {

/// Codes of torch's dtypes as they stand in archives and in int arguments.
enum class ScalarType : int8_t {
  Byte = 0,
  Char = 1,
  Short = 2,
  Int = 3,
  Long = 4,
  Half = 5,
  Float = 6,
  Double = 7,
  ComplexHalf = 8,
  ComplexFloat = 9,
  ComplexDouble = 10,
  Bool = 11,
  QInt8 = 12,
  QUInt8 = 13,
  QInt32 = 14,
  BFloat16 = 15,
  QUInt4x2 = 16,
  QUInt2x4 = 17,
  Float8E5M2 = 23,
  Float8E4M3FN = 24,
  Float8E5M2FNUZ = 25,
  Float8E4M3FNUZ = 26,
  UInt16 = 27,
  UInt32 = 28,
  UInt64 = 29,
  Float8E8M0FNU = 44,
  Float4E2M1FNx2 = 45,
  Unknown = -1 ///< a dtype that this project has no name for
};

/// Bytes of one element as stored; 0 for Unknown. Packed types (QUInt4x2,
/// QUInt2x4, Float4E2M1FNx2) count in bytes.
unsigned itemSize(ScalarType type);
/// torch's name of the dtype: "float32", "quint8"; "?" for Unknown.
llvm::StringRef dtypeName(ScalarType type);
/// The dtype called `name` ("float32"), as Python code names it.
std::optional<ScalarType> dtypeFromName(llvm::StringRef name);
/// The dtype of a storage class without its suffix: "Float" of FloatStorage.
std::optional<ScalarType> dtypeFromStorageName(llvm::StringRef name);

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_SCALARTYPE_H
