// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// roi_align (ONNX RoiAlign 16/22): bilinear samples of each bin, averaged, or
// the largest weighted neighbour ("max", as ONNX's text computes it).
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

/// The four neighbours of a sample and their weights; all weights 0 when outside.
template <typename C>
struct Sample {
  int64_t at[4];
  C w[4];

  Sample(C y, C x, int64_t height, int64_t width) {
    if (!(y >= -1 && y <= C(height) && x >= -1 && x <= C(width))) {
      for (int i = 0; i < 4; ++i)
        at[i] = 0, w[i] = C(0);
      return;
    }
    y = maxOf(y, C(0)), x = maxOf(x, C(0));
    int64_t y0 = int64_t(y), x0 = int64_t(x), y1 = y0 + 1, x1 = x0 + 1;
    if (y0 >= height - 1)
      y1 = y0 = height - 1, y = C(y0);
    if (x0 >= width - 1)
      x1 = x0 = width - 1, x = C(x0);
    C ly = y - C(y0), lx = x - C(x0), hy = C(1) - ly, hx = C(1) - lx;
    at[0] = y0 * width + x0, at[1] = y0 * width + x1;
    at[2] = y1 * width + x0, at[3] = y1 * width + x1;
    w[0] = hy * hx, w[1] = hy * lx, w[2] = ly * hx, w[3] = ly * lx;
  }
};

template <typename T>
int32_t roiAlign(WICK_ROUTINE_PARAMS) {
  using C = Compute<T>;
  const T *x = static_cast<const T *>(bufs[0]), *rois = static_cast<const T *>(bufs[1]);
  const int64_t *batchIndices = static_cast<const int64_t *>(bufs[2]);
  T *y = static_cast<T *>(bufs[3]);
  int64_t batches = args[0], channels = args[1], height = args[2], width = args[3];
  int64_t outH = args[4], outW = args[5], ratio = args[6];
  C scale = C(argDouble(args[7]));
  bool max = args[8], halfPixel = args[9];
  for (int64_t unit = begin; unit < end; ++unit) {
    int64_t r = unit / channels, c = unit % channels, b = batchIndices[r];
    if (uint64_t(b) >= uint64_t(batches))
      return indexError(2);
    const T *plane = x + (b * channels + c) * height * width;
    T *to = y + unit * outH * outW;
    const T *roi = rois + r * 4;
    C offset = halfPixel ? C(0.5) : C(0);
    C left = C(roi[0]) * scale - offset, top = C(roi[1]) * scale - offset;
    C w = C(roi[2]) * scale - offset - left, h = C(roi[3]) * scale - offset - top;
    if (!halfPixel)
      w = maxOf(w, C(1)), h = maxOf(h, C(1));
    C binH = h / C(outH), binW = w / C(outW);
    // A damaged roi must not make an endless loop: at most one sample a pixel.
    auto samples = [&](C bin, int64_t limit) {
      if (ratio > 0)
        return ratio;
      if (!(bin > 0))
        return int64_t(0);
      return int64_t(__builtin_ceil(double(minOf(bin, C(limit) + C(1)))));
    };
    int64_t gridH = samples(binH, 16 * height), gridW = samples(binW, 16 * width);
    C count = C(maxOf(gridH * gridW, int64_t(1)));
    for (int64_t ph = 0; ph < outH; ++ph)
      for (int64_t pw = 0; pw < outW; ++pw) {
        C value = C(0);
        bool first = true;
        for (int64_t iy = 0; iy < gridH; ++iy) {
          C sy = top + C(ph) * binH + (C(iy) + C(0.5)) * binH / C(gridH);
          for (int64_t ix = 0; ix < gridW; ++ix) {
            C sx = left + C(pw) * binW + (C(ix) + C(0.5)) * binW / C(gridW);
            Sample<C> s(sy, sx, height, width);
            if (max) {
              for (int i = 0; i < 4; ++i) {
                C v = s.w[i] * C(plane[s.at[i]]);
                value = first ? v : maxOf(value, v);
                first = false;
              }
            } else {
              C v = C(0);
              for (int i = 0; i < 4; ++i)
                v += s.w[i] * C(plane[s.at[i]]);
              value += v;
            }
          }
        }
        to[ph * outW + pw] = T(max ? value : value / count);
      }
  }
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE) WICK_DEFINE_ROUTINE(roi_align, SUFFIX, roiAlign<TYPE>)
WICK_FOR_FLOAT(X)
#undef X
