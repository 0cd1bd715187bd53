// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Choosing layouts is a minimum cut. Every op that works in either layout, and
// is connected to a convolution or pool, is a node; yes means channels-last.
// Convolutions and pools are yes; ops that know only the graph's own order are
// no, like the function's arguments. A value whose producer and readers disagree
// costs one transpose of its bytes, paid once for all readers; a transpose that
// the model has costs what remains of it in the layouts chosen. Tensors whose
// permuted dims have size 1 cost next to nothing, so squeeze-and-excite blocks
// never hold a cut.
//
#include "passes/graph/LayoutPlan.h"
#include "passes/graph/MinCut.h"

#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
namespace wick::graph {

SmallVector<int64_t> toLast(int64_t rank) {
  SmallVector<int64_t> perm{0};
  for (int64_t i = 2; i < rank; ++i)
    perm.push_back(i);
  perm.push_back(1);
  return perm;
}
SmallVector<int64_t> fromLast(int64_t rank) {
  SmallVector<int64_t> perm{0, rank - 1};
  for (int64_t i = 1; i + 1 < rank; ++i)
    perm.push_back(i);
  return perm;
}

SmallVector<int64_t> storedPerm(ArrayRef<int64_t> perm, bool fromIsLast, bool toIsLast) {
  SmallVector<int64_t> out, order = toLast(perm.size()), where = fromLast(perm.size());
  for (size_t k = 0; k < perm.size(); ++k) {
    int64_t dim = perm[toIsLast ? order[k] : k];
    out.push_back(fromIsLast ? where[dim] : dim);
  }
  return out;
}

bool movesData(ArrayRef<AffineExpr> dims, ArrayRef<int64_t> perm) {
  int64_t before = -1;
  for (int64_t p : perm) {
    if (isConstant(dims[p], 1))
      continue;
    if (p < before)
      return true;
    before = p;
  }
  return false;
}

namespace {

enum class Role { Fixed, Window, Flexible, Transpose };

bool hasLayout(Value v) {
  auto t = dyn_cast<RankedTensorType>(v.getType());
  return t && t.getRank() >= 3;
}

Role roleOf(Operation *op) {
  if (op->getNumResults() != 1 || !hasLayout(op->getResult(0)))
    return Role::Fixed;
  if (auto pool = dyn_cast<PoolOp>(op))
    return pool.getKind() == PoolKind::ArgMax || pool.getChannelsLast() ? Role::Fixed : Role::Window;
  if (isa<ConvOp, ConvTransposeOp>(op))
    return op->hasAttr("channels_last") ? Role::Fixed : Role::Window;
  if (isa<TransposeOp>(op))
    return Role::Transpose;
  int64_t rank = rankOf(op->getResult(0));
  if (auto r = dyn_cast<ReshapeOp>(op)) {
    // Batch and channels stay, only what follows is regrouped.
    auto from = dimsOf(r.getX()), to = dimsOf(r.getType());
    bool keeps = from.size() >= 3 && provablyEqual(from[0], to[0]) && provablyEqual(from[1], to[1]);
    return keeps ? Role::Flexible : Role::Fixed;
  }
  if (auto g = dyn_cast<GatherOp>(op))
    return rankOf(g.getIndices()) == 1 && rankOf(g.getX()) == rank ? Role::Flexible : Role::Fixed;
  if (isa<ConcatOp, SliceOp, PadOp, ReduceOp, ArgReduceOp, UpsampleOp, TileOp, ExpandOp, GatherElementsOp>(op) ||
      isa<ScalarOpInterface>(op))
    return Role::Flexible;
  return Role::Fixed;
}

/// Elements to expect where a dim is not known: enough to matter, so that
/// transposes of dynamic tensors are avoided like those of static ones.
double guess(AffineExpr e, const Symbols &symbols) {
  if (auto c = constantOf(e))
    return *c;
  auto [lo, hi] = symbols.range(e);
  return std::clamp<double>(64, lo, hi);
}

class Network {
public:
  explicit Network(ModuleOp root) : symbols(Symbols::of(root)) {
    root.walk<WalkOrder::PreOrder>([&](Operation *op) { classify(op); });
    findRegions();
    for (auto &[op, role] : roles)
      if (regionsWithWindow.contains(regionOf(op)))
        addOp(op, role);
    root.walk<WalkOrder::PreOrder>([&](Operation *op) {
      for (Value v : op->getResults())
        addValue(v);
      for (Region &r : op->getRegions())
        for (Block &block : r)
          for (Value v : block.getArguments())
            addValue(v);
    });
  }

  DenseSet<Operation *> solve() {
    auto yes = cut.solve();
    DenseSet<Operation *> out;
    for (auto [op, n] : nodes)
      if (yes[n])
        out.insert(op);
    return out;
  }

private:
  //===-- Regions ----------------------------------------------------------===//

  void classify(Operation *op) {
    // What depends on constants alone is evaluated before any run.
    bool weights =
        isa<ConstantOp, WeightOp>(op) ||
        (isa<InferOpInterface>(op) && op->getNumOperands() && tensorType(op->getResult(0)).hasStaticShape() &&
         llvm::all_of(op->getOperands(), [&](Value v) { return free.contains(v); }));
    if (weights)
      free.insert(op->getResult(0));
    Role role = weights ? Role::Fixed : roleOf(op);
    if (role != Role::Fixed)
      roles[op] = role;
  }

  /// Ops that pass a layout on to each other form a region; a transpose belongs
  /// to that of its readers. Only regions with a convolution or pool have a
  /// choice: a transformer keeps its transposes where the model has them.
  void findRegions() {
    llvm::EquivalenceClasses<Operation *> classes;
    for (auto &[op, role] : roles) {
      classes.insert(op);
      if (role == Role::Transpose)
        continue;
      for (OpOperand &use : op->getOpOperands())
        if (Operation *def = use.get().getDefiningOp();
            def && roles.contains(def) && LayoutPlan::demandOf(use) == Demand::Same)
          classes.unionSets(op, def);
    }
    for (auto &[op, role] : roles) {
      leader[op] = classes.getLeaderValue(op);
      if (role == Role::Window)
        regionsWithWindow.insert(leader[op]);
    }
  }
  Operation *regionOf(Operation *op) const { return leader.lookup(op); }

  //===-- Costs ------------------------------------------------------------===//

  /// Cost of a transpose of `v` (as the graph has it) by `perm`. One byte
  /// counts 16, so that the constants only break ties.
  int64_t cost(Value v, ArrayRef<int64_t> perm) {
    auto dims = dimsOf(v);
    if (!movesData(dims, perm))
      return 1;
    double bytes = std::max(1u, elementOf(v).getIntOrFloatBitWidth() / 8);
    for (AffineExpr d : dims)
      bytes *= guess(d, symbols);
    return 2 + int64_t(std::min(bytes, 1e12) * 16);
  }

  /// What remains of a transpose of the model between stored layouts.
  int64_t remaining(TransposeOp t, bool fromIsLast, bool toIsLast) {
    auto perm = storedPerm(t.getPerm(), fromIsLast, toIsLast);
    SmallVector<AffineExpr> dims = dimsOf(t.getX()), stored;
    for (int64_t d : toLast(dims.size()))
      stored.push_back(dims[d]);
    if (!movesData(fromIsLast ? stored : dims, perm))
      return 0;
    return cost(t.getX(), toLast(dims.size())) + 2;
  }

  /// The order that an operand of lower rank is brought into, on its own dims.
  static SmallVector<int64_t> lowerPerm(OpOperand &use) {
    int64_t rank = rankOf(use.getOwner()->getResult(0)), own = rankOf(use.get());
    SmallVector<int64_t> perm;
    for (int64_t d : toLast(rank))
      if (d >= rank - own)
        perm.push_back(d - (rank - own));
    return perm;
  }

  //===-- Nodes and edges --------------------------------------------------===//

  void addOp(Operation *op, Role role) {
    unsigned n = nodes[op] = cut.addNode();
    if (role == Role::Window)
      cut.addEdge(MinCut::Yes, n, MinCut::Infinite);
    if (isa<UpsampleOp, GatherOp>(op)) // takes whole vectors when channels come last
      cut.addEdge(MinCut::Yes, n, cost(op->getResult(0), toLast(rankOf(op->getResult(0)))) / 2);
    if (role == Role::Transpose)
      return;
    for (OpOperand &use : op->getOpOperands())
      if (!free.contains(use.get()) && LayoutPlan::demandOf(use) == Demand::Lower)
        cut.addEdge(n, MinCut::No, cost(use.get(), lowerPerm(use)));
  }

  /// The transposes of the model. Where one side has no choice, the cost of the
  /// other's is exact. With a choice on both sides the four costs are no cut
  /// cost in general: the side that a channels-last layout frees of the
  /// transpose is charged for not taking it, the other for taking it.
  void addTranspose(TransposeOp t, unsigned from) {
    unsigned to = nodeOf(t);
    auto price = [&](bool f, bool l) { return remaining(t, f, l); };
    auto charge = [&](unsigned node, int64_t no, int64_t yes) {
      int64_t least = std::min(no, yes);
      cut.addEdge(MinCut::Yes, node, no - least);
      cut.addEdge(node, MinCut::No, yes - least);
    };
    if (from == MinCut::No)
      return charge(to, price(false, false), price(false, true));
    if (to == MinCut::No)
      return charge(from, price(false, false), price(true, false));
    if (price(false, true) < price(false, false)) { // was channels-last before
      charge(to, price(false, false), price(false, true));
      charge(from, price(false, true), price(true, true));
    } else {
      charge(to, price(true, false), price(true, true));
      charge(from, price(false, false), price(true, false));
    }
  }

  void addValue(Value v) {
    if (!hasLayout(v) || free.contains(v))
      return;
    unsigned from = nodeOf(v.getDefiningOp());
    llvm::SmallSetVector<unsigned, 4> readers;
    for (OpOperand &use : v.getUses()) {
      Operation *op = use.getOwner();
      unsigned n = nodeOf(op);
      if (auto t = dyn_cast<TransposeOp>(op)) {
        if (from != MinCut::No || n != MinCut::No)
          addTranspose(t, from);
        continue;
      }
      bool follows = n != MinCut::No && LayoutPlan::demandOf(use) == Demand::Same;
      readers.insert(follows ? n : unsigned(MinCut::No));
    }
    readers.remove(from);
    if (readers.empty())
      return;
    int64_t price = cost(v, toLast(rankOf(v)));
    // Between a contraction and its epilogue a transpose also prevents fusion.
    if (isa_and_nonnull<ConvOp, ConvTransposeOp>(v.getDefiningOp()))
      price += 1;
    if (readers.size() == 1) {
      cut.addEdge(from, readers[0], price);
      cut.addEdge(readers[0], from, price);
      return;
    }
    // One transpose serves all readers that disagree: `some` is yes when any
    // reader is, `all` is no when any reader is.
    unsigned some = cut.addNode(), all = cut.addNode();
    cut.addEdge(some, from, price);
    cut.addEdge(from, all, price);
    for (unsigned r : readers) {
      cut.addEdge(r, some, MinCut::Infinite);
      cut.addEdge(all, r, MinCut::Infinite);
    }
  }

  unsigned nodeOf(Operation *op) const {
    auto it = nodes.find(op);
    return it == nodes.end() ? unsigned(MinCut::No) : it->second;
  }

  Symbols symbols;
  MinCut cut;
  llvm::MapVector<Operation *, Role> roles; ///< of ops that are not fixed
  DenseMap<Operation *, Operation *> leader;
  DenseSet<Operation *> regionsWithWindow;
  llvm::MapVector<Operation *, unsigned> nodes;
  DenseSet<Value> free; ///< values that are known before a run
};

} // namespace

Demand LayoutPlan::demandOf(OpOperand &use) {
  Operation *op = use.getOwner();
  unsigned k = use.getOperandNumber();
  if (isa<ConvOp, ConvTransposeOp>(op))
    return k == 0 ? Demand::Same : Demand::Weights;
  if (isa<PadOp, GatherOp>(op) && k > 0)
    return Demand::Plain;
  if (isa<ReshapeOp>(op))
    return Demand::Same;
  int64_t rank = rankOf(op->getResult(0)), own = rankOf(use.get());
  if (own == rank)
    return Demand::Same;
  return isSingle(use.get()) ? Demand::Plain : Demand::Lower;
}

LayoutPlan::LayoutPlan(ModuleOp root) : last(Network(root).solve()) {}

} // namespace wick::graph
