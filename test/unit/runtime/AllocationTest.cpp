// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Promises about memory: a failed allocation is a status, at every point; a warm
// run allocates nothing and makes no system call but futex. The second is
// enforced by a seccomp filter in a child process that dies on any other call.
//
#include "test/support/ProcessWatch.h"
#include "test/unit/runtime/TestPackage.h"

#include <sys/wait.h>
#include <unistd.h>

using namespace wick;
using namespace wick::test;

namespace {
/// Fails the n-th request; counts what is outstanding.
struct FailingAllocator {
  int failAt = -1, requests = 0;
  int64_t outstanding = 0;
  wick_allocator hooks{sizeof(wick_allocator), this, allocate, release};

  static void *allocate(void *user, size_t size, size_t alignment) {
    auto *self = static_cast<FailingAllocator *>(user);
    if (self->requests++ == self->failAt)
      return nullptr;
    self->outstanding += int64_t(size);
    return std::aligned_alloc(alignment, size);
  }
  static void release(void *user, void *memory, size_t size) {
    static_cast<FailingAllocator *>(user)->outstanding -= int64_t(size);
    std::free(memory);
  }
};
} // namespace

/// Opens, runs twice with growing sizes; the first status that is not OK.
static wick_status openAndRun(const std::string &bytes, FailingAllocator &allocator) {
  wick_source source{};
  source.struct_size = sizeof(source);
  source.kind = WICK_SOURCE_MEMORY;
  source.data = bytes.data();
  source.length = bytes.size();
  wick_model_options options{};
  options.struct_size = sizeof(options);
  options.allocator = &allocator.hooks;
  wick_model *model = nullptr;
  wick_session *session = nullptr;
  wick_error error = WICK_ERROR_INIT;
  wick_session_options sessionOptions{};
  sessionOptions.struct_size = sizeof(sessionOptions);
  sessionOptions.threads = 2;
  wick_status status = wick_model_open(&source, &options, &model, &error);
  if (!status)
    status = wick_session_create(model, &sessionOptions, &session, &error);
  static float x[4096], y[4096];
  for (int64_t n : {4, 4096}) {
    wick_value in[2] = {{sizeof(wick_value), 0, WICK_DTYPE_F32, 1, &n, nullptr, x, sizeof(x), 0, 0},
                        {sizeof(wick_value), 0, WICK_DTYPE_F32, 1, &n, nullptr, y, sizeof(y), 0, 0}};
    if (!status)
      status = wick_session_run(session, in, 2, nullptr, 0, nullptr, &error);
  }
  EXPECT_EQ(error.status, status);
  wick_session_destroy(session);
  wick_model_release(model);
  return status;
}

TEST(Allocation, EveryFailureIsAStatus) {
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(4, 5));
  (void)b.weight({1, 2});
  TempFile file("alloc.wick");
  b.write(file.path);
  std::string bytes = "xxxxx" + readAll(file.path); // odd address: copies of program and weights, too
  bytes.erase(0, 5);
  FailingAllocator none;
  ASSERT_EQ(openAndRun(bytes, none), WICK_STATUS_OK);
  EXPECT_EQ(none.outstanding, 0);
  ASSERT_GT(none.requests, 15);
  for (int n = 0; n < none.requests; ++n) {
    FailingAllocator failing;
    failing.failAt = n;
    EXPECT_EQ(openAndRun(bytes, failing), WICK_STATUS_OUT_OF_MEMORY) << "request " << n;
    EXPECT_EQ(failing.outstanding, 0) << "request " << n;
  }
}

static int32_t runInline(void *, uint32_t tasks, wick_task task, void *context) {
  for (uint32_t i = 0; i < tasks; ++i)
    task(context, i, i % 2);
  return 0;
}

/// In a child: warms up, forbids system calls, runs. Exit status 0 means clean,
/// 77 that the system has no seccomp.
static int runRestricted(const char *path, uint32_t threads, const wick_executor *executor) {
  pid_t child = fork();
  if (child == 0) {
    wick_model *model = nullptr;
    wick_session *session = nullptr;
    wick_session_options options{};
    options.struct_size = sizeof(options);
    options.threads = threads;
    options.executor = executor;
    if (wick_model_open_path(path, &model, nullptr) || wick_session_create(model, &options, &session, nullptr))
      _exit(1);
    static float x[60000], y[60000], z[60000];
    int64_t n = 60000, smaller = 30000;
    wick_value in[2] = {{sizeof(wick_value), 0, WICK_DTYPE_F32, 1, &n, nullptr, x, sizeof(x), 0, 0},
                        {sizeof(wick_value), 0, WICK_DTYPE_F32, 1, &n, nullptr, y, sizeof(y), 0, 0}};
    wick_value out{sizeof(wick_value), 0, 0, 0, nullptr, nullptr, z, sizeof(z), 0, 0};
    wick_error error = WICK_ERROR_INIT;
    if (wick_session_run(session, in, 2, nullptr, 0, nullptr, &error))
      _exit(2);
    if (!forbidSystemCalls(threads > 1))
      _exit(77);
    uint64_t before = heapCalls();
    for (int i = 0; i < 200; ++i) {
      in[0].dims = in[1].dims = i % 3 ? &n : &smaller; // a new plan is no reason to allocate
      if (wick_session_run(session, in, 2, &out, i % 2, nullptr, &error))
        _exit(3);
    }
    _exit(heapCalls() == before ? 0 : 4);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST(Allocation, WarmRunsMakeNoHeapOrSystemCall) {
#ifdef WICK_TEST_SANITIZED
  GTEST_SKIP() << "sanitizers make calls of their own";
#endif
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(30000, 5)); // its first run comes after the warm-up
  TempFile file("warm.wick");
  b.write(file.path);
  wick_executor host{sizeof(wick_executor), 2, nullptr, runInline};
  for (int kind = 0; kind < 3; ++kind) {
    int status = runRestricted(file.path.c_str(), kind == 1 ? 2 : 1, kind == 2 ? &host : nullptr);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
      GTEST_SKIP() << "no seccomp here";
    EXPECT_EQ(status, 0) << "kind " << kind;
  }
}
