// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nodes in order: arguments from JSON, the call by its schema, results by name. A
// node that fails marks its outputs as broken, so that its users say nothing and
// every cause is told once.
//
#include "compiler/frontend/export/ExportImporter.h"

#include "compiler/frontend/export/SymExpr.h"
#include "dialects/graph/Sources.h"
#include <cmath>

using namespace mlir;
namespace wick::compiler {
using torch::Arg;

ExportImporter::ExportImporter(ModuleOp module, const ExportFile &file, WeightStore &weights,
                               const ImportOptions &options, std::set<std::string> states)
    : g(module, weights), limit(g, options.limits.ops, options.limits.elements), tensors(g), dispatcher(tensors),
      module(module), file(file), options(options), states(std::move(states)) {}

/// Problems after which the walk ends.
static constexpr size_t maxProblems = 1000;

//===-- Problems -----------------------------------------------------------===//

/// The last line of a stack trace that is not torch's own: "net.py:33: y = x * 2".
static std::string sourceLine(StringRef trace) {
  std::string best, last;
  for (StringRef rest = trace; !rest.empty();) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    line = line.trim();
    if (!line.consume_front("File \""))
      continue;
    auto [path, after] = line.split('"');
    StringRef number = after.split("line ").second.take_while([](char c) { return llvm::isDigit(c); });
    StringRef code = rest.split('\n').first.trim();
    last = (path.rsplit('/').second.empty() ? path : path.rsplit('/').second).str() + ":" + number.str() +
           (code.empty() || code.starts_with("File \"") ? "" : ": " + code.str());
    if (!path.contains("site-packages/torch/") && !path.starts_with("torch/"))
      best = last;
  }
  return best.empty() ? last : best;
}

/// One problem an op and reason; more nodes of the same kind are counted.
void ExportImporter::note(const Node &node, const Twine &why, bool isUnsupported) {
  std::string message = why.str(), at = node.source.empty() ? "" : " (" + node.source + ")";
  onlyUnsupported &= isUnsupported;
  for (size_t i : unsupported)
    if (isUnsupported && problems[i].op == node.target && StringRef(problems[i].message).starts_with(message))
      return problems[i].context.nodes.push_back(node.name);
  if (isUnsupported)
    unsupported.push_back(problems.size());
  problems.push_back({true, node.name, node.target, message + at});
  problems.back().context.nodes.push_back(node.name);
}

//===-- Arguments ----------------------------------------------------------===//

std::optional<torch::Operand> ExportImporter::named(StringRef name) {
  auto it = scopes.back().find(name.str());
  return it == scopes.back().end() ? std::nullopt : std::optional(it->second);
}

static double floatOf(const llvm::json::Value &v) {
  if (auto text = v.getAsString())
    return *text == "NaN" ? NAN : text->starts_with("-") ? -INFINITY : INFINITY;
  return v.getAsNumber().value_or(0);
}

std::optional<torch::Operand> ExportImporter::listOf(const Json &value, StringRef kind, Node &node) {
  std::vector<Operand> out;
  const llvm::json::Array *list = value.getAsArray();
  for (size_t i = 0; list && i < list->size(); ++i) {
    const Json &e = (*list)[i];
    Object wrapped;
    if (kind == "as_optional_tensors" || kind == "as_sym_ints" || kind == "as_sym_bools" || kind == "as_sym_floats") {
      const Object *o = e.getAsObject();
      if (!o || o->empty())
        return std::nullopt;
      if (kind == "as_optional_tensors")
        wrapped = Object(*o);
      else
        wrapped[kind.drop_back().str()] = Json(Object(*o));
    } else {
      wrapped[kind.drop_back().str()] = e;
    }
    auto item = argumentOf(Json(std::move(wrapped)), node);
    if (!item)
      return std::nullopt;
    out.push_back(std::move(*item));
  }
  return list ? std::optional(Operand(std::move(out))) : std::nullopt;
}

/// Nothing when the argument is not of a known kind, or a name stands for nothing.
std::optional<torch::Operand> ExportImporter::argumentOf(const Json &arg, Node &node) {
  const Object *o = arg.getAsObject();
  if (!o || o->size() != 1)
    return std::nullopt;
  StringRef kind = o->begin()->first;
  const Json &v = o->begin()->second;
  const Object *inner = v.getAsObject();
  if (kind == "as_none")
    return Operand();
  if (kind == "as_tensor")
    return inner ? named(inner->getString("name").value_or("")) : std::nullopt;
  if (kind == "as_int" && v.getAsInteger())
    return Operand::integer(g.expr(*v.getAsInteger()));
  if (kind == "as_bool" && v.getAsBoolean())
    return Operand::boolean(*v.getAsBoolean());
  if (kind == "as_float")
    return Operand::number(floatOf(v));
  if (kind == "as_complex" && inner && inner->get("real") && inner->get("imag"))
    return Operand(torch::complexNumber(tensors, floatOf(*inner->get("real")), floatOf(*inner->get("imag"))));
  if (kind == "as_string" && v.getAsString())
    return Operand::text(*v.getAsString());
  if (kind == "as_scalar_type")
    return Operand::integer(g.expr(int64_t(exportScalarType(v.getAsInteger().value_or(-1)))));
  if (kind == "as_memory_format")
    return Operand::integer(g.expr(exportMemoryFormat(v.getAsInteger().value_or(1))));
  if (kind == "as_layout")
    return Operand::integer(g.expr(0));
  if (kind == "as_device")
    return Operand::text(inner ? inner->getString("type").value_or("cpu") : "cpu");
  if (kind.starts_with("as_sym_") && inner) {
    if (auto name = inner->getString("as_name"))
      return named(*name);
    return argumentOf(v, node);
  }
  if (kind == "as_graph" && inner && inner->getObject("graph")) {
    node.graphs.push_back(inner->getObject("graph"));
    return Operand();
  }
  if (kind == "as_int_lists" || kind == "as_float_lists" || kind == "as_nested_tensors" || kind.ends_with("s"))
    return listOf(v, kind, node);
  return std::nullopt;
}

//===-- Results ------------------------------------------------------------===//

/// The names that an output argument defines, with a list's items in order.
static void definedNames(const llvm::json::Object &arg, std::vector<std::string> &out) {
  if (arg.empty())
    return;
  const llvm::json::Value &v = arg.begin()->second;
  auto add = [&](const llvm::json::Object *o) {
    auto name = o ? o->getString("name") : std::nullopt;
    if (o && !name)
      name = o->getString("as_name");
    out.push_back(name.value_or("").str());
  };
  if (const llvm::json::Array *list = v.getAsArray())
    for (const llvm::json::Value &e : *list) {
      const llvm::json::Object *o = e.getAsObject();
      add(o && o->getObject("as_tensor") ? o->getObject("as_tensor") : o);
    }
  else
    add(v.getAsObject());
}

void ExportImporter::breakOutputs(const Node &node) {
  const llvm::json::Array *list = node.json.getArray("outputs");
  std::vector<std::string> names;
  for (size_t i = 0; list && i < list->size(); ++i)
    if (const Object *o = (*list)[i].getAsObject())
      definedNames(*o, names);
  for (const std::string &name : names)
    broken.back().insert(name);
}

void ExportImporter::define(const Node &node, std::vector<Operand> results) {
  const llvm::json::Array *list = node.json.getArray("outputs");
  if (!list || list->empty())
    return;
  std::vector<std::string> names;
  for (const Json &e : *list)
    if (const Object *o = e.getAsObject())
      definedNames(*o, names);
  // A list among the results stands for its items where the node says as_tensors.
  if (results.size() == 1 && results[0].kind() == Arg::Kind::List)
    results = std::vector<Operand>(results[0].list);
  if (results.size() < names.size())
    return note(node, "gives " + Twine(results.size()) + " results, expected " + Twine(names.size()), false),
           breakOutputs(node);
  for (auto [name, result] : llvm::zip(names, results)) {
    if (name.empty())
      continue;
    // A number of the running program becomes a size with the range that the file gives.
    const Object *ints = graphs.back()->getObject("sym_int_values");
    const Object *meta = ints ? ints->getObject(name) : nullptr;
    if (meta && (result.isTensor() || !result.value.integer)) {
      const Object *expr = meta->getObject("as_expr");
      StringRef sym = symbolName(expr ? expr->getString("expr_str").value_or("") : "");
      auto range = rangeOf(sym);
      AffineExpr e = dispatcher.integerOf(result, range.first, range.second);
      if (!e)
        continue; // told, and broken
      if (!sym.empty())
        symbols.insert({sym.str(), e});
      result = Operand::integer(e);
    }
    scopes.back()[name] = result;
    if (llvm::is_contained(options.keep, name) && !g.hasError()) {
      bool isMain = scopes.size() == 1, isReached = g.b.getInsertionBlock() == entry;
      if (isMain || !kept[name]) // graphs within may use the same name
        kept[name] = isReached ? scalar(result) : Value();
    }
  }
}

//===-- Nodes --------------------------------------------------------------===//

bool ExportImporter::callOp(const Node &node, std::vector<Operand> &results) {
  auto [space, rest] = StringRef(node.target).split('.');
  auto [op, overload] = rest.rsplit('.');
  const torch::Schema *schema = torch::findSchema((space + "::" + op).str(), overload == "default" ? "" : overload);
  if (!schema || !torch::Dispatcher::isSupported(*schema))
    return note(node, "there is no lowering of this op", true), false;
  std::vector<Operand> positional;
  std::vector<std::pair<std::string, Operand>> byName;
  for (const auto &[name, operand] : node.args)
    name.empty() ? positional.push_back(operand) : byName.push_back({name, operand});
  auto args = dispatcher.bind(*schema, std::move(positional), std::move(byName));
  if (args)
    results = dispatcher.call(*schema, std::move(*args));
  return !g.hasError();
}

void ExportImporter::importNode(const Object &json, size_t index) {
  Node node{json, json.getString("name").value_or("").str(), json.getString("target").value_or("").str(), index};
  if (StringRef(node.target).starts_with("torch.ops."))
    node.target = node.target.substr(10);
  const llvm::json::Array *outs = json.getArray("outputs"), *ins = json.getArray("inputs");
  if (node.name.empty() && outs && !outs->empty() && (*outs)[0].getAsObject()) {
    std::vector<std::string> names;
    definedNames(*(*outs)[0].getAsObject(), names);
    node.name = names.empty() ? "" : names[0];
  }
  if (const Object *metadata = json.getObject("metadata"))
    node.source = sourceLine(metadata->getString("stack_trace").value_or(""));
  Location at = FileLineColLoc::get(g.b.getContext(), options.modelName, unsigned(index) + 1, 0);
  g.loc = graph::sourceLocation(at, node.name, {node.target, 0, node.source});
  for (size_t i = 0; ins && i < ins->size(); ++i) {
    const Object *in = (*ins)[i].getAsObject();
    const Json *arg = in ? in->get("arg") : nullptr;
    std::optional<Operand> operand = arg ? argumentOf(*arg, node) : std::nullopt;
    if (!operand) {
      // What is broken was told where it broke.
      std::vector<std::string> names;
      if (arg && arg->getAsObject())
        definedNames(*arg->getAsObject(), names);
      if (llvm::none_of(names, [&](auto &n) { return broken.back().contains(n); }))
        note(node,
             "argument " + Twine(i) +
                 (names.empty() || names[0].empty() ? Twine(" is of a kind that is not known")
                                                    : " reads '" + Twine(names[0]) + "', which nothing defines before"),
             false);
      return breakOutputs(node);
    }
    node.args.push_back({in->getString("name").value_or("").str(), std::move(*operand)});
  }
  size_t before = problems.size(), merged = 0;
  for (size_t i : unsupported)
    merged += problems[i].context.nodes.size();
  std::vector<Operand> results;
  bool isOp = !StringRef(node.target).starts_with("higher_order.") && StringRef(node.target).count('.') == 2;
  bool ok = callSpecial(node, results) || (isOp && callOp(node, results));
  std::string failure = g.takeError();
  for (size_t i : unsupported)
    merged -= problems[i].context.nodes.size();
  bool isNoted = problems.size() != before || merged != 0;
  if (!failure.empty())
    note(node, failure, StringRef(failure).contains("there is no lowering"));
  else if (!ok && !isNoted)
    note(node, "there is no lowering of this op", true);
  if (!ok || !failure.empty())
    return breakOutputs(node);
  define(node, std::move(results));
  if (std::string late = g.takeError(); !late.empty())
    note(node, late, false), breakOutputs(node);
}

bool ExportImporter::importNodes(const Object &graph) {
  size_t before = problems.size();
  const llvm::json::Array *nodes = graph.getArray("nodes");
  for (size_t i = 0; nodes && i < nodes->size(); ++i) {
    if (const Object *node = (*nodes)[i].getAsObject())
      importNode(*node, i);
    if (limit.exceeded() || problems.size() > maxProblems)
      break;
  }
  if (limit.exceeded() && problems.empty())
    problems.push_back({true, "", "", limit.message()}), onlyUnsupported = false;
  return problems.size() == before;
}

std::optional<std::vector<torch::Operand>> ExportImporter::importGraph(const Object &graph,
                                                                       std::vector<Operand> inputs) {
  Scope scope;
  std::vector<std::string> names;
  const llvm::json::Array *ins = graph.getArray("inputs"), *outs = graph.getArray("outputs");
  for (size_t i = 0; ins && i < ins->size(); ++i)
    if (const Object *o = (*ins)[i].getAsObject())
      definedNames(*o, names);
  if (names.size() != inputs.size()) {
    g.fail("a graph within takes " + Twine(names.size()) + " operands, " + Twine(inputs.size()) + " are given");
    return std::nullopt;
  }
  if (scopes.size() > options.limits.nesting) { // the program's own is one of them
    g.fail("graphs are nested more than " + Twine(options.limits.nesting) + " deep (--max-nesting)");
    return std::nullopt;
  }
  for (auto [name, input] : llvm::zip(names, inputs))
    scope[name] = input;
  scopes.push_back(std::move(scope));
  broken.emplace_back();
  graphs.push_back(&graph);
  Location loc = g.loc;
  bool ok = importNodes(graph) && !g.hasError();
  g.loc = loc;
  std::vector<Operand> results;
  Node none{graph, "", "", 0};
  for (size_t i = 0; ok && outs && i < outs->size(); ++i) {
    auto result = argumentOf((*outs)[i], none);
    ok = result.has_value();
    if (!ok)
      g.fail("a graph within does not define its output " + Twine(i));
    else if (result->kind() == Arg::Kind::List)
      results.insert(results.end(), result->list.begin(), result->list.end());
    else
      results.push_back(*result);
  }
  scopes.pop_back(), broken.pop_back(), graphs.pop_back();
  return ok ? std::optional(std::move(results)) : std::nullopt;
}

//===-- The program --------------------------------------------------------===//

void ExportImporter::run() {
  auto fn = func::FuncOp::create(module.getLoc(), "main", g.b.getFunctionType({}, {}));
  module.push_back(fn);
  entry = fn.addEntryBlock();
  g.b.setInsertionPointToEnd(entry);
  scopes.emplace_back();
  broken.emplace_back();
  graphs.push_back(&file.graph());
  readOptions();
  importInputs();
  if (hasErrors())
    return;
  importNodes(file.graph());
  g.loc = module.getLoc();
  if (!hasErrors())
    importOutputs();
  if (hasErrors())
    return;
  SmallVector<Value> results;
  for (auto &[name, v] : outputs)
    results.push_back(v);
  g.b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(g.b, g.loc, results);
  fn.setType(g.b.getFunctionType(entry->getArgumentTypes(), ValueRange(results).getTypes()));
  for (auto [i, name] : llvm::enumerate(argumentNames))
    fn.setArgAttr(i, "wick.name", g.b.getStringAttr(name));
  for (auto [i, output] : llvm::enumerate(outputs))
    fn.setResultAttr(i, "wick.name", g.b.getStringAttr(output.first));
  g.finish();
}

} // namespace wick::compiler
