// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A warm run of compiled models makes no heap call and no system call, but to
// wake and park pool workers. A seccomp filter in a child process enforces it:
// any other call kills the child. And the results do not depend on the number
// of workers, nor on other sessions beside.
//
#include "test/e2e/E2e.h"
#include "test/support/ProcessWatch.h"

#include <atomic>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace wick::test;

static const char *const kModels[] = {"magika",    "minilm_fp32", "silero_vad", "cls",
                                      "attacut-c", "mlp_large",   "lstm",       "variants"};

static int32_t runInline(void *, uint32_t tasks, wick_task task, void *context) {
  for (uint32_t i = tasks; i--;)
    task(context, i, i % 2);
  return 0;
}

/// 0: clean. 77: the system has no seccomp.
static int runRestricted(const std::string &path, uint32_t threads, const wick_executor *executor) {
  return inChild(120, [&] {
    Loaded m;
    if (m.open(path, threads, executor) || !m.readInputs(path))
      return 1;
    if (m.run() || m.run())
      return 2;
    if (!forbidSystemCalls(threads > 1))
      return 77;
    uint64_t before = heapCalls();
    for (int i = 0; i < 20; ++i)
      if (m.run())
        _exit(3);
    _exit(heapCalls() == before ? 0 : 4); // closing the model makes system calls
    return 0;
  });
}

TEST(WarmRun, NoHeapAndNoSystemCall) {
#ifdef WICK_TEST_SANITIZED
  GTEST_SKIP() << "sanitizers make calls of their own";
#endif
  wick_executor host{sizeof(wick_executor), 2, nullptr, runInline};
  int tested = 0;
  for (const char *name : kModels) {
    std::string path = packageOf(name);
    if (path.empty())
      continue;
    ++tested;
    for (int kind = 0; kind < 3; ++kind) {
      int status = runRestricted(path, kind == 1 ? 2 : 1, kind == 2 ? &host : nullptr);
      if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        GTEST_SKIP() << "no seccomp here";
      EXPECT_EQ(status, 0) << name
                           << (kind == 0   ? ", 1 thread"
                               : kind == 1 ? ", 2 threads"
                                           : ", host executor")
                           << (WIFSIGNALED(status)        ? ": a system call"
                               : WEXITSTATUS(status) == 4 ? ": a heap call"
                                                          : "");
    }
  }
  if (!tested)
    GTEST_SKIP() << "no model is prepared";
  std::printf("%d models at 1 and 2 threads and with a host executor\n", tested);
}

TEST(WarmRun, BitEqualForAnyNumberOfWorkers) {
  wick_executor host{sizeof(wick_executor), 2, nullptr, runInline};
  for (const char *name : kModels) {
    std::string path = packageOf(name), expected;
    if (path.empty())
      continue;
    for (uint32_t threads : {1, 2, 5, 0}) {
      Loaded m;
      ASSERT_EQ(m.open(path, threads, threads ? nullptr : &host), WICK_STATUS_OK) << m.error.message;
      ASSERT_TRUE(m.readInputs(path)) << m.error.message;
      EXPECT_EQ(m.run(), WICK_STATUS_OK) << name << ": " << m.error.message;
      if (expected.empty())
        expected = m.results();
      EXPECT_EQ(m.results() == expected, true) << name << " with " << threads << " workers";
      EXPECT_EQ(m.run(), WICK_STATUS_OK);
      EXPECT_EQ(m.results() == expected, true) << name << ", second run";
    }
  }
}

TEST(WarmRun, FortySessionsAtOnce) {
  for (const char *name : {"magika", "minilm_fp32", "lstm"}) {
    std::string path = packageOf(name);
    if (path.empty())
      continue;
    Loaded one;
    ASSERT_EQ(one.open(path), WICK_STATUS_OK) << one.error.message;
    ASSERT_TRUE(one.readInputs(path)) << one.error.message;
    ASSERT_EQ(one.run(), WICK_STATUS_OK) << one.error.message;
    std::string expected = one.results();
    std::atomic<int> failed{0}, different{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 40; ++i)
      threads.emplace_back([&, i] {
        Loaded m;
        wick_model_retain(m.model = one.model);
        wick_session_options options{};
        options.struct_size = sizeof(options);
        options.threads = 1 + uint32_t(i % 3);
        m.values = one.values;
        if (wick_session_create(m.model, &options, &m.session, &m.error)) {
          ++failed;
          return;
        }
        for (int k = 0; k < 3; ++k) {
          failed += m.run() != WICK_STATUS_OK;
          different += m.results() != expected;
        }
      });
    for (std::thread &t : threads)
      t.join();
    EXPECT_EQ(failed, 0) << name;
    EXPECT_EQ(different, 0) << name;
  }
}
