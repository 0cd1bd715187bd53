// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compares each op's result types with what its type rule says of its operands, and
// refuses codes (dialects/graph/Codes.h) where an op would compute on them.
// A pass that permutes or merges ops in place is only right when this holds. A
// dim that is not constant on one side agrees with anything: importers and
// passes may know more than the rule.
// Test: test/passes/check/check-types.mlir
//
#include "passes/Passes.h"
#include "passes/graph/Build.h"

namespace wick {
#define GEN_PASS_DEF_CHECKTYPES
#include "passes/Passes.h.inc"
} // namespace wick

using namespace mlir;
using namespace wick::graph;

namespace {

bool agree(Type a, Type b) {
  auto x = cast<RankedTensorType>(a), y = cast<RankedTensorType>(b);
  if (x.getElementType() != y.getElementType() || x.getRank() != y.getRank())
    return false;
  return llvm::all_of_zip(x.getShape(), y.getShape(), [](int64_t m, int64_t n) {
    return m == n || ShapedType::isDynamic(m) || ShapedType::isDynamic(n);
  });
}

struct CheckTypes : wick::impl::CheckTypesBase<CheckTypes> {
  void runOnOperation() override {
    getOperation().walk([&](Operation *op) {
      if (!isa<InferOpInterface>(op))
        return;
      auto isCode = [](Type t) { return isCoded(cast<RankedTensorType>(t).getElementType()); };
      if (!op->hasTrait<TakesCodes>())
        if (auto it = llvm::find_if(op->getOperandTypes(), isCode); it != op->operand_type_end()) {
          op->emitOpError("does not compute on elements of ") << *it;
          return signalPassFailure();
        }
      std::string why;
      auto types = inferResults(op->getName(), op->getBlock(), op->getOperands(), op->getAttrDictionary(), &why);
      if (failed(types)) {
        op->emitOpError(why);
        return signalPassFailure();
      }
      for (auto [have, want] : llvm::zip_equal(op->getResultTypes(), *types))
        if (!agree(have, want)) {
          op->emitOpError("has type ") << have << ", its operands give " << want;
          signalPassFailure();
        }
    });
  }
};

} // namespace
