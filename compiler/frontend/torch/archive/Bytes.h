// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes together with what keeps them alive: a mapped file or a buffer. All that
// the archive readers hand out is of this kind, so that weights can stay in the
// map until they are written into a package, and nobody counts who still reads.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_BYTES_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_BYTES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace wick::compiler::torch {

/// A range of immutable bytes of any alignment, and its owner. Copies are cheap
/// and share the owner; reading from several threads is safe.
struct Bytes {
  llvm::ArrayRef<char> data;
  std::shared_ptr<const void> owner;

  size_t size() const { return data.size(); }
  llvm::StringRef text() const { return {data.data(), data.size()}; }
  /// The range [offset, offset + length), which must lie inside.
  Bytes slice(size_t offset, size_t length) const { return {data.slice(offset, length), owner}; }
};

/// Maps a regular file read-only (small files are read). A file that somebody
/// else cuts short while it is mapped raises SIGBUS, as with any mapped file.
llvm::Expected<Bytes> mapFile(llvm::StringRef path);

/// `size` uninitialized bytes to be filled through `fill` before they are shared;
/// an error when there is not as much memory.
llvm::Expected<Bytes> allocateBytes(size_t size, char *&fill);

/// Bytes that hold a copy of `data`, for tests and generated content.
Bytes copyBytes(llvm::StringRef data);

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_BYTES_H
