// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk that makes a Program of a function; private to this folder. Control flow
// is in ScheduleControl.cpp.
//
#pragma once

#include "compiler/schedule/Registers.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/support/Routines.h"
#include "dialects/graph/Agreements.h"
#include "dialects/graph/Graph.h"
#include "dialects/graph/Sources.h"
#include "passes/cpu/GroupEmitter.h"
#include "passes/fuse/Grouping.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace wick::compiler {

namespace fmt = wick::format;
namespace func = mlir::func;
using graph::AssertOp, graph::IfOp, graph::KernelOp, graph::LoopOp, graph::ReshapeOp, graph::RoutineOp, graph::SizeOfOp;
using graph::constantOf, graph::dimOf, graph::dimsOf, graph::isConstant, graph::product, graph::SizeRule,
    graph::SymbolInfo, graph::Symbols;
using llvm::ArrayRef, llvm::cast, llvm::DenseMap, llvm::dyn_cast, llvm::isa, llvm::SmallVector, llvm::StringRef;
using mlir::AffineExpr, mlir::AffineSymbolExpr, mlir::Block, mlir::DenseI64ArrayAttr, mlir::getAffineConstantExpr,
    mlir::IntegerAttr, mlir::IntegerType, mlir::Location, mlir::ModuleOp, mlir::Operation, mlir::RankedTensorType,
    mlir::Region, mlir::StringAttr, mlir::Type, mlir::Value, mlir::ValueRange;

class ScheduleBuilder {
public:
  ScheduleBuilder(ModuleOp module, Schedule &out)
      : out(out), program(out.program), symbols(Symbols::of(module)), regs(program, symbols) {}

  void run(func::FuncOp main) {
    if (!hasDType(main.getArguments()) || !hasDType(main.getBody().front().getTerminator()->getOperands()))
      return;
    for (auto [i, arg] : llvm::enumerate(main.getArguments())) {
      program.inputs.push_back(
          info(arg.getType(), nameOf(main.getArgAttrOfType<StringAttr>(i, "wick.name"), "input", i), true));
      fmt::Buffer b = bufferFor(arg.getType());
      b.kind = fmt::BufferKind::Input;
      b.index = i;
      program.buffers.push_back(b);
      program.inputBuffers.push_back(bufferOf[arg] = program.buffers.size() - 1);
    }
    plans.push_back(0); // segment 0 is placed by the prologue
    block(main.getBody().front());
    auto ret = cast<func::ReturnOp>(main.getBody().front().getTerminator());
    for (auto [i, v] : llvm::enumerate(ret.getOperands())) // dims may need code: before the end
      program.outputs.push_back(
          info(v.getType(), nameOf(main.getResultAttrOfType<StringAttr>(i, "wick.name"), "output", i), false));
    uint32_t end = regs.append({.op = fmt::Op::End});
    llvm::DenseSet<uint32_t> taken;
    for (auto [i, v] : llvm::enumerate(ret.getOperands())) {
      uint32_t id = buffer(v, end);
      fmt::Buffer &b = program.buffers[id];
      if (b.kind == fmt::BufferKind::Arena && taken.insert(id).second && !swapped.contains(id) &&
          !noOutput.contains(id)) {
        b.kind = fmt::BufferKind::Output;
        b.index = i;
        program.outputs[i].aliasInput = stateOf(v);
      } else if (b.kind == fmt::BufferKind::Output) { // the same memory in another shape, or twice
        fmt::Buffer view = b;
        view.kind = fmt::BufferKind::View, view.index = id;
        program.buffers.push_back(view), id = program.buffers.size() - 1;
      }
      program.outputBuffers.push_back(id);
    }
    finish();
  }

private:
  AffineExpr zero() { return getAffineConstantExpr(0, symbols.context()); }
  static std::string nameOf(StringAttr a, StringRef base, size_t i) {
    return a ? a.getValue().str() : (base + std::to_string(i)).str();
  }

  /// A segment whose Plan comes next: for sizes that are known from here on.
  void openSegment() {
    plans.push_back(regs.append({.op = fmt::Op::Plan, .a = uint32_t(plans.size())}));
    shared = plans.size() - 1;
  }

  /// The segment for sizes and scratch that depend on `e`, which the prologue does not know.
  uint32_t segmentFor(AffineExpr e) {
    if (!shared || plans[shared] < regs.knownFrom(e))
      openSegment();
    return shared;
  }

  /// A segment of its own, which may be planned again once the sizes have changed.
  uint32_t ownSegment() {
    openSegment();
    shared = 0;
    return plans.size() - 1;
  }
  void planAgain(uint32_t segment) { regs.append({.op = fmt::Op::Plan, .a = segment, .b = fmt::kNone}); }

  /// An arena buffer of `segment` whose bytes are in a register.
  uint32_t sizedBuffer(Type type, uint32_t segment, fmt::Reg bytes, Location loc) {
    fmt::Buffer b = bufferFor(type);
    b.node = node(loc), b.segment = segment, b.sizeReg = bytes;
    program.buffers.push_back(b);
    noOutput.insert(program.buffers.size() - 1);
    return program.buffers.size() - 1;
  }

  void assign(fmt::Reg to, fmt::Reg from) {
    regs.append({.op = fmt::Op::Add, .a = to, .b = from, .c = regs.constant(0)});
  }

  /// The numbers of an attribute that lists tuples of `width`; empty when it is absent.
  static SmallVector<ArrayRef<int64_t>> tuples(Operation *op, StringRef name, size_t width) {
    SmallVector<ArrayRef<int64_t>> out;
    if (auto list = op->getAttrOfType<DenseI64ArrayAttr>(name))
      for (ArrayRef<int64_t> rest = list.asArrayRef(); rest.size() >= width; rest = rest.drop_front(width))
        out.push_back(rest.take_front(width));
    return out;
  }

  /// The input whose memory an output may be: the cache that a routine writes rows into,
  /// which nothing else reads, so that nothing sees it before or after the routine.
  static uint32_t stateOf(Value v) {
    auto r = v.getDefiningOp<RoutineOp>();
    const Routine *routine = r ? findRoutine(r.getName()) : nullptr;
    if (!routine || !routine->traits.holdsState)
      return fmt::kNone;
    auto past = dyn_cast<mlir::BlockArgument>(r->getOperand(0));
    bool isInput = past && isa<func::FuncOp>(past.getOwner()->getParentOp()) && past.hasOneUse();
    return isInput ? past.getArgNumber() : fmt::kNone;
  }

  uint32_t node(Location loc) {
    std::string text = graph::sourceNames(loc);
    if (text.empty())
      return fmt::kNone;
    auto [it, isNew] = nodes.try_emplace(text, program.nodes.size());
    if (isNew)
      program.nodes.push_back(text);
    return it->second;
  }

  fmt::ValueInfo info(Type type, std::string name, bool isInput) {
    fmt::ValueInfo v;
    v.name = std::move(name);
    v.dtype = dtypeOf(cast<RankedTensorType>(type).getElementType());
    for (AffineExpr d : dimsOf(type)) {
      fmt::Dim dim;
      if (auto c = constantOf(d)) {
        dim.value = *c;
      } else {
        dim.reg = regs.expr(d);
        if (auto s = dyn_cast<AffineSymbolExpr>(d); s && symbols[s.getPosition()].kind == SymbolInfo::Kind::Named) {
          unsigned k = 0; // the symbol's number among named ones
          for (unsigned i = 0; i < s.getPosition(); ++i)
            k += symbols[i].kind == SymbolInfo::Kind::Named;
          dim.symbol = k;
        }
      }
      v.dims.push_back(dim);
    }
    return v;
  }

  AffineExpr bytesOf(Type type) {
    auto t = cast<RankedTensorType>(type);
    return graph::simplify(product(dimsOf(type), symbols.context()) * int64_t(cpu::storageBytes(t.getElementType())));
  }

  fmt::Buffer bufferFor(Type type) {
    fmt::Buffer b;
    b.dtype = dtypeOf(cast<RankedTensorType>(type).getElementType());
    b.firstUse = fmt::kNone;
    return b;
  }

  /// An arena buffer of `bytes`, placed by the right segment.
  uint32_t arena(AffineExpr bytes, fmt::DTypeCode dtype, Location loc) {
    fmt::Buffer b;
    b.dtype = dtype;
    b.node = node(loc);
    b.firstUse = fmt::kNone;
    if (auto c = constantOf(bytes)) {
      b.size = *c;
    } else if (regs.inPrologue(bytes)) {
      b.sizeReg = regs.expr(bytes);
    } else {
      b.segment = segmentFor(bytes);
      b.sizeReg = regs.expr(bytes, {Registers::Place::BeforeItem, plans[b.segment]});
    }
    program.buffers.push_back(b);
    return program.buffers.size() - 1;
  }

  void touch(uint32_t id, uint32_t item) {
    fmt::Buffer &b = program.buffers[id];
    b.firstUse = b.firstUse == fmt::kNone ? item : std::min(b.firstUse, item);
    b.lastUse = std::max(b.lastUse, item);
    if (b.kind == fmt::BufferKind::View)
      touch(b.index, item);
  }

  /// The buffer of a value that exists, touched at `item`.
  uint32_t buffer(Value v, uint32_t item) {
    uint32_t id;
    if (auto it = bufferOf.find(v); it != bufferOf.end()) {
      id = it->second;
    } else if (passes::isStaticValue(v)) {
      id = weight(v, "");
    } else {
      error(v.getLoc(), "value has no buffer");
      id = 0;
    }
    touch(id, item);
    return id;
  }

  uint32_t weight(Value v, std::string layout, int64_t bytes = -1) {
    std::string key = layout;
    auto [it, isNew] = weightOf.try_emplace({v, key}, 0);
    if (!isNew)
      return it->second;
    fmt::Buffer b = bufferFor(v.getType());
    b.kind = fmt::BufferKind::Weight;
    b.size = bytes >= 0 ? bytes : *constantOf(bytesOf(v.getType()));
    program.buffers.push_back(b);
    out.weights.push_back({it->second = uint32_t(program.buffers.size() - 1), v, layout});
    return it->second;
  }

  void error(Location loc, std::string why, ValueRange operands = {}) {
    out.errors.push_back({loc, std::move(why), {}});
    for (auto [i, v] : llvm::enumerate(operands)) {
      std::string type;
      llvm::raw_string_ostream(type) << v.getType();
      out.errors.back().operands.push_back({"#" + std::to_string(i), type});
    }
  }

  void block(Block &blk) {
    for (Operation &op : blk.without_terminator()) {
      if (passes::isStatic(&op))
        continue;
      if (isa<KernelOp, RoutineOp>(op))
        call(&op);
      else if (auto r = dyn_cast<ReshapeOp>(op))
        reshape(r);
      else if (auto s = dyn_cast<SizeOfOp>(op))
        sizeOf(s);
      else if (auto a = dyn_cast<AssertOp>(op))
        assertion(a);
      else if (auto i = dyn_cast<IfOp>(op))
        ifOp(i);
      else if (auto l = dyn_cast<LoopOp>(op))
        loop(l);
      else
        error(op.getLoc(), ("op " + op.getName().getStringRef() + " reached the schedule").str(), op.getOperands());
    }
  }

  void reshape(ReshapeOp op) {
    // A name for the same bytes.
    checkSizes(op);
    uint32_t id = buffer(op.getX(), regs.next());
    bufferOf[op.getResult()] = id;
  }

  /// Kernels have no form for complex numbers and the like; they are refused here,
  /// by name, not in the back end.
  bool hasDType(ValueRange values, std::optional<Location> loc = {}) {
    for (Value v : values)
      if (Type t = cast<RankedTensorType>(v.getType()).getElementType(); !dtypeOf(t)) {
        std::string text;
        llvm::raw_string_ostream(text) << "element type " << t << " is not supported at run time";
        error(loc ? *loc : v.getLoc(), text, v);
        return false;
      }
    return true;
  }

  void call(Operation *op) {
    std::string why;
    if (!hasDType(op->getOperands(), op->getLoc()) || !hasDType(op->getResults(), op->getLoc())) {
      for (Value r : op->getResults())
        bufferOf[r] = 0;
      return;
    }
    auto c = out.kernels.intern(op, why);
    if (failed(c)) {
      error(op->getLoc(), why, op->getOperands());
      for (Value r : op->getResults())
        bufferOf[r] = 0;
      return;
    }
    std::vector<uint32_t> results, args;
    for (Value r : op->getResults())
      results.push_back(
          bufferOf[r] =
              arena(bytesOf(r.getType()), dtypeOf(cast<RankedTensorType>(r.getType()).getElementType()), op->getLoc()));
    for (AffineExpr e : c->args)
      args.push_back(regs.expr(e));
    fmt::Reg units = regs.expr(c->units);
    if (!isConstant(c->scratch, 0)) {
      bool early = regs.inPrologue(c->scratch);
      scratchUses.push_back({early ? 0 : segmentFor(c->scratch), c->scratch});
    }
    checkSizes(op);
    fmt::Instr in{.op = fmt::Op::Call, .a = c->kernel, .c = units, .cost = c->cost, .node = node(op->getLoc())};
    uint32_t item = regs.append(in);
    std::vector<uint32_t> bufs;
    for (auto [i, v] : llvm::enumerate(op->getOperands())) {
      auto packed = llvm::find_if(c->packed, [&](auto &p) { return p.operand == i; });
      if (packed != c->packed.end())
        bufs.push_back(weight(v, packed->layout, packed->bytes));
      else
        bufs.push_back(buffer(v, item));
    }
    for (uint32_t r : results) {
      touch(r, item);
      bufs.push_back(r);
    }
    regs.item(item).b = program.words.size();
    program.words.push_back(bufs.size());
    program.words.insert(program.words.end(), bufs.begin(), bufs.end());
    program.words.push_back(args.size());
    program.words.insert(program.words.end(), args.begin(), args.end());
  }

  /// Before a kernel would read beyond a tensor: sizes of its ops' operands that must agree do. Where only the run can
  /// tell, it does.
  void checkSizes(Operation *kernel);
  void checkRoutine(RoutineOp op, bool everyRun);
  void requireSize(AffineExpr size, AffineExpr other, SizeRule rule, Operation *op, bool everyRun,
                   const llvm::Twine &what);

  fmt::Reg loadInt(Value v, int64_t index) {
    fmt::Reg r = regs.fresh();
    fmt::Reg at = regs.constant(index);
    uint32_t item = regs.append({.op = fmt::Op::LoadInt, .a = r, .c = at, .node = node(v.getLoc())});
    regs.item(item).b = buffer(v, item);
    return r;
  }

  /// `value`: the register that the message is about.
  void require(fmt::Reg cond, std::string message, Location loc, std::optional<fmt::Reg> value = {}) {
    program.strings.push_back(std::move(message));
    regs.append({.op = fmt::Op::Assert,
                 .a = cond,
                 .b = uint32_t(program.strings.size() - 1),
                 .c = value ? *value + 1 : 0,
                 .node = node(loc)});
  }

  void sizeOf(SizeOfOp op) {
    fmt::Reg r = loadInt(op.getX(), op.getIndex());
    const SymbolInfo &info = symbols[op.getSymbol()];
    fmt::Reg low = regs.fresh(), high = regs.fresh(), ok = regs.fresh();
    fmt::Reg least = regs.constant(info.min), most = regs.constant(info.max);
    regs.append({.op = fmt::Op::Lt, .a = low, .b = r, .c = least});
    regs.append({.op = fmt::Op::Lt, .a = high, .b = most, .c = r});
    regs.append({.op = fmt::Op::Or, .a = low, .b = low, .c = high});
    regs.append({.op = fmt::Op::Not, .a = ok, .b = low});
    std::string range =
        "[" + std::to_string(info.min) + ", " + (info.max == INT64_MAX ? "inf)" : std::to_string(info.max) + "]");
    std::string type;
    llvm::raw_string_ostream(type) << op.getX().getType();
    std::string text =
        "element " + std::to_string(op.getIndex()) + " of " + type + " is a size and must be in " + range;
    require(ok, told(op.getLoc(), text), op.getLoc(), r);
    regs.defineSymbol(op.getSymbol(), r);
  }

  /// What a failed check says: the source op before the reason.
  std::string told(Location loc, std::string why) {
    std::string what = graph::sourceOpOf(loc).text();
    return what.empty() ? why : "(" + what + ") " + why;
  }

  void assertion(AssertOp op) {
    require(loadInt(op.getCond(), 0), told(op.getLoc(), op.getMessage().str()), op.getLoc());
    if (op->hasAttr("unsupported"))
      regs.item(regs.next() - 1).flags = fmt::kAssertUnsupported;
  }

  void copy(uint32_t to, uint32_t from, fmt::Reg bytes) {
    uint32_t item = regs.append({.op = fmt::Op::Copy, .a = to, .b = from, .c = bytes});
    touch(to, item);
    touch(from, item);
  }

  void ifOp(IfOp op);
  void loop(LoopOp op);
  /// What a loop stacks, one row a trip.
  struct Stack {
    uint32_t buffer = 0;
    fmt::Reg bytes = fmt::kNone;                              ///< of the whole; with dims below
    SmallVector<std::tuple<int64_t, int64_t, fmt::Reg>> dims; ///< of a row: dim, symbol, register
    uint32_t segment = 0;
  };
  Stack stack(LoopOp op, unsigned j, Value row, fmt::Reg trip);
  void pushRow(LoopOp op, Stack &stack, Value row, fmt::Reg i, fmt::Reg trip);

  void finish() {
    // Scratch of each segment: the most any of its calls needs.
    for (auto [k, plan] : llvm::enumerate(plans)) {
      Registers::Place place = k == 0 ? Registers::Place{Registers::Place::Prologue, 0}
                                      : Registers::Place{Registers::Place::BeforeItem, plan};
      fmt::Reg most = fmt::kNone;
      llvm::DenseSet<AffineExpr> seen;
      for (auto &[segment, e] : scratchUses) {
        if (segment != k || !seen.insert(e).second)
          continue;
        fmt::Reg r = regs.expr(e, place);
        if (most == fmt::kNone) {
          most = r;
          continue;
        }
        fmt::Reg m = regs.fresh();
        regs.appendTo({.op = fmt::Op::Max, .a = m, .b = most, .c = r}, place);
        most = m;
      }
      if (k == 0)
        regs.appendTo({.op = fmt::Op::Plan, .a = 0, .b = most}, place);
      else
        regs.item(plan).b = most;
    }
    program.numSegments = plans.size();
    std::vector<uint32_t> at = regs.flatten();
    for (auto [now, next] : swapped) // which of both holds the result depends on the trips
      for (uint32_t id : {now, next})
        program.buffers[id].lastUse = std::max(program.buffers[now].lastUse, program.buffers[next].lastUse);
    for (fmt::Buffer &b : program.buffers) {
      if (b.firstUse == fmt::kNone)
        b.firstUse = b.lastUse = at.empty() ? 0 : at.back();
      else
        b.firstUse = at[b.firstUse], b.lastUse = at[b.lastUse];
    }
    for (const KernelEntry &k : out.kernels.kernels()) {
      fmt::Kernel kernel;
      kernel.name = k.name;
      program.strings.push_back(k.strategy);
      kernel.strategy = program.strings.size() - 1;
      program.kernels.push_back(kernel);
    }
  }

  llvm::DenseSet<std::tuple<AffineExpr, AffineExpr, unsigned>> checked; ///< sizes and rules, in every run
  Schedule &out;
  fmt::Program &program;
  Symbols symbols;
  Registers regs;
  DenseMap<Value, uint32_t> bufferOf;
  struct WeightKeyLess {
    bool operator()(const std::pair<Value, std::string> &a, const std::pair<Value, std::string> &b) const {
      return std::pair(a.first.getAsOpaquePointer(), a.second) < std::pair(b.first.getAsOpaquePointer(), b.second);
    }
  };
  std::map<std::pair<Value, std::string>, uint32_t, WeightKeyLess> weightOf;
  llvm::StringMap<uint32_t> nodes;
  llvm::DenseMap<uint32_t, uint32_t> swapped; ///< buffers a loop swaps: never the caller's memory
  llvm::DenseSet<uint32_t> noOutput;          ///< buffers that may be planned several times in a run: neither
  SmallVector<uint32_t> plans;                ///< body item of each segment's Plan
  uint32_t shared = 0;                        ///< the segment that takes more buffers; 0: none does
  SmallVector<std::pair<size_t, AffineExpr>> scratchUses;
};

} // namespace wick::compiler
