// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over an exported program's graph and the graphs within it. Private to
// this folder.
//
#ifndef WICK_COMPILER_FRONTEND_EXPORT_EXPORTIMPORTER_H
#define WICK_COMPILER_FRONTEND_EXPORT_EXPORTIMPORTER_H

#include "compiler/frontend/OpLimit.h"
#include "compiler/frontend/Structure.h"
#include "compiler/frontend/export/Export.h"
#include "compiler/frontend/export/ExportFile.h"
#include "compiler/frontend/torch/Dispatch.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <set>

namespace wick::compiler {

class ExportImporter {
public:
  /// `states`: parameters, buffers and constants that the program writes to, as far as is known.
  ExportImporter(mlir::ModuleOp module, const ExportFile &file, WeightStore &weights, const ImportOptions &options,
                 std::set<std::string> states);
  /// Imports the program; problems are in `problems`.
  void run();

  GraphBuilder g;
  OpLimit limit;
  torch::TensorSpace tensors;
  torch::Dispatcher dispatcher;
  std::vector<onnx::Problem> problems;
  bool onlyUnsupported = true; ///< of the errors in `problems`
  /// What was written to, or is by the signature; more than `states`: import again with these.
  std::set<std::string> written;
  bool hasErrors() const { return onnx::hasErrors(problems); }

private:
  using Operand = torch::Operand;
  using Object = llvm::json::Object;
  using Json = llvm::json::Value;
  struct Node {
    const Object &json;
    std::string name, target; ///< "conv2d_1", "aten.conv2d.default"
    size_t index = 0;
    std::string source = {};                                ///< "net.py:33: return x * 2", where known
    std::vector<std::pair<std::string, Operand>> args = {}; ///< by the schema's names, where the op has one
    std::vector<const Object *> graphs = {};                ///< in order of their arguments, which are None
  };
  using Scope = std::map<std::string, Operand>; ///< a name that could not be made: None, and in `broken`

  // Inputs.cpp
  void importInputs();
  void importUserInput(const std::string &name);
  mlir::Value argument(const std::string &name, const Object &meta);
  void addWeight(const std::string &arg, const std::string &name, torch::Storage::Kind kind);
  mlir::Value constant(const std::string &name, bool complex);
  mlir::Location locationOf(const std::string &name);
  std::vector<std::string> tensorInputs() const;
  void readOptions();
  mlir::AffineExpr size(const Json *v);
  mlir::AffineExpr symbol(llvm::StringRef name);
  std::pair<int64_t, int64_t> rangeOf(llvm::StringRef symbol);
  void importOutputs();
  void addOutput(const std::string &name, mlir::Value v);

  // ExportImporter.cpp
  bool importNodes(const Object &graph);
  void importNode(const Object &json, size_t index);
  std::optional<Operand> argumentOf(const Json &arg, Node &node);
  std::optional<Operand> named(llvm::StringRef name);
  std::optional<Operand> listOf(const Json &list, llvm::StringRef kind, Node &node);
  void define(const Node &node, std::vector<Operand> results);
  void breakOutputs(const Node &node);
  std::optional<std::vector<Operand>> importGraph(const Object &graph, std::vector<Operand> inputs);
  bool callOp(const Node &node, std::vector<Operand> &results);
  void note(const Node &node, const llvm::Twine &why, bool unsupported);

  // HigherOrder.cpp
  bool callSpecial(const Node &node, std::vector<Operand> &results);
  bool callCond(const Node &node, std::vector<Operand> &results);
  /// A loop in whose body the arguments are: carried values, rows of `scanned`, what stays the same.
  struct LoopPlan {
    const Object *body = nullptr, *condition = nullptr; ///< no condition: as many trips as there are rows
    std::vector<Operand> carried, scanned, same;
    bool stacksCarried = false; ///< what is carried after each trip is a row of the results as well
  };
  bool callLoop(const Node &node, std::vector<Operand> &results);                       // Loops.cpp
  bool callAssociativeScan(LoopPlan plan, std::vector<Operand> &results);               // Loops.cpp
  bool emitLoop(const LoopPlan &plan, std::vector<Operand> &results);                   // Loops.cpp
  bool importBody(const LoopPlan &plan, mlir::Block *block, std::vector<Operand> &out); // Loops.cpp
  mlir::Value holds(const LoopPlan &plan, const std::vector<Operand> &carried);         // Loops.cpp
  bool callPython(const Node &node, std::vector<Operand> &results);
  Operand compare(llvm::StringRef op, const Operand &a, const Operand &b);
  mlir::Value scalar(const Operand &o);
  void assertTrue(const Node &node, const Operand &cond, const std::string &message);

  mlir::ModuleOp module;
  const ExportFile &file;
  const ImportOptions &options;
  std::set<std::string> states;
  mlir::Block *entry = nullptr;
  EntryConstants constants;
  std::vector<Scope> scopes;
  std::vector<std::set<std::string>> broken;
  std::vector<const Object *> graphs; ///< one a scope: their tables of values
  std::map<std::string, std::pair<int64_t, int64_t>> dimBounds;
  std::map<std::string, mlir::AffineExpr> symbols; ///< by the program's names
  std::map<std::string, std::string> renamed;      ///< symbols that --shape named
  std::vector<std::string> argumentNames;
  struct Weight {
    std::string name;
    torch::Tensor tensor;
  };
  std::vector<Weight> allWeights, userInputs;
  std::map<std::string, std::string> weightNames; ///< by argument
  std::vector<std::pair<std::string, mlir::Value>> outputs;
  std::set<std::string> outputNames;
  std::map<std::string, mlir::Value> kept; ///< --keep; null: only within a branch or loop
  std::vector<size_t> unsupported;         ///< indices of problems that may be merged
};

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_EXPORT_EXPORTIMPORTER_H
