// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `wick run` and `wick-run` share: tensors from files to a model's inputs,
// one run, results back to tensors.
//
#pragma once

#include "tools/support/HostTensor.h"
#include "wick/wick.h"

namespace wick::tools {

/// Puts `given` in the order of the model's inputs: each by its name, or "in0",
/// "in1", ... by position. False with `error` when one is missing or unknown.
[[nodiscard]] bool orderInputs(const wick_model *model, std::vector<HostTensor> given, std::vector<HostTensor> &ordered,
                               std::string &error);

/// Reads one command-line input: FILE.npz, NAME=FILE.npy, or FILE.npy (taken as
/// the next position).
[[nodiscard]] bool readInputArgument(const std::string &argument, std::vector<HostTensor> &tensors, std::string &error);

/// wick_value views of tensors; valid while the tensors do not change.
std::vector<wick_value> toValues(std::vector<HostTensor> &tensors);

/// The session's results of the last run, with the model's output names.
[[nodiscard]] bool fetchOutputs(wick_session *session, const wick_model *model, std::vector<HostTensor> &outputs,
                                std::string &error);

/// A table of the kernel calls of a profiled session, dearest first: time a run,
/// share, kernel, source nodes. At most `most` lines.
std::string profileText(const wick_session *session, size_t most);

/// "WICK_STATUS_...: message".
std::string describe(const wick_error &error);

} // namespace wick::tools
