// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading and writing through chains, and the view steps with their inverses.
//
#include "compiler/frontend/torch/TensorRef.h"

using namespace mlir;
namespace wick::compiler::torch {

//===-- Space --------------------------------------------------------------===//

Tensor TensorSpace::make(Value v, Storage::Kind kind, StringRef name) {
  auto storage = std::make_shared<Storage>();
  storage->kind = kind;
  storage->name = name.str();
  storage->value = storage->original = v;
  auto view = std::make_shared<View>();
  view->storage = storage;
  return std::make_shared<TensorRef>(TensorRef{view});
}

Tensor TensorSpace::makeLazy(std::function<Value()> load, Storage::Kind kind, StringRef name) {
  Tensor t = make({}, kind, name);
  t->view->storage->load = std::move(load);
  return t;
}

Tensor TensorSpace::derive(const Tensor &of, StringRef name, View::Forward forward, View::Inverse inverse,
                           std::optional<Exprs> strides) {
  if (of->view->depth >= maxViews) {
    g.fail("a tensor is a view of more than " + Twine(maxViews) + " views");
    return make({});
  }
  auto view = std::make_shared<View>();
  view->depth = of->view->depth + 1;
  view->storage = of->view->storage;
  view->base = of->view;
  view->forward = std::move(forward);
  view->inverse = std::move(inverse);
  view->name = name.str();
  view->strides = std::move(strides);
  auto t = std::make_shared<TensorRef>(TensorRef{view, of->wrapped, of->isComplex, of->quant});
  if (of->quant && of->quant->axis >= 0)
    t->quant = nullptr; // the axis may have moved; steps that know where to put it back
  return t;
}

Value TensorSpace::valueOf(Storage &s) {
  if (!s.value && s.load) {
    s.value = s.original = s.load();
    s.load = nullptr;
  }
  return s.value;
}

/// True when `v` can be used where the builder stands.
static bool isVisible(GraphBuilder &g, Value v) {
  return v.getParentRegion()->isAncestor(g.b.getInsertionBlock()->getParent());
}

Value TensorSpace::read(const View &view) {
  if (!view.base)
    return valueOf(*view.storage);
  Value base = read(*view.base);
  if (!base)
    return {};
  if (view.made && view.from == base && view.epoch == epoch && isVisible(g, view.made))
    return view.made;
  Value made = view.forward(g, base);
  view.from = base, view.made = made, view.epoch = epoch;
  return made;
}

void TensorSpace::setValue(const std::shared_ptr<Storage> &s, Value v) {
  journal.push_back({s, valueOf(*s), s->written});
  s->value = v;
  s->written = true;
}

void TensorSpace::store(const View &view, Value v) {
  if (!view.base)
    return setValue(view.storage, v);
  Value base = read(*view.base);
  if (!v || !base)
    return setValue(view.storage, {});
  if (!view.inverse) {
    g.fail("in-place write to a tensor made by " + view.name + ", which several elements may share");
    return setValue(view.storage, {});
  }
  store(*view.base, view.inverse(g, base, v));
}

void TensorSpace::write(const Tensor &t, Value v) {
  Value old = read(t);
  if (old && v) {
    v = g.castTo(v, g.elem(old));
    if (v && v.getType() != old.getType())
      v = g.expandTo(v, g.dims(old));
  }
  store(*t->view, old ? v : Value());
}

void TensorSpace::replace(const Tensor &t, Value v) {
  if (!t->view->base) {
    setValue(t->view->storage, v);
  } else {
    t->view = make(v)->view;
  }
}

std::vector<std::shared_ptr<Storage>> TensorSpace::writtenSince(size_t mark) const {
  std::vector<std::shared_ptr<Storage>> out;
  for (size_t i = mark; i < journal.size(); ++i)
    if (!llvm::is_contained(out, journal[i].storage))
      out.push_back(journal[i].storage);
  return out;
}

void TensorSpace::rollback(size_t mark) {
  for (; journal.size() > mark; journal.pop_back()) {
    journal.back().storage->value = journal.back().before;
    journal.back().storage->written = journal.back().wasWritten;
  }
  ++epoch;
}

//===-- Strides ------------------------------------------------------------===//

Exprs contiguousStrides(GraphBuilder &g, ArrayRef<AffineExpr> dims) {
  Exprs out(dims.size());
  AffineExpr next = g.expr(1);
  for (size_t i = dims.size(); i-- > 0;) {
    out[i] = next;
    next = g.simplify(next * dims[i]);
  }
  return out;
}

/// Dims of size 1 may have any stride.
static bool isRowMajor(GraphBuilder &g, ArrayRef<AffineExpr> dims, ArrayRef<AffineExpr> strides) {
  Exprs wanted = contiguousStrides(g, dims);
  for (auto [d, s, w] : llvm::zip(dims, strides, wanted))
    if (!graph::isConstant(d, 1) && !graph::provablyEqual(s, w))
      return false;
  return true;
}

std::optional<Exprs> TensorSpace::stridesOf(const Tensor &t) {
  Value v = read(t);
  if (!t->view->base)
    return v ? std::optional(contiguousStrides(g, g.dims(v))) : std::nullopt;
  const auto &strides = t->view->strides;
  return strides && v && int64_t(strides->size()) == g.rank(v) ? strides : std::nullopt;
}

bool TensorSpace::isContiguous(const Tensor &t) {
  auto strides = stridesOf(t);
  return strides && isRowMajor(g, g.dims(read(t)), *strides);
}

std::optional<Exprs> stridesOfReshape(GraphBuilder &g, ArrayRef<AffineExpr> dims, ArrayRef<AffineExpr> strides,
                                      ArrayRef<AffineExpr> newDims) {
  if (isRowMajor(g, dims, strides))
    return contiguousStrides(g, newDims);
  // Runs of old dims that are dense among themselves take up runs of new dims of the same number of elements.
  Exprs out(newDims.size());
  int64_t next = int64_t(newDims.size()) - 1;
  for (int64_t last = int64_t(dims.size()) - 1; last >= 0;) {
    AffineExpr unit = strides[last], count = dims[last], taken = g.expr(1);
    int64_t first = last;
    while (first > 0 && (graph::isConstant(dims[first - 1], 1) ||
                         graph::provablyEqual(g.simplify(unit * count), strides[first - 1]))) {
      --first;
      count = g.simplify(count * dims[first]);
    }
    while (next >= 0 && (!graph::provablyEqual(taken, count) || graph::isConstant(newDims[next], 1))) {
      out[next] = g.simplify(unit * taken);
      taken = g.simplify(taken * newDims[next]);
      --next;
    }
    if (!graph::provablyEqual(taken, count))
      return std::nullopt;
    last = first - 1;
  }
  return next < 0 ? std::optional(out) : std::nullopt;
}

//===-- Steps --------------------------------------------------------------===//

static bool sameDims(ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b) {
  return a.size() == b.size() &&
         llvm::all_of(llvm::zip(a, b), [](auto p) { return graph::provablyEqual(std::get<0>(p), std::get<1>(p)); });
}

Tensor reshapeView(TensorSpace &s, const Tensor &t, Exprs dims, StringRef name) {
  GraphBuilder &g = s.g;
  Value v = s.read(t);
  std::optional<Exprs> strides;
  if (auto from = s.stridesOf(t))
    strides = stridesOfReshape(g, g.dims(v), *from, dims);
  return s.derive(
      t, name, [dims](GraphBuilder &g, Value base) { return g.reshape(base, dims); },
      [](GraphBuilder &g, Value base, Value part) { return g.reshape(part, g.dims(base)); }, strides);
}

Tensor permuteView(TensorSpace &s, const Tensor &t, ArrayRef<int64_t> perm) {
  SmallVector<int64_t> to(perm), back(perm.size());
  for (auto [i, p] : llvm::enumerate(to))
    back[p] = i;
  std::optional<Exprs> strides;
  if (auto from = s.stridesOf(t); from && from->size() == to.size()) {
    strides.emplace();
    for (int64_t p : to)
      strides->push_back((*from)[p]);
  }
  Tensor out = s.derive(
      t, "permute", [to](GraphBuilder &g, Value base) { return g.transpose(base, to); },
      [back](GraphBuilder &g, Value, Value part) { return g.transpose(part, back); }, strides);
  if (t->quant && t->quant->axis >= 0 && t->quant->axis < int64_t(back.size())) {
    auto moved = std::make_shared<Quantization>(*t->quant);
    moved->axis = back[t->quant->axis];
    out->quant = moved;
  }
  return out;
}

/// base with `part` at [start, start + size * step) of an axis.
static Value insertSlice(GraphBuilder &g, Value base, Value part, int64_t axis, AffineExpr start, int64_t step) {
  AffineExpr all = g.dim(base, axis), size = g.dim(part, axis);
  if (graph::isConstant(size, 0))
    return base;
  if (step == 1) {
    AffineExpr end = g.simplify(start + size);
    return g.concat({g.slice(base, axis, g.expr(0), start), part, g.slice(base, axis, end, g.simplify(all - end))},
                    axis);
  }
  // Where an index is one of the slice's, its number there, else base.
  Type i64 = g.b.getI64Type();
  Value offset = g.sub(g.iota(i64, all), g.dimScalar(start)), by = g.i64(step);
  Value number = g.clip(g.div(offset, by), g.i64(0), g.dimScalar(g.simplify(size - 1)));
  Value isOne = g.create<graph::EqualOp>({offset, g.mul(number, by)});
  Exprs along(g.rank(base), g.expr(1));
  along[axis] = all;
  return isOne ? g.where(g.reshape(isOne, along), g.gather(part, number, axis), base) : Value();
}

Tensor sliceView(TensorSpace &s, const Tensor &t, int64_t axis, AffineExpr start, AffineExpr size, int64_t step) {
  GraphBuilder &g = s.g;
  Value v = s.read(t);
  bool isWhole = v && step == 1 && graph::isConstant(start, 0) && graph::provablyEqual(size, g.dim(v, axis));
  std::optional<Exprs> strides = s.stridesOf(t);
  if (strides)
    (*strides)[axis] = g.simplify((*strides)[axis] * step);
  Tensor out = s.derive(
      t, "slice", [=](GraphBuilder &g, Value base) { return isWhole ? base : g.slice(base, axis, start, size, step); },
      [=](GraphBuilder &g, Value base, Value part) {
        return isWhole ? part : insertSlice(g, base, part, axis, start, step);
      },
      strides);
  if (isWhole)
    out->quant = t->quant;
  return out;
}

Tensor selectView(TensorSpace &s, const Tensor &t, int64_t axis, AffineExpr index) {
  Tensor one = sliceView(s, t, axis, index, s.g.expr(1));
  Value v = s.read(one);
  if (!v)
    return one;
  Exprs dims = s.g.dims(v);
  dims.erase(dims.begin() + axis);
  Tensor out = reshapeView(s, one, dims, "select");
  if (auto strides = s.stridesOf(one)) { // also where dims do not merge
    auto view = std::make_shared<View>(*out->view);
    strides->erase(strides->begin() + axis);
    view->strides = strides;
    out->view = view;
  }
  return out;
}

Tensor expandView(TensorSpace &s, const Tensor &t, Exprs dims) {
  GraphBuilder &g = s.g;
  Value v = s.read(t);
  if (v && sameDims(g.dims(v), dims))
    return reshapeView(s, t, dims, "expand"); // nothing is shared: may be written
  std::optional<Exprs> strides;
  auto own = s.stridesOf(t);
  if (own && dims.size() >= own->size()) {
    Exprs from = g.dims(v);
    size_t added = dims.size() - from.size();
    strides.emplace(added, g.expr(0));
    for (auto [i, d] : llvm::enumerate(from))
      strides->push_back(graph::isConstant(d, 1) && !graph::isConstant(dims[added + i], 1) ? g.expr(0) : (*own)[i]);
  }
  return s.derive(
      t, "expand", [dims](GraphBuilder &g, Value base) { return g.expandTo(base, dims); }, nullptr, strides);
}

Tensor diagonalView(TensorSpace &s, const Tensor &t, int64_t offset, int64_t axis1, int64_t axis2) {
  GraphBuilder &g = s.g;
  Value v = s.read(t);
  if (!v)
    return t;
  // Of rows flattened into one: every (columns + 1)-th element.
  SmallVector<int64_t> perm;
  for (int64_t i = 0; i < g.rank(v); ++i)
    if (i != axis1 && i != axis2)
      perm.push_back(i);
  perm.append({axis1, axis2});
  Tensor last = permuteView(s, t, perm);
  if (!s.read(last))
    return s.make({});
  Exprs dims = g.dims(s.read(last));
  AffineExpr columns = dims.pop_back_val(), rows = dims.pop_back_val();
  auto step = graph::constantOf(columns);
  if (!step)
    return g.fail("diagonal of a dim that is not a constant"), s.make({});
  if (offset > graph::maxDim || offset < -graph::maxDim || *step > graph::maxDim)
    return g.fail("diagonal " + Twine(offset) + " is out of range"), s.make({});
  int64_t down = std::max<int64_t>(-offset, 0), right = std::max<int64_t>(offset, 0);
  AffineExpr size = g.symbols.max(g.symbols.min(g.simplify(rows - down), g.simplify(columns - right)), g.expr(0));
  dims.push_back(g.simplify(rows * columns));
  Tensor flat = reshapeView(s, last, dims);
  return sliceView(s, flat, int64_t(dims.size()) - 1, g.expr(down * *step + right), g.simplify(size), *step + 1);
}

Tensor unfoldView(TensorSpace &s, const Tensor &t, int64_t axis, int64_t size, int64_t step) {
  GraphBuilder &g = s.g;
  Value v = s.read(t);
  if (!v)
    return t;
  AffineExpr count = g.simplify(g.floorDiv(g.dim(v, axis) - size, g.expr(step)) + 1);
  auto forward = [=](GraphBuilder &g, Value base) -> Value {
    Type i64 = g.b.getI64Type();
    Value first = g.mul(g.iota(i64, count), g.i64(step));
    Value at = first ? g.add(g.unsqueeze(first, {1}), g.iota(i64, g.expr(size))) : Value();
    Value out = at ? g.gather(base, at, axis) : Value();
    if (!out)
      return {};
    SmallVector<int64_t> perm; // the windows' elements go last
    for (int64_t i = 0; i < g.rank(out); ++i)
      if (i != axis + 1)
        perm.push_back(i);
    perm.push_back(axis + 1);
    return g.transpose(out, perm);
  };
  std::optional<Exprs> strides = s.stridesOf(t);
  if (strides) {
    AffineExpr unit = (*strides)[axis];
    (*strides)[axis] = g.simplify(unit * step);
    strides->push_back(unit);
  }
  return s.derive(t, "unfold", forward, nullptr, strides);
}

} // namespace wick::compiler::torch
