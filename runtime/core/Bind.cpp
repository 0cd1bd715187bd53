// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binds the caller's values: checks inputs against the model and gives named
// dims their values; decides where outputs go; hands out results.
//
#include "runtime/core/Flight.h"

#include "runtime/format/DType.h"

#include <algorithm>

using namespace wick;
using namespace wick::runtime;
using format::BufferKind;
using format::kNone;

/// Bytes of a dense tensor; false when they overflow or a dim is negative.
static bool tensorBytes(std::span<const int64_t> dims, uint32_t dtype, uint64_t &bytes) {
  bytes = format::dtypeBytes(dtype);
  bool overflow = false, empty = false;
  for (int64_t d : dims) {
    if (d < 0)
      return false;
    if (d == 0)
      empty = true;
    else
      overflow |= __builtin_mul_overflow(bytes, static_cast<uint64_t>(d), &bytes);
  }
  if (empty)
    bytes = 0;
  return empty || (!overflow && bytes < (uint64_t(1) << 62));
}

static bool isDense(const wick_value &v) {
  if (!v.strides)
    return true;
  int64_t expected = 1;
  for (uint32_t i = v.rank; i-- > 0;) {
    if (v.dims[i] != 1 && v.strides[i] != expected)
      return false;
    if (__builtin_mul_overflow(expected, v.dims[i], &expected))
      return false;
  }
  return true;
}

bool Flight::fits(std::span<const wick_value> inputs) const {
  if (inputs.size() != program.inputs.size())
    return false;
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    const wick_value &v = inputs[i];
    const abi::ValueRecord &want = program.inputs[i];
    if (v.struct_size != sizeof(wick_value) || v.rank != want.rank || (v.rank && !v.dims))
      return false;
    auto dims = program.dimsOf(want);
    for (uint32_t d = 0; d < want.rank; ++d)
      if (dims[d].value >= 0 && dims[d].value != v.dims[d])
        return false;
  }
  return true;
}

/// Gives the symbols of one input their values, or compares with what another
/// input gave them.
wick_status Flight::bindDims(uint32_t input, const wick_value &value, const Failure &fail) {
  const abi::ValueRecord &want = program.inputs[input];
  auto dims = program.dimsOf(want);
  const char *name = program.text(want.name).data();
  for (uint32_t d = 0; d < want.rank; ++d) {
    long long got = value.dims[d];
    if (got < 0)
      return fail(WICK_STATUS_SHAPE_MISMATCH, "input '%s': dim %u is %lld", name, d, got);
    if (dims[d].value >= 0 && dims[d].value != got)
      return fail(WICK_STATUS_SHAPE_MISMATCH, "input '%s': dim %u is %lld, the model wants %lld", name, d, got,
                  (long long)dims[d].value);
    if (dims[d].value >= 0 || dims[d].symbol == kNone)
      continue;
    const abi::SymbolRecord &symbol = program.symbols[dims[d].symbol];
    const char *symbolName = program.text(symbol.name).data();
    uint32_t &binder = symbolInput[dims[d].symbol];
    if (got < symbol.min || got > symbol.max)
      return fail(WICK_STATUS_SHAPE_MISMATCH, "input '%s': dim %u ('%s') is %lld, outside [%lld, %lld]", name, d,
                  symbolName, got, (long long)symbol.min, (long long)symbol.max);
    if (binder && regs[symbol.reg] != got)
      return fail(WICK_STATUS_SHAPE_MISMATCH, "input '%s': dim %u ('%s') is %lld, but input '%s' made it %lld", name, d,
                  symbolName, got, program.text(program.inputs[binder - 1].name).data(), (long long)regs[symbol.reg]);
    regs[symbol.reg] = got;
    if (!binder)
      binder = input + 1;
  }
  return WICK_STATUS_OK;
}

wick_status Flight::bindInputs(std::span<const wick_value> inputs, bool needData, bool &sameDims, const Failure &fail) {
  if (inputs.size() != program.inputs.size())
    return fail(WICK_STATUS_INVALID_ARGUMENT, "%zu inputs were given, the model has %zu", inputs.size(),
                program.inputs.size());
  sameDims = true;
  size_t at = 0;
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    const wick_value &v = inputs[i];
    const abi::ValueRecord &want = program.inputs[i];
    const char *name = program.text(want.name).data();
    if (v.struct_size != sizeof(wick_value) || (v.rank && !v.dims))
      return fail(WICK_STATUS_INVALID_ARGUMENT, "input '%s': struct_size or dims is missing", name);
    if (v.kind != WICK_VALUE_TENSOR || v.memory != WICK_MEMORY_HOST)
      return fail(WICK_STATUS_UNSUPPORTED, "input '%s': only tensors in host memory are supported", name);
    if (v.dtype != want.dtype)
      return fail(WICK_STATUS_DTYPE_MISMATCH, "input '%s' has type %s, the model wants %s", name,
                  format::dtypeName(v.dtype), format::dtypeName(want.dtype));
    if (v.rank != want.rank)
      return fail(WICK_STATUS_SHAPE_MISMATCH, "input '%s' has rank %u, the model wants rank %u", name, v.rank,
                  want.rank);
    sameDims = sameDims && std::equal(v.dims, v.dims + v.rank, inputDims.data() + at);
    at += v.rank;
  }
  if (!isPlanned || !sameDims) {
    isPlanned = sameDims = false;
    std::fill(symbolInput.span().begin(), symbolInput.span().end(), 0);
    for (uint32_t i = 0; i < inputs.size(); ++i)
      if (wick_status status = bindDims(i, inputs[i], fail))
        return status;
  }
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    const wick_value &v = inputs[i];
    const char *name = program.text(program.inputs[i].name).data();
    uint64_t bytes;
    if (!isDense(v))
      return fail(WICK_STATUS_UNSUPPORTED, "input '%s' is not dense row-major", name);
    if (!tensorBytes({v.dims, v.rank}, v.dtype, bytes))
      return fail(WICK_STATUS_SIZE_OVERFLOW, "input '%s': its size overflows", name);
    if (needData && bytes && (!v.data || v.capacity < bytes))
      return fail(WICK_STATUS_INVALID_ARGUMENT, "input '%s' has %llu bytes of data, its shape needs %llu", name,
                  v.data ? (unsigned long long)v.capacity : 0ull, (unsigned long long)bytes);
    slots[program.inputs[i].buffer].bytes = bytes;
  }
  return WICK_STATUS_OK;
}

/// Dims that are expressions over named dims; their registers are set by the prologue.
wick_status Flight::checkInputExpressions(const Failure &fail) {
  size_t at = 0;
  for (const abi::ValueRecord &v : program.inputs)
    for (const abi::DimRecord &d : program.dimsOf(v)) {
      int64_t got = inputDims[at++];
      if (d.value < 0 && d.symbol == kNone && regs[d.reg] != got)
        return fail(WICK_STATUS_SHAPE_MISMATCH, "input '%s': dim %u is %lld, %lld follows from the other inputs",
                    program.text(v.name).data(), static_cast<uint32_t>(&d - program.dimsOf(v).data()), (long long)got,
                    (long long)regs[d.reg]);
    }
  return WICK_STATUS_OK;
}

static bool overlaps(const void *a, uint64_t aBytes, const void *b, uint64_t bBytes) {
  auto x = reinterpret_cast<uintptr_t>(a), y = reinterpret_cast<uintptr_t>(b);
  return aBytes && bBytes && x < y + bBytes && y < x + aBytes;
}

wick_status Flight::bindOutputs(std::span<const wick_value> inputs, std::span<wick_value> outputs,
                                const Failure &fail) {
  if (!outputs.empty() && outputs.size() != program.outputs.size())
    return fail(WICK_STATUS_INVALID_ARGUMENT, "%zu outputs were given, the model has %zu", outputs.size(),
                program.outputs.size());
  for (uint32_t i = 0; i < program.outputs.size(); ++i) {
    bound[i] = wick_value{};
    inPlace[i] = 0;
    if (i >= outputs.size() || !outputs[i].data)
      continue;
    const wick_value &v = outputs[i];
    const abi::ValueRecord &want = program.outputs[i];
    const char *name = program.text(want.name).data();
    if (v.struct_size != sizeof(wick_value))
      return fail(WICK_STATUS_INVALID_ARGUMENT, "output '%s': struct_size is missing", name);
    if (v.kind != WICK_VALUE_TENSOR || v.memory != WICK_MEMORY_HOST)
      return fail(WICK_STATUS_UNSUPPORTED, "output '%s': only tensors in host memory are supported", name);
    if (v.dtype && v.dtype != want.dtype)
      return fail(WICK_STATUS_DTYPE_MISMATCH, "output '%s' is bound as %s, the model gives %s", name,
                  format::dtypeName(v.dtype), format::dtypeName(want.dtype));
    // In place: the same memory. That the sizes agree is seen when they are known.
    inPlace[i] = want.aliasInput < inputs.size() && v.data == inputs[want.aliasInput].data;
    for (uint32_t j = 0; j < inputs.size(); ++j)
      if (!(inPlace[i] && j == want.aliasInput) &&
          overlaps(v.data, v.capacity, inputs[j].data, slots[program.inputs[j].buffer].bytes))
        return fail(WICK_STATUS_INVALID_ARGUMENT, "output '%s' overlaps input '%s'", name,
                    program.text(program.inputs[j].name).data());
    for (uint32_t j = 0; j < i; ++j)
      if (overlaps(v.data, v.capacity, bound[j].data, bound[j].capacity))
        return fail(WICK_STATUS_INVALID_ARGUMENT, "outputs '%s' and '%s' overlap", name,
                    program.text(program.outputs[j].name).data());
    bound[i] = v;
  }
  return WICK_STATUS_OK;
}

void Flight::describeOutput(uint32_t index, wick_value &view) {
  const abi::ValueRecord &v = program.outputs[index];
  auto dims = program.dimsOf(v);
  int64_t *to = outputDims.data() + size_t(index) * format::kMaxRank;
  for (uint32_t d = 0; d < v.rank; ++d)
    to[d] = dims[d].value >= 0 ? dims[d].value : regs[dims[d].reg];
  view.struct_size = sizeof(wick_value);
  view.kind = WICK_VALUE_TENSOR;
  view.dtype = v.dtype;
  view.rank = v.rank;
  view.dims = to;
  view.data = bound[index].data;
  view.capacity = bound[index].capacity;
}

wick_status Flight::outputBytes(uint32_t output, uint64_t &bytes, const Failure &fail) {
  wick_value view{};
  describeOutput(output, view);
  if (!tensorBytes({view.dims, view.rank}, view.dtype, bytes))
    return fail(WICK_STATUS_SIZE_OVERFLOW, "output '%s': its size overflows",
                program.text(program.outputs[output].name).data());
  return WICK_STATUS_OK;
}

/// Copies results that were not written in place, and tells the caller shapes.
wick_status Flight::finishOutputs(std::span<wick_value> outputs, const Failure &fail) {
  wick_status result = WICK_STATUS_OK;
  for (uint32_t i = 0; i < program.outputs.size(); ++i) {
    const abi::ValueRecord &v = program.outputs[i];
    const char *name = program.text(v.name).data();
    uint64_t bytes, have;
    uint8_t *data;
    if (wick_status status = outputBytes(i, bytes, fail))
      return status;
    if (wick_status status = resolve(v.buffer, data, have, fail))
      return status;
    if (bytes > have)
      return fail(WICK_STATUS_BAD_PACKAGE, "output '%s' has a shape of %llu bytes in a buffer of %llu", name,
                  (unsigned long long)bytes, (unsigned long long)have);
    if (!bound[i].data) {
      bound[i].data = data;
      bound[i].capacity = bytes;
    } else if (bound[i].capacity < bytes) {
      if (result == WICK_STATUS_OK)
        result = fail(WICK_STATUS_BUFFER_TOO_SMALL, "output '%s' needs %llu bytes, %llu are bound", name,
                      (unsigned long long)bytes, (unsigned long long)bound[i].capacity);
      fail.setNeeded(bytes);
    } else if (bound[i].data != data) {
      std::memcpy(bound[i].data, data, bytes);
    }
    if (i < outputs.size()) {
      wick_value view{};
      describeOutput(i, view);
      outputs[i].dtype = view.dtype;
      outputs[i].rank = view.rank;
      outputs[i].dims = view.dims;
    }
  }
  return result;
}
