// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs and outputs of the compiled method: parameters become inputs by their
// types, the user's --shape and --set, or a trace's examples; results are flattened.
// Private to this folder.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_SIGNATURE_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_SIGNATURE_H

#include "compiler/frontend/torchscript/Importer.h"
#include "compiler/frontend/torchscript/Loader.h"

namespace wick::compiler::torchscript {

class Signature {
public:
  Signature(Evaluator &ev, mlir::func::FuncOp fn, const TorchScriptOptions &options)
      : ev(ev), fn(fn), options(options) {}

  /// The arguments of a method but `self`; false when one has no type (it is noted).
  bool arguments(const Function &method, const torch::TorchArchive &archive,
                 std::vector<std::pair<std::string, Value>> &out);
  mlir::Value addInput(const std::string &name, mlir::Type type);
  /// Adds a result and all within it.
  void addOutput(const std::string &name, const Value &v, unsigned depth = 0);
  void finish();
  /// All --shape and --set must have been of use.
  void checkOptions();

private:
  std::optional<Value> argument(const std::string &name, const TypeRef &type, const torch::PickleValue *example,
                                const Expr *defaultValue, unsigned depth = 0);
  std::optional<Value> tensor(const std::string &name, const torch::PickleValue *example);
  std::optional<Value> scalar(const std::string &name, const TypeRef &type, const std::string &text);
  const std::string *shapeOf(const std::string &name);
  const std::string *valueOfOption(const std::string &name);
  bool isMentioned(const std::string &name) const; ///< itself or something within
  std::vector<std::string> keysWithin(const std::string &name) const;
  std::vector<std::string> inputNames();
  mlir::AffineExpr namedDim(llvm::StringRef name);
  void problem(const llvm::Twine &why) { ev.problems.push_back({true, "", "", why.str()}); }

  Evaluator &ev;
  mlir::func::FuncOp fn;
  const TorchScriptOptions &options;
  std::vector<mlir::Value> results;
  std::vector<std::string> names;
  std::vector<std::string> parameters; ///< of the method, as far as they were reached
  std::set<std::string> used;
};

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_SIGNATURE_H
