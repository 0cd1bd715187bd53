// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluates graph ops on constants: the op emits its element body into a scratch
// function, ElementProgram interprets it. Frontends fold with this while they
// build, the packager derives weights with it. Needs an op with
// ElementOpInterface and one result; the op may be detached. Not thread-safe for
// one MLIRContext unless its multithreading is on.
//
#ifndef WICK_COMPILER_EVAL_OPEVAL_H
#define WICK_COMPILER_EVAL_OPEVAL_H

#include "compiler/eval/ElementProgram.h"

namespace wick::compiler {

/// Bytes of one stored element: bool and 4-bit types take a byte; 0 for types that
/// tensors cannot hold.
unsigned storageBytes(mlir::Type elem);
/// The product of a shape, 1 for rank 0; -1 when a dim is negative.
int64_t elementCount(llvm::ArrayRef<int64_t> shape);

/// Result 0 of `op` on `inputs`, one view an operand; `out` has the static shape and
/// element type of the result. Fails with `why` on an index out of range, or when
/// the op has no element body or refers to a symbol.
llvm::LogicalResult evaluateOp(mlir::Operation *op, llvm::ArrayRef<TensorView> inputs, MutableTensorView out,
                               std::string &why);

/// The same on shape expressions; `outShape` is the result's static shape. Attributes
/// and operand dims may use symbols.
llvm::LogicalResult evaluateSymbolic(mlir::Operation *op, llvm::ArrayRef<SymTensor> inputs,
                                     llvm::ArrayRef<int64_t> outShape, const SymbolicOptions &options,
                                     llvm::SmallVectorImpl<SymValue> &out, std::string &why);

/// Copies `in` with permuted dims: dim i of the result is dim perm[i] of `in`.
void transposeBytes(TensorView in, llvm::ArrayRef<int64_t> perm, void *out);

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_OPEVAL_H
