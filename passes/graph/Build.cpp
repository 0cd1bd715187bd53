// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Implementation of the helpers that passes build graph ops with.
//
#include "passes/graph/Build.h"

#include "dialects/graph/Marks.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
namespace wick::graph {

FailureOr<SmallVector<Type>> inferResults(OperationName name, Block *block, ValueRange operands, DictionaryAttr attrs,
                                          std::string *why) {
  auto *rule = name.getInterface<InferOpInterface>();
  if (!rule)
    return failure();
  Operation *parent = block->getParentOp();
  auto module = dyn_cast<ModuleOp>(parent);
  if (!module)
    module = parent->getParentOfType<ModuleOp>();
  Symbols symbols = Symbols::of(module);
  size_t before = symbols.all().size();
  SmallVector<Type> types(operands.getTypes());
  InferRequest request{name.getContext(), types, attrs, symbols, {}, {}};
  if (failed(rule->inferTypes(request))) {
    if (why)
      *why = request.error;
    return failure();
  }
  if (symbols.all().size() != before)
    symbols.saveTo(module);
  return request.results;
}

AffineMapAttr mapOf(MLIRContext *ctx, ArrayRef<AffineExpr> exprs) {
  unsigned symbols = 0;
  SmallVector<AffineExpr> simple;
  for (AffineExpr e : exprs) {
    simple.push_back(simplify(e));
    e.walk([&](AffineExpr part) {
      if (auto s = dyn_cast<AffineSymbolExpr>(part))
        symbols = std::max(symbols, s.getPosition() + 1);
    });
  }
  return AffineMapAttr::get(AffineMap::get(0, symbols, simple, ctx));
}

static bool sameDims(ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b) {
  return a.size() == b.size() && llvm::all_of_zip(a, b, provablyEqual);
}

Value reshapeTo(OpBuilder &b, Location loc, Value x, ArrayRef<AffineExpr> dims) {
  if (sameDims(dimsOf(x), dims))
    return x;
  return ReshapeOp::create(b, loc, tensorOf(elementOf(x), dims), x, mapOf(b.getContext(), dims));
}

Value transposeBy(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> perm) {
  SmallVector<AffineExpr> dims, old = dimsOf(x);
  bool identity = true;
  for (auto [i, p] : llvm::enumerate(perm)) {
    dims.push_back(old[p]);
    identity &= p == int64_t(i);
  }
  if (identity)
    return x;
  return TransposeOp::create(b, loc, tensorOf(elementOf(x), dims), x, perm);
}

Value scalarConstant(OpBuilder &b, Location loc, Type elem, double value) {
  auto type = RankedTensorType::get({}, elem);
  Attribute v;
  if (auto f = dyn_cast<FloatType>(elem))
    v = b.getFloatAttr(f, value);
  else
    v = IntegerAttr::get(elem, APInt(elem.getIntOrFloatBitWidth(), uint64_t(int64_t(value)), true, true));
  return ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, ArrayRef(v)));
}

/// `seen` holds ops found to be weight-like (or being looked at): shared operands
/// are walked once.
static bool isWeightLike(Value v, llvm::SmallPtrSetImpl<Operation *> &seen) {
  Operation *op = v.getDefiningOp();
  if (!op || seen.size() > 256)
    return false;
  if (isa<ConstantOp, WeightOp>(op) || seen.contains(op))
    return true;
  if (op->hasAttr(unfoldedAttr))
    return false;
  auto type = dyn_cast<RankedTensorType>(v.getType());
  if (!type || !type.hasStaticShape() || !isa<InferOpInterface>(op) || op->getNumOperands() == 0)
    return false;
  seen.insert(op);
  return llvm::all_of(op->getOperands(), [&](Value x) { return isWeightLike(x, seen); });
}
bool isWeightLike(Value v) {
  llvm::SmallPtrSet<Operation *, 16> seen;
  return isWeightLike(v, seen);
}

std::optional<double> splatOf(Value v) {
  auto op = v.getDefiningOp<ConstantOp>();
  auto dense = op ? dyn_cast<DenseElementsAttr>(op.getValue()) : nullptr;
  if (!dense || dense.empty() || !dense.isSplat())
    return std::nullopt;
  if (isa<FloatType>(dense.getElementType())) {
    APFloat f = dense.getSplatValue<APFloat>();
    bool lost;
    f.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    return f.convertToDouble();
  }
  if (auto i = dyn_cast<IntegerType>(dense.getElementType())) {
    APInt bits = dense.getSplatValue<APInt>();
    bool uns = i.isUnsigned() || i.getWidth() == 1;
    return bits.roundToDouble(!uns);
  }
  return std::nullopt;
}

bool isSingle(Value v) {
  return llvm::all_of(dimsOf(v), [](AffineExpr d) { return isConstant(d, 1); });
}

std::optional<SmallVector<DimGroup>> groupDims(ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to, MLIRContext *ctx) {
  SmallVector<DimGroup> groups;
  unsigned i = 0, j = 0;
  // Takes from whichever side is smaller; where sizes are symbols, looks for
  // the shortest continuation of one side that meets the other.
  while (i < from.size() && j < to.size()) {
    DimGroup g{i, i + 1, j, j + 1};
    AffineExpr a = from[i], b = to[j];
    while (!provablyEqual(a, b)) {
      auto ca = constantOf(a), cb = constantOf(b);
      bool takeFrom;
      if (ca && cb)
        takeFrom = *ca < *cb;
      else {
        takeFrom = false;
        AffineExpr longer = a;
        for (unsigned k = g.fromEnd; k < from.size() && !takeFrom; ++k) {
          longer = simplify(longer * from[k]);
          takeFrom = provablyEqual(longer, b);
        }
        if (!takeFrom && ca && g.fromEnd < from.size() && g.toEnd == to.size())
          takeFrom = true;
      }
      if (takeFrom ? g.fromEnd == from.size() : g.toEnd == to.size())
        return std::nullopt;
      if (takeFrom)
        a = simplify(a * from[g.fromEnd++]);
      else
        b = simplify(b * to[g.toEnd++]);
    }
    i = g.fromEnd, j = g.toEnd;
    groups.push_back(g);
    // Dims of size 1 that follow on one side only.
    while (i < from.size() && isConstant(from[i], 1) && (j == to.size() || !isConstant(to[j], 1)))
      groups.back().fromEnd = ++i;
    while (j < to.size() && isConstant(to[j], 1) && (i == from.size() || !isConstant(from[i], 1)))
      groups.back().toEnd = ++j;
  }
  if (i != from.size() || j != to.size())
    return std::nullopt;
  return groups;
}

} // namespace wick::graph
