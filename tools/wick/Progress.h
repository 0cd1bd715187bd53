// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Progress of a compilation on stderr: one line that is rewritten on a
// terminal; elsewhere a line for each phase that took over a second, and every
// ten seconds inside one.
//
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace wick::tools {

class Progress {
public:
  /// `quiet`: prints nothing.
  explicit Progress(bool quiet);
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;
  ~Progress() { finish(); }

  /// The callback of CompileRequest; on one thread.
  void update(std::string_view phase, size_t done, size_t total);
  /// Ends the last phase and clears the line, so that messages can follow.
  void finish();

private:
  void clearLine();

  bool quiet, terminal, lineShown = false;
  std::string phase;
  double phaseStart = 0, lastPrint = 0;
};

} // namespace wick::tools
