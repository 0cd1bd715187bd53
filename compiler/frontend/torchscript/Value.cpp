// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The end of values: contents go to a list of what is left to destroy, so that the
// depth of a structure that a program built does not become the depth of the stack.
//
#include "compiler/frontend/torchscript/Value.h"

namespace wick::compiler::torchscript {

/// Values that wait for their end while an outer bury runs.
static thread_local std::vector<Value> *graves = nullptr;

static void bury(std::vector<Value> values) {
  if (values.empty())
    return;
  if (graves) {
    for (Value &v : values)
      graves->push_back(std::move(v));
    return;
  }
  graves = &values;
  while (!values.empty()) {
    Value last = std::move(values.back());
    values.pop_back();
  }
  graves = nullptr;
}

static bool owns(const Value &v) { return v.list || v.dict || v.object || v.captured; }

ListData::~ListData() {
  bool isFlat = true;
  for (const Value &v : items)
    isFlat &= !owns(v);
  if (!isFlat)
    bury(std::move(items));
}

DictData::~DictData() {
  std::vector<Value> values;
  for (auto &[key, value] : entries) {
    if (owns(key))
      values.push_back(std::move(key));
    if (owns(value))
      values.push_back(std::move(value));
  }
  bury(std::move(values));
}

ObjectData::~ObjectData() {
  std::vector<Value> values;
  for (auto &[name, value] : attributes)
    if (owns(value))
      values.push_back(std::move(value));
  bury(std::move(values));
}

Closure::~Closure() {
  std::vector<Value> values;
  for (auto &[name, value] : env)
    if (owns(value))
      values.push_back(std::move(value));
  bury(std::move(values));
}

} // namespace wick::compiler::torchscript
