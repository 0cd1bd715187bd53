// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bounds of strided views, and gathering. All products and sums are checked, for
// sizes and strides come out of files; after `make` no index can leave the storage.
//
#include "compiler/frontend/torch/archive/TensorData.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace llvm;

namespace wick::compiler::torch {

static constexpr uint64_t MaxBeyondStorage = uint64_t(1) << 30;

/// Row-major strides; false when they do not fit in 64 bits.
static bool denseStrides(ArrayRef<int64_t> sizes, SmallVectorImpl<int64_t> &strides) {
  strides.assign(sizes.size(), 1);
  int64_t step = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = step;
    if (MulOverflow(step, std::max<int64_t>(sizes[i], 1), step))
      return false;
  }
  return true;
}

Expected<TensorData> TensorData::make(const Twine &what, ScalarType dtype, ArrayRef<int64_t> sizes,
                                      ArrayRef<int64_t> strides, int64_t offset, Bytes storage) {
  unsigned item = itemSize(dtype);
  if (item == 0)
    return createStringError(what + " has a dtype that is not supported");
  if (sizes.size() != strides.size() || offset < 0 ||
      any_of(sizes, [](int64_t x) { return x < 0; }) || any_of(strides, [](int64_t x) { return x < 0; }))
    return createStringError(what + " has sizes, strides or an offset that no tensor can have");
  int64_t last = offset, count = 1;
  bool overflow = false;
  for (auto [size, stride] : zip(sizes, strides)) {
    int64_t reach = 0;
    overflow |= MulOverflow(count, std::max<int64_t>(size, 1), count) != 0;
    if (size > 1)
      overflow |= MulOverflow(size - 1, stride, reach) || AddOverflow(last, reach, last);
  }
  uint64_t have = storage.size() / item;
  if (!is_contained(sizes, 0) && (overflow || static_cast<uint64_t>(last) >= have))
    return createStringError(what + " reaches past its storage: it has " + Twine(have) + " elements of " +
                             dtypeName(dtype) + ", the tensor needs " +
                             (overflow ? Twine("more than 2^63") : Twine(uint64_t(last) + 1)));
  if (overflow)
    return createStringError(what + " has sizes whose product does not fit in 64 bits");
  TensorData tensor;
  tensor.type = dtype;
  tensor.dims.assign(sizes.begin(), sizes.end());
  tensor.steps.assign(strides.begin(), strides.end());
  tensor.first = offset;
  tensor.base = std::move(storage);
  return std::move(tensor);
}

Expected<TensorData> TensorData::makeDense(const Twine &what, ScalarType dtype, ArrayRef<int64_t> sizes, Bytes bytes) {
  SmallVector<int64_t, 4> strides;
  if (!denseStrides(sizes, strides))
    return createStringError(what + " has sizes whose product does not fit in 64 bits");
  uint64_t size = bytes.size();
  auto tensor = make(what, dtype, sizes, strides, 0, std::move(bytes));
  if (tensor && tensor->numel() * itemSize(dtype) != size)
    return createStringError(what + " has " + Twine(size) + " bytes, expected " +
                             Twine(tensor->numel() * itemSize(dtype)));
  return tensor;
}

uint64_t TensorData::numel() const {
  uint64_t count = 1;
  for (int64_t size : dims)
    count *= static_cast<uint64_t>(size);
  return count;
}

bool TensorData::isDense() const {
  if (conjugate || negative)
    return false;
  int64_t step = 1;
  for (size_t i = dims.size(); i-- > 0; step *= dims[i])
    if (dims[i] > 1 && steps[i] != step)
      return numel() == 0;
  return true;
}

void TensorData::setSigns(bool conjugate, bool negative) {
  bool complex =
      type == ScalarType::ComplexHalf || type == ScalarType::ComplexFloat || type == ScalarType::ComplexDouble;
  this->conjugate = conjugate && complex;
  this->negative = negative;
}

/// Negates two's complement or floating-point numbers in place.
template <typename Integer>
static void negate(char *at, uint64_t count, unsigned step, bool floating) {
  for (uint64_t i = 0; i < count; ++i, at += step * sizeof(Integer)) {
    Integer bits;
    std::memcpy(&bits, at, sizeof bits);
    bits =
        floating ? static_cast<Integer>(bits ^ (Integer(1) << (8 * sizeof bits - 1))) : static_cast<Integer>(0 - bits);
    std::memcpy(at, &bits, sizeof bits);
  }
}

void TensorData::flipSigns(char *elements, uint64_t count) const {
  unsigned parts =
      type == ScalarType::ComplexHalf || type == ScalarType::ComplexFloat || type == ScalarType::ComplexDouble ? 2 : 1;
  bool floating = parts == 2 || type == ScalarType::Half || type == ScalarType::Float || type == ScalarType::Double ||
                  type == ScalarType::BFloat16;
  unsigned width = itemSize(type) / parts;
  const auto flip = [&](char *at, uint64_t n, unsigned step) {
    switch (width) {
    case 1:
      return negate<uint8_t>(at, n, step, floating);
    case 2:
      return negate<uint16_t>(at, n, step, floating);
    case 4:
      return negate<uint32_t>(at, n, step, floating);
    default:
      return negate<uint64_t>(at, n, step, floating);
    }
  };
  if (negative)
    flip(elements, count * parts, 1);
  if (conjugate)
    flip(elements + width, count, 2);
}

Expected<Bytes> TensorData::dense() const {
  const unsigned item = itemSize(type);
  const uint64_t count = numel();
  if (count == 0)
    return base.slice(0, 0);
  if (isDense())
    return base.slice(first * item, count * item);
  if (count > (base.size() + MaxBeyondStorage) / item)
    return createStringError("a tensor of " + Twine(count) + " elements is a view of only " + Twine(base.size()) +
                             " bytes, over the limit");
  char *to = nullptr;
  auto result = allocateBytes(count * item, to);
  if (!result)
    return result;
  // The innermost dimension in a tight loop, the others as an odometer. Strides of
  // dimensions with one element mean nothing and may be anything.
  SmallVector<int64_t, 4> move(steps);
  for (size_t i = 0; i < dims.size(); ++i)
    move[i] = dims[i] > 1 ? steps[i] * item : 0;
  const int64_t inner = dims.empty() ? 1 : dims.back(), step = dims.empty() ? 0 : move.back();
  const size_t outer = dims.empty() ? 0 : dims.size() - 1;
  SmallVector<int64_t, 4> index(outer, 0);
  uint64_t source = first * item;
  char *out = to;
  for (uint64_t done = 0; done < count; done += inner) {
    const char *from = base.data.data() + source;
    if (step == int64_t(item))
      std::memcpy(out, from, inner * item);
    else
      for (int64_t i = 0; i < inner; ++i)
        std::memcpy(out + i * item, from + i * step, item);
    out += inner * item;
    for (size_t d = outer; d-- > 0;) {
      source += move[d];
      if (++index[d] < dims[d])
        break;
      source -= dims[d] * move[d];
      index[d] = 0;
    }
  }
  if (conjugate || negative)
    flipSigns(to, count);
  return result;
}

} // namespace wick::compiler::torch
