// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The files that a model's payloads lie in: the model itself and its external
// data, each mapped read-only once. Kept apart from the structs, so that the
// structs stay plain and a payload's life is the life of this object.
// A file that is cut short by somebody else while mapped raises SIGBUS, as with
// any mapped file; models must not be changed in place while being compiled.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_PAYLOADSOURCE_H
#define WICK_COMPILER_FRONTEND_ONNX_PAYLOADSOURCE_H

#include "compiler/frontend/onnx/Model.h"
#include <span>

namespace wick::onnx {

/// Owns the mappings. Movable; spans stay valid when it is moved. Reading from
/// several threads is safe, adding files is not.
class PayloadSource {
public:
  PayloadSource();
  ~PayloadSource();
  PayloadSource(PayloadSource &&) noexcept;
  PayloadSource &operator=(PayloadSource &&) noexcept;

  /// The tensor's raw little-endian bytes, from its own vector or from a file.
  /// No alignment is promised. Empty for string tensors.
  std::span<const std::byte> bytes(const Tensor &tensor) const;

  /// Maps a regular file and returns its index (the old one, if it is mapped
  /// already); on failure -1, with the reason in `error`.
  int32_t addFile(const std::string &path, std::string &error);
  /// Takes a buffer as if it was a file.
  int32_t addBuffer(std::vector<std::byte> bytes);

  size_t numFiles() const { return files.size(); }
  const std::string &path(int32_t file) const; ///< "" for a buffer
  std::span<const std::byte> contents(int32_t file) const;

private:
  struct File;
  std::vector<std::unique_ptr<File>> files;
};

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_PAYLOADSOURCE_H
