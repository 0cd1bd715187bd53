// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decodes an element function into a register program: the walk over blocks,
// loads and structured control flow. Each SSA value has one register; values
// that leave a region are moved under the lane mask, so values of lanes that do
// not take part stay as they are. Nothing of the IR is kept.
//
#include "compiler/eval/Decode.h"

#include "compiler/eval/ElementProgram.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace wick::compiler;

/// Deeper nesting than this is refused, since the interpreter recurses.
static constexpr unsigned maxDepth = 64;

const OpInfo &wick::compiler::infoOf(Opcode op) {
  static const OpInfo table[] = {
#define WICK_INT(Name, arity) {#Name, Lane::I, {Lane::I, arity > 1 ? Lane::I : Lane::N, arity > 2 ? Lane::I : Lane::N}},
#define WICK_FLOAT(Name, arity)                                                                                        \
  {#Name "F", Lane::F, {Lane::F, arity > 1 ? Lane::F : Lane::N, arity > 2 ? Lane::F : Lane::N}},                       \
      {#Name "D", Lane::D, {Lane::D, arity > 1 ? Lane::D : Lane::N, arity > 2 ? Lane::D : Lane::N}},
#define WICK_OTHER(Name, R, A, B, C) {#Name, Lane::R, {Lane::A, Lane::B, Lane::C}},
#define WICK_CONTROL(Name) {#Name, Lane::N, {Lane::N, Lane::N, Lane::N}},
#include "compiler/eval/Opcode.def"
  };
  return table[unsigned(op)];
}

void Decoder::emitTo(uint32_t dst, Opcode op, uint32_t a, uint32_t b, uint32_t c, int64_t imm) {
  code.insts.push_back({op, dst, a, b, c, imm, {}});
}

uint32_t Decoder::emit(Opcode op, uint32_t a, uint32_t b, uint32_t c, int64_t imm) {
  uint32_t dst = newReg();
  emitTo(dst, op, a, b, c, imm);
  return dst;
}

void Decoder::emitMove(uint32_t dst, uint32_t src, ScalarType type) {
  Lane lane = laneOf(type);
  emitTo(dst, lane == Lane::I ? Opcode::MovI : lane == Lane::F ? Opcode::MovF : Opcode::MovD, src);
}

uint32_t Decoder::constant(Lane lane, int64_t bits) {
  auto [it, isNew] = constants.try_emplace({lane, bits}, 0);
  if (isNew) {
    it->second = newReg();
    code.constants.push_back({it->second, lane, bits});
  }
  return it->second;
}

bool Decoder::decodeFunction(func::FuncOp function) {
  if (!function.getBody().hasOneBlock() || function.getNumResults() != 1)
    return fail("the element function must have one block and one result");
  std::optional<ScalarType> result = scalarTypeOf(function.getResultTypes()[0]);
  if (!result)
    return fail("the element function's result is not a scalar of a known type");
  code.resultType = *result;
  Block &body = function.getBody().front();
  for (BlockArgument argument : body.getArguments()) {
    if (!argument.getType().isInteger(64) && !argument.getType().isIndex())
      return fail("the element function's arguments must be i64 indices");
    uint32_t reg = define(argument);
    code.indexArgs.push_back(argument.use_empty() ? ~0u : reg);
  }
  auto ret = dyn_cast<func::ReturnOp>(body.getTerminator());
  if (!ret)
    return fail("the element function does not end in return");
  if (!decodeBlock(body))
    return false;
  code.resultReg = regOf(ret.getOperand(0));
  return true;
}

bool Decoder::decodeBlock(Block &block) {
  for (Operation &op : block.without_terminator())
    if (!decodeOp(op))
      return false;
  return true;
}

bool Decoder::decodeOp(Operation &op) {
  for (Type type : llvm::concat<const Type>(op.getOperandTypes(), op.getResultTypes()))
    if (!scalarTypeOf(type)) {
      std::string text;
      llvm::raw_string_ostream(text) << op.getName() << " has a type that folding does not know: " << type;
      return fail(text);
    }
  if (auto call = dyn_cast<func::CallOp>(op))
    return decodeLoad(call);
  if (auto ifOp = dyn_cast<scf::IfOp>(op))
    return decodeIf(ifOp);
  if (auto forOp = dyn_cast<scf::ForOp>(op))
    return decodeFor(forOp);
  if (auto whileOp = dyn_cast<scf::WhileOp>(op))
    return decodeWhile(whileOp);
  if (op.getName().getStringRef() == "arith.constant")
    return decodeConstant(op);
  // Poison may be anything; zero is the same on every host.
  if (op.getName().getStringRef() == "ub.poison") {
    regs[op.getResult(0)] = constant(laneOf(typeOf(op.getResult(0))), 0);
    return true;
  }
  bool handled = true;
  if (!decodeArith(op, handled))
    return false;
  if (!handled && !(handled = true, decodeCast(op, handled)))
    return false;
  if (!handled && !(handled = true, decodeMath(op, handled)))
    return false;
  if (!handled)
    return fail("folding does not know " + op.getName().getStringRef());
  return true;
}

bool Decoder::decodeLoad(func::CallOp call) {
  StringRef callee = call.getCallee();
  unsigned input;
  if (!callee.consume_front("wick_load_") || callee.getAsInteger(10, input) || input > 65535 ||
      call.getNumResults() != 1)
    return fail("folding does not know the callee " + call.getCallee());
  if (input >= code.inputs.size())
    code.inputs.resize(input + 1);
  Code::Input &info = code.inputs[input];
  ScalarType type = typeOf(call.getResult(0));
  int rank = int(call.getNumOperands());
  if (info.rank >= 0 && (info.rank != rank || !(info.type == type)))
    return fail("loads of input " + Twine(input) + " differ in rank or type");
  info = {type, rank};
  uint32_t first = uint32_t(code.indexRegs.size());
  for (Value index : call.getOperands()) {
    if (typeOf(index).isFloat)
      return fail("an index of " + call.getCallee() + " is not an integer");
    code.indexRegs.push_back(regOf(index));
  }
  code.insts.push_back({Opcode::Load, define(call.getResult(0)), input, uint32_t(rank), first, 0, type});
  return true;
}

bool Decoder::decodeIf(scf::IfOp op) {
  if (++depth > maxDepth)
    return fail("control flow nests too deeply");
  for (Value result : op.getResults())
    define(result);
  size_t at = code.insts.size();
  emitTo(0, Opcode::If, regOf(op.getCondition()));
  auto region = [&](Region &body) {
    if (body.empty())
      return true;
    if (!decodeBlock(body.front()))
      return false;
    for (auto [result, value] : llvm::zip(op.getResults(), body.front().getTerminator()->getOperands()))
      emitMove(regOf(result), regOf(value), typeOf(result));
    return true;
  };
  if (!region(op.getThenRegion()))
    return false;
  code.insts[at].b = uint32_t(code.insts.size());
  if (!region(op.getElseRegion()))
    return false;
  code.insts[at].c = uint32_t(code.insts.size());
  --depth;
  return true;
}

bool Decoder::decodeFor(scf::ForOp op) {
  if (++depth > maxDepth)
    return fail("control flow nests too deeply");
  if (op.getUnsignedCmp())
    return fail("folding does not know scf.for with unsigned bounds");
  Block &body = *op.getBody();
  SmallVector<uint32_t> carried;
  for (auto [argument, result, init] : llvm::zip(op.getRegionIterArgs(), op.getResults(), op.getInitArgs())) {
    carried.push_back(define(argument));
    regs[result] = carried.back();
    emitMove(carried.back(), regOf(init), typeOf(init));
  }
  uint32_t iv = define(op.getInductionVar());
  size_t at = code.insts.size();
  emitTo(iv, Opcode::For, regOf(op.getLowerBound()), regOf(op.getUpperBound()), regOf(op.getStep()));
  if (!decodeBlock(body))
    return false;
  // All yields happen at once: values that an earlier move would overwrite, that
  // is other carried values, are saved first.
  auto yielded = body.getTerminator()->getOperands();
  SmallVector<uint32_t> sources;
  for (auto [i, value] : llvm::enumerate(yielded)) {
    uint32_t source = regOf(value);
    if (source != carried[i] && llvm::is_contained(carried, source)) {
      uint32_t saved = newReg();
      emitMove(saved, source, typeOf(value));
      source = saved;
    }
    sources.push_back(source);
  }
  for (auto [i, value] : llvm::enumerate(yielded))
    if (sources[i] != carried[i])
      emitMove(carried[i], sources[i], typeOf(value));
  code.insts[at].imm = int64_t(code.insts.size());
  --depth;
  return true;
}

bool Decoder::decodeWhile(scf::WhileOp op) {
  if (++depth > maxDepth)
    return fail("control flow nests too deeply");
  Block &before = op.getBefore().front(), &after = op.getAfter().front();
  for (auto [argument, init] : llvm::zip(before.getArguments(), op.getInits()))
    emitMove(define(argument), regOf(init), typeOf(init));
  for (auto [argument, result] : llvm::zip(after.getArguments(), op.getResults()))
    regs[result] = define(argument);
  size_t at = code.insts.size();
  emitTo(0, Opcode::While, 0);
  if (!decodeBlock(before))
    return false;
  auto condition = cast<scf::ConditionOp>(before.getTerminator());
  for (auto [result, value] : llvm::zip(op.getResults(), condition.getArgs()))
    emitMove(regOf(result), regOf(value), typeOf(value));
  code.insts[at].a = regOf(condition.getCondition());
  code.insts[at].b = uint32_t(code.insts.size());
  if (!decodeBlock(after))
    return false;
  for (auto [argument, value] : llvm::zip(before.getArguments(), after.getTerminator()->getOperands()))
    emitMove(regOf(argument), regOf(value), typeOf(value));
  code.insts[at].c = uint32_t(code.insts.size());
  --depth;
  return true;
}

bool Decoder::decodeConstant(Operation &op) {
  Attribute value = op.getAttr("value");
  ScalarType type = typeOf(op.getResult(0));
  int64_t bits;
  if (auto integer = dyn_cast<IntegerAttr>(value)) {
    bits = type.width == 1 ? int64_t(integer.getValue().getZExtValue()) : integer.getValue().getSExtValue();
  } else if (auto number = dyn_cast<FloatAttr>(value)) {
    llvm::APFloat wide = number.getValue();
    bool losesInfo;
    wide.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    bits = int64_t(wide.bitcastToAPInt().getZExtValue());
  } else {
    return fail("folding does not know this constant");
  }
  regs[op.getResult(0)] = constant(laneOf(type), bits);
  return true;
}

FailureOr<ElementProgram> ElementProgram::decode(func::FuncOp function, std::string &why) {
  Decoder decoder(why);
  if (function.isDeclaration()) {
    why = "the element function has no body";
    return failure();
  }
  if (!decoder.decodeFunction(function))
    return failure();
  return ElementProgram(std::make_shared<const Code>(std::move(decoder.code)));
}

unsigned ElementProgram::size() const { return unsigned(code->insts.size()); }

bool ElementProgram::hasLoops() const {
  return llvm::any_of(code->insts, [](const Inst &inst) { return inst.op == Opcode::For || inst.op == Opcode::While; });
}
