// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// unique over the flattened input or over the slices along an axis. Slices are
// put in order by a bottom-up merge sort of their numbers (stable, so the first
// of equal slices is the first occurrence), then runs become groups. Two
// phases, since the number of groups is data: see Routines.def.
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

/// Compares slices a and b of x [outer, n, inner]: -1, 0 or 1.
template <typename T>
int compareSlices(const T *x, int64_t outer, int64_t n, int64_t inner, int64_t a, int64_t b) {
  for (int64_t o = 0; o < outer; ++o) {
    const T *p = x + (o * n + a) * inner, *q = x + (o * n + b) * inner;
    for (int64_t i = 0; i < inner; ++i) {
      Compute<T> u = Compute<T>(p[i]), v = Compute<T>(q[i]);
      if (lessThan(u, v))
        return -1;
      if (lessThan(v, u))
        return 1;
    }
  }
  return 0;
}

template <typename T>
int32_t uniqueCount(WICK_ROUTINE_PARAMS) {
  const T *x = static_cast<const T *>(bufs[0]);
  int64_t *first = static_cast<int64_t *>(bufs[1]);
  int64_t *inverse = static_cast<int64_t *>(bufs[2]);
  int64_t *counts = static_cast<int64_t *>(bufs[3]);
  int64_t outer = args[0], n = args[1], inner = args[2];
  bool sorted = args[3];
  int64_t *order = static_cast<int64_t *>(scratch), *other = order + n;
  for (int64_t i = 0; i < n; ++i)
    order[i] = i;
  for (int64_t width = 1; width < n; width *= 2) {
    for (int64_t lo = 0; lo < n; lo += 2 * width) {
      int64_t mid = minOf(lo + width, n), hi = minOf(lo + 2 * width, n);
      for (int64_t i = lo, j = mid, k = lo; k < hi; ++k) {
        bool left = i < mid && (j >= hi || compareSlices(x, outer, n, inner, order[j], order[i]) >= 0);
        other[k] = left ? order[i++] : order[j++];
      }
    }
    int64_t *t = order;
    order = other, other = t;
  }
  int64_t groups = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (i == 0 || compareSlices(x, outer, n, inner, order[i - 1], order[i]) != 0) {
      first[groups] = order[i];
      counts[groups++] = 0;
    }
    inverse[order[i]] = groups - 1;
    ++counts[groups - 1];
  }
  *static_cast<int64_t *>(bufs[4]) = groups;
  if (sorted)
    return 0;
  // Renumber the groups by first occurrence; `order` and `other` are free now.
  for (int64_t i = 0; i < groups; ++i)
    other[i] = counts[i];
  int64_t next = 0;
  for (int64_t i = 0; i < n; ++i) {
    int64_t g = inverse[i];
    if (first[g] == i) {
      order[g] = next;
      counts[next++] = other[g];
    }
    inverse[i] = order[g];
  }
  // Only now may first be overwritten: the loop above reads it.
  next = 0;
  for (int64_t i = 0; i < n; ++i)
    if (inverse[i] == next)
      first[next++] = i;
  return 0;
}

template <typename T>
int32_t uniqueFill(WICK_ROUTINE_PARAMS) {
  const T *x = static_cast<const T *>(bufs[0]);
  const int64_t *first = static_cast<const int64_t *>(bufs[1]);
  T *y = static_cast<T *>(bufs[2]);
  int64_t n = args[1], inner = args[2], groups = args[3];
  for (int64_t o = begin; o < end; ++o)
    for (int64_t g = 0; g < groups; ++g)
      __builtin_memcpy(y + (o * groups + g) * inner, x + (o * n + first[g]) * inner, uint64_t(inner) * sizeof(T));
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE)                                                                                                \
  WICK_DEFINE_ROUTINE(unique_count, SUFFIX, uniqueCount<TYPE>)                                                         \
  WICK_DEFINE_ROUTINE(unique_fill, SUFFIX, uniqueFill<TYPE>)
WICK_FOR_ALL(X)
#undef X
