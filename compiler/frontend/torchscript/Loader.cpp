// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Loader.h.
//
#include "compiler/frontend/torchscript/Loader.h"

using namespace mlir;
namespace wick::compiler::torchscript {

using torch::PickleValue;
using torch::TensorRecord;

std::vector<Value> Loader::constants() {
  std::vector<Value> out;
  storageKind = torch::Storage::Kind::Constant;
  const PickleValue root = archive->constants().root();
  size_t n = 0;
  if (root.isTuple() || root.isList())
    for (PickleValue v : root.items())
      out.push_back(load(v, "CONSTANTS.c" + std::to_string(n++)));
  storageKind = torch::Storage::Kind::Buffer;
  return out;
}

Value Loader::root() {
  const PickleValue v = archive->data().root();
  return v.isObject() ? load(v, "") : ev.fail("data.pkl holds no module");
}

Value Loader::load(PickleValue v, const std::string &path, unsigned depth) {
  using K = PickleValue::Kind;
  if (ev.halted())
    return {};
  if (depth > 200)
    return ev.fail("objects are nested more than 200 deep");
  if (v.identity())
    if (auto it = memo.find(v.identity()); it != memo.end())
      return it->second;
  Value out;
  switch (v.kind()) {
  case K::Bool:
    return valueOf(v.asBool());
  case K::Int:
    return valueOf(ev.g.expr(v.asInt()));
  case K::Double:
    return valueOf(v.asDouble());
  case K::Complex:
    out.kind = Value::Kind::Complex;
    std::tie(out.number, out.imaginary) = v.asComplex();
    return out;
  case K::String:
    return textValue(v.asString().str());
  case K::Device:
    return textValue("cpu", Value::Kind::Device);
  case K::Tensor:
    out = loadTensor(v.asTensor(), path);
    break;
  case K::Tuple:
  case K::List: {
    std::vector<Value> items;
    for (PickleValue x : v.items())
      items.push_back(load(x, path + "." + std::to_string(items.size()), depth + 1));
    out = v.isTuple() ? tupleValue(std::move(items)) : listValue(std::move(items));
    TypeRef t = v.typeText().empty() ? nullptr : ev.program.typeOf(v.typeText().str());
    if (t && v.isList() && t->is(torch::Type::Kind::List))
      out.list->elem = t->args[0];
    break;
  }
  case K::Dict: {
    out.kind = Value::Kind::Dict;
    out.dict = std::make_shared<DictData>();
    if (TypeRef t = v.typeText().empty() ? nullptr : ev.program.typeOf(v.typeText().str());
        t && t->is(torch::Type::Kind::Dict))
      out.dict->type = t;
    for (size_t i = 0; i + 1 < v.items().size(); i += 2) {
      Value key = load(v.items()[i], path, depth + 1);
      out.dict->entries.push_back({key, load(v.items()[i + 1], path + "." + ev.format(key), depth + 1)});
    }
    break;
  }
  case K::Enum:
    out = textValue(v.className().str(), Value::Kind::Enum);
    out.list = std::make_shared<ListData>();
    out.list->items.push_back(load(v.state(), path, depth + 1));
    break;
  case K::Object:
    return loadObject(v, path, depth);
  case K::Dtype:
    return valueOf(ev.g.expr(int64_t(v.asDtype())));
  default:
    return {};
  }
  if (v.identity())
    memo[v.identity()] = out;
  return out;
}

Value Loader::loadObject(PickleValue v, const std::string &path, unsigned depth) {
  std::string cls = v.className().str();
  if (StringRef(cls).starts_with("__torch__.torch.classes.")) {
    Value out = loadCustom(cls, load(v.state(), path, depth + 1), path);
    memo[v.identity()] = out;
    return out;
  }
  const ClassInfo *info = ev.program.findClass(cls);
  if (!info)
    return ev.fail("there is no class '" + cls + "' in the archive's code");
  Value out;
  out.kind = Value::Kind::Object;
  out.object = std::make_shared<ObjectData>();
  ObjectData &object = *out.object;
  object.type = info, object.path = path;
  memo[v.identity()] = out;
  if (info->methods.count("__setstate__")) {
    Value state = load(v.state(), path, depth + 1);
    ev.callMethod(out, "__setstate__", {state});
    object.fromArchive = true;
    return out;
  }
  if (!v.state().isDict())
    return ev.fail("object '" + path + "' of class '" + cls + "' has no attributes");
  ArrayRef<PickleValue> items = v.state().items();
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    if (!items[i].isString())
      return ev.fail("object '" + path + "' has an attribute without name");
    std::string name = items[i].asString().str(), inner = path.empty() ? name : path + "." + name;
    if (evalMode && name == "training") {
      object.attributes.push_back({name, valueOf(false)});
      continue;
    }
    if (auto spec = plan.find(inner); spec != plan.end()) {
      object.attributes.push_back({name, materialize(spec->second, inner)});
      continue;
    }
    owner = out.object, ownerAttribute = name;
    Value value = load(items[i + 1], inner, depth + 1);
    if (ev.halted())
      return {};
    if (value.is(Value::Kind::List) && !value.list->elem)
      if (auto t = info->attributes.find(name); t != info->attributes.end() && t->second->is(torch::Type::Kind::List))
        value.list->elem = t->second->args[0];
    if (value.isTensor())
      tensors.push_back({inner, out.object, name, value.tensor});
    object.attributes.push_back({name, std::move(value)});
  }
  object.fromArchive = true;
  return out;
}

/// Packed parameters of quantized modules, from their private states.
Value Loader::loadCustom(const std::string &cls, const Value &state, const std::string &path) {
  StringRef name = StringRef(cls).rsplit('.').second;
  auto items = [](const Value &v) { return v.list ? v.list->items : std::vector<Value>(); };
  std::vector<Value> s = items(state);
  auto bad = [&] { return ev.fail("object '" + path + "' of class '" + cls + "' has a state of an unknown form"); };
  if (ev.halted())
    return {};
  if (name == "LinearPackedParamsBase")
    return s.size() == 2 ? ev.op("quantized::linear_prepack", {s[0], s[1]}, {}) : bad();
  if (name.starts_with("Conv") && name.ends_with("PackedParamsBase")) {
    if (s.size() != 3 || !s[0].is(Value::Kind::Str) || s[0].text != "2")
      return bad();
    std::vector<Value> tensors = items(s[1]), biases = items(s[2]);
    if (tensors.size() != 2 || biases.size() != 1 || !tensors[0].isTensor())
      return bad();
    auto config = ev.g.intsOf(ev.read(tensors[0]));
    size_t k = config && !config->empty() ? size_t((*config)[0]) : 0;
    if (k < 1 || k > 3 || config->size() != 3 + 4 * k)
      return bad();
    auto list = [&](size_t part) {
      std::vector<Value> v;
      for (size_t i = 0; i < k; ++i)
        v.push_back(valueOf(ev.g.expr((*config)[1 + part * k + i])));
      return listValue(std::move(v), torch::scalarType("int"));
    };
    Value groups = valueOf(ev.g.expr((*config)[1 + 4 * k]));
    bool transpose = (*config)[2 + 4 * k];
    std::string op = std::string("quantized::conv") + (transpose ? "_transpose" : "") + std::to_string(k) + "d_prepack";
    if (transpose)
      return ev.op(op, {tensors[1], biases[0], list(0), list(1), list(3), list(2), groups}, {});
    return ev.op(op, {tensors[1], biases[0], list(0), list(1), list(2), groups}, {});
  }
  if (name == "CellParamsBase") {
    if (s.size() != 5 || !s[0].is(Value::Kind::Str) || s[0].text != "quantized_dynamic")
      return bad();
    std::vector<Value> biases = items(s[1]), packed = items(s[4]), flags = items(s[3]);
    if (biases.size() != 2 || packed.size() != 2 || flags.size() != 1)
      return bad();
    return ev.op("quantized::make_quantized_cell_params_dynamic",
                 {packed[0], packed[1], biases[0], biases[1], ev.toBool(flags[0])}, {});
  }
  if (name == "EmbeddingPackedParamsBase") {
    std::vector<Value> weights = s.size() >= 2 ? items(s[1]) : std::vector<Value>();
    return weights.size() == 1 ? ev.op("quantized::embedding_bag_prepack", {weights[0]}, {}) : bad();
  }
  return ev.fail("object '" + path + "' is of class '" + cls + "', which is not supported");
}

//===-- Tensors ------------------------------------------------------------===//

mlir::Value Loader::bytesOf(const TensorRecord &record, const std::string &name) {
  GraphBuilder &g = ev.g;
  auto data = archive->tensor(record);
  if (!data)
    return g.fail("tensor '" + name + "': " + llvm::toString(data.takeError()));
  auto bytes = data->dense();
  if (!bytes)
    return g.fail("tensor '" + name + "': " + llvm::toString(bytes.takeError()));
  mlir::Type elem = torch::elementType(record.dtype, g.b.getContext());
  if (!elem)
    return g.fail("tensor '" + name + "' has dtype " + torch::dtypeName(record.dtype) + ", which is not supported");
  SmallVector<int64_t> sizes(record.sizes.begin(), record.sizes.end());
  if (record.dtype == torch::ScalarType::ComplexFloat || record.dtype == torch::ScalarType::ComplexDouble)
    sizes.push_back(2);
  auto loc = NameLoc::get(g.b.getStringAttr(name), FileLineColLoc::get(g.b.getContext(), ev.options.modelName, 0, 0));
  return atEntry->make(g, entry, loc, elem, sizes, bytes->data, bytes->owner, name);
}

Value Loader::loadTensor(const TensorRecord &record, const std::string &path) {
  auto key = std::make_tuple(static_cast<const void *>(record.storage), record.offset,
                             std::vector<int64_t>(record.sizes.begin(), record.sizes.end()),
                             std::vector<int64_t>(record.strides.begin(), record.strides.end()));
  torch::Tensor &slot = views[key];
  if (!slot) {
    const TensorRecord *r = &record;
    slot = ev.space.makeLazy([this, r, path] { return bytesOf(*r, path); }, storageKind, path);
    slot->isComplex =
        record.dtype == torch::ScalarType::ComplexFloat || record.dtype == torch::ScalarType::ComplexDouble;
    if (record.quant) {
      auto q = std::make_shared<torch::Quantization>();
      q->axis = record.quant->axis;
      if (q->axis < 0) {
        q->scale = ev.g.scalar(ev.g.b.getF64Type(), record.quant->scale);
        q->zeroPoint = ev.g.i64(record.quant->zeroPoint);
      } else {
        q->scale = bytesOf(*record.quant->scales, path + ".scales");
        q->zeroPoint = bytesOf(*record.quant->zeroPoints, path + ".zero_points");
      }
      slot->quant = q;
    }
  }
  return tensorValue(slot);
}

//===-- State --------------------------------------------------------------===//

Value Loader::materialize(const StateSpec &spec, const std::string &path) {
  GraphBuilder &g = ev.g;
  switch (spec.kind) {
  case StateSpec::Kind::Known:
    return spec.value;
  case StateSpec::Kind::Number: {
    mlir::Type elem = spec.value.is(Value::Kind::Int)    ? mlir::Type(g.b.getI64Type())
                      : spec.value.is(Value::Kind::Bool) ? mlir::Type(g.b.getI1Type())
                                                         : mlir::Type(g.b.getF64Type());
    return scalarValue(spec.value.kind, input("state:" + path, RankedTensorType::get({}, elem)));
  }
  case StateSpec::Kind::Tensor: {
    Exprs dims;
    for (const StateSpec::Dim &d : spec.dims)
      dims.push_back(d.name.empty() ? g.expr(d.size) : g.symbols.named(d.name));
    torch::Tensor t =
        ev.space.make(input("state:" + path, graph::tensorOf(spec.elem, dims)), torch::Storage::Kind::Buffer, path);
    t->isComplex = spec.isComplex;
    return tensorValue(t);
  }
  case StateSpec::Kind::Container: {
    Value out = spec.value;
    if (out.dict)
      out.dict = std::make_shared<DictData>(*out.dict);
    else
      out.list = std::make_shared<ListData>(*out.list);
    for (size_t i = 0; i < spec.parts.size(); ++i)
      if (out.dict)
        out.dict->entries[i].second = materialize(spec.parts[i], path + "." + ev.format(out.dict->entries[i].first));
      else
        out.list->items[i] = materialize(spec.parts[i], path + "." + std::to_string(i));
    return out;
  }
  }
  return {};
}

} // namespace wick::compiler::torchscript
