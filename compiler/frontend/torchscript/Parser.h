// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parser of serialized TorchScript: the grammar that torch.jit.save writes. It writes
// attributes whose names are keywords as well (`class0 = seq.class`), which torch's own
// reader refuses; so does this one, unless it is told to accept them.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_PARSER_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_PARSER_H

#include "compiler/frontend/torchscript/Ast.h"
#include "compiler/frontend/torchscript/Lexer.h"

namespace wick::compiler::torchscript {

/// The file, or null with `error` set. Expressions and blocks nest up to `maxNesting` deep; `keywordNames` accepts
/// attributes that are named by keywords.
std::unique_ptr<SourceFile> parseFile(std::string path, std::string text, unsigned maxNesting, SyntaxError &error,
                                      bool keywordNames = false);

/// A type as it stands in pickles ("Dict[str, Tensor]"); the file holds the expression.
const Expr *parseType(SourceFile &file, unsigned maxNesting, SyntaxError &error);

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_PARSER_H
