// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a pickle: read it, walk what came out of it, gather its tensors out
// of a storage that does not fit them, and take it for source ranges.
//
#include "compiler/frontend/torch/archive/DebugRanges.h"
#include "compiler/frontend/torch/archive/Pickle.h"
#include "compiler/frontend/torch/archive/TensorData.h"
#include <cstdlib>
#include <unordered_set>

using namespace llvm;
using namespace wick::compiler::torch;

static void walk(PickleValue value, unsigned depth, std::unordered_set<const void *> &seen) {
  if (depth > 201)
    std::abort(); // readPickle promised otherwise
  if (value.identity() && !seen.insert(value.identity()).second)
    return;
  if (value.isObject() || value.kind() == PickleValue::Kind::Enum)
    return walk(value.state(), depth + 1, seen);
  if (value.isTensor()) {
    const TensorRecord &record = value.asTensor();
    static const Bytes storage = copyBytes(std::string(1024, 'x'));
    if (record.numel() > (1 << 20))
      return;
    auto tensor = TensorData::make("t", record.dtype, record.sizes, record.strides, record.offset, storage);
    if (!tensor)
      return consumeError(tensor.takeError());
    tensor->setSigns(record.conjugate, record.negative);
    if (auto bytes = tensor->dense(); !bytes)
      consumeError(bytes.takeError());
    return;
  }
  if (value.isTuple() || value.isList() || value.isDict())
    for (PickleValue item : value.items())
      walk(item, depth + 1, seen);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Bytes bytes = copyBytes(StringRef(reinterpret_cast<const char *>(data), size));
  auto pickle = readPickle(bytes, "data");
  if (!pickle) {
    consumeError(pickle.takeError());
    return 0;
  }
  std::unordered_set<const void *> seen;
  walk(pickle->root(), 0, seen);
  auto ranges = DebugRanges::read(bytes);
  if (!ranges) {
    consumeError(ranges.takeError());
    return 0;
  }
  for (size_t at = 0; at < size; at += size / 16 + 1)
    ranges->find(at);
  return 0;
}
