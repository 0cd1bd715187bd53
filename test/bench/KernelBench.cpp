// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Generated contraction kernels against oneDNN, one thread, rounds interleaved; prints
// microseconds of each (minimum), the ratio (above 1: ours is faster) and geomeans.
//   wick_kernel_bench [substring of case names | =MxNxK] [rounds] [slice] [asm file]
//
#include "compiler/codegen/cpu/CpuTarget.h"
#include "passes/cpu/contract/WeightPack.h"
#include "test/bench/OneDnn.h"
#include "test/unit/codegen/ContractKernels.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>

extern "C" void omp_set_num_threads(int); // of the OpenMP runtime that oneDNN uses

using namespace wick;
using namespace wick::testing;
using namespace wick::bench;

namespace {

struct Aligned {
  float *data;
  explicit Aligned(size_t n) : data(static_cast<float *>(std::aligned_alloc(64, (n * 4 + 127) / 64 * 64))) {
    for (size_t i = 0; i < n; ++i)
      data[i] = float(int(i * 2654435761u >> 20 & 255) - 128) / 256;
  }
  ~Aligned() { std::free(data); }
};

struct Prepared {
  std::function<void()> ours, theirs;
  float *ourResult, *theirResult;
  size_t resultSize;
  double flops;
  std::vector<std::shared_ptr<void>> keep;
};

struct Options {
  std::string filter, assembly;
  int rounds = 15;
  codegen::CpuSlice slice;
};

} // namespace

template <typename T>
static T *keep(Prepared &p, std::shared_ptr<T> value) {
  p.keep.push_back(value);
  return value.get();
}

static void fail(const std::string &error) {
  std::fprintf(stderr, "%s\n", error.c_str());
  std::exit(1);
}

/// Seconds of this thread: others on the machine do not count.
static double threadTime() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void load(KernelRunner &runner, const KernelRunner::Build &build, const Options &options) {
  std::string assembly;
  double start = threadTime();
  std::string error = runner.load(build, options.slice, options.assembly.empty() ? nullptr : &assembly);
  std::printf("[compiled in %.0f ms] ", (threadTime() - start) * 1e3);
  if (!error.empty())
    fail(error);
  if (!options.assembly.empty())
    std::ofstream(options.assembly) << assembly;
}

static Prepared matmul(int64_t m, int64_t n, int64_t k, const Options &options) {
  Prepared p;
  auto *a = keep(p, std::make_shared<Aligned>(m * k)), *b = keep(p, std::make_shared<Aligned>(k * n)),
       *bias = keep(p, std::make_shared<Aligned>(n)), *c = keep(p, std::make_shared<Aligned>(m * n)),
       *d = keep(p, std::make_shared<Aligned>(m * n)),
       *packed = keep(p, std::make_shared<Aligned>((n + 15) / 16 * 16 * k));
  for (int64_t i = 0; i < (n + 15) / 16; ++i)
    for (int64_t j = 0; j < k; ++j)
      for (int64_t l = 0; l < 16; ++l)
        packed->data[(i * k + j) * 16 + l] = i * 16 + l < n ? b->data[j * n + i * 16 + l] : 0;
  auto *runner = keep(p, std::make_shared<KernelRunner>());
  contract::MatmulPlan plan;
  load(*runner, buildMatmul(options.slice, {m, n, k}, plan), options);
  auto fn = runner->find("matmul");
  int64_t units = plan.units(m, n);
  p.ours = [=] {
    const int64_t args[] = {1, m, n, k};
    void *bufs[] = {a->data, packed->data, bias->data, c->data};
    fn(bufs, args, 0, units, 0, nullptr);
  };
  p.theirs = oneDnnMatmul(m, n, k, a->data, b->data, bias->data, d->data);
  p.ourResult = c->data, p.theirResult = d->data, p.resultSize = m * n;
  p.flops = 2.0 * m * n * k;
  return p;
}

/// `plain`: oneDNN must read and write NHWC too; else it uses its own layouts.
static Prepared conv(const ConvShape &s, bool plain, const Options &options) {
  Prepared p;
  ConvCase c = conv2d(s.n, s.h, s.w, s.c, s.oc, s.kh, s.stride, s.pad, s.groups);
  c.spec.kernel[2] = s.kw;
  int64_t perGroup = s.c / s.groups, outSize = s.n * s.oh() * s.ow() * s.oc;
  auto *in = keep(p, std::make_shared<Aligned>(s.n * s.h * s.w * s.c)),
       *w = keep(p, std::make_shared<Aligned>(s.oc * perGroup * s.kh * s.kw)),
       *bias = keep(p, std::make_shared<Aligned>(s.oc + 16)), *out = keep(p, std::make_shared<Aligned>(outSize)),
       *reference = keep(p, std::make_shared<Aligned>(outSize));
  int64_t taps = s.kh * s.kw;
  auto layout = c.spec.isDepthwise() ? contract::packDepthwise(s.oc, {1, s.kh, s.kw}, {taps, 0, s.kw, 1})
                                     : contract::packConv(s.groups, s.oc, perGroup, {1, s.kh, s.kw},
                                                          {perGroup * taps, taps, 0, s.kw, 1});
  auto *packed = keep(p, std::make_shared<Aligned>(layout.numElements()));
  contract::packWeights(layout, w->data, packed->data, 0, layout.numElements());
  auto *runner = keep(p, std::make_shared<KernelRunner>());
  p.ourResult = out->data, p.theirResult = plain ? reference->data : nullptr;
  p.resultSize = outSize;
  p.flops = 2.0 * outSize * perGroup * taps;
  if (c.spec.isMatmul()) {
    int64_t m = s.n * s.h * s.w;
    contract::MatmulPlan plan;
    load(*runner, buildMatmul(options.slice, {m, s.oc, s.c}, plan), options);
    auto fn = runner->find("matmul");
    p.ours = [=] {
      const int64_t args[] = {1, m, s.oc, s.c};
      void *bufs[] = {in->data, packed->data, bias->data, out->data};
      fn(bufs, args, 0, plan.units(m, s.oc), 0, nullptr);
    };
  } else {
    contract::ConvPlan plan;
    load(*runner, buildConv(options.slice, c, plan), options);
    auto fn = runner->find("conv");
    int64_t units = plan.units(c.spec, c.rows(), c.out(2));
    p.ours = [=] {
      const int64_t args[] = {s.n, 1, s.h, s.w, 1, s.oh(), s.ow()};
      void *bufs[] = {in->data, packed->data, bias->data, out->data};
      fn(bufs, args, 0, units, 0, nullptr);
    };
  }
  p.theirs = oneDnnConv(s, plain, in->data, w->data, bias->data, reference->data);
  return p;
}

static double once(const std::function<void()> &f, int repeat) {
  double start = threadTime();
  for (int i = 0; i < repeat; ++i)
    f();
  return (threadTime() - start) / repeat;
}

/// Runs both in turn and prints a line; returns theirs / ours.
static double measure(const std::string &name, const Prepared &p, const Options &options) {
  p.ours();
  p.theirs();
  double worst = 0;
  if (p.theirResult)
    for (size_t i = 0; i < p.resultSize; ++i)
      worst = std::max(worst, std::fabs(double(p.ourResult[i]) - p.theirResult[i]));
  double ours = 1e9, theirs = 1e9;
  // Small products are timed in batches of about 50 us, the clock costs some hundred ns.
  int repeat = std::max(1, int(5e6 / p.flops));
  int rounds = std::max(options.rounds, int(options.rounds * 100e6 / (p.flops * repeat)));
  for (int r = 0; r < rounds; ++r) {
    ours = std::min(ours, once(p.ours, repeat));
    theirs = std::min(theirs, once(p.theirs, repeat));
  }
  std::printf("%-34s %9.1f us %7.1f GF/s   oneDNN %9.1f us   ratio %.3f   max diff %.1e\n", name.c_str(), ours * 1e6,
              p.flops / ours * 1e-9, theirs * 1e6, theirs / ours, worst);
  std::fflush(stdout);
  return theirs / ours;
}

int main(int argc, char **argv) {
  omp_set_num_threads(1);
  Options options;
  options.slice = codegen::nativeSlice();
  if (argc > 1)
    options.filter = argv[1];
  if (argc > 2)
    options.rounds = std::atoi(argv[2]);
  if (argc > 3 && std::string(argv[3]) != "native")
    if (auto *slice = codegen::findCpuSlice(argv[3]))
      options.slice = *slice;
  if (argc > 4)
    options.assembly = argv[4];
  double logSum = 0, low = 1e9;
  int count = 0;
  auto consider = [&](const std::string &name, const std::function<Prepared()> &prepare) {
    if (name.find(options.filter) == std::string::npos)
      return;
    double ratio = measure(name, prepare(), options);
    logSum += std::log(ratio);
    low = std::min(low, ratio);
    ++count;
  };
  const int64_t products[][3] = {{512, 512, 512},  {1024, 1024, 1024}, {128, 768, 768},   {128, 768, 3072},
                                 {128, 3072, 768}, {1, 4096, 4096},    {1, 768, 768},     {4, 768, 768},
                                 {7, 768, 768},    {37, 512, 512},     {128, 1000, 2048}, {128, 100, 64},
                                 {384, 64, 384},   {384, 384, 64}};
  for (auto &s : products)
    consider("matmul " + std::to_string(s[0]) + "x" + std::to_string(s[1]) + "x" + std::to_string(s[2]),
             [&] { return matmul(s[0], s[1], s[2], options); });
  const struct {
    const char *name;
    ConvShape s;
  } convs[] = {
      {"conv 64c 56", {1, 56, 56, 64, 64, 3, 3, 1, 1, 1}},
      {"conv 128c 28", {1, 28, 28, 128, 128, 3, 3, 1, 1, 1}},
      {"conv 256c 14", {1, 14, 14, 256, 256, 3, 3, 1, 1, 1}},
      {"conv 512c 7", {1, 7, 7, 512, 512, 3, 3, 1, 1, 1}},
      {"conv first 3-32 224 s2", {1, 224, 224, 3, 32, 3, 3, 2, 1, 1}},
      {"conv first 7x7 3-64 224 s2", {1, 224, 224, 3, 64, 7, 7, 2, 3, 1}},
      {"conv 1x1 64-256 56", {1, 56, 56, 64, 256, 1, 1, 1, 0, 1}},
      {"conv 1x1 32-96 112", {1, 112, 112, 32, 96, 1, 1, 1, 0, 1}},
      {"conv 1x1 160-960 7", {1, 7, 7, 160, 960, 1, 1, 1, 0, 1}},
      {"conv 1x1 s2 256-512 56", {1, 56, 56, 256, 512, 1, 1, 2, 0, 1}},
      {"conv 3x3 s2 128 56", {1, 56, 56, 128, 128, 3, 3, 2, 1, 1}},
      {"conv 24-144 1x1 56", {1, 56, 56, 24, 144, 1, 1, 1, 0, 1}},
      {"conv grouped 256 g32 28", {1, 28, 28, 256, 256, 3, 3, 1, 1, 32}},
      {"dw 3x3 32 112", {1, 112, 112, 32, 32, 3, 3, 1, 1, 32}},
      {"dw 3x3 s2 96 112", {1, 112, 112, 96, 96, 3, 3, 2, 1, 96}},
      {"dw 3x3 384 14", {1, 14, 14, 384, 384, 3, 3, 1, 1, 384}},
      {"dw 5x5 240 14", {1, 14, 14, 240, 240, 5, 5, 1, 2, 240}},
      {"dw 3x3 960 7", {1, 7, 7, 960, 960, 3, 3, 1, 1, 960}},
  };
  for (auto &c : convs)
    for (bool plain : {true, false})
      consider(std::string(c.name) + (plain ? " nhwc" : " any"), [&] { return conv(c.s, plain, options); });
  long m, n, k;
  if (std::sscanf(options.filter.c_str(), "=%ldx%ldx%ld", &m, &n, &k) == 3)
    measure(options.filter, matmul(m, n, k, options), options);
  if (count)
    std::printf("geomean %.3f, lowest %.3f over %d cases\n", std::exp(logSum / count), low, count);
}
