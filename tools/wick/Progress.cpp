// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A phase is shown once it has lasted a moment: short compilations stay silent.
//
#include "tools/wick/Progress.h"

#include "tools/wick/Cli.h"

#include <cstdio>
#include <unistd.h>

namespace wick::tools {

static constexpr double kTerminalEvery = 100; ///< ms between rewrites of the line
static constexpr double kLongPhase = 1000;    ///< ms from which a phase is worth a line
static constexpr double kPlainEvery = 10000;  ///< ms between lines inside a phase

Progress::Progress(bool quiet) : quiet(quiet), terminal(isatty(STDERR_FILENO) != 0) {}

void Progress::clearLine() {
  if (lineShown)
    std::fputs("\r\033[K", stderr);
  lineShown = false;
}

void Progress::finish() {
  if (quiet || phase.empty())
    return;
  clearLine();
  double took = nowMs() - phaseStart;
  if (took >= kLongPhase && !terminal)
    std::fprintf(stderr, "wick: %s took %s\n", phase.c_str(), formatMs(took).c_str());
  phase.clear();
}

void Progress::update(std::string_view name, size_t done, size_t total) {
  if (quiet)
    return;
  double now = nowMs();
  if (name != phase) {
    finish();
    phase = name;
    phaseStart = now;
    lastPrint = terminal ? 0 : now;
  }
  if (now - lastPrint < (terminal ? kTerminalEvery : kPlainEvery))
    return;
  lastPrint = now;
  std::string line = "wick: " + phase;
  if (total)
    line += " " + std::to_string(done) + " of " + std::to_string(total);
  if (now - phaseStart >= kLongPhase)
    line += ", " + formatMs(now - phaseStart);
  clearLine();
  lineShown = terminal;
  std::fputs((line + (terminal ? "" : "\n")).c_str(), stderr);
  std::fflush(stderr);
}

} // namespace wick::tools
