// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The codes of element types in packages (runtime/abi/DType.def).
//
#include "compiler/schedule/Schedule.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace wick::compiler {

format::DTypeCode dtypeOf(Type t) {
  if (t.isF32())
    return 1;
  if (t.isF64())
    return 2;
  if (t.isF16())
    return 3;
  if (t.isBF16())
    return 4;
  if (auto i = dyn_cast<IntegerType>(t)) {
    if (i.getWidth() == 1)
      return 13;
    switch (i.getWidth() | (i.isUnsigned() ? 1024 : 0)) {
    case 8:
      return 5;
    case 16:
      return 6;
    case 32:
      return 7;
    case 64:
      return 8;
    case 8 | 1024:
      return 9;
    case 16 | 1024:
      return 10;
    case 32 | 1024:
      return 11;
    case 64 | 1024:
      return 12;
    case 4:
      return 18;
    case 4 | 1024:
      return 19;
    case 2:
      return 24;
    case 2 | 1024:
      return 25;
    }
  }
  if (isa<Float8E4M3FNType>(t))
    return 14;
  if (isa<Float8E4M3FNUZType>(t))
    return 15;
  if (isa<Float8E5M2Type>(t))
    return 16;
  if (isa<Float8E5M2FNUZType>(t))
    return 17;
  if (isa<Float8E8M0FNUType>(t))
    return 22;
  if (isa<Float4E2M1FNType>(t))
    return 23;
  return 0;
}

} // namespace wick::compiler
