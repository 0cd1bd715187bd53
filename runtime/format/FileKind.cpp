// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See FileKind.h. Our archives begin with an entry `mimetype`.
//
#include "runtime/format/FileKind.h"

#include "runtime/format/ZipLayout.h"

#include <cstdio>

namespace wick::format {

/// The first bytes of an archive of this type: all of its entry `mimetype`.
static bool beginsAs(std::string_view start, std::string_view mimetype) {
  uint64_t header = zipLocalHeaderSize(kMimetypeEntry, mimetype.size());
  return start.size() >= header + mimetype.size() && start.substr(header, mimetype.size()) == mimetype &&
         start.substr(header - sizeof(kMimetypeEntry) + 1, sizeof(kMimetypeEntry) - 1) == kMimetypeEntry &&
         uint8_t(start[22]) == mimetype.size(); // the entry's size: not a longer word
}

FileKind fileKind(const std::string &path) {
  char bytes[128];
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file)
    return FileKind::Other;
  std::string_view start(bytes, std::fread(bytes, 1, sizeof(bytes), file));
  std::fclose(file);
  if (start.starts_with("\x80") && start.size() > 1 && start[1] >= 2 && start[1] <= 5)
    return FileKind::Pickle;
  if (!start.starts_with(std::string_view("PK\3\4")))
    return FileKind::Other;
  return beginsAs(start, kMimetype)        ? FileKind::Package
         : beginsAs(start, kGraphMimetype) ? FileKind::SavedGraph
                                           : FileKind::Zip;
}

} // namespace wick::format
