// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Routines whose output size is data: topk, nonzero and compress. topk keeps a
// bounded heap of the best k under a total order (value, then lower index), so
// ties and NaN have one answer. The others come in two phases: *_count writes
// the size, the host allocates, *_fill writes the elements.
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

template <typename C>
struct Entry {
  C value;
  int64_t index;
};

template <typename T, bool Largest>
void topKLine(const T *x, int64_t n, int64_t stride, int64_t k, T *values, int64_t *indices, Entry<Compute<T>> *heap) {
  using E = Entry<Compute<T>>;
  auto better = [](const E &a, const E &b) {
    bool gt = Largest ? lessThan(b.value, a.value) : lessThan(a.value, b.value);
    bool lt = Largest ? lessThan(a.value, b.value) : lessThan(b.value, a.value);
    return gt || (!lt && a.index < b.index);
  };
  auto sift = [&](int64_t at, int64_t size) { // the root is the worst entry
    E moving = heap[at];
    for (int64_t child; (child = 2 * at + 1) < size; at = child) {
      if (child + 1 < size && better(heap[child], heap[child + 1]))
        ++child;
      if (!better(moving, heap[child]))
        break;
      heap[at] = heap[child];
    }
    heap[at] = moving;
  };
  for (int64_t i = 0; i < k; ++i)
    heap[i] = {Compute<T>(x[i * stride]), i};
  for (int64_t i = k / 2 - 1; i >= 0; --i)
    sift(i, k);
  for (int64_t i = k; i < n; ++i) {
    E e{Compute<T>(x[i * stride]), i};
    if (better(e, heap[0])) {
      heap[0] = e;
      sift(0, k);
    }
  }
  for (int64_t size = k; size > 0; --size) {
    values[(size - 1) * stride] = x[heap[0].index * stride];
    indices[(size - 1) * stride] = heap[0].index;
    heap[0] = heap[size - 1];
    sift(0, size - 1 > 0 ? size - 1 : 1);
  }
}

template <typename T>
int32_t topK(WICK_ROUTINE_PARAMS) {
  const T *x = static_cast<const T *>(bufs[0]);
  T *values = static_cast<T *>(bufs[1]);
  int64_t *indices = static_cast<int64_t *>(bufs[2]);
  int64_t n = args[0], inner = args[1], k = args[2];
  bool largest = args[3];
  if (k < 0 || k > n)
    return valueError(0);
  auto *heap = static_cast<Entry<Compute<T>> *>(scratch);
  for (int64_t line = begin; k && line < end; ++line) {
    int64_t o = line / inner, in = line % inner, to = o * k * inner + in;
    auto fn = largest ? topKLine<T, true> : topKLine<T, false>;
    fn(x + o * n * inner + in, n, inner, k, values + to, indices + to, heap);
  }
  return 0;
}

template <typename T>
inline bool isNonZero(T v) {
  return Compute<T>(v) != Compute<T>(0);
}

template <typename T>
int32_t nonZeroCount(WICK_ROUTINE_PARAMS) {
  const T *x = static_cast<const T *>(bufs[0]);
  int64_t count = 0;
  for (int64_t i = 0; i < args[0]; ++i)
    count += isNonZero(x[i]);
  *static_cast<int64_t *>(bufs[1]) = count;
  return 0;
}

template <typename T>
int32_t nonZeroFill(WICK_ROUTINE_PARAMS) {
  const T *x = static_cast<const T *>(bufs[0]);
  int64_t *out = static_cast<int64_t *>(bufs[1]);
  int64_t rank = args[0], count = args[1], total = 1, at = 0;
  const int64_t *dims = args + 2;
  for (int64_t d = 0; d < rank; ++d)
    total *= dims[d];
  for (int64_t i = 0; i < total; ++i) {
    if (!isNonZero(x[i]))
      continue;
    if (at == count)
      return valueError(0); // the caller counted something else
    int64_t rest = i;
    for (int64_t d = rank - 1; d >= 0; --d) {
      out[d * count + at] = rest % dims[d];
      rest /= dims[d];
    }
    ++at;
  }
  return 0;
}

int32_t compressCount(WICK_ROUTINE_PARAMS) {
  const uint8_t *condition = static_cast<const uint8_t *>(bufs[0]);
  int64_t n = minOf(args[0], args[1]), count = 0;
  for (int64_t i = 0; i < n; ++i)
    count += condition[i] != 0;
  *static_cast<int64_t *>(bufs[1]) = count;
  return 0;
}

template <typename T>
int32_t compressFill(WICK_ROUTINE_PARAMS) {
  const T *x = static_cast<const T *>(bufs[0]);
  const uint8_t *condition = static_cast<const uint8_t *>(bufs[1]);
  T *y = static_cast<T *>(bufs[2]);
  int64_t n = args[0], inner = args[1], len = minOf(args[2], n), count = args[3];
  for (int64_t o = begin; o < end; ++o) {
    int64_t at = 0;
    for (int64_t i = 0; i < len; ++i) {
      if (!condition[i])
        continue;
      if (at == count)
        return valueError(1);
      __builtin_memcpy(y + (o * count + at) * inner, x + (o * n + i) * inner, uint64_t(inner) * sizeof(T));
      ++at;
    }
  }
  return 0;
}

} // namespace

extern "C" int32_t wick_r_compress_count(WICK_ROUTINE_PARAMS) { return compressCount(WICK_ROUTINE_ARGS); }
#define X(SUFFIX, TYPE)                                                                                                \
  WICK_DEFINE_ROUTINE(nonzero_count, SUFFIX, nonZeroCount<TYPE>)                                                       \
  WICK_DEFINE_ROUTINE(nonzero_fill, SUFFIX, nonZeroFill<TYPE>)                                                         \
  WICK_DEFINE_ROUTINE(compress_fill, SUFFIX, compressFill<TYPE>)
WICK_FOR_ALL(X)
#undef X
#define X(SUFFIX, TYPE) WICK_DEFINE_ROUTINE(topk, SUFFIX, topK<TYPE>)
WICK_FOR_NUMERIC(X)
#undef X
