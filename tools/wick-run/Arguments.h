// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of wick-run.
//
#pragma once

#include <string>
#include <vector>

namespace wick::tools {

struct Arguments {
  std::string model, output, inputDir, outputDir, slice;
  std::vector<std::string> inputs;
  unsigned threads = 1, repeat = 1;
  bool json = false, profile = false, help = false;
};

extern const char *const kUsage;

/// False with `error` set on wrong usage.
[[nodiscard]] bool parseArguments(int argc, char **argv, Arguments &arguments, std::string &error);

} // namespace wick::tools
