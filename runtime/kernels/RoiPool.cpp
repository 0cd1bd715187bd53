// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// roi_pool: a region is cut into bins of whole places, at least one place each; the
// largest or the mean of each is the result. Corners round half away from zero. What
// lies outside the image is left out: of means the last row and column as well, which
// is how torchvision has it.
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

/// A corner as a place; far and NaN ones stay within what sums of them can hold.
template <typename C>
int64_t placeOf(C v) {
  constexpr double far = 1e9;
  double r = __builtin_round(double(v));
  return r > far ? int64_t(far) : r > -far ? int64_t(r) : -int64_t(far);
}

inline int64_t within(int64_t v, int64_t limit) { return v < 0 ? 0 : v > limit ? limit : v; }

template <typename T>
int32_t roiPool(WICK_ROUTINE_PARAMS) {
  using C = Compute<T>;
  const T *x = static_cast<const T *>(bufs[0]), *rois = static_cast<const T *>(bufs[1]);
  const int64_t *batchIndices = static_cast<const int64_t *>(bufs[2]);
  T *y = static_cast<T *>(bufs[3]);
  int32_t *places = static_cast<int32_t *>(bufs[4]);
  int64_t batches = args[0], channels = args[1], height = args[2], width = args[3];
  int64_t outH = args[4], outW = args[5], bins = outH * outW;
  C scale = C(argDouble(args[6]));
  bool mean = args[7];
  int64_t outChannels = args[8], lastH = height - mean, lastW = width - mean;
  for (int64_t unit = begin; unit < end; ++unit) {
    int64_t r = unit / outChannels, c = unit % outChannels, b = batchIndices[r];
    if (uint64_t(b) >= uint64_t(batches))
      return indexError(2);
    const T *roi = rois + r * 4;
    int64_t left = placeOf(C(roi[0]) * scale), top = placeOf(C(roi[1]) * scale);
    int64_t right = placeOf(C(roi[2]) * scale), bottom = placeOf(C(roi[3]) * scale);
    C binH = C(maxOf(bottom - top + !mean, int64_t(1))) / C(outH);
    C binW = C(maxOf(right - left + !mean, int64_t(1))) / C(outW);
    for (int64_t bin = 0; bin < bins; ++bin) {
      int64_t i = bin / outW, j = bin % outW, channel = mean ? c * bins + bin : c;
      const T *plane = x + (b * channels + channel) * height * width;
      int64_t h0 = within(int64_t(__builtin_floor(double(C(i) * binH))) + top, lastH);
      int64_t h1 = within(int64_t(__builtin_ceil(double(C(i + 1) * binH))) + top, lastH);
      int64_t w0 = within(int64_t(__builtin_floor(double(C(j) * binW))) + left, lastW);
      int64_t w1 = within(int64_t(__builtin_ceil(double(C(j + 1) * binW))) + left, lastW);
      bool empty = h1 <= h0 || w1 <= w0;
      // Comparisons leave NaN out, as torchvision's do; what is left then is its smallest value.
      C value = mean || empty ? C(0) : C(sizeof(C) == 8 ? -__DBL_MAX__ : -__FLT_MAX__);
      int64_t place = mean ? channel : -1;
      for (int64_t h = h0; h < h1; ++h)
        for (int64_t w = w0; w < w1; ++w) {
          C v = C(plane[h * width + w]);
          if (mean)
            value += v;
          else if (v > value)
            value = v, place = h * width + w;
        }
      if (mean && !empty)
        value = value / C((h1 - h0) * (w1 - w0));
      y[unit * bins + bin] = T(value);
      places[unit * bins + bin] = int32_t(place);
    }
  }
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE) WICK_DEFINE_ROUTINE(roi_pool, SUFFIX, roiPool<TYPE>)
WICK_FOR_FLOAT(X)
#undef X
