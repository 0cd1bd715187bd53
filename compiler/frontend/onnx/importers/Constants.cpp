// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that make values from attributes or from sizes alone: Constant, ConstantOfShape,
// Range, EyeLike; and the ones that change nothing.
//
#include "compiler/frontend/onnx/OnnxImporter.h"
#include "compiler/frontend/onnx/importers/Axes.h"

#include <cmath>

using namespace mlir;
namespace wick::compiler {

static void importConstant(NodeImport &n) {
  GraphBuilder &g = n.g;
  for (const onnx::Attribute &a : n.node.attrs) {
    if (a.name == "value" || a.name == "sparse_value") {
      if (!a.tensors.empty())
        n.set(0, n.importer.constant(a.tensors[0]));
    } else if (a.name == "value_int") {
      n.set(0, g.i64(a.i));
    } else if (a.name == "value_ints") {
      n.set(0, g.i64s(a.ints));
    } else if (a.name == "value_float") {
      n.set(0, g.scalar(g.b.getF32Type(), a.f));
    } else if (a.name == "value_floats") {
      ArrayRef<char> bytes(reinterpret_cast<const char *>(a.floats.data()), a.floats.size() * sizeof(float));
      n.set(0, g.constant(g.b.getF32Type(), {int64_t(a.floats.size())}, bytes));
    } else {
      return n.unsupported("constant of strings");
    }
  }
  if (g.hasError())
    n.unsupported(g.takeError());
}

static void importConstantOfShape(NodeImport &n) {
  GraphBuilder &g = n.g;
  closeLength(n, 0, [](int64_t rank) { return rank; });
  auto dims = g.shapeFrom(n.input(0));
  if (!dims)
    return n.openLength(0, "shape");
  const onnx::Tensor *value = n.node.tensorAttr("value");
  Value v = value ? n.importer.constant(*value) : g.scalar(g.b.getF32Type(), 0);
  n.set(0, g.expandTo(g.reshape(v, ArrayRef<int64_t>()), *dims));
}

/// The count of a range: max(ceil((limit - start) / delta), 0).
static void importRange(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value start = n.input(0), limit = n.input(1), delta = n.input(2);
  Type type = g.elem(start);
  start = g.reshape(start, ArrayRef<int64_t>()), limit = g.reshape(limit, ArrayRef<int64_t>());
  delta = g.reshape(delta, ArrayRef<int64_t>());
  AffineExpr count;
  auto a = g.elementsOf(start), c = g.elementsOf(limit), d = g.elementsOf(delta);
  auto fs = g.doubleOf(start), fl = g.doubleOf(limit), fd = g.doubleOf(delta);
  auto step = d && (*d)[0] ? graph::constantOf((*d)[0]) : std::nullopt;
  if (fs && fl && fd) {
    if (*fd == 0)
      return n.error("delta is 0");
    count = g.expr(std::max<int64_t>(0, int64_t(std::ceil((*fl - *fs) / *fd))));
  } else if (a && c && (*a)[0] && (*c)[0] && step && *step != 0) {
    AffineExpr span = *step > 0 ? (*c)[0] - (*a)[0] : (*a)[0] - (*c)[0];
    AffineExpr q = g.ceilDiv(g.simplify(span), g.expr(std::abs(*step)));
    count = g.symbols.max(q, g.expr(0));
  } else { // on tensors; integers through double, which is exact below 2^53
    Type f = g.b.getF64Type();
    Value q = g.div(g.sub(g.castTo(limit, f), g.castTo(start, f)), g.castTo(delta, f));
    Value whole = g.castTo(g.create<graph::CeilOp>({q}), g.b.getI64Type());
    whole = g.max(whole, g.i64(0));
    if (!whole)
      return;
    count = g.sizeOf(whole, 0);
  }
  n.set(0, g.create<graph::IotaOp>({start, delta}, {g.mapAttr("dims", {count})}));
  (void)type;
}

static void importEyeLike(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  if (g.rank(x) != 2)
    return n.error("input of rank " + Twine(g.rank(x)) + ", expected 2");
  Type type = n.hasAttr("dtype") ? elementType(onnx::DataType(n.intAttr("dtype", 1)), g.b.getContext()) : g.elem(x);
  if (!type)
    return n.unsupported("element type");
  Type i64 = g.b.getI64Type();
  Value row = g.unsqueeze(g.iota(i64, g.dim(x, 0)), {1}), col = g.iota(i64, g.dim(x, 1));
  n.set(0, g.castTo(g.create<graph::EqualOp>({g.add(row, double(n.intAttr("k", 0))), col}), type));
}

static void importIdentity(NodeImport &n) {
  if (auto *list = n.input(0) ? nullptr : n.importer.lookupList(n.node.input(0)))
    return n.importer.defineList(n, 0, *list);
  n.set(0, n.input(0));
}

static void importDropout(NodeImport &n) {
  GraphBuilder &g = n.g;
  if (n.input(2)) {
    Value ratio = n.input(1) ? g.reshape(n.input(1), ArrayRef<int64_t>()) : g.scalar(g.b.getF32Type(), 0.5);
    Value training = g.reshape(n.input(2), ArrayRef<int64_t>());
    Value idle = g.create<graph::OrOp>(
        {g.create<graph::EqualOp>({ratio, g.scalarLike(ratio, 0)}), g.create<graph::NotOp>({training})});
    auto known = g.intOf(idle);
    if (known == 0)
      return n.unsupported("training mode");
    if (!known && idle)
      graph::AssertOp::create(g.b, g.loc, idle, "Dropout in training mode is not supported unless its ratio is 0")
          ->setAttr("unsupported", g.b.getUnitAttr());
  }
  n.set(0, n.input(0));
  if (n.wants(1))
    n.set(1, g.splat(g.b.getI1Type(), g.dims(n.input(0)), 1));
}

void addConstantImporters(ImportTable &t) {
  t["Constant"] = importConstant, t["ConstantOfShape"] = importConstantOfShape, t["Range"] = importRange;
  t["EyeLike"] = importEyeLike, t["Identity"] = importIdentity, t["Dropout"] = importDropout;
}

} // namespace wick::compiler
