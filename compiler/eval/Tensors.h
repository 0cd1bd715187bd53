// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Raw tensor memory seen from lanes: checks of the given views, and loads and
// stores between the storage of an element type and registers. Private to this folder.
//
#ifndef WICK_COMPILER_EVAL_TENSORS_H
#define WICK_COMPILER_EVAL_TENSORS_H

#include "compiler/eval/Code.h"
#include "compiler/eval/ElementProgram.h"

namespace wick::compiler {

struct InputTensor {
  llvm::SmallVector<int64_t, 6> shape, strides;
  int64_t count = 0;
  const char *data = nullptr;
};

/// The product of a shape; nothing when a dim is negative or it overflows.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// Checks type and rank of the inputs that the program loads.
bool bindInputs(const Code &code, llvm::ArrayRef<TensorView> views, llvm::SmallVectorImpl<InputTensor> &tensors,
                std::string &why);
bool checkInput(const Code &code, unsigned number, mlir::Type elem, llvm::ArrayRef<int64_t> shape, InputTensor &tensor,
                std::string &why);

/// Loads `count` elements at `offsets` (in elements, in range) to a register's lanes,
/// which hold int64, float or double by `type`.
void gather(const InputTensor &tensor, const int64_t *offsets, unsigned count, ScalarType type, int64_t *lanes);
/// Stores a register's lanes densely. `isUnsigned` matters to types below a byte.
void scatter(const int64_t *lanes, unsigned count, ScalarType type, bool isUnsigned, char *dst);

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_TENSORS_H
