// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant folding by interpretation of element functions. Every graph op can
// emit its result as a function from an output index to one scalar,
//
//   func.func @f(%i0: i64, ..., %i<rank-1>: i64) -> T
//
// with inputs read by `func.call @wick_load_<k>(%j0, ...) -> Tk`, made of arith,
// math and scf on scalars. ElementProgram decodes such a function once and runs
// it for all elements, on numbers (run) or on shape expressions (runSymbolic).
// Bad input, an index out of range or a division by zero is a failure with its
// reason in `why`, never a crash. A program is immutable after decode, so
// threads may share it; it does not refer to the IR it came from.
//
#ifndef WICK_COMPILER_EVAL_ELEMENTPROGRAM_H
#define WICK_COMPILER_EVAL_ELEMENTPROGRAM_H

#include "compiler/eval/SymbolicValue.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <memory>
#include <string>

namespace wick::compiler {

struct Code;

/// A dense row-major tensor that someone else owns. bool is one byte (0 or 1),
/// 4-bit types one byte an element, f16/bf16 two bytes. `elem` may be signless,
/// signed or unsigned. `data` needs no alignment.
struct TensorView {
  mlir::Type elem;
  llvm::ArrayRef<int64_t> shape;
  const void *data = nullptr;
};
struct MutableTensorView {
  mlir::Type elem;
  llvm::ArrayRef<int64_t> shape;
  void *data = nullptr;
};

class ElementProgram {
public:
  /// Decodes `function`. Fails on an op outside the subset, naming it.
  static mlir::FailureOr<ElementProgram> decode(mlir::func::FuncOp function, std::string &why);

  /// Writes every element of `out`; `outShape` must equal `out.shape` and its
  /// rank the number of index arguments. `inputs[k]` serves wick_load_<k>; inputs that
  /// are never loaded may be empty views. On failure `out` is partly written.
  mlir::LogicalResult run(llvm::ArrayRef<TensorView> inputs, llvm::ArrayRef<int64_t> outShape, MutableTensorView out,
                          std::string &why) const;

  /// The same on shape expressions: `out` gets one value an element, row-major.
  /// Integers are taken as exact (no wrap-around) and conditions must be
  /// decidable from `options.ranges`. An element that cannot be expressed fails the
  /// run, or is left Unknown when `options.partial` (then `why` has the first reason).
  mlir::LogicalResult runSymbolic(llvm::ArrayRef<SymTensor> inputs, llvm::ArrayRef<int64_t> outShape,
                                  const SymbolicOptions &options, llvm::SmallVectorImpl<SymValue> &out,
                                  std::string &why) const;

  /// As above for integer results only; an unknown element is a null expression.
  mlir::LogicalResult runSymbolic(llvm::ArrayRef<SymTensor> inputs, llvm::ArrayRef<int64_t> outShape,
                                  const SymbolicOptions &options, llvm::SmallVectorImpl<mlir::AffineExpr> &out,
                                  std::string &why) const;

  /// Number of decoded instructions and whether any is a loop: a cost hint.
  unsigned size() const;
  bool hasLoops() const;

private:
  explicit ElementProgram(std::shared_ptr<const Code> code) : code(std::move(code)) {}
  std::shared_ptr<const Code> code;
};

} // namespace wick::compiler

#endif // WICK_COMPILER_EVAL_ELEMENTPROGRAM_H
