// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See WeightPack.h. Packing walks the packed index as an odometer, so the cost an
// element is an addition, not a division a dimension.
//
#include "passes/cpu/contract/WeightPack.h"

#include <cassert>
#include <cstring>

namespace wick::contract {

static constexpr int64_t kPanel = 16;

static int64_t panels(int64_t n) { return (n + kPanel - 1) / kPanel; }

int64_t PackLayout::numElements() const {
  int64_t total = 1;
  for (const Dim &dim : dims)
    total *= dim.size;
  return total;
}

int64_t PackLayout::sourceOf(int64_t packedIndex) const {
  llvm::SmallVector<int64_t, 6> logical(sizes.size(), 0);
  for (size_t d = dims.size(); d-- > 0;) {
    logical[dims[d].axis] += packedIndex % dims[d].size * dims[d].scale;
    packedIndex /= dims[d].size;
  }
  int64_t offset = 0;
  for (size_t a = 0; a < sizes.size(); ++a) {
    if (logical[a] >= sizes[a])
      return -1;
    offset += logical[a] * strides[a];
  }
  return offset;
}

/// Makes pairs of the steps along `axis`, the last dimension but the lanes.
static PackLayout inPairs(PackLayout layout, unsigned axis) {
  PackLayout::Dim &steps = layout.dims[layout.dims.size() - 2];
  assert(steps.axis == axis && steps.size % 2 == 0);
  steps = {steps.size / 2, axis, 2};
  layout.dims.push_back({2, axis, 1});
  return layout;
}

PackLayout packMatmulB(int64_t k, int64_t n, int64_t kStride, int64_t nStride, bool pairs) {
  PackLayout layout{{{panels(n), 1, kPanel}, {k, 0, 1}, {kPanel, 1, 1}}, {k, n}, {kStride, nStride}};
  return pairs ? inPairs(std::move(layout), 0) : layout;
}

PackLayout packConv(int64_t groups, int64_t oc, int64_t cPerGroup, llvm::ArrayRef<int64_t> kernel,
                    llvm::ArrayRef<int64_t> strides, bool pairs) {
  assert(kernel.size() == 3 && strides.size() == 5);
  // The output channel is split into (group, channel of the group), so that the fill of
  // one group's last panel is not the next group's first channel.
  int64_t perGroup = oc / groups;
  PackLayout layout{{{groups, 0, 1},
                     {panels(perGroup), 1, kPanel},
                     {kernel[0], 3, 1},
                     {kernel[1], 4, 1},
                     {kernel[2], 5, 1},
                     {cPerGroup, 2, 1},
                     {kPanel, 1, 1}},
                    {groups, perGroup, cPerGroup, kernel[0], kernel[1], kernel[2]},
                    {strides[0] * perGroup, strides[0], strides[1], strides[2], strides[3], strides[4]}};
  return pairs ? inPairs(std::move(layout), 2) : layout;
}

PackLayout packDepthwise(int64_t oc, llvm::ArrayRef<int64_t> kernel, llvm::ArrayRef<int64_t> strides) {
  assert(kernel.size() == 3 && strides.size() == 4);
  return {{{panels(oc), 0, kPanel}, {kernel[0], 1, 1}, {kernel[1], 2, 1}, {kernel[2], 3, 1}, {kPanel, 0, 1}},
          {oc, kernel[0], kernel[1], kernel[2]},
          {strides[0], strides[1], strides[2], strides[3]}};
}

PackLayout packVector(int64_t n, int64_t stride) { return {{{panels(n), 0, kPanel}, {kPanel, 0, 1}}, {n}, {stride}}; }

template <typename T>
static void pack(const PackLayout &layout, const T *source, T *target, int64_t begin, int64_t end) {
  if (begin >= end)
    return; // also: a dimension may be empty
  size_t rank = layout.dims.size();
  llvm::SmallVector<int64_t, 8> index(rank, 0), logical(layout.sizes.size(), 0);
  int64_t rest = begin;
  for (size_t d = rank; d-- > 0;) {
    index[d] = rest % layout.dims[d].size;
    rest /= layout.dims[d].size;
    logical[layout.dims[d].axis] += index[d] * layout.dims[d].scale;
  }
  for (int64_t i = begin; i < end; ++i) {
    int64_t offset = 0;
    bool inside = true;
    for (size_t a = 0; a < logical.size(); ++a) {
      inside &= logical[a] < layout.sizes[a];
      offset += logical[a] * layout.strides[a];
    }
    *target++ = inside ? source[offset] : T(0);
    for (size_t d = rank; d-- > 0;) {
      const PackLayout::Dim &dim = layout.dims[d];
      logical[dim.axis] += dim.scale;
      if (++index[d] < dim.size)
        break;
      index[d] = 0;
      logical[dim.axis] -= dim.size * dim.scale;
    }
  }
}

void packWeights(const PackLayout &layout, const float *source, float *target, int64_t begin, int64_t end) {
  pack(layout, source, target, begin, end);
}

void packBytes(const PackLayout &layout, const void *source, void *target, unsigned bytes, int64_t begin, int64_t end) {
  switch (bytes) {
  case 1:
    return pack(layout, static_cast<const uint8_t *>(source), static_cast<uint8_t *>(target), begin, end);
  case 2:
    return pack(layout, static_cast<const uint16_t *>(source), static_cast<uint16_t *>(target), begin, end);
  case 4:
    return pack(layout, static_cast<const uint32_t *>(source), static_cast<uint32_t *>(target), begin, end);
  default:
    assert(bytes == 8);
    return pack(layout, static_cast<const uint64_t *>(source), static_cast<uint64_t *>(target), begin, end);
  }
}

} // namespace wick::contract
