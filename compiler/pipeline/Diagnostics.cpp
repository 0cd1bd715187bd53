// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Diagnostics.h.
//
#include "compiler/pipeline/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/SetVector.h"

#include <mutex>

using namespace mlir;

namespace wick::compiler {

static void collect(Location loc, llvm::SmallSetVector<StringAttr, 4> &names) {
  if (auto n = dyn_cast<NameLoc>(loc))
    names.insert(n.getName());
  else if (auto f = dyn_cast<FusedLoc>(loc))
    for (Location l : f.getLocations())
      collect(l, names);
}

std::string sourceNames(Location loc) {
  llvm::SmallSetVector<StringAttr, 4> names;
  collect(loc, names);
  std::string text;
  for (StringAttr n : names)
    text += (text.empty() ? "" : ", ") + n.getValue().str();
  return text;
}

DiagnosticCollector::DiagnosticCollector(MLIRContext *ctx, std::vector<wick::compiler::Diagnostic> &out)
    : handler(ctx, [&out, lock = std::make_shared<std::mutex>()](mlir::Diagnostic &d) {
        wick::compiler::Diagnostic e;
        e.kind = d.getSeverity() == DiagnosticSeverity::Error     ? wick::compiler::Diagnostic::Error
                 : d.getSeverity() == DiagnosticSeverity::Warning ? wick::compiler::Diagnostic::Warning
                                                                  : wick::compiler::Diagnostic::Remark;
        e.node = sourceNames(d.getLocation());
        e.message = d.str();
        std::lock_guard guard(*lock);
        out.push_back(std::move(e));
        return success();
      }) {}

std::string Diagnostic::text() const {
  static constexpr const char *kinds[] = {"error", "warning", "remark", "not supported"};
  std::string where = node.empty() ? "" : "node '" + node + "'" + (op.empty() ? "" : " (" + op + ")") + ": ";
  std::string times = count > 1 ? " (" + std::to_string(count) + " nodes)" : "";
  return std::string(kinds[kind]) + ": " + where + message + times;
}

} // namespace wick::compiler
