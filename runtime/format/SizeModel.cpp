// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Interprets the prologue, which is register arithmetic, and plans segment 0
// with the arithmetic and the planner that the runtime uses.
//
#include "runtime/format/SizeModel.h"

#include "runtime/format/ArenaPlan.h"
#include "runtime/format/RegisterMath.h"

#include <algorithm>

namespace wick::format {

namespace {
class Prologue {
public:
  Prologue(const ProgramView &program, SizeModel &sizes, std::string &error)
      : program(program), sizes(sizes), error(error), regs(program.header->numRegs, 0),
        isPlaced(program.header->numSegments, false) {}

  bool bind(const std::vector<std::pair<std::string, int64_t>> &dims);
  bool run();
  void readShapes();

private:
  bool fail(std::string text) {
    error = std::move(text);
    return false;
  }
  bool arithmetic(const abi::InstrRecord &i);
  bool plan(const abi::InstrRecord &i);
  std::vector<int64_t> shape(const abi::ValueRecord &value) const;

  const ProgramView &program;
  SizeModel &sizes;
  std::string &error;
  std::vector<int64_t> regs;
  std::vector<bool> isPlaced;
  std::vector<bool> isSet;
};
} // namespace

bool Prologue::bind(const std::vector<std::pair<std::string, int64_t>> &dims) {
  isSet.assign(regs.size(), false);
  for (const abi::SymbolRecord &s : program.symbols)
    sizes.symbols.push_back(std::min(std::max<int64_t>(s.min, 1), s.max));
  for (const auto &[name, value] : dims) {
    size_t found = 0;
    std::string known;
    while (found < program.symbols.size() && program.text(program.symbols[found].name) != name) {
      const abi::SymbolRecord &s = program.symbols[found++];
      known += (known.empty() ? "'" : ", '") + std::string(program.text(s.name)) + "'";
    }
    if (found == program.symbols.size())
      return fail("the model has no dim '" + name + "'; it has: " + (known.empty() ? "none" : known));
    const abi::SymbolRecord &s = program.symbols[found];
    if (value < s.min || value > s.max)
      return fail("dim '" + name + "' is " + std::to_string(value) + ", outside [" + std::to_string(s.min) + ", " +
                  std::to_string(s.max) + "]");
    sizes.symbols[found] = value;
  }
  for (size_t i = 0; i < program.symbols.size(); ++i) {
    regs[program.symbols[i].reg] = sizes.symbols[i];
    isSet[program.symbols[i].reg] = true;
  }
  return true;
}

bool Prologue::arithmetic(const abi::InstrRecord &i) {
  switch (computeRegister(program, i, regs.data())) {
  case RegisterResult::Ok:
    isSet[i.a] = true;
    return true;
  case RegisterResult::DivideByZero:
    return fail("a size is divided by zero for these dims");
  case RegisterResult::Overflow:
    return fail("a size overflows for these dims");
  case RegisterResult::NotARegister:
    break;
  }
  return fail("the prologue holds more than arithmetic");
}

bool Prologue::plan(const abi::InstrRecord &i) {
  isPlaced[i.a] = true;
  std::vector<bool> isResult(program.buffers.size(), false);
  for (const abi::ValueRecord &v : program.outputs) {
    const abi::BufferRecord &b = program.buffers[v.buffer];
    isResult[b.kind == uint8_t(BufferKind::View) ? b.index : v.buffer] = true;
  }
  std::vector<ArenaItem> items;
  for (size_t n = 0; n < program.buffers.size(); ++n) {
    const abi::BufferRecord &b = program.buffers[n];
    if ((b.kind != uint8_t(BufferKind::Arena) && b.kind != uint8_t(BufferKind::Output)) || !isPlaced[b.segment])
      continue;
    int64_t bytes = b.sizeReg == kNone ? static_cast<int64_t>(b.size) : regs[b.sizeReg];
    if (bytes < 0)
      return fail("a buffer would have a negative size for these dims");
    items.push_back({static_cast<uint64_t>(bytes), b.firstUse, isResult[n] ? UINT32_MAX : b.lastUse, 0, false});
  }
  std::vector<uint32_t> order(2 * items.size());
  if (!planArena(items, order, sizes.arenaBytes))
    return fail("the arena's size overflows for these dims");
  if (i.b != kNone)
    sizes.scratchBytes = std::max(sizes.scratchBytes, static_cast<uint64_t>(std::max<int64_t>(regs[i.b], 0)));
  return true;
}

bool Prologue::run() {
  uint32_t at = 0;
  while (at < program.header->prologueEnd) {
    const abi::InstrRecord &i = program.instrs[at++];
    switch (static_cast<Op>(i.op)) {
    case Op::Jump:
      at = i.a; // forward only: the validator has seen to it
      break;
    case Op::JumpIfZero:
      if (regs[i.b] == 0)
        at = i.a;
      break;
    case Op::Assert:
      if (regs[i.a] == 0)
        return fail("the model refuses these dims: " + std::string(program.text(program.strings[i.b])));
      break;
    case Op::Plan:
      if (!plan(i))
        return false;
      break;
    default:
      if (!arithmetic(i))
        return false;
    }
  }
  for (bool placed : isPlaced)
    sizes.isComplete = sizes.isComplete && placed;
  return true;
}

std::vector<int64_t> Prologue::shape(const abi::ValueRecord &value) const {
  std::vector<int64_t> dims;
  for (const abi::DimRecord &d : program.dimsOf(value))
    dims.push_back(d.value >= 0 ? d.value : isSet[d.reg] ? regs[d.reg] : -1);
  return dims;
}

void Prologue::readShapes() {
  for (const abi::ValueRecord &v : program.inputs)
    sizes.inputs.push_back(shape(v));
  for (const abi::ValueRecord &v : program.outputs)
    sizes.outputs.push_back(shape(v));
}

bool sizesFor(const ProgramView &program, const std::vector<std::pair<std::string, int64_t>> &dims, SizeModel &sizes,
              std::string &error) {
  sizes = SizeModel();
  Prologue prologue(program, sizes, error);
  if (!prologue.bind(dims))
    return false;
  bool ok = prologue.run();
  prologue.readShapes();
  return ok;
}

} // namespace wick::format
