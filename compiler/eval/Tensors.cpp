// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads and stores of element types. Data may be unaligned (weights lie in a
// mapped file), so every access is a memcpy of the element.
//
#include "compiler/eval/Tensors.h"

#include <cstring>

using namespace wick::compiler;

std::optional<int64_t> wick::compiler::countElements(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool isEmpty = false;
  for (int64_t dim : shape) {
    if (dim < 0)
      return std::nullopt;
    isEmpty |= dim == 0;
    // Dims after a zero do not count, so that [0, huge, huge] is an empty tensor.
    if (!isEmpty && __builtin_mul_overflow(count, dim, &count))
      return std::nullopt;
  }
  return isEmpty ? 0 : count;
}

bool wick::compiler::checkInput(const Code &code, unsigned number, mlir::Type elem, llvm::ArrayRef<int64_t> shape,
                                InputTensor &tensor, std::string &why) {
  const Code::Input &info = code.inputs[number];
  auto fail = [&](const char *reason) {
    why = "input " + std::to_string(number) + " " + reason;
    return false;
  };
  std::optional<ScalarType> type = elem ? scalarTypeOf(elem) : std::nullopt;
  if (!type || !(*type == info.type))
    return fail("has an element type that the function does not load");
  if (int(shape.size()) != info.rank)
    return fail("has a rank that the function does not load");
  std::optional<int64_t> count = countElements(shape);
  if (!count)
    return fail("has a bad shape");
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.strides.assign(shape.size(), 1);
  for (size_t d = shape.size(); *count && d-- > 1;)
    tensor.strides[d - 1] = tensor.strides[d] * shape[d];
  tensor.count = *count;
  return true;
}

bool wick::compiler::bindInputs(const Code &code, llvm::ArrayRef<TensorView> views,
                                llvm::SmallVectorImpl<InputTensor> &tensors, std::string &why) {
  tensors.resize(code.inputs.size());
  for (unsigned k = 0; k < code.inputs.size(); ++k) {
    if (code.inputs[k].rank < 0)
      continue;
    if (k >= views.size()) {
      why = "input " + std::to_string(k) + " is missing";
      return false;
    }
    if (!checkInput(code, k, views[k].elem, views[k].shape, tensors[k], why))
      return false;
    tensors[k].data = static_cast<const char *>(views[k].data);
    if (tensors[k].count && !tensors[k].data) {
      why = "input " + std::to_string(k) + " has no data";
      return false;
    }
  }
  return true;
}

template <class S, class R, class Fn>
static void gatherAs(const InputTensor &tensor, const int64_t *offsets, unsigned count, R *dst, Fn fn) {
  for (unsigned l = 0; l < count; ++l) {
    S value;
    std::memcpy(&value, tensor.data + offsets[l] * int64_t(sizeof(S)), sizeof(S));
    dst[l] = fn(value);
  }
}

void wick::compiler::gather(const InputTensor &tensor, const int64_t *offsets, unsigned count, ScalarType type,
                            int64_t *lanes) {
  float *floats = reinterpret_cast<float *>(lanes);
  if (type.isFloat) {
    FloatFormat format = type.format;
    switch (type.format) {
    case FloatFormat::F64:
      return gatherAs<double>(tensor, offsets, count, reinterpret_cast<double *>(lanes), [](double x) { return x; });
    case FloatFormat::F32:
      return gatherAs<float>(tensor, offsets, count, floats, [](float x) { return x; });
    case FloatFormat::F16:
      return gatherAs<uint16_t>(tensor, offsets, count, floats, halfToFloat);
    case FloatFormat::BF16:
      return gatherAs<uint16_t>(tensor, offsets, count, floats, bf16ToFloat);
    default:
      return gatherAs<uint8_t>(tensor, offsets, count, floats, [=](uint8_t x) { return decodeBits(x, format); });
    }
  }
  if (type.width == 1)
    return gatherAs<uint8_t>(tensor, offsets, count, lanes, [](uint8_t x) { return x != 0; });
  // Sub-byte and odd widths: the stored byte may be zero- or sign-extended.
  const unsigned spare = 64 - type.width;
  auto extend = [=](auto x) { return int64_t(uint64_t(x) << spare) >> spare; };
  switch (type.storageBytes()) {
  case 1:
    return gatherAs<uint8_t>(tensor, offsets, count, lanes, extend);
  case 2:
    return gatherAs<uint16_t>(tensor, offsets, count, lanes, extend);
  case 4:
    return gatherAs<uint32_t>(tensor, offsets, count, lanes, extend);
  default:
    return gatherAs<uint64_t>(tensor, offsets, count, lanes, extend);
  }
}

template <class S, class R, class Fn>
static void scatterAs(const R *src, unsigned count, char *dst, Fn fn) {
  for (unsigned l = 0; l < count; ++l) {
    S value = S(fn(src[l]));
    std::memcpy(dst + l * sizeof(S), &value, sizeof(S));
  }
}

void wick::compiler::scatter(const int64_t *lanes, unsigned count, ScalarType type, bool isUnsigned, char *dst) {
  if (type.isFloat) {
    const float *floats = reinterpret_cast<const float *>(lanes);
    FloatFormat format = type.format;
    switch (type.format) {
    case FloatFormat::F64:
      std::memcpy(dst, lanes, count * sizeof(double));
      return;
    case FloatFormat::F32:
      std::memcpy(dst, floats, count * sizeof(float));
      return;
    case FloatFormat::F16:
      return scatterAs<uint16_t>(floats, count, dst, floatToHalf);
    case FloatFormat::BF16:
      return scatterAs<uint16_t>(floats, count, dst, floatToBf16);
    default:
      return scatterAs<uint8_t>(floats, count, dst, [=](float x) { return encodeBits(x, format); });
    }
  }
  const uint64_t keep = isUnsigned && type.width < 8 ? (uint64_t(1) << type.width) - 1 : ~uint64_t(0);
  auto cut = [=](int64_t x) { return uint64_t(x) & keep; };
  switch (type.storageBytes()) {
  case 1:
    return scatterAs<uint8_t>(lanes, count, dst, cut);
  case 2:
    return scatterAs<uint16_t>(lanes, count, dst, cut);
  case 4:
    return scatterAs<uint32_t>(lanes, count, dst, cut);
  default:
    return scatterAs<uint64_t>(lanes, count, dst, cut);
  }
}
