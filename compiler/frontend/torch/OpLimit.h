// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts the ops that an import makes, whoever makes them, and sets the builder's
// error at the first one too many: models come from anybody, and a line of source
// may ask for millions. Importers look at exceeded() between the steps of their walk.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_OPLIMIT_H
#define WICK_COMPILER_FRONTEND_TORCH_OPLIMIT_H

#include "compiler/frontend/GraphBuilder.h"

namespace wick::compiler::torch {

class OpLimit : mlir::OpBuilder::Listener {
public:
  /// Listens to the builder, which must outlive this.
  OpLimit(GraphBuilder &g, uint64_t max) : g(g), max(max), outer(g.b.getListener()) { g.b.setListener(this); }
  ~OpLimit() { g.b.setListener(outer); }
  OpLimit(const OpLimit &) = delete;
  OpLimit &operator=(const OpLimit &) = delete;

  bool exceeded() const { return made > max; }
  std::string message() const { return "the graph has more than " + std::to_string(max) + " ops (--max-ops)"; }

private:
  void notifyOperationInserted(mlir::Operation *, mlir::OpBuilder::InsertPoint) override {
    if (++made == max + 1)
      g.fail(message());
  }
  GraphBuilder &g;
  uint64_t max, made = 0;
  mlir::OpBuilder::Listener *outer;
};

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_OPLIMIT_H
