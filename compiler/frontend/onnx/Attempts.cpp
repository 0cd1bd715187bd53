// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Going back: an If whose branches differ in rank is settled by what the rest of the
// graph accepts, or takes it into both branches, and a loop is unrolled only if all of it can be. Both import things
// that may have to be taken back.
//
#include "compiler/frontend/onnx/importers/Control.h"

using namespace mlir;
namespace wick::compiler {

/// Each such If within what another one decides doubles the work.
static constexpr size_t maxChoices = 4;

struct OnnxImporter::Attempt {
  GraphBuilder::Snapshot graph;
  std::vector<Scope> scopes;
  Mark mark;
  EntryConstants constants;
};

std::shared_ptr<const OnnxImporter::Attempt> OnnxImporter::begin() const {
  return std::make_shared<const Attempt>(Attempt{g.snapshot(), scopes, mark(), constants});
}

void OnnxImporter::undo(const Attempt &attempt) {
  g.undo(attempt.graph);
  scopes = attempt.scopes;
  rollback(attempt.mark);
  constants = attempt.constants;
  pending = {};
}

std::optional<OnnxImporter::Decision> OnnxImporter::decision(const onnx::Node &node) const {
  auto it = decisions.find(&node);
  return it == decisions.end() ? std::nullopt : std::optional(it->second);
}

void OnnxImporter::postpone(const NodeImport &n, Value cond, bool tells, const std::string &what) {
  pending = {&n.node, cond, tells, what};
}

/// Imports node `at`, which holds the If (or is it), and the rest of the graph.
bool OnnxImporter::tryBranch(const onnx::Graph &graph, size_t at, const onnx::Node *node, Decision decision) {
  Mark before = mark();
  decisions[node] = decision;
  importNodes(graph, at);
  decisions.erase(node);
  return problems.size() == before.problems && unsupported.size() == before.unsupported && !g.hasError();
}

void OnnxImporter::settle(const onnx::Graph &graph, size_t at) {
  auto [node, cond, tells, what] = std::exchange(pending, {});
  auto refuse = [&, node = node, what = what](const std::string &why) {
    noteUnsupported(*node, what + ", and " + why);
    for (const std::string &name : graph.nodes[at].outputs)
      if (!name.empty())
        define(name, {});
    importNodes(graph, at + 1);
  };
  if (decisions.size() >= maxChoices)
    return refuse("there are too many such nodes");
  auto start = begin();
  SmallVector<int> valid;
  for (int k = 0; k < 2; ++k) {
    if (tryBranch(graph, at, node, {k, true}))
      valid.push_back(k);
    undo(*start);
  }
  if (valid.empty())
    return refuse("the graph behind it fits neither");
  if (valid.size() == 1)
    return void(tryBranch(graph, at, node, {valid[0], true}));
  if (!tells)
    return refuse("the graph behind it fits both");
  // What follows is imported into both branches.
  auto saved = scopes;
  auto results = emitIf(*this, cond, [&, node = node](int k) -> std::optional<SmallVector<Operand>> {
    bool ok = tryBranch(graph, at, node, {k, false});
    auto values = ok ? outputsOf(graph) : std::nullopt;
    scopes = saved;
    return values;
  });
  if (!results) {
    undo(*start);
    return refuse("so do those of the graph behind it");
  }
  for (auto [output, x] : llvm::zip(graph.outputs, *results))
    if (x.sequence)
      scopes.back().lists[output.name] = *x.sequence;
    else
      define(output.name, x.tensor);
}

} // namespace wick::compiler
