// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The door of this frontend. State makes several rounds: the first tells what the
// method changes, later ones have that as inputs, until what goes in is of the same
// kind and size as what comes out.
//
#include "compiler/frontend/torchscript/Importer.h"

#include "compiler/frontend/torchscript/Signature.h"
#include "mlir/IR/Verifier.h"
#include "runtime/format/FileKind.h"

using namespace mlir;
namespace wick::compiler {

using namespace torchscript;

namespace {
constexpr int maxRounds = 8;
constexpr size_t maxSettled = 16; ///< conditions whose branch is chosen
constexpr int maxAttempts = 64;   ///< to choose them

/// One evaluation of the method in a new module.
struct Round {
  OwningOpRef<ModuleOp> module;
  WeightStore weights;
  std::vector<onnx::Problem> problems;
  std::vector<Evaluator::Unsupported> unsupported;
  StatePlan state; ///< what the attributes that changed have become
  std::vector<std::string> stateOrder;
  std::string unsettled; ///< see Evaluator
  bool ok = false;
};

class Import {
public:
  Import(MLIRContext *context, std::shared_ptr<const torch::TorchArchive> archive, const TorchScriptOptions &options)
      : context(context), archive(std::move(archive)), options(options) {}
  /// The state is the archive's but for what `plan` says; `steady` tells what later runs take. Conditions whose
  /// branches leave what does not fit together are settled on one of them, the first if that goes on.
  Round run(const StatePlan &plan, const StatePlan &steady);

private:
  Round evaluate(const StatePlan &plan, const StatePlan &steady);
  StateSpec specOf(Evaluator &ev, const Value &v, const std::string &path, unsigned depth = 0);

  MLIRContext *context;
  std::shared_ptr<const torch::TorchArchive> archive;
  const TorchScriptOptions &options;
  std::vector<std::pair<std::string, bool>> settled; ///< conditions by key, in order of discovery
};
} // namespace

StateSpec Import::specOf(Evaluator &ev, const Value &v, const std::string &path, unsigned depth) {
  StateSpec spec;
  spec.value = v;
  // Those belong to this round's evaluation and graph.
  bool isBound = v.object || v.captured || v.opaque || v.is(Value::Kind::Function);
  if (isBound || depth > 16 || !ev.spend(1)) {
    spec.value = {};
    ev.fail("state '" + path + "' becomes " + torch::toString(*ev.typeOf(v)) +
            (depth > 16 ? ", nested more than 16 deep" : "") +
            "; tensors, numbers, strings and containers of these can be state");
    return spec;
  }
  if (v.isTensor()) {
    mlir::Value x = ev.read(v);
    if (!x)
      return spec;
    spec.kind = StateSpec::Kind::Tensor;
    spec.value = {};
    spec.elem = ev.g.elem(x);
    spec.isComplex = v.tensor->isComplex;
    for (auto [i, d] : llvm::enumerate(ev.g.dims(x))) {
      StateSpec::Dim dim;
      auto s = dyn_cast<AffineSymbolExpr>(d);
      if (auto c = graph::constantOf(d))
        dim.size = *c;
      else if (s && ev.g.symbols[s.getPosition()].kind == graph::SymbolInfo::Kind::Named)
        dim.name = ev.g.symbols[s.getPosition()].name;
      else
        dim.name = path + "_d" + std::to_string(i);
      spec.dims.push_back(dim);
    }
  } else if (v.scalar || (v.is(Value::Kind::Int) && !ev.knownInt(v))) {
    spec.kind = StateSpec::Kind::Number;
    spec.value.scalar = {}, spec.value.integer = {};
  } else if (v.list && (v.is(Value::Kind::List) || v.is(Value::Kind::Tuple))) {
    spec.kind = StateSpec::Kind::Container;
    for (size_t i = 0; i < v.list->items.size(); ++i)
      spec.parts.push_back(specOf(ev, v.list->items[i], path + "." + std::to_string(i), depth + 1));
  } else if (v.dict) {
    spec.kind = StateSpec::Kind::Container;
    for (auto &[key, x] : v.dict->entries)
      spec.parts.push_back(specOf(ev, x, path + "." + ev.format(key), depth + 1));
  }
  return spec;
}

/// "f32[2x3]", "an int", "a list of 2".
static std::string describe(const StateSpec &spec) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (spec.kind == StateSpec::Kind::Tensor) {
    os << (spec.isComplex ? "complex " : "") << spec.elem << "[";
    for (auto [i, d] : llvm::enumerate(ArrayRef(spec.dims).drop_back(spec.isComplex ? 1 : 0)))
      os << (i ? "x" : "") << (d.name.empty() ? std::to_string(d.size) : d.name);
    os << "]";
  } else if (spec.kind == StateSpec::Kind::Container) {
    os << (spec.value.dict ? "a dict of " : "a list or tuple of ") << spec.parts.size();
  } else {
    Value::Kind k = spec.value.kind;
    os << (k == Value::Kind::None    ? "None"
           : k == Value::Kind::Int   ? "an int"
           : k == Value::Kind::Float ? "a float"
           : k == Value::Kind::Bool  ? "a bool"
           : k == Value::Kind::Str   ? "a string"
                                     : "a value of another kind");
  }
  return text;
}

static bool sameKnown(const Value &a, const Value &b) {
  return a.kind == b.kind && a.boolean == b.boolean && a.integer == b.integer &&
         (a.number == b.number || (a.number != a.number && b.number != b.number)) && a.text == b.text &&
         a.object == b.object && a.function == b.function && a.opaque == b.opaque;
}

/// Adapts what goes in to what came out; false when the two cannot be one. `changed`
/// tells that another round is needed.
static bool widen(StateSpec &in, const StateSpec &out, const std::string &path, bool &changed) {
  using K = StateSpec::Kind;
  if (in.kind == K::Known && out.kind == K::Known) {
    if (sameKnown(in.value, out.value))
      return true;
    changed = true;
    bool isNumber =
        in.value.kind == out.value.kind &&
        (in.value.is(Value::Kind::Int) || in.value.is(Value::Kind::Bool) || in.value.is(Value::Kind::Float));
    in = out;
    if (isNumber) {
      in.kind = K::Number;
      in.value.integer = {};
    }
    return true;
  }
  if (in.kind == K::Number && (out.kind == K::Number || out.kind == K::Known))
    return in.value.kind == out.value.kind;
  if (in.kind != out.kind) {
    changed = true;
    bool grows = in.kind == K::Known; // what was None or a number is more from now on
    in = out;
    return grows;
  }
  if (in.kind == K::Tensor) {
    if (in.elem != out.elem || in.dims.size() != out.dims.size() || in.isComplex != out.isComplex)
      return false;
    for (size_t i = 0; i < in.dims.size(); ++i) {
      bool same = in.dims[i].size == out.dims[i].size && in.dims[i].name == out.dims[i].name;
      if (same || !in.dims[i].name.empty())
        continue; // a dim of any size
      in.dims[i] = {0, path + "_d" + std::to_string(i)};
      changed = true;
    }
    return true;
  }
  if (in.parts.size() != out.parts.size())
    return false;
  for (size_t i = 0; i < in.parts.size(); ++i)
    if (!widen(in.parts[i], out.parts[i], path + "." + std::to_string(i), changed))
      return false;
  return true;
}

Round Import::run(const StatePlan &plan, const StatePlan &steady) {
  std::optional<Round> first; // what went wrong before any choice was taken back
  for (int attempt = 1;; ++attempt) {
    Round r = evaluate(plan, steady);
    bool isNew = llvm::none_of(settled, [&](auto &c) { return c.first == r.unsettled; });
    if (r.ok)
      return r;
    if (!r.unsettled.empty() && isNew && settled.size() < maxSettled) {
      settled.push_back({r.unsettled, true});
      continue;
    }
    if (!first)
      first = std::move(r);
    while (!settled.empty() && !settled.back().second)
      settled.pop_back();
    if (settled.empty() || attempt >= maxAttempts)
      return std::move(*first);
    settled.back().second = false;
  }
}

Round Import::evaluate(const StatePlan &plan, const StatePlan &steady) {
  Round r;
  auto loc = FileLineColLoc::get(context, options.common.modelName, 0, 0);
  r.module = ModuleOp::create(loc);
  GraphBuilder g(*r.module, r.weights);
  auto fn = func::FuncOp::create(loc, "main", g.b.getFunctionType({}, {}));
  r.module->push_back(fn);
  Block *entry = fn.addEntryBlock();
  g.b.setInsertionPointToEnd(entry);
  g.loc = NameLoc::get(g.b.getStringAttr(options.method), loc);
  // Attempts go back to the last op of a block: there is always one.
  graph::AssertOp::create(g.b, loc, g.scalar(g.b.getI1Type(), 1), "begins");
  Operation *first = &entry->back();

  Program program(
      [&](const std::string &path) -> std::optional<std::string> {
        std::string file = path.substr(5, path.size() - 8);
        std::replace(file.begin(), file.end(), '/', '.');
        if (!archive->hasCode(file))
          return std::nullopt;
        auto text = archive->code(file);
        if (text)
          return text->text().str();
        llvm::consumeError(text.takeError());
        return std::nullopt;
      },
      options.maxNesting, options.keywordNames);
  EvalOptions evalOptions;
  evalOptions.maxUnroll = options.maxUnroll, evalOptions.maxSteps = options.maxSteps;
  evalOptions.settled.insert(settled.begin(), settled.end());
  evalOptions.maxOps = options.maxOps, evalOptions.maxElements = options.maxElements;
  evalOptions.maxNesting = options.maxNesting;
  evalOptions.dropAsserts = options.assumeNoRaise;
  evalOptions.engine = options.qnnpack ? torch::QuantizedEngine::QnnPack : torch::QuantizedEngine::X86;
  evalOptions.modelName = options.common.modelName, evalOptions.keep = options.common.keep;
  evalOptions.origin = [&](const std::string &path, uint32_t offset) -> std::string {
    std::string file = path.substr(5, path.size() - 8);
    std::replace(file.begin(), file.end(), '/', '.');
    auto ranges = archive->debugRanges(file);
    const torch::SourceOrigin *o = ranges ? ranges->find(offset) : nullptr;
    return o ? (o->file + ":" + Twine(o->line) + (o->text.empty() ? "" : ": ") + o->text).str() : "";
  };
  torch::TensorSpace space(g);
  Evaluator ev(g, space, program, evalOptions);
  Signature signature(ev, fn, options);
  Loader loader(ev, archive, entry, plan, options.eval,
                [&](const std::string &name, Type type) { return signature.addInput(name, type); });
  auto finish = [&]() -> Round {
    if (ev.raised)
      ev.problems.push_back({true, ev.place(), "", "the program always raises: " + ev.raiseMessage});
    r.problems = std::move(ev.problems), r.unsupported = std::move(ev.unsupportedOps);
    r.unsettled = ev.unsettled;
    return std::move(r);
  };
  // Arguments come first, in their order; then the state.
  torch::PickleValue rootRecord = archive->data().root();
  const ClassInfo *info = rootRecord.isObject() ? program.findClass(rootRecord.className().str()) : nullptr;
  if (!info) {
    ev.fail("data.pkl holds no module of the archive's code");
    return finish();
  }
  auto method = info->methods.find(options.method);
  if (method == info->methods.end()) {
    ev.fail("the module has no method '" + options.method + "'; it has " + Program::methodNames(*info));
    return finish();
  }
  ev.constants = loader.constants();
  std::vector<std::pair<std::string, Value>> args;
  bool ok = signature.arguments(*method->second, *archive, args);
  signature.checkOptions();
  if (!ok || onnx::hasErrors(ev.problems))
    return finish();
  Value root = loader.root();
  ev.writtenAttributes.clear();
  size_t writes = space.mark();
  Value result = ev.callMethod(root, options.method, {}, args);
  if (ev.halted())
    return finish();
  signature.addOutput("output", result);
  bool isWhole = ev.unsupportedOps.empty() && !onnx::hasErrors(ev.problems);
  for (const std::string &name : isWhole ? options.common.keep : std::vector<std::string>()) {
    auto found = ev.kept.find(name);
    if (found == ev.kept.end())
      ev.problems.push_back({true, "", "", "there is no value '" + name + "' to keep"});
    else if (!found->second)
      ev.problems.push_back({true, "", "", "value '" + name + "' is made " + keptWithin});
    else
      signature.addOutput(name, *found->second);
  }

  // State: attributes that were assigned, and tensors that were written.
  std::vector<std::pair<std::string, Value>> states;
  auto note = [&](const std::string &path, const Value &v) {
    if (llvm::none_of(states, [&](auto &s) { return s.first == path; }))
      states.push_back({path, v});
  };
  for (auto &[object, name] : ev.writtenAttributes)
    if (Value *v = object->find(name))
      note(object->path.empty() ? name : object->path + "." + name, *v);
  auto written = space.writtenSince(writes);
  for (const Loader::Attribute &a : loader.tensors)
    if (llvm::is_contained(written, a.tensor->view->storage))
      note(a.path, tensorValue(a.tensor));
  for (auto &[path, spec] : plan) // stays state although this round did not write it
    if (spec.kind != StateSpec::Kind::Known)
      for (auto &s : written)
        if (s->name == path) {
          Value v = tensorValue(std::make_shared<torch::TensorRef>());
          auto view = std::make_shared<torch::View>();
          view->storage = s;
          v.tensor->view = view;
          note(path, v);
        }
  for (auto &[path, v] : states) {
    r.state[path] = specOf(ev, v, path);
    r.stateOrder.push_back(path);
    auto later = steady.find(path);
    bool isTaken = later != steady.end() && later->second.kind != StateSpec::Kind::Known;
    if (isTaken || (later == steady.end() && r.state[path].kind != StateSpec::Kind::Known))
      signature.addOutput("state:" + path, v);
  }
  if (ev.halted() || onnx::hasErrors(ev.problems) || !ev.unsupportedOps.empty())
    return finish();
  first->erase();
  signature.finish();
  r.ok = true;
  return finish();
}

/// One problem an op and reason: count and first places.
static void reportUnsupported(ArrayRef<Evaluator::Unsupported> list, std::vector<onnx::Problem> &problems) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> groups;
  std::vector<std::pair<std::string, std::string>> order;
  for (const auto &u : list) {
    auto &places = groups[{u.op, u.why}];
    if (places.empty())
      order.push_back({u.op, u.why});
    places.push_back(u.where);
  }
  for (const auto &key : order) {
    const auto &places = groups[key];
    std::string text = "unsupported: " + key.second + " (" + std::to_string(places.size()) +
                       (places.size() == 1 ? " call: " : " calls: ");
    for (size_t i = 0; i < std::min<size_t>(places.size(), 3); ++i)
      text += (i ? ", '" : "'") + places[i] + "'";
    problems.push_back({true, places[0], key.first, text + (places.size() > 3 ? ", ...)" : ")")});
  }
}

bool isTorchScriptFile(const std::string &path) {
  format::FileKind kind = format::fileKind(path);
  return kind == format::FileKind::Zip || kind == format::FileKind::Pickle;
}

static constexpr char noProgram[] = "torch.save keeps weights and Python objects, no program; write the model with "
                                    "torch.export.save or torch.jit.save";

ImportResult importTorchScriptFile(MLIRContext *context, const std::string &path, WeightStore &weights,
                                   const TorchScriptOptions &options) {
  auto opened = torch::TorchArchive::open(path);
  if (opened)
    return importTorchScript(context, std::make_shared<const torch::TorchArchive>(std::move(*opened)), weights,
                             options);
  ImportResult result;
  result.kind = ImportResult::Kind::Error;
  result.problems.push_back({true, "", "", llvm::toString(opened.takeError())});
  if (StringRef(result.problems[0].message).contains("pickle: "))
    result.problems[0].context.hint = noProgram;
  return result;
}

ImportResult importTorchScript(MLIRContext *context, std::shared_ptr<const torch::TorchArchive> archive,
                               WeightStore &weights, const TorchScriptOptions &options) {
  ImportResult result;
  result.kind = ImportResult::Kind::Error;
  context->loadDialect<graph::WickDialect, func::FuncDialect>();
  if (archive->kind() != torch::ArchiveKind::Script) {
    result.problems.push_back({true, "", "", "the file is no TorchScript archive"});
    result.problems[0].context.hint = noProgram;
    return result;
  }
  Import import(context, archive, options);
  StatePlan plan;
  std::vector<onnx::Problem> notes;
  for (int round = 0;; ++round) {
    Round r = import.run(plan, plan);
    bool again = false;
    if (r.ok) {
      auto refuse = [&](const std::string &name, const std::string &before) {
        r.ok = false;
        r.problems.push_back({true, "", "",
                              "state '" + name + "' is " + before + " before a run and " + describe(r.state[name]) +
                                  " after it; only sizes may change from run to run"});
        r.problems.back().context.hint = "keep rank and element type of the attribute (rows may be added), or make it "
                                         "an argument and a result of the method";
      };
      std::string unsteady, was; // an attribute that this round found to change
      for (const std::string &name : r.stateOrder) {
        std::string before = plan.count(name) ? describe(plan[name]) : "";
        auto [it, isNew] = plan.try_emplace(name, r.state[name]);
        bool changed = isNew;
        if (!isNew && !widen(it->second, r.state[name], name, changed))
          refuse(name, before);
        if (changed && !isNew)
          unsteady = name, was = before;
        again |= changed;
      }
      if (again && r.ok && round + 1 < maxRounds)
        continue;
      if (again && r.ok)
        refuse(unsteady.empty() ? r.stateOrder.back() : unsteady, was);
      if (options.fresh && !plan.empty()) // now that it is known what later runs take
        r = import.run({}, r.ok ? plan : StatePlan());
    }
    result.problems = std::move(r.problems);
    if (r.ok && failed(verify(*r.module))) {
      r.ok = false;
      result.problems.push_back({true, "", "", notVerified});
    }
    if (r.ok) {
      result.kind = ImportResult::Kind::Ok;
      weights = std::move(r.weights);
      result.module = std::move(r.module);
      return result;
    }
    bool hasErrors = onnx::hasErrors(result.problems);
    reportUnsupported(r.unsupported, result.problems);
    result.kind = hasErrors || r.unsupported.empty() ? ImportResult::Kind::Error : ImportResult::Kind::Unsupported;
    return result;
  }
}

} // namespace wick::compiler
