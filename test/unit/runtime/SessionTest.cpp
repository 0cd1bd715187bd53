// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What programs can do: static and named dims, loops, branches, views, sizes
// known only at run time, outputs in all places.
//
#include "test/unit/runtime/TestPackage.h"

#include <cmath>
#include <numeric>

using namespace wick;
using namespace wick::test;
using format::Op;

TEST(Session, NamedDimsOfDifferentSizes) {
  auto b = makeAddScale();
  Loaded l(b);
  for (int n : {4, 100, 4, 1, 1000}) {
    std::vector<float> x(n), y(n, 1);
    std::iota(x.begin(), x.end(), 0.f);
    auto z = runFloats(*l.session, {x, y});
    ASSERT_EQ(z.size(), size_t(n));
    for (int i = 0; i < n; ++i)
      EXPECT_EQ(z[i], 3 * (x[i] + 1));
  }
  wick_stats stats{};
  stats.struct_size = sizeof(stats);
  ASSERT_EQ(wick_session_stats(l.session->get(), &stats), WICK_STATUS_OK);
  EXPECT_EQ(stats.runs, 5u);
  EXPECT_EQ(stats.plans, 5u);
  EXPECT_EQ(stats.kernel_calls, 2u);
}

TEST(Session, OutputsInTheCallersMemory) {
  auto b = makeAddScale();
  Loaded l(b);
  std::vector<float> x = {1, 2, 3}, y = {1, 1, 1}, z(3), large(100);
  std::vector<Tensor> in = {Tensor::of(std::span(x), {3}), Tensor::of(std::span(y), {3})};
  for (auto *out : {&z, &large, &z}) {
    std::vector<Tensor> outs = {Tensor::of(std::span(*out), {})};
    auto done = l.session->run(in, outs);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(outs[0].dims, std::vector<int64_t>{3});
    EXPECT_EQ((*out)[2], 12);
    EXPECT_EQ(l.session->output(0)->data, out->data());
  }
}

TEST(Session, WeightsAndViews) {
  ProgramBuilder b;
  uint32_t w = b.weight({1, 2, 3, 4, 5, 6, 7, 8});
  auto bytes = b.constant(16), four = b.constant(4), two = b.constant(2);
  uint32_t x = b.input("x", {b.dim(4)}), out = b.output("y", {b.dim(4)}, bytes);
  uint32_t half = b.view(w, 16, 16);
  b.plan();
  b.endPrologue();
  b.call("add", {x, half, out}, {}, four);
  uint32_t tail = b.view(out, 8, 0);
  b.call("scale", {tail, tail}, {two}, two);
  b.end();
  Loaded l(b);
  EXPECT_EQ(runFloats(*l.session, {{10, 10, 10, 10}}), (std::vector<float>{15, 16, 34, 36}));
}

TEST(Session, LoopWithSwapAndMovingView) {
  // state = 0; for t in 0..T: next = state + x[t]; swap. Row size 2.
  ProgramBuilder b;
  uint32_t t = b.symbol("T");
  uint32_t x = b.input("x", {b.symbolDim(t), b.dim(2)});
  auto eight = b.constant(8), two = b.constant(2), zero = b.constant(0), one = b.constant(1);
  uint32_t state = b.arena(eight), next = b.arena(eight), out = b.output("y", {b.dim(2)}, eight);
  b.plan();
  b.endPrologue();
  auto i = b.reg(), offset = b.reg(), more = b.reg();
  uint32_t row = b.view(x, 0, 8, offset);
  b.call("scale", {b.weight({0, 0}), state}, {zero}, two);
  b.emit({Op::Add, 0, i, zero, zero});
  uint32_t top = b.emit({Op::Lt, 0, more, i, b.symbolReg(t)});
  uint32_t exit = b.emit({Op::JumpIfZero, 0, 0, more});
  b.emit({Op::Mul, 0, offset, i, eight});
  b.call("add", {state, row, next}, {}, two);
  b.emit({Op::Swap, 0, state, next});
  b.emit({Op::Add, 0, i, i, one});
  b.emit({Op::Jump, 0, top});
  b.program.instrs[exit].a = b.here();
  b.emit({Op::Copy, 0, out, state, eight});
  b.end();
  Loaded l(b);
  std::vector<float> values = {1, 2, 3, 4, 5, 6};
  for (int steps : {3, 2, 0, 1}) {
    std::vector<Tensor> in = {Tensor::of(std::span<const float>(values.data(), steps * 2), {steps, 2})};
    auto done = l.session->run(in);
    ASSERT_TRUE(done) << done.error().message;
    float a = 0, c = 0;
    for (int s = 0; s < steps; ++s)
      a += values[2 * s], c += values[2 * s + 1];
    EXPECT_EQ(l.session->output(0)->as<float>()[0], a);
    EXPECT_EQ(l.session->output(0)->as<float>()[1], c);
  }
}

TEST(Session, BranchOnAValue) {
  ProgramBuilder b;
  uint32_t x = b.input("x", {b.dim(2)}), which = b.input("which", {}, WICK_DTYPE_BOOL);
  auto eight = b.constant(8), two = b.constant(2), zero = b.constant(0), ten = b.constant(10);
  uint32_t out = b.output("y", {b.dim(2)}, eight);
  b.plan();
  b.endPrologue();
  auto r = b.reg();
  b.emit({Op::LoadInt, 0, r, which, zero});
  uint32_t branch = b.emit({Op::JumpIfZero, 0, 0, r});
  b.call("scale", {x, out}, {two}, two);
  uint32_t leave = b.emit({Op::Jump});
  b.program.instrs[branch].a = b.here();
  b.call("scale", {x, out}, {ten}, two);
  b.program.instrs[leave].a = b.here();
  b.end();
  Loaded l(b);
  float values[2] = {1, 2};
  for (bool flag : {true, false, true}) {
    std::vector<Tensor> in = {Tensor::of(std::span<const float>(values), {2}),
                              Tensor::of(std::span<const bool>(&flag, 1), {})};
    auto done = l.session->run(in);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(l.session->output(0)->as<float>()[1], flag ? 4 : 20);
  }
}

/// y = the positive elements of x, doubled: their number is known in the run only.
static ProgramBuilder makeCompact() {
  ProgramBuilder b;
  uint32_t n = b.symbol("n");
  uint32_t x = b.input("x", {b.symbolDim(n)});
  auto four = b.constant(4), eight = b.constant(8), one = b.constant(1), two = b.constant(2), zero = b.constant(0);
  auto count = b.reg(), bytes = b.reg();
  uint32_t number = b.arena(eight, WICK_DTYPE_I64);
  uint32_t kept = b.arena(bytes, WICK_DTYPE_F32, 1), out = b.output("y", {b.regDim(count)}, bytes, WICK_DTYPE_F32, 1);
  b.plan();
  b.endPrologue();
  b.call("count", {x, number}, {b.symbolReg(n)}, one);
  b.emit({Op::LoadInt, 0, count, number, zero});
  b.emit({Op::Mul, 0, bytes, count, four});
  b.plan(1);
  b.call("compact", {x, kept}, {b.symbolReg(n)}, one);
  b.call("scale", {kept, out}, {two}, count);
  b.end();
  return b;
}

TEST(Session, SizesKnownAtRunTime) {
  auto b = makeCompact();
  Loaded l(b);
  EXPECT_EQ(runFloats(*l.session, {{1, -1, 2}}), (std::vector<float>{2, 4}));
  EXPECT_EQ(runFloats(*l.session, {{-1, -1, -2}}), (std::vector<float>{}));
  std::vector<float> many(5000, 3);
  EXPECT_EQ(runFloats(*l.session, {many}), std::vector<float>(5000, 6));
  EXPECT_EQ(runFloats(*l.session, {{1, -1, 2}}), (std::vector<float>{2, 4}));
}

TEST(Session, SmallOutputTellsTheDimsNeeded) {
  auto b = makeCompact();
  Loaded l(b);
  std::vector<float> x = {1, 2, -1, 3}, small(2);
  wick_value in{sizeof(wick_value), 0, WICK_DTYPE_F32, 1, nullptr, nullptr, x.data(), 16, 0, 0};
  int64_t dims[] = {4};
  in.dims = dims;
  wick_value out{sizeof(wick_value), 0, 0, 0, nullptr, nullptr, small.data(), 8, 0, 0};
  wick_error error = WICK_ERROR_INIT;
  EXPECT_EQ(wick_session_run(l.session->get(), &in, 1, &out, 1, nullptr, &error), WICK_STATUS_BUFFER_TOO_SMALL);
  EXPECT_EQ(error.needed_bytes, 12u);
  ASSERT_EQ(out.rank, 1u);
  EXPECT_EQ(out.dims[0], 3);
  std::vector<float> enough(3);
  out.data = enough.data();
  out.capacity = 12;
  EXPECT_EQ(wick_session_run(l.session->get(), &in, 1, &out, 1, nullptr, &error), WICK_STATUS_OK) << error.message;
  EXPECT_EQ(enough, (std::vector<float>{2, 4, 6}));
}

TEST(Session, DenormalsAreKeptAndControlStateRestored) {
  auto b = makeAddScale();
  Loaded l(b);
  unsigned before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040); // flush to zero, denormals are zero
  auto z = runFloats(*l.session, {{1e-40f}, {0}});
  unsigned after = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before);
  EXPECT_EQ(after & 0x8040, 0x8040u);
  EXPECT_NE(z[0], 0);
}

TEST(Session, ModelMayBeReleasedFirstAndArenaSizeIsKnown) {
  auto b = makeAddScale();
  Loaded l(b);
  l.model.reset();
  int64_t dims[] = {1000};
  wick_value in[2] = {};
  for (wick_value &v : in)
    v = {sizeof(wick_value), 0, WICK_DTYPE_F32, 1, dims, nullptr, nullptr, 0, 0, 0};
  uint64_t bytes = 0;
  wick_error error = WICK_ERROR_INIT;
  ASSERT_EQ(wick_session_arena_size(l.session->get(), in, 2, &bytes, &error), WICK_STATUS_OK) << error.message;
  EXPECT_EQ(bytes, 2 * 4032u);
  EXPECT_EQ(runFloats(*l.session, {{1}, {2}}), std::vector<float>{9});
}

TEST(Session, OutputThatIsAnInputOrAWeight) {
  ProgramBuilder b;
  uint32_t x = b.input("x", {b.dim(2)}), w = b.weight({7, 8});
  for (uint32_t buffer : {x, w}) {
    b.program.outputs.push_back({buffer == x ? "same" : "fixed", WICK_DTYPE_F32, {b.dim(2)}, format::kNone});
    b.program.outputBuffers.push_back(buffer);
  }
  b.plan();
  b.endPrologue();
  b.end();
  Loaded l(b);
  float values[2] = {1, 2}, one[2] = {}, two[2] = {};
  std::vector<Tensor> in = {Tensor::of(std::span<const float>(values), {2})};
  std::vector<Tensor> out = {Tensor::of(std::span(one), {}), Tensor::of(std::span(two), {})};
  ASSERT_TRUE(l.session->run(in, out));
  EXPECT_EQ(one[1], 2);
  EXPECT_EQ(two[1], 8);
  ASSERT_TRUE(l.session->run(in));
  EXPECT_EQ(l.session->output(1)->as<float>()[0], 7);
}

TEST(Session, StateThatChangesItsSize) {
  auto b = makeAddScale();
  b.program.inputs[1].name = b.program.outputs[0].name = "state:s";
  Loaded l(b);
  auto state = State::of(*l.model);
  ASSERT_TRUE(state);
  ASSERT_EQ(state->size(), 1u);
  std::vector<float> x = {1, 2, 3}, y = {1, 1, 1};
  std::vector<Tensor> in = {Tensor::of(std::span(x), {3}), Tensor::of(std::span(y), {3})};
  ASSERT_TRUE(l.session->run(in));
  ASSERT_TRUE(state->take(*l.model, *l.session));
  state->bind(in); // (x + y) * 3, plus x, times 3
  EXPECT_EQ(in[1].dims, std::vector<int64_t>{3});
  ASSERT_TRUE(l.session->run(in));
  ASSERT_TRUE(state->take(*l.model, *l.session));
  state->bind(in);
  EXPECT_EQ(static_cast<const float *>(in[1].data)[2], ((3 + 1) * 3 + 3) * 3.f);
  state->reset();
  state->bind(in);
  EXPECT_EQ(in[1].dims, std::vector<int64_t>{0});
  EXPECT_EQ(in[1].bytes, 0u);
}

TEST(Session, Profile) {
  auto b = makeAddScale();
  Loaded l(b);
  wick_session_options options{};
  options.struct_size = sizeof(options);
  options.profile = 1;
  auto session = Session::create(*l.model, options);
  (void)runFloats(*session, {{1}, {2}});
  (void)runFloats(*session, {{1}, {2}});
  wick_profile_entry entry{};
  entry.struct_size = sizeof(entry);
  ASSERT_EQ(wick_session_profile(session->get(), 1, &entry), WICK_STATUS_OK);
  EXPECT_STREQ(entry.kernel, "scale");
  EXPECT_STREQ(entry.node, "Mul_2");
  EXPECT_EQ(entry.calls, 2u);
  EXPECT_EQ(wick_session_profile(session->get(), 2, &entry), WICK_STATUS_INVALID_ARGUMENT);
}
