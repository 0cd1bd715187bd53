// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors of a PyTorch program: a storage, and a chain of views over it. The graph
// has values only, so a storage holds its current value; reading a tensor replays
// the chain over it (remembered until the storage is written), writing walks the
// chain back and gives the storage a new value. So every alias sees every write.
//
// Strides are kept as torch would have them, with results of ops taken as
// contiguous: they decide whether reshape and contiguous alias. A wrong guess shows
// only where one of the two is written later. Not thread-safe.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_TENSORREF_H
#define WICK_COMPILER_FRONTEND_TORCH_TENSORREF_H

#include "compiler/frontend/torch/Aten.h"

#include <functional>

namespace wick::compiler::torch {

struct Storage {
  enum class Kind { Temporary, Input, Parameter, Buffer, Constant };
  Kind kind = Kind::Temporary;
  std::string name;     ///< in the program; empty for a temporary
  mlir::Value value;    ///< current; null before the first read of a lazy one, and after an error
  mlir::Value original; ///< before the first write
  bool written = false;
  /// Makes the first value, at the function's start; errors by GraphBuilder::fail.
  std::function<mlir::Value()> load;
};

/// One step of a chain. Immutable and shared.
struct View {
  using Forward = std::function<mlir::Value(GraphBuilder &g, mlir::Value base)>;
  using Inverse = std::function<mlir::Value(GraphBuilder &g, mlir::Value base, mlir::Value part)>;
  std::shared_ptr<Storage> storage;
  std::shared_ptr<const View> base; ///< null: the whole storage
  Forward forward;
  Inverse inverse;              ///< base with `part` in place of what forward gives; null: cannot be written
  std::string name;             ///< "slice", for messages
  std::optional<Exprs> strides; ///< of the value's dims, in elements; none: not known
  unsigned depth = 0;           ///< of the chain
  // What the last read gave, for which value of the base, and when.
  mutable mlir::Value from, made;
  mutable unsigned epoch = 0;
};

/// What a name of the program stands for. In-place ops that change shapes (t_,
/// squeeze_) give it another view; names that stand for the same object see that.
struct TensorRef {
  std::shared_ptr<const View> view;
  bool wrapped = false;   ///< see Arg
  bool isComplex = false; ///< the value has one more, last dim of 2
  std::shared_ptr<const Quantization> quant = {};
};
using Tensor = std::shared_ptr<TensorRef>;

/// All tensors of one import, and the order of their writes.
class TensorSpace {
public:
  explicit TensorSpace(GraphBuilder &g) : g(g) {}
  static constexpr unsigned maxViews = 1000;
  GraphBuilder &g;

  /// A tensor with a storage of its own.
  Tensor make(mlir::Value v, Storage::Kind kind = Storage::Kind::Temporary, llvm::StringRef name = "");
  /// The same, with its value made at the first read.
  Tensor makeLazy(std::function<mlir::Value()> load, Storage::Kind kind, llvm::StringRef name);
  /// A view of `of`; null strides: not known. Fails beyond maxViews in one chain.
  Tensor derive(const Tensor &of, llvm::StringRef name, View::Forward forward, View::Inverse inverse,
                std::optional<Exprs> strides);

  /// The value now; null after an error.
  mlir::Value read(const TensorRef &t) { return read(*t.view); }
  mlir::Value read(const Tensor &t) { return t ? read(*t->view) : mlir::Value(); }
  /// Gives the tensor (and all that overlaps it) new elements: `v` is cast to the
  /// tensor's element type and broadcast to its dims.
  void write(const Tensor &t, mlir::Value v);
  /// Makes `t` stand for all of a storage that gets `v`, of any shape (out= resizes).
  void replace(const Tensor &t, mlir::Value v);
  bool isContiguous(const Tensor &t);
  /// Strides of the value's dims as torch would have them, if known.
  std::optional<Exprs> stridesOf(const Tensor &t);

  //===-- Branches and attempts ----------------------------------------------===//
  /// A point in the order of writes.
  size_t mark() const { return journal.size(); }
  /// The storages written since a mark, each once, in order of their first write.
  std::vector<std::shared_ptr<Storage>> writtenSince(size_t mark) const;
  /// Takes writes back; values remembered since are forgotten.
  void rollback(size_t mark);
  /// Sets a storage's value (the result of joined branches).
  void setValue(const std::shared_ptr<Storage> &s, mlir::Value v);

private:
  mlir::Value read(const View &view);
  void store(const View &view, mlir::Value v);
  mlir::Value valueOf(Storage &s);
  struct Write {
    std::shared_ptr<Storage> storage;
    mlir::Value before;
    bool wasWritten;
  };
  std::vector<Write> journal;
  unsigned epoch = 1;
};

/// Strides of row-major elements.
Exprs contiguousStrides(GraphBuilder &g, llvm::ArrayRef<mlir::AffineExpr> dims);
/// Strides of the same elements under other dims; none when they cannot be a view.
std::optional<Exprs> stridesOfReshape(GraphBuilder &g, llvm::ArrayRef<mlir::AffineExpr> dims,
                                      llvm::ArrayRef<mlir::AffineExpr> strides,
                                      llvm::ArrayRef<mlir::AffineExpr> newDims);

//===-- View steps -------------------------------------------------------------===//
// Axes are >= 0 and sizes resolved; tensors of unknown value (after an error) pass.

Tensor reshapeView(TensorSpace &s, const Tensor &t, Exprs dims, llvm::StringRef name = "view");
Tensor permuteView(TensorSpace &s, const Tensor &t, llvm::ArrayRef<int64_t> perm);
/// Elements [start, start + size * step) along an axis; step > 0.
Tensor sliceView(TensorSpace &s, const Tensor &t, int64_t axis, mlir::AffineExpr start, mlir::AffineExpr size,
                 int64_t step = 1);
Tensor selectView(TensorSpace &s, const Tensor &t, int64_t axis, mlir::AffineExpr index);
Tensor expandView(TensorSpace &s, const Tensor &t, Exprs dims);
/// The diagonal of two axes as a new last dim.
Tensor diagonalView(TensorSpace &s, const Tensor &t, int64_t offset, int64_t axis1, int64_t axis2);
/// Windows along an axis, their elements as a new last dim.
Tensor unfoldView(TensorSpace &s, const Tensor &t, int64_t axis, int64_t size, int64_t step);

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_TENSORREF_H
