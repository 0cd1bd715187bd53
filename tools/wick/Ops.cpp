// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wick ops: the ONNX ops that this build imports. docs/support.md is made from it.
//
#include "compiler/pipeline/Driver.h"
#include "tools/wick/Cli.h"

#include <memory>

namespace wick::tools {

static int listOps(bool asJson) {
  Json list = Json::array();
  for (const auto &[op, record] : compiler::supportedOps()) {
    if (asJson)
      list.push(Json::object().add("op", op).add("record", record));
    else
      std::printf("%-44s %s\n", op.c_str(), record.c_str());
  }
  if (asJson)
    printJson(list);
  return kDone;
}

void addOps(CLI::App &app, Action &action) {
  auto asJson = std::make_shared<bool>(false);
  CLI::App *sub = app.add_subcommand("ops", "List the ONNX ops that models may use");
  sub->footer(
      "Ops with the name of a graph op are one row of its record; the others are composed of several. Ops that\n"
      "are not listed are imported when their ONNX schema or the model defines them as functions.\n"
      "\nExample:\n  wick ops | grep -i conv");
  sub->add_flag("--json", *asJson, "As JSON on stdout");
  sub->callback([asJson, &action] { action = [asJson] { return listOps(*asJson); }; });
}

} // namespace wick::tools
