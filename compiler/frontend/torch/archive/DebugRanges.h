// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the code of a TorchScript archive came from: torch writes, beside each
// source file, which range of it stems from which place of the user's Python
// file. For messages only; archives may lack it.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_DEBUGRANGES_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_DEBUGRANGES_H

#include "compiler/frontend/torch/archive/Bytes.h"
#include <string>
#include <vector>

namespace wick::compiler::torch {

/// A place in the file that the user wrote.
struct SourceOrigin {
  llvm::StringRef file; ///< path as it was when saved
  unsigned line = 0;    ///< from 1
  llvm::StringRef text; ///< the line, without indentation; may be empty
};

/// The ranges of one source file. Movable; what `find` returns refers into it.
class DebugRanges {
public:
  /// Reads a `.debug_pkl` record.
  static llvm::Expected<DebugRanges> read(Bytes record);
  /// The origin of the byte at `offset` of the serialized file, or null.
  const SourceOrigin *find(size_t offset) const;
  size_t size() const { return starts.size(); }

private:
  Bytes record;               ///< file names lie in it
  std::vector<size_t> starts; ///< ascending
  std::vector<SourceOrigin> origins;
  std::vector<std::unique_ptr<std::string>> texts;
};

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_DEBUGRANGES_H
