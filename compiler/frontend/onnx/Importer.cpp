// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public door of the ONNX frontend: reader, expansion, upgrade and importer in
// order, with the outcome sorted into what the tools' exit codes tell apart.
//
#include "compiler/frontend/onnx/Importer.h"

#include "compiler/frontend/onnx/FunctionExpander.h"
#include "compiler/frontend/onnx/OnnxImporter.h"
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/WireReader.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
namespace wick::compiler {

/// Each round may find dims that the graph fixes or makes equal to others.
static constexpr int maxRounds = 4;

/// Takes facts over to options and aliases; false when there is nothing new.
static bool adoptFacts(ArrayRef<GraphBuilder::DimFact> facts, ImportOptions &options,
                       std::map<std::string, std::string> &aliases, std::vector<onnx::Problem> &notes) {
  bool isNew = false;
  auto root = [&](std::string name) {
    for (auto it = aliases.find(name); it != aliases.end(); it = aliases.find(name))
      name = it->second;
    return name;
  };
  for (const GraphBuilder::DimFact &fact : facts) {
    std::string name = root(fact.name), other = fact.alias.empty() ? "" : root(fact.alias);
    auto given = llvm::find_if(options.dims, [&](auto &d) { return d.first == name; });
    if (name == other)
      continue;
    std::string node = isa<NameLoc>(fact.source) ? cast<NameLoc>(fact.source).getName().str() : "";
    if (!other.empty()) {
      aliases[name] = other;
      if (given != options.dims.end()) // a bound goes with the dim
        options.dims.push_back({other, given->second});
      notes.push_back({false, node, "", "dims '" + name + "' and '" + other + "' must be equal here"});
    } else {
      if (given != options.dims.end() && !StringRef(given->second).contains(".."))
        continue; // decided before; a contradiction shows where the op is made
      options.dims.insert(options.dims.begin(), {name, std::to_string(fact.value)});
      notes.push_back(
          {false, node, "", "the graph fixes dim '" + name + "' to " + std::to_string(fact.value) + " here"});
    }
    isNew = true;
  }
  return isNew;
}

namespace {
/// An import and what another one may make use of.
struct Outcome {
  ImportResult result;
  WeightStore weights;
  SmallVector<std::string> openLengths; ///< none: no open length decides a rank
  bool hasDeclaredRanks = false;
};
} // namespace

static Outcome importOnce(MLIRContext *context, const onnx::Model &model,
                          std::shared_ptr<const onnx::PayloadSource> payloads, const ImportOptions &userOptions) {
  Outcome outcome;
  ImportResult &result = outcome.result;
  ImportOptions options = userOptions;
  std::map<std::string, std::string> aliases;
  std::vector<onnx::Problem> notes;
  auto loc = FileLineColLoc::get(context, options.modelName, 0, 0);
  for (int round = 0;; ++round) {
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    WeightStore attempt; // ids of rounds that are thrown away must not show
    OnnxImporter importer(*module, model, payloads, attempt, options, aliases);
    importer.run();
    if (round + 1 < maxRounds && adoptFacts(importer.g.facts, options, aliases, notes))
      continue;
    result.kind = ImportResult::Kind::Ok;
    if (importer.hasProblems()) {
      result.kind = importer.onlyUnsupported() ? ImportResult::Kind::Unsupported : ImportResult::Kind::Error;
      importer.reportUnsupported();
      if (importer.isRankOpen())
        outcome.openLengths = importer.openLengths();
    }
    result.problems = std::move(notes);
    result.problems.insert(result.problems.end(), importer.problems.begin(), importer.problems.end());
    if (result.kind == ImportResult::Kind::Ok && failed(verify(*module))) {
      result.kind = ImportResult::Kind::Error;
      result.problems.push_back({true, "", "", notVerified});
    }
    if (result.kind == ImportResult::Kind::Ok) {
      outcome.hasDeclaredRanks = importer.hasDeclaredRanks();
      outcome.weights = std::move(attempt);
      result.module = std::move(module);
    }
    return outcome;
  }
}

/// Where the length of a vector that is fed decides ranks, and only one length gives the
/// outputs the ranks that the model declares, it is that one: the import with it. Empty
/// when there is no such length, or several.
static std::optional<Outcome> importByRanks(MLIRContext *context, const onnx::Model &model,
                                            std::shared_ptr<const onnx::PayloadSource> payloads,
                                            const ImportOptions &options, ArrayRef<std::string> lengths) {
  constexpr int64_t maxLength = 8; // the most dims that a tensor has in practice
  constexpr size_t maxTried = 4;   // each is a few imports
  for (const std::string &name : lengths.take_front(maxTried)) {
    std::optional<Outcome> found;
    int64_t count = 0;
    for (int64_t length = 0; length <= maxLength && count < 2; ++length) {
      ImportOptions fixed = options;
      fixed.dims.insert(fixed.dims.begin(), {name, std::to_string(length)});
      Outcome attempt = importOnce(context, model, payloads, fixed);
      if (attempt.result.kind != ImportResult::Kind::Ok || !attempt.hasDeclaredRanks)
        continue;
      attempt.result.problems.push_back(
          {false, "", "", "the ranks of the outputs fix dim '" + name + "' to " + std::to_string(length)});
      found = std::move(attempt), ++count;
    }
    if (count == 1)
      return found;
  }
  return std::nullopt;
}

ImportResult importOnnx(MLIRContext *context, const onnx::Model &model,
                        std::shared_ptr<const onnx::PayloadSource> payloads, WeightStore &weights,
                        const ImportOptions &options) {
  context->loadDialect<graph::WickDialect, func::FuncDialect>();
  Outcome outcome = importOnce(context, model, payloads, options);
  if (!outcome.openLengths.empty())
    if (auto found = importByRanks(context, model, payloads, options, outcome.openLengths))
      outcome = std::move(*found);
  if (outcome.result.kind == ImportResult::Kind::Ok)
    weights = std::move(outcome.weights);
  return std::move(outcome.result);
}

/// Makes inner values outputs as well; a name that no node makes is an error.
static void keepValues(onnx::Graph &graph, const std::vector<std::string> &names,
                       std::vector<onnx::Problem> &problems) {
  for (const std::string &name : names) {
    bool made = llvm::any_of(graph.nodes, [&](const onnx::Node &n) { return llvm::is_contained(n.outputs, name); });
    bool isOutput = llvm::any_of(graph.outputs, [&](const onnx::ValueInfo &v) { return v.name == name; });
    if (!made)
      problems.push_back({true, "", "", "there is no value '" + name + "' to keep"});
    else if (!isOutput)
      graph.outputs.push_back({name, {}});
  }
}

ImportResult importOnnxFile(MLIRContext *context, const std::string &path, WeightStore &weights,
                            ImportOptions options) {
  onnx::ReadResult read = onnx::readModel(path);
  if (!read.model) {
    ImportResult failed;
    failed.kind = ImportResult::Kind::Error;
    failed.problems = std::move(read.problems);
    return failed;
  }
  std::vector<onnx::Problem> problems = std::move(read.problems);
  onnx::NameGenerator names(*read.model);
  onnx::expandLocalFunctions(*read.model, names, problems);
  onnx::upgrade(*read.model, names, problems);
  keepValues(read.model->graph, options.keep, problems);
  if (onnx::hasErrors(problems)) {
    ImportResult failed;
    failed.kind = ImportResult::Kind::Error;
    failed.problems = std::move(problems);
    return failed;
  }
  auto payloads = std::make_shared<onnx::PayloadSource>(std::move(read.payloads));
  ImportResult result = importOnnx(context, *read.model, payloads, weights, options);
  result.problems.insert(result.problems.begin(), problems.begin(), problems.end());
  return result;
}

} // namespace wick::compiler
