// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wick verify: whether a package is whole.
//
#include "runtime/format/PackageVerify.h"
#include "tools/wick/Cli.h"
#include "tools/wick/PackageFile.h"

#include <memory>

namespace wick::tools {

static const char kFooter[] =
    "Reads every byte of a .wick file and compares it: contents with the archive's CRC-32, with the CRC-32C and "
    "SHA-256\n"
    "of the program's table and with the manifest's SHA-256; headers and directory with each other; padding with "
    "zero.\n"
    "Any single changed byte is found, and the entry that it lies in is named. No code is mapped or run.\n"
    "\nExamples:\n"
    "  wick verify model.wick\n"
    "  wick verify model.wick --json\n"
    "\nExit status: 0 sound, 1 wrong usage, 2 damaged or unreadable.";

static int verify(const std::string &path, bool json, bool quiet) {
  PackageFile package;
  std::string error;
  std::vector<std::string> problems;
  if (!package.map(path, error))
    problems.push_back(error);
  else
    problems = format::verifyPackage(package.bytes);
  if (json) {
    Json list = Json::array();
    for (const std::string &p : problems)
      list.push(p);
    printJson(Json::object()
                  .add("file", path)
                  .add("file_bytes", static_cast<uint64_t>(package.bytes.size()))
                  .add("sound", problems.empty())
                  .add("problems", list));
  } else {
    for (const std::string &p : problems)
      (void)fail(package.bytes.empty() ? p : "'" + path + "': " + p);
  }
  if (problems.empty() && !json && !quiet)
    std::printf("%s: sound, %s checked\n", path.c_str(), formatBytes(package.bytes.size()).c_str());
  return problems.empty() ? kDone : kFailed;
}

void addVerify(CLI::App &app, Action &action) {
  struct Options {
    std::string file;
    bool json = false, quiet = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App *sub = app.add_subcommand("verify", "Check every byte of a .wick file");
  sub->footer(kFooter);
  sub->add_option("model", options->file, "The .wick file")->type_name("FILE")->required();
  sub->add_flag("--json", options->json, "Report for machines on stdout");
  sub->add_flag("-q,--quiet", options->quiet, "Say nothing about a sound file");
  sub->callback(
      [options, &action] { action = [options] { return verify(options->file, options->json, options->quiet); }; });
}

} // namespace wick::tools
