// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The state of one program in a session: registers, the table of buffers, and
// the plan of the last sizes. Everything that a run needs is allocated by
// `create` or when the arena has to grow; the rest of a run only reads and
// writes these tables. A session has a flight for the general program and one
// for each variant; arena, workers and counts are the session's and shared,
// since one flight runs at a time.
//
#pragma once

#include "runtime/core/Model.h"
#include "runtime/cpu/Executor.h"
#include "runtime/format/ArenaPlan.h"

namespace wick::runtime {

/// Where a buffer is during a run.
struct Slot {
  uint8_t *data = nullptr; ///< null: not placed yet
  uint64_t bytes = 0;
  uint64_t offset = 0; ///< in the arena, when placed there
  bool inArena = false;
};

/// What a run can be planned with again: the state behind the last Plan.
struct PlanState {
  uint64_t top = 0;     ///< end of the buffers in the arena
  uint64_t scratch = 0; ///< bytes a worker, a multiple of kArenaAlign
};

/// What one Call of the schedule cost so far.
struct CallProfile {
  uint64_t calls = 0, nanoseconds = 0, units = 0, tasks = 0;
};

/// Memory of the session: the caller's, or from the allocator and growing.
class Arena {
public:
  ~Arena();
  void useCaller(void *memory, uint64_t bytes);
  void useAllocator(const Allocator &from, uint64_t limit);
  /// Makes room for `bytes`, keeping the first `keep` bytes; `roomy`: for half as much
  /// again as there was, where limit and memory allow it, so that what grows step by
  /// step is not moved at each. On failure nothing has changed.
  wick_status ensure(uint64_t bytes, uint64_t keep, bool roomy, const Failure &fail);

  uint8_t *data = nullptr;
  uint64_t capacity = 0;
  uint64_t growths = 0;

private:
  void release();

  Allocator allocator;
  bool isCallers = false;
  uint64_t limit = 0;
  size_t alignment = format::kArenaAlign;
};

class Flight {
public:
  Flight(const wick_model *model, const ModelProgram &from, Arena &arena, Executor &executor, wick_stats &stats)
      : model(model), program(from.program), kernels(from.kernels), arena(arena), executor(executor), stats(stats) {}

  /// Allocates the tables; false: no memory.
  bool create(const Allocator &allocator, bool withProfile);
  /// Whether the inputs have the constant dims of the program. What else is
  /// wrong with them is for `run` to say.
  bool fits(std::span<const wick_value> inputs) const;
  wick_status run(std::span<const wick_value> inputs, std::span<wick_value> outputs, const wick_run_options &options,
                  const Failure &fail);
  wick_status arenaSize(std::span<const wick_value> inputs, uint64_t &bytes, const Failure &fail);
  /// Shape of output `index` by the registers of the last run.
  void describeOutput(uint32_t index, wick_value &view);

  const wick_model *model;
  const format::ProgramView &program;
  const abi::KernelFn *kernels;
  Arena &arena;
  Executor &executor;
  wick_stats &stats;
  Array<CallProfile> profile; ///< one an instruction, or empty
  bool hasResult = false;     ///< the last run succeeded, or failed for small outputs only

private:
  // Bind.cpp
  wick_status bindInputs(std::span<const wick_value> inputs, bool needData, bool &sameDims, const Failure &fail);
  wick_status bindDims(uint32_t input, const wick_value &value, const Failure &fail);
  wick_status checkInputExpressions(const Failure &fail);
  wick_status bindOutputs(std::span<const wick_value> inputs, std::span<wick_value> outputs, const Failure &fail);
  wick_status finishOutputs(std::span<wick_value> outputs, const Failure &fail);
  wick_status outputBytes(uint32_t output, uint64_t &bytes, const Failure &fail);
  // Plan.cpp
  bool planStillFits() const;
  wick_status plan(std::span<const wick_value> inputs, const Failure &fail);
  wick_status checkInPlace(const Failure &fail);
  wick_status placeSegment(uint32_t segment, format::Reg scratch, const Failure &fail);
  wick_status bufferBytes(uint32_t buffer, uint64_t &bytes, const Failure &fail);
  wick_status reserveArena(uint64_t keep, bool isAgain, const Failure &fail);
  uint64_t arenaBytes() const { return planned.top + planned.scratch * executor.workers(); }
  void restorePlan(std::span<const wick_value> inputs);
  void placeSlot(uint32_t buffer);
  // Interpreter.cpp
  wick_status interpret(uint32_t begin, uint32_t end, const Failure &fail);
  wick_status interpretRegister(const abi::InstrRecord &i, const Failure &fail);
  wick_status loadInt(const abi::InstrRecord &i, const Failure &fail);
  wick_status storeInt(const abi::InstrRecord &i, const Failure &fail);
  wick_status copy(const abi::InstrRecord &i, const Failure &fail);
  wick_status checkFailed(const abi::InstrRecord &i, const Failure &fail);
  wick_status checkTime(const abi::InstrRecord &i, const Failure &fail);
  wick_status resolve(uint32_t buffer, uint8_t *&data, uint64_t &bytes, const Failure &fail);
  wick_status failAt(const abi::InstrRecord &i, std::string_view step, const Failure &fail, wick_status status,
                     const char *message);
  // Call.cpp
  wick_status call(const abi::InstrRecord &i, const Failure &fail);
  wick_status profiledCall(const abi::InstrRecord &i, const Failure &fail);
  wick_status kernelFailed(const abi::InstrRecord &i, uint32_t code, const Failure &fail);

  Array<int64_t> regs, prologueRegs;
  Array<Slot> slots;
  Array<uint8_t> isResult;                   ///< buffers that outlive the run
  Array<uint8_t> segments, prologueSegments; ///< segments that are placed
  Array<format::ArenaItem> items;
  Array<uint32_t> itemBuffers, order;
  Array<int64_t> inputDims;    ///< of the last planned run, all inputs in a row
  Array<uint32_t> symbolInput; ///< input + 1 that bound each symbol
  Array<wick_value> bound;     ///< outputs of this run; data null: kept in the session
  Array<uint8_t> direct;       ///< output is written straight to the caller's memory
  Array<uint8_t> inPlace;      ///< output is bound to the memory of its aliasInput
  Array<int64_t> outputDims;
  Array<void *> operands;
  Array<int64_t> arguments;
  PlanState planned, prologuePlan;
  bool isPlanned = false;
  wick_run_options runOptions{};
};

} // namespace wick::runtime
