// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One call of a torch op on tensors by reference. Ops that make views are solved
// here, by name; ops that write to arguments (as the schema's `a!` says) are
// computed in their functional form and written back; all others are rows of the
// ATen table on values. Errors go to the builder (takeError), and results are of
// unknown value then.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_DISPATCH_H
#define WICK_COMPILER_FRONTEND_TORCH_DISPATCH_H

#include "compiler/frontend/torch/Schema.h"
#include "compiler/frontend/torch/TensorRef.h"

namespace wick::compiler::torch {

/// An argument or result as programs see it: Arg, with tensors by reference.
struct Operand {
  Arg value;                 ///< all but Tensor and List; its kind holds for those as well
  Tensor tensor;             ///< Tensor; of unknown value after an error, never null
  std::vector<Operand> list; ///< List

  Operand() = default;
  Operand(Tensor t) : tensor(std::move(t)) { value.kind = Arg::Kind::Tensor; }
  Operand(std::vector<Operand> l) : list(std::move(l)) { value.kind = Arg::Kind::List; }
  explicit Operand(Arg a) : value(std::move(a)) {} ///< neither Tensor nor List
  static Operand integer(mlir::AffineExpr e);
  static Operand number(double v);
  static Operand boolean(bool v);
  static Operand text(llvm::StringRef v);

  Arg::Kind kind() const { return value.kind; }
  bool isNone() const { return kind() == Arg::Kind::None; }
  bool isTensor() const { return kind() == Arg::Kind::Tensor; }
};

class Dispatcher {
public:
  explicit Dispatcher(TensorSpace &tensors) : tensors(tensors), g(tensors.g) {}
  TensorSpace &tensors;
  GraphBuilder &g;
  QuantizedEngine engine = QuantizedEngine::X86;

  /// Calls an op with its arguments in schema order, defaults filled in.
  std::vector<Operand> call(const Schema &schema, std::vector<Operand> args);
  /// True when some way is known to do it.
  static bool isSupported(const Schema &schema);
  /// Arguments by position and name to schema order with defaults; nothing, with an
  /// error set, when one is missing or unknown.
  std::optional<std::vector<Operand>> bind(const Schema &schema, std::vector<Operand> positional,
                                           std::vector<std::pair<std::string, Operand>> named = {});
  /// One call by overload name ("aten::add.Tensor") with bind; for frontends that know what they call.
  std::vector<Operand> call(llvm::StringRef fullName, std::vector<Operand> positional,
                            std::vector<std::pair<std::string, Operand>> named = {});

  /// An integer argument as an expression: known, or read at run time in [min, max]; null after an error.
  mlir::AffineExpr integerOf(const Operand &o, int64_t min = INT64_MIN, int64_t max = INT64_MAX);
  Arg toArg(const Operand &o);
  Operand fromArg(const Arg &a);
  Operand fromDefault(const SchemaDefault &d);

private:
  std::vector<Operand> callInPlace(const Schema &schema, std::vector<Operand> &args);
  std::vector<Operand> callRow(const Schema &schema, llvm::StringRef name, const std::vector<Operand> &args);
};

/// One call of an op that makes views (Views.cpp).
struct ViewCall {
  Dispatcher &d;
  TensorSpace &s;
  GraphBuilder &g;
  const Schema &schema;
  std::vector<Operand> &args;
  std::vector<Operand> results;

  const Operand &arg(llvm::StringRef name) const; ///< by the schema's name; None when there is none
  const Tensor &self() const { return args[0].tensor; }
  /// Dims as the program sees them (complex parts are none).
  Exprs dims(const Tensor &t) const;
  int64_t rank() const { return dims(self()).size(); }
  int64_t axis(const Operand &o, int64_t rank);
  int64_t constant(const Operand &o);
  llvm::SmallVector<int64_t> constants(const Operand &o);
  Exprs sizes(const Operand &o);
  void give(Tensor t) { results.push_back(Operand(std::move(t))); }
  void giveList(const std::vector<Tensor> &list);
  // Steps on the program's dims.
  Tensor reshape(const Tensor &t, Exprs dims, llvm::StringRef name = "view");
  Tensor permute(const Tensor &t, llvm::SmallVector<int64_t> perm);
};
using ViewFn = void (*)(ViewCall &call);
/// What makes the views of an op ("aten::slice"), or null.
ViewFn findView(llvm::StringRef name);
/// A complex number as a tensor that promotion takes for a number.
Tensor complexNumber(TensorSpace &tensors, double real, double imaginary);
/// Real numbers with parts of zero, or the real parts of complex numbers.
mlir::Value withParts(GraphBuilder &g, mlir::Value v, bool complex);

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_DISPATCH_H
