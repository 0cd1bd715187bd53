// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a file of weights (safetensors or torch.save): read it and gather
// every tensor.
//
#include "compiler/frontend/torch/archive/StateDict.h"

using namespace llvm;
using namespace wick::compiler::torch;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto dict = StateDict::read(copyBytes(StringRef(reinterpret_cast<const char *>(data), size)), "input");
  if (!dict) {
    consumeError(dict.takeError());
    return 0;
  }
  for (const auto &[name, tensor] : dict->tensors())
    if (tensor.numel() < (1 << 20))
      if (auto bytes = tensor.dense(); !bytes)
        consumeError(bytes.takeError());
  return 0;
}
