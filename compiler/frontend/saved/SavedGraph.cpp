// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writing and reading of saved graphs. The file comes from anybody: ids of weights,
// their sizes and the graph itself are checked before the compiler trusts them.
//
#include "compiler/frontend/saved/SavedGraph.h"

#include "compiler/eval/OpEval.h"
#include "compiler/frontend/torch/archive/ZipReader.h"
#include "dialects/graph/Graph.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "runtime/format/FileKind.h"
#include "runtime/format/Manifest.h"
#include "runtime/format/PackageWriter.h"
#include "runtime/format/ZipLayout.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

#include <map>
#include <set>

using namespace mlir;
namespace wick::compiler {

static constexpr char graphEntry[] = "graph.mlirbc", manifestEntry[] = "manifest.json";

/// The number of id "w12", or nothing.
static std::optional<unsigned> numberOf(StringRef id) {
  unsigned n;
  if (!id.consume_front("w") || id.getAsInteger(10, n) || id != std::to_string(n))
    return std::nullopt;
  return n;
}

LogicalResult saveGraph(ModuleOp module, const WeightStore &weights, const std::string &members,
                        const std::string &path, std::string &error) {
  std::string graph;
  llvm::raw_string_ostream os(graph);
  if (failed(writeBytecodeToFile(module, os, BytecodeWriterConfig("wick"))))
    return error = "cannot write the graph", failure();
  std::set<unsigned> used;
  module.walk([&](graph::WeightOp op) {
    if (auto n = numberOf(op.getId()))
      used.insert(*n);
  });
  std::vector<format::NamedEntry> entries{{graphEntry, format::EntrySource::fromMemory(graph)}};
  std::string names;
  for (unsigned n : used) {
    std::string id = "w" + std::to_string(n);
    auto bytes = weights.bytes(id);
    entries.push_back({"weights/" + id,
                       format::EntrySource::fromMemory({reinterpret_cast<const char *>(bytes.data()), bytes.size()})});
    names += (names.empty() ? "\n    \"" : ",\n    \"") + id + "\": " + format::jsonQuote(weights.name(id).str());
  }
  std::string all = "\"format\": \"wick graph\",\n  \"version\": " + std::to_string(savedGraphVersion) + ",\n  " +
                    members + ",\n  \"weights\": {" + names + "}";
  return success(format::writeArchive(path, format::kGraphMimetype, entries, all, error));
}

bool isSavedGraph(const std::string &path) { return format::fileKind(path) == format::FileKind::SavedGraph; }

namespace {
class Reader {
public:
  Reader(MLIRContext *context, WeightStore &weights) : context(context), weights(weights) {}
  /// Empty when the module was read.
  std::string read(const std::string &path);
  OwningOpRef<ModuleOp> module;
  std::string source;

private:
  std::string readWeights(const llvm::json::Object &names);
  std::string checkWeights();
  MLIRContext *context;
  WeightStore &weights;
  std::optional<torch::ZipReader> zip;
};
} // namespace

std::string Reader::read(const std::string &path) {
  auto file = torch::mapFile(path);
  if (!file)
    return llvm::toString(file.takeError());
  auto opened = torch::ZipReader::open(*file);
  if (!opened)
    return llvm::toString(opened.takeError());
  zip.emplace(std::move(*opened));
  auto manifest = zip->read(manifestEntry), graph = zip->read(graphEntry);
  if (!manifest || !graph)
    return llvm::toString(llvm::joinErrors(manifest.takeError(), graph.takeError()));
  auto json = llvm::json::parse(StringRef(manifest->data.data(), manifest->data.size()));
  if (!json)
    return std::string(manifestEntry) + ": " + llvm::toString(json.takeError());
  const llvm::json::Object *root = json->getAsObject();
  auto version = root ? root->getInteger("version") : std::nullopt;
  if (version != savedGraphVersion)
    return "the graph was saved in version " + (version ? std::to_string(*version) : "?") + ", this compiler reads " +
           std::to_string(savedGraphVersion) + "; save it again";
  const llvm::json::Object *from = root->getObject("source");
  source = from ? from->getString("sha256").value_or("").str() : "";
  if (source.size() != 64 || !llvm::all_of(source, llvm::isHexDigit))
    return std::string(manifestEntry) + ": there is no SHA-256 of the source";
  if (const llvm::json::Object *names = root->getObject("weights"))
    if (std::string problem = readWeights(*names); !problem.empty())
      return problem;
  module = parseSourceString<ModuleOp>(StringRef(graph->data.data(), graph->data.size()), ParserConfig(context));
  if (!module || failed(verify(*module)) || !module->lookupSymbol<func::FuncOp>("main"))
    return "its graph cannot be read";
  return checkWeights();
}

std::string Reader::readWeights(const llvm::json::Object &names) {
  std::map<unsigned, StringRef> sorted;
  for (auto &[id, name] : names) {
    auto n = numberOf(id);
    if (!n || !name.getAsString() || *n > zip->entries().size() + 1'000'000)
      return std::string(manifestEntry) + ": a weight is called '" + id.str() + "'";
    sorted[*n] = *name.getAsString();
  }
  for (auto [n, name] : sorted) {
    auto bytes = zip->read("weights/w" + std::to_string(n));
    if (!bytes)
      return llvm::toString(bytes.takeError());
    while (weights.size() < n) // ids that nothing uses
      weights.add({}, nullptr);
    weights.add(ArrayRef(reinterpret_cast<const std::byte *>(bytes->data.data()), bytes->data.size()), bytes->owner,
                name);
  }
  return "";
}

/// Every weight of the graph is there and has the bytes that its type says.
std::string Reader::checkWeights() {
  std::string problem;
  module->walk([&](graph::WeightOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    auto bytes = weights.bytes(op.getId());
    uint64_t each = type.hasStaticShape() ? storageBytes(type.getElementType()) : 0;
    if (problem.empty() && (!type.hasStaticShape() || bytes.size() != type.getNumElements() * each))
      problem =
          "weight '" + op.getId().str() + "' has " + std::to_string(bytes.size()) + " bytes, which its type is not of";
  });
  return problem;
}

ImportResult importSavedGraph(MLIRContext *context, const std::string &path, WeightStore &weights,
                              const ImportOptions &options, std::string &source) {
  ImportResult result;
  result.kind = ImportResult::Kind::Error;
  if (!options.dims.empty() || !options.shapes.empty() || !options.keep.empty()) {
    result.problems.push_back({true, "", "",
                               "sizes and outputs of a saved graph are settled: --dim, --shape and "
                               "--keep are for the model that it was saved from"});
    return result;
  }
  context->loadDialect<graph::WickDialect, func::FuncDialect>();
  Reader reader(context, weights);
  if (std::string problem = reader.read(path); !problem.empty()) {
    result.problems.push_back({true, "", "", path + ": " + problem});
    return result;
  }
  result.kind = ImportResult::Kind::Ok;
  source = std::move(reader.source);
  result.module = std::move(reader.module);
  return result;
}

} // namespace wick::compiler
