// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading access to the values of a pickle.
//
#include "compiler/frontend/torch/archive/PickleNodes.h"

using namespace llvm;

namespace wick::compiler::torch {

Pickle::Pickle() = default;
Pickle::~Pickle() = default;
Pickle::Pickle(Pickle &&) noexcept = default;
Pickle &Pickle::operator=(Pickle &&) noexcept = default;

std::pair<double, double> PickleValue::asComplex() const {
  assert(tag == Kind::Complex);
  const auto &complex = *static_cast<const ComplexNode *>(node);
  return {complex.real, complex.imaginary};
}

StringRef PickleValue::asString() const {
  assert(tag == Kind::String || tag == Kind::Device);
  return static_cast<const TextNode *>(node)->text;
}

ScalarType PickleValue::asDtype() const {
  assert(tag == Kind::Dtype);
  return static_cast<const TextNode *>(node)->dtype;
}

const TensorRecord &PickleValue::asTensor() const {
  assert(tag == Kind::Tensor);
  return static_cast<const TensorNode *>(node)->record;
}

ArrayRef<PickleValue> PickleValue::items() const {
  assert(tag == Kind::Tuple || tag == Kind::List || tag == Kind::Dict);
  return static_cast<const ItemsNode *>(node)->items;
}

const PickleValue *PickleValue::find(StringRef key) const {
  assert(tag == Kind::Dict);
  ArrayRef<PickleValue> entries = items();
  for (size_t i = 0; i + 1 < entries.size(); i += 2)
    if (entries[i].isString() && entries[i].asString() == key)
      return &entries[i + 1];
  return nullptr;
}

StringRef PickleValue::typeText() const {
  assert(tag == Kind::List || tag == Kind::Dict);
  return static_cast<const ItemsNode *>(node)->typeText;
}

StringRef PickleValue::className() const {
  assert(tag == Kind::Object || tag == Kind::Enum);
  return static_cast<const ObjectNode *>(node)->className;
}

PickleValue PickleValue::state() const {
  assert(tag == Kind::Object || tag == Kind::Enum);
  return static_cast<const ObjectNode *>(node)->state;
}

} // namespace wick::compiler::torch
