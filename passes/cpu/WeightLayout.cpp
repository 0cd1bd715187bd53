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
  layout.consume_back(":i8");
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
  return layout.ends_with(":i8") ? 1 : layout.ends_with(":pairs") ? 2 : 4;
}

template <class Wide>
static std::vector<int8_t> narrowed(ArrayRef<char> bytes) {
  std::vector<int8_t> narrow(bytes.size() / sizeof(Wide));
  const auto *wide = reinterpret_cast<const Wide *>(bytes.data());
  for (size_t i = 0; i < narrow.size(); ++i)
    narrow[i] = static_cast<int8_t>(wide[i]); // integers of a weight of that type
  return narrow;
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
  if (layout.ends_with(":i8")) {
    bool pairs = layout.drop_back(3).ends_with(":pairs");
    std::vector<int8_t> narrow = pairs ? narrowed<int16_t>(bytes) : narrowed<float>(bytes);
    out.resize(l.numElements());
    contract::packBytes(l, narrow.data(), out.data(), 1, 0, l.numElements());
    return true;
  }
  int64_t width = packedWidth(layout);
  out.resize(l.numElements() * width);
  contract::packBytes(l, bytes.data(), out.data(), width, 0, l.numElements());
  return true;
}

} // namespace wick::cpu
