// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Who runs the tasks of a kernel call: the calling thread, a session's own pool
// of threads, or the host. All have the shape of wick_executor, so the
// interpreter knows one kind.
//
#pragma once

#include "runtime/core/Allocator.h"
#include "wick/wick.h"

#include <cstdint>

namespace wick::runtime {

class Pool;

class Executor {
public:
  Executor() = default;
  Executor(const Executor &) = delete;
  Executor &operator=(const Executor &) = delete;
  ~Executor();

  /// `threads` counts the caller. Returns OK, OUT_OF_MEMORY or EXECUTOR_FAILED.
  wick_status startPool(const Allocator &allocator, uint32_t threads);
  void useHost(const wick_executor &executor);

  /// Task workers are below this; scratch memory is kept for each.
  uint32_t workers() const { return table.max_workers; }
  /// Only for workers() > 1: the inline case never gets here.
  bool parallelFor(uint32_t tasks, wick_task task, void *context) const {
    return table.parallel_for(table.user, tasks, task, context) == 0;
  }

private:
  wick_executor table{sizeof(wick_executor), 1, nullptr, nullptr};
  Pool *pool = nullptr;
};

/// Sets the default floating-point control state (round to nearest, denormals
/// kept, exceptions masked) and restores the caller's.
class FloatState {
public:
  FloatState();
  ~FloatState();
  FloatState(const FloatState &) = delete;
  FloatState &operator=(const FloatState &) = delete;

private:
  uint64_t saved;
};

} // namespace wick::runtime
