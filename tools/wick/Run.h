// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One run from files to files; `wick run` does it once, its batch form for each
// line of a list.
//
#pragma once

#include "tools/support/HostTensor.h"
#include "wick/wick.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace wick::tools {

struct RunJob {
  std::string model;               ///< .wick or .onnx
  std::vector<std::string> inputs; ///< FILE.npz, NAME=FILE.npy, FILE.npy
  std::string inputDir, output, outputDir, isa;
  unsigned threads = 1, repeat = 1;
  unsigned compileThreads = 0; ///< for an .onnx; 0: as many as the machine has
  double deadlineMs = 0;       ///< 0: none; counted from the start of each run
  std::function<void(std::string_view, size_t, size_t)> progress;
};

struct RunReport {
  std::string slice;
  double compileMs = 0, loadMs = 0;
  std::vector<double> runMs; ///< in the order of the runs
  std::vector<HostTensor> outputs;
  wick_stats stats{};
};

/// Returns an exit code, with `error` set (one line) when it is not 0.
int runJob(const RunJob &job, RunReport &report, std::string &error);

/// Works through lines MODEL<TAB>INDIR<TAB>OUTDIR of a file and prints, as each
/// is done, "RESULT <index> <exit code> <message>"; goes on after failures.
/// Returns 0, or 2 when the list itself cannot be read.
int runBatch(const std::string &list, const RunJob &common);

} // namespace wick::tools
