// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the PyTorch frontends share: ATen ops as functions on graph values. A row
// sees one call of one op with its arguments in schema order, defaults filled in,
// and sets the results. Rows are functional: views, in-place writes, out= and host
// containers are solved before (Dispatch), so `add_` is the row `add`. Rows choose by
// argument kinds, seldom by overload name. Not thread-safe, as the builder.
//
// Promotion follows torch: a `wrapped` operand is a Python number that became a
// tensor and counts less than any tensor; 0-dim tensors count less than others.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ATEN_H
#define WICK_COMPILER_FRONTEND_TORCH_ATEN_H

#include "compiler/frontend/GraphBuilder.h"
#include "compiler/frontend/torch/ScalarType.h"

namespace wick::compiler::torch {

/// The element type of a dtype (quantized ones: that of their integers; complex ones:
/// that of their parts), null for those that tensors cannot hold; and back, quantized
/// and complex dtypes aside (None: a type that torch does not have).
mlir::Type elementType(ScalarType type, mlir::MLIRContext *context);
std::optional<ScalarType> dtypeOf(mlir::Type elem);
inline bool isComplex(ScalarType t) {
  return t == ScalarType::ComplexHalf || t == ScalarType::ComplexFloat || t == ScalarType::ComplexDouble;
}

/// Affine quantization of a tensor: x = (q - zero point) * scale. Per-channel when axis >= 0.
struct Quantization {
  mlir::Value scale;     ///< f64 or f32, rank 0, or rank 1 of the axis' size
  mlir::Value zeroPoint; ///< i64 of the same shape
  int64_t axis = -1;
};

/// An argument or result. Integers are expressions over the module's symbols, so sizes stay symbolic.
struct Arg {
  enum class Kind { None, Bool, Int, Double, String, Tensor, List, Opaque };
  Kind kind = Kind::None;
  bool boolean = false;
  mlir::AffineExpr integer; ///< Int
  double number = 0;        ///< Double
  std::string string;
  mlir::Value tensor;                        ///< Tensor; also an Int, Double or Bool known only at run time (rank 0)
  bool wrapped = false;                      ///< Tensor made from a Python number
  bool complex = false;                      ///< Tensor of complex numbers: the parts are one more, last dim of 2
  std::shared_ptr<const Quantization> quant; ///< Tensor of quantized integers
  std::vector<Arg> list;                     ///< List, and a Tuple
  std::shared_ptr<void> opaque;              ///< packed parameters of quantized modules

  bool isNone() const { return kind == Kind::None; }
  bool isTensor() const { return kind == Kind::Tensor; }
  bool isNumber() const { return kind == Kind::Bool || kind == Kind::Int || kind == Kind::Double; }

  static Arg of(mlir::Value v) {
    Arg a;
    a.kind = Kind::Tensor, a.tensor = v;
    return a;
  }
  static Arg of(mlir::AffineExpr e) {
    Arg a;
    a.kind = Kind::Int, a.integer = e;
    return a;
  }
};

/// torch's engines of quantized ops, which an archive does not name. QNNPACK's dynamic ops
/// take all eight bits of activations whatever `reduce_range` says; x86's (and fbgemm's) heed it.
enum class QuantizedEngine { X86, QnnPack };

/// One call. Errors go to `g.fail`, which sticks. The functions read arguments; each
/// takes one past the end as None, and what to give for None where that is allowed.
/// After an error they return null, zero or nothing, and the results are void.
struct AtenCall {
  GraphBuilder &g;
  llvm::StringRef name;     ///< "aten::add", without overload
  llvm::StringRef overload; ///< "Tensor", may be empty
  std::vector<Arg> args;
  std::vector<Arg> results;
  QuantizedEngine engine = QuantizedEngine::X86;
  bool makesComplex = false; ///< a dtype that was read is complex: real results get parts of zero

  const Arg &arg(size_t i) const;
  bool has(size_t i) const { return !arg(i).isNone(); }
  void fail(const llvm::Twine &why); ///< with the op's name before it

  /// Required, of at least so many dims; a number becomes a scalar of torch's default dtype.
  mlir::Value tensor(size_t i, int64_t leastRank = 0);
  mlir::Value tensorOrNull(size_t i);         ///< null for None
  std::vector<mlir::Value> tensors(size_t i); ///< of a list; null for its Nones
  /// Numbers; tensors of one known element count as such. Integers (of lists too) must fit 32 bits, so that
  /// rows may multiply any two of them; those that rows only compare or clamp are read as wide ones.
  int64_t integer(size_t i, std::optional<int64_t> otherwise = {});
  int64_t wideInteger(size_t i, std::optional<int64_t> otherwise = {});
  double number(size_t i, std::optional<double> otherwise = {});
  bool flag(size_t i, bool otherwise = false);
  std::string text(size_t i, llvm::StringRef otherwise = "");
  /// A size: known, an expression, or read at run time.
  mlir::AffineExpr size(size_t i, mlir::AffineExpr otherwise = {});
  Exprs sizes(size_t i);
  /// Integers of a list or one integer; `count` of them when given (one counts for all,
  /// an empty list or None gives `otherwise`).
  llvm::SmallVector<int64_t> integers(size_t i);
  llvm::SmallVector<int64_t> integers(size_t i, size_t count, int64_t otherwise);
  mlir::Type dtype(size_t i, mlir::Type otherwise);
  /// A dim in [-rank, rank) made non-negative (rank 0 counts as 1).
  int64_t axis(size_t i, int64_t rank, std::optional<int64_t> otherwise = {});
  int64_t wrapAxis(int64_t axis, int64_t rank);
  /// Dims, sorted; None and the empty list mean all.
  llvm::SmallVector<int64_t> axes(size_t i, int64_t rank);

  void give(mlir::Value v) { results.push_back(Arg::of(v)); }
  void giveList(llvm::ArrayRef<mlir::Value> list);
  void giveSize(mlir::AffineExpr e) { results.push_back(Arg::of(e)); }
};

using AtenFn = void (*)(AtenCall &call);
/// The row of an op ("aten::add"), or null. `add_` is looked up as `add` when it has no row of its own.
AtenFn findAten(llvm::StringRef name);

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ATEN_H
