// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts the ops that an import makes, whoever makes them, and the elements of the
// constants that it computes, and sets the builder's error at the first one too many:
// models come from anybody, and a line of source may ask for millions. Importers look
// at exceeded() between the steps of their walk.
//
#ifndef WICK_COMPILER_FRONTEND_OPLIMIT_H
#define WICK_COMPILER_FRONTEND_OPLIMIT_H

#include "compiler/frontend/GraphBuilder.h"

namespace wick::compiler {

class OpLimit : mlir::OpBuilder::Listener {
public:
  /// Listens to the builder, which must outlive this.
  OpLimit(GraphBuilder &g, uint64_t max, uint64_t maxElements = UINT64_MAX)
      : g(g), max(max), maxElements(maxElements), outer(g.b.getListener()) {
    g.b.setListener(this);
  }
  ~OpLimit() { g.b.setListener(outer); }
  OpLimit(const OpLimit &) = delete;
  OpLimit &operator=(const OpLimit &) = delete;

  bool exceeded() const { return made > max || elements > maxElements; }
  std::string message() const {
    if (made > max)
      return "the graph has more than " + std::to_string(max) + " ops (--max-ops)";
    return "the constants that importing computes have more than " + std::to_string(maxElements) +
           " elements (--max-elements)";
  }

  /// Constants that are made while it lives are the file's: they are not computed.
  class FromFile {
  public:
    explicit FromFile(OpLimit &limit) : limit(limit) { ++limit.fromFile; }
    ~FromFile() { --limit.fromFile; }
    FromFile(const FromFile &) = delete;
    FromFile &operator=(const FromFile &) = delete;

  private:
    OpLimit &limit;
  };

private:
  void notifyOperationInserted(mlir::Operation *op, mlir::OpBuilder::InsertPoint) override {
    bool wasOver = exceeded();
    ++made;
    if (!fromFile && mlir::isa<graph::ConstantOp, graph::WeightOp>(op))
      elements += uint64_t(mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType()).getNumElements());
    if (!wasOver && exceeded())
      g.fail(message());
  }
  GraphBuilder &g;
  uint64_t max, maxElements, made = 0, elements = 0;
  unsigned fromFile = 0;
  mlir::OpBuilder::Listener *outer;
};

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_OPLIMIT_H
