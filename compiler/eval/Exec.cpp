// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs an element program on numbers, 256 output elements at a time. Control flow
// that differs between lanes is handled as on a GPU: every branch that some lane
// takes is run under a mask, and loops run until no lane is left. Loops with equal
// bounds in all lanes keep the plain path, because a null mask costs nothing.
//
#include "compiler/eval/ElementProgram.h"
#include "compiler/eval/Lanes.h"
#include "compiler/eval/Tensors.h"

#include "llvm/ADT/STLExtras.h"

#include <array>

using namespace mlir;
using namespace wick::compiler;

static constexpr unsigned blockLanes = 256;
/// Loop rounds of one run; far above any real fold, it ends loops that never do.
static constexpr uint64_t maxRounds = uint64_t(1) << 33;

namespace {
class Runner {
public:
  Runner(const Code &code, ArrayRef<InputTensor> inputs, unsigned capacity, std::string &why)
      : code(code), inputs(inputs), lanes(code, capacity), why(why) {}

  bool exec(uint32_t pc, uint32_t end, Mask mask);
  Lanes &registers() { return lanes; }

private:
  using MaskBytes = std::array<uint8_t, blockLanes>;
  bool execIf(uint32_t pc, Mask mask);
  bool execFor(uint32_t pc, Mask mask);
  bool execWhile(uint32_t pc, Mask mask);
  bool execLoad(const Inst &inst, Mask mask);
  bool fail(const Twine &reason) {
    why = reason.str();
    return false;
  }
  bool countRound() { return ++rounds <= maxRounds || fail("a loop does not end"); }

  const Code &code;
  ArrayRef<InputTensor> inputs;
  Lanes lanes;
  uint64_t rounds = 0;
  std::string &why;
};
} // namespace

bool Runner::exec(uint32_t pc, uint32_t end, Mask mask) {
  while (pc < end) {
    const Inst &inst = code.insts[pc];
    switch (inst.op) {
    case Opcode::Load:
      if (!execLoad(inst, mask))
        return false;
      ++pc;
      break;
    case Opcode::If:
      if (!execIf(pc, mask))
        return false;
      pc = inst.c;
      break;
    case Opcode::For:
      if (!execFor(pc, mask))
        return false;
      pc = uint32_t(inst.imm);
      break;
    case Opcode::While:
      if (!execWhile(pc, mask))
        return false;
      pc = inst.c;
      break;
    default:
      if (const char *reason = runKernel(inst, lanes, mask))
        return fail(reason);
      ++pc;
    }
  }
  return true;
}

bool Runner::execIf(uint32_t pc, Mask mask) {
  const Inst &inst = code.insts[pc];
  const int64_t *condition = lanes.ints(inst.a);
  MaskBytes yes, no;
  unsigned numYes = 0, numNo = 0;
  for (unsigned l = 0; l < lanes.count; ++l) {
    bool active = !mask || mask[l];
    yes[l] = active && condition[l];
    no[l] = active && !condition[l];
    numYes += yes[l];
    numNo += no[l];
  }
  if (numYes && !exec(pc + 1, inst.b, numYes == lanes.count ? nullptr : yes.data()))
    return false;
  return !numNo || exec(inst.b, inst.c, numNo == lanes.count ? nullptr : no.data());
}

bool Runner::execFor(uint32_t pc, Mask mask) {
  const Inst &inst = code.insts[pc];
  // Bounds are copied: their registers may be computed again inside the body only
  // for other loops, but the trip count is fixed on entry in any case.
  int64_t lower[blockLanes], upper[blockLanes], step[blockLanes];
  const unsigned n = lanes.count;
  std::copy_n(lanes.ints(inst.a), n, lower);
  std::copy_n(lanes.ints(inst.b), n, upper);
  std::copy_n(lanes.ints(inst.c), n, step);
  MaskBytes active;
  unsigned numActive = 0;
  for (unsigned l = 0; l < n; ++l) {
    bool takesPart = !mask || mask[l];
    if (takesPart && step[l] <= 0)
      return fail("a loop has a step that is not positive");
    active[l] = takesPart && lower[l] < upper[l];
    numActive += active[l];
  }
  while (numActive) {
    if (!countRound())
      return false;
    std::copy_n(lower, n, lanes.ints(inst.dst));
    if (!exec(pc + 1, uint32_t(inst.imm), numActive == n ? nullptr : active.data()))
      return false;
    numActive = 0;
    for (unsigned l = 0; l < n; ++l) {
      // The distance, unsigned, cannot overflow as lower + step could.
      bool more = active[l] && uint64_t(upper[l]) - uint64_t(lower[l]) > uint64_t(step[l]);
      active[l] = more;
      lower[l] += more ? step[l] : 0;
      numActive += more;
    }
  }
  return true;
}

bool Runner::execWhile(uint32_t pc, Mask mask) {
  const Inst &inst = code.insts[pc];
  MaskBytes active;
  Mask now = mask;
  for (;;) {
    if (!countRound() || !exec(pc + 1, inst.b, now))
      return false;
    const int64_t *condition = lanes.ints(inst.a);
    unsigned numActive = 0;
    for (unsigned l = 0; l < lanes.count; ++l) {
      active[l] = (!now || now[l]) && condition[l];
      numActive += active[l];
    }
    if (!numActive)
      return true;
    now = numActive == lanes.count ? nullptr : active.data();
    if (!exec(inst.b, inst.c, now))
      return false;
  }
}

bool Runner::execLoad(const Inst &inst, Mask mask) {
  const InputTensor &input = inputs[inst.a];
  const unsigned n = lanes.count;
  int64_t offsets[blockLanes] = {};
  for (unsigned d = 0; d < inst.b; ++d) {
    const int64_t *index = lanes.ints(code.indexRegs[inst.c + d]);
    const uint64_t size = uint64_t(input.shape[d]);
    const int64_t stride = input.strides[d];
    uint64_t worst = 0;
    for (unsigned l = 0; l < n; ++l) {
      uint64_t i = uint64_t(index[l]);
      bool inside = i < size;
      worst |= !inside;
      offsets[l] += inside ? int64_t(i) * stride : 0;
    }
    if (!worst)
      continue;
    // Lanes that do not take part read an element in range, if there is one.
    for (unsigned l = 0; l < n; ++l)
      if ((!mask || mask[l]) && uint64_t(index[l]) >= size)
        return fail("index " + Twine(index[l]) + " of input " + Twine(inst.a) + " is out of range [0, " +
                    Twine(int64_t(size)) + ") in dimension " + Twine(d));
  }
  if (input.count == 0) {
    // Every dimension was in range or no lane takes part; only the latter is so here.
    return true;
  }
  gather(input, offsets, n, inst.type, lanes.ints(inst.dst));
  return true;
}

LogicalResult ElementProgram::run(ArrayRef<TensorView> inputs, ArrayRef<int64_t> outShape, MutableTensorView out,
                                  std::string &why) const {
  SmallVector<InputTensor> tensors;
  if (!bindInputs(*code, inputs, tensors, why))
    return failure();
  std::optional<ScalarType> outType = scalarTypeOf(out.elem);
  if (!outType || !(*outType == code->resultType)) {
    why = "the output's element type is not the function's result type";
    return failure();
  }
  std::optional<int64_t> total = countElements(outShape);
  if (!total || outShape != out.shape || outShape.size() != code->indexArgs.size()) {
    why = "the output's shape does not fit the function";
    return failure();
  }
  if (*total == 0)
    return success();
  unsigned capacity = unsigned(std::min<int64_t>(*total, blockLanes));
  Runner runner(*code, tensors, capacity, why);
  Lanes &lanes = runner.registers();
  SmallVector<int64_t> index(outShape.size(), 0);
  bool isUnsigned = out.elem.isUnsignedInteger();
  for (int64_t begin = 0; begin < *total; begin += capacity) {
    lanes.count = unsigned(std::min<int64_t>(capacity, *total - begin));
    // The output indices of this block, a run of the innermost dimension at a time.
    for (unsigned lane = 0; lane < lanes.count;) {
      int64_t inner = outShape.empty() ? 1 : outShape.back() - index.back();
      unsigned run = unsigned(std::min<int64_t>(inner, lanes.count - lane));
      for (auto [d, reg] : llvm::enumerate(code->indexArgs)) {
        if (reg == ~0u)
          continue;
        int64_t *dst = lanes.ints(reg) + lane;
        bool isInner = d + 1 == outShape.size();
        for (unsigned l = 0; l < run; ++l)
          dst[l] = index[d] + (isInner ? l : 0);
      }
      lane += run;
      if (outShape.empty())
        continue;
      index.back() += run;
      for (size_t d = outShape.size(); d-- > 1 && index[d] == outShape[d];) {
        index[d] = 0;
        ++index[d - 1];
      }
    }
    if (!runner.exec(0, uint32_t(code->insts.size()), nullptr))
      return failure();
    scatter(lanes.ints(code->resultReg), lanes.count, code->resultType, isUnsigned,
            static_cast<char *>(out.data) + begin * code->resultType.storageBytes());
  }
  return success();
}
