// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Creation and folding of ops, known elements, runtime sizes. Ops whose elements
// are known are created all the same, since they may turn out to be data; finish()
// replaces those that stay alive by wick.dims and erases the rest.
//
#include "compiler/frontend/GraphBuilder.h"

#include "compiler/eval/OpEval.h"
#include "compiler/eval/SymbolicMath.h"
#include "compiler/support/Routines.h"
#include "dialects/graph/Agreements.h"
#include "dialects/graph/SizeCheck.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
namespace wick::compiler {

/// Terms (as a tree) and levels of an expression of sizes; longer ones are an error.
static constexpr unsigned maxTerms = 4000, maxTermDepth = 300;
/// Executing a fold beyond this many multiply-adds is left to the packager.
static constexpr int64_t maxFoldWork = int64_t(1) << 24;

GraphBuilder::GraphBuilder(ModuleOp module, WeightStore &weights)
    : b(module.getContext()), loc(module.getLoc()), symbols(graph::Symbols::of(module)), weights(weights),
      module(module) {
  module.getContext()
      ->loadDialect<graph::WickDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                    vector::VectorDialect>();
}

Value GraphBuilder::fail(const Twine &why) {
  if (error.empty())
    error = why.str();
  return {};
}

//===-- Attributes ---------------------------------------------------------===//

NamedAttribute GraphBuilder::intAttr(StringRef name, int64_t v) { return b.getNamedAttr(name, b.getI64IntegerAttr(v)); }
NamedAttribute GraphBuilder::intsAttr(StringRef name, ArrayRef<int64_t> v) {
  return b.getNamedAttr(name, b.getDenseI64ArrayAttr(v));
}
NamedAttribute GraphBuilder::mapAttr(StringRef name, ArrayRef<AffineExpr> v) {
  Exprs list;
  unsigned used = 0;
  for (AffineExpr e : v) {
    list.push_back(simplify(e));
    list.back().walk([&](AffineExpr s) {
      if (auto sym = dyn_cast<AffineSymbolExpr>(s))
        used = std::max(used, sym.getPosition() + 1);
    });
  }
  return b.getNamedAttr(name, AffineMapAttr::get(AffineMap::get(0, used, list, b.getContext())));
}
NamedAttribute GraphBuilder::unitAttr(StringRef name) { return b.getNamedAttr(name, b.getUnitAttr()); }
NamedAttribute GraphBuilder::doubleAttr(StringRef name, double v) { return b.getNamedAttr(name, b.getF64FloatAttr(v)); }
NamedAttribute GraphBuilder::typeAttr(StringRef name, Type v) { return b.getNamedAttr(name, TypeAttr::get(v)); }

//===-- Ops ----------------------------------------------------------------===//

bool GraphBuilder::refusesCode(const Twine &who, Type type) {
  Type elem = cast<RankedTensorType>(type).getElementType();
  if (!graph::isCoded(elem))
    return false;
  std::string text;
  llvm::raw_string_ostream(text) << who << " does not compute on " << elem << "; cast it to a wider type before";
  limit = !hasError();
  fail(text);
  return true;
}

/// The first result that no tensor can be; "" when all can.
static std::string sizeProblem(TypeRange results) {
  for (Type t : results)
    if (std::string why = graph::sizeProblem(t); !why.empty())
      return why;
  return "";
}

Value GraphBuilder::create(StringRef opName, ValueRange operands, ArrayRef<NamedAttribute> attrs) {
  for (Value v : operands)
    if (!v)
      return hasError() ? Value() : fail(opName + " lacks an operand");
  auto info = RegisteredOperationName::lookup(opName, b.getContext());
  auto *infer = info ? info->getInterface<graph::InferOpInterface>() : nullptr;
  if (!infer)
    return fail("there is no op " + opName);
  // Rules that compare exact types would fail much later and more obscurely.
  graph::InferRequest request{b.getContext(), operands.getTypes(), b.getDictionaryAttr(attrs), symbols, {}, {}};
  if (mlir::failed(infer->inferTypes(request)))
    return fail(request.error);
  if (std::string why = sizeProblem(request.results); !why.empty())
    return fail(opName + ": " + why);
  if (!info->hasTrait<graph::TakesCodes>()) {
    auto refuses = [&](Type t) { return refusesCode(opName, t); };
    if (llvm::any_of(operands.getTypes(), refuses) || llvm::any_of(request.results, refuses))
      return {};
  }
  OperationState state(loc, *info);
  state.addOperands(operands);
  state.addAttributes(attrs);
  state.addTypes(request.results);
  Operation *op = Operation::create(state);
  SmallVector<Attribute> constants(operands.size());
  SmallVector<OpFoldResult> folded;
  Value result;
  if (succeeded(op->fold(constants, folded)) && folded.size() == 1)
    result = dyn_cast_if_present<Value>(folded[0]);
  if (!result)
    result = foldConstant(op);
  if (result) {
    op->destroy();
    return result;
  }
  b.insert(op);
  learn(op);
  learnFacts(op);
  return op->getResult(0);
}

Value GraphBuilder::foldConstant(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() || !isa<graph::ElementOpInterface>(op) || type.getNumElements() > maxFolded)
    return {};
  if (auto dims = dyn_cast<graph::DimsOp>(op))
    if (!llvm::all_of(dims.getValues().getResults(), [](AffineExpr e) { return isa<AffineConstantExpr>(e); }))
      return {};
  SmallVector<TensorData> data;
  SmallVector<TensorView> views;
  int64_t read = 0;
  for (Value v : op->getOperands()) {
    if (!isConstant(v))
      return {};
    read = std::max(read, cast<RankedTensorType>(v.getType()).getNumElements());
  }
  int64_t work = type.getNumElements();
  if (isa<graph::MatmulOp, graph::ConvOp, graph::ConvTransposeOp, graph::ReduceOp, graph::ArgReduceOp, graph::PoolOp>(
          op))
    work *= std::max<int64_t>(1, read / std::max<int64_t>(1, type.getNumElements())) + 64;
  if (work > maxFoldWork || read > maxFoldWork)
    return {};
  data.reserve(op->getNumOperands());
  for (Value v : op->getOperands()) {
    auto d = dataOf(v);
    if (!d)
      return {};
    data.push_back(std::move(*d));
    views.push_back(data.back().view());
  }
  auto out = std::make_shared<std::vector<char>>(size_t(type.getNumElements()) * storageBytes(type.getElementType()));
  std::string why;
  if (mlir::failed(evaluateOp(op, views, {type.getElementType(), type.getShape(), out->data()}, why)))
    return {};
  return constant(type.getElementType(), type.getShape(), *out, out);
}

//===-- Known elements -----------------------------------------------------===//

std::vector<std::pair<int64_t, int64_t>> GraphBuilder::ranges() const {
  std::vector<std::pair<int64_t, int64_t>> out;
  for (const graph::SymbolInfo &s : symbols.all())
    out.emplace_back(s.min, s.max);
  return out;
}

/// Describes an operand to the symbolic evaluator; false when it is large data.
bool GraphBuilder::symbolic(Value v, SymTensor &out, SmallVectorImpl<SmallVector<SymValue>> &hold,
                            SmallVectorImpl<TensorData> &datas, bool &isKnown) {
  auto type = cast<RankedTensorType>(v.getType());
  if (!type.hasStaticShape() || type.getNumElements() > maxKnown)
    return false;
  out.elem = type.getElementType();
  out.shape = type.getShape();
  if (auto it = known.find(v); it != known.end()) {
    hold.push_back(it->second);
    out.values = hold.back();
    isKnown = true;
    return true;
  }
  if (auto data = dataOf(v)) {
    datas.push_back(std::move(*data));
    out.data = datas.back().bytes.data();
    return true;
  }
  hold.emplace_back(size_t(type.getNumElements())); // all unknown
  out.values = hold.back();
  return type.getNumElements() > 0;
}

void GraphBuilder::learn(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > maxKnown || !isa<graph::ElementOpInterface>(op))
    return;
  if (auto dims = dyn_cast<graph::DimsOp>(op)) {
    setKnown(dims.getResult(), dims.getValues().getResults());
    return;
  }
  SmallVector<SymTensor> inputs;
  SmallVector<SmallVector<SymValue>> hold;
  SmallVector<TensorData> datas;
  hold.reserve(op->getNumOperands()), datas.reserve(op->getNumOperands());
  bool isKnown = false;
  for (Value v : op->getOperands())
    if (!symbolic(v, inputs.emplace_back(), hold, datas, isKnown))
      return;
  if (!isKnown)
    return;
  auto bounds = ranges();
  SymbolicOptions options;
  options.context = b.getContext();
  options.ranges = bounds;
  options.partial = true;
  options.undecidedMinMax = [&](bool isMax, AffineExpr x, AffineExpr y) {
    return isMax ? symbols.max(x, y) : symbols.min(x, y);
  };
  SmallVector<SymValue> values;
  std::string why;
  if (mlir::failed(evaluateSymbolic(op, inputs, type.getShape(), options, values, why)))
    return;
  if (llvm::any_of(values, [](const SymValue &v) { return v.isKnown(); }))
    known[op->getResult(0)] = std::move(values);
}

void GraphBuilder::setKnown(Value v, ArrayRef<AffineExpr> elements) {
  SmallVector<SymValue> list;
  for (AffineExpr e : elements)
    list.push_back(e ? SymValue::integer(simplify(e)) : SymValue());
  known[v] = std::move(list);
}

std::optional<Exprs> GraphBuilder::elementsOf(Value v) {
  if (!v || !isa<IntegerType>(elem(v)))
    return std::nullopt;
  if (auto it = known.find(v); it != known.end()) {
    Exprs out;
    for (const SymValue &s : it->second)
      out.push_back(s.kind == SymValue::Kind::Int ? s.expr : AffineExpr());
    return out;
  }
  auto type = cast<RankedTensorType>(v.getType());
  if (!type.hasStaticShape() || type.getNumElements() > maxKnown)
    return std::nullopt;
  if (auto ints = intsOf(v))
    return exprs(*ints);
  return std::nullopt;
}

AffineExpr GraphBuilder::sizeOf(Value v, int64_t index, int64_t min, int64_t max) {
  auto type = v ? cast<RankedTensorType>(v.getType()) : RankedTensorType();
  if (!type || !type.hasStaticShape() || index >= type.getNumElements()) {
    fail("element " + Twine(index) + " is no size: the tensor is of an open size, or has fewer elements");
    return expr(1);
  }
  if (auto e = elementsOf(v); e && (*e)[index])
    return (*e)[index];
  auto &slot = sizes[{v, index}];
  if (slot)
    return slot;
  slot = symbols.runtime(min, max);
  // Right behind the value, so that it dominates every use of the symbol.
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfterValue(v);
  graph::SizeOfOp::create(b, loc, v, index, cast<AffineSymbolExpr>(slot).getPosition());
  if (auto it = known.find(v); it != known.end()) {
    it->second[index] = SymValue::integer(slot);
  } else {
    SmallVector<SymValue> list(type.getNumElements());
    list[index] = SymValue::integer(slot);
    known[v] = std::move(list);
  }
  return slot;
}

std::optional<Exprs> GraphBuilder::shapeFrom(Value v, int64_t min, int64_t max) {
  auto type = v ? cast<RankedTensorType>(v.getType()) : RankedTensorType();
  if (!type || !type.hasStaticShape() || !isa<IntegerType>(type.getElementType()) || type.getNumElements() > maxKnown) {
    if (v)
      fail("a tensor that holds a shape has no constant length");
    return std::nullopt;
  }
  Exprs out;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    out.push_back(sizeOf(v, i, min, max));
  return out;
}

Value GraphBuilder::dimsValue(ArrayRef<AffineExpr> values) {
  return create<graph::DimsOp>({}, {mapAttr("values", values)});
}
Value GraphBuilder::dimScalar(AffineExpr value) { return reshape(dimsValue({value}), ArrayRef<int64_t>()); }

//===-- Facts about dims ---------------------------------------------------===//

void GraphBuilder::checkEqual(AffineExpr x, AffineExpr y, const Twine &otherwise) {
  if (graph::provablyEqual(x, y))
    return;
  if (Value same = create<graph::EqualOp>({dimScalar(x), dimScalar(y)}))
    graph::AssertOp::create(b, loc, same, otherwise.str());
}

void GraphBuilder::mustEqual(AffineExpr x, AffineExpr y) {
  if (!isa_and_nonnull<func::FuncOp>(b.getInsertionBlock()->getParentOp()))
    return; // a branch or loop may never run
  auto nameOf = [&](AffineExpr e) -> StringRef {
    auto s = dyn_cast<AffineSymbolExpr>(e);
    return s && symbols[s.getPosition()].kind == graph::SymbolInfo::Kind::Named
               ? StringRef(symbols[s.getPosition()].name)
               : "";
  };
  x = simplify(x), y = simplify(y);
  if (graph::provablyEqual(x, y))
    return;
  auto note = [&](AffineExpr e, int64_t value) {
    // s * c == value
    int64_t factor = 1;
    if (auto mul = dyn_cast<AffineBinaryOpExpr>(e); mul && mul.getKind() == AffineExprKind::Mul)
      if (auto c = dyn_cast<AffineConstantExpr>(mul.getRHS()))
        factor = c.getValue(), e = mul.getLHS();
    if (!nameOf(e).empty() && factor > 0 && value % factor == 0)
      facts.push_back({nameOf(e).str(), "", value / factor, loc});
  };
  if (auto c = graph::constantOf(y))
    note(x, *c);
  else if (auto c = graph::constantOf(x))
    note(y, *c);
  else if (!nameOf(x).empty() && !nameOf(y).empty())
    facts.push_back({nameOf(y).str(), nameOf(x).str(), 0, loc});
}

/// Where two sizes must be equal the dim of the first operand gives both its name. Numbers of
/// elements say something about a dim only when one is a constant.
void GraphBuilder::learnFacts(Operation *op) {
  graph::forEachAgreement(op, [&](const graph::SizeAgreement &a, const Twine &) {
    if (a.rule != graph::SizeRule::Equal ||
        (a.dim == graph::SizeAgreement::whole && !graph::constantOf(a.size) && !graph::constantOf(a.otherSize)))
      return;
    bool isFirst = a.operand < a.other;
    mustEqual(isFirst ? a.size : a.otherSize, isFirst ? a.otherSize : a.size);
  });
}

//===-- Shape algebra ------------------------------------------------------===//

/// Counts the terms of an expression as a tree, up to `left`; false when there are more, or too many levels.
static bool fits(AffineExpr e, unsigned &left, unsigned depth) {
  if (left == 0 || depth == 0)
    return false;
  --left;
  auto binary = dyn_cast<AffineBinaryOpExpr>(e);
  return !binary || (fits(binary.getLHS(), left, depth - 1) && fits(binary.getRHS(), left, depth - 1));
}

/// `e`, unless it is too long.
static AffineExpr bounded(GraphBuilder &g, AffineExpr e) {
  unsigned left = maxTerms;
  if (fits(e, left, maxTermDepth))
    return e;
  g.fail("an expression of sizes has more than " + Twine(maxTerms) + " terms, or is nested more than " +
         Twine(maxTermDepth) + " deep");
  return g.expr(1);
}

AffineExpr GraphBuilder::simplify(AffineExpr e) {
  if (isa<AffineConstantExpr, AffineSymbolExpr>(e))
    return e;
  auto r = ranges();
  return bounded(*this, ShapeMath(b.getContext(), r).simplify(e));
}
AffineExpr GraphBuilder::floorDiv(AffineExpr a, AffineExpr by) {
  if (graph::isConstant(by, 0))
    return fail("a size is divided by zero"), expr(0);
  auto r = ranges();
  return bounded(*this, ShapeMath(b.getContext(), r).floorDiv(a, by));
}
AffineExpr GraphBuilder::ceilDiv(AffineExpr a, AffineExpr by) {
  if (graph::isConstant(by, 0))
    return fail("a size is divided by zero"), expr(0);
  auto r = ranges();
  return bounded(*this, ShapeMath(b.getContext(), r).ceilDiv(a, by));
}
AffineExpr GraphBuilder::exactQuotient(AffineExpr a, AffineExpr by) {
  auto r = ranges();
  return ShapeMath(b.getContext(), r).exactQuotient(a, by);
}
AffineExpr GraphBuilder::clamp(AffineExpr v, AffineExpr lo, AffineExpr hi) {
  return simplify(symbols.min(symbols.max(simplify(v), simplify(lo)), simplify(hi)));
}
Exprs GraphBuilder::exprs(ArrayRef<int64_t> v) {
  Exprs out;
  for (int64_t i : v)
    out.push_back(expr(i));
  return out;
}
AffineExpr GraphBuilder::count(ArrayRef<AffineExpr> dims) {
  AffineExpr p = expr(1);
  for (AffineExpr d : dims)
    p = p * d;
  return simplify(p);
}
AffineExpr GraphBuilder::count(Value v) { return count(dims(v)); }

//===-- Routines -----------------------------------------------------------===//

AffineExpr GraphBuilder::doubleArg(double v) { return expr(std::bit_cast<int64_t>(v)); }

SmallVector<Value> GraphBuilder::routine(StringRef name, ValueRange operands, TypeRange results,
                                         ArrayRef<AffineExpr> args, AffineExpr units, AffineExpr scratch) {
  if (hasError() || !llvm::all_of(operands, [](Value v) { return !!v; })) {
    fail("routine " + name + " lacks an operand");
    return SmallVector<Value>(results.size());
  }
  if (std::string why = sizeProblem(results); !why.empty()) {
    fail("routine " + name + ": " + why);
    return SmallVector<Value>(results.size());
  }
  // Routines that only move elements take codes as bytes.
  const Routine *known = findRoutine(name);
  assert(known && "no such routine");
  if (!known->moves(args))
    for (Value v : operands)
      if (refusesCode("routine " + name, v.getType()))
        return SmallVector<Value>(results.size());
  OperationState state(loc, graph::RoutineOp::getOperationName());
  state.addOperands(operands);
  state.addTypes(results);
  state.addAttribute("name", b.getStringAttr(name));
  state.addAttributes({mapAttr("args", args), mapAttr("units", {units}), mapAttr("scratch", {scratch})});
  return SmallVector<Value>(b.create(state)->getResults());
}

//===-- The end ------------------------------------------------------------===//

/// Puts wick.dims in the place of a value whose elements are all expressions.
void GraphBuilder::materialize(Value v, ArrayRef<SymValue> list) {
  Operation *op = v.getDefiningOp();
  auto type = cast<RankedTensorType>(v.getType());
  if (!op || list.size() > 16 || !isa<IntegerType>(type.getElementType()) || isa<graph::DimsOp>(op))
    return;
  // A cheap move of wick.dims is left as it is; wick.size_of of the value itself
  // defines symbols that the new value would use before.
  if (isa<graph::ReshapeOp, graph::CastOp>(op) && op->getOperand(0).getDefiningOp<graph::DimsOp>())
    return;
  if (llvm::any_of(v.getUsers(), [](Operation *user) { return isa<graph::SizeOfOp>(user); }))
    return;
  Exprs values;
  for (const SymValue &s : list) {
    if (s.kind != SymValue::Kind::Int)
      return;
    values.push_back(s.expr);
  }
  b.setInsertionPoint(op);
  loc = op->getLoc();
  Value made = dimsValue(values);
  if (type.getElementType() != b.getI64Type())
    made = castTo(made, type.getElementType());
  made = made ? reshape(made, exprs(type.getShape())) : made;
  if (made && made.getType() == type)
    v.replaceAllUsesWith(made);
  error.clear(); // at worst the op itself stays, which does as well
}

static bool isDead(Operation *op) {
  return op->use_empty() && !op->hasTrait<OpTrait::IsTerminator>() &&
         (mlir::isMemoryEffectFree(op) || isa<graph::RoutineOp, graph::IfOp, graph::LoopOp>(op));
}

static void eraseDead(Region &region) {
  for (Block &block : region)
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      if (isDead(&op)) {
        op.erase();
        continue;
      }
      for (Region &inner : op.getRegions())
        eraseDead(inner);
    }
}

GraphBuilder::Snapshot GraphBuilder::snapshot() const {
  Block *block = b.getInsertionBlock();
  return {block, block->empty() ? nullptr : &block->back(), b.saveInsertionPoint(), facts.size(), symbols, known,
          sizes};
}

void GraphBuilder::undo(const Snapshot &s) {
  while (!s.block->empty() && &s.block->back() != s.last) {
    s.block->back().dropAllUses();
    s.block->back().erase();
  }
  // Sizes may have been read from older values.
  SmallVector<Operation *> reads;
  module.walk([&](graph::SizeOfOp op) {
    if (op.getSymbol() >= s.symbols.all().size())
      reads.push_back(op);
  });
  for (Operation *op : reads)
    op->erase();
  symbols = s.symbols, known = s.known, sizes = s.sizes;
  facts.resize(s.facts, {{}, {}, 0, loc});
  b.restoreInsertionPoint(s.point);
  error.clear();
}

void GraphBuilder::erase(Operation *op) {
  op->walk([&](Operation *inner) {
    for (Value v : inner->getResults()) {
      known.erase(v);
      for (int64_t i = 0; i < maxKnown && sizes.erase({v, i}); ++i)
        ;
    }
  });
  op->erase();
}

void GraphBuilder::finish() {
  for (auto fn : module.getOps<func::FuncOp>())
    eraseDead(fn.getBody());
  SmallVector<std::pair<Value, SmallVector<SymValue>>> left;
  module.walk([&](Operation *op) {
    for (Value v : op->getResults())
      if (auto it = known.find(v); it != known.end())
        left.emplace_back(v, it->second);
  });
  // Values of erased ops are keys no more: new ops may get their addresses.
  known.clear(), sizes.clear();
  for (auto &[v, list] : left)
    materialize(v, list);
  for (auto fn : module.getOps<func::FuncOp>())
    eraseDead(fn.getBody());
  symbols.saveTo(module);
}

} // namespace wick::compiler
