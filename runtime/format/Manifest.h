// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// manifest.json: what is in a package, for people and other tools. The runtime
// never reads it.
//
#pragma once

#include "runtime/format/Program.h"

#include <string>
#include <vector>

namespace wick::format {

struct ManifestEntry {
  std::string name;
  uint64_t size = 0;
  std::string sha256; ///< hex
};

/// `members`: further JSON members, see PackageSpec::manifestMembers.
std::string writeManifest(const Program &program, const std::vector<std::string> &slices,
                          const std::vector<ManifestEntry> &entries, const std::string &members);

/// The elements of its array "entries".
std::string entriesText(const std::vector<ManifestEntry> &entries);

/// `text` as a JSON string with quotes.
std::string jsonQuote(const std::string &text);

} // namespace wick::format
