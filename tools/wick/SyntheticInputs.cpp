// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The same values on every machine: a small generator of our own, and only
// exact conversions.
//
#include "tools/wick/SyntheticInputs.h"

#include "runtime/format/SizeModel.h"
#include "wick/wick.h"

#include <cstring>

namespace wick::tools {

namespace {
/// SplitMix64.
class Random {
public:
  /// A multiple of 2^-8 in [0, 1): exact in every float type of 16 bits and more.
  float next() {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<float>((z ^ (z >> 31)) >> 56) / 256.0f;
  }

private:
  uint64_t state = 2023;
};
} // namespace

/// Of a multiple of 2^-8 in [0, 1): no rounding, no subnormals.
static uint16_t toHalf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits ? static_cast<uint16_t>((((bits >> 23) - 112) << 10) | ((bits >> 13) & 0x3ff)) : 0;
}

static uint16_t toBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}

static void fill(HostTensor &t, Random &random) {
  size_t size = wick_dtype_size(t.dtype);
  for (size_t at = 0; at < t.bytes.size(); at += size) {
    uint8_t *to = t.bytes.data() + at;
    if (t.dtype == WICK_DTYPE_F32) {
      float v = random.next();
      std::memcpy(to, &v, sizeof(v));
    } else if (t.dtype == WICK_DTYPE_F64) {
      double v = random.next();
      std::memcpy(to, &v, sizeof(v));
    } else if (t.dtype == WICK_DTYPE_F16 || t.dtype == WICK_DTYPE_BF16) {
      float v = random.next();
      uint16_t bits = t.dtype == WICK_DTYPE_F16 ? toHalf(v) : toBf16(v);
      std::memcpy(to, &bits, sizeof(bits));
    } else {
      return; // bytes are zero already
    }
  }
}

bool makeInputs(const format::ProgramView &program, const DimValues &dims, std::vector<HostTensor> &inputs,
                std::string &error) {
  format::SizeModel sizes;
  if (!format::sizesFor(program, dims, sizes, error))
    return false;
  Random random;
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    const abi::ValueRecord &value = program.inputs[i];
    HostTensor t{std::string(program.text(value.name)), value.dtype, sizes.inputs[i], {}};
    uint64_t bytes = wick_dtype_size(t.dtype);
    bool overflow = false;
    for (size_t d = 0; d < t.dims.size(); ++d) {
      if (t.dims[d] < 0) {
        error = "input '" + t.name + "': dim " + std::to_string(d) + " has no size for these dims; give the input";
        return false;
      }
      overflow |= __builtin_mul_overflow(bytes, static_cast<uint64_t>(t.dims[d]), &bytes);
    }
    if (overflow || bytes > (uint64_t(1) << 40)) {
      error = "input '" + t.name + "' would be too large";
      return false;
    }
    t.bytes.resize(bytes);
    fill(t, random);
    inputs.push_back(std::move(t));
  }
  return true;
}

} // namespace wick::tools
