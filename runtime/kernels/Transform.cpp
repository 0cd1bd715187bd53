// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// col2im, det and dft. dft is a Stockham transform of any length (Van Loan,
// Computational Frameworks for the FFT, ch. 1.7 and 2.1): one pass a prime
// factor, with a hand-written butterfly for 2 and 4 and a plain sum for others,
// so that a prime length costs n^2.
//
#include "runtime/kernels/Common.h"
#include "runtime/kernels/WickMath.h"

using namespace wick::kernels;

namespace {

constexpr int64_t maxRank = 8;

/// args: rank, L (columns), image[rank], block[rank], strides[rank], dilations[rank], padsBegin[rank],
/// blocks[rank] (sliding positions; their product is L).
template <typename T>
int32_t col2im(WICK_ROUTINE_PARAMS) {
  using C = Compute<T>;
  const T *x = static_cast<const T *>(bufs[0]);
  T *y = static_cast<T *>(bufs[1]);
  int64_t rank = args[0], columns = args[1], plane = 1, taps = 1;
  const int64_t *image = args + 2, *block = image + rank, *strides = block + rank;
  const int64_t *dilations = strides + rank, *pads = dilations + rank, *blocks = pads + rank;
  if (rank > maxRank)
    return valueError(0);
  for (int64_t d = 0; d < rank; ++d)
    plane *= image[d], taps *= block[d];
  for (int64_t unit = begin; unit < end; ++unit) {
    T *to = y + unit * plane;
    const T *from = x + unit * taps * columns;
    // Gathered, not scattered: each pixel sums its taps in a fixed order.
    for (int64_t p = 0; p < plane; ++p) {
      int64_t at[maxRank];
      for (int64_t d = rank - 1, rest = p; d >= 0; rest /= image[d], --d)
        at[d] = rest % image[d] + pads[d];
      C sum = C(0);
      for (int64_t k = 0; k < taps; ++k) {
        int64_t column = 0, scale = 1;
        bool hit = true;
        for (int64_t d = rank - 1, rest = k; hit && d >= 0; rest /= block[d], --d) {
          int64_t o = at[d] - rest % block[d] * dilations[d];
          hit = o >= 0 && o % strides[d] == 0 && o / strides[d] < blocks[d];
          column += hit ? o / strides[d] * scale : 0;
          scale *= blocks[d];
        }
        if (hit)
          sum = addWrap(sum, C(from[k * columns + column]));
      }
      to[p] = T(sum);
    }
  }
  return 0;
}

template <typename T>
int32_t det(WICK_ROUTINE_PARAMS) {
  using C = Compute<T>;
  const T *x = static_cast<const T *>(bufs[0]);
  T *y = static_cast<T *>(bufs[1]);
  int64_t n = args[0];
  C *a = static_cast<C *>(scratch);
  for (int64_t unit = begin; unit < end; ++unit) {
    for (int64_t i = 0; i < n * n; ++i)
      a[i] = C(x[unit * n * n + i]);
    C result = C(1);
    for (int64_t k = 0; k < n; ++k) { // LU with row pivots
      int64_t pivot = k;
      for (int64_t i = k + 1; i < n; ++i)
        if (__builtin_fabs(double(a[i * n + k])) > __builtin_fabs(double(a[pivot * n + k])))
          pivot = i;
      if (pivot != k) {
        result = -result;
        for (int64_t j = k; j < n; ++j) {
          C t = a[k * n + j];
          a[k * n + j] = a[pivot * n + j];
          a[pivot * n + j] = t;
        }
      }
      C d = a[k * n + k];
      result *= d;
      if (d == C(0))
        break;
      for (int64_t i = k + 1; i < n; ++i) {
        C f = a[i * n + k] / d;
        for (int64_t j = k + 1; j < n; ++j)
          a[i * n + j] = mulAdd(-f, a[k * n + j], a[i * n + j]);
      }
    }
    y[unit] = T(result);
  }
  return 0;
}

template <typename C>
struct Complex {
  C re, im;
  Complex operator+(Complex o) const { return {re + o.re, im + o.im}; }
  Complex operator-(Complex o) const { return {re - o.re, im - o.im}; }
  Complex operator*(Complex o) const { return {mulAdd(re, o.re, -(im * o.im)), mulAdd(re, o.im, im * o.re)}; }
  Complex timesI(C sign) const { return {-sign * im, sign * re}; }
};

/// One pass of radix p: a holds l transforms of length n/l, interleaved; sign is
/// that of the exponent; w[k] = exp(sign 2 pi i k / n).
template <typename C>
void pass(const Complex<C> *WICK_RESTRICT a, Complex<C> *WICK_RESTRICT b, const Complex<C> *WICK_RESTRICT w, int64_t n,
          int64_t l, int64_t p, C sign) {
  // a[j + l * (k + m * q)], j < l, k < m, q < p  ->  b[j + l * (q + p * k)]
  int64_t m = n / (l * p);
  for (int64_t k = 0; k < m; ++k) {
    const Complex<C> *from = a + l * k;
    Complex<C> *to = b + l * p * k;
    int64_t step = l * m;
    if (p == 2) {
      Complex<C> w1 = w[k * l];
      for (int64_t j = 0; j < l; ++j) {
        Complex<C> u = from[j], v = from[j + step];
        to[j] = u + v;
        to[j + l] = (u - v) * w1;
      }
    } else if (p == 4) {
      Complex<C> w1 = w[k * l], w2 = w[2 * k * l], w3 = w[3 * k * l];
      for (int64_t j = 0; j < l; ++j) {
        Complex<C> u0 = from[j], u1 = from[j + step], u2 = from[j + 2 * step], u3 = from[j + 3 * step];
        Complex<C> s02 = u0 + u2, d02 = u0 - u2, s13 = u1 + u3, d13 = (u1 - u3).timesI(sign);
        to[j] = s02 + s13;
        to[j + l] = (d02 + d13) * w1;
        to[j + 2 * l] = (s02 - s13) * w2;
        to[j + 3 * l] = (d02 - d13) * w3;
      }
    } else {
      for (int64_t q = 0; q < p; ++q) {
        Complex<C> twiddle = w[q * k * l];
        for (int64_t j = 0; j < l; ++j) {
          Complex<C> sum = from[j];
          int64_t at = 0;
          for (int64_t r = 1; r < p; ++r) {
            at += q * (n / p);
            at -= at >= n ? n : 0;
            sum = sum + from[j + r * step] * w[at];
          }
          to[j + l * q] = sum * twiddle;
        }
      }
    }
  }
}

template <typename T>
int32_t dft(WICK_ROUTINE_PARAMS) {
  using C = Compute<T>;
  using Z = Complex<C>;
  const T *x = static_cast<const T *>(bufs[0]);
  T *y = static_cast<T *>(bufs[1]);
  int64_t inLen = args[0], inner = args[1], inParts = args[2], n = args[3], outLen = args[4];
  int64_t outParts = args[5];
  bool inverse = args[6], hermitian = args[7]; // hermitian: half a spectrum in, reals out
  if (n <= 0 || (!hermitian && outLen > n))
    return begin < end ? valueError(0) : 0;
  Z *a = static_cast<Z *>(scratch), *b = a + n, *w = b + n;
  C sign = inverse ? C(1) : C(-1);
  for (int64_t k = 0; k < n; ++k) {
    double angle = 6.283185307179586476925 * double(k) / double(n);
    w[k] = {C(wick_m_cos_f64(angle)), sign * C(wick_m_sin_f64(angle))};
  }
  for (int64_t line = begin; line < end; ++line) {
    int64_t o = line / inner, in = line % inner;
    auto load = [&](int64_t i) -> Z {
      if (i >= inLen)
        return {C(0), C(0)};
      const T *p = x + ((o * inLen + i) * inner + in) * inParts;
      return {C(p[0]), inParts == 2 ? C(p[1]) : C(0)};
    };
    Z *from = a, *to = b;
    for (int64_t i = 0; i < n; ++i)
      if (!hermitian || i <= n / 2) {
        from[i] = load(i);
        if (hermitian && (i == 0 || 2 * i == n))
          from[i].im = C(0);
      } else {
        from[i] = load(n - i);
        from[i].im = -from[i].im;
      }
    int64_t l = 1;
    for (int64_t rest = n; rest > 1;) {
      int64_t p = rest % 4 == 0 ? 4 : rest % 2 == 0 ? 2 : 3;
      while (rest % p)
        p = p * p > rest ? rest : p + 2;
      pass(from, to, w, n, l, p, sign);
      Z *t = from;
      from = to, to = t;
      l *= p, rest /= p;
    }
    C scale = inverse ? C(1) / C(n) : C(1);
    for (int64_t i = 0; i < outLen && i < n; ++i) {
      T *p = y + ((o * outLen + i) * inner + in) * outParts;
      p[0] = T(from[i].re * scale);
      if (outParts == 2)
        p[1] = T(from[i].im * scale);
    }
  }
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE)                                                                                                \
  WICK_DEFINE_ROUTINE(det, SUFFIX, det<TYPE>)                                                                          \
  WICK_DEFINE_ROUTINE(dft, SUFFIX, dft<TYPE>)
WICK_FOR_FLOAT(X)
#undef X
#define X(SUFFIX, TYPE) WICK_DEFINE_ROUTINE(col2im, SUFFIX, col2im<TYPE>)
WICK_FOR_NUMERIC(X)
#undef X
