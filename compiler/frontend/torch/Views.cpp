// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops whose results share storage with their argument, as view steps. Arguments are
// read by the schema's names, so one function serves all overloads of a name.
//
#include "compiler/frontend/torch/Dispatch.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
namespace wick::compiler::torch {

//===-- Arguments ----------------------------------------------------------===//

const Operand &ViewCall::arg(StringRef name) const {
  static const Operand none;
  int i = schema.find(name);
  return i >= 0 && size_t(i) < args.size() ? args[i] : none;
}

Exprs ViewCall::dims(const Tensor &t) const {
  Value v = s.read(t);
  if (!v)
    return {};
  Exprs out = g.dims(v);
  if (t->isComplex)
    out.pop_back();
  return out;
}

int64_t ViewCall::constant(const Operand &o) {
  AffineExpr e = d.integerOf(o);
  auto c = e ? graph::constantOf(e) : std::nullopt;
  if (!c && !g.hasError())
    g.fail(schema.name + ": an argument is not known before the run");
  return c.value_or(0);
}

int64_t ViewCall::axis(const Operand &o, int64_t rank) {
  int64_t a = constant(o), from = std::max<int64_t>(rank, 1);
  if (a < -from || a >= from)
    g.fail(schema.name + ": dim " + Twine(a) + " is out of range for rank " + Twine(rank));
  return a < 0 ? a + from : a;
}

SmallVector<int64_t> ViewCall::constants(const Operand &o) {
  SmallVector<int64_t> out;
  if (o.kind() != Arg::Kind::List)
    return o.isNone() ? out : SmallVector<int64_t>{constant(o)};
  for (const Operand &e : o.list)
    out.push_back(constant(e));
  return out;
}

Exprs ViewCall::sizes(const Operand &o) {
  Exprs out;
  if (o.kind() != Arg::Kind::List)
    out.push_back(d.integerOf(o, -1));
  for (const Operand &e : o.list)
    out.push_back(d.integerOf(e, -1));
  return out;
}

void ViewCall::giveList(const std::vector<Tensor> &list) {
  results.push_back(Operand(std::vector<Operand>(list.begin(), list.end())));
}

Tensor ViewCall::reshape(const Tensor &t, Exprs dims, StringRef name) {
  if (t->isComplex)
    dims.push_back(g.expr(2));
  return reshapeView(s, t, std::move(dims), name);
}

Tensor ViewCall::permute(const Tensor &t, SmallVector<int64_t> perm) {
  if (t->isComplex)
    perm.push_back(perm.size());
  return permuteView(s, t, perm);
}

//===-- Shapes -------------------------------------------------------------===//

/// Sizes with -1 replaced by what is left over; null after an error.
static std::optional<Exprs> inferSizes(ViewCall &c, AffineExpr count, Exprs sizes) {
  GraphBuilder &g = c.g;
  int64_t unknown = -1;
  AffineExpr known = g.expr(1);
  for (auto [i, e] : llvm::enumerate(sizes)) {
    if (!e)
      return std::nullopt;
    if (!graph::isConstant(e, -1))
      known = g.simplify(known * e);
    else if (unknown >= 0)
      return g.fail(c.schema.name + ": more than one size is -1"), std::nullopt;
    else
      unknown = i;
  }
  if (unknown >= 0) {
    AffineExpr rest = graph::isConstant(known, 0) ? g.expr(0) : g.exactQuotient(count, known);
    auto n = graph::constantOf(count), k = graph::constantOf(known);
    if (!rest && n && k)
      return g.fail(c.schema.name + ": " + Twine(*n) + " elements do not divide into rows of " + Twine(*k)),
             std::nullopt;
    sizes[unknown] = rest ? rest : g.floorDiv(count, known);
  }
  return sizes;
}

static void view(ViewCall &c) {
  const Operand &like = c.arg("other");
  Exprs sizes = like.isTensor() ? c.dims(like.tensor) : c.sizes(c.args.size() > 1 ? c.args[1] : Operand());
  auto dims = inferSizes(c, c.g.count(c.dims(c.self())), sizes);
  if (dims)
    c.give(c.reshape(c.self(), *dims));
}

/// A view where the strides allow it, else a copy.
static Tensor reshapeOrCopy(ViewCall &c, Exprs dims) {
  auto strides = c.s.stridesOf(c.self());
  Value v = c.s.read(c.self());
  Exprs full = dims;
  if (c.self()->isComplex)
    full.push_back(c.g.expr(2));
  if (v && strides && stridesOfReshape(c.g, c.g.dims(v), *strides, full))
    return c.reshape(c.self(), dims, "reshape");
  Tensor copy = c.s.make(c.g.reshape(v, full));
  copy->isComplex = c.self()->isComplex, copy->wrapped = c.self()->wrapped, copy->quant = c.self()->quant;
  return copy;
}

static void reshape(ViewCall &c) {
  const Operand &like = c.arg("other");
  Exprs sizes = like.isTensor() ? c.dims(like.tensor) : c.sizes(c.args.size() > 1 ? c.args[1] : Operand());
  if (auto dims = inferSizes(c, c.g.count(c.dims(c.self())), sizes))
    c.give(reshapeOrCopy(c, *dims));
}

static void flatten(ViewCall &c) {
  Exprs dims = c.dims(c.self());
  if (dims.empty())
    return c.give(c.reshape(c.self(), {c.g.expr(1)}));
  int64_t first = c.axis(c.arg("start_dim"), dims.size()), last = c.axis(c.arg("end_dim"), dims.size());
  if (c.g.hasError())
    return;
  if (first > last)
    return void(c.g.fail("aten::flatten: start_dim " + Twine(first) + " comes after end_dim " + Twine(last)));
  if (first == last)
    return c.give(c.self());
  Exprs out(dims.begin(), dims.begin() + first);
  out.push_back(c.g.count(ArrayRef(dims).slice(first, last - first + 1)));
  out.append(dims.begin() + last + 1, dims.end());
  c.give(reshapeOrCopy(c, out));
}

static void unflatten(ViewCall &c) {
  Exprs dims = c.dims(c.self());
  int64_t axis = c.axis(c.arg("dim"), dims.size());
  if (c.g.hasError() || dims.empty())
    return void(c.g.fail("aten::unflatten of a scalar"));
  auto sizes = inferSizes(c, dims[axis], c.sizes(c.arg("sizes")));
  if (!sizes)
    return;
  Exprs out(dims.begin(), dims.begin() + axis);
  out.append(sizes->begin(), sizes->end());
  out.append(dims.begin() + axis + 1, dims.end());
  c.give(c.reshape(c.self(), out));
}

static void squeeze(ViewCall &c) {
  Exprs dims = c.dims(c.self()), out;
  SmallVector<int64_t> axes;
  bool all = c.schema.find("dim") < 0;
  for (int64_t a : c.constants(c.arg("dim")))
    axes.push_back(a < 0 ? a + std::max<int64_t>(dims.size(), 1) : a);
  for (auto [i, d] : llvm::enumerate(dims))
    if (!graph::isConstant(d, 1) || !(all || llvm::is_contained(axes, int64_t(i))))
      out.push_back(d);
  if (!c.g.hasError())
    c.give(c.reshape(c.self(), out, "squeeze"));
}

static void unsqueeze(ViewCall &c) {
  Exprs dims = c.dims(c.self());
  int64_t axis = c.axis(c.arg("dim"), int64_t(dims.size()) + 1);
  if (c.g.hasError())
    return;
  dims.insert(dims.begin() + axis, c.g.expr(1));
  c.give(c.reshape(c.self(), dims, "unsqueeze"));
}

static void expand(ViewCall &c) {
  GraphBuilder &g = c.g;
  const Operand &like = c.arg("other");
  Exprs from = c.dims(c.self()), to = like.isTensor() ? c.dims(like.tensor) : c.sizes(c.arg("size"));
  if (g.hasError())
    return;
  if (to.size() < from.size())
    return void(g.fail("expand of a tensor of rank " + Twine(from.size()) + " to rank " + Twine(to.size())));
  for (auto [i, e] : llvm::enumerate(to)) {
    int64_t own = int64_t(i) - int64_t(to.size() - from.size());
    if (graph::isConstant(e, -1) && own >= 0)
      e = from[own];
  }
  if (c.self()->isComplex)
    to.push_back(g.expr(2));
  c.give(expandView(c.s, c.self(), to));
}

//===-- Orders -------------------------------------------------------------===//

static SmallVector<int64_t> identity(int64_t rank) { return llvm::to_vector(llvm::seq<int64_t>(0, rank)); }

static void permute(ViewCall &c) {
  SmallVector<int64_t> perm;
  int64_t rank = c.rank();
  const Operand &dims = c.arg("dims");
  for (const Operand &o : dims.list)
    perm.push_back(c.axis(o, rank));
  SmallVector<int64_t> sorted(perm);
  llvm::sort(sorted);
  if (!c.g.hasError() && sorted != identity(rank))
    return void(c.g.fail("aten::permute: the dims are no permutation of those of a tensor of rank " + Twine(rank)));
  if (!c.g.hasError())
    c.give(c.permute(c.self(), perm));
}

static void transpose(ViewCall &c) {
  int64_t rank = c.rank();
  auto perm = identity(rank);
  int64_t a = c.axis(c.args[1], rank), b = c.axis(c.args[2], rank);
  if (c.g.hasError())
    return;
  if (rank > 0)
    std::swap(perm[a], perm[b]);
  c.give(c.permute(c.self(), perm));
}

static void transposeMatrix(ViewCall &c) { // t, mT
  auto perm = identity(c.rank());
  if (perm.size() >= 2)
    std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  c.give(c.permute(c.self(), perm));
}

static void reverseDims(ViewCall &c) { // numpy_T
  auto perm = identity(c.rank());
  std::reverse(perm.begin(), perm.end());
  c.give(c.permute(c.self(), perm));
}

static void movedim(ViewCall &c) {
  int64_t rank = c.rank();
  auto from = c.constants(c.arg("source")), to = c.constants(c.arg("destination"));
  if (c.g.hasError() || from.size() != to.size())
    return void(c.g.fail("movedim: source and destination differ in length"));
  SmallVector<int64_t> perm(rank, -1);
  SmallVector<bool> used(rank);
  for (auto [f, t] : llvm::zip(from, to)) {
    f += f < 0 ? rank : 0, t += t < 0 ? rank : 0;
    if (f < 0 || t < 0 || f >= rank || t >= rank)
      return void(c.g.fail("movedim: a dim is out of range for rank " + Twine(rank)));
    if (perm[t] >= 0 || used[f])
      return void(c.g.fail("movedim: a dim stands twice"));
    perm[t] = f, used[f] = true;
  }
  for (int64_t i = 0, next = 0; i < rank; ++i) {
    if (perm[i] >= 0)
      continue;
    while (next < rank && used[next])
      ++next;
    perm[i] = next++;
  }
  c.give(c.permute(c.self(), perm));
}

//===-- Parts --------------------------------------------------------------===//

/// An index that may count from the end; expressions of unknown sign are decided at run time.
static AffineExpr wrapIndex(GraphBuilder &g, AffineExpr v, AffineExpr dim) {
  auto range = g.symbols.range(v);
  if (range.first >= 0)
    return v;
  if (range.second < 0)
    return g.simplify(v + dim);
  Value x = g.dimScalar(v), n = g.dimScalar(dim);
  Value w = g.where(g.create<graph::LessOp>({x, g.i64(0)}), g.add(x, n), x);
  return w ? g.sizeOf(w, 0, 0, graph::maxDim) : AffineExpr();
}

/// Where a slice begins or ends, inside [0, dim].
static AffineExpr sliceBound(ViewCall &c, const Operand &o, AffineExpr otherwise, AffineExpr dim) {
  GraphBuilder &g = c.g;
  if (o.isNone())
    return otherwise;
  AffineExpr v = c.d.integerOf(o);
  if (!v)
    return {};
  if (graph::isConstant(g.simplify(v + dim), 0)) // -n of n
    return g.expr(0);
  if (auto k = graph::constantOf(v); k && *k >= graph::maxDim)
    return dim;
  if ((v = wrapIndex(g, v, dim)))
    v = g.clamp(v, g.expr(0), dim);
  return v;
}

static void slice(ViewCall &c) {
  GraphBuilder &g = c.g;
  int64_t axis = c.axis(c.arg("dim"), c.rank()), step = c.constant(c.arg("step"));
  if (g.hasError() || c.rank() == 0 || step < 1)
    return void(g.fail("aten::slice of a scalar, or with a step below 1"));
  AffineExpr dim = c.dims(c.self())[axis];
  AffineExpr start = sliceBound(c, c.arg("start"), g.expr(0), dim), end = sliceBound(c, c.arg("end"), dim, dim);
  if (!start || !end)
    return;
  AffineExpr length = g.simplify(end - start);
  if (g.symbols.range(length).first < 0)
    length = g.simplify(g.symbols.max(length, g.expr(0)));
  c.give(sliceView(c.s, c.self(), axis, start, g.ceilDiv(length, g.expr(step)), step));
}

static void narrow(ViewCall &c) {
  GraphBuilder &g = c.g;
  int64_t axis = c.axis(c.arg("dim"), c.rank());
  AffineExpr start = c.d.integerOf(c.arg("start")), length = c.d.integerOf(c.arg("length"), 0);
  if (g.hasError() || !start || !length || c.rank() == 0)
    return;
  if ((start = wrapIndex(g, start, c.dims(c.self())[axis])))
    c.give(sliceView(c.s, c.self(), axis, start, length));
}

static void select(ViewCall &c) {
  GraphBuilder &g = c.g;
  int64_t axis = c.axis(c.arg("dim"), c.rank());
  AffineExpr index = c.d.integerOf(c.arg("index"));
  if (g.hasError() || !index || c.rank() == 0)
    return void(g.fail("aten::select of a scalar"));
  AffineExpr dim = c.dims(c.self())[axis];
  auto k = graph::constantOf(index), n = graph::constantOf(dim);
  if (k && n && (*k < -*n || *k >= *n))
    return void(g.fail("aten::select: index " + Twine(*k) + " is out of range for a dim of " + Twine(*n)));
  if ((index = wrapIndex(g, index, dim)))
    c.give(selectView(c.s, c.self(), axis, index));
}

static void giveParts(ViewCall &c, int64_t axis, ArrayRef<AffineExpr> sizes) {
  if (c.g.hasError()) // a size may lack its value
    return;
  std::vector<Tensor> out;
  AffineExpr start = c.g.expr(0);
  for (AffineExpr size : sizes) {
    out.push_back(sliceView(c.s, c.self(), axis, start, size));
    start = c.g.simplify(start + size);
  }
  c.giveList(out);
}

/// Parts of one tensor; each is a value of its own.
static bool tooMany(ViewCall &c, int64_t parts) {
  constexpr int64_t most = 1 << 16;
  if (parts > most)
    c.g.fail(c.schema.name + " into " + Twine(parts) + " parts; at most " + Twine(most) + " can be made");
  return parts > most;
}

/// Parts of `size`, the last one smaller.
static void splitEvenly(ViewCall &c, int64_t axis, int64_t size) {
  auto n = graph::constantOf(c.dims(c.self())[axis]);
  if (!n)
    return void(c.g.fail(c.schema.name + " of a dim that is not a constant: how many parts is not known"));
  SmallVector<int64_t> sizes;
  if (*n < 0 || tooMany(c, *n / size))
    return;
  for (int64_t at = 0; at < *n || sizes.empty(); at += std::min(size, *n + 1))
    sizes.push_back(std::min(size, *n - at));
  giveParts(c, axis, c.g.exprs(sizes));
}

static void split(ViewCall &c) {
  int64_t axis = c.axis(c.arg("dim"), c.rank());
  const Operand &size = c.args[1];
  if (c.g.hasError() || c.rank() == 0)
    return;
  if (size.kind() == Arg::Kind::List)
    return giveParts(c, axis, c.sizes(size));
  int64_t each = c.constant(size);
  if (each < 1)
    return void(c.g.fail(c.schema.name + ": parts of size " + Twine(each)));
  splitEvenly(c, axis, each);
}

static void chunk(ViewCall &c) {
  int64_t axis = c.axis(c.arg("dim"), c.rank()), count = c.constant(c.arg("chunks"));
  if (c.g.hasError() || c.rank() == 0 || count < 1)
    return void(c.g.fail(c.schema.name + " into " + Twine(count) + " parts"));
  AffineExpr dim = c.dims(c.self())[axis];
  if (int64_t n = graph::constantOf(dim).value_or(0)) // of nothing there are as many as asked for
    return splitEvenly(c, axis, n / count + (n % count != 0));
  if (tooMany(c, count))
    return;
  AffineExpr each = c.g.exactQuotient(dim, c.g.expr(count));
  if (!each)
    return void(c.g.fail(c.schema.name + " of a dim that is not a constant: how many parts is not known"));
  giveParts(c, axis, Exprs(count, each));
}

static void tensorSplit(ViewCall &c) {
  GraphBuilder &g = c.g;
  int64_t axis = c.axis(c.arg("dim"), c.rank());
  if (g.hasError() || c.rank() == 0)
    return;
  AffineExpr dim = c.dims(c.self())[axis];
  Exprs sizes;
  if (c.schema.find("sections") >= 0) {
    int64_t count = c.constant(c.arg("sections"));
    if (count < 1)
      return void(g.fail("aten::tensor_split into " + Twine(count) + " parts"));
    if (tooMany(c, count))
      return;
    for (int64_t i = 0; i < count; ++i) // the first dim % count parts have one more
      sizes.push_back(g.floorDiv(dim + (count - 1 - i), g.expr(count)));
  } else if (c.schema.find("indices") >= 0) {
    AffineExpr start = g.expr(0);
    for (const Operand &o : c.arg("indices").list) {
      AffineExpr end = sliceBound(c, o, dim, dim);
      if (!end)
        return;
      sizes.push_back(g.simplify(end - start));
      start = end;
    }
    sizes.push_back(g.simplify(dim - start));
  } else {
    return void(g.fail("aten::tensor_split by a tensor"));
  }
  giveParts(c, axis, sizes);
}

static void unbind(ViewCall &c) {
  int64_t axis = c.axis(c.arg("dim"), c.rank());
  if (c.g.hasError() || c.rank() == 0)
    return void(c.g.fail("aten::unbind of a scalar"));
  auto n = graph::constantOf(c.dims(c.self())[axis]);
  if (!n)
    return void(c.g.fail("aten::unbind of a dim that is not a constant: how many parts is not known"));
  std::vector<Tensor> out;
  if (tooMany(c, *n))
    return;
  for (int64_t i = 0; i < *n; ++i)
    out.push_back(selectView(c.s, c.self(), axis, c.g.expr(i)));
  c.giveList(out);
}

static void diagonal(ViewCall &c) {
  int64_t rank = c.rank(), offset = c.constant(c.arg("offset"));
  int64_t a = c.axis(c.arg("dim1"), rank), b = c.axis(c.arg("dim2"), rank);
  if (c.g.hasError() || rank < 2 || a == b || c.self()->isComplex)
    return void(c.g.fail("aten::diagonal of one dim, or of complex numbers"));
  c.give(diagonalView(c.s, c.self(), offset, a, b));
}

static void unfold(ViewCall &c) {
  int64_t axis = c.axis(c.arg("dimension"), c.rank());
  int64_t size = c.constant(c.arg("size")), step = c.constant(c.arg("step"));
  if (c.g.hasError() || c.rank() == 0 || size < 1 || step < 1 || c.self()->isComplex)
    return void(c.g.fail("aten::unfold of a scalar or of complex numbers, or with a size or step below 1"));
  c.give(unfoldView(c.s, c.self(), axis, size, step));
}

//===-- The same, or a copy ------------------------------------------------===//

static void same(ViewCall &c) { c.give(c.self()); }

/// An object of its own on the same storage.
static void alias(ViewCall &c) { c.give(std::make_shared<TensorRef>(*c.self())); }

static Tensor copyOf(ViewCall &c, mlir::Type elem) {
  Value v = c.s.read(c.self());
  Tensor out = c.s.make(c.g.castTo(v, elem ? elem : c.g.elem(v)));
  out->isComplex = c.self()->isComplex, out->quant = c.self()->quant;
  return out;
}

static void clone(ViewCall &c) { c.give(copyOf(c, {})); }

/// Layouts other than row-major are torch's business only.
static void contiguous(ViewCall &c) { c.s.isContiguous(c.self()) ? same(c) : clone(c); }

/// A dtype, another's dtype: real numbers that become complex get parts of zero, complex ones
/// that become real lose theirs.
static void to(ViewCall &c) {
  mlir::Type own = c.g.elem(c.s.read(c.self())), elem = own;
  const Operand &dtype = c.arg("dtype"), &other = c.arg("other"), &copy = c.arg("copy");
  bool complex = c.self()->isComplex;
  if (!dtype.isNone()) {
    auto code = ScalarType(c.constant(dtype));
    elem = elementType(code, c.g.b.getContext()), complex = isComplex(code);
  } else if (other.isTensor() && c.s.read(other.tensor)) {
    elem = c.g.elem(c.s.read(other.tensor)), complex = other.tensor->isComplex;
  }
  if (!elem)
    return void(c.g.fail(c.schema.name + " to dtype " + Twine(c.constant(dtype)) + ", which tensors cannot hold"));
  if (complex != c.self()->isComplex) {
    Tensor out = c.s.make(c.g.castTo(withParts(c.g, c.s.read(c.self()), complex), elem));
    out->isComplex = complex;
    return c.give(out);
  }
  bool mustCopy = StringRef(c.schema.name).ends_with("_to_copy") || (!copy.isNone() && copy.value.boolean);
  elem == own && !mustCopy ? same(c) : c.give(copyOf(c, elem));
}

static void viewAsComplex(ViewCall &c) {
  Exprs dims = c.dims(c.self());
  bool isFloat = isa<FloatType>(c.g.elem(c.s.read(c.self())));
  if (c.self()->isComplex || !isFloat || dims.empty() || !graph::isConstant(dims.back(), 2))
    return void(c.g.fail("aten::view_as_complex needs floats with a last dim of 2"));
  alias(c);
  c.results[0].tensor->isComplex = true;
}
static void viewAsReal(ViewCall &c) {
  if (!c.self()->isComplex)
    return void(c.g.fail("aten::view_as_real of real numbers"));
  alias(c);
  c.results[0].tensor->isComplex = false;
}
static void part(ViewCall &c, int64_t index) {
  Tensor t = std::make_shared<TensorRef>(*c.self());
  int64_t rank = c.rank();
  t->isComplex = false;
  c.give(selectView(c.s, t, rank, c.g.expr(index)));
}
static void real(ViewCall &c) { c.self()->isComplex ? part(c, 0) : same(c); }
static void imag(ViewCall &c) {
  if (!c.self()->isComplex)
    return void(c.g.fail("aten::imag of real numbers"));
  part(c, 1);
}

ViewFn findView(StringRef name) {
  static const llvm::StringMap<ViewFn> table{
      {"view", view},
      {"view_as", view},
      {"_unsafe_view", view},
      {"reshape", reshape},
      {"reshape_as", reshape},
      {"flatten", flatten},
      {"unflatten", unflatten},
      {"squeeze", squeeze},
      {"unsqueeze", unsqueeze},
      {"expand", expand},
      {"expand_as", expand},
      {"broadcast_to", expand},
      {"permute", permute},
      {"transpose", transpose},
      {"swapaxes", transpose},
      {"swapdims", transpose},
      {"t", transposeMatrix},
      {"mT", transposeMatrix},
      {"numpy_T", reverseDims},
      {"movedim", movedim},
      {"moveaxis", movedim},
      {"slice", slice},
      {"narrow", narrow},
      {"select", select},
      {"split", split},
      {"split_with_sizes", split},
      {"unsafe_split", split},
      {"unsafe_split_with_sizes", split},
      {"chunk", chunk},
      {"unsafe_chunk", chunk},
      {"tensor_split", tensorSplit},
      {"unbind", unbind},
      {"diagonal", diagonal},
      {"unfold", unfold},
      {"detach", alias},
      {"alias", alias},
      {"lift_fresh", alias},
      {"data", alias},
      {"positive", same},
      {"cpu", same},
      {"contiguous", contiguous},
      {"clone", clone},
      {"lift_fresh_copy", clone},
      {"to", to},
      {"type_as", to},
      {"_to_copy", to},
      {"view_as_complex", viewAsComplex},
      {"view_as_real", viewAsReal},
      {"real", real},
      {"imag", imag},
  };
  auto [space, op] = name.split("::");
  if (space != "aten")
    return nullptr;
  auto it = table.find(op);
  return it == table.end() ? nullptr : it->second;
}

} // namespace wick::compiler::torch
