// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Workers take the next job from a counter. A worker starts a fresh MLIR context
// every few jobs, because types and attributes of finished kernels stay uniqued.
//
#include "compiler/codegen/cpu/KernelCompiler.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <memory>
#include <thread>

namespace wick::codegen {

static void collect(mlir::Diagnostic &diagnostic, std::string &text) {
  llvm::raw_string_ostream os(text);
  if (!text.empty())
    os << '\n';
  os << diagnostic;
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    os << "\nnote: " << note;
}

static void runJob(const KernelJob &job, mlir::MLIRContext &ctx, const CompileOptions &options, KernelResult &result) {
  std::string messages;
  mlir::ScopedDiagnosticHandler handler(&ctx, [&](mlir::Diagnostic &d) {
    if (d.getSeverity() == mlir::DiagnosticSeverity::Error)
      collect(d, messages);
    return mlir::success();
  });
  mlir::OwningOpRef<mlir::ModuleOp> module =
      job.build ? job.build(ctx) : mlir::parseSourceString<mlir::ModuleOp>(job.module, &ctx);
  bool ok = bool(module) && succeeded(mlir::verify(*module));
  if (ok) {
    EmitOptions emit;
    emit.routines = options.routines;
    emit.llvmIr = options.keepLlvmIr ? &result.llvmIr : nullptr;
    emit.assembly = options.keepAssembly ? &result.assembly : nullptr;
    emit.verifyEach = options.verifyEach;
    llvm::SmallVector<char, 0> object;
    ok = succeeded(emitObject(*module, *job.slice, object, emit));
    if (ok)
      result.object = std::move(object);
  }
  if (!ok)
    result.error =
        "kernel '" + job.name + "' for " + job.slice->name + ": " + (messages.empty() ? "no module" : messages);
}

mlir::LogicalResult compileKernels(llvm::ArrayRef<KernelJob> jobs, std::vector<KernelResult> &results,
                                   const CompileOptions &options) {
  results.clear();
  results.resize(jobs.size());
  mlir::DialectRegistry registry;
  registerKernelDialects(registry);
  if (options.registerDialects)
    options.registerDialects(registry);

  constexpr unsigned kJobsPerContext = 32;
  std::atomic<size_t> next{0};
  auto work = [&] {
    std::unique_ptr<mlir::MLIRContext> ctx;
    for (unsigned done = 0;; ++done) {
      size_t i = next.fetch_add(1);
      if (i >= jobs.size())
        return;
      if (done % kJobsPerContext == 0) {
        ctx = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
        ctx->loadAllAvailableDialects();
      }
      runJob(jobs[i], *ctx, options, results[i]);
    }
  };
  size_t threads = options.threads ? options.threads : std::thread::hardware_concurrency();
  threads = std::max<size_t>(1, std::min(threads, jobs.size()));
  std::vector<std::thread> pool;
  for (size_t t = 1; t < threads; ++t)
    pool.emplace_back(work);
  work();
  for (std::thread &thread : pool)
    thread.join();
  for (const KernelResult &result : results)
    if (!result.error.empty())
      return mlir::failure();
  return mlir::success();
}

} // namespace wick::codegen
