// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SourceOptions.h. An option of the importers has one row in the table below.
//
#include "compiler/pipeline/SourceOptions.h"

#include "compiler/frontend/export/Export.h"
#include "compiler/frontend/saved/SavedGraph.h"
#include "compiler/frontend/torchscript/Importer.h"

#include "llvm/Support/FileSystem.h"

namespace wick::compiler {

SourceKind sourceKind(const CompileRequest &request) {
  if (!request.startAt.empty())
    return SourceKind::Ir;
  if (isSavedGraph(request.input))
    return SourceKind::Saved;
  if (isExportFile(request.input))
    return SourceKind::Export;
  return isTorchScriptFile(request.input) ? SourceKind::Script : SourceKind::Onnx;
}

static constexpr unsigned bit(SourceKind kind) { return 1u << unsigned(kind); }

static constexpr unsigned script = bit(SourceKind::Script), onnxOrScript = script | bit(SourceKind::Onnx),
                          models = onnxOrScript | bit(SourceKind::Export);

/// "TorchScript archives", "ONNX models and TorchScript archives".
static std::string nameOf(unsigned kinds) {
  std::vector<std::string> names;
  if (kinds & bit(SourceKind::Onnx))
    names.push_back("ONNX models");
  if (kinds & bit(SourceKind::Script))
    names.push_back("TorchScript archives");
  if (kinds & bit(SourceKind::Export))
    names.push_back("exported programs");
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

std::vector<std::string> optionProblems(const CompileRequest &r) {
  struct Option {
    const char *name;
    bool isGiven;
    unsigned kinds; ///< that have it
  };
  const Option options[] = {
      {"--dim", !r.dims.empty(), models},
      {"--shape", !r.shapes.empty(), models},
      {"--keep", !r.keep.empty(), models},
      {"--specialize", !r.specialize.empty(), models},
      {"--method", !r.method.empty(), script},
      {"--set", !r.values.empty(), script},
      {"--quantized-engine", !r.quantizedEngine.empty(), script},
      {"--eval", r.eval, script},
      {"--fresh", r.fresh, script},
      {"--assume-no-raise", r.assumeNoRaise, script},
      {"--accept-keyword-names", r.keywordNames, script},
      {"--max-unroll", r.maxUnroll.has_value(), onnxOrScript},
      {"--max-steps", r.maxSteps.has_value(), script},
      {"--max-ops", r.maxOps.has_value(), models},
      {"--max-elements", r.maxElements.has_value(), models},
      {"--max-nesting", r.maxNesting.has_value(), models},
  };
  std::vector<std::string> problems;
  bool isAnyGiven = false;
  for (const Option &o : options)
    isAnyGiven |= o.isGiven;
  if (!isAnyGiven || !llvm::sys::fs::exists(r.input))
    return problems;
  SourceKind kind = sourceKind(r);
  for (const Option &o : options)
    if (o.isGiven && !(o.kinds & bit(kind)))
      problems.push_back(std::string(o.name) + " is for " + nameOf(o.kinds) + ", and '" + r.input + "' is " +
                         (kind == SourceKind::Ir      ? "IR, in which that is settled"
                          : kind == SourceKind::Saved ? "a saved graph, in which that is settled"
                          : o.kinds == script         ? "none"
                                                      : "none of these"));
  return problems;
}

} // namespace wick::compiler
