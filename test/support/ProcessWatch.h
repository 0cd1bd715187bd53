// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a test of warm runs watches of its own process: heap calls, counted, and
// system calls, which a seccomp filter forbids. A program that uses it gets its
// malloc family from here, so that no call is missed.
//
#pragma once

#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WICK_TEST_SANITIZED 1 // sanitizers make calls of their own: nothing is counted
#endif
#endif

namespace wick::test {

/// Calls of malloc, calloc, realloc, aligned_alloc and free so far; 0 under sanitizers.
uint64_t heapCalls();

/// From here on any system call kills the process, but exit and, with a pool, those that wake and park its threads.
/// False when the system has no seccomp. For child processes: nothing takes it back.
bool forbidSystemCalls(bool withPool);

} // namespace wick::test
