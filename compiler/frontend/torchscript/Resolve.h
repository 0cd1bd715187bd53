// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which overload a call means. Source writes `torch.add(a, b)` and leaves the
// choice to types: candidates are tried in torch's order, first without, then with
// implicit conversions. Types here are those of the values at hand; only empty
// lists need their declared type.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_RESOLVE_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_RESOLVE_H

#include "compiler/frontend/torch/Schema.h"

namespace wick::compiler::torchscript {

using torch::Schema;
using torch::TypeRef;

/// One call's arguments by type.
struct CallTypes {
  std::vector<TypeRef> args;
  std::vector<std::pair<std::string, TypeRef>> keywords;
};

/// How the chosen overload takes the call's arguments.
struct Resolution {
  const Schema *schema = nullptr; ///< null: none fits
  /// An entry an argument of the schema: position, or keyword, or default.
  struct Source {
    enum class Kind { Position, Rest, Keyword, Default } kind = Kind::Default;
    size_t index = 0; ///< Rest: the positional arguments from here on make the list
  };
  std::vector<Source> sources;
  size_t varArgs = 0; ///< positional arguments from here on belong to `...`
};

/// Resolves "aten::add"; `sources` are empty when nothing fits.
Resolution resolve(llvm::StringRef name, const CallTypes &call);

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_RESOLVE_H
