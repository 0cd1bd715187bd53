// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The facts of a package as text, and the schedule as lines.
//
#include "runtime/format/DType.h"
#include "tools/wick/Cli.h"
#include "tools/wick/Inspect.h"

#include <cstdio>

namespace wick::tools {

using format::kNone;
using format::Op;

static std::string shapeText(const Json &dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.items.size(); ++i)
    text += (i ? ", " : "") + (dims.items[i].isNull() ? std::string("?") : dims.items[i].asString());
  return text + "]";
}

static void printValues(const char *title, const Json &values) {
  std::printf("%s\n", title);
  for (const Json &v : values.items) {
    std::string dims = shapeText(v["dims"]), shape = shapeText(v["shape"]);
    std::printf("  %-24s %s %s", v["name"].asString().c_str(), v["dtype"].asString().c_str(), dims.c_str());
    if (dims != shape && shape.find('?') == std::string::npos)
      std::printf(", here %s", shape.c_str());
    if (!v["alias_input"].isNull())
      std::printf(", may share memory with input %s", v["alias_input"].asString().c_str());
    std::printf("\n");
  }
}

static std::string bytesText(const Json &bytes) { return formatBytes(static_cast<uint64_t>(bytes.asInt())); }

std::string variantName(const Json &dims) {
  std::string text;
  for (const auto &[name, value] : dims.members)
    text += (text.empty() ? "" : ", ") + name + "=" + value.asString();
  return text.empty() ? "no dim" : text;
}

static void printKernels(const Json &kernels, const std::string &of = "") {
  std::printf("kernels%s\n", of.c_str());
  for (const Json &k : kernels.items) {
    std::printf("  %-32s %-12s x%s\n", k["name"].asString().c_str(), k["strategy"].asString().c_str(),
                k["calls"].asString().c_str());
    for (const Json &node : k["nodes"].items)
      if (!node.asString().empty())
        std::printf("    %s\n", node.asString().c_str());
  }
}

/// What the manifest says and the tables do not: scalars and one level below.
static void printManifest(const Json &manifest) {
  for (const auto &[key, value] : manifest.members) {
    if (value.kind == Json::Kind::String || value.kind == Json::Kind::Number)
      std::printf("%-12s %s\n", key.c_str(), value.asString().c_str());
    for (const auto &[inner, text] : value.members)
      if (text.kind == Json::Kind::String || text.kind == Json::Kind::Number)
        std::printf("%-12s %s\n", (key + " " + inner).c_str(), text.asString().c_str());
  }
}

void printFacts(const Json &facts) {
  std::printf("%s: %s\n", facts["file"].asString().c_str(), bytesText(facts["file_bytes"]).c_str());
  printManifest(facts["manifest"]);
  printValues("inputs", facts["inputs"]);
  printValues("outputs", facts["outputs"]);
  std::string here;
  if (!facts["dims"].items.empty())
    std::printf("dims\n");
  for (const Json &d : facts["dims"].items) {
    std::string range = d["min"].asString() + (d["max"].isNull() ? " or more" : ".." + d["max"].asString());
    std::printf("  %-24s %s\n", d["name"].asString().c_str(), range.c_str());
    here += (here.empty() ? " for " : ", ") + d["name"].asString() + "=" + d["value"].asString();
  }
  if (!facts["variants"].items.empty())
    std::printf("variants\n");
  for (const Json &v : facts["variants"].items)
    std::printf("  %-24s %s kernel calls, %s distinct kernels, arena %s%s\n", variantName(v["dims"]).c_str(),
                v["groups"].asString().c_str(), v["distinct_kernels"].asString().c_str(),
                v["arena_bytes"].isNull() ? "?" : bytesText(v["arena_bytes"]).c_str(),
                v["arena_complete"].asBool() ? "" : " and what depends on values");
  std::printf("slices\n");
  for (const Json &s : facts["slices"].items)
    std::printf("  %-24s code %s\n", s["name"].asString().c_str(), bytesText(s["code_bytes"]).c_str());
  std::printf("weights      %s, %s tensors\n", bytesText(facts["weights"]["bytes"]).c_str(),
              facts["weights"]["tensors"].asString().c_str());
  if (!facts["refusal"].isNull()) {
    std::printf("arena        not known%s: %s; choose others with --dim\n", here.c_str(),
                facts["refusal"].asString().c_str());
  } else {
    std::printf("arena        %s%s", bytesText(facts["arena_bytes"]).c_str(), here.c_str());
    if (facts["scratch_bytes_per_worker"].asInt())
      std::printf(", and %s a worker", bytesText(facts["scratch_bytes_per_worker"]).c_str());
    std::printf("%s\n", facts["arena_complete"].asBool() ? "" : ", and what depends on values");
  }
  std::printf("schedule     %s kernel calls, %s distinct kernels", facts["groups"].asString().c_str(),
              facts["distinct_kernels"].asString().c_str());
  for (size_t i = 0; i < facts["strategies"].members.size(); ++i) {
    const auto &[name, count] = facts["strategies"].members[i];
    std::printf("%s%s %s", i ? ", " : ": ", count.asString().c_str(), name.c_str());
  }
  std::printf("\nentries\n");
  for (const Json &e : facts["entries"].items)
    std::printf("  %-24s %s at %s\n", e["name"].asString().c_str(), bytesText(e["size"]).c_str(),
                e["offset"].asString().c_str());
  if (!facts["kernels"].isNull())
    printKernels(facts["kernels"]);
  if (!facts["schedule"].isNull())
    std::printf("instructions\n");
  for (const Json &line : facts["schedule"].items)
    std::printf("%s\n", line.asString().c_str());
  for (const Json &v : facts["variants"].items) {
    std::string of = " of variant " + variantName(v["dims"]);
    if (!v["kernels"].isNull())
      printKernels(v["kernels"], of);
    if (!v["schedule"].isNull())
      std::printf("instructions%s\n", of.c_str());
    for (const Json &line : v["schedule"].items)
      std::printf("%s\n", line.asString().c_str());
  }
}

static std::string reg(uint32_t r) { return "r" + std::to_string(r); }
static std::string buf(uint32_t b) { return "b" + std::to_string(b); }

static std::string callText(const format::ProgramView &p, const abi::InstrRecord &i) {
  std::string text = "call " + std::string(p.text(p.kernels[i.a].name)) + " (";
  uint32_t at = i.b, buffers = p.words[at++];
  for (uint32_t n = 0; n < buffers; ++n)
    text += (n ? ", " : "") + buf(p.words[at++]);
  uint32_t arguments = p.words[at++];
  for (uint32_t n = 0; n < arguments; ++n)
    text += (n ? ", " : "; ") + reg(p.words[at++]);
  return text + ") over " + reg(i.c) + ", " + std::to_string(i.cost) + " ns a unit" +
         (i.flags & format::kCallCoarse ? ", coarse" : "");
}

static std::string instrText(const format::ProgramView &p, const abi::InstrRecord &i) {
  static const char *const binary[] = {"+",   "-",   "*",  "floordiv", "ceildiv", "mod",
                                       "min", "max", "==", "<",        "and",     "or"};
  auto op = static_cast<Op>(i.op);
  if (op >= Op::Add && op <= Op::Or)
    return reg(i.a) + " = " + reg(i.b) + " " + binary[i.op - uint16_t(Op::Add)] + " " + reg(i.c);
  switch (op) {
  case Op::Const:
    return reg(i.a) + " = " + std::to_string(p.pool64[i.b]);
  case Op::Not:
    return reg(i.a) + " = not " + reg(i.b);
  case Op::Select:
    return reg(i.a) + " = " + reg(i.b) + " ? " + reg(p.words[i.c]) + " : " + reg(p.words[i.c + 1]);
  case Op::LoadInt:
    return reg(i.a) + " = " + buf(i.b) + "[" + reg(i.c) + "]";
  case Op::StoreInt:
    return buf(i.b) + "[" + reg(i.c) + "] = " + reg(i.a);
  case Op::Jump:
    return "jump " + std::to_string(i.a);
  case Op::JumpIfZero:
    return "if " + reg(i.b) + " == 0 jump " + std::to_string(i.a);
  case Op::Assert:
    return "assert " + reg(i.a) + ", \"" + std::string(p.text(p.strings[i.b])) + "\"";
  case Op::Plan:
    return "plan segment " + std::to_string(i.a) + (i.b == kNone ? "" : ", scratch " + reg(i.b));
  case Op::Call:
    return callText(p, i);
  case Op::Copy:
    return "copy " + buf(i.a) + " <- " + buf(i.b) + ", " + reg(i.c) + " bytes";
  case Op::Swap:
    return "swap " + buf(i.a) + ", " + buf(i.b);
  case Op::End:
    return "end";
  default:
    return "?";
  }
}

static std::string bufferText(const format::ProgramView &p, const abi::BufferRecord &b) {
  static const char *const kinds[] = {"arena", "input", "output", "weight", "view"};
  std::string text = std::string(b.kind < 5 ? kinds[b.kind] : "?") + " " + format::dtypeName(b.dtype);
  if (b.index != kNone)
    text += b.kind == uint8_t(format::BufferKind::View) ? " of " + buf(b.index) : " " + std::to_string(b.index);
  if (b.sizeReg != kNone)
    text += ", size " + reg(b.sizeReg);
  else if (b.size)
    text += ", size " + std::to_string(b.size);
  if (b.offset || b.offsetReg != kNone)
    text += ", at " + std::to_string(b.offset) + (b.offsetReg == kNone ? "" : " + " + reg(b.offsetReg));
  return text + ", live " + std::to_string(b.firstUse) + ".." + std::to_string(b.lastUse);
}

std::vector<std::string> scheduleLines(const format::ProgramView &p) {
  std::vector<std::string> lines;
  auto numbered = [&](const std::string &number, const std::string &text, uint32_t node) {
    std::string pad(number.size() < 6 ? 6 - number.size() : 0, ' ');
    std::string_view name = p.nodeName(node);
    lines.push_back(pad + number + "  " + text + (name.empty() ? "" : "   ; " + std::string(name)));
  };
  for (uint32_t i = 0; i < p.symbols.size(); ++i)
    numbered(reg(p.symbols[i].reg), "dim " + std::string(p.text(p.symbols[i].name)), kNone);
  for (uint32_t i = 0; i < p.buffers.size(); ++i)
    numbered(buf(i), bufferText(p, p.buffers[i]), p.buffers[i].node);
  for (uint32_t i = 0; i < p.instrs.size(); ++i) {
    if (i == p.header->prologueEnd)
      lines.push_back("        ---- up to here once for each set of dims");
    numbered(std::to_string(i), instrText(p, p.instrs[i]), p.instrs[i].node);
  }
  return lines;
}

} // namespace wick::tools
