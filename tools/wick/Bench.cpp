// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wick bench: how long a model takes, from opening to steady state.
//
#include "tools/wick/Cli.h"
#include "tools/wick/Inspect.h"
#include "tools/wick/OpenedModel.h"
#include "tools/wick/PackageFile.h"
#include "tools/wick/ProcessMemory.h"
#include "tools/wick/Progress.h"
#include "tools/wick/SyntheticInputs.h"

#include <algorithm>
#include <memory>

namespace wick::tools {

namespace {
struct Options {
  std::string model, isa;
  std::vector<std::string> dims, inputs;
  unsigned threads = 1;
  double duration = 2, warmup = 0.5; ///< seconds
  bool json = false, quiet = false;
};

struct Figures {
  std::string slice;
  bool synthetic = false;
  double compileMs = 0, loadMs = 0, firstMs = 0;
  double minMs = 0, medianMs = 0, p99Ms = 0, perSecond = 0;
  uint64_t runs = 0, arenaBytes = 0, peakBytes = 0, anonymousBytes = 0;
  std::vector<HostTensor> inputs;
  uint32_t variants = 0, variant = 0; ///< of the package; that ran: 1 for the first, 0 for the general program
  Json variantDims = Json::object();  ///< that it fixes
};
} // namespace

/// Runs for at least `seconds` and at least once; times in ms, if wanted.
static wick_status runFor(wick_session *session, const std::vector<wick_value> &inputs, double seconds,
                          std::vector<double> *times, wick_error &problem) {
  double begin = nowMs(), end = begin;
  do {
    double start = end;
    if (wick_status status = wick_session_run(session, inputs.data(), static_cast<uint32_t>(inputs.size()), nullptr, 0,
                                              nullptr, &problem))
      return status;
    end = nowMs();
    if (times)
      times->push_back(end - start);
  } while (end - begin < seconds * 1000);
  return WICK_STATUS_OK;
}

static void summarize(std::vector<double> &times, Figures &f) {
  double total = 0;
  for (double t : times)
    total += t;
  std::sort(times.begin(), times.end());
  f.runs = times.size();
  f.minMs = times[0];
  f.medianMs = times[times.size() / 2];
  f.p99Ms = times[(times.size() - 1) * 99 / 100];
  f.perSecond = total > 0 ? 1000.0 * static_cast<double>(times.size()) / total : 0;
}

/// Returns an exit code.
static int measure(const Options &options, Figures &f, std::string &error) {
  OpenedModel opened;
  OpenOptions openOptions;
  openOptions.isa = options.isa;
  openOptions.threads = options.threads;
  openOptions.compileApart = true; // or the peak memory would be the compiler's
  openOptions.wantPackage = true;
  Progress progress(options.quiet);
  openOptions.progress = [&](std::string_view phase, size_t done, size_t total) {
    progress.update(phase, done, total);
  };
  DimValues dims;
  if (!parseDims(options.dims, dims, error))
    return kUsage;
  int code = opened.open(options.model, openOptions, error);
  progress.finish();
  if (code)
    return code;
  std::vector<HostTensor> given;
  f.synthetic = options.inputs.empty();
  for (const std::string &input : options.inputs)
    if (!readInputArgument(input, given, error))
      return kFailed;
  if (f.synthetic ? !makeInputs(opened.package->program, dims, f.inputs, error)
                  : !orderInputs(opened.model, std::move(given), f.inputs, error))
    return kFailed;
  std::vector<wick_value> values = toValues(f.inputs);
  wick_error problem = WICK_ERROR_INIT;
  std::vector<double> times;
  times.reserve(1 << 16);
  wick_status status = runFor(opened.session, values, 0, &times, problem);
  if (!status) {
    f.firstMs = times[0];
    times.clear();
    status = runFor(opened.session, values, options.warmup, nullptr, problem);
  }
  if (!status)
    status = runFor(opened.session, values, options.duration, &times, problem);
  if (status) {
    error = describe(problem);
    return exitCodeOf(status);
  }
  f.peakBytes = memoryOf("VmHWM");
  f.anonymousBytes = memoryOf("RssAnon");
  summarize(times, f);
  wick_model_info info{};
  info.struct_size = sizeof(info);
  (void)wick_model_get_info(opened.model, &info);
  wick_stats stats{};
  stats.struct_size = sizeof(stats);
  (void)wick_session_stats(opened.session, &stats);
  f.slice = info.slice;
  f.arenaBytes = stats.arena_bytes;
  f.variants = info.variants, f.variant = stats.variant;
  const format::ProgramView &program = opened.package->program;
  if (f.variant > 0 && f.variant <= program.variants.size())
    f.variantDims = fixedDims(program, program.variant(f.variant - 1));
  f.compileMs = opened.compileMs;
  f.loadMs = opened.loadMs;
  return kDone;
}

static void print(const Options &options, const Figures &f) {
  std::printf("%s: %s, %u thread%s\n", options.model.c_str(), f.slice.empty() ? "no kernels" : f.slice.c_str(),
              options.threads, options.threads == 1 ? "" : "s");
  for (const HostTensor &t : f.inputs)
    std::printf("input        %s %s%s\n", t.name.c_str(), typeText(t).c_str(), f.synthetic ? ", synthetic" : "");
  if (f.variant > 0)
    std::printf("variant      %s\n", variantName(f.variantDims).c_str());
  else if (f.variants > 0)
    std::printf("variant      none of %u fits: the general program\n", f.variants);
  if (f.compileMs > 0)
    std::printf("compile      %s\n", formatMs(f.compileMs).c_str());
  std::printf("load         %s\nfirst run    %s\n", formatMs(f.loadMs).c_str(), formatMs(f.firstMs).c_str());
  std::printf("min          %s\nmedian       %s\np99          %s\n", formatMs(f.minMs).c_str(),
              formatMs(f.medianMs).c_str(), formatMs(f.p99Ms).c_str());
  std::printf("throughput   %.1f runs/s over %llu runs\n", f.perSecond, static_cast<unsigned long long>(f.runs));
  std::printf("peak memory  %s (arena %s)\n", formatBytes(f.peakBytes).c_str(), formatBytes(f.arenaBytes).c_str());
}

static Json toJson(const Options &options, const Figures &f) {
  Json inputs = Json::array();
  for (const HostTensor &t : f.inputs) {
    Json dims = Json::array();
    for (int64_t d : t.dims)
      dims.push(d);
    inputs.push(Json::object().add("name", t.name).add("dtype", wick_dtype_name(t.dtype)).add("dims", dims));
  }
  Json json = Json::object();
  json.add("slice", f.slice).add("threads", static_cast<int64_t>(options.threads)).add("inputs", inputs);
  json.add("synthetic", f.synthetic);
  json.add("variant", static_cast<int64_t>(f.variant)).add("variant_dims", f.variantDims);
  if (f.compileMs > 0)
    json.add("compile_ms", f.compileMs);
  return json.add("load_ms", f.loadMs)
      .add("first_run_ms", f.firstMs)
      .add("runs", f.runs)
      .add("min_ms", f.minMs)
      .add("median_ms", f.medianMs)
      .add("p99_ms", f.p99Ms)
      .add("runs_per_second", f.perSecond)
      .add("arena_bytes", f.arenaBytes)
      .add("peak_memory_bytes", f.peakBytes)
      .add("anonymous_memory_bytes", f.anonymousBytes);
}

static const char kFooter[] =
    "Opens the model (an .onnx file is compiled first, in a process of its own), runs it once, warms up, then runs it\n"
    "for a while and prints the times. Without --input, floats are uniform in [0, 1) from a fixed seed, other types "
    "0,\n"
    "and named dims are as small as they may be. Peak memory is that of the process, this tool included.\n"
    "\nExamples:\n"
    "  wick bench model.wick\n"
    "  wick bench model.wick --threads 2 --dim batch=8 --duration 10\n"
    "  taskset -c 0 wick bench model.onnx --input in.npz --json\n"
    "\nExit status: 0 done, 1 wrong usage, 2 error, 3 not supported.";

void addBench(CLI::App &app, Action &action) {
  auto options = std::make_shared<Options>();
  CLI::App *sub = app.add_subcommand("bench", "Measure latency, load time and memory");
  sub->footer(kFooter);
  sub->add_option("model", options->model, "A .wick file, or an .onnx file")->type_name("MODEL")->required();
  addRepeated(*sub, "-i,--input", options->inputs, "Inputs; may be given again")->type_name("FILE.npz|NAME=FILE.npy");
  addRepeated(*sub, "--dim", options->dims, "Size of a named dim of synthetic inputs")
      ->type_name("NAME=VALUE")
      ->check(assignment("NAME=VALUE"));
  sub->add_option("--threads", options->threads, "The calling thread and N-1 others (1)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024).description(""));
  sub->add_option("--duration", options->duration, "Seconds to measure (2)")
      ->type_name("S")
      ->check(CLI::NonNegativeNumber.description(""));
  sub->add_option("--warmup", options->warmup, "Seconds to run before (0.5)")
      ->type_name("S")
      ->check(CLI::NonNegativeNumber.description(""));
  sub->add_option("--isa", options->isa, "Code slice to use, instead of the best one")->type_name("NAME");
  sub->add_flag("--json", options->json, "Report for machines on stdout");
  sub->add_flag("-q,--quiet", options->quiet, "No progress");
  sub->callback([options, &action] {
    action = [options]() -> int {
      Figures figures;
      std::string error;
      if (int code = measure(*options, figures, error))
        return fail(error, code);
      if (options->json)
        printJson(toJson(*options, figures));
      else
        print(*options, figures);
      return kDone;
    };
  });
}

} // namespace wick::tools
