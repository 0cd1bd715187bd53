// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A module that a frontend made in this process, for the phases after import.
//
#ifndef WICK_COMPILER_PIPELINE_IMPORTEDMODULE_H
#define WICK_COMPILER_PIPELINE_IMPORTEDMODULE_H

#include "compiler/pipeline/Driver.h"
#include "compiler/support/WeightStore.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace wick::compiler {

/// Contract of phase import (ImportOptions of the frontends). Members in the order of their dependence.
struct ImportedModule {
  WeightStore weights;
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Compiles a module; `request.input` is its name in messages only.
CompileReport compile(const CompileRequest &request, ImportedModule imported);

} // namespace wick::compiler

#endif // WICK_COMPILER_PIPELINE_IMPORTEDMODULE_H
