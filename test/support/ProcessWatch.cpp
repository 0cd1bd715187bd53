// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Replaces the C library's malloc family by counting calls of glibc's inner
// names, and installs the seccomp filter on all threads at once.
//
#include "test/support/ProcessWatch.h"

#include <atomic>
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

static std::atomic<uint64_t> calls{0};

uint64_t wick::test::heapCalls() { return calls; }

bool wick::test::forbidSystemCalls(bool withPool) {
  std::vector<unsigned> allowed = {SYS_exit_group};
  if (withPool) // futex; the rest a pool thread that has not been let start yet does first
    allowed.insert(allowed.end(), {SYS_futex, SYS_rseq, SYS_set_robust_list, SYS_rt_sigprocmask});
  std::vector<sock_filter> filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (unsigned call : allowed) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

#ifndef WICK_TEST_SANITIZED
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);
void *malloc(size_t n) { return ++calls, __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return ++calls, __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return ++calls, __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { return ++calls, __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) { return ++calls, (*p = __libc_memalign(a, n)) ? 0 : 12; }
void free(void *p) {
  if (p)
    ++calls;
  __libc_free(p);
}
}
#endif
