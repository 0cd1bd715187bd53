// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The names that pickles may apply to arguments, and what comes of it. TorchScript
// uses a dozen; Python's torch.save adds parameters, typed rebuilds and ordered
// dicts. A name that is not listed is refused where it is read, with the name.
//
#include "compiler/frontend/torch/archive/PickleReader.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace wick::compiler::torch {

/// A quantization scheme's name: 0 none, 1 per tensor, 2 per channel.
static int schemeOf(StringRef name) {
  return StringSwitch<int>(name)
      .Cases({"per_tensor_affine", "per_tensor_symmetric"}, 1)
      .Cases({"per_channel_affine", "per_channel_symmetric", "per_channel_affine_float_qparams"}, 2)
      .Default(0);
}

bool PickleReader::isGlobal(PickleValue value, StringRef module) {
  return value.kind() == Kind::Global && textOf(value).text == module;
}

bool PickleReader::checkGlobal(StringRef module, StringRef name) {
  bool known = false;
  if (module == "__torch__" || module.starts_with("__torch__."))
    known = !name.empty();
  else if (module == "torch")
    known = name.ends_with("Storage") || schemeOf(name) || dtypeFromName(name) || name == "device" || name == "Size" ||
            name == "Tensor";
  else if (module == "torch._utils" && name == "_rebuild_sparse_tensor")
    return fail("sparse tensors are not supported");
  else
    known = StringSwitch<bool>((module + " " + name).str())
                .Cases({"torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor_v3",
                        "torch._utils _rebuild_qtensor"},
                       true)
                .Cases({"torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state"}, true)
                .Cases({"torch._tensor _rebuild_from_type_v2", "torch.storage UntypedStorage"}, true)
                .Cases({"torch.nn.parameter Parameter", "torch.nn.parameter Buffer"}, true)
                .Cases({"torch.jit._pickle build_intlist", "torch.jit._pickle build_doublelist"}, true)
                .Cases({"torch.jit._pickle build_boollist", "torch.jit._pickle build_tensorlist"}, true)
                .Cases({"torch.jit._pickle restore_type_tag", "collections OrderedDict"}, true)
                .Cases({"builtins complex", "__builtin__ complex"}, true)
                .Default(false);
  return known || fail("'" + module + " " + name +
                       "' is not a name that this reader knows; weights, modules and plain values can be read, "
                       "other Python objects cannot");
}

bool PickleReader::reduce() {
  PickleValue argument, function, value;
  if (!pop(argument) || !pop(function))
    return false;
  if (function.kind() != Kind::Global)
    return fail("what is no name is applied to arguments");
  StringRef module = textOf(function).text, name = textOf(function).rest;
  if (module.starts_with("__torch__")) { // an enum's member; the argument is its value, no tuple around it
    ObjectNode *node = make(result.arena->objects);
    if (!node)
      return false;
    node->className = result.arena->strings.emplace_back((module + "." + name).str());
    node->state = argument;
    node->built = true;
    return push(PickleValue(Kind::Enum, node));
  }
  if (!argument.isTuple())
    return fail("'" + module + " " + name + "' is applied to what is no tuple");
  ArrayRef<PickleValue> arguments = argument.items();
  if (module == "torch.jit._pickle")
    return reduceScript(name, argument, value) && push(value);
  if (module == "collections")
    return reduceOrderedDict(argument, value) && push(value);
  if (name == "complex") {
    if (arguments.size() != 2 || !arguments[0].isDouble() || !arguments[1].isDouble())
      return fail("a complex number that is not two floats");
    ComplexNode *node = make(result.arena->complexes);
    if (!node)
      return false;
    node->real = arguments[0].asDouble();
    node->imaginary = arguments[1].asDouble();
    return push(PickleValue(Kind::Complex, node));
  }
  return reduceTorch(name, argument, value) && push(value);
}

bool PickleReader::reduceScript(StringRef name, PickleValue argument, PickleValue &value) {
  ArrayRef<PickleValue> arguments = argument.items();
  if (name == "restore_type_tag") {
    if (arguments.size() != 2 || !(arguments[0].isList() || arguments[0].isDict()) || !arguments[1].isString())
      return fail("restore_type_tag without a list or dict and a type");
    itemsOf(arguments[0]).typeText = arguments[1].asString();
    value = arguments[0];
    return true;
  }
  StringRef type = StringSwitch<StringRef>(name)
                       .Case("build_intlist", "List[int]")
                       .Case("build_doublelist", "List[float]")
                       .Case("build_boollist", "List[bool]")
                       .Default("List[Tensor]");
  Kind element = StringSwitch<Kind>(name)
                     .Case("build_intlist", Kind::Int)
                     .Case("build_doublelist", Kind::Double)
                     .Case("build_boollist", Kind::Bool)
                     .Default(Kind::Tensor);
  if (arguments.size() != 1 || !arguments[0].isList())
    return fail(name + " without a list");
  for (PickleValue item : arguments[0].items())
    if (item.kind() != element)
      return fail(name + " with an element of another type");
  itemsOf(arguments[0]).typeText = type;
  value = arguments[0];
  return true;
}

bool PickleReader::reduceOrderedDict(PickleValue argument, PickleValue &value) {
  std::vector<PickleValue> entries;
  ArrayRef<PickleValue> arguments = argument.items();
  if (arguments.size() > 1 || (arguments.size() == 1 && !arguments[0].isList()))
    return fail("OrderedDict with arguments that are no list of pairs");
  if (arguments.size() == 1)
    for (PickleValue pair : arguments[0].items()) {
      if (!(pair.isTuple() || pair.isList()) || pair.items().size() != 2)
        return fail("OrderedDict with arguments that are no list of pairs");
      entries.insert(entries.end(), pair.items().begin(), pair.items().end());
    }
  return makeItems(Kind::Dict, std::move(entries), value);
}

bool PickleReader::reduceTorch(StringRef name, PickleValue argument, PickleValue &value) {
  ArrayRef<PickleValue> arguments = argument.items();
  if (name == "device") {
    if (arguments.empty() || arguments.size() > 2 || !arguments[0].isString())
      return fail("a device without a name");
    if (arguments.size() == 1)
      return makeText(Kind::Device, arguments[0].asString(), value);
    if (!arguments[1].isInt())
      return fail("a device with an index that is no integer");
    StringRef text =
        result.arena->strings.emplace_back((arguments[0].asString() + ":" + Twine(arguments[1].asInt())).str());
    return makeText(Kind::Device, text, value);
  }
  if (name == "Size") {
    if (arguments.size() != 1 || !arguments[0].isTuple())
      return fail("a size that is no tuple");
    value = arguments[0];
    return true;
  }
  if (name == "_rebuild_tensor_v2")
    return rebuildTensor(arguments, /*quantized=*/false, /*untyped=*/false, value);
  if (name == "_rebuild_tensor_v3")
    return rebuildTensor(arguments, /*quantized=*/false, /*untyped=*/true, value);
  if (name == "_rebuild_qtensor")
    return rebuildTensor(arguments, /*quantized=*/true, /*untyped=*/false, value);
  if (name == "_rebuild_parameter" || name == "_rebuild_parameter_with_state")
    return rebuildParameter(arguments, value);
  if (name == "_rebuild_from_type_v2") {
    // (function, type, arguments, state): the type is a Python class around the tensor
    if (arguments.size() != 4 || !isGlobal(arguments[0], "torch._utils") || !arguments[2].isTuple())
      return fail("_rebuild_from_type_v2 with arguments that are not a tensor's");
    return reduceTorch(textOf(arguments[0]).rest, arguments[2], value);
  }
  return fail("'" + name + "' cannot be applied to arguments");
}

bool PickleReader::rebuildParameter(ArrayRef<PickleValue> arguments, PickleValue &value) {
  if (arguments.size() < 2 || !arguments[0].isTensor() || !arguments[1].isBool())
    return fail("a parameter without a tensor");
  value = arguments[0];
  tensorOf(value).record.requiresGrad = arguments[1].asBool();
  return true;
}

bool PickleReader::persistentId() {
  PickleValue id;
  if (!pop(id))
    return false;
  if (!id.isTuple() || id.items().size() != 5 || !id.items()[0].isString() || id.items()[0].asString() != "storage")
    return fail("a reference to something outside that is no storage");
  ArrayRef<PickleValue> parts = id.items();
  bool untyped = isGlobal(parts[1], "torch.storage");
  if (!untyped && !(isGlobal(parts[1], "torch") && textOf(parts[1]).rest.ends_with("Storage")))
    return fail("a storage without a storage type");
  if (!parts[2].isString() || !parts[3].isString() || !parts[4].isInt() || parts[4].asInt() < 0)
    return fail("a storage without key, location and length");
  StringRef key = parts[2].asString();
  if (key.empty() || key == ".." || !all_of(key, [](char c) { return isAlnum(c) || c == '.' || c == '_' || c == '-'; }))
    return fail("a storage's key has characters other than letters, digits, '.', '_' and '-'");
  StringRef type = textOf(parts[1]).rest;
  auto numel = static_cast<uint64_t>(parts[4].asInt());
  auto found = storages.find(key);
  if (found != storages.end()) { // Python writes the reference anew for each tensor
    const StorageRecord &known = storageOf(found->second).record;
    if (known.dtypeText != type || known.numel != numel)
      return fail("storage '" + key + "' is referred to with two types or lengths");
    return push(found->second);
  }
  StorageNode *node = make(result.arena->storages);
  if (!node)
    return false;
  StorageRecord &record = node->record;
  record.folder = result.arena->folder;
  record.key = key;
  record.dtypeText = type;
  record.dtype = untyped ? ScalarType::Byte : dtypeFromStorageName(type.drop_back(7)).value_or(ScalarType::Unknown);
  record.location = parts[3].asString();
  record.numel = numel;
  result.storageList.push_back(&record);
  PickleValue value(Kind::Storage, node);
  storages.try_emplace(key, value);
  return push(value);
}

bool PickleReader::readSizes(PickleValue value, SmallVectorImpl<int64_t> &sizes, const char *what) {
  if (!value.isTuple() || value.items().size() > limits.maxRank)
    return fail(Twine("a tensor's ") + what + " are no tuple of at most " + Twine(limits.maxRank));
  for (PickleValue item : value.items()) {
    if (!item.isInt() || item.asInt() < 0)
      return fail(Twine("a tensor's ") + what + " must be integers >= 0");
    sizes.push_back(item.asInt());
  }
  return true;
}

bool PickleReader::rebuildTensor(ArrayRef<PickleValue> arguments, bool quantized, bool untyped, PickleValue &value) {
  // storage, offset, sizes, strides[, qparams], requires_grad, hooks[, dtype][, metadata]
  size_t least = 6 + (quantized || untyped);
  if (arguments.size() < least || arguments.size() > least + 1 || arguments[0].kind() != Kind::Storage ||
      !arguments[1].isInt() || arguments[1].asInt() < 0)
    return fail("a tensor without storage and offset");
  TensorNode *node = make(result.arena->tensors);
  if (!node)
    return false;
  TensorRecord &tensor = node->record;
  tensor.storage = &storageOf(arguments[0]).record;
  tensor.dtype = tensor.storage->dtype;
  tensor.offset = arguments[1].asInt();
  if (!readSizes(arguments[2], tensor.sizes, "sizes") || !readSizes(arguments[3], tensor.strides, "strides"))
    return false;
  if (tensor.sizes.size() != tensor.strides.size())
    return fail("a tensor with " + Twine(tensor.sizes.size()) + " sizes and " + Twine(tensor.strides.size()) +
                " strides");
  int64_t count = 1;
  bool overflow = false;
  for (int64_t size : tensor.sizes)
    overflow |= size != 0 && MulOverflow(count, size, count);
  if (overflow)
    return fail("a tensor with more than 2^63 elements");
  size_t next = 4;
  if (quantized && !readQuant(arguments[next++], tensor))
    return false;
  if (!arguments[next].isBool())
    return fail("a tensor's requires_grad is no bool");
  tensor.requiresGrad = arguments[next].asBool();
  next += 2; // hooks, always empty
  if (untyped) {
    if (arguments[next].kind() != Kind::Dtype)
      return fail("a tensor's dtype is none");
    tensor.dtype = arguments[next++].asDtype();
  }
  if (next < arguments.size() && arguments[next].isDict()) {
    const auto flag = [&](StringRef name) {
      const PickleValue *found = arguments[next].find(name);
      return found && found->isBool() && found->asBool();
    };
    tensor.conjugate = flag("conj");
    tensor.negative = flag("neg");
  }
  value = PickleValue(Kind::Tensor, node);
  return true;
}

bool PickleReader::readQuant(PickleValue parameters, TensorRecord &tensor) {
  if (!parameters.isTuple() || parameters.items().empty() || !isGlobal(parameters.items()[0], "torch"))
    return fail("a quantized tensor without its scheme");
  ArrayRef<PickleValue> items = parameters.items();
  StringRef name = textOf(items[0]).rest;
  auto quant = std::make_unique<QuantRecord>();
  if (schemeOf(name) == 1 && items.size() == 3 && items[1].isDouble() && items[2].isInt()) {
    quant->scale = items[1].asDouble();
    quant->zeroPoint = items[2].asInt();
  } else if (schemeOf(name) == 2 && items.size() == 4 && items[1].isTensor() && items[2].isTensor() &&
             items[3].isInt()) {
    quant->scales = &items[1].asTensor();
    quant->zeroPoints = &items[2].asTensor();
    quant->axis = items[3].asInt();
    if (quant->axis < 0 || static_cast<size_t>(quant->axis) >= tensor.sizes.size())
      return fail("a quantized tensor of rank " + Twine(tensor.sizes.size()) + " has channels along axis " +
                  Twine(quant->axis));
    for (const TensorRecord *each : {quant->scales, quant->zeroPoints})
      if (each->quant || each->sizes.size() != 1 || each->sizes[0] != tensor.sizes[quant->axis])
        return fail("a quantized tensor's scales do not fit its " + Twine(tensor.sizes[quant->axis]) + " channels");
  } else {
    return fail("a quantized tensor with parameters that do not fit scheme '" + name + "'");
  }
  tensor.quant = std::move(quant);
  return true;
}

} // namespace wick::compiler::torch
