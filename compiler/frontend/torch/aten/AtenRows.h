// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the files of rows share: torch's type promotion, conversions around ops that
// need floats or wider types, and the table. Private to this folder.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ATEN_ATENROWS_H
#define WICK_COMPILER_FRONTEND_TORCH_ATEN_ATENROWS_H

#include "compiler/frontend/Composites.h"
#include "compiler/frontend/torch/Aten.h"

namespace wick::compiler::torch {

//===-- Types --------------------------------------------------------------===//

inline bool isFloat(mlir::Type t) { return mlir::isa<mlir::FloatType>(t); }
inline bool isBool(mlir::Type t) { return t.isInteger(1); }
/// f32 for integers and bool, floats as they are.
mlir::Type floatOf(mlir::Type t);
/// f32 for narrower floats, others as they are: what sums and composites compute in.
mlir::Type wideOf(mlir::Type t);
mlir::Type promoteTypes(mlir::Type a, mlir::Type b);

/// The type that arguments meet in: tensors with dims, then scalars, then numbers, of
/// which each counts only when its category (bool, integer, float) is higher.
mlir::Type promoted(AtenCall &c, llvm::ArrayRef<size_t> at);
/// Argument i, a tensor or number, as an element type.
mlir::Value operandAs(AtenCall &c, size_t i, mlir::Type type);
/// A number as a scalar.
mlir::Value numberAs(GraphBuilder &g, const Arg &a, mlir::Type type);
/// Operands 0 and 1 in the type they promote to.
std::pair<mlir::Value, mlir::Value> promotedPair(AtenCall &c, size_t i = 0, size_t j = 1);
/// Tensor i as a float of at least 32 bits; `type` gets what the result is to be cast to.
mlir::Value wideFloat(AtenCall &c, size_t i, mlir::Type &type);
mlir::Value toBool(GraphBuilder &g, mlir::Value x);

//===-- Shared compositions ------------------------------------------------===//

/// Any and all over axes, kept.
mlir::Value anyOf(GraphBuilder &g, mlir::Value x, llvm::ArrayRef<int64_t> axes);
mlir::Value allOf(GraphBuilder &g, mlir::Value x, llvm::ArrayRef<int64_t> axes);
/// numpy.matmul of any ranks, vectors included.
mlir::Value matmulAny(AtenCall &c, mlir::Value a, mlir::Value b);
/// x [.., in] times w [out, in] transposed, plus a bias or null.
mlir::Value linearOf(AtenCall &c, mlir::Value x, mlir::Value w, mlir::Value bias);
/// Convolution or its transpose; x may lack the batch. `padding` has one entry a dim.
struct ConvParams {
  llvm::SmallVector<int64_t> stride, padLow, padHigh, dilation, outputPadding;
  int64_t groups = 1;
  bool transposed = false;
};
mlir::Value convOf(AtenCall &c, mlir::Value x, mlir::Value w, mlir::Value bias, const ConvParams &p);
/// Dims of a view: one may be -1.
std::optional<Exprs> viewDims(AtenCall &c, mlir::Value x, size_t i);
mlir::Value layerNormOf(AtenCall &c, mlir::Value x, int64_t dims, mlir::Value weight, mlir::Value bias, double eps);
struct AttentionParams {
  mlir::Value mask; ///< bool (true takes part) or added; may be null
  bool causal = false, groupedHeads = false;
  std::optional<double> scale;
};
/// softmax(q k^T scale + mask) v; `weights` gets the softmax when wanted.
mlir::Value attentionOf(AtenCall &c, mlir::Value q, mlir::Value k, mlir::Value v, const AttentionParams &p,
                        mlir::Value *weights = nullptr);
mlir::Value geluOf(GraphBuilder &g, mlir::Value x, bool tanh);
/// A row's results for other arguments: `name` is a literal. Empty after an error.
std::vector<Arg> callRow(AtenCall &c, llvm::StringRef name, std::vector<Arg> args);
/// x at one-dimensional places of several leading dims; see aten::index.
mlir::Value selectAt(GraphBuilder &g, mlir::Value x, int64_t axis, mlir::AffineExpr at);

//===-- Complex numbers ----------------------------------------------------===//

/// Real (0) or imaginary (1) part of an argument: tensors that are real, and numbers, have
/// zeros for the latter; lists are taken element by element, the rest stays.
Arg partOf(GraphBuilder &g, const Arg &a, int part);
Arg complexOf(GraphBuilder &g, mlir::Value re, mlir::Value im);
/// Whether it, or one of a list, is complex.
bool anyComplex(const Arg &a);

//===-- Quantization -------------------------------------------------------===//

mlir::Value dequantized(GraphBuilder &g, const Arg &a);
/// x in quantized integers of `type`; the argument carries `q`.
Arg quantized(GraphBuilder &g, mlir::Value x, std::shared_ptr<const Quantization> q, mlir::Type type);

//===-- The table ----------------------------------------------------------===//

/// How a row stands to operands that are quantized; others get them dequantized, and
/// their first result is quantized as the first operand was.
enum class OnQuantized {
  Wrap,   ///< as said
  Move,   ///< works on the integers, which keep their meaning
  Aware,  ///< looks at Arg::quant itself
  Release ///< results are floats or indices
};
struct AtenRow {
  AtenFn fn = nullptr;
  OnQuantized quant = OnQuantized::Wrap;
  AtenFn onComplex = nullptr; ///< when an argument is complex; without it that is refused
};
using AtenTable = llvm::StringMap<AtenRow>;

/// Adds names with one function: `add(t, relu, {"relu", "aten_other"})`, "aten::" left out.
void addRows(AtenTable &t, AtenFn fn, llvm::ArrayRef<llvm::StringRef> names, OnQuantized quant = OnQuantized::Wrap);

/// What rows that stand already do for complex numbers; null: the row itself knows them.
void addComplex(AtenTable &t, AtenFn fn, llvm::ArrayRef<llvm::StringRef> names);

void addRecordRows(AtenTable &t);
void addPointwiseRows(AtenTable &t);
void addActivationRows(AtenTable &t);
void addCreationRows(AtenTable &t);
void addViewRows(AtenTable &t);
void addMoveRows(AtenTable &t);
void addReduceRows(AtenTable &t);
void addOrderRows(AtenTable &t);
void addContractRows(AtenTable &t);
void addPoolRows(AtenTable &t);
void addNormRows(AtenTable &t);
void addAttentionRows(AtenTable &t);
void addRecurrentRows(AtenTable &t);
void addIndexRows(AtenTable &t);
void addScatterRows(AtenTable &t);
void addResizeRows(AtenTable &t);
void addVisionRows(AtenTable &t);
void addSignalRows(AtenTable &t);
void addFourierRows(AtenTable &t);
void addRegionRows(AtenTable &t);
/// Stands last: what other rows do for complex numbers.
void addComplexRows(AtenTable &t);
void addLossRows(AtenTable &t);
void addQuantizedRows(AtenTable &t);

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ATEN_ATENROWS_H
