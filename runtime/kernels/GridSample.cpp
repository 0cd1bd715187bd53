// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// grid_sample over two or three spatial dims: nearest, linear and cubic (2D
// only), zero, border or reflection padding (ONNX GridSample 20; the geometry
// is that of its reference text). Offsets and weights of a grid point depend on
// the batch entry alone, so a unit is one (batch, channel) plane.
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

enum Mode : int64_t { Nearest, Linear, Cubic };
enum Padding : int64_t { Zeros, Border, Reflection };

/// One spatial axis: taps of a coordinate as indices (-1: reads zero) and weights.
template <typename C>
struct Axis {
  int64_t length;
  Mode mode;
  Padding padding;
  bool alignCorners;
  C lo, hi; // the borders that reflection folds at

  Axis(int64_t length, Mode mode, Padding padding, bool align)
      : length(length), mode(mode), padding(padding), alignCorners(align), lo(align ? C(0) : C(-0.5)),
        hi(align ? C(length - 1) : C(length) - C(0.5)) {}

  C reflect(C x) const {
    C range = hi - lo;
    if (!(range > 0))
      return C(0);
    bool below = x < lo;
    C d = below ? lo - x : x - hi;
    C turns = sizeof(C) == 8 ? C(__builtin_floor(double(d / range))) : C(__builtin_floorf(float(d / range)));
    C r = d - turns * range, half = turns * C(0.5);
    bool even = half == (sizeof(C) == 8 ? C(__builtin_floor(double(half))) : C(__builtin_floorf(float(half))));
    return even == below ? lo + r : hi - r;
  }
  int64_t index(int64_t i) const {
    if (i >= 0 && i < length)
      return i;
    if (padding == Zeros)
      return -1;
    if (padding == Reflection)
      i = int64_t(reflect(C(i)));
    return minOf(maxOf(i, int64_t(0)), length - 1);
  }
  /// Returns the number of taps.
  int taps(C g, int64_t *at, C *w) const {
    C x = alignCorners ? (g + C(1)) / C(2) * C(length - 1) : ((g + C(1)) * C(length) - C(1)) / C(2);
    if (mode == Nearest)
      x = C(__builtin_rint(double(x)));
    if (x < lo || x > hi) {
      // Cubic taps are clamped one by one (onnxruntime and torch; the reference
      // text of ONNX would clamp the position as well).
      if (padding == Border && mode != Cubic)
        x = minOf(maxOf(x, C(0)), C(length - 1));
      if (padding == Reflection)
        x = reflect(x);
    }
    // NaN and far values must not reach the integer conversion.
    x = x != x ? C(-16) : minOf(maxOf(x, C(-16)), C(length) + C(16));
    C f = C(__builtin_floor(double(x)));
    int64_t base = int64_t(f);
    C t = x - f;
    if (mode == Nearest) {
      at[0] = index(base), w[0] = C(1);
      return 1;
    }
    if (mode == Linear) {
      at[0] = index(base), at[1] = index(base + 1);
      w[0] = C(1) - t, w[1] = t;
      return 2;
    }
    const C a = C(-0.75); // Keys' kernel as ONNX fixes it
    auto outer = [a](C d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
    auto near = [a](C d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
    w[0] = outer(t + 1), w[1] = near(t), w[2] = near(C(1) - t), w[3] = outer(C(2) - t);
    for (int i = 0; i < 4; ++i)
      at[i] = index(base - 1 + i);
    return 4;
  }
};

/// args: rank (2 or 3), C, in dims[rank], out dims[rank], mode, padding, align_corners.
template <typename T>
int32_t gridSample(WICK_ROUTINE_PARAMS) {
  using C = Compute<T>;
  const T *x = static_cast<const T *>(bufs[0]), *grid = static_cast<const T *>(bufs[1]);
  T *y = static_cast<T *>(bufs[2]);
  int64_t rank = args[0], channels = args[1];
  const int64_t *in = args + 2, *out = in + rank, *tail = out + rank;
  Mode mode = Mode(tail[0]);
  Padding padding = Padding(tail[1]);
  bool align = tail[2];
  bool volume = rank == 3;
  int64_t depth = volume ? in[0] : 1, height = in[rank - 2], width = in[rank - 1];
  int64_t points = 1;
  for (int64_t i = 0; i < rank; ++i)
    points *= out[i];
  Axis<C> ax(width, mode, padding, align), ay(height, mode, padding, align);
  Axis<C> az(depth, mode, padding, align);
  for (int64_t unit = begin; unit < end; ++unit) {
    const T *g = grid + unit / channels * points * rank;
    const T *plane = x + unit * depth * height * width;
    T *to = y + unit * points;
    for (int64_t p = 0; p < points; ++p, g += rank) {
      int64_t xs[4], ys[4], zs[4] = {0};
      C wx[4], wy[4], wz[4] = {C(1)};
      int nx = ax.taps(C(g[0]), xs, wx), ny = ay.taps(C(g[1]), ys, wy);
      int nz = volume ? az.taps(C(g[2]), zs, wz) : 1;
      C sum = C(0);
      for (int k = 0; k < nz; ++k) {
        if (zs[k] < 0)
          continue;
        C slab = C(0);
        for (int j = 0; j < ny; ++j) {
          if (ys[j] < 0)
            continue;
          const T *row = plane + (zs[k] * height + ys[j]) * width;
          C line = C(0);
          for (int i = 0; i < nx; ++i)
            if (xs[i] >= 0)
              line = mulAdd(wx[i], C(row[xs[i]]), line);
          slab = mulAdd(wy[j], line, slab);
        }
        sum = mulAdd(wz[k], slab, sum);
      }
      to[p] = T(sum);
    }
  }
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE) WICK_DEFINE_ROUTINE(grid_sample, SUFFIX, gridSample<TYPE>)
WICK_FOR_FLOAT(X)
#undef X
