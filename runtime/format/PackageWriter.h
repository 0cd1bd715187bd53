// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes a `.wick` file: a zip archive of stored entries whose bytes depend on
// the given content alone (no time, no path, no host). Used by the compiler and
// by tests. Big entries are streamed, so weights of any size pass through a
// small buffer. The file appears under its name only when complete: it is
// written beside it under a temporary name and renamed.
//
#pragma once

#include "runtime/format/Program.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace wick::format {

/// Takes the next bytes of an entry; false: writing failed, stop producing.
using ByteSink = std::function<bool(const void *data, size_t size)>;

/// The content of one entry: `size` bytes, handed in order to the sink by
/// `produce`, which is called once, on the calling thread, and returns false to
/// fail the write (with `error` set to a message). Producing another number of
/// bytes than `size` fails the write.
struct EntrySource {
  uint64_t size = 0;
  std::function<bool(const ByteSink &sink, std::string &error)> produce;

  /// The bytes must stay alive until writePackage returns.
  static EntrySource fromMemory(std::string_view bytes);
};

struct CodeSlice {
  std::string name;  ///< "x86-64-v3", ...; becomes entry code/<name>.elf
  EntrySource image; ///< relocation-free ELF image; not read when `like` is given
  int like = -1;     ///< earlier slice of `code` with the same image, which then is stored once
};

struct NamedEntry {
  std::string name; ///< path in the archive
  EntrySource content;
};

struct PackageSpec {
  const Program *program = nullptr;
  EntrySource weights;           ///< size 0: no weights entry
  std::vector<CodeSlice> code;   ///< in the order of Kernel::entry
  std::vector<NamedEntry> extra; ///< "graph.mlirbc", "golden/...": in the given order
  /// JSON members for manifest.json, without braces: `"source": {"sha256": "..."}, "compiler": "0.1.0"`.
  /// The writer adds "format", "inputs", "outputs", "dims", "slices" and "entries" (size and sha256 of each).
  std::string manifestMembers;
};

/// Writes the package to `path`. On failure returns false, sets `error` and
/// leaves no file of its own behind; an existing file at `path` stays as it was.
/// The program is validated first, with the reader's own validator.
[[nodiscard]] bool writePackage(const std::string &path, const PackageSpec &spec, std::string &error);

/// Writes an archive of other content in the same way: `mimetype` first, then the entries, and a manifest with
/// `manifestMembers` and "entries".
[[nodiscard]] bool writeArchive(const std::string &path, std::string_view mimetype,
                                const std::vector<NamedEntry> &entries, const std::string &manifestMembers,
                                std::string &error);

/// The bytes of program.bin without code or weights blobs, e.g. for tests.
[[nodiscard]] std::string serializeProgram(const Program &program);

} // namespace wick::format
