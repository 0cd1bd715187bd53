// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a zip file: open it and read every record, with and without its CRC
// (a mutated record seldom has the right one), then as an archive of PyTorch.
//
#include "compiler/frontend/torch/archive/StateDict.h"
#include "compiler/frontend/torch/archive/TorchArchive.h"

using namespace llvm;
using namespace wick::compiler::torch;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Bytes file = copyBytes(StringRef(reinterpret_cast<const char *>(data), size));
  ZipLimits limits;
  limits.maxInflated = 1 << 24;
  auto zip = ZipReader::open(file, limits);
  if (!zip) {
    consumeError(zip.takeError());
    return 0;
  }
  for (const ZipEntry &entry : zip->entries())
    for (bool checked : {false, true})
      if (auto record = zip->read(entry, checked); !record)
        consumeError(record.takeError());
  auto archive = TorchArchive::read(file, "input");
  if (!archive) {
    consumeError(archive.takeError());
    return 0;
  }
  for (const std::string &source : archive->codeFiles())
    if (auto ranges = archive->debugRanges(source))
      ranges->find(size / 2);
  if (auto dict = StateDict::fromArchive(*archive); !dict)
    consumeError(dict.takeError());
  return 0;
}
