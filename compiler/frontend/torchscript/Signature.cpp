// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Signature.h.
//
#include "compiler/frontend/torchscript/Signature.h"

#include "compiler/frontend/InputSizes.h"
#include "dialects/graph/SizeCheck.h"

using namespace mlir;
namespace wick::compiler::torchscript {

using torch::PickleValue;
using torch::Type;

/// Named tuples in named tuples make many of a short source.
static constexpr unsigned maxInputs = 10'000;

//===-- Options ------------------------------------------------------------===//

const std::string *Signature::shapeOf(const std::string &name) {
  for (auto &[key, text] : options.common.shapes)
    if (key == name)
      return used.insert("--shape " + key), &text;
  return nullptr;
}
const std::string *Signature::valueOfOption(const std::string &name) {
  for (auto &[key, text] : options.values)
    if (key == name)
      return used.insert("--set " + key), &text;
  return nullptr;
}

std::vector<std::string> Signature::keysWithin(const std::string &name) const {
  std::vector<std::string> keys;
  auto look = [&](const std::string &key) {
    if (key.size() <= name.size() + 1 || key.compare(0, name.size() + 1, name + ".") != 0)
      return;
    std::string part = key.substr(name.size() + 1);
    part = part.substr(0, part.find('.'));
    if (!llvm::is_contained(keys, part))
      keys.push_back(part);
  };
  for (auto &[key, text] : options.common.shapes)
    look(key);
  for (auto &[key, text] : options.values)
    look(key);
  return keys;
}
bool Signature::isMentioned(const std::string &name) const {
  auto is = [&](auto &entry) { return entry.first == name; };
  return llvm::any_of(options.common.shapes, is) || llvm::any_of(options.values, is) || !keysWithin(name).empty();
}

/// Of parameters that are containers, what they hold so far.
std::vector<std::string> Signature::inputNames() {
  std::vector<std::string> out;
  for (const std::string &parameter : parameters) {
    size_t before = out.size();
    for (unsigned i = 0; i < fn.getNumArguments(); ++i)
      if (auto name = fn.getArgAttrOfType<StringAttr>(i, "wick.name"))
        if (name.getValue().starts_with(parameter + "."))
          out.push_back(name.str());
    if (out.size() == before)
      out.push_back(parameter);
  }
  return out;
}

void Signature::checkOptions() {
  for (auto &[key, text] : options.common.shapes)
    if (!used.count("--shape " + key))
      problem(noSuchInput(key, inputNames()));
  for (auto &[key, text] : options.values)
    if (!used.count("--set " + key))
      problem("--set " + key + ": the method has no argument of this name");
}

AffineExpr Signature::namedDim(StringRef name) {
  for (auto &[key, text] : options.common.dims) {
    if (key != name)
      continue;
    DimRange range;
    std::string error;
    if (!parseDim(name, text, range, error)) {
      problem(error);
      return ev.g.expr(1);
    }
    return range.first == range.second ? ev.g.expr(range.first) : ev.g.symbols.named(name, range.first, range.second);
  }
  return ev.g.symbols.named(name);
}

/// "f32", "i64", "bool", ... and torch's own names.
static mlir::Type elementByName(StringRef name, MLIRContext *context) {
  using torch::ScalarType;
  static const std::pair<const char *, ScalarType> shorts[] = {
      {"f16", ScalarType::Half},   {"bf16", ScalarType::BFloat16}, {"f32", ScalarType::Float},
      {"f64", ScalarType::Double}, {"i8", ScalarType::Char},       {"i16", ScalarType::Short},
      {"i32", ScalarType::Int},    {"i64", ScalarType::Long},      {"u8", ScalarType::Byte},
      {"bool", ScalarType::Bool}};
  for (auto [text, type] : shorts)
    if (name == text)
      return torch::elementType(type, context);
  auto type = torch::dtypeFromName(name);
  return type ? torch::elementType(*type, context) : mlir::Type();
}

//===-- Inputs -------------------------------------------------------------===//

mlir::Value Signature::addInput(const std::string &name, mlir::Type type) {
  MLIRContext *context = type.getContext();
  if (std::string why = graph::sizeProblem(type); !why.empty())
    ev.fail("input '" + name + "': " + why);
  auto loc = NameLoc::get(StringAttr::get(context, name), FileLineColLoc::get(context, options.common.modelName, 0, 0));
  Block &entry = fn.getBody().front();
  mlir::Value v = entry.addArgument(type, loc);
  fn.setType(FunctionType::get(context, entry.getArgumentTypes(), {}));
  fn.setArgAttr(entry.getNumArguments() - 1, "wick.name", StringAttr::get(context, name));
  return v;
}

std::optional<Value> Signature::tensor(const std::string &name, const PickleValue *example) {
  GraphBuilder &g = ev.g;
  mlir::Type elem;
  SmallVector<int64_t> declared;
  bool known = example && example->isTensor(), isComplex = false;
  if (known) {
    const torch::TensorRecord &r = example->asTensor();
    elem = torch::elementType(r.dtype, g.b.getContext());
    if (!elem || r.quant) {
      problem("input '" + name + "' has dtype " + torch::dtypeName(r.dtype) + ", which is not supported");
      return std::nullopt;
    }
    isComplex = r.dtype == torch::ScalarType::ComplexFloat || r.dtype == torch::ScalarType::ComplexDouble;
    declared.assign(r.sizes.begin(), r.sizes.end());
  }
  const std::string *shape = shapeOf(name);
  if (!known && !shape) {
    problem("the archive does not tell the size of input '" + name + "'; give it with --shape " + name +
            "=1x3x224x224 (and a type unless f32: ...:i64)");
    return std::nullopt;
  }
  Exprs dims = g.exprs(declared);
  if (shape) {
    auto [sizes, type] = StringRef(*shape).split(':');
    if (!type.empty() && !(elem = elementByName(type, g.b.getContext()))) {
      problem("--shape " + name + "=" + *shape + ": there is no element type '" + type + "'");
      return std::nullopt;
    }
    std::string error;
    // An example's sizes are no promise: `?` opens them.
    for (auto [dim, part] : llvm::zip(dims, splitSizes(sizes)))
      if (part == "?")
        dim = {};
    if (!applyShape(g, name, sizes, known, [&](StringRef dim) { return namedDim(dim); }, dims, error)) {
      problem(error);
      return std::nullopt;
    }
  }
  if (isComplex)
    dims.push_back(g.expr(2));
  if (!elem)
    elem = g.b.getF32Type();
  torch::Tensor t = ev.space.make(addInput(name, graph::tensorOf(elem, dims)), torch::Storage::Kind::Input, name);
  t->isComplex = isComplex;
  return tensorValue(t);
}

std::optional<Value> Signature::scalar(const std::string &name, const TypeRef &type, const std::string &text) {
  int64_t i;
  double d;
  StringRef t(text);
  bool any = type->is(Type::Kind::Number) || type->is(Type::Kind::Any);
  if (t == "none" || t == "None")
    return Value();
  if ((type->is(Type::Kind::Bool) || any) && (t.equals_insensitive("true") || t.equals_insensitive("false")))
    return valueOf(t.equals_insensitive("true"));
  if ((type->is(Type::Kind::Int) || any) && !t.getAsInteger(10, i))
    return valueOf(ev.g.expr(i));
  if ((type->is(Type::Kind::Float) || any) && !t.getAsDouble(d))
    return valueOf(d);
  if (type->is(Type::Kind::Str))
    return textValue(text);
  problem("--set " + name + "=" + text + ": this is no value of type " + torch::toString(*type));
  return std::nullopt;
}

std::optional<Value> Signature::argument(const std::string &name, const TypeRef &type, const PickleValue *example,
                                         const Expr *defaultValue, unsigned depth) {
  if (depth > 16)
    return problem("input '" + name + "' is nested too deep"), std::nullopt;
  if (ev.problems.size() > maxInputs || fn.getNumArguments() > maxInputs || !ev.spend(1))
    return ev.fail("the method has more than " + Twine(maxInputs) + " inputs"), std::nullopt;
  if (const std::string *text = valueOfOption(name))
    return scalar(name, type->is(Type::Kind::Optional) ? type->args[0] : type, *text);
  bool mentioned = isMentioned(name) || (example && !example->isNone());
  if (defaultValue && !mentioned)
    return ev.constantExpr(defaultValue, type);
  auto part = [&](size_t i) { return example && i < example->items().size() ? &example->items()[i] : nullptr; };
  switch (type->kind) {
  case Type::Kind::Tensor:
    return tensor(name, example);
  case Type::Kind::Optional:
    return mentioned ? argument(name, type->args[0], example, nullptr, depth + 1) : Value();
  case Type::Kind::Int:
  case Type::Kind::Float:
  case Type::Kind::Bool:
  case Type::Kind::Number: {
    if (example && example->isInt())
      return valueOf(ev.g.expr(example->asInt()));
    if (example && example->isDouble())
      return valueOf(example->asDouble());
    if (example && example->isBool())
      return valueOf(example->asBool());
    Builder &b = ev.g.b;
    bool isInt = type->is(Type::Kind::Int), isBool = type->is(Type::Kind::Bool);
    mlir::Type elem = isInt    ? mlir::Type(b.getI64Type())
                      : isBool ? mlir::Type(b.getI1Type())
                               : mlir::Type(b.getF64Type());
    return scalarValue(isInt    ? Value::Kind::Int
                       : isBool ? Value::Kind::Bool
                                : Value::Kind::Float,
                       addInput(name, RankedTensorType::get({}, elem)));
  }
  case Type::Kind::Tuple:
  case Type::Kind::NamedTuple: {
    const ClassInfo *info = type->is(Type::Kind::NamedTuple) ? ev.program.findClass(type->name) : nullptr;
    std::vector<Value> items;
    for (size_t i = 0; i < type->args.size(); ++i) {
      std::string key = info && i < info->def->members.size() ? info->def->members[i].name : std::to_string(i);
      auto v = argument(name + "." + key, type->args[i], part(i), nullptr, depth + 1);
      if (!v)
        return std::nullopt;
      items.push_back(*v);
    }
    Value v = tupleValue(std::move(items));
    v.text = info ? info->name : "";
    return v;
  }
  case Type::Kind::List: {
    size_t n = keysWithin(name).size();
    if (!n && example)
      n = example->items().size();
    std::vector<Value> items;
    for (size_t i = 0; i < n; ++i) {
      auto v = argument(name + "." + std::to_string(i), type->args[0], part(i), nullptr, depth + 1);
      if (!v)
        return std::nullopt;
      items.push_back(*v);
    }
    if (!n)
      problem("input '" + name + "' is a list; give its elements with --shape " + name + ".0=...");
    return n ? std::optional(listValue(std::move(items), type->args[0])) : std::nullopt;
  }
  case Type::Kind::Dict: {
    Value v;
    v.kind = Value::Kind::Dict;
    v.dict = std::make_shared<DictData>();
    v.dict->type = type;
    std::vector<std::pair<std::string, const PickleValue *>> keys;
    for (const std::string &key : keysWithin(name))
      keys.push_back({key, nullptr});
    for (size_t i = 0; keys.empty() && example && i + 1 < example->items().size(); i += 2)
      if (example->items()[i].isString())
        keys.push_back({example->items()[i].asString().str(), &example->items()[i + 1]});
    for (auto &[key, inner] : keys) {
      auto x = argument(name + "." + key, type->args[1], inner, nullptr, depth + 1);
      if (!x)
        return std::nullopt;
      v.dict->entries.push_back({textValue(key), *x});
    }
    if (keys.empty())
      problem("input '" + name + "' is a dict; give its entries with --shape " + name + ".KEY=...");
    return keys.empty() ? std::nullopt : std::optional(v);
  }
  default:
    problem("argument '" + name + "' is of type " + torch::toString(*type) +
            (type->is(Type::Kind::Str) ? "; give it with --set " + name + "=..." : ", which cannot be an input"));
    return std::nullopt;
  }
}

bool Signature::arguments(const Function &method, const torch::TorchArchive &archive,
                          std::vector<std::pair<std::string, Value>> &out) {
  const PickleValue *examples = nullptr;
  if (archive.tracedInputs() && archive.tracedInputs()->root().isDict())
    examples = archive.tracedInputs()->root().find(method.name);
  bool ok = true;
  for (size_t i = 1; i < method.parameters.size(); ++i) {
    const Parameter &p = method.parameters[i];
    parameters.push_back(p.name);
    TypeRef type = p.type ? ev.program.typeOf(p.type) : torch::scalarType("Tensor");
    if (!type)
      return ev.fail(""), false;
    const PickleValue *example = nullptr;
    if (examples && i - 1 < examples->items().size())
      example = &examples->items()[i - 1];
    auto v = argument(p.name, type, example, p.defaultValue);
    ok &= v.has_value() && !ev.halted();
    if (v)
      out.push_back({p.name, *v});
  }
  return ok;
}

//===-- Outputs ------------------------------------------------------------===//

void Signature::addOutput(const std::string &name, const Value &v, unsigned depth) {
  if (ev.halted() || depth > 16 || !ev.spend(1))
    return;
  MLIRContext *context = fn.getContext();
  ev.g.loc = NameLoc::get(StringAttr::get(context, name), FileLineColLoc::get(context, options.common.modelName, 0, 0));
  auto add = [&](mlir::Value x) {
    if (!x)
      return;
    std::string unique = name;
    for (int n = 1; llvm::is_contained(names, unique); ++n)
      unique = name + "_" + std::to_string(n);
    if (!ev.spend(names.size()))
      return;
    names.push_back(unique);
    results.push_back(x);
  };
  switch (v.kind) {
  case Value::Kind::Tensor:
    if (v.tensor->quant) {
      ev.problems.push_back({false, "", "", "output '" + name + "' is quantized; its numbers are given"});
      return addOutput(name, ev.op("aten::dequantize", {v}, {}), depth + 1);
    }
    return add(ev.read(v));
  case Value::Kind::Bool:
  case Value::Kind::Int:
  case Value::Kind::Float:
    return add(ev.scalarOf(v));
  case Value::Kind::List:
  case Value::Kind::Tuple: {
    const ClassInfo *info = v.text.empty() ? nullptr : ev.program.findClass(v.text);
    for (size_t i = 0; i < v.list->items.size(); ++i)
      addOutput(name + "." + (info && i < info->def->members.size() ? info->def->members[i].name : std::to_string(i)),
                v.list->items[i], depth + 1);
    return;
  }
  case Value::Kind::Dict:
    for (auto &[key, x] : v.dict->entries)
      addOutput(name + "." + ev.format(key), x, depth + 1);
    return;
  case Value::Kind::Unset:
    ev.fail("output '" + name + "' " + (v.text.empty() ? "is not set" : v.text));
    return;
  case Value::Kind::Object:
    ev.fail("output '" + name + "' is an object of class '" + v.object->type->name + "'");
    return;
  default:
    return; // None, strings: nothing that a tensor could tell
  }
}

void Signature::finish() {
  GraphBuilder &g = ev.g;
  g.loc = fn.getLoc();
  Block &entry = fn.getBody().front();
  g.b.setInsertionPointToEnd(&entry);
  func::ReturnOp::create(g.b, g.loc, results);
  fn.setType(g.b.getFunctionType(entry.getArgumentTypes(), ValueRange(results).getTypes()));
  for (size_t i = 0; i < results.size(); ++i)
    fn.setResultAttr(unsigned(i), "wick.name", g.b.getStringAttr(names[i]));
  g.finish();
}

} // namespace wick::compiler::torchscript
