// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Node tests of the ONNX backend suite with their inputs made constants: the import
// folds the whole graph, so op bodies are checked against the suite's outputs without
// a code generator. WICK_ONNX_SUITE names the suite as test/conformance/export_suite.py
// writes it; skipped without it.
//
#include "compiler/frontend/GraphBuilder.h"
#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/NodeImport.h"
#include "compiler/frontend/onnx/Upgrade.h"
#include "compiler/frontend/onnx/WireReader.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace wick;
using namespace wick::compiler;

static std::optional<onnx::Tensor> readTensor(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return std::nullopt;
  auto *data = reinterpret_cast<const std::byte *>((*file)->getBufferStart());
  return onnx::readTensorBytes({data, (*file)->getBufferSize()}).tensor;
}

/// "" when equal, "-" when the case does not fold to constants, else the difference.
static std::string runCase(const std::string &suite, const std::string &name) {
  std::string dir = suite + "/cases/node/" + name, outputs = suite + "/expected/node/" + name + "/set0/output_";
  MLIRContext context(MLIRContext::Threading::DISABLED);
  WeightStore weights;
  auto read = onnx::readModel(dir + "/model.onnx");
  if (!read.model)
    return "-";
  std::vector<onnx::Problem> problems;
  onnx::NameGenerator names(*read.model);
  onnx::upgrade(*read.model, names, problems);
  onnx::Graph &graph = read.model->graph;
  unsigned next = 0;
  for (const onnx::ValueInfo &input : graph.inputs) {
    if (graph.initializer(input.name))
      continue;
    auto t = readTensor(dir + "/set0/input_" + std::to_string(next++) + ".pb");
    if (!t)
      return "-";
    t->name = input.name;
    graph.initializers.push_back(*t);
  }
  auto payloads = std::make_shared<onnx::PayloadSource>(std::move(read.payloads));
  ImportResult r = importOnnx(&context, *read.model, payloads, weights, {});
  if (r.kind != ImportResult::Kind::Ok)
    return "-";
  GraphBuilder g(*r.module, weights);
  auto fn = *r.module->getOps<func::FuncOp>().begin();
  g.b.setInsertionPointToStart(&fn.getBody().front());
  Operation *ret = fn.getBody().front().getTerminator();
  for (unsigned i = 0; i < ret->getNumOperands(); ++i) {
    Value v = ret->getOperand(i);
    auto want = readTensor(outputs + std::to_string(i) + ".pb");
    auto got = g.doublesOf(v);
    if (!got || !want || !want->isInline() || onnx::bitWidth(want->dtype) < 8)
      return "-";
    Type elem = elementType(want->dtype, &context);
    if (elem != g.elem(v) || ArrayRef<int64_t>(want->dims) != cast<RankedTensorType>(v.getType()).getShape())
      return "output " + std::to_string(i) + " has another type";
    ArrayRef<char> bytes(reinterpret_cast<const char *>(want->owned->data()), want->owned->size());
    auto expected = g.doublesOf(g.constant(elem, want->dims, bytes));
    unsigned width = elem.getIntOrFloatBitWidth();
    double relative = isa<FloatType>(elem) ? width >= 32 ? 1e-3 : elem.isF16() ? 2e-3 : width == 16 ? 2e-2 : 0.13 : 0;
    for (size_t k = 0; k < got->size(); ++k) {
      double x = (*got)[k], y = (*expected)[k];
      if (x == y || (std::isnan(x) && std::isnan(y)) ||
          std::fabs(x - y) <= (relative > 0 ? 1e-5 : 0) + relative * std::fabs(y))
        continue;
      return "output " + std::to_string(i) + " element " + std::to_string(k) + ": " + std::to_string(x) +
             ", expected " + std::to_string(y);
    }
  }
  return "";
}

TEST(SuiteFold, NodeCases) {
  const char *suite = std::getenv("WICK_ONNX_SUITE");
  if (!suite)
    GTEST_SKIP() << "WICK_ONNX_SUITE is not set";
  unsigned equal = 0;
  std::error_code ec;
  for (llvm::sys::fs::directory_iterator it(std::string(suite) + "/cases/node", ec), end; it != end && !ec;
       it.increment(ec)) {
    StringRef name = llvm::StringRef(it->path()).rsplit('/').second;
    // The reference divides by an unrounded size here, against the op's text.
    if (name.contains("scales_linear_align_corners") || name.contains("scales_cubic_align_corners"))
      continue;
    std::string difference = runCase(suite, name.str());
    equal += difference.empty();
    EXPECT_TRUE(difference.empty() || difference == "-") << name.str() << ": " << difference;
  }
  EXPECT_GT(equal, 1000u);
}
