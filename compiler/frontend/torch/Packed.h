// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What Arg::opaque of a quantized module holds. Frontends make these from archives'
// states; prepack rows make them from tensors. One struct for all kinds, so that a
// shared_ptr<void> is always known to point at it.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_PACKED_H
#define WICK_COMPILER_FRONTEND_TORCH_PACKED_H

#include "compiler/frontend/torch/Aten.h"

namespace wick::compiler::torch {

struct Packed {
  enum class Kind { Linear, Conv, Embedding, Cell };
  Kind kind = Kind::Linear;
  Arg weight;       ///< quantized integers with Arg::quant, or f16 (linear_dynamic_fp16); not of a Cell
  mlir::Value bias; ///< f32, may be null
  // Conv; one entry a spatial dim
  llvm::SmallVector<int64_t> stride, padding, outputPadding, dilation;
  int64_t groups = 1;
  bool transposed = false;
  // Cell of a recurrence: products with the input and with the state. Their biases, if
  // the cell has its own, are those of the products.
  std::shared_ptr<const Packed> input, hidden;
  bool reduceRange = false; ///< dynamic activations of seven bits
};

/// The struct of an argument; null when it holds none.
inline std::shared_ptr<const Packed> packedOf(const Arg &a) { return std::static_pointer_cast<const Packed>(a.opaque); }

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_PACKED_H
