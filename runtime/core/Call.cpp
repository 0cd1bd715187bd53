// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One kernel call: gathers operands, and splits the range over the workers when
// the work is worth it. Pieces are units of the kernel's own range, and kernels
// are pure, so results do not depend on how it is split.
//
#include "runtime/core/Flight.h"

#include <algorithm>
#include <atomic>
#include <ctime>

using namespace wick;
using namespace wick::runtime;

namespace {
struct Job {
  abi::KernelFn kernel;
  void *const *operands;
  const int64_t *arguments;
  int64_t range;
  uint32_t tasks, workers;
  uint8_t *scratch;
  uint64_t scratchBytes;
  /// task << 32 | code of the failed task that comes first in the range, so
  /// that the report does not depend on who was quicker.
  std::atomic<uint64_t> failure{UINT64_MAX};
};
} // namespace

static void runTask(void *context, uint32_t index, uint32_t worker) {
  auto &job = *static_cast<Job *>(context);
  FloatState state; // a host's thread may have changed it
  int64_t each = job.range / job.tasks, more = job.range % job.tasks;
  int64_t begin = each * index + std::min<int64_t>(index, more);
  int64_t end = begin + each + (index < more);
  uint64_t code = 0xff; // worker out of range: the host's executor is wrong
  if (worker < job.workers)
    code = static_cast<uint32_t>(
        job.kernel(job.operands, job.arguments, begin, end, worker, job.scratch + worker * job.scratchBytes));
  if (!code)
    return;
  uint64_t mine = uint64_t(index) << 32 | code, first = job.failure.load(std::memory_order_relaxed);
  while (mine < first && !job.failure.compare_exchange_weak(first, mine, std::memory_order_relaxed)) {
  }
}

/// How many pieces: 1 when the call is too short to share.
static uint32_t countTasks(const abi::InstrRecord &i, int64_t range, uint32_t workers, uint64_t threshold) {
  double cost = double(i.cost) * double(range);
  if (workers <= 1 || !i.cost || range < 2 || cost < double(threshold))
    return 1;
  // Several pieces a worker even out threads that lose their core for a while;
  // each still takes a quarter of the threshold.
  double most = i.flags & format::kCallCoarse ? workers : 4.0 * workers;
  double pieces = std::min({most, double(range), std::max(2.0, 4 * cost / double(threshold ? threshold : 1))});
  return static_cast<uint32_t>(pieces);
}

wick_status Flight::call(const abi::InstrRecord &i, const Failure &fail) {
  int64_t range = regs[i.c];
  if (range < 0)
    return failAt(i, program.text(program.kernels[i.a].name), fail, WICK_STATUS_SIZE_OVERFLOW, "a range is negative");
  if (range == 0)
    return WICK_STATUS_OK;
  const uint32_t *word = program.words.data() + i.b;
  uint32_t numBuffers = *word++;
  for (uint32_t b = 0; b < numBuffers; ++b) {
    uint8_t *data;
    uint64_t bytes;
    if (wick_status status = resolve(*word++, data, bytes, fail)) {
      fail.setWhere(program.nodeName(i.node), program.text(program.kernels[i.a].name));
      return status;
    }
    operands[b] = data;
  }
  uint32_t numArguments = *word++;
  for (uint32_t a = 0; a < numArguments; ++a)
    arguments[a] = regs[*word++];
  abi::KernelFn kernel = kernels[i.a];
  uint8_t *scratch = arena.data + planned.top;
  ++stats.kernel_calls;
  uint32_t workers = executor.workers();
  uint32_t tasks = countTasks(i, range, workers, program.header->splitThresholdNs);
  stats.tasks += tasks;
  if (tasks == 1) {
    auto code = static_cast<uint32_t>(kernel(operands.data(), arguments.data(), 0, range, 0, scratch));
    return code ? kernelFailed(i, code, fail) : WICK_STATUS_OK;
  }
  Job job{kernel, operands.data(), arguments.data(), range, tasks, workers, scratch, planned.scratch};
  if (!executor.parallelFor(tasks, runTask, &job))
    return failAt(i, program.text(program.kernels[i.a].name), fail, WICK_STATUS_EXECUTOR_FAILED,
                  "the executor did not run the tasks");
  uint64_t failure = job.failure.load(std::memory_order_relaxed);
  return failure == UINT64_MAX ? WICK_STATUS_OK : kernelFailed(i, static_cast<uint32_t>(failure), fail);
}

wick_status Flight::profiledCall(const abi::InstrRecord &i, const Failure &fail) {
  timespec before, after;
  uint64_t tasks = stats.tasks;
  clock_gettime(CLOCK_MONOTONIC, &before);
  wick_status status = call(i, fail);
  clock_gettime(CLOCK_MONOTONIC, &after);
  CallProfile &p = profile[static_cast<size_t>(&i - program.instrs.data())];
  ++p.calls;
  p.nanoseconds +=
      static_cast<uint64_t>((after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec);
  p.units += static_cast<uint64_t>(std::max<int64_t>(0, regs[i.c]));
  p.tasks += stats.tasks - tasks;
  return status;
}

wick_status Flight::kernelFailed(const abi::InstrRecord &i, uint32_t code, const Failure &fail) {
  auto kernel = program.text(program.kernels[i.a].name);
  char message[160];
  wick_status status = WICK_STATUS_BAD_VALUE;
  uint32_t operand = code >> 8;
  switch (code & 0xff) {
  case abi::KernelIndexOutOfRange:
    status = WICK_STATUS_INDEX_OUT_OF_RANGE;
    std::snprintf(message, sizeof(message), "an index in operand %u is out of range", operand);
    break;
  case abi::KernelDivideByZero:
    status = WICK_STATUS_DIVIDE_BY_ZERO;
    std::snprintf(message, sizeof(message), "integer division by zero, divisor in operand %u", operand);
    break;
  case abi::KernelBadValue:
    std::snprintf(message, sizeof(message), "a value in operand %u is outside what the operation defines", operand);
    break;
  case 0xff:
    status = WICK_STATUS_EXECUTOR_FAILED;
    std::snprintf(message, sizeof(message), "the host's executor used a worker index beyond its maximum");
    break;
  default:
    std::snprintf(message, sizeof(message), "kernel error %u in operand %u", code & 0xff, operand);
  }
  return failAt(i, kernel, fail, status, message);
}
