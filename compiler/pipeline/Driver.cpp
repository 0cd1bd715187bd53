// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Driver.h. A compilation is a straight walk over the phases of Phase.h.
//
#include "compiler/pipeline/Driver.h"

#include "compiler/frontend/export/Export.h"
#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/saved/SavedGraph.h"
#include "compiler/frontend/torchscript/Importer.h"
#include "compiler/package/Package.h"
#include "compiler/pipeline/Diagnostics.h"
#include "compiler/pipeline/ImportedModule.h"
#include "compiler/pipeline/Phase.h"
#include "compiler/pipeline/Pipelines.h"
#include "compiler/pipeline/SourceOptions.h"
#include "compiler/pipeline/Variants.h"
#include "dialects/graph/Sources.h"
#include "runtime/format/Checksum.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <set>

using namespace mlir;

namespace wick::compiler {

namespace {
class Compilation {
public:
  Compilation(const CompileRequest &request, CompileReport &report, ImportedModule imported = {})
      : request(request), report(report), weights(std::move(imported.weights)), context(std::move(imported.context)),
        module(std::move(imported.module)) {
    DialectRegistry registry;
    registry.insert<graph::WickDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                    vector::VectorDialect, LLVM::LLVMDialect>();
    if (!context)
      context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
    context->appendDialectRegistry(registry);
    context->loadAllAvailableDialects();
    collector.emplace(context.get(), report.diagnostics);
  }

  void run() {
    if (!module) // one from this process has had its options
      for (const std::string &problem : optionProblems(request)) {
        report.diagnostics.push_back({Diagnostic::Error, "", "", problem});
        report.outcome = Outcome::Usage;
      }
    if (report.outcome == Outcome::Usage || !chooseSlices())
      return;
    bool started = request.startAt.empty();
    for (const Phase &phase : phases) {
      if (!started && phase.name != request.startAt) {
        continue;
      }
      if (!started && !parseIr())
        return;
      started = true;
      if (phase.name == "codegen" && !request.specialize.empty() && !timed("variants", [&] { return makeVariants(); }))
        return;
      if (!timed(phase.name, [&] { return runPhase(phase.name); }))
        return;
      dump(phase.name);
      if (request.portable && phase.name == "import") {
        save();
        return;
      }
      if (phase.name == request.stopAfter) {
        report.ir = print();
        return;
      }
    }
    if (!started)
      fail("there is no phase '" + request.startAt + "'");
  }

private:
  bool fail(std::string message, std::string node = "") {
    report.outcome = Outcome::Error;
    if (!message.empty())
      report.diagnostics.push_back({Diagnostic::Error, std::move(node), "", std::move(message)});
    return false;
  }
  bool timed(std::string_view phase, llvm::function_ref<bool()> work) {
    auto begin = std::chrono::steady_clock::now();
    tell(phase, 0, 0);
    bool ok = work();
    std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    report.times.push_back({std::string(phase), took.count()});
    return ok;
  }
  void tell(std::string_view phase, size_t done, size_t total) {
    if (request.progress)
      request.progress(phase, done, total);
  }

  bool chooseSlices() {
    if (request.slices.empty()) {
      slices.assign(codegen::cpuSlices().begin(), codegen::cpuSlices().end());
      return true;
    }
    for (const std::string &name : request.slices) {
      const codegen::CpuSlice *s = name == "native" ? codegen::hostSlice() : codegen::findCpuSlice(name);
      if (!s)
        return fail(name == "native" ? "this machine runs none of the targets; it lacks AVX2 or FMA"
                                     : "there is no target '" + name + "'");
      slices.push_back(*s);
    }
    return true;
  }

  bool runPhase(std::string_view name) {
    if (name == "import" && !(module ? adopt() : import()))
      return false;
    if (name == "schedule")
      return makeSchedule();
    if (name == "codegen")
      return codegenPhase();
    if (name == "package")
      return package();
    PassManager pm(context.get());
    pm.enableVerifier(true);
    if (!request.dumpDir.empty()) { // a failing pass leaves what is needed to run it again
      llvm::sys::fs::create_directories(request.dumpDir);
      pm.enableCrashReproducerGeneration(request.dumpDir + "/reproducer-" + std::string(name) + ".mlir");
    }
    buildPhase(StringRef(name), pm, request.remarks, request.without);
    if (failed(pm.run(*module)))
      return fail(report.diagnostics.empty() ? "phase " + std::string(name) + " failed" : "");
    return true;
  }

  bool parseIr() {
    module = parseSourceFile<ModuleOp>(request.input, ParserConfig(context.get()));
    return module ? true : fail("cannot read IR from " + request.input);
  }

  /// A module from this process: it is its own source.
  bool adopt() {
    if (failed(verify(*module)))
      return fail("");
    format::Sha256 hash;
    std::string text = print();
    hash.update(text.data(), text.size());
    for (size_t i = 0; i < weights.size(); ++i) {
      auto bytes = weights.bytes("w" + std::to_string(i));
      hash.update(bytes.data(), bytes.size());
    }
    digest = format::toHex(hash.finish());
    return true;
  }

  bool import() {
    ImportOptions options;
    options.dims = request.dims;
    options.shapes = request.shapes;
    options.keep = request.keep;
    ImportResult result = importFile(options);
    for (const onnx::Problem &p : result.problems) {
      auto kind = !p.isError                                       ? Diagnostic::Warning
                  : result.kind == ImportResult::Kind::Unsupported ? Diagnostic::Unsupported
                                                                   : Diagnostic::Error;
      const onnx::ProblemContext &c = p.context;
      report.diagnostics.push_back({kind, p.node, p.op, p.message, c.opset, c.operands, c.attributes, c.hint, c.nodes});
    }
    if (result.kind == ImportResult::Kind::Unsupported) {
      report.outcome = Outcome::Unsupported;
      return false;
    }
    if (result.kind == ImportResult::Kind::Error || !result.module)
      return fail(report.diagnostics.empty() ? "cannot import " + request.input : "");
    module = std::move(result.module);
    if (failed(verify(*module)))
      return fail("");
    return true;
  }

  /// By content: PyTorch's archives are zip files (or pickles, to be refused by name), ONNX models are not.
  ImportResult importFile(ImportOptions options) {
    auto limit = [](auto &value, std::optional<uint64_t> given, uint64_t most = INT64_MAX) {
      if (given)
        value = std::min(*given, most);
    };
    constexpr uint64_t deepest = 100'000; // levels are recursion
    SourceKind kind = sourceKind(request);
    switch (kind) {
    case SourceKind::Saved: {
      std::string source;
      ImportResult result = importSavedGraph(context.get(), request.input, weights, options, source);
      std::copy_n(source.begin(), source.size(), digest.begin()); // 64, or none after an error
      return result;
    }
    case SourceKind::Script: {
      TorchScriptOptions script;
      script.common = options;
      script.method = request.method.empty() ? script.method : request.method, script.values = request.values;
      script.eval = request.eval, script.fresh = request.fresh, script.assumeNoRaise = request.assumeNoRaise;
      script.keywordNames = request.keywordNames;
      script.qnnpack = request.quantizedEngine == "qnnpack";
      limit(script.maxUnroll, request.maxUnroll), limit(script.maxSteps, request.maxSteps);
      limit(script.maxOps, request.maxOps), limit(script.maxElements, request.maxElements);
      limit(script.maxNesting, request.maxNesting, deepest);
      return importTorchScriptFile(context.get(), request.input, weights, script);
    }
    default:
      limit(options.limits.unroll, request.maxUnroll), limit(options.limits.ops, request.maxOps);
      limit(options.limits.elements, request.maxElements);
      limit(options.limits.nesting, request.maxNesting, deepest);
      return kind == SourceKind::Export ? importExportFile(context.get(), request.input, weights, options)
                                        : importOnnxFile(context.get(), request.input, weights, options);
    }
  }

  bool makeSchedule() {
    schedule = buildSchedule(*module);
    for (auto &[loc, why, operands] : schedule.errors) {
      Diagnostic d{Diagnostic::Unsupported, "", "", why};
      setSource(d, loc);
      d.operands = operands;
      report.diagnostics.push_back(std::move(d));
    }
    if (!schedule.errors.empty()) {
      report.outcome = Outcome::Unsupported;
      return false;
    }
    for (const KernelEntry &k : schedule.kernels.kernels())
      report.groups += k.calls;
    report.kernels = schedule.kernels.kernels().size();
    return true;
  }

  /// The programs for --specialize: each is imported and scheduled anew, as with --dim.
  bool makeVariants() {
    if (!request.startAt.empty() || digest[0])
      return fail("--specialize needs a model file: in this IR the dims are settled");
    std::vector<std::string> errors;
    std::vector<VariantDims> wanted = combineVariants(request, schedule.program, errors);
    for (std::string &e : errors)
      fail(std::move(e));
    for (VariantDims &dims : wanted) {
      tell("variants", variants.size(), wanted.size());
      variants.push_back(std::make_unique<Variant>(requestFor(request, dims)));
      Variant &v = *variants.back();
      v.compilation = std::make_unique<Compilation>(v.request, v.report);
      v.compilation->run();
      v.compilation->shareWeights(weights);
      std::string problem;
      if (v.report.outcome == Outcome::Done)
        problem = interfaceProblem(schedule.program, v.compilation->schedule.program);
      takeDiagnostics(v.report, "variant " + variantText(dims) + ": ");
      if (!problem.empty())
        fail("variant " + variantText(dims) + ": " + problem);
      else if (report.outcome == Outcome::Done)
        report.outcome = v.report.outcome;
      report.variants.push_back({std::move(dims), v.report.groups, v.report.kernels});
    }
    return report.outcome == Outcome::Done;
  }

  /// Refers to the bytes of `general`, which outlives this, where the weight of the same number
  /// is equal: decoded weights lie in memory once for all variants.
  void shareWeights(const WeightStore &general) {
    auto own = std::make_shared<WeightStore>(std::move(weights));
    weights = WeightStore();
    for (size_t i = 0; i < own->size(); ++i) {
      std::string id = "w" + std::to_string(i);
      bool isEqual = own->bytes(id) == general.bytes(id);
      weights.add(isEqual ? general.bytes(id) : own->bytes(id), isEqual ? nullptr : own, own->name(id));
    }
  }

  /// What a variant has to say that the general program has not.
  void takeDiagnostics(const CompileReport &from, const std::string &prefix) {
    std::set<std::string> known;
    for (const Diagnostic &d : report.diagnostics)
      known.insert(d.text());
    for (Diagnostic d : from.diagnostics) {
      if (known.contains(d.text()))
        continue;
      d.message = prefix + d.message;
      report.diagnostics.push_back(std::move(d));
    }
  }

  /// The kernels of the general program and its variants, each once.
  void mergeKernels() {
    llvm::StringMap<unsigned> byText;
    auto add = [&](Schedule &s, const WeightStore &store) {
      std::vector<unsigned> numbers;
      for (const KernelEntry &k : s.kernels.kernels()) {
        auto [it, isNew] = byText.try_emplace(k.text, kernels.size());
        if (isNew)
          kernels.push_back(k);
        numbers.push_back(it->second);
      }
      parts.push_back({s, store, std::move(numbers)});
    };
    add(schedule, weights);
    for (const auto &v : variants)
      add(v->compilation->schedule, v->compilation->weights);
    report.kernels = kernels.size();
  }

  bool codegenPhase() {
    mergeKernels();
    std::string error;
    auto progress = [&](size_t done, size_t total) { tell("codegen", done, total); };
    if (failed(compileKernelTable(kernels, slices, request.threads, code, error, progress)))
      return fail(error);
    for (const SliceCode &c : code)
      report.codeBytes += c.like < 0 ? c.image.bytes.size() : 0;
    return true;
  }

  bool package() {
    PackageInput in{std::move(parts), code, "", ""};
    if (request.withGraph) {
      llvm::raw_string_ostream os(in.graph);
      BytecodeWriterConfig config("wick");
      if (failed(writeBytecodeToFile(*module, os, config)))
        return fail("cannot write the graph");
    }
    if (!sourceHash(in.manifestMembers))
      return false;
    std::string error;
    if (failed(writeWick(in, request.output, report.weightBytes, error)))
      return fail(error);
    return true;
  }

  bool save() {
    std::string members, error;
    if (!sourceHash(members))
      return false;
    return succeeded(saveGraph(*module, weights, members, request.output, error)) || fail(error);
  }

  /// The source's SHA-256 and what the result depends on besides it.
  bool sourceHash(std::string &members) {
    if (!digest[0]) {
      auto file = llvm::MemoryBuffer::getFile(request.input, /*IsText=*/false, /*RequiresNullTerminator=*/false);
      if (!file)
        return fail("cannot read " + request.input);
      digest = format::toHex(format::Sha256::of((*file)->getBufferStart(), (*file)->getBufferSize()));
    }
    members = "\"source\": {\"sha256\": \"" + std::string(digest.data(), 64) +
              "\"}, \"compiler\": \"" WICK_VERSION "\", \"precision\": \"strict\"";
    return true;
  }

  std::string print() {
    std::string text;
    llvm::raw_string_ostream os(text);
    if (module)
      module->print(os, OpPrintingFlags().enableDebugInfo(false));
    return text;
  }

  void dump(std::string_view phase) {
    if (request.dumpDir.empty() || !module)
      return;
    llvm::sys::fs::create_directories(request.dumpDir);
    llvm::SmallString<256> path(request.dumpDir);
    size_t number = 0;
    while (phases[number].name != phase)
      ++number;
    llvm::sys::path::append(path, std::to_string(number) + "-" + std::string(phase) + ".mlir");
    std::error_code ec;
    llvm::raw_fd_ostream os(path, ec);
    if (!ec)
      os << print();
  }

  /// One program of --specialize, up to its schedule.
  struct Variant {
    explicit Variant(CompileRequest request) : request(std::move(request)) {}
    CompileRequest request;
    CompileReport report;
    std::unique_ptr<Compilation> compilation;
  };

  const CompileRequest &request;
  CompileReport &report;
  WeightStore weights; // before the context: attributes may refer to its bytes
  std::unique_ptr<MLIRContext> context;
  std::optional<DiagnosticCollector> collector;
  OwningOpRef<ModuleOp> module;
  std::array<char, 64> digest = {}; ///< of what the module was made from, where that is not the input file; else zeros
  std::vector<codegen::CpuSlice> slices;
  Schedule schedule;
  std::vector<std::unique_ptr<Variant>> variants;
  std::vector<KernelEntry> kernels; ///< of all programs
  std::vector<PackagePart> parts;   ///< all programs, the general one first
  std::vector<SliceCode> code;
};
} // namespace

std::vector<std::string> optionalSteps() { return {std::begin(optionalStepNames), std::end(optionalStepNames)}; }

std::vector<std::pair<std::string, std::string>> supportedOps() { return knownOps(); }

CompileReport compile(const CompileRequest &request) { return compile(request, ImportedModule{}); }

CompileReport compile(const CompileRequest &request, ImportedModule imported) {
  CompileReport report;
  {
    Compilation c(request, report, std::move(imported));
    c.run();
  }
  if (report.outcome == Outcome::Done)
    for (const Diagnostic &d : report.diagnostics)
      if (d.kind == Diagnostic::Error)
        report.outcome = Outcome::Error;
  return report;
}

} // namespace wick::compiler
