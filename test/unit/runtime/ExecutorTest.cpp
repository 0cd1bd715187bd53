// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results do not depend on workers; pools survive fork; host executors.
//
#include "test/unit/runtime/TestPackage.h"

#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace wick;
using namespace wick::test;

/// Row sums through per-worker scratch, then sums of pairs: both split.
static ProgramBuilder makeRowSums() {
  ProgramBuilder b;
  uint32_t rows = b.symbol("rows");
  auto width = b.constant(64), scratch = b.constant(256), four = b.constant(4);
  uint32_t x = b.input("x", {b.symbolDim(rows), b.dim(64)});
  auto bytes = b.op(format::Op::Mul, b.symbolReg(rows), four);
  uint32_t sums = b.arena(bytes), out = b.output("y", {b.symbolDim(rows)}, bytes);
  b.plan(0, scratch);
  b.endPrologue();
  b.call("row_sum", {x, sums}, {width}, b.symbolReg(rows), 1000);
  b.call("add", {sums, sums, out}, {}, b.symbolReg(rows), 100);
  b.end();
  return b;
}

static std::vector<float> someInput(int rows) {
  std::mt19937 random(2);
  std::vector<float> x(rows * 64);
  for (float &v : x)
    v = std::uniform_real_distribution<float>(-1, 1)(random);
  return x;
}

static std::vector<float> runRows(Session &session, const std::vector<float> &x) {
  std::vector<Tensor> in = {Tensor::of(std::span(x), {int64_t(x.size() / 64), 64})};
  auto done = session.run(in);
  EXPECT_TRUE(done) << done.error().message;
  auto values = session.output(0)->as<float>();
  return {values.begin(), values.end()};
}

TEST(Executor, BitEqualForAnyNumberOfWorkers) {
  auto b = makeRowSums();
  TempFile file("rows.wick");
  b.write(file.path);
  auto model = Model::open(file.path.c_str());
  ASSERT_TRUE(model);
  for (int rows : {1, 7, 333, 2000}) {
    auto x = someInput(rows);
    std::vector<float> first;
    for (uint32_t threads : {1, 2, 5}) {
      auto session = Session::create(*model, threads);
      ASSERT_TRUE(session);
      for (int repeat = 0; repeat < 20; ++repeat) {
        auto y = runRows(*session, x);
        if (first.empty())
          first = y;
        ASSERT_EQ(y, first) << rows << " rows, " << threads << " threads";
      }
      wick_stats stats{};
      stats.struct_size = sizeof(stats);
      (void)wick_session_stats(session->get(), &stats);
      EXPECT_EQ(stats.workers, threads);
      if (rows == 2000 && threads > 1)
        EXPECT_GT(stats.tasks, stats.kernel_calls);
    }
  }
}

TEST(Executor, SeveralSessionsAtOnce) {
  auto b = makeRowSums();
  TempFile file("many.wick");
  b.write(file.path);
  auto model = Model::open(file.path.c_str());
  ASSERT_TRUE(model);
  auto x = someInput(500);
  auto reference = Session::create(*model);
  auto expected = runRows(*reference, x);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      auto session = Session::create(*model, 2);
      for (int i = 0; i < 50; ++i)
        EXPECT_EQ(runRows(*session, x), expected);
    });
  for (auto &t : threads)
    t.join();
}

TEST(Executor, PoolIsMadeAgainAfterFork) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the sanitizer forbids threads after fork";
#endif
#endif
  auto b = makeRowSums();
  TempFile file("fork.wick");
  b.write(file.path);
  auto model = Model::open(file.path.c_str());
  auto session = Session::create(*model, 3);
  ASSERT_TRUE(session);
  auto x = someInput(2000);
  auto expected = runRows(*session, x);
  pid_t child = fork();
  if (child == 0) {
    bool same = runRows(*session, x) == expected && runRows(*session, x) == expected;
    {
      auto gone = std::move(*session);
    } // joins the child's own threads
    _exit(same ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(runRows(*session, x), expected) << "the parent's pool is untouched";
}

static int32_t runBackwards(void *user, uint32_t tasks, wick_task task, void *context) {
  ++*static_cast<int *>(user);
  for (uint32_t i = tasks; i-- > 0;)
    task(context, i, i % 4);
  return 0;
}
static int32_t refuse(void *, uint32_t, wick_task, void *) { return 1; }
static int32_t wrongWorker(void *, uint32_t tasks, wick_task task, void *context) {
  for (uint32_t i = 0; i < tasks; ++i)
    task(context, i, 9);
  return 0;
}

TEST(Executor, HostHook) {
  auto b = makeRowSums();
  TempFile file("host.wick");
  b.write(file.path);
  auto model = Model::open(file.path.c_str());
  int calls = 0;
  wick_executor executor{sizeof(wick_executor), 4, &calls, runBackwards};
  wick_session_options options{};
  options.struct_size = sizeof(options);
  options.executor = &executor;
  auto session = Session::create(*model, options);
  ASSERT_TRUE(session);
  auto inlined = Session::create(*model);
  auto x = someInput(1000);
  EXPECT_EQ(runRows(*session, x), runRows(*inlined, x));
  EXPECT_EQ(calls, 2);
  std::vector<Tensor> in = {Tensor::of(std::span(x), {1000, 64})};
  for (auto function : {refuse, wrongWorker}) {
    executor.parallel_for = function;
    auto bad = Session::create(*model, options);
    EXPECT_EQ(bad->run(in).error().status, WICK_STATUS_EXECUTOR_FAILED);
  }
}
