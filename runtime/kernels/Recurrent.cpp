// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LSTM, GRU and RNN over a sequence, the input product being done already.
// Written for one thread and small batches: the state row times R is a sum of
// rows of R, taken eight at a time so that the accumulators are loaded and
// stored once for eight multiply-adds; groups of four batch rows share each
// load of R. Every element sees the same order of operations in all of these
// forms, so results do not depend on how the range was cut.
// Buffers and arguments: Routines.def, "recurrent".
//
#include "runtime/kernels/RecurrentParts.h"

using namespace wick::kernels;

namespace {

/// For each active row of a group: acc += h * R.
template <typename T>
void addGroup(T *acc, int64_t ldAcc, const T *h, int64_t ldH, const T *r, int64_t ldr, int64_t rows, int64_t n,
              int64_t group, const bool *active) {
  if (group == 4 && active[0] && active[1] && active[2] && active[3])
    return addProduct4(acc, ldAcc, h, ldH, r, ldr, rows, n);
  for (int64_t i = 0; i < group; ++i)
    if (active[i])
      addProduct(acc + i * ldAcc, h + i * ldH, r, ldr, rows, n);
}

/// Drives a cell over the sequence for groups of up to four batch rows. The cell gives
///   load(i, b)              takes the initial state of batch row b into slot i
///   step(group, active, x)  advances the active slots; x[i] is the row's input product
///   state(i)                the hidden row of slot i
///   store(i, b, any)        writes the last states, zero for a row without steps (as onnxruntime)
template <typename T, typename Cell>
void drive(const Sizes &s, const T *x, const int64_t *seqLens, T *y, int64_t begin, int64_t end, Cell &cell) {
  for (int64_t b = begin; b < end;) {
    int64_t group = end - b >= 4 ? 4 : 1, lengths[4], longest = 0;
    for (int64_t i = 0; i < group; ++i) {
      lengths[i] = s.length(seqLens, b + i);
      longest = maxOf(longest, lengths[i]);
      cell.load(i, b + i);
    }
    for (int64_t step = 0; step < s.seq; ++step) {
      bool active[4] = {false, false, false, false};
      const T *rows[4] = {};
      int64_t times[4] = {};
      for (int64_t i = 0; i < group; ++i) {
        active[i] = step < lengths[i];
        times[i] = active[i] && (s.flags & Reverse) ? lengths[i] - 1 - step : step;
        rows[i] = x + s.xOffset + (times[i] * s.batch + b + i) * s.xRow;
      }
      if (step < longest)
        cell.step(group, active, rows);
      for (int64_t i = 0; i < group; ++i) {
        T *out = y + s.yOffset + times[i] * s.yStep + (b + i) * s.yRow;
        if (active[i])
          copyRow(out, cell.state(i), s.hidden);
        else
          zeroRow(out, s.hidden);
      }
    }
    for (int64_t i = 0; i < group; ++i)
      cell.store(i, b + i, lengths[i] > 0);
    b += group;
  }
}

template <typename T>
struct LstmCell {
  const Sizes &s;
  const T *r, *h0, *c0, *peep;
  T *yh, *yc, *gates, *h, *c;

  void load(int64_t i, int64_t b) {
    copyRow(h + i * s.hidden, h0 + b * s.hidden, s.hidden);
    copyRow(c + i * s.hidden, c0 + b * s.hidden, s.hidden);
  }
  const T *state(int64_t i) const { return h + i * s.hidden; }
  void store(int64_t i, int64_t b, bool any) {
    storeRow(yh + b * s.hidden, h + i * s.hidden, s.hidden, any);
    storeRow(yc + b * s.hidden, c + i * s.hidden, s.hidden, any);
  }
  void addPeephole(T *WICK_RESTRICT gate, const T *WICK_RESTRICT p, const T *WICK_RESTRICT cell) {
    WICK_VECTORIZE
    for (int64_t j = 0; j < s.hidden; ++j)
      gate[j] = mulAdd(p[j], cell[j], gate[j]);
  }
  void step(int64_t group, const bool *active, const T *const *x) {
    int64_t H = s.hidden;
    for (int64_t i = 0; i < group; ++i)
      if (active[i])
        copyRow(gates + i * 4 * H, x[i], 4 * H);
    addGroup(gates, 4 * H, h, H, r, 4 * H, H, 4 * H, group, active);
    bool peepholes = s.flags & HasPeepholes;
    for (int64_t i = 0; i < group; ++i) {
      if (!active[i])
        continue;
      T *WICK_RESTRICT gi = gates + i * 4 * H, *WICK_RESTRICT go = gi + H;
      T *WICK_RESTRICT gf = gi + 2 * H, *WICK_RESTRICT gc = gi + 3 * H;
      T *WICK_RESTRICT ci = c + i * H, *WICK_RESTRICT hi = h + i * H;
      if (peepholes) {
        addPeephole(gi, peep, ci);
        addPeephole(gf, peep + 2 * H, ci);
        activate(s.acts[0], s.clip, gi, H);
        activate(s.acts[0], s.clip, gf, H);
      } else {
        activate(s.acts[0], s.clip, gi, 3 * H);
      }
      activate(s.acts[1], s.clip, gc, H);
      if (s.flags & InputForget)
        for (int64_t j = 0; j < H; ++j)
          gf[j] = T(1) - gi[j];
      WICK_VECTORIZE
      for (int64_t j = 0; j < H; ++j)
        ci[j] = mulAdd(gf[j], ci[j], gi[j] * gc[j]);
      if (peepholes) {
        addPeephole(go, peep + H, ci);
        activate(s.acts[0], s.clip, go, H);
      }
      copyRow(hi, ci, H);
      activate(s.acts[2], 0.0, hi, H);
      WICK_VECTORIZE
      for (int64_t j = 0; j < H; ++j)
        hi[j] *= go[j];
    }
  }
};

template <typename T>
struct GruCell {
  const Sizes &s;
  const T *r, *rbh, *h0;
  T *yh, *gates, *h, *tmp;

  void load(int64_t i, int64_t b) { copyRow(h + i * s.hidden, h0 + b * s.hidden, s.hidden); }
  const T *state(int64_t i) const { return h + i * s.hidden; }
  void store(int64_t i, int64_t b, bool any) { storeRow(yh + b * s.hidden, h + i * s.hidden, s.hidden, any); }

  void step(int64_t group, const bool *active, const T *const *x) {
    int64_t H = s.hidden;
    bool before = s.flags & LinearBeforeReset;
    // Gates z, r, h. With linear_before_reset the third part starts as Rbh and
    // takes its input product after the reset gate.
    for (int64_t i = 0; i < group; ++i)
      if (active[i]) {
        copyRow(gates + i * 3 * H, x[i], before ? 2 * H : 3 * H);
        if (before)
          copyRow(gates + i * 3 * H + 2 * H, rbh, H);
      }
    addGroup(gates, 3 * H, h, H, r, 3 * H, H, before ? 3 * H : 2 * H, group, active);
    for (int64_t i = 0; i < group; ++i) {
      if (!active[i])
        continue;
      T *WICK_RESTRICT gz = gates + i * 3 * H, *WICK_RESTRICT gr = gz + H;
      T *WICK_RESTRICT gh = gz + 2 * H, *WICK_RESTRICT hi = h + i * H, *WICK_RESTRICT t = tmp + i * H;
      activate(s.acts[0], s.clip, gz, 2 * H);
      if (before) {
        const T *WICK_RESTRICT xh = x[i] + 2 * H;
        WICK_VECTORIZE
        for (int64_t j = 0; j < H; ++j)
          gh[j] = mulAdd(gr[j], gh[j], xh[j]);
      } else {
        WICK_VECTORIZE
        for (int64_t j = 0; j < H; ++j)
          t[j] = gr[j] * hi[j];
      }
    }
    if (!before)
      addGroup(gates + 2 * H, 3 * H, tmp, H, r + 2 * H, 3 * H, H, H, group, active);
    for (int64_t i = 0; i < group; ++i) {
      if (!active[i])
        continue;
      T *WICK_RESTRICT gz = gates + i * 3 * H, *WICK_RESTRICT gh = gz + 2 * H;
      T *WICK_RESTRICT hi = h + i * H;
      activate(s.acts[1], s.clip, gh, H);
      WICK_VECTORIZE
      for (int64_t j = 0; j < H; ++j)
        hi[j] = mulAdd(gz[j], hi[j], (T(1) - gz[j]) * gh[j]);
    }
  }
};

template <typename T>
struct RnnCell {
  const Sizes &s;
  const T *r, *h0;
  T *yh, *gates, *h;

  void load(int64_t i, int64_t b) { copyRow(h + i * s.hidden, h0 + b * s.hidden, s.hidden); }
  const T *state(int64_t i) const { return h + i * s.hidden; }
  void store(int64_t i, int64_t b, bool any) { storeRow(yh + b * s.hidden, h + i * s.hidden, s.hidden, any); }
  void step(int64_t group, const bool *active, const T *const *x) {
    int64_t H = s.hidden;
    for (int64_t i = 0; i < group; ++i)
      if (active[i])
        copyRow(gates + i * H, x[i], H);
    addGroup(gates, H, h, H, r, H, H, H, group, active);
    for (int64_t i = 0; i < group; ++i)
      if (active[i]) {
        activate(s.acts[0], s.clip, gates + i * H, H);
        copyRow(h + i * H, gates + i * H, H);
      }
  }
};

template <typename T>
int32_t lstm(WICK_ROUTINE_PARAMS) {
  Sizes s(args);
  T *w = static_cast<T *>(scratch);
  int64_t H = s.hidden;
  auto in = [&](int i) { return static_cast<const T *>(bufs[i]); };
  auto out = [&](int i) { return static_cast<T *>(bufs[i]); };
  LstmCell<T> cell{s, in(1), in(2), in(3), in(4), out(7), out(8), w, w + 16 * H, w + 20 * H};
  drive(s, in(0), static_cast<const int64_t *>(bufs[5]), out(6), begin, end, cell);
  return 0;
}

template <typename T>
int32_t gru(WICK_ROUTINE_PARAMS) {
  Sizes s(args);
  T *w = static_cast<T *>(scratch);
  int64_t H = s.hidden;
  auto in = [&](int i) { return static_cast<const T *>(bufs[i]); };
  auto out = [&](int i) { return static_cast<T *>(bufs[i]); };
  GruCell<T> cell{s, in(1), in(2), in(3), out(6), w, w + 12 * H, w + 16 * H};
  drive(s, in(0), static_cast<const int64_t *>(bufs[4]), out(5), begin, end, cell);
  return 0;
}

template <typename T>
int32_t rnn(WICK_ROUTINE_PARAMS) {
  Sizes s(args);
  T *w = static_cast<T *>(scratch);
  auto in = [&](int i) { return static_cast<const T *>(bufs[i]); };
  auto out = [&](int i) { return static_cast<T *>(bufs[i]); };
  RnnCell<T> cell{s, in(1), in(2), out(5), w, w + 4 * s.hidden};
  drive(s, in(0), static_cast<const int64_t *>(bufs[3]), out(4), begin, end, cell);
  return 0;
}

} // namespace

#define X(SUFFIX, TYPE)                                                                                                \
  WICK_DEFINE_ROUTINE(lstm, SUFFIX, lstm<TYPE>)                                                                        \
  WICK_DEFINE_ROUTINE(gru, SUFFIX, gru<TYPE>)                                                                          \
  WICK_DEFINE_ROUTINE(rnn, SUFFIX, rnn<TYPE>)
WICK_FOR_REAL(X)
#undef X
