// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The layouts of packed weights, and packing on the compiler's side. A layout is a list
// of packed dimensions, outermost first; each walks one source axis or two, so a packed
// index maps to one source offset or to zero fill. The package stage streams any range
// of packed elements without holding the whole tensor. Element size is the caller's:
// offsets count elements, so the same layouts serve f16 and int8 with one lane a k.
//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace wick::contract {

struct PackLayout {
  /// One packed dimension of `size` values. Its index, times `scale`, adds to the
  /// logical index of source axis `axis`; several dimensions may add to one axis
  /// (panel and lane add to the column).
  struct Dim {
    int64_t size;
    unsigned axis;
    int64_t scale;
  };
  llvm::SmallVector<Dim, 6> dims;
  /// Logical sizes and strides (elements) of the source; an index at or beyond the size
  /// is zero fill.
  llvm::SmallVector<int64_t, 6> sizes, strides;

  int64_t numElements() const;
  /// Source offset of a packed index, or -1 for zero fill.
  int64_t sourceOf(int64_t packedIndex) const;
};

/// B [K, N] with any strides -> [ceil(N/16)][K][16], with `pairs` (K even) [ceil(N/16)][K/2][16][2].
PackLayout packMatmulB(int64_t k, int64_t n, int64_t kStride, int64_t nStride, bool pairs = false);

/// Convolution weights, source strides for axes (OC, C / groups, KD, KH, KW), as
/// ONNX's W; pass KD = 1 for 2-D and KD = KH = 1 for 1-D.
/// -> [groups][ceil(OC/groups / 16)][KD][KH][KW][C / groups][16]; `pairs` as above, along C / groups.
PackLayout packConv(int64_t groups, int64_t oc, int64_t cPerGroup, llvm::ArrayRef<int64_t> kernel,
                    llvm::ArrayRef<int64_t> strides, bool pairs = false);

/// Depthwise weights (C / groups == 1), the same source axes without C:
/// (OC, KD, KH, KW) -> [ceil(OC / 16)][KD][KH][KW][16].
PackLayout packDepthwise(int64_t oc, llvm::ArrayRef<int64_t> kernel, llvm::ArrayRef<int64_t> strides);

/// A vector of n values -> padded with zeros to a multiple of 16 (bias, slopes).
PackLayout packVector(int64_t n, int64_t stride = 1);

/// Writes packed elements [begin, end) to target[0 .. end - begin).
void packWeights(const PackLayout &layout, const float *source, float *target, int64_t begin, int64_t end);
/// The same for elements of `bytes` (1, 2, 4, 8) each.
void packBytes(const PackLayout &layout, const void *source, void *target, unsigned bytes, int64_t begin, int64_t end);

} // namespace wick::contract
