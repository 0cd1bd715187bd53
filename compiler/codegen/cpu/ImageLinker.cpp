// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lld reads and writes files, so the objects go through a private temporary folder;
// its name cannot reach the output (no FILE symbols, no build id of paths).
//
#include "compiler/codegen/cpu/ImageLinker.h"

#include "lld/Common/Driver.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace wick::codegen {
namespace {

/// A folder that is removed with what it holds.
struct TemporaryFolder {
  SmallString<128> path;
  ~TemporaryFolder() {
    if (!path.empty())
      sys::fs::remove_directories(path);
  }
};

} // namespace

static bool writeFile(StringRef path, StringRef bytes, std::string &error) {
  std::error_code ec;
  raw_fd_ostream os(path, ec, sys::fs::OF_None);
  if (!ec) {
    os << bytes;
    os.close();
    ec = os.error();
    os.clear_error();
  }
  if (ec)
    error = path.str() + ": " + ec.message();
  return !ec;
}

/// Checks what ImageLinker.h promises and collects the symbols.
static bool readImage(CodeImage &image, std::string &error) {
  using ELFT = object::ELF64LE;
  StringRef bytes(image.bytes.data(), image.bytes.size());
  auto file = object::ELFFile<ELFT>::create(bytes);
  if (!file) {
    error = toString(file.takeError());
    return false;
  }
  auto segments = file->program_headers();
  if (!segments) {
    error = toString(segments.takeError());
    return false;
  }
  for (const auto &segment : *segments) {
    if (segment.p_type == ELF::PT_DYNAMIC || segment.p_type == ELF::PT_TLS || segment.p_type == ELF::PT_INTERP) {
      error = "code image has a dynamic, TLS or interpreter segment";
      return false;
    }
    if (segment.p_type != ELF::PT_LOAD)
      continue;
    if ((segment.p_flags & ELF::PF_W) || segment.p_offset != segment.p_vaddr || segment.p_filesz != segment.p_memsz ||
        segment.p_offset % 4096) {
      error = "code image has a writable or displaced segment";
      return false;
    }
  }
  auto sections = file->sections();
  if (!sections) {
    error = toString(sections.takeError());
    return false;
  }
  for (const auto &section : *sections) {
    if (section.sh_type == ELF::SHT_RELA || section.sh_type == ELF::SHT_REL) {
      error = "code image still has relocations";
      return false;
    }
    if (section.sh_type != ELF::SHT_SYMTAB)
      continue;
    auto symbols = file->symbols(&section);
    auto names = file->getStringTableForSymtab(section);
    if (!symbols || !names) {
      error = "code image has a damaged symbol table";
      consumeError(symbols.takeError());
      consumeError(names.takeError());
      return false;
    }
    for (const auto &symbol : *symbols) {
      if (symbol.getType() != ELF::STT_FUNC || symbol.st_shndx == ELF::SHN_UNDEF)
        continue;
      if (auto name = symbol.getName(*names))
        image.symbols[*name] = symbol.st_value;
      else
        consumeError(name.takeError());
    }
  }
  return true;
}

LogicalResult linkImage(ArrayRef<StringRef> objects, CodeImage &image, std::string &error) {
  TemporaryFolder folder;
  if (std::error_code ec = sys::fs::createUniqueDirectory("wick-link", folder.path)) {
    error = "temporary folder: " + ec.message();
    return failure();
  }
  // Thousands of kernels would not fit a command line: lld reads a response file.
  std::string response;
  for (auto [i, object] : llvm::enumerate(objects)) {
    SmallString<128> path = folder.path;
    sys::path::append(path, Twine(i) + ".o");
    if (!writeFile(path, object, error))
      return failure();
    response += ("\"" + path + "\"\n").str();
  }
  SmallString<128> list = folder.path, output = folder.path;
  sys::path::append(list, "objects.txt");
  sys::path::append(output, "image.elf");
  if (!writeFile(list, response, error))
    return failure();

  std::string listArgument = ("@" + list).str();
  const char *arguments[] = {"ld.lld",
                             "-static",
                             "--no-dynamic-linker",
                             "--image-base=0",
                             "-e",
                             "0",
                             "-z",
                             "max-page-size=4096",
                             "-z",
                             "separate-loadable-segments",
                             "-z",
                             "noexecstack",
                             "--no-gnu-unique",
                             "--build-id=none",
                             "--discard-all",
                             "--threads=1",
                             "-O1",
                             "--fatal-warnings",
                             "-o",
                             output.c_str(),
                             listArgument.c_str()};
  std::string text;
  {
    static std::mutex lock;
    std::lock_guard<std::mutex> guard(lock);
    raw_string_ostream os(text);
    lld::Result result = lld::lldMain(arguments, os, os, {{lld::Gnu, &lld::elf::link}});
    if (result.retCode != 0) {
      error = text.empty() ? "lld failed" : text;
      return failure();
    }
  }
  auto buffer = MemoryBuffer::getFile(output, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) {
    error = "linked image: " + buffer.getError().message();
    return failure();
  }
  StringRef bytes = (*buffer)->getBuffer();
  image.bytes.assign(bytes.begin(), bytes.end());
  image.symbols.clear();
  return success(readImage(image, error));
}

} // namespace wick::codegen
