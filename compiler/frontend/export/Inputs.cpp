// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program's signature: weights, state and the user's inputs before the walk,
// outputs and what was written after it.
//
#include "compiler/frontend/InputSizes.h"
#include "compiler/frontend/export/ExportImporter.h"
#include "compiler/frontend/export/SymExpr.h"
#include "compiler/frontend/torch/archive/Json.h"
#include "dialects/graph/SizeCheck.h"

using namespace mlir;
namespace wick::compiler {
using torch::Arg;
using torch::ScalarType;
using torch::Storage;

//===-- Sizes --------------------------------------------------------------===//

/// The file's bounds, with the user's on top. A lower bound of 2 says only that the
/// example was no smaller: torch treats 0 and 1 apart.
std::pair<int64_t, int64_t> ExportImporter::rangeOf(StringRef name) {
  bool isInput = name.starts_with("s");
  std::pair<int64_t, int64_t> out{isInput ? 1 : INT64_MIN / 4, isInput ? graph::maxDim : INT64_MAX / 4};
  const Object *all = file.program().getObject("range_constraints"), *range = all ? all->getObject(name) : nullptr;
  if (range) {
    if (auto lo = range->getInteger("min_val"); lo && *lo != 2)
      out.first = *lo;
    if (auto hi = range->getInteger("max_val"))
      out.second = *hi;
  }
  return out;
}

AffineExpr ExportImporter::symbol(StringRef name) {
  auto [it, isNew] = symbols.try_emplace(name.str());
  if (!isNew)
    return it->second;
  if (!name.starts_with("s"))
    return {}; // of the running program: made where it is read
  auto range = rangeOf(name);
  auto other = renamed.find(name.str());
  StringRef shown = other == renamed.end() ? name : StringRef(other->second);
  for (StringRef n : {name, shown})
    if (auto given = dimBounds.find(n.str()); given != dimBounds.end())
      range = given->second;
  return it->second =
             range.first == range.second ? g.expr(range.first) : g.symbols.named(shown, range.first, range.second);
}

AffineExpr ExportImporter::size(const Json *v) {
  const Object *o = v ? v->getAsObject() : nullptr;
  if (auto n = o ? o->getInteger("as_int") : std::nullopt)
    return g.expr(*n);
  const Object *e = o ? o->getObject("as_expr") : nullptr;
  auto text = e ? e->getString("expr_str") : std::nullopt;
  std::string error = "a size is neither a number nor an expression";
  AffineExpr out;
  if (text)
    out = parseSymExpr(g, *text, [&](StringRef name) { return symbol(name); }, error);
  if (!out)
    g.fail(error);
  return out;
}

/// Names of the user's inputs that are tensors.
std::vector<std::string> ExportImporter::tensorInputs() const {
  std::vector<std::string> names;
  const llvm::json::Array *specs = file.signature().getArray("input_specs");
  for (size_t i = 0; specs && i < specs->size(); ++i) {
    const Object *o = (*specs)[i].getAsObject(), *spec = o ? o->getObject("user_input") : nullptr;
    const Object *arg = spec ? spec->getObject("arg") : nullptr, *tensor = arg ? arg->getObject("as_tensor") : nullptr;
    if (auto name = tensor ? tensor->getString("name") : std::nullopt)
      names.push_back(name->str());
  }
  return names;
}

/// --dim, and names and values that --shape gives to sizes.
void ExportImporter::readOptions() {
  auto refuse = [&](const Twine &why) {
    onlyUnsupported = false;
    problems.push_back({true, "", "", why.str()});
  };
  for (const auto &[name, text] : options.dims) {
    DimRange range;
    std::string error;
    if (parseDim(name, text, range, error))
      dimBounds[name] = range;
    else
      refuse(error);
  }
  const Object *metas = file.graph().getObject("tensor_values");
  std::vector<std::string> known = tensorInputs();
  for (const auto &[name, text] : options.shapes) {
    SmallVector<StringRef> parts = splitSizes(text);
    const Object *meta = metas && llvm::is_contained(known, name) ? metas->getObject(name) : nullptr;
    const llvm::json::Array *sizes = meta ? meta->getArray("sizes") : nullptr;
    if (!sizes || sizes->size() != parts.size()) {
      refuse(sizes ? otherRank(name, parts.size(), sizes->size()) : noSuchInput(name, known));
      continue;
    }
    for (auto [i, part] : llvm::enumerate(parts)) {
      const Object *o = (*sizes)[i].getAsObject(), *e = o ? o->getObject("as_expr") : nullptr;
      StringRef sym = symbolName(e ? e->getString("expr_str").value_or("") : "");
      auto fixed = o ? o->getInteger("as_int") : std::nullopt;
      int64_t v;
      if (part == "?")
        continue;
      if (part.getAsInteger(10, v)) {
        if (sym.empty())
          refuse("--shape names dim " + Twine(i) + " of input '" + name + "', which was exported with a fixed size");
        else
          renamed[sym.str()] = part.str();
      } else if (!sym.empty()) {
        dimBounds[sym.str()] = {v, v};
      } else if (fixed != v) {
        refuse("--shape gives " + Twine(v) + " for dim " + Twine(i) + " of input '" + name +
               "', which was exported as " + (fixed ? Twine(*fixed) : Twine("an expression")));
      }
    }
  }
}

//===-- Inputs -------------------------------------------------------------===//

/// Of what is no node.
Location ExportImporter::locationOf(const std::string &name) {
  return NameLoc::get(g.b.getStringAttr(name), FileLineColLoc::get(g.b.getContext(), options.modelName, 0, 0));
}

/// A tensor's element type and dims as the graph holds them.
Value ExportImporter::argument(const std::string &name, const Object &meta) {
  ScalarType dtype = exportScalarType(meta.getInteger("dtype").value_or(-1));
  mlir::Type elem = torch::elementType(dtype, g.b.getContext());
  Exprs dims;
  const llvm::json::Array *sizes = meta.getArray("sizes");
  for (size_t i = 0; sizes && i < sizes->size(); ++i)
    dims.push_back(size(&(*sizes)[i]));
  if (!elem || g.hasError() || !sizes) {
    problems.push_back(
        {true, name, "input",
         elem ? g.takeError()
              : "the input has dtype " + torch::dtypeName(dtype).str() + ", which programs here cannot take"});
    return {};
  }
  if (dtype == ScalarType::ComplexFloat || dtype == ScalarType::ComplexDouble)
    dims.push_back(g.expr(2));
  Location loc = locationOf(name);
  mlir::Type type = graph::tensorOf(elem, dims);
  if (std::string why = graph::sizeProblem(type); !why.empty()) {
    problems.push_back({true, name, "input", why});
    return {};
  }
  argumentNames.push_back(name);
  Value v = entry->addArgument(type, loc);
  auto fn = cast<func::FuncOp>(entry->getParentOp());
  fn.setType(g.b.getFunctionType(entry->getArgumentTypes(), {}));
  return v;
}

Value ExportImporter::constant(const std::string &name, bool complex) {
  auto data = file.tensor(name);
  if (!data)
    return g.fail(llvm::toString(data.takeError()));
  mlir::Type elem = torch::elementType(data->dtype(), g.b.getContext());
  if (!elem)
    return g.fail("tensor '" + name + "' has dtype " + torch::dtypeName(data->dtype()) + ", which is not supported");
  bool isComplex = data->dtype() == ScalarType::ComplexFloat || data->dtype() == ScalarType::ComplexDouble;
  if (isComplex != complex)
    return g.fail("tensor '" + name + "' has dtype " + torch::dtypeName(data->dtype()) + ", the program expects " +
                  (complex ? "complex" : "real") + " numbers");
  auto bytes = data->dense();
  if (!bytes)
    return g.fail(llvm::toString(bytes.takeError()));
  OpLimit::FromFile fromFile(limit);
  SmallVector<int64_t> dims(data->sizes());
  if (isComplex)
    dims.push_back(2);
  return constants.make(g, entry, locationOf(name), elem, dims, bytes->data, bytes->owner, name);
}

void ExportImporter::addWeight(const std::string &arg, const std::string &name, Storage::Kind kind) {
  const Object *metas = file.graph().getObject("tensor_values"), *meta = metas ? metas->getObject(arg) : nullptr;
  ScalarType dtype = exportScalarType(meta ? meta->getInteger("dtype").value_or(-1) : -1);
  bool isComplex = dtype == ScalarType::ComplexFloat || dtype == ScalarType::ComplexDouble;
  torch::Tensor t;
  if (states.count(name) && meta)
    t = tensors.make(argument("state:" + name, *meta), kind, name);
  else
    t = tensors.makeLazy([this, name, isComplex] { return constant(name, isComplex); }, kind, name);
  t->isComplex = isComplex;
  scopes.back()[arg] = t;
  allWeights.push_back({name, t});
}

void ExportImporter::importUserInput(const std::string &name) {
  const Object *metas = file.graph().getObject("tensor_values"), *meta = metas ? metas->getObject(name) : nullptr;
  if (!meta) {
    problems.push_back({true, name, "input", "the input has no type"});
    return;
  }
  torch::Tensor t = tensors.make(argument(name, *meta), Storage::Kind::Input, name);
  ScalarType dtype = exportScalarType(meta->getInteger("dtype").value_or(-1));
  t->isComplex = dtype == ScalarType::ComplexFloat || dtype == ScalarType::ComplexDouble;
  scopes.back()[name] = t;
  userInputs.push_back({name, t});
}

void ExportImporter::importInputs() {
  const llvm::json::Array *specs = file.signature().getArray("input_specs");
  auto nameOf = [](const Object *spec, StringRef member) {
    return spec ? spec->getString(member).value_or("").str() : std::string();
  };
  // The user's first: that is the order of the program's inputs.
  std::vector<size_t> order;
  for (bool user : {true, false})
    for (size_t i = 0; specs && i < specs->size(); ++i)
      if (const Object *o = (*specs)[i].getAsObject(); o && o->size() == 1)
        if (user == (StringRef(o->begin()->first) == "user_input"))
          order.push_back(i);
  for (size_t i : order) {
    const Object *o = (*specs)[i].getAsObject();
    StringRef kind = o->begin()->first;
    const Object *spec = o->begin()->second.getAsObject(), *arg = spec ? spec->getObject("arg") : nullptr;
    if (kind == "parameter")
      addWeight(nameOf(arg, "name"), nameOf(spec, "parameter_name"), Storage::Kind::Parameter);
    else if (kind == "buffer")
      addWeight(nameOf(arg, "name"), nameOf(spec, "buffer_name"), Storage::Kind::Buffer);
    else if (kind == "tensor_constant")
      addWeight(nameOf(arg, "name"), nameOf(spec, "tensor_constant_name"), Storage::Kind::Constant);
    else if (kind == "user_input" && arg && arg->getObject("as_tensor"))
      importUserInput(nameOf(arg->getObject("as_tensor"), "name"));
    else if (kind == "user_input" && arg && arg->getObject("as_sym_int") &&
             arg->getObject("as_sym_int")->getString("as_name")) {
      // A number that may change: an i64 scalar, read where the program begins.
      std::string name = nameOf(arg->getObject("as_sym_int"), "as_name");
      Object meta{{"dtype", 5}, {"sizes", llvm::json::Array{}}};
      const Object *ints = file.graph().getObject("sym_int_values"), *v = ints ? ints->getObject(name) : nullptr;
      const Object *e = v ? v->getObject("as_expr") : nullptr;
      StringRef sym = symbolName(e ? e->getString("expr_str").value_or("") : "");
      auto range = rangeOf(sym);
      AffineExpr size;
      if (Value scalar = argument(name, meta))
        size = g.sizeOf(scalar, 0, range.first, range.second);
      symbols[sym.str()] = size;
      scopes.back()[name] = Operand::integer(size);
    } else if (kind == "constant_input" && spec) {
      Node none{*o, "", "", 0};
      if (const Json *value = spec->get("value"))
        if (auto operand = argumentOf(*value, none))
          scopes.back()[nameOf(spec, "name")] = *operand;
    } else if (kind != "user_input" && kind != "token") {
      problems.push_back(
          {true, "", "",
           "input " + std::to_string(i) + " is of kind '" + kind.str() + "', expected a tensor or a number"});
    }
  }
}

//===-- Outputs ------------------------------------------------------------===//

/// Names of a pytree's leaves by their paths.
static void leafNames(const llvm::json::Object &spec, const std::string &path, std::vector<std::string> &out) {
  const llvm::json::Array *children = spec.getArray("children_spec");
  if (spec.get("type") && spec.get("type")->kind() == llvm::json::Value::Null) {
    out.push_back(path.empty() ? "output" : path);
    return;
  }
  std::vector<std::string> keys;
  if (auto context = spec.getString("context")) {
    auto parsed = torch::parseJson("a context", *context);
    if (!parsed)
      llvm::consumeError(parsed.takeError());
    else if (const llvm::json::Array *list = parsed->getAsArray())
      for (const llvm::json::Value &key : *list)
        keys.push_back(key.getAsString() ? key.getAsString()->str() : std::to_string(key.getAsInteger().value_or(0)));
  }
  for (size_t i = 0; children && i < children->size(); ++i) {
    const llvm::json::Object *child = (*children)[i].getAsObject();
    if (!child)
      continue;
    bool hasKey = keys.size() == children->size();
    std::string step = hasKey ? keys[i] : std::to_string(i);
    leafNames(*child, path.empty() ? (hasKey ? step : "output_" + step) : path + "_" + step, out);
  }
}

static std::vector<std::string> namesOfOutputs(const llvm::json::Object &program) {
  std::vector<std::string> out;
  const llvm::json::Object *module = program.getObject("graph_module");
  const llvm::json::Array *calls = module ? module->getArray("module_call_graph") : nullptr;
  const llvm::json::Object *call = calls && !calls->empty() ? (*calls)[0].getAsObject() : nullptr;
  const llvm::json::Object *signature = call ? call->getObject("signature") : nullptr;
  auto text = signature ? signature->getString("out_spec") : std::nullopt;
  if (!text)
    return out;
  auto parsed = torch::parseJson("the outputs' structure", *text);
  if (!parsed)
    return llvm::consumeError(parsed.takeError()), out;
  const llvm::json::Array *pair = parsed->getAsArray();
  if (pair && pair->size() == 2 && (*pair)[1].getAsObject())
    leafNames(*(*pair)[1].getAsObject(), "", out);
  return out;
}

void ExportImporter::addOutput(const std::string &name, Value v) {
  if (!v)
    return void(problems.push_back({true, name, "output", g.hasError() ? g.takeError() : "the output has no value"}));
  std::string unique = name;
  for (int n = 2; !outputNames.insert(unique).second; ++n)
    unique = name + "_" + std::to_string(n);
  outputs.push_back({unique, v});
}

void ExportImporter::importOutputs() {
  const llvm::json::Array *specs = file.signature().getArray("output_specs"), *args = file.graph().getArray("outputs");
  std::vector<std::string> names = namesOfOutputs(file.program());
  std::vector<std::pair<std::string, Value>> mutations;
  size_t user = 0;
  for (size_t i = 0; specs && args && i < specs->size() && i < args->size(); ++i) {
    const Object *o = (*specs)[i].getAsObject();
    if (!o || o->size() != 1)
      continue;
    StringRef kind = o->begin()->first;
    const Object *spec = o->begin()->second.getAsObject();
    Node none{*o, "", "", 0};
    auto operand = argumentOf((*args)[i], none);
    g.loc = locationOf(user < names.size() ? names[user] : "output_" + std::to_string(user)); // of views read here
    Value v;
    if (operand && operand->isTensor())
      v = tensors.read(operand->tensor);
    if (kind == "user_output") {
      std::string name = user < names.size() ? names[user] : "output_" + std::to_string(user);
      ++user;
      if (operand && (operand->isNone() || operand->kind() == Arg::Kind::String))
        continue;
      addOutput(name, operand && !operand->isTensor() ? scalar(*operand) : v);
      continue;
    }
    for (StringRef member : {"buffer_name", "parameter_name", "user_input_name"})
      if (auto target = spec ? spec->getString(member) : std::nullopt) {
        if (member != "user_input_name")
          written.insert(target->str());
        mutations.push_back({target->str(), v});
      }
  }
  for (const std::string &name : options.keep) {
    auto found = kept.find(name);
    bool isThere = found != kept.end() && found->second;
    onlyUnsupported &= isThere;
    if (!isThere)
      problems.push_back({true, "", "",
                          found == kept.end() ? "there is no value '" + name + "' to keep"
                                              : "value '" + name + "' is made " + keptWithin});
    else if (!outputNames.contains(name))
      addOutput(name, found->second);
  }
  g.loc = locationOf("state");
  for (auto &[name, v] : mutations)
    addOutput("state:" + name, v);
  for (std::vector<Weight> *list : {&allWeights, &userInputs})
    for (const Weight &w : *list) {
      if (!w.tensor->view->storage->written)
        continue;
      if (list == &allWeights)
        written.insert(w.name);
      addOutput("state:" + w.name, tensors.read(w.tensor));
    }
}

} // namespace wick::compiler
