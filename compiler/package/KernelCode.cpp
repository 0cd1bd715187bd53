// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See KernelCode.h.
//
#include "compiler/package/KernelCode.h"

#include "compiler/codegen/cpu/KernelBuilder.h"
#include "compiler/codegen/cpu/KernelCompiler.h"
#include "passes/cpu/GroupEmitter.h"
#include "runtime/kernels/RoutineBitcode.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace wick::compiler {

/// Emits one canonical kernel as a module of code in the worker's context.
static OwningOpRef<ModuleOp> buildModule(MLIRContext &ctx, const KernelEntry &entry, const codegen::CpuSlice &slice) {
  OwningOpRef<ModuleOp> out(ModuleOp::create(UnknownLoc::get(&ctx)));
  if (entry.strategy == "routine") {
    // The symbol has the kernel convention already; the kernel is a jump to it.
    OpBuilder b(out->getBodyRegion());
    Location loc = b.getUnknownLoc();
    Type ptr = LLVM::LLVMPointerType::get(&ctx), i64 = b.getI64Type(), i32 = b.getI32Type();
    auto type = b.getFunctionType({ptr, ptr, i64, i64, i32, ptr}, {i32});
    auto callee = func::FuncOp::create(b, loc, "wick_r_" + entry.text, type);
    callee.setPrivate();
    auto f = func::FuncOp::create(b, loc, entry.name, type);
    Block *body = f.addEntryBlock();
    b.setInsertionPointToStart(body);
    auto call = func::CallOp::create(b, loc, callee, body->getArguments());
    func::ReturnOp::create(b, loc, call.getResults());
    return out;
  }
  auto source = parseSourceString<ModuleOp>(entry.text, ParserConfig(&ctx));
  if (!source)
    return {};
  auto kernel = *source->getOps<func::FuncOp>().begin();
  unsigned inputs = kernel.getNumArguments(), results = kernel.getNumResults(), symbols = 0;
  AttrTypeWalker walker;
  walker.addWalk([&](AffineMapAttr a) { symbols = std::max(symbols, a.getValue().getNumSymbols()); });
  kernel.walk([&](Operation *op) {
    for (NamedAttribute a : op->getAttrDictionary())
      walker.walk(a.getValue());
    for (Type t : op->getOperandTypes())
      walker.walk(t);
    for (Type t : op->getResultTypes())
      walker.walk(t);
  });
  for (Type t : kernel.getArgumentTypes())
    walker.walk(t);
  SmallVector<codegen::KernelBuffer> buffers;
  auto add = [&](Type t, bool readOnly) {
    buffers.push_back({true, readOnly, cpu::storageBytes(cast<RankedTensorType>(t).getElementType())});
  };
  for (Type t : kernel.getArgumentTypes())
    add(t, true);
  for (Type t : kernel.getResultTypes())
    add(t, false);
  std::string error;
  codegen::buildKernel(*out, {entry.name, buffers, symbols},
                       [&](ImplicitLocOpBuilder &b, const codegen::KernelValues &v) -> Value {
                         cpu::KernelFrame frame{.b = b};
                         frame.inputs.assign(v.buffers.begin(), v.buffers.begin() + inputs);
                         frame.outputs.assign(v.buffers.begin() + inputs, v.buffers.begin() + inputs + results);
                         frame.symbols = v.args;
                         frame.begin = v.begin, frame.end = v.end, frame.scratch = v.scratch;
                         frame.machine = {slice.vectorBytes, slice.numVectorRegs()};
                         auto status = cpu::emitKernel(kernel, frame, error);
                         return succeeded(status) ? *status : Value();
                       });
  if (!error.empty()) {
    emitError(UnknownLoc::get(&ctx)) << error;
    return {};
  }
  return out;
}

/// Whether a kernel may hold integers of at most 16 bits or bf16. Read off its text, where a wrong yes costs time and
/// nothing else. Routines are not looked into.
static bool mayBeNarrow(const KernelEntry &kernel) {
  static constexpr StringLiteral types[] = {"i2", "i4", "i8", "i16", "bf16", "f8", "f4"};
  return kernel.strategy == "routine" ||
         llvm::any_of(types, [&](StringRef t) { return StringRef(kernel.text).contains(t); });
}

LogicalResult compileKernelTable(ArrayRef<KernelEntry> kernels, ArrayRef<codegen::CpuSlice> slices, unsigned threads,
                                 std::vector<SliceCode> &out, std::string &error,
                                 const std::function<void(size_t, size_t)> &progress) {
  StringRef routines(reinterpret_cast<const char *>(wickRoutineBitcode), wickRoutineBitcodeSize);
  // Link order by name, so that it does not depend on the order of calls.
  std::vector<unsigned> order(kernels.size());
  for (unsigned i = 0; i < order.size(); ++i)
    order[i] = i;
  llvm::sort(order, [&](unsigned a, unsigned b) { return kernels[a].name < kernels[b].name; });
  std::vector<SmallVector<char, 0>> objects(kernels.size()), before; // in `order`; of this slice and the one before
  for (auto [s, slice] : llvm::enumerate(slices)) {
    if (progress)
      progress(s * kernels.size(), slices.size() * kernels.size());
    bool likeBefore = s && codegen::differsForNarrowTypesOnly(slice, slices[s - 1]);
    std::swap(objects, before);
    objects.resize(kernels.size());
    std::vector<codegen::KernelJob> jobs;
    std::vector<unsigned> places; // of the jobs, in `order`
    for (auto [place, i] : llvm::enumerate(order)) {
      if (likeBefore && !mayBeNarrow(kernels[i])) {
        objects[place] = before[place];
        continue;
      }
      places.push_back(place);
      codegen::KernelJob job;
      job.name = kernels[i].name;
      job.slice = &slice;
      job.build = [&entry = kernels[i], &slice](MLIRContext &ctx) { return buildModule(ctx, entry, slice); };
      jobs.push_back(std::move(job));
    }
    codegen::CompileOptions options;
    options.threads = threads;
    options.routines = routines;
    options.registerDialects = [](DialectRegistry &r) { r.insert<graph::WickDialect>(); };
    std::vector<codegen::KernelResult> results;
    if (failed(codegen::compileKernels(jobs, results, options))) {
      for (auto [k, r] : llvm::enumerate(results))
        if (!r.error.empty()) {
          const KernelEntry &e = kernels[order[places[k]]];
          error = "kernel " + e.name + " of " + (e.sources.empty() ? std::string("?") : e.sources[0]) + " for " +
                  slice.name + ": " + r.error;
          return failure();
        }
      error = "code generation failed";
      return failure();
    }
    SmallVector<char, 0> support;
    if (failed(codegen::emitSupportObject(slice, support, error)))
      return failure();
    for (auto [place, r] : llvm::zip(places, results))
      objects[place] = std::move(r.object);
    SmallVector<StringRef> linked;
    for (auto &object : objects)
      linked.push_back(StringRef(object.data(), object.size()));
    linked.push_back(StringRef(support.data(), support.size()));
    SliceCode code;
    code.slice = slice.name;
    if (failed(codegen::linkImage(linked, code.image, error)))
      return failure();
    for (const KernelEntry &k : kernels)
      code.entries.push_back(code.image.symbols.lookup(k.name));
    for (auto [earlier, other] : llvm::enumerate(out))
      if (code.like < 0 && other.image.bytes == code.image.bytes)
        code.like = int(earlier);
    out.push_back(std::move(code));
  }
  return success();
}

} // namespace wick::compiler
