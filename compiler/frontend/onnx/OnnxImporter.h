// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over a graph and its scopes. Control-flow importers call back into it
// to import subgraphs. Private to this folder and importers/.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_ONNXIMPORTER_H
#define WICK_COMPILER_FRONTEND_ONNX_ONNXIMPORTER_H

#include "compiler/frontend/OpLimit.h"
#include "compiler/frontend/Structure.h"
#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Names.h"
#include "compiler/frontend/onnx/NodeImport.h"
#include "compiler/frontend/onnx/Sequence.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>

namespace wick::compiler {

class OnnxImporter {
public:
  OnnxImporter(mlir::ModuleOp module, const onnx::Model &model, std::shared_ptr<const onnx::PayloadSource> payloads,
               WeightStore &weights, const ImportOptions &options, const std::map<std::string, std::string> &aliases);
  /// Imports the main graph; problems are in `problems` and `unsupported`.
  void run();

  GraphBuilder g;
  OpLimit limit;
  std::vector<onnx::Problem> problems;
  const ImportOptions::Limits &limits() const { return options.limits; }

  /// A tensor of the model as a constant or weight at the function's start.
  mlir::Value constant(const onnx::Tensor &tensor);
  /// A value by name in the scopes from the innermost; null when it is not there.
  mlir::Value lookup(const std::string &name);

  /// The rank that the main graph declares for a value, where it does.
  std::optional<int64_t> declaredRank(const std::string &name) const;

  /// The sequence or optional of a name; null when it is a tensor or nothing.
  const Sequence *lookupList(const std::string &name) const;
  /// Input i of a node; null when it is left out.
  Operand operand(const NodeImport &n, size_t i) const;
  /// Defines output i of the node as a sequence or optional, or either.
  void defineList(NodeImport &n, size_t i, Sequence list);
  void defineOutput(NodeImport &n, size_t i, const Operand &x);

  /// Imports a subgraph's nodes at the insertion point, with `args` for its inputs.
  /// Empty when something failed (it has been noted), or when a choice is pending: only
  /// where the nodes are `inlined`, so that the graph around decides.
  std::optional<llvm::SmallVector<Operand>> importSubgraph(const onnx::Graph &graph, llvm::ArrayRef<Operand> args,
                                                           bool inlined = false);

  /// A state to go back to when an attempt fails.
  struct Attempt;
  std::shared_ptr<const Attempt> begin() const;
  void undo(const Attempt &attempt);

  /// How a node has been settled whose results could be of two kinds that no value holds
  /// both of: an If, or a Squeeze of dims that may be 1.
  struct Decision {
    int branch;     ///< 0 where the condition holds
    bool isChecked; ///< the run must fail when the condition says otherwise
  };
  std::optional<Decision> decision(const onnx::Node &node) const;
  /// Leaves such a node to what follows it: the rest of the graph is imported with each
  /// branch in turn. Where both fit, it becomes part of both, if `cond` tells them apart.
  void postpone(const NodeImport &n, mlir::Value cond, bool tells, const std::string &what);
  bool isPending() const { return pending.node; }

  /// Tries to import something whose failure is no problem yet: problems noted since
  /// `mark` can be dropped.
  struct Mark {
    size_t problems;
    size_t unsupported;
  };
  Mark mark() const { return {problems.size(), unsupported.size()}; }
  void rollback(Mark m);
  bool hasProblems() const { return !unsupported.empty() || onnx::hasErrors(problems); }
  /// One problem an op that was not understood: name, count and first nodes.
  void reportUnsupported();
  bool onlyUnsupported() const { return !onnx::hasErrors(problems); }
  /// Whether a length that is open would have decided a rank.
  bool isRankOpen() const { return rankOpen; }
  /// Named dims that are lengths of integer vectors among the model's inputs.
  llvm::SmallVector<std::string> openLengths() const;
  /// Whether the results have the ranks that the model declares.
  bool hasDeclaredRanks() const;

private:
  struct Scope {
    llvm::StringMap<mlir::Value> values;
    llvm::StringMap<const onnx::Tensor *> tensors;
    llvm::StringMap<Sequence> lists;
    /// Values that could not be made: their users fail silently.
    llvm::StringMap<char> broken;
  };
  void importInputs();
  mlir::RankedTensorType inputType(const onnx::ValueInfo &input, const onnx::Type &type);
  bool overrideShape(const onnx::ValueInfo &input, const onnx::Type &type, Exprs &dims);
  mlir::AffineExpr namedDim(llvm::StringRef name);
  void importNodes(const onnx::Graph &graph, size_t from = 0, bool inlined = false);
  void settle(const onnx::Graph &graph, size_t at);
  bool tryBranch(const onnx::Graph &graph, size_t at, const onnx::Node *node, Decision decision);
  std::optional<llvm::SmallVector<Operand>> outputsOf(const onnx::Graph &graph);
  void importNode(const onnx::Node &node, unsigned depth = 0);
  bool checkOperands(NodeImport &n);
  bool importByFunction(NodeImport &n, unsigned depth);
  // Problems.cpp
  void noteUnsupported(const onnx::Node &node, const std::string &why);
  /// Of an input or output of the graph: `kind` says which.
  void noteUnsupported(const std::string &kind, const onnx::ValueInfo &value, const std::string &why);
  void noteError(const onnx::Node &node, const std::string &why);
  /// The version of the node's domain that the file imports.
  int64_t sourceOpset(const onnx::Node &node) const;
  /// The node's operands and attributes, as text.
  onnx::ProblemContext contextOf(const onnx::Node &node);
  std::string typeText(const std::string &name);
  /// Whether some importer, row or function body stands for the op.
  bool isKnownOp(const onnx::Node &node) const;
  /// Adds the node's operands to the messages of the checks that it made after `before`.
  void explainAsserts(const NodeImport &n, mlir::Block *block, mlir::Operation *before);
  void define(const std::string &name, mlir::Value v);
  mlir::Value addInput(const std::string &name, mlir::RankedTensorType type);
  void importSequenceInput(const onnx::ValueInfo &input);
  mlir::Location locationOf(const onnx::Node &node);

  const onnx::Model &model;
  std::shared_ptr<const onnx::PayloadSource> payloads;
  const ImportOptions &options;
  const std::map<std::string, std::string> &aliases; ///< names of dims that are one dim
  onnx::NameGenerator names;
  mlir::ModuleOp module;
  mlir::Block *entry = nullptr;
  EntryConstants constants;
  bool rankOpen = false;
  std::vector<Scope> scopes;
  /// Which operands an op requires, by its qualified name.
  llvm::StringMap<llvm::SmallVector<bool>> required;
  /// The node that its users must settle, in or below the one that was imported last.
  struct {
    const onnx::Node *node = nullptr;
    mlir::Value cond;
    bool tells = false;
    std::string what;
  } pending;
  std::map<const onnx::Node *, Decision> decisions;
  /// Function bodies by node and types of its inputs; a node may be imported again.
  std::map<std::pair<const onnx::Node *, std::string>, std::shared_ptr<const std::vector<onnx::Node>>> bodies;
  std::map<std::string, std::pair<int64_t, int64_t>> dimBounds;
  std::optional<onnx::Problem> overLimit; ///< ends the import
  struct Unsupported {
    std::string op, why, node;
    onnx::ProblemContext context;
  };
  std::vector<Unsupported> unsupported; ///< in order of nodes
};

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_ONNX_ONNXIMPORTER_H
