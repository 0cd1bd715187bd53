// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The float formats that tensors hold, and exact conversions between them and
// float/double. Everything narrower than f32 is computed as float and rounded
// to its format after each operation, so these functions decide all results of
// f16, bf16 and fp8 folding; none of them depends on the host.
//
#ifndef WICK_COMPILER_EVAL_FLOATFORMATS_H
#define WICK_COMPILER_EVAL_FLOATFORMATS_H

#include "mlir/IR/Types.h"

#include <bit>
#include <cstdint>
#include <optional>

namespace wick::compiler {

enum class FloatFormat : uint8_t { F64, F32, F16, BF16, E4M3FN, E4M3FNUZ, E5M2, E5M2FNUZ, E8M0, E2M1 };

/// A scalar type as the element program sees it. Integers are signless; `index`
/// counts as 64 bits wide.
struct ScalarType {
  bool isFloat = false;
  uint8_t width = 64;
  FloatFormat format = FloatFormat::F64; // only when isFloat
  /// Bytes of one element in memory; i1 and 4-bit types take a whole byte.
  unsigned storageBytes() const { return width <= 8 ? 1 : width <= 16 ? 2 : width <= 32 ? 4 : 8; }
  bool isDouble() const { return isFloat && format == FloatFormat::F64; }
  bool isNarrowFloat() const { return isFloat && format > FloatFormat::F32; }
  bool operator==(const ScalarType &) const = default;
};

/// The scalar type of an MLIR type, signed and unsigned integers included;
/// nothing for integers wider than 64 bits, complex and the rest.
std::optional<ScalarType> scalarTypeOf(mlir::Type type);

/// Rounds half to even to `format`; the result is exact as a float. Overflow
/// gives infinity, or NaN in formats without infinity. Not for E8M0 and E2M1, which
/// have no zero or no NaN: they round as APFloat has it, E2M1 with NaN as -0.
float roundToFormat(float value, FloatFormat format);
float roundToFormat(double value, FloatFormat format);

/// The bit pattern of a value that `format` holds exactly, and back. Not for F64.
uint32_t encodeBits(float value, FloatFormat format);
float decodeBits(uint32_t bits, FloatFormat format);

/// True for values that are neither zero, subnormal in `format`, Inf nor NaN.
bool isNormalIn(double value, FloatFormat format);

inline float bf16ToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

/// Keeps the payload's top bits and quiets NaN.
inline uint16_t floatToBf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return uint16_t((bits >> 16) | 0x40);
  return uint16_t((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

inline float halfToFloat(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16, exp = (half >> 10) & 31, man = half & 0x3ff;
  if (exp == 31)
    return std::bit_cast<float>(sign | 0x7f800000u | (man << 13));
  if (exp != 0)
    return std::bit_cast<float>(sign | ((exp + 112) << 23) | (man << 13));
  // man * 2^-24, exact in f32.
  float value = float(man) * 0x1p-24f;
  return sign ? -value : value;
}

inline uint16_t floatToHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint32_t sign = (bits >> 16) & 0x8000, mag = bits & 0x7fffffffu;
  if (mag > 0x7f800000u)
    return uint16_t(sign | 0x7e00 | ((mag >> 13) & 0x3ff));
  if (mag >= 0x477ff000u) // 65520 and more round to infinity
    return uint16_t(sign | 0x7c00);
  if (mag < 0x38800000u) {
    // Below 2^-14: adding 0.5 puts the subnormal's last bit at the float's last
    // bit, so the addition rounds as wanted.
    float shifted = std::bit_cast<float>(mag) + 0.5f;
    return uint16_t(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
  }
  mag += 0xfffu + ((mag >> 13) & 1);
  return uint16_t(sign | ((mag - 0x38000000u) >> 13));
}

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_FLOATFORMATS_H
