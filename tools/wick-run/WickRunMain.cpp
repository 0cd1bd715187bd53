// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wick-run: runs a package with the runtime alone, for machines without the
// compiler. Exit status: 0 done, 1 wrong usage, 2 error, 3 not supported.
//
#include "tools/support/ExchangeDir.h"
#include "tools/support/Json.h"
#include "tools/support/ModelRunner.h"
#include "tools/support/NpzIO.h"
#include "tools/wick-run/Arguments.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

using namespace wick::tools;

static double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static int fail(const std::string &message, int code = 2) {
  std::fprintf(stderr, "wick-run: error: %s\n", message.c_str());
  return code;
}

int main(int argc, char **argv) {
  Arguments args;
  std::string error;
  if (!parseArguments(argc, argv, args, error))
    return fail(error + "\n" + kUsage, 1);
  if (args.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }

  std::vector<HostTensor> given, ordered, results;
  for (const std::string &input : args.inputs)
    if (!readInputArgument(input, given, error))
      return fail(error);
  if (!args.inputDir.empty()) {
    ExchangeResult result = readExchangeDir(args.inputDir, given, error);
    if (result != ExchangeResult::Ok)
      return fail(error, result == ExchangeResult::Unsupported ? 3 : 2);
  }

  wick_error problem = WICK_ERROR_INIT;
  wick_source source{sizeof(wick_source), WICK_SOURCE_PATH, args.model.c_str(), -1, 0, 0, 0, nullptr, nullptr, nullptr};
  wick_model_options options{};
  options.struct_size = sizeof(options);
  options.slice = args.slice.empty() ? nullptr : args.slice.c_str();
  wick_session_options sessionOptions{};
  sessionOptions.struct_size = sizeof(sessionOptions);
  sessionOptions.threads = args.threads;
  sessionOptions.profile = args.profile;
  wick_model *m = nullptr;
  wick_session *session = nullptr;
  double start = now();
  if (wick_model_open(&source, &options, &m, &problem))
    return fail(describe(problem));
  double loaded = now();
  if (!orderInputs(m, std::move(given), ordered, error))
    return fail(error);
  if (wick_session_create(m, &sessionOptions, &session, &problem))
    return fail(describe(problem));
  std::vector<wick_value> values = toValues(ordered);
  std::vector<double> times(args.repeat);
  for (double &time : times) {
    double begin = now();
    if (wick_session_run(session, values.data(), static_cast<uint32_t>(values.size()), nullptr, 0, nullptr, &problem))
      return fail(describe(problem));
    time = now() - begin;
  }
  if (!fetchOutputs(session, m, results, error) || (!args.output.empty() && !writeNpz(args.output, results, error)) ||
      (!args.outputDir.empty() && !writeExchangeDir(args.outputDir, results, error)))
    return fail(error);

  wick_model_info info{};
  info.struct_size = sizeof(info);
  (void)wick_model_get_info(m, &info);
  wick_stats stats{};
  stats.struct_size = sizeof(stats);
  (void)wick_session_stats(session, &stats);
  double first = times[0];
  std::sort(times.begin(), times.end());
  double median = times[times.size() / 2], p99 = times[(times.size() - 1) * 99 / 100];
  if (args.json)
    std::printf("%s\n", Json::object()
                            .add("slice", info.slice)
                            .add("load_ms", loaded - start)
                            .add("first_run_ms", first)
                            .add("runs", static_cast<uint64_t>(times.size()))
                            .add("min_ms", times[0])
                            .add("median_ms", median)
                            .add("p99_ms", p99)
                            .add("arena_bytes", stats.arena_bytes)
                            .print()
                            .c_str());
  else if (times.size() > 1)
    std::printf("load %.2f ms, first run %.2f ms, %zu runs: min %.3f, median %.3f, p99 %.3f ms\n", loaded - start,
                first, times.size(), times[0], median, p99);
  if (args.profile)
    std::fputs(profileText(session, 40).c_str(), args.json ? stderr : stdout);
  wick_session_destroy(session);
  wick_model_release(m);
  return 0;
}
