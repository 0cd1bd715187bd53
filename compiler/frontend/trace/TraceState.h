// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stands behind trace::Graph and trace::Tensor. Private to this folder.
//
#ifndef WICK_COMPILER_FRONTEND_TRACE_TRACESTATE_H
#define WICK_COMPILER_FRONTEND_TRACE_TRACESTATE_H

#include "compiler/frontend/Structure.h"
#include "compiler/frontend/torch/Dispatch.h"
#include "compiler/include/wick/nn.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>
#include <set>

namespace wick::trace {

struct TensorState {
  std::shared_ptr<GraphState> graph;
  compiler::torch::Tensor tensor;
};

struct GraphState : std::enable_shared_from_this<GraphState> {
  explicit GraphState(std::string name);

  compiler::WeightStore weights; // before the context: attributes may refer to its bytes
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<compiler::GraphBuilder> builder;
  std::unique_ptr<compiler::torch::TensorSpace> space;
  std::unique_ptr<compiler::torch::Dispatcher> dispatcher;
  mlir::Block *entry = nullptr;
  compiler::EntryConstants constants;
  std::string name;
  std::vector<std::string> errors;
  std::set<std::string> told; ///< what was wrong with parameters
  std::string path;           ///< of the module that runs
  std::vector<std::pair<std::string, Tensor>> outputs;
  std::vector<std::string> inputs;
  std::map<const void *, Tensor> parameters;
  bool used = false; ///< by compile

  compiler::GraphBuilder &g() { return *builder; }
  /// Ops made from now on come from `where`; `op` is the last part of their name.
  void locate(std::string_view op, const Where &where);
  void note(std::string_view op, const Where &where, const std::string &why);
  /// Notes what the builder says; true when it said something.
  bool noteFailure(std::string_view op, const Where &where);
  /// False, with an error noted, when the graph was compiled: nothing can be recorded any more.
  bool isOpen(std::string_view op, const Where &where);
  mlir::Value read(const TensorState &t); ///< null after an error, and when the graph was compiled
  Tensor wrap(compiler::torch::Tensor t);
  compiler::torch::Operand operandOf(const Value &v);
  Value valueOf(const compiler::torch::Operand &o);
  mlir::AffineExpr exprOf(const Size &s);
  Size sizeOf(mlir::AffineExpr e);
  /// A constant at the function's start.
  Tensor constant(mlir::Type elem, llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<char> bytes,
                  std::shared_ptr<const void> owner, const std::string &name, const Where &where);
};

mlir::Type elementType(DType type, mlir::MLIRContext *context);
/// The graph of the first tensor among the values, in lists too.
std::shared_ptr<GraphState> graphOf(const std::vector<Value> &values);

} // namespace wick::trace

#endif // WICK_COMPILER_FRONTEND_TRACE_TRACESTATE_H
