// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks every record of a program against the tables it points into. The
// interpreter checks only what is known at run time (values of registers).
//
#include "runtime/format/DType.h"
#include "runtime/format/ProgramView.h"

#include <algorithm>

namespace wick::format {

using namespace wick::abi;

namespace {
class Validator {
public:
  Validator(const ProgramView &view, bool isVariant, ErrorText &error) : p(view), isVariant(isVariant), error(error) {}

  bool run() {
    return checkCounts() && checkStrings() && checkValues(p.inputs, true) && checkValues(p.outputs, false) &&
           checkBuffers() && (isVariant || checkBlobs()) && checkInstrs();
  }

private:
  bool checkCounts();
  bool checkStrings();
  bool checkText(StringRecord s, const char *what, size_t index);
  bool checkValues(std::span<const ValueRecord> values, bool isInput);
  bool checkBuffers();
  bool checkBuffer(const BufferRecord &b, size_t index);
  bool checkBlobs();
  bool checkInstrs();
  bool checkInstr(const InstrRecord &i);
  bool checkCall(const InstrRecord &i);
  bool checkTarget(uint32_t target);
  bool checkUse(uint32_t buffer, bool writes);
  bool fail(const char *what) { return error.set("program: instruction %u (op %u): %s", pc, p.instrs[pc].op, what); }
  bool isReg(uint32_t r) const { return r < p.header->numRegs; }
  bool isRegOrNone(uint32_t r) const { return r == kNone || isReg(r); }

  const ProgramView &p;
  const bool isVariant; ///< slices and blobs are another's, checked there
  ErrorText &error;
  uint32_t pc = 0;
};
} // namespace

bool Validator::checkCounts() {
  const ProgramHeader &h = *p.header;
  if (h.numRegs > kMaxRegs || h.numSegments > kMaxSegments || !h.numSegments)
    return error.set("program: %u registers, %u segments are out of range", h.numRegs, h.numSegments);
  if (p.instrs.empty() || h.prologueEnd >= p.instrs.size())
    return error.set("program: the prologue ends at %u of %zu instructions", h.prologueEnd, p.instrs.size());
  uint16_t last = p.instrs.back().op;
  if (last != uint16_t(Op::End) && last != uint16_t(Op::Jump))
    return error.set("program: control can run past the last instruction");
  uint64_t entries = uint64_t(p.kernels.size()) * p.slices.size();
  if (p.kernelEntries.size() != entries)
    return error.set("program: %zu kernel entries for %zu kernels, %zu slices", p.kernelEntries.size(),
                     p.kernels.size(), p.slices.size());
  return true;
}

bool Validator::checkText(StringRecord s, const char *what, size_t index) {
  if (s.offset >= p.chars.size() || s.size >= p.chars.size() - s.offset || p.chars[s.offset + s.size] != '\0')
    return error.set("program: the text of %s %zu is out of bounds", what, index);
  return true;
}

bool Validator::checkStrings() {
  for (size_t i = 0; i < p.strings.size(); ++i)
    if (!checkText(p.strings[i], "string", i))
      return false;
  for (size_t i = 0; i < p.nodes.size(); ++i)
    if (!checkText(p.nodes[i], "node", i))
      return false;
  for (size_t i = 0; i < p.symbols.size(); ++i) {
    const SymbolRecord &s = p.symbols[i];
    if (!checkText(s.name, "symbol", i))
      return false;
    if (!isReg(s.reg) || s.min < 0 || s.min > s.max)
      return error.set("program: symbol %zu has a bad register or range", i);
  }
  for (size_t i = 0; i < p.kernels.size(); ++i) {
    const KernelRecord &k = p.kernels[i];
    if (!checkText(k.name, "kernel", i))
      return false;
    if (k.strategy != kNone && k.strategy >= p.strings.size() && k.strategy)
      return error.set("program: kernel %zu names string %u", i, k.strategy);
  }
  return true;
}

bool Validator::checkValues(std::span<const ValueRecord> values, bool isInput) {
  const char *what = isInput ? "input" : "output";
  for (size_t i = 0; i < values.size(); ++i) {
    const ValueRecord &v = values[i];
    if (!checkText(v.name, what, i))
      return false;
    if (!dtypeBytes(v.dtype))
      return error.set("program: %s %zu has element type %u", what, i, v.dtype);
    if (v.rank > kMaxRank || v.firstDim > p.dims.size() || v.rank > p.dims.size() - v.firstDim)
      return error.set("program: the dims of %s %zu are out of bounds", what, i);
    if (v.buffer >= p.buffers.size() || (v.aliasInput != kNone && v.aliasInput >= p.inputs.size()))
      return error.set("program: %s %zu names a bad buffer or alias", what, i);
    const BufferRecord &b = p.buffers[v.buffer];
    bool own = b.kind == uint8_t(isInput ? BufferKind::Input : BufferKind::Output);
    if ((isInput && !own) || (own && b.index != i))
      return error.set("program: buffer %u is not that of %s %zu", v.buffer, what, i);
    for (const DimRecord &d : p.dimsOf(v)) {
      bool symbolOk = d.symbol == kNone || d.symbol < p.symbols.size();
      bool known = d.value >= 0 || isReg(d.reg) || (isInput && d.symbol != kNone);
      if (!symbolOk || !known || !isRegOrNone(d.reg))
        return error.set("program: a dim of %s %zu is bad", what, i);
    }
  }
  return true;
}

bool Validator::checkBuffer(const BufferRecord &b, size_t index) {
  const BlobRecord *weights = p.weights();
  const char *problem = nullptr;
  switch (static_cast<BufferKind>(b.kind)) {
  case BufferKind::Input:
    if (b.index >= p.inputs.size() || p.inputs[b.index].buffer != index)
      problem = "is the buffer of no input";
    break;
  case BufferKind::Output:
    if (b.index >= p.outputs.size() || p.outputs[b.index].buffer != index)
      problem = "is the buffer of no output";
    [[fallthrough]];
  case BufferKind::Arena:
    if (b.segment >= p.header->numSegments)
      problem = "is in no segment";
    break;
  case BufferKind::Weight:
    // Weights without elements need no blob.
    if (weights ? b.offset > weights->size || b.size > weights->size - b.offset : b.offset || b.size)
      problem = "is outside the weights";
    else if (b.offset % 64)
      problem = "is a weight that is not 64-byte aligned";
    break;
  case BufferKind::View:
    if (b.index >= p.buffers.size() || p.buffers[b.index].kind == uint8_t(BufferKind::View))
      problem = "is a view of no plain buffer";
    break;
  default:
    problem = "has an unknown kind";
  }
  if (!problem && !dtypeBytes(b.dtype))
    problem = "has an unknown element type";
  if (!problem && (!isRegOrNone(b.sizeReg) || !isRegOrNone(b.offsetReg)))
    problem = "names a bad register";
  if (!problem && b.firstUse > b.lastUse)
    problem = "ends before it begins";
  return problem ? error.set("program: buffer %zu %s", index, problem) : true;
}

bool Validator::checkBuffers() {
  for (size_t i = 0; i < p.buffers.size(); ++i)
    if (!checkBuffer(p.buffers[i], i))
      return false;
  return true;
}

bool Validator::checkBlobs() {
  size_t weights = 0;
  for (size_t i = 0; i < p.blobs.size(); ++i) {
    if (!checkText(p.blobs[i].name, "blob", i))
      return false;
    weights += p.blobs[i].kind == uint32_t(BlobKind::Weights);
  }
  if (weights > 1)
    return error.set("program: %zu weights entries", weights);
  for (size_t i = 0; i < p.slices.size(); ++i) {
    const SliceRecord &s = p.slices[i];
    if (!checkText(s.name, "slice", i))
      return false;
    if (s.blob >= p.blobs.size() || p.blobs[s.blob].kind != uint32_t(BlobKind::Code))
      return error.set("program: slice %zu has no code image", i);
  }
  return true;
}

bool Validator::checkTarget(uint32_t target) {
  uint32_t end = p.header->prologueEnd;
  // The prologue runs forward only, so that it ends; the body, whose loops a
  // deadline can stop, may not reenter it.
  bool ok = pc < end ? target > pc && target <= end : target >= end && target < p.instrs.size();
  return ok || fail("jump target out of range");
}

bool Validator::checkUse(uint32_t buffer, bool writes) {
  if (buffer >= p.buffers.size())
    return fail("buffer out of range");
  const BufferRecord &b = p.buffers[buffer];
  const BufferRecord &base = b.kind == uint8_t(BufferKind::View) ? p.buffers[b.index] : b;
  auto kind = static_cast<BufferKind>(base.kind);
  if (writes && (kind == BufferKind::Input || kind == BufferKind::Weight))
    return fail("writes to an input or weight");
  if (kind != BufferKind::Arena && kind != BufferKind::Output)
    return true;
  if (pc < base.firstUse || pc > base.lastUse)
    return error.set("program: instruction %u uses buffer %u outside its "
                     "lifetime [%u, %u]",
                     pc, buffer, base.firstUse, base.lastUse);
  return true;
}

bool Validator::checkCall(const InstrRecord &i) {
  if (i.a >= p.kernels.size() || !isReg(i.c))
    return fail("bad kernel or range register");
  size_t n = p.words.size(), at = i.b;
  if (at >= n || p.words[at] > kMaxOperands || p.words[at] + size_t(2) > n - at)
    return fail("operand list out of range");
  for (uint32_t buffer : p.words.subspan(at + 1, p.words[at]))
    if (!checkUse(buffer, false))
      return false;
  at += 1 + p.words[at];
  if (p.words[at] > kMaxOperands || p.words[at] + size_t(1) > n - at)
    return fail("argument list out of range");
  for (uint32_t reg : p.words.subspan(at + 1, p.words[at]))
    if (!isReg(reg))
      return fail("argument register out of range");
  return true;
}

bool Validator::checkInstr(const InstrRecord &i) {
  switch (static_cast<Op>(i.op)) {
  case Op::Const:
    return (isReg(i.a) && i.b < p.pool64.size()) || fail("bad operand");
  case Op::Add:
  case Op::Sub:
  case Op::Mul:
  case Op::FloorDiv:
  case Op::CeilDiv:
  case Op::Mod:
  case Op::Min:
  case Op::Max:
  case Op::Eq:
  case Op::Lt:
  case Op::And:
  case Op::Or:
    return (isReg(i.a) && isReg(i.b) && isReg(i.c)) || fail("bad register");
  case Op::Not:
    return (isReg(i.a) && isReg(i.b)) || fail("bad register");
  case Op::Select:
    return (isReg(i.a) && isReg(i.b) && p.words.size() >= 2 && i.c <= p.words.size() - 2 && isReg(p.words[i.c]) &&
            isReg(p.words[i.c + 1])) ||
           fail("bad operand");
  case Op::Assert:
    return (isReg(i.a) && i.b < p.strings.size() && (!i.c || isReg(i.c - 1))) || fail("bad operand");
  case Op::Plan:
    return (i.a < p.header->numSegments && isRegOrNone(i.b)) || fail("bad segment or register");
  case Op::Jump:
    return checkTarget(i.a);
  case Op::JumpIfZero:
    return isReg(i.b) ? checkTarget(i.a) : fail("bad register");
  default:
    break;
  }
  if (pc < p.header->prologueEnd)
    return fail("not allowed in the prologue");
  switch (static_cast<Op>(i.op)) {
  case Op::LoadInt:
  case Op::StoreInt:
    if (!isReg(i.a) || !isReg(i.c))
      return fail("bad register");
    if (!checkUse(i.b, i.op == uint16_t(Op::StoreInt)))
      return false;
    return isInteger(p.buffers[i.b].dtype) || fail("buffer of no integer type");
  case Op::Call:
    return checkCall(i);
  case Op::Copy:
    return isReg(i.c) ? checkUse(i.a, true) && checkUse(i.b, false) : fail("bad register");
  case Op::Swap:
    if (!checkUse(i.a, true) || !checkUse(i.b, true))
      return false;
    return (p.buffers[i.a].kind == uint8_t(BufferKind::Arena) && p.buffers[i.b].kind == uint8_t(BufferKind::Arena)) ||
           fail("swaps a buffer that is not in the arena");
  case Op::End:
    return true;
  default:
    return fail("unknown op");
  }
}

bool Validator::checkInstrs() {
  for (pc = 0; pc < p.instrs.size(); ++pc)
    if (!checkInstr(p.instrs[pc]))
      return false;
  return true;
}

bool ProgramView::validate(ErrorText &error, bool isVariant) const { return Validator(*this, isVariant, error).run(); }

} // namespace wick::format
