// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Variants of a program: which one runs, that callers see no other difference,
// and that the sizes of one leave the plans of the others alone. The variants
// here multiply by another number than the general program, so that results tell
// who ran.
//
#include "runtime/format/ProgramView.h"
#include "runtime/format/ProgramWriter.h"
#include "test/unit/runtime/TestPackage.h"

#include <cstddef>
#include <cstring>

using namespace wick;
using namespace wick::test;

/// Runs with x = y = 1 of `n` elements each: the result is 2 * factor everywhere.
static float factorAt(Loaded &l, size_t n) {
  auto z = runFloats(*l.session, {std::vector<float>(n, 1), std::vector<float>(n, 1)});
  EXPECT_EQ(z.size(), n);
  for (float v : z)
    EXPECT_EQ(v, z[0]);
  return z.empty() ? 0 : z[0] / 2;
}

TEST(Variants, TheFirstThatFitsRuns) {
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(4, 5));
  b.addVariant(makeAddScaleFor(100, 7));
  b.addVariant(makeAddScaleFor(4, 11)); // never reached
  Loaded l(b);
  EXPECT_EQ(l.model->info().variants, 3u);
  EXPECT_EQ(l.stats().variant, 0u);
  EXPECT_EQ(factorAt(l, 4), 5);
  EXPECT_EQ(l.stats().variant, 1u);
  EXPECT_EQ(factorAt(l, 100), 7);
  EXPECT_EQ(l.stats().variant, 2u);
  EXPECT_EQ(factorAt(l, 5), 3);
  EXPECT_EQ(l.stats().variant, 0u);
  // Each keeps its plan.
  for (int i = 0; i < 3; ++i)
    for (auto [n, factor] : {std::pair(4, 5), {100, 7}, {5, 3}})
      EXPECT_EQ(factorAt(l, size_t(n)), factor);
  EXPECT_EQ(l.stats().plans, 3u);
  EXPECT_EQ(l.stats().runs, 12u);
}

TEST(Variants, ArenaSizeIsThatOfWhatRuns) {
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(1000, 5, /*spare=*/1 << 16));
  Loaded l(b);
  uint64_t bytes[2];
  for (int64_t n : {1000, 1001}) {
    wick_value in[2] = {{sizeof(wick_value), 0, WICK_DTYPE_F32, 1, &n, nullptr, nullptr, 0, 0, 0},
                        {sizeof(wick_value), 0, WICK_DTYPE_F32, 1, &n, nullptr, nullptr, 0, 0, 0}};
    ASSERT_EQ(wick_session_arena_size(l.session->get(), in, 2, &bytes[n - 1000], nullptr), WICK_STATUS_OK);
  }
  EXPECT_GE(bytes[0], (1u << 16));
  EXPECT_LT(bytes[1], (1u << 16));
  EXPECT_EQ(factorAt(l, 1000), 5);
  EXPECT_EQ(factorAt(l, 1001), 3);
  EXPECT_EQ(l.stats().arena_capacity, bytes[0]);
}

TEST(Variants, ErrorsAreTheGeneralPrograms) {
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(4, 5));
  Loaded l(b);
  std::vector<float> four(4), five(5);
  auto run = [&](std::vector<float> &x, std::vector<float> &y) {
    std::vector<Tensor> in = {Tensor::of(std::span(x), {int64_t(x.size())}),
                              Tensor::of(std::span(y), {int64_t(y.size())})};
    auto done = l.session->run(in);
    return done ? std::string() : std::string(done.error().message);
  };
  EXPECT_EQ(run(four, five), "input 'y': dim 0 ('n') is 5, but input 'x' made it 4");
  EXPECT_EQ(run(five, four), "input 'y': dim 0 ('n') is 4, but input 'x' made it 5");
  EXPECT_EQ(run(four, four), "");
  wick_value view{sizeof(wick_value), 0, 0, 0, nullptr, nullptr, nullptr, 0, 0, 0};
  EXPECT_EQ(wick_session_output(l.session->get(), 0, &view), WICK_STATUS_OK);
  EXPECT_NE(run(five, four), "");
  EXPECT_EQ(wick_session_output(l.session->get(), 0, &view), WICK_STATUS_INVALID_ARGUMENT) << "a failed run has none";
}

TEST(Variants, OutputsInTheCallersMemory) {
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(4, 5));
  Loaded l(b);
  std::vector<float> x(6, 1), out(6);
  for (auto [n, factor] : {std::pair(4, 5), {6, 3}, {4, 5}}) {
    std::vector<Tensor> in(2, Tensor::of(std::span(x).first(size_t(n)), {n}));
    Tensor to = Tensor::of(std::span(out), {6});
    auto done = l.session->run(in, std::span(&to, 1));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(to.dims[0], n);
    EXPECT_EQ(out[0], float(2 * factor));
  }
}

TEST(Variants, ProfileListsAllPrograms) {
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(4, 5));
  wick_session_options options{};
  options.profile = 1;
  Loaded l(b, options);
  (void)factorAt(l, 4);
  wick_profile_entry e{};
  std::vector<uint64_t> calls;
  for (uint32_t i = 0; e.struct_size = sizeof(e), !wick_session_profile(l.session->get(), i, &e); ++i)
    calls.push_back(e.calls);
  EXPECT_EQ(calls, (std::vector<uint64_t>{0, 0, 1, 1}));
}

TEST(Variants, ManifestAndRoundTrip) {
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(4, 5));
  TempFile file("manifest.wick");
  b.write(file.path);
  EXPECT_NE(readAll(file.path).find("\"variants\": [{\"n\": 4}]"), std::string::npos);
  for (format::Kernel &k : b.program.variants[0].kernels)
    k.entry.clear();
  for (format::Kernel &k : b.program.kernels)
    k.entry.clear();
  std::string bytes = format::serializeProgram(b.program);
  format::ProgramView view;
  format::ErrorText error;
  ASSERT_TRUE(format::ProgramView::parse({reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}, view, error))
      << error.text;
  EXPECT_EQ(format::serializeProgram(format::readProgram(view)), bytes);
}

/// A program of format 1.0 is one without variants and with another number.
TEST(Variants, OlderAndNewerMinorVersions) {
  auto b = makeAddScale();
  for (format::Kernel &k : b.program.kernels)
    k.entry.clear();
  b.finish();
  std::string bytes = format::serializeProgram(b.program);
  for (uint16_t minor : {0, 9}) {
    std::memcpy(bytes.data() + offsetof(wick::abi::ProgramHeader, minor), &minor, 2);
    format::ProgramView view;
    format::ErrorText error;
    EXPECT_TRUE(format::ProgramView::parse({reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}, view, error,
                                           /*checkCrc=*/false))
        << error.text;
  }
}
