// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes of large tensors, outside the IR. A weight is a range of a mapped
// model file or a buffer that a frontend made (for instance after decoding);
// `wick.weight "w3"` refers to entry w3. Bytes are raw little-endian, dense
// row-major, of any alignment. Not thread-safe while entries are added; reading
// from many threads is.
//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace wick::compiler {

class WeightStore {
public:
  /// Adds bytes that `owner` keeps alive (a mapping, a vector). Ids are "w0",
  /// "w1", ... in order of addition, so equal input gives equal ids.
  std::string add(llvm::ArrayRef<std::byte> bytes, std::shared_ptr<const void> owner, llvm::StringRef name = "");
  std::string addOwned(std::vector<std::byte> bytes, llvm::StringRef name = "");

  /// The bytes of an entry; empty when there is none (or it has no elements).
  llvm::ArrayRef<std::byte> bytes(llvm::StringRef id) const;
  /// The source's name of the tensor, for messages and `inspect`.
  llvm::StringRef name(llvm::StringRef id) const;
  size_t size() const { return entries.size(); }

private:
  struct Entry {
    llvm::ArrayRef<std::byte> bytes;
    std::shared_ptr<const void> owner;
    std::string name;
  };
  const Entry *find(llvm::StringRef id) const;
  std::vector<Entry> entries;
};

} // namespace wick::compiler
