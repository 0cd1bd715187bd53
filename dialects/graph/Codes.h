// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types that no machine computes on: floats of 8 and 4 bits, integers of
// 4 and 2. An element of such a type is a *code*. It takes one byte, its bits are
// the low ones, and readers ignore the rest. Ops that move elements move the byte;
// casts and quantization decode and encode; an op that would compute on codes is
// refused when it is made (trait TakesCodes says which ops are not).
//
#pragma once

#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/Types.h"

namespace wick::graph {

/// f8E4M3FN, f8E4M3FNUZ, f8E5M2, f8E5M2FNUZ, f8E8M0FNU, f4E2M1FN, i4, ui4, i2, ui2.
bool isCoded(mlir::Type elem);
/// Whether `elem` is a float type whose elements are codes.
bool isCodedFloat(mlir::Type elem);
/// Bits that an element has where types of equal width are exchanged: bool counts
/// as its byte. 0 for complex and other types that have no codes.
unsigned codeWidth(mlir::Type elem);
/// The type of an element as loads and stores see it: i8 for codes, floats as they
/// are, signless integers.
mlir::Type storedType(mlir::Type elem);

/// Marks ops that move or convert elements and so accept codes.
template <typename ConcreteOp>
class TakesCodes : public mlir::OpTrait::TraitBase<ConcreteOp, TakesCodes> {};

/// How a conversion to a coded float treats what it cannot hold. All false: values
/// beyond the greatest become the greatest, and f8E8M0FNU rounds up.
struct CodeRules {
  bool overflows = false; ///< beyond the greatest: Inf where the type has it, else NaN
  bool down = false;      ///< f8E8M0FNU: towards zero
  bool nearest = false;   ///< f8E8M0FNU: to the nearest, ties up
};

} // namespace wick::graph
