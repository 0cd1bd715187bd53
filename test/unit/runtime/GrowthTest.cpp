// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a session's memory grows: exactly in a first run, by half where sizes grow step
// by step, within the caller's limit and what the allocator has.
//
#include "test/unit/runtime/TestPackage.h"

#include <cstdlib>

using namespace wick;
using namespace wick::test;
using format::Op;

/// `turns` turns, each of which plans a buffer of 4096 bytes more than the last; y counts them.
static ProgramBuilder makeGrowing() {
  ProgramBuilder b;
  uint32_t turns = b.symbol("turns");
  (void)b.input("x", {b.symbolDim(turns)});
  auto eight = b.constant(8), step = b.constant(4096), zero = b.constant(0), one = b.constant(1), size = b.reg();
  uint32_t out = b.output("y", {b.dim(1)}, eight, WICK_DTYPE_I64);
  uint32_t grows = b.arena(size, WICK_DTYPE_I64, 1);
  b.plan();
  b.endPrologue();
  auto i = b.reg(), more = b.reg(), v = b.reg();
  b.emit({Op::StoreInt, 0, zero, out, zero});
  uint32_t top = b.emit({Op::Lt, 0, more, i, b.symbolReg(turns)});
  uint32_t exit = b.emit({Op::JumpIfZero, 0, 0, more});
  b.emit({Op::Add, 0, size, size, step});
  b.plan(1);
  b.emit({Op::LoadInt, 0, v, out, zero}); // it has moved with the arena
  b.emit({Op::Add, 0, v, v, one});
  b.emit({Op::StoreInt, 0, v, grows, zero});
  b.emit({Op::Copy, 0, out, grows, eight});
  b.emit({Op::Add, 0, i, i, one});
  b.emit({Op::Jump, 0, top});
  b.program.instrs[exit].a = b.here();
  b.end();
  return b;
}

static wick_status runTurns(Session &session, int64_t turns) {
  std::vector<float> x(turns);
  std::vector<Tensor> in = {Tensor::of(std::span<const float>(x), {turns})};
  auto done = session.run(in);
  if (done)
    EXPECT_EQ(session.output(0)->as<int64_t>()[0], turns);
  return done ? WICK_STATUS_OK : done.error().status;
}

TEST(Session, WhatGrowsInALoopIsSeldomMoved) {
  auto b = makeGrowing();
  Loaded l(b);
  ASSERT_EQ(runTurns(*l.session, 1000), WICK_STATUS_OK);
  wick_stats stats = l.stats();
  EXPECT_LE(stats.arena_growths, 20u); // 1.5^18 > 1000
  EXPECT_GE(stats.arena_capacity, stats.arena_bytes);
  EXPECT_LE(stats.arena_capacity, stats.arena_bytes + stats.arena_bytes / 2);
}

TEST(Session, WhatGrowsFromRunToRunIsSeldomMoved) {
  auto b = makeGrowing();
  Loaded l(b);
  for (int64_t turns = 1; turns <= 100; ++turns)
    ASSERT_EQ(runTurns(*l.session, turns), WICK_STATUS_OK);
  EXPECT_LE(l.stats().arena_growths, 14u);
}

TEST(Session, OneRunTakesWhatItNeeds) {
  for (int64_t size : {1, 1000, 1 << 20}) {
    auto b = makeAddScale();
    Loaded l(b);
    std::vector<float> x(size);
    (void)runFloats(*l.session, {x, x});
    EXPECT_EQ(l.stats().arena_capacity, l.stats().arena_bytes);
  }
  auto b = makeGrowing(); // a later segment, placed once
  Loaded l(b);
  ASSERT_EQ(runTurns(*l.session, 1), WICK_STATUS_OK);
  EXPECT_EQ(l.stats().arena_growths, 2u);
  EXPECT_EQ(l.stats().arena_capacity, l.stats().arena_bytes);
}

TEST(Session, GrowthKeepsToTheLimitAndToWhatThereIs) {
  auto b = makeGrowing();
  Loaded l(b);
  ASSERT_EQ(runTurns(*l.session, 100), WICK_STATUS_OK);
  uint64_t need = l.stats().arena_bytes;
  wick_session_options options{};
  options.struct_size = sizeof(options);
  options.max_arena_bytes = need;
  auto limited = Session::create(*l.model, options);
  ASSERT_TRUE(limited);
  EXPECT_EQ(runTurns(*limited, 100), WICK_STATUS_OK);
  EXPECT_EQ(statsOf(*limited).arena_capacity, need);
  EXPECT_EQ(runTurns(*limited, 101), WICK_STATUS_ARENA_TOO_SMALL);

  static uint64_t most;
  most = need + 64; // of one block
  wick_allocator hooks{sizeof(wick_allocator), nullptr,
                       [](void *, size_t size, size_t alignment) -> void * {
                         return size > most ? nullptr : std::aligned_alloc(alignment, size);
                       },
                       [](void *, void *memory, size_t) { std::free(memory); }};
  options.max_arena_bytes = 0;
  options.allocator = &hooks;
  auto scarce = Session::create(*l.model, options);
  ASSERT_TRUE(scarce);
  EXPECT_EQ(runTurns(*scarce, 100), WICK_STATUS_OK);
  EXPECT_LE(statsOf(*scarce).arena_capacity, most);
  EXPECT_EQ(runTurns(*scarce, 101), WICK_STATUS_OUT_OF_MEMORY);
}
