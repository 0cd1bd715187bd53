// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sched_getaffinity, and the quota of the process's cgroup (v2, as a container
// sees its own) or of version 1. Read by hand: stdio would allocate.
//
#include "runtime/cpu/Cores.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace wick::runtime {

static bool readSmallFile(const char *path, char (&text)[64]) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ssize_t size = read(fd, text, sizeof(text) - 1);
  close(fd);
  text[size > 0 ? size : 0] = '\0';
  return size > 0;
}

/// quota / period in CPUs, rounded up; 0 when there is none.
static uint32_t cgroupCpus() {
  char text[64], period[64];
  long quota = 0, each = 0;
  if (readSmallFile("/sys/fs/cgroup/cpu.max", text)) { // "max 100000" or "150000 100000"
    char *rest = nullptr;
    quota = std::strtol(text, &rest, 10);
    each = std::strtol(rest, nullptr, 10);
  } else if (readSmallFile("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", text) &&
             readSmallFile("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period)) {
    quota = std::strtol(text, nullptr, 10);
    each = std::strtol(period, nullptr, 10);
  }
  return quota > 0 && each > 0 ? static_cast<uint32_t>((quota + each - 1) / each) : 0;
}

uint32_t usableCpus() {
  cpu_set_t set;
  uint32_t cpus = 1;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    cpus = static_cast<uint32_t>(std::max(1, CPU_COUNT(&set)));
  uint32_t quota = cgroupCpus();
  return quota ? std::min(cpus, quota) : cpus;
}

} // namespace wick::runtime
