// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See KernelTable.h.
//
#include "compiler/schedule/KernelTable.h"

#include "passes/cpu/Canonical.h"
#include "passes/cpu/KernelFrame.h"
#include "runtime/format/Checksum.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace wick::graph;

namespace wick::compiler {

/// A function of the kernel's body in a module of its own.
static OwningOpRef<ModuleOp> outline(Operation *op) {
  OwningOpRef<ModuleOp> module(ModuleOp::create(UnknownLoc::get(op->getContext())));
  OpBuilder b(module->getBodyRegion());
  Location loc = b.getUnknownLoc();
  auto f = func::FuncOp::create(b, loc, "kernel", b.getFunctionType(op->getOperandTypes(), op->getResultTypes()));
  IRMapping map;
  auto kernel = cast<KernelOp>(op);
  kernel.getBody().cloneInto(&f.getBody(), map);
  f->setAttr("wick.strategy", kernel.getStrategyAttr());
  module->walk([&](Operation *o) {
    o->setLoc(loc);
    for (Region &r : o->getRegions())
      for (Block &blk : r)
        for (BlockArgument a : blk.getArguments())
          a.setLoc(loc);
  });
  return module;
}

/// Adds a kernel's text, or finds the one that is there.
unsigned KernelTable::add(const std::string &text, StringRef strategy, Operation *op) {
  auto [it, isNew] = byText.try_emplace(text, entries.size());
  if (isNew) {
    KernelEntry e;
    auto digest = format::toHex(format::Sha256::of(text.data(), text.size()));
    e.name = "k_" + std::string(digest.data(), 16);
    e.text = text;
    e.strategy = strategy.str();
    if (auto k = dyn_cast<KernelOp>(op))
      for (Attribute a : k.getSources())
        e.sources.push_back(cast<StringAttr>(a).getValue().str());
    else if (auto n = dyn_cast<NameLoc>(op->getLoc()))
      e.sources.push_back(n.getName().str());
    entries.push_back(std::move(e));
  }
  ++entries[it->second].calls;
  return it->second;
}

/// NAME_TYPE, where the type is that of the first operand (Routines.def).
static std::string routineSymbol(RoutineOp op, const Routine &routine) {
  std::string name = op.getName().str();
  if (routine.types == RoutineTypes::Untyped)
    return name;
  Type t = cast<RankedTensorType>(op.getOperand(0).getType()).getElementType();
  std::string type;
  if (t.isInteger(1)) {
    type = "bool";
  } else if (isCoded(t)) { // the builder lets only moves see codes
    type = "u8";
  } else {
    llvm::raw_string_ostream(type) << t;
    if (StringRef(type).starts_with("ui"))
      type.erase(1, 1);
  }
  return name + "_" + type;
}

/// A routine takes its arguments from the call, so one kernel serves all calls.
FailureOr<KernelCall> KernelTable::routine(RoutineOp op, std::string &error) {
  const Routine *known = findRoutine(op.getName());
  if (!known) {
    error = "there is no routine '" + op.getName().str() + "'";
    return failure();
  }
  KernelCall call;
  llvm::append_range(call.args, op.getArgs().getResults());
  call.units = op.getUnits().getResult(0);
  call.scratch =
      op.getScratch().getNumResults() ? op.getScratch().getResult(0) : getAffineConstantExpr(0, op.getContext());
  call.cost = isConstant(call.units, 1) ? 0 : 1000;
  call.kernel = add(routineSymbol(op, *known), "routine", op);
  return call;
}

FailureOr<KernelCall> KernelTable::intern(Operation *op, std::string &error) {
  if (auto r = dyn_cast<RoutineOp>(op))
    return routine(r, error);
  OwningOpRef<ModuleOp> module = outline(op);
  auto f = *module->getOps<func::FuncOp>().begin();
  KernelCall call;
  cpu::collapseDims(f);
  for (auto &p : cpu::choosePacking(
           f, [&](unsigned i) { return cpu::isStaticOperand(op, i); },
           [&](unsigned i) { return cpu::narrowTypeOfOperand(op, i); }))
    call.packed.push_back({p.operand, p.layout, p.bytes});
  call.args = cpu::renumberSymbols(f);
  cpu::KernelPlan plan = cpu::planKernel(f);
  if (!plan.error.empty()) {
    error = plan.error;
    return failure();
  }
  // The plan speaks of the kernel's symbols; the caller of its own.
  auto toCaller = [&](AffineExpr e) { return simplify(e.replaceDimsAndSymbols({}, call.args)); };
  call.units = toCaller(plan.units);
  call.scratch = toCaller(plan.scratch);
  call.cost = uint32_t(std::min(plan.costPerUnit + 1, 1e9));

  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os, OpPrintingFlags().printGenericOpForm().assumeVerified());
  call.kernel = add(text, f->getAttrOfType<StringAttr>("wick.strategy").getValue(), op);
  return call;
}

} // namespace wick::compiler
