// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wick inspect: what is in a package. Reads tables only; code is copied out at
// most, never mapped for execution.
//
#include "tools/wick/Inspect.h"

#include "runtime/format/DType.h"
#include "runtime/format/SizeModel.h"
#include "tools/support/HostTensor.h"
#include "tools/wick/Cli.h"

#include <map>
#include <memory>
#include <set>

namespace wick::tools {

using format::ProgramView;

bool parseDims(const std::vector<std::string> &texts, DimValues &dims, std::string &error) {
  for (const std::string &text : texts) {
    auto [name, value] = splitAssignment(text);
    char *end = nullptr;
    long long number = std::strtoll(value.c_str(), &end, 10);
    if (value.empty() || *end || number < 0) {
      error = "dim '" + name + "': '" + value + "' is not a size";
      return false;
    }
    dims.emplace_back(name, number);
  }
  return true;
}

static Json text(const ProgramView &p, abi::StringRecord s) { return std::string(p.text(s)); }

static Json shapeJson(const std::vector<int64_t> &dims) {
  Json shape = Json::array();
  for (int64_t d : dims)
    shape.push(d < 0 ? Json() : Json(d));
  return shape;
}

/// Dims as numbers, names, or null where they are expressions.
static Json valuesJson(const ProgramView &p, std::span<const abi::ValueRecord> values,
                       const std::vector<std::vector<int64_t>> &shapes) {
  Json list = Json::array();
  for (size_t i = 0; i < values.size(); ++i) {
    Json dims = Json::array();
    for (const abi::DimRecord &d : p.dimsOf(values[i]))
      dims.push(d.value >= 0 ? Json(d.value) : d.symbol != format::kNone ? text(p, p.symbols[d.symbol].name) : Json());
    Json value = Json::object();
    value.add("name", text(p, values[i].name)).add("dtype", format::dtypeName(values[i].dtype)).add("dims", dims);
    value.add("shape", shapeJson(shapes[i]));
    if (values[i].aliasInput != format::kNone)
      value.add("alias_input", static_cast<int64_t>(values[i].aliasInput));
    list.push(value);
  }
  return list;
}

static std::string strategyOf(const ProgramView &p, const abi::KernelRecord &kernel) {
  return kernel.strategy < p.strings.size() ? std::string(p.text(p.strings[kernel.strategy])) : "?";
}

/// Each kernel with its calls' source nodes; returns the number of calls.
static uint64_t kernelsJson(const ProgramView &p, Json &kernels, Json &strategies) {
  std::vector<uint64_t> calls(p.kernels.size(), 0);
  std::vector<Json> nodes(p.kernels.size(), Json::array());
  uint64_t total = 0;
  for (const abi::InstrRecord &i : p.instrs)
    if (i.op == uint16_t(format::Op::Call)) {
      ++total;
      ++calls[i.a];
      nodes[i.a].push(std::string(p.nodeName(i.node)));
    }
  std::map<std::string, int64_t> byStrategy;
  for (size_t k = 0; k < p.kernels.size(); ++k) {
    std::string strategy = strategyOf(p, p.kernels[k]);
    ++byStrategy[strategy];
    kernels.push(Json::object()
                     .add("name", text(p, p.kernels[k].name))
                     .add("strategy", strategy)
                     .add("calls", calls[k])
                     .add("nodes", nodes[k]));
  }
  for (const auto &[name, count] : byStrategy)
    strategies.add(name, count);
  return total;
}

static Json weightsJson(const ProgramView &p) {
  std::set<std::pair<uint64_t, uint64_t>> pieces;
  uint64_t used = 0;
  auto add = [&](const ProgramView &program) {
    for (const abi::BufferRecord &b : program.buffers)
      if (b.kind == uint8_t(format::BufferKind::Weight) && pieces.insert({b.offset, b.size}).second)
        used += b.size;
  };
  add(p);
  for (size_t k = 0; k < p.variants.size(); ++k)
    add(p.variant(k));
  const abi::BlobRecord *blob = p.weights();
  return Json::object()
      .add("bytes", blob ? blob->size : uint64_t(0))
      .add("tensors", static_cast<uint64_t>(pieces.size()))
      .add("tensor_bytes", used);
}

Json fixedDims(const ProgramView &p, const ProgramView &variant) {
  Json fixed = Json::object();
  std::set<uint32_t> seen;
  for (size_t i = 0; i < p.inputs.size(); ++i)
    for (uint32_t d = 0; d < p.inputs[i].rank; ++d) {
      const abi::DimRecord &dim = p.dimsOf(p.inputs[i])[d], &now = variant.dimsOf(variant.inputs[i])[d];
      if (dim.value < 0 && dim.symbol != format::kNone && now.value >= 0 && seen.insert(dim.symbol).second)
        fixed.add(std::string(p.text(p.symbols[dim.symbol].name)), now.value);
    }
  return fixed;
}

/// What a run with the dims of a variant uses; its sizes are for the smallest dims that it leaves open.
static Json variantJson(const ProgramView &p, const ProgramView &variant, const InspectParts &parts) {
  format::SizeModel sizes;
  std::string refusal;
  bool sized = format::sizesFor(variant, {}, sizes, refusal);
  Json kernels = Json::array(), strategies = Json::object();
  uint64_t calls = kernelsJson(variant, kernels, strategies);
  Json facts = Json::object();
  facts.add("dims", fixedDims(p, variant))
      .add("arena_bytes", sized ? Json(sizes.arenaBytes) : Json())
      .add("scratch_bytes_per_worker", sizes.scratchBytes)
      .add("arena_complete", sized && sizes.isComplete)
      .add("groups", calls)
      .add("distinct_kernels", static_cast<uint64_t>(variant.kernels.size()))
      .add("strategies", strategies)
      .add("instructions", static_cast<uint64_t>(variant.instrs.size()));
  if (parts.kernels)
    facts.add("kernels", kernels);
  if (parts.schedule) {
    Json lines = Json::array();
    for (std::string &line : scheduleLines(variant))
      lines.push(std::move(line));
    facts.add("schedule", lines);
  }
  return facts;
}

bool describePackage(const PackageFile &package, const std::string &path, const DimValues &given,
                     const InspectParts &parts, Json &facts, std::string &error) {
  const ProgramView &p = package.program;
  format::SizeModel sizes;
  std::string refusal;
  if (!format::sizesFor(p, given, sizes, refusal) && (!given.empty() || sizes.inputs.size() != p.inputs.size())) {
    error = refusal;
    return false;
  }
  Json dims = Json::array(), slices = Json::array(), entries = Json::array(), kernels = Json::array(),
       strategies = Json::object();
  for (size_t i = 0; i < p.symbols.size(); ++i) {
    Json dim = Json::object();
    dim.add("name", text(p, p.symbols[i].name)).add("min", p.symbols[i].min);
    if (p.symbols[i].max != INT64_MAX)
      dim.add("max", p.symbols[i].max);
    dims.push(dim.add("value", sizes.symbols[i]));
  }
  for (size_t i = 0; i < p.slices.size(); ++i)
    slices.push(Json::object().add("name", text(p, p.slices[i].name)).add("code_bytes", package.codeBytes(i)));
  format::PackageEntry entry;
  for (uint64_t cursor = 0; package.reader.next(cursor, entry);)
    entries.push(
        Json::object().add("name", std::string(entry.name)).add("offset", entry.offset).add("size", entry.size));
  uint64_t calls = kernelsJson(p, kernels, strategies);
  Json variants = Json::array();
  for (size_t k = 0; k < p.variants.size(); ++k)
    variants.push(variantJson(p, p.variant(k), parts));
  facts = Json::object();
  facts.add("file", path)
      .add("file_bytes", static_cast<uint64_t>(package.bytes.size()))
      .add("manifest", package.manifest)
      .add("inputs", valuesJson(p, p.inputs, sizes.inputs))
      .add("outputs", valuesJson(p, p.outputs, sizes.outputs))
      .add("dims", dims)
      .add("variants", variants)
      .add("slices", slices)
      .add("entries", entries)
      .add("weights", weightsJson(p))
      .add("arena_bytes", refusal.empty() ? Json(sizes.arenaBytes) : Json())
      .add("scratch_bytes_per_worker", sizes.scratchBytes)
      .add("arena_complete", sizes.isComplete && refusal.empty())
      .add("groups", calls)
      .add("distinct_kernels", static_cast<uint64_t>(p.kernels.size()))
      .add("strategies", strategies)
      .add("instructions", static_cast<uint64_t>(p.instrs.size()));
  if (!refusal.empty()) // the smallest dims are none that it runs with
    facts.add("refusal", refusal);
  if (parts.kernels)
    facts.add("kernels", kernels);
  if (parts.schedule) {
    Json lines = Json::array();
    for (std::string &line : scheduleLines(p))
      lines.push(std::move(line));
    facts.add("schedule", lines);
  }
  return true;
}

static int extractCode(const PackageFile &package, const std::vector<std::string> &what) {
  size_t slice = package.findSlice(what[0]);
  if (slice == package.program.slices.size()) {
    std::string known;
    for (const abi::SliceRecord &s : package.program.slices)
      known += (known.empty() ? "" : ", ") + std::string(package.program.text(s.name));
    return fail("there is no slice '" + what[0] + "'; the package has: " + (known.empty() ? "none" : known));
  }
  const abi::BlobRecord &blob = package.program.blobs[package.program.slices[slice].blob];
  std::string error, bytes(reinterpret_cast<const char *>(package.bytes.data()) + blob.offset, blob.size);
  return writeFile(what[1], {bytes}, error) ? kDone : fail(error);
}

static const char kFooter[] =
    "Reads the tables of a .wick file: inputs, outputs, named dims, code slices, sizes, and how the graph became\n"
    "kernels. The arena is computed for the dims given, or for the smallest ones. Code is never mapped or run.\n"
    "\nExamples:\n"
    "  wick inspect model.wick\n"
    "  wick inspect model.wick --kernels --dim batch=8        kernels with the nodes they come from\n"
    "  wick inspect model.wick --extract-code x86-64-v3 code.elf && objdump -d code.elf\n"
    "\nExit status: 0 done, 1 wrong usage, 2 error.";

void addInspect(CLI::App &app, Action &action) {
  struct Options {
    std::string file;
    std::vector<std::string> dims, extract;
    InspectParts parts;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App *sub = app.add_subcommand("inspect", "Show what is in a .wick file");
  sub->footer(kFooter);
  sub->add_option("model", options->file, "The .wick file")->type_name("FILE")->required();
  addRepeated(*sub, "--dim", options->dims, "Size of a named dim, for shapes and the arena")
      ->type_name("NAME=VALUE")
      ->check(assignment("NAME=VALUE"));
  sub->add_flag("--kernels", options->parts.kernels, "List the kernels with their source nodes");
  sub->add_flag("--schedule", options->parts.schedule, "List the instructions that the runtime interprets");
  sub->add_option("--extract-code", options->extract, "Write a slice's code image (an ELF file)")
      ->type_name("SLICE FILE")
      ->expected(2);
  sub->add_flag("--json", options->json, "Everything for machines");
  sub->callback([options, &action] {
    action = [options]() -> int {
      PackageFile package;
      std::string error;
      DimValues dims;
      Json facts;
      if (!package.open(options->file, error))
        return fail(error);
      if (!options->extract.empty())
        return extractCode(package, options->extract);
      if (!parseDims(options->dims, dims, error))
        return fail(error, kUsage);
      if (!describePackage(package, options->file, dims, options->parts, facts, error))
        return fail(error);
      if (options->json)
        printJson(facts);
      else
        printFacts(facts);
      return kDone;
    };
  });
}

} // namespace wick::tools
