// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Messages, units, and help for mistyped options.
//
#include "tools/wick/Cli.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace wick::tools {

int fail(const std::string &message, int code) {
  std::fflush(stdout);
  std::fprintf(stderr, "wick: error: %s\n", message.c_str());
  return code;
}

void printJson(const Json &value) {
  std::string text = value.print();
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (text.empty() || text.back() != '\n')
    std::fputc('\n', stdout);
}

CLI::Option *addRepeated(CLI::App &app, const std::string &name, std::vector<std::string> &values,
                         const std::string &help) {
  // One value a time, or an option would swallow the model's name behind it.
  return app.add_option(name, values, help)->allow_extra_args(false);
}

std::pair<std::string, std::string> splitAssignment(const std::string &text) {
  size_t at = text.rfind('=');
  if (at == std::string::npos)
    return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

CLI::Validator assignment(const std::string &form) {
  return CLI::Validator(
      [form](std::string &text) {
        auto [left, right] = splitAssignment(text);
        return left.empty() || right.empty() ? "'" + text + "' is not " + form : std::string();
      },
      "");
}

/// Levenshtein distance.
static size_t distance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

static std::string nearest(const std::string &word, const std::vector<std::string> &known) {
  std::string best;
  size_t bestDistance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string &k : known) {
    // A cut word ("--output-d") counts as near.
    size_t d = word.size() > 2 && k.starts_with(word) ? 1 : distance(word, k);
    if (d < bestDistance) {
      bestDistance = d;
      best = k;
    }
  }
  return best;
}

std::string explain(const CLI::App &app, const CLI::ParseError &error) {
  std::vector<std::string> rest = app.remaining(true), known;
  if (dynamic_cast<const CLI::ExtrasError *>(&error) == nullptr || rest.empty()) {
    if (rest.empty() || app.get_parent() != nullptr)
      return error.what();
  }
  std::string word = rest[0].substr(0, rest[0].find('='));
  bool isOption = word.starts_with("-");
  if (isOption) {
    for (const CLI::Option *option : app.get_options())
      for (const std::string &name : option->get_lnames())
        known.push_back("--" + name);
  } else if (app.get_parent() == nullptr) {
    for (const CLI::App *sub : app.get_subcommands([](const CLI::App *) { return true; }))
      known.push_back(sub->get_name());
  }
  std::string text = isOption                      ? "unknown option " + word
                     : app.get_parent() == nullptr ? "unknown subcommand '" + word + "'"
                                                   : "unexpected argument '" + word + "'";
  std::string best = nearest(word, known);
  return best.empty() ? text : text + "; did you mean " + best + "?";
}

std::string formatBytes(uint64_t bytes) {
  static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
  char text[32];
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < std::size(units); ++unit)
    value /= 1000;
  std::snprintf(text, sizeof(text), unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return text;
}

std::string formatMs(double ms) {
  char text[32];
  if (ms < 0.1)
    std::snprintf(text, sizeof(text), ms < 0.01 ? "%.2f us" : "%.1f us", ms * 1000);
  else
    std::snprintf(text, sizeof(text),
                  ms >= 10000  ? "%.1f s"
                  : ms >= 1000 ? "%.2f s"
                  : ms >= 10   ? "%.1f ms"
                               : "%.3f ms",
                  ms >= 1000 ? ms / 1000 : ms);
  return text;
}

double nowMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace wick::tools
