// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Headers that nearly every pass includes, compiled once. Files still include
// what they use; this one only saves time.
//
#pragma once

#include "dialects/graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
