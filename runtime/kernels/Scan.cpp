// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cumsum and cumprod along one axis of [outer, n, inner]. Lines that are
// adjacent in memory are scanned side by side, which vectorizes for inner > 1.
// 16-bit floats accumulate in float and round at each store.
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

template <typename T, bool Product>
int32_t scan(WICK_ROUTINE_PARAMS) {
  using C = Compute<T>;
  constexpr int64_t width = 64;
  const T *x = static_cast<const T *>(bufs[0]);
  T *y = static_cast<T *>(bufs[1]);
  int64_t n = args[0], inner = args[1];
  bool exclusive = args[2], reverse = args[3];
  C total[width];
  for (int64_t line = begin; line < end;) {
    int64_t o = line / inner, in = line % inner;
    int64_t m = minOf(minOf(inner - in, end - line), width);
    for (int64_t j = 0; j < m; ++j)
      total[j] = C(Product ? 1 : 0);
    for (int64_t i = 0; i < n; ++i) {
      int64_t at = (o * n + (reverse ? n - 1 - i : i)) * inner + in;
      for (int64_t j = 0; j < m; ++j) {
        C v = C(x[at + j]), before = total[j];
        C after = Product ? mulWrap(before, v) : addWrap(before, v);
        total[j] = after;
        y[at + j] = T(exclusive ? before : after);
      }
    }
    line += m;
  }
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE)                                                                                                \
  WICK_DEFINE_ROUTINE(cumsum, SUFFIX, scan<TYPE, false>)                                                               \
  WICK_DEFINE_ROUTINE(cumprod, SUFFIX, scan<TYPE, true>)
WICK_FOR_NUMERIC(X)
#undef X
