// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Links the objects of one slice into one flat ELF image with lld in process. In the
// image file offset == address, segments start at multiples of 4 KiB, there is no
// dynamic section, relocation, TLS or writable segment, and no interpreter: the
// runtime maps it read+execute from inside a package (design: code image).
//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include <string>

namespace wick::codegen {

struct CodeImage {
  llvm::SmallVector<char, 0> bytes;  ///< the whole ELF file
  llvm::StringMap<uint64_t> symbols; ///< function -> offset from the image's start
};

/// Links `objects` (ELF relocatables of emitObject, plus emitSupportObject's) in the
/// given order; the same objects in the same order give the same bytes. Global
/// function symbols land in `image.symbols`; a name defined twice is an error.
/// On failure `error` holds lld's text. Thread-safe (links are serialized: lld keeps
/// global state). Note that a link resets every llvm::cl option to its default.
llvm::LogicalResult linkImage(llvm::ArrayRef<llvm::StringRef> objects, CodeImage &image, std::string &error);

} // namespace wick::codegen
