// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled models for the end-to-end tests. prepare.py has put them into one
// folder, NAME.wick with inputs NAME.in.npz beside it; a model that could not be
// had is absent, and its tests are skipped.
//
#pragma once

#include "tools/support/ModelRunner.h"
#include "wick/wick.h"

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace wick::test {

/// Folder of the prepared models: $WICK_E2E_MODELS.
std::string modelsDir();
/// The path of NAME.wick, "" when it is not there.
std::string packageOf(const std::string &name);
std::string readAll(const std::string &path);

#define REQUIRE_MODEL(path, name)                                                                                      \
  const std::string path = wick::test::packageOf(name);                                                                \
  if (path.empty())                                                                                                    \
  GTEST_SKIP() << name << " is not prepared"

/// A model with a session and its inputs, ready to run. `error` tells what failed.
class Loaded {
public:
  Loaded() = default;
  Loaded(const Loaded &) = delete;
  Loaded &operator=(const Loaded &) = delete;
  ~Loaded();

  wick_status open(const std::string &path, uint32_t threads = 1, const wick_executor *executor = nullptr);
  /// From NAME.in.npz; false with `error.message` set.
  bool readInputs(const std::string &path);
  wick_status run(const wick_run_options *options = nullptr);
  /// All outputs of the last run: dims and data, as one string.
  std::string results();

  wick_model *model = nullptr;
  wick_session *session = nullptr;
  std::vector<tools::HostTensor> inputs;
  std::vector<wick_value> values;
  wick_error error = WICK_ERROR_INIT;
};

/// Runs `body` in a child process and returns waitpid's status: the body's
/// value, or the signal that ended it (SIGALRM after `seconds`).
int inChild(unsigned seconds, const std::function<int()> &body);

/// "Field" of /proc/self/status or smaps_rollup-like text, in bytes.
uint64_t statusBytes(const char *field);

} // namespace wick::test
