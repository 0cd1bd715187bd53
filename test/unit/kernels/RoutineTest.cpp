// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs routines through the kernel ABI and compares with what onnxruntime,
// numpy or onnx's reference text gave (OnnxTables.inc, by make_tables.py). Each
// case runs once over its whole range and once cut into single units in reverse
// order, with guard bytes behind results and scratch: the bytes must be equal.
//
#include "runtime/abi/KernelAbi.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

// Declares every symbol that Routines.def promises.
#define WICK_DECLARE(NAME) int32_t NAME(void *const *, const int64_t *, int64_t, int64_t, uint32_t, void *);
#define WICK_TYPES_Real(N, X) X(wick_r_##N##_f32) X(wick_r_##N##_f64)
#define WICK_TYPES_Float(N, X) WICK_TYPES_Real(N, X) X(wick_r_##N##_f16) X(wick_r_##N##_bf16)
#define WICK_TYPES_Numeric(N, X)                                                                                       \
  WICK_TYPES_Float(N, X) X(wick_r_##N##_i8) X(wick_r_##N##_i16) X(wick_r_##N##_i32) X(wick_r_##N##_i64)                \
      X(wick_r_##N##_u8) X(wick_r_##N##_u16) X(wick_r_##N##_u32) X(wick_r_##N##_u64)
#define WICK_TYPES_All(N, X) WICK_TYPES_Numeric(N, X) X(wick_r_##N##_bool)
#define WICK_TYPES_F32(N, X) X(wick_r_##N##_f32)
#define WICK_TYPES_Untyped(N, X) X(wick_r_##N)
extern "C" {
#define WICK_ROUTINE(name, types, ...) WICK_TYPES_##types(name, WICK_DECLARE)
#include "runtime/kernels/Routines.def"
}

namespace {

using wick::abi::KernelFn;

struct Buf {
  char type;
  bool result;
  std::vector<double> values; // operand values, or the expected ones
  size_t length;              // elements of the buffer
};

Buf in(char type, std::vector<double> values) {
  size_t n = values.size();
  return {type, false, std::move(values), n};
}
Buf expect(char type, std::vector<double> values, size_t length) { return {type, true, std::move(values), length}; }
Buf rnd(char type, size_t n, uint64_t seed, double lo, double hi) {
  std::vector<double> values(n);
  for (double &v : values) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    v = lo + (hi - lo) * (double(seed >> 40) / 16777216.0);
    if (type == 'l')
      v = std::floor(v);
  }
  return in(type, std::move(values));
}

struct Case {
  const char *name;
  KernelFn fn;
  std::vector<Buf> bufs;
  std::vector<int64_t> args;
  int64_t units;
  size_t scratch;
};

const std::vector<Case> &cases() {
  static const std::vector<Case> table = {
#include "OnnxTables.inc"
  };
  return table;
}

size_t sizeOf(char type) { return type == 'f' ? 4 : type == 'b' ? 1 : 8; }

void store(char type, char *at, double v) {
  float f = float(v);
  int64_t l = type == 'l' ? int64_t(v) : 0;
  char b = char(v != 0);
  std::memcpy(at,
              type == 'f'   ? (void *)&f
              : type == 'l' ? (void *)&l
              : type == 'b' ? (void *)&b
                            : (void *)&v,
              sizeOf(type));
}
double load(char type, const char *at) {
  float f;
  int64_t l;
  double d;
  switch (type) {
  case 'f':
    std::memcpy(&f, at, 4);
    return f;
  case 'l':
    std::memcpy(&l, at, 8);
    return double(l);
  case 'b':
    return *at;
  default:
    std::memcpy(&d, at, 8);
    return d;
  }
}

constexpr size_t guard = 64;

struct Memory {
  std::vector<std::vector<char>> blocks;
  std::vector<void *> pointers;
};

Memory allocate(const Case &c) {
  Memory m;
  for (const Buf &b : c.bufs) {
    size_t bytes = b.length * sizeOf(b.type);
    std::vector<char> block(bytes + 2 * guard, char(0xcd));
    m.blocks.push_back(std::move(block));
    void *base = m.blocks.back().data();
    char *aligned = (char *)((uintptr_t(base) + guard - 1) / guard * guard);
    m.pointers.push_back(aligned);
    if (!b.result)
      for (size_t i = 0; i < b.values.size(); ++i)
        store(b.type, aligned + i * sizeOf(b.type), b.values[i]);
  }
  return m;
}

class Table : public testing::TestWithParam<size_t> {};

TEST_P(Table, MatchesReference) {
  const Case &c = cases()[GetParam()];
  char *scratch = static_cast<char *>(std::aligned_alloc(64, (c.scratch + 127) / 64 * 64));
  std::memset(scratch, 0xcd, (c.scratch + 127) / 64 * 64);
  Memory whole = allocate(c), cut = allocate(c);
  ASSERT_EQ(c.fn(whole.pointers.data(), c.args.data(), 0, c.units, 0, scratch), 0);
  for (int64_t u = c.units - 1; u >= 0; --u)
    ASSERT_EQ(c.fn(cut.pointers.data(), c.args.data(), u, u + 1, 0, scratch), 0);
  for (size_t i = c.scratch; i < (c.scratch + 127) / 64 * 64; ++i)
    ASSERT_EQ(scratch[i], char(0xcd)) << "scratch overrun";
  std::free(scratch);
  for (size_t b = 0; b < c.bufs.size(); ++b) {
    const Buf &buf = c.bufs[b];
    const char *p = static_cast<char *>(whole.pointers[b]);
    size_t bytes = buf.length * sizeOf(buf.type);
    for (size_t i = bytes; i < bytes + guard / 2; ++i)
      ASSERT_EQ(p[i], char(0xcd)) << "overrun of buffer " << b;
    if (!buf.result)
      continue;
    EXPECT_EQ(std::memcmp(p, cut.pointers[b], bytes), 0) << "depends on the cut";
    for (size_t i = 0; i < buf.values.size(); ++i) {
      double got = load(buf.type, p + i * sizeOf(buf.type)), want = buf.values[i];
      if (std::isnan(want))
        EXPECT_TRUE(std::isnan(got)) << i;
      else
        ASSERT_NEAR(got, want, buf.type == 'f' ? 3e-6 + 1e-5 * std::fabs(want) : 0.0)
            << "buffer " << b << " element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Onnx, Table, testing::Range(size_t(0), cases().size()),
                         [](const testing::TestParamInfo<size_t> &info) {
                           std::string name = cases()[info.param].name;
                           for (char &ch : name)
                             ch = std::isalnum((unsigned char)ch) ? ch : '_';
                           return name;
                         });

TEST(Routines, AllSymbolsOfTheListExist) {
  std::vector<KernelFn> all;
#define WICK_COLLECT(NAME) all.push_back(&NAME);
#define WICK_ROUTINE(name, types, ...) WICK_TYPES_##types(name, WICK_COLLECT)
#include "runtime/kernels/Routines.def"
  EXPECT_GT(all.size(), 150u);
}

int32_t call(KernelFn fn, std::vector<void *> bufs, std::vector<int64_t> args, int64_t units, void *scratch = nullptr) {
  return fn(bufs.data(), args.data(), 0, units, 0, scratch);
}

TEST(Routines, IndexErrorsNameTheOperand) {
  float data[4] = {}, updates[1] = {1}, out[4];
  int64_t bad[1] = {4}, low[1] = {-5};
  for (int64_t *index : {bad, low}) {
    EXPECT_EQ(call(wick_r_scatter_elements_f32, {data, index, updates, out}, {1, 0, 0, 4, 1}, 1), 1 | 1 << 8);
    EXPECT_EQ(call(wick_r_scatter_nd_f32, {data, index, updates, out}, {1, 1, 1, 0, 4}, 4), 1 | 1 << 8);
    EXPECT_EQ(call(wick_r_max_unpool_f32, {updates, index, out}, {1, 4}, 4), 1 | 1 << 8);
  }
}

TEST(Routines, TopkPutsNanFirstAndTiesInOrder) {
  float x[6] = {1, NAN, 3, 3, NAN, -INFINITY}, v[4];
  int64_t i[4];
  alignas(64) char scratch[64];
  ASSERT_EQ(call(wick_r_topk_f32, {x, v, i}, {6, 1, 4, 1}, 1, scratch), 0);
  EXPECT_EQ((std::vector<int64_t>(i, i + 4)), (std::vector<int64_t>{1, 4, 2, 3}));
  ASSERT_EQ(call(wick_r_topk_f32, {x, v, i}, {6, 1, 4, 0}, 1, scratch), 0);
  EXPECT_EQ((std::vector<int64_t>(i, i + 4)), (std::vector<int64_t>{5, 0, 2, 3}));
}

TEST(Routines, HalfTypesRoundToNearestEven) {
  // 2049 lies between two halves: the running sum must round at each store only.
  uint16_t x[3] = {0x6800 /* 2048 */, 0x3c00 /* 1 */, 0x3c00}, y[3];
  ASSERT_EQ(call(wick_r_cumsum_f16, {x, y}, {3, 1, 0, 0}, 1), 0);
  EXPECT_EQ(y[1], 0x6800);
  EXPECT_EQ(y[2], 0x6801);
  // Every half survives the way through float.
  for (uint32_t h = 0; h < 0x10000; ++h) {
    uint16_t a = uint16_t(h), b;
    ASSERT_EQ(call(wick_r_cumsum_f16, {&a, &b}, {1, 1, 0, 0}, 1), 0);
    bool isNan = (h & 0x7fff) > 0x7c00;
    ASSERT_EQ(b, isNan ? h | 0x200 : h == 0x8000 ? 0 : h) << h; // 0 + -0 is 0
    ASSERT_EQ(call(wick_r_cumsum_bf16, {&a, &b}, {1, 1, 0, 0}, 1), 0);
    isNan = (h & 0x7fff) > 0x7f80;
    ASSERT_EQ(b, isNan ? h | 0x40 : h == 0x8000 ? 0 : h) << h;
  }
}

TEST(Routines, IntegersWrapAndBoolsStayBools) {
  int8_t x[3] = {100, 100, 100}, y[3];
  ASSERT_EQ(call(wick_r_cumsum_i8, {x, y}, {3, 1, 0, 0}, 1), 0);
  EXPECT_EQ(y[2], int8_t(300));
  uint8_t data[1] = {1}, updates[2] = {1, 1}, out[1];
  int64_t index[2] = {0, 0};
  ASSERT_EQ(call(wick_r_scatter_elements_bool, {data, index, updates, out}, {1, 0, 1, 1, 2}, 1), 0);
  EXPECT_EQ(out[0], 1);
}

TEST(Routines, LstmInF64AgreesWithF32) {
  constexpr int H = 5;
  double x[4 * H], r[H * 4 * H], h0[H] = {}, c0[H] = {}, y[H], yh[H], yc[H], p[3 * H], scratch[24 * H];
  float xf[4 * H], rf[H * 4 * H], hf[H] = {}, cf[H] = {}, yf[H], yhf[H], ycf[H], pf[3 * H], scratchF[24 * H];
  for (int i = 0; i < 4 * H; ++i)
    x[i] = xf[i] = float(std::sin(i));
  for (int i = 0; i < 4 * H * H; ++i)
    r[i] = rf[i] = float(std::cos(i));
  int64_t lens[1] = {1};
  std::vector<int64_t> args = {1, 1, H, 0, 4 * H, 0, H, H, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0};
  ASSERT_EQ(call(wick_r_lstm_f64, {x, r, h0, c0, p, lens, y, yh, yc}, args, 1, scratch), 0);
  ASSERT_EQ(call(wick_r_lstm_f32, {xf, rf, hf, cf, pf, lens, yf, yhf, ycf}, args, 1, scratchF), 0);
  for (int i = 0; i < H; ++i) {
    double gi = 1 / (1 + std::exp(-x[i])), go = 1 / (1 + std::exp(-x[H + i]));
    double want = go * std::tanh(gi * std::tanh(x[3 * H + i]));
    EXPECT_NEAR(y[i], want, 1e-15);
    EXPECT_NEAR(yf[i], want, 1e-6);
  }
}

extern "C" {
void *wick_memcpy(void *, const void *, size_t);
void *wick_memmove(void *, const void *, size_t);
void *wick_memset(void *, int, size_t);
}

TEST(Memory, AgreesWithLibc) {
  std::vector<unsigned char> a(700), b(700);
  for (size_t n : {0, 1, 7, 8, 31, 32, 63, 127, 128, 200, 300})
    for (int shift : {-130, -33, -8, -1, 0, 1, 8, 33, 130}) {
      for (size_t i = 0; i < a.size(); ++i)
        a[i] = b[i] = (unsigned char)(i * 7 + n);
      wick_memmove(a.data() + 200 + shift, a.data() + 200, n);
      std::memmove(b.data() + 200 + shift, b.data() + 200, n);
      ASSERT_EQ(a, b) << n << " " << shift;
      wick_memset(a.data() + 3, shift, n);
      std::memset(b.data() + 3, shift, n);
      ASSERT_EQ(a, b);
      wick_memcpy(a.data() + 1, b.data() + 350, n);
      std::memcpy(b.data() + 1, b.data() + 350, n);
      ASSERT_EQ(a, b);
    }
}

} // namespace
