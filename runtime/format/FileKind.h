// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a file is, by its first bytes: for tools and frontends that take several
// formats. Names of files decide nothing. Not used by the runtime, whose reader
// checks all of a package.
//
#pragma once

#include <string>

namespace wick::format {

enum class FileKind {
  Other,      ///< also a file that cannot be read
  Package,    ///< .wick
  SavedGraph, ///< .wgraph (compiler/frontend/saved)
  Zip,        ///< another zip file: PyTorch's archives
  Pickle,     ///< protocol 2 and later: torch.save before 1.6
};

FileKind fileKind(const std::string &path);

} // namespace wick::format
