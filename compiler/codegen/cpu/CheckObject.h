// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks that an object can become part of a code image: see ObjectEmitter.h for
// what must hold. Separate from the linker because a static link at address 0 would
// resolve an absolute address silently, and the image would crash once mapped.
//
#pragma once

#include "llvm/ADT/StringRef.h"
#include <string>

namespace wick::codegen {

/// True when the ELF relocatable `object` has no writable or thread-local data, only
/// PC-relative relocations in loaded sections and no foreign undefined symbol;
/// otherwise sets `error` to a message naming the section or symbol.
bool checkObject(llvm::StringRef object, std::string &error);

} // namespace wick::codegen
