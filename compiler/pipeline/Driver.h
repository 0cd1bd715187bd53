// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler as a library: a model file in, a package (or IR at a phase
// boundary) out. What the tools call; no tool adds logic of its own. Thread-safe
// across requests.
//
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace wick::compiler {

/// Usage: an option that has no meaning for the file; nothing was read.
enum class Outcome { Done = 0, Usage = 1, Error = 2, Unsupported = 3 };

struct CompileRequest {
  std::string input;               ///< .onnx, .pt, .pt2, .wgraph, or .mlir together with `startAt`
  std::string output;              ///< the .wick file; not written with `stopAfter`
  bool portable = false;           ///< write a saved graph (compiler/frontend/saved) after import, and end
  std::vector<std::string> slices; ///< names of compiler/codegen/cpu/CpuTarget.h; empty: all; "native": hostSlice()
  std::vector<std::pair<std::string, std::string>> dims;   ///< --dim name=value or name=lo..hi
  std::vector<std::pair<std::string, std::string>> shapes; ///< --shape input=1x3x?x?
  /// --specialize name=value,value: further programs in the package with these dims fixed, for every
  /// combination of values (pipeline/Variants.h); needs `input` to be a model file
  std::vector<std::pair<std::string, std::string>> specialize;
  std::vector<std::string> keep;    ///< values that become outputs as well
  std::vector<std::string> without; ///< steps of optionalSteps() to leave out
  unsigned threads = 0;             ///< 0: as many as the machine has; never changes the output
  bool withGraph = true;            ///< keep graph.mlirbc in the package
  std::string stopAfter, startAt;   ///< phase names
  std::string dumpDir;              ///< IR after every phase, if set
  bool remarks = false;             ///< collect why kernels end and which transposes stay
  // TorchScript archives (compiler/frontend/torchscript/Importer.h)
  std::string method;                                      ///< --method; empty: forward
  std::vector<std::pair<std::string, std::string>> values; ///< --set argument=value
  std::string quantizedEngine;                             ///< --quantized-engine: x86 (also when empty) or qnnpack
  bool eval = false, fresh = false, assumeNoRaise = false, keywordNames = false;
  /// Limits of the importers; none: their own.
  std::optional<uint64_t> maxUnroll, maxSteps, maxOps, maxElements, maxNesting;
  /// Called when a phase begins and as codegen advances (done of total), on the
  /// calling thread.
  std::function<void(std::string_view phase, size_t done, size_t total)> progress;
};

struct Diagnostic {
  enum Kind { Error, Warning, Remark, Unsupported } kind;
  std::string node, op; ///< source node and its op; empty when not at a node
  std::string message;
  int64_t opset = 0; ///< version of the op's domain in the model; 0: unknown
  std::vector<std::pair<std::string, std::string>> operands = {};   ///< name and type; name "" where left out
  std::vector<std::pair<std::string, std::string>> attributes = {}; ///< name and value
  std::string hint = {};                                            ///< what to do about it; may be empty
  std::vector<std::string> nodes = {}; ///< all nodes with this problem; empty: `node` alone
  /// One line with what is wrong, and indented lines with the rest.
  std::string text() const;
};

struct PhaseTime {
  std::string name;
  double ms;
};

struct VariantReport {
  std::vector<std::pair<std::string, int64_t>> dims; ///< that it fixes
  unsigned groups = 0, kernels = 0;                  ///< as in CompileReport, of the variant
};

struct CompileReport {
  Outcome outcome = Outcome::Done;
  std::vector<Diagnostic> diagnostics;
  std::vector<PhaseTime> times;
  unsigned groups = 0;  ///< kernel calls of the general program
  unsigned kernels = 0; ///< distinct kernels in the package
  std::vector<VariantReport> variants;
  uint64_t weightBytes = 0, codeBytes = 0;
  std::string ir; ///< with stopAfter
};

/// Names of the steps that a compilation can do without, in the order in which they run.
std::vector<std::string> optionalSteps();

/// Ops of ONNX that have an importer, sorted: the op, and the graph op that it is a row of ("" for compositions).
std::vector<std::pair<std::string, std::string>> supportedOps();

CompileReport compile(const CompileRequest &request);

} // namespace wick::compiler
