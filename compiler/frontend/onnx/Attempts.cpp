// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Going back: an If whose branches differ in rank is settled by what the rest of the
// graph accepts, and a loop is unrolled only if all of it can be. Both import things
// that may have to be taken back.
//
#include "compiler/frontend/onnx/OnnxImporter.h"

using namespace mlir;
namespace wick::compiler {

struct OnnxImporter::Attempt {
  GraphBuilder::Snapshot graph;
  std::vector<Scope> scopes;
  Mark mark;
  Operation *lastConstant;
};

std::shared_ptr<const OnnxImporter::Attempt> OnnxImporter::begin() const {
  return std::make_shared<const Attempt>(Attempt{g.snapshot(), scopes, mark(), lastConstant});
}

void OnnxImporter::undo(const Attempt &attempt) {
  g.undo(attempt.graph);
  scopes = attempt.scopes;
  rollback(attempt.mark);
  lastConstant = attempt.lastConstant;
  pendingChoices.clear();
}

bool OnnxImporter::clean(const Attempt &attempt) const {
  return problems.size() == attempt.mark.problems && unsupported.size() == attempt.mark.unsupported && !g.hasError();
}

void OnnxImporter::importWithChoice(NodeImport &n, ArrayRef<Choice> choices, const std::string &what) {
  pendingChoices.assign(choices.begin(), choices.end());
  pendingWhat = what;
}

bool OnnxImporter::settleChoice(const std::vector<onnx::Node> &nodes, size_t at) {
  std::vector<Choice> choices = std::move(pendingChoices);
  std::string what = std::move(pendingWhat);
  pendingChoices.clear();
  auto start = begin();
  auto attempt = [&](const Choice &choice) {
    g.loc = locationOf(nodes[at]);
    NodeImport n(*this, g, nodes[at]);
    for (const std::string &name : nodes[at].inputs)
      n.in.push_back(name.empty() ? Value() : lookup(name));
    if (!choice(n) || n.failed())
      return false;
    for (size_t i = 0; i < n.out.size(); ++i)
      if (!nodes[at].outputs[i].empty())
        define(nodes[at].outputs[i], n.out[i]);
    importNodes(nodes, at + 1);
    return clean(*start);
  };
  SmallVector<size_t> valid;
  for (size_t k = 0; k < choices.size(); ++k) {
    if (attempt(choices[k]))
      valid.push_back(k);
    undo(*start);
  }
  if (valid.size() == 1)
    return attempt(choices[valid[0]]);
  noteUnsupported(nodes[at], what + (valid.empty() ? ", and the graph behind it fits neither"
                                                   : ", and the graph behind it fits both"));
  for (const std::string &name : nodes[at].outputs)
    if (!name.empty())
      define(name, {});
  importNodes(nodes, at + 1);
  return false;
}

} // namespace wick::compiler
