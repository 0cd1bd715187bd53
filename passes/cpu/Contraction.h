// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a contraction kernel is, read off its function: which op, how operands
// and result are strided, which operand is packed. Planning and emission both
// start from this description, so they cannot disagree.
//
#pragma once

#include "passes/cpu/GroupEmitter.h"
#include "passes/cpu/contract/ConvEmitter.h"
#include "passes/cpu/contract/MatmulEmitter.h"

namespace wick::cpu {

/// Row-major strides (elements) of the dims of a value, seen through a transpose.
struct Strided {
  mlir::BlockArgument source;
  llvm::SmallVector<mlir::AffineExpr> dims, strides;
};

struct Contraction {
  enum class Kind {
    Naive,        ///< element by element
    PackedMatmul, ///< rows x packed weights; a 1x1 convolution too
    BatchMatmul,  ///< both operands at run time; panels are packed into scratch
    Conv,         ///< direct convolution with packed weights
  };
  Kind kind = Kind::Naive;
  mlir::Operation *op = nullptr;
  mlir::Value value;                                  ///< the contraction's result
  mlir::Value root;                                   ///< what is stored, before a closing transpose
  llvm::SmallVector<mlir::AffineExpr> dims;           ///< of `value`
  Strided a, b;                                       ///< matmul operands
  llvm::SmallVector<mlir::AffineExpr> outStrides;     ///< of the dims of `value` in the result buffer
  mlir::AffineExpr m, n, k;                           ///< PackedMatmul: flattened rows; k counts pairs where there are
  contract::Panels panels = contract::Panels::Floats; ///< of packed weights
  contract::ConvSpec conv;                            ///< Conv
  llvm::SmallVector<size_t> spatial;                  ///< Conv: spatial dims that matter, at most 3
  mlir::AffineExpr rows, columns;                     ///< Conv: output rows (batch included) and their length
  bool costlyEpilogue = false;
};

Contraction describeContraction(mlir::func::FuncOp kernel);

/// The cut of the work, the same for all slices, with the slice's register tile.
contract::MatmulPlan cutMatmul(const Contraction &c, unsigned vectorBytes);
contract::ConvPlan cutConv(const Contraction &c, unsigned vectorBytes);
/// BatchMatmul: panels of B packed at a time.
int64_t panelsAtATime(const Contraction &c);

/// The packing that the kernel wants of operand `arg`, or "" (see WeightLayout.h).
std::string wantedPacking(mlir::func::FuncOp kernel, unsigned arg);

} // namespace wick::cpu
