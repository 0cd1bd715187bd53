// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mapped files and checked allocation. Sizes come out of files that nobody
// vouches for, so a failing allocation must be an error and no end of the process.
//
#include "compiler/frontend/torch/archive/Bytes.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstring>
#include <new>
#include <vector>

using namespace llvm;

namespace wick::compiler::torch {

Expected<Bytes> mapFile(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return createStringError(code, "cannot open '" + path + "': " + code.message());
  if (!sys::fs::is_regular_file(status))
    return createStringError("'" + path + "' is not a regular file");
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(buffer.getError(), "cannot read '" + path + "': " + buffer.getError().message());
  std::shared_ptr<MemoryBuffer> owner = std::move(*buffer);
  return Bytes{ArrayRef<char>(owner->getBufferStart(), owner->getBufferSize()), owner};
}

Expected<Bytes> allocateBytes(size_t size, char *&fill) {
  fill = new (std::nothrow) char[size ? size : 1];
  if (!fill)
    return createStringError("out of memory: " + Twine(size) + " bytes wanted");
  std::shared_ptr<const void> owner(fill, [](const void *at) { delete[] static_cast<const char *>(at); });
  return Bytes{ArrayRef<char>(fill, size), std::move(owner)};
}

Bytes copyBytes(StringRef data) {
  auto owner = std::make_shared<const std::vector<char>>(data.begin(), data.end());
  return Bytes{ArrayRef<char>(owner->data(), owner->size()), owner};
}

} // namespace wick::compiler::torch
