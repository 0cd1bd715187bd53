// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Registers.h.
//
#include "compiler/schedule/Registers.h"

using namespace mlir;
using namespace wick::graph;
using namespace wick::format;

namespace wick::compiler {

Registers::Registers(Program &program, const Symbols &symbols) : program(program), symbols(symbols) {
  symbolRegs.assign(symbols.all().size(), {format::kNone, ~0u});
  for (auto [k, info] : llvm::enumerate(symbols.all())) {
    if (info.kind != SymbolInfo::Kind::Named)
      continue;
    symbolRegs[k] = {fresh(), 0};
    program.symbols.push_back({info.name, info.min, info.max, symbolRegs[k].first});
  }
}

Reg Registers::constant(int64_t v) {
  auto [it, isNew] = constants.try_emplace(v, 0);
  if (isNew) {
    it->second = fresh();
    program.pool64.push_back(v);
    prologue.push_back({.op = format::Op::Const, .a = it->second, .b = uint32_t(program.pool64.size() - 1)});
  }
  return it->second;
}

bool Registers::inPrologue(AffineExpr e) const {
  bool pure = true;
  e.walk([&](AffineExpr x) {
    if (auto s = dyn_cast<AffineSymbolExpr>(x)) {
      const SymbolInfo &info = symbols[s.getPosition()];
      if (info.kind == SymbolInfo::Kind::Runtime)
        pure = false;
      else if (info.kind != SymbolInfo::Kind::Named)
        pure &= inPrologue(info.lhs) && inPrologue(info.rhs);
    }
  });
  return pure;
}

uint32_t Registers::knownFrom(AffineExpr e) const {
  uint32_t from = 0;
  e.walk([&](AffineExpr x) {
    if (auto s = dyn_cast<AffineSymbolExpr>(x)) {
      const SymbolInfo &info = symbols[s.getPosition()];
      if (info.kind == SymbolInfo::Kind::Runtime)
        from = std::max(from, symbolRegs[s.getPosition()].second);
      else if (info.kind != SymbolInfo::Kind::Named)
        from = std::max({from, knownFrom(info.lhs), knownFrom(info.rhs)});
    }
  });
  return from;
}

void Registers::defineSymbol(unsigned symbol, Reg reg) { symbolRegs[symbol] = {reg, next()}; }

uint32_t Registers::append(Instr instr) {
  items.push_back({instr, {}});
  return items.size() - 1;
}

void Registers::appendTo(Instr instr, Place place) {
  if (place.kind == Place::Prologue)
    prologue.push_back(instr);
  else if (place.kind == Place::BeforeItem)
    items[place.item].before.push_back(instr);
  else
    append(instr);
}

Reg Registers::expr(AffineExpr e, Place place) {
  e = graph::simplify(e);
  if (auto c = dyn_cast<AffineConstantExpr>(e))
    return constant(c.getValue());
  if (inPrologue(e))
    place = {Place::Prologue, 0};
  uint32_t at = place.kind == Place::Prologue ? 0 : place.kind == Place::Body ? next() : place.item;
  if (auto it = known.find(e); it != known.end() && it->second.from <= at)
    return it->second.reg;
  Instr in;
  if (auto s = dyn_cast<AffineSymbolExpr>(e)) {
    unsigned k = s.getPosition();
    const SymbolInfo &info = symbols[k];
    if (info.kind == SymbolInfo::Kind::Named || info.kind == SymbolInfo::Kind::Runtime)
      return symbolRegs[k].first;
    Reg l = expr(info.lhs, place), r = expr(info.rhs, place);
    if (info.kind == SymbolInfo::Kind::Broadcast) { // lhs == 1 ? rhs : lhs
      Reg isOne = fresh();
      appendTo({.op = format::Op::Eq, .a = isOne, .b = l, .c = constant(1)}, place);
      program.words.push_back(r);
      program.words.push_back(l);
      in = {.op = format::Op::Select, .b = isOne, .c = uint32_t(program.words.size() - 2)};
    } else {
      in = {.op = info.kind == SymbolInfo::Kind::Max ? format::Op::Max : format::Op::Min, .b = l, .c = r};
    }
  } else {
    auto bin = cast<AffineBinaryOpExpr>(e);
    in.b = expr(bin.getLHS(), place);
    in.c = expr(bin.getRHS(), place);
    switch (e.getKind()) {
    case AffineExprKind::Add:
      in.op = format::Op::Add;
      break;
    case AffineExprKind::Mul:
      in.op = format::Op::Mul;
      break;
    case AffineExprKind::FloorDiv:
      in.op = format::Op::FloorDiv;
      break;
    case AffineExprKind::CeilDiv:
      in.op = format::Op::CeilDiv;
      break;
    default:
      in.op = format::Op::Mod;
      break;
    }
  }
  in.a = fresh();
  appendTo(in, place);
  if (place.kind == Place::Body)
    at = next();
  known[e] = {in.a, at};
  if (place.kind != Place::Prologue)
    order.push_back(e);
  return in.a;
}

void Registers::forget(Mark m) {
  while (order.size() > m.order) {
    known.erase(order.back());
    order.pop_back();
  }
}

std::vector<uint32_t> Registers::flatten() {
  program.instrs = prologue;
  program.prologueEnd = prologue.size();
  std::vector<uint32_t> start, at;
  uint32_t pos = prologue.size();
  for (Item &i : items) {
    start.push_back(pos);
    pos += i.before.size();
    at.push_back(pos++);
  }
  start.push_back(pos);
  for (Item &i : items) {
    if (i.instr.op == format::Op::Jump || i.instr.op == format::Op::JumpIfZero)
      i.instr.a = start[i.instr.a];
    program.instrs.insert(program.instrs.end(), i.before.begin(), i.before.end());
    program.instrs.push_back(i.instr);
  }
  return at;
}

} // namespace wick::compiler
