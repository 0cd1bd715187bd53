// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Routines.h. The sizes of the list are expressions of C++ over the names that the
// head of the list explains; a call that does not fit them makes them void, not wrong.
//
#include "compiler/support/Routines.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
namespace wick::compiler {

/// The arguments of one call, as the sizes of the list name them.
class RoutineCall {
public:
  RoutineCall(ArrayRef<AffineExpr> args, AffineExpr one) : args(args), one(one) {}

  AffineExpr operator[](size_t i) const {
    isValid &= i < args.size();
    return i < args.size() ? args[i] : one;
  }
  /// An argument that counts others, or holds flags.
  int64_t number(size_t i) const {
    auto c = dyn_cast<AffineConstantExpr>((*this)[i]);
    isValid &= c && c.getValue() >= 0 && c.getValue() <= 1 << 16;
    return isValid ? c.getValue() : 0;
  }
  bool has(size_t i, int64_t bit) const { return number(i) & bit; }
  AffineExpr product(size_t first, size_t count) const {
    AffineExpr all = one;
    for (size_t i = first; isValid && i < first + count; ++i)
      all = all * (*this)[i];
    return all;
  }
  mutable bool isValid = true;

private:
  ArrayRef<AffineExpr> args;
  AffineExpr one;
};

static constexpr RoutineTraits Plain{}, HoldsState{true, false, -1}, Moves{false, true, -1};
static constexpr RoutineTraits MovesUnless(int8_t arg) { return {false, false, arg}; }
static RoutineSize over(AffineExpr touched, AffineExpr per) { return {touched, per}; }
static RoutineSize when(bool isThere, RoutineSize size) {
  return isThere ? size : RoutineSize(getAffineConstantExpr(0, size.touched.getContext()));
}

static constexpr Routine routines[] = {
#define WICK_ROUTINE(name, types, traits, ...)                                                                         \
  {#name, RoutineTypes::types, traits,                                                                                 \
   []([[maybe_unused]] const RoutineCall &a, [[maybe_unused]] AffineExpr units, [[maybe_unused]] AffineExpr one) {     \
     return SmallVector<RoutineSize>{__VA_ARGS__};                                                                     \
   }},
#include "runtime/kernels/Routines.def"
};

const Routine *findRoutine(StringRef name) {
  const auto *it = llvm::find_if(routines, [&](const Routine &r) { return r.name == name; });
  return it == std::end(routines) ? nullptr : it;
}

bool Routine::moves(ArrayRef<AffineExpr> args) const {
  if (traits.movesUnlessArg < 0)
    return traits.moves;
  auto c = dyn_cast<AffineConstantExpr>(args[traits.movesUnlessArg]);
  return c && c.getValue() == 0;
}

SmallVector<RoutineSize> Routine::sizes(ArrayRef<AffineExpr> args, AffineExpr units) const {
  AffineExpr one = getAffineConstantExpr(1, units.getContext());
  RoutineCall call(args, one);
  SmallVector<RoutineSize> sizes = sizesOf(call, units, one);
  return call.isValid ? sizes : SmallVector<RoutineSize>();
}

} // namespace wick::compiler
