// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the sections, relocations and symbols of one ELF relocatable.
//
#include "compiler/codegen/cpu/CheckObject.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"

using namespace llvm;
using namespace llvm::object;

namespace wick::codegen {

static bool isPcRelative(uint64_t type) {
  return type == ELF::R_X86_64_PC32 || type == ELF::R_X86_64_PLT32 || type == ELF::R_X86_64_PC64;
}

static bool mayStayUndefined(StringRef name) { return name == "memcpy" || name == "memmove" || name == "memset"; }

bool checkObject(StringRef bytes, std::string &error) {
  auto parsed = ObjectFile::createELFObjectFile(MemoryBufferRef(bytes, "kernel"));
  if (!parsed) {
    error = "object is not ELF: " + toString(parsed.takeError());
    return false;
  }
  auto nameOf = [](auto &&expected) -> std::string {
    if (!expected) {
      consumeError(expected.takeError());
      return "?";
    }
    return expected->str();
  };
  auto &file = cast<ELFObjectFileBase>(**parsed);
  for (ELFSectionRef section : file.sections()) {
    uint64_t flags = section.getFlags();
    if ((flags & ELF::SHF_ALLOC) && (flags & (ELF::SHF_WRITE | ELF::SHF_TLS)) && section.getSize()) {
      error = "code image cannot hold writable section " + nameOf(section.getName());
      return false;
    }
    if (section.getType() != ELF::SHT_RELA)
      continue;
    auto target = section.getRelocatedSection();
    if (!target) {
      error = toString(target.takeError());
      return false;
    }
    if (*target == file.section_end() || !(ELFSectionRef(**target).getFlags() & ELF::SHF_ALLOC))
      continue;
    for (RelocationRef relocation : section.relocations()) {
      if (isPcRelative(relocation.getType()))
        continue;
      SmallString<32> type;
      relocation.getTypeName(type);
      error = "relocation " + type.str().str() + " in " + nameOf((*target)->getName()) + " is not PC-relative";
      if (relocation.getSymbol() != file.symbol_end())
        error += " (symbol " + nameOf(relocation.getSymbol()->getName()) + ")";
      return false;
    }
  }
  for (ELFSymbolRef symbol : file.symbols()) {
    auto flags = symbol.getFlags();
    if (!flags) {
      error = toString(flags.takeError());
      return false;
    }
    std::string name = nameOf(symbol.getName());
    if ((*flags & SymbolRef::SF_Undefined) && !name.empty() && !mayStayUndefined(name)) {
      error = "kernel calls undefined function '" + name + "'";
      return false;
    }
  }
  return true;
}

} // namespace wick::codegen
