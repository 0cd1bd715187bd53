// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sequences and optionals. Where length and positions are known while importing, a
// sequence is a list of values and leaves nothing in the graph. Else it is packed in
// two tensors: `data` T[n], the elements' values one behind another, and `shapes`
// i64[length, rank]; elements have one rank. An optional is what it holds and a
// boolean. Inputs and outputs of models have the packed form (docs/onnx-sequences.md).
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_SEQUENCE_H
#define WICK_COMPILER_FRONTEND_ONNX_SEQUENCE_H

#include "compiler/frontend/GraphBuilder.h"
#include "compiler/frontend/onnx/Model.h"

namespace wick::compiler {

struct Sequence {
  bool isSequence = true; ///< else an optional of a tensor
  llvm::SmallVector<mlir::Value> items;
  mlir::Value data, shapes; ///< packed: both, and `items` is empty
  mlir::Value tensor;       ///< of an optional tensor whose presence is data
  mlir::Value present;      ///< bool scalar; null: it is there, or `isAbsent`
  bool isAbsent = false;
  bool isOptional = false;
  mlir::Type elem;   ///< null when nothing tells
  int64_t rank = -1; ///< of the elements; -1 when nothing tells
  /// Packed: elements may have fewer dims than `rank`; their rows are filled up with -1.
  bool isMixed = false;

  bool isPacked() const { return !!data; }
};

/// What a name stands for in a graph: a tensor, or a sequence or optional.
struct Operand {
  mlir::Value tensor;
  std::shared_ptr<const Sequence> sequence;
  Operand() = default;
  Operand(mlir::Value v) : tensor(v) {}
  Operand(Sequence s) : sequence(std::make_shared<const Sequence>(std::move(s))) {}
  explicit operator bool() const { return tensor || sequence; }
};

/// The tensors that an operand is made of when it must be values of the graph:
/// results of branches, carried values of loops, inputs and outputs.
struct Layout {
  enum Kind { Tensor, OptionalTensor, Packed } kind = Tensor;
  bool isOptional = false; ///< a boolean behind the others
  mlir::Type elem;
  int64_t rank = -1;    ///< -2: a list of elements of different ranks
  bool isMixed = false; ///< as of Sequence
  size_t parts() const { return (kind == Packed ? 2 : 1) + isOptional; }
  bool operator==(const Layout &) const = default;
};

Layout layoutOf(const Operand &x);
/// A layout that holds what either does; empty when there is none. Sequences of different
/// ranks have one if `mixes` or one is mixed.
std::optional<Layout> join(const Layout &a, const Layout &b, bool mixes = false);
/// Makes the tensors at the insertion point; nulls when the builder failed.
llvm::SmallVector<mlir::Value> flatten(GraphBuilder &g, const Operand &x, const Layout &layout);
Operand unflatten(mlir::ValueRange parts, const Layout &layout);
/// The names of the parts of an input or output.
llvm::SmallVector<std::string> partNames(const std::string &name, const Layout &layout);

/// The packed form of a sequence; its rank must be known, or a list of several.
Sequence packed(GraphBuilder &g, const Sequence &s);
/// The same as `layout` has it, whose rank may be larger.
Sequence packedAs(GraphBuilder &g, const Sequence &s, const Layout &layout);
/// The number of elements.
mlir::AffineExpr lengthOf(GraphBuilder &g, const Sequence &s);
/// Where element `at` (i64 scalar in [0, length]) of a packed sequence begins in data.
mlir::AffineExpr offsetOf(GraphBuilder &g, const Sequence &s, mlir::Value at);
/// Fails the run unless first <= second; nothing where that is known.
void requireAtMost(GraphBuilder &g, mlir::AffineExpr first, mlir::AffineExpr second, llvm::StringRef message);

/// The type as ONNX says it, as far as it is known.
onnx::Type declaredType(const Operand &x, const graph::Symbols *names = nullptr);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_ONNX_SEQUENCE_H
