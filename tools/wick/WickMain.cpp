// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wick: compile, run, measure, look into and check models. The subcommands lie
// in files of their own; here are the frame, usage errors and running out of
// memory.
//
#include "tools/wick/Cli.h"
#include "tools/wick/ProcessMemory.h"

using namespace wick::tools;

static const char kDescription[] =
    "Wick compiles trained models ahead of time and runs them with a thin runtime.\n"
    "`wick compile` turns an ONNX model into one file with machine code and weights; `wick run` and any program that\n"
    "links libwick execute it.";

static const char kFooter[] =
    "Examples:\n"
    "  wick compile model.onnx -o model.wick\n"
    "  wick run model.wick --input in.npz --output out.npz\n"
    "  wick COMMAND --help                                    what a command does, with examples\n"
    "\nExit status: 0 done, 1 wrong usage, 2 error, 3 the model is not supported.";

int main(int argc, char **argv) {
  reportOutOfMemory();
  CLI::App app(kDescription, "wick");
  app.footer(kFooter);
  app.set_version_flag("--version", "wick " WICK_VERSION);
  app.require_subcommand(1);
  Action action;
  for (auto add : {addCompile, addRun, addBench, addDiff, addInspect, addVerify, addOps})
    add(app, action);
  for (CLI::App *sub : app.get_subcommands([](CLI::App *) { return true; }))
    sub->get_formatter()->column_width(32);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &asked) { // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError &error) {
    const CLI::App *at = &app;
    for (auto subs = at->get_subcommands(); !subs.empty(); subs = at->get_subcommands())
      at = subs[0];
    std::string name = at == &app ? "wick" : "wick " + at->get_name();
    if (argc < 2)
      std::fputs(app.help().c_str(), stderr);
    return fail(explain(*at, error) + "\nTry '" + name + " --help'.", kUsage);
  }
  return action();
}
