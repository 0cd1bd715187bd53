// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kinds of files that a compilation starts from, and the options of a request that
// have no meaning for the kind at hand: those are mistakes, not decoration.
//
#pragma once

#include "compiler/pipeline/Driver.h"

namespace wick::compiler {

enum class SourceKind { Onnx, Export, Script, Saved, Ir };

/// The kind of a request's input, by its content: PyTorch's archives and saved graphs are zip files (or pickles, to be
/// refused by name); what is none of the others is taken for an ONNX model. With `startAt` it is IR.
SourceKind sourceKind(const CompileRequest &request);

/// One sentence for each option that was given and that the input's kind does not have. A file that cannot be read has
/// no kind: none.
std::vector<std::string> optionProblems(const CompileRequest &request);

} // namespace wick::compiler
