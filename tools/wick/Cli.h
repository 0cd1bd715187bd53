// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the subcommands share: exit codes, messages, options that several have,
// and how a subcommand hands its work to main. Parsing throws CLI::ParseError;
// the work itself runs after parsing, outside any handler.
//
#pragma once

#include "tools/support/Json.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace wick::tools {

/// Exit statuses, the same for every subcommand.
enum ExitCode : int { kDone = 0, kUsage = 1, kFailed = 2, kUnsupported = 3 };

/// The work that the command line asked for; set by a subcommand's callback.
using Action = std::function<int()>;

void addCompile(CLI::App &app, Action &action);
void addOps(CLI::App &app, Action &action);
void addRun(CLI::App &app, Action &action);
void addBench(CLI::App &app, Action &action);
void addDiff(CLI::App &app, Action &action);
void addInspect(CLI::App &app, Action &action);
void addVerify(CLI::App &app, Action &action);

/// Prints "wick: error: MESSAGE" and returns `code`.
int fail(const std::string &message, int code = kFailed);
/// Prints a value for machines to stdout.
void printJson(const Json &value);

/// An option that may be given several times, one value each time.
CLI::Option *addRepeated(CLI::App &app, const std::string &name, std::vector<std::string> &values,
                         const std::string &help);
/// Accepts only LEFT=RIGHT with both sides non-empty.
CLI::Validator assignment(const std::string &form);
/// The two sides; names may hold '=', so the last one parts them.
std::pair<std::string, std::string> splitAssignment(const std::string &text);

/// What a parse error says to the user, with the nearest option if one was
/// mistyped. `app` is the subcommand that was being parsed.
std::string explain(const CLI::App &app, const CLI::ParseError &error);

/// "512 B", "3.4 MB" (powers of ten).
std::string formatBytes(uint64_t bytes);
/// "8.41 us", "0.512 ms", "12.3 ms", "4.56 s".
std::string formatMs(double ms);
/// Milliseconds on a steady clock.
double nowMs();

} // namespace wick::tools
