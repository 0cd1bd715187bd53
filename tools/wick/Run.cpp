// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wick run: inputs from files, one or more runs, results to files.
//
#include "tools/wick/Run.h"

#include "tools/support/ExchangeDir.h"
#include "tools/support/NpzIO.h"
#include "tools/wick/Cli.h"
#include "tools/wick/OpenedModel.h"
#include "tools/wick/Progress.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <memory>

namespace wick::tools {

static int readInputs(const RunJob &job, std::vector<HostTensor> &given, std::string &error) {
  for (const std::string &input : job.inputs)
    if (!readInputArgument(input, given, error))
      return kFailed;
  if (job.inputDir.empty())
    return kDone;
  ExchangeResult result = readExchangeDir(job.inputDir, given, error);
  return result == ExchangeResult::Ok ? kDone : result == ExchangeResult::Unsupported ? kUnsupported : kFailed;
}

/// Models may leave open the rank of a sequence's elements: it is that of the given ones.
static std::vector<std::pair<std::string, std::string>> sequenceShapes(const std::vector<HostTensor> &given) {
  std::vector<std::pair<std::string, std::string>> shapes;
  for (const HostTensor &t : given) {
    if (!t.name.ends_with(".shapes") || t.dims.size() != 2)
      continue;
    std::string text;
    for (int64_t d = 0; d < t.dims[1]; ++d)
      text += d ? "x?" : "?";
    shapes.emplace_back(t.name.substr(0, t.name.size() - 7), text);
  }
  return shapes;
}

static uint64_t monotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

int runJob(const RunJob &job, RunReport &report, std::string &error) {
  OpenedModel opened;
  OpenOptions options;
  options.isa = job.isa;
  options.threads = job.threads;
  options.compileThreads = job.compileThreads;
  options.progress = job.progress;
  std::vector<HostTensor> given, ordered;
  std::string inputError;
  int inputCode = readInputs(job, given, inputError);
  options.shapes = sequenceShapes(given);
  // The model's problems first: whether it is supported does not depend on the inputs.
  if (int code = opened.open(job.model, options, error))
    return code;
  if (inputCode) {
    error = inputError;
    return inputCode;
  }
  if (!orderInputs(opened.model, std::move(given), ordered, error))
    return kFailed;
  std::vector<wick_value> values = toValues(ordered);
  wick_error problem = WICK_ERROR_INIT;
  wick_run_options runOptions{};
  runOptions.struct_size = sizeof(runOptions);
  for (unsigned i = 0; i < job.repeat; ++i) {
    if (job.deadlineMs > 0)
      runOptions.deadline_ns = monotonicNs() + static_cast<uint64_t>(job.deadlineMs * 1e6);
    double start = nowMs();
    if (wick_status status = wick_session_run(opened.session, values.data(), static_cast<uint32_t>(values.size()),
                                              nullptr, 0, &runOptions, &problem)) {
      error = describe(problem);
      return exitCodeOf(status);
    }
    report.runMs.push_back(nowMs() - start);
  }
  if (!fetchOutputs(opened.session, opened.model, report.outputs, error) ||
      (!job.output.empty() && !writeNpz(job.output, report.outputs, error)) ||
      (!job.outputDir.empty() && !writeExchangeDir(job.outputDir, report.outputs, error)))
    return kFailed;
  wick_model_info info{};
  info.struct_size = sizeof(info);
  (void)wick_model_get_info(opened.model, &info);
  report.stats.struct_size = sizeof(report.stats);
  (void)wick_session_stats(opened.session, &report.stats);
  report.slice = info.slice;
  report.compileMs = opened.compileMs;
  report.loadMs = opened.loadMs;
  return kDone;
}

/// " = 0.1, 0.25, ...": the beginning, for types that C++ prints.
static std::string firstValues(const HostTensor &t) {
  constexpr size_t kShown = 6;
  size_t size = wick_dtype_size(t.dtype), count = size ? t.bytes.size() / size : 0;
  std::string text;
  for (size_t i = 0; i < std::min(count, kShown); ++i) {
    const uint8_t *at = t.bytes.data() + i * size;
    char value[48] = "";
    float f;
    double d;
    int64_t n = 0;
    if (t.dtype == WICK_DTYPE_F32) {
      std::memcpy(&f, at, sizeof(f));
      std::snprintf(value, sizeof(value), "%.6g", static_cast<double>(f));
    } else if (t.dtype == WICK_DTYPE_F64) {
      std::memcpy(&d, at, sizeof(d));
      std::snprintf(value, sizeof(value), "%.6g", d);
    } else if (t.dtype >= WICK_DTYPE_I8 && t.dtype <= WICK_DTYPE_BOOL) {
      std::memcpy(&n, at, size);
      bool isSigned = t.dtype <= WICK_DTYPE_I64;
      int shift = 64 - 8 * static_cast<int>(size);
      if (isSigned)
        n = static_cast<int64_t>(static_cast<uint64_t>(n) << shift) >> shift;
      std::snprintf(value, sizeof(value), isSigned ? "%lld" : "%llu", static_cast<long long>(n));
    } else {
      return "";
    }
    text += (i ? ", " : " = ") + std::string(value);
  }
  return text + (count > kShown ? ", ..." : "");
}

static void printReport(const RunReport &report) {
  std::vector<double> sorted = report.runMs;
  std::sort(sorted.begin(), sorted.end());
  if (report.compileMs > 0)
    std::printf("compile %s, ", formatMs(report.compileMs).c_str());
  std::printf("load %s, first run %s", formatMs(report.loadMs).c_str(), formatMs(report.runMs[0]).c_str());
  if (sorted.size() > 1)
    std::printf(", %zu runs: min %s, median %s", sorted.size(), formatMs(sorted[0]).c_str(),
                formatMs(sorted[sorted.size() / 2]).c_str());
  std::printf(report.slice.empty() ? "\n" : " (%s)\n", report.slice.c_str());
  for (const HostTensor &t : report.outputs)
    std::printf("%s: %s%s\n", t.name.c_str(), typeText(t).c_str(), firstValues(t).c_str());
}

static Json reportJson(const RunReport &report) {
  std::vector<double> sorted = report.runMs;
  std::sort(sorted.begin(), sorted.end());
  Json outputs = Json::array();
  for (const HostTensor &t : report.outputs) {
    Json dims = Json::array();
    for (int64_t d : t.dims)
      dims.push(d);
    outputs.push(Json::object().add("name", t.name).add("dtype", wick_dtype_name(t.dtype)).add("dims", dims));
  }
  Json json = Json::object();
  json.add("slice", report.slice);
  if (report.compileMs > 0)
    json.add("compile_ms", report.compileMs);
  return json.add("load_ms", report.loadMs)
      .add("first_run_ms", report.runMs[0])
      .add("runs", static_cast<uint64_t>(sorted.size()))
      .add("run_ms", sorted[sorted.size() / 2])
      .add("min_ms", sorted[0])
      .add("p99_ms", sorted[(sorted.size() - 1) * 99 / 100])
      .add("arena_bytes", report.stats.arena_bytes)
      .add("kernel_calls", report.stats.kernel_calls)
      .add("variant", static_cast<int64_t>(report.stats.variant))
      .add("outputs", outputs);
}

static const char kFooter[] =
    "Opens a .wick file, or compiles an .onnx file for this machine first, runs it on the given inputs and writes the\n"
    "results: .npz entries in the order of the graph's outputs, under their names. Inputs in an .npz are found by "
    "name,\n"
    "or by position as in0, in1, ... Directories have the exchange form (manifest.json and .npy files), which holds\n"
    "types that numpy lacks; in an .npz those are raw bits.\n"
    "\nExamples:\n"
    "  wick run model.wick --input in.npz --output out.npz\n"
    "  wick run model.onnx --input ids=ids.npy --input mask=mask.npy --output out.npz\n"
    "  wick run model.wick --input in.npz --repeat 100 --threads 2 --json\n"
    "\nExit status: 0 done, 1 wrong usage, 2 error, 3 not supported.";

void addRun(CLI::App &app, Action &action) {
  struct Options {
    RunJob job;
    std::string batch;
    bool json = false, quiet = false;
  };
  auto options = std::make_shared<Options>();
  RunJob &job = options->job;
  CLI::App *sub = app.add_subcommand("run", "Run a model on inputs from files");
  sub->footer(kFooter);
  auto *model = sub->add_option("model", job.model, "A .wick file, or an .onnx file")->type_name("MODEL");
  addRepeated(*sub, "-i,--input", job.inputs, "Inputs; may be given again")->type_name("FILE.npz|NAME=FILE.npy");
  auto *output = sub->add_option("-o,--output", job.output, "Results")->type_name("FILE.npz");
  auto *inputDir = sub->add_option("--input-dir", job.inputDir, "Inputs in the exchange form")->type_name("DIR");
  auto *outputDir = sub->add_option("--output-dir", job.outputDir, "Results in the exchange form")->type_name("DIR");
  sub->add_option("--batch", options->batch, "Lines MODEL<TAB>INPUT_DIR<TAB>OUTPUT_DIR; prints a RESULT line for each")
      ->type_name("LIST")
      ->excludes(model)
      ->excludes(output)
      ->excludes(inputDir)
      ->excludes(outputDir);
  sub->add_option("--threads", job.threads, "The calling thread and N-1 others (1)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024).description(""));
  sub->add_option("--isa", job.isa, "Code slice to use, instead of the best one")->type_name("NAME");
  sub->add_option("--repeat", job.repeat, "Run N times and report times (1)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000000).description(""));
  sub->add_option("--deadline-ms", job.deadlineMs, "Give up a run after that time")
      ->type_name("MS")
      ->check(CLI::PositiveNumber.description(""));
  sub->add_flag("--json", options->json, "Report for machines on stdout");
  sub->add_flag("-q,--quiet", options->quiet, "No progress, no summary");
  sub->callback([options, &action] {
    if (options->job.model.empty() && options->batch.empty())
      throw CLI::ValidationError("name a MODEL, or a list with --batch");
    action = [options]() -> int {
      if (!options->batch.empty())
        return runBatch(options->batch, options->job);
      Progress progress(options->quiet);
      options->job.progress = [&](std::string_view phase, size_t done, size_t total) {
        progress.update(phase, done, total);
      };
      RunReport report;
      std::string error;
      int code = runJob(options->job, report, error);
      progress.finish();
      if (code)
        return fail(error, code);
      if (options->json)
        printJson(reportJson(report));
      else if (!options->quiet)
        printReport(report);
      return kDone;
    };
  });
}

} // namespace wick::tools
