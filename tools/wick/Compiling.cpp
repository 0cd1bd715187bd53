// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Requests and reports of the compiler library, for people and machines.
//
#include "tools/wick/Compiling.h"

#include "compiler/codegen/cpu/CpuTarget.h"
#include "runtime/format/FileKind.h"
#include "tools/wick/Cli.h"

#include <cstdio>
#include <cstdlib>

namespace wick::tools {

using compiler::CompileReport;
using compiler::Diagnostic;

std::string bestSlice() {
  if (const char *forced = std::getenv("WICK_ISA"); forced && *forced)
    return forced;
  const codegen::CpuSlice *slice = codegen::hostSlice();
  return slice ? slice->name : "";
}

static bool isProblem(const Diagnostic &d) { return d.kind == Diagnostic::Error || d.kind == Diagnostic::Unsupported; }

std::string problemText(const CompileReport &report) {
  std::string text;
  for (const Diagnostic &d : report.diagnostics)
    if (isProblem(d))
      text += d.text() + "\n";
  return text.empty() ? "error: the compiler gave no reason\n" : text;
}

std::string problemLine(const CompileReport &report) {
  std::string text = problemText(report), line;
  text.pop_back();
  if (text.starts_with("error: ")) // who prints it says so
    text.erase(0, 7);
  for (char c : text)
    line += c == '\n' ? "; " : std::string(1, c);
  return line;
}

Json toJson(const Diagnostic &d) {
  static const char *const kinds[] = {"error", "warning", "remark", "unsupported"};
  Json json = Json::object();
  json.add("kind", kinds[d.kind]).add("message", d.message);
  if (!d.node.empty())
    json.add("node", d.node);
  if (!d.op.empty())
    json.add("op", d.op);
  if (d.opset)
    json.add("opset", d.opset);
  auto pairs = [&](const char *key, const char *value, const auto &list) {
    Json out = Json::array();
    for (const auto &[name, text] : list)
      out.push(Json::object().add("name", name).add(value, text));
    json.add(key, std::move(out));
  };
  if (!d.operands.empty())
    pairs("operands", "type", d.operands);
  if (!d.attributes.empty())
    pairs("attributes", "value", d.attributes);
  if (!d.nodes.empty()) {
    Json nodes = Json::array();
    for (const std::string &name : d.nodes)
      nodes.push(name);
    json.add("nodes", std::move(nodes));
  }
  if (!d.hint.empty())
    json.add("hint", d.hint);
  return json;
}

Json toJson(const CompileReport &report) {
  static const char *const names[] = {"done", "usage", "error", "unsupported"};
  Json times = Json::array(), diagnostics = Json::array();
  double total = 0;
  for (const compiler::PhaseTime &t : report.times) {
    times.push(Json::object().add("phase", t.name).add("ms", t.ms));
    total += t.ms;
  }
  for (const Diagnostic &d : report.diagnostics)
    diagnostics.push(toJson(d));
  Json variants = Json::array();
  for (const compiler::VariantReport &v : report.variants) {
    Json dims = Json::object();
    for (const auto &[name, value] : v.dims)
      dims.add(name, value);
    variants.push(Json::object()
                      .add("dims", dims)
                      .add("groups", static_cast<int64_t>(v.groups))
                      .add("kernels", static_cast<int64_t>(v.kernels)));
  }
  return Json::object()
      .add("outcome", names[static_cast<int>(report.outcome)])
      .add("compile_ms", total)
      .add("groups", static_cast<int64_t>(report.groups))
      .add("kernels", static_cast<int64_t>(report.kernels))
      .add("variants", variants)
      .add("weight_bytes", report.weightBytes)
      .add("code_bytes", report.codeBytes)
      .add("phases", times)
      .add("diagnostics", diagnostics);
}

int compileForHere(const std::string &model, const std::string &output, const std::string &slice, unsigned threads,
                   const ShapeOptions &shapes, const std::function<void(std::string_view, size_t, size_t)> &progress,
                   std::string &error) {
  compiler::CompileRequest request;
  request.input = model;
  request.output = output;
  request.slices.push_back(slice.empty() ? bestSlice() : slice);
  if (request.slices[0].empty()) {
    error = "this CPU runs none of the targets: AVX2, FMA and BMI2 are needed";
    return kFailed;
  }
  request.threads = threads;
  request.shapes = shapes;
  request.withGraph = false;
  request.progress = progress;
  CompileReport report = compiler::compile(request);
  if (report.outcome != compiler::Outcome::Done)
    error = problemLine(report);
  return static_cast<int>(report.outcome);
}

bool isPackage(const std::string &path) {
  return path.ends_with(".wick") || format::fileKind(path) == format::FileKind::Package;
}

} // namespace wick::tools
