// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// If and loops in a schedule: jumps, the buffers of what branches give and loops carry
// and stack, and planning those anew whose sizes the run decides.
//
#include "compiler/schedule/ScheduleBuilder.h"

namespace wick::compiler {

/// Results whose dims the branches decide are planned at the end of each.
void ScheduleBuilder::ifOp(IfOp op) {
  auto decided = tuples(op, "result_dims", 3); // result, dim, symbol
  auto isDecided = [&](size_t i) { return llvm::any_of(decided, [&](auto t) { return t[0] == int64_t(i); }); };
  SmallVector<fmt::Reg> dims, bytes(op.getNumResults(), fmt::kNone);
  for (size_t k = 0; k < decided.size(); ++k)
    dims.push_back(regs.fresh());
  for (auto [i, r] : llvm::enumerate(op.getResults())) {
    if (isDecided(i)) {
      bytes[i] = regs.fresh();
      continue;
    }
    AffineExpr size = bytesOf(r.getType());
    bufferOf[r] = arena(size, dtypeOf(cast<RankedTensorType>(r.getType()).getElementType()), op.getLoc());
    bytes[i] = regs.expr(size);
  }
  fmt::Reg cond = loadInt(op.getCond(), 0);
  uint32_t toElse = regs.append({.op = fmt::Op::JumpIfZero, .b = cond});
  uint32_t segment = 0, outside = shared;
  auto side = [&](Region &r) {
    auto m = regs.mark();
    block(r.front());
    auto values = r.front().getTerminator()->getOperands();
    for (auto [k, t] : llvm::enumerate(decided))
      assign(dims[k], regs.expr(dimOf(values[t[0]].getType(), t[1])));
    for (auto [i, v] : llvm::enumerate(values))
      if (isDecided(i))
        assign(bytes[i], regs.expr(bytesOf(v.getType())));
    if (!decided.empty() && segment) {
      planAgain(segment);
    } else if (!decided.empty()) {
      segment = ownSegment();
      for (auto [i, v] : llvm::enumerate(op.getResults()))
        if (isDecided(i))
          bufferOf[v] = sizedBuffer(v.getType(), segment, bytes[i], op.getLoc());
    }
    for (auto [i, v] : llvm::enumerate(values))
      copy(bufferOf[op.getResult(i)], buffer(v, regs.next()), bytes[i]);
    regs.forget(m);
    shared = outside; // what a branch planned may not be there
  };
  side(op.getThenRegion());
  uint32_t toEnd = regs.append({.op = fmt::Op::Jump});
  regs.item(toElse).a = regs.next();
  side(op.getElseRegion());
  regs.item(toEnd).a = regs.next();
  for (auto [k, t] : llvm::enumerate(decided))
    regs.defineSymbol(t[2], dims[k]);
}

ScheduleBuilder::Stack ScheduleBuilder::stack(LoopOp op, unsigned j, Value row, fmt::Reg trip) {
  Value result = op.getResult(op.getNumCarried() + j);
  Stack out;
  for (auto t : tuples(op, "row_dims", 3)) // stack, dim, symbol
    if (t[0] == j)
      out.dims.push_back({t[1], t[2], regs.fresh()});
  if (!op->hasAttr("count") && out.dims.empty()) {
    out.buffer = arena(bytesOf(result.getType()), dtypeOf(cast<RankedTensorType>(result.getType()).getElementType()),
                       op.getLoc());
    return out;
  }
  // The height is known only afterwards; the trip limit bounds it.
  fmt::Reg negative = regs.fresh(), limited = regs.fresh();
  out.bytes = regs.fresh();
  regs.append({.op = fmt::Op::Lt, .a = negative, .b = trip, .c = regs.constant(0)});
  regs.append({.op = fmt::Op::Not, .a = limited, .b = negative});
  require(limited, "a loop that stacks values needs a trip limit", op.getLoc());
  if (!out.dims.empty()) { // planned by the first trip, or after the loop when there is none
    assign(out.bytes, regs.constant(0));
    for (auto &[d, symbol, reg] : out.dims)
      assign(reg, regs.constant(0));
    return out;
  }
  regs.append({.op = fmt::Op::Mul, .a = out.bytes, .b = trip, .c = regs.expr(bytesOf(row.getType()))});
  out.segment = ownSegment();
  out.buffer = sizedBuffer(result.getType(), out.segment, out.bytes, op.getLoc());
  return out;
}

/// Copies the row of trip `i` to its place.
void ScheduleBuilder::pushRow(LoopOp op, Stack &s, Value row, fmt::Reg i, fmt::Reg trip) {
  fmt::Reg bytes = regs.expr(bytesOf(row.getType())), offset = regs.fresh();
  if (!s.dims.empty()) {
    SmallVector<fmt::Reg> dims;
    for (auto &[d, symbol, reg] : s.dims)
      dims.push_back(regs.expr(dimOf(row.getType(), d)));
    fmt::Reg isFirst = regs.fresh();
    regs.append({.op = fmt::Op::Eq, .a = isFirst, .b = i, .c = regs.constant(0)});
    uint32_t skip = regs.append({.op = fmt::Op::JumpIfZero, .b = isFirst});
    for (auto [k, dim] : llvm::enumerate(s.dims))
      assign(std::get<2>(dim), dims[k]);
    regs.append({.op = fmt::Op::Mul, .a = s.bytes, .b = trip, .c = bytes});
    s.segment = ownSegment();
    regs.item(skip).a = regs.next();
    for (auto [k, dim] : llvm::enumerate(s.dims)) {
      fmt::Reg same = regs.fresh();
      regs.append({.op = fmt::Op::Eq, .a = same, .b = std::get<2>(dim), .c = dims[k]});
      require(same, "the values that a loop stacks differ in shape", op.getLoc());
    }
    program.buffers[s.buffer].segment = s.segment;
  }
  regs.append({.op = fmt::Op::Mul, .a = offset, .b = i, .c = bytes});
  fmt::Buffer view = bufferFor(row.getType());
  view.kind = fmt::BufferKind::View, view.index = s.buffer, view.offsetReg = offset, view.sizeReg = bytes;
  program.buffers.push_back(view);
  copy(program.buffers.size() - 1, buffer(row, regs.next()), bytes);
}

void ScheduleBuilder::loop(LoopOp op) {
  // Two buffers a carried value: the body reads the first, the end of a trip fills
  // the second. Then they are swapped, or, when sizes change from trip to trip, the
  // first is planned anew and filled from the second.
  unsigned n = op.getNumCarried();
  struct Carried {
    uint32_t now, next;
    fmt::Reg bytes, nextBytes;
    bool changes = false;
  };
  struct Dim {
    unsigned value;
    int64_t dim, inside, after; ///< symbols in the body and of the result
    fmt::Reg reg, next;
  };
  SmallVector<Carried> carried(n);
  SmallVector<Dim> dims;
  uint32_t before = regs.next();
  for (auto t : tuples(op, "carried_dims", 4)) { // carried, dim, symbol in the body, symbol after it
    dims.push_back({unsigned(t[0]), t[1], t[2], t[3], regs.fresh(), regs.fresh()});
    carried[t[0]].changes = true;
    assign(dims.back().reg, regs.expr(dimOf(op.getCarried()[t[0]].getType(), t[1])));
  }
  for (auto [k, v] : llvm::enumerate(op.getCarried())) {
    Carried &c = carried[k];
    AffineExpr bytes = bytesOf(v.getType());
    auto dtype = dtypeOf(cast<RankedTensorType>(v.getType()).getElementType());
    if (c.changes) {
      assign(c.bytes = regs.fresh(), regs.expr(bytes));
      c.nextBytes = regs.fresh();
      continue;
    }
    c.now = arena(bytes, dtype, op.getLoc()), c.next = arena(bytes, dtype, op.getLoc());
    c.bytes = regs.expr(bytes);
    swapped[c.now] = c.next;
  }
  uint32_t nowSegment = dims.empty() ? 0 : ownSegment(), nextSegment = 0;
  for (auto [k, v] : llvm::enumerate(op.getCarried())) {
    if (carried[k].changes)
      carried[k].now = sizedBuffer(v.getType(), nowSegment, carried[k].bytes, op.getLoc());
    copy(carried[k].now, buffer(v, regs.next()), carried[k].bytes);
  }
  fmt::Reg trip = loadInt(op.getTrip(), 0), cond = regs.fresh(), i = regs.fresh(), t = regs.fresh(), u = regs.fresh();
  fmt::Reg zeroReg = regs.constant(0), one = regs.constant(1);
  fmt::Reg first = loadInt(op.getCond(), 0);
  Operation *yield = op.getBody().front().getTerminator();
  SmallVector<Stack> stacks;
  for (unsigned j = 0; j < op.getNumResults() - n; ++j) {
    Stack s = stack(op, j, yield->getOperand(1 + n + j), trip);
    if (!s.dims.empty())
      s.buffer = sizedBuffer(op.getResult(n + j).getType(), 0, s.bytes, op.getLoc());
    bufferOf[op.getResult(n + j)] = s.buffer;
    stacks.push_back(s);
  }
  assign(cond, first);
  assign(i, zeroReg);
  Block &body = op.getBody().front();
  uint32_t iBuf = arena(getAffineConstantExpr(8, symbols.context()), 8, op.getLoc());
  uint32_t condBuf = arena(getAffineConstantExpr(1, symbols.context()), 13, op.getLoc());
  bufferOf[body.getArgument(0)] = iBuf;
  bufferOf[body.getArgument(1)] = condBuf;
  for (unsigned k = 0; k < n; ++k)
    bufferOf[body.getArgument(2 + k)] = carried[k].now;
  uint32_t outside = shared;
  uint32_t head = regs.append({.op = fmt::Op::Lt, .a = t, .b = i, .c = trip});
  regs.append({.op = fmt::Op::Lt, .a = u, .b = trip, .c = zeroReg});
  regs.append({.op = fmt::Op::Or, .a = t, .b = t, .c = u});
  regs.append({.op = fmt::Op::And, .a = t, .b = t, .c = cond});
  uint32_t exit = regs.append({.op = fmt::Op::JumpIfZero, .b = t});
  auto mark = regs.mark();
  for (Dim &d : dims)
    regs.defineSymbol(d.inside, d.reg);
  for (auto [buf, reg] : {std::pair(iBuf, i), std::pair(condBuf, cond)})
    touch(buf, regs.append({.op = fmt::Op::StoreInt, .a = reg, .b = buf, .c = zeroReg}));
  block(body);
  for (unsigned j = 0; j < stacks.size(); ++j)
    pushRow(op, stacks[j], yield->getOperand(1 + n + j), i, trip);
  fmt::Reg again = loadInt(yield->getOperand(0), 0);
  assign(cond, again);
  for (Dim &d : dims)
    assign(d.next, regs.expr(dimOf(yield->getOperand(1 + d.value).getType(), d.dim)));
  for (unsigned k = 0; k < n; ++k)
    if (carried[k].changes)
      assign(carried[k].nextBytes, regs.expr(bytesOf(yield->getOperand(1 + k).getType())));
  if (!dims.empty())
    nextSegment = ownSegment();
  for (unsigned k = 0; k < n; ++k) {
    Carried &c = carried[k];
    if (c.changes)
      c.next = sizedBuffer(op.getResult(k).getType(), nextSegment, c.nextBytes, op.getLoc());
    copy(c.next, buffer(yield->getOperand(1 + k), regs.next()), c.changes ? c.nextBytes : c.bytes);
  }
  for (Dim &d : dims)
    assign(d.reg, d.next);
  for (Carried &c : carried)
    if (c.changes)
      assign(c.bytes, c.nextBytes);
  if (!dims.empty())
    planAgain(nowSegment);
  for (Carried &c : carried) {
    if (c.changes) {
      copy(c.now, c.next, c.bytes);
      continue;
    }
    uint32_t item = regs.append({.op = fmt::Op::Swap, .a = c.now, .b = c.next});
    touch(c.now, item), touch(c.next, item);
  }
  regs.append({.op = fmt::Op::Add, .a = i, .b = i, .c = one});
  uint32_t back = regs.append({.op = fmt::Op::Jump, .a = head});
  regs.item(exit).a = regs.next();
  regs.forget(mark);
  shared = outside; // what the body planned may not be there
  for (Stack &s : stacks)
    if (!s.dims.empty()) { // no trip: an empty result
      fmt::Reg none = regs.fresh();
      regs.append({.op = fmt::Op::Eq, .a = none, .b = i, .c = zeroReg});
      uint32_t skip = regs.append({.op = fmt::Op::JumpIfZero, .b = none});
      planAgain(s.segment);
      regs.item(skip).a = regs.next();
    }
  for (unsigned k = 0; k < n; ++k)
    bufferOf[op.getResult(k)] = carried[k].now;
  for (fmt::Buffer &b : program.buffers) // what the body touches lives through every trip
    if (b.firstUse != fmt::kNone && b.lastUse >= head && b.firstUse <= back) {
      bool crosses = b.firstUse < head;
      if (crosses)
        b.lastUse = std::max(b.lastUse, back);
    }
  auto keep = [&](uint32_t id) { // through the whole loop
    program.buffers[id].firstUse = std::min(program.buffers[id].firstUse, before);
    program.buffers[id].lastUse = std::max(program.buffers[id].lastUse, back);
  };
  for (Carried &c : carried)
    keep(c.now), keep(c.next);
  for (Stack &s : stacks)
    keep(s.buffer);
  for (Dim &d : dims)
    regs.defineSymbol(d.after, d.reg);
  for (Stack &s : stacks)
    for (auto &[d, symbol, reg] : s.dims)
      regs.defineSymbol(symbol, reg);
  if (auto count = op->getAttrOfType<IntegerAttr>("count"))
    regs.defineSymbol(count.getInt(), i);
  for (uint32_t id : {iBuf, condBuf})
    program.buffers[id].firstUse = head, program.buffers[id].lastUse = back;
}

} // namespace wick::compiler
