// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See DiffSide.h.
//
#include "tools/wick/DiffSide.h"

#include "tools/support/NpzIO.h"
#include "tools/wick/Cli.h"
#include "tools/wick/Compiling.h"
#include "tools/wick/Run.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace wick::tools {

static const char peerScript[] = {
#include "tools/wick/OnnxPeer.inc"
    , 0};

ScratchFolder::ScratchFolder() {
  llvm::SmallString<128> folder;
  if (!llvm::sys::fs::createUniqueDirectory("wick-diff", folder))
    path = folder.str().str();
}

ScratchFolder::~ScratchFolder() { (void)llvm::sys::fs::remove_directories(path); }

bool DiffSide::parse(const std::string &text, DiffSide &side, std::string &error) {
  side.text = text;
  size_t at = text.rfind(".onnx@");
  if (at == std::string::npos) {
    side.path = text;
    side.kind = isPackage(text) ? Kind::Package : Kind::Peer;
    return true;
  }
  side.kind = Kind::Compiled;
  side.path = text.substr(0, at + 5);
  std::stringstream flags(text.substr(at + 6));
  std::vector<std::string> steps = compiler::optionalSteps();
  for (std::string flag; std::getline(flags, flag, ',');) {
    if (flag.starts_with("target=")) {
      side.target = flag.substr(7);
    } else if (flag.starts_with("without=") && std::count(steps.begin(), steps.end(), flag.substr(8))) {
      side.without.push_back(flag.substr(8));
    } else {
      error = "'" + flag + "' of '" + text + "': expected target=NAME or without=STEP, with STEP one of";
      for (const std::string &step : steps)
        error += " " + step;
      return false;
    }
  }
  return true;
}

int runPeer(const std::vector<std::string> &arguments, const ScratchFolder &scratch, std::string &error) {
  const char *named = std::getenv("WICK_PYTHON");
  auto python = llvm::sys::findProgramByName(named && *named ? named : "python3");
  if (!python) {
    error = "there is no python3; name one that has onnxruntime in WICK_PYTHON";
    return kFailed;
  }
  std::string script = scratch.file("onnx_peer.py"), log = scratch.file("peer.log");
  if (!writeFile(script, {peerScript}, error))
    return kFailed;
  std::vector<llvm::StringRef> words{*python, script};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(log), llvm::StringRef(log)};
  int status = llvm::sys::ExecuteAndWait(*python, words, std::nullopt, redirects, 0, 0, &error);
  if (!status)
    return kDone;
  std::ifstream file(log);
  for (std::string line; std::getline(file, line);) // the last line of a traceback says it
    if (!line.empty())
      error = line;
  error = "onnxruntime: " + error + " (WICK_PYTHON names the Python to ask)";
  return kFailed;
}

static int evaluatePeer(const DiffSide &side, const std::string &inputs, const std::vector<std::string> &names,
                        const ScratchFolder &scratch, TensorMap &values, std::string &error) {
  std::string out = scratch.file("peer.npz");
  std::vector<std::string> words{"run", side.path, inputs, out};
  words.insert(words.end(), names.begin(), names.end());
  if (int code = runPeer(words, scratch, error))
    return code;
  std::vector<HostTensor> tensors;
  if (!readNpz(out, tensors, error))
    return kFailed;
  std::map<std::string, std::string> nameOf;
  std::ifstream file(out + ".names");
  for (std::string line; std::getline(file, line);)
    if (size_t tab = line.find('\t'); tab != std::string::npos)
      nameOf[line.substr(0, tab)] = line.substr(tab + 1);
  for (HostTensor &t : tensors) {
    std::string name = nameOf[t.name];
    t.name = name;
    values[name] = std::move(t);
  }
  return kDone;
}

/// Compiles with `names` kept; names that are no tensors of the compiled graph are dropped.
static int compileSide(const DiffSide &side, std::vector<std::string> names, const std::string &package,
                       std::string &error) {
  for (int round = 0;; ++round) {
    compiler::CompileRequest request;
    request.input = side.path;
    request.output = package;
    request.slices.push_back(side.target.empty() ? bestSlice() : side.target);
    request.keep = names;
    request.without = side.without;
    request.withGraph = false;
    compiler::CompileReport report = compiler::compile(request);
    if (report.outcome == compiler::Outcome::Done)
      return kDone;
    size_t before = names.size();
    for (const compiler::Diagnostic &d : report.diagnostics)
      std::erase_if(names, [&](const std::string &name) {
        return d.message.find("'" + name + "'") != std::string::npos && d.node.empty();
      });
    if (names.size() == before || round > 2) {
      error = problemLine(report);
      return static_cast<int>(report.outcome);
    }
  }
}

int evaluate(const DiffSide &side, const std::string &inputs, const std::vector<std::string> &names,
             const ScratchFolder &scratch, TensorMap &values, std::string &error) {
  values.clear();
  if (side.kind == DiffSide::Kind::Peer)
    return evaluatePeer(side, inputs, names, scratch, values, error);
  RunJob job;
  job.model = side.path;
  job.inputs.push_back(inputs);
  if (side.kind == DiffSide::Kind::Compiled) {
    job.model = scratch.file("side.wick");
    job.isa = side.target;
    if (int code = compileSide(side, names, job.model, error))
      return code;
  }
  RunReport report;
  if (int code = runJob(job, report, error))
    return code;
  for (HostTensor &t : report.outputs)
    values[t.name] = std::move(t);
  return kDone;
}

//===-- Comparing ----------------------------------------------------------===//

static double element(const HostTensor &t, size_t i) {
  size_t size = wick_dtype_size(t.dtype);
  const uint8_t *at = t.bytes.data() + i * size;
  if (t.dtype == WICK_DTYPE_F32) {
    float v;
    std::memcpy(&v, at, sizeof(v));
    return v;
  }
  if (t.dtype == WICK_DTYPE_F64) {
    double v;
    std::memcpy(&v, at, sizeof(v));
    return v;
  }
  uint64_t bits = 0;
  std::memcpy(&bits, at, std::min<size_t>(size, 8));
  if (t.dtype == WICK_DTYPE_F16) {
    int exponent = int(bits >> 10 & 31), mantissa = int(bits & 1023);
    double v = exponent == 31 ? (mantissa ? NAN : INFINITY)
                              : std::ldexp(exponent ? 1024 + mantissa : mantissa, std::max(exponent, 1) - 25);
    return bits & 0x8000 ? -v : v;
  }
  if (t.dtype == WICK_DTYPE_BF16) {
    uint32_t wide = uint32_t(bits) << 16;
    float v;
    std::memcpy(&v, &wide, sizeof(v));
    return v;
  }
  if (t.dtype <= WICK_DTYPE_I64) {
    int shift = 64 - 8 * int(size);
    return double(int64_t(bits << shift) >> shift);
  }
  return double(bits);
}

Deviation compare(const HostTensor &a, const HostTensor &b, double tolerance) {
  Deviation d;
  if (a.dtype != b.dtype || a.dims != b.dims) {
    d.exceeds = true;
    d.text = typeText(a) + " against " + typeText(b);
    return d;
  }
  bool isFloat =
      a.dtype == WICK_DTYPE_F32 || a.dtype == WICK_DTYPE_F64 || a.dtype == WICK_DTYPE_F16 || a.dtype == WICK_DTYPE_BF16;
  size_t size = wick_dtype_size(a.dtype), n = size ? a.bytes.size() / size : 0;
  double scale = 0;
  for (size_t i = 0; i < n; ++i)
    if (double v = std::fabs(element(a, i)); std::isfinite(v))
      scale = std::max(scale, v);
  double allowed = isFloat ? tolerance * scale : 0;
  for (size_t i = 0; i < n; ++i) {
    double x = element(a, i), y = element(b, i);
    // What the difference cannot tell (infinities, NaN); a negative tolerance lets nothing agree.
    if (allowed >= 0 && (x == y || (std::isnan(x) && std::isnan(y))))
      continue;
    double difference = std::fabs(x - y);
    if (std::isfinite(difference))
      d.largest = std::max(d.largest, difference);
    if (!(difference <= allowed)) {
      d.at = d.count++ ? d.at : i;
      d.exceeds = true;
    }
  }
  d.relative = scale ? d.largest / scale : d.largest;
  char line[160];
  if (d.exceeds)
    std::snprintf(line, sizeof(line), "%zu of %zu differ, first at %zu: %.7g against %.7g; largest %.3g, relative %.3g",
                  d.count, n, d.at, element(a, d.at), element(b, d.at), d.largest, d.relative);
  else
    std::snprintf(line, sizeof(line), "largest difference %.3g, relative %.3g", d.largest, d.relative);
  d.text = typeText(a) + ": " + line;
  return d;
}

} // namespace wick::tools
