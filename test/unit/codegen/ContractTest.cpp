// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Contraction kernels against double references: odd sizes, dynamic and static ones,
// ranges run in pieces, guard values behind every output.
//
#include "passes/cpu/contract/WeightPack.h"
#include "test/unit/codegen/ContractKernels.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace wick;
using namespace wick::testing;

namespace {

constexpr float kGuard = 12345.0f;

std::vector<float> randomValues(size_t n, unsigned seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> v(n);
  for (float &x : v)
    x = uniform(rng);
  return v;
}

std::vector<codegen::CpuSlice> slices() {
  std::vector<codegen::CpuSlice> result;
  for (const codegen::CpuSlice &slice : codegen::cpuSlices())
    if (canRun(slice) && !slice.hasVnni)
      result.push_back(slice);
  return result;
}

/// Runs [0, units) in two calls, the second part first: units must be independent.
void runSplit(KernelRunner &runner, const char *name, std::vector<void *> buffers, std::vector<int64_t> args,
              int64_t units) {
  ASSERT_EQ(runner.run(name, buffers, args, units / 2, units), 0);
  ASSERT_EQ(runner.run(name, buffers, args, 0, units / 2), 0);
}

void expectClose(const std::vector<float> &got, const std::vector<double> &want, double scale,
                 const std::string &what) {
  ASSERT_EQ(got.size(), want.size() + 16);
  double worst = 0;
  size_t at = 0;
  for (size_t i = 0; i < want.size(); ++i)
    if (double d = std::fabs(got[i] - want[i]); !(d <= worst))
      worst = d, at = i;
  EXPECT_LE(worst, scale) << what << " at " << at << ": " << got[at] << " for " << want[at];
  for (size_t i = want.size(); i < got.size(); ++i)
    EXPECT_EQ(got[i], kGuard) << what << " wrote past its end";
}

void checkMatmul(const codegen::CpuSlice &slice, const MatmulCase &c) {
  contract::MatmulPlan plan;
  KernelRunner runner;
  ASSERT_EQ(runner.load(buildMatmul(slice, c, plan), slice), "");
  for (int64_t m : {c.m, int64_t(1), int64_t(2), int64_t(7), int64_t(13)}) {
    std::vector<float> a = randomValues(c.batch * m * c.k, 1), b = randomValues(c.batch * c.k * c.n, 2),
                       bias = randomValues(c.n, 3), packed, out(c.batch * m * c.n + 16, kGuard);
    auto layout = contract::packMatmulB(c.k, c.n, c.n, 1);
    int64_t size = layout.numElements();
    packed.resize(c.batch * size);
    for (int64_t i = 0; i < c.batch; ++i) {
      contract::packWeights(layout, &b[i * c.k * c.n], &packed[i * size], 0, size / 3);
      contract::packWeights(layout, &b[i * c.k * c.n], &packed[i * size + size / 3], size / 3, size);
    }
    std::vector<double> want;
    for (int64_t i = 0; i < c.batch * m; ++i)
      for (int64_t j = 0; j < c.n; ++j) {
        double sum = bias[j];
        for (int64_t k = 0; k < c.k; ++k)
          sum += double(a[i * c.k + k]) * b[(i / m * c.k + k) * c.n + j];
        want.push_back(c.relu ? std::max(sum, 0.0) : sum);
      }
    runSplit(runner, "matmul", {a.data(), packed.data(), bias.data(), out.data()}, {c.batch, m, c.n, c.k},
             c.batch * plan.units(m, c.n));
    expectClose(out, want, 1e-6 * (4 + c.k),
                slice.name + " matmul " + std::to_string(m) + "x" + std::to_string(c.n) + "x" + std::to_string(c.k));
  }
}

void checkConv(const codegen::CpuSlice &slice, const ConvCase &c, const std::string &what) {
  const contract::ConvSpec &s = c.spec;
  contract::ConvPlan plan;
  KernelRunner runner;
  ASSERT_EQ(runner.load(buildConv(slice, c, plan), slice), "") << what;
  int64_t perGroup = s.c / s.groups, taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
  int64_t ocPerGroup = s.oc / s.groups;
  std::vector<float> in = randomValues(c.n * c.in[0] * c.in[1] * c.in[2] * s.c, 1),
                     w = randomValues(s.oc * perGroup * taps, 2), bias = randomValues(s.oc, 3);
  auto layout = s.isDepthwise()
                    ? contract::packDepthwise(s.oc, s.kernel, {taps, s.kernel[1] * s.kernel[2], s.kernel[2], 1})
                    : contract::packConv(s.groups, s.oc, perGroup, s.kernel,
                                         {perGroup * taps, taps, s.kernel[1] * s.kernel[2], s.kernel[2], 1});
  std::vector<float> packed(layout.numElements());
  contract::packWeights(layout, w.data(), packed.data(), 0, packed.size());
  for (size_t i = 0; i < packed.size(); i += 7) {
    int64_t source = layout.sourceOf(i);
    ASSERT_EQ(packed[i], source < 0 ? 0.0f : w[source]) << what;
  }
  std::vector<double> want;
  for (int64_t row = 0; row < c.rows() * c.out(2); ++row)
    for (int64_t oc = 0; oc < s.oc; ++oc) {
      int64_t x = row % c.out(2), y = row / c.out(2) % c.out(1), z = row / (c.out(2) * c.out(1)) % c.out(0),
              n = row / (c.out(2) * c.out(1) * c.out(0));
      double sum = bias[oc];
      for (int64_t t = 0; t < taps; ++t) {
        int64_t k[3] = {t / (s.kernel[1] * s.kernel[2]), t / s.kernel[2] % s.kernel[1], t % s.kernel[2]};
        int64_t o[3] = {z, y, x}, i[3];
        bool inside = true;
        for (int d = 0; d < 3; ++d) {
          i[d] = o[d] * s.stride[d] + k[d] * s.dilation[d] - c.padBefore[d];
          inside &= i[d] >= 0 && i[d] < c.in[d];
        }
        if (!inside)
          continue;
        const float *pixel = &in[(((n * c.in[0] + i[0]) * c.in[1] + i[1]) * c.in[2] + i[2]) * s.c];
        for (int64_t ch = 0; ch < perGroup; ++ch)
          sum += double(pixel[oc / ocPerGroup * perGroup + ch]) * w[(oc * perGroup + ch) * taps + t];
      }
      want.push_back(c.relu ? std::max(sum, 0.0) : sum);
    }
  std::vector<float> out(want.size() + 16, kGuard);
  runSplit(runner, "conv", {in.data(), packed.data(), bias.data(), out.data()},
           {c.n, c.in[0], c.in[1], c.in[2], c.out(0), c.out(1), c.out(2)}, plan.units(s, c.rows(), c.out(2)));
  expectClose(out, want, 1e-6 * (4 + perGroup * taps), slice.name + " " + what);
}

} // namespace

TEST(Contract, MatmulStatic) {
  for (const codegen::CpuSlice &slice : slices())
    for (auto [n, k] : {std::pair{5, 3}, {17, 64}, {100, 33}, {64, 1}, {48, 40}, {160, 700}})
      checkMatmul(slice, {37, n, k});
}

TEST(Contract, MatmulDynamicBatched) {
  for (const codegen::CpuSlice &slice : slices())
    for (bool looped : {false, true}) {
      MatmulCase c{37, 50, 31};
      c.dynamic = true, c.batch = 3, c.looped = looped, c.relu = looped;
      checkMatmul(slice, c);
    }
}

TEST(Contract, MatmulEmptyProduct) {
  MatmulCase c{3, 20, 0};
  c.dynamic = true;
  checkMatmul(slices().back(), c);
}

TEST(Contract, Pack) {
  for (const codegen::CpuSlice &slice : slices())
    for (bool transposed : {false, true}) {
      KernelRunner runner;
      ASSERT_EQ(runner.load(buildPack(transposed), slice), "");
      for (auto [n, k] : {std::pair{5, 3}, {16, 16}, {37, 50}, {64, 33}, {33, 16}}) {
        int64_t batch = 2;
        auto layout = contract::packMatmulB(k, n, transposed ? 1 : n, transposed ? k : 1);
        std::vector<float> b = randomValues(batch * n * k, 4);
        std::vector<float> want(batch * layout.numElements()), got(want.size() + 1, kGuard);
        for (int64_t i = 0; i < batch; ++i)
          contract::packWeights(layout, &b[i * n * k], &want[i * layout.numElements()], 0, layout.numElements());
        runSplit(runner, "pack", {b.data(), got.data()}, {batch, n, k}, batch * ((n + 15) / 16));
        EXPECT_EQ(got.back(), kGuard);
        got.pop_back();
        EXPECT_EQ(got, want) << transposed << " " << n << "x" << k;
      }
    }
}

TEST(Contract, ConvStatic) {
  for (const codegen::CpuSlice &slice : slices()) {
    checkConv(slice, conv2d(2, 9, 11, 3, 20, 3, 2, 1), "3->20 3x3 s2");
    checkConv(slice, conv2d(1, 15, 14, 1, 5, 5, 1, 2), "1->5 5x5");
    checkConv(slice, conv2d(1, 7, 7, 32, 32, 3, 1, 1), "32->32 3x3 trimmed border");
    checkConv(slice, conv2d(1, 9, 17, 20, 50, 3, 1, 1), "20->50 3x3");
    checkConv(slice, conv2d(1, 6, 6, 17, 33, 1, 1, 0), "17->33 1x1");
    checkConv(slice, conv2d(1, 6, 30, 16, 24, 1, 2, 0), "16->24 1x1 s2");
    checkConv(slice, conv2d(1, 8, 8, 24, 48, 3, 1, 1, 3), "24->48 3 groups");
    checkConv(slice, conv2d(1, 8, 9, 32, 32, 3, 1, 1, 8), "32->32 8 groups of 4");
    checkConv(slice, conv2d(1, 3, 200, 4, 16, 3, 1, 2), "long row, wide padding");
  }
}

TEST(Contract, ConvDynamicAndOdd) {
  for (const codegen::CpuSlice &slice : slices()) {
    ConvCase c = conv2d(2, 10, 13, 5, 18, 3, 1, 1);
    c.dynamic = true;
    checkConv(slice, c, "dynamic");
    c.spec.dilation[1] = c.spec.dilation[2] = 2;
    c.padBefore[2] = 3, c.padAfter[2] = 0, c.looped = true;
    checkConv(slice, c, "dilated, uneven padding");
    ConvCase line = conv2d(1, 1, 75, 8, 16, 7, 2, 3);
    line.spec.kernel[1] = 1, line.spec.stride[1] = 1, line.padBefore[1] = line.padAfter[1] = 0;
    checkConv(slice, line, "1-D");
    ConvCase volume = conv2d(1, 5, 6, 4, 16, 3, 1, 1);
    volume.in[0] = 4, volume.spec.kernel[0] = 3, volume.spec.stride[0] = 2;
    volume.padBefore[0] = 1, volume.padAfter[0] = 0;
    checkConv(slice, volume, "3-D");
    // Padding wider than the kernel: some outputs see no input at all.
    checkConv(slice, conv2d(1, 4, 4, 16, 16, 3, 1, 4), "outputs without input");
  }
}

TEST(Contract, Depthwise) {
  for (const codegen::CpuSlice &slice : slices()) {
    checkConv(slice, conv2d(2, 9, 13, 32, 32, 3, 1, 1, 32), "3x3");
    checkConv(slice, conv2d(1, 9, 20, 37, 37, 3, 2, 1, 37), "37 channels s2");
    checkConv(slice, conv2d(1, 12, 12, 5, 5, 5, 1, 2, 5), "5 channels 5x5");
    checkConv(slice, conv2d(1, 6, 7, 6, 18, 3, 1, 1, 6), "multiplier 3");
    ConvCase c = conv2d(1, 9, 15, 20, 20, 3, 1, 2, 20);
    c.spec.dilation[1] = c.spec.dilation[2] = 2, c.dynamic = true;
    checkConv(slice, c, "dynamic dilated");
    ConvCase line = conv2d(1, 1, 60, 24, 24, 31, 1, 15, 24);
    line.spec.kernel[1] = 1, line.padBefore[1] = line.padAfter[1] = 0;
    checkConv(slice, line, "1-D of 31 taps");
  }
}
