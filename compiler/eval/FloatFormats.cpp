// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions between float formats. f16 and bf16 have fast paths from float in
// the header; whatever else goes through APFloat, which is slow and exact.
// Test: test/unit/eval/FloatFormatsTest.cpp.
//
#include "compiler/eval/FloatFormats.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"

#include <array>
#include <cmath>

using namespace wick::compiler;
using llvm::APFloat;

static const llvm::fltSemantics &semanticsOf(FloatFormat format) {
  switch (format) {
  case FloatFormat::F64:
    return APFloat::IEEEdouble();
  case FloatFormat::F32:
    return APFloat::IEEEsingle();
  case FloatFormat::F16:
    return APFloat::IEEEhalf();
  case FloatFormat::BF16:
    return APFloat::BFloat();
  case FloatFormat::E4M3FN:
    return APFloat::Float8E4M3FN();
  case FloatFormat::E4M3FNUZ:
    return APFloat::Float8E4M3FNUZ();
  case FloatFormat::E5M2:
    return APFloat::Float8E5M2();
  case FloatFormat::E5M2FNUZ:
    return APFloat::Float8E5M2FNUZ();
  case FloatFormat::E8M0:
    return APFloat::Float8E8M0FNU();
  case FloatFormat::E2M1:
    return APFloat::Float4E2M1FN();
  }
  return APFloat::IEEEdouble();
}

static float toFloat(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
  return value.convertToFloat();
}

std::optional<ScalarType> wick::compiler::scalarTypeOf(mlir::Type type) {
  if (mlir::isa<mlir::IndexType>(type))
    return ScalarType{};
  if (auto integer = mlir::dyn_cast<mlir::IntegerType>(type)) {
    if (integer.getWidth() < 1 || integer.getWidth() > 64)
      return std::nullopt;
    return ScalarType{false, uint8_t(integer.getWidth()), FloatFormat::F64};
  }
  auto floating = [](unsigned width, FloatFormat format) { return ScalarType{true, uint8_t(width), format}; };
  if (type.isF64())
    return floating(64, FloatFormat::F64);
  if (type.isF32())
    return floating(32, FloatFormat::F32);
  if (type.isF16())
    return floating(16, FloatFormat::F16);
  if (type.isBF16())
    return floating(16, FloatFormat::BF16);
  if (mlir::isa<mlir::Float8E4M3FNType>(type))
    return floating(8, FloatFormat::E4M3FN);
  if (mlir::isa<mlir::Float8E4M3FNUZType>(type))
    return floating(8, FloatFormat::E4M3FNUZ);
  if (mlir::isa<mlir::Float8E5M2Type>(type))
    return floating(8, FloatFormat::E5M2);
  if (mlir::isa<mlir::Float8E5M2FNUZType>(type))
    return floating(8, FloatFormat::E5M2FNUZ);
  if (mlir::isa<mlir::Float8E8M0FNUType>(type))
    return floating(8, FloatFormat::E8M0);
  if (mlir::isa<mlir::Float4E2M1FNType>(type))
    return floating(4, FloatFormat::E2M1);
  return std::nullopt;
}

float wick::compiler::roundToFormat(double value, FloatFormat format) {
  if (format == FloatFormat::F32 || format == FloatFormat::F64)
    return float(value);
  if (format == FloatFormat::E2M1 && std::isnan(value))
    return -0.0f;
  APFloat wide(value);
  bool losesInfo;
  wide.convert(semanticsOf(format), APFloat::rmNearestTiesToEven, &losesInfo);
  return toFloat(std::move(wide));
}

float wick::compiler::roundToFormat(float value, FloatFormat format) {
  switch (format) {
  case FloatFormat::F64:
  case FloatFormat::F32:
    return value;
  case FloatFormat::F16:
    return halfToFloat(floatToHalf(value));
  case FloatFormat::BF16:
    return bf16ToFloat(floatToBf16(value));
  default:
    return roundToFormat(double(value), format);
  }
}

uint32_t wick::compiler::encodeBits(float value, FloatFormat format) {
  switch (format) {
  case FloatFormat::F64:
  case FloatFormat::F32:
    return std::bit_cast<uint32_t>(value);
  case FloatFormat::F16:
    return floatToHalf(value);
  case FloatFormat::BF16:
    return floatToBf16(value);
  default:
    break;
  }
  if (format == FloatFormat::E2M1 && std::isnan(value))
    return 8;
  APFloat narrow(value);
  bool losesInfo;
  narrow.convert(semanticsOf(format), APFloat::rmNearestTiesToEven, &losesInfo);
  return uint32_t(narrow.bitcastToAPInt().getZExtValue());
}

/// The values of all bytes as codes of a format.
static std::array<float, 256> makeTable(FloatFormat format) {
  std::array<float, 256> table;
  unsigned width = APFloat::getSizeInBits(semanticsOf(format));
  for (unsigned bits = 0; bits < 256; ++bits)
    table[bits] = toFloat(APFloat(semanticsOf(format), llvm::APInt(width, bits & ((1u << width) - 1))));
  return table;
}

float wick::compiler::decodeBits(uint32_t bits, FloatFormat format) {
  static const std::array<float, 256> tables[] = {makeTable(FloatFormat::E4M3FN), makeTable(FloatFormat::E4M3FNUZ),
                                                  makeTable(FloatFormat::E5M2),   makeTable(FloatFormat::E5M2FNUZ),
                                                  makeTable(FloatFormat::E8M0),   makeTable(FloatFormat::E2M1)};
  switch (format) {
  case FloatFormat::F64:
  case FloatFormat::F32:
    return std::bit_cast<float>(bits);
  case FloatFormat::F16:
    return halfToFloat(uint16_t(bits));
  case FloatFormat::BF16:
    return bf16ToFloat(uint16_t(bits));
  default:
    return tables[unsigned(format) - unsigned(FloatFormat::E4M3FN)][bits & 255];
  }
}

bool wick::compiler::isNormalIn(double value, FloatFormat format) {
  if (!std::isfinite(value) || value == 0)
    return false;
  APFloat smallest = APFloat::getSmallestNormalized(semanticsOf(format));
  bool losesInfo;
  smallest.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return std::fabs(value) >= smallest.convertToDouble();
}
