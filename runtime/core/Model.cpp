// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening a package: program, acceptance, slice, code, weights, in this order;
// no code is mapped before everything that decides about it was checked.
//
#include "runtime/core/Model.h"

#include "runtime/cpu/CpuFeatures.h"
#include "runtime/cpu/PerfMap.h"
#include "runtime/format/Checksum.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <sys/mman.h>

using namespace wick;
using namespace wick::runtime;
using format::ErrorText;

wick_status wick_model::readProgram(const Failure &fail) {
  ErrorText text;
  if (!format::PackageReader::open(package.bytes, reader, text))
    return fail(WICK_STATUS_BAD_PACKAGE, "%s", text.text);
  format::PackageEntry entry;
  if (!reader.find(abi::kProgramEntry, entry))
    return fail(WICK_STATUS_BAD_PACKAGE, "the archive has no entry '%s'", abi::kProgramEntry);
  auto bytes = reader.content(entry);
  if (reinterpret_cast<uintptr_t>(bytes.data()) % 8) {
    if (!programCopy.allocate(allocator, bytes.size() / 8 + 1))
      return fail(WICK_STATUS_OUT_OF_MEMORY, "no memory for a copy of the program (%zu bytes)", bytes.size());
    std::memcpy(programCopy.data(), bytes.data(), bytes.size());
    bytes = {reinterpret_cast<const uint8_t *>(programCopy.data()), bytes.size()};
  }
  if (!reader.readProgram(bytes, program, text))
    return fail(WICK_STATUS_BAD_PACKAGE, "%s", text.text);
  if (!programs.allocate(allocator, 1 + program.variants.size()))
    return fail(WICK_STATUS_OUT_OF_MEMORY, "no memory for %zu variants", program.variants.size());
  programs[0].program = program;
  for (size_t k = 1; k < programs.size(); ++k)
    programs[k].program = program.variant(k - 1);
  return WICK_STATUS_OK;
}

/// The host sees the manifest's digest. What it accepts with that is tied to the
/// manifest here: the program by its hash in it, the code by the program's table.
wick_status wick_model::askAccept(const wick_model_options &options, const Failure &fail) {
  if (!options.accept)
    return WICK_STATUS_OK;
  format::PackageEntry manifest, programEntry;
  if (!reader.find(abi::kManifestEntry, manifest) || !reader.find(abi::kProgramEntry, programEntry))
    return fail(WICK_STATUS_BAD_PACKAGE, "the archive has no entry '%s'", abi::kManifestEntry);
  auto json = reader.content(manifest), bytes = reader.content(programEntry);
  auto digest = format::Sha256::of(json.data(), json.size());
  if (!options.accept(options.user, digest.data()))
    return fail(WICK_STATUS_REFUSED, "the accept callback refused the package");
  auto hex = format::toHex(format::Sha256::of(bytes.data(), bytes.size()));
  if (std::search(json.begin(), json.end(), hex.begin(), hex.end()) == json.end())
    return fail(WICK_STATUS_BAD_PACKAGE, "the program differs from what the manifest says");
  return WICK_STATUS_OK;
}

bool wick_model::needsCode() const {
  for (const ModelProgram &p : programs.span())
    if (!p.program.kernels.empty())
      return true;
  return false;
}

wick_status wick_model::chooseSlice(const wick_model_options &options, const Failure &fail) {
  const char *environment = std::getenv("WICK_ISA");
  std::string_view wanted = options.slice ? options.slice : environment ? environment : "";
  uint64_t cpu = cpuFeatures(), best = 0;
  char known[256];
  size_t used = 0;
  known[0] = '\0';
  for (uint32_t i = 0; i < program.slices.size(); ++i) {
    std::string_view name = program.text(program.slices[i].name);
    int written = std::snprintf(known + used, sizeof(known) - used, "%s%.80s", used ? ", " : "", name.data());
    used = std::min(sizeof(known) - 1, used + static_cast<size_t>(written));
    uint64_t needs;
    bool runs =
        sliceFeatures(name, needs) && (needs & ~cpu) == 0 && program.slices[i].kernelAbi == abi::kKernelAbiVersion;
    if (!wanted.empty()) {
      if (name != wanted)
        continue;
      if (!runs)
        return fail(WICK_STATUS_NO_SLICE, "slice '%s' was asked for and this CPU cannot run it", name.data());
      slice = i;
      return WICK_STATUS_OK;
    }
    // Of equal ones the later: the writer orders slices from plain to special.
    if (runs && std::popcount(needs) >= std::popcount(best)) {
      best = needs;
      slice = i;
    }
  }
  if (!wanted.empty())
    return fail(WICK_STATUS_NO_SLICE, "the package has no slice '%.80s'; it has: %s", wanted.data(), known);
  if (slice == format::kNone && needsCode())
    return fail(WICK_STATUS_NO_SLICE, "no slice of the package runs on this CPU; it has: %s", used ? known : "none");
  return WICK_STATUS_OK;
}

wick_status wick_model::mapCode(const wick_model_options &options, const Failure &fail) {
  if (slice == format::kNone) {
    runnable = !needsCode();
    return WICK_STATUS_OK;
  }
  const abi::BlobRecord &blob = program.blobs[program.slices[slice].blob];
  auto image = package.bytes.subspan(blob.offset, blob.size);
  bool damaged = format::crc32c(0, image.data(), image.size()) != blob.crc32c;
  if (!damaged && options.accept) {
    auto digest = format::Sha256::of(image.data(), image.size());
    damaged = std::memcmp(digest.data(), blob.sha256, digest.size()) != 0;
  }
  if (damaged)
    return fail(WICK_STATUS_BAD_PACKAGE, "checksum mismatch in '%s', the file is damaged",
                program.text(blob.name).data());
  ErrorText text;
  // Profilers name code by such a map only where it is no file.
  bool named = wantsPerfMap() && options.code == WICK_CODE_AUTO;
  uint32_t mode = named ? uint32_t(WICK_CODE_ANONYMOUS) : options.code;
  if (wick_status status = code.map({image, package.fd, package.fileOffset + blob.offset}, mode, text))
    return fail(status, "%s", text.text);
  size_t count = 0;
  for (const ModelProgram &p : programs.span())
    count += p.program.kernels.size();
  if (!kernels.allocate(allocator, count))
    return fail(WICK_STATUS_OUT_OF_MEMORY, "no memory for the table of %zu kernels", count);
  abi::KernelFn *next = kernels.data();
  for (ModelProgram &p : programs.span()) {
    p.kernels = next;
    for (uint32_t i = 0; i < p.program.kernels.size(); ++i) {
      const void *entry = code.entry(p.program.entryOf(i, slice));
      if (!entry)
        return fail(WICK_STATUS_BAD_CODE, "kernel '%s' has its entry outside the code",
                    p.program.text(p.program.kernels[i].name).data());
      *next++ = std::bit_cast<abi::KernelFn>(entry);
    }
    if (named)
      writePerfMap(p.program, slice, code);
  }
  runnable = true;
  return WICK_STATUS_OK;
}

wick_status wick_model::placeWeights(const wick_model_options &options, const Failure &fail) {
  const abi::BlobRecord *blob = program.weights();
  if (!blob)
    return WICK_STATUS_OK;
  weights = package.bytes.data() + blob->offset;
  // Kernels rely on the alignment, which an odd offset or address breaks.
  bool aligned = reinterpret_cast<uintptr_t>(weights) % 64 == 0;
  if (options.weights == WICK_WEIGHTS_COPY || !aligned) {
    if (!weightsCopy.allocate(allocator, blob->size / 8 + 1))
      return fail(WICK_STATUS_OUT_OF_MEMORY, "no memory for a copy of the weights (%llu bytes)",
                  (unsigned long long)blob->size);
    std::memcpy(weightsCopy.data(), weights, blob->size);
    weights = reinterpret_cast<const uint8_t *>(weightsCopy.data());
  } else if (options.weights == WICK_WEIGHTS_POPULATE && package.fd >= 0) {
    // Advice only: a failure changes nothing but the time of the first run.
    uintptr_t start = reinterpret_cast<uintptr_t>(weights) / 4096 * 4096;
    madvise(reinterpret_cast<void *>(start), reinterpret_cast<uintptr_t>(weights) + blob->size - start, MADV_WILLNEED);
  }
  return WICK_STATUS_OK;
}

wick_status wick_model::open(const wick_source &source, const wick_model_options &options, const Failure &fail) {
  if (options.weights > WICK_WEIGHTS_COPY || options.code > WICK_CODE_NONE)
    return fail(WICK_STATUS_INVALID_ARGUMENT, "unknown option value for weights (%u) or code (%u)", options.weights,
                options.code);
  if (wick_status status = package.open(source, fail))
    return status;
  if (wick_status status = readProgram(fail))
    return status;
  if (wick_status status = askAccept(options, fail))
    return status;
  if (wick_status status = chooseSlice(options, fail))
    return status;
  if (options.code != WICK_CODE_NONE) {
    if (wick_status status = mapCode(options, fail))
      return status;
    if (wick_status status = placeWeights(options, fail))
      return status;
    if (options.log && code.mappedAs() == WICK_CODE_ANONYMOUS && options.code == WICK_CODE_AUTO && package.fd >= 0)
      options.log(options.user, WICK_LOG_INFO,
                  "code is an anonymous copy: the package's file cannot be mapped executable");
  }
  package.closeFile();
  return WICK_STATUS_OK;
}
