// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Diagnostics.h.
//
#include "compiler/pipeline/Diagnostics.h"

#include "dialects/graph/Sources.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

#include <mutex>

using namespace mlir;

namespace wick::compiler {

void setSource(wick::compiler::Diagnostic &d, Location loc) {
  graph::SourceOp source = graph::sourceOpOf(loc);
  d.node = graph::sourceNames(loc);
  d.opset = std::exchange(source.opset, 0);
  d.op = source.text();
}

DiagnosticCollector::DiagnosticCollector(MLIRContext *ctx, std::vector<wick::compiler::Diagnostic> &out)
    : handler(ctx, [&out, lock = std::make_shared<std::mutex>()](mlir::Diagnostic &d) {
        wick::compiler::Diagnostic e;
        e.kind = d.getSeverity() == DiagnosticSeverity::Error     ? wick::compiler::Diagnostic::Error
                 : d.getSeverity() == DiagnosticSeverity::Warning ? wick::compiler::Diagnostic::Warning
                                                                  : wick::compiler::Diagnostic::Remark;
        setSource(e, d.getLocation());
        e.message = d.str();
        std::lock_guard guard(*lock);
        out.push_back(std::move(e));
        return success();
      }) {}

static std::string joined(const std::vector<std::pair<std::string, std::string>> &pairs, const char *between) {
  std::string text;
  for (const auto &[name, value] : pairs)
    text += (text.empty() ? "" : ", ") + (name.empty() ? "none" : name + between + value);
  return text;
}

std::string Diagnostic::text() const {
  static constexpr const char *kinds[] = {"error", "warning", "remark", "not supported"};
  std::string what = graph::SourceOp{op, opset, ""}.text();
  std::string text = std::string(kinds[kind]) + ": ";
  if (!node.empty())
    text += "node '" + node + "'" + (what.empty() ? "" : " (" + what + ")") + ": ";
  text += message;
  if (!operands.empty())
    text += "\n  operands: " + joined(operands, ": ");
  if (!attributes.empty())
    text += "\n  attributes: " + joined(attributes, "=");
  if (nodes.size() > 1) {
    text += "\n  " + std::to_string(nodes.size()) + " nodes: ";
    constexpr size_t most = 8;
    for (size_t i = 0; i < std::min(nodes.size(), most); ++i)
      text += (i ? ", '" : "'") + nodes[i] + "'";
    text += nodes.size() > most ? ", ..." : "";
  }
  if (!hint.empty())
    text += "\n  hint: " + hint;
  return text;
}

} // namespace wick::compiler
