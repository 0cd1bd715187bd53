// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a caller can do wrong with a compiled model, and what the system can
// refuse: each ends in the status that names it, and the session goes on.
//
#include "test/e2e/E2e.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>

using namespace wick::test;

namespace {
class StatusTest : public ::testing::Test {
protected:
  void SetUp() override {
    path = packageOf("minilm_fp32");
    if (path.empty())
      GTEST_SKIP() << "minilm_fp32 is not prepared";
    ASSERT_EQ(m.open(path), WICK_STATUS_OK) << m.error.message;
    ASSERT_TRUE(m.readInputs(path)) << m.error.message;
    ASSERT_EQ(m.run(), WICK_STATUS_OK) << m.error.message;
    expected = m.results();
  }
  void TearDown() override {
    if (!m.session || IsSkipped())
      return;
    m.values = wick::tools::toValues(m.inputs);
    EXPECT_EQ(m.run(), WICK_STATUS_OK) << "the session cannot be used again: " << m.error.message;
    EXPECT_TRUE(m.results() == expected);
  }
  bool says(const char *text) const { return std::strstr(m.error.message, text) != nullptr; }

  std::string path, expected;
  Loaded m;
};
} // namespace

TEST_F(StatusTest, Inputs) {
  uint32_t index = 0;
  EXPECT_EQ(wick_model_find_input(m.model, "input_idz", &index, &m.error), WICK_STATUS_UNKNOWN_NAME);
  EXPECT_TRUE(says("input_idz") && says("input_ids")) << m.error.message;
  m.values[0].dtype = WICK_DTYPE_F32;
  EXPECT_EQ(m.run(), WICK_STATUS_DTYPE_MISMATCH);
  EXPECT_TRUE(says("f32") && says("i64") && says(m.inputs[0].name.c_str())) << m.error.message;
  m.values = wick::tools::toValues(m.inputs);
  m.values[1].rank = 1;
  EXPECT_EQ(m.run(), WICK_STATUS_SHAPE_MISMATCH);
  EXPECT_TRUE(says(m.inputs[1].name.c_str())) << m.error.message;
  m.values = wick::tools::toValues(m.inputs);
  std::vector<int64_t> longer = m.inputs[1].dims;
  ++longer[1];
  m.values[1].dims = longer.data();
  EXPECT_NE(m.run(), WICK_STATUS_OK) << "two inputs disagree on a named dim, or the data is too short";
  EXPECT_TRUE(says(m.inputs[1].name.c_str())) << m.error.message;
  EXPECT_EQ(wick_session_run(m.session, m.values.data(), 1, nullptr, 0, nullptr, &m.error),
            WICK_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(wick_session_run(m.session, nullptr, 0, nullptr, 0, nullptr, &m.error), WICK_STATUS_INVALID_ARGUMENT);
}

/// The first table lookup of a model with a vocabulary.
TEST_F(StatusTest, IndexOutsideTheTable) {
  std::vector<int64_t> ids(m.inputs[0].bytes.size() / 8, 1 << 30);
  m.values[0].data = ids.data();
  EXPECT_EQ(m.run(), WICK_STATUS_INDEX_OUT_OF_RANGE);
  EXPECT_NE(m.error.node[0], '\0');
}

TEST_F(StatusTest, ArenaTooSmall) {
  uint64_t bytes = 0;
  ASSERT_EQ(wick_session_arena_size(m.session, m.values.data(), uint32_t(m.values.size()), &bytes, &m.error),
            WICK_STATUS_OK);
  void *arena = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  for (uint64_t given : {bytes, bytes / 2 / 64 * 64, uint64_t(64)}) {
    wick_session_options options{};
    options.struct_size = sizeof(options);
    options.arena = arena;
    options.arena_bytes = given;
    wick_session *session = nullptr;
    ASSERT_EQ(wick_session_create(m.model, &options, &session, &m.error), WICK_STATUS_OK) << m.error.message;
    wick_status status =
        wick_session_run(session, m.values.data(), uint32_t(m.values.size()), nullptr, 0, nullptr, &m.error);
    EXPECT_EQ(status, given == bytes ? WICK_STATUS_OK : WICK_STATUS_ARENA_TOO_SMALL) << m.error.message;
    if (status) {
      EXPECT_EQ(m.error.needed_bytes, bytes);
      EXPECT_TRUE(says(std::to_string(bytes).c_str())) << m.error.message;
    }
    wick_session_destroy(session);
  }
  std::free(arena);
}

TEST_F(StatusTest, DeadlineAndCancel) {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  wick_run_options options{};
  options.struct_size = sizeof(options);
  options.deadline_ns = uint64_t(t.tv_sec) * 1000000000u + uint64_t(t.tv_nsec) - 1;
  EXPECT_EQ(m.run(&options), WICK_STATUS_DEADLINE_EXCEEDED);
  EXPECT_TRUE(says("deadline")) << m.error.message;
  options.deadline_ns = 0;
  uint32_t cancel = 1;
  options.cancel = &cancel;
  EXPECT_EQ(m.run(&options), WICK_STATUS_CANCELLED);
  EXPECT_TRUE(says("cancel")) << m.error.message;
  // From another thread, while runs go on.
  cancel = 0;
  std::thread other([&] {
    usleep(20000);
    std::atomic_ref<uint32_t>(cancel).store(1);
  });
  wick_status status = WICK_STATUS_OK;
  for (int i = 0; i < 100000 && !status; ++i)
    status = m.run(&options);
  other.join();
  EXPECT_EQ(status, WICK_STATUS_CANCELLED);
}

TEST_F(StatusTest, EveryFailedAllocationIsAStatus) {
  struct Failing {
    int failAt, requests = 0;
    int64_t outstanding = 0;
  };
  auto attempt = [&](Failing &f) {
    wick_allocator hooks{sizeof(wick_allocator), &f,
                         [](void *user, size_t size, size_t alignment) -> void * {
                           auto *f = static_cast<Failing *>(user);
                           if (f->requests++ == f->failAt)
                             return nullptr;
                           f->outstanding += int64_t(size);
                           return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
                         },
                         [](void *user, void *memory, size_t size) {
                           static_cast<Failing *>(user)->outstanding -= int64_t(size);
                           std::free(memory);
                         }};
    wick_model_options options{};
    options.struct_size = sizeof(options);
    options.allocator = &hooks;
    wick_source source{};
    source.struct_size = sizeof(source);
    source.path = path.c_str();
    Loaded l;
    l.values = m.values;
    wick_status status = wick_model_open(&source, &options, &l.model, &l.error);
    if (!status)
      status = wick_session_create(l.model, nullptr, &l.session, &l.error);
    return status ? status : l.run();
  };
  Failing none{-1};
  ASSERT_EQ(attempt(none), WICK_STATUS_OK);
  EXPECT_EQ(none.outstanding, 0);
  for (int n = 0; n < none.requests; ++n) {
    Failing f{n};
    EXPECT_EQ(attempt(f), WICK_STATUS_OUT_OF_MEMORY) << "request " << n;
    EXPECT_EQ(f.outstanding, 0) << "request " << n;
  }
  std::printf("%d allocations from opening to the first run, each failed in turn\n", none.requests);
}

/// A mount table of our own with `dir` on a file system without execution,
/// holding a copy of the model, read-only, and as the root when asked for.
/// 77: the system does not let us.
static int inMount(const std::string &path, const std::string &dir, bool asRoot, const std::string &expected) {
  Loaded before; // inputs are read while the old root is there
  if (before.open(path) || !before.readInputs(path))
    return 1;
  std::string bytes = readAll(path), file = dir + "/model.wick";
  bool own = unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
  if (!own || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) ||
      mount("tmpfs", dir.c_str(), "tmpfs", MS_NOEXEC, nullptr))
    return 77;
  int fd = open(file.c_str(), O_CREAT | O_WRONLY, 0600);
  if (fd < 0 || write(fd, bytes.data(), bytes.size()) != ssize_t(bytes.size()) || close(fd))
    return 2;
  if (mount("tmpfs", dir.c_str(), nullptr, MS_REMOUNT | MS_NOEXEC | MS_RDONLY, nullptr))
    return 77;
  if (asRoot) {
    if (chroot(dir.c_str()) || chdir("/"))
      return 77;
    file = "/model.wick"; // nothing else is there: no /proc, no /tmp, no library
  }
  Loaded m;
  if (m.open(file)) {
    std::fprintf(stderr, "%s\n", m.error.message);
    return 3;
  }
  m.values = before.values;
  wick_model_info info{};
  info.struct_size = sizeof(info);
  wick_model_get_info(m.model, &info);
  if (m.run() || m.results() != expected)
    return 4;
  return info.code == WICK_CODE_ANONYMOUS ? 0 : 5;
}

TEST(Mounts, NoexecAndReadOnlyRoot) {
  REQUIRE_MODEL(path, "magika");
  Loaded m;
  ASSERT_EQ(m.open(path), WICK_STATUS_OK) << m.error.message;
  ASSERT_TRUE(m.readInputs(path)) << m.error.message;
  ASSERT_EQ(m.run(), WICK_STATUS_OK) << m.error.message;
  std::string expected = m.results(), dir = modelsDir() + "/mount";
  mkdir(dir.c_str(), 0700);
  for (bool asRoot : {false, true}) {
    int status = inChild(60, [&] { return inMount(path, dir, asRoot, expected); });
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
      GTEST_SKIP() << "mounting is not allowed here";
    EXPECT_EQ(status, 0) << (asRoot ? "read-only root" : "noexec mount");
  }
  rmdir(dir.c_str());
}
