// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See WeightStore.h.
//
#include "compiler/support/WeightStore.h"

namespace wick::compiler {

std::string WeightStore::add(llvm::ArrayRef<std::byte> bytes, std::shared_ptr<const void> owner, llvm::StringRef name) {
  entries.push_back({bytes, std::move(owner), name.str()});
  return "w" + std::to_string(entries.size() - 1);
}

std::string WeightStore::addOwned(std::vector<std::byte> bytes, llvm::StringRef name) {
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return add(llvm::ArrayRef(*owner), owner, name);
}

const WeightStore::Entry *WeightStore::find(llvm::StringRef id) const {
  unsigned n;
  if (!id.consume_front("w") || id.getAsInteger(10, n) || n >= entries.size())
    return nullptr;
  return &entries[n];
}
llvm::ArrayRef<std::byte> WeightStore::bytes(llvm::StringRef id) const {
  const Entry *e = find(id);
  return e ? e->bytes : llvm::ArrayRef<std::byte>();
}
llvm::StringRef WeightStore::name(llvm::StringRef id) const {
  const Entry *e = find(id);
  return e ? llvm::StringRef(e->name) : "";
}

} // namespace wick::compiler
