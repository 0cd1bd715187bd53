// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LSTM whose state is quantized before it meets R, as com.microsoft.DynamicQuantizeLSTM
// does in onnxruntime: at each step the rows of the batch share one range, hence one call
// does them all. Products of 8-bit numbers are summed in f32, which is exact as long as
// the sum stays below 2^24: so over 256 rows of R at a time, and in integers beyond.
// Buffers and arguments: Routines.def, "lstm_quantized".
//
#include "runtime/kernels/RecurrentParts.h"

using namespace wick::kernels;

namespace {

constexpr int64_t exactRows = 256; // 255 * 255 * 256 < 2^24

struct QuantizedState {
  float scale;
  float zero;
};

/// The u8 code of each number less the zero point, as f32; the range is that of all.
QuantizedState quantize(const float *WICK_RESTRICT h, float *WICK_RESTRICT q, int64_t n) {
  float least = 0, most = 0;
  for (int64_t i = 0; i < n; ++i) {
    least = h[i] < least ? h[i] : least;
    most = h[i] > most ? h[i] : most;
  }
  float scale = most == least ? 1.0f : (most - least) / 255.0f;
  float zero = __builtin_rintf(minOf(maxOf(0.0f - least / scale, 0.0f), 255.0f));
  for (int64_t i = 0; i < n; ++i) {
    float v = __builtin_rintf(h[i] / scale) + zero;
    q[i] = (v < 0 ? 0.0f : v > 255 ? 255.0f : v) - zero;
  }
  return {scale, zero};
}

struct Operands {
  const float *x, *bias, *scale, *h0, *c0, *peep;
  const int8_t *r;
  const int64_t *zero, *seqLens;
  float *y, *yh, *yc;
};

struct Scratch {
  float *h, *c, *gates, *codes, *part;
  int32_t *acc;
  Scratch(float *w, int64_t batch, int64_t H)
      : h(w), c(h + batch * H), gates(c + batch * H), codes(gates + batch * 4 * H), part(codes + batch * H),
        acc(reinterpret_cast<int32_t *>(part + batch * 4 * H)) {}
};

/// gates += dequantized product of the codes with R, for all rows.
void addQuantized(const Sizes &s, const Operands &in, const Scratch &w, float stateScale) {
  int64_t H = s.hidden, n = 4 * H;
  for (int64_t i = 0; i < s.batch * n; ++i)
    w.acc[i] = 0;
  for (int64_t k = 0; k < H; k += exactRows) {
    int64_t rows = minOf(exactRows, H - k), b = 0;
    for (int64_t i = 0; i < s.batch * n; ++i)
      w.part[i] = 0;
    for (; b + 4 <= s.batch; b += 4)
      addProduct4(w.part + b * n, n, w.codes + b * H + k, H, in.r + k * n, n, rows, n);
    for (; b < s.batch; ++b)
      addProduct(w.part + b * n, w.codes + b * H + k, in.r + k * n, n, rows, n);
    WICK_VECTORIZE
    for (int64_t i = 0; i < s.batch * n; ++i)
      w.acc[i] += int32_t(w.part[i]);
  }
  for (int64_t b = 0; b < s.batch; ++b) {
    int64_t sum = 0;
    for (int64_t i = 0; i < H; ++i)
      sum += int64_t(w.codes[b * H + i]);
    float *WICK_RESTRICT gates = w.gates + b * n;
    const int32_t *WICK_RESTRICT acc = w.acc + b * n;
    WICK_VECTORIZE
    for (int64_t j = 0; j < n; ++j)
      gates[j] += float(acc[j] - int32_t(in.zero[j] * sum)) * (stateScale * in.scale[j]);
  }
}

/// c and h of one row from its gates, which are in the order i o f c.
void advance(const Sizes &s, const Operands &in, float *gates, float *WICK_RESTRICT c, float *WICK_RESTRICT h) {
  int64_t H = s.hidden;
  float *WICK_RESTRICT gi = gates, *WICK_RESTRICT go = gi + H, *WICK_RESTRICT gf = go + H, *WICK_RESTRICT gc = gf + H;
  auto peephole = [&](float *gate, const float *p) {
    if (s.flags & HasPeepholes)
      for (int64_t j = 0; j < H; ++j)
        gate[j] += p[j] * c[j];
  };
  for (int64_t j = 0; j < 4 * H; ++j)
    gates[j] += in.bias[j];
  peephole(gi, in.peep), peephole(gf, in.peep + 2 * H);
  activate(s.acts[0], s.clip, gi, H);
  activate(s.acts[0], s.clip, gf, H);
  activate(s.acts[1], s.clip, gc, H);
  if (s.flags & InputForget)
    for (int64_t j = 0; j < H; ++j)
      gf[j] = 1.0f - gi[j];
  WICK_VECTORIZE
  for (int64_t j = 0; j < H; ++j)
    c[j] = gf[j] * c[j] + gi[j] * gc[j];
  peephole(go, in.peep + H);
  activate(s.acts[0], s.clip, go, H);
  copyRow(h, c, H);
  activate(s.acts[2], 0.0, h, H);
  WICK_VECTORIZE
  for (int64_t j = 0; j < H; ++j)
    h[j] *= go[j];
}

int32_t lstmQuantized(WICK_ROUTINE_PARAMS) {
  if (begin >= end)
    return 0;
  Sizes s(args);
  int64_t H = s.hidden;
  auto f32 = [&](int i) { return static_cast<float *>(bufs[i]); };
  auto i64 = [&](int i) { return static_cast<const int64_t *>(bufs[i]); };
  Operands in{f32(0), f32(2), f32(3), f32(5),  f32(6), f32(7), static_cast<const int8_t *>(bufs[1]),
              i64(4), i64(8), f32(9), f32(10), f32(11)};
  Scratch w(static_cast<float *>(scratch), s.batch, H);
  copyRow(w.h, in.h0, s.batch * H), copyRow(w.c, in.c0, s.batch * H);
  zeroRow(in.yh, s.batch * H), zeroRow(in.yc, s.batch * H);
  for (int64_t step = 0; step < s.seq; ++step) {
    for (int64_t b = 0; b < s.batch; ++b) {
      int64_t length = s.length(in.seqLens, b);
      int64_t time = step < length && (s.flags & Reverse) ? length - 1 - step : step;
      copyRow(w.gates + b * 4 * H, in.x + s.xOffset + (time * s.batch + b) * s.xRow, 4 * H);
    }
    QuantizedState q = quantize(w.h, w.codes, s.batch * H);
    addQuantized(s, in, w, q.scale);
    for (int64_t b = 0; b < s.batch; ++b) {
      int64_t length = s.length(in.seqLens, b);
      bool isActive = step < length;
      int64_t time = isActive && (s.flags & Reverse) ? length - 1 - step : step;
      float *out = in.y + s.yOffset + time * s.yStep + b * s.yRow, *h = w.h + b * H, *c = w.c + b * H;
      if (!isActive) { // its state is zero for the steps of the others
        zeroRow(h, H), zeroRow(out, H);
        continue;
      }
      advance(s, in, w.gates + b * 4 * H, c, h);
      copyRow(out, h, H), copyRow(in.yh + b * H, h, H), copyRow(in.yc + b * H, c, H);
    }
  }
  return 0;
}

} // namespace

WICK_DEFINE_ROUTINE(lstm_quantized, f32, lstmQuantized)
