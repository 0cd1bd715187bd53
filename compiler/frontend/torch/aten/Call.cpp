// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading the arguments of a call. Numbers come as constants, as expressions over
// symbols, or as scalars known at run time; each reader takes what it can use and says
// what it got otherwise.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

const Arg &AtenCall::arg(size_t i) const {
  static const Arg none;
  return i < args.size() ? args[i] : none;
}

void AtenCall::fail(const Twine &why) { g.fail(name + ": " + why); }

/// Int, Double and Bool may be a scalar known at run time.
static bool isRunTime(const Arg &a) { return a.isNumber() && a.tensor; }

Value AtenCall::tensorOrNull(size_t i) {
  const Arg &a = arg(i);
  if (a.isNone())
    return {};
  if (a.isTensor() || isRunTime(a))
    return a.tensor;
  if (a.kind == Arg::Kind::Int)
    return g.dimScalar(a.integer);
  if (a.kind == Arg::Kind::Double)
    return g.scalar(g.b.getF32Type(), a.number);
  if (a.kind == Arg::Kind::Bool)
    return g.scalar(g.b.getI1Type(), a.boolean);
  return fail("argument " + Twine(i) + " is no tensor"), Value();
}

Value AtenCall::tensor(size_t i, int64_t leastRank) {
  if (!has(i))
    return fail("argument " + Twine(i) + " is missing, expected a tensor"), Value();
  Value v = tensorOrNull(i);
  if (!v)
    return fail("argument " + Twine(i) + " is no tensor"), Value();
  if (g.rank(v) < leastRank)
    return fail("argument " + Twine(i) + " has rank " + Twine(g.rank(v)) + ", expected at least " + Twine(leastRank)),
           Value();
  return v;
}

std::vector<Value> AtenCall::tensors(size_t i) {
  std::vector<Value> out;
  const Arg &a = arg(i);
  if (a.isTensor())
    return {a.tensor};
  if (a.kind != Arg::Kind::List && !a.isNone())
    fail("argument " + Twine(i) + " is no list of tensors");
  for (const Arg &x : a.list) {
    if (!x.isTensor() && !x.isNone())
      fail("argument " + Twine(i) + " is no list of tensors");
    out.push_back(x.tensor);
  }
  return out;
}

/// The number of an argument when it is known here.
static std::optional<double> known(GraphBuilder &g, const Arg &a) {
  if (a.isTensor() || isRunTime(a))
    return g.doubleOf(a.tensor);
  if (a.kind == Arg::Kind::Double)
    return a.number;
  if (a.kind == Arg::Kind::Bool)
    return double(a.boolean);
  if (a.kind == Arg::Kind::Int)
    if (auto c = graph::constantOf(g.simplify(a.integer)))
      return double(*c);
  return std::nullopt;
}

static std::optional<int64_t> knownInt(GraphBuilder &g, const Arg &a) {
  if (a.isTensor() || isRunTime(a)) {
    auto e = g.elementsOf(a.tensor);
    return e && e->size() == 1 && (*e)[0] ? graph::constantOf((*e)[0]) : std::nullopt;
  }
  if (a.kind == Arg::Kind::Bool)
    return a.boolean;
  return a.kind == Arg::Kind::Int ? graph::constantOf(g.simplify(a.integer)) : std::nullopt;
}

/// `v`, or 0 and an error when it needs more than 32 bits.
static int64_t narrow(AtenCall &c, size_t i, int64_t v) {
  if (v >= INT32_MIN && v <= INT32_MAX)
    return v;
  return c.fail("argument " + Twine(i) + " has the number " + Twine(v) + ", expected one of 32 bits"), 0;
}

int64_t AtenCall::integer(size_t i, std::optional<int64_t> otherwise) {
  return narrow(*this, i, wideInteger(i, otherwise));
}

int64_t AtenCall::wideInteger(size_t i, std::optional<int64_t> otherwise) {
  if (!has(i) && otherwise)
    return *otherwise;
  if (auto v = knownInt(g, arg(i)))
    return *v;
  return fail("argument " + Twine(i) + " must be a constant integer"), 0;
}

double AtenCall::number(size_t i, std::optional<double> otherwise) {
  if (!has(i) && otherwise)
    return *otherwise;
  if (auto v = known(g, arg(i)))
    return *v;
  return fail("argument " + Twine(i) + " must be a constant number"), 0;
}

bool AtenCall::flag(size_t i, bool otherwise) { return integer(i, int64_t(otherwise)) != 0; }

std::string AtenCall::text(size_t i, StringRef otherwise) {
  return arg(i).kind == Arg::Kind::String ? arg(i).string : otherwise.str();
}

static AffineExpr sizeOfArg(AtenCall &c, const Arg &a, size_t i) {
  GraphBuilder &g = c.g;
  if (a.kind == Arg::Kind::Bool)
    return g.expr(a.boolean);
  if (a.kind == Arg::Kind::Int && !a.tensor)
    return g.simplify(a.integer);
  if ((a.isTensor() || a.kind == Arg::Kind::Int) && a.tensor && isa<IntegerType>(g.elem(a.tensor)) &&
      graph::isConstant(g.count(a.tensor), 1)) {
    Value v = g.reshape(g.castTo(a.tensor, g.b.getI64Type()), ArrayRef<int64_t>());
    return v ? g.sizeOf(v, 0, INT32_MIN, graph::maxDim) : g.expr(0);
  }
  return c.fail("argument " + Twine(i) + " must be an integer"), g.expr(0);
}

AffineExpr AtenCall::size(size_t i, AffineExpr otherwise) {
  if (!has(i) && otherwise)
    return otherwise;
  return sizeOfArg(*this, arg(i), i);
}

Exprs AtenCall::sizes(size_t i) {
  Exprs out;
  const Arg &a = arg(i);
  if (a.isNone())
    return out;
  if (a.kind != Arg::Kind::List)
    return {sizeOfArg(*this, a, i)};
  for (const Arg &x : a.list)
    out.push_back(sizeOfArg(*this, x, i));
  return out;
}

SmallVector<int64_t> AtenCall::integers(size_t i) {
  SmallVector<int64_t> out;
  const Arg &a = arg(i);
  if (a.kind == Arg::Kind::Int || a.kind == Arg::Kind::Bool)
    return {integer(i)};
  for (const Arg &x : a.list) {
    auto v = knownInt(g, x);
    if (!v)
      fail("argument " + Twine(i) + " must be constant integers");
    out.push_back(narrow(*this, i, v.value_or(0)));
  }
  return out;
}

SmallVector<int64_t> AtenCall::integers(size_t i, size_t count, int64_t otherwise) {
  SmallVector<int64_t> list = integers(i);
  if (list.empty())
    list.assign(count, otherwise);
  else if (list.size() == 1)
    list.assign(count, list[0]);
  if (list.size() != count)
    fail("argument " + Twine(i) + " has " + Twine(list.size()) + " integers, expected " + Twine(count));
  list.resize(count, otherwise);
  return list;
}

Type AtenCall::dtype(size_t i, Type otherwise) {
  if (!has(i))
    return otherwise;
  int64_t code = integer(i);
  Type t = elementType(ScalarType(code), g.b.getContext());
  if (!t)
    fail("dtype " + Twine(code) + " is not supported");
  makesComplex |= isComplex(ScalarType(code));
  return t ? t : otherwise;
}

int64_t AtenCall::wrapAxis(int64_t axis, int64_t rank) {
  rank = std::max<int64_t>(rank, 1);
  if (axis < -rank || axis >= rank)
    return fail("dim " + Twine(axis) + " is out of range for rank " + Twine(rank)), 0;
  return axis < 0 ? axis + rank : axis;
}

int64_t AtenCall::axis(size_t i, int64_t rank, std::optional<int64_t> otherwise) {
  return wrapAxis(integer(i, otherwise), rank);
}

SmallVector<int64_t> AtenCall::axes(size_t i, int64_t rank) {
  SmallVector<int64_t> out;
  if (has(i))
    for (int64_t a : integers(i))
      if (rank > 0 || wrapAxis(a, rank) != 0)
        out.push_back(wrapAxis(a, rank));
  if (out.empty())
    return llvm::to_vector(llvm::seq<int64_t>(0, rank));
  llvm::sort(out);
  out.erase(llvm::unique(out), out.end());
  return out;
}

void AtenCall::giveList(ArrayRef<Value> list) {
  Arg a;
  a.kind = Arg::Kind::List;
  for (Value v : list)
    a.list.push_back(Arg::of(v));
  results.push_back(std::move(a));
}

} // namespace wick::compiler::torch
