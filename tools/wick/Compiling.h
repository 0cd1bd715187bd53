// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiling a model for its own sake (`wick compile`) or to run it at once
// (`wick run model.onnx`): what the diagnostics become, which slice this
// machine runs.
//
#pragma once

#include "compiler/pipeline/Driver.h"
#include "tools/support/Json.h"

#include <string>

namespace wick::tools {

/// The best portable slice for this CPU; WICK_ISA if that is set. "" if the
/// CPU runs none.
std::string bestSlice();

/// All errors and unsupported ops of a report, one line each.
std::string problemText(const compiler::CompileReport &report);
/// The same for one line of output.
std::string problemLine(const compiler::CompileReport &report);

Json toJson(const compiler::Diagnostic &diagnostic);
Json toJson(const compiler::CompileReport &report);

/// NAME and dims for the importer, as `--shape` gives them.
using ShapeOptions = std::vector<std::pair<std::string, std::string>>;

/// Compiles `model` to `output` for one slice, in this process. Returns an exit
/// code, with `error` set when it is not 0.
int compileForHere(const std::string &model, const std::string &output, const std::string &slice, unsigned threads,
                   const ShapeOptions &shapes, const std::function<void(std::string_view, size_t, size_t)> &progress,
                   std::string &error);

/// True for a file that begins as a package does, or is named so.
bool isPackage(const std::string &path);

} // namespace wick::tools
