// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Properties of tensors as host values: sizes stay symbolic, the rest is known. And
// the table of all host ops.
//
#include "compiler/frontend/torchscript/HostOps.h"

using namespace mlir;
namespace wick::compiler::torchscript {

using Args = std::vector<Value>;
using K = Value::Kind;
using torch::ScalarType;

/// The dims as the program sees them: the parts of complex numbers are none.
static Exprs dimsOf(Evaluator &ev, const Value &t, mlir::Value v) {
  Exprs dims = ev.g.dims(v);
  if (t.tensor->isComplex)
    dims.pop_back();
  return dims;
}

static Value intValue(Evaluator &ev, int64_t v) { return valueOf(ev.g.expr(v)); }

static Value size(Evaluator &ev, const Schema &, Args &a) {
  mlir::Value v = ev.read(a[0]);
  if (!v)
    return {};
  Exprs dims = dimsOf(ev, a[0], v);
  int64_t rank = int64_t(dims.size());
  if (a.size() > 1 && !a[1].isNone()) {
    auto axis = ev.needInt(a[1], "the dim whose size is asked");
    if (!axis)
      return {};
    if (*axis < -rank || *axis >= rank)
      return ev.fail("dim " + Twine(*axis) + " of a tensor of rank " + Twine(rank));
    return valueOf(dims[*axis < 0 ? *axis + rank : *axis]);
  }
  std::vector<Value> items;
  for (AffineExpr d : dims)
    items.push_back(valueOf(d));
  return listValue(std::move(items), torch::scalarType("int"));
}
static Value dim(Evaluator &ev, const Schema &, Args &a) {
  mlir::Value v = ev.read(a[0]);
  return v ? intValue(ev, int64_t(dimsOf(ev, a[0], v).size())) : Value();
}
static Value numel(Evaluator &ev, const Schema &, Args &a) {
  mlir::Value v = ev.read(a[0]);
  return v ? valueOf(ev.g.count(dimsOf(ev, a[0], v))) : Value();
}
static Value stride(Evaluator &ev, const Schema &s, Args &a) {
  mlir::Value v = ev.read(a[0]);
  if (!v)
    return {};
  auto strides = ev.space.stridesOf(a[0].tensor);
  std::vector<Value> items;
  for (AffineExpr e : strides ? *strides : torch::contiguousStrides(ev.g, ev.g.dims(v)))
    items.push_back(valueOf(e));
  if (s.overload != "int")
    return listValue(std::move(items), torch::scalarType("int"));
  auto axis = ev.needInt(a[1], "the dim whose stride is asked");
  int64_t rank = int64_t(items.size()), k = axis ? (*axis < 0 ? *axis + rank : *axis) : -1;
  return k >= 0 && k < rank ? items[k] : ev.fail("there is no such dim");
}

static Value dtype(Evaluator &ev, const Schema &, Args &a) {
  mlir::Value v = ev.read(a[0]);
  if (!v)
    return {};
  mlir::Type elem = ev.g.elem(v);
  if (a[0].tensor->quant)
    return intValue(ev, elem.isUnsignedInteger(8)           ? int64_t(ScalarType::QUInt8)
                        : elem.getIntOrFloatBitWidth() == 8 ? int64_t(ScalarType::QInt8)
                                                            : int64_t(ScalarType::QInt32));
  if (a[0].tensor->isComplex)
    return intValue(ev, int64_t(elem.isF64() ? ScalarType::ComplexDouble : ScalarType::ComplexFloat));
  auto code = torch::dtypeOf(elem);
  return code ? intValue(ev, int64_t(*code)) : ev.fail("a tensor has an element type that torch does not have");
}
static Value isFloatingPoint(Evaluator &ev, const Schema &, Args &a) {
  mlir::Value v = ev.read(a[0]);
  return v ? valueOf(isa<FloatType>(ev.g.elem(v)) && !a[0].tensor->isComplex) : Value();
}
static Value isContiguous(Evaluator &ev, const Schema &, Args &a) {
  return ev.read(a[0]) ? valueOf(ev.space.isContiguous(a[0].tensor)) : Value();
}
static Value itemSize(Evaluator &ev, const Schema &, Args &a) {
  mlir::Value v = ev.read(a[0]);
  int64_t parts = v && a[0].tensor->isComplex ? 2 : 1;
  return v ? intValue(ev, parts * ((ev.g.elem(v).getIntOrFloatBitWidth() + 7) / 8)) : Value();
}
static Value device(Evaluator &, const Schema &, Args &) { return textValue("cpu", K::Device); }
static Value zero(Evaluator &ev, const Schema &, Args &) { return intValue(ev, 0); }
static Value no(Evaluator &, const Schema &, Args &) { return valueOf(false); }
static Value yes(Evaluator &, const Schema &, Args &) { return valueOf(true); }
static Value none(Evaluator &, const Schema &, Args &) { return {}; }
static Value same(Evaluator &, const Schema &, Args &a) { return a[0]; }
static Value isQuantized(Evaluator &, const Schema &, Args &a) { return valueOf(a[0].tensor->quant != nullptr); }

/// Tensors for which gradients could be computed: scripted code takes the path of plain
/// ops for these, and fused ones without.
static Value requiresGrad(Evaluator &ev, const Schema &, Args &a) {
  auto kind = a[0].tensor->view->storage->kind;
  return valueOf(ev.options.gradEnabled &&
                 (kind == torch::Storage::Kind::Buffer || kind == torch::Storage::Kind::Parameter));
}

static Value numToTensor(Evaluator &ev, const Schema &, Args &a) {
  mlir::Value v = ev.scalarOf(a[0]);
  return v ? ev.makeTensor(v) : Value();
}

static Value toList(Evaluator &ev, const Schema &, Args &a) {
  mlir::Value v = ev.read(a[0]);
  if (!v)
    return {};
  auto type = cast<RankedTensorType>(v.getType());
  if (a[0].tensor->isComplex)
    return ev.fail("tolist of complex numbers");
  if (!type.hasStaticShape() || type.getNumElements() > 1024)
    return ev.fail("tolist of a tensor whose size is not known when importing, or above 1024");
  auto build = [&](auto &self, mlir::Value x) -> Value {
    if (!x)
      return ev.fail(ev.g.takeError());
    if (ev.g.rank(x) == 0)
      return ev.item(ev.makeTensor(x), torch::Type::Kind::Number);
    std::vector<Value> items;
    int64_t n = cast<RankedTensorType>(x.getType()).getDimSize(0);
    for (int64_t i = 0; i < n && ev.spend(1); ++i)
      items.push_back(self(self, ev.g.squeeze(ev.g.slice(x, 0, ev.g.expr(i), ev.g.expr(1)), {0})));
    return listValue(std::move(items));
  };
  return build(build, v);
}

void addTensorOps(HostTable &t) {
  for (auto [name, fn] :
       std::initializer_list<std::pair<const char *, Evaluator::HostFn>>{{"aten::size", size},
                                                                         {"aten::sym_size", size},
                                                                         {"prim::shape", size},
                                                                         {"aten::dim", dim},
                                                                         {"prim::ndim", dim},
                                                                         {"aten::numel", numel},
                                                                         {"aten::stride", stride},
                                                                         {"prim::dtype", dtype},
                                                                         {"aten::is_floating_point", isFloatingPoint},
                                                                         {"prim::device", device},
                                                                         {"aten::is_contiguous", isContiguous},
                                                                         {"prim::layout", zero},
                                                                         {"prim::itemsize", itemSize},
                                                                         {"aten::element_size", itemSize},
                                                                         {"prim::is_quantized", isQuantized},
                                                                         {"prim::requires_grad", requiresGrad},
                                                                         {"prim::data", same},
                                                                         {"prim::grad", none},
                                                                         {"prim::NumToTensor", numToTensor},
                                                                         {"prim::tolist", toList},
                                                                         {"aten::get_device", zero},
                                                                         {"aten::requires_grad_", same},
                                                                         {"aten::storage_offset", zero},
                                                                         {"prim::is_cpu", yes}})
    t[name] = {fn, true};
  for (const char *name : {"is_cuda", "is_nested", "is_mkldnn", "is_sparse", "is_sparse_csr", "is_meta", "is_xpu",
                           "is_mps", "is_vulkan", "is_ipu", "is_xla", "is_mtia"})
    t["prim::" + std::string(name)] = {no, true};
}

static const HostTable &table() {
  static const HostTable all = [] {
    HostTable t;
    addContainerOps(t);
    addTextOps(t);
    addNumberOps(t);
    addTensorOps(t);
    return t;
  }();
  return all;
}

Evaluator::HostFn findHostOp(StringRef name) {
  auto it = table().find(name.str());
  return it == table().end() ? nullptr : it->second.fn;
}
bool isAlwaysHost(StringRef name) {
  auto it = table().find(name.str());
  return it != table().end() && it->second.always;
}

} // namespace wick::compiler::torchscript
