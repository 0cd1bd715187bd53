// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See StaticValues.h.
//
#include "compiler/package/StaticValues.h"

#include "compiler/eval/OpEval.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::compiler {

/// Dense bytes of a constant attribute; bool widened to a byte, splats repeated.
static StaticBytes constantBytes(ConstantOp op) {
  auto dense = cast<DenseElementsAttr>(op.getValue());
  auto type = cast<RankedTensorType>(op.getType());
  int64_t n = type.getNumElements();
  unsigned size = storageBytes(type.getElementType());
  if (!dense.isSplat() && !type.getElementType().isInteger(1))
    return {dense.getRawData(), nullptr};
  auto owned = std::make_shared<std::vector<char>>(n * size);
  if (type.getElementType().isInteger(1)) {
    int64_t i = 0;
    for (bool v : dense.getValues<bool>())
      (*owned)[i++] = v;
  } else {
    for (int64_t i = 0; i < n; ++i)
      memcpy(owned->data() + i * size, dense.getRawData().data(), size);
  }
  return {*owned, owned};
}

FailureOr<StaticBytes> evaluateStatic(Value value, const WeightStore &weights, std::string &error) {
  Operation *op = value.getDefiningOp();
  if (auto w = dyn_cast<WeightOp>(op)) {
    auto bytes = weights.bytes(w.getId());
    return StaticBytes{ArrayRef(reinterpret_cast<const char *>(bytes.data()), bytes.size()), nullptr};
  }
  if (auto c = dyn_cast<ConstantOp>(op))
    return constantBytes(c);
  SmallVector<StaticBytes> inputs;
  SmallVector<TensorView> views;
  for (Value v : op->getOperands()) {
    auto in = evaluateStatic(v, weights, error);
    if (failed(in))
      return failure();
    auto type = cast<RankedTensorType>(v.getType());
    inputs.push_back(*in);
    views.push_back({type.getElementType(), type.getShape(), inputs.back().bytes.data()});
  }
  if (isa<ReshapeOp>(op))
    return inputs[0];
  auto type = cast<RankedTensorType>(value.getType());
  auto owned = std::make_shared<std::vector<char>>(type.getNumElements() * storageBytes(type.getElementType()));
  if (failed(evaluateOp(op, views, {type.getElementType(), type.getShape(), owned->data()}, error)))
    return failure();
  return StaticBytes{*owned, owned};
}

} // namespace wick::compiler
