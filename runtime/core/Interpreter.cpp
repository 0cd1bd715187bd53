// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Executes the schedule. The validator has checked every index; what is checked
// here are values: overflow, bounds of views and elements, deadlines.
//
#include "runtime/core/Flight.h"

#include "runtime/format/DType.h"
#include "runtime/format/RegisterMath.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

using namespace wick;
using namespace wick::runtime;
using abi::InstrRecord;
using format::BufferKind;
using format::kNone;
using format::Op;

wick_status Flight::failAt(const InstrRecord &i, std::string_view step, const Failure &fail, wick_status status,
                           const char *message) {
  auto node = program.nodeName(i.node);
  if (node.empty())
    status = fail(status, "%s", message);
  else
    status = fail(status, "node '%s': %s", node.data(), message);
  fail.setWhere(node, step);
  return status;
}

wick_status Flight::checkFailed(const InstrRecord &i, const Failure &fail) {
  auto text = program.text(program.strings[i.b]);
  if (i.flags & format::kAssertUnsupported)
    return failAt(i, "assert", fail, WICK_STATUS_UNSUPPORTED, text.data());
  if (!i.c)
    return failAt(i, "assert", fail, WICK_STATUS_CHECK_FAILED, text.data());
  char message[512];
  std::snprintf(message, sizeof(message), "%s, not %lld", text.data(), static_cast<long long>(regs[i.c - 1]));
  return failAt(i, "assert", fail, WICK_STATUS_CHECK_FAILED, message);
}

wick_status Flight::checkTime(const InstrRecord &i, const Failure &fail) {
  if (runOptions.cancel && __atomic_load_n(runOptions.cancel, __ATOMIC_RELAXED))
    return failAt(i, "", fail, WICK_STATUS_CANCELLED, "the run was cancelled");
  if (!runOptions.deadline_ns)
    return WICK_STATUS_OK;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec) >= runOptions.deadline_ns)
    return failAt(i, "", fail, WICK_STATUS_DEADLINE_EXCEEDED, "the deadline passed");
  return WICK_STATUS_OK;
}

/// Where a buffer's bytes are now.
wick_status Flight::resolve(uint32_t buffer, uint8_t *&data, uint64_t &bytes, const Failure &fail) {
  const abi::BufferRecord &b = program.buffers[buffer];
  if (b.kind != uint8_t(BufferKind::View)) [[likely]] {
    data = slots[buffer].data;
    bytes = slots[buffer].bytes;
    if (!data) [[unlikely]]
      return fail(WICK_STATUS_BAD_PACKAGE, "buffer %u is used before it is placed", buffer);
    return WICK_STATUS_OK;
  }
  const Slot &base = slots[b.index];
  if (!base.data)
    return fail(WICK_STATUS_BAD_PACKAGE, "buffer %u is used before it is placed", b.index);
  uint64_t offset = b.offset;
  // A negative register becomes a huge offset, which the bounds refuse.
  bool bad = b.offsetReg != kNone && __builtin_add_overflow(offset, static_cast<uint64_t>(regs[b.offsetReg]), &offset);
  bad |= offset > base.bytes;
  uint64_t room = bad ? 0 : base.bytes - offset;
  bytes = room;
  if (b.sizeReg != kNone || b.size)
    bytes = b.sizeReg != kNone ? static_cast<uint64_t>(regs[b.sizeReg]) : b.size;
  if (bad || bytes > room)
    return fail(WICK_STATUS_INDEX_OUT_OF_RANGE, "view %u reaches outside buffer %u (%llu bytes)", buffer, b.index,
                (unsigned long long)base.bytes);
  data = base.data + offset;
  return WICK_STATUS_OK;
}

wick_status Flight::loadInt(const InstrRecord &i, const Failure &fail) {
  uint8_t *data;
  uint64_t bytes;
  if (wick_status status = resolve(i.b, data, bytes, fail))
    return status;
  uint32_t dtype = program.buffers[i.b].dtype, size = format::dtypeBytes(dtype);
  if (static_cast<uint64_t>(regs[i.c]) >= bytes / size)
    return failAt(i, "load", fail, WICK_STATUS_INDEX_OUT_OF_RANGE, "a value that a size depends on is missing");
  uint64_t value = 0;
  std::memcpy(&value, data + regs[i.c] * size, size);
  if (format::isSigned(dtype)) {
    int shift = 64 - 8 * static_cast<int>(size);
    value = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
  }
  regs[i.a] = static_cast<int64_t>(value);
  return WICK_STATUS_OK;
}

wick_status Flight::storeInt(const InstrRecord &i, const Failure &fail) {
  uint8_t *data;
  uint64_t bytes;
  if (wick_status status = resolve(i.b, data, bytes, fail))
    return status;
  uint32_t size = format::dtypeBytes(program.buffers[i.b].dtype);
  if (static_cast<uint64_t>(regs[i.c]) >= bytes / size)
    return failAt(i, "store", fail, WICK_STATUS_INDEX_OUT_OF_RANGE, "a value is stored outside its buffer");
  std::memcpy(data + regs[i.c] * size, &regs[i.a], size);
  return WICK_STATUS_OK;
}

wick_status Flight::copy(const InstrRecord &i, const Failure &fail) {
  uint8_t *to, *from;
  uint64_t toBytes, fromBytes, count = static_cast<uint64_t>(regs[i.c]);
  if (wick_status status = resolve(i.a, to, toBytes, fail))
    return status;
  if (wick_status status = resolve(i.b, from, fromBytes, fail))
    return status;
  if (count > toBytes || count > fromBytes)
    return failAt(i, "copy", fail, WICK_STATUS_INDEX_OUT_OF_RANGE, "a copy reaches outside its buffers");
  std::memmove(to, from, count);
  return WICK_STATUS_OK;
}

wick_status Flight::interpretRegister(const InstrRecord &i, const Failure &fail) {
  switch (format::computeRegister(program, i, regs.data())) {
  case format::RegisterResult::Ok:
    return WICK_STATUS_OK;
  case format::RegisterResult::DivideByZero:
    return failAt(i, "", fail, WICK_STATUS_DIVIDE_BY_ZERO, "a size is divided by zero");
  case format::RegisterResult::Overflow:
    return failAt(i, "", fail, WICK_STATUS_SIZE_OVERFLOW, "a size overflows 64 bits");
  case format::RegisterResult::NotARegister: // the validator knows no other op
    break;
  }
  return failAt(i, "", fail, WICK_STATUS_BAD_PACKAGE, "an instruction is unknown");
}

wick_status Flight::interpret(uint32_t begin, uint32_t end, const Failure &fail) {
  for (uint32_t pc = begin; pc < end; ++pc) {
    const InstrRecord &i = program.instrs[pc];
    wick_status status = WICK_STATUS_OK;
    switch (static_cast<Op>(i.op)) {
    case Op::Call:
      status = checkTime(i, fail);
      if (!status)
        status = profile.size() ? profiledCall(i, fail) : call(i, fail);
      break;
    case Op::LoadInt:
      status = loadInt(i, fail);
      break;
    case Op::StoreInt:
      status = storeInt(i, fail);
      break;
    case Op::Copy:
      status = checkTime(i, fail);
      if (!status)
        status = copy(i, fail);
      break;
    case Op::Swap:
      if (slots[i.a].bytes != slots[i.b].bytes || !slots[i.a].data || !slots[i.b].data)
        return failAt(i, "swap", fail, WICK_STATUS_BAD_PACKAGE, "the buffers to swap differ in size");
      std::swap(slots[i.a].data, slots[i.b].data);
      break;
    case Op::JumpIfZero:
      if (regs[i.b] != 0)
        break;
      [[fallthrough]];
    case Op::Jump:
      if (i.a <= pc) // a loop: may be the only place where time passes
        status = checkTime(i, fail);
      pc = i.a - 1;
      break;
    case Op::Assert:
      if (regs[i.a] == 0)
        return checkFailed(i, fail);
      break;
    case Op::Plan: {
      uint64_t before = planned.top;
      bool isAgain = segments[i.a];
      status = placeSegment(i.a, i.b, fail);
      if (status || begin < program.header->prologueEnd)
        break; // the prologue's plan is reserved when it is complete
      status = reserveArena(before, isAgain, fail);
      for (uint32_t b = 0; !status && b < program.buffers.size(); ++b) {
        const abi::BufferRecord &record = program.buffers[b];
        bool placed = record.kind == uint8_t(BufferKind::Arena) || record.kind == uint8_t(BufferKind::Output);
        if (placed && record.segment == i.a && slots[b].inArena)
          placeSlot(b);
      }
      break;
    }
    case Op::End:
      return WICK_STATUS_OK;
    default:
      status = interpretRegister(i, fail);
      break;
    }
    if (status)
      return status;
  }
  return WICK_STATUS_OK;
}

wick_status Flight::run(std::span<const wick_value> inputs, std::span<wick_value> outputs,
                        const wick_run_options &options, const Failure &fail) {
  FloatState floatState;
  hasResult = false;
  runOptions = options;
  bool sameDims;
  if (wick_status status = bindInputs(inputs, true, sameDims, fail))
    return status;
  if (wick_status status = bindOutputs(inputs, outputs, fail))
    return status;
  if (!sameDims || !planStillFits())
    if (wick_status status = plan(inputs, fail))
      return status;
  planned = prologuePlan;
  if (wick_status status = reserveArena(0, false, fail))
    return status;
  restorePlan(inputs);
  if (wick_status status = checkInPlace(fail))
    return status;
  stats.kernel_calls = stats.tasks = 0;
  if (wick_status status = interpret(program.header->prologueEnd, uint32_t(program.instrs.size()), fail))
    return status;
  stats.arena_bytes = arenaBytes();
  ++stats.runs;
  wick_status status = finishOutputs(outputs, fail);
  hasResult = status == WICK_STATUS_OK || status == WICK_STATUS_BUFFER_TOO_SMALL;
  return status;
}
