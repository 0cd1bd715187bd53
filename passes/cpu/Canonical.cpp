// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Canonical.h.
//
#include "passes/cpu/Canonical.h"

#include "passes/cpu/Contraction.h"
#include "passes/cpu/WeightLayout.h"
#include "passes/fuse/Grouping.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::cpu {

bool isStaticOperand(Operation *call, unsigned i) { return passes::isStaticValue(call->getOperand(i)); }

StringRef narrowTypeOfOperand(Operation *call, unsigned i) {
  Value v = call->getOperand(i);
  while (auto t = v.getDefiningOp<TransposeOp>())
    v = t.getX();
  auto elem = [](Value x) { return cast<RankedTensorType>(x.getType()).getElementType(); };
  auto from = v.getDefiningOp<CastOp>();
  if (!from)
    return "";
  Type narrow = elem(from.getX()), wide = elem(v);
  if (narrow.isSignlessInteger(8) && (wide.isF32() || wide.isSignlessInteger(16)))
    return "i8";
  return !wide.isF32() ? "" : narrow.isF16() ? "f16" : narrow.isBF16() ? "bf16" : "";
}

//===-- Symbols ------------------------------------------------------------===//

static void walkTypesAndAttrs(func::FuncOp kernel, function_ref<void(AffineMap)> fn) {
  AttrTypeWalker walker;
  walker.addWalk([&](AffineMapAttr a) { fn(a.getValue()); });
  for (Value a : kernel.getBody().getArguments())
    walker.walk(a.getType());
  kernel.walk([&](Operation *op) {
    for (NamedAttribute a : op->getAttrDictionary())
      walker.walk(a.getValue());
    for (Type t : op->getResultTypes())
      walker.walk(t);
  });
}

SmallVector<AffineExpr> renumberSymbols(func::FuncOp kernel) {
  MLIRContext *ctx = kernel.getContext();
  llvm::SetVector<unsigned> used;
  unsigned top = 0;
  walkTypesAndAttrs(kernel, [&](AffineMap map) {
    map.walkExprs([&](AffineExpr e) {
      if (auto s = dyn_cast<AffineSymbolExpr>(e)) {
        used.insert(s.getPosition());
        top = std::max(top, s.getPosition() + 1);
      }
    });
  });
  SmallVector<AffineExpr> replacement(top, getAffineConstantExpr(0, ctx)), args;
  for (auto [i, s] : llvm::enumerate(used)) {
    replacement[s] = getAffineSymbolExpr(i, ctx);
    args.push_back(getAffineSymbolExpr(s, ctx));
  }
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](AffineMapAttr a) -> std::optional<std::pair<Attribute, WalkResult>> {
    AffineMap m = a.getValue();
    SmallVector<AffineExpr> results;
    unsigned n = 0;
    for (AffineExpr e : m.getResults()) {
      // Only as many replacements as the map has symbols are looked at.
      AffineExpr r = simplify(e.replaceDimsAndSymbols({}, replacement));
      r.walk([&](AffineExpr x) {
        if (auto s = dyn_cast<AffineSymbolExpr>(x))
          n = std::max(n, s.getPosition() + 1);
      });
      results.push_back(r);
    }
    return std::pair(Attribute(AffineMapAttr::get(AffineMap::get(0, n, results, ctx))), WalkResult::skip());
  });
  kernel->getParentOp()->walk([&](Operation *op) {
    replacer.replaceElementsIn(op, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
  });
  kernel.setFunctionType(FunctionType::get(ctx, kernel.getBody().getArgumentTypes(),
                                           kernel.getBody().front().getTerminator()->getOperandTypes()));
  return args;
}

//===-- Dims ---------------------------------------------------------------===//

/// How a value of the kernel relates to a dim of the space.
enum class Extent { Full, One, Other };

static Extent extentOf(Value v, unsigned dim, ArrayRef<AffineExpr> space) {
  auto dims = dimsOf(v.getType());
  if (dims.size() > space.size())
    return Extent::Other;
  size_t off = space.size() - dims.size();
  if (dim < off || isConstant(dims[dim - off], 1))
    return Extent::One;
  return provablyEqual(dims[dim - off], space[dim]) ? Extent::Full : Extent::Other;
}

void collapseDims(func::FuncOp kernel) {
  Block &body = kernel.getBody().front();
  // The space: the widest value; every op must work on it elementwise or reduce it.
  SmallVector<AffineExpr> space;
  SmallVector<Value> values(body.getArguments());
  Operation *contraction = nullptr;
  for (Operation &op : body.without_terminator()) {
    if (isa<MatmulOp, ConvOp>(op) && !contraction) {
      contraction = &op;
      if (auto conv = dyn_cast<ConvOp>(op); conv && !conv.getChannelsLast())
        return;
    } else if (!isa<ScalarOpInterface, ReduceOp, ConstantOp>(op)) {
      return;
    }
    for (Value r : op.getResults())
      values.push_back(r);
  }
  if (contraction)
    return; // contraction kernels flatten their own rows
  for (Value v : values) {
    auto dims = dimsOf(v.getType());
    if (dims.size() > space.size())
      space = dims;
    else if (dims.size() == space.size())
      for (auto [s, d] : llvm::zip(space, dims))
        if (isConstant(s, 1))
          s = d;
  }
  if (space.size() < 2)
    return;
  auto reduced = [&](Operation *op, unsigned d) {
    return llvm::is_contained(cast<ReduceOp>(op).getAxes(), int64_t(d));
  };
  for (Operation &op : body.without_terminator())
    if (isa<ReduceOp>(op) && cast<RankedTensorType>(op.getOperand(0).getType()).getRank() != int64_t(space.size()))
      return;
  // groups[d]: first dim of the run that d belongs to.
  SmallVector<SmallVector<unsigned>> runs;
  for (unsigned d = 0; d < space.size(); ++d) {
    bool merge = !runs.empty();
    for (Value v : values) {
      if (auto c = v.getDefiningOp<ConstantOp>(); c && cast<RankedTensorType>(c.getType()).getNumElements() == 1)
        continue;
      Extent here = extentOf(v, d, space);
      if (here == Extent::Other)
        return;
      if (!merge)
        continue;
      for (unsigned p : runs.back())
        if (!isConstant(space[p], 1) && !isConstant(space[d], 1))
          merge &= extentOf(v, p, space) == here;
    }
    for (Operation &op : body.without_terminator())
      if (merge && isa<ReduceOp>(op))
        for (unsigned p : runs.back())
          merge &= reduced(&op, p) == reduced(&op, d);
    if (merge)
      runs.back().push_back(d);
    else
      runs.push_back({d});
  }
  if (runs.size() == space.size())
    return;
  MLIRContext *ctx = kernel.getContext();
  auto collapsed = [&](Type t) {
    auto dims = dimsOf(t);
    size_t off = space.size() - dims.size();
    SmallVector<AffineExpr> out;
    for (auto &run : runs) {
      AffineExpr p = getAffineConstantExpr(1, ctx);
      for (unsigned d : run)
        if (d >= off)
          p = p * dims[d - off];
      out.push_back(p);
    }
    return tensorOf(cast<RankedTensorType>(t).getElementType(), out);
  };
  for (Value v : values) {
    if (auto c = v.getDefiningOp<ConstantOp>()) {
      auto type = RankedTensorType::get({}, cast<RankedTensorType>(c.getType()).getElementType());
      auto dense = cast<DenseElementsAttr>(c.getValue());
      c.setValueAttr(DenseElementsAttr::get(type, dense.getSplatValue<Attribute>()));
      c.getResult().setType(type);
      continue;
    }
    v.setType(collapsed(v.getType()));
  }
  for (auto reduce : body.getOps<ReduceOp>()) {
    SmallVector<int64_t> axes;
    for (auto [i, run] : llvm::enumerate(runs))
      if (llvm::any_of(run, [&](unsigned d) { return reduced(reduce, d); }))
        axes.push_back(i);
    reduce.setAxes(axes);
  }
}

SmallVector<Packing> choosePacking(func::FuncOp kernel, function_ref<bool(unsigned)> isStatic,
                                   function_ref<StringRef(unsigned)> narrowType) {
  auto strategy = kernel->getAttrOfType<StringAttr>("wick.strategy");
  if (!strategy || strategy.getValue() != "contract")
    return {};
  for (unsigned i = 0; i < kernel.getNumArguments(); ++i) {
    if (!isStatic(i))
      continue;
    std::string layout = wantedPacking(kernel, i);
    if (layout.empty())
      continue;
    kernel->setAttr("wick.packed", Builder(kernel.getContext()).getI64IntegerAttr(i));
    if (StringRef narrow = narrowType(i); layout != "depthwise" && !narrow.empty()) {
      layout += (":" + narrow).str();
      kernel->setAttr("wick.narrow", StringAttr::get(kernel.getContext(), narrow));
    }
    int64_t bytes = packedBytes(layout, cast<RankedTensorType>(kernel.getArgument(i).getType()));
    return {{i, std::move(layout), bytes}};
  }
  return {};
}

} // namespace wick::cpu
