// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ways to open a package: path, descriptor, memory; code from the file or as a
// copy; slices; the accept callback; models beside one another.
//
#include "test/unit/runtime/TestPackage.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace wick;
using namespace wick::test;

static ProgramBuilder makeVariant(int variant) {
  ProgramBuilder b(variant);
  auto four = b.constant(4), zero = b.constant(0), one = b.constant(1);
  uint32_t out = b.output("y", {b.dim(1)}, four);
  b.plan();
  b.endPrologue();
  b.call("variant", {out}, {zero}, one);
  b.end();
  return b;
}

static float runVariant(const Model &model) {
  auto session = Session::create(model);
  EXPECT_TRUE(session) << session.error().message;
  auto values = session ? runFloats(*session, {}) : std::vector<float>();
  return values.size() == 1 ? values[0] : -1;
}

namespace {
struct Opened {
  wick_source source{};
  wick_model_options options{};
  Opened() {
    source.struct_size = sizeof(source);
    options.struct_size = sizeof(options);
  }
  Expected<Model> open() { return Model::open(source, options); }
};
} // namespace

TEST(Load, TwoModelsRunTheirOwnCode) {
  TempFile one("one.wick"), two("two.wick");
  makeVariant(1).write(one.path);
  makeVariant(2).write(two.path);
  for (int round = 0; round < 3; ++round) {
    auto a = Model::open(one.path.c_str());
    ASSERT_TRUE(a) << a.error().message;
    EXPECT_EQ(a->info().code, uint32_t(WICK_CODE_FILE));
    auto b = Model::open(two.path.c_str());
    EXPECT_EQ(runVariant(*a), 2);
    EXPECT_EQ(runVariant(*b), 3);
    EXPECT_EQ(runVariant(*a), 2);
  }
}

TEST(Load, ReplacedByRenameWhileInUse) {
  TempFile one("use.wick"), two("new.wick");
  makeVariant(1).write(one.path);
  auto a = Model::open(one.path.c_str());
  makeVariant(2).write(two.path);
  ASSERT_EQ(std::rename(two.path.c_str(), one.path.c_str()), 0);
  EXPECT_EQ(runVariant(*a), 2);
  auto b = Model::open(one.path.c_str());
  EXPECT_EQ(runVariant(*b), 3);
}

TEST(Load, MemoryAtAnyAlignmentAndDescriptorAtAnOffset) {
  auto b = makeAddScale();
  uint32_t w = b.weight({1, 2, 3, 4});
  (void)w;
  TempFile file("mem.wick"), outer("outer.bin");
  b.write(file.path);
  std::string bytes = readAll(file.path);
  for (size_t shift : {0, 1, 4, 8}) {
    std::string moved = std::string(shift, 'x') + bytes;
    Opened o;
    static int released;
    released = 0;
    o.source.kind = WICK_SOURCE_MEMORY;
    o.source.data = moved.data() + shift;
    o.source.length = bytes.size();
    o.source.release = [](void *, const void *, uint64_t) { ++released; };
    {
      auto model = o.open();
      ASSERT_TRUE(model) << model.error().message;
      EXPECT_EQ(model->info().code, uint32_t(WICK_CODE_ANONYMOUS));
      auto session = Session::create(*model);
      EXPECT_EQ(runFloats(*session, {{1}, {2}}), std::vector<float>{9});
      EXPECT_EQ(released, 0);
    }
  }
  for (size_t offset : {4096, 100, 65536}) {
    writeAll(outer.path, std::string(offset, 'x') + bytes + "tail");
    Opened o;
    o.source.kind = WICK_SOURCE_FD;
    o.source.fd = ::open(outer.path.c_str(), O_RDONLY);
    o.source.offset = offset;
    o.source.length = bytes.size();
    auto model = o.open();
    close(o.source.fd);
    ASSERT_TRUE(model) << model.error().message;
    auto session = Session::create(*model);
    EXPECT_EQ(runFloats(*session, {{1}, {2}}), std::vector<float>{9});
  }
}

TEST(Load, CodeModes) {
  TempFile file("code.wick");
  makeVariant(1).write(file.path);
  Opened o;
  o.source.path = file.path.c_str();
  for (uint32_t mode : {WICK_CODE_AUTO, WICK_CODE_FILE, WICK_CODE_ANONYMOUS}) {
    o.options.code = mode;
    auto model = o.open();
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->info().code, uint32_t(mode == WICK_CODE_ANONYMOUS ? WICK_CODE_ANONYMOUS : WICK_CODE_FILE));
    EXPECT_EQ(runVariant(*model), 2);
  }
  o.options.code = WICK_CODE_NONE;
  auto model = o.open();
  ASSERT_TRUE(model);
  EXPECT_EQ(Session::create(*model).error().status, WICK_STATUS_UNSUPPORTED);
}

/// In a child with a mount table of its own: 0 as expected, 77 when the system
/// does not let us mount.
static int tryNoexecMount(const std::string &dir) {
  bool own = unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
  if (!own || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) ||
      mount("tmpfs", dir.c_str(), "tmpfs", MS_NOEXEC, nullptr))
    return 77;
  std::string path = dir + "/model.wick";
  makeVariant(2).write(path);
  if (mount("tmpfs", dir.c_str(), nullptr, MS_REMOUNT | MS_NOEXEC | MS_RDONLY, nullptr))
    return 77;
  Opened o;
  o.source.path = path.c_str();
  auto model = o.open();
  if (!model || model->info().code != WICK_CODE_ANONYMOUS || runVariant(*model) != 3)
    return 1;
  o.options.code = WICK_CODE_FILE;
  auto refused = o.open();
  return refused.error().status == WICK_STATUS_CODE_NOT_MAPPED &&
                 std::strstr(refused.error().message, "from the file: errno 1")
             ? 0
             : 2;
}

TEST(Load, NoexecReadOnlyMountFallsBackToACopy) {
  TempFile dir("mount");
  ASSERT_EQ(mkdir(dir.path.c_str(), 0700), 0);
  pid_t child = fork();
  if (child == 0)
    _exit(tryNoexecMount(dir.path));
  int status = -1;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(status, 0);
}

namespace {
struct LoadCost {
  long faults = 0, mappings = 0;
};
} // namespace

/// What opening costs, with weights of so many bytes in the package.
static LoadCost measureLoad(uint64_t weightBytes) {
  auto b = makeVariant(1);
  auto spec = b.spec();
  spec.weights = {weightBytes, [weightBytes](const format::ByteSink &sink, std::string &) {
                    std::string zeros(1 << 20, '\0');
                    for (uint64_t done = 0; done < weightBytes; done += zeros.size())
                      if (!sink(zeros.data(), zeros.size()))
                        return false;
                    return true;
                  }};
  TempFile file("cost.wick");
  std::string error;
  EXPECT_TRUE(format::writePackage(file.path, spec, error)) << error;
  auto countMappings = [] {
    std::string maps = readAll("/proc/self/maps");
    return std::count(maps.begin(), maps.end(), '\n');
  };
  LoadCost best{1 << 30, 0};
  for (int i = 0; i < 5; ++i) {
    rusage before, after;
    long mappings = countMappings();
    getrusage(RUSAGE_SELF, &before);
    auto model = Model::open(file.path.c_str());
    getrusage(RUSAGE_SELF, &after);
    EXPECT_TRUE(model);
    best.mappings = countMappings() - mappings;
    best.faults = std::min(best.faults, after.ru_minflt - before.ru_minflt);
  }
  return best;
}

TEST(Load, CostDoesNotGrowWithTheWeights) {
  LoadCost small = measureLoad(4 << 20), large = measureLoad(128 << 20);
  EXPECT_LE(large.faults, small.faults + 2);
  EXPECT_LE(large.mappings, small.mappings + 1) << "the heap may move";
}

TEST(Load, Slices) {
  auto b = makeVariant(1);
  TempFile file("slices.wick");
  auto spec = b.spec();
  spec.code.push_back({"x86-64-v9+warp", spec.code[0].image});
  b.program.kernels[0].entry.push_back(b.program.kernels[0].entry[0]);
  std::string error;
  ASSERT_TRUE(format::writePackage(file.path, spec, error)) << error;
  auto model = Model::open(file.path.c_str());
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_STREQ(model->info().slice, "x86-64-v2");
  Opened o;
  o.source.path = file.path.c_str();
  o.options.slice = "x86-64-v9+warp";
  EXPECT_EQ(o.open().error().status, WICK_STATUS_NO_SLICE);
  o.options.slice = nullptr;
  setenv("WICK_ISA", "x86-64-v4", 1);
  auto forced = o.open();
  unsetenv("WICK_ISA");
  EXPECT_EQ(forced.error().status, WICK_STATUS_NO_SLICE);
  EXPECT_STREQ(forced.error().message, "the package has no slice 'x86-64-v4'; it has: x86-64-v2, x86-64-v9+warp");
  wick_error compatible = WICK_ERROR_INIT;
  EXPECT_EQ(wick_compatible(file.path.c_str(), &compatible), WICK_STATUS_OK);
}

TEST(Load, AcceptCallback) {
  TempFile file("accept.wick");
  makeVariant(1).write(file.path);
  Opened o;
  o.source.path = file.path.c_str();
  int answer = 0;
  o.options.user = &answer;
  o.options.accept = [](void *user, const uint8_t *digest) -> int32_t {
    return digest ? *static_cast<int *>(user) : 0;
  };
  EXPECT_EQ(o.open().error().status, WICK_STATUS_REFUSED);
  answer = 1;
  auto model = o.open();
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(runVariant(*model), 2);
}

TEST(Load, BadCodeImages) {
  auto b = makeVariant(1);
  std::string image = kernelImage(1), error;
  TempFile file("bad.wick");
  auto attempt = [&](const std::string &code) {
    auto spec = b.spec();
    spec.code[0].image = format::EntrySource::fromMemory(code);
    EXPECT_TRUE(format::writePackage(file.path, spec, error)) << error;
    return Model::open(file.path.c_str()).error();
  };
  EXPECT_EQ(attempt("no elf").status, WICK_STATUS_BAD_CODE);
  std::string writable = image;
  for (int i = 0; i < 8; ++i) // flags of the program headers: 4 bytes after the type
    if (64 + 56 * i + 4 < int(writable.size()) && writable[64 + 56 * i] == 1)
      writable[64 + 56 * i + 4] |= 2;
  EXPECT_TRUE(std::strstr(attempt(writable).message, "writable"));
  std::string dynamic = image;
  dynamic[64] = 2;
  EXPECT_EQ(attempt(dynamic).status, WICK_STATUS_BAD_CODE);
  b.program.kernels[0].entry[0] = 16;
  EXPECT_TRUE(std::strstr(attempt(image).message, "entry outside the code"));
}
