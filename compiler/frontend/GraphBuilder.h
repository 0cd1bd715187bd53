// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all frontends build graphs with. Every op is inferred and folded as it is
// created: on constants by execution, on small tensors that carry shapes by
// algebra over symbols ("known elements"), so that Shape -> Gather -> Concat ->
// Reshape leaves nothing behind. Errors stick: once an op cannot be made, its
// value and all that is built from it are null, and takeError() tells the first
// reason; so importers chain calls and look once. Not thread-safe.
//
#ifndef WICK_COMPILER_FRONTEND_GRAPHBUILDER_H
#define WICK_COMPILER_FRONTEND_GRAPHBUILDER_H

#include "compiler/eval/ElementProgram.h"
#include "compiler/support/WeightStore.h"
#include "dialects/graph/Graph.h"
#include "llvm/ADT/DenseMap.h"

namespace wick::compiler {

/// A constant's elements: dense row-major, storage types as in TensorView.
struct TensorData {
  mlir::Type elem;
  llvm::SmallVector<int64_t> shape;
  llvm::ArrayRef<char> bytes;
  std::shared_ptr<const void> owner; ///< keeps `bytes` alive when they are a copy
  TensorView view() const { return {elem, shape, bytes.data()}; }
};

using Exprs = llvm::SmallVector<mlir::AffineExpr>;

class GraphBuilder {
public:
  GraphBuilder(mlir::ModuleOp module, WeightStore &weights);

  mlir::OpBuilder b;      ///< where the next op goes
  mlir::Location loc;     ///< of the next op
  graph::Symbols symbols; ///< saved to the module by finish()
  WeightStore &weights;

  /// Results up to this many elements are computed while building.
  static constexpr int64_t maxFolded = 64 * 1024;
  /// Tensors up to this many elements may have known elements.
  static constexpr int64_t maxKnown = 1024;
  /// Constants above this many bytes live in the weight store.
  static constexpr int64_t maxInline = 4096;

  //===-- Errors -----------------------------------------------------------===//
  bool hasError() const { return !error.empty(); }
  /// The first error since the last call, which is forgotten.
  std::string takeError() {
    limit = false;
    return std::exchange(error, {});
  }
  /// Whether the error is a limit of Wick, not a fault of the graph.
  bool isLimit() const { return limit; }
  /// Sets the error (unless there is one) and returns null.
  mlir::Value fail(const llvm::Twine &why);

  //===-- Ops --------------------------------------------------------------===//
  /// Infers, folds, or creates a one-result op. Null operands give null.
  mlir::Value create(llvm::StringRef op, mlir::ValueRange operands, llvm::ArrayRef<mlir::NamedAttribute> attrs = {});
  template <class Op>
  mlir::Value create(mlir::ValueRange operands, llvm::ArrayRef<mlir::NamedAttribute> attrs = {}) {
    return create(Op::getOperationName(), operands, attrs);
  }
  /// wick.routine: results of the given types, integer arguments, range, scratch bytes a worker.
  llvm::SmallVector<mlir::Value> routine(llvm::StringRef name, mlir::ValueRange operands, mlir::TypeRange results,
                                         llvm::ArrayRef<mlir::AffineExpr> args, mlir::AffineExpr units,
                                         mlir::AffineExpr scratch);
  /// The argument of a routine that is a double.
  mlir::AffineExpr doubleArg(double v);

  // Attributes by name.
  mlir::NamedAttribute intAttr(llvm::StringRef name, int64_t v);
  mlir::NamedAttribute intsAttr(llvm::StringRef name, llvm::ArrayRef<int64_t> v);
  mlir::NamedAttribute mapAttr(llvm::StringRef name, llvm::ArrayRef<mlir::AffineExpr> v);
  mlir::NamedAttribute unitAttr(llvm::StringRef name);
  mlir::NamedAttribute doubleAttr(llvm::StringRef name, double v);
  mlir::NamedAttribute typeAttr(llvm::StringRef name, mlir::Type v);

  //===-- Constants --------------------------------------------------------===//
  /// A constant of raw bytes; above maxInline bytes a weight that keeps `owner`.
  mlir::Value constant(mlir::Type elem, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<char> bytes,
                       std::shared_ptr<const void> owner = nullptr, llvm::StringRef name = "");
  mlir::Value i64s(llvm::ArrayRef<int64_t> values); ///< i64 vector
  mlir::Value i64(int64_t v);                       ///< i64 scalar
  mlir::Value scalar(mlir::Type elem, double v);    ///< rank 0
  mlir::Value scalarLike(mlir::Value x, double v);  ///< rank 0 of x's element type
  mlir::Value splat(mlir::Type elem, llvm::ArrayRef<mlir::AffineExpr> dims, double v);
  /// The elements of a constant or weight; empty when the value is neither.
  std::optional<TensorData> dataOf(mlir::Value v) const;
  bool isConstant(mlir::Value v) const;
  /// Elements of a constant as numbers (bool 0/1, unsigned 64-bit as their bits).
  std::optional<llvm::SmallVector<int64_t>> intsOf(mlir::Value v) const;
  std::optional<llvm::SmallVector<double>> doublesOf(mlir::Value v) const;
  std::optional<int64_t> intOf(mlir::Value v) const;   ///< of a one-element tensor
  std::optional<double> doubleOf(mlir::Value v) const; ///< of a one-element tensor

  //===-- Shapes -----------------------------------------------------------===//
  mlir::AffineExpr expr(int64_t v) { return b.getAffineConstantExpr(v); }
  Exprs exprs(llvm::ArrayRef<int64_t> v);
  int64_t rank(mlir::Value v) const { return mlir::cast<mlir::RankedTensorType>(v.getType()).getRank(); }
  mlir::Type elem(mlir::Value v) const { return mlir::cast<mlir::RankedTensorType>(v.getType()).getElementType(); }
  Exprs dims(mlir::Value v) const { return graph::dimsOf(v.getType()); }
  mlir::AffineExpr dim(mlir::Value v, int64_t i) const { return graph::dimOf(v.getType(), i); }
  mlir::AffineExpr count(mlir::Value v);
  mlir::AffineExpr count(llvm::ArrayRef<mlir::AffineExpr> dims);
  /// Canonical forms, with the symbols' ranges in view.
  mlir::AffineExpr simplify(mlir::AffineExpr e);
  mlir::AffineExpr floorDiv(mlir::AffineExpr a, mlir::AffineExpr by);
  mlir::AffineExpr ceilDiv(mlir::AffineExpr a, mlir::AffineExpr by);
  /// a / by when exact for all values of the symbols, else null.
  mlir::AffineExpr exactQuotient(mlir::AffineExpr a, mlir::AffineExpr by);
  mlir::AffineExpr clamp(mlir::AffineExpr v, mlir::AffineExpr lo, mlir::AffineExpr hi);

  /// What the graph says about named dims where sizes must be equal: a value, or
  /// another name. Frontends import again with these put in place.
  struct DimFact {
    std::string name, alias; ///< alias: empty when `value` holds
    int64_t value = 0;
    mlir::Location source;
  };
  std::vector<DimFact> facts;
  /// Notes that `x` and `y` are equal wherever the graph runs (outside branches).
  void mustEqual(mlir::AffineExpr x, mlir::AffineExpr y);
  /// Has the run check that two sizes are equal, unless that is certain.
  void checkEqual(mlir::AffineExpr x, mlir::AffineExpr y, const llvm::Twine &otherwise);

  /// Known elements of a small tensor: what each is as an integer expression, null
  /// where that is not known. Empty when nothing is known.
  std::optional<Exprs> elementsOf(mlir::Value v);
  void setKnown(mlir::Value v, llvm::ArrayRef<mlir::AffineExpr> elements);
  /// Element `index` of an integer tensor as an expression: known, or a runtime
  /// symbol in [min, max] bound by wick.size_of.
  mlir::AffineExpr sizeOf(mlir::Value v, int64_t index, int64_t min = 0, int64_t max = INT64_MAX);
  /// All elements of an integer vector of constant length, by sizeOf; fails otherwise.
  std::optional<Exprs> shapeFrom(mlir::Value v, int64_t min = 0, int64_t max = INT64_MAX);
  /// An i64 vector of expressions (wick.dims), or scalar.
  mlir::Value dimsValue(llvm::ArrayRef<mlir::AffineExpr> values);
  mlir::Value dimScalar(mlir::AffineExpr value);
  /// The scalar `e` as a tensor of an element type, rank 0.
  mlir::Value exprAs(mlir::AffineExpr e, mlir::Type elem) { return castTo(dimScalar(e), elem); }

  //===-- Composites (GraphCompose.cpp) --------------------------------------===//
  mlir::Value castTo(mlir::Value x, mlir::Type elem);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> dims) { return reshape(x, exprs(dims)); }
  mlir::Value squeeze(mlir::Value x, llvm::ArrayRef<int64_t> axes);   ///< axes >= 0, sizes are 1
  mlir::Value unsqueeze(mlir::Value x, llvm::ArrayRef<int64_t> axes); ///< axes of the result, >= 0
  mlir::Value flatten(mlir::Value x) { return x ? reshape(x, {count(x)}) : x; }
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> perm);
  mlir::Value swapLast(mlir::Value x); ///< swaps the last two dims
  mlir::Value expandTo(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> xs, int64_t axis);
  /// Elements [start, start + size) along an axis.
  mlir::Value slice(mlir::Value x, int64_t axis, mlir::AffineExpr start, mlir::AffineExpr size, int64_t step = 1);
  mlir::Value sliceAll(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> starts, llvm::ArrayRef<mlir::AffineExpr> sizes,
                       llvm::ArrayRef<int64_t> steps);
  mlir::Value padConstant(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> low, llvm::ArrayRef<mlir::AffineExpr> high,
                          double value);
  mlir::Value gather(mlir::Value x, mlir::Value indices, int64_t axis);
  /// [0, n) along dim `axis` of a tensor of the given dims, i64 or elem.
  mlir::Value iota(mlir::Type elem, mlir::AffineExpr n);

  mlir::Value add(mlir::Value x, mlir::Value y) { return create<graph::AddOp>({x, y}); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return create<graph::SubOp>({x, y}); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return create<graph::MulOp>({x, y}); }
  mlir::Value div(mlir::Value x, mlir::Value y) { return create<graph::DivOp>({x, y}); }
  mlir::Value add(mlir::Value x, double y) { return x ? add(x, scalarLike(x, y)) : x; }
  mlir::Value mul(mlir::Value x, double y) { return x ? mul(x, scalarLike(x, y)) : x; }
  mlir::Value sub(double x, mlir::Value y) { return y ? sub(scalarLike(y, x), y) : y; }
  mlir::Value max(mlir::Value x, mlir::Value y) { return create<graph::MaxOp>({x, y}); }
  mlir::Value min(mlir::Value x, mlir::Value y) { return create<graph::MinOp>({x, y}); }
  mlir::Value where(mlir::Value c, mlir::Value x, mlir::Value y) { return create<graph::WhereOp>({c, x, y}); }
  mlir::Value clip(mlir::Value x, mlir::Value lo, mlir::Value hi); ///< either may be null
  mlir::Value matmul(mlir::Value a, mlir::Value c) { return create<graph::MatmulOp>({a, c}); }

  /// Reductions keep the axes as dims of size 1.
  mlir::Value reduce(mlir::Value x, graph::ReduceKind kind, llvm::ArrayRef<int64_t> axes);
  mlir::Value reduceMean(mlir::Value x, llvm::ArrayRef<int64_t> axes);
  mlir::Value argReduce(mlir::Value x, int64_t axis, bool isMax, bool last);
  mlir::Value softmax(mlir::Value x, llvm::ArrayRef<int64_t> axes);
  mlir::Value logSoftmax(mlir::Value x, int64_t axis);
  /// (x - mean) / sqrt(variance + epsilon) over axes; mean and 1/std kept on request.
  mlir::Value normalize(mlir::Value x, llvm::ArrayRef<int64_t> axes, double epsilon, mlir::Value *mean = nullptr,
                        mlir::Value *invStd = nullptr);
  /// x / sqrt(mean(x^2) + epsilon) over axes.
  mlir::Value rmsNormalize(mlir::Value x, llvm::ArrayRef<int64_t> axes, double epsilon);
  /// 1 where the index along a new dim `axis` of size `depth` is `indices`, bool.
  mlir::Value oneHotMask(mlir::Value indices, mlir::AffineExpr depth, int64_t axis);

  //===-- Trying -----------------------------------------------------------===//
  /// What undo needs to know: ops made after a snapshot at the end of its block are
  /// erased again, symbols and what is known are as they were.
  struct Snapshot {
    mlir::Block *block;
    mlir::Operation *last; ///< null: the block was empty
    mlir::OpBuilder::InsertPoint point;
    size_t facts;
    graph::Symbols symbols;
    llvm::DenseMap<mlir::Value, llvm::SmallVector<SymValue>> known;
    llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::AffineExpr> sizes;
  };
  Snapshot snapshot() const;
  void undo(const Snapshot &s);

  //===-- The end ----------------------------------------------------------===//
  /// Replaces values that are only expressions by wick.dims, erases dead ops, saves
  /// the symbol table. Call once, when the function is complete.
  void finish();
  /// Erases an unused op and what is remembered about its values.
  void erase(mlir::Operation *op);

private:
  mlir::Value foldConstant(mlir::Operation *op);
  /// Fails when `type` has elements that only moves and conversions take.
  bool refusesCode(const llvm::Twine &who, mlir::Type type);
  void learn(mlir::Operation *op);
  void learnFacts(mlir::Operation *op);
  bool symbolic(mlir::Value v, SymTensor &out, llvm::SmallVectorImpl<llvm::SmallVector<SymValue>> &hold,
                llvm::SmallVectorImpl<TensorData> &datas, bool &isKnown);
  void materialize(mlir::Value v, llvm::ArrayRef<SymValue> list);
  std::vector<std::pair<int64_t, int64_t>> ranges() const;

  mlir::ModuleOp module;
  std::string error;
  bool limit = false;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<SymValue>> known;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::AffineExpr> sizes;
};

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_GRAPHBUILDER_H
