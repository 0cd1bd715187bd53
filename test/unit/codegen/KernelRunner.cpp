// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Maps code images from memory: copy, then mprotect.
//
#include "test/unit/codegen/KernelRunner.h"

#include "compiler/codegen/cpu/ImageLinker.h"
#include "compiler/codegen/cpu/KernelCompiler.h"
#include "llvm/TargetParser/Host.h"
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace wick::testing {

struct Source {
  KernelRunner::Build build;
  std::string text;
};

KernelRunner::~KernelRunner() {
  if (base)
    munmap(base, size);
}

std::string KernelRunner::loadJob(Source source, const codegen::CpuSlice &slice, std::string *assembly) {
  codegen::KernelJob job{"test", &slice, source.text, source.build};
  codegen::CompileOptions options;
  options.keepAssembly = assembly != nullptr;
  options.verifyEach = true;
  options.routines = routines;
  std::vector<codegen::KernelResult> results;
  if (failed(codegen::compileKernels(job, results, options)))
    return results[0].error;
  if (assembly)
    *assembly = results[0].assembly;
  std::string error;
  llvm::SmallVector<char, 0> support;
  if (failed(codegen::emitSupportObject(slice, support, error)))
    return error;
  codegen::CodeImage image;
  llvm::StringRef objects[] = {{results[0].object.data(), results[0].object.size()}, {support.data(), support.size()}};
  if (failed(codegen::linkImage(objects, image, error)))
    return error;
  size = image.bytes.size();
  base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return base = nullptr, "mmap failed";
  std::memcpy(base, image.bytes.data(), size);
  if (mprotect(base, size, PROT_READ | PROT_EXEC))
    return "mprotect failed";
  for (auto &entry : image.symbols)
    symbols.emplace_back(entry.first().str(), entry.second);
  return "";
}

std::string KernelRunner::load(const Build &build, const codegen::CpuSlice &slice, std::string *assembly) {
  return loadJob({build, ""}, slice, assembly);
}

std::string KernelRunner::load(const std::string &text, const codegen::CpuSlice &slice) {
  return loadJob({nullptr, text}, slice, nullptr);
}

abi::KernelFn KernelRunner::find(const std::string &name) const {
  for (auto &[known, offset] : symbols)
    if (known == name)
      return reinterpret_cast<abi::KernelFn>(static_cast<char *>(base) + offset);
  return nullptr;
}

int32_t KernelRunner::run(const std::string &name, const std::vector<void *> &buffers, const std::vector<int64_t> &args,
                          int64_t begin, int64_t end, size_t scratchBytes) {
  abi::KernelFn fn = find(name);
  if (!fn)
    return -1;
  void *scratch = scratchBytes ? std::aligned_alloc(64, (scratchBytes + 63) / 64 * 64) : nullptr;
  int32_t status = fn(buffers.data(), args.data(), begin, end, 0, scratch);
  std::free(scratch);
  return status;
}

bool canRun(const codegen::CpuSlice &slice) {
  auto host = llvm::sys::getHostCPUFeatures();
  auto has = [&](const char *f) { return host.lookup(f); };
  if (!has("avx2") || !has("fma") || !has("f16c") || !has("bmi2"))
    return false;
  if (slice.isAvx512() && !(has("avx512f") && has("avx512bw") && has("avx512vl") && has("avx512dq") && has("avx512cd")))
    return false;
  return (!slice.hasVnni || has("avx512vnni")) && (!slice.hasBf16 || has("avx512bf16"));
}

} // namespace wick::testing
