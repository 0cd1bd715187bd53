// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types: torch's codes, and the type that operands of mixed types meet in.
//
#include "compiler/frontend/torch/aten/AtenRows.h"

using namespace mlir;
namespace wick::compiler::torch {

Type elementType(ScalarType type, MLIRContext *context) {
  Builder b(context);
  auto uns = [&](unsigned w) { return IntegerType::get(context, w, IntegerType::Unsigned); };
  switch (type) {
  case ScalarType::Byte:
  case ScalarType::QUInt8:
    return uns(8);
  case ScalarType::Char:
  case ScalarType::QInt8:
    return b.getI8Type();
  case ScalarType::Short:
    return b.getI16Type();
  case ScalarType::Int:
  case ScalarType::QInt32:
    return b.getI32Type();
  case ScalarType::Long:
    return b.getI64Type();
  case ScalarType::Half:
  case ScalarType::ComplexHalf:
    return b.getF16Type();
  case ScalarType::Float:
  case ScalarType::ComplexFloat:
    return b.getF32Type();
  case ScalarType::Double:
  case ScalarType::ComplexDouble:
    return b.getF64Type();
  case ScalarType::Bool:
    return b.getI1Type();
  case ScalarType::BFloat16:
    return b.getBF16Type();
  case ScalarType::Float8E5M2:
    return Float8E5M2Type::get(context);
  case ScalarType::Float8E4M3FN:
    return Float8E4M3FNType::get(context);
  case ScalarType::Float8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case ScalarType::Float8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case ScalarType::UInt16:
    return uns(16);
  case ScalarType::UInt32:
    return uns(32);
  case ScalarType::UInt64:
    return uns(64);
  default:
    return {};
  }
}

std::optional<ScalarType> dtypeOf(Type elem) {
  for (ScalarType t : {ScalarType::Byte, ScalarType::Char, ScalarType::Short, ScalarType::Int, ScalarType::Long,
                       ScalarType::Half, ScalarType::Float, ScalarType::Double, ScalarType::Bool, ScalarType::BFloat16,
                       ScalarType::Float8E5M2, ScalarType::Float8E4M3FN, ScalarType::Float8E5M2FNUZ,
                       ScalarType::Float8E4M3FNUZ, ScalarType::UInt16, ScalarType::UInt32, ScalarType::UInt64})
    if (elementType(t, elem.getContext()) == elem)
      return t;
  return std::nullopt;
}

Type floatOf(Type t) { return isFloat(t) ? t : Type(Float32Type::get(t.getContext())); }
Type wideOf(Type t) {
  return isFloat(t) && t.getIntOrFloatBitWidth() < 32 ? Type(Float32Type::get(t.getContext())) : t;
}

Type promoteTypes(Type a, Type b) {
  if (!a || !b || a == b)
    return a ? a : b;
  if (isBool(a) || isBool(b))
    return isBool(a) ? b : a;
  if (isFloat(a) != isFloat(b))
    return isFloat(a) ? a : b;
  unsigned wa = a.getIntOrFloatBitWidth(), wb = b.getIntOrFloatBitWidth();
  if (isFloat(a)) // f16 with bf16, and formats of eight bits, meet in f32
    return wa != wb ? (wa > wb ? a : b) : Type(Float32Type::get(a.getContext()));
  bool ua = a.isUnsignedInteger(), ub = b.isUnsignedInteger();
  if (ua == ub)
    return wa > wb ? a : b;
  if (ua)
    std::swap(a, b), std::swap(wa, wb);
  // a is signed, b unsigned: a signed type that holds both, as far as there is one
  return wa > wb ? a : Type(IntegerType::get(a.getContext(), std::min(64u, 2 * wb)));
}

namespace {
struct Seen {
  Type dims, scalars, numbers;
};
} // namespace

static void look(GraphBuilder &g, const Arg &a, Seen &s) {
  auto number = [&](Type t) { s.numbers = promoteTypes(s.numbers, t); };
  auto ofNumber = [&](Type t) { // a number counts by its kind
    number(isFloat(t) ? Type(g.b.getF32Type()) : isBool(t) ? t : Type(g.b.getI64Type()));
  };
  if (a.isTensor() && a.tensor) {
    Type t = g.elem(a.tensor);
    if (a.wrapped)
      ofNumber(t);
    else if (g.rank(a.tensor) > (a.complex ? 1 : 0))
      s.dims = promoteTypes(s.dims, t);
    else
      s.scalars = promoteTypes(s.scalars, t);
  } else if (a.kind == Arg::Kind::Double) {
    number(g.b.getF32Type());
  } else if (a.kind == Arg::Kind::Int) {
    number(g.b.getI64Type());
  } else if (a.kind == Arg::Kind::Bool) {
    number(g.b.getI1Type());
  } else if (a.kind == Arg::Kind::List) {
    for (const Arg &x : a.list)
      look(g, x, s);
  }
}

static Type combine(Type higher, Type lower) {
  if (!higher || !lower)
    return higher ? higher : lower;
  if (isFloat(higher))
    return higher;
  return isBool(higher) || isFloat(lower) ? promoteTypes(higher, lower) : higher;
}

Type promoted(AtenCall &c, ArrayRef<size_t> at) {
  Seen s;
  for (size_t i : at)
    look(c.g, c.arg(i), s);
  Type t = combine(s.dims, combine(s.scalars, s.numbers));
  if (!t)
    c.fail("no operand is a tensor or number");
  return t ? t : Type(c.g.b.getF32Type());
}

Value numberAs(GraphBuilder &g, const Arg &a, Type type) {
  if (a.tensor)
    return g.castTo(a.tensor, type);
  if (a.kind == Arg::Kind::Int) {
    auto v = graph::constantOf(g.simplify(a.integer));
    return v && isFloat(type) ? g.scalar(type, double(*v)) : g.exprAs(a.integer, type);
  }
  return g.scalar(type, a.kind == Arg::Kind::Bool ? double(a.boolean) : a.number);
}

Value operandAs(AtenCall &c, size_t i, Type type) {
  const Arg &a = c.arg(i);
  if (a.isNumber())
    return numberAs(c.g, a, type);
  return c.g.castTo(c.tensor(i), type);
}

std::pair<Value, Value> promotedPair(AtenCall &c, size_t i, size_t j) {
  Type t = promoted(c, {i, j});
  return {operandAs(c, i, t), operandAs(c, j, t)};
}

Value wideFloat(AtenCall &c, size_t i, Type &type) {
  Value x = c.tensor(i);
  type = x ? floatOf(c.g.elem(x)) : Type(c.g.b.getF32Type());
  return c.g.castTo(x, wideOf(type));
}

Value toBool(GraphBuilder &g, Value x) { return g.castTo(x, g.b.getI1Type()); }

} // namespace wick::compiler::torch
