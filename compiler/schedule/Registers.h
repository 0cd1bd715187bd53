// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instruction list of a program while it is being built: registers for
// symbols and expressions, the prologue, and the body whose Plan instructions
// may still receive size computations before them.
//
#pragma once

#include "dialects/graph/Shapes.h"
#include "runtime/format/Program.h"

#include "llvm/ADT/DenseMap.h"

#include <map>

namespace wick::compiler {

class Registers {
public:
  Registers(format::Program &program, const graph::Symbols &symbols);

  /// Where an instruction goes: the prologue, the body's end, or before the Plan
  /// at a body item.
  struct Place {
    enum Kind { Prologue, Body, BeforeItem } kind;
    uint32_t item;
  };
  static Place body() { return {Place::Body, 0}; }

  format::Reg fresh() { return program.numRegs++; }
  format::Reg constant(int64_t v);
  /// The register of an expression, computed at `place` if it is not known
  /// there already; prologue expressions always go to the prologue.
  format::Reg expr(mlir::AffineExpr e, Place place = body());
  /// Whether an expression depends on named dims alone.
  bool inPrologue(mlir::AffineExpr e) const;
  /// Body items after which all runtime symbols of `e` are known.
  uint32_t knownFrom(mlir::AffineExpr e) const;
  /// A runtime symbol's value is in `reg` from now on.
  void defineSymbol(unsigned symbol, format::Reg reg);

  /// Appends to the body; returns the item's number (a jump target).
  uint32_t append(format::Instr instr);
  format::Instr &item(uint32_t i) { return items[i].instr; }
  uint32_t next() const { return items.size(); }
  void appendTo(format::Instr instr, Place place);

  /// Forgets registers computed since `mark` (leaving a branch or loop body).
  struct Mark {
    size_t order;
  };
  Mark mark() const { return {order.size()}; }
  void forget(Mark m);

  /// Writes prologue and body to the program with jump targets resolved;
  /// returns for each item its final instruction index.
  std::vector<uint32_t> flatten();

private:
  struct Item {
    format::Instr instr;
    std::vector<format::Instr> before;
  };
  struct Known {
    format::Reg reg;
    uint32_t from; ///< usable by items from this number on
  };
  format::Program &program;
  const graph::Symbols &symbols;
  std::vector<format::Instr> prologue;
  std::vector<Item> items;
  std::map<int64_t, format::Reg> constants; ///< no DenseMap: INT64_MAX and INT64_MIN are its reserved keys
  llvm::DenseMap<mlir::AffineExpr, Known> known;
  std::vector<mlir::AffineExpr> order;
  std::vector<std::pair<format::Reg, uint32_t>> symbolRegs; ///< reg and first usable item
};

} // namespace wick::compiler
