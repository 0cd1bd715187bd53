// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks nodes in order: a special importer if there is one, else a row of the
// records, else the function body of the op's schema. A node that fails marks its
// outputs as broken, so that its users say nothing and every cause is told once.
//
#include "compiler/frontend/onnx/OnnxImporter.h"

#include "compiler/eval/OpEval.h"
#include "compiler/frontend/onnx/FunctionExpander.h"
#include "compiler/frontend/onnx/OnnxLib.h"
#include "dialects/graph/Sources.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
namespace wick::compiler {

/// Function bodies that call functions that have bodies; deeper is a cycle.
static constexpr unsigned maxExpansion = 8;

OnnxImporter::OnnxImporter(ModuleOp module, const onnx::Model &model,
                           std::shared_ptr<const onnx::PayloadSource> payloads, WeightStore &weights,
                           const ImportOptions &options, const std::map<std::string, std::string> &aliases)
    : g(module, weights), limit(g, options.limits.ops, options.limits.elements), model(model),
      payloads(std::move(payloads)), options(options), aliases(aliases), names(model), module(module) {}

Location OnnxImporter::locationOf(const onnx::Node &node) {
  Location file = FileLineColLoc::get(g.b.getContext(), options.modelName, unsigned(node.index) + 1, 0);
  return graph::sourceLocation(file, node.displayName(), {node.qualifiedOp(), sourceOpset(node), ""});
}

//===-- Values -------------------------------------------------------------===//

void OnnxImporter::define(const std::string &name, Value v) {
  if (v)
    scopes.back().values[name] = v;
  else
    scopes.back().broken[name] = 1;
}

Value OnnxImporter::lookup(const std::string &name) {
  for (size_t i = scopes.size(); i-- > 0;) {
    Scope &scope = scopes[i];
    if (auto it = scope.values.find(name); it != scope.values.end())
      return it->second;
    if (auto it = scope.tensors.find(name); it != scope.tensors.end()) {
      Value v = constant(*it->second);
      if (v)
        scope.values[name] = v;
      return v;
    }
    if (scope.broken.contains(name))
      return {};
  }
  return {};
}

std::optional<int64_t> OnnxImporter::declaredRank(const std::string &name) const {
  for (const auto *list : {&model.graph.outputs, &model.graph.valueInfos})
    for (const onnx::ValueInfo &info : *list)
      if (info.name == name && info.type.kind == onnx::Type::Kind::Tensor && info.type.hasRank)
        return int64_t(info.type.dims.size());
  return std::nullopt;
}

SmallVector<std::string> OnnxImporter::openLengths() const {
  SmallVector<std::string> names;
  for (BlockArgument arg : entry->getArguments()) {
    auto type = cast<RankedTensorType>(arg.getType());
    if (type.getRank() != 1 || !type.getElementType().isInteger())
      continue;
    auto s = dyn_cast<AffineSymbolExpr>(g.dim(arg, 0));
    if (s && !g.symbols[s.getPosition()].name.empty())
      names.push_back(g.symbols[s.getPosition()].name);
  }
  return names;
}

bool OnnxImporter::hasDeclaredRanks() const {
  auto fn = cast<func::FuncOp>(entry->getParentOp());
  auto types = fn.getFunctionType().getResults();
  return llvm::all_of(model.graph.outputs, [&](const onnx::ValueInfo &output) {
    auto declared = declaredRank(output.name);
    for (auto [i, type] : llvm::enumerate(types))
      if (auto name = fn.getResultAttrOfType<StringAttr>(i, "wick.name"); name && name == output.name)
        return !declared || cast<RankedTensorType>(type).getRank() == *declared;
    return true;
  });
}

const Sequence *OnnxImporter::lookupList(const std::string &name) const {
  for (const Scope &scope : llvm::reverse(scopes))
    if (auto it = scope.lists.find(name); it != scope.lists.end())
      return &it->second;
  return nullptr;
}

Operand OnnxImporter::operand(const NodeImport &n, size_t i) const {
  if (n.input(i) || !n.node.hasInput(i))
    return n.input(i);
  const Sequence *list = lookupList(n.node.input(i));
  return list ? Operand(*list) : Operand();
}

void OnnxImporter::defineList(NodeImport &n, size_t i, Sequence list) {
  if (n.node.hasOutput(i))
    scopes.back().lists[n.node.output(i)] = std::move(list);
  n.isList = true;
}

void OnnxImporter::defineOutput(NodeImport &n, size_t i, const Operand &x) {
  if (x.sequence)
    defineList(n, i, *x.sequence);
  else
    n.set(i, x.tensor);
}

/// One byte an element from elements of 2 or 4 bits, the first in the low bits;
/// sign-extended for signed integers.
static std::shared_ptr<std::vector<char>> unpack(ArrayRef<char> bytes, int64_t count, unsigned width, bool isSigned) {
  auto out = std::make_shared<std::vector<char>>(size_t(count));
  int64_t each = 8 / width;
  for (int64_t i = 0; i < count && size_t(i / each) < bytes.size(); ++i) {
    int v = (uint8_t(bytes[i / each]) >> (i % each * width)) & ((1 << width) - 1);
    (*out)[i] = char(isSigned && v >> (width - 1) ? v - (1 << width) : v);
  }
  return out;
}

Value OnnxImporter::constant(const onnx::Tensor &tensor) {
  Type elem = elementType(tensor.dtype, g.b.getContext());
  if (!elem)
    return g.fail("tensor '" + tensor.name + "' has element type " + onnx::dataTypeName(tensor.dtype));
  OpLimit::FromFile fromFile(limit);
  Location loc = g.loc;
  if (!tensor.name.empty())
    loc = NameLoc::get(g.b.getStringAttr(tensor.name), FileLineColLoc::get(g.b.getContext(), options.modelName, 0, 0));
  auto raw = payloads->bytes(tensor);
  ArrayRef<char> bytes(reinterpret_cast<const char *>(raw.data()), raw.size());
  std::shared_ptr<const void> owner = payloads;
  if (tensor.owned)
    owner = tensor.owned;
  if (unsigned width = elem.getIntOrFloatBitWidth(); width == 2 || width == 4) {
    auto wide = unpack(bytes, tensor.numElements(), width, elem.isSignlessInteger());
    bytes = *wide, owner = wide;
  }
  return constants.make(g, entry, loc, elem, tensor.dims, bytes, owner, tensor.name);
}

//===-- Nodes --------------------------------------------------------------===//

void OnnxImporter::importNodes(const onnx::Graph &graph, size_t from, bool inlined) {
  for (size_t i = from; i < graph.nodes.size(); ++i) {
    importNode(graph.nodes[i]);
    if (limit.exceeded() && !overLimit) {
      const onnx::Node &node = graph.nodes[i];
      overLimit = onnx::Problem{true, node.displayName(), node.qualifiedOp(), limit.message()};
      overLimit->context.opset = sourceOpset(node);
    }
    if (overLimit)
      return;
    if (isPending())
      return inlined ? void() : settle(graph, i); // imports the rest as well
  }
}

/// Importers may rely on required operands being tensors.
bool OnnxImporter::checkOperands(NodeImport &n) {
  const std::string &op = n.node.opType;
  bool takesLists = op == "Identity" || op == "Loop" || op == "ConcatFromSequence" ||
                    StringRef(op).starts_with("Sequence") || StringRef(op).starts_with("Optional");
  auto [it, isNew] = required.try_emplace(n.node.qualifiedOp());
  if (isNew) {
    if (auto schema = onnx::findSchema(op, n.node.domain, onnx::newestOpset()))
      for (const onnx::FormalParameter &input : schema->inputs)
        it->second.push_back(input.option != onnx::FormalParameter::Option::Optional);
    else if (findImporter(n.node.domain, op))
      it->second.push_back(true);
  }
  for (size_t i = 0; i < std::max(it->second.size(), n.in.size()); ++i) {
    if (n.input(i))
      continue;
    if (n.node.hasInput(i) && !takesLists)
      return n.unsupported("operand " + Twine(i) + " is a sequence"), false;
    if (i < it->second.size() && it->second[i] && !n.node.hasInput(i) && !takesLists)
      return n.error("operand " + Twine(i) + " is missing"), false;
  }
  return true;
}

void OnnxImporter::importNode(const onnx::Node &node, unsigned depth) {
  g.loc = locationOf(node);
  NodeImport n(*this, g, node);
  auto breakOutputs = [&] {
    for (const std::string &name : node.outputs)
      if (!name.empty())
        define(name, {});
  };
  bool usesBroken = false;
  for (const std::string &name : node.inputs) {
    n.in.push_back(name.empty() ? Value() : lookup(name));
    if (name.empty() || n.in.back() || lookupList(name))
      continue;
    if (g.hasError()) // a constant that cannot be held
      noteUnsupported(node, g.takeError());
    usesBroken = true;
    bool isKnown = llvm::any_of(scopes, [&](Scope &s) { return s.broken.contains(name) || s.tensors.contains(name); });
    if (!isKnown)
      noteError(node, "reads '" + name + "', which nothing defines before");
  }
  if (usesBroken) {
    if (!isKnownOp(node)) // said as well, so that one run tells all that is missing
      noteUnsupported(node, "no importer for this op");
    return breakOutputs();
  }
  Block *block = g.b.getInsertionBlock();
  Operation *before = block->empty() ? nullptr : &block->back();
  if (!checkOperands(n))
    ;
  else if (ImportFn special = findImporter(node.domain, node.opType)) {
    special(n);
    if (isPending())
      return; // settled by importNodes
  } else if (!importByRow(n)) {
    if (depth < maxExpansion && importByFunction(n, depth))
      return;
    if (n.problem.empty())
      n.unsupported("no importer for this op");
  }
  rankOpen |= n.isRankOpen;
  bool isLimit = g.isLimit();
  std::string failure = g.takeError();
  if (!n.problem.empty())
    n.isError ? noteError(node, n.problem) : noteUnsupported(node, n.problem);
  else if (!failure.empty())
    isLimit ? noteUnsupported(node, failure) : noteError(node, failure);
  bool ok = n.problem.empty() && failure.empty();
  for (size_t i = 0; ok && i < n.out.size(); ++i) {
    if (node.outputs[i].empty() || n.out[i] || n.isList)
      continue;
    noteUnsupported(node, "output " + std::to_string(i) + " is not computed");
    ok = false;
  }
  if (!ok)
    return breakOutputs();
  explainAsserts(n, block, before);
  for (size_t i = 0; i < n.out.size(); ++i)
    if (!node.outputs[i].empty() && (n.out[i] || !n.isList))
      define(node.outputs[i], n.out[i]);
}

bool OnnxImporter::importByFunction(NodeImport &n, unsigned depth) {
  std::vector<onnx::Type> types;
  for (size_t i = 0; i < n.in.size(); ++i)
    types.push_back(declaredType(operand(n, i)));
  std::string key;
  for (const onnx::Type &type : types)
    key += onnx::describe(type) + ";";
  auto &slot = bodies[{&n.node, key}];
  if (!slot) {
    std::vector<onnx::Problem> found;
    auto body = onnx::expandNode(n.node, types, names, found);
    if (!body) {
      if (!found.empty())
        n.unsupported(found[0].message);
      return false;
    }
    slot = std::make_shared<const std::vector<onnx::Node>>(std::move(*body));
  }
  auto body = slot; // more bodies may come
  for (const onnx::Node &inner : *body) {
    importNode(inner, depth + 1);
    if (isPending())
      break;
  }
  return true;
}

std::optional<SmallVector<Operand>> OnnxImporter::importSubgraph(const onnx::Graph &graph, ArrayRef<Operand> args,
                                                                 bool inlined) {
  if (scopes.size() > options.limits.nesting) { // the main graph is one of them
    if (!overLimit)
      overLimit = onnx::Problem{true, "", "",
                                "subgraph '" + graph.name + "' is nested more than " +
                                    std::to_string(options.limits.nesting) + " deep (--max-nesting)"};
    return std::nullopt;
  }
  Mark before = mark();
  scopes.emplace_back();
  for (const onnx::Tensor &t : graph.initializers)
    scopes.back().tensors[t.name] = &t;
  for (size_t i = 0; i < graph.inputs.size() && i < args.size(); ++i)
    if (args[i].sequence)
      scopes.back().lists[graph.inputs[i].name] = *args[i].sequence;
    else
      define(graph.inputs[i].name, args[i].tensor);
  importNodes(graph, 0, inlined);
  bool ok =
      !isPending() && !overLimit && problems.size() == before.problems && unsupported.size() == before.unsupported;
  auto results = ok ? outputsOf(graph) : std::nullopt;
  scopes.pop_back();
  return results;
}

/// What the innermost scope's graph gives; empty when something is not there.
std::optional<SmallVector<Operand>> OnnxImporter::outputsOf(const onnx::Graph &graph) {
  SmallVector<Operand> results;
  bool ok = true;
  for (const onnx::ValueInfo &output : graph.outputs) {
    Value v = lookup(output.name);
    bool broken = llvm::any_of(scopes, [&](Scope &s) { return s.broken.contains(output.name); });
    ok &= v || !broken;
    if (const Sequence *list = v ? nullptr : lookupList(output.name)) {
      results.push_back(*list);
      continue;
    }
    if (!v && ok) {
      problems.push_back(
          {true, "", "", "subgraph '" + graph.name + "' does not define its output '" + output.name + "'"});
      ok = false;
    }
    results.push_back(v);
  }
  return ok ? std::optional(std::move(results)) : std::nullopt;
}

//===-- The main graph -----------------------------------------------------===//

void OnnxImporter::run() {
  auto fn = func::FuncOp::create(module.getLoc(), "main", g.b.getFunctionType({}, {}));
  module.push_back(fn);
  entry = fn.addEntryBlock();
  g.b.setInsertionPointToEnd(entry);
  scopes.emplace_back();
  for (const onnx::Tensor &t : model.graph.initializers)
    scopes.back().tensors[t.name] = &t;
  importInputs();
  if (onnx::hasErrors(problems))
    return;
  importNodes(model.graph);
  if (overLimit) { // the rest is what came of it
    unsupported.clear();
    problems.assign(1, *overLimit);
    return;
  }
  SmallVector<Value> results;
  SmallVector<std::string> resultNames;
  for (const onnx::ValueInfo &output : model.graph.outputs) {
    Value v = lookup(output.name);
    const Sequence *list = v ? nullptr : lookupList(output.name);
    if (g.hasError())
      problems.push_back({true, "", "", g.takeError()});
    else if (!v && !list && !scopes[0].broken.contains(output.name))
      problems.push_back({true, "", "", "nothing defines the graph's output '" + output.name + "'"});
    if (list && !hasProblems()) {
      g.loc = NameLoc::get(g.b.getStringAttr(output.name), module.getLoc());
      Layout layout = layoutOf(*list);
      layout.isOptional |= output.type.kind == onnx::Type::Kind::Optional;
      if (!layout.elem) {
        noteUnsupported("output", output, "output '" + output.name + "' is a sequence of elements of unknown type");
        continue;
      }
      if (layout.rank == -2) {
        Sequence s = packed(g, *list);
        layout.rank = s.rank, layout.isMixed = s.isMixed;
      }
      llvm::append_range(results, flatten(g, *list, layout));
      llvm::append_range(resultNames, partNames(output.name, layout));
      continue;
    }
    results.push_back(v);
    resultNames.push_back(output.name);
    if (v && output.type.kind == onnx::Type::Kind::Optional) {
      results.push_back(g.scalar(g.b.getI1Type(), 1));
      resultNames.push_back(output.name + ".present");
    }
  }
  if (g.hasError())
    problems.push_back({true, "", "", g.takeError()});
  if (hasProblems())
    return;
  g.loc = module.getLoc();
  func::ReturnOp::create(g.b, g.loc, results);
  fn.setType(g.b.getFunctionType(entry->getArgumentTypes(), ValueRange(results).getTypes()));
  for (size_t i = 0; i < results.size(); ++i)
    fn.setResultAttr(i, "wick.name", g.b.getStringAttr(resultNames[i]));
  g.finish();
}

} // namespace wick::compiler
