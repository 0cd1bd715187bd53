// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Many small models in one process: what a test suite needs, because starting a
// compiler costs more than such a model. The caller survives our crashes: what
// is done is flushed, so it knows where to go on.
//
#include "tools/wick/Cli.h"
#include "tools/wick/Run.h"

namespace wick::tools {

static std::vector<std::string> splitTabs(const std::string &line) {
  std::vector<std::string> parts(1);
  for (char c : line) {
    if (c == '\t')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

static std::string oneLine(std::string text) {
  for (char &c : text)
    if (static_cast<unsigned char>(c) < 0x20)
      c = ' ';
  return text;
}

int runBatch(const std::string &list, const RunJob &common) {
  std::vector<uint8_t> bytes;
  std::string error;
  if (!readFile(list, bytes, error))
    return fail(error);
  std::string line;
  size_t index = 0;
  bytes.push_back('\n');
  for (uint8_t c : bytes) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    if (line.empty())
      continue;
    std::vector<std::string> parts = splitTabs(line);
    line.clear();
    int code = kUsage;
    error = "the line is not MODEL<TAB>INDIR<TAB>OUTDIR";
    if (parts.size() == 3) {
      RunJob job = common;
      job.model = parts[0];
      job.inputDir = parts[1];
      job.outputDir = parts[2];
      job.compileThreads = 1; // the caller runs several of us
      RunReport report;
      error.clear();
      code = runJob(job, report, error);
    }
    std::printf("RESULT %zu %d %s\n", index++, code, code ? oneLine(error).c_str() : "ok");
    std::fflush(stdout);
  }
  return kDone;
}

} // namespace wick::tools
