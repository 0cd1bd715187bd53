// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// resize along one axis of [outer, in, inner] with linear or cubic filters and
// optional antialiasing (ONNX Resize). Resize is separable: the caller runs one
// call for each axis that changes. Each chunk first makes the table of first
// sample, count and weights of every output position in scratch.
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

enum Mode : int64_t { Linear = 1, Cubic = 2 };
enum Coordinate : int64_t {
  HalfPixel,
  PytorchHalfPixel,
  AlignCorners,
  Asymmetric,
  TfCropAndResize,
  HalfPixelSymmetric,
};

struct Spec {
  int64_t in, out, inner, mode, coordinate;
  double scale, roiStart, roiEnd, cubicA, extrapolation;
  bool excludeOutside, antialias;

  explicit Spec(const int64_t *a)
      : in(a[0]), out(a[1]), inner(a[2]), mode(a[3]), coordinate(a[4]), scale(argDouble(a[5])),
        roiStart(argDouble(a[6])), roiEnd(argDouble(a[7])), cubicA(argDouble(a[8])), extrapolation(argDouble(a[9])),
        excludeOutside(a[10]), antialias(a[11]) {}

  /// Filters shrink with the scale when antialiasing a reduction.
  double filterScale() const { return antialias && scale < 1.0 ? scale : 1.0; }
  int64_t maxTaps() const { return 2 * int64_t(__builtin_ceil((mode == Cubic ? 2.0 : 1.0) / filterScale())) + 1; }

  double source(int64_t i) const {
    // ONNX measures the resized axis before rounding its length.
    double x = double(i), len = scale * double(in);
    switch (coordinate) {
    case PytorchHalfPixel:
      return len != 1 ? (x + 0.5) / scale - 0.5 : 0.0;
    case AlignCorners:
      return len != 1 ? x * double(in - 1) / (len - 1) : 0.0;
    case Asymmetric:
      return x / scale;
    case TfCropAndResize:
      return len != 1 ? roiStart * double(in - 1) + x * (roiEnd - roiStart) * double(in - 1) / (len - 1)
                      : 0.5 * (roiStart + roiEnd) * double(in - 1);
    case HalfPixelSymmetric: {
      double adjustment = double(out) / len, center = double(in) / 2;
      return center * (1 - adjustment) + (x + 0.5) / scale - 0.5;
    }
    default:
      return (x + 0.5) / scale - 0.5;
    }
  }

  double filter(double t) const {
    t = __builtin_fabs(t);
    if (mode == Linear)
      return t < 1 ? 1 - t : 0;
    double a = cubicA; // Keys' convolution kernel
    if (t < 1)
      return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
  }
};

/// Taps may lie outside the axis; they are folded onto its border unless
/// excludeOutside drops them.
template <typename C>
void makeRow(const Spec &s, int64_t o, int64_t taps, int64_t &first, int64_t &count, C *weights) {
  double x = s.source(o);
  first = 0;
  count = 0;
  if (s.coordinate == TfCropAndResize && !(x >= 0 && x <= double(s.in - 1))) {
    count = -1; // the extrapolation value
    return;
  }
  double f = s.filterScale(), support = (s.mode == Cubic ? 2.0 : 1.0) / f;
  // Positions far outside give the border for any filter: keep the integers small.
  x = minOf(maxOf(x, -support - 2), double(s.in) + support + 1);
  int64_t lo = int64_t(__builtin_floor(x - support)) + 1, hi = int64_t(__builtin_ceil(x + support)) - 1;
  int64_t from = minOf(maxOf(lo, int64_t(0)), s.in - 1), to = minOf(maxOf(hi, int64_t(0)), s.in - 1);
  double sum = 0;
  for (int64_t i = lo; i <= hi; ++i)
    if (!s.excludeOutside || (i >= 0 && i < s.in))
      sum += s.filter((double(i) - x) * f);
  double norm = sum != 0 && (s.excludeOutside || s.antialias) ? 1 / sum : 1;
  for (int64_t i = 0; i < taps; ++i)
    weights[i] = C(0);
  for (int64_t i = lo; i <= hi; ++i) { // in order: a border may take several
    if (s.excludeOutside && (i < 0 || i >= s.in))
      continue;
    int64_t at = minOf(maxOf(i, int64_t(0)), s.in - 1) - from;
    weights[at] = C(double(weights[at]) + s.filter((double(i) - x) * f) * norm);
  }
  first = from;
  count = to - from + 1;
}

template <typename T>
int32_t resizeAxis(WICK_ROUTINE_PARAMS) {
  using C = Compute<T>;
  Spec s(args);
  const T *x = static_cast<const T *>(bufs[0]);
  T *y = static_cast<T *>(bufs[1]);
  if (s.in == 0)
    return begin < end ? valueError(0) : 0;
  int64_t taps = s.maxTaps();
  int64_t *firsts = static_cast<int64_t *>(scratch), *counts = firsts + s.out;
  C *weights = reinterpret_cast<C *>(counts + s.out);
  for (int64_t o = 0; o < s.out; ++o)
    makeRow(s, o, taps, firsts[o], counts[o], weights + o * taps);
  for (int64_t row = begin; row < end; ++row) {
    int64_t o = row % s.out;
    const T *WICK_RESTRICT from = x + (row / s.out * s.in + firsts[o]) * s.inner;
    T *WICK_RESTRICT to = y + row * s.inner;
    const C *w = weights + o * taps;
    int64_t n = counts[o];
    if (n < 0) {
      for (int64_t j = 0; j < s.inner; ++j)
        to[j] = T(C(s.extrapolation));
    } else if (s.inner == 1) {
      C sum = C(0);
      for (int64_t t = 0; t < n; ++t)
        sum = mulAdd(w[t], C(from[t]), sum);
      *to = T(sum);
    } else if (n == 1) {
      for (int64_t j = 0; j < s.inner; ++j)
        to[j] = T(w[0] * C(from[j]));
    } else if (n == 2) {
      WICK_VECTORIZE
      for (int64_t j = 0; j < s.inner; ++j)
        to[j] = T(mulAdd(w[1], C(from[s.inner + j]), w[0] * C(from[j])));
    } else if (n == 4) {
      WICK_VECTORIZE
      for (int64_t j = 0; j < s.inner; ++j)
        to[j] =
            T(mulAdd(w[3], C(from[3 * s.inner + j]),
                     mulAdd(w[2], C(from[2 * s.inner + j]), mulAdd(w[1], C(from[s.inner + j]), w[0] * C(from[j])))));
    } else {
      for (int64_t j = 0; j < s.inner; ++j) {
        C sum = C(0);
        for (int64_t t = 0; t < n; ++t)
          sum = mulAdd(w[t], C(from[t * s.inner + j]), sum);
        to[j] = T(sum);
      }
    }
  }
  return 0;
}

template <typename T>
int32_t doubleBits(WICK_ROUTINE_PARAMS) {
  static_cast<int64_t *>(bufs[1])[0] = bitCast<int64_t>(double(static_cast<const T *>(bufs[0])[0]));
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE) WICK_DEFINE_ROUTINE(resize_axis, SUFFIX, resizeAxis<TYPE>)
WICK_FOR_FLOAT(X)
#undef X
#define X(SUFFIX, TYPE) WICK_DEFINE_ROUTINE(double_bits, SUFFIX, doubleBits<TYPE>)
WICK_FOR_REAL(X)
#undef X
