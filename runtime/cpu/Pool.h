// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A session's threads. Workers take tasks from one atomic ticket, wait for the
// next job by spinning for a bounded time and then sleep on a futex; a job costs
// a system call only when a thread has to be woken or put to sleep. After fork
// the child has no threads, which a page that fork wipes tells; they are then
// made again on the first job.
//
#pragma once

#include "runtime/core/Allocator.h"
#include "wick/wick.h"

#include <atomic>
#include <cstdint>
#include <pthread.h>

namespace wick::runtime {

class Pool {
public:
  Pool(const Allocator &allocator) : allocator(allocator) {}
  ~Pool();
  wick_status start(uint32_t threads);
  /// The wick_executor hook of this pool; false if threads could not be made.
  bool run(uint32_t tasks, wick_task task, void *context);

  Allocator allocator;

private:
  struct Thread {
    Pool *pool;
    uint32_t worker;
    pthread_t handle;
  };

  static void *threadMain(void *argument);
  void workerLoop(uint32_t worker);
  bool takeTask(uint64_t &ticket, uint32_t worker);
  bool spawn();
  void stop();
  bool checkFork();

  // Job: published before `ticket`, stable until its last task is done.
  std::atomic<wick_task> task{nullptr};
  std::atomic<void *> context{nullptr};
  /// epoch (24 bits) | tasks (20) | next task (20): one atomic, so that a late
  /// worker cannot take a task of another job.
  alignas(64) std::atomic<uint64_t> ticket{0};
  alignas(64) std::atomic<uint32_t> done{0};
  std::atomic<uint32_t> callerSleeps{0};
  alignas(64) std::atomic<uint32_t> wakeups{0};
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stopping{false};

  Array<Thread> threads;
  uint32_t running = 0;      ///< threads that exist
  uint32_t *alive = nullptr; ///< on a page that is zero after fork
};

constexpr uint32_t kMaxTasks = (1u << 20) - 1;

} // namespace wick::runtime
