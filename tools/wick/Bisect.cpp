// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Bisect.h. Reduction grows from the deviating node backwards until the piece
// alone deviates, then drops nodes while it still does.
//
#include "tools/wick/Bisect.h"

#include "compiler/pipeline/Driver.h"
#include "tools/support/NpzIO.h"
#include "tools/wick/Cli.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <set>

namespace wick::tools {

bool differs(const Question &question, const ScratchFolder &scratch, std::string &error) {
  TensorMap x, y;
  error.clear();
  if (evaluate(question.a, question.inputs, {}, scratch, x, error) ||
      evaluate(question.b, question.inputs, {}, scratch, y, error))
    return false;
  return std::any_of(x.begin(), x.end(), [&](const auto &entry) {
    auto other = y.find(entry.first);
    return other != y.end() && compare(entry.second, other->second, question.tolerance).exceeds;
  });
}

std::string guiltyStep(const Question &asked, const ScratchFolder &scratch, std::string &error) {
  Question q = asked;
  if (q.b.kind != DiffSide::Kind::Compiled) {
    error = "the second side must be compiled here (MODEL.onnx@)";
    return "";
  }
  std::vector<std::string> given = q.b.without;
  for (const std::string &step : compiler::optionalSteps()) {
    q.b.without = given;
    q.b.without.push_back(step);
    if (!differs(q, scratch, error) && error.empty())
      return "at fault: step '" + step + "'; without it the two agree";
  }
  q.b.without = compiler::optionalSteps();
  if (!differs(q, scratch, error) && error.empty())
    return "no step alone is at fault; without all of them the two agree";
  return "no step is at fault: import or code generation is";
}

namespace {
class Reducer {
public:
  Reducer(const Question &question, const std::vector<onnx::Node> &nodes, const ScratchFolder &scratch)
      : asked(question), nodes(nodes), scratch(scratch) {}

  bool collectValues(std::string &error) {
    std::vector<std::string> names;
    for (size_t i = 0; i <= asked.node; ++i)
      for (const std::string &name : nodes[i].outputs)
        if (!name.empty())
          names.push_back(name);
    TensorMap values;
    std::vector<HostTensor> all;
    if (evaluate(asked.a, asked.inputs, names, scratch, values, error) || !readNpz(asked.inputs, all, error))
      return false;
    for (auto &[name, tensor] : values)
      all.push_back(std::move(tensor));
    return writeNpz(scratch.file("values.npz"), all, error);
  }

  /// Whether these nodes alone deviate; leaves piece.onnx and its inputs.
  bool deviates(const std::set<size_t> &chosen) {
    std::string list, error;
    for (size_t i : chosen)
      list += (list.empty() ? "" : ",") + std::to_string(i);
    Question q = asked;
    q.a.path = q.b.path = scratch.file("piece.onnx");
    q.inputs = scratch.file("piece.onnx.npz");
    return !runPeer({"extract", asked.model, list, scratch.file("values.npz"), q.a.path}, scratch, error) &&
           differs(q, scratch, error);
  }

  /// The nodes that make what these read.
  std::set<size_t> withProducers(const std::set<size_t> &chosen) const {
    std::set<size_t> out = chosen;
    for (size_t i : chosen)
      for (const std::string &name : nodes[i].inputs)
        for (size_t p = 0; p < i && !name.empty(); ++p)
          if (std::find(nodes[p].outputs.begin(), nodes[p].outputs.end(), name) != nodes[p].outputs.end())
            out.insert(p);
    return out;
  }

private:
  const Question &asked;
  const std::vector<onnx::Node> &nodes;
  const ScratchFolder &scratch;
};
} // namespace

bool reduceToTest(const Question &question, const std::vector<onnx::Node> &nodes, const std::string &file,
                  const ScratchFolder &scratch, size_t &left, std::string &error) {
  if (question.b.kind != DiffSide::Kind::Compiled || question.a.kind == DiffSide::Kind::Package) {
    error = "the first side must be an .onnx and the second compiled here (MODEL.onnx MODEL.onnx@)";
    return false;
  }
  Reducer reducer(question, nodes, scratch);
  if (!reducer.collectValues(error))
    return false;
  constexpr size_t mostNodes = 64;
  std::set<size_t> chosen{question.node};
  while (!reducer.deviates(chosen)) {
    std::set<size_t> more = reducer.withProducers(chosen);
    if (more == chosen || more.size() > mostNodes) {
      error = "no " + std::to_string(mostNodes) + " nodes before the deviating one deviate alone";
      return false;
    }
    chosen = std::move(more);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i : std::set<size_t>(chosen)) {
      std::set<size_t> fewer = chosen;
      fewer.erase(i);
      if (!fewer.empty() && reducer.deviates(fewer))
        chosen = fewer, changed = true;
    }
  }
  (void)reducer.deviates(chosen); // the files are of the last try
  left = chosen.size();
  llvm::SmallString<128> inputs(file);
  llvm::sys::path::replace_extension(inputs, "npz");
  std::string flags = question.b.text.substr(question.b.text.rfind('@'));
  std::string header = "// Reduced by wick diff: the two sides must agree.\n// REQUIRES: onnx\n"
                       "// RUN: %onnx_text %s -o %t.onnx\n// RUN: env WICK_PYTHON=%python wick diff %t.onnx %t.onnx" +
                       flags + " --input %S/" + llvm::sys::path::filename(inputs).str() + " --tolerance " +
                       llvm::formatv("{0}", question.tolerance).str() + "\n";
  if (llvm::sys::fs::copy_file(scratch.file("piece.onnx.npz"), inputs)) {
    error = "cannot write '" + inputs.str().str() + "'";
    return false;
  }
  return !runPeer({"text", scratch.file("piece.onnx"), file, header}, scratch, error);
}

} // namespace wick::tools
