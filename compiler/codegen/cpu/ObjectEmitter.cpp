// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Drives MLIR lowering, the link of routines, LLVM's O3 pipeline and the object
// writer for one kernel module, then checks the object (CheckObject.h). Test:
// test/unit/codegen.
//
#include "compiler/codegen/cpu/ObjectEmitter.h"
#include "compiler/codegen/cpu/CheckObject.h"
#include "compiler/codegen/cpu/MathLowering.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <mutex>

// Declared here because only the X86 target is wanted, not all that LLVM has.
extern "C" {
void LLVMInitializeX86TargetInfo();
void LLVMInitializeX86Target();
void LLVMInitializeX86TargetMC();
void LLVMInitializeX86AsmPrinter();
void LLVMInitializeX86AsmParser();
}

namespace wick::codegen {

static const char *const kTriple = "x86_64-unknown-linux-gnu";

void registerKernelDialects(mlir::DialectRegistry &registry) {
  registry
      .insert<mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
              mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::ub::UBDialect, mlir::vector::VectorDialect>();
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

mlir::LogicalResult lowerToLLVMDialect(mlir::ModuleOp kernels, bool verifyEach) {
  if (failed(lowerMath(kernels)))
    return mlir::failure();
  mlir::PassManager pm(kernels.getContext());
  pm.enableVerifier(verifyEach);
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
  pm.addPass(mlir::createSCFToControlFlowPass());
  pm.addPass(mlir::createConvertVectorToLLVMPass());
  pm.addPass(mlir::createConvertMathToLLVMPass());
  pm.addPass(mlir::createArithToLLVMConversionPass());
  pm.addPass(mlir::createConvertFuncToLLVMPass());
  pm.addPass(mlir::createConvertControlFlowToLLVMPass());
  pm.addPass(mlir::createConvertIndexToLLVMPass());
  pm.addPass(mlir::createUBToLLVMConversionPass());
  pm.addPass(mlir::createReconcileUnrealizedCastsPass());
  if (failed(pm.run(kernels)))
    return mlir::failure();
  // scf.for's llvm.loop_annotation reaches the back edge as a discardable attribute, which
  // translation would drop.
  kernels.walk([](mlir::LLVM::BrOp branch) {
    const char *name = "llvm.loop_annotation";
    if (auto annotation = branch->getAttrOfType<mlir::LLVM::LoopAnnotationAttr>(name)) {
      branch.setLoopAnnotationAttr(annotation);
      branch->removeAttr(name);
    }
  });
  return mlir::success();
}

static std::unique_ptr<llvm::TargetMachine> makeTargetMachine(const CpuSlice &slice, std::string &error) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser(); // for the inline assembly of the support object
  });
  llvm::Triple triple(kTriple);
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(triple, slice.cpu, slice.features, options,
                                                                          llvm::Reloc::PIC_, llvm::CodeModel::Small,
                                                                          llvm::CodeGenOptLevel::Aggressive));
}

/// No function of the C library is known to the optimizer: images call nothing.
static llvm::TargetLibraryInfoImpl noLibrary() {
  llvm::TargetLibraryInfoImpl info((llvm::Triple(kTriple)));
  info.disableAllFunctions();
  return info;
}

/// Links what `module` needs of the routine bitcode and hides it. Returns false and
/// sets `error` when the bitcode is unreadable or does not link.
static bool linkRoutines(llvm::Module &module, llvm::StringRef bitcode, std::string &error) {
  llvm::StringSet<> own;
  bool needsAny = false;
  for (llvm::GlobalValue &value : module.global_values()) {
    own.insert(value.getName());
    if (auto *f = llvm::dyn_cast<llvm::Function>(&value))
      needsAny |= f->isDeclaration() && !f->isIntrinsic();
  }
  if (!needsAny || bitcode.empty())
    return true;
  // Declarations are ours by name but defined by the library: hide those too.
  llvm::StringSet<> kernels;
  for (llvm::Function &f : module)
    if (!f.isDeclaration())
      kernels.insert(f.getName());
  auto buffer = llvm::MemoryBuffer::getMemBuffer(bitcode, "routines", false);
  auto library = llvm::getOwningLazyBitcodeModule(std::move(buffer), module.getContext());
  if (!library) {
    error = "routine bitcode: " + llvm::toString(library.takeError());
    return false;
  }
  (*library)->setTargetTriple(module.getTargetTriple());
  (*library)->setDataLayout(module.getDataLayout());
  if (llvm::Linker::linkModules(module, std::move(*library), llvm::Linker::LinkOnlyNeeded)) {
    error = "routine bitcode does not link";
    return false;
  }
  for (llvm::GlobalValue &value : module.global_values()) {
    if (value.isDeclaration() || kernels.contains(value.getName()) || value.getName().starts_with("llvm."))
      continue;
    if (auto *object = llvm::dyn_cast<llvm::GlobalObject>(&value))
      object->setComdat(nullptr);
    value.setLinkage(llvm::GlobalValue::InternalLinkage);
    value.setVisibility(llvm::GlobalValue::DefaultVisibility);
  }
  // llvm.used and friends would keep unused routines alive.
  for (const char *name : {"llvm.used", "llvm.compiler.used"})
    if (llvm::GlobalVariable *list = module.getNamedGlobal(name))
      list->eraseFromParent();
  return true;
}

/// Makes every function of the module code of this slice, whatever bitcode said.
static void setAttributes(llvm::Module &module, const CpuSlice &slice) {
  std::string width = std::to_string(slice.vectorBytes * 8);
  for (llvm::Function &f : module) {
    if (f.isDeclaration())
      continue;
    for (const char *stale : {"target-cpu", "tune-cpu", "target-features", "frame-pointer", "min-legal-vector-width",
                              "stack-protector-buffer-size", "no-trapping-math"})
      f.removeFnAttr(stale);
    f.removeFnAttr(llvm::Attribute::UWTable);
    f.removeFnAttr(llvm::Attribute::OptimizeNone);
    f.addFnAttr("target-cpu", slice.cpu);
    if (!slice.features.empty())
      f.addFnAttr("target-features", slice.features);
    f.addFnAttr("prefer-vector-width", width);
    f.addFnAttr("no-builtins");
    f.addFnAttr(llvm::Attribute::NoUnwind); // no .eh_frame in the image
  }
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cam;
  llvm::ModuleAnalysisManager mam;
  llvm::PassBuilder builder(&machine);
  fam.registerPass([] { return llvm::TargetLibraryAnalysis(noLibrary()); });
  builder.registerModuleAnalyses(mam);
  builder.registerCGSCCAnalyses(cam);
  builder.registerFunctionAnalyses(fam);
  builder.registerLoopAnalyses(lam);
  builder.crossRegisterProxies(lam, fam, cam, mam);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, mam);
}

static bool writeCode(llvm::Module &module, llvm::TargetMachine &machine, llvm::raw_pwrite_stream &os,
                      llvm::CodeGenFileType type) {
  llvm::legacy::PassManager pm;
  pm.add(new llvm::TargetLibraryInfoWrapperPass(noLibrary()));
  if (machine.addPassesToEmitFile(pm, os, nullptr, type))
    return false;
  pm.run(module);
  return true;
}

static bool compileModule(llvm::Module &module, const CpuSlice &slice, const EmitOptions &options,
                          llvm::SmallVectorImpl<char> &object, std::string &error) {
  std::unique_ptr<llvm::TargetMachine> machine = makeTargetMachine(slice, error);
  if (!machine)
    return false;
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  // Names that reach the object must not say where or from what it was compiled.
  module.setModuleIdentifier("wick");
  module.setSourceFileName("wick");
  if (!linkRoutines(module, options.routines, error))
    return false;
  setAttributes(module, slice);
  optimize(module, *machine);
  if (options.llvmIr) {
    llvm::raw_string_ostream os(*options.llvmIr);
    module.print(os, nullptr);
  }
  if (options.assembly) {
    std::unique_ptr<llvm::Module> copy = llvm::CloneModule(module);
    llvm::SmallString<0> text;
    llvm::raw_svector_ostream os(text);
    writeCode(*copy, *machine, os, llvm::CodeGenFileType::AssemblyFile);
    *options.assembly = text.str().str();
  }
  object.clear();
  llvm::raw_svector_ostream os(object);
  if (!writeCode(module, *machine, os, llvm::CodeGenFileType::ObjectFile)) {
    error = "LLVM cannot write an object for this target";
    return false;
  }
  return checkObject({object.data(), object.size()}, error);
}

mlir::LogicalResult emitObject(mlir::ModuleOp kernels, const CpuSlice &slice, llvm::SmallVectorImpl<char> &object,
                               const EmitOptions &options) {
  mlir::DialectRegistry registry;
  registerKernelDialects(registry);
  kernels.getContext()->appendDialectRegistry(registry);
  if (failed(lowerToLLVMDialect(kernels, options.verifyEach)))
    return kernels.emitError("kernel could not be lowered to the LLVM dialect");
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = mlir::translateModuleToLLVMIR(kernels, context, "wick");
  if (!module)
    return kernels.emitError("kernel could not be translated to LLVM IR");
  std::string error;
  if (!compileModule(*module, slice, options, object, error))
    return kernels.emitError() << error;
  return mlir::success();
}

/// rep movs/stos: short, and fast on every CPU of the slices (ERMS). Hidden, so that
/// calls stay inside the image.
static const char *const kSupportIr = R"(
define hidden ptr @memcpy(ptr %d, ptr %s, i64 %n) nounwind {
  call { ptr, ptr, i64 } asm sideeffect "rep movsb", "={di},={si},={cx},0,1,2,~{memory},~{dirflag},~{fpsr},~{flags}"(ptr %d, ptr %s, i64 %n)
  ret ptr %d
}
define hidden ptr @memset(ptr %d, i32 %v, i64 %n) nounwind {
  %b = trunc i32 %v to i8
  call { ptr, i64 } asm sideeffect "rep stosb", "={di},={cx},{al},0,1,~{memory},~{dirflag},~{fpsr},~{flags}"(i8 %b, ptr %d, i64 %n)
  ret ptr %d
}
define hidden ptr @memmove(ptr %d, ptr %s, i64 %n) nounwind {
  %di = ptrtoint ptr %d to i64
  %si = ptrtoint ptr %s to i64
  %gap = sub i64 %di, %si
  %forward = icmp uge i64 %gap, %n
  br i1 %forward, label %up, label %down
up:
  call { ptr, ptr, i64 } asm sideeffect "rep movsb", "={di},={si},={cx},0,1,2,~{memory},~{dirflag},~{fpsr},~{flags}"(ptr %d, ptr %s, i64 %n)
  ret ptr %d
down:
  %last = sub i64 %n, 1
  %dl = getelementptr i8, ptr %d, i64 %last
  %sl = getelementptr i8, ptr %s, i64 %last
  call { ptr, ptr, i64 } asm sideeffect "std; rep movsb; cld", "={di},={si},={cx},0,1,2,~{memory},~{dirflag},~{fpsr},~{flags}"(ptr %dl, ptr %sl, i64 %n)
  ret ptr %d
}
)";

mlir::LogicalResult emitSupportObject(const CpuSlice &slice, llvm::SmallVectorImpl<char> &object, std::string &error) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(kSupportIr, diagnostic, context);
  if (!module) {
    error = diagnostic.getMessage().str();
    return mlir::failure();
  }
  return mlir::success(compileModule(*module, slice, {}, object, error));
}

} // namespace wick::codegen
