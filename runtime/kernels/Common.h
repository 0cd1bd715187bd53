// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every routine and math function shares: element types, conversions,
// ordering and the macro that spells a routine's entry. Freestanding: nothing
// of libc or of std with state may be included here, because the same sources
// become bitcode inside the compiler and end in code images without imports.
//
#pragma once

#include "runtime/abi/KernelAbi.h"

#include <cstdint>

/// The signature of an entry, see runtime/abi/KernelAbi.h.
#define WICK_ROUTINE_PARAMS                                                                                            \
  [[maybe_unused]] void *const *bufs, [[maybe_unused]] const int64_t *args, [[maybe_unused]] int64_t begin,            \
      [[maybe_unused]] int64_t end, [[maybe_unused]] uint32_t worker, [[maybe_unused]] void *scratch
#define WICK_ROUTINE_ARGS bufs, args, begin, end, worker, scratch

/// Defines the entry wick_r_NAME_SUFFIX as a call of FN (same parameters).
#define WICK_DEFINE_ROUTINE(NAME, SUFFIX, ...)                                                                         \
  extern "C" int32_t wick_r_##NAME##_##SUFFIX(WICK_ROUTINE_PARAMS) { return __VA_ARGS__(WICK_ROUTINE_ARGS); }

#if defined(__clang__)
#define WICK_VECTORIZE _Pragma("clang loop vectorize(enable) interleave(enable)")
#else
#define WICK_VECTORIZE _Pragma("GCC ivdep")
#endif
#define WICK_RESTRICT __restrict__

namespace wick::kernels {

template <typename To, typename From>
inline To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof(to));
  return to;
}

/// An IEEE half held as bits; arithmetic is done in float.
struct F16 {
  uint16_t bits;
  F16() = default;
  F16(float value) {
    uint32_t u = bitCast<uint32_t>(value), sign = (u >> 16) & 0x8000u;
    u &= 0x7fffffffu;
    if (u >= 0x7f800000u)
      bits = uint16_t(sign | (u > 0x7f800000u ? 0x7e00u | ((u >> 13) & 0x3ffu) : 0x7c00u));
    else if (u >= 0x477ff000u)
      bits = uint16_t(sign | 0x7c00u); // rounds to 65536 or more
    else if (u < 0x38800000u)          // subnormal: the float adder rounds for us
      bits = uint16_t(sign | (bitCast<uint32_t>(bitCast<float>(u) + 0.5f) - 0x3f000000u));
    else
      bits = uint16_t(sign | ((u - 0x38000000u + 0xfffu + ((u >> 13) & 1u)) >> 13));
  }
  operator float() const {
    uint32_t sign = uint32_t(bits & 0x8000u) << 16, em = bits & 0x7fffu;
    if (em >= 0x7c00u)
      return bitCast<float>(sign | 0x7f800000u | ((em & 0x3ffu) << 13));
    if (em >= 0x400u)
      return bitCast<float>(sign | ((em << 13) + 0x38000000u));
    return bitCast<float>(sign | bitCast<uint32_t>(float(em) * 0x1p-24f));
  }
};

/// A bfloat16 held as bits.
struct BF16 {
  uint16_t bits;
  BF16() = default;
  BF16(float value) {
    uint32_t u = bitCast<uint32_t>(value);
    if ((u & 0x7fffffffu) > 0x7f800000u)
      bits = uint16_t((u >> 16) | 0x40u);
    else
      bits = uint16_t((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
  operator float() const { return bitCast<float>(uint32_t(bits) << 16); }
};

/// A bool element: one byte, 0 or 1.
struct Bool {
  uint8_t value;
  Bool() = default;
  Bool(bool v) : value(v) {}
  operator bool() const { return value != 0; }
};

/// The type in which an element type is computed.
template <typename T>
struct ComputeOf {
  using Type = T;
};
template <>
struct ComputeOf<F16> {
  using Type = float;
};
template <>
struct ComputeOf<BF16> {
  using Type = float;
};
template <>
struct ComputeOf<Bool> {
  using Type = uint8_t;
};
template <typename T>
using Compute = typename ComputeOf<T>::Type;

template <typename T>
constexpr bool isFloat = false;
template <>
inline constexpr bool isFloat<float> = true;
template <>
inline constexpr bool isFloat<double> = true;

/// Total order of computed values: NaN is equal to itself and above all else
/// (numpy's sort order).
template <typename C>
inline bool lessThan(C a, C b) {
  if constexpr (isFloat<C>)
    return a < b || (b != b && a == a);
  else
    return a < b;
}

template <typename T>
inline T minOf(T a, T b) {
  return b < a ? b : a;
}
template <typename T>
inline T maxOf(T a, T b) {
  return a < b ? b : a;
}

/// a + b and a * b; integers wrap (and do not overflow when promoted to int).
template <typename C>
inline C addWrap(C a, C b) {
  if constexpr (isFloat<C>)
    return a + b;
  else
    return C(uint64_t(a) + uint64_t(b));
}
template <typename C>
inline C mulWrap(C a, C b) {
  if constexpr (isFloat<C>)
    return a * b;
  else
    return C(uint64_t(a) * uint64_t(b));
}

/// a * b + c, rounded once. Sources are built with contraction off, so that
/// every copy of a loop that LLVM makes (vector body, tail) gives the same bits;
/// hot loops say where they fuse.
inline float mulAdd(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double mulAdd(double a, double b, double c) { return __builtin_fma(a, b, c); }

inline double argDouble(int64_t bits) { return bitCast<double>(bits); }

inline int32_t indexError(int32_t operand) { return abi::KernelIndexOutOfRange | (operand << 8); }
inline int32_t valueError(int32_t operand) { return abi::KernelBadValue | (operand << 8); }

} // namespace wick::kernels

/// X(suffix, C++ type) over the element types a routine is made for.
#define WICK_FOR_FLOAT(X) X(f32, float) X(f64, double) X(f16, F16) X(bf16, BF16)
#define WICK_FOR_REAL(X) X(f32, float) X(f64, double)
#define WICK_FOR_INT(X)                                                                                                \
  X(i8, int8_t)                                                                                                        \
  X(i16, int16_t) X(i32, int32_t) X(i64, int64_t) X(u8, uint8_t) X(u16, uint16_t) X(u32, uint32_t) X(u64, uint64_t)
#define WICK_FOR_NUMERIC(X) WICK_FOR_FLOAT(X) WICK_FOR_INT(X)
#define WICK_FOR_ALL(X) WICK_FOR_NUMERIC(X) X(bool, Bool)
