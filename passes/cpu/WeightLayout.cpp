// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See WeightLayout.h.
//
#include "passes/cpu/WeightLayout.h"

#include "passes/cpu/contract/WeightPack.h"

using namespace mlir;

namespace wick::cpu {

/// The packing of a layout for a tensor: matmul [K, N]; convolutions
/// [taps..., C / groups, O].
static bool layoutFor(StringRef layout, RankedTensorType type, contract::PackLayout &out) {
  ArrayRef<int64_t> shape = type.getShape();
  for (StringRef type : {":i8", ":f16", ":bf16"})
    layout.consume_back(type);
  bool pairs = layout.consume_back(":pairs");
  if (layout == "matmul" && shape.size() == 2) {
    out = contract::packMatmulB(shape[0], shape[1], shape[1], 1, pairs);
    return true;
  }
  if (shape.size() < 3 || shape.size() > 5)
    return false;
  size_t n = shape.size() - 2;
  int64_t oc = shape[n + 1], cg = shape[n];
  SmallVector<int64_t> kernel(3, 1), tapStrides(3, 0);
  int64_t stride = oc * cg;
  for (size_t i = n; i-- > 0;) {
    kernel[3 - n + i] = shape[i];
    tapStrides[3 - n + i] = stride;
    stride *= shape[i];
  }
  if (layout == "depthwise") {
    out = contract::packDepthwise(oc, kernel, {1, tapStrides[0], tapStrides[1], tapStrides[2]});
    return true;
  }
  int64_t groups;
  if (!layout.consume_front("conv:") || layout.getAsInteger(10, groups))
    return false;
  out = contract::packConv(groups, oc, cg, kernel, {1, oc, tapStrides[0], tapStrides[1], tapStrides[2]}, pairs);
  return true;
}

/// Bytes of a packed value.
static int64_t packedWidth(StringRef layout) {
  if (layout.ends_with(":i8"))
    return 1;
  return layout.ends_with(":pairs") || layout.ends_with("f16") ? 2 : 4;
}

/// The f16 number that `bits` of an f32 stand for, which is one.
static uint16_t exactHalf(uint32_t bits) {
  uint32_t sign = bits >> 16 & 0x8000, exponent = bits >> 23 & 255, mantissa = bits & 0x7fffff;
  if (exponent == 255)
    return sign | 0x7c00 | mantissa >> 13;
  if (exponent >= 113)
    return sign | (exponent - 112) << 10 | mantissa >> 13;
  return exponent >= 103 ? sign | (mantissa | 0x800000) >> (126 - exponent) : sign; // below 2^-14: no leading one
}

/// The values of a weight in the narrower type that they come from.
template <class Wide, class Narrow>
static std::vector<char> narrowed(ArrayRef<char> bytes, Narrow (*convert)(Wide)) {
  std::vector<char> out(bytes.size() / sizeof(Wide) * sizeof(Narrow));
  const auto *wide = reinterpret_cast<const Wide *>(bytes.data());
  auto *narrow = reinterpret_cast<Narrow *>(out.data());
  for (size_t i = 0; i < bytes.size() / sizeof(Wide); ++i)
    narrow[i] = convert(wide[i]);
  return out;
}

/// `bytes`, of f32 or with pairs i16, in the type at the layout's end; none without one.
static std::vector<char> narrowed(StringRef layout, ArrayRef<char> bytes) {
  if (layout.ends_with(":pairs:i8"))
    return narrowed<int16_t, int8_t>(bytes, [](int16_t v) { return int8_t(v); });
  if (layout.ends_with(":i8"))
    return narrowed<float, int8_t>(bytes, [](float v) { return int8_t(v); });
  if (layout.ends_with(":bf16"))
    return narrowed<uint32_t, uint16_t>(bytes, [](uint32_t v) { return uint16_t(v >> 16); });
  if (layout.ends_with(":f16"))
    return narrowed<uint32_t, uint16_t>(bytes, exactHalf);
  return {};
}

int64_t packedBytes(StringRef layout, RankedTensorType type) {
  contract::PackLayout l;
  return layoutFor(layout, type, l) ? l.numElements() * packedWidth(layout) : -1;
}

bool packWeight(StringRef layout, RankedTensorType type, ArrayRef<char> bytes, std::vector<char> &out,
                std::string &error) {
  contract::PackLayout l;
  if (!layoutFor(layout, type, l)) {
    error = "weight layout '" + layout.str() + "' does not fit";
    return false;
  }
  std::vector<char> narrow = narrowed(layout, bytes);
  const char *source = narrow.empty() ? bytes.data() : narrow.data();
  int64_t width = packedWidth(layout);
  out.resize(l.numElements() * width);
  contract::packBytes(l, source, out.data(), width, 0, l.numElements());
  return true;
}

} // namespace wick::cpu
