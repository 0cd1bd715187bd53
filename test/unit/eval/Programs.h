// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of these tests: parse an element function from text and run it.
//
#ifndef WICK_TEST_UNIT_EVAL_PROGRAMS_H
#define WICK_TEST_UNIT_EVAL_PROGRAMS_H

#include "compiler/eval/ElementProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

struct EvalTest : testing::Test {
  EvalTest() : builder(&context) {
    context.loadDialect<mlir::arith::ArithDialect, mlir::math::MathDialect, mlir::scf::SCFDialect,
                        mlir::func::FuncDialect>();
  }

  /// Decodes the function @f of `source`; the reason of a failure is in `why`.
  mlir::FailureOr<wick::compiler::ElementProgram> decode(const std::string &source) {
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
    if (!module) {
      why = "does not parse";
      return mlir::failure();
    }
    return wick::compiler::ElementProgram::decode(module->lookupSymbol<mlir::func::FuncOp>("f"), why);
  }

  /// Runs @f over `shape`. `Out` must be the storage type of `elem`.
  template <class Out>
  std::vector<Out> run(const std::string &source, mlir::Type elem, std::vector<int64_t> shape,
                       llvm::ArrayRef<wick::compiler::TensorView> inputs = {}) {
    auto program = decode(source);
    if (failed(program)) {
      ADD_FAILURE() << why;
      return {};
    }
    int64_t count = 1;
    for (int64_t dim : shape)
      count *= dim;
    std::vector<Out> out(count);
    if (failed(program->run(inputs, shape, {elem, shape, out.data()}, why)))
      return {};
    return out;
  }

  mlir::Type i(unsigned width) { return builder.getIntegerType(width); }

  mlir::MLIRContext context;
  mlir::Builder builder;
  std::string why;
};

#endif // WICK_TEST_UNIT_EVAL_PROGRAMS_H
