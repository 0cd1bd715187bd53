// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options are few and plain, so no library: `--name value` or `--name=value`.
//
#include "tools/wick-run/Arguments.h"

#include <cstdlib>

namespace wick::tools {

const char *const kUsage =
    R"(usage: wick-run MODEL.wick [options]
  --input FILE.npz | NAME=FILE.npy   inputs by name, or by position as in0, in1, ...
  --output FILE.npz                  results in the model's order
  --input-dir DIR --output-dir DIR   exchange directories (bf16, fp8, int4)
  --threads N                        the calling thread and N-1 others (1)
  --repeat N                         runs N times and reports times (1)
  --slice NAME                       code slice to use; also WICK_ISA=NAME
  --profile                          prints the dearest kernel calls
  --json                             report for machines on stdout
)";

static bool parseCount(const std::string &text, unsigned &value) {
  char *end = nullptr;
  unsigned long number = std::strtoul(text.c_str(), &end, 10);
  value = static_cast<unsigned>(number);
  return !text.empty() && *end == '\0' && number >= 1 && number <= 1000000;
}

bool parseArguments(int argc, char **argv, Arguments &a, std::string &error) {
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i], value;
    if (arg == "--help" || arg == "--json" || arg == "--profile") {
      (arg == "--help" ? a.help : arg == "--json" ? a.json : a.profile) = true;
      continue;
    }
    if (arg.rfind("--", 0) != 0) {
      if (!a.model.empty())
        return error = "two models: '" + a.model + "' and '" + arg + "'", false;
      a.model = arg;
      continue;
    }
    size_t equals = arg.find('=');
    value = equals != arg.npos ? arg.substr(equals + 1) : i + 1 < argc ? argv[++i] : "";
    arg = arg.substr(0, equals);
    std::string *to = arg == "--output"       ? &a.output
                      : arg == "--input-dir"  ? &a.inputDir
                      : arg == "--output-dir" ? &a.outputDir
                      : arg == "--slice"      ? &a.slice
                                              : nullptr;
    bool known = to || arg == "--input" || arg == "--threads" || arg == "--repeat";
    bool good = known && !value.empty();
    if (good && to)
      *to = value;
    else if (good && arg == "--input")
      a.inputs.push_back(value);
    else if (good)
      good = parseCount(value, arg == "--threads" ? a.threads : a.repeat);
    if (!good)
      return error = known ? "bad value '" + value + "' for " + arg : "unknown option " + arg, false;
  }
  if (a.model.empty() && !a.help)
    return error = "no model given", false;
  return true;
}

} // namespace wick::tools
