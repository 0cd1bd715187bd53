// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON out of files that nobody vouches for. LLVM's parser recurses without bound,
// so depth is checked before it runs.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_JSON_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_JSON_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/JSON.h"

namespace wick::compiler::torch {

/// Parses a text nested at most 200 deep. `what` names it in errors.
llvm::Expected<llvm::json::Value> parseJson(const llvm::Twine &what, llvm::StringRef text);

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_JSON_H
