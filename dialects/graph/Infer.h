// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an op's type rule sees: operand types, attributes and the symbol table,
// before the op exists. A rule appends result types or says what is wrong.
//
#pragma once

#include "dialects/graph/Shapes.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace wick::graph {

struct InferRequest {
  mlir::MLIRContext *ctx;
  mlir::TypeRange operands;
  mlir::DictionaryAttr attrs;
  Symbols &symbols;
  llvm::SmallVector<mlir::Type> results;
  std::string error; ///< lower case, names values; "" if none

  mlir::RankedTensorType type(unsigned i) const { return mlir::cast<mlir::RankedTensorType>(operands[i]); }
  mlir::Type elem(unsigned i) const { return type(i).getElementType(); }
  llvm::SmallVector<mlir::AffineExpr> dims(unsigned i) const { return dimsOf(operands[i]); }
  int64_t rank(unsigned i) const { return type(i).getRank(); }
  mlir::Type i1() const { return mlir::IntegerType::get(ctx, 1); }
  mlir::Type i64Type() const { return mlir::IntegerType::get(ctx, 64); }
  mlir::Type typeAttr(llvm::StringRef name) const { return attrs.getAs<mlir::TypeAttr>(name).getValue(); }
  int64_t integer(llvm::StringRef name, int64_t otherwise = 0) const;
  llvm::SmallVector<int64_t> integers(llvm::StringRef name) const;
  bool has(llvm::StringRef name) const { return !!attrs.get(name); }
  llvm::SmallVector<mlir::AffineExpr> exprs(llvm::StringRef name) const; ///< of an affine map attribute
  mlir::AffineExpr constant(int64_t v) const { return mlir::getAffineConstantExpr(v, ctx); }

  llvm::LogicalResult done(mlir::Type elem, llvm::ArrayRef<mlir::AffineExpr> dims);
  llvm::LogicalResult fail(const llvm::Twine &why);
};

/// Numpy broadcasting of all operands' shapes; a null `elem` has left its reason in r.
llvm::LogicalResult inferBroadcast(InferRequest &r, mlir::Type elem);
/// Attribute `to` when its elements are as wide as those of operand 0, else null.
mlir::Type inferBitcast(InferRequest &r);
llvm::FailureOr<llvm::SmallVector<mlir::AffineExpr>> broadcastDims(InferRequest &r, llvm::ArrayRef<mlir::AffineExpr> a,
                                                                   llvm::ArrayRef<mlir::AffineExpr> b);

} // namespace wick::graph
