// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tensor of an archive with its bytes: what TorchScript, torch.save, .pt2 and
// safetensors files all come down to. Dense tensors are ranges of the mapped file,
// other views are gathered into memory of their own when asked for.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_TENSORDATA_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_TENSORDATA_H

#include "compiler/frontend/torch/ScalarType.h"
#include "compiler/frontend/torch/archive/Bytes.h"
#include "llvm/ADT/SmallVector.h"

namespace wick::compiler::torch {

/// A strided view of little-endian elements. Two views with equal storage data
/// share their elements (tied weights, `w` and `w.t()`).
class TensorData {
public:
  /// Checks that the view lies inside `storage`: sizes and strides >= 0 of one
  /// length, offset and strides in elements. `what` names the tensor in errors.
  static llvm::Expected<TensorData> make(const llvm::Twine &what, ScalarType dtype, llvm::ArrayRef<int64_t> sizes,
                                         llvm::ArrayRef<int64_t> strides, int64_t offset, Bytes storage);
  /// A dense row-major tensor of exactly the bytes.
  static llvm::Expected<TensorData> makeDense(const llvm::Twine &what, ScalarType dtype, llvm::ArrayRef<int64_t> sizes,
                                              Bytes bytes);

  ScalarType dtype() const { return type; }
  llvm::ArrayRef<int64_t> sizes() const { return dims; }
  llvm::ArrayRef<int64_t> strides() const { return steps; }
  int64_t offset() const { return first; }
  const Bytes &storage() const { return base; } ///< of all elements, not only of this view's
  uint64_t numel() const;
  bool isDense() const; ///< row-major without gaps, and no lazy sign

  /// The elements row-major without gaps: a range of the storage when they lie so
  /// there, otherwise owned memory. May not be aligned. An error when views with
  /// overlap (expanded tensors) need more than 1 GiB beyond their storage.
  llvm::Expected<Bytes> dense() const;

  /// Lazy signs of torch: elements are conjugated or negated by `dense`.
  void setSigns(bool conjugate, bool negative);

private:
  void flipSigns(char *elements, uint64_t count) const;

  ScalarType type = ScalarType::Unknown;
  llvm::SmallVector<int64_t, 4> dims, steps;
  int64_t first = 0;
  Bytes base;
  bool conjugate = false, negative = false;
};

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_TENSORDATA_H
