// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Agreements.h.
//
#include "dialects/graph/Agreements.h"

#include "dialects/graph/Graph.h"

using namespace mlir;
namespace wick::graph {

namespace {
struct Teller {
  Operation *op;
  function_ref<void(const SizeAgreement &, const Twine &)> fn;

  SmallVector<AffineExpr> dims(unsigned operand) const { return dimsOf(op->getOperand(operand).getType()); }
  void equal(unsigned operand, unsigned dim, unsigned other, unsigned otherDim, const Twine &what,
             int64_t factor = 1) const {
    fn({operand, dim, other, otherDim, dims(operand)[dim], dims(other)[otherDim] * factor, SizeRule::Equal}, what);
  }
  void broadcasts(unsigned inner) const;
};
} // namespace

/// Dims but the last `inner` of every operand are 1 or the result's.
void Teller::broadcasts(unsigned inner) const {
  SmallVector<AffineExpr> out = dimsOf(op->getResult(0).getType());
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    SmallVector<AffineExpr> in = dims(i);
    for (unsigned d = 0; d + inner < in.size() && in.size() <= out.size(); ++d) {
      unsigned at = out.size() - in.size() + d;
      fn({i, d, SizeAgreement::result, at, in[d], out[at], SizeRule::Broadcasts},
         "dim " + Twine(d) + " of operand #" + Twine(i) + " must be 1 or that of the result");
    }
  }
}

void forEachAgreement(Operation *op, function_ref<void(const SizeAgreement &, const Twine &)> fn) {
  Teller t{op, fn};
  if (isa<ScalarOpInterface, ExpandOp>(op)) {
    t.broadcasts(0);
  } else if (isa<MatmulOp>(op)) {
    t.equal(0, t.dims(0).size() - 1, 1, t.dims(1).size() - 2, "a has other columns than b has rows");
    t.broadcasts(2);
  } else if (auto c = dyn_cast<ConvOp>(op)) {
    bool last = c.getChannelsLast();
    unsigned rank = t.dims(0).size();
    t.equal(0, last ? rank - 1 : 1, 1, last ? rank - 2 : 1, "x has other channels than w expects", c.getGroups());
  } else if (auto c = dyn_cast<ConvTransposeOp>(op)) {
    bool last = c.getChannelsLast();
    unsigned rank = t.dims(0).size();
    t.equal(0, last ? rank - 1 : 1, 1, last ? rank - 2 : 0, "x has other channels than w expects");
  } else if (auto c = dyn_cast<ConcatOp>(op)) {
    for (unsigned i = 1; i < op->getNumOperands(); ++i)
      for (unsigned d = 0, rank = t.dims(0).size(); d < rank; ++d)
        if (d != c.getAxis())
          t.equal(i, d, 0, d, "dim " + Twine(d) + " of operand #" + Twine(i) + " must be that of the first");
  } else if (auto g = dyn_cast<GatherElementsOp>(op)) {
    auto x = t.dims(0), indices = t.dims(1);
    for (unsigned d = 0; d < indices.size(); ++d)
      if (d != g.getAxis())
        fn({1, d, 0, d, indices[d], x[d], SizeRule::AtMost}, "dim " + Twine(d) + " of indices is larger than x's");
  } else if (auto g = dyn_cast<GatherNdOp>(op)) {
    for (unsigned d = 0; d < g.getBatchDims(); ++d)
      t.equal(1, d, 0, d, "dim " + Twine(d) + " of indices must be that of x");
  } else if (isa<ReshapeOp>(op)) {
    AffineExpr from = product(t.dims(0), op->getContext());
    AffineExpr to = product(dimsOf(op->getResult(0).getType()), op->getContext());
    fn({0, SizeAgreement::whole, SizeAgreement::result, SizeAgreement::whole, from, to, SizeRule::Equal},
       "the elements do not fill the new shape");
  }
}

} // namespace wick::graph
