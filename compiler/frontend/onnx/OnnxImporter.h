// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over a graph and its scopes. Control-flow importers call back into it
// to import subgraphs. Private to this folder and importers/.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_ONNXIMPORTER_H
#define WICK_COMPILER_FRONTEND_ONNX_ONNXIMPORTER_H

#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Names.h"
#include "compiler/frontend/onnx/NodeImport.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <functional>
#include <map>

namespace wick::compiler {

class OnnxImporter {
public:
  OnnxImporter(mlir::ModuleOp module, const onnx::Model &model, std::shared_ptr<const onnx::PayloadSource> payloads,
               WeightStore &weights, const ImportOptions &options, const std::map<std::string, std::string> &aliases);
  /// Imports the main graph; problems are in `problems` and `unsupported`.
  void run();

  GraphBuilder g;
  std::vector<onnx::Problem> problems;

  /// A tensor of the model as a constant or weight at the function's start.
  mlir::Value constant(const onnx::Tensor &tensor);
  /// A value by name in the scopes from the innermost; null when it is not there.
  mlir::Value lookup(const std::string &name);

  /// The rank that the main graph declares for a value, where it does.
  std::optional<int64_t> declaredRank(const std::string &name) const;

  /// A sequence of known length is a list of values and exists while importing only.
  using List = llvm::SmallVector<mlir::Value>;
  const List *lookupList(const std::string &name) const;
  /// Defines output 0 of the node as a list.
  void defineList(NodeImport &n, List list);

  /// Imports a subgraph's nodes at the insertion point, with `args` for its inputs.
  /// Empty when something failed (it has been noted).
  std::optional<llvm::SmallVector<mlir::Value>> importSubgraph(const onnx::Graph &graph, mlir::ValueRange args);

  /// A state to go back to when an attempt fails.
  struct Attempt;
  std::shared_ptr<const Attempt> begin() const;
  void undo(const Attempt &attempt);
  /// True when nothing was noted since the attempt began.
  bool clean(const Attempt &attempt) const;

  /// Called by an importer whose node has a choice of results that only its users can
  /// settle: the rest of the graph is imported with each choice in turn.
  using Choice = std::function<bool(NodeImport &)>;
  void importWithChoice(NodeImport &n, llvm::ArrayRef<Choice> choices, const std::string &what);

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

private:
  struct Scope {
    llvm::StringMap<mlir::Value> values;
    llvm::StringMap<const onnx::Tensor *> tensors;
    llvm::StringMap<List> lists;
    /// Values that could not be made: their users fail silently.
    llvm::StringMap<char> broken;
  };
  void importInputs();
  mlir::RankedTensorType inputType(const onnx::ValueInfo &input);
  bool overrideShape(const onnx::ValueInfo &input, Exprs &dims);
  mlir::AffineExpr namedDim(llvm::StringRef name);
  void importNodes(const std::vector<onnx::Node> &nodes, size_t from = 0);
  bool settleChoice(const std::vector<onnx::Node> &nodes, size_t at);
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
  mlir::Location locationOf(const onnx::Node &node);

  const onnx::Model &model;
  std::shared_ptr<const onnx::PayloadSource> payloads;
  const ImportOptions &options;
  const std::map<std::string, std::string> &aliases; ///< names of dims that are one dim
  onnx::NameGenerator names;
  mlir::ModuleOp module;
  mlir::Block *entry = nullptr;
  mlir::Operation *lastConstant = nullptr;
  std::vector<Scope> scopes;
  /// Which operands an op requires, by its qualified name.
  llvm::StringMap<llvm::SmallVector<bool>> required;
  /// Choices of the node that was imported last; settled by importNodes.
  std::vector<Choice> pendingChoices;
  std::string pendingWhat;
  std::map<std::string, std::pair<int64_t, int64_t>> dimBounds;
  struct Unsupported {
    std::string op, why, node;
    onnx::ProblemContext context;
  };
  std::vector<Unsupported> unsupported; ///< in order of nodes
};

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_ONNX_ONNXIMPORTER_H
