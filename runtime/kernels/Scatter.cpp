// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// scatter_elements, scatter_nd, tensor_scatter, cache_append and max_unpool: copy (or clear)
// the destination, then write or combine updates. Chunks of the range own
// disjoint parts of the destination and walk the updates in order, so that
// duplicate indices give the same result for any number of threads.
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

enum Reduction : int64_t { None, Add, Mul, Min, Max };

template <typename T>
inline T combine(Reduction how, T oldValue, T newValue) {
  using C = Compute<T>;
  C a = C(oldValue), b = C(newValue);
  switch (how) {
  case Add:
    if constexpr (__is_same(T, Bool))
      return T(bool(a | b));
    else
      return T(addWrap(a, b));
  case Mul:
    if constexpr (__is_same(T, Bool))
      return T(bool(a & b));
    else
      return T(mulWrap(a, b));
  // A NaN on either side wins, as in numpy.
  case Min:
    return T(lessThan(b, a) ? (a != a ? a : b) : (b != b ? b : a));
  case Max:
    return T(lessThan(a, b) ? b : a);
  default:
    return newValue;
  }
}

template <typename T>
void copyElements(T *WICK_RESTRICT to, const T *WICK_RESTRICT from, int64_t n) {
  __builtin_memcpy(to, from, uint64_t(n) * sizeof(T));
}

template <typename T>
int32_t scatterElements(WICK_ROUTINE_PARAMS) {
  const T *data = static_cast<const T *>(bufs[0]);
  const int64_t *indices = static_cast<const int64_t *>(bufs[1]);
  const T *updates = static_cast<const T *>(bufs[2]);
  T *out = static_cast<T *>(bufs[3]);
  int64_t rank = args[0], axis = args[1];
  Reduction how = Reduction(args[2]);
  const int64_t *dims = args + 3, *idxDims = dims + rank;
  int64_t n = dims[axis], m = idxDims[axis], inner = 1, idxInner = 1;
  for (int64_t i = axis + 1; i < rank; ++i)
    inner *= dims[i], idxInner *= idxDims[i];
  for (int64_t line = begin; line < end;) {
    // Lines of one outer index are adjacent: copy them together.
    int64_t o = line / inner, first = line % inner;
    int64_t last = minOf(inner, first + (end - line));
    for (int64_t k = 0; k < n; ++k) {
      int64_t at = (o * n + k) * inner + first;
      copyElements(out + at, data + at, last - first);
    }
    int64_t idxOuter = 0, rest = o, scale = 1;
    bool inside = true;
    for (int64_t i = axis - 1; i >= 0; --i) {
      int64_t c = rest % dims[i];
      rest /= dims[i];
      inside &= c < idxDims[i];
      idxOuter += c * scale;
      scale *= idxDims[i];
    }
    for (int64_t in = first; inside && in < last; ++in) {
      int64_t idxIn = 0, r = in, sc = 1;
      bool ok = true;
      for (int64_t i = rank - 1; i > axis; --i) {
        int64_t c = r % dims[i];
        r /= dims[i];
        ok &= c < idxDims[i];
        idxIn += c * sc;
        sc *= idxDims[i];
      }
      for (int64_t k = 0; ok && k < m; ++k) {
        int64_t from = (idxOuter * m + k) * idxInner + idxIn, to = indices[from];
        to += to < 0 ? n : 0;
        if (uint64_t(to) >= uint64_t(n))
          return indexError(1);
        T &slot = out[(o * n + to) * inner + in];
        slot = combine(how, slot, updates[from]);
      }
    }
    line += last - first;
  }
  return 0;
}

template <typename T>
int32_t scatterNd(WICK_ROUTINE_PARAMS) {
  const T *data = static_cast<const T *>(bufs[0]);
  const int64_t *indices = static_cast<const int64_t *>(bufs[1]);
  const T *updates = static_cast<const T *>(bufs[2]);
  T *out = static_cast<T *>(bufs[3]);
  int64_t count = args[0], depth = args[1], slice = args[2];
  Reduction how = Reduction(args[3]);
  const int64_t *dims = args + 4;
  copyElements(out + begin * slice, data + begin * slice, (end - begin) * slice);
  for (int64_t u = 0; u < count; ++u) {
    int64_t row = 0;
    for (int64_t i = 0; i < depth; ++i) {
      int64_t at = indices[u * depth + i];
      at += at < 0 ? dims[i] : 0;
      if (uint64_t(at) >= uint64_t(dims[i]))
        return indexError(1);
      row = row * dims[i] + at;
    }
    if (row < begin || row >= end)
      continue;
    T *WICK_RESTRICT to = out + row * slice;
    const T *WICK_RESTRICT from = updates + u * slice;
    if (how == None)
      copyElements(to, from, slice);
    else
      for (int64_t i = 0; i < slice; ++i)
        to[i] = combine(how, to[i], from[i]);
  }
  return 0;
}

template <typename T>
int32_t tensorScatter(WICK_ROUTINE_PARAMS) {
  const T *past = static_cast<const T *>(bufs[0]), *update = static_cast<const T *>(bufs[1]);
  const int64_t *writeIndices = static_cast<const int64_t *>(bufs[2]);
  T *out = static_cast<T *>(bufs[3]);
  int64_t between = args[0], maxLen = args[1], len = args[2], inner = args[3];
  bool circular = args[4], hasIndices = args[5];
  for (int64_t row = begin; row < end; ++row) {
    // A row is one (batch, dims before the axis) pair.
    int64_t start = hasIndices ? writeIndices[row / between] : 0;
    if (start < 0 || (!circular && start + len > maxLen) || (circular && len && !maxLen))
      return indexError(2);
    T *to = out + row * maxLen * inner;
    if (to != past + row * maxLen * inner)
      copyElements(to, past + row * maxLen * inner, maxLen * inner);
    for (int64_t i = 0; i < len; ++i) {
      int64_t at = circular ? (start + i) % maxLen : start + i;
      copyElements(to + at * inner, update + (row * len + i) * inner, inner);
    }
  }
  return 0;
}

template <typename T>
int32_t cacheAppend(WICK_ROUTINE_PARAMS) {
  const T *past = static_cast<const T *>(bufs[0]), *rows = static_cast<const T *>(bufs[1]);
  const int64_t *firsts = static_cast<const int64_t *>(bufs[2]);
  T *out = static_cast<T *>(bufs[3]);
  int64_t heads = args[0], before = args[1], after = args[2], len = args[3], inner = args[4];
  for (int64_t unit = begin; unit < end; ++unit) {
    int64_t first = firsts[unit / heads], kept = before < after ? before : after;
    if (first < 0 || first + len > after || first > before)
      return indexError(2);
    T *to = out + unit * after * inner;
    const T *from = past + unit * before * inner;
    if (out != past) { // the same memory has the same length: only the new rows differ
      copyElements(to, from, kept * inner);
      __builtin_memset(static_cast<void *>(to + kept * inner), 0, uint64_t((after - kept) * inner) * sizeof(T));
    }
    copyElements(to + first * inner, rows + unit * len * inner, len * inner);
  }
  return 0;
}

template <typename T>
int32_t maxUnpool(WICK_ROUTINE_PARAMS) {
  const T *x = static_cast<const T *>(bufs[0]);
  const int64_t *indices = static_cast<const int64_t *>(bufs[1]);
  T *out = static_cast<T *>(bufs[2]);
  int64_t n = args[0], outCount = args[1];
  for (int64_t i = begin; i < end; ++i)
    out[i] = T{};
  for (int64_t i = 0; i < n; ++i) {
    int64_t at = indices[i];
    if (uint64_t(at) >= uint64_t(outCount))
      return indexError(1);
    if (at >= begin && at < end)
      out[at] = x[i];
  }
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE)                                                                                                \
  WICK_DEFINE_ROUTINE(scatter_elements, SUFFIX, scatterElements<TYPE>)                                                 \
  WICK_DEFINE_ROUTINE(scatter_nd, SUFFIX, scatterNd<TYPE>)                                                             \
  WICK_DEFINE_ROUTINE(tensor_scatter, SUFFIX, tensorScatter<TYPE>)                                                     \
  WICK_DEFINE_ROUTINE(cache_append, SUFFIX, cacheAppend<TYPE>)
WICK_FOR_ALL(X)
#undef X
#define X(SUFFIX, TYPE) WICK_DEFINE_ROUTINE(max_unpool, SUFFIX, maxUnpool<TYPE>)
WICK_FOR_FLOAT(X)
#undef X
