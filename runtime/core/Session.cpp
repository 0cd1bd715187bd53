// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Creating sessions, and the session functions of wick.h.
//
#include "runtime/core/Session.h"

#include "runtime/cpu/Cores.h"

#include <algorithm>

using namespace wick;
using namespace wick::runtime;
using format::BufferKind;
using format::Op;

bool Flight::create(const Allocator &allocator, bool withProfile) {
  size_t maxBuffers = 0, maxArguments = 0, numDims = 0;
  for (const abi::InstrRecord &i : program.instrs) {
    if (i.op != uint16_t(Op::Call))
      continue;
    size_t numBuffers = program.words[i.b];
    maxBuffers = std::max(maxBuffers, numBuffers);
    maxArguments = std::max<size_t>(maxArguments, program.words[i.b + 1 + numBuffers]);
  }
  for (const abi::ValueRecord &v : program.inputs)
    numDims += v.rank;
  size_t outDims = program.outputs.size() * format::kMaxRank, buffers = program.buffers.size();
  bool ok = regs.allocate(allocator, program.header->numRegs) &&
            prologueRegs.allocate(allocator, program.header->numRegs) && slots.allocate(allocator, buffers) &&
            isResult.allocate(allocator, buffers) && segments.allocate(allocator, program.header->numSegments) &&
            prologueSegments.allocate(allocator, program.header->numSegments) && items.allocate(allocator, buffers) &&
            itemBuffers.allocate(allocator, buffers) && order.allocate(allocator, 2 * buffers) &&
            inputDims.allocate(allocator, numDims) && symbolInput.allocate(allocator, program.symbols.size()) &&
            bound.allocate(allocator, program.outputs.size()) && direct.allocate(allocator, program.outputs.size()) &&
            inPlace.allocate(allocator, program.outputs.size()) && outputDims.allocate(allocator, outDims) &&
            operands.allocate(allocator, maxBuffers) && arguments.allocate(allocator, maxArguments) &&
            (!withProfile || profile.allocate(allocator, program.instrs.size()));
  if (!ok)
    return false;
  for (const abi::ValueRecord &v : program.outputs) {
    const abi::BufferRecord &b = program.buffers[v.buffer];
    isResult[b.kind == uint8_t(BufferKind::View) ? b.index : v.buffer] = 1;
  }
  return true;
}

wick_session::~wick_session() {
  for (Flight *flight : flights.span())
    allocator.destroy(flight);
}

wick_status wick_session::create(const wick_session_options &options, const Failure &fail) {
  if (!model->runnable)
    return fail(WICK_STATUS_UNSUPPORTED, "the model was opened without code: it answers queries only");
  if (options.entry && std::strcmp(options.entry, "main"))
    return fail(WICK_STATUS_UNKNOWN_NAME, "the model has no entry '%.80s'; it has: 'main'", options.entry);
  if (reinterpret_cast<uintptr_t>(options.arena) % format::kArenaAlign)
    return fail(WICK_STATUS_INVALID_ARGUMENT, "the arena is not 64-byte aligned");
  bool ok = flights.allocate(allocator, model->programs.size());
  for (size_t i = 0; ok && i < flights.size(); ++i) {
    flights[i] = allocator.create<Flight>(model, model->programs[i], arena, executor, stats);
    ok = flights[i] && flights[i]->create(allocator, options.profile);
  }
  if (!ok)
    return fail(WICK_STATUS_OUT_OF_MEMORY, "no memory for a session");
  if (options.arena)
    arena.useCaller(options.arena, options.arena_bytes);
  else
    arena.useAllocator(allocator, options.max_arena_bytes);
  if (options.executor) {
    wick_executor host;
    if (!readOptions(options.executor, host) || !host.parallel_for || !host.max_workers || host.max_workers > 4096)
      return fail(WICK_STATUS_INVALID_ARGUMENT, "the executor has no function or no sensible number of workers");
    executor.useHost(host);
    return WICK_STATUS_OK;
  }
  uint32_t threads = options.threads == WICK_THREADS_AUTO ? usableCpus() : options.threads;
  if (threads > 1024)
    return fail(WICK_STATUS_INVALID_ARGUMENT, "%u threads are more than 1024", threads);
  if (wick_status status = executor.startPool(allocator, threads))
    return fail(status, "cannot start %u threads", threads - 1);
  return WICK_STATUS_OK;
}

Flight &wick_session::choose(std::span<const wick_value> inputs) {
  for (size_t i = 1; i < flights.size(); ++i)
    if (flights[i]->fits(inputs))
      return *flights[i];
  return *flights[0];
}

wick_status wick_session::run(std::span<const wick_value> inputs, std::span<wick_value> outputs,
                              const wick_run_options &options, const Failure &fail) {
  last = &choose(inputs);
  return last->run(inputs, outputs, options, fail);
}

wick_status wick_session::arenaSize(std::span<const wick_value> inputs, uint64_t &bytes, const Failure &fail) {
  last = &choose(inputs);
  return last->arenaSize(inputs, bytes, fail);
}

wick_status wick_session_create(wick_model *model, const wick_session_options *given, wick_session **session,
                                wick_error *error) {
  Failure fail(error);
  wick_session_options options;
  if (!model || !session || !readOptions(given, options))
    return fail(WICK_STATUS_INVALID_ARGUMENT, "model, session or struct_size is missing");
  *session = nullptr;
  Allocator allocator = options.allocator ? Allocator(options.allocator) : model->allocator;
  wick_session *s = allocator.create<wick_session>(model, allocator);
  if (!s)
    return fail(WICK_STATUS_OUT_OF_MEMORY, "no memory for a session");
  if (wick_status status = s->create(options, fail)) {
    allocator.destroy(s);
    return status;
  }
  wick_model_retain(model);
  *session = s;
  return WICK_STATUS_OK;
}

void wick_session_destroy(wick_session *session) {
  if (!session)
    return;
  wick_model *model = session->model;
  Allocator allocator = session->allocator;
  allocator.destroy(session);
  wick_model_release(model);
}

wick_status wick_session_run(wick_session *session, const wick_value *inputs, uint32_t numInputs, wick_value *outputs,
                             uint32_t numOutputs, const wick_run_options *given, wick_error *error) {
  Failure fail(error);
  wick_run_options options;
  if (!session || (numInputs && !inputs) || (numOutputs && !outputs) || !readOptions(given, options))
    return fail(WICK_STATUS_INVALID_ARGUMENT, "session, values or a struct_size is missing");
  return session->run({inputs, numInputs}, {outputs, numOutputs}, options, fail);
}

wick_status wick_session_output(wick_session *session, uint32_t index, wick_value *view) {
  if (!session || !session->last || !session->last->hasResult || index >= session->last->program.outputs.size())
    return WICK_STATUS_INVALID_ARGUMENT;
  wick_value result{};
  session->last->describeOutput(index, result);
  return writeResult(result, view) ? WICK_STATUS_OK : WICK_STATUS_INVALID_ARGUMENT;
}

wick_status wick_session_arena_size(wick_session *session, const wick_value *inputs, uint32_t numInputs,
                                    uint64_t *bytes, wick_error *error) {
  Failure fail(error);
  if (!session || !bytes || (numInputs && !inputs))
    return fail(WICK_STATUS_INVALID_ARGUMENT, "session, values or bytes is missing");
  return session->arenaSize({inputs, numInputs}, *bytes, fail);
}

wick_status wick_session_profile(const wick_session *session, uint32_t index, wick_profile_entry *entry) {
  if (!session)
    return WICK_STATUS_INVALID_ARGUMENT;
  for (const Flight *flight : session->flights.span()) {
    const format::ProgramView &p = flight->program;
    for (uint32_t i = 0; i < flight->profile.size(); ++i) {
      const abi::InstrRecord &instr = p.instrs[i];
      if (instr.op != uint16_t(Op::Call) || index-- > 0)
        continue;
      const CallProfile &c = flight->profile[i];
      const char *node = instr.node == format::kNone ? "" : p.nodeName(instr.node).data();
      wick_profile_entry result{
          0, i, c.calls, c.nanoseconds, c.units, c.tasks, p.text(p.kernels[instr.a].name).data(), node ? node : ""};
      return writeResult(result, entry) ? WICK_STATUS_OK : WICK_STATUS_INVALID_ARGUMENT;
    }
  }
  return WICK_STATUS_INVALID_ARGUMENT;
}

wick_status wick_session_stats(const wick_session *session, wick_stats *stats) {
  if (!session)
    return WICK_STATUS_INVALID_ARGUMENT;
  wick_stats result = session->stats;
  result.workers = session->executor.workers();
  result.arena_capacity = session->arena.capacity;
  result.arena_growths = session->arena.growths;
  for (uint32_t i = 0; i < session->flights.size(); ++i)
    if (session->flights[i] == session->last)
      result.variant = i;
  return writeResult(result, stats) ? WICK_STATUS_OK : WICK_STATUS_INVALID_ARGUMENT;
}
