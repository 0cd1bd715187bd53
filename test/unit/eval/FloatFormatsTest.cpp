// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fast f16/bf16 paths against APFloat, and the edges of the fp8 formats.
//
#include "compiler/eval/FloatFormats.h"

#include "llvm/ADT/APFloat.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace wick::compiler;

static uint16_t reference(float value, const llvm::fltSemantics &semantics) {
  llvm::APFloat narrow(value);
  bool losesInfo;
  narrow.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return uint16_t(narrow.bitcastToAPInt().getZExtValue());
}

TEST(FloatFormats, HalfAndBf16RoundLikeApfloat) {
  // A stride that meets every exponent and many ties.
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 40961) {
    float value = std::bit_cast<float>(uint32_t(bits));
    if (std::isnan(value))
      continue;
    ASSERT_EQ(floatToHalf(value), reference(value, llvm::APFloat::IEEEhalf())) << value;
    ASSERT_EQ(floatToBf16(value), reference(value, llvm::APFloat::BFloat())) << value;
  }
  for (uint32_t half = 0; half < 65536; ++half) {
    float value = halfToFloat(uint16_t(half));
    if (!std::isnan(value))
      ASSERT_EQ(floatToHalf(value), half);
    // The midpoint to the next value is a tie.
    float next = halfToFloat(uint16_t(half + 1));
    float middle = (value + next) / 2;
    if (std::isfinite(middle))
      ASSERT_EQ(floatToHalf(middle), reference(middle, llvm::APFloat::IEEEhalf())) << middle;
  }
  EXPECT_TRUE(std::isnan(halfToFloat(floatToHalf(NAN))));
  EXPECT_TRUE(std::isnan(bf16ToFloat(floatToBf16(NAN))));
}

TEST(FloatFormats, Float8Edges) {
  EXPECT_EQ(roundToFormat(448.0f, FloatFormat::E4M3FN), 448.0f);
  EXPECT_TRUE(std::isnan(roundToFormat(1000.0f, FloatFormat::E4M3FN)));
  EXPECT_TRUE(std::isinf(roundToFormat(1e6f, FloatFormat::E5M2)));
  EXPECT_TRUE(std::isnan(roundToFormat(1e6f, FloatFormat::E5M2FNUZ)));
  EXPECT_EQ(roundToFormat(17.0f, FloatFormat::E4M3FN), 16.0f);
  for (FloatFormat format : {FloatFormat::E4M3FN, FloatFormat::E4M3FNUZ, FloatFormat::E5M2, FloatFormat::E5M2FNUZ})
    for (uint32_t bits = 0; bits < 256; ++bits) {
      float value = decodeBits(bits, format);
      if (!std::isnan(value))
        EXPECT_EQ(encodeBits(value, format), bits);
    }
}

TEST(FloatFormats, DoubleRoundsOnce) {
  // Just above a tie of f16: rounding to float first would fall back on the tie.
  double value = 1.0 + 0x1p-11 + 0x1p-40;
  EXPECT_EQ(roundToFormat(value, FloatFormat::F16), 1.0f + 0x1p-10f);
}
