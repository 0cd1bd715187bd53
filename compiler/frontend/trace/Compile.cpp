// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The end of a recording: its module goes through the phases after import.
//
#include "compiler/frontend/trace/TraceState.h"
#include "compiler/pipeline/Driver.h"
#include "compiler/pipeline/ImportedModule.h"
#include "dialects/graph/Sources.h"

using namespace mlir;
namespace wick::trace {

/// Ends the recording and compiles or saves it, as `request` says.
static CompileResult finish(GraphState &s, compiler::CompileRequest request) {
  CompileResult result;
  if (s.used) {
    result.messages.push_back(s.name + ": the graph was compiled or saved before");
    return result;
  }
  if (s.outputs.empty())
    s.errors.push_back(s.name + ": the graph has no output");
  SmallVector<mlir::Value> values;
  for (const auto &[name, tensor] : s.outputs) {
    s.g().loc = NameLoc::get(s.g().b.getStringAttr(name), FileLineColLoc::get(s.context.get(), s.name, 0, 0));
    values.push_back(s.space->read(tensor.state->tensor));
    if (!values.back() && s.errors.empty())
      s.errors.push_back(s.name + ": output '" + name + "' has no value");
  }
  for (const compiler::GraphBuilder::DimFact &f : s.g().facts) {
    std::string must =
        f.alias.empty() ? std::to_string(f.value) + "; make it that size" : "'" + f.alias + "'; give both one name";
    s.errors.push_back(graph::sourceNames(f.source) + " (" + graph::sourceOpOf(f.source).text() + "): dim '" + f.name +
                       "' must be " + must);
  }
  result.messages = s.errors;
  if (!s.errors.empty())
    return result;
  s.used = true;
  auto fn = cast<func::FuncOp>(s.entry->getParentOp());
  s.g().b.setInsertionPointToEnd(s.entry);
  func::ReturnOp::create(s.g().b, s.module->getLoc(), values);
  fn.setType(s.g().b.getFunctionType(s.entry->getArgumentTypes(), ValueRange(values).getTypes()));
  for (auto [i, output] : llvm::enumerate(s.outputs))
    fn.setResultAttr(i, "wick.name", s.g().b.getStringAttr(output.first));
  s.g().finish();
  s.dispatcher.reset(), s.space.reset(), s.builder.reset();
  request.input = s.name;
  compiler::CompileReport report = compiler::compile(
      request, compiler::ImportedModule{std::move(s.weights), std::move(s.context), std::move(s.module)});
  for (const compiler::Diagnostic &d : report.diagnostics)
    result.messages.push_back(d.text());
  result.ok = report.outcome == compiler::Outcome::Done;
  return result;
}

CompileResult Graph::compile(const std::string &path, const CompileOptions &options) {
  compiler::CompileRequest request;
  request.output = path;
  request.slices = options.targets;
  request.threads = options.threads;
  request.withGraph = options.withGraph;
  return finish(*state, std::move(request));
}

CompileResult Graph::save(const std::string &path) {
  compiler::CompileRequest request;
  request.output = path;
  request.portable = true;
  return finish(*state, std::move(request));
}

} // namespace wick::trace
