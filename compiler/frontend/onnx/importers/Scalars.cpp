// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise ops that rows cannot say: variadic ones, casts, optional operands,
// string attributes.
//
#include "compiler/frontend/onnx/NodeImport.h"

using namespace mlir;
namespace wick::compiler {

template <class Op>
static void importVariadic(NodeImport &n) {
  Value v = n.input(0);
  for (size_t i = 1; i < n.in.size(); ++i)
    v = n.g.create<Op>({v, n.in[i]});
  n.set(0, v);
}
static void importMean(NodeImport &n) {
  Value v = n.input(0);
  for (size_t i = 1; i < n.in.size(); ++i)
    v = n.g.add(v, n.in[i]);
  n.set(0, v ? n.g.div(v, n.g.scalarLike(v, double(n.in.size()))) : v);
}

static Value asScalar(NodeImport &n, size_t i) {
  return n.input(i) ? n.g.reshape(n.input(i), ArrayRef<int64_t>()) : Value();
}
static void importClip(NodeImport &n) { n.set(0, n.g.clip(n.input(0), asScalar(n, 1), asScalar(n, 2))); }

static void castTo(NodeImport &n, Type to) {
  GraphBuilder &g = n.g;
  Value x = n.input(0);
  if (g.elem(x) == to)
    return n.set(0, x);
  SmallVector<NamedAttribute> attrs{g.typeAttr("to", to)};
  std::string round = n.stringAttr("round_mode", "up");
  if (round != "up" && round != "down" && round != "nearest")
    return n.error("round_mode '" + round + "'");
  if (graph::isCodedFloat(to) && !n.intAttr("saturate", 1))
    attrs.push_back(g.unitAttr("overflows"));
  if (isa<Float8E8M0FNUType>(to) && round != "up")
    attrs.push_back(g.unitAttr("round_" + round));
  n.set(0, g.create<graph::CastOp>({x}, attrs));
}
static void importCast(NodeImport &n) {
  auto code = onnx::DataType(n.intAttr("to", 0));
  Type to = elementType(code, n.g.b.getContext());
  return to ? castTo(n, to) : n.unsupported("cast to " + onnx::dataTypeName(code));
}
static void importCastLike(NodeImport &n) { castTo(n, n.g.elem(n.input(1))); }
static void importBitCast(NodeImport &n) {
  auto code = onnx::DataType(n.intAttr("to", 0));
  Type to = elementType(code, n.g.b.getContext());
  if (!to)
    return n.unsupported("reinterpretation as " + onnx::dataTypeName(code));
  n.set(0, n.g.create<graph::BitcastOp>({n.input(0)}, {n.g.typeAttr("to", to)}));
}

static void importGelu(NodeImport &n) {
  std::string how = n.stringAttr("approximate", "none");
  n.set(0, n.g.create<graph::GeluOp>({n.input(0)}, how == "tanh" ? SmallVector<NamedAttribute>{n.g.unitAttr("tanh")}
                                                                 : SmallVector<NamedAttribute>{}));
}
static void importPRelu(NodeImport &n) {
  GraphBuilder &g = n.g;
  Value x = n.input(0), negative = g.create<graph::LessOp>({x, g.scalarLike(x, 0)});
  n.set(0, g.where(negative, g.mul(x, n.input(1)), x));
}
static void importBitShift(NodeImport &n) {
  std::string direction = n.stringAttr("direction", "");
  if (direction == "LEFT")
    return n.set(0, n.g.create<graph::ShiftLeftOp>({n.input(0), n.input(1)}));
  if (direction == "RIGHT")
    return n.set(0, n.g.create<graph::ShiftRightOp>({n.input(0), n.input(1)}));
  n.error("direction '" + direction + "'");
}

void addScalarImporters(ImportTable &t) {
  t["Min"] = importVariadic<graph::MinOp>, t["Max"] = importVariadic<graph::MaxOp>,
  t["Sum"] = importVariadic<graph::AddOp>;
  t["Mean"] = importMean, t["Clip"] = importClip, t["Cast"] = importCast, t["CastLike"] = importCastLike;
  t["BitCast"] = importBitCast, t["Gelu"] = importGelu, t["PRelu"] = importPRelu, t["BitShift"] = importBitShift;
}

} // namespace wick::compiler
