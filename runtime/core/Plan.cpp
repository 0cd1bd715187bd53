// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places buffers in the arena. Segment 0 depends on dims alone and its plan is
// kept until they change; later segments are placed during a run, around what
// still lives. Scratch for the workers lies behind all buffers.
//
#include "runtime/core/Flight.h"

#include <algorithm>
#include <sys/mman.h>

using namespace wick;
using namespace wick::runtime;
using format::BufferKind;
using format::kArenaAlign;
using format::kNone;

static constexpr uint64_t kHugePage = 2 * 1024 * 1024;

Arena::~Arena() { release(); }

void Arena::release() {
  if (data && !isCallers)
    allocator.release(data, capacity, alignment);
  data = nullptr;
}

void Arena::useCaller(void *memory, uint64_t bytes) {
  data = static_cast<uint8_t *>(memory);
  capacity = bytes;
  isCallers = true;
}

void Arena::useAllocator(const Allocator &from, uint64_t maxBytes) {
  allocator = from;
  limit = maxBytes;
}

wick_status Arena::ensure(uint64_t bytes, uint64_t keep, bool roomy, const Failure &fail) {
  if (bytes <= capacity)
    return WICK_STATUS_OK;
  if (isCallers || (limit && bytes > limit)) {
    wick_status status =
        fail(WICK_STATUS_ARENA_TOO_SMALL, "the run needs an arena of %llu bytes, %s %llu", (unsigned long long)bytes,
             isCallers ? "the caller's has" : "the limit is", (unsigned long long)(isCallers ? capacity : limit));
    fail.setNeeded(bytes);
    return status;
  }
  uint64_t size = bytes;
  if (roomy)
    size = std::max(bytes, capacity + capacity / 2);
  if (limit)
    size = std::min(size, limit);
  size_t newAlignment = 0;
  auto allocate = [&] {
    newAlignment = size >= 2 * kHugePage ? kHugePage : kArenaAlign;
    return static_cast<uint8_t *>(allocator.allocate(size, newAlignment));
  };
  uint8_t *memory = allocate();
  if (!memory && size > bytes) { // what has to be may still fit
    size = bytes;
    memory = allocate();
  }
  if (!memory) {
    wick_status status =
        fail(WICK_STATUS_OUT_OF_MEMORY, "no memory for an arena of %llu bytes", (unsigned long long)bytes);
    fail.setNeeded(bytes);
    return status;
  }
  if (newAlignment == kHugePage) // advice: fewer faults and TLB misses where the system grants it
    madvise(memory, size / kHugePage * kHugePage, MADV_HUGEPAGE);
  if (keep)
    std::memcpy(memory, data, keep);
  release();
  data = memory;
  capacity = size;
  alignment = newAlignment;
  ++growths;
  return WICK_STATUS_OK;
}

wick_status Flight::bufferBytes(uint32_t buffer, uint64_t &bytes, const Failure &fail) {
  const abi::BufferRecord &b = program.buffers[buffer];
  int64_t value = b.sizeReg == kNone ? static_cast<int64_t>(b.size) : regs[b.sizeReg];
  if (value < 0) {
    auto node = program.nodeName(b.node);
    wick_status status =
        fail(WICK_STATUS_SIZE_OVERFLOW, "%s%s%sbuffer %u would have %lld bytes", node.empty() ? "" : "node '",
             node.data() ? node.data() : "", node.empty() ? "" : "': ", buffer, (long long)value);
    fail.setWhere(node, "plan");
    return status;
  }
  bytes = static_cast<uint64_t>(value);
  return WICK_STATUS_OK;
}

/// An empty buffer is somewhere, too: kernels get no null pointer.
void Flight::placeSlot(uint32_t buffer) {
  alignas(64) static uint8_t nothing[64];
  Slot &slot = slots[buffer];
  slot.data = arena.data ? arena.data + slot.offset : nothing;
}

/// Outputs of placed segments that are bound to the memory of their input have the input's
/// size: rows of another length lie elsewhere.
wick_status Flight::checkInPlace(const Failure &fail) {
  for (uint32_t i = 0; i < program.outputs.size(); ++i) {
    const abi::ValueRecord &v = program.outputs[i];
    const abi::BufferRecord &b = program.buffers[v.buffer];
    if (!inPlace[i] || b.kind != uint8_t(BufferKind::Output) || !segments[b.segment])
      continue;
    uint64_t have = slots[program.inputs[v.aliasInput].buffer].bytes, want = slots[v.buffer].bytes;
    if (have && have != want)
      return fail(WICK_STATUS_INVALID_ARGUMENT,
                  "output '%s' of %llu bytes is bound to the memory of input '%s' of %llu bytes; in place both are "
                  "of one size",
                  program.text(v.name).data(), (unsigned long long)want,
                  program.text(program.inputs[v.aliasInput].name).data(), (unsigned long long)have);
  }
  return WICK_STATUS_OK;
}

/// Offsets for the buffers of `segment`, around the segments that are placed.
wick_status Flight::placeSegment(uint32_t segment, format::Reg scratchReg, const Failure &fail) {
  size_t count = 0;
  for (uint32_t i = 0; i < program.buffers.size(); ++i) {
    const abi::BufferRecord &b = program.buffers[i];
    bool isOutput = b.kind == uint8_t(BufferKind::Output);
    if (b.kind != uint8_t(BufferKind::Arena) && !isOutput)
      continue;
    bool isNew = b.segment == segment;
    if (!isNew && !segments[b.segment])
      continue;
    Slot &slot = slots[i];
    if (isNew) {
      if (wick_status status = bufferBytes(i, slot.bytes, fail))
        return status;
      slot.inArena = true;
      if (isOutput) {
        direct[b.index] = bound[b.index].data && bound[b.index].capacity >= slot.bytes;
        slot.inArena = !direct[b.index];
        if (direct[b.index])
          slot.data = static_cast<uint8_t *>(bound[b.index].data);
      }
    }
    if (!slot.inArena)
      continue;
    uint32_t last = isResult[i] ? UINT32_MAX : b.lastUse;
    items[count] = {slot.bytes, b.firstUse, last, slot.offset, !isNew};
    itemBuffers[count++] = i;
  }
  uint64_t top, perWorker = scratchReg == kNone ? 0 : static_cast<uint64_t>(regs[scratchReg]);
  uint64_t limit = uint64_t(1) << 48;
  if (!format::planArena(items.span().first(count), order.span(), top) || top > limit || perWorker > limit)
    return fail(WICK_STATUS_SIZE_OVERFLOW, "the sizes of segment %u overflow", segment);
  for (size_t i = 0; i < count; ++i)
    if (!items[i].fixed)
      slots[itemBuffers[i]].offset = items[i].offset;
  segments[segment] = 1;
  planned.top = top;
  planned.scratch = std::max(planned.scratch, (perWorker + kArenaAlign - 1) / kArenaAlign * kArenaAlign);
  return checkInPlace(fail);
}

/// Grows the arena to the plan. Buffers in use move with it. The first run takes what it
/// needs and no more; where sizes grow from run to run, or from trip to trip of a loop
/// (`isAgain`: this segment was placed before), each growth makes room for some more.
wick_status Flight::reserveArena(uint64_t keep, bool isAgain, const Failure &fail) {
  uint8_t *before = arena.data;
  if (wick_status status = arena.ensure(arenaBytes(), keep, isAgain || stats.runs, fail))
    return status;
  if (arena.data != before && keep)
    for (Slot &slot : slots.span())
      if (slot.inArena && slot.data && slot.bytes)
        slot.data = arena.data + (slot.data - before);
  return WICK_STATUS_OK;
}

/// Whether the outputs bound now go where the kept plan puts them.
bool Flight::planStillFits() const {
  for (uint32_t i = 0; i < program.outputs.size(); ++i) {
    uint32_t buffer = program.outputs[i].buffer;
    const abi::BufferRecord &b = program.buffers[buffer];
    if (b.kind != uint8_t(BufferKind::Output) || !prologueSegments[b.segment])
      continue;
    if ((bound[i].data && bound[i].capacity >= slots[buffer].bytes) != bool(direct[i]))
      return false;
  }
  return true;
}

wick_status Flight::plan(std::span<const wick_value> inputs, const Failure &fail) {
  isPlanned = false;
  planned = {};
  std::fill(segments.span().begin(), segments.span().end(), 0);
  for (size_t i = 0, at = 0; i < inputs.size(); at += inputs[i++].rank)
    std::copy(inputs[i].dims, inputs[i].dims + inputs[i].rank, inputDims.data() + at);
  // Registers that only the body sets start at zero in every run.
  for (uint32_t r = 0; r < regs.size(); ++r)
    prologueRegs[r] = 0;
  for (const abi::SymbolRecord &s : program.symbols)
    prologueRegs[s.reg] = regs[s.reg];
  std::copy(prologueRegs.span().begin(), prologueRegs.span().end(), regs.data());
  if (wick_status status = interpret(0, program.header->prologueEnd, fail))
    return status;
  if (wick_status status = checkInputExpressions(fail))
    return status;
  std::copy(regs.span().begin(), regs.span().end(), prologueRegs.data());
  std::copy(segments.span().begin(), segments.span().end(), prologueSegments.data());
  prologuePlan = planned;
  isPlanned = true;
  ++stats.plans;
  return WICK_STATUS_OK;
}

/// Sets registers and buffers as the prologue left them.
void Flight::restorePlan(std::span<const wick_value> inputs) {
  std::copy(prologueRegs.span().begin(), prologueRegs.span().end(), regs.data());
  std::copy(prologueSegments.span().begin(), prologueSegments.span().end(), segments.data());
  planned = prologuePlan;
  for (uint32_t i = 0; i < program.buffers.size(); ++i) {
    const abi::BufferRecord &b = program.buffers[i];
    Slot &slot = slots[i];
    switch (static_cast<BufferKind>(b.kind)) {
    case BufferKind::Input:
      slot.data = static_cast<uint8_t *>(inputs[b.index].data);
      if (!slot.bytes)
        placeSlot(i);
      break;
    case BufferKind::Weight: // the mapping is read-only, and no instruction writes a weight
      slot.bytes = b.size;
      if (slot.bytes)
        slot.data = const_cast<uint8_t *>(model->weights) + b.offset;
      else // a package of empty weights has no weights entry
        placeSlot(i);
      break;
    case BufferKind::Output:
      if (segments[b.segment] && direct[b.index]) {
        slot.data = static_cast<uint8_t *>(bound[b.index].data);
        break;
      }
      [[fallthrough]];
    case BufferKind::Arena:
      if (segments[b.segment])
        placeSlot(i);
      else
        slot.data = nullptr;
      break;
    case BufferKind::View:
      break;
    }
  }
}

wick_status Flight::arenaSize(std::span<const wick_value> inputs, uint64_t &bytes, const Failure &fail) {
  bool sameDims;
  hasResult = false;
  if (wick_status status = bindInputs(inputs, false, sameDims, fail))
    return status;
  for (wick_value &v : bound.span())
    v = wick_value{};
  std::fill(inPlace.span().begin(), inPlace.span().end(), 0);
  if (!sameDims || !planStillFits())
    if (wick_status status = plan(inputs, fail))
      return status;
  bytes = prologuePlan.top + prologuePlan.scratch * executor.workers();
  return WICK_STATUS_OK;
}
