// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernel modules to running code: the ABI wrapper, vectorization, math without libm,
// determinism of images over thread counts, and refusal of what an image may not hold.
//
#include "compiler/codegen/cpu/ImageLinker.h"
#include "compiler/codegen/cpu/KernelBuilder.h"
#include "compiler/codegen/cpu/KernelCompiler.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "test/unit/codegen/KernelRunner.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace mlir;
using namespace wick;
using wick::testing::canRun;
using wick::testing::KernelRunner;

namespace {

/// y[i] = a * x[i] + y[i] for i in [begin, end), a = args[0] as an integer.
OwningOpRef<ModuleOp> buildSaxpy(MLIRContext &ctx, StringRef name) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&ctx));
  codegen::KernelBuffer buffers[] = {{true, true, 4}, {true, false, 64}};
  codegen::buildKernel(
      *module, {name, buffers, 1}, [](ImplicitLocOpBuilder &b, const codegen::KernelValues &v) -> Value {
        Type f32 = b.getF32Type();
        Type ptr = v.scratch.getType();
        Value a = arith::SIToFPOp::create(b, f32, v.args[0]);
        Value one = arith::ConstantOp::create(b, b.getI64IntegerAttr(1));
        scf::ForOp::create(b, b.getLoc(), v.begin, v.end, one, ValueRange{},
                           [&](OpBuilder &nested, Location loc, Value i, ValueRange) {
                             auto at = [&](Value base) -> Value {
                               return LLVM::GEPOp::create(nested, loc, ptr, f32, base, ArrayRef<LLVM::GEPArg>{i});
                             };
                             Value x = LLVM::LoadOp::create(nested, loc, f32, at(v.buffers[0]));
                             Value y = LLVM::LoadOp::create(nested, loc, f32, at(v.buffers[1]));
                             Value ax = arith::MulFOp::create(nested, loc, a, x);
                             Value r = arith::AddFOp::create(nested, loc, ax, y);
                             LLVM::StoreOp::create(nested, loc, r, at(v.buffers[1]));
                             scf::YieldOp::create(nested, loc);
                           });
        return nullptr;
      });
  return module;
}

std::vector<codegen::CpuSlice> runnableSlices() {
  std::vector<codegen::CpuSlice> slices;
  for (const codegen::CpuSlice &slice : codegen::cpuSlices())
    if (canRun(slice))
      slices.push_back(slice);
  slices.push_back(codegen::nativeSlice());
  return slices;
}

/// A kernel applying one math op to f32 (or f64) elements.
std::string unaryKernel(const std::string &op, const std::string &type) {
  return "func.func @k(%bufs: !llvm.ptr, %args: !llvm.ptr, %b: i64, %e: i64, %w: i32, "
         "%s: !llvm.ptr) -> i32 {\n"
         "  %x = llvm.load %bufs : !llvm.ptr -> !llvm.ptr\n"
         "  %p1 = llvm.getelementptr %bufs[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr\n"
         "  %y = llvm.load %p1 : !llvm.ptr -> !llvm.ptr\n"
         "  %one = arith.constant 1 : i64\n"
         "  scf.for %i = %b to %e step %one : i64 {\n"
         "    %px = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, " +
         type +
         "\n"
         "    %py = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, " +
         type +
         "\n"
         "    %v = llvm.load %px : !llvm.ptr -> " +
         type +
         "\n"
         "    %r = " +
         op + " %v : " + type +
         "\n"
         "    llvm.store %r, %py : " +
         type +
         ", !llvm.ptr\n"
         "  }\n"
         "  %ok = arith.constant 0 : i32\n"
         "  return %ok : i32\n"
         "}\n";
}

} // namespace

TEST(Codegen, SaxpyOnEverySlice) {
  for (const codegen::CpuSlice &slice : runnableSlices()) {
    KernelRunner runner;
    std::string assembly;
    ASSERT_EQ(runner.load([](MLIRContext &c) { return buildSaxpy(c, "saxpy"); }, slice, &assembly), "");
    EXPECT_NE(assembly.find(slice.isAvx512() ? "zmm" : "ymm"), std::string::npos) << slice.name;
    std::vector<float> x(1003), y(1003);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = i, y[i] = 1;
    ASSERT_EQ(runner.run("saxpy", {x.data(), y.data()}, {3}, 2, 1001), 0);
    for (size_t i = 0; i < x.size(); ++i)
      EXPECT_EQ(y[i], i >= 2 && i < 1001 ? 3.0f * i + 1 : 1.0f);
  }
}

TEST(Codegen, PolynomialsHandleSpecialValues) {
  struct Case {
    const char *op;
    double (*reference)(double);
    double tolerance; // relative, of finite results
  };
  const Case cases[] = {{"math.exp", std::exp, 4e-7},     {"math.log", std::log, 4e-7},
                        {"math.tanh", std::tanh, 1e-6},   {"math.erf", std::erf, 1e-6},
                        {"math.log1p", std::log1p, 1e-6}, {"math.expm1", std::expm1, 1e-6},
                        {"math.log2", std::log2, 1e-6}};
  codegen::CpuSlice slice = codegen::nativeSlice();
  for (const Case &c : cases) {
    KernelRunner runner;
    ASSERT_EQ(runner.load(unaryKernel(c.op, "f32"), slice), "") << c.op;
    std::vector<float> x = {0,        1,         2,   0.5f,  -0.5f,  10,     50,     80,     88,     88.7f,
                            89,       200,       -1,  -2,    -20,    -87,    -88,    -104,   -1e30f, 1e30f,
                            INFINITY, -INFINITY, NAN, 1e-6f, -1e-6f, 1e-20f, 1e-40f, 1e-45f, -1e-40f};
    std::vector<float> y(x.size());
    ASSERT_EQ(runner.run("k", {x.data(), y.data()}, {}, 0, x.size()), 0);
    for (size_t i = 0; i < x.size(); ++i) {
      float want = c.reference(x[i]);
      if (std::isnan(want))
        EXPECT_TRUE(std::isnan(y[i])) << c.op << " " << x[i] << " " << y[i];
      else if (std::isinf(want))
        EXPECT_EQ(y[i], want) << c.op << " " << x[i];
      else // denormal results may be flushed
        EXPECT_NEAR(y[i], want, std::fabs(want) * c.tolerance + 1.2e-38) << c.op << " " << x[i];
    }
  }
}

TEST(Codegen, MissingRoutineIsNamed) {
  KernelRunner runner;
  std::string error = runner.load(unaryKernel("math.sin", "f32"), codegen::nativeSlice());
  EXPECT_NE(error.find("wick_m_sin_f32"), std::string::npos) << error;
  KernelRunner f64;
  error = f64.load(unaryKernel("math.exp", "f64"), codegen::nativeSlice());
  EXPECT_NE(error.find("wick_m_exp_f64"), std::string::npos) << error;
}

TEST(Codegen, RoutinesAreLinkedFromBitcode) {
  llvm::LLVMContext ctx;
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseAssemblyString(
      "@table = constant [2 x float] [float 2.0, float 3.0]\n"
      "define float @helper(float %x) noinline { %t = load volatile float, ptr @table\n"
      "  %r = fmul float %x, %t\n ret float %r }\n"
      "define float @wick_m_sin_f32(float %x) #0 { %r = call float @helper(float %x)\n ret float %r }\n"
      "define float @wick_m_cos_f32(float %x) { %r = call float @absent(float %x)\n ret float %r }\n"
      "declare float @absent(float)\n"
      "attributes #0 = { \"target-cpu\"=\"x86-64\" }\n",
      diagnostic, ctx);
  ASSERT_TRUE(module) << diagnostic.getMessage().str();
  llvm::SmallVector<char, 0> bitcode;
  llvm::raw_svector_ostream os(bitcode);
  llvm::WriteBitcodeToFile(*module, os);
  KernelRunner runner;
  runner.routines.assign(bitcode.begin(), bitcode.end());
  ASSERT_EQ(runner.load(unaryKernel("math.sin", "f32"), codegen::nativeSlice()), "");
  float x[3] = {1, 2, 3}, y[3];
  ASSERT_EQ(runner.run("k", {x, y}, {}, 0, 3), 0);
  EXPECT_EQ(y[2], 6.0f);
  EXPECT_EQ(runner.find("helper") == runner.find("wick_m_sin_f32"), true); // both hidden
}

TEST(Codegen, AbsoluteAddressesAreRefused) {
  const char *text = "llvm.mlir.global internal constant @a(1 : i32) : i32\n"
                     "llvm.mlir.global constant @table() : !llvm.ptr {\n"
                     "  %0 = llvm.mlir.addressof @a : !llvm.ptr\n"
                     "  llvm.return %0 : !llvm.ptr\n"
                     "}\n";
  KernelRunner runner;
  EXPECT_NE(runner.load(text, codegen::nativeSlice()).find("code image cannot hold"), std::string::npos);
}

TEST(Codegen, MemoryRoutinesComeWithTheImage) {
  std::string text = "func.func @k(%bufs: !llvm.ptr, %args: !llvm.ptr, %b: i64, %e: i64, %w: i32, "
                     "%s: !llvm.ptr) -> i32 {\n"
                     "  %x = llvm.load %bufs : !llvm.ptr -> !llvm.ptr\n"
                     "  %y = llvm.getelementptr %x[%b] : (!llvm.ptr, i64) -> !llvm.ptr, i8\n"
                     "  \"llvm.intr.memmove\"(%y, %x, %e) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()\n"
                     "  %v = arith.constant 7 : i8\n"
                     "  \"llvm.intr.memset\"(%x, %v, %b) <{isVolatile = false}> : (!llvm.ptr, i8, i64) -> ()\n"
                     "  %ok = arith.constant 0 : i32\n  return %ok : i32\n}\n";
  KernelRunner runner;
  ASSERT_EQ(runner.load(text, codegen::nativeSlice()), "");
  std::string data = "abcdefghij";
  ASSERT_EQ(runner.run("k", {data.data()}, {}, 2, 8), 0);
  EXPECT_EQ(data, "\7\7abcdefgh");
}

TEST(Codegen, ImageIsTheSameForAnyThreadCount) {
  const codegen::CpuSlice &slice = *codegen::findCpuSlice("x86-64-v3");
  std::vector<codegen::KernelJob> jobs;
  for (int i = 0; i < 6; ++i) {
    std::string name = "k" + std::to_string(i);
    jobs.push_back({name, &slice, "", [name](MLIRContext &c) { return buildSaxpy(c, name); }});
  }
  llvm::SmallVector<char, 0> images[2];
  for (unsigned threads : {1u, 3u}) {
    std::vector<codegen::KernelResult> results;
    codegen::CompileOptions options;
    options.threads = threads;
    ASSERT_TRUE(succeeded(codegen::compileKernels(jobs, results, options)));
    std::vector<StringRef> objects;
    for (auto &r : results)
      objects.push_back({r.object.data(), r.object.size()});
    codegen::CodeImage image;
    std::string error;
    ASSERT_TRUE(succeeded(codegen::linkImage(objects, image, error))) << error;
    EXPECT_EQ(image.symbols.count("k5"), 1u);
    images[threads == 3] = image.bytes;
  }
  EXPECT_EQ(images[0], images[1]);
}

TEST(Codegen, DoubleToHalfRoundsOnce) {
  std::string text = unaryKernel("arith.truncf", "f64");
  // The helper writes the operand's type: store the half instead.
  size_t at = text.find("arith.truncf %v : f64");
  text.replace(at, 21, "arith.truncf %v : f64 to f16");
  at = text.find("llvm.store %r, %py : f64");
  text.replace(at, 24, "llvm.store %r, %py : f16");
  KernelRunner runner;
  ASSERT_EQ(runner.load(text, *codegen::findCpuSlice("x86-64-v3")), "");
  // 1 + 2^-11 + 2^-40 is above a tie in f16 but rounds onto it in f32.
  double x[2] = {1 + std::ldexp(1, -11) + std::ldexp(1, -40), -2.0};
  double y[2] = {};
  ASSERT_EQ(runner.run("k", {x, y}, {}, 0, 2), 0);
  uint16_t bits;
  std::memcpy(&bits, &y[0], 2);
  EXPECT_EQ(bits, 0x3c01);
  std::memcpy(&bits, &y[1], 2);
  EXPECT_EQ(bits, 0xc000);
}
