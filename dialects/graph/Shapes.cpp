// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Symbolic dims on top of MLIR's affine expressions: they are uniqued,
// simplified, printed and serialized already, which is why the dialect has no
// expression type of its own.
//
#include "dialects/graph/SizeCheck.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
namespace wick::graph {

static unsigned symbolsUsed(AffineExpr e) {
  unsigned n = 0;
  e.walk([&](AffineExpr s) {
    if (auto sym = dyn_cast<AffineSymbolExpr>(s))
      n = std::max(n, sym.getPosition() + 1);
  });
  return n;
}

AffineExpr simplify(AffineExpr e) { return simplifyAffineExpr(e, 0, symbolsUsed(e)); }

SmallVector<AffineExpr> dimsOf(Type type) {
  auto t = cast<RankedTensorType>(type);
  SmallVector<AffineExpr> dims;
  if (auto map = dyn_cast_or_null<AffineMapAttr>(t.getEncoding())) {
    llvm::append_range(dims, map.getValue().getResults());
    return dims;
  }
  for (int64_t d : t.getShape())
    dims.push_back(getAffineConstantExpr(d, t.getContext()));
  return dims;
}

AffineExpr dimOf(Type type, unsigned dim) { return dimsOf(type)[dim]; }

/// Whether a tensor can be of these sizes, kDynamic ones left out.
static bool isPossible(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t d : shape) {
    if (d == ShapedType::kDynamic)
      continue;
    if (d < 0 || d > maxElements || (d > 0 && count > maxElements / d))
      return false;
    count *= std::max<int64_t>(d, 1); // a zero elsewhere does not excuse a size that overflows
  }
  return true;
}

RankedTensorType tensorOf(Type elem, ArrayRef<AffineExpr> dims) {
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> exprs;
  unsigned symbols = 0;
  bool dynamic = false;
  for (AffineExpr d : dims) {
    AffineExpr s = simplify(d);
    exprs.push_back(s);
    symbols = std::max(symbols, symbolsUsed(s));
    auto c = dyn_cast<AffineConstantExpr>(s);
    shape.push_back(c ? c.getValue() : ShapedType::kDynamic);
    dynamic |= !c || c.getValue() == ShapedType::kDynamic;
  }
  if (!isPossible(shape)) {
    shape.assign(dims.size(), ShapedType::kDynamic);
    dynamic = true;
  }
  if (!dynamic)
    return RankedTensorType::get(shape, elem);
  auto map = AffineMap::get(0, symbols, exprs, elem.getContext());
  return RankedTensorType::get(shape, elem, AffineMapAttr::get(map));
}

std::string sizeProblem(Type type) {
  auto t = cast<RankedTensorType>(type);
  auto map = dyn_cast_or_null<AffineMapAttr>(t.getEncoding());
  bool isImpossible = false;
  std::string text;
  llvm::raw_string_ostream os(text);
  for (auto [i, e] : llvm::enumerate(map ? map.getValue().getResults() : ArrayRef<AffineExpr>())) {
    auto c = dyn_cast<AffineConstantExpr>(e);
    if (c && c.getValue() < 0)
      return "a dim would have the size " + std::to_string(c.getValue());
    isImpossible |= c && t.isDynamicDim(i); // tensorOf gives constants their place in the shape
    os << (i ? "x" : "") << e;
  }
  return isImpossible ? "a tensor of " + text + " would have more than 2^48 elements" : "";
}

std::optional<int64_t> constantOf(AffineExpr e) {
  if (auto c = dyn_cast<AffineConstantExpr>(simplify(e)))
    return c.getValue();
  return std::nullopt;
}
bool isConstant(AffineExpr e, int64_t value) { return constantOf(e) == value; }
bool provablyEqual(AffineExpr a, AffineExpr b) { return a == b || isConstant(a - b, 0); }

AffineExpr product(ArrayRef<AffineExpr> dims, MLIRContext *ctx) {
  AffineExpr p = getAffineConstantExpr(1, ctx);
  for (AffineExpr d : dims)
    p = p * d;
  return simplify(p);
}

//===-- Symbol table -------------------------------------------------------===//

static constexpr StringLiteral kindNames[] = {"named", "max", "min", "broadcast", "runtime"};

Symbols Symbols::of(ModuleOp module) {
  Symbols table(module.getContext());
  auto list = module->getAttrOfType<ArrayAttr>("wick.symbols");
  for (Attribute a : list ? list.getValue() : ArrayRef<Attribute>()) {
    // Entries of another form, which the check of phase graph reports, describe nothing.
    auto d = dyn_cast<DictionaryAttr>(a);
    auto kind = d ? d.getAs<StringAttr>("kind") : nullptr;
    auto min = d ? d.getAs<IntegerAttr>("min") : nullptr, max = d ? d.getAs<IntegerAttr>("max") : nullptr;
    SymbolInfo info;
    if (!kind || !min || !max) {
      table.infos.push_back(std::move(info));
      continue;
    }
    for (auto [i, name] : llvm::enumerate(kindNames))
      if (kind == name)
        info.kind = SymbolInfo::Kind(i);
    info.min = min.getInt();
    info.max = max.getInt();
    if (auto n = d.getAs<StringAttr>("name"))
      info.name = n.str();
    if (auto m = d.getAs<AffineMapAttr>("args"); m && m.getValue().getNumResults() == 2) {
      info.lhs = m.getValue().getResult(0);
      info.rhs = m.getValue().getResult(1);
    }
    table.infos.push_back(std::move(info));
  }
  return table;
}

void Symbols::saveTo(ModuleOp module) const {
  Builder b(ctx);
  SmallVector<Attribute> list;
  for (const SymbolInfo &info : infos) {
    NamedAttrList d;
    d.append("kind", b.getStringAttr(kindNames[unsigned(info.kind)]));
    d.append("min", b.getI64IntegerAttr(info.min));
    d.append("max", b.getI64IntegerAttr(info.max));
    if (!info.name.empty())
      d.append("name", b.getStringAttr(info.name));
    if (info.lhs) {
      unsigned n = std::max(symbolsUsed(info.lhs), symbolsUsed(info.rhs));
      d.append("args", AffineMapAttr::get(AffineMap::get(0, n, {info.lhs, info.rhs}, ctx)));
    }
    list.push_back(d.getDictionary(ctx));
  }
  if (!list.empty())
    module->setAttr("wick.symbols", b.getArrayAttr(list));
}

AffineExpr Symbols::named(StringRef name, int64_t min, int64_t max) {
  for (auto [k, info] : llvm::enumerate(infos))
    if (info.kind == SymbolInfo::Kind::Named && info.name == name)
      return getAffineSymbolExpr(k, ctx);
  SymbolInfo info;
  info.name = name.str(), info.min = min, info.max = max;
  infos.push_back(info);
  return getAffineSymbolExpr(infos.size() - 1, ctx);
}

AffineExpr Symbols::runtime(int64_t min, int64_t max) {
  SymbolInfo info;
  info.kind = SymbolInfo::Kind::Runtime, info.min = min, info.max = max;
  infos.push_back(info);
  return getAffineSymbolExpr(infos.size() - 1, ctx);
}

AffineExpr Symbols::derived(SymbolInfo::Kind kind, AffineExpr a, AffineExpr b, int64_t lo, int64_t hi) {
  a = simplify(a), b = simplify(b);
  for (auto [k, i] : llvm::enumerate(infos))
    if (i.kind == kind && i.lhs == a && i.rhs == b)
      return getAffineSymbolExpr(k, ctx);
  SymbolInfo info;
  info.kind = kind, info.lhs = a, info.rhs = b, info.min = lo, info.max = hi;
  infos.push_back(info);
  return getAffineSymbolExpr(infos.size() - 1, ctx);
}

AffineExpr Symbols::max(AffineExpr a, AffineExpr b) {
  auto [lo, hi] = range(simplify(a - b));
  if (lo >= 0)
    return a;
  if (hi <= 0)
    return b;
  auto ra = range(a), rb = range(b);
  return derived(SymbolInfo::Kind::Max, a, b, std::max(ra.first, rb.first), std::max(ra.second, rb.second));
}

AffineExpr Symbols::min(AffineExpr a, AffineExpr b) {
  auto [lo, hi] = range(simplify(a - b));
  if (hi <= 0)
    return a;
  if (lo >= 0)
    return b;
  auto ra = range(a), rb = range(b);
  return derived(SymbolInfo::Kind::Min, a, b, std::min(ra.first, rb.first), std::min(ra.second, rb.second));
}

AffineExpr Symbols::broadcast(AffineExpr a, AffineExpr b) {
  if (provablyEqual(a, b) || isConstant(b, 1))
    return a;
  if (isConstant(a, 1))
    return b;
  // A constant other than 1 decides: the other side is it, or 1.
  if (constantOf(a))
    return a;
  if (constantOf(b))
    return b;
  auto ra = range(a), rb = range(b);
  if (ra.first > 1)
    return a;
  if (rb.first > 1)
    return b;
  return derived(SymbolInfo::Kind::Broadcast, a, b, std::min(ra.first, rb.first), std::max(ra.second, rb.second));
}

static int64_t sat(__int128 v) { return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : int64_t(v); }
/// Bounds at the int64 limits mean "unbounded" and must stay so in sums.
static int64_t addBound(int64_t a, int64_t b, bool upper) {
  int64_t inf = upper ? INT64_MAX : INT64_MIN;
  return a == inf || b == inf ? inf : sat(__int128(a) + b);
}

std::pair<int64_t, int64_t> Symbols::range(AffineExpr e) const {
  if (auto c = dyn_cast<AffineConstantExpr>(e))
    return {c.getValue(), c.getValue()};
  if (auto s = dyn_cast<AffineSymbolExpr>(e))
    return s.getPosition() < infos.size() ? std::pair(infos[s.getPosition()].min, infos[s.getPosition()].max)
                                          : std::pair(INT64_MIN, INT64_MAX);
  auto bin = cast<AffineBinaryOpExpr>(e);
  auto l = range(bin.getLHS()), r = range(bin.getRHS());
  switch (e.getKind()) {
  case AffineExprKind::Add:
    return {addBound(l.first, r.first, false), addBound(l.second, r.second, true)};
  case AffineExprKind::Mul: {
    __int128 p[] = {__int128(l.first) * r.first, __int128(l.first) * r.second, __int128(l.second) * r.first,
                    __int128(l.second) * r.second};
    return {sat(*std::min_element(p, p + 4)), sat(*std::max_element(p, p + 4))};
  }
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv: {
    if (r.first != r.second || r.first <= 0)
      return {INT64_MIN, INT64_MAX};
    int64_t d = r.first, up = e.getKind() == AffineExprKind::CeilDiv;
    auto div = [&](int64_t v) {
      if (v == INT64_MAX || v == INT64_MIN)
        return v;
      int64_t q = v / d - (v % d < 0);
      return q + (up && v % d != 0);
    };
    return {div(l.first), div(l.second)};
  }
  case AffineExprKind::Mod:
    return {0, r.second == INT64_MAX || r.second < 1 ? INT64_MAX : r.second - 1};
  default:
    return {INT64_MIN, INT64_MAX};
  }
}

} // namespace wick::graph
