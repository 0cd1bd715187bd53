// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of torch's dtypes: names of storages, names in Python, sizes. A dtype
// that is not listed loads as Unknown and is refused where its elements are asked for.
//
#include "compiler/frontend/torch/ScalarType.h"

using namespace llvm;

namespace wick::compiler::torch {

namespace {
struct Row {
  ScalarType type;
  StringLiteral storage; // FloatStorage without "Storage"
  StringLiteral name;    // torch.float32 without "torch."
  unsigned size;
};
} // namespace

static constexpr Row rows[] = {
    {ScalarType::Byte, "Byte", "uint8", 1},
    {ScalarType::Char, "Char", "int8", 1},
    {ScalarType::Short, "Short", "int16", 2},
    {ScalarType::Int, "Int", "int32", 4},
    {ScalarType::Long, "Long", "int64", 8},
    {ScalarType::Half, "Half", "float16", 2},
    {ScalarType::Float, "Float", "float32", 4},
    {ScalarType::Double, "Double", "float64", 8},
    {ScalarType::ComplexHalf, "ComplexHalf", "complex32", 4},
    {ScalarType::ComplexFloat, "ComplexFloat", "complex64", 8},
    {ScalarType::ComplexDouble, "ComplexDouble", "complex128", 16},
    {ScalarType::Bool, "Bool", "bool", 1},
    {ScalarType::QInt8, "QInt8", "qint8", 1},
    {ScalarType::QUInt8, "QUInt8", "quint8", 1},
    {ScalarType::QInt32, "QInt32", "qint32", 4},
    {ScalarType::BFloat16, "BFloat16", "bfloat16", 2},
    {ScalarType::QUInt4x2, "QUInt4x2", "quint4x2", 1},
    {ScalarType::QUInt2x4, "QUInt2x4", "quint2x4", 1},
    {ScalarType::Float8E5M2, "Float8_e5m2", "float8_e5m2", 1},
    {ScalarType::Float8E4M3FN, "Float8_e4m3fn", "float8_e4m3fn", 1},
    {ScalarType::Float8E5M2FNUZ, "Float8_e5m2fnuz", "float8_e5m2fnuz", 1},
    {ScalarType::Float8E4M3FNUZ, "Float8_e4m3fnuz", "float8_e4m3fnuz", 1},
    {ScalarType::UInt16, "UInt16", "uint16", 2},
    {ScalarType::UInt32, "UInt32", "uint32", 4},
    {ScalarType::UInt64, "UInt64", "uint64", 8},
    {ScalarType::Float8E8M0FNU, "Float8_e8m0fnu", "float8_e8m0fnu", 1},
    {ScalarType::Float4E2M1FNx2, "Float4_e2m1fn_x2", "float4_e2m1fn_x2", 1},
};

static const Row *rowOf(ScalarType type) {
  for (const Row &row : rows)
    if (row.type == type)
      return &row;
  return nullptr;
}

unsigned itemSize(ScalarType type) {
  const Row *row = rowOf(type);
  return row ? row->size : 0;
}

StringRef dtypeName(ScalarType type) {
  const Row *row = rowOf(type);
  return row ? StringRef(row->name) : "?";
}

std::optional<ScalarType> dtypeFromName(StringRef name) {
  for (const Row &row : rows)
    if (row.name == name)
      return row.type;
  return std::nullopt;
}

std::optional<ScalarType> dtypeFromStorageName(StringRef name) {
  for (const Row &row : rows)
    if (row.storage == name)
      return row.type;
  return std::nullopt;
}

} // namespace wick::compiler::torch
