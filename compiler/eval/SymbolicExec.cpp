// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs an element program on shape expressions, one element after another. Whatever
// has numbers only is left to the lane kernels with a single lane, so the two modes
// cannot disagree; SymbolicOps has the rest. Control flow must be decided.
//
#include "compiler/eval/ElementProgram.h"
#include "compiler/eval/Lanes.h"
#include "compiler/eval/SymbolicOps.h"
#include "compiler/eval/Tensors.h"

using namespace mlir;
using namespace wick::compiler;

/// Shape arithmetic is short; this ends loops that are not.
static constexpr uint64_t maxRounds = uint64_t(1) << 22;

namespace {
class SymbolicRunner {
public:
  SymbolicRunner(const Code &code, ArrayRef<SymTensor> inputs, ArrayRef<InputTensor> tensors,
                 const SymbolicOptions &options)
      : code(code), inputs(inputs), tensors(tensors), ops(options), lanes(code, 1), regs(code.numRegs) {
    for (const ConstantReg &constant : code.constants)
      regs[constant.reg] = readLane(constant.reg, constant.lane);
  }
  bool element(ArrayRef<int64_t> index, SymValue &result);
  std::string why;

private:
  bool exec(uint32_t pc, uint32_t end);
  bool execFor(uint32_t pc);
  bool execWhile(uint32_t pc);
  bool execLoad(const Inst &inst);
  bool execPlain(const Inst &inst);
  SymValue readLane(uint32_t reg, Lane lane);
  void writeLane(uint32_t reg, Lane lane, const SymValue &value);
  bool decided(uint32_t reg, int64_t &value, const char *what) {
    std::optional<int64_t> constant = constantOf(regs[reg]);
    if (!constant)
      return fail(Twine("undecided ") + what);
    value = *constant;
    return true;
  }
  bool fail(const Twine &reason) {
    why = ops.reason.empty() ? reason.str() : (reason + ": " + ops.reason).str();
    return false;
  }
  bool countRound() { return ++rounds <= maxRounds || fail("a loop is too long"); }

  const Code &code;
  ArrayRef<SymTensor> inputs;
  ArrayRef<InputTensor> tensors;
  SymbolicOps ops;
  Lanes lanes;
  SmallVector<SymValue> regs;
  uint64_t rounds = 0;
};
} // namespace

SymValue SymbolicRunner::readLane(uint32_t reg, Lane lane) {
  return lane == Lane::I   ? ops.integer(*lanes.ints(reg))
         : lane == Lane::F ? SymValue::floating(double(*lanes.floats(reg)))
                           : SymValue::floating(*lanes.doubles(reg));
}

void SymbolicRunner::writeLane(uint32_t reg, Lane lane, const SymValue &value) {
  if (lane == Lane::I)
    *lanes.ints(reg) = *constantOf(value);
  else if (lane == Lane::F)
    *lanes.floats(reg) = float(value.number);
  else
    *lanes.doubles(reg) = value.number;
}

bool SymbolicRunner::execPlain(const Inst &inst) {
  const OpInfo &info = infoOf(inst.op);
  const uint32_t operands[3] = {inst.a, inst.b, inst.c};
  bool allNumbers = true;
  for (unsigned i = 0; i < 3; ++i)
    allNumbers &= info.operands[i] == Lane::N || isNumber(regs[operands[i]]);
  if (!allNumbers) {
    regs[inst.dst] = ops.apply(inst, regs[inst.a], regs[inst.b], regs[inst.c]);
    return true;
  }
  for (unsigned i = 0; i < 3; ++i)
    if (info.operands[i] != Lane::N)
      writeLane(operands[i], info.operands[i], regs[operands[i]]);
  if (const char *reason = runKernel(inst, lanes, nullptr))
    return fail(reason);
  regs[inst.dst] = readLane(inst.dst, info.result);
  return true;
}

bool SymbolicRunner::execLoad(const Inst &inst) {
  const InputTensor &tensor = tensors[inst.a];
  int64_t offset = 0;
  for (unsigned d = 0; d < inst.b; ++d) {
    int64_t index;
    if (!decided(code.indexRegs[inst.c + d], index, "index of a load"))
      return false;
    if (index < 0 || index >= tensor.shape[d])
      return fail("index " + Twine(index) + " of input " + Twine(inst.a) + " is out of range [0, " +
                  Twine(tensor.shape[d]) + ") in dimension " + Twine(d));
    offset += index * tensor.strides[d];
  }
  if (inputs[inst.a].values.empty()) {
    gather(tensor, &offset, 1, inst.type, lanes.ints(inst.dst));
    Lane lane = !inst.type.isFloat ? Lane::I : inst.type.isDouble() ? Lane::D : Lane::F;
    regs[inst.dst] = readLane(inst.dst, lane);
    return true;
  }
  regs[inst.dst] = inputs[inst.a].values[offset];
  if (!regs[inst.dst].isKnown() && ops.reason.empty())
    ops.reason = ("element " + Twine(offset) + " of input " + Twine(inst.a) + " is not known").str();
  return true;
}

bool SymbolicRunner::execFor(uint32_t pc) {
  const Inst &inst = code.insts[pc];
  int64_t lower, upper, step;
  if (!decided(inst.a, lower, "loop bound") || !decided(inst.b, upper, "loop bound") ||
      !decided(inst.c, step, "loop step"))
    return false;
  if (step <= 0)
    return fail("a loop has a step that is not positive");
  while (lower < upper) {
    regs[inst.dst] = ops.integer(lower);
    if (!countRound() || !exec(pc + 1, uint32_t(inst.imm)))
      return false;
    if (uint64_t(upper) - uint64_t(lower) <= uint64_t(step))
      break;
    lower += step;
  }
  return true;
}

bool SymbolicRunner::execWhile(uint32_t pc) {
  const Inst &inst = code.insts[pc];
  for (;;) {
    int64_t condition;
    if (!countRound() || !exec(pc + 1, inst.b) || !decided(inst.a, condition, "loop condition"))
      return false;
    if (!condition)
      return true;
    if (!exec(inst.b, inst.c))
      return false;
  }
}

bool SymbolicRunner::exec(uint32_t pc, uint32_t end) {
  while (pc < end) {
    const Inst &inst = code.insts[pc];
    bool isFine = true;
    uint32_t next = pc + 1;
    if (inst.op == Opcode::Load) {
      isFine = execLoad(inst);
    } else if (inst.op == Opcode::If) {
      int64_t condition = 0;
      isFine = decided(inst.a, condition, "condition of a branch") &&
               (condition ? exec(pc + 1, inst.b) : exec(inst.b, inst.c));
      next = inst.c;
    } else if (inst.op == Opcode::For) {
      isFine = execFor(pc);
      next = uint32_t(inst.imm);
    } else if (inst.op == Opcode::While) {
      isFine = execWhile(pc);
      next = inst.c;
    } else {
      isFine = execPlain(inst);
    }
    if (!isFine)
      return false;
    pc = next;
  }
  return true;
}

bool SymbolicRunner::element(ArrayRef<int64_t> index, SymValue &result) {
  ops.reason.clear();
  for (auto [reg, value] : llvm::zip(code.indexArgs, index))
    if (reg != ~0u)
      regs[reg] = ops.integer(value);
  if (!exec(0, uint32_t(code.insts.size())))
    return false;
  result = regs[code.resultReg];
  return result.isKnown() || fail("the result is not known");
}

LogicalResult ElementProgram::runSymbolic(ArrayRef<SymTensor> inputs, ArrayRef<int64_t> outShape,
                                          const SymbolicOptions &options, SmallVectorImpl<SymValue> &out,
                                          std::string &why) const {
  SmallVector<InputTensor> tensors(code->inputs.size());
  for (unsigned k = 0; k < tensors.size(); ++k) {
    if (code->inputs[k].rank < 0)
      continue;
    if (k >= inputs.size()) {
      why = "input " + std::to_string(k) + " is missing";
      return failure();
    }
    if (!checkInput(*code, k, inputs[k].elem, inputs[k].shape, tensors[k], why))
      return failure();
    tensors[k].data = static_cast<const char *>(inputs[k].data);
    bool hasValues = !inputs[k].values.empty();
    if (hasValues ? int64_t(inputs[k].values.size()) != tensors[k].count : tensors[k].count && !tensors[k].data) {
      why = "input " + std::to_string(k) + " has no values that fit its shape";
      return failure();
    }
    for (const SymValue &value : inputs[k].values)
      if (value.isKnown() && code->inputs[k].type.isFloat == (value.kind == SymValue::Kind::Int)) {
        why = "input " + std::to_string(k) + " mixes integer and float values";
        return failure();
      }
  }
  std::optional<int64_t> total = countElements(outShape);
  if (!total || outShape.size() != code->indexArgs.size()) {
    why = "the output's shape does not fit the function";
    return failure();
  }
  SymbolicRunner runner(*code, inputs, tensors, options);
  SmallVector<int64_t> index(outShape.size(), 0);
  out.clear();
  why.clear();
  for (int64_t n = 0; n < *total; ++n) {
    SymValue value;
    if (!runner.element(index, value)) {
      if (why.empty())
        why = runner.why;
      if (!options.partial)
        return failure();
      value = {};
    }
    out.push_back(value);
    for (size_t d = outShape.size(); d-- > 0 && ++index[d] == outShape[d];)
      index[d] = 0;
  }
  return success();
}

LogicalResult ElementProgram::runSymbolic(ArrayRef<SymTensor> inputs, ArrayRef<int64_t> outShape,
                                          const SymbolicOptions &options, SmallVectorImpl<AffineExpr> &out,
                                          std::string &why) const {
  if (code->resultType.isFloat) {
    why = "the function's result is not an integer";
    return failure();
  }
  SmallVector<SymValue> values;
  if (failed(runSymbolic(inputs, outShape, options, values, why)))
    return failure();
  out.clear();
  for (const SymValue &value : values)
    out.push_back(value.isKnown() ? value.expr : AffineExpr());
  return success();
}
