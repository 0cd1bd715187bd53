// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads, futexes and the ticket; see the header for the scheme.
//
#include "runtime/cpu/Pool.h"

#include "runtime/cpu/Executor.h"

#include <climits>
#include <csignal>
#include <cstdio>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace wick::runtime {

static constexpr int kSpins = 3000; // some 50 us: longer than the gaps between kernels
static constexpr size_t kStackBytes = 512 * 1024;

static uint32_t ticketTasks(uint64_t t) { return (t >> 20) & kMaxTasks; }
static uint32_t ticketNext(uint64_t t) { return t & kMaxTasks; }

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

static void futexWake(std::atomic<uint32_t> &word, int count) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

/// Takes and runs one task; false when the job seen has none left.
bool Pool::takeTask(uint64_t &seen, uint32_t worker) {
  seen = ticket.load(std::memory_order_seq_cst);
  uint32_t index = ticketNext(seen);
  if (index >= ticketTasks(seen))
    return false;
  // Read before the exchange: success proves that the job was still unfinished.
  wick_task run = task.load(std::memory_order_relaxed);
  void *argument = context.load(std::memory_order_relaxed);
  uint32_t tasks = ticketTasks(seen);
  if (!ticket.compare_exchange_strong(seen, seen + 1, std::memory_order_acq_rel))
    return true;
  run(argument, index, worker);
  if (done.fetch_add(1, std::memory_order_seq_cst) + 1 == tasks && callerSleeps.load(std::memory_order_seq_cst))
    futexWake(done, 1);
  return true;
}

void Pool::workerLoop(uint32_t worker) {
  FloatState state;
  uint64_t seen;
  while (!stopping.load(std::memory_order_acquire)) {
    if (takeTask(seen, worker))
      continue;
    bool fresh = false;
    for (int i = 0; i < kSpins && !fresh; ++i) {
      relax();
      fresh = ticket.load(std::memory_order_relaxed) != seen || stopping.load(std::memory_order_relaxed);
    }
    if (fresh)
      continue;
    uint32_t before = wakeups.load(std::memory_order_seq_cst);
    sleepers.fetch_add(1, std::memory_order_seq_cst);
    if (ticket.load(std::memory_order_seq_cst) == seen && !stopping.load(std::memory_order_seq_cst))
      futexWait(wakeups, before);
    sleepers.fetch_sub(1, std::memory_order_seq_cst);
  }
}

void *Pool::threadMain(void *argument) {
  auto *self = static_cast<Thread *>(argument);
  self->pool->workerLoop(self->worker);
  return nullptr;
}

bool Pool::spawn() {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes))
    return false;
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // The host's signal handlers must not run on our threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (running = 0; running < threads.size(); ++running) {
    Thread &t = threads[running];
    t.pool = this;
    t.worker = running + 1;
    if (pthread_create(&t.handle, &attributes, threadMain, &t))
      break;
    char name[16];
    std::snprintf(name, sizeof(name), "wick-%u", t.worker % 10000);
    pthread_setname_np(t.handle, name);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (running == threads.size())
    return true;
  stop();
  return false;
}

void Pool::stop() {
  stopping.store(true, std::memory_order_seq_cst);
  wakeups.fetch_add(1, std::memory_order_seq_cst);
  futexWake(wakeups, INT_MAX);
  for (; running; --running)
    pthread_join(threads[running - 1].handle, nullptr);
  stopping.store(false, std::memory_order_seq_cst);
}

wick_status Pool::start(uint32_t count) {
  if (!threads.allocate(allocator, count - 1))
    return WICK_STATUS_OUT_OF_MEMORY;
  void *page = mmap(nullptr, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return WICK_STATUS_OUT_OF_MEMORY;
  alive = static_cast<uint32_t *>(page);
  madvise(page, sysconf(_SC_PAGESIZE), MADV_WIPEONFORK);
  *alive = 1;
  return spawn() ? WICK_STATUS_OK : WICK_STATUS_EXECUTOR_FAILED;
}

/// In a forked child: forgets the parent's threads and makes new ones.
bool Pool::checkFork() {
  if (*alive)
    return true;
  running = 0;
  sleepers.store(0, std::memory_order_relaxed);
  stopping.store(false, std::memory_order_relaxed);
  if (!spawn())
    return false;
  *alive = 1;
  return true;
}

bool Pool::run(uint32_t tasks, wick_task run, void *argument) {
  if (!checkFork())
    return false;
  if (tasks == 0 || tasks > kMaxTasks)
    return tasks == 0;
  task.store(run, std::memory_order_relaxed);
  context.store(argument, std::memory_order_relaxed);
  done.store(0, std::memory_order_relaxed);
  callerSleeps.store(0, std::memory_order_relaxed);
  uint64_t epoch = (ticket.load(std::memory_order_relaxed) >> 40) + 1;
  ticket.store(epoch << 40 | uint64_t(tasks) << 20, std::memory_order_seq_cst);
  if (sleepers.load(std::memory_order_seq_cst)) {
    wakeups.fetch_add(1, std::memory_order_seq_cst);
    futexWake(wakeups, static_cast<int>(tasks - 1));
  }
  uint64_t seen;
  while (takeTask(seen, 0)) {
  }
  uint32_t finished = done.load(std::memory_order_acquire);
  for (int i = 0; i < kSpins && finished != tasks; ++i) {
    relax();
    finished = done.load(std::memory_order_acquire);
  }
  if (finished != tasks)
    callerSleeps.store(1, std::memory_order_seq_cst);
  while ((finished = done.load(std::memory_order_seq_cst)) != tasks)
    futexWait(done, finished);
  return true;
}

Pool::~Pool() {
  if (!alive)
    return;
  if (*alive)
    stop();
  munmap(alive, sysconf(_SC_PAGESIZE));
}

static int32_t runOnPool(void *user, uint32_t tasks, wick_task task, void *context) {
  return static_cast<Pool *>(user)->run(tasks, task, context) ? 0 : 1;
}

Executor::~Executor() {
  if (!pool)
    return;
  Allocator allocator = pool->allocator;
  allocator.destroy(pool);
}

wick_status Executor::startPool(const Allocator &allocator, uint32_t threads) {
  if (threads <= 1)
    return WICK_STATUS_OK;
  pool = allocator.create<Pool>(allocator);
  if (!pool)
    return WICK_STATUS_OUT_OF_MEMORY;
  if (wick_status status = pool->start(threads))
    return status;
  table = {sizeof(wick_executor), threads, pool, runOnPool};
  return WICK_STATUS_OK;
}

void Executor::useHost(const wick_executor &executor) { table = executor; }

#if defined(__x86_64__)
FloatState::FloatState() : saved(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(0x1f80); }
FloatState::~FloatState() { __builtin_ia32_ldmxcsr(static_cast<uint32_t>(saved)); }
#else
FloatState::FloatState() : saved(0) {}
FloatState::~FloatState() {}
#endif

} // namespace wick::runtime
