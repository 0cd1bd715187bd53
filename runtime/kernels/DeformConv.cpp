// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sampling half of ONNX DeformConv: one column of inputs for each position of
// the result, read bilinearly at positions that data displaces. The other half is a
// matrix product, which the graph does. A unit is one (batch, channel) plane.
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

/// plane(y, x) between its samples; zero outside.
template <typename C, typename T>
C bilinear(const T *plane, int64_t height, int64_t width, C y, C x) {
  // NaN and far values must not reach the integer conversion.
  if (!(y > C(-1) && y < C(height) && x > C(-1) && x < C(width)))
    return C(0);
  C fy = C(__builtin_floor(double(y))), fx = C(__builtin_floor(double(x)));
  int64_t top = int64_t(fy), left = int64_t(fx);
  C ty = y - fy, tx = x - fx, sum = C(0);
  auto add = [&](int64_t r, int64_t c, C weight) {
    if (r >= 0 && r < height && c >= 0 && c < width)
      sum = mulAdd(weight, C(plane[r * width + c]), sum);
  };
  add(top, left, (C(1) - ty) * (C(1) - tx));
  add(top, left + 1, (C(1) - ty) * tx);
  add(top + 1, left, ty * (C(1) - tx));
  add(top + 1, left + 1, ty * tx);
  return sum;
}

template <typename T>
int32_t deformIm2col(WICK_ROUTINE_PARAMS) {
  using C = Compute<T>;
  const T *x = static_cast<const T *>(bufs[0]), *offset = static_cast<const T *>(bufs[1]);
  const T *mask = static_cast<const T *>(bufs[2]);
  T *columns = static_cast<T *>(bufs[3]);
  int64_t channels = args[0], height = args[1], width = args[2], kh = args[3], kw = args[4], oh = args[5], ow = args[6];
  int64_t strideH = args[7], strideW = args[8], dilationH = args[9], dilationW = args[10], top = args[11];
  int64_t left = args[12], groups = args[13], taps = kh * kw, points = oh * ow;
  bool hasMask = args[14];
  for (int64_t unit = begin; unit < end; ++unit) {
    int64_t batch = unit / channels, group = unit % channels / (channels / groups);
    const T *plane = x + unit * height * width;
    for (int64_t k = 0; k < taps; ++k) {
      int64_t tap = (batch * groups + group) * taps + k;
      const T *dy = offset + 2 * tap * points, *dx = dy + points, *m = mask + tap * points;
      T *to = columns + (unit * taps + k) * points;
      for (int64_t p = 0; p < points; ++p) {
        C y = C(p / ow * strideH - top + k / kw * dilationH) + C(dy[p]);
        C v = bilinear<C>(plane, height, width, y, C(p % ow * strideW - left + k % kw * dilationW) + C(dx[p]));
        to[p] = T(hasMask ? v * C(m[p]) : v);
      }
    }
  }
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE) WICK_DEFINE_ROUTINE(deform_im2col, SUFFIX, deformIm2col<TYPE>)
WICK_FOR_FLOAT(X)
#undef X
