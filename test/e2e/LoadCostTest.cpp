// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What opening and first-running a compiled model costs: time (printed; a loose
// limit, machines differ), memory beyond the arena, what two processes share,
// and that none of it grows with the weights.
//
#include "test/e2e/E2e.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

using namespace wick::test;

static double nowMs() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

static uint64_t bytesRead() {
  std::string io = readAll("/proc/self/io");
  return std::strtoull(io.c_str() + std::strlen("rchar: "), nullptr, 10);
}

static long countMappings() {
  std::string maps = readAll("/proc/self/maps");
  return std::count(maps.begin(), maps.end(), '\n');
}

TEST(LoadCost, TimeOfMiniLM) {
  REQUIRE_MODEL(path, "minilm_fp32");
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    Loaded m;
    double start = nowMs();
    ASSERT_EQ(m.open(path), WICK_STATUS_OK) << m.error.message;
    best = std::min(best, nowMs() - start);
  }
  std::printf("load, best of 20: %.3f ms\n", best);
  EXPECT_LT(best, 50) << "the promise is 5 ms on an idle machine";
}

/// RssAnon + RssShmem, counted page by page: /proc/self/status lags behind.
static uint64_t ownBytes() {
  std::istringstream lines(readAll("/proc/self/smaps_rollup"));
  uint64_t bytes = 0;
  for (std::string line; std::getline(lines, line);) {
    unsigned long long kilobytes;
    if (std::sscanf(line.c_str(), "Anonymous: %llu kB", &kilobytes) == 1)
      bytes += kilobytes * 1024;
  }
  return bytes + statusBytes("RssShmem");
}

TEST(LoadCost, MemoryOfMiniLM) {
  REQUIRE_MODEL(path, "minilm_fp32");
  // Inputs of [1, 256]: an arena of some MB. They are made before, and no part of the cost.
  std::vector<int64_t> ones(256, 1), dims = {1, 256};
  int status = inChild(120, [&] {
    uint64_t before = ownBytes();
    Loaded m;
    if (m.open(path))
      return 1;
    m.values.assign(2, {sizeof(wick_value), WICK_VALUE_TENSOR, WICK_DTYPE_I64, 2, dims.data(), nullptr, ones.data(),
                        ones.size() * 8, WICK_MEMORY_HOST, 0});
    if (m.run()) {
      std::printf("%s\n", m.error.message);
      return 2;
    }
    uint64_t growth = ownBytes() - before;
    wick_stats stats{};
    stats.struct_size = sizeof(stats);
    wick_session_stats(m.session, &stats);
    std::printf("own memory after the first run: %.2f MB, arena %.2f MB\n", double(growth) / 1e6,
                double(stats.arena_capacity) / 1e6);
    return growth <= stats.arena_capacity + 8000000 ? 0 : 3;
  });
  EXPECT_EQ(status, 0);
}

namespace {
struct Sharing {
  uint64_t mapped = 0, resident = 0, shared = 0, privateDirty = 0, code = 0, codeShared = 0;
};
} // namespace

/// Sums over the mappings of the file in the process's smaps.
static Sharing sharingOf(pid_t pid, const std::string &path) {
  std::istringstream lines(readAll("/proc/" + std::to_string(pid) + "/smaps"));
  Sharing s;
  bool ours = false, executable = false;
  for (std::string line; std::getline(lines, line);) {
    unsigned long long from, to, kilobytes;
    char flags[8], field[64];
    if (std::sscanf(line.c_str(), "%llx-%llx %7s", &from, &to, flags) == 3) {
      ours = line.size() >= path.size() && line.compare(line.size() - path.size(), path.size(), path) == 0;
      executable = flags[2] == 'x';
      s.mapped += ours ? to - from : 0;
    } else if (ours && std::sscanf(line.c_str(), "%63[^:]: %llu kB", field, &kilobytes) == 2) {
      uint64_t bytes = kilobytes * 1024;
      std::string name = field;
      bool shared = name == "Shared_Clean" || name == "Shared_Dirty";
      s.resident += name == "Rss" ? bytes : 0;
      s.shared += shared ? bytes : 0;
      s.privateDirty += name == "Private_Dirty" ? bytes : 0;
      s.code += executable && name == "Rss" ? bytes : 0;
      s.codeShared += executable && shared ? bytes : 0;
    }
  }
  return s;
}

TEST(LoadCost, TwoProcessesShareWeightsAndCode) {
  REQUIRE_MODEL(path, "minilm_fp32");
  int ready[2], finish[2];
  ASSERT_EQ(pipe(ready) | pipe(finish), 0);
  pid_t children[2];
  for (pid_t &child : children) {
    child = fork();
    if (child == 0) {
      alarm(120);
      close(finish[1]);
      Loaded m;
      char c = m.open(path) || !m.readInputs(path) || m.run() ? 'x' : 'r';
      if (write(ready[1], &c, 1) != 1)
        _exit(1);
      _exit(read(finish[0], &c, 1) == 0 ? 0 : 1); // until the parent closes its end
    }
  }
  for (pid_t child : children) {
    (void)child;
    char c = 0;
    ASSERT_EQ(read(ready[0], &c, 1), 1);
    EXPECT_EQ(c, 'r');
  }
  for (pid_t child : children) {
    Sharing s = sharingOf(child, path);
    std::printf(
        "mapped %.1f MB, resident %.1f MB, shared %.1f MB, private dirty %llu; code resident %llu, shared %llu\n",
        double(s.mapped) / 1e6, double(s.resident) / 1e6, double(s.shared) / 1e6, (unsigned long long)s.privateDirty,
        (unsigned long long)s.code, (unsigned long long)s.codeShared);
    EXPECT_EQ(s.privateDirty, 0u);
    EXPECT_GT(s.resident, 30000000u) << "a run reads most weights";
    EXPECT_GE(s.shared, s.resident * 9 / 10);
    EXPECT_GT(s.code, 0u);
    EXPECT_EQ(s.codeShared, s.code);
  }
  close(finish[1]);
  for (pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  for (int fd : {ready[0], ready[1], finish[0]})
    close(fd);
}

namespace {
struct Cost {
  long faults = 0, mappings = 0;
  uint64_t read = 0, fileBytes = 0;
};
} // namespace

static Cost costOf(const std::string &path) {
  Cost best{1 << 30, 1 << 30, ~0ull, 0};
  for (int i = 0; i < 5; ++i) {
    rusage before, after;
    Loaded m;
    long mappings = countMappings();
    uint64_t read = bytesRead(), overhead = bytesRead() - read;
    getrusage(RUSAGE_SELF, &before);
    wick_status status = m.open(path);
    getrusage(RUSAGE_SELF, &after);
    best.read = std::min(best.read, bytesRead() - read - 2 * overhead);
    EXPECT_EQ(status, WICK_STATUS_OK) << m.error.message;
    best.mappings = std::min(best.mappings, countMappings() - mappings);
    best.faults = std::min(best.faults, after.ru_minflt - before.ru_minflt + after.ru_majflt - before.ru_majflt);
    wick_model_info info{};
    info.struct_size = sizeof(info);
    wick_model_get_info(m.model, &info);
    best.fileBytes = info.file_bytes;
  }
  return best;
}

TEST(LoadCost, DoesNotGrowWithTheWeights) {
  REQUIRE_MODEL(small, "mlp_small");
  REQUIRE_MODEL(large, "mlp_large");
  Cost a = costOf(small), b = costOf(large);
  for (const Cost &c : {a, b})
    std::printf("%.1f MB: %ld page faults, %ld new mappings, %llu bytes read\n", double(c.fileBytes) / 1e6, c.faults,
                c.mappings, (unsigned long long)c.read);
  EXPECT_GT(b.fileBytes, 20 * a.fileBytes);
  EXPECT_LE(b.faults, a.faults + 4);
  EXPECT_LE(b.mappings, a.mappings);
  EXPECT_LE(b.read, a.read + 64) << "the sum of digits in /proc/self/io varies";
}
