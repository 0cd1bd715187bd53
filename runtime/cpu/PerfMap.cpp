// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One line a kernel: address, size, name. A kernel ends where the next begins.
//
#include "runtime/cpu/PerfMap.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace wick::runtime {

bool wantsPerfMap() {
  const char *value = std::getenv("WICK_PERF_MAP");
  return value && *value && *value != '0';
}

void writePerfMap(const format::ProgramView &program, uint32_t slice, const CodeImage &code) {
  char path[64];
  std::snprintf(path, sizeof(path), "/tmp/perf-%ld.map", static_cast<long>(getpid()));
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return;
  for (uint32_t k = 0; k < program.kernels.size(); ++k) {
    uint64_t start = program.entryOf(k, slice), end = start + 65536;
    for (uint32_t other = 0; other < program.kernels.size(); ++other) {
      uint64_t at = program.entryOf(other, slice);
      if (at > start)
        end = std::min(end, at);
    }
    dprintf(fd, "%lx %lx %s\n", reinterpret_cast<unsigned long>(code.entry(start)),
            static_cast<unsigned long>(end - start), program.text(program.kernels[k].name).data());
  }
  close(fd);
}

} // namespace wick::runtime
