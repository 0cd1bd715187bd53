// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constants of a graph under construction: small ones as attributes, large ones
// by reference into the weight store, both readable as numbers.
//
#include "compiler/eval/FloatFormats.h"
#include "compiler/eval/OpEval.h"
#include "compiler/frontend/GraphBuilder.h"

#include <cstring>

using namespace mlir;
namespace wick::compiler {

/// Bytes of `count` elements that are all `v`.
static std::vector<char> splatBytes(Type elem, int64_t count, double v) {
  unsigned bytes = storageBytes(elem);
  char one[8] = {};
  if (auto f = dyn_cast<FloatType>(elem)) {
    if (f.isF64()) {
      std::memcpy(one, &v, 8);
    } else if (f.isF32()) {
      float x = float(v);
      std::memcpy(one, &x, 4);
    } else if (auto type = scalarTypeOf(elem)) {
      uint32_t bits = encodeBits(roundToFormat(v, type->format), type->format);
      std::memcpy(one, &bits, bytes);
    }
  } else {
    // Numbers outside the type's values come from models; they end at its bounds.
    int64_t x = elem.isInteger(1) ? v != 0
                : v >= 0x1p63     ? (elem.isUnsignedInteger(64) && v < 0x1p64 ? int64_t(uint64_t(v)) : INT64_MAX)
                : !(v >= -0x1p63) ? (v != v ? 0 : INT64_MIN)
                                  : int64_t(v);
    std::memcpy(one, &x, std::min(bytes, 8u));
  }
  std::vector<char> out(size_t(count) * bytes);
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(out.data() + i * bytes, one, bytes);
  return out;
}

Value GraphBuilder::constant(Type elem, ArrayRef<int64_t> shape, ArrayRef<char> bytes,
                             std::shared_ptr<const void> owner, StringRef name) {
  auto type = RankedTensorType::get(shape, elem);
  int64_t n = type.getNumElements(), size = storageBytes(elem);
  if (size == 0 || int64_t(bytes.size()) != n * size)
    return fail("a constant of " + Twine(n) + " elements has " + Twine(bytes.size()) + " bytes");
  // Folded results stay in the IR up to what one fold may give; loaded ones do not.
  if (int64_t(bytes.size()) > maxInline) {
    if (!owner) {
      auto copy = std::make_shared<std::vector<char>>(bytes.begin(), bytes.end());
      bytes = *copy, owner = copy;
    }
    auto raw = ArrayRef(reinterpret_cast<const std::byte *>(bytes.data()), bytes.size());
    return graph::WeightOp::create(b, loc, type, b.getStringAttr(weights.add(raw, std::move(owner), name)));
  }
  DenseElementsAttr attr;
  if (elem.isInteger(1)) {
    SmallVector<bool> list;
    for (char c : bytes)
      list.push_back(c != 0);
    attr = DenseElementsAttr::get(type, list);
  } else if (n == 0) {
    attr = DenseElementsAttr::get(type, ArrayRef<Attribute>());
  } else {
    bool same = true;
    for (int64_t i = 1; same && i < n; ++i)
      same = std::memcmp(bytes.data(), bytes.data() + i * size, size) == 0;
    attr = DenseElementsAttr::getFromRawBuffer(type, same ? bytes.take_front(size) : bytes);
  }
  return graph::ConstantOp::create(b, loc, type, attr);
}

Value GraphBuilder::i64s(ArrayRef<int64_t> values) {
  return constant(b.getI64Type(), {int64_t(values.size())},
                  {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(int64_t)});
}
Value GraphBuilder::i64(int64_t v) {
  return constant(b.getI64Type(), {}, {reinterpret_cast<const char *>(&v), sizeof v});
}
Value GraphBuilder::scalar(Type elem, double v) { return constant(elem, {}, splatBytes(elem, 1, v)); }
Value GraphBuilder::scalarLike(Value x, double v) { return x ? scalar(elem(x), v) : Value(); }
Value GraphBuilder::splat(Type elem, ArrayRef<AffineExpr> dims, double v) { return expandTo(scalar(elem, v), dims); }

bool GraphBuilder::isConstant(Value v) const {
  return v && v.getDefiningOp() && isa<graph::ConstantOp, graph::WeightOp>(v.getDefiningOp());
}

std::optional<TensorData> GraphBuilder::dataOf(Value v) const {
  if (!isConstant(v))
    return std::nullopt;
  auto type = cast<RankedTensorType>(v.getType());
  TensorData d;
  d.elem = type.getElementType();
  d.shape.assign(type.getShape().begin(), type.getShape().end());
  if (auto w = v.getDefiningOp<graph::WeightOp>()) {
    auto bytes = weights.bytes(w.getId());
    d.bytes = {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
    return d;
  }
  auto attr = dyn_cast<DenseElementsAttr>(cast<graph::ConstantOp>(v.getDefiningOp()).getValue());
  if (!attr)
    return std::nullopt;
  int64_t n = type.getNumElements();
  unsigned size = storageBytes(d.elem);
  if (!d.elem.isInteger(1) && (!attr.isSplat() || n == 1) && int64_t(attr.getRawData().size()) == n * size) {
    d.bytes = attr.getRawData();
    return d;
  }
  auto copy = std::make_shared<std::vector<char>>();
  if (d.elem.isInteger(1)) {
    for (bool x : attr.getValues<bool>())
      copy->push_back(x);
  } else {
    copy->resize(size_t(n) * size);
    for (int64_t i = 0; i < n; ++i)
      std::memcpy(copy->data() + i * size, attr.getRawData().data(), size);
  }
  d.bytes = *copy, d.owner = copy;
  return d;
}

std::optional<SmallVector<int64_t>> GraphBuilder::intsOf(Value v) const {
  auto type = v ? dyn_cast<IntegerType>(elem(v)) : IntegerType();
  auto d = type ? dataOf(v) : std::nullopt;
  if (!d)
    return std::nullopt;
  unsigned size = storageBytes(type), bits = type.getWidth();
  SmallVector<int64_t> out;
  for (size_t i = 0; i < d->bytes.size(); i += size) {
    uint64_t raw = 0;
    std::memcpy(&raw, d->bytes.data() + i, size);
    bool uns = type.isUnsigned() || bits == 1;
    out.push_back(bits >= 64 ? int64_t(raw)
                  : uns      ? int64_t(raw & ((uint64_t(1) << bits) - 1))
                             : llvm::SignExtend64(raw, bits));
  }
  return out;
}

std::optional<SmallVector<double>> GraphBuilder::doublesOf(Value v) const {
  SmallVector<double> out;
  if (auto ints = intsOf(v)) {
    out.assign(ints->begin(), ints->end());
    return out;
  }
  auto d = dataOf(v);
  auto type = d ? scalarTypeOf(d->elem) : std::nullopt;
  if (!type || !type->isFloat)
    return std::nullopt;
  unsigned size = storageBytes(d->elem);
  for (size_t i = 0; i < d->bytes.size(); i += size) {
    if (type->isDouble()) {
      double x;
      std::memcpy(&x, d->bytes.data() + i, 8);
      out.push_back(x);
    } else if (type->format == FloatFormat::F32) {
      float x;
      std::memcpy(&x, d->bytes.data() + i, 4);
      out.push_back(x);
    } else {
      uint32_t bits = 0;
      std::memcpy(&bits, d->bytes.data() + i, size);
      out.push_back(decodeBits(bits, type->format));
    }
  }
  return out;
}

/// Large weights are not read for one number.
static bool isOne(Value v) {
  auto type = v ? cast<RankedTensorType>(v.getType()) : RankedTensorType();
  return type && type.hasStaticShape() && type.getNumElements() == 1;
}

std::optional<int64_t> GraphBuilder::intOf(Value v) const {
  auto list = isOne(v) ? intsOf(v) : std::nullopt;
  return list && list->size() == 1 ? std::optional((*list)[0]) : std::nullopt;
}
std::optional<double> GraphBuilder::doubleOf(Value v) const {
  auto list = isOne(v) ? doublesOf(v) : std::nullopt;
  return list && list->size() == 1 ? std::optional((*list)[0]) : std::nullopt;
}

} // namespace wick::compiler
