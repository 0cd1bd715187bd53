// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wick compile: a model in, a package out.
//
#include "compiler/pipeline/Phase.h"
#include "tools/wick/Cli.h"
#include "tools/wick/Compiling.h"
#include "tools/wick/Progress.h"

#include <memory>
#include <sys/stat.h>

namespace wick::tools {

using compiler::CompileReport;
using compiler::CompileRequest;
using compiler::Diagnostic;

namespace {
struct Options {
  CompileRequest request;
  std::vector<std::string> dims, shapes, values, specialize;
  std::string diagnostics = "text";
  bool timing = false, json = false, quiet = false, stripGraph = false;
};
} // namespace

static void printDiagnostics(const Options &options, const CompileReport &report) {
  size_t unsupported = 0;
  for (const Diagnostic &d : report.diagnostics) {
    if (options.quiet && d.kind == Diagnostic::Warning)
      continue;
    unsupported += d.kind == Diagnostic::Unsupported;
    std::string line = options.diagnostics == "json" ? toJson(d).print(false) : d.text();
    while (!line.empty() && line.back() == '\n')
      line.pop_back();
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  if (options.diagnostics == "text" && report.outcome == compiler::Outcome::Unsupported)
    std::fprintf(stderr, "wick: the model is not supported, for the %zu reason%s above\n", unsupported,
                 unsupported == 1 ? "" : "s");
}

static void printTimes(const CompileReport &report) {
  double total = 0;
  for (const compiler::PhaseTime &t : report.times) {
    std::fprintf(stderr, "%-10s %s\n", t.name.c_str(), formatMs(t.ms).c_str());
    total += t.ms;
  }
  std::fprintf(stderr, "%-10s %s\n", "total", formatMs(total).c_str());
}

/// With --stop-after: the IR to stdout, or to the output file when one is named.
static int writeIr(const Options &options, const CompileReport &report) {
  const std::string &path = options.request.output;
  std::FILE *file = path.empty() ? stdout : std::fopen(path.c_str(), "w");
  bool ok = file && std::fwrite(report.ir.data(), 1, report.ir.size(), file) == report.ir.size();
  if (file && file != stdout)
    ok = std::fclose(file) == 0 && ok;
  return ok ? kDone : fail("cannot write '" + path + "'");
}

/// Whether both names lead to one file: the model is not overwritten.
static bool isSameFile(const std::string &a, const std::string &b) {
  struct stat x{}, y{};
  return stat(a.c_str(), &x) == 0 && stat(b.c_str(), &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static std::string variantCount(const CompileReport &report) {
  size_t count = report.variants.size();
  return count ? std::to_string(count) + (count == 1 ? " variant, " : " variants, ") : "";
}

static int compileModel(Options &options) {
  CompileRequest &request = options.request;
  if (isSameFile(request.input, request.output))
    return fail("'" + request.output + "' is the model itself; name another output", kUsage);
  for (const std::string &d : options.dims)
    request.dims.push_back(splitAssignment(d));
  for (const std::string &s : options.shapes)
    request.shapes.push_back(splitAssignment(s));
  for (const std::string &s : options.specialize)
    request.specialize.push_back(splitAssignment(s));
  for (const std::string &v : options.values)
    request.values.push_back(splitAssignment(v));
  request.withGraph = !options.stripGraph;
  Progress progress(options.quiet);
  request.progress = [&](std::string_view phase, size_t done, size_t total) { progress.update(phase, done, total); };
  double start = nowMs();
  CompileReport report = compiler::compile(request);
  progress.finish();
  double took = nowMs() - start;
  printDiagnostics(options, report);
  if (options.timing)
    printTimes(report);
  bool done = report.outcome == compiler::Outcome::Done;
  if (done && !request.stopAfter.empty())
    return writeIr(options, report);
  if (options.json)
    printJson(toJson(report).add("wall_ms", took));
  else if (done && request.portable && !options.quiet)
    std::printf("%s: graph and weights, in %s\n", request.output.c_str(), formatMs(took).c_str());
  else if (done && !options.quiet)
    std::printf("%s: %u kernel calls, %s%u distinct kernels, code %s, weights %s, in %s\n", request.output.c_str(),
                report.groups, variantCount(report).c_str(), report.kernels, formatBytes(report.codeBytes).c_str(),
                formatBytes(report.weightBytes).c_str(), formatMs(took).c_str());
  return static_cast<int>(report.outcome);
}

static std::vector<std::string> phaseNames() {
  std::vector<std::string> names;
  for (const compiler::Phase &p : compiler::phases)
    names.emplace_back(p.name);
  return names;
}

static std::string footer() {
  std::string text =
      "Reads the model, simplifies it, fuses ops into kernels, compiles every distinct kernel for every target, and\n"
      "writes one file that the runtime maps. Same model, same options: same bytes. Nothing is written on failure.\n"
      "\nExamples:\n"
      "  wick compile model.onnx -o model.wick\n"
      "  wick compile model.onnx -o model.wick --target x86-64-v4 --dim batch=1 --dim seq=1..512\n"
      "  wick compile model.onnx -o model.wick --specialize batch=1,8    any batch; 1 and 8 as fast as if fixed\n"
      "  wick compile model.onnx --stop-after fuse | less      look at the IR\n"
      "\nTargets: x86-64-v3, x86-64-v4, x86-64-v4+vnni+bf16; all of them when none is named. `native` stands for\n"
      "the best of them that this machine runs.\n"
      "\nPhases:\n";
  for (const compiler::Phase &p : compiler::phases) {
    std::string name(p.name);
    text += "  " + name + std::string(10 - name.size(), ' ') + std::string(p.doc) + "\n";
  }
  return text + "\nExit status: 0 done, 1 wrong usage, 2 error, 3 the model is not supported (all reasons at once).";
}

static void addTorchScript(CLI::App &sub, Options &options) {
  CompileRequest &request = options.request;
  sub.add_option("--method", request.method, "TorchScript: the method to compile, forward by default")
      ->type_name("NAME");
  addRepeated(sub, "--set", options.values, "TorchScript: value of an argument that is a number or text")
      ->type_name("ARGUMENT=VALUE")
      ->check(assignment("ARGUMENT=VALUE"));
  sub.add_flag("--eval", request.eval, "TorchScript: take all modules as not training");
  sub.add_flag("--fresh", request.fresh, "TorchScript: start from the saved state, which then is an output only");
  sub.add_flag("--assume-no-raise", request.assumeNoRaise, "TorchScript: drop checks for branches that raise");
  sub.add_flag("--accept-keyword-names", request.keywordNames,
               "TorchScript: import attributes named by keywords, which torch itself cannot load");
  sub.add_option("--quantized-engine", request.quantizedEngine,
                 "TorchScript: whose arithmetic quantized modules have: x86 (default) or qnnpack")
      ->type_name("NAME")
      ->check(CLI::IsMember({"x86", "qnnpack"}).description(""));
  sub.add_option("--max-unroll", request.maxUnroll, "TorchScript, ONNX: longest loop that is written out")
      ->type_name("N");
  sub.add_option("--max-steps", request.maxSteps, "TorchScript: expressions that are evaluated at most")
      ->type_name("N");
  sub.add_option("--max-elements", request.maxElements,
                 "Elements of lists and dicts at one time (TorchScript), of computed constants")
      ->type_name("N");
  sub.add_option("--max-nesting", request.maxNesting,
                 "Levels of the source and of calls (TorchScript), of graphs within graphs")
      ->type_name("N");
  sub.add_option("--max-ops", request.maxOps, "Ops that the graph may have")->type_name("N");
}

void addCompile(CLI::App &app, Action &action) {
  auto options = std::make_shared<Options>();
  CompileRequest &request = options->request;
  CLI::App *sub = app.add_subcommand("compile", "Turn a model of ONNX or PyTorch into a .wick file");
  sub->footer(footer());
  sub->add_option("model", request.input, "The .onnx, TorchScript, .pt2 or .wgraph file, or IR with --start-at")
      ->type_name("MODEL")
      ->required();
  sub->add_option("-o,--output", request.output, "The file to write")->type_name("FILE");
  sub->add_option("--target", request.slices, "CPUs to make code for, comma separated")
      ->type_name("NAME[,NAME]")
      ->delimiter(',')
      ->allow_extra_args(false);
  addRepeated(*sub, "--dim", options->dims, "Fix or bound a named dim")
      ->type_name("NAME=VALUE|LOW..HIGH")
      ->check(assignment("NAME=VALUE or NAME=LOW..HIGH"));
  addRepeated(*sub, "--shape", options->shapes, "Shape of an input, ? for a free dim")
      ->type_name("INPUT=1x3x?x?")
      ->check(assignment("INPUT=1x3x?x?"));
  addRepeated(*sub, "--specialize", options->specialize,
              "Add programs for these sizes of an open dim; several dims: for all combinations")
      ->type_name("NAME=VALUE[,VALUE]")
      ->check(assignment("NAME=VALUE[,VALUE]"));
  addTorchScript(*sub, *options);
  addRepeated(*sub, "--keep", request.keep, "Make this value of the model an output as well")->type_name("VALUE");
  addRepeated(*sub, "--without", request.without, "Leave out a step; for finding the one at fault")
      ->type_name("STEP")
      ->check(CLI::IsMember(compiler::optionalSteps()));
  sub->add_option("--threads", request.threads, "Compile with that many threads; the result is the same")
      ->type_name("N");
  sub->add_flag("--strip-graph", options->stripGraph, "Leave the graph out of the file");
  sub->add_flag("--portable", request.portable, "Write graph and weights without code, to be compiled later (.wgraph)")
      ->excludes("--strip-graph")
      ->excludes("--target");
  sub->add_option("--stop-after", request.stopAfter, "Print the IR after a phase instead")
      ->type_name("PHASE")
      ->check(CLI::IsMember(phaseNames()).description(""));
  sub->add_option("--start-at", request.startAt, "Take up IR at a phase")
      ->type_name("PHASE")
      ->check(CLI::IsMember(phaseNames()).description(""));
  sub->add_option("--dump-ir", request.dumpDir, "Write the IR after every phase there")->type_name("DIR");
  sub->add_flag("--timing", options->timing, "Print the time of every phase");
  sub->add_flag("--remarks", request.remarks, "Say why kernels end and which transposes stay");
  sub->add_option("--diagnostics", options->diagnostics, "Form of messages: text, or json (one a line)")
      ->type_name("FORM")
      ->check(CLI::IsMember({"text", "json"}).description(""));
  sub->add_flag("--json", options->json, "Report for machines on stdout");
  sub->add_flag("-q,--quiet", options->quiet, "No progress, no summary, no warnings");
  sub->callback([options, &action] {
    if (options->request.output.empty() && options->request.stopAfter.empty())
      throw CLI::ValidationError("say where to write with -o FILE.wick");
    action = [options] { return compileModel(*options); };
  });
}

} // namespace wick::tools
