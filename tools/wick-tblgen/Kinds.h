// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the generators of rows share.
//
#ifndef WICK_TOOLS_WICK_TBLGEN_KINDS_H
#define WICK_TOOLS_WICK_TBLGEN_KINDS_H

#include "mlir/TableGen/Operator.h"

/// The importer's name of an attribute's kind.
inline llvm::StringRef kindOf(const mlir::tblgen::NamedAttribute &attr) {
  llvm::StringRef storage = attr.attr.getStorageType().trim();
  storage.consume_front("::mlir::");
  if (storage == "FloatAttr")
    return "Double";
  if (storage == "UnitAttr")
    return "Unit";
  if (storage == "BoolAttr")
    return "Bool";
  if (storage == "IntegerAttr")
    return "Int";
  if (storage == "DenseI64ArrayAttr")
    return "Ints";
  return "";
}

#endif // WICK_TOOLS_WICK_TBLGEN_KINDS_H
